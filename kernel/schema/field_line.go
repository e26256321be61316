package schema

import (
	"chengshu/base/fault"
)

// lineKind is a GeoJSON LineString or MultiLineString in CGCS2000 degrees, at most 20,000 positions.
type lineKind struct{ shapeKind }

func (lineKind) parse(f *Field, v any) (any, *fault.Field) {
	return parseShape(f, v, map[string]int{"LineString": 1, "MultiLineString": 2}, isLine)
}
