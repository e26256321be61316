package dmn

import (
	"cmp"
	"strings"

	"chengshu/base/feel"
)

// table is a compiled decision table (DMN 1.5 clause 8).
type table struct {
	el      *element
	of      *node // whose logic it is
	name    string
	policy  policy
	sum     *feel.Expr // aggregator of a collect table, nil without
	count   bool       // the aggregator counts
	inputs  []inputClause
	outputs []outputClause
	names   []string // of outputs
	rules   []rule
	index   index
}

type inputClause struct {
	el      *element
	text    string
	typ     feel.Type
	run     code
	allowed *feel.Expr            // nil when every value is
	cells   map[string]*feel.Expr // tests by their text: many rules share them
	domain  *feel.Expr            // allowed, or the allowed values of the type; for the analysis
}

type outputClause struct {
	el      *element
	typ     feel.Type
	allowed feel.List // output values, the highest priority first
	def     code      // default output, nil without
}

type rule struct {
	el    *element
	tests []*feel.Expr // nil is "-"
	outs  []code
	notes []Note
	broke bool // a cell does not compile: the rule is never met
}

func (c *compiler) table(u *unit, e *element, scope *feel.Scope) logic {
	t := &table{el: e, of: c.current, name: cmp.Or(strings.TrimSpace(e.Attr("outputLabel")), e.Attr("id")), policy: policyOf(e)}
	if t.policy == noPolicy {
		c.problem(u, e, "dmn.policy", "policy", e.Attr("hitPolicy"))
		return logic{broken(e, "dmn.policy"), feel.AnyType}
	}
	c.aggregation(u, t)
	for _, in := range e.All("input") {
		t.inputs = append(t.inputs, c.inputClause(u, in, scope))
	}
	for _, out := range e.All("output") {
		t.outputs = append(t.outputs, c.outputClause(u, out, scope))
		t.names = append(t.names, cmp.Or(label(out), strings.TrimSpace(out.Attr("label"))))
	}
	var names []string
	for _, a := range e.All("annotation") {
		names = append(names, label(a))
	}
	for _, r := range e.All("rule") {
		t.rules = append(t.rules, c.rule(u, t, r, names, scope))
	}
	if len(t.outputs) == 0 {
		c.problem(u, e, "dmn.part", "part", "output")
		return logic{broken(e, "dmn.part"), feel.AnyType}
	}
	t.index = newIndex(t)
	c.tables = append(c.tables, t)
	return logic{t.eval, t.typ()}
}

// typ is what is known of the table's result.
func (t *table) typ() feel.Type {
	one := t.outputs[0].typ
	if len(t.outputs) > 1 {
		fields := make([]feel.Param, len(t.outputs))
		for i, o := range t.outputs {
			fields[i] = feel.Param{Name: t.names[i], Type: o.typ}
		}
		one = feel.ContextOf(fields...)
	}
	switch {
	case t.count:
		return feel.NumberType
	case t.policy.many() && t.sum == nil:
		return feel.ListOf(one)
	}
	return one
}

func (c *compiler) aggregation(u *unit, t *table) {
	var name string
	switch agg := t.el.Attr("aggregation"); agg {
	case "":
		return
	case "SUM", "MIN", "MAX":
		name = strings.ToLower(agg)
	case "COUNT":
		t.count = true
		return
	default:
		c.problem(u, t.el, "dmn.aggregation", "aggregation", agg)
		return
	}
	if t.policy == collect {
		t.sum = c.expr(u, t.el, name+"(values)", feel.NewScope().Var("values", feel.AnyType))
	}
}

func (c *compiler) inputClause(u *unit, e *element, scope *feel.Scope) inputClause {
	in := inputClause{el: e, run: nothing, cells: map[string]*feel.Expr{}}
	x := e.Child("inputExpression")
	if x == nil {
		c.problem(u, e, "dmn.part", "part", "inputExpression")
		return in
	}
	l := c.literal(u, x, scope)
	in.text, in.run, in.typ = x.ChildText("text"), l.run, c.typeOf(u, x)
	if in.typ.Kind() == feel.KindAny {
		in.typ = l.typ
	}
	if v := e.Child("inputValues"); v != nil && v.ChildText("text") != "" {
		in.allowed = c.tests(u, v, v.ChildText("text"), in.typ, scope)
		in.domain = in.allowed
	} else if def := u.items.defs[strings.TrimSpace(x.Attr("typeRef"))]; def != nil {
		if v := def.Child("allowedValues"); v != nil && v.ChildText("text") != "" {
			in.domain = c.tests(u, v, v.ChildText("text"), in.typ, scope)
		}
	}
	return in
}

func (c *compiler) outputClause(u *unit, e *element, scope *feel.Scope) outputClause {
	out := outputClause{el: e, typ: c.typeOf(u, e)}
	src := ""
	if v := e.Child("outputValues"); v != nil {
		src = v.ChildText("text")
	} else if def := u.items.defs[strings.TrimSpace(e.Attr("typeRef"))]; def != nil {
		if v := def.Child("allowedValues"); v != nil {
			src = v.ChildText("text")
		}
	}
	if src != "" {
		// Values that are no plain list, such as "> 0", give no order.
		if x, err := feel.Compile("["+src+"]", scope); err == nil {
			if list, ok := x.Constant(); ok {
				out.allowed, _ = list.(feel.List)
			}
		}
	}
	if d := e.Child("defaultOutputEntry"); d != nil && d.ChildText("text") != "" {
		out.def = c.literal(u, d, scope).run
	}
	return out
}

func (c *compiler) rule(u *unit, t *table, e *element, annotations []string, scope *feel.Scope) rule {
	r := rule{el: e}
	entries := e.All("inputEntry")
	if len(entries) != len(t.inputs) {
		c.problem(u, e, "dmn.cells", "want", len(t.inputs), "got", len(entries))
		r.broke = true
	}
	for i, in := range t.inputs {
		var x *feel.Expr
		if i < len(entries) {
			if src := entries[i].ChildText("text"); src != "" && src != "-" {
				if x = in.cells[src]; x == nil {
					x = c.tests(u, entries[i], src, in.typ, scope)
				}
				if in.cells[src] = x; x == nil {
					r.broke = true
				}
			}
		}
		r.tests = append(r.tests, x)
	}
	outs := e.All("outputEntry")
	if len(outs) != len(t.outputs) {
		c.problem(u, e, "dmn.cells", "want", len(t.outputs), "got", len(outs))
	}
	for i, o := range t.outputs {
		run := code(nothing)
		if i < len(outs) {
			run = coerced(outs[i], o.typ, c.literal(u, outs[i], scope).run)
		}
		r.outs = append(r.outs, run)
	}
	for i, a := range e.All("annotationEntry") {
		note := Note{Text: a.ChildText("text")}
		if i < len(annotations) {
			note.Name = annotations[i]
		}
		if note.Text != "" {
			r.notes = append(r.notes, note)
		}
	}
	if d := e.ChildText("description"); d != "" {
		r.notes = append(r.notes, Note{Text: d})
	}
	return r
}

// eval computes the table.
func (t *table) eval(r *run, env *feel.Env) feel.Value {
	vals := make([]feel.Value, len(t.inputs))
	for i := range t.inputs {
		in := &t.inputs[i]
		v := in.run(r, env)
		if v != nil && in.allowed != nil && in.allowed.Test(env, v) != true {
			return r.fail(env, in.el, "dmn.allowed", "input", in.text, "value", feel.Format(v))
		}
		vals[i] = v
	}
	if !env.Spend(1 + len(t.rules)/64) {
		r.note(t.el)
		return nil
	}
	m := t.match(env, vals)
	r.note(t.el)
	open := t.undetermined(&m)
	r.open = r.open || open
	v := t.result(r, env, &m)
	r.trace.table(t, vals, &m, open)
	return v
}

// matches are the rules that are met and those that can neither be met nor ruled out, as positions in ascending order.
type matches struct {
	hits, unknown []int
	defaulted     bool
	chosen        []int // the hits that made the result
}

// match tests the rules. A rule is met only when every test is true.
func (t *table) match(env *feel.Env, vals []feel.Value) matches {
	var m matches
	var scratch [32]uint64
	set, loose := t.index.candidates(vals, scratch[:0])
	set.each(func(i int) {
		rule := &t.rules[i]
		if rule.broke {
			return
		}
		unknown := false
		for _, col := range loose {
			x := rule.tests[col]
			if x == nil {
				continue
			}
			switch x.Test(env, vals[col]) {
			case true:
			case false:
				return
			default:
				unknown = true
			}
		}
		if unknown {
			m.unknown = append(m.unknown, i)
		} else {
			m.hits = append(m.hits, i)
		}
	})
	return m
}

// undetermined tells whether the rules that are unknown could change the outcome.
func (t *table) undetermined(m *matches) bool {
	switch {
	case len(m.unknown) == 0:
		return false
	case len(m.hits) == 0, t.policy.many(), t.policy == priority:
		return true
	case t.policy == first:
		return m.unknown[0] < m.hits[0]
	}
	return false
}
