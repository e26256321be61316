package record

import (
	"github.com/paulmach/orb"
)

// Geometry gives the record's geometry in CGCS2000 degrees: the point of its first place field, else its first line or
// polygon.
func (r *Record) Geometry() (orb.Geometry, bool) {
	f := r.Type.PlaceField()
	if f == nil {
		return nil, false
	}
	m, ok := r.Values[f.Name].(map[string]any)
	if !ok {
		return nil, false
	}
	if f.Type == "place" {
		lon, okLon := m["lon"].(float64)
		lat, okLat := m["lat"].(float64)
		return orb.Point{lon, lat}, okLon && okLat
	}
	list, _ := m["coordinates"].([]any)
	switch m["type"] {
	case "LineString":
		return orb.LineString(points(list)), len(list) > 1
	case "MultiLineString":
		out := orb.MultiLineString{}
		for _, x := range list {
			line, _ := x.([]any)
			out = append(out, points(line))
		}
		return out, len(out) > 0
	case "Polygon":
		return polygon(list), len(list) > 0
	case "MultiPolygon":
		out := orb.MultiPolygon{}
		for _, x := range list {
			rings, _ := x.([]any)
			out = append(out, polygon(rings))
		}
		return out, len(out) > 0
	}
	return nil, false
}

func polygon(rings []any) orb.Polygon {
	out := make(orb.Polygon, 0, len(rings))
	for _, x := range rings {
		ring, _ := x.([]any)
		out = append(out, points(ring))
	}
	return out
}

func points(list []any) []orb.Point {
	out := make([]orb.Point, 0, len(list))
	for _, x := range list {
		p, _ := x.([]any)
		if len(p) < 2 {
			continue
		}
		lon, okLon := p[0].(float64)
		lat, okLat := p[1].(float64)
		if okLon && okLat {
			out = append(out, orb.Point{lon, lat})
		}
	}
	return out
}
