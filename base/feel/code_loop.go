package feel

// compileFilter is list[index] or list[condition]; a value that is no list counts as a list of one, null as none.
func compileFilter(n *node) code {
	list, cond, pos := compile(n.kids[0]), compile(n.kids[1]), n.pos
	cost := cost(n.kids[1])
	return func(e *Env, l *local) Value {
		var xs List
		switch v := list(e, l).(type) {
		case nil:
		case List:
			xs = v
		default:
			xs = List{v}
		}
		e.at = pos
		if len(xs) == 0 {
			return filterEmpty(e, l, cond)
		}
		return filter(e, l, xs, cond, pos, cost)
	}
}

func filterEmpty(e *Env, l *local, cond code) Value {
	diags := len(e.root().Diagnostics)
	v := cond(e, &local{nil, l})
	e.root().Diagnostics = e.root().Diagnostics[:diags]
	if _, ok := v.(Number); ok {
		return nil
	}
	return List{}
}

func filter(e *Env, l *local, xs List, cond code, pos, cost int) Value {
	out := List{}
	for i, x := range xs {
		if !e.spend(cost) {
			return nil
		}
		switch c := cond(e, &local{x, l}).(type) {
		case bool:
			if c {
				out = append(out, x)
			}
		case Number:
			if i == 0 {
				e.at = pos
				return element(e, xs, c)
			}
		case nil:
		default:
			e.at = pos
			return e.fail("feel.filter", "got", kindOf(c).String())
		}
	}
	return out
}

// element is the n-th of xs, from the end for negative n.
func element(e *Env, xs List, n Number) Value {
	i, ok := n.Int64()
	if ok && i < 0 {
		i += int64(len(xs)) + 1
	}
	if !ok || i < 1 || i > int64(len(xs)) {
		return e.fail("feel.index", "index", n.String(), "length", len(xs))
	}
	return xs[i-1]
}

// compileSpan is the domain "a..b" of an iteration: integers or days, up or down.
func compileSpan(n *node) code {
	low, high, pos := compile(n.kids[0]), compile(n.kids[1]), n.pos
	return func(e *Env, l *local) Value {
		a, b := low(e, l), high(e, l)
		e.at = pos
		return span(e, a, b)
	}
}

func span(e *Env, a, b Value) Value {
	var from, to int64
	var make1 func(int64) Value
	switch x := a.(type) {
	case Number:
		y, ok := b.(Number)
		i, okI := x.Int64()
		j, okJ := y.Int64()
		if !ok || !okI || !okJ {
			return e.fail("feel.span")
		}
		from, to, make1 = i, j, func(i int64) Value { return NumberFromInt(i) }
	case Date:
		y, ok := b.(Date)
		if !ok {
			return e.fail("feel.span")
		}
		from, to, make1 = x.days(), y.days(), func(i int64) Value { return dateFromDays(i) }
	default:
		return e.fail("feel.span")
	}
	step, size := int64(1), to-from
	if to < from {
		step, size = -1, from-to
	}
	if size < 0 || size >= int64(e.maxList()) {
		return e.fail("feel.limit", "limit", "list", "max", e.maxList())
	}
	out := make(List, 0, size+1)
	for i := from; ; i += step {
		out = append(out, make1(i))
		if i == to {
			return out
		}
	}
}

// domainOf lists what an iteration runs over.
func domainOf(e *Env, v Value) (List, bool) {
	switch x := v.(type) {
	case nil:
		return nil, false
	case List:
		return x, true
	case Range:
		low, high := x.Low, x.High
		l, ok := span(e, low, high).(List)
		if !ok || x.LowAbsent || x.HighAbsent {
			return nil, false
		}
		if !x.LowClosed && len(l) > 0 {
			l = l[1:]
		}
		if !x.HighClosed && len(l) > 0 {
			l = l[:len(l)-1]
		}
		return l, true
	}
	return List{v}, true
}

// loop is one running for, some or every.
type loop struct {
	op      op
	domains []code
	body    code
	pos     int
	cost    int
	out     List
	unknown bool
	bad     bool // a domain is no list
}

func compileLoop(n *node) code {
	last := len(n.kids) - 1
	domains, body := compileAll(n.kids[:last]), compile(n.kids[last])
	cost := cost(n.kids[last])
	return func(e *Env, l *local) Value {
		run := loop{op: n.op, domains: domains, body: body, pos: n.pos, cost: cost}
		if n.op == opFor {
			run.out = List{}
			l = &local{run.out, l}
		}
		decided := run.turn(e, l, l, 0)
		switch {
		case run.bad || e.root().halted:
			return nil
		case n.op == opFor:
			return run.out
		case decided:
			return n.op == opSome
		case run.unknown:
			return nil
		}
		return n.op == opEvery
	}
}

// turn runs domain d and those inside it. It is true when the quantifier is decided. Base is the local that holds partial.
func (r *loop) turn(e *Env, l, base *local, d int) bool {
	if d == len(r.domains) {
		return r.visit(e, l, base)
	}
	v := r.domains[d](e, l)
	xs, ok := domainOf(e, v)
	if !ok {
		e.at = r.pos
		e.fail("feel.domain", "got", kindOf(v).String())
		r.bad = true
		return true
	}
	for _, x := range xs {
		if !e.spend(r.cost) {
			return true
		}
		if r.turn(e, &local{x, l}, base, d+1) {
			return true
		}
	}
	return false
}

func (r *loop) visit(e *Env, l, base *local) bool {
	if r.op == opFor {
		r.out = append(r.out, r.body(e, l))
		if len(r.out) > e.maxList() {
			e.fail("feel.limit", "limit", "list", "max", e.maxList())
			r.bad = true
			return true
		}
		n := len(r.out)
		base.v = r.out[:n:n]
		return false
	}
	b, ok := r.body(e, l).(bool)
	if !ok {
		r.unknown = true
		return false
	}
	return b == (r.op == opSome)
}
