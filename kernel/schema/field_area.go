package schema

import (
	"chengshu/base/fault"
)

// areaKind is an area of the area tree, by its path "/990100/990100001/".
type areaKind struct{ plain }

func (areaKind) columns(f *Field) []Column {
	return []Column{{Name: f.Name, Type: "TEXT", Index: true}}
}

func (areaKind) parse(f *Field, v any) (any, *fault.Field) {
	s, ok := v.(string)
	if !ok || len(s) > 200 {
		return nil, wrong(f, "field.area")
	}
	return s, nil
}
