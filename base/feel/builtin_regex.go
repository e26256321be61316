package feel

import (
	"regexp"
	"strconv"
	"strings"
)

// Regular expressions of FEEL are XPath's (XQuery 1.0 and XPath 2.0 functions §7.6). They run on Go's RE2, which is linear
// in time but has no back references, no character class subtraction and no Unicode block names: such patterns give null.

// pattern compiles p with the flags s, m, i and x.
func pattern(e *Env, p string, flags Value) (*regexp.Regexp, bool) {
	fl, _ := flags.(string)
	key := fl + "/" + p
	if e.expr != nil {
		if re, ok := e.expr.patterns.Load(key); ok {
			return re.(*regexp.Regexp), true
		}
	}
	src := p
	goFlags := ""
	for _, f := range fl {
		switch f {
		case 's', 'm', 'i':
			goFlags += string(f)
		case 'x':
			src = unspaced(src)
		default:
			e.fail("feel.flags", "flags", clip(fl))
			return nil, false
		}
	}
	if goFlags != "" {
		src = "(?" + goFlags + ")" + src
	}
	re, err := regexp.Compile(src)
	if err != nil {
		e.fail("feel.pattern", "pattern", clip(p))
		return nil, false
	}
	const most = 16
	if e.expr != nil && e.expr.patternCount.Load() < most {
		e.expr.patternCount.Add(1)
		e.expr.patterns.Store(key, re)
	}
	return re, true
}

// unspaced drops white space outside character classes, as flag x asks.
func unspaced(p string) string {
	var b strings.Builder
	class := 0
	for i := 0; i < len(p); i++ {
		c := p[i]
		switch {
		case c == '\\' && i+1 < len(p):
			b.WriteByte(c)
			i++
			c = p[i]
		case c == '[':
			class++
		case c == ']' && class > 0:
			class--
		case class == 0 && strings.IndexByte(" \t\n\r", c) >= 0:
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

func fnMatches(e *Env, a []Value) Value {
	re, ok := pattern(e, a[1].(string), a[2])
	if !ok {
		return nil
	}
	return re.MatchString(a[0].(string))
}

func fnReplace(e *Env, a []Value) Value {
	re, ok := pattern(e, a[1].(string), a[3])
	if !ok {
		return nil
	}
	with, ok := replacement(a[2].(string), re.NumSubexp())
	if !ok {
		return e.fail("feel.replacement", "text", clip(a[2].(string)))
	}
	in := a[0].(string)
	// Each match may put groups as long as the whole input.
	if groups := strings.Count(with, "${"); (len(in)+1)*len(with)+(len(in)+1)*groups*16 > 64*e.maxText() {
		return e.fail("feel.limit", "limit", "text", "max", e.maxText())
	}
	return re.ReplaceAllString(in, with)
}

// replacement turns $1 into Go's ${1}; "\$" and "\\" are literal, another "$" is an error.
func replacement(s string, groups int) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && (s[i+1] == '$' || s[i+1] == '\\'):
			i++
			if s[i] == '$' {
				b.WriteString("$$")
			} else {
				b.WriteByte('\\')
			}
		case c == '$':
			j := i + 1
			for j < len(s) && s[j] >= '0' && s[j] <= '9' {
				// The longest run of digits that names a group; the rest is text.
				if n, err := strconv.Atoi(s[i+1 : j+1]); err != nil || n > groups && j > i+1 {
					break
				}
				j++
			}
			if j == i+1 {
				return "", false
			}
			b.WriteString("${" + s[i+1:j] + "}")
			i = j - 1
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), true
}

// fnSplit cuts at every match of the delimiter, a regular expression.
func fnSplit(e *Env, a []Value) Value {
	re, ok := pattern(e, a[1].(string), nil)
	if !ok {
		return nil
	}
	in := a[0].(string)
	var out List
	last := 0
	for _, m := range re.FindAllStringIndex(in, -1) {
		if m[1] == m[0] {
			continue
		}
		out = append(out, in[last:m[0]])
		last = m[1]
	}
	return append(out, in[last:])
}
