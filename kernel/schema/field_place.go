package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"strconv"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/feel"
)

// placeKind is a point with its address, grid and area: {"lon","lat","address","grid","area"}. Coordinates are CGCS2000
// degrees; grid and area are assigned on write from the point. Without a point the area may be given, the grid never.
type placeKind struct{ document }

func (placeKind) columns(f *Field) []Column {
	return []Column{
		{Name: f.Name + "_lon", Type: "DOUBLE PRECISION", Index: true},
		{Name: f.Name + "_lat", Type: "DOUBLE PRECISION"},
		{Name: f.Name + "_address", Type: "TEXT"},
		{Name: f.Name + "_grid", Type: "TEXT", Index: true},
		{Name: f.Name + "_area", Type: "TEXT"},
	}
}

func (placeKind) parse(f *Field, v any) (any, *fault.Field) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, wrong(f, "field.place")
	}
	out := map[string]any{}
	if m["lon"] != nil || m["lat"] != nil {
		lon, okLon := coordinate(m["lon"], 180)
		lat, okLat := coordinate(m["lat"], 90)
		if !okLon || !okLat {
			return nil, wrong(f, "field.coordinate")
		}
		out["lon"], out["lat"] = lon, lat
	}
	if m["address"] != nil {
		address, bad := parseText(&Field{Name: f.Name}, m["address"], 200, false)
		if bad != nil {
			return nil, bad
		}
		if address != nil {
			out["address"] = address
		}
	}
	for _, k := range []string{"grid", "area"} { // from the kernel only: Distrust takes them away from what people send
		if s, ok := m[k].(string); ok {
			out[k] = s
		}
	}
	if out["lon"] == nil && out["address"] == nil {
		return nil, nil
	}
	return out, nil
}

func coordinate(v any, bound float64) (float64, bool) {
	var n float64
	switch x := v.(type) {
	case float64:
		n = x
	case int64:
		n = float64(x)
	case json.Number:
		p, err := x.Float64()
		if err != nil {
			return 0, false
		}
		n = p
	case string:
		p, err := strconv.ParseFloat(x, 64)
		if err != nil {
			return 0, false
		}
		n = p
	default:
		return 0, false
	}
	return math.Round(n*1e7) / 1e7, n >= -bound && n <= bound // NaN fails both comparisons
}

func (placeKind) encode(_ *Field, v any) []any {
	m, ok := v.(map[string]any)
	if !ok {
		return make([]any, 5)
	}
	return []any{m["lon"], m["lat"], m["address"], m["grid"], m["area"]}
}

func (placeKind) decode(_ *Field, cols []any) any {
	m := map[string]any{}
	if cols[0] != nil && cols[1] != nil {
		m["lon"], m["lat"] = asFloat(cols[0]), asFloat(cols[1])
	}
	for i, k := range []string{"address", "grid", "area"} {
		if cols[i+2] != nil {
			m[k] = asString(cols[i+2])
		}
	}
	return m
}

func (placeKind) feel(*Field) feel.Type {
	return feel.ContextOf(
		feel.Param{Name: "lon", Type: feel.NumberType}, feel.Param{Name: "lat", Type: feel.NumberType},
		feel.Param{Name: "address", Type: feel.StringType}, feel.Param{Name: "grid", Type: feel.StringType},
		feel.Param{Name: "area", Type: feel.StringType},
	)
}

func (placeKind) value(_ *Field, v any) feel.Value {
	out := map[string]any{"lon": nil, "lat": nil, "address": nil, "grid": nil, "area": nil}
	if m, ok := v.(map[string]any); ok {
		maps.Copy(out, m)
	}
	return feel.FromGo(out)
}

func (placeKind) schema(*Field) map[string]any {
	number, text := map[string]any{"type": "number"}, map[string]any{"type": "string"}
	return map[string]any{"type": "object", "properties": map[string]any{
		"lon": number, "lat": number, "address": text, "grid": text, "area": text,
	}}
}

// mask keeps the grid and area, so that statistics still work, and hides point and address.
func (placeKind) mask(_ *Field, v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	out := pick(m, "grid", "area")
	if a, ok := m["address"].(string); ok {
		out["address"] = maskText("address", a)
	}
	return out
}

func (placeKind) text(_ *Field, v any) string {
	m, ok := v.(map[string]any)
	if !ok {
		return ""
	}
	address, _ := m["address"].(string)
	if m["lon"] == nil {
		return address
	}
	return strings.TrimSpace(fmt.Sprintf("%.7f,%.7f %s", asFloat(m["lon"]), asFloat(m["lat"]), address))
}

// fromText reads "lon,lat address", or an address alone.
func (placeKind) fromText(_ *Field, s string) any {
	point, address, _ := strings.Cut(s, " ")
	lon, lat, ok := strings.Cut(point, ",")
	if _, isNumber := coordinate(lon, 180); !ok || !isNumber {
		return map[string]any{"address": s}
	}
	return map[string]any{"lon": lon, "lat": lat, "address": address}
}
