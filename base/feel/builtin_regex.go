package feel

import (
	"strconv"
	"strings"
)

// patternOf compiles a pattern once per expression.
func patternOf(e *Env, p string, flags Value) (*pattern, bool) {
	fl, _ := flags.(string)
	key := fl + "/" + p
	if e.expr != nil {
		if re, ok := e.expr.patterns.Load(key); ok {
			p, ok := re.(*pattern)
			return p, ok
		}
	}
	re, ok := compilePattern(p, fl)
	if !ok {
		e.fail("feel.pattern", "pattern", clip(p), "flags", clip(fl))
		return nil, false
	}
	const most = 16
	if e.expr != nil && e.expr.patternCount.Load() < most {
		e.expr.patternCount.Add(1)
		e.expr.patterns.Store(key, re)
	}
	return re, true
}

func fnMatches(e *Env, a []Value) Value {
	re, ok := patternOf(e, a[1].(string), a[2])
	if !ok {
		return nil
	}
	if re.re != nil {
		return re.re.MatchString(a[0].(string))
	}
	loc, ok := re.find(e, a[0].(string), 0)
	if !ok {
		return e.fail("feel.limit", "limit", "steps")
	}
	return loc != nil
}

// fnReplace replaces every match; $1 is the group 1, $0 the match.
func fnReplace(e *Env, a []Value) Value {
	re, ok := patternOf(e, a[1].(string), a[3])
	if !ok {
		return nil
	}
	parts, ok := replacement(a[2].(string), re.groups)
	if !ok {
		return e.fail("feel.replacement", "text", clip(a[2].(string)))
	}
	in := a[0].(string)
	found, ok := re.all(e, in)
	if !ok {
		return e.fail("feel.limit", "limit", "steps")
	}
	var b strings.Builder
	last := 0
	for _, loc := range found {
		b.WriteString(in[last:loc[0]])
		for _, p := range parts {
			switch {
			case p.group < 0:
				b.WriteString(p.text)
			case loc[2*p.group] >= 0:
				b.WriteString(in[loc[2*p.group]:loc[2*p.group+1]])
			}
		}
		if b.Len() > e.maxText() {
			return e.fail("feel.limit", "limit", "text", "max", e.maxText())
		}
		last = loc[1]
	}
	b.WriteString(in[last:])
	return b.String()
}

// part is a piece of a replacement: text, or a group when group is not negative.
type part struct {
	text  string
	group int
}

// replacement cuts "a$1b" into parts; "\$" and "\\" are literal, another "$" or "\" is an error (XPath err:FORX0004).
// Of the digits behind "$" the longest number that names a group counts; a group that does not exist is empty.
func replacement(s string, groups int) ([]part, bool) {
	var out []part
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			out = append(out, part{text.String(), -1})
			text.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\':
			if i++; i == len(s) || s[i] != '$' && s[i] != '\\' {
				return nil, false
			}
			text.WriteByte(s[i])
		case '$':
			j := i + 1
			for j < len(s) && s[j] >= '0' && s[j] <= '9' {
				if n, err := strconv.Atoi(s[i+1 : j+1]); err != nil || n > groups && j > i+1 {
					break
				}
				j++
			}
			n, err := strconv.Atoi(s[i+1 : j])
			if err != nil {
				return nil, false
			}
			flush()
			if n <= groups {
				out = append(out, part{group: n})
			}
			i = j - 1
		default:
			text.WriteByte(c)
		}
	}
	flush()
	return out, true
}

// fnSplit cuts at every match of the delimiter, a regular expression.
func fnSplit(e *Env, a []Value) Value {
	re, ok := patternOf(e, a[1].(string), nil)
	if !ok {
		return nil
	}
	in := a[0].(string)
	found, ok := re.all(e, in)
	if !ok {
		return e.fail("feel.limit", "limit", "steps")
	}
	out := List{}
	last := 0
	for _, m := range found {
		if m[1] > m[0] {
			out = append(out, in[last:m[0]])
			last = m[1]
		}
	}
	return append(out, in[last:])
}
