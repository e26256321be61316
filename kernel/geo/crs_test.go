package geo_test

import (
	"math"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"

	"chengshu/base/fault"
	"chengshu/kernel/geo"
)

func near(t *testing.T, what string, got, want orb.Point, tolerance float64) {
	t.Helper()
	if math.Abs(got[0]-want[0]) > tolerance || math.Abs(got[1]-want[1]) > tolerance {
		t.Errorf("%s: got %.9f %.9f, want %.9f %.9f", what, got[0], got[1], want[0], want[1])
	}
}

// Values every implementation of the offsets gives.
func TestOffsets(t *testing.T) {
	t.Parallel()
	p := orb.Point{116.404, 39.915}
	near(t, "WGS 84 to GCJ-02", geo.GCJ02().FromCGCS2000(p), orb.Point{116.41024449916938, 39.91640428150164}, 1e-9)
	near(t, "GCJ-02 to BD-09", geo.BD09().FromCGCS2000(geo.GCJ02().ToCGCS2000(p)), orb.Point{116.41036949371029, 39.92133699351021}, 1e-9)
	q := orb.Point{117.14, 36.65}
	if got := geo.Distance(q, geo.GCJ02().FromCGCS2000(q)); math.Abs(got-548.1) > 0.1 {
		t.Errorf("shift at 117.14 36.65: got %.1f m, want 548.1 (547 on a sphere of mean radius)", got)
	}
	abroad := orb.Point{2.35, 48.85}
	near(t, "abroad nothing is shifted", geo.GCJ02().FromCGCS2000(abroad), abroad, 0)
}

func TestRoundTrips(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := orb.Point{rapid.Float64Range(74, 134).Draw(t, "lon"), rapid.Float64Range(18, 53).Draw(t, "lat")}
		systems := map[string]geo.CRS{
			"gcj02": geo.GCJ02(), "bd09": geo.BD09(), "3": geo.GaussKrueger(geo.Zone3At(p[0], true)),
			"6": geo.GaussKrueger(geo.Zone6At(p[0], false)), "next strip": geo.GaussKrueger(geo.Zone6At(p[0]+6, true)),
		}
		for name, crs := range systems {
			back := crs.ToCGCS2000(crs.FromCGCS2000(p))
			if d := geo.Distance(p, back); d > 0.0001 {
				t.Fatalf("%s at %v: the round trip errs %.6f m", name, p, d)
			}
		}
	})
}

// The transverse Mercator projection is the one conformal map that is true to scale on its meridian. So it is right when
// the meridian has the length of the ellipse's arc and when it keeps angles and scale the same in every direction.
func TestGaussKruegerIsTheProjection(t *testing.T) {
	t.Parallel()
	const a, f = 6378137.0, 1 / 298.257222101
	e2 := f * (2 - f)
	meridian := func(lat float64) float64 { // Simpson over the radius of curvature
		const n = 2000
		radius := func(phi float64) float64 { return a * (1 - e2) / math.Pow(1-e2*math.Sin(phi)*math.Sin(phi), 1.5) }
		h, sum := lat*math.Pi/180/n, 0.0
		for i := range n {
			x := float64(i) * h
			sum += (radius(x) + 4*radius(x+h/2) + radius(x+h)) * h / 6
		}
		return sum
	}
	z := geo.Zone3(37, false)
	for _, lat := range []float64{0, 18, 21.9, 36.65, 53.5} {
		got := z.Project(orb.Point{111, lat})
		if math.Abs(got[0]-500000) > 1e-6 || math.Abs(got[1]-meridian(lat)) > 1e-4 {
			t.Errorf("on the meridian at %v: got %.5f, want %.5f", lat, got, meridian(lat))
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		lon, lat := rapid.Float64Range(107, 115).Draw(t, "lon"), rapid.Float64Range(1, 60).Draw(t, "lat")
		const d = 1e-5
		phi := lat * math.Pi / 180
		w := math.Sqrt(1 - e2*math.Sin(phi)*math.Sin(phi))
		east, north := a/w*math.Cos(phi)*d*math.Pi/180, a*(1-e2)/(w*w*w)*d*math.Pi/180
		p0, p1 := z.Project(orb.Point{lon - d/2, lat}), z.Project(orb.Point{lon + d/2, lat})
		q0, q1 := z.Project(orb.Point{lon, lat - d/2}), z.Project(orb.Point{lon, lat + d/2})
		xe, ye := (p1[0]-p0[0])/east, (p1[1]-p0[1])/east
		xn, yn := (q1[0]-q0[0])/north, (q1[1]-q0[1])/north
		if math.Abs(xe-yn) > 1e-6 || math.Abs(xn+ye) > 1e-6 {
			t.Fatalf("not conformal at %v %v: %v %v %v %v", lon, lat, xe, ye, xn, yn)
		}
	})
}

func TestZones(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		zone geo.Zone
		want geo.Zone
	}{
		{"3° strip 37", geo.Zone3(37, true), geo.Zone{Meridian: 111, Prefix: 37}},
		{"6° strip 19", geo.Zone6(19, false), geo.Zone{Meridian: 111}},
		{"3° at 110.85", geo.Zone3At(110.85, true), geo.Zone{Meridian: 111, Prefix: 37}},
		{"6° at 110.85", geo.Zone6At(110.85, true), geo.Zone{Meridian: 111, Prefix: 19}},
		{"6° at 114", geo.Zone6At(114, true), geo.Zone{Meridian: 117, Prefix: 20}},
	}
	for _, tt := range tests {
		if tt.zone != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, tt.zone, tt.want)
		}
	}
	p := orb.Point{110.85, 21.9}
	for name, want := range map[string]geo.CRS{
		"EPSG:4525": geo.GaussKrueger(geo.Zone3(37, true)), "epsg:4546": geo.GaussKrueger(geo.Zone3(37, false)),
		"EPSG:4497": geo.GaussKrueger(geo.Zone6(19, true)), "EPSG:4508": geo.GaussKrueger(geo.Zone6(19, false)),
		"gcj02": geo.GCJ02(), "BD09": geo.BD09(), "": geo.CGCS2000(), "EPSG:4490": geo.CGCS2000(),
	} {
		got, err := geo.ParseCRS(name)
		if err != nil || got.FromCGCS2000(p) != want.FromCGCS2000(p) {
			t.Errorf("%q: got %v, %v, want %v", name, got.FromCGCS2000(p), err, want.FromCGCS2000(p))
		}
	}
	for _, bad := range []string{"epsg:4490x", "EPSG:4555", "beijing54", "epsg:"} {
		if _, err := geo.ParseCRS(bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: got %v, want an invalid fault", bad, err)
		}
	}
}
