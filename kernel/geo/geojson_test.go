package geo_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/paulmach/orb"

	"chengshu/base/fault"
	"chengshu/kernel/geo"
)

func TestGeoJSON(t *testing.T) {
	t.Parallel()
	geometries := map[string]orb.Geometry{
		"point":    orb.Point{110.1, 21.2},
		"points":   orb.MultiPoint{{110.1, 21.2}, {110.2, 21.3}},
		"line":     orb.LineString{{110.1, 21.2}, {110.2, 21.3}},
		"lines":    orb.MultiLineString{{{110.1, 21.2}, {110.2, 21.3}}},
		"polygon":  box(110, 21, 110.1, 21.1)[0],
		"polygons": append(box(110, 21, 110.1, 21.1), box(111, 21, 111.1, 21.1)...),
	}
	for name, g := range geometries {
		data, err := geo.FormatGeometry(g, geo.CGCS2000())
		if err != nil {
			t.Fatal(err)
		}
		back, err := geo.ParseGeometry(data, geo.CGCS2000())
		if diff := cmp.Diff(g, back); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
	items := []geo.Item{{ID: "a", Geometry: orb.Point{110.1, 21.2}, Properties: map[string]any{"name": "井"}}, {ID: 7.0, Properties: map[string]any{}}}
	data, err := geo.FormatFeatures(items, geo.GCJ02())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "110.1,") {
		t.Errorf("not converted: %s", data)
	}
	back, err := geo.ParseGeoJSON(data, geo.GCJ02())
	if err != nil || len(back) != 2 || back[1].Geometry != nil || back[0].ID != "a" || back[1].ID != 7.0 || back[0].Properties["name"] != "井" {
		t.Fatalf("got %+v, %v", back, err)
	}
	if d := geo.Distance(back[0].Geometry.(orb.Point), orb.Point{110.1, 21.2}); d > 0.001 {
		t.Errorf("the round trip errs %v m", d)
	}
}

func TestGeoJSONRefuses(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"no JSON":         `{`,
		"unknown type":    `{"type":"Circle","coordinates":[1,2]}`,
		"collection":      `{"type":"GeometryCollection","geometries":[]}`,
		"no coordinates":  `{"type":"Point"}`,
		"one number":      `{"type":"Point","coordinates":[1]}`,
		"out of range":    `{"type":"Point","coordinates":[181,0]}`,
		"open ring":       `{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}`,
		"empty polygon":   `{"type":"Polygon","coordinates":[]}`,
		"short ring":      `{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,0]]]}`,
		"line of a point": `{"type":"LineString","coordinates":[[0,0]]}`,
		"text":            `{"type":"Point","coordinates":["1","2"]}`,
		"two features":    `{"type":"FeatureCollection","features":[{"type":"Feature","geometry":null},{"type":"Feature","geometry":null}]}`,
	} {
		if g, err := geo.ParseGeometry([]byte(in), geo.CGCS2000()); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, %v, want an invalid fault", name, g, err)
		}
	}
}

func FuzzParseGeoJSON(f *testing.F) {
	f.Add([]byte(`{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}`))
	f.Add([]byte(`{"type":"FeatureCollection","features":[{"type":"Feature","id":1,"geometry":{"type":"Point","coordinates":[1,2,3]},"properties":{"a":null}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		items, err := geo.ParseGeoJSON(data, geo.GCJ02())
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want an invalid fault", err)
			}
			return
		}
		for _, it := range items {
			if it.Geometry == nil {
				continue
			}
			if s, err := geo.NewShape(it.Geometry); err == nil {
				geo.SquareMetres(s)
				geo.LabelPoint(s)
			}
			if _, err := geo.FormatGeometry(it.Geometry, geo.BD09()); err != nil {
				t.Errorf("does not write back: %v", err)
			}
		}
	})
}

func TestNewShape(t *testing.T) {
	t.Parallel()
	clockwise := orb.Ring{{0, 0}, {0, 1}, {1, 1}, {1, 1}, {1, 0}} // open, clockwise, a point twice
	hole := orb.Ring{{0.2, 0.2}, {0.4, 0.2}, {0.4, 0.4}, {0.2, 0.4}, {0.2, 0.2}}
	got, err := geo.NewShape(orb.Polygon{clockwise, hole})
	if err != nil {
		t.Fatal(err)
	}
	want := orb.MultiPolygon{{{{0, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 0}}, {{0.2, 0.2}, {0.2, 0.4}, {0.4, 0.4}, {0.4, 0.2}, {0.2, 0.2}}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	again, err := geo.NewShape(got)
	if diff := cmp.Diff(got, again); diff != "" || err != nil {
		t.Errorf("not stable: %v %s", err, diff)
	}
	p, ok := geo.LabelPoint(got)
	if !ok || !geo.Contains(got, p) {
		t.Errorf("label %v, %v", p, ok)
	}
	for name, bad := range map[string]orb.Geometry{
		"line": orb.LineString{{0, 0}, {1, 1}}, "empty": orb.MultiPolygon{}, "no rings": orb.MultiPolygon{{}},
		"two corners": orb.Ring{{0, 0}, {1, 1}, {0, 0}}, "out of range": orb.Ring{{0, 0}, {1, 0}, {200, 1}},
	} {
		if _, err := geo.NewShape(bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want an invalid fault", name, err)
		}
	}
	var raw json.RawMessage
	if raw, err = geo.FormatGeometry(orb.Collection{}, geo.CGCS2000()); err == nil {
		t.Errorf("a collection is written: %s", raw)
	}
}
