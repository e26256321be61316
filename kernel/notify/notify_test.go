package notify_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/notify"
)

var at = time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai)

// world is an inbox with the names of six people.
type world struct {
	*notify.Inbox
	db     *store.DB
	clock  *clock.Fake
	people []string
}

func newWorld(t *testing.T, db *store.DB) *world {
	t.Helper()
	c := clock.NewFake(at)
	must(t, store.Migrate(t.Context(), db, notify.Migrations(), "notify"))
	return &world{Inbox: notify.New(db, c), db: db, clock: c, people: []string{"p0", "p1", "p2", "p3", "p4", "p5"}}
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		t.Parallel()
		fn(t, newWorld(t, db))
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) send(t *testing.T, people []string, n notify.Notice) {
	t.Helper()
	must(t, w.db.Write(t.Context(), func(tx *store.Tx) error { return w.Send(t.Context(), tx, people, n) }))
}

func (w *world) list(t *testing.T, person string, unread bool) []notify.Notice {
	t.Helper()
	out, err := w.List(t.Context(), person, unread, notify.MaxList)
	must(t, err)
	return out
}

func (w *world) unread(t *testing.T, person string) int64 {
	t.Helper()
	n, err := w.Unread(t.Context(), person)
	must(t, err)
	return n
}

func TestSend(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		sent := notify.Notice{
			Key: "command.reopen", Subject: "urban.case/c1", Title: "990100202603020001 井盖缺失", Args: map[string]any{"reason": "复查"},
			ID: "x", Read: at, // set by Send, whatever is given
		}
		w.send(t, []string{"p2", "p0", "p2", "system", "anonymous", ""}, sent)
		w.send(t, nil, sent)
		for i, p := range w.people {
			list := w.list(t, p, false)
			if told := i == 0 || i == 2; told != (len(list) == 1) {
				t.Fatalf("%s has %d notices", p, len(list))
			}
			if len(list) == 0 {
				continue
			}
			want := notify.Notice{ID: list[0].ID, At: at, Key: sent.Key, Subject: sent.Subject, Title: sent.Title, Args: sent.Args}
			if diff := cmp.Diff(want, list[0]); diff != "" || len(list[0].ID) != 36 {
				t.Errorf("%s: %s", p, diff)
			}
		}
		for _, p := range []string{"system", "anonymous", ""} {
			if n := w.unread(t, p); n != 0 {
				t.Errorf("%q has %d notices", p, n)
			}
		}
	})
}

func keys(list []notify.Notice) string {
	out := make([]string, 0, len(list))
	for _, n := range list {
		out = append(out, n.Key)
	}
	return strings.Join(out, " ")
}

func TestInboxBelongsToItsPerson(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		ctx, mine, other := t.Context(), w.people[0], w.people[1]
		for i := range 5 {
			w.send(t, []string{mine, other}, notify.Notice{Key: fmt.Sprintf("k%d", i)})
		}
		list := w.list(t, mine, false)
		if got := keys(list); got != "k4 k3 k2 k1 k0" {
			t.Fatalf("got %q", got)
		}
		if err := w.MarkRead(ctx, other, list[0].ID); fault.CodeOf(err) != "notice.unknown" {
			t.Errorf("another's notice: got %v", err)
		}
		must(t, w.MarkRead(ctx, mine, list[1].ID))
		w.clock.Advance(time.Minute)
		must(t, w.MarkRead(ctx, mine, list[1].ID)) // reading twice is no fault
		if got := w.list(t, mine, false)[1]; !got.Read.Equal(at) {
			t.Errorf("read at %v, want the first time", got.Read)
		}
		if got := keys(w.list(t, mine, true)); got != "k4 k2 k1 k0" || w.unread(t, mine) != 4 || w.unread(t, other) != 5 {
			t.Errorf("got %q, %d and %d unread", got, w.unread(t, mine), w.unread(t, other))
		}
		var got []string
		for before := ""; ; {
			page, err := w.Before(ctx, mine, before, false, 2)
			must(t, err)
			if len(page) == 0 {
				break
			}
			got, before = append(got, keys(page)), page[len(page)-1].ID
		}
		if diff := cmp.Diff([]string{"k4 k3", "k2 k1", "k0"}, got); diff != "" {
			t.Error(diff)
		}
		must(t, w.MarkAllRead(ctx, mine))
		w.send(t, []string{mine}, notify.Notice{Key: "late"})
		if got := keys(w.list(t, mine, true)); got != "late" || w.unread(t, other) != 5 {
			t.Errorf("got %q", got)
		}
		must(t, w.Prune(ctx, at.Add(time.Hour)))
		if got := keys(w.list(t, mine, false)); got != "late" || w.unread(t, other) != 5 {
			t.Errorf("after pruning got %q", got)
		}
	})
}

// A fan-out to many people is a few statements, not one for each.
func TestSendInBatches(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		people := make([]string, 0, 700)
		for i := range 350 {
			people = append(people, fmt.Sprintf("x%03d", i))
		}
		w.send(t, append(people, people...), notify.Notice{Key: "k"})
		for i := range 350 {
			if n := w.unread(t, fmt.Sprintf("x%03d", i)); n != 1 {
				t.Fatalf("person %d has %d notices, want 1", i, n)
			}
		}
	})
}
