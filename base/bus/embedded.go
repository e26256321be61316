package bus

import (
	"crypto/rand"
	"crypto/subtle"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"chengshu/base/fault"
)

const (
	maxPayload = 1 << 20
	insider    = "inside" // user of our own connection; its password lives as long as the process
)

// connect starts the server inside the process, or finds the cluster, and opens the connection.
func (b *Bus) connect() error {
	opts := []nats.Option{nats.Name("chengshu"), nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond)}
	url := b.o.URL
	if b.o.Dir != "" {
		secret := rand.Text()
		if err := b.start(secret); err != nil {
			return err
		}
		opts = append(opts, nats.InProcessServer(b.server), nats.UserInfo(insider, secret))
		url = ""
	}
	var err error
	if b.conn, err = nats.Connect(url, opts...); err != nil {
		return fault.New(fault.Unavailable, "bus.start").With(err)
	}
	return nil
}

func (b *Bus) start(secret string) error {
	o := &server.Options{
		ServerName: "chengshu", DontListen: b.o.Listen == "", NoSigs: true, NoLog: true, MaxPayload: maxPayload,
		JetStream: true, StoreDir: b.o.Dir, SyncInterval: time.Second,
		// Small limits: memory streams are not used, and the store may hold the stream and as much again for MQTT sessions.
		JetStreamMaxMemory: 16 << 20, JetStreamMaxStore: 2*b.o.MaxBytes + 64<<20,
		CustomClientAuthentication: &door{login: b.o.Login, secret: secret},
	}
	var err error
	if b.o.Listen != "" {
		if o.Host, o.Port, err = address(b.o.Listen); err != nil {
			return fault.New(fault.Invalid, "bus.option", "option", "listen").With(err)
		}
	}
	if b.o.MQTT != "" {
		if o.MQTT.Host, o.MQTT.Port, err = address(b.o.MQTT); err != nil {
			return fault.New(fault.Invalid, "bus.option", "option", "mqtt").With(err)
		}
	}
	if b.server, err = server.NewServer(o); err != nil {
		return fault.New(fault.Invalid, "bus.option").With(err)
	}
	b.server.Start()
	if !b.server.ReadyForConnections(10*time.Second) || !b.server.JetStreamEnabled() {
		return fault.New(fault.Unavailable, "bus.start")
	}
	return nil
}

// address splits "host:port"; port 0 stands for any free one, which the server writes -1.
func address(s string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(s)
	if err != nil {
		return "", 0, err
	}
	port, err = strconv.Atoi(text)
	if port == 0 {
		port = server.RANDOM_PORT
	}
	return host, port, err
}

// ListenAddr and MQTTAddr tell the addresses in use, empty where the port is closed or the cluster outside.
func (b *Bus) ListenAddr() string {
	if b.server == nil || b.o.Listen == "" || b.server.Addr() == nil {
		return ""
	}
	return b.server.Addr().String()
}

// MQTTAddr tells the address of the MQTT port in use.
func (b *Bus) MQTTAddr() string {
	if b.server == nil || b.o.MQTT == "" {
		return ""
	}
	// The server writes a port that it chose back into its options.
	host, _, err := net.SplitHostPort(b.o.MQTT)
	if err != nil {
		return ""
	}
	varz, err := b.server.Varz(&server.VarzOptions{})
	if err != nil {
		return ""
	}
	return net.JoinHostPort(host, strconv.Itoa(varz.MQTT.Port))
}

// door lets our own connection do everything and others what Login says.
type door struct {
	login  Login
	secret string
}

// Check is asked by the server for every connection.
func (d *door) Check(c server.ClientAuthentication) bool {
	o := c.GetOpts()
	if o.Username == insider && subtle.ConstantTimeCompare([]byte(o.Password), []byte(d.secret)) == 1 {
		return true
	}
	if d.login == nil {
		return false
	}
	publish, subscribe, ok := d.login(o.Username, o.Password)
	if !ok {
		return false
	}
	// An empty list would allow everything: name something nobody uses instead.
	if len(publish) == 0 {
		publish = []string{"nothing.at.all"}
	}
	allowed := []string{"_INBOX.>"} // or a client could not be answered
	for _, subject := range subscribe {
		allowed = append(allowed, subject)
		if level, ok := strings.CutSuffix(subject, ".>"); ok { // in MQTT a/# means a too
			allowed = append(allowed, level)
		}
	}
	c.RegisterUser(&server.User{Username: o.Username, Permissions: &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: publish},
		Subscribe: &server.SubjectPermission{Allow: allowed},
	}})
	return true
}
