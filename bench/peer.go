package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chengshu/base/store"
)

// matterType is a record with a process of two human steps, as small as one is written by hand.
const matterType = "bench.matter"

// newMatters gives the office of matters.
func newMatters(ctx context.Context, w *world) (*office, error) {
	o := &office{world: w, typ: matterType, data: map[string]any{
		"subject": "lamps in the lane", "content": "three lamps between the school and the bridge have been dark since Monday",
	}, acts: []act{
		{"urban.duty_chief", "", "done", map[string]any{"finding": "seen on the spot, the cable is cut"}},
		{"urban.duty_chief", "", "done", map[string]any{"ruling": "to be mended this week"}},
	}}
	return o, o.staff(ctx, "urban.duty_chief")
}

// peer measures matters a second against the same process in go-workflows, on SQLite with WAL and synchronous=FULL both.
// The product writes record, task, history, journal and index in one transaction a step; the peer keeps its events and has
// an activity that changes a row of the same table. What is in doubt is decided for the peer: its rows lie in a file of
// their own and wait for no lock of its events, its row is made without an activity, and its first signal may come before
// the workflow waits for it. The goal is that of clients who wait until the row shows what they said. Beside it stands the
// peer with clients who go on at once, which gives its workers up to 64 matters to do side by side.
func (b *bench) peer(ctx context.Context) error {
	pack, err := ownPack()
	if err != nil {
		return err
	}
	w, err := b.newWorld(ctx, "peer", "", pack)
	if err != nil {
		return err
	}
	defer w.Close()
	o, err := newMatters(ctx, w)
	if err != nil {
		return err
	}
	if _, err := o.engine(ctx, b, 4, 4); err != nil { // plans compiled, statements prepared, series there
		return err
	}
	like, err := o.sample(ctx)
	if err != nil {
		return err
	}
	for _, clients := range []int{1, 4, 16} {
		if err := b.peerAt(ctx, clients, o, like); err != nil {
			return fmt.Errorf("%d clients: %w", clients, err)
		}
	}
	return nil
}

// sample is a row of a table with what makes the table.
type sample struct {
	ddl    []string // table, then indexes
	table  *table
	values []any
}

// sample reads a finished matter.
func (o *office) sample(ctx context.Context) (*sample, error) {
	s := &sample{}
	return s, o.DB.Read(ctx, func(tx *store.Tx) (err error) {
		const name = "bench_matter"
		if s.ddl, err = strings1(ctx, tx, `SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type DESC`, name); err != nil {
			return err
		}
		if s.table, err = describe(ctx, tx, name); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT * FROM bench_matter LIMIT 1`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			if s.values, err = scanAny(rows, len(s.table.columns)); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// runner is a side of the comparison.
type runner struct {
	clients string // how the peer's are
	run     func() (took, error)
	sum     took
}

// peerAt interleaves the product, the peer whose clients wait as the product's do, and the peer whose clients do not. So
// what disturbs the machine disturbs all of them. The peer's databases are empty at first: it gets slower with what it has
// finished.
func (b *bench) peerAt(ctx context.Context, clients int, o *office, like *sample) (err error) {
	count := max(1, b.pick(64, 16)/clients)
	sides := []*runner{{run: func() (took, error) { return o.engine(ctx, b, clients, count) }}}
	for _, waits := range []bool{true, false} {
		f, e := b.newForeign(ctx, fmt.Sprintf("foreign-%d-%t", clients, waits), like)
		if e != nil {
			return e
		}
		defer func() { err = errors.Join(err, f.close()) }()
		side := &runner{clients: "that go on", run: func() (took, error) { return f.run(ctx, b, clients, count, waits) }}
		if waits {
			side.clients = "that wait"
		}
		if _, err := side.run(); err != nil { // warm
			return err
		}
		sides = append(sides, side)
	}
	budget := time.Duration(b.pick(20000, 200)) * time.Millisecond
	for begun := b.clock.Now(); b.since(begun) < budget; {
		for _, s := range sides {
			t, err := s.run()
			if err != nil {
				return err
			}
			s.sum.add(t)
		}
	}
	for _, s := range sides[1:] {
		b.against(s, sides[0].sum, clients, o.steps())
	}
	return nil
}

// against reports a peer beside the product.
func (b *bench) against(peer *runner, product took, clients, steps int) {
	each := func(t took) float64 { return 1 / t.each().Seconds() / float64(steps) }
	x := row{
		bench: "peer", what: fmt.Sprintf("SQLite, matters of %d steps, %d clients, the peer's %s", steps, clients, peer.clients),
		product: fmt.Sprintf("%.1f/s", each(product)), peer: fmt.Sprintf("%.1f/s", each(peer.sum)), ratio: each(product) / each(peer.sum),
		note: fmt.Sprintf("with record and journal against %s with a row; WAL, synchronous=FULL; %.0f against %.0f steps/s, CPU %d µs against %d µs",
			foreignVersion(), 1/product.each().Seconds(), 1/peer.sum.each().Seconds(), micros(product), micros(peer.sum)),
	}
	if peer.clients == "that wait" {
		x.goal, x.met = ">= 5", x.ratio >= 5
	}
	b.rep.add(x)
}
