package main

import (
	"context"
	"fmt"
	"time"

	"chengshu/base/feel"
	"chengshu/kernel/policy"
	"chengshu/kernel/schema"
)

// feel measures one evaluation of conditions as grants, gateways and forms have them, over a record with its user.
func (b *bench) feel(ctx context.Context) error {
	w, err := b.newWorld(ctx, "feel", "")
	if err != nil {
		return err
	}
	defer w.Close()
	t, err := w.Records.Set().Type(caseType)
	if err != nil {
		return err
	}
	who, err := w.actor(ctx, "urban.handler", "")
	if err != nil {
		return err
	}
	values := schema.Values{
		"state": "handling", "unit": who.Org, "severity": "urgent", "rework": int64(0), "area": "/990100/990100001/",
		"created_at": "2026-03-02T09:00:00+08:00",
	}
	env := &feel.Env{Vars: t.Vars(values, policy.User(who)), Now: w.fake.Now}
	for _, src := range []string{
		`state = "handling"`,
		`severity in ["urgent", "critical"] and rework < 3`,
		`starts with(unit, user.org)`,
	} {
		x, err := feel.Compile(src, t.Scope())
		if err != nil {
			return err
		}
		if !x.True(env) {
			return fmt.Errorf("%s is not true", src)
		}
		const limit = 500 * time.Nanosecond
		each := b.fastest(func() { x.True(env) })
		b.rep.add(row{
			bench: "feel", what: src, product: each.String(), peer: limit.String(), ratio: float64(each) / float64(limit),
			goal: "<= 1", met: each <= limit, note: "processor time of one evaluation",
		})
	}
	return nil
}

// fastest gives the processor time of one call: the least of some samples, each long against the clock's tick.
func (b *bench) fastest(do func()) time.Duration {
	const calls = 100_000
	least := time.Hour
	for range b.pick(9, 3) {
		begun := cpu()
		for range calls {
			do()
		}
		least = min(least, (cpu()-begun)/calls)
	}
	return least
}
