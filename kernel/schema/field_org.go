package schema

import (
	"chengshu/base/fault"
)

// orgKind is an organisation, by its path "/county/bureau/".
type orgKind struct{ plain }

func (orgKind) columns(f *Field) []Column { return []Column{{Name: f.Name, Type: "TEXT", Index: true}} }

func (orgKind) parse(f *Field, v any) (any, *fault.Field) {
	s, ok := v.(string)
	if !ok || len(s) > 200 {
		return nil, wrong(f, "field.org")
	}
	return s, nil
}
