package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/google/uuid"

	"chengshu/base/store"
	"chengshu/kernel/flow"
	"chengshu/kernel/identity"
)

// act is one task of the way a case takes: who completes it, with what.
type act struct {
	role, org string
	outcome   string
	data      map[string]any
}

// acts is the way of a case that a collector reports and a unit settles at the first attempt, after it was made.
func acts() []act {
	unit := "/county/cgj/hwzx/"
	return []act{
		{"urban.acceptor", "", "accept", map[string]any{"category": "E0103"}},
		{"urban.duty_chief", "", "register", map[string]any{"condition": "E0103-2"}},
		{"urban.dispatcher", "", "dispatch", map[string]any{"unit": unit, "dispatch_note": "today, please"}},
		{"urban.handler", unit, "done", map[string]any{"handle_note": "cleared and washed"}},
		{"urban.dispatcher", "", "pass", map[string]any{}},
		{"urban.collector", "", "pass", map[string]any{}},
		{"urban.duty_chief", "", "fixed", map[string]any{"reply": "settled", "may_reopen": true}},
	}
}

// stepsOfCase counts the transactions of a case: making it, then the acts.
func stepsOfCase() int { return 1 + len(acts()) }

// office is a world with the people of acts, who work on records of one type.
type office struct {
	*world
	typ      string
	data     map[string]any // of a new record
	reporter identity.Actor
	acts     []act
	actors   []identity.Actor
}

// newOffice gives the office of cases.
func newOffice(ctx context.Context, w *world) (*office, error) {
	lon, lat := w.sc.Point(1)
	o := &office{world: w, typ: caseType, acts: acts(), data: map[string]any{
		"category": "E0103", "detail": "rubble beside the road, about two cubic metres, in the way of the school",
		"place": map[string]any{"lon": lon, "lat": lat, "address": "5 Demo Street"},
	}}
	return o, o.staff(ctx, "urban.collector")
}

// staff finds who reports and who acts.
func (o *office) staff(ctx context.Context, reporter string) error {
	var err error
	if o.reporter, err = o.actor(ctx, reporter, ""); err != nil {
		return err
	}
	for _, a := range o.acts {
		who, err := o.actor(ctx, a.role, a.org)
		if err != nil {
			return err
		}
		o.actors = append(o.actors, who)
	}
	return nil
}

// steps counts the transactions of a record.
func (o *office) steps() int { return 1 + len(o.acts) }

// running is a case and its open task.
type running struct{ id, task string }

// begin makes a case, one transaction.
func (o *office) begin(ctx context.Context) (running, error) {
	var c running
	err := o.DB.Write(ctx, func(tx *store.Tx) error {
		r, err := o.Records.Create(ctx, tx, o.reporter, o.typ, maps.Clone(o.data))
		if err != nil {
			return err
		}
		c.id = r.ID()
		return nil
	})
	return c, err
}

// find looks up the open task of a new case.
func (o *office) find(ctx context.Context, c *running) error {
	return o.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(ctx, `SELECT t.id FROM flow_inst i JOIN flow_task t ON t.inst = i.id WHERE i.biz_type = ? AND i.biz_id = ? AND t.state = 'open'`,
			o.typ, c.id).Scan(&c.task)
	})
}

// step completes the n-th task of a case, one transaction.
func (o *office) step(ctx context.Context, c *running, n int) error {
	var r flow.Result
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	err = o.DB.Write(ctx, func(tx *store.Tx) (err error) {
		r, err = o.Flow.Do(ctx, tx, o.actors[n], flow.Command{
			ID: id.String(), Name: flow.Complete, Task: c.task, Outcome: o.acts[n].outcome, Data: o.acts[n].data,
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("act %d (%s): %w", n+1, o.acts[n].outcome, err)
	}
	for _, t := range r.Opened {
		c.task = t.ID
	}
	return nil
}

// took is what a number of steps cost.
type took struct {
	steps     int
	wall, cpu time.Duration
}

func (t *took) add(u took) { t.steps, t.wall, t.cpu = t.steps+u.steps, t.wall+u.wall, t.cpu+u.cpu }

func (t took) each() time.Duration { return t.wall / time.Duration(max(t.steps, 1)) }

// engine lets every client take some cases through all their steps. The look-up of the first task is not counted: a
// person has it on the screen.
func (o *office) engine(ctx context.Context, b *bench, clients, cases int) (took, error) {
	all := make([][]running, clients)
	sum := took{steps: clients * cases * o.steps()}
	phase := func(count bool, do func(client, n int) error) error {
		t, err := b.timed(clients, func(client int) error {
			for n := range cases {
				if err := do(client, n); err != nil {
					return err
				}
			}
			return nil
		})
		if count {
			sum.wall, sum.cpu = sum.wall+t.wall, sum.cpu+t.cpu
		}
		return err
	}
	for i := range all {
		all[i] = make([]running, cases)
	}
	err := phase(true, func(client, n int) (err error) {
		all[client][n], err = o.begin(ctx)
		return err
	})
	if err != nil {
		return sum, err
	}
	if err := phase(false, func(client, n int) error { return o.find(ctx, &all[client][n]) }); err != nil {
		return sum, err
	}
	return sum, phase(true, func(client, n int) error {
		for i := range o.acts {
			if err := o.step(ctx, &all[client][n], i); err != nil {
				return err
			}
		}
		return nil
	})
}

// timed runs clients side by side.
func (b *bench) timed(clients int, do func(client int) error) (took, error) {
	var wg sync.WaitGroup
	errs := make([]error, clients)
	used, begun := cpu(), b.clock.Now()
	for c := range clients {
		wg.Go(func() { errs[c] = do(c) })
	}
	wg.Wait()
	return took{wall: b.since(begun), cpu: cpu() - used}, errors.Join(errs...)
}

// step measures the durable step of a process against raw loops that write the same rows.
func (b *bench) step(ctx context.Context) error { return b.both(ctx, "step", b.stepOn) }

// stepOn measures on one database. The tape is always made on SQLite, where triggers see every row.
func (b *bench) stepOn(ctx context.Context, name, url string) error {
	tape, err := b.record(ctx, name)
	if err != nil {
		return fmt.Errorf("record a case: %w", err)
	}
	w, err := b.newWorld(ctx, "engine-"+name, url)
	if err != nil {
		return err
	}
	defer w.Close()
	o, err := newOffice(ctx, w)
	if err != nil {
		return err
	}
	if _, err := o.engine(ctx, b, 1, 2); err != nil { // plans compiled, statements prepared, series there
		return err
	}
	var raws []rawLoop
	if url == "" {
		alone, err := b.rawSQLite(ctx, tape)
		if err != nil {
			return err
		}
		defer alone.close()
		shared, err := b.rawShared(ctx, tape)
		if err != nil {
			return err
		}
		defer shared.close()
		raws = append(raws, alone, shared)
	} else {
		raw, err := b.rawPostgres(ctx, tape, o)
		if err != nil {
			return err
		}
		defer raw.close()
		raws = append(raws, raw)
	}
	for _, clients := range []int{1, 4, 16} {
		if err := b.stepAt(ctx, name, clients, o, tape, raws); err != nil {
			return err
		}
	}
	return nil
}

// stepAt interleaves engine and raw loops, so that what disturbs the machine disturbs all of them.
func (b *bench) stepAt(ctx context.Context, name string, clients int, o *office, tape *tape, raws []rawLoop) error {
	budget := time.Duration(b.pick(16000, 700)) * time.Millisecond
	cases := max(1, b.pick(16, 2)/clients)
	var engine took
	sums := make([]took, len(raws))
	for begun := b.clock.Now(); b.since(begun) < budget; {
		t, err := o.engine(ctx, b, clients, cases)
		if err != nil {
			return err
		}
		engine.add(t)
		for i, raw := range raws {
			work := make([][]*play, clients)
			for c := range work {
				for range cases {
					work[c] = append(work[c], tape.play(raw.dialect()))
				}
			}
			t, err := b.timed(clients, func(client int) error {
				for _, p := range work[client] {
					for _, s := range p.steps {
						if err := raw.step(ctx, client, s); err != nil {
							return err
						}
					}
				}
				return nil
			})
			if err != nil {
				return fmt.Errorf("raw loop %s: %w", raw.name(), err)
			}
			t.steps = clients * cases * stepsOfCase()
			sums[i].add(t)
		}
	}
	for i, raw := range raws {
		x := row{
			bench: "step", what: fmt.Sprintf("%s, %d clients, raw loop %s", name, clients, raw.name()),
			product: engine.each().Round(time.Microsecond).String(), peer: sums[i].each().Round(time.Microsecond).String(),
			ratio: float64(sums[i].each()) / float64(engine.each()),
			note:  fmt.Sprintf("CPU %d µs against %d µs, %.0f steps/s, %d rows a step", micros(engine), micros(sums[i]), 1/engine.each().Seconds(), tape.rows/stepsOfCase()),
		}
		if !raw.extra() {
			x.goal, x.met = ">= 0.8", x.ratio >= 0.8
		}
		b.rep.add(x)
	}
	return nil
}

func micros(t took) int64 { return (t.cpu / time.Duration(max(t.steps, 1))).Microseconds() }
