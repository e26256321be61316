package geo

import (
	"math"

	"github.com/paulmach/orb"
)

// precision is how finely computed corners are kept, in degrees: about a centimetre. Corners that two neighbours compute
// each on its own meet in it.
const precision = 1e7

// roundPoint keeps a point to the seventh decimal.
func roundPoint(p orb.Point) orb.Point {
	return orb.Point{math.Round(p[0]*precision) / precision, math.Round(p[1]*precision) / precision}
}

// roundShape keeps a shape to the seventh decimal; rings that vanish are dropped.
func roundShape(mp orb.MultiPolygon) orb.MultiPolygon {
	var out orb.MultiPolygon
	for _, poly := range mp {
		var rings orb.Polygon
		for i, ring := range poly {
			r := make(orb.Ring, 0, len(ring))
			for _, p := range ring {
				if q := roundPoint(p); len(r) == 0 || r[len(r)-1] != q {
					r = append(r, q)
				}
			}
			if len(r) > 3 && ringArea(r) != 0 {
				rings = append(rings, r)
			} else if i == 0 {
				break
			}
		}
		if len(rings) > 0 {
			out = append(out, rings)
		}
	}
	return out
}

// Voronoi divides a shape among sites: each gets the ground nearer to it than to any other, in the order of the sites,
// nil where there is none. The second of two sites at one place gets nothing. Neighbours share their corners. Such
// borders are guesses and must be marked synthetic.
func Voronoi(sites []orb.Point, within orb.MultiPolygon) []orb.MultiPolygon {
	out := make([]orb.MultiPolygon, len(sites))
	if len(within) == 0 {
		return out
	}
	scale := planeAt(within.Bound().Center()[1])
	for i, site := range sites {
		part := within
		for j, other := range sites {
			switch {
			case i == j:
				continue
			case site == other && j < i:
				part = nil
			case site != other:
				part = nearer(site, other, scale).clipAll(part)
			}
			if len(part) == 0 {
				break
			}
		}
		out[i] = roundShape(part)
	}
	return out
}

// clipAll clips every polygon of a shape; one that lies inside altogether is kept as it is.
func (h halfplane) clipAll(in orb.MultiPolygon) orb.MultiPolygon {
	var out orb.MultiPolygon
	for _, poly := range in {
		if h.holds(poly.Bound()) {
			out = append(out, poly)
		} else {
			out = append(out, h.clip(poly)...)
		}
	}
	return out
}

// holds tells whether a box lies inside altogether.
func (h halfplane) holds(b orb.Bound) bool {
	return h.over(b.Min) < 0 && h.over(b.Max) < 0 && h.over(b.LeftTop()) < 0 && h.over(b.RightBottom()) < 0
}
