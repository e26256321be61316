package schema

import (
	"chengshu/base/fault"
)

// longtextKind is text of several lines; max 4,000 runes unless declared.
type longtextKind struct{ plain }

func (longtextKind) parse(f *Field, v any) (any, *fault.Field) { return parseText(f, v, 4000, true) }

func (longtextKind) columns(f *Field) []Column { return []Column{{Name: f.Name, Type: "TEXT"}} }

func (longtextKind) schema(f *Field) map[string]any {
	return map[string]any{"type": "string", "maxLength": limit(f, 4000)}
}
