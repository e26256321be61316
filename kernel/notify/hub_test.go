package notify_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chengshu/base/store"
	"chengshu/kernel/journal"
	"chengshu/kernel/notify"
)

// drain takes the events that wait and tells whether the channel is still open.
func drain(events <-chan notify.Event) (n int, open bool) {
	for {
		select {
		case _, ok := <-events:
			if !ok {
				return n, false
			}
			n++
		default:
			return n, true
		}
	}
}

func TestHub(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		mine, cancel := w.Hub().Subscribe(w.people[0])
		others, cancelOther := w.Hub().Subscribe(w.people[1])
		defer cancelOther()
		tell := func(fail error) {
			err := w.db.Write(t.Context(), func(tx *store.Tx) error {
				if err := w.Send(t.Context(), tx, w.people[:1], notify.Notice{Key: "k", Subject: "urban.case/c1"}); err != nil {
					return err
				}
				return fail
			})
			if !errors.Is(err, fail) {
				t.Fatal(err)
			}
		}
		tell(nil)
		if e := <-mine; e != (notify.Event{Kind: notify.Noticed, Subject: "urban.case/c1"}) {
			t.Errorf("got %+v", e)
		}
		tell(context.Canceled) // rolled back: nobody hears of it
		if n, open := drain(mine); n != 0 || !open {
			t.Errorf("got %d events, open %v", n, open)
		}
		if n, _ := drain(others); n != 0 {
			t.Errorf("another person got %d events", n)
		}
		for _, p := range w.people[:2] {
			w.Hub().Publish(p, notify.Event{Kind: notify.Tasked})
		}
		w.Hub().Broadcast(notify.Event{Kind: notify.Changed, Type: "urban.case", ID: "c1"})
		for _, ch := range []<-chan notify.Event{mine, others} {
			if n, open := drain(ch); n != 2 || !open {
				t.Errorf("got %d events, open %v", n, open)
			}
		}
		cancel()
		cancel()
		if _, open := drain(mine); open {
			t.Error("still open after cancel")
		}
		tell(nil)
		w.Hub().Close()
		if _, open := drain(others); open {
			t.Error("still open after Close")
		}
		late, cancelLate := w.Hub().Subscribe(w.people[0])
		defer cancelLate()
		if _, open := drain(late); open {
			t.Error("a closed hub let somebody on")
		}
	})
}

func TestSlowScreenIsCutOff(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		slow, cancelSlow := w.Hub().Subscribe(w.people[0])
		defer cancelSlow()
		quick, cancelQuick := w.Hub().Subscribe(w.people[0])
		defer cancelQuick()
		got := 0
		for range 1000 { // never blocks
			w.Hub().Publish(w.people[0], notify.Event{Kind: notify.Noticed})
			n, _ := drain(quick)
			got += n
		}
		if n, open := drain(slow); open || n == 0 {
			t.Errorf("the slow screen got %d events, open %v", n, open)
		}
		if _, open := drain(quick); !open || got != 1000 {
			t.Errorf("the quick screen got %d events, open %v", got, open)
		}
	})
}

func TestOtherNodesNotices(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		other := notify.New(w.db, w.clock)
		events, cancel := other.Hub().Subscribe(w.people[0])
		defer cancel()
		must(t, other.Sync(t.Context()))
		drain(events)
		must(t, other.Sync(t.Context()))
		if n, _ := drain(events); n != 0 {
			t.Errorf("got %d events, want none", n)
		}
		w.send(t, w.people[:1], notify.Notice{Key: "k"})
		entry := journal.Entry{Subject: "urban.case/c1", Action: "record.update"}
		other.Hub().Follow([]journal.Entry{entry, entry, {Subject: "session/x"}})
		must(t, other.Sync(t.Context()))
		got := []notify.Event{<-events, <-events}
		if diff := cmp.Diff([]notify.Event{{Kind: notify.Changed, Type: "urban.case", ID: "c1"}, {Kind: notify.Noticed}}, got); diff != "" {
			t.Error(diff)
		}
		if n, _ := drain(events); n != 0 {
			t.Errorf("got %d more events", n)
		}
		must(t, w.MarkAllRead(t.Context(), w.people[0]))
		must(t, other.Sync(t.Context()))
		if n, _ := drain(events); n != 1 {
			t.Errorf("read elsewhere: got %d events, want 1", n)
		}
	})
}

// screen looks as the rule says: subscribe, look, look again at each event and after being cut off. It keeps what it saw
// last.
type screen struct {
	person string
	seen   map[string]int
}

func (s *screen) watch(t *testing.T, w *world, events <-chan notify.Event, cancel func(), done <-chan struct{}) {
	t.Helper()
	defer func() { cancel() }()
	look := func() {
		list, err := w.List(t.Context(), s.person, false, notify.MaxList)
		if err != nil {
			t.Error(err)
		}
		s.seen = count(list)
	}
	look()
	for {
		select {
		case _, open := <-events:
			if !open {
				events, cancel = w.Hub().Subscribe(s.person)
			}
			look()
		case <-done:
			if n, open := drain(events); n > 0 || !open {
				look()
			}
			return
		}
	}
}

func count(list []notify.Notice) map[string]int {
	out := map[string]int{}
	for _, n := range list {
		out[n.Key]++
	}
	return out
}

var errRefused = errors.New("refused")

// Whatever is written at the same time, rolled back or cut off: every notice whose transaction was acknowledged is in the
// inbox exactly once, none that was not, and every screen ends up having seen them all.
func TestNoAcknowledgedNoticeIsLost(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		const writers, rounds = 6, 20
		done := make(chan struct{})
		screens := make([]*screen, len(w.people))
		acknowledged := make([]map[string]int, len(w.people))
		var watching, writing sync.WaitGroup
		for i, p := range w.people {
			screens[i], acknowledged[i] = &screen{person: p}, map[string]int{}
			events, cancel := w.Hub().Subscribe(p)
			watching.Go(func() { screens[i].watch(t, w, events, cancel, done) })
		}
		var mu sync.Mutex
		for writer := range writers {
			writing.Go(func() {
				for round := range rounds {
					key := fmt.Sprintf("k%d.%d", writer, round)
					first := (writer * round) % len(w.people)
					err := w.db.Write(t.Context(), func(tx *store.Tx) error {
						if err := w.Send(t.Context(), tx, w.people[first:], notify.Notice{Key: key}); err != nil {
							return err
						}
						if (writer+round)%4 == 0 {
							return errRefused
						}
						return nil
					})
					if err != nil && !errors.Is(err, errRefused) {
						t.Errorf("write: %v", err)
					}
					mu.Lock()
					for i := first; err == nil && i < len(w.people); i++ {
						acknowledged[i][key]++
					}
					mu.Unlock()
				}
			})
		}
		writing.Wait()
		close(done)
		watching.Wait()
		for i, p := range w.people {
			if diff := cmp.Diff(acknowledged[i], count(w.list(t, p, false))); diff != "" || len(acknowledged[i]) == 0 {
				t.Errorf("inbox of %s: %d acknowledged; %s", p, len(acknowledged[i]), diff)
			}
			if diff := cmp.Diff(acknowledged[i], screens[i].seen); diff != "" {
				t.Errorf("screen of %s: %s", p, diff)
			}
		}
	})
}
