package schema

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"chengshu/base/fault"
)

// textKind is one line of text; max 200 runes unless declared.
type textKind struct{ plain }

func (textKind) parse(f *Field, v any) (any, *fault.Field) { return parseText(f, v, 200, false) }

func (textKind) declare(f *Field, _ *Set, problems *Problems) {
	if f.Min < 0 || f.Max < 0 || f.Min > limit(f, 200) {
		problems.Add(f.Pos, "field.bounds", "low", f.Min, "high", f.Max)
	}
	if f.Pattern == "" {
		return
	}
	if _, err := regexp.Compile(f.Pattern); err != nil {
		problems.Add(f.Pos, "field.pattern", "pattern", f.Pattern, "detail", err.Error())
	}
}

func (textKind) schema(f *Field) map[string]any {
	s := map[string]any{"type": "string", "maxLength": limit(f, 200)}
	if f.Min > 0 {
		s["minLength"] = f.Min
	}
	if f.Pattern != "" {
		s["pattern"] = "^(?:" + f.Pattern + ")$"
	}
	return s
}

func limit(f *Field, standard int) int {
	if f.Max > 0 {
		return f.Max
	}
	return standard
}

// parseText trims, refuses control characters (line breaks only where lines are allowed) and checks the length in runes.
func parseText(f *Field, v any, standard int, lines bool) (any, *fault.Field) {
	s, ok := v.(string)
	if !ok {
		return nil, wrong(f, "field.text")
	}
	s = strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
	if !utf8.ValidString(s) {
		return nil, wrong(f, "field.encoding")
	}
	for _, r := range s {
		if r < ' ' && r != '\t' && (r != '\n' || !lines) || r == 0x7f {
			return nil, wrong(f, "field.control")
		}
	}
	n := utf8.RuneCountInString(s)
	switch {
	case n == 0:
		return nil, nil
	case n > limit(f, standard):
		return nil, wrong(f, "field.long", "max", limit(f, standard), "got", n)
	case n < f.Min:
		return nil, wrong(f, "field.short", "min", f.Min, "got", n)
	}
	if f.Pattern != "" {
		if ok, err := regexp.MatchString("^(?:"+f.Pattern+")$", s); err != nil || !ok {
			return nil, wrong(f, "field.pattern", "pattern", f.Pattern)
		}
	}
	return s, nil
}
