package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/record"
)

// look is one list as somebody looks at it.
type look struct {
	name string
	role string
	org  string
	area string // instead of the person's
	q    record.Query
}

// looks are the lists of the people who work on cases, each under the row policy of its role.
func looks() []look {
	open := `state = "handling"`
	out := []look{
		{name: "unit, newest", role: "urban.handler"},
		{name: "unit, being handled", role: "urban.handler", q: record.Query{Filter: open}},
		{name: "unit, being handled, longest dispatched first", role: "urban.handler", q: record.Query{Filter: open, Sort: "dispatched_at"}},
		{name: "area, newest", role: "urban.collector", area: townPath(3)},
		{name: "area, being inspected", role: "urban.collector", area: townPath(5), q: record.Query{Filter: `state = "inspecting"`}},
		{name: "all, being handled", role: "urban.dispatcher", q: record.Query{Filter: open}},
		{name: "all, one category being handled", role: "urban.dispatcher", q: record.Query{Filter: open + ` and category = "E0203"`}},
		{name: "all, one category, late", role: "urban.supervisor", q: record.Query{Filter: `category = "E0405" and handle_late = true`}},
		{name: "all, two states, urgent, by number", role: "urban.duty_chief", q: record.Query{Filter: `state in ["accepting", "dispatching"] and severity = "urgent"`, Sort: "number"}},
	}
	for i := range out {
		out[i].q.Type = caseType
	}
	return out
}

// list measures pages of lists under row policy in a small and in a large table.
func (b *bench) list(ctx context.Context) error {
	small, large := b.pick(50_000, 10_000), b.pick(5_000_000, 60_000)
	before, _, err := b.pages(ctx, small)
	if err != nil {
		return err
	}
	after, mb, err := b.pages(ctx, large)
	if err != nil {
		return err
	}
	for i, l := range looks() {
		x, y := percentile(before[i], 95), percentile(after[i], 95)
		b.rep.add(row{
			bench: "list", what: l.name, product: y.Round(time.Microsecond).String(), peer: x.Round(time.Microsecond).String(),
			ratio: float64(y) / float64(x), goal: "< 1.5", met: 2*y < 3*x,
			note: fmt.Sprintf("p95 of a page of 50, %d against %d cases; p50 %s against %s; %d MB", large, small,
				percentile(after[i], 50).Round(time.Microsecond), percentile(before[i], 50).Round(time.Microsecond), mb),
		})
	}
	return nil
}

// pages gives the times of every look in a table of count cases.
func (b *bench) pages(ctx context.Context, count int) ([][]time.Duration, int64, error) {
	w, err := b.newWorld(ctx, fmt.Sprintf("list-%d", count), "")
	if err != nil {
		return nil, 0, err
	}
	units := []string{}
	for _, p := range w.sc.People() {
		if p.Role == "urban.handler" {
			units = append(units, p.Org)
		}
	}
	w.Close() // the filler takes the file for itself
	if err := fill(ctx, w.file, count, units); err != nil {
		return nil, 0, fmt.Errorf("fill: %w", err)
	}
	if w, err = b.reopen(ctx, w); err != nil {
		return nil, 0, err
	}
	defer w.Close()
	var out [][]time.Duration
	for _, l := range looks() {
		who, err := w.actor(ctx, l.role, l.org)
		if err != nil {
			return nil, 0, err
		}
		if l.area != "" {
			who.Area = l.area
		}
		times, err := b.page(ctx, w, who, l)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", l.name, err)
		}
		out = append(out, times)
	}
	return out, weigh(w.file), nil
}

// page looks often enough for a percentile, or for a while.
func (b *bench) page(ctx context.Context, w *world, who identity.Actor, l look) ([]time.Duration, error) {
	var out []time.Duration
	begun := b.clock.Now()
	for n := 0; n < b.pick(300, 60) && (n < 5 || b.since(begun) < 5*time.Second); n++ {
		at := b.clock.Now()
		found := 0
		err := w.DB.Read(ctx, func(tx *store.Tx) error {
			p, err := w.Records.List(ctx, tx, who, l.q)
			if err != nil {
				return err
			}
			found = len(p.Records)
			_, err = w.Records.View(ctx, tx, who, p.Records, nil)
			return err
		})
		if err != nil {
			return nil, err
		}
		if found == 0 {
			return nil, fmt.Errorf("nothing found")
		}
		if n > 1 { // the first two prepare statements and fetch pages
			out = append(out, b.since(at))
		}
	}
	return out, nil
}

func percentile(list []time.Duration, p int) time.Duration {
	if len(list) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(list))
	return s[min(len(s)-1, len(s)*p/100)]
}
