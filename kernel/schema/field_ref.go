package schema

import (
	"chengshu/base/fault"
)

// refKind points to one record of type "of" by its id.
type refKind struct{ plain }

func (refKind) columns(f *Field) []Column { return []Column{{Name: f.Name, Type: "TEXT", Index: true}} }

func (refKind) declare(f *Field, s *Set, problems *Problems) {
	if _, err := s.Type(f.Of); err != nil {
		problems.Add(f.Pos, "field.ref", "of", f.Of)
	}
}

func (refKind) parse(f *Field, v any) (any, *fault.Field) {
	s, ok := v.(string)
	if !ok || len(s) > 64 {
		return nil, wrong(f, "field.ref", "of", f.Of)
	}
	return s, nil
}
