package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// clockPart measures how long a county waits for its dues after a change of the calendar: every running matter is derived
// anew and, where a due moves, written with a journal entry. The limit is what somebody who has imported a notice may wait.
func (b *bench) clockPart(ctx context.Context) error {
	if err := b.clockOn(ctx, "SQLite", ""); err != nil {
		return err
	}
	c, err := b.postgres()
	if errors.Is(err, errAbsent) {
		b.rep.skip("clock", "PostgreSQL", err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	url, err := c.database(ctx)
	if err != nil {
		return err
	}
	return b.clockOn(ctx, "PostgreSQL", url)
}

// clockLimit is the time in which the dues of 10,000 matters are to be right again after a change.
const clockLimit = 2 * time.Minute

func (b *bench) clockOn(ctx context.Context, name, url string) error {
	w, err := b.newWorld(ctx, "clock-"+name, url)
	if err != nil {
		return err
	}
	defer w.Close()
	o, err := newOffice(ctx, w)
	if err != nil {
		return err
	}
	cases := b.pick(10_000, 200)
	for range cases { // one after the other: no part of what is measured
		if _, err := o.begin(ctx); err != nil {
			return err
		}
	}
	rule := func(day string) error {
		return w.DB.Write(ctx, func(tx *store.Tx) error {
			_, err := w.Records.Seed(ctx, tx, identity.System("bench"), "county.calendar_rule", map[string]any{
				"from_day": day, "kind": "off", "source": "local", "basis": "bench",
			})
			return err
		})
	}
	for _, x := range []struct {
		what, day string
		touches   bool
	}{{"a day off that touches all", "2026-03-02", true}, {"a day off that touches none", "2031-03-03", false}} {
		if err := rule(x.day); err != nil {
			return err
		}
		used, begun := cpu(), b.clock.Now()
		n, err := w.SyncCalendar(ctx)
		if err != nil {
			return err
		}
		wall := b.since(begun)
		if x.touches != (n == cases) {
			return fmt.Errorf("%s: %d of %d matters changed", x.what, n, cases)
		}
		limit := clockLimit * time.Duration(cases) / 10_000
		b.rep.add(row{
			bench: "clock", what: fmt.Sprintf("%s, %d matters, %s", name, cases, x.what), product: wall.Round(time.Millisecond).String(),
			peer: limit.String(), ratio: float64(wall) / float64(limit), goal: "≤ 1", met: wall <= limit,
			note: fmt.Sprintf("%.2f ms a matter, %.2f ms of processor", float64(wall.Microseconds())/1000/float64(cases), float64((cpu()-used).Microseconds())/1000/float64(cases)),
		})
	}
	return nil
}

// timers measures a start on a full table of timers: they are not loaded, the one due first is found by its index.
func (b *bench) timers(ctx context.Context) error {
	w, err := b.newWorld(ctx, "timers", "")
	if err != nil {
		return err
	}
	n := b.pick(1_000_000, 20_000)
	far := w.fake.Now().AddDate(1, 0, 0).UnixMicro()
	for done := 0; done < n; {
		if err := w.DB.Write(ctx, func(tx *store.Tx) error {
			for i := range 1000 {
				id, err := uuid.NewV7()
				if err != nil {
					return err
				}
				if err := tx.Later(ctx, `INSERT INTO flow_timer (id, inst, holder, node, kind, due_at, repeat_left) VALUES (?,?,?,?,?,?,?)`,
					[]any{id.String(), id.String(), 1, "x", "node", far + int64(done+i), 0}, func(_ int64, err error) error { return err }); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			w.Close()
			return err
		}
		done += 1000
	}
	w.Close()
	info, err := os.Stat(filepath.Join(b.dir, "timers", "chengshu.db"))
	if err != nil {
		return err
	}
	used, begun := cpu(), b.clock.Now()
	a, _, err := wire(ctx, filepath.Join(b.dir, "timers"), "")
	if err != nil {
		return err
	}
	defer a.Close()
	fired, err := a.Flow.Tick(ctx)
	if err != nil {
		return err
	}
	if fired {
		return errors.New("a timer of next year has fired")
	}
	start := b.since(begun)
	startCPU := cpu() - used
	const looks = 1000
	used, begun = cpu(), b.clock.Now()
	for range looks {
		if _, err := a.Flow.Tick(ctx); err != nil {
			return err
		}
	}
	each := b.since(begun) / looks
	const limit = 5 * time.Second
	b.rep.add(row{
		bench: "timers", what: fmt.Sprintf("start with %d timers until the first look", n), product: start.Round(time.Millisecond).String(), peer: limit.String(),
		ratio: float64(start) / float64(limit), goal: "≤ 1", met: start <= limit, note: fmt.Sprintf("%s of processor, the whole start included", startCPU.Round(time.Millisecond)),
	})
	b.rep.add(row{
		bench: "timers", what: fmt.Sprintf("one look at %d timers", n), product: each.String(), note: fmt.Sprintf("%.0f bytes a timer on disk, none in memory", float64(info.Size())/float64(n)),
	})
	return nil
}
