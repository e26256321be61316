package journal_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/journal"
)

var start = time.Date(2026, 3, 2, 9, 30, 0, 123456789, clock.Shanghai)

// open migrates a database and opens its journal with a clock that stands still.
func open(t *testing.T, db *store.DB) (*journal.Journal, *clock.Fake) {
	t.Helper()
	if err := store.Migrate(t.Context(), db, journal.Migrations(), "journal"); err != nil {
		t.Fatal(err)
	}
	return reopen(t, db)
}

// reopen opens the journal of a migrated database, as another process would.
func reopen(t *testing.T, db *store.DB) (*journal.Journal, *clock.Fake) {
	t.Helper()
	c := clock.NewFake(start)
	j, err := journal.New(t.Context(), journal.Options{DB: db, Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	return j, c
}

// add appends one entry in a transaction of its own.
func add(t *testing.T, db *store.DB, j *journal.Journal, subject string) journal.Entry {
	t.Helper()
	var e journal.Entry
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		var err error
		e, err = j.Append(t.Context(), tx, journal.Entry{
			Actor: "p1", Action: "record.create", Subject: subject, Body: json.RawMessage(`{"b": 2, "a": 1.0}`),
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAppend(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		t.Parallel()
		j, _ := open(t, db)
		first, second := add(t, db, j, "t/1"), add(t, db, j, "t/1")
		if first.ID >= second.ID {
			t.Errorf("ids do not grow: %d, %d", first.ID, second.ID)
		}
		if got, want := string(first.Body), `{"a":1,"b":2}`; got != want {
			t.Errorf("body %s, want %s", got, want)
		}
		if got, want := first.At, start.Truncate(time.Microsecond); !got.Equal(want) {
			t.Errorf("at %v, want %v", got, want)
		}
		if db.Serial() && (first.Seq != 1 || second.Seq != 2) {
			t.Errorf("seq %d and %d, want 1 and 2", first.Seq, second.Seq)
		}
		if !db.Serial() && (first.Seq != 0 || second.Seq != 0) {
			t.Errorf("seq %d and %d before the sequencer", first.Seq, second.Seq)
		}
	})
}

func TestAppendRefuses(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	j, _ := open(t, db)
	cases := []struct {
		name  string
		entry journal.Entry
		want  string
	}{
		{"no actor", journal.Entry{Action: "a"}, "journal.entry"},
		{"no action", journal.Entry{Actor: "p"}, "journal.entry"},
		{"zero character", journal.Entry{Actor: "p", Action: "a", Reason: "x\x00"}, "journal.text"},
		{"broken text", journal.Entry{Actor: "p", Action: "a", Reason: "\xff"}, "journal.text"},
		{"broken body", journal.Entry{Actor: "p", Action: "a", Body: json.RawMessage(`{`)}, "journal.body"},
		{"two bodies", journal.Entry{Actor: "p", Action: "a", Body: json.RawMessage(`1 2`)}, "journal.body"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				_, err := j.Append(t.Context(), tx, c.entry)
				return err
			})
			if got := fault.CodeOf(err); got != c.want {
				t.Errorf("code %q, want %q", got, c.want)
			}
		})
	}
}

// A unit that is rolled back takes its number with it, also out of the middle of a group.
func TestRollbackLeavesNoGap(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	j, _ := open(t, db)
	add(t, db, j, "t/1")
	refused := errors.New("refused")
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		e, err := j.Append(t.Context(), tx, journal.Entry{Actor: "p", Action: "a"})
		if err != nil || e.Seq != 2 {
			t.Errorf("seq %d, %v", e.Seq, err)
		}
		inner := tx.Savepoint(t.Context(), func() error {
			_, err := j.Append(t.Context(), tx, journal.Entry{Actor: "p", Action: "a"})
			return errors.Join(err, refused)
		})
		if !errors.Is(inner, refused) {
			t.Errorf("savepoint gave %v", inner)
		}
		return refused
	})
	if !errors.Is(err, refused) {
		t.Fatal(err)
	}
	if got := add(t, db, j, "t/1").Seq; got != 2 {
		t.Errorf("seq %d after a rollback, want 2", got)
	}
}

// Two processes at the same microsecond make different ids.
func TestIDsOfTwoWriters(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	a, _ := open(t, db)
	b, _ := reopen(t, db)
	seen := map[int64]bool{}
	for range 100 {
		for _, j := range []*journal.Journal{a, b} {
			if e := add(t, db, j, "t/1"); seen[e.ID] {
				t.Fatalf("id %d twice", e.ID)
			} else {
				seen[e.ID] = true
			}
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	db := storetest.SQLite(b)
	if err := store.Migrate(b.Context(), db, journal.Migrations(), "journal"); err != nil {
		b.Fatal(err)
	}
	j, err := journal.New(b.Context(), journal.Options{DB: db, Clock: clock.System()})
	if err != nil {
		b.Fatal(err)
	}
	body := json.RawMessage(`{"state":"open","title":"sm3:00","amount":120.50,"tags":["a","b"],"place":{"lon":116.3,"lat":39.9}}`)
	ctx := context.Background()
	b.ReportAllocs()
	err = db.Write(ctx, func(tx *store.Tx) error {
		for b.Loop() {
			if _, err := j.Append(ctx, tx, journal.Entry{Actor: "p1", Action: "record.create", Subject: "t/1", Body: body}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkBuild measures entries put into both trees and verified again, without the cost of appending them.
func BenchmarkBuild(b *testing.B) {
	db := storetest.SQLite(b)
	if err := store.Migrate(b.Context(), db, journal.Migrations(), "journal"); err != nil {
		b.Fatal(err)
	}
	j, err := journal.New(b.Context(), journal.Options{DB: db, Clock: clock.System()})
	if err != nil {
		b.Fatal(err)
	}
	const entries = 5000
	err = db.Write(b.Context(), func(tx *store.Tx) error {
		for range entries {
			if _, err := j.Append(b.Context(), tx, journal.Entry{Actor: "p1", Action: "record.create", Subject: "t/1"}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	ended, cancel := context.WithCancel(b.Context())
	cancel()
	for b.Loop() {
		err := db.Write(b.Context(), func(tx *store.Tx) error {
			if _, err := tx.Exec(b.Context(), `DELETE FROM journal_node`); err != nil {
				return err
			}
			_, err := tx.Exec(b.Context(), `UPDATE journal_head SET size = 0`)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
		if err := j.Run(ended); err != nil {
			b.Fatal(err)
		}
		r, err := j.Verify(b.Context(), func(f journal.Finding) { b.Errorf("finding %+v", f) })
		if err != nil || r.Entries != entries {
			b.Fatalf("%d entries, %v", r.Entries, err)
		}
	}
	b.ReportMetric(float64(entries*b.N)/b.Elapsed().Seconds(), "entries/s")
}
