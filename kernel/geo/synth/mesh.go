package synth

import (
	"cmp"
	"math"
	"slices"
)

// mesh is a Delaunay triangulation; corners are indices into points, counter-clockwise.
type mesh struct {
	points    []vec
	triangles [][3]int32
	centres   []vec // of the circles around the triangles
}

// triangulate is the method of Bowyer and Watson. Three far points are added and their triangles taken out again; the
// sites near the rim therefore lack some, which lie outside the county.
func triangulate(points []vec) mesh {
	n := int32(len(points))
	far := 1.0
	for _, p := range points {
		far = max(far, math.Abs(p[0]), math.Abs(p[1]))
	}
	all := append(slices.Clone(points), vec{-50 * far, -30 * far}, vec{50 * far, -30 * far}, vec{0, 60 * far})
	type live struct {
		corners [3]int32
		centre  vec
		square  float64
	}
	make3 := func(a, b, c int32) live {
		centre := circle(all[a], all[b], all[c])
		d := all[a].sub(centre)
		return live{[3]int32{a, b, c}, centre, d[0]*d[0] + d[1]*d[1]}
	}
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	// from west to east, so that triangles left behind need no more looking at
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(all[a][0], all[b][0]), cmp.Compare(all[a][1], all[b][1]))
	})
	open, done := []live{make3(n, n+1, n+2)}, []live{}
	for _, i := range order {
		p := all[i]
		rim := map[[2]int32]bool{}
		var ordered [][2]int32
		kept := open[:0]
		for _, t := range open {
			d := p.sub(t.centre)
			if d[0] > 0 && d[0]*d[0] > t.square {
				done = append(done, t)
				continue
			}
			if d[0]*d[0]+d[1]*d[1] >= t.square {
				kept = append(kept, t)
				continue
			}
			for k := range 3 {
				a, b := t.corners[k], t.corners[(k+1)%3]
				if _, ok := rim[[2]int32{b, a}]; ok {
					rim[[2]int32{b, a}] = false // both sides are gone
				} else {
					rim[[2]int32{a, b}] = true
					ordered = append(ordered, [2]int32{a, b})
				}
			}
		}
		open = kept
		for _, e := range ordered {
			if rim[e] {
				open = append(open, make3(e[0], e[1], i))
			}
		}
	}
	m := mesh{points: points}
	for _, t := range append(done, open...) {
		if max(t.corners[0], t.corners[1], t.corners[2]) < n {
			m.triangles, m.centres = append(m.triangles, t.corners), append(m.centres, t.centre)
		}
	}
	return m
}

// circle gives the centre of the circle through three points.
func circle(a, b, c vec) vec {
	u, v := b.sub(a), c.sub(a)
	d := 2 * u.cross(v)
	uu, vv := u[0]*u[0]+u[1]*u[1], v[0]*v[0]+v[1]*v[1]
	return vec{a[0] + (v[1]*uu-u[1]*vv)/d, a[1] + (u[0]*vv-v[0]*uu)/d}
}

// side is an edge of the triangulation with the triangles left and right of it, -1 where there is none.
type side struct {
	a, b        int32 // a < b
	left, right int32
}

// sides gives every edge once, in order.
func (m mesh) sides() []side {
	at := map[[2]int32]int{}
	var out []side
	for t, c := range m.triangles {
		for k := range 3 {
			a, b := c[k], c[(k+1)%3]
			key, forward := [2]int32{a, b}, true
			if a > b {
				key, forward = [2]int32{b, a}, false
			}
			i, ok := at[key]
			if !ok {
				i = len(out)
				at[key] = i
				out = append(out, side{key[0], key[1], -1, -1})
			}
			if forward { // counter-clockwise: the triangle lies left of a → b
				out[i].left = int32(t)
			} else {
				out[i].right = int32(t)
			}
		}
	}
	slices.SortFunc(out, func(x, y side) int { return cmp.Or(cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b)) })
	return out
}
