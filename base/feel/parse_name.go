package feel

import (
	"slices"
	"strings"
)

// candidate is a reading of the name at the current position.
type candidate struct {
	end   int
	local int // index into locals, -1 for the scope
	field string
	entry entry
}

// nameOrKeyword: the longest name in scope wins over a keyword of the same place, so that "if needed" can be a name.
func (p *parser) nameOrKeyword() *node {
	start := p.pos
	first := p.src[start:word(p.src, start)]
	c, found := p.resolve(first)
	if !found || c.end <= start+len(first) {
		if n := p.keyword(first); n != nil {
			return n
		}
	}
	if !found {
		return p.unknown(start, first)
	}
	p.pos = c.end
	text := normal(p.src[start:c.end])
	n := p.named(start, c)
	// A field called "number" or "date" does not hide the function: what is called must be one.
	if f := builtins().byName[c.entry.name]; f != nil && n.typ.kind != KindFunction && n.typ.kind != KindAny && p.peek("(") {
		return &node{op: opLit, pos: start, end: c.end, name: f.name, val: f, typ: f.Type()}
	}
	// An item of unknown type nearer than the found name may have a field of that name.
	from := c.local
	if from >= 0 && c.field == "" && p.openItem(from) {
		from-- // "item" may itself be such a field
	}
	for i := len(p.locals) - 1; i > from; i-- {
		if p.openItem(i) {
			return p.done(&node{op: opDyn, pos: start, idx: len(p.locals) - 1 - i, name: text, kids: []*node{n}})
		}
	}
	return n
}

// openItem tells whether local i is a filter's item that may have fields nobody declared.
func (p *parser) openItem(i int) bool {
	l := p.locals[i]
	return l.item && (l.typ.kind == KindAny || l.typ.kind == KindContext && !l.typ.shaped)
}

// resolve finds the longest name that stands here; of equally long ones the innermost.
func (p *parser) resolve(first string) (candidate, bool) {
	best := candidate{local: -1}
	try := func(c candidate) {
		if end, ok := matchTokens(p.src, p.pos, c.entry.tokens); ok && end > best.end {
			c.end = end
			best = c
		}
	}
	for i, l := range slices.Backward(p.locals) {
		for _, f := range l.typ.fields {
			// A field called "item" comes before the item itself.
			if l.item && strings.HasPrefix(f.Name, first) {
				try(candidate{local: i, field: f.Name, entry: entry{f.Name, nameTokens(f.Name)}})
			}
		}
		if len(l.tokens) > 0 && l.tokens[0] == first {
			try(candidate{local: i, entry: entry{l.name, l.tokens}})
		}
	}
	for _, e := range p.scope.index[first] {
		try(candidate{local: -1, entry: e})
	}
	for _, e := range builtins().index[first] {
		try(candidate{local: -1, entry: e})
	}
	return best, best.end > 0
}

// named makes the node of a resolved name.
func (p *parser) named(start int, c candidate) *node {
	name := c.entry.name
	if c.local >= 0 {
		l := p.locals[c.local]
		n := p.done(&node{op: opLocal, pos: start, idx: len(p.locals) - 1 - c.local, name: l.name, typ: l.typ})
		if c.field == "" {
			return n
		}
		t, _ := l.typ.Field(c.field)
		return p.done(&node{op: opField, pos: start, name: c.field, kids: []*node{n}, typ: t})
	}
	if t, ok := p.scope.vars[name]; ok {
		return p.done(&node{op: opVar, pos: start, name: name, typ: t})
	}
	f, ok := p.scope.funcs[name]
	if !ok {
		f = builtins().byName[name]
	}
	return p.done(&node{op: opLit, pos: start, name: name, val: f, typ: f.Type()})
}

func (p *parser) unknown(start int, name string) *node {
	p.pos = start + len(name)
	for i := range slices.Backward(p.locals) {
		if p.openItem(i) {
			return p.done(&node{op: opDyn, pos: start, idx: len(p.locals) - 1 - i, name: name})
		}
	}
	if p.scope.lenient {
		return p.done(&node{op: opVar, pos: start, name: name})
	}
	p.failAt(start, "feel.unknown", "name", name, "nearest", p.nearest(name))
	return p.null()
}

// nearest is the visible name with the smallest edit distance, "" when none is near.
func (p *parser) nearest(name string) string {
	var names []string
	for _, l := range p.locals {
		names = append(names, l.name)
		for _, f := range l.typ.fields {
			if l.item {
				names = append(names, f.Name)
			}
		}
	}
	for n := range p.scope.vars {
		names = append(names, n)
	}
	for n := range p.scope.funcs {
		names = append(names, n)
	}
	for n := range builtins().byName {
		names = append(names, n)
	}
	return nearestOf(name, names)
}

func nearestOf(name string, names []string) string {
	slices.Sort(names)
	best, dist := "", max(1, len([]rune(name))/2)+1
	for _, n := range names {
		if d := distance(name, n, dist); d < dist {
			best, dist = n, d
		}
	}
	return best
}

// distance is the Levenshtein distance in characters, at least limit when it is not below it.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) >= limit || len(y)-len(x) >= limit {
		return limit
	}
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i, rx := range x {
		diag := row[0]
		row[0] = i + 1
		for j, ry := range y {
			cost := diag
			if rx != ry {
				cost = 1 + min(diag, row[j], row[j+1])
			}
			diag, row[j+1] = row[j+1], cost
		}
	}
	return row[len(y)]
}

// keyword parses a form that starts with a keyword, nil when w is none.
func (p *parser) keyword(w string) *node {
	start := p.pos
	lit := func(v Value, t Type) *node {
		p.pos += len(w)
		return p.done(&node{op: opLit, pos: start, val: v, typ: t})
	}
	switch w {
	case "null":
		return lit(nil, NullType)
	case "true":
		return lit(true, BoolType)
	case "false":
		return lit(false, BoolType)
	case "if":
		return p.conditional()
	case "for":
		return p.loop(opFor, "return")
	case "some":
		return p.loop(opSome, "satisfies")
	case "every":
		return p.loop(opEvery, "satisfies")
	case "function":
		return p.function()
	case "and", "or", "then", "else", "return", "satisfies", "in", "between", "instance":
		return p.syntax()
	}
	return nil
}
