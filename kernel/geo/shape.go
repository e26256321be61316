package geo

import (
	"math"

	"github.com/paulmach/orb"

	"chengshu/base/fault"
)

// NewShape makes a shape of a Polygon, MultiPolygon, Ring or Bound: rings are closed, outer ones counter-clockwise,
// holes clockwise, repeated points dropped. The fault is Invalid "geo.shape" for anything else, a ring of less than
// three corners or points that are no longitude and latitude. Crossing rings are not looked for.
func NewShape(g orb.Geometry) (orb.MultiPolygon, error) {
	var in orb.MultiPolygon
	switch g := g.(type) {
	case orb.MultiPolygon:
		in = g
	case orb.Polygon:
		in = orb.MultiPolygon{g}
	case orb.Ring:
		in = orb.MultiPolygon{{g}}
	case orb.Bound:
		in = orb.MultiPolygon{g.ToPolygon()}
	default:
		return nil, fault.New(fault.Invalid, "geo.shape")
	}
	if len(in) == 0 {
		return nil, fault.New(fault.Invalid, "geo.shape")
	}
	out := make(orb.MultiPolygon, 0, len(in))
	for _, poly := range in {
		if len(poly) == 0 {
			return nil, fault.New(fault.Invalid, "geo.shape")
		}
		var rings orb.Polygon
		for i, ring := range poly {
			want := orb.CCW
			if i > 0 {
				want = orb.CW
			}
			r, err := newRing(ring, want)
			if err != nil {
				return nil, err
			}
			rings = append(rings, r)
		}
		out = append(out, rings)
	}
	return out, nil
}

func newRing(in orb.Ring, want orb.Orientation) (orb.Ring, error) {
	out := make(orb.Ring, 0, len(in)+1)
	for _, p := range in {
		if err := CheckPoint(p); err != nil {
			return nil, err
		}
		if n := len(out); n == 0 || out[n-1] != p {
			out = append(out, p)
		}
	}
	if len(out) > 1 && out[0] == out[len(out)-1] {
		out = out[:len(out)-1]
	}
	if len(out) < 3 {
		return nil, fault.New(fault.Invalid, "geo.shape")
	}
	out = append(out, out[0])
	if out.Orientation() != want {
		out.Reverse()
	}
	return out, nil
}

type side uint8

const (
	outside side = iota
	border
	inside
)

// where tells on which side of a shape's border a point lies. Each edge is computed from its lower end, whichever way
// its ring runs, so that two shapes sharing an edge never both refuse a point on it.
func where(mp orb.MultiPolygon, p orb.Point) side {
	for _, poly := range mp {
		if s := wherePolygon(poly, p); s != outside {
			return s
		}
	}
	return outside
}

func wherePolygon(poly orb.Polygon, p orb.Point) side {
	if len(poly) == 0 {
		return outside
	}
	if s := whereRing(poly[0], p); s != inside {
		return s
	}
	for _, hole := range poly[1:] {
		switch whereRing(hole, p) {
		case border:
			return border
		case inside:
			return outside
		case outside:
		}
	}
	return inside
}

func whereRing(ring orb.Ring, p orb.Point) side {
	odd := false
	for i := 1; i < len(ring); i++ {
		a, b := ring[i-1], ring[i]
		if a[1] > b[1] || a[1] == b[1] && a[0] > b[0] {
			a, b = b, a
		}
		if p[1] < a[1] || p[1] > b[1] {
			continue
		}
		if a[1] == b[1] {
			if p[0] >= a[0] && p[0] <= b[0] {
				return border
			}
			continue
		}
		cross := (b[0]-a[0])*(p[1]-a[1]) - (p[0]-a[0])*(b[1]-a[1])
		if cross == 0 {
			return border
		}
		if p[1] < b[1] && cross > 0 {
			odd = !odd
		}
	}
	if odd {
		return inside
	}
	return outside
}

// Contains tells whether a point lies in a shape; its border belongs to it.
func Contains(mp orb.MultiPolygon, p orb.Point) bool { return where(mp, p) != outside }

// LabelPoint gives a point inside a shape, in the middle of its widest crossing at about half height.
func LabelPoint(mp orb.MultiPolygon) (orb.Point, bool) {
	best, width := orb.Point{}, -1.0
	for _, poly := range mp {
		if len(poly) == 0 {
			continue
		}
		b := poly[0].Bound()
		for _, part := range []float64{0.5, 0.41, 0.59, 0.27, 0.73} {
			y := b.Min[1] + (b.Max[1]-b.Min[1])*part
			xs := crossings(poly, y)
			for i := 0; i+1 < len(xs); i += 2 {
				p := orb.Point{(xs[i] + xs[i+1]) / 2, y}
				if w := xs[i+1] - xs[i]; w > width && where(mp, p) == inside {
					best, width = p, w
				}
			}
		}
	}
	return best, width > 0 && !math.IsInf(width, 0)
}
