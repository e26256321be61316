package feel

import (
	"strings"
	"unicode/utf8"
)

func (t *table) strings() {
	t.add("substring(string: string, start position: number, [length: number]) -> string", fnSubstring)
	t.add("string length(string: string) -> number", func(_ *Env, a []Value) Value {
		return NumberFromInt(int64(utf8.RuneCountInString(a[0].(string))))
	})
	t.add("upper case(string: string) -> string", func(_ *Env, a []Value) Value { return strings.ToUpper(a[0].(string)) })
	t.add("lower case(string: string) -> string", func(_ *Env, a []Value) Value { return strings.ToLower(a[0].(string)) })
	t.add("substring before(string: string, match: string) -> string", func(_ *Env, a []Value) Value {
		before, _, ok := strings.Cut(a[0].(string), a[1].(string))
		if !ok {
			return ""
		}
		return before
	})
	t.add("substring after(string: string, match: string) -> string", func(_ *Env, a []Value) Value {
		_, after, _ := strings.Cut(a[0].(string), a[1].(string))
		return after
	})
	t.add("contains(string: string, match: string) -> boolean", func(_ *Env, a []Value) Value {
		return strings.Contains(a[0].(string), a[1].(string))
	})
	t.add("starts with(string: string, match: string) -> boolean", func(_ *Env, a []Value) Value {
		return strings.HasPrefix(a[0].(string), a[1].(string))
	})
	t.add("ends with(string: string, match: string) -> boolean", func(_ *Env, a []Value) Value {
		return strings.HasSuffix(a[0].(string), a[1].(string))
	})
	t.add("matches(input: string, pattern: string, [flags: string?]) -> boolean", fnMatches)
	t.add("replace(input: string, pattern: string, replacement: string, [flags: string?]) -> string", fnReplace)
	t.add("split(string: string, delimiter: string) -> strings", fnSplit)
	t.add("string join(list: list, [delimiter: string?], [prefix: string?], [suffix: string?]) -> string", fnJoin)
}

// fnSubstring counts characters from 1, from the end for a negative start.
func fnSubstring(e *Env, a []Value) Value {
	rs := []rune(a[0].(string))
	start, ok := whole(a[1])
	if !ok || start == 0 || start > int64(len(rs)) || start < -int64(len(rs)) {
		return e.fail("feel.index", "index", Format(a[1]), "length", len(rs))
	}
	if start > 0 {
		start--
	} else {
		start += int64(len(rs))
	}
	end := int64(len(rs))
	if a[2] != nil {
		n, ok := whole(a[2])
		if !ok || n < 1 {
			return e.fail("feel.index", "index", Format(a[2]), "length", len(rs))
		}
		end = min(end, start+min(n, end))
	}
	return string(rs[start:end])
}

// whole cuts the decimals off.
func whole(v Value) (int64, bool) {
	n, ok := v.(Number)
	if !ok {
		return 0, false
	}
	n, ok = n.round(0, roundDown)
	i, fits := n.Int64()
	return i, ok && fits
}

func fnJoin(e *Env, a []Value) Value {
	parts := make([]string, 0, len(a[0].(List)))
	size := 0
	for _, v := range a[0].(List) {
		switch s := v.(type) {
		case nil:
		case string:
			parts = append(parts, s)
			size += len(s)
		default:
			return e.fail("feel.argument", "function", "string join", "want", "string", "got", kindOf(v).String())
		}
	}
	delim, _ := a[1].(string)
	prefix, _ := a[2].(string)
	suffix, _ := a[3].(string)
	if size+len(parts)*len(delim) > e.maxText() {
		return e.fail("feel.limit", "limit", "text", "max", e.maxText())
	}
	return prefix + strings.Join(parts, delim) + suffix
}
