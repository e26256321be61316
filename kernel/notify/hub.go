package notify

import (
	"context"
	"slices"
	"strings"
	"sync"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/journal"
)

// Kinds of events.
const (
	Noticed = "notice" // the person's inbox changed
	Tasked  = "task"   // the person's tasks changed
	Changed = "record" // a record changed; whoever passes it on asks first whether the person may read it
)

// Event wakes a screen. It says that something changed, not what: the screen asks for that, with the person's permissions.
type Event struct {
	Kind    string `json:"-"`
	Subject string `json:"subject,omitempty"` // "urban.case/<id>", may be empty
	Type    string `json:"type,omitempty"`    // Changed: record type
	ID      string `json:"id,omitempty"`      // Changed: record id
}

// buffer is how many events a screen may be behind.
const buffer = 256

// Hub passes events to the screens that are open on this node. It never waits for a screen: one that is too far behind is
// cut off, and learns by its closed channel that it must look for itself. It is safe for concurrent use.
type Hub struct {
	mu     sync.Mutex
	subs   map[string]map[*sub]struct{}
	state  map[string]state // as last seen by Sync
	closed bool
}

type sub struct{ ch chan Event }

// state is what Sync compares.
type state struct {
	unread int64
	newest string
	sum    int64 // of the instants: one notice read and an older one come leave number and newest as they were
}

func newHub() *Hub { return &Hub{subs: map[string]map[*sub]struct{}{}, state: map[string]state{}} }

// Subscribe gives the events for a person from now on. The channel is closed when the subscriber is too slow, when the hub
// is closed and by cancel, which may be called more than once. Subscribe first, then read the inbox: nothing is missed.
func (h *Hub) Subscribe(person string) (events <-chan Event, cancel func()) {
	s := &sub{ch: make(chan Event, buffer)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		close(s.ch)
		return s.ch, func() {}
	}
	if h.subs[person] == nil {
		h.subs[person] = map[*sub]struct{}{}
	}
	h.subs[person][s] = struct{}{}
	return s.ch, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.drop(person, s)
	}
}

// drop cuts a subscriber off; the caller holds the lock.
func (h *Hub) drop(person string, s *sub) {
	if _, there := h.subs[person][s]; !there {
		return
	}
	delete(h.subs[person], s)
	close(s.ch)
	if len(h.subs[person]) == 0 {
		delete(h.subs, person)
		delete(h.state, person)
	}
}

// Publish passes an event to the screens of a person.
func (h *Hub) Publish(person string, e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.send(person, e)
}

// Broadcast passes an event to every screen.
func (h *Hub) Broadcast(e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for person := range h.subs {
		h.send(person, e)
	}
}

func (h *Hub) send(person string, e Event) {
	for s := range h.subs[person] {
		select {
		case s.ch <- e:
		default:
			h.drop(person, s)
		}
	}
}

// Close cuts everybody off and lets nobody on again.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for person, subs := range h.subs {
		for s := range subs {
			h.drop(person, s)
		}
	}
}

// watched lists the people with a screen open.
func (h *Hub) watched() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]string, 0, len(h.subs))
	for person := range h.subs {
		out = append(out, person)
	}
	return out
}

// Follow tells the screens of this node which records the entries of any node changed.
func (h *Hub) Follow(entries []journal.Entry) {
	told := map[Event]bool{}
	for _, e := range entries {
		typ, id, ok := strings.Cut(e.Subject, "/")
		if ev := (Event{Kind: Changed, Type: typ, ID: id}); ok && strings.Contains(typ, ".") && !told[ev] {
			told[ev] = true
			h.Broadcast(ev)
		}
	}
}

// Sync compares the inboxes of the people with a screen on this node with what it saw last and wakes those that differ, so
// that notices written by other nodes arrive. It needs no order among the writers. The first look at a person wakes them in
// any case. Where there are several nodes, each calls it every second or so.
func (b *Inbox) Sync(ctx context.Context) error {
	people := b.hub.watched()
	now := make(map[string]state, len(people))
	err := b.db.Read(ctx, func(tx *store.Tx) error {
		clear(now)
		for part := range slices.Chunk(people, batch) {
			if err := inboxes(ctx, tx, part, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fault.Wrap("look at inboxes", err)
	}
	b.hub.mu.Lock()
	defer b.hub.mu.Unlock()
	for _, person := range people {
		if len(b.hub.subs[person]) == 0 {
			continue
		}
		if before, known := b.hub.state[person]; !known || before != now[person] {
			b.hub.state[person] = now[person]
			b.hub.send(person, Event{Kind: Noticed})
		}
	}
	return nil
}

func inboxes(ctx context.Context, tx *store.Tx, people []string, into map[string]state) error {
	args := make([]any, len(people))
	for i, p := range people {
		args[i] = p
	}
	rows, err := tx.Query(ctx, `SELECT person, COUNT(*), MAX(id), CAST(SUM(at % 1000000007) AS BIGINT) FROM notify_notice WHERE read_at = 0 AND person IN (`+
		strings.Repeat(", ?", len(people))[2:]+`) GROUP BY person`, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var person string
		var s state
		if err := rows.Scan(&person, &s.unread, &s.newest, &s.sum); err != nil {
			return err
		}
		into[person] = s
	}
	return rows.Err()
}
