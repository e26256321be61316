package dmn

import (
	"slices"
	"strings"

	"chengshu/base/feel"
)

// policy is a hit policy (DMN 1.5 §8.2.10).
type policy uint8

const (
	noPolicy policy = iota
	unique
	anyHit
	priority
	first
	ruleOrder
	outputOrder
	collect
)

func policyOf(e *element) policy {
	switch strings.TrimSpace(e.Attr("hitPolicy")) {
	case "", "UNIQUE":
		return unique
	case "ANY":
		return anyHit
	case "PRIORITY":
		return priority
	case "FIRST":
		return first
	case "RULE ORDER":
		return ruleOrder
	case "OUTPUT ORDER":
		return outputOrder
	case "COLLECT":
		return collect
	}
	return noPolicy
}

// many tells whether all hits count.
func (p policy) many() bool { return p == ruleOrder || p == outputOrder || p == collect }

func (p policy) String() string {
	return [...]string{"", "UNIQUE", "ANY", "PRIORITY", "FIRST", "RULE ORDER", "OUTPUT ORDER", "COLLECT"}[p]
}

// result applies the hit policy.
func (t *table) result(r *run, env *feel.Env, m *matches) feel.Value {
	if len(m.hits) == 0 {
		return t.noHit(r, env, m)
	}
	m.chosen = m.hits
	switch t.policy {
	case unique:
		if len(m.hits) > 1 {
			m.chosen = nil
			return r.fail(env, t.el, "dmn.unique", "rows", rows(m.hits))
		}
	case first:
		m.chosen = m.hits[:1]
	case anyHit:
		return t.any(r, env, m)
	default:
	}
	outs := make([][]feel.Value, len(m.chosen))
	for i, rule := range m.chosen {
		outs[i] = t.outputsOf(r, env, rule)
	}
	switch t.policy {
	case priority:
		best := t.order(outs)[0]
		m.chosen = []int{m.hits[best]}
		return t.compound(outs[best])
	case outputOrder:
		sorted := make(feel.List, 0, len(outs))
		for _, at := range t.order(outs) {
			sorted = append(sorted, t.compound(outs[at]))
		}
		return sorted
	case ruleOrder:
		return t.all(outs)
	case collect:
		return t.collected(r, env, outs)
	default:
		return t.compound(outs[0])
	}
}

// noHit gives the default output, else what the policy makes of nothing.
func (t *table) noHit(r *run, env *feel.Env, m *matches) feel.Value {
	vals := make([]feel.Value, len(t.outputs))
	for i, o := range t.outputs {
		if o.def != nil {
			m.defaulted = true
			vals[i] = coerced(o.el, o.typ, o.def)(r, env)
		}
	}
	switch {
	case m.defaulted:
		return t.compound(vals)
	case t.count && t.policy == collect:
		return feel.NumberFromInt(0)
	case t.policy == collect && t.sum == nil:
		return feel.List{}
	}
	return nil
}

// any: all hits must agree.
func (t *table) any(r *run, env *feel.Env, m *matches) feel.Value {
	v := t.compound(t.outputsOf(r, env, m.hits[0]))
	for _, i := range m.hits[1:] {
		if other := t.compound(t.outputsOf(r, env, i)); !feel.Equal(v, other) {
			m.chosen = nil
			return r.fail(env, t.el, "dmn.any", "rows", rows([]int{m.hits[0], i}))
		}
	}
	return v
}

func rows(at []int) []int {
	out := make([]int, len(at))
	for i, a := range at {
		out[i] = a + 1
	}
	return out
}

func (t *table) outputsOf(r *run, env *feel.Env, i int) []feel.Value {
	vals := make([]feel.Value, len(t.outputs))
	for j, out := range t.rules[i].outs {
		vals[j] = out(r, env)
	}
	return vals
}

// compound is the one output, or a context of the outputs.
func (t *table) compound(vals []feel.Value) feel.Value {
	if len(vals) == 1 {
		return vals[0]
	}
	return contextOf(t.names, vals)
}

func (t *table) all(outs [][]feel.Value) feel.List {
	list := make(feel.List, len(outs))
	for i, o := range outs {
		list[i] = t.compound(o)
	}
	return list
}

// order sorts by the position of the outputs among the output values, the first output first. What stands in no list of
// values comes last; equals keep the order of the rules.
func (t *table) order(outs [][]feel.Value) []int {
	at := make([]int, len(outs))
	for i := range at {
		at[i] = i
	}
	rank := func(col int, v feel.Value) int {
		allowed := t.outputs[col].allowed
		if i := slices.IndexFunc(allowed, func(a feel.Value) bool { return feel.Equal(a, v) }); i >= 0 {
			return i
		}
		return len(allowed)
	}
	slices.SortStableFunc(at, func(a, b int) int {
		for col := range t.outputs {
			if d := rank(col, outs[a][col]) - rank(col, outs[b][col]); d != 0 {
				return d
			}
		}
		return 0
	})
	return at
}

// collected lists the outputs or aggregates them, each output by itself.
func (t *table) collected(r *run, env *feel.Env, outs [][]feel.Value) feel.Value {
	switch {
	case t.count:
		return feel.NumberFromInt(int64(len(outs)))
	case t.sum == nil:
		return t.all(outs)
	}
	vals := make([]feel.Value, len(t.outputs))
	for col := range vals {
		list := make(feel.List, len(outs))
		for i, o := range outs {
			list[i] = o[col]
		}
		vals[col] = t.sum.Eval(env.With(feel.Map{"values": list}))
	}
	r.note(t.el)
	return t.compound(vals)
}
