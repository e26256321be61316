package geo

import (
	"cmp"
	"slices"

	"github.com/paulmach/orb"
)

// halfplane keeps the side of a line where a·x + b·y ≤ c.
type halfplane struct{ a, b, c float64 }

// nearer gives the half-plane of the points nearer to p than to q, in a plane whose axes are scaled.
func nearer(p, q orb.Point, scale plane) halfplane {
	dx, dy := (q[0]-p[0])*scale.east, (q[1]-p[1])*scale.north
	mx, my := (p[0]+q[0])/2*scale.east, (p[1]+q[1])/2*scale.north
	return halfplane{a: dx * scale.east, b: dy * scale.north, c: dx*mx + dy*my}
}

func (h halfplane) over(p orb.Point) float64 { return h.a*p[0] + h.b*p[1] - h.c }

// cut gives where the edge from p to q meets the line, always computed from the same end.
func (h halfplane) cut(p, q orb.Point) orb.Point {
	if p[0] > q[0] || p[0] == q[0] && p[1] > q[1] {
		p, q = q, p
	}
	u, v := h.over(p), h.over(q)
	t := u / (u - v)
	return orb.Point{p[0] + t*(q[0]-p[0]), p[1] + t*(q[1]-p[1])}
}

// chain is a part of a ring inside the half-plane, from where the ring comes in to where it goes out.
type chain struct {
	points   orb.LineString
	from, to float64 // places along the line
	used     bool
}

// clip gives the part of a polygon inside a half-plane, which may fall into several. A corner on the line counts as
// inside, so that no part of zero area comes of it.
func (h halfplane) clip(poly orb.Polygon) orb.MultiPolygon {
	var whole []orb.Ring
	var chains []*chain
	for _, ring := range poly {
		found, all := h.chains(ring)
		if all {
			whole = append(whole, ring)
		}
		chains = append(chains, found...)
	}
	if len(chains) == 0 && len(whole) == 0 {
		return nil
	}
	var out orb.MultiPolygon
	for _, ring := range h.join(chains) {
		out = append(out, orb.Polygon{ring})
	}
	for _, ring := range whole {
		if ring.Orientation() == orb.CCW {
			out = append(out, orb.Polygon{ring})
		}
	}
	for _, hole := range whole {
		if hole.Orientation() == orb.CCW {
			continue
		}
		for i := range out {
			if whereRing(out[i][0], hole[0]) == inside {
				out[i] = append(out[i], hole)
				break
			}
		}
	}
	return out
}

// chains walks a closed ring; all tells that it lies inside altogether.
func (h halfplane) chains(ring orb.Ring) (out []*chain, all bool) {
	n := len(ring) - 1
	keep := make([]bool, n)
	start := -1
	for i := range n {
		keep[i] = h.over(ring[i]) <= 0
	}
	for i := range n {
		if !keep[i] && keep[(i+1)%n] {
			start = i
			break
		}
	}
	if start < 0 {
		return nil, n > 0 && keep[0]
	}
	var now *chain
	for step := range n {
		i := (start + step) % n
		j := (i + 1) % n
		p, q := ring[i], ring[j]
		switch {
		case !keep[i] && keep[j]:
			at := h.cut(p, q)
			now = &chain{points: orb.LineString{at}, from: h.along(at)}
			if q != at {
				now.points = append(now.points, q)
			}
		case keep[i] && keep[j]:
			now.points = append(now.points, q)
		case keep[i] && !keep[j]:
			at := h.cut(p, q)
			if now.points[len(now.points)-1] != at {
				now.points = append(now.points, at)
			}
			now.to = h.along(at)
			out = append(out, now)
		}
	}
	return out, false
}

// along is the place of a point on the line, growing in the direction that has the kept side on its left.
func (h halfplane) along(p orb.Point) float64 { return -h.b*p[0] + h.a*p[1] }

// join closes chains along the line. The kept side lies left of the line's direction, so a chain that goes out is
// followed by the next chain that comes in, further along.
func (h halfplane) join(chains []*chain) []orb.Ring {
	byFrom := slices.Clone(chains)
	slices.SortFunc(byFrom, func(a, b *chain) int { return cmp.Compare(a.from, b.from) })
	var out []orb.Ring
	for _, first := range chains {
		if first.used {
			continue
		}
		var ring orb.Ring
		for c := first; c != nil && !c.used; c = nextChain(byFrom, c.to) {
			c.used = true
			ring = append(ring, c.points...)
		}
		ring = slices.Compact(ring)
		if len(ring) > 1 && ring[0] != ring[len(ring)-1] {
			ring = append(ring, ring[0])
		}
		if len(ring) > 3 {
			out = append(out, ring)
		}
	}
	return out
}

// nextChain gives the first chain that comes in at or after a place, the very first one where there is none.
func nextChain(byFrom []*chain, place float64) *chain {
	for _, c := range byFrom {
		if c.from >= place {
			return c
		}
	}
	if len(byFrom) > 0 {
		return byFrom[0]
	}
	return nil
}
