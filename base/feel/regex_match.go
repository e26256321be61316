package feel

import (
	"regexp/syntax"
	"unicode"
	"unicode/utf8"
)

// find gives the bounds of the first match at or after from and of its groups, like regexp's; nil without one. Ok is
// false when the matcher ran out of steps.
func (p *pattern) find(e *Env, s string, from int) (loc []int, ok bool) {
	m := backtracker{e: e, s: s, caps: make([]int, 2*(p.groups+1)), ok: true}
	for at := from; at <= len(s) && m.ok; {
		for i := range m.caps {
			m.caps[i] = -1
		}
		end := -1
		if m.match(p.tree, at, func(i int) bool { end = i; return true }) {
			m.caps[0], m.caps[1] = at, end
			return m.caps, true
		}
		_, n := utf8.DecodeRuneInString(s[at:])
		at += max(n, 1)
	}
	return nil, m.ok
}

// all gives the bounds of every match, at most one per position.
func (p *pattern) all(e *Env, s string) ([][]int, bool) {
	if p.re != nil {
		return p.re.FindAllStringSubmatchIndex(s, -1), true
	}
	var out [][]int
	for at := 0; at <= len(s); {
		loc, ok := p.find(e, s, at)
		if !ok {
			return nil, false
		}
		if loc == nil {
			break
		}
		out = append(out, loc)
		at = loc[1]
		if loc[1] == loc[0] {
			_, n := utf8.DecodeRuneInString(s[at:])
			at += max(n, 1)
		}
	}
	return out, true
}

// backtracker matches a syntax tree in continuation style. Its work counts as steps of the evaluation.
type backtracker struct {
	e     *Env
	s     string
	caps  []int
	depth int
	ok    bool
}

// maxBacktrack bounds the continuations on the stack.
const maxBacktrack = 50_000

func (m *backtracker) match(re *syntax.Regexp, i int, next func(int) bool) bool {
	m.depth++
	defer func() { m.depth-- }()
	if !m.ok || m.depth > maxBacktrack || !m.e.step() {
		m.ok = false
		return false
	}
	switch re.Op {
	case syntax.OpEmptyMatch:
		return next(i)
	case syntax.OpLiteral:
		return m.literal(re, i, next)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		r, n := utf8.DecodeRuneInString(m.s[i:])
		return n > 0 && inClass(re, r) && next(i+n)
	case syntax.OpBeginText, syntax.OpEndText, syntax.OpBeginLine, syntax.OpEndLine:
		return m.anchored(re.Op, i) && next(i)
	case syntax.OpCapture:
		return m.capture(re, i, next)
	case syntax.OpConcat:
		return m.sequence(re.Sub, i, next)
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			if m.match(sub, i, next) {
				return true
			}
		}
		return false
	case syntax.OpStar:
		return m.repeat(re, 0, -1, i, next)
	case syntax.OpPlus:
		return m.repeat(re, 1, -1, i, next)
	case syntax.OpQuest:
		return m.repeat(re, 0, 1, i, next)
	case syntax.OpRepeat:
		return m.repeat(re, re.Min, re.Max, i, next)
	default:
		return false
	}
}

func (m *backtracker) literal(re *syntax.Regexp, i int, next func(int) bool) bool {
	for _, want := range re.Rune {
		if g := int(want - backRef); g > 0 && 2*g+1 < len(m.caps) {
			n, ok := m.sameAsGroup(g, i, re.Flags&syntax.FoldCase != 0)
			if !ok {
				return false
			}
			i += n
			continue
		}
		r, n := utf8.DecodeRuneInString(m.s[i:])
		if n == 0 || r != want && (re.Flags&syntax.FoldCase == 0 || !foldEqual(r, want)) {
			return false
		}
		i += n
	}
	return next(i)
}

// sameAsGroup gives the length of the text at i that repeats group g; a group without a match repeats as nothing.
func (m *backtracker) sameAsGroup(g, i int, fold bool) (int, bool) {
	if m.caps[2*g] < 0 || m.caps[2*g+1] < 0 {
		return 0, true
	}
	start := i
	for _, want := range m.s[m.caps[2*g]:m.caps[2*g+1]] {
		r, n := utf8.DecodeRuneInString(m.s[i:])
		if n == 0 || r != want && (!fold || !foldEqual(r, want)) {
			return 0, false
		}
		i += n
	}
	return i - start, true
}

func foldEqual(a, b rune) bool {
	for f := unicode.SimpleFold(a); f != a; f = unicode.SimpleFold(f) {
		if f == b {
			return true
		}
	}
	return a == b
}

func inClass(re *syntax.Regexp, r rune) bool {
	switch re.Op {
	case syntax.OpAnyChar:
		return true
	case syntax.OpAnyCharNotNL:
		return r != '\n'
	default:
	}
	for i := 0; i+1 < len(re.Rune); i += 2 {
		if r >= re.Rune[i] && r <= re.Rune[i+1] {
			return true
		}
	}
	return false
}

func (m *backtracker) anchored(op syntax.Op, i int) bool {
	switch op {
	case syntax.OpBeginText:
		return i == 0
	case syntax.OpEndText:
		return i == len(m.s)
	case syntax.OpBeginLine:
		return i == 0 || m.s[i-1] == '\n'
	default:
		return i == len(m.s) || m.s[i] == '\n'
	}
}

func (m *backtracker) capture(re *syntax.Regexp, i int, next func(int) bool) bool {
	at := 2 * re.Cap
	from, to := m.caps[at], m.caps[at+1]
	if m.match(re.Sub[0], i, func(j int) bool {
		oldFrom, oldTo := m.caps[at], m.caps[at+1]
		m.caps[at], m.caps[at+1] = i, j
		if next(j) {
			return true
		}
		m.caps[at], m.caps[at+1] = oldFrom, oldTo
		return false
	}) {
		return true
	}
	m.caps[at], m.caps[at+1] = from, to
	return false
}

func (m *backtracker) sequence(subs []*syntax.Regexp, i int, next func(int) bool) bool {
	if len(subs) == 0 {
		return next(i)
	}
	return m.match(subs[0], i, func(j int) bool { return m.sequence(subs[1:], j, next) })
}

// repeat matches the operand low to high times, high −1 for any number; a turn that matches nothing ends the loop.
func (m *backtracker) repeat(re *syntax.Regexp, low, high, i int, next func(int) bool) bool {
	more := func() bool {
		return high != 0 && m.match(re.Sub[0], i, func(j int) bool {
			if j == i && low <= 0 {
				return false
			}
			return m.repeat(re, low-1, max(high-1, -1), j, next)
		})
	}
	switch {
	case low > 0:
		return more()
	case re.Flags&syntax.NonGreedy != 0:
		return next(i) || m.ok && more()
	}
	return more() || m.ok && next(i)
}
