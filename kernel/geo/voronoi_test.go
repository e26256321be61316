package geo_test

import (
	"math"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"

	"chengshu/kernel/geo"
)

// star draws a shape with many bays, so that a cut falls into parts; half of them have a lake.
func star(t *rapid.T) orb.MultiPolygon {
	n := rapid.IntRange(3, 40).Draw(t, "corners")
	ring := make(orb.Ring, 0, n+1)
	for i := range n {
		r := 0.15 + 0.35*float64(rapid.IntRange(0, 100).Draw(t, "r"))/100
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		ring = append(ring, orb.Point{math.Round((110.5+r*cos)*1e7) / 1e7, math.Round((21.5+r*sin)*1e7) / 1e7})
	}
	poly := orb.Polygon{append(ring, ring[0])}
	if rapid.Bool().Draw(t, "lake") {
		lake := box(110.48, 21.48, 110.53, 21.51)[0][0]
		lake.Reverse()
		if n > 8 {
			poly = append(poly, lake)
		}
	}
	return orb.MultiPolygon{poly}
}

// The parts make up the whole, and each point belongs to the part of the site nearest to it.
func TestVoronoiDividesTheShape(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		whole := star(t)
		var sites []orb.Point
		for range rapid.IntRange(1, 12).Draw(t, "sites") {
			sites = append(sites, orb.Point{110.05 + float64(rapid.IntRange(0, 900).Draw(t, "x"))/1000, 21.05 + float64(rapid.IntRange(0, 900).Draw(t, "y"))/1000})
		}
		parts := geo.Voronoi(sites, whole)
		sum := 0.0
		for _, p := range parts {
			sum += geo.SquareMetres(p)
		}
		if want := geo.SquareMetres(whole); math.Abs(sum-want) > want*1e-6+2000 {
			t.Fatalf("the parts have %.0f m², the whole %.0f", sum, want)
		}
		for range 30 {
			p := orb.Point{rapid.Float64Range(110, 111).Draw(t, "px"), rapid.Float64Range(21, 22).Draw(t, "py")}
			if distance(whole, p) < 1e-6 {
				continue
			}
			holders, nearest := 0, math.Inf(1)
			for i, s := range sites {
				d := planeDistance(p, s)
				nearest = min(nearest, d)
				if geo.Contains(parts[i], p) {
					holders++
					if d > planeDistance(p, nearestSite(p, sites))+1 {
						t.Fatalf("%v is held by a farther site %v", p, s)
					}
				}
			}
			want := 0
			if geo.Contains(whole, p) {
				want = 1
			}
			if holders != want && !onBisector(p, sites) {
				t.Fatalf("%v is in %d parts, want %d", p, holders, want)
			}
		}
	})
}

// planeDistance is in the plane the division is made in: scaled at the middle latitude, about 21.5°.
func planeDistance(a, b orb.Point) float64 {
	return math.Hypot((a[0]-b[0])*103_600, (a[1]-b[1])*110_700)
}

func nearestSite(p orb.Point, sites []orb.Point) orb.Point {
	best := sites[0]
	for _, s := range sites {
		if planeDistance(p, s) < planeDistance(p, best) {
			best = s
		}
	}
	return best
}

// onBisector tells points two sites are equally near to, within what the scale of the plane may differ.
func onBisector(p orb.Point, sites []orb.Point) bool {
	best := nearestSite(p, sites)
	for _, s := range sites {
		if s != best && planeDistance(p, s)-planeDistance(p, best) < 300 {
			return true
		}
	}
	return false
}

func TestVoronoiOfOnePlace(t *testing.T) {
	t.Parallel()
	whole := box(110, 21, 111, 22)
	p := orb.Point{110.5, 21.5}
	parts := geo.Voronoi([]orb.Point{p, p}, whole)
	if len(parts[0]) != 1 || len(parts[1]) != 0 {
		t.Errorf("got %v, want all for the first", parts)
	}
	if got := geo.Voronoi([]orb.Point{p}, nil); len(got) != 1 || got[0] != nil {
		t.Errorf("no ground: got %v", got)
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var s geo.Points[int]
		at := map[int]orb.Point{}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			id := rapid.IntRange(0, 30).Draw(t, "id")
			if rapid.IntRange(0, 4).Draw(t, "remove") == 0 {
				s.Remove(id)
				delete(at, id)
				continue
			}
			p := orb.Point{110 + float64(rapid.IntRange(0, 99).Draw(t, "x"))/100, 21 + float64(rapid.IntRange(0, 99).Draw(t, "y"))/100}
			if err := s.Set(id, p); err != nil {
				t.Fatal(err)
			}
			at[id] = p
		}
		if s.Len() != len(at) {
			t.Fatalf("holds %d, want %d", s.Len(), len(at))
		}
		q, within := orb.Point{110.5, 21.5}, 20_000.0
		even := func(id int) bool { return id%2 == 0 }
		want := 0
		for id, p := range at {
			if even(id) && geo.Distance(q, p) < within*0.999 {
				want++
			}
		}
		got := s.Nearest(q, 1000, within, even)
		if len(got) < want {
			t.Fatalf("found %d, want at least %d", len(got), want)
		}
		for i, f := range got {
			if at[f.ID] != f.Point || !even(f.ID) || f.Metres > within || i > 0 && f.Metres < got[i-1].Metres {
				t.Fatalf("%d: %+v is out of order or place", i, f)
			}
		}
		if few := s.Nearest(q, 2, within, even); len(few) != min(2, len(got)) {
			t.Fatalf("limit 2: got %d", len(few))
		}
		all := s.Within(orb.Bound{Min: orb.Point{110, 21}, Max: orb.Point{111, 22}})
		if len(all) != len(at) {
			t.Fatalf("in the box: got %d, want %d", len(all), len(at))
		}
	})
}
