package schema

import (
	"reflect"

	"chengshu/base/fault"
)

// polygonKind is a GeoJSON Polygon or MultiPolygon in CGCS2000 degrees, at most 20,000 positions.
type polygonKind struct{ shapeKind }

func (polygonKind) parse(f *Field, v any) (any, *fault.Field) {
	return parseShape(f, v, map[string]int{"Polygon": 2, "MultiPolygon": 3}, isRing)
}

// shapeKind is the common part of lines and polygons: the geometry as JSON and its bounding box for map queries.
type shapeKind struct{ document }

func (shapeKind) columns(f *Field) []Column {
	out := []Column{{Name: f.Name, Type: "TEXT"}}
	for _, side := range []string{"_west", "_south", "_east", "_north"} {
		out = append(out, Column{Name: f.Name + side, Type: "DOUBLE PRECISION"})
	}
	return out
}

func (shapeKind) encode(f *Field, v any) []any {
	box := []float64{180, 90, -180, -90}
	if m, ok := v.(map[string]any); ok {
		positions(m["coordinates"], func(lon, lat float64) {
			box[0], box[1] = min(box[0], lon), min(box[1], lat)
			box[2], box[3] = max(box[2], lon), max(box[3], lat)
		})
	}
	return append(document{}.encode(f, v), box[0], box[1], box[2], box[3])
}

func (shapeKind) decode(_ *Field, cols []any) any {
	return floating(fromJSON([]byte(asString(cols[0]))))
}

func (shapeKind) schema(*Field) map[string]any {
	return map[string]any{"type": "object", "required": []string{"type", "coordinates"}}
}

// positions walks every position of nested GeoJSON coordinates.
func positions(v any, fn func(lon, lat float64)) {
	list, ok := v.([]any)
	if !ok {
		return
	}
	if len(list) >= 2 {
		lon, okLon := list[0].(float64)
		lat, okLat := list[1].(float64)
		if okLon && okLat {
			fn(lon, lat)
			return
		}
	}
	for _, x := range list {
		positions(x, fn)
	}
}

// isLine accepts at least two positions, isRing at least four of which the last is the first (RFC 7946 §3.1).
func isLine(positions []any) bool { return len(positions) >= 2 }

func isRing(positions []any) bool {
	return len(positions) >= 4 && reflect.DeepEqual(positions[0], positions[len(positions)-1])
}

// shape parses one geometry: valid judges each innermost list of positions, left counts down the positions allowed.
type shape struct {
	valid func(positions []any) bool
	left  int
}

func parseShape(f *Field, v any, depths map[string]int, valid func([]any) bool) (any, *fault.Field) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, wrong(f, "field.geometry")
	}
	name, _ := m["type"].(string)
	depth, ok := depths[name]
	if !ok {
		return nil, wrong(f, "field.geometry")
	}
	p := &shape{valid: valid, left: 20_000}
	coordinates, ok := p.coordinates(m["coordinates"], depth)
	if !ok {
		return nil, wrong(f, "field.geometry")
	}
	return map[string]any{"type": name, "coordinates": coordinates}, nil
}

// coordinates reads lists nested depth deep above the positions.
func (p *shape) coordinates(v any, depth int) (any, bool) {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return nil, false
	}
	if depth == 0 {
		if p.left--; p.left < 0 || len(list) < 2 {
			return nil, false
		}
		lon, okLon := coordinate(list[0], 180)
		lat, okLat := coordinate(list[1], 90)
		return []any{lon, lat}, okLon && okLat
	}
	out := make([]any, 0, len(list))
	for _, x := range list {
		c, ok := p.coordinates(x, depth-1)
		if !ok {
			return nil, false
		}
		out = append(out, c)
	}
	return out, depth > 1 || p.valid(out)
}
