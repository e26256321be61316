package geo_test

import (
	"math"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"

	"chengshu/kernel/geo"
)

func box(x0, y0, x1, y1 float64) orb.MultiPolygon {
	return orb.MultiPolygon{{{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}, {x0, y0}}}}
}

// The ground between two meridians and two parallels by integration over the ellipsoid.
func TestSquareMetresAgainstIntegration(t *testing.T) {
	t.Parallel()
	const a, f = 6378137.0, 1 / 298.257222101
	e2 := f * (2 - f)
	rapid.Check(t, func(t *rapid.T) {
		x, y := rapid.Float64Range(74, 134).Draw(t, "x"), rapid.Float64Range(3, 53).Draw(t, "y")
		w, h := rapid.Float64Range(0.001, 0.5).Draw(t, "w"), rapid.Float64Range(0.001, 0.5).Draw(t, "h")
		const n = 200
		want := 0.0
		for i := range n {
			phi := (y + h*(float64(i)+0.5)/n) * math.Pi / 180
			s := 1 - e2*math.Sin(phi)*math.Sin(phi)
			want += a * a * (1 - e2) * math.Cos(phi) / (s * s) * (h / n * math.Pi / 180) * (w * math.Pi / 180)
		}
		if got := geo.SquareMetres(box(x, y, x+w, y+h)); math.Abs(got-want) > want*1e-6 {
			t.Fatalf("got %.2f, want %.2f", got, want)
		}
	})
}

func TestSquareMetresOfHoles(t *testing.T) {
	t.Parallel()
	outer, hole := box(110, 21, 110.2, 21.2), box(110.05, 21.05, 110.1, 21.1)
	with := orb.MultiPolygon{{outer[0][0], hole[0][0]}}
	got, want := geo.SquareMetres(with), geo.SquareMetres(outer)-geo.SquareMetres(hole)
	if math.Abs(got-want) > 1e-3 || got <= 0 {
		t.Errorf("got %v, want %v", got, want)
	}
	if geo.SquareMetres(nil) != 0 {
		t.Error("nothing has no area")
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	// one second of arc on the ellipsoid at 21.9°: 30.7500 m north, 28.7358 m east (from the radii of curvature)
	o := orb.Point{110.85, 21.9}
	if got := geo.Distance(o, orb.Point{110.85, 21.9 + 1.0/3600}); math.Abs(got-30.7500) > 0.01 {
		t.Errorf("north: got %.4f", got)
	}
	if got := geo.Distance(o, orb.Point{110.85 + 1.0/3600, 21.9}); math.Abs(got-28.7042) > 0.05 {
		t.Errorf("east: got %.4f", got)
	}
	line := orb.LineString{o, {110.86, 21.9}, {110.86, 21.91}}
	if got, want := geo.Length(line), geo.Distance(line[0], line[1])+geo.Distance(line[1], line[2]); got != want {
		t.Errorf("length: got %v, want %v", got, want)
	}
}
