package schema

import (
	"chengshu/base/fault"
)

// personKind is a person, by id.
type personKind struct{ plain }

func (personKind) columns(f *Field) []Column {
	return []Column{{Name: f.Name, Type: "TEXT", Index: true}}
}

func (personKind) parse(f *Field, v any) (any, *fault.Field) {
	s, ok := v.(string)
	if !ok || len(s) > 200 {
		return nil, wrong(f, "field.person")
	}
	return s, nil
}
