package feel

// Compare orders two values of one ordered kind: -1, 0 or 1. It is false for values that have no order, null included,
// and for a local time against one with a zone.
func Compare(a, b Value) (c int, ok bool) { return order(nil, a, b) }

// KindOf is the kind of a value.
func KindOf(v Value) Kind { return kindOf(v) }

// Elements lists what an iteration over v runs through: the elements of a list, the integers or days of a range, v alone
// for anything else. Null, and a range without both bounds, give false.
func Elements(e *Env, v Value) (List, bool) { return domainOf(e, v) }

// CallNamed runs f with arguments by name, as f(name: value, …). An unknown name or a missing argument gives null and a
// diagnostic in e.
func (f *Function) CallNamed(e *Env, names []string, args []Value) Value {
	if names == nil {
		names = []string{}
	}
	return f.invoke(e, args, names)
}

// Constant gives the value of an expression that reads no name and calls no function, such as a literal or a list of
// literals.
func (x *Expr) Constant() (Value, bool) {
	if x.tests {
		return nil, false
	}
	return constant(x.root)
}

// Spans tells which values pass unary tests that are made of literals only: those in one of the intervals, or in none of
// them when negated. A single value is an interval with twice that bound; the test "-" gives the interval without bounds.
// ok is false for tests that read names, mention the input inside an expression or hold null.
func (x *Expr) Spans() (spans []Range, negated, ok bool) {
	if !x.tests {
		return nil, false, false
	}
	if len(x.root.kids) == 0 {
		return []Range{{LowAbsent: true, HighAbsent: true}}, false, true
	}
	for _, k := range x.root.kids {
		if spans, ok = addSpans(spans, k); !ok {
			return nil, false, false
		}
	}
	return spans, x.root.flag, true
}

func addSpans(spans []Range, n *node) ([]Range, bool) {
	switch n.op {
	case opTest:
		v, ok := fold(n.kids[0])
		return append(spans, comparison(n.cmp, v)...), ok && n.idx == 0 && ordered(kindOf(v)) && v != nil
	case opRange:
		r := n.rng
		for i, bound := range []*Value{&r.Low, &r.High} {
			if n.kids[i] == nil {
				continue
			}
			v, ok := fold(n.kids[i])
			if !ok || v == nil {
				return nil, false
			}
			*bound = v
		}
		if c, ok := Compare(r.Low, r.High); !r.LowAbsent && !r.HighAbsent && (!ok || c > 0) {
			return nil, false
		}
		return append(spans, r), true
	case opList:
		for _, k := range n.kids {
			more, ok := addSpans(spans, k)
			if !ok {
				return nil, false
			}
			spans = more
		}
		return spans, true
	default:
		v, ok := fold(n)
		_, isBool := v.(bool)
		return append(spans, single(v)), ok && v != nil && (isBool || ordered(kindOf(v)))
	}
}

func single(v Value) Range { return Range{Low: v, High: v, LowClosed: true, HighClosed: true} }

func comparison(o op, v Value) []Range {
	below, above := Range{LowAbsent: true, High: v}, Range{Low: v, HighAbsent: true}
	switch o {
	case opEq:
		return []Range{single(v)}
	case opNe:
		return []Range{below, above}
	case opLt, opLe:
		below.HighClosed = o == opLe
		return []Range{below}
	default:
		above.LowClosed = o == opGe
		return []Range{above}
	}
}

// fold is constant, and the date("…") and duration("…") of a text.
func fold(n *node) (Value, bool) {
	if n.op != opCall || len(n.kids) != 2 {
		return constant(n)
	}
	f, isFunc := n.kids[0].val.(*Function)
	s, isText := n.kids[1].val.(string)
	if !isFunc || !isText || n.kids[0].op != opLit || n.kids[1].op != opLit || n.names != nil {
		return nil, false
	}
	switch f.name {
	case "date", "duration":
		v := f.invoke(&Env{}, []Value{s}, nil)
		return v, v != nil
	}
	return nil, false
}

// Spend takes n steps from the limit of the evaluation; false when there are none left, then everything gives null.
// Loops outside an expression use it.
func (e *Env) Spend(n int) bool { return e.spend(n) }
