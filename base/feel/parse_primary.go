package feel

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// primary is a literal, a name, a parenthesis, a list, a context or one of the keyword forms.
func (p *parser) primary() *node {
	p.skip()
	if p.pos >= len(p.src) {
		return p.syntax()
	}
	switch c := p.src[p.pos]; {
	case c >= '0' && c <= '9', c == '.':
		return p.number()
	case c == '"':
		return p.text()
	case c == '@':
		return p.at()
	case c == '(':
		return p.paren()
	case c == '[', c == ']':
		return p.bracket()
	case c == '{':
		return p.context()
	case c == '?':
		return p.questionMark()
	}
	if !p.atName() {
		return p.syntax()
	}
	return p.nameOrKeyword()
}

func (p *parser) number() *node {
	start, s := p.pos, p.src
	i := p.pos
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i+1 < len(s) && s[i] == '.' && s[i+1] >= '0' && s[i+1] <= '9' {
		for i++; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		}
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		if j < len(s) && s[j] >= '0' && s[j] <= '9' {
			for i = j; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
			}
		}
	}
	n, err := ParseNumber(s[start:i])
	if err != nil || i == start {
		p.failAt(start, "feel.number", "text", clip(s[start:max(i, start)]))
		return p.null()
	}
	p.pos = i
	return p.done(&node{op: opLit, pos: start, val: n, typ: NumberType})
}

func (p *parser) text() *node {
	start := p.pos
	s, ok := p.quoted()
	if !ok {
		p.failAt(start, "feel.string", "near", clip(p.src[start:]))
		return p.null()
	}
	return p.done(&node{op: opLit, pos: start, val: s, typ: StringType})
}

// quoted reads a string literal with the escapes of grammar rule 64, \u surrogate pairs joined.
func (p *parser) quoted() (string, bool) {
	s := p.src
	i := p.pos + 1
	if j := strings.IndexAny(s[i:], "\"\\"); j >= 0 && s[i+j] == '"' {
		p.pos = i + j + 1
		return s[i : i+j], true
	}
	var b strings.Builder
	for i < len(s) {
		switch s[i] {
		case '"':
			p.pos = i + 1
			return b.String(), true
		case '\\':
			n, ok := unescape(&b, s[i:])
			if !ok {
				return "", false
			}
			i += n
		default:
			b.WriteByte(s[i])
			i++
		}
	}
	return "", false
}

// unescape writes the character of the escape at the start of s and gives the escape's length.
func unescape(b *strings.Builder, s string) (int, bool) {
	if len(s) < 2 {
		return 0, false
	}
	switch s[1] {
	case 'n':
		b.WriteByte('\n')
	case 'r':
		b.WriteByte('\r')
	case 't':
		b.WriteByte('\t')
	case '\'', '"', '\\':
		b.WriteByte(s[1])
	case 'u':
		r, ok := hex(s, 2, 4)
		if !ok {
			return 0, false
		}
		if utf16.IsSurrogate(r) && len(s) >= 12 && s[6:8] == `\u` {
			if low, ok := hex(s, 8, 4); ok {
				b.WriteRune(utf16.DecodeRune(r, low))
				return 12, true
			}
		}
		b.WriteRune(r)
		return 6, true
	case 'U':
		r, ok := hex(s, 2, 6)
		if !ok || !utf8.ValidRune(r) {
			return 0, false
		}
		b.WriteRune(r)
		return 8, true
	default:
		// Not an escape: the backslash stands for itself, as regular expressions in the suite need it.
		b.WriteByte('\\')
		return 1, true
	}
	return 2, true
}

func hex(s string, at, n int) (rune, bool) {
	if len(s) < at+n {
		return 0, false
	}
	v, err := strconv.ParseUint(s[at:at+n], 16, 32)
	return rune(v), err == nil
}

// at is a date, time or duration literal, @"…".
func (p *parser) at() *node {
	start := p.pos
	p.pos++
	if !p.peek(`"`) {
		return p.syntax()
	}
	s, ok := p.quoted()
	if !ok {
		p.failAt(start, "feel.string", "near", clip(p.src[start:]))
		return p.null()
	}
	v := parseTemporal(s)
	if v == nil && !p.scope.lenient {
		p.failAt(start, "feel.temporal", "text", clip(s))
	}
	return p.done(&node{op: opLit, pos: start, val: v, typ: Type{kind: kindOf(v)}})
}

// parseTemporal reads what may stand in @"…"; nil when nothing fits.
func parseTemporal(s string) Value {
	if d, ok := ParseDate(s); ok {
		return d
	}
	if d, ok := ParseDateTime(s); ok {
		return d
	}
	if t, ok := ParseTime(s); ok {
		return t
	}
	if d, ok := ParseDuration(s); ok {
		return d
	}
	return nil
}

// paren is "(e)", "(a..b]" or "(< e)".
func (p *parser) paren() *node {
	start := p.pos
	p.pos++
	if o, ok := p.comparator(); ok {
		n := p.unaryRange(start, o, p.expression())
		p.want(")")
		n.end = p.pos
		return n
	}
	n := p.endpoint()
	if p.take("..") {
		return p.rangeTail(start, false, n)
	}
	p.want(")")
	return n
}

// bracket is a list or a range.
func (p *parser) bracket() *node {
	start := p.pos
	open := p.src[p.pos] == ']'
	p.pos++
	if !open && p.take("]") {
		return p.done(&node{op: opList, pos: start, typ: ListOf(AnyType)})
	}
	first := p.endpoint()
	if p.take("..") {
		return p.rangeTail(start, !open, first)
	}
	if open {
		return p.syntax()
	}
	kids := []*node{first}
	for p.take(",") {
		kids = append(kids, p.expression())
	}
	p.want("]")
	el := kids[0].typ
	for _, k := range kids[1:] {
		el = join(el, k.typ)
	}
	return p.done(&node{op: opList, pos: start, kids: kids, typ: ListOf(el)})
}

// endpoint is an expression that may turn out to be the end of a range.
func (p *parser) endpoint() *node {
	defer func(d int, in bool) { p.depth, p.inRange = d, in }(p.depth, p.inRange)
	if !p.nest() {
		return p.null()
	}
	p.inRange = false
	return p.disjunction()
}

func (p *parser) rangeTail(start int, lowClosed bool, low *node) *node {
	in := p.inRange
	p.inRange = true
	high := p.additive()
	p.inRange = in
	r := Range{LowClosed: lowClosed}
	switch {
	case p.take("]"):
		r.HighClosed = true
	case p.take(")"), p.take("["):
	default:
		return p.syntax()
	}
	return p.ranged(start, r, low, high)
}

// context is grammar rule 57.
func (p *parser) context() *node {
	start, locals := p.pos, len(p.locals)
	p.pos++
	n := &node{op: opContext, pos: start}
	var fields []Param
	for p.err == nil && !p.take("}") {
		if len(n.kids) > 0 {
			p.want(",")
		}
		key, ok := p.key()
		if !ok {
			return p.syntax()
		}
		v := p.expression()
		for _, old := range n.names {
			if old == key {
				p.failAt(v.pos, "feel.duplicate", "name", key)
			}
		}
		n.names = append(n.names, key)
		n.kids = append(n.kids, v)
		fields = append(fields, Param{Name: key, Type: v.typ})
		p.push(localName{name: key, typ: v.typ})
		if p.keys == nil {
			p.keys = map[string][]entry{}
		}
		addEntry(p.keys, key)
	}
	p.locals = p.locals[:locals]
	n.typ = Type{kind: KindContext, fields: fields, shaped: true}
	return p.done(n)
}

// key is a context key with its colon.
func (p *parser) key() (string, bool) {
	p.skip()
	if p.peek(`"`) {
		s, ok := p.quoted()
		return s, ok && p.take(":")
	}
	name, ok := p.freeName(":")
	return name, ok && p.take(":")
}

// freeName reads a name at a place of declaration, up to one of the stop characters.
func (p *parser) freeName(stops string) (string, bool) {
	if !p.atName() {
		return "", false
	}
	start, end := p.pos, p.pos
	for i := p.pos; i < len(p.src); {
		r, n := utf8.DecodeRuneInString(p.src[i:])
		switch {
		case strings.ContainsRune(stops, r):
			p.pos = end
			return normal(p.src[start:end]), true
		case namePart(r) || nameSymbol(r):
			end = i + n
		case !space(r):
			return "", false
		}
		i += n
	}
	return "", false
}

func (p *parser) questionMark() *node {
	start := p.pos
	p.pos++
	for i, l := range slices.Backward(p.locals) {
		if l.input {
			n := p.done(&node{op: opLocal, pos: start, idx: len(p.locals) - 1 - i, typ: l.typ})
			n.input = true
			return n
		}
	}
	p.failAt(start, "feel.no-input")
	return p.null()
}
