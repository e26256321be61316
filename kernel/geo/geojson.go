package geo

import (
	"encoding/json"

	"github.com/paulmach/orb"

	"chengshu/base/fault"
)

// maxGeoJSONPoints bounds what a geometry from outside may hold.
const maxGeoJSONPoints = 2_000_000

// document is any GeoJSON object (RFC 7946).
type document struct {
	Type        string          `json:"type"`
	Coordinates json.RawMessage `json:"coordinates,omitempty"`
	Geometry    *document       `json:"geometry,omitempty"`
	Features    []document      `json:"features,omitempty"`
	ID          any             `json:"id,omitempty"`
	Properties  map[string]any  `json:"properties,omitempty"`
}

// Item is a feature read from GeoJSON. ID is a string or a number, as found.
type Item struct {
	ID         any
	Geometry   orb.Geometry // nil where the feature has none
	Properties map[string]any
}

// ParseGeoJSON reads a geometry, a feature or a collection of features and converts it from the system it is in to
// CGCS2000. Heights are dropped; geometry collections are refused. The fault is Invalid "geo.json".
func ParseGeoJSON(data []byte, crs CRS) ([]Item, error) {
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, fault.New(fault.Invalid, "geo.json").With(err)
	}
	features := []document{d}
	switch d.Type {
	case "FeatureCollection":
		features = d.Features
	case "Feature":
	default:
		features = []document{{Geometry: &d}}
	}
	budget := maxGeoJSONPoints
	out := make([]Item, 0, len(features))
	for i, f := range features {
		item := Item{ID: f.ID, Properties: f.Properties}
		if f.Geometry != nil {
			g, err := parseGeometry(f.Geometry, crs, &budget)
			if err != nil {
				return nil, fault.New(fault.Invalid, "geo.json", "feature", i).With(err)
			}
			item.Geometry = g
		}
		out = append(out, item)
	}
	return out, nil
}

// ParseGeometry reads one GeoJSON geometry, see ParseGeoJSON.
func ParseGeometry(data []byte, crs CRS) (orb.Geometry, error) {
	items, err := ParseGeoJSON(data, crs)
	if err != nil {
		return nil, err
	}
	if len(items) != 1 || items[0].Geometry == nil {
		return nil, fault.New(fault.Invalid, "geo.json")
	}
	return items[0].Geometry, nil
}

func parseGeometry(d *document, crs CRS, budget *int) (orb.Geometry, error) {
	r := reader{crs: crs, budget: budget}
	switch d.Type {
	case "Point":
		return decode(d.Coordinates, r.point)
	case "MultiPoint":
		ps, err := list(r.point)(d.Coordinates)
		return orb.MultiPoint(ps), err
	case "LineString":
		return decode(d.Coordinates, r.line)
	case "MultiLineString":
		ls, err := list(r.line)(d.Coordinates)
		return orb.MultiLineString(ls), err
	case "Polygon":
		return decode(d.Coordinates, r.polygon)
	case "MultiPolygon":
		ps, err := list(r.polygon)(d.Coordinates)
		return orb.MultiPolygon(ps), err
	default:
		return nil, fault.New(fault.Invalid, "geo.json", "type", d.Type)
	}
}

// decode lets a typed reader answer with a geometry, and nil where it failed.
func decode[G orb.Geometry](raw json.RawMessage, read func(json.RawMessage) (G, error)) (orb.Geometry, error) {
	g, err := read(raw)
	if err != nil {
		return nil, err
	}
	return g, nil
}

// reader reads coordinates, counting points against the budget of the whole document.
type reader struct {
	crs    CRS
	budget *int
}

func list[T any](read func(json.RawMessage) (T, error)) func(json.RawMessage) ([]T, error) {
	return func(raw json.RawMessage) ([]T, error) {
		var parts []json.RawMessage
		if err := json.Unmarshal(raw, &parts); err != nil {
			return nil, err
		}
		if len(parts) == 0 {
			return nil, fault.New(fault.Invalid, "geo.json")
		}
		out := make([]T, 0, len(parts))
		for _, p := range parts {
			v, err := read(p)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	}
}

func (r reader) convert(xy []float64) (orb.Point, error) {
	if *r.budget--; *r.budget < 0 {
		return orb.Point{}, fault.New(fault.TooLarge, "geo.json")
	}
	if len(xy) < 2 {
		return orb.Point{}, fault.New(fault.Invalid, "geo.json")
	}
	p := r.crs.ToCGCS2000(orb.Point{xy[0], xy[1]})
	return p, CheckPoint(p)
}

func (r reader) point(raw json.RawMessage) (orb.Point, error) {
	var xy []float64
	if err := json.Unmarshal(raw, &xy); err != nil {
		return orb.Point{}, err
	}
	return r.convert(xy)
}

func (r reader) line(raw json.RawMessage) (orb.LineString, error) {
	var in [][]float64
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, err
	}
	if len(in) < 2 {
		return nil, fault.New(fault.Invalid, "geo.json")
	}
	out := make(orb.LineString, 0, len(in))
	for _, xy := range in {
		p, err := r.convert(xy)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func (r reader) ring(raw json.RawMessage) (orb.Ring, error) {
	line, err := r.line(raw)
	if err != nil {
		return nil, err
	}
	if len(line) < 4 || line[0] != line[len(line)-1] {
		return nil, fault.New(fault.Invalid, "geo.json")
	}
	return orb.Ring(line), nil
}

func (r reader) polygon(raw json.RawMessage) (orb.Polygon, error) {
	rings, err := list(r.ring)(raw)
	return orb.Polygon(rings), err
}

// FormatGeometry writes a geometry of CGCS2000 as GeoJSON in another system.
func FormatGeometry(g orb.Geometry, crs CRS) (json.RawMessage, error) {
	d, err := newDocument(g, crs)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(d)
	return data, fault.Wrap("encode GeoJSON", err)
}

// FormatFeatures writes a collection of features as GeoJSON in another system. Features without geometry have null.
func FormatFeatures(items []Item, crs CRS) (json.RawMessage, error) {
	type feature struct {
		Type       string         `json:"type"`
		ID         any            `json:"id,omitempty"`
		Geometry   *document      `json:"geometry"`
		Properties map[string]any `json:"properties"`
	}
	features := make([]feature, 0, len(items))
	for _, it := range items {
		f := feature{Type: "Feature", ID: it.ID, Properties: it.Properties}
		if it.Geometry != nil {
			d, err := newDocument(it.Geometry, crs)
			if err != nil {
				return nil, err
			}
			f.Geometry = d
		}
		features = append(features, f)
	}
	data, err := json.Marshal(map[string]any{"type": "FeatureCollection", "features": features})
	return data, fault.Wrap("encode GeoJSON", err)
}

func newDocument(g orb.Geometry, crs CRS) (*document, error) {
	switch v := g.(type) {
	case orb.Ring:
		g = orb.Polygon{v}
	case orb.Bound:
		g = v.ToPolygon()
	case nil, orb.Collection:
		return nil, fault.New(fault.Invalid, "geo.json")
	}
	data, err := json.Marshal(crs.Out(g))
	if err != nil {
		return nil, fault.Wrap("encode coordinates", err)
	}
	return &document{Type: g.GeoJSONType(), Coordinates: data}, nil
}
