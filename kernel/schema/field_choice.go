package schema

import (
	"slices"

	"chengshu/base/fault"
)

// choiceKind is one of a few declared words ("choices"); their labels stand in the locale file.
type choiceKind struct{ plain }

// columns has no index: of few values each is frequent, and SQLite, which takes all values for equally rare, would prefer
// it to a better one. A type that needs it names it in its index.
func (choiceKind) columns(f *Field) []Column { return []Column{{Name: f.Name, Type: "TEXT"}} }

func (choiceKind) declare(f *Field, _ *Set, problems *Problems) {
	if len(f.Choices) == 0 {
		problems.Add(f.Pos, "field.choices")
	}
	for i, c := range f.Choices {
		if c == "" || slices.Contains(f.Choices[:i], c) {
			problems.Add(f.Pos, "field.choices", "choice", c)
		}
	}
}

func (choiceKind) parse(f *Field, v any) (any, *fault.Field) {
	s, ok := v.(string)
	if !ok || !slices.Contains(f.Choices, s) {
		return nil, wrong(f, "field.choice", "choices", f.Choices)
	}
	return s, nil
}

func (choiceKind) schema(f *Field) map[string]any {
	return map[string]any{"type": "string", "enum": f.Choices}
}
func (choiceKind) mask(*Field, any) any { return nil }
