package synth

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/paulmach/orb"
)

// edge is the ragged border between two sites. Its points run counter-clockwise around the lower site.
type edge struct {
	points   orb.LineString
	from, to int32 // triangles whose circles' centres are its ends
}

// divide triangulates the sites and draws the borders. Cells the seat cannot reach over land are given up.
func (m *maker) divide() {
	var sides []side
	for {
		m.mesh = triangulate(m.points)
		sides = m.mesh.sides()
		m.beside = make([][]int32, m.inner)
		for _, s := range sides {
			if int(s.a) < m.inner && int(s.b) < m.inner && s.left >= 0 && s.right >= 0 {
				m.beside[s.a], m.beside[s.b] = append(m.beside[s.a], s.b), append(m.beside[s.b], s.a)
			}
		}
		reached := m.reach()
		if len(reached) == m.inner {
			break
		}
		m.giveUp(reached)
	}
	r := m.random(4)
	m.edges = make(map[[2]int32]edge, len(sides))
	for _, s := range sides {
		if int(s.a) < m.inner && s.left >= 0 && s.right >= 0 {
			m.edges[[2]int32{s.a, s.b}] = edge{m.ragged(r, s), s.right, s.left}
		}
	}
}

// reach gives the inner cells connected with the seat.
func (m *maker) reach() map[int32]bool {
	seen, queue := map[int32]bool{0: true}, []int32{0}
	for len(queue) > 0 {
		c := queue[0]
		queue = queue[1:]
		for _, b := range m.beside[c] {
			if !seen[b] {
				seen[b] = true
				queue = append(queue, b)
			}
		}
	}
	return seen
}

// giveUp moves cells that are not reached to the outside.
func (m *maker) giveUp(reached map[int32]bool) {
	var in, out []vec
	for i, p := range m.points {
		if reached[int32(i)] {
			in = append(in, p)
		} else {
			out = append(out, p)
		}
	}
	m.points, m.inner = append(in, out...), len(in)
}

// ragged draws the border between two sites as a fractal line. It keeps within the two triangles between the straight
// border and the sites, which no other border enters, so that borders never cross.
func (m *maker) ragged(r *rand.Rand, s side) orb.LineString {
	from, to := m.mesh.centres[s.right], m.mesh.centres[s.left]
	along := to.sub(from)
	length := along.length()
	if length < 1 {
		return m.line([]vec{from, to})
	}
	unit := along.scale(1 / length)
	apex := m.points[s.a].sub(from)
	foot, height := apex[0]*unit[0]+apex[1]*unit[1], math.Abs(unit.cross(apex))
	steps := 1
	for steps < 16 && length/float64(steps) > m.cfg.Radius/120 {
		steps *= 2
	}
	offset := make([]float64, steps+1)
	for span := steps; span > 1; span /= 2 {
		for i := span / 2; i < steps; i += span {
			offset[i] = (offset[i-span/2]+offset[i+span/2])/2 + (r.Float64()-0.5)*0.4*length*float64(span)/float64(steps)
		}
	}
	out := make([]vec, 0, steps+1)
	for i, o := range offset {
		x := length * float64(i) / float64(steps)
		room := 0.6 * within(x, length, foot, height)
		o = max(-room, min(room, o))
		if i == 0 || i == steps {
			o = 0
		}
		out = append(out, from.add(unit.scale(x)).add(vec{-unit[1], unit[0]}.scale(o)))
	}
	out[len(out)-1] = to
	return m.line(out)
}

// within is the height at x of the triangle on the base 0..length with its apex over foot.
func within(x, length, foot, height float64) float64 {
	if foot > 0 && x < foot {
		return height * x / foot
	}
	if foot < length && x > foot {
		return height * (length - x) / (length - foot)
	}
	return height
}

// border gives the border between two sites as it runs counter-clockwise around the first.
func (m *maker) border(a, b int32) orb.LineString {
	if a < b {
		return m.edges[[2]int32{a, b}].points
	}
	out := slices.Clone(m.edges[[2]int32{b, a}].points)
	slices.Reverse(out)
	return out
}

// rings gives the border of every inner cell.
func (m *maker) rings() []orb.Ring {
	around := make([][]int32, m.inner)
	for key := range m.edges {
		around[key[0]] = append(around[key[0]], key[1])
		if int(key[1]) < m.inner {
			around[key[1]] = append(around[key[1]], key[0])
		}
	}
	out := make([]orb.Ring, m.inner)
	for i, others := range around {
		angle := func(o int32) float64 {
			d := m.points[o].sub(m.points[i])
			return math.Atan2(d[1], d[0])
		}
		slices.SortFunc(others, func(a, b int32) int { return cmp.Or(cmp.Compare(angle(a), angle(b)), cmp.Compare(a, b)) })
		var ring orb.Ring
		for _, o := range others {
			ring = append(ring, m.border(int32(i), o)...)
		}
		ring = slices.Compact(ring)
		if len(ring) > 0 && ring[0] != ring[len(ring)-1] {
			ring = append(ring, ring[0])
		}
		out[i] = ring
	}
	return out
}

// dissolve puts rings with shared borders together: a border walked both ways is none.
func dissolve(rings []orb.Ring) orb.MultiPolygon {
	type step [2]orb.Point
	left := map[step]bool{}
	for _, r := range rings {
		for i := 1; i < len(r); i++ {
			if back := (step{r[i], r[i-1]}); left[back] {
				delete(left, back)
			} else if r[i] != r[i-1] {
				left[step{r[i-1], r[i]}] = true
			}
		}
	}
	next := make(map[orb.Point][]orb.Point, len(left))
	var order []step
	for _, r := range rings {
		for i := 1; i < len(r); i++ {
			if s := (step{r[i-1], r[i]}); left[s] {
				next[s[0]] = append(next[s[0]], s[1])
				order = append(order, s)
			}
		}
	}
	var outer, holes []orb.Ring
	for _, first := range order {
		if !left[first] {
			continue
		}
		ring := orb.Ring{first[0]}
		for at := first[0]; ; {
			to, ok := take(next, at)
			if !ok {
				break
			}
			delete(left, step{at, to})
			ring = append(ring, to)
			if at = to; at == first[0] {
				break
			}
		}
		if ring.Orientation() == orb.CCW {
			outer = append(outer, ring)
		} else {
			holes = append(holes, ring)
		}
	}
	return nest(outer, holes)
}

func take(next map[orb.Point][]orb.Point, at orb.Point) (orb.Point, bool) {
	to := next[at]
	if len(to) == 0 {
		return orb.Point{}, false
	}
	next[at] = to[1:]
	return to[0], true
}
