package journal_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/journal"
)

// A follower gets every entry once and in order, also when it fails in between and when it starts anew.
func TestFollow(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		t.Parallel()
		j := signing(t, db)
		stop := background(t, j)
		defer stop()
		var got []int64
		failed := false
		follow := func(until int64) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			err := j.Follow(ctx, "search", 7, func(_ context.Context, _ *store.Tx, entries []journal.Entry) error {
				if len(got) == 14 && !failed {
					failed = true
					return errors.New("not now")
				}
				for _, e := range entries {
					got = append(got, e.Seq)
				}
				if got[len(got)-1] == until {
					cancel() // the batch is kept: what has started is finished
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		fill(t, db, j, 30)
		follow(30)
		fill(t, db, j, 20)
		follow(50)
		if len(got) != 50 || !failed {
			t.Fatalf("%d entries, want 50; failed %v", len(got), failed)
		}
		for i, seq := range got {
			if seq != int64(i+1) {
				t.Fatalf("entry %d at place %d", seq, i+1)
			}
		}
		err := db.Write(t.Context(), func(tx *store.Tx) error { return j.MoveCursor(t.Context(), tx, "search", 45) })
		if err != nil {
			t.Fatal(err)
		}
		lag := read(t, db, func(tx *store.Tx) ([]journal.Lag, error) { return j.Lag(t.Context(), tx) })
		if len(lag) != 1 || lag[0] != (journal.Lag{Name: "search", Seq: 45, Behind: 5}) {
			t.Errorf("lag %+v", lag)
		}
	})
}

func TestQuery(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		t.Parallel()
		j, now := open(t, db)
		fill(t, db, j, 15)
		now.Advance(time.Hour)
		fill(t, db, j, 15)
		all := read(t, db, func(tx *store.Tx) ([]journal.Entry, error) { return j.Query(t.Context(), tx, journal.Filter{}) })
		if len(all) != 30 {
			t.Fatalf("%d entries, want 30", len(all))
		}
		cases := []struct {
			name   string
			filter journal.Filter
			want   func(i int, e journal.Entry) bool
		}{
			{"subject", journal.Filter{Subject: "t/2"}, func(_ int, e journal.Entry) bool { return e.Subject == "t/2" }},
			{"type", journal.Filter{Subject: "t/"}, func(int, journal.Entry) bool { return true }},
			{"other type", journal.Filter{Subject: "u/"}, func(int, journal.Entry) bool { return false }},
			{"actor", journal.Filter{Actor: "p1"}, func(_ int, e journal.Entry) bool { return e.Actor == "p1" }},
			{"action", journal.Filter{Action: "record.update"}, func(_ int, e journal.Entry) bool { return e.Action == "record.update" }},
			{"actions", journal.Filter{Action: "record."}, func(_ int, e journal.Entry) bool { return e.Action != "task.complete" }},
			{"from", journal.Filter{From: start.Add(time.Minute)}, func(i int, _ journal.Entry) bool { return i >= 15 }},
			{"to", journal.Filter{To: start.Add(time.Minute)}, func(i int, _ journal.Entry) bool { return i < 15 }},
			{"two", journal.Filter{Actor: "p1", Subject: "t/1"}, func(_ int, e journal.Entry) bool { return e.Actor == "p1" && e.Subject == "t/1" }},
			{"after", journal.Filter{After: all[19].ID}, func(i int, _ journal.Entry) bool { return i > 19 }},
		}
		for _, c := range cases {
			for _, newest := range []bool{false, true} {
				if newest && c.filter.After != 0 {
					continue
				}
				f := c.filter
				f.Newest = newest
				var want []int64
				for i, e := range all {
					switch {
					case !c.want(i, e):
					case newest:
						want = append([]int64{e.ID}, want...)
					default:
						want = append(want, e.ID)
					}
				}
				var got []int64
				for f.Limit = 4; ; { // in pages
					page := read(t, db, func(tx *store.Tx) ([]journal.Entry, error) { return j.Query(t.Context(), tx, f) })
					for _, e := range page {
						got = append(got, e.ID)
					}
					if len(page) < f.Limit {
						break
					}
					f.After = page[len(page)-1].ID
				}
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%s, newest first %v: %d entries, want %d", c.name, newest, len(got), len(want))
				}
			}
		}
	})
}
