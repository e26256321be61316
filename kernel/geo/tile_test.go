package geo_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/paulmach/orb"
	"pgregory.net/rapid"

	"chengshu/base/fault"
	"chengshu/kernel/geo"
)

// field is one field of a protocol buffer message; the test reads tiles with a decoder of its own.
type field struct {
	number int
	value  uint64
	bytes  []byte
}

func fields(tb interface {
	Helper()
	Fatalf(format string, args ...any)
}, b []byte,
) []field {
	tb.Helper()
	var out []field
	varint := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			tb.Fatalf("broken varint")
		}
		b = b[n:]
		return v
	}
	for len(b) > 0 {
		tag := varint()
		f := field{number: int(tag >> 3)}
		switch tag & 7 {
		case 0:
			f.value = varint()
		case 1:
			f.value, b = binary.LittleEndian.Uint64(b), b[8:]
		case 2:
			n := varint()
			if n > uint64(len(b)) {
				tb.Fatalf("broken length")
			}
			f.bytes, b = b[:n], b[n:]
		default:
			tb.Fatalf("wire type %d", tag&7)
		}
		out = append(out, f)
	}
	return out
}

func varints(b []byte) []uint64 {
	var out []uint64
	for len(b) > 0 {
		v, n := binary.Uvarint(b)
		out, b = append(out, v), b[n:]
	}
	return out
}

type drawn struct {
	id         uint64
	kind       uint64
	properties map[string]any
	parts      [][][2]int // closed rings come without their last point
}

type drawnLayer struct {
	name            string
	version, extent uint64
	features        []drawn
}

func decodeTile(tb interface {
	Helper()
	Fatalf(format string, args ...any)
}, data []byte,
) []drawnLayer {
	tb.Helper()
	var out []drawnLayer
	for _, l := range fields(tb, data) {
		if l.number != 3 {
			tb.Fatalf("field %d in a tile", l.number)
		}
		var layer drawnLayer
		var keys []string
		var values []any
		var features [][]byte
		for _, f := range fields(tb, l.bytes) {
			switch f.number {
			case 1:
				layer.name = string(f.bytes)
			case 2:
				features = append(features, f.bytes)
			case 3:
				keys = append(keys, string(f.bytes))
			case 4:
				values = append(values, decodeValue(fields(tb, f.bytes)[0]))
			case 5:
				layer.extent = f.value
			case 15:
				layer.version = f.value
			}
		}
		for _, f := range features {
			d := drawn{properties: map[string]any{}}
			for _, p := range fields(tb, f) {
				switch p.number {
				case 1:
					d.id = p.value
				case 2:
					tags := varints(p.bytes)
					for i := 0; i < len(tags); i += 2 {
						d.properties[keys[tags[i]]] = values[tags[i+1]]
					}
				case 3:
					d.kind = p.value
				case 4:
					d.parts = decodeParts(varints(p.bytes))
				}
			}
			layer.features = append(layer.features, d)
		}
		out = append(out, layer)
	}
	return out
}

func unzigzag(v uint64) int { return int(v>>1) ^ -int(v&1) }

func decodeValue(f field) any {
	switch f.number {
	case 1:
		return string(f.bytes)
	case 3:
		return math.Float64frombits(f.value)
	case 6:
		return unzigzag(f.value)
	case 7:
		return f.value == 1
	default:
		return f.value
	}
}

func decodeParts(commands []uint64) [][][2]int {
	var out [][][2]int
	x, y := 0, 0
	for i := 0; i < len(commands); {
		command, count := commands[i]&7, int(commands[i]>>3)
		i++
		if command == 7 {
			continue
		}
		for range count {
			x, y = x+unzigzag(commands[i]), y+unzigzag(commands[i+1])
			i += 2
			if command == 1 {
				out = append(out, nil)
			}
			out[len(out)-1] = append(out[len(out)-1], [2]int{x, y})
		}
	}
	return out
}

func ringSum(ring [][2]int) int {
	sum := 0
	for i, a := range ring {
		b := ring[(i+1)%len(ring)]
		sum += a[0]*b[1] - b[0]*a[1]
	}
	return sum
}

func TestTile(t *testing.T) {
	t.Parallel()
	hole := box(0.2, 0.2, 0.4, 0.4)[0][0]
	hole.Reverse()
	square := orb.Polygon{box(0.1, 0.1, 0.5, 0.5)[0][0], hole}
	props := map[string]any{"name": "格", "n": -3, "f": 1.5, "b": true, "none": nil, "u": uint64(9)}
	data, err := geo.Tile(8, 128, 127, []geo.TileLayer{
		{Name: "cells", Features: []geo.Feature{
			{ID: 7, Geometry: square, Properties: props},
			{ID: 8, Geometry: orb.Point{0.25, 0.25}, Properties: map[string]any{"name": "格"}},
			{ID: 9, Geometry: orb.LineString{{-5, 0.5}, {5, 0.5}}},
			{ID: 10, Geometry: box(50, 50, 51, 51)},
			{ID: 11},
		}},
		{Name: "empty", Features: []geo.Feature{{Geometry: orb.Point{60, 60}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	layers := decodeTile(t, data)
	if len(layers) != 1 || layers[0].name != "cells" || layers[0].version != 2 || layers[0].extent != 4096 {
		t.Fatalf("got %+v", layers)
	}
	f := layers[0].features
	if len(f) != 3 || f[0].id != 7 || f[0].kind != 3 || f[1].kind != 1 || f[2].kind != 2 {
		t.Fatalf("got %+v", f)
	}
	want := map[string]any{"name": "格", "n": -3, "f": 1.5, "b": true, "u": uint64(9)}
	if diff := cmp.Diff(want, f[0].properties); diff != "" {
		t.Error(diff)
	}
	if len(f[0].parts) != 2 || ringSum(f[0].parts[0]) <= 0 || ringSum(f[0].parts[1]) >= 0 {
		t.Errorf("rings turn the wrong way: %v", f[0].parts)
	}
	// a tile of zoom 8 is 1.40625° wide and its lower edge is the equator
	if got, wantX := f[1].parts[0][0], int(math.Round(0.25/1.40625*4096)); got[0] != wantX || math.Abs(float64(got[1]-(4096-wantX))) > 1 {
		t.Errorf("point: got %v, want %d from the west and the south", got, wantX)
	}
	for _, c := range f[2].parts[0] {
		if c[0] < -65 || c[0] > 4096+65 {
			t.Errorf("the line is not clipped: %v", c)
		}
	}
	if square[0][0] != (orb.Point{0.1, 0.1}) {
		t.Error("the feature was changed")
	}
}

func TestTileRefuses(t *testing.T) {
	t.Parallel()
	for _, at := range [][3]uint32{{0, 1, 0}, {3, 0, 8}, {23, 0, 0}, {40, 0, 0}} {
		if _, err := geo.Tile(at[0], at[1], at[2], nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v: got %v, want an invalid fault", at, err)
		}
	}
	bad := []geo.TileLayer{{Features: []geo.Feature{{Geometry: orb.Point{0, 0}, Properties: map[string]any{"x": []int{1}}}}}}
	if _, err := geo.Tile(0, 0, 0, bad); fault.CodeOf(err) != "geo.property" {
		t.Errorf("got %v, want geo.property", err)
	}
	if data, err := geo.Tile(0, 0, 0, nil); err != nil || len(data) != 0 {
		t.Errorf("empty tile: got %d bytes, %v", len(data), err)
	}
}

// Whatever is drawn, the tile reads back, stays inside its margin, and a point falls where it must.
func TestTileReadsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		shapes := drawGround(t)
		z := uint32(rapid.IntRange(0, 16).Draw(t, "z"))
		p := drawPoint(t, shapes)
		x, y := geo.TileAt(p, z)
		var l geo.TileLayer
		for i, s := range shapes {
			l.Features = append(l.Features, geo.Feature{ID: uint64(i + 1), Geometry: s})
		}
		l.Features = append(l.Features, geo.Feature{ID: 999, Geometry: p})
		data, err := geo.Tile(z, x, y, []geo.TileLayer{l})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, f := range decodeTile(t, data)[0].features {
			for i, part := range f.parts {
				for _, c := range part {
					if c[0] < -65 || c[0] > 4161 || c[1] < -65 || c[1] > 4161 {
						t.Fatalf("outside the margin: %v", c)
					}
				}
				if f.kind == 3 && (len(part) < 3 || i == 0 && ringSum(part) <= 0) {
					t.Fatalf("bad ring %v", part)
				}
			}
			if f.id == 999 {
				found = true
				if c := f.parts[0][0]; c[0] < 0 || c[0] > 4096 || c[1] < 0 || c[1] > 4096 {
					t.Fatalf("the point is outside its tile: %v", c)
				}
			}
		}
		if !found {
			t.Fatalf("the point is missing")
		}
	})
}

func TestIndexDraws(t *testing.T) {
	t.Parallel()
	grids := cells([]orb.MultiPolygon{box(110, 21, 110.1, 21.1), box(110.1, 21, 110.2, 21.1), box(120, 21, 120.2, 21.1)})
	x := mustIndex(t, nil, grids, nil)
	tx, ty := geo.TileAt(orb.Point{110.1, 21.05}, 9)
	bound, err := geo.TileBound(9, tx, ty)
	if err != nil {
		t.Fatal(err)
	}
	features, labels := x.Features(bound, geo.Cell), x.Labels(bound, geo.Cell)
	if len(features) != 2 || features[0].Properties["code"] != grids[0].Code {
		t.Errorf("features: got %v", features)
	}
	if len(labels) != 2 {
		t.Errorf("labels: got %v", labels)
	}
	if got := x.Within(bound, geo.Cell); len(got) != 2 || x.Shape(geo.Cell, got[1].Code) == nil || x.Shape(geo.Cell, "x") != nil {
		t.Errorf("within: got %v", got)
	}
	if b, ok := x.Bound(geo.Cell); !ok || !b.Contains(orb.Point{120.2, 21.1}) {
		t.Errorf("bound: got %v %v", b, ok)
	}
}
