package feel

import (
	"strings"
	"unicode/utf8"
)

func (p *parser) conditional() *node {
	start := p.pos
	p.wantWord("if")
	cond := p.expression()
	p.wantWord("then")
	then := p.expression()
	p.wantWord("else")
	els := p.expression()
	p.certain(cond, KindBool)
	return p.done(&node{op: opIf, pos: start, kids: []*node{cond, then, els}, typ: join(then.typ, els.typ)})
}

// loop is for, some or every.
func (p *parser) loop(o op, last string) *node {
	start, locals := p.pos, len(p.locals)
	p.pos = word(p.src, p.pos)
	n := &node{op: o, pos: start}
	if o == opFor {
		p.push(localName{name: "partial", typ: ListOf(AnyType)})
	}
	for p.err == nil {
		name, ok := p.iterator()
		if !ok {
			return p.syntax()
		}
		domain := p.domain()
		n.names = append(n.names, name)
		n.kids = append(n.kids, domain)
		p.push(localName{name: name, typ: itemType(domain)})
		if !p.take(",") {
			break
		}
	}
	p.wantWord(last)
	body := p.expression()
	p.locals = p.locals[:locals]
	n.kids = append(n.kids, body)
	n.typ = BoolType
	if o == opFor {
		n.typ = ListOf(body.typ)
	} else {
		p.certain(body, KindBool)
	}
	return p.done(n)
}

func itemType(domain *node) Type {
	switch domain.typ.kind {
	case KindList, KindRange:
		return domain.typ.Elem()
	case KindAny, KindNull:
		return AnyType
	default:
		return domain.typ
	}
}

// iterator is "name in".
func (p *parser) iterator() (string, bool) {
	if !p.atName() {
		return "", false
	}
	start, end := p.pos, p.pos
	for i := p.pos; i < len(p.src); {
		if w := word(p.src, i); w > i {
			if p.src[i:w] == "in" && end > start {
				p.pos = w
				return normal(p.src[start:end]), true
			}
			i, end = w, w
			continue
		}
		r, n := utf8.DecodeRuneInString(p.src[i:])
		if !space(r) && !nameSymbol(r) {
			return "", false
		}
		i += n
	}
	return "", false
}

// domain is a list or "a..b".
func (p *parser) domain() *node {
	p.skip()
	pos := p.pos
	n := p.expression()
	if !p.take("..") {
		return n
	}
	high := p.expression()
	return p.done(&node{op: opSpan, pos: pos, kids: []*node{n, high}, typ: ListOf(join(n.typ, high.typ))})
}

// function is a function literal.
func (p *parser) function() *node {
	start, locals := p.pos, len(p.locals)
	p.wantWord("function")
	p.want("(")
	n := &node{op: opFunc, pos: start}
	for p.err == nil && !p.take(")") {
		if len(n.params) > 0 {
			p.want(",")
		}
		name, ok := p.freeName(":,)")
		if !ok {
			return p.syntax()
		}
		param := Param{Name: name}
		if p.take(":") {
			param.Type = p.typeName()
		}
		n.params = append(n.params, param)
		p.push(localName{name: name, typ: param.Type})
	}
	// External functions reach Java or PMML, which do not exist here: the body is read, the call gives null.
	n.flag = p.takeWord("external")
	body := p.expression()
	p.locals = p.locals[:locals]
	n.kids = []*node{body}
	result := body.typ
	if n.flag {
		result = AnyType
	}
	n.typ = FunctionOf(n.params, result)
	return p.done(n)
}

// call is an invocation with positional or named arguments.
func (p *parser) call(pos int, callee *node) *node {
	defer func(d int) { p.depth = d }(p.depth)
	if !p.nest() {
		return p.null()
	}
	p.want("(")
	n := &node{op: opCall, pos: pos, kids: []*node{callee}}
	for p.err == nil && !p.take(")") {
		if len(n.kids) > 1 {
			p.want(",")
		}
		if name, ok := p.argName(); ok {
			n.names = append(n.names, name)
		}
		n.kids = append(n.kids, p.expression())
	}
	if len(n.names) > 0 && len(n.names) != len(n.kids)-1 {
		p.failAt(pos, "feel.mixed-arguments")
	}
	p.checkCall(n)
	return p.done(n)
}

// argName passes "name:" in front of an argument.
func (p *parser) argName() (string, bool) {
	start := p.pos
	name, ok := p.freeName(":")
	if ok && p.take(":") {
		return name, true
	}
	p.pos = start
	return "", false
}

// typeName is grammar rule 43: a named type, list<T>, range<T>, context<…>, function<…> -> T or a declared name.
func (p *parser) typeName() Type {
	defer func(d int) { p.depth = d }(p.depth)
	if !p.nest() || !p.atName() {
		p.syntax()
		return AnyType
	}
	start := p.pos
	best, typ := 0, AnyType
	for name, t := range p.scope.types {
		if end, ok := matchTokens(p.src, start, nameTokens(name)); ok && end > best {
			best, typ = end, t
		}
	}
	for k, name := range kindNames {
		if end, ok := matchTokens(p.src, start, strings.Fields(name)); ok && end > best {
			best, typ = end, Type{kind: Kind(k)}
		}
	}
	if best == 0 {
		w := p.src[start:word(p.src, start)]
		p.pos = start + len(w)
		p.failAt(start, "feel.unknown-type", "name", w)
		return AnyType
	}
	p.pos = best
	if typ.name != "" {
		return typ
	}
	switch typ.kind {
	case KindList, KindRange:
		if p.take("<") {
			el := p.typeName()
			p.want(">")
			typ.elem = &el
		}
	case KindContext:
		if p.take("<") {
			typ = p.contextType()
		}
	case KindFunction:
		if p.take("<") {
			typ = p.functionType()
		}
	default:
	}
	return typ
}

// ParseType reads a type as "instance of" takes it: "number", "list<string>", "context<a: date>", or a name that the scope
// declares; the names of DMN 1.1, such as "dateTime", are known too. Faults as Compile.
func ParseType(src string, scope *Scope) (Type, error) {
	switch strings.TrimSpace(src) {
	case "dateTime":
		return DateTimeType, nil
	case "dayTimeDuration":
		return DurationType, nil
	case "yearMonthDuration":
		return MonthsType, nil
	}
	if scope == nil {
		scope = NewScope()
	}
	p := &parser{src: src, scope: scope, maxDepth: or(scope.limits.Depth, defaultNesting)}
	t := p.typeName()
	if p.skip(); p.err == nil && p.pos < len(src) {
		p.syntax()
	}
	if p.err != nil {
		return AnyType, p.err
	}
	return t, nil
}

func (p *parser) contextType() Type {
	t := Type{kind: KindContext, shaped: true}
	for p.err == nil && !p.take(">") {
		if len(t.fields) > 0 {
			p.want(",")
		}
		name, ok := p.freeName(":")
		if !ok || !p.take(":") {
			p.syntax()
			break
		}
		t.fields = append(t.fields, Param{Name: name, Type: p.typeName()})
	}
	return t
}

func (p *parser) functionType() Type {
	var params []Param
	for p.err == nil && !p.take(">") {
		if len(params) > 0 {
			p.want(",")
		}
		params = append(params, Param{Type: p.typeName()})
	}
	p.want("->")
	return FunctionOf(params, p.typeName())
}
