package feel

// code is one compiled expression. It never changes the locals it is given.
type code func(e *Env, l *local) Value

// local is one bound local name; the innermost comes first.
type local struct {
	v    Value
	next *local
}

func (l *local) at(i int) Value {
	for ; i > 0 && l != nil; i-- {
		l = l.next
	}
	if l == nil {
		return nil
	}
	return l.v
}

// compile turns a checked tree into closures.
func compile(n *node) code {
	switch n.op {
	case opLit:
		v := n.val
		return func(*Env, *local) Value { return v }
	case opVar:
		return compileVar(n)
	case opLocal:
		return compileLocal(n.idx)
	case opDyn:
		return compileDyn(n)
	case opField:
		return compileField(n)
	case opFilter:
		return compileFilter(n)
	case opCall:
		return compileCall(n)
	case opNeg:
		return compileNeg(n)
	case opAdd, opSub, opMul, opDiv, opPow:
		return compileArith(n)
	case opAnd, opOr:
		return compileLogic(n)
	case opEq, opNe, opLt, opLe, opGt, opGe:
		return compileCompare(n)
	case opBetween:
		return compileBetween(n)
	case opIn:
		return compileIn(n)
	case opTest:
		return compileTest(n)
	case opTests:
		return compileTests(n)
	case opInstance:
		return compileInstance(n)
	case opIf:
		return compileIf(n)
	case opFor, opSome, opEvery:
		return compileLoop(n)
	case opFunc:
		return compileFunc(n)
	case opList:
		return compileList(n)
	case opContext:
		return compileContext(n)
	case opRange:
		return compileRange(n)
	case opSpan:
		return compileSpan(n)
	}
	return func(*Env, *local) Value { return nil }
}

// cost is what one turn of a loop or one call of a function spends: about a step for each four nodes.
func cost(n *node) int {
	nodes := 0
	walk(n, func(*node) { nodes++ })
	return 1 + nodes/4
}

func compileAll(nodes []*node) []code {
	out := make([]code, len(nodes))
	for i, n := range nodes {
		out[i] = compile(n)
	}
	return out
}

func compileVar(n *node) code {
	name, pos := n.name, n.pos
	return func(e *Env, _ *local) Value {
		if e.Vars != nil {
			if v, ok := e.Vars.Get(name); ok {
				return own(v)
			}
		}
		e.at = pos
		return e.fail("feel.missing", "name", name)
	}
}

// own makes sure that a value from outside is a FEEL value.
func own(v Value) Value {
	switch v.(type) {
	case nil, string, Number, bool, Date, DateTime, List, *Context, Time, Duration, Months, Range, *Function:
		return v
	}
	return FromGo(v)
}

func compileLocal(idx int) code {
	switch idx {
	case 0:
		return func(_ *Env, l *local) Value { return l.at(0) }
	case 1:
		return func(_ *Env, l *local) Value { return l.at(1) }
	}
	return func(_ *Env, l *local) Value { return l.at(idx) }
}

// compileDyn reads a field of a filter's item, or what the name means outside when the item has no such field.
func compileDyn(n *node) code {
	idx, name, pos := n.idx, n.name, n.pos
	var outer code
	if len(n.kids) > 0 {
		outer = compile(n.kids[0])
	}
	return func(e *Env, l *local) Value {
		if c, ok := l.at(idx).(Vars); ok {
			if v, ok := c.Get(name); ok {
				return own(v)
			}
		}
		if outer != nil {
			return outer(e, l)
		}
		e.at = pos
		return e.fail("feel.missing", "name", name)
	}
}

func compileField(n *node) code {
	of, name, pos := compile(n.kids[0]), n.name, n.pos
	return func(e *Env, l *local) Value {
		v := of(e, l)
		if c, ok := v.(*Context); ok {
			if f, ok := c.vals[name]; ok {
				return f
			}
		}
		e.at = pos
		return field(e, v, name)
	}
}

// field is v.name: of every element for a list.
func field(e *Env, v Value, name string) Value {
	switch x := v.(type) {
	case nil:
		return nil
	case List:
		if !e.spend(len(x)) {
			return nil
		}
		out := make(List, len(x))
		for i, el := range x {
			out[i] = field(e, el, name)
		}
		return out
	case Vars:
		if f, ok := x.Get(name); ok {
			return own(f)
		}
	default:
		if f, ok := property(v, name); ok {
			return f
		}
	}
	return e.fail("feel.missing", "name", name)
}

func compileIf(n *node) code {
	cond, then, els := compile(n.kids[0]), compile(n.kids[1]), compile(n.kids[2])
	return func(e *Env, l *local) Value {
		switch cond(e, l) {
		case true:
			return then(e, l)
		case nil:
			e.root().Undecided = true
		}
		return els(e, l)
	}
}

func compileList(n *node) code {
	if v, ok := constant(n); ok {
		return func(*Env, *local) Value { return v }
	}
	kids := compileAll(n.kids)
	return func(e *Env, l *local) Value {
		out := make(List, len(kids))
		for i, k := range kids {
			out[i] = k(e, l)
		}
		return out
	}
}

// constant folds lists and ranges of literals, so that they are made once.
func constant(n *node) (Value, bool) {
	switch n.op {
	case opLit:
		return n.val, true
	case opList:
		out := make(List, len(n.kids))
		for i, k := range n.kids {
			v, ok := constant(k)
			if !ok {
				return nil, false
			}
			out[i] = v
		}
		return out, true
	default:
		return nil, false
	}
}

func compileContext(n *node) code {
	kids, names := compileAll(n.kids), n.names
	return func(e *Env, l *local) Value {
		c := &Context{keys: names, vals: make(map[string]Value, len(names))}
		for i, k := range kids {
			v := k(e, l)
			c.vals[names[i]] = v
			l = &local{v, l}
		}
		return c
	}
}

func compileRange(n *node) code {
	r, pos := n.rng, n.pos
	var low, high code
	if n.kids[0] != nil {
		low = compile(n.kids[0])
	}
	if n.kids[1] != nil {
		high = compile(n.kids[1])
	}
	return func(e *Env, l *local) Value {
		r := r
		if low != nil {
			r.Low = low(e, l)
		}
		if high != nil {
			r.High = high(e, l)
		}
		if low == nil || high == nil {
			return r
		}
		e.at = pos
		return checkRange(e, r)
	}
}

// checkRange refuses bounds that do not compare or stand the wrong way round; a null bound stays, the range is then
// unable to decide.
func checkRange(e *Env, r Range) Value {
	for _, b := range [...]Value{r.Low, r.High} {
		if !ordered(kindOf(b)) {
			return e.fail("feel.range", "got", kindOf(b).String())
		}
	}
	if r.Low == nil || r.High == nil {
		return r
	}
	c, ok := order(e, r.Low, r.High)
	if !ok || c > 0 {
		return e.fail("feel.range", "got", kindOf(r.High).String())
	}
	return r
}

func compileInstance(n *node) code {
	k, t := compile(n.kids[0]), n.is
	return func(e *Env, l *local) Value { return t.Has(k(e, l)) }
}

func compileFunc(n *node) code {
	params, gives := n.params, n.typ.Elem()
	if n.flag {
		return func(*Env, *local) Value {
			return &Function{params: params, call: func(e *Env, _ []Value) Value { return e.fail("feel.external") }}
		}
	}
	body, cost := compile(n.kids[0]), cost(n.kids[0])
	return func(home *Env, l *local) Value {
		expr, zone := home.expr, home.local
		return &Function{params: params, gives: gives, call: func(e *Env, args []Value) Value {
			if !e.spend(cost) {
				return nil
			}
			inner := l
			for _, a := range args {
				inner = &local{a, inner}
			}
			if e == home && e.expr == expr {
				return body(e, inner)
			}
			// Called from elsewhere: the body's names and positions are those of its own expression.
			own := e.With(home.Vars)
			own.expr, own.local = expr, zone
			return body(own, inner)
		}}
	}
}

func compileCall(n *node) code {
	pos, names, args := n.pos, n.names, compileAll(n.kids[1:])
	callee := compile(n.kids[0])
	return func(e *Env, l *local) Value {
		f, ok := callee(e, l).(*Function)
		if !ok {
			e.at = pos
			return e.fail("feel.no-function")
		}
		vals := make([]Value, len(args))
		for i, a := range args {
			vals[i] = a(e, l)
		}
		e.at = pos
		return f.invoke(e, vals, names)
	}
}
