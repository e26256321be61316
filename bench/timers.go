package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"chengshu/base/store"
)

// timers measures a start on a full table of timers: they are not loaded, the one due first is found by its index. Then
// some fall due.
func (b *bench) timers(ctx context.Context) error { return b.both(ctx, "timers", b.timersOn) }

func (b *bench) timersOn(ctx context.Context, name, url string) error {
	pack, err := ownPack()
	if err != nil {
		return err
	}
	w, err := b.newWorld(ctx, "timers-"+name, url, pack)
	if err != nil {
		return err
	}
	n := b.pick(1_000_000, 5_000)
	if err := w.setTimers(ctx, n); err != nil {
		w.Close()
		return err
	}
	w.Close()
	used, begun := cpu(), b.clock.Now()
	if w, err = b.reopen(ctx, w); err != nil {
		return err
	}
	defer w.Close()
	if err := w.look(ctx); err != nil {
		return err
	}
	start, startCPU := b.since(begun), cpu()-used
	looks := time.Duration(0)
	for begun = b.clock.Now(); looks < 1000 && b.since(begun) < 5*time.Second; looks++ {
		if err := w.look(ctx); err != nil {
			return err
		}
	}
	each := b.since(begun) / looks
	size, err := w.weighTimers(ctx)
	if err != nil {
		return err
	}
	const limit = 5 * time.Second
	b.rep.add(row{
		bench: "timers", what: fmt.Sprintf("%s, start with %d timers until the first look", name, n), product: start.Round(time.Millisecond).String(), peer: limit.String(),
		ratio: float64(start) / float64(limit), goal: "<= 1", met: start <= limit, note: fmt.Sprintf("%s of processor here, the whole start included", startCPU.Round(time.Millisecond)),
	})
	b.rep.add(row{
		bench: "timers", what: fmt.Sprintf("%s, one look at %d timers", name, n), product: each.String(), note: fmt.Sprintf("%d bytes a timer on disk, none in memory", size/int64(n)),
	})
	return b.fire(ctx, name, w)
}

// setTimers puts n timers of next year into the table.
func (w *world) setTimers(ctx context.Context, n int) error {
	far := w.fake.Now().AddDate(1, 0, 0).UnixMicro()
	const together = 1000
	for done := 0; done < n; done += together {
		if err := w.DB.Write(ctx, func(tx *store.Tx) error {
			for i := range together {
				id, err := uuid.NewV7()
				if err != nil {
					return err
				}
				if err := tx.Later(ctx, `INSERT INTO flow_timer (id, inst, holder, node, kind, due_at, repeat_left) VALUES (?,?,?,?,?,?,?)`,
					[]any{id.String(), id.String(), 1, "x", "node", far + int64(done+i), 0}, nil); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// look is one look of the scanner that finds nothing.
func (w *world) look(ctx context.Context) error {
	fired, err := w.Flow.Tick(ctx)
	if fired {
		return errors.Join(errors.New("a timer of next year has fired"), err)
	}
	return err
}

// weighTimers gives the bytes of the timers with their indexes; on SQLite those of the whole database.
func (w *world) weighTimers(ctx context.Context) (int64, error) {
	query := `SELECT pg_total_relation_size('flow_timer')`
	if w.url == "" {
		query = `SELECT page_count * page_size FROM pragma_page_count, pragma_page_size`
	}
	var size int64
	err := w.DB.Read(ctx, func(tx *store.Tx) error { return tx.QueryRow(ctx, query).Scan(&size) })
	return size, err
}

// fire measures how fast timers that are due go off, as a node's scanner does it, among those that are
// not: each takes its process from a person's hands to its end and changes the record.
func (b *bench) fire(ctx context.Context, name string, w *world) error {
	o := &office{world: w, typ: "bench.limit", data: map[string]any{"subject": "waits for an hour"}}
	if err := o.staff(ctx, "urban.duty_chief"); err != nil {
		return err
	}
	due := b.pick(10_000, 40)
	const clients = 20
	if _, err := b.timed(clients, func(int) error {
		for range due / clients {
			if _, err := o.begin(ctx); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	w.fake.Advance(2 * time.Hour)
	used, begun := cpu(), b.clock.Now()
	var mu sync.Mutex
	var failed error
	w.Flow.Drain(ctx, func(err error) {
		mu.Lock()
		defer mu.Unlock()
		failed = errors.Join(failed, err)
	})
	wall, spent := b.since(begun), cpu()-used
	if failed != nil {
		return failed
	}
	var lapsed int
	if err := w.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(ctx, `SELECT COUNT(*) FROM bench_limit WHERE state = 'lapsed'`).Scan(&lapsed)
	}); err != nil {
		return err
	}
	if lapsed != due {
		return fmt.Errorf("%s: %d timers due, %d processes have lapsed", name, due, lapsed)
	}
	b.rep.add(row{
		bench: "timers", what: fmt.Sprintf("%s, %d of them due until all have fired", name, due), product: wall.Round(time.Millisecond).String(),
		note: fmt.Sprintf("%.0f steps/s, each its own durable transaction with record and journal; %d µs of processor here",
			float64(due)/wall.Seconds(), spent.Microseconds()/int64(due)),
	})
	return nil
}
