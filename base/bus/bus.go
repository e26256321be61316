// Package bus carries events from where they happen to whoever waits for them: NATS JetStream, inside the process by default,
// a cluster outside where one is given.
//
// What was published is kept for some days and delivered at least once to each durable subscription; publishing twice under
// one id stores it once. Without Listen or MQTT the server opens no port. It is not the truth: the journal is, and everything
// here can be published again from it.
//
// Main types: Bus, Options, Message, Subscription.
package bus

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"chengshu/base/fault"
)

// Options say where the bus is. Either Dir or URL is needed.
type Options struct {
	Dir      string        // directory of the server inside the process
	URL      string        // "nats://host:4222,…": use this cluster instead
	Stream   string        // name of the stream and first word of its subjects; default "chengshu"
	MaxBytes int64         // oldest messages go when the stream grows over this; default 1 GiB
	MaxAge   time.Duration // and when they are older; default 7 days
	Replicas int           // copies in a cluster; default 1
	Window   time.Duration // how long an id is remembered to drop duplicates; default 10 minutes
	Listen   string        // "host:port" for NATS clients outside the process; empty opens none
	MQTT     string        // "host:port" for MQTT 3.1.1 devices; empty opens none
	Login    Login         // who may come in over Listen and MQTT; nil lets nobody in
}

// Login tells what a client with these credentials may do; ok false refuses it. Subjects are NATS subjects with wildcards
// ("sense.gate1.>"); an MQTT topic's slashes are dots in them.
type Login func(user, password string) (publish, subscribe []string, ok bool)

// Message is one event.
type Message struct {
	Subject string // as published, "record.urban.case.create"
	ID      string // as published, empty for taps
	Data    []byte
	Try     int // 1 for the first delivery
}

// Bus is an open connection and, where embedded, the server. It is safe for concurrent use.
type Bus struct {
	o      Options
	server *server.Server // nil with an outside cluster
	conn   *nats.Conn
	js     jetstream.JetStream
	stream jetstream.Stream

	mu   sync.Mutex
	subs map[*Subscription]struct{}
	done bool
}

// Open starts or finds the bus and makes sure its stream is there. A wrong option is Invalid "bus.option", a cluster or
// directory that cannot be used Unavailable "bus.start".
func Open(ctx context.Context, o Options) (*Bus, error) {
	if (o.Dir == "") == (o.URL == "") {
		return nil, fault.New(fault.Invalid, "bus.option", "option", "dir")
	}
	o = defaults(o)
	b := &Bus{o: o, subs: make(map[*Subscription]struct{})}
	if err := b.connect(); err != nil {
		b.stop()
		return nil, err
	}
	var err error
	if b.js, err = jetstream.New(b.conn); err == nil {
		b.stream, err = b.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
			Name: o.Stream, Subjects: []string{o.Stream + ".>"}, Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardOld,
			Storage: jetstream.FileStorage, MaxBytes: o.MaxBytes, MaxAge: o.MaxAge, Replicas: o.Replicas, Duplicates: o.Window,
		})
	}
	if err != nil {
		b.stop()
		return nil, fault.New(fault.Unavailable, "bus.start").With(err)
	}
	return b, nil
}

func defaults(o Options) Options {
	if o.Stream == "" {
		o.Stream = "chengshu"
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 1 << 30
	}
	if o.MaxAge == 0 {
		o.MaxAge = 7 * 24 * time.Hour
	}
	if o.Replicas == 0 {
		o.Replicas = 1
	}
	if o.Window == 0 {
		o.Window = 10 * time.Minute
	}
	return o
}

// Publish stores the event and returns once the server has it: on disk within a second, so a killed process loses nothing and
// a power cut at most that second. The same id within Options.Window is stored once. A payload over 1 MiB is TooLarge
// "bus.large", a wrong subject Invalid "bus.subject", a server that does not answer or has no room Unavailable.
func (b *Bus) Publish(ctx context.Context, subject, id string, data []byte) error {
	if !validSubject(subject) {
		return fault.New(fault.Invalid, "bus.subject", "subject", subject)
	}
	var opts []jetstream.PublishOpt
	if id != "" {
		opts = append(opts, jetstream.WithMsgID(id))
	}
	_, err := b.js.Publish(ctx, b.o.Stream+"."+subject, data, opts...)
	return classify(err)
}

// Tap calls fn for every plain NATS or MQTT message whose subject matches, as it comes, without keeping it: the way in for
// device gateways. fn runs on one goroutine per tap. The tap ends with Stop or Close.
func (b *Bus) Tap(subject string, fn func(Message)) (*Subscription, error) {
	s := &Subscription{bus: b}
	sub, err := b.conn.Subscribe(subject, func(m *nats.Msg) {
		fn(Message{Subject: m.Subject, Data: m.Data, Try: 1})
	})
	if err != nil {
		return nil, classify(err)
	}
	s.tap = sub
	return s, b.add(s)
}

// Send gives a plain message to taps and MQTT subscribers: the way out to devices. It is not kept.
func (b *Bus) Send(subject string, data []byte) error { return classify(b.conn.Publish(subject, data)) }

// State says how much the bus holds.
type State struct {
	Messages uint64
	Bytes    uint64
	Pending  map[string]uint64 // per durable subscription of this process: messages not yet acknowledged
}

// State asks the server for its figures.
func (b *Bus) State(ctx context.Context) (State, error) {
	info, err := b.stream.Info(ctx)
	if err != nil {
		return State{}, classify(err)
	}
	out := State{Messages: info.State.Msgs, Bytes: info.State.Bytes, Pending: make(map[string]uint64)}
	b.mu.Lock()
	subs := make([]*Subscription, 0, len(b.subs))
	for s := range b.subs {
		subs = append(subs, s)
	}
	b.mu.Unlock()
	for _, s := range subs {
		if s.consumer == nil {
			continue
		}
		info, err := s.consumer.Info(ctx)
		if err != nil {
			return State{}, classify(err)
		}
		out.Pending[info.Name] = info.NumPending + uint64(info.NumAckPending)
	}
	return out, nil
}

// Close stops the subscriptions after what they are at, waits for that until ctx ends, and then stops the connection and the
// server. A second Close does nothing.
func (b *Bus) Close(ctx context.Context) error {
	b.mu.Lock()
	if b.done {
		b.mu.Unlock()
		return nil
	}
	b.done = true
	subs := make([]*Subscription, 0, len(b.subs))
	for s := range b.subs {
		subs = append(subs, s)
	}
	b.mu.Unlock()
	var err error
	for _, s := range subs {
		err = errors.Join(err, s.Stop(ctx))
	}
	b.stop()
	return err
}

func (b *Bus) stop() {
	if b.conn != nil {
		_ = b.conn.Flush() // acknowledgements on their way
		b.conn.Close()
	}
	if b.server != nil {
		b.server.Shutdown()
		b.server.WaitForShutdown()
	}
}

func (b *Bus) add(s *Subscription) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done {
		return fault.New(fault.Unavailable, "bus.closed")
	}
	b.subs[s] = struct{}{}
	return nil
}

// validSubject tells whether a subject can be published to: words between dots, no wildcards or blanks.
func validSubject(s string) bool {
	if s == "" || len(s) > 400 {
		return false
	}
	for word := range strings.SplitSeq(s, ".") {
		if word == "" || strings.ContainsAny(word, "*> \t\r\n\x00") {
			return false
		}
	}
	return true
}

func classify(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, nats.ErrMaxPayload):
		return fault.New(fault.TooLarge, "bus.large", "max", int64(maxPayload)).With(err)
	case errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, nats.ErrConnectionDraining):
		return fault.New(fault.Unavailable, "bus.closed").With(err)
	case errors.Is(err, nats.ErrBadSubject):
		return fault.New(fault.Invalid, "bus.subject").With(err)
	}
	return fault.New(fault.Unavailable, "bus.busy").With(err)
}
