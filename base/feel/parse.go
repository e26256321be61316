package feel

import (
	"strings"
	"unicode/utf8"

	"chengshu/base/fault"
)

// parser is a recursive descent parser that knows the scope. The first fault sticks: from then on the parser stands at
// the end of the source and every production returns quickly.
type parser struct {
	src      string
	pos      int
	scope    *Scope
	locals   []localName
	keys     map[string][]entry // keys of context literals seen so far, for paths
	depth    int
	maxDepth int
	work     int // productions begun; trying whether "[" closes a range may repeat some, within a bound
	err      *fault.Error
	inRange  bool // an endpoint is being parsed: "[" may close the range
}

// localName is one runtime local while its body is parsed.
type localName struct {
	name   string
	tokens []string
	typ    Type
	item   bool // the item of a filter: its fields are names
	input  bool // the input of unary tests
}

func (p *parser) failAt(pos int, code string, args ...any) {
	if p.err != nil {
		return
	}
	at := position(p.src, pos)
	p.err = fault.New(fault.Invalid, code, append([]any{"line", at.Line, "column", at.Column}, args...)...)
	p.pos = len(p.src)
}

func (p *parser) syntax() *node {
	p.failAt(p.pos, "feel.syntax", "near", clip(p.src[min(p.pos, len(p.src)):]))
	return p.null()
}

func (p *parser) null() *node { return &node{op: opLit, pos: p.pos, end: p.pos, typ: NullType} }

// nest counts nesting; false when too deep.
func (p *parser) nest() bool {
	p.work++
	if p.depth++; p.depth > p.maxDepth || p.work > 8*len(p.src)+1000 {
		at := position(p.src, p.pos)
		if p.err == nil {
			p.err = fault.New(fault.TooLarge, "feel.deep", "line", at.Line, "column", at.Column, "max", p.maxDepth)
			p.pos = len(p.src)
		}
	}
	return p.err == nil
}

// skip passes white space and comments.
func (p *parser) skip() {
	for {
		p.pos = blank(p.src, p.pos)
		rest := p.src[p.pos:]
		switch {
		case strings.HasPrefix(rest, "//"):
			if n := strings.IndexByte(rest, '\n'); n >= 0 {
				p.pos += n
			} else {
				p.pos = len(p.src)
			}
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				p.syntax()
				return
			}
			p.pos += n + 4
		default:
			return
		}
	}
}

// peek tells whether the symbol comes next.
func (p *parser) peek(sym string) bool {
	p.skip()
	return strings.HasPrefix(p.src[p.pos:], sym)
}

// take passes the symbol if it comes next.
func (p *parser) take(sym string) bool {
	if !p.peek(sym) {
		return false
	}
	p.pos += len(sym)
	return true
}

func (p *parser) want(sym string) {
	if !p.take(sym) {
		p.failAt(p.pos, "feel.expected", "want", sym, "near", clip(p.src[p.pos:]))
	}
}

// peekWord tells whether the keyword comes next.
func (p *parser) peekWord(w string) bool {
	p.skip()
	return strings.HasPrefix(p.src[p.pos:], w) && word(p.src, p.pos) == p.pos+len(w)
}

func (p *parser) takeWord(w string) bool {
	if !p.peekWord(w) {
		return false
	}
	p.pos += len(w)
	return true
}

func (p *parser) wantWord(w string) {
	if !p.takeWord(w) {
		p.failAt(p.pos, "feel.expected", "want", w, "near", clip(p.src[p.pos:]))
	}
}

// atName tells whether a name can start here.
func (p *parser) atName() bool {
	p.skip()
	r, _ := utf8.DecodeRuneInString(p.src[p.pos:])
	return p.pos < len(p.src) && nameStart(r)
}

// expression is grammar rule 1.
func (p *parser) expression() *node {
	defer func(d int) { p.depth = d }(p.depth)
	if !p.nest() {
		return p.null()
	}
	in := p.inRange
	p.inRange = false
	n := p.disjunction()
	p.inRange = in
	return n
}

func (p *parser) disjunction() *node {
	p.skip()
	pos := p.pos
	n := p.conjunction()
	if !p.peekWord("or") {
		return n
	}
	kids := []*node{n}
	for p.takeWord("or") {
		kids = append(kids, p.conjunction())
	}
	return p.logic(opOr, pos, kids)
}

func (p *parser) conjunction() *node {
	p.skip()
	pos := p.pos
	n := p.comparison()
	if !p.peekWord("and") {
		return n
	}
	kids := []*node{n}
	for p.takeWord("and") {
		kids = append(kids, p.comparison())
	}
	return p.logic(opAnd, pos, kids)
}

// comparator passes a comparison operator.
func (p *parser) comparator() (op, bool) {
	switch {
	case p.take("!="):
		return opNe, true
	case p.take("<="):
		return opLe, true
	case p.take(">="):
		return opGe, true
	case p.take("<"):
		return opLt, true
	case p.take(">"):
		return opGt, true
	case p.take("="):
		return opEq, true
	}
	return 0, false
}

func (p *parser) comparison() *node {
	p.skip()
	pos := p.pos
	n := p.additive()
	for p.err == nil {
		if o, ok := p.comparator(); ok {
			n = p.compare(o, pos, n, p.additive())
			continue
		}
		switch {
		case p.takeWord("between"):
			low := p.additive()
			p.wantWord("and")
			n = p.between(pos, n, low, p.additive())
		case p.takeWord("in"):
			n = p.in(pos, n)
		default:
			return n
		}
	}
	return n
}

func (p *parser) additive() *node {
	p.skip()
	pos := p.pos
	n := p.multiplicative()
	for p.err == nil {
		switch {
		case p.take("+"):
			n = p.arith(opAdd, pos, n, p.multiplicative())
		case p.take("-"):
			n = p.arith(opSub, pos, n, p.multiplicative())
		default:
			return n
		}
	}
	return n
}

func (p *parser) multiplicative() *node {
	p.skip()
	pos := p.pos
	n := p.power()
	for p.err == nil {
		switch {
		case p.peek("**"):
			return n
		case p.take("*"):
			n = p.arith(opMul, pos, n, p.power())
		case p.take("/"):
			n = p.arith(opDiv, pos, n, p.power())
		default:
			return n
		}
	}
	return n
}

// power is left-associative, as the grammar and its test suite have it: 3 ** 4 ** 5 = (3 ** 4) ** 5.
func (p *parser) power() *node {
	p.skip()
	pos := p.pos
	n := p.negation()
	for p.take("**") {
		n = p.arith(opPow, pos, n, p.negation())
	}
	return n
}

func (p *parser) negation() *node {
	p.skip()
	pos := p.pos
	if !p.take("-") {
		return p.instance()
	}
	defer func(d int) { p.depth = d }(p.depth)
	if !p.nest() {
		return p.null()
	}
	return p.negate(pos, p.negation())
}

func (p *parser) instance() *node {
	p.skip()
	pos := p.pos
	n := p.postfix()
	for p.peekWord("instance") {
		p.takeWord("instance")
		p.wantWord("of")
		t := p.typeName()
		n = p.done(&node{op: opInstance, pos: pos, kids: []*node{n}, is: t, typ: BoolType})
	}
	return n
}

// done sets what every node has.
func (p *parser) done(n *node) *node {
	n.end = p.pos
	for _, k := range n.kids {
		if k != nil && k.input {
			n.input = true
		}
	}
	return n
}

// postfix is path, filter and invocation.
func (p *parser) postfix() *node {
	p.skip()
	pos := p.pos
	n := p.primary()
	for p.err == nil {
		p.skip()
		rest := p.src[p.pos:]
		switch {
		case strings.HasPrefix(rest, "..") || rest == "":
			return n
		case rest[0] == '.':
			p.pos++
			n = p.path(pos, n)
		case rest[0] == '(':
			n = p.call(pos, n)
		case rest[0] == '[':
			f, ok := p.filter(pos, n)
			if !ok {
				return n
			}
			n = f
		default:
			return n
		}
	}
	return n
}

// filter is e[condition or index]. Where a range endpoint is being parsed and no filter stands here, "[" closes the range.
func (p *parser) filter(pos int, list *node) (*node, bool) {
	start, locals, depth := p.pos, len(p.locals), p.depth
	p.pos++
	elem := list.typ
	if elem.kind == KindList {
		elem = elem.Elem()
	}
	p.push(localName{name: "item", tokens: []string{"item"}, typ: elem, item: true})
	cond := p.expression()
	if p.err == nil && !p.take("]") || p.err != nil {
		if p.inRange {
			p.pos, p.err, p.locals, p.depth = start, nil, p.locals[:locals], depth
			return nil, false
		}
		p.want("]")
	}
	p.locals = p.locals[:locals]
	return p.filtered(pos, list, cond), true
}

func (p *parser) push(l localName) {
	if l.tokens == nil {
		l.tokens = nameTokens(l.name)
	}
	p.locals = append(p.locals, l)
}

func (p *parser) path(pos int, n *node) *node {
	p.skip()
	at := p.pos
	name := p.fieldName(n.typ)
	if name == "" {
		return p.syntax()
	}
	return p.field(pos, at, n, name)
}

// fieldName reads the name behind a dot: the longest declared field; on values of unknown type the longest name known
// anywhere; else one word.
func (p *parser) fieldName(t Type) string {
	if !p.atName() {
		return ""
	}
	for t.kind == KindList {
		t = t.Elem()
	}
	best, name := word(p.src, p.pos), ""
	try := func(cand string, toks []string) {
		if end, ok := matchTokens(p.src, p.pos, toks); ok && end > best {
			best, name = end, cand
		}
	}
	for _, f := range t.fields {
		try(f.Name, nameTokens(f.Name))
	}
	for _, f := range [...]string{"time offset", "start included", "end included"} {
		try(f, strings.Fields(f))
	}
	if !t.shaped {
		first := p.src[p.pos:best]
		for _, e := range p.scope.known[first] {
			try(e.name, e.tokens)
		}
		for _, e := range p.keys[first] {
			try(e.name, e.tokens)
		}
	}
	if name == "" {
		name = p.src[p.pos:best]
	}
	p.pos = best
	return name
}
