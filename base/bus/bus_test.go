package bus_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"chengshu/base/bus"
	"chengshu/base/fault"
)

// TestMain lets the test binary run again as the program that is killed.
func TestMain(m *testing.M) {
	dir := os.Getenv("CHENGSHU_BUS_DIR")
	if dir == "" {
		os.Exit(m.Run())
	}
	ctx := context.Background()
	b, err := bus.Open(ctx, bus.Options{Dir: dir})
	for i := 0; err == nil; i++ {
		if err = b.Publish(ctx, "n", strconv.Itoa(i), []byte(strconv.Itoa(i))); err == nil {
			_, err = fmt.Println(i)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func open(t *testing.T, o bus.Options) *bus.Bus {
	t.Helper()
	b, err := bus.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := b.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return b
}

// collect subscribes and gives the channel of what arrives.
func collect(t *testing.T, b *bus.Bus, durable, subject string) (<-chan bus.Message, *bus.Subscription) {
	t.Helper()
	out := make(chan bus.Message, 1000)
	s, err := b.Subscribe(t.Context(), durable, subject, func(_ context.Context, m bus.Message) error { out <- m; return nil })
	if err != nil {
		t.Fatalf("subscribe: %v", err)
	}
	return out, s
}

func publish(t *testing.T, b *bus.Bus, subject, id, data string) {
	t.Helper()
	if err := b.Publish(t.Context(), subject, id, []byte(data)); err != nil {
		t.Fatalf("publish %s: %v", subject, err)
	}
}

func TestDurableOnceAndInOrder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := open(t, bus.Options{Dir: dir})
	for range 2 { // published twice, stored once
		publish(t, b, "record.a.create", "1", "one")
		publish(t, b, "record.a.update", "2", "two")
	}
	publish(t, b, "other", "3", "not for it")
	got, sub := collect(t, b, "index", "record.>")
	for i, want := range []bus.Message{{Subject: "record.a.create", ID: "1", Data: []byte("one"), Try: 1}, {Subject: "record.a.update", ID: "2", Data: []byte("two"), Try: 1}} {
		if m := <-got; m.Subject != want.Subject || m.ID != want.ID || string(m.Data) != string(want.Data) || m.Try != 1 {
			t.Errorf("message %d: got %+v, want %+v", i, m, want)
		}
	}
	if err := sub.Stop(t.Context()); err != nil {
		t.Errorf("stop: %v", err)
	}
	publish(t, b, "record.a.delete", "4", "while nobody listens")
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	b = open(t, bus.Options{Dir: dir})
	publish(t, b, "record.a.delete", "4", "again, after a restart")
	got, _ = collect(t, b, "index", "record.>")
	if m := <-got; m.ID != "4" || string(m.Data) != "while nobody listens" {
		t.Errorf("after restart: got %+v", m)
	}
	state, err := b.State(t.Context())
	if err != nil || state.Messages != 4 {
		t.Errorf("state: got %+v, %v; want 4 messages", state, err)
	}
	if len(got) != 0 {
		t.Errorf("delivered twice: %+v", <-got)
	}
}

func TestFailedHandlerIsTriedAgainBeforeTheNext(t *testing.T) {
	t.Parallel()
	b := open(t, bus.Options{Dir: t.TempDir()})
	for i := range 3 {
		publish(t, b, "n", strconv.Itoa(i), strconv.Itoa(i))
	}
	var order []string
	done := make(chan struct{})
	_, err := b.Subscribe(t.Context(), "d", "n", func(_ context.Context, m bus.Message) error {
		order = append(order, fmt.Sprint(m.ID, "#", m.Try))
		if m.ID == "0" && m.Try < 3 {
			return errors.New("not yet")
		}
		if m.ID == "2" {
			close(done)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	<-done
	if want := []string{"0#1", "0#2", "0#3", "1#1", "2#1"}; !slices.Equal(order, want) {
		t.Errorf("got %v, want %v", order, want)
	}
}

func TestCloseWaitsForTheHandler(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := open(t, bus.Options{Dir: dir})
	publish(t, b, "n", "1", "")
	publish(t, b, "n", "2", "")
	began, finish, seen := make(chan struct{}), make(chan struct{}), 0
	var once sync.Once
	if _, err := b.Subscribe(t.Context(), "d", "n", func(context.Context, bus.Message) error {
		once.Do(func() { close(began) })
		<-finish
		seen++
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	<-began
	closed := make(chan error)
	go func() { closed <- b.Close(context.Background()) }()
	select {
	case err := <-closed:
		t.Fatalf("closed under the handler: %v", err)
	default:
	}
	close(finish)
	if err := <-closed; err != nil || seen == 0 {
		t.Fatalf("close: %v after %d", err, seen)
	}
	if err := b.Publish(t.Context(), "n", "3", nil); fault.CodeOf(err) != "bus.closed" {
		t.Errorf("publish after close: got %v, want bus.closed", err)
	}
	b = open(t, bus.Options{Dir: dir})
	got, _ := collect(t, b, "d", "n")
	if seen == 1 {
		if m := <-got; m.ID != "2" {
			t.Errorf("next: got %+v, want 2", m)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	b := open(t, bus.Options{Dir: t.TempDir()})
	for _, subject := range []string{"", ".", "a.", "a..b", "a.*", ">", "a b"} {
		if err := b.Publish(t.Context(), subject, "", nil); fault.CodeOf(err) != "bus.subject" {
			t.Errorf("%q: got %v, want bus.subject", subject, err)
		}
	}
	if err := b.Publish(t.Context(), "a", "", make([]byte, 2<<20)); !fault.Is(err, fault.TooLarge) {
		t.Errorf("2 MiB: got %v, want too large", err)
	}
	if _, err := b.Subscribe(t.Context(), "a.b", "x", nil); fault.CodeOf(err) != "bus.durable" {
		t.Errorf("durable name: got %v", err)
	}
	for name, o := range map[string]bus.Options{"neither": {}, "both": {Dir: "a", URL: "b"}, "mqtt": {Dir: t.TempDir(), MQTT: "nonsense"}} {
		if _, err := bus.Open(t.Context(), o); fault.CodeOf(err) != "bus.option" {
			t.Errorf("%s: got %v, want bus.option", name, err)
		}
	}
	if _, err := bus.Open(t.Context(), bus.Options{URL: "nats://127.0.0.1:1"}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("no cluster: got %v, want unavailable", err)
	}
	if b.ListenAddr() != "" || b.MQTTAddr() != "" {
		t.Errorf("ports: got %q %q, want none", b.ListenAddr(), b.MQTTAddr())
	}
}

func TestOutsideCluster(t *testing.T) {
	t.Parallel()
	login := func(user, password string) (pub, sub []string, ok bool) {
		return []string{">"}, []string{">"}, user == "node" && password == "secret"
	}
	outside := open(t, bus.Options{Dir: t.TempDir(), Listen: "127.0.0.1:0", Login: login})
	url := "nats://node:secret@" + outside.ListenAddr()
	a, c := open(t, bus.Options{URL: url}), open(t, bus.Options{URL: url})
	got, _ := collect(t, c, "d", "x.*")
	publish(t, a, "x.1", "1", "hello")
	if m := <-got; string(m.Data) != "hello" {
		t.Errorf("got %+v", m)
	}
	if _, err := bus.Open(t.Context(), bus.Options{URL: "nats://node:wrong@" + outside.ListenAddr()}); err == nil {
		t.Error("a wrong password was let in")
	}
}

func TestKilledProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "CHENGSHU_BUS_DIR="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	last := -1
	for n := 0; n < 300 && lines.Scan(); n++ {
		last, _ = strconv.Atoi(lines.Text())
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(out)
	for line := range strings.Lines(string(rest)) {
		if n, err := strconv.Atoi(strings.TrimSuffix(line, "\n")); err == nil && strings.HasSuffix(line, "\n") {
			last = n
		}
	}
	_ = cmd.Wait()
	if last < 299 {
		t.Fatalf("only %d acknowledged", last+1)
	}
	b := open(t, bus.Options{Dir: dir})
	got := make(chan bus.Message, 1)
	if _, err := b.Subscribe(t.Context(), "d", "n", func(_ context.Context, m bus.Message) error { got <- m; return nil }); err != nil {
		t.Fatal(err)
	}
	for i := 0; i <= last; i++ {
		if m := <-got; string(m.Data) != strconv.Itoa(i) {
			t.Fatalf("message %d: got %s", i, m.Data)
		}
	}
	go func() { //nolint:revive // the rest, so that the handler is free when the bus closes
		for range got {
			continue
		}
	}()
	publish(t, b, "n", "", "")
}

// TestMQTT speaks MQTT 3.1.1 by hand: a device publishes with QoS 1, is refused with a wrong password, and hears only what it
// may.
func TestMQTT(t *testing.T) {
	t.Parallel()
	b := open(t, bus.Options{Dir: t.TempDir(), MQTT: "127.0.0.1:0", Login: func(user, password string) (pub, sub []string, ok bool) {
		return []string{"up." + user + ".>"}, []string{"down." + user + ".>"}, password == "pw"
	}})
	got := make(chan bus.Message, 10)
	if _, err := b.Tap("up.>", func(m bus.Message) { got <- m }); err != nil {
		t.Fatal(err)
	}
	if code := dial(t, b.MQTTAddr(), "gate1", "no").connack; code == 0 {
		t.Error("a wrong password was let in")
	}
	d := dial(t, b.MQTTAddr(), "gate1", "pw")
	if d.connack != 0 {
		t.Fatalf("connect refused: %d", d.connack)
	}
	d.send(0x82, append([]byte{0, 1}, field("down/gate1/#", 0)...)) // SUBSCRIBE
	if p := d.receive(); p[0] != 0x90 || p[3] != 0 {
		t.Fatalf("suback: got %x", p)
	}
	d.send(0x82, append([]byte{0, 3}, field("down/gate2/#", 0)...))
	if p := d.receive(); p[0] != 0x90 || p[3] != 0x80 {
		t.Errorf("suback for another's topic: got %x, want refused", p)
	}
	d.send(0x32, append(append(field("up/gate1/temp"), 0, 2), "21.5"...)) // PUBLISH QoS 1
	if m := <-got; m.Subject != "up.gate1.temp" || string(m.Data) != "21.5" {
		t.Errorf("tap: got %+v", m)
	}
	if p := d.receive(); p[0] != 0x40 {
		t.Errorf("puback: got %x", p)
	}
	if err := b.Send("down.gate1.set", []byte("on")); err != nil {
		t.Fatal(err)
	}
	if p := d.receive(); p[0] != 0x30 || string(p[1:]) != string(append(field("down/gate1/set"), "on"...)) {
		t.Errorf("publish to the device: got %q", p)
	}
}

type device struct {
	t       *testing.T
	c       net.Conn
	r       *bufio.Reader
	connack byte
}

// field is an MQTT string with its length, and what follows it.
func field(s string, more ...byte) []byte {
	return append(append([]byte{byte(len(s) >> 8), byte(len(s))}, s...), more...)
}

func dial(t *testing.T, addr, user, password string) *device {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatalf("dial %q: %v", addr, err)
	}
	t.Cleanup(func() { _ = c.Close() })
	d := &device{t: t, c: c, r: bufio.NewReader(c)}
	body := append(field("MQTT"), 4, 0xc2, 0, 60)
	body = append(append(append(body, field("client-"+password)...), field(user)...), field(password)...)
	d.send(0x10, body)
	p := d.receive()
	if p[0] != 0x20 {
		t.Fatalf("connack: got %x", p)
	}
	d.connack = p[2]
	return d
}

func (d *device) send(head byte, body []byte) {
	d.t.Helper()
	if _, err := d.c.Write(append([]byte{head, byte(len(body))}, body...)); err != nil {
		d.t.Fatal(err)
	}
}

// receive gives the head byte and the body of a short packet.
func (d *device) receive() []byte {
	d.t.Helper()
	head := make([]byte, 2)
	if _, err := io.ReadFull(d.r, head); err != nil {
		d.t.Fatalf("receive: %v", err)
	}
	body := make([]byte, head[1])
	if _, err := io.ReadFull(d.r, body); err != nil {
		d.t.Fatalf("receive: %v", err)
	}
	return append(head[:1], body...)
}

// BenchmarkOpen shows what the bus adds to the start, and to an idle process, in bytes of heap.
func BenchmarkOpen(b *testing.B) {
	for range b.N {
		x, err := bus.Open(b.Context(), bus.Options{Dir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := x.Close(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
