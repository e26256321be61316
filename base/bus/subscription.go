package bus

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"chengshu/base/fault"
)

// Subscription is a running delivery. Stop it, or close the bus.
type Subscription struct {
	bus      *Bus
	tap      *nats.Subscription
	consumer jetstream.Consumer
	consume  jetstream.ConsumeContext
	cancel   context.CancelFunc
	turn     chan struct{} // held while fn runs, and for ever once stopped
	stop     sync.Once
	err      error
}

// patience is how long the server waits for a handler before it delivers to another process.
const patience = time.Minute

// Subscribe delivers every message of the subject (wildcards * and >) to fn, at least once and one at a time, beginning with
// the oldest kept the first time the durable name appears and later where it stopped. Where fn fails the message comes again
// after a growing pause, and the ones behind it wait, so that the order holds. Processes that share a durable name share the
// work. The context handed to fn ends when Stop or Close runs out of patience.
func (b *Bus) Subscribe(ctx context.Context, durable, subject string, fn func(context.Context, Message) error) (*Subscription, error) {
	if durable == "" || strings.ContainsAny(durable, ".*> /\\\t\r\n") {
		return nil, fault.New(fault.Invalid, "bus.durable", "name", durable)
	}
	prefix := b.o.Stream + "."
	consumer, err := b.stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: durable, FilterSubject: prefix + subject, AckPolicy: jetstream.AckExplicitPolicy, AckWait: patience,
		DeliverPolicy: jetstream.DeliverAllPolicy, MaxDeliver: -1, MaxAckPending: 1, Replicas: b.o.Replicas,
	})
	if err != nil {
		return nil, classify(err)
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s := &Subscription{bus: b, consumer: consumer, cancel: cancel, turn: make(chan struct{}, 1)}
	s.consume, err = consumer.Consume(func(m jetstream.Msg) {
		select {
		case s.turn <- struct{}{}:
			defer func() { <-s.turn }()
		case <-run.Done():
			return // stopped; it will be delivered again
		}
		msg := Message{Subject: strings.TrimPrefix(m.Subject(), prefix), ID: m.Headers().Get(jetstream.MsgIDHeader), Data: m.Data(), Try: 1}
		if meta, err := m.Metadata(); err == nil {
			msg.Try = int(meta.NumDelivered)
		}
		// Should the answer get lost, the server delivers again: that is what at least once means. A success waits for the
		// server's word, or a stop right after it would lose it nearly always.
		if err := fn(run, msg); err != nil {
			_ = m.NakWithDelay(pause(msg.Try))
			return
		}
		_ = m.DoubleAck(context.WithoutCancel(run))
	}, jetstream.PullMaxMessages(1), jetstream.PullHeartbeat(30*time.Second), jetstream.PullExpiry(2*time.Minute))
	if err != nil {
		cancel()
		return nil, classify(err)
	}
	if err := b.add(s); err != nil {
		s.consume.Stop()
		cancel()
		return nil, err
	}
	return s, nil
}

// pause grows from 100 ms to a minute.
func pause(try int) time.Duration {
	return min(100*time.Millisecond<<min(try-1, 10), time.Minute)
}

// Stop ends the delivery after the message at hand, waiting for it until ctx ends (Unavailable "bus.busy"; the message will
// be delivered again). A durable subscription goes on from there the next time.
func (s *Subscription) Stop(ctx context.Context) error {
	s.stop.Do(func() {
		s.bus.mu.Lock()
		delete(s.bus.subs, s)
		s.bus.mu.Unlock()
		if s.tap != nil {
			s.err = classify(s.tap.Drain())
			return
		}
		defer s.cancel()
		s.consume.Stop()
		select {
		case s.turn <- struct{}{}: // and never given back
		case <-ctx.Done():
			s.err = fault.New(fault.Unavailable, "bus.busy").With(ctx.Err())
		}
	})
	return s.err
}

// Forget removes what the server remembers of a durable name that is used no more.
func (b *Bus) Forget(ctx context.Context, durable string) error {
	return classify(b.stream.DeleteConsumer(ctx, durable))
}
