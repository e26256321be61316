package schema

import (
	"chengshu/base/fault"
	"chengshu/base/feel"
)

// booleanKind is true or false; empty means not answered.
type booleanKind struct{ plain }

func (booleanKind) columns(f *Field) []Column {
	return []Column{{Name: f.Name, Type: "BOOLEAN", Index: false}}
}

func (booleanKind) parse(f *Field, v any) (any, *fault.Field) {
	switch v {
	case true, "true", "1", "on", "yes":
		return true, nil
	case false, "false", "0", "no":
		return false, nil
	}
	return nil, wrong(f, "field.boolean")
}

func (booleanKind) decode(_ *Field, cols []any) any {
	switch x := cols[0].(type) {
	case bool:
		return x
	case int64:
		return x != 0
	}
	return nil
}

func (booleanKind) feel(*Field) feel.Type        { return feel.BoolType }
func (booleanKind) schema(*Field) map[string]any { return map[string]any{"type": "boolean"} }
func (booleanKind) mask(*Field, any) any         { return nil }
