package feel

// compileLogic is Kleene's and / or (DMN 1.5 table 50): anything that is no boolean counts as null.
func compileLogic(n *node) code {
	stop := n.op == opOr // the value that decides at once
	kids := compileAll(n.kids)
	return func(e *Env, l *local) Value {
		unknown := false
		for _, k := range kids {
			b, ok := k(e, l).(bool)
			switch {
			case !ok:
				unknown = true
			case b == stop:
				return stop
			}
		}
		if unknown {
			return nil
		}
		return !stop
	}
}

// compileCompare: "=" and "!=" are two-valued against null, ordering with null is null, different kinds compare to null.
func compileCompare(n *node) code {
	a, o, pos := compile(n.kids[0]), n.op, n.pos
	if lit, ok := n.kids[1].val.(Number); ok && n.kids[1].op == opLit {
		return func(e *Env, l *local) Value {
			v := a(e, l)
			if x, ok := v.(Number); ok {
				return holds(o, x.Cmp(lit))
			}
			e.at = pos
			return compare(e, o, v, lit)
		}
	}
	b := compile(n.kids[1])
	return func(e *Env, l *local) Value {
		x, y := a(e, l), b(e, l)
		e.at = pos
		return compare(e, o, x, y)
	}
}

func holds(o op, c int) bool {
	switch o {
	case opEq:
		return c == 0
	case opNe:
		return c != 0
	case opLt:
		return c < 0
	case opLe:
		return c <= 0
	case opGt:
		return c > 0
	default:
		return c >= 0
	}
}

func compare(e *Env, o op, x, y Value) Value {
	if o == opEq || o == opNe {
		eq, ok := equal(e, x, y)
		if !ok {
			return e.fail("feel.compare", "left", kindOf(x).String(), "right", kindOf(y).String())
		}
		return eq == (o == opEq)
	}
	if x == nil || y == nil {
		return nil
	}
	c, ok := order(e, x, y)
	if !ok {
		return e.fail("feel.compare", "left", kindOf(x).String(), "right", kindOf(y).String())
	}
	return holds(o, c)
}

func compileBetween(n *node) code {
	k, pos := compileAll(n.kids), n.pos
	return func(e *Env, l *local) Value {
		v, low, high := k[0](e, l), k[1](e, l), k[2](e, l)
		e.at = pos
		a, b := compare(e, opGe, v, low), compare(e, opLe, v, high)
		if a == false || b == false {
			return false
		}
		if a == nil || b == nil {
			return nil
		}
		return true
	}
}

// compileIn is "e in tests". Constant tests need no local for the input.
func compileIn(n *node) code {
	e0, pos := compile(n.kids[0]), n.pos
	if len(n.kids) == 2 {
		if w, ok := constant(n.kids[1]); ok {
			if _, isBool := w.(bool); !isBool {
				return func(e *Env, l *local) Value {
					v := e0(e, l)
					e.at = pos
					return member(e, v, w)
				}
			}
		}
	}
	tests := compileAll(n.kids[1:])
	return func(e *Env, l *local) Value {
		v := e0(e, l)
		inner := &local{v, l}
		return anyTest(e, inner, v, tests, n.kids[1:])
	}
}

// anyTest is the disjunction of unary tests of v.
func anyTest(e *Env, l *local, v Value, tests []code, nodes []*node) Value {
	unknown := false
	for i, t := range tests {
		w := t(e, l)
		e.at = nodes[i].pos
		switch r := applyTest(e, v, w, nodes[i]); r {
		case true:
			return true
		case false:
		default:
			unknown = true
		}
	}
	if unknown {
		return nil
	}
	return false
}

// applyTest: a test that mentions the input is its own result; so is a boolean where the input is none.
func applyTest(e *Env, v, w Value, n *node) Value {
	b, isBool := w.(bool)
	if isBool {
		_, vBool := v.(bool)
		if n.input || !vBool && v != nil {
			return b
		}
	}
	if w == nil && (n.input || n.op == opRange) {
		return nil
	}
	return member(e, v, w)
}

func compileTest(n *node) code {
	b, o, idx, pos := compile(n.kids[0]), n.cmp, n.idx, n.pos
	return func(e *Env, l *local) Value {
		y := b(e, l)
		e.at = pos
		return compare(e, o, l.at(idx), y)
	}
}

// compileTests is a cell of a decision table; no test at all is "-".
func compileTests(n *node) code {
	if len(n.kids) == 0 {
		return func(*Env, *local) Value { return true }
	}
	tests := compileAll(n.kids)
	return func(e *Env, l *local) Value {
		v := anyTest(e, l, l.at(0), tests, n.kids)
		if b, ok := v.(bool); ok && n.flag {
			return !b
		}
		return v
	}
}
