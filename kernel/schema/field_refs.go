package schema

import (
	"chengshu/base/fault"
	"chengshu/base/feel"
)

// refsKind points to several records of type "of", at most 500 unless "max" says otherwise.
type refsKind struct{ document }

func (refsKind) declare(f *Field, s *Set, problems *Problems) { refKind{}.declare(f, s, problems) }

func (refsKind) parse(f *Field, v any) (any, *fault.Field) {
	list, ok := v.([]any)
	if !ok {
		return nil, wrong(f, "field.refs")
	}
	if len(list) > limit(f, 500) {
		return nil, wrong(f, "field.many", "max", limit(f, 500))
	}
	seen := map[string]bool{}
	out := []any{}
	for _, x := range list {
		s, ok := x.(string)
		if !ok || s == "" || len(s) > 64 {
			return nil, wrong(f, "field.ref", "of", f.Of)
		}
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

func (refsKind) feel(*Field) feel.Type { return feel.ListOf(feel.StringType) }

func (refsKind) schema(*Field) map[string]any {
	return map[string]any{"type": "array", "items": map[string]any{"type": "string"}}
}
