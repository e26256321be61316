package feel

// in is the right side of "e in …": one positive unary test, or several in parentheses (grammar rule 49c).
func (p *parser) in(pos int, e *node) *node {
	p.push(localName{name: "?", typ: e.typ, input: true})
	n := &node{op: opIn, pos: pos, kids: []*node{e}, typ: BoolType}
	if p.peek("(") {
		n.kids = append(n.kids, p.parenTests()...)
	} else {
		n.kids = append(n.kids, p.test(false))
	}
	p.locals = p.locals[:len(p.locals)-1]
	in := e.input
	p.done(n)
	n.input = in
	p.checkTests(e, n.kids[1:])
	return n
}

// parenTests is "(t, t, …)" or an open range "(a..b]".
func (p *parser) parenTests() []*node {
	start := p.pos
	p.pos++
	first := p.test(true)
	if p.take("..") {
		return []*node{p.rangeTail(start, false, first)}
	}
	tests := []*node{first}
	for p.take(",") {
		tests = append(tests, p.test(true))
	}
	p.want(")")
	return tests
}

// test is one positive unary test. Inside parentheses and in unary tests a whole expression may stand.
func (p *parser) test(whole bool) *node {
	p.skip()
	pos := p.pos
	if o, ok := p.comparator(); ok {
		idx := 0
		for i := len(p.locals) - 1; i >= 0 && !p.locals[i].input; i-- {
			idx++
		}
		n := p.done(&node{op: opTest, pos: pos, cmp: o, idx: idx, kids: []*node{p.additive()}, typ: BoolType})
		n.input = true
		return n
	}
	if whole {
		return p.expression()
	}
	return p.additive()
}

// unaryTests is grammar rule 15: "-", "not(…)" or positive tests.
func (p *parser) unaryTests() *node {
	p.skip()
	n := &node{op: opTests, pos: p.pos, typ: BoolType}
	start := p.pos
	if p.take("-") {
		if p.skip(); p.pos == len(p.src) {
			return p.done(n)
		}
		p.pos = start
	}
	if p.takeWord("not") && p.peek("(") {
		p.pos++
		n.flag = true
		n.kids = p.testList()
		p.want(")")
		if p.skip(); p.pos == len(p.src) || p.err != nil {
			return p.done(n)
		}
		// not(…) was only the start of a longer expression.
		*n = node{op: opTests, pos: start, typ: BoolType}
	}
	if p.err == nil {
		p.pos = start
		n.kids = p.testList()
	}
	return p.done(n)
}

func (p *parser) testList() []*node {
	tests := []*node{p.test(true)}
	for p.take(",") {
		tests = append(tests, p.test(true))
	}
	return tests
}
