package feel

import (
	"slices"
	"strings"

	"chengshu/base/fault"
)

// translator turns a checked tree into conds.
type translator struct {
	x       *Expr
	columns func(path string) (Column, bool)
	params  []string
	clock   bool
}

func (t *translator) refuse(n *node) error {
	at := position(t.x.src, n.pos)
	end := min(max(n.end, n.pos), len(t.x.src))
	return fault.New(fault.Invalid, "feel.sql", "line", at.Line, "column", at.Column, "part", clip(strings.TrimSpace(t.x.src[n.pos:end])))
}

// path writes a chain of fields on a variable with dots, "" for anything else.
func path(n *node) string {
	switch n.op {
	case opVar:
		return n.name
	case opField:
		if p := path(n.kids[0]); p != "" {
			return p + "." + n.name
		}
	default:
	}
	return ""
}

func (t *translator) column(n *node) (Column, bool) {
	p := path(n)
	if p == "" {
		return Column{}, false
	}
	return t.columns(p)
}

// touches tells whether n reads a column anywhere.
func (t *translator) touches(n *node) bool {
	if n == nil {
		return false
	}
	if _, ok := t.column(n); ok {
		return true
	}
	return slices.ContainsFunc(n.kids, t.touches)
}

// constant is a part that reads neither a column nor the input of a test; it is computed when bound.
func (t *translator) constant(n *node) (func(w *sqlWriter) Value, bool) {
	if t.touches(n) || n.input {
		return nil, false
	}
	walk(n, func(n *node) {
		if n.op == opVar {
			t.params = append(t.params, n.name)
		}
		if f, ok := n.val.(*Function); ok && (f.name == "now" || f.name == "today") {
			t.clock = true
		}
	})
	run := compile(n)
	return func(w *sqlWriter) Value { return run(w.env, nil) }, true
}

// operand is one side of a comparison.
type operand struct {
	col   Column
	isCol bool
	value func(w *sqlWriter) Value
}

func (t *translator) operand(n *node) (operand, error) {
	if c, ok := t.column(n); ok {
		if c.List {
			return operand{}, t.refuse(n)
		}
		return operand{col: c, isCol: true}, nil
	}
	v, ok := t.constant(n)
	if !ok {
		return operand{}, t.refuse(n)
	}
	return operand{value: v}, nil
}

// cond translates a boolean part.
func (t *translator) cond(n *node) (cond, error) {
	if v, ok := t.constant(n); ok {
		return func(w *sqlWriter, _ bool) { w.truth(v(w)) }, nil
	}
	switch n.op {
	case opVar, opField:
		return t.boolColumn(n)
	case opAnd, opOr:
		return t.logic(n)
	case opEq, opNe, opLt, opLe, opGt, opGe:
		return t.comparison(n, n.op, n.kids[0], n.kids[1])
	case opBetween:
		low, err := t.comparison(n, opGe, n.kids[0], n.kids[1])
		if err != nil {
			return nil, err
		}
		high, err := t.comparison(n, opLe, n.kids[0], n.kids[2])
		if err != nil {
			return nil, err
		}
		return joined(" AND ", low, high), nil
	case opIn:
		return t.in(n)
	case opIf:
		return t.choice(n)
	case opCall:
		return t.call(n)
	default:
		return nil, t.refuse(n)
	}
}

func (t *translator) boolColumn(n *node) (cond, error) {
	c, ok := t.column(n)
	if !ok || c.Kind != ColumnBool || c.List {
		return nil, t.refuse(n)
	}
	return func(w *sqlWriter, _ bool) { w.put(c.SQL) }, nil
}

func (t *translator) logic(n *node) (cond, error) {
	kids := make([]cond, len(n.kids))
	for i, k := range n.kids {
		c, err := t.cond(k)
		if err != nil {
			return nil, err
		}
		kids[i] = c
	}
	if n.op == opAnd {
		return joined(" AND ", kids...), nil
	}
	return joined(" OR ", kids...), nil
}

func joined(sep string, kids ...cond) cond {
	return func(w *sqlWriter, exact bool) {
		w.put("(")
		for i, k := range kids {
			if i > 0 {
				w.put(sep)
			}
			k(w, exact)
		}
		w.put(")")
	}
}

// choice is "if": anything but true takes the else branch, as CASE does.
func (t *translator) choice(n *node) (cond, error) {
	var kids [3]cond
	for i, k := range n.kids {
		c, err := t.cond(k)
		if err != nil {
			return nil, err
		}
		kids[i] = c
	}
	return func(w *sqlWriter, exact bool) {
		w.put("CASE WHEN ")
		kids[0](w, false)
		w.put(" THEN ")
		kids[1](w, exact)
		w.put(" ELSE ")
		kids[2](w, exact)
		w.put(" END")
	}, nil
}

// in is the disjunction of its tests; an open test list of "e in (…)" or one list, range or value.
func (t *translator) in(n *node) (cond, error) {
	left, err := t.operand(n.kids[0])
	if err != nil {
		return nil, err
	}
	if !left.isCol {
		return t.valueIn(n, left)
	}
	tests := make([]cond, 0, len(n.kids)-1)
	for _, k := range n.kids[1:] {
		c, err := t.test(n, left.col, k)
		if err != nil {
			return nil, err
		}
		tests = append(tests, c)
	}
	if len(tests) == 1 {
		return tests[0], nil
	}
	return joined(" OR ", tests...), nil
}

func (t *translator) test(in *node, c Column, k *node) (cond, error) {
	if k.op == opTest {
		return t.comparison(k, k.cmp, in.kids[0], k.kids[0])
	}
	if k.input {
		return nil, t.refuse(k)
	}
	if k.op == opRange && t.touches(k) {
		return t.rangeTest(in.kids[0], k)
	}
	if _, ok := t.column(k); ok {
		return t.comparison(k, opEq, in.kids[0], k)
	}
	v, ok := t.constant(k)
	if !ok {
		return nil, t.refuse(k)
	}
	isRange := k.op == opRange
	return func(w *sqlWriter, exact bool) {
		val := v(w)
		if isRange && val == nil {
			w.truth(nil)
			return
		}
		w.memberTest(c, val, exact)
	}, nil
}

// valueIn is a value in a range or list of columns, such as today() in [start..end].
func (t *translator) valueIn(n *node, _ operand) (cond, error) {
	if len(n.kids) != 2 {
		return nil, t.refuse(n)
	}
	k := n.kids[1]
	if k.op == opTest {
		return t.comparison(k, k.cmp, n.kids[0], k.kids[0])
	}
	if k.op != opRange || k.input {
		return nil, t.refuse(n)
	}
	return t.rangeTest(n.kids[0], k)
}

// rangeTest is "e in [a..b]" where a bound is a column. A range whose bounds stand the wrong way round, or one of which
// is null, decides nothing: the result is null as in FEEL.
func (t *translator) rangeTest(e, r *node) (cond, error) {
	lowOp, highOp := opGt, opLt
	if r.rng.LowClosed {
		lowOp = opGe
	}
	if r.rng.HighClosed {
		highOp = opLe
	}
	var parts []cond
	if r.kids[0] != nil && !r.rng.LowAbsent {
		c, err := t.comparison(r, lowOp, e, r.kids[0])
		if err != nil {
			return nil, err
		}
		parts = append(parts, c)
	}
	if r.kids[1] != nil && !r.rng.HighAbsent {
		c, err := t.comparison(r, highOp, e, r.kids[1])
		if err != nil {
			return nil, err
		}
		parts = append(parts, c)
	}
	if len(parts) < 2 {
		return parts[0], nil
	}
	ordered, err := t.comparison(r, opLe, r.kids[0], r.kids[1])
	if err != nil {
		return nil, err
	}
	both := joined(" AND ", parts...)
	return func(w *sqlWriter, exact bool) {
		if !exact {
			both(w, false) // where the bounds cross, nothing lies between them: FALSE instead of NULL
			return
		}
		w.put("CASE WHEN ")
		ordered(w, false)
		w.put(" AND ")
		parts[0](w, true)
		w.put(" IS NOT NULL AND ")
		parts[1](w, true)
		w.put(" IS NOT NULL THEN ")
		both(w, true)
		w.put(" END")
	}, nil
}

// call is not, is defined, starts with, contains or list contains.
func (t *translator) call(n *node) (cond, error) {
	f, ok := n.kids[0].val.(*Function)
	if !ok || len(f.sigs) == 0 {
		return nil, t.refuse(n)
	}
	args := n.kids[1:]
	if n.names != nil {
		at, ok := f.sigs[0].places(n.names)
		if !ok {
			return nil, t.refuse(n)
		}
		args = make([]*node, len(at))
		for i, p := range at {
			if p >= len(at) {
				return nil, t.refuse(n)
			}
			args[p] = n.kids[i+1]
		}
	}
	switch {
	case f.name == "not" && len(args) == 1:
		inner, err := t.cond(args[0])
		if err != nil {
			return nil, err
		}
		return func(w *sqlWriter, _ bool) {
			w.put("NOT (")
			inner(w, true)
			w.put(")")
		}, nil
	case f.name == "is defined" && len(args) == 1:
		c, ok := t.column(args[0])
		if !ok || c.List {
			return nil, t.refuse(n)
		}
		return func(w *sqlWriter, _ bool) { w.put(c.SQL, " IS NOT NULL") }, nil
	case f.name == "starts with" && len(args) == 2:
		return t.startsWith(n, args[0], args[1])
	case f.name == "contains" && len(args) == 2:
		return t.contains(n, args[0], args[1])
	case f.name == "list contains" && len(args) == 2:
		return t.listContains(n, args[0], args[1])
	}
	return nil, t.refuse(n)
}
