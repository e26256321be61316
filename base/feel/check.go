package feel

import "strings"

// The type check runs while the tree is built. It refuses only what is certain: a value of unknown type passes and is
// judged when evaluated. In a lenient scope nothing is refused.

func (p *parser) mismatch(pos int, code string, args ...any) {
	if !p.scope.lenient {
		p.failAt(pos, code, args...)
	}
}

// certain refuses n when it certainly is not of kind k.
func (p *parser) certain(n *node, k Kind) {
	if t := n.typ.kind; t != KindAny && t != KindNull && t != k {
		p.mismatch(n.pos, "feel.type", "want", k.String(), "got", n.typ.String())
	}
}

func (p *parser) logic(o op, pos int, kids []*node) *node {
	for _, k := range kids {
		p.certain(k, KindBool)
	}
	return p.done(&node{op: o, pos: pos, kids: kids, typ: BoolType})
}

func ordered(k Kind) bool {
	switch k {
	case KindAny, KindNull, KindNumber, KindString, KindDate, KindTime, KindDateTime, KindDuration, KindMonths:
		return true
	default:
		return false
	}
}

func (p *parser) compare(o op, pos int, a, b *node) *node {
	p.comparable(o, pos, a.typ, b.typ)
	return p.done(&node{op: o, pos: pos, kids: []*node{a, b}, typ: BoolType})
}

func (p *parser) comparable(o op, pos int, a, b Type) {
	unknown := a.kind == KindAny || b.kind == KindAny || a.kind == KindNull || b.kind == KindNull
	fits := unknown || a.kind == b.kind
	if o != opEq && o != opNe {
		fits = fits && ordered(a.kind) && ordered(b.kind)
	}
	if !fits {
		p.mismatch(pos, "feel.compare", "left", a.String(), "right", b.String())
	}
}

func (p *parser) between(pos int, e, low, high *node) *node {
	p.comparable(opLe, pos, e.typ, low.typ)
	p.comparable(opLe, pos, e.typ, high.typ)
	return p.done(&node{op: opBetween, pos: pos, kids: []*node{e, low, high}, typ: BoolType})
}

// checkTests refuses tests that can never apply to the input.
func (p *parser) checkTests(e *node, tests []*node) {
	for _, t := range tests {
		switch {
		case t.op == opTest:
			p.comparable(t.cmp, t.pos, e.typ, t.kids[0].typ)
		case t.input || t.typ.kind == KindBool:
		case t.typ.kind == KindList:
			el := t.typ.Elem()
			if el.kind == KindRange {
				el = el.Elem()
			}
			if e.typ.kind != KindList {
				p.comparable(opEq, t.pos, e.typ, el)
			}
		case t.typ.kind == KindRange:
			p.comparable(opLt, t.pos, e.typ, t.typ.Elem())
		default:
			p.comparable(opEq, t.pos, e.typ, t.typ)
		}
	}
}

func (p *parser) arith(o op, pos int, a, b *node) *node {
	t, ok := arithType(o, a.typ.kind, b.typ.kind)
	if !ok {
		p.mismatch(pos, "feel.arithmetic", "operator", opSigns[o], "left", a.typ.String(), "right", b.typ.String())
	}
	return p.done(&node{op: o, pos: pos, kids: []*node{a, b}, typ: t})
}

// arithType is the result of an operator (DMN 1.5 table 45 and §10.3.2.12).
func arithType(o op, a, b Kind) (Type, bool) {
	if a == KindAny || b == KindAny || a == KindNull || b == KindNull {
		if o == opPow {
			return NumberType, true
		}
		return AnyType, true
	}
	temporal := func(k Kind) bool { return k == KindDate || k == KindDateTime }
	span := func(k Kind) bool { return k == KindDuration || k == KindMonths }
	num := a == KindNumber && b == KindNumber
	switch {
	case num:
		return NumberType, true
	case o == opAdd && a == KindString && b == KindString:
		return StringType, true
	case (o == opAdd || o == opSub) && a == b && span(a):
		return Type{kind: a}, true
	case (o == opAdd || o == opSub) && (temporal(a) && span(b) || a == KindTime && b == KindDuration):
		return Type{kind: a}, true
	case o == opAdd && (temporal(b) && span(a) || b == KindTime && a == KindDuration):
		return Type{kind: b}, true
	case o == opSub && (temporal(a) && temporal(b) || a == KindTime && b == KindTime):
		return DurationType, true
	case (o == opMul || o == opDiv) && span(a) && b == KindNumber:
		return Type{kind: a}, true
	case o == opMul && a == KindNumber && span(b):
		return Type{kind: b}, true
	case o == opDiv && a == b && span(a):
		return NumberType, true
	}
	return AnyType, false
}

func (p *parser) negate(pos int, n *node) *node {
	switch n.typ.kind {
	case KindAny, KindNull, KindNumber, KindDuration, KindMonths:
	default:
		p.mismatch(pos, "feel.arithmetic", "operator", "-", "left", "", "right", n.typ.String())
	}
	if num, ok := n.val.(Number); ok && n.op == opLit {
		return p.done(&node{op: opLit, pos: pos, val: num.neg(), typ: NumberType})
	}
	t := n.typ
	if k := t.kind; k != KindNumber && k != KindDuration && k != KindMonths {
		t = AnyType
	}
	return p.done(&node{op: opNeg, pos: pos, kids: []*node{n}, typ: t})
}

func (p *parser) filtered(pos int, list, cond *node) *node {
	n := &node{op: opFilter, pos: pos, kids: []*node{list, cond}}
	elem := list.typ
	if elem.kind == KindList {
		elem = elem.Elem()
	}
	switch cond.typ.kind {
	case KindNumber:
		n.typ = elem
	case KindBool:
		n.typ = ListOf(elem)
	case KindAny, KindNull:
	default:
		p.mismatch(cond.pos, "feel.filter", "got", cond.typ.String())
	}
	return p.done(n)
}

func (p *parser) ranged(start int, r Range, low, high *node) *node {
	p.comparable(opLe, start, low.typ, high.typ)
	return p.done(&node{op: opRange, pos: start, rng: r, kids: []*node{low, high}, typ: RangeOf(join(low.typ, high.typ))})
}

// unaryRange is "(< 5)" as a value: an interval without its other bound.
func (p *parser) unaryRange(start int, o op, e *node) *node {
	n := &node{op: opRange, pos: start, typ: RangeOf(e.typ)}
	switch o {
	case opLt, opLe:
		n.rng = Range{LowAbsent: true, HighClosed: o == opLe}
		n.kids = []*node{nil, e}
	case opGt, opGe:
		n.rng = Range{HighAbsent: true, LowClosed: o == opGe}
		n.kids = []*node{e, nil}
	case opEq:
		n.rng = Range{LowClosed: true, HighClosed: true}
		n.kids = []*node{e, e}
	default:
		p.failAt(start, "feel.syntax", "near", "!=")
	}
	return p.done(n)
}

// temporalFields are the properties of values that are no contexts (DMN 1.5 table 65).
func temporalFields(k Kind) []Param {
	n := NumberType
	date := []Param{{Name: "year", Type: n}, {Name: "month", Type: n}, {Name: "day", Type: n}, {Name: "weekday", Type: n}}
	clock := []Param{
		{Name: "hour", Type: n},
		{Name: "minute", Type: n},
		{Name: "second", Type: n},
		{Name: "time offset", Type: DurationType},
		{Name: "timezone", Type: StringType},
	}
	switch k {
	case KindDate:
		return date
	case KindTime:
		return clock
	case KindDateTime:
		return append(date, clock...)
	case KindDuration:
		return []Param{{Name: "days", Type: n}, {Name: "hours", Type: n}, {Name: "minutes", Type: n}, {Name: "seconds", Type: n}}
	case KindMonths:
		return []Param{{Name: "years", Type: n}, {Name: "months", Type: n}}
	case KindRange:
		return []Param{{Name: "start"}, {Name: "end"}, {Name: "start included", Type: BoolType}, {Name: "end included", Type: BoolType}}
	default:
		return nil
	}
}

// field is the path n.name.
func (p *parser) field(pos, at int, n *node, name string) *node {
	t, lists := n.typ, 0
	for ; t.kind == KindList; t = t.Elem() {
		lists++
	}
	var res Type
	known := t.fields
	if t.kind != KindContext {
		known = temporalFields(t.kind)
	}
	found := t.kind == KindAny || t.kind == KindNull || t.kind == KindContext && !t.shaped
	for _, f := range known {
		if f.Name == name {
			res, found = f.Type, true
		}
	}
	if t.kind == KindRange && (name == "start" || name == "end") {
		res = t.Elem()
	}
	if !found {
		names := make([]string, 0, len(known))
		for _, f := range known {
			names = append(names, f.Name)
		}
		p.mismatch(at, "feel.unknown-field", "name", name, "of", t.String(), "nearest", nearestOf(name, names))
	}
	if lists > 0 {
		res = ListOf(res)
	}
	return p.done(&node{op: opField, pos: pos, name: name, kids: []*node{n}, typ: res})
}

// checkCall finds the form that is called, refuses arguments that certainly do not fit and sets the result type.
func (p *parser) checkCall(n *node) {
	callee := n.kids[0]
	switch callee.typ.kind {
	case KindFunction, KindAny:
	case KindNull:
	default:
		p.mismatch(n.pos, "feel.no-function", "got", callee.typ.String())
		return
	}
	f, ok := callee.val.(*Function)
	switch {
	case ok && callee.op == opLit && len(f.sigs) > 0:
		p.checkBuiltin(n, f)
	case callee.typ.kind == KindFunction:
		n.typ = callee.typ.Elem()
		if callee.typ.shaped && p.err == nil {
			p.checkArgs(n, f, callee.typ.fields)
		}
	}
}

func (p *parser) checkArgs(n *node, f *Function, params []Param) {
	name := ""
	if f != nil {
		name = f.name
	}
	args := n.kids[1:]
	given := make([]bool, len(params))
	for i, a := range args {
		at := i
		if n.names != nil {
			at = -1
			for j, prm := range params {
				if prm.Name == n.names[i] {
					at = j
				}
			}
		}
		if at < 0 || at >= len(params) || given[at] {
			p.mismatch(n.pos, "feel.arguments", "function", name)
			return
		}
		given[at] = true
		if !params[at].Type.accepts(a.typ) {
			p.mismatch(a.pos, "feel.argument", "function", name, "parameter", params[at].Name,
				"want", params[at].Type.String(), "got", a.typ.String())
		}
	}
	for i, prm := range params {
		if !given[i] && !prm.Optional {
			p.mismatch(n.pos, "feel.arguments", "function", name, "missing", prm.Name)
		}
	}
}

func (p *parser) checkBuiltin(n *node, f *Function) {
	types := make([]Type, len(n.kids)-1)
	for i, k := range n.kids[1:] {
		types[i] = k.typ
	}
	possible := 0
	for i := range f.sigs {
		if f.sigs[i].fits(types, n.names) {
			if possible++; possible == 1 {
				n.typ = f.sigs[i].resultType(types)
			} else if r := f.sigs[i].resultType(types); r.kind != n.typ.kind {
				n.typ = AnyType
			}
		}
	}
	if possible == 0 && p.err == nil {
		got := make([]string, len(types))
		for i, t := range types {
			got[i] = t.String()
		}
		p.mismatch(n.pos, "feel.arguments", "function", f.name, "got", strings.Join(got, ", "))
	}
}
