package geo_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
	"pgregory.net/rapid"

	"chengshu/base/fault"
	"chengshu/kernel/geo"
)

// cells makes grids of shapes; their codes are in the order of the shapes, all in one village.
func cells(shapes []orb.MultiPolygon) []geo.Grid {
	var out []geo.Grid
	for i, s := range shapes {
		code := fmt.Sprintf("990100001001%03d", i+1)
		out = append(out, geo.Grid{Layer: geo.Cell, Code: code, Area: "990100001001", Name: code, Path: "/990100/990100001/990100001001/" + code + "/", Shape: s})
	}
	return out
}

func mustIndex(tb interface {
	Helper()
	Fatal(args ...any)
}, areas []geo.Area, grids []geo.Grid, links []geo.Link,
) *geo.Index {
	tb.Helper()
	x, err := geo.NewIndex("2026-03-02", areas, grids, links)
	if err != nil {
		tb.Fatal(err)
	}
	return x
}

// drawGround draws shapes over a square degree: a division by sites, or squares that overlap and leave gaps.
func drawGround(t *rapid.T) []orb.MultiPolygon {
	coordinate := func(from float64) *rapid.Generator[float64] {
		return rapid.Custom(func(t *rapid.T) float64 { return from + float64(rapid.IntRange(0, 1000).Draw(t, "m"))/1000 })
	}
	n := rapid.IntRange(1, 25).Draw(t, "shapes")
	var out []orb.MultiPolygon
	if rapid.Bool().Draw(t, "divide") {
		sites := make([]orb.Point, n)
		for i := range sites {
			sites[i] = orb.Point{coordinate(110).Draw(t, "x"), coordinate(21).Draw(t, "y")}
		}
		for _, s := range geo.Voronoi(sites, box(110, 21, 111, 22)) {
			if len(s) > 0 {
				out = append(out, s)
			}
		}
		return out
	}
	for range n {
		x, y := coordinate(110).Draw(t, "x"), coordinate(21).Draw(t, "y")
		w := 0.001 + coordinate(0).Draw(t, "w")/3
		s := box(x, y, x+w, y+w)
		if rapid.Bool().Draw(t, "hole") {
			hole := box(x+w/4, y+w/4, x+w/2, y+w/2)[0][0]
			hole.Reverse()
			s[0] = append(s[0], hole)
		}
		out = append(out, s)
	}
	return out
}

// drawPoint draws a point anywhere, on a corner, or on the middle of an edge.
func drawPoint(t *rapid.T, shapes []orb.MultiPolygon) orb.Point {
	ring := rapid.SampledFrom(rapid.SampledFrom(shapes).Draw(t, "shape")[0]).Draw(t, "ring")
	i := rapid.IntRange(1, len(ring)-1).Draw(t, "corner")
	switch rapid.IntRange(0, 3).Draw(t, "where") {
	case 0:
		return ring[i]
	case 1:
		return orb.Point{(ring[i][0] + ring[i-1][0]) / 2, (ring[i][1] + ring[i-1][1]) / 2}
	default:
		return orb.Point{rapid.Float64Range(109.99, 111.3).Draw(t, "x"), rapid.Float64Range(20.99, 22.3).Draw(t, "y")}
	}
}

func TestLocateEqualsBruteForce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		shapes := drawGround(t)
		grids := cells(shapes)
		x := mustIndex(t, nil, grids, nil)
		for range 60 {
			p := drawPoint(t, shapes)
			want := ""
			for i, s := range shapes { // the lowest code wins
				if geo.Contains(s, p) {
					want = grids[i].Code
					break
				}
			}
			got, _ := x.Locate(p[0], p[1], geo.Cell)
			if got.Code != want {
				t.Fatalf("%v: got %q, want %q", p, got.Code, want)
			}
		}
	})
}

// Contains against another implementation, away from borders, where the two must agree.
func TestContainsAgainstOrb(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		shapes := drawGround(t)
		for range 40 {
			p := orb.Point{rapid.Float64Range(109.9, 111.4).Draw(t, "x"), rapid.Float64Range(20.9, 22.4).Draw(t, "y")}
			for _, s := range shapes {
				if got, want := geo.Contains(s, p), planar.MultiPolygonContains(s, p); got != want && distance(s, p) > 1e-9 {
					t.Fatalf("%v in %v: got %v, want %v", p, s, got, want)
				}
			}
		}
	})
}

func distance(s orb.MultiPolygon, p orb.Point) float64 {
	least := math.Inf(1)
	for _, poly := range s {
		for _, ring := range poly {
			for i := 1; i < len(ring); i++ {
				least = min(least, planar.DistanceFromSegment(ring[i-1], ring[i], p))
			}
		}
	}
	return least
}

func TestBorderBelongsToTheLowestCode(t *testing.T) {
	t.Parallel()
	grids := cells([]orb.MultiPolygon{box(110.5, 21, 111, 22), box(110, 21, 110.5, 22)}) // 001 is the eastern one
	x := mustIndex(t, nil, grids, nil)
	for _, lat := range []float64{21, 21.3, 21.77777, 22} {
		if got, ok := x.Locate(110.5, lat, geo.Cell); !ok || got.Code != grids[0].Code {
			t.Errorf("at %v: got %v, want %s", lat, got, grids[0].Code)
		}
	}
	if got, ok := x.Locate(110.4999999, 21.3, geo.Cell); !ok || got.Code != grids[1].Code || got.Path != grids[1].Path {
		t.Errorf("west of the border: got %v", got)
	}
	for _, p := range []orb.Point{{109.9999, 21.5}, {110.5, 22.0001}, {math.NaN(), 21.5}, {math.Inf(1), 0}} {
		if got, ok := x.Locate(p[0], p[1], geo.Cell); ok {
			t.Errorf("%v: got %v, want nothing", p, got)
		}
	}
	if _, ok := x.Locate(110.3, 21.5, geo.Duty); ok {
		t.Error("a layer without shapes holds a point")
	}
}

func TestNear(t *testing.T) {
	t.Parallel()
	grids := cells([]orb.MultiPolygon{box(110, 21, 110.1, 21.1), box(110.1, 21, 110.2, 21.1), box(110.2, 21, 110.3, 21.1)})
	x := mustIndex(t, nil, grids, nil)
	p := orb.Point{110.1 - 0.0001, 21.05}
	got := x.Near(p[0], p[1], geo.Cell, 50)
	if len(got) != 2 || got[0].Code != grids[0].Code || got[0].Metres != 0 || got[1].Code != grids[1].Code {
		t.Fatalf("got %v", got)
	}
	if want := geo.Distance(p, orb.Point{110.1, 21.05}); math.Abs(got[1].Metres-want) > 0.01 {
		t.Errorf("distance: got %.3f, want %.3f", got[1].Metres, want)
	}
	if got := x.Near(p[0], p[1], geo.Cell, 5); len(got) != 1 {
		t.Errorf("within 5 m: got %v", got)
	}
	if got := x.Near(109, 21, geo.Cell, 5); len(got) != 0 {
		t.Errorf("far away: got %v", got)
	}
}

func TestValidityAndLinks(t *testing.T) {
	t.Parallel()
	grids := cells([]orb.MultiPolygon{box(110, 21, 110.1, 21.1), box(110.1, 21, 110.2, 21.1)})
	grids[0].ValidTo = "2026-03-02" // ended as the day began
	grids[1].ValidFrom = "2026-03-02"
	duty := geo.Grid{Layer: geo.Duty, Code: "D1", Area: "990100001000", Name: "beat", Path: "/990100/990100001/D1/"}
	areas := []geo.Area{
		{Code: "990100000000", Name: "county", Level: geo.County, Path: "/990100/", Shape: box(109, 20, 112, 23)},
		{Code: "990100001000", Parent: "990100000000", Name: "town", Level: geo.Town, Path: "/990100/990100001/"},
		{Code: "990100001001", Parent: "990100001000", Name: "village", Level: geo.Village, Path: "/990100/990100001/990100001001/"},
	}
	x := mustIndex(t, areas, append(grids, duty), []geo.Link{
		{FromLayer: geo.Duty, From: "D1", ToLayer: geo.Cell, To: grids[1].Code},
		{FromLayer: geo.Duty, From: "D1", ToLayer: geo.Cell, To: grids[0].Code, ValidTo: "2026-01-01"},
	})
	if _, ok := x.Grid(geo.Cell, grids[0].Code); ok {
		t.Error("a grid that ended is there")
	}
	if got := x.Linked(geo.Duty, "D1", geo.Cell); len(got) != 1 || got[0] != grids[1].Code {
		t.Errorf("links: got %v", got)
	}
	spot := x.Resolve(110.15, 21.05)
	want := geo.Spot{Path: grids[1].Path, County: "990100000000", Town: "990100001000", Village: "990100001001", Cell: grids[1].Code, Duty: "D1"}
	if spot != want {
		t.Errorf("resolve: got %+v, want %+v", spot, want)
	}
	if spot := x.Resolve(111.5, 22.5); spot != (geo.Spot{Path: "/990100/", County: "990100000000"}) {
		t.Errorf("outside the cells: got %+v", spot)
	}
	if spot := x.Resolve(0, 0); spot != (geo.Spot{}) {
		t.Errorf("outside everything: got %+v", spot)
	}
	if got := x.Children("990100"); len(got) != 1 || got[0].Code != "990100001000" {
		t.Errorf("children: got %v", got)
	}
	if got := x.Children(""); len(got) != 1 || got[0].Code != "990100000000" {
		t.Errorf("roots: got %v", got)
	}
	if a, ok := x.Area("990100001"); !ok || a.Name != "town" {
		t.Errorf("area by its short code: got %v", a)
	}
}

func TestIndexRefusesTwice(t *testing.T) {
	t.Parallel()
	g := cells([]orb.MultiPolygon{box(110, 21, 110.1, 21.1)})
	if _, err := geo.NewIndex("2026-03-02", nil, append(g, g[0]), nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v, want an invalid fault", err)
	}
}

func TestCodes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		code   string
		level  geo.Layer
		parent string
		path   string
	}{
		{"990100000000", geo.County, "", "/990100/"},
		{"990100", geo.County, "", "/990100/"},
		{"990100001000", geo.Town, "990100000000", "/990100/990100001/"},
		{"990100001001", geo.Village, "990100001000", "/990100/990100001/990100001001/"},
		{"990100001001007", geo.Cell, "990100001001", "/990100/990100001/990100001001/990100001001007/"},
	}
	for _, tt := range tests {
		level, err := geo.LevelOf(tt.code)
		path, errPath := geo.PathOf(tt.code)
		if level != tt.level || path != tt.path || geo.ParentOf(tt.code) != tt.parent || err != nil || errPath != nil {
			t.Errorf("%s: got %s %s %s, %v %v", tt.code, level, path, geo.ParentOf(tt.code), err, errPath)
		}
	}
	for _, bad := range []string{"", "99010", "9901000010010", "99010000000a", "９９０１００"} {
		if _, err := geo.LevelOf(bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: got %v, want an invalid fault", bad, err)
		}
	}
}

// On the border of two villages the levels must not contradict each other.
func TestResolveIsOfOnePiece(t *testing.T) {
	t.Parallel()
	west, east := box(110, 21, 110.5, 22), box(110.5, 21, 111, 22)
	areas := []geo.Area{
		{Code: "990100000000", Level: geo.County, Path: "/990100/", Shape: box(110, 21, 111, 22)},
		{Code: "990100001000", Parent: "990100000000", Level: geo.Town, Path: "/990100/990100001/", Shape: east},
		{Code: "990100002000", Parent: "990100000000", Level: geo.Town, Path: "/990100/990100002/", Shape: west},
		{Code: "990100001009", Parent: "990100001000", Level: geo.Village, Path: "/990100/990100001/990100001009/", Shape: east},
	}
	grids := []geo.Grid{
		{Layer: geo.General, Code: "G2", Area: "990100002001", Shape: west},
		{Layer: geo.Cell, Code: "990100002001001", Area: "990100002001", Path: "/990100/990100002/990100002001/990100002001001/", Shape: west},
	}
	x := mustIndex(t, areas, grids, nil)
	want := geo.Spot{
		Path: "/990100/990100002/990100002001/990100002001001/", County: "990100000000", Town: "990100002000",
		Village: "990100002001", Cell: "990100002001001", General: "G2",
	}
	if got := x.Resolve(110.5, 21.5); got != want { // the lowest town alone would be 001
		t.Errorf("got %+v, want %+v", got, want)
	}
	want = geo.Spot{Path: "/990100/990100001/990100001009/", County: "990100000000", Town: "990100001000", Village: "990100001009"}
	if got := x.Resolve(110.6, 21.5); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
