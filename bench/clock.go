package main

import (
	"context"
	"fmt"
	"time"

	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// clockPart measures how long a county waits for its dues after a change of the calendar: every running matter is derived
// anew and, where a due moves, written with a journal entry. The limit is what somebody who has imported a notice may wait.
func (b *bench) clockPart(ctx context.Context) error { return b.both(ctx, "clock", b.clockOn) }

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
