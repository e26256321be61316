package synth

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/paulmach/orb"
)

// river follows borders of cells from one side of the county to the other.
func (m *maker) river() {
	r := m.random(6)
	type way struct {
		to    int32
		cost  float64
		key   [2]int32
		ahead bool // along the stored direction
	}
	ways := map[int32][]way{}
	rim := map[int32]bool{}
	for _, s := range m.mesh.sides() {
		e, ok := m.edges[[2]int32{s.a, s.b}]
		if !ok {
			continue
		}
		if int(s.b) >= m.inner {
			rim[e.from], rim[e.to] = true, true
			continue
		}
		cost := m.mesh.centres[e.from].sub(m.mesh.centres[e.to]).length() * (0.5 + r.Float64())
		key := [2]int32{s.a, s.b}
		ways[e.from] = append(ways[e.from], way{e.to, cost, key, true})
		ways[e.to] = append(ways[e.to], way{e.from, cost, key, false})
	}
	for t := range rim {
		if len(ways[t]) == 0 { // a corner of one cell only: no border leads into the county from it
			delete(rim, t)
		}
	}
	turn := r.Float64() * 2 * math.Pi
	start, end := m.rimAt(rim, turn), m.rimAt(rim, turn+math.Pi*(0.8+0.4*r.Float64()))
	cost, came, done := map[int32]float64{start: 0}, map[int32]way{}, map[int32]bool{}
	for {
		at, best := int32(-1), math.Inf(1)
		for t := range int32(len(m.mesh.centres)) {
			if c, ok := cost[t]; ok && !done[t] && c < best {
				at, best = t, c
			}
		}
		if at < 0 || at == end {
			break
		}
		done[at] = true
		for _, w := range ways[at] {
			if c, ok := cost[w.to]; !ok || best+w.cost < c {
				cost[w.to] = best + w.cost
				came[w.to] = way{at, 0, w.key, w.ahead}
			}
		}
	}
	var parts []orb.LineString
	for at := end; at != start; {
		w, ok := came[at]
		if !ok {
			return // the two sides are not connected: a county without a river
		}
		part := slices.Clone(m.edges[w.key].points)
		if !w.ahead {
			slices.Reverse(part)
		}
		parts = append(parts, part)
		at = w.to
	}
	slices.Reverse(parts)
	line := slices.Compact(slices.Concat(parts...))
	m.out.River = River{m.cfg.Words.fill("river", "{name}", m.takeName()), line}
}

// rimAt gives the corner of the county's border nearest to a direction.
func (m *maker) rimAt(rim map[int32]bool, angle float64) int32 {
	sin, cos := math.Sincos(angle)
	best, most := int32(0), math.Inf(-1)
	for t := range int32(len(m.mesh.centres)) {
		if rim[t] {
			c := m.mesh.centres[t]
			if d := c[0]*cos + c[1]*sin; d > most {
				best, most = t, d
			}
		}
	}
	return best
}

func (m *maker) takeName() string {
	if len(m.spare) == 0 {
		return m.cfg.Words.First[0]
	}
	n := m.spare[0]
	m.spare = m.spare[1:]
	return n
}

// roads connects towns by trunk roads, the villages of a town by local ones, and puts a ring around each town.
func (m *maker) roads() {
	r := m.random(7)
	trunk := spanning(m.centres)
	for _, e := range append(trunk, shortcuts(m.centres, trunk)...) {
		name := m.cfg.Words.fill("trunk", "{name}", m.takeName())
		m.out.Roads = append(m.out.Roads, Road{name, "trunk", "", m.winding(r, m.centres[e[0]], m.centres[e[1]])})
	}
	towns := members(m.town, len(m.centres))
	for _, t := range byCode(m.townCode) {
		code := m.townCode[t] + "000"
		places := make([]vec, len(towns[t]))
		for i, v := range towns[t] {
			places[i] = m.points[m.seats[v]]
		}
		for _, e := range spanning(places) {
			name := m.cfg.Words.fill("local", "{name}", m.takeName())
			m.out.Roads = append(m.out.Roads, Road{name, "local", code, m.winding(r, places[e[0]], places[e[1]])})
		}
		name := m.cfg.Words.fill("ring", "{town}", strings.Clone(m.townName[t]))
		m.out.Roads = append(m.out.Roads, Road{name, "ring", code, m.ring(r, t)})
	}
}

func (m *maker) ring(r *rand.Rand, t int) orb.LineString {
	reach := m.cfg.Radius * 0.03
	if t < m.cfg.Streets {
		reach *= 1.6
	}
	const corners = 32
	var out []vec
	stretch, phase := 0.7+0.3*r.Float64(), r.Float64()*2*math.Pi
	for i := range corners {
		angle := 2 * math.Pi * float64(i) / corners
		sin, cos := math.Sincos(angle)
		k := reach * (1 + 0.08*math.Cos(3*angle+phase))
		out = append(out, m.centres[t].add(vec{cos * k, sin * k * stretch}))
	}
	return m.line(append(out, out[0]))
}

// winding draws a road that strays a little from the straight line.
func (m *maker) winding(r *rand.Rand, a, b vec) orb.LineString {
	along := b.sub(a)
	across := vec{-along[1], along[0]}.scale(0.06 * (r.Float64() - 0.5) * 2)
	ripple := 0.35 * (r.Float64() - 0.5)
	steps := max(2, int(along.length()/(m.cfg.Radius/60)))
	out := make([]vec, 0, steps+1)
	for i := range steps + 1 {
		x := float64(i) / float64(steps)
		out = append(out, a.add(along.scale(x)).add(across.scale(math.Sin(math.Pi*x)+ripple*math.Sin(4*math.Pi*x))))
	}
	out[0], out[steps] = a, b
	return m.line(out)
}

// spanning gives the minimum spanning tree of places by Prim's method.
func spanning(places []vec) [][2]int {
	if len(places) == 0 {
		return nil
	}
	near, from := make([]float64, len(places)), make([]int, len(places))
	in := make([]bool, len(places))
	for i := range near {
		near[i] = math.Inf(1)
	}
	var out [][2]int
	for at := 0; ; {
		in[at] = true
		next := -1
		for i, p := range places {
			if in[i] {
				continue
			}
			if d := p.sub(places[at]).length(); d < near[i] {
				near[i], from[i] = d, at
			}
			if next < 0 || near[i] < near[next] {
				next = i
			}
		}
		if next < 0 {
			return out
		}
		out = append(out, [2]int{from[next], next})
		at = next
	}
}

// shortcuts adds roads that make rings of the tree: where the way over it is much longer than the straight one.
func shortcuts(places []vec, tree [][2]int) [][2]int {
	n := len(places)
	way := make([][]float64, n)
	for i := range way {
		way[i] = make([]float64, n)
		for j := range way[i] {
			if i != j {
				way[i][j] = math.Inf(1)
			}
		}
	}
	straight := func(a, b int) float64 { return places[a].sub(places[b]).length() }
	join := func(a, b int) {
		d := straight(a, b)
		for i := range n {
			for j := range n {
				way[i][j] = min(way[i][j], way[i][a]+d+way[b][j], way[i][b]+d+way[a][j])
			}
		}
	}
	for _, e := range tree {
		join(e[0], e[1])
	}
	var pairs [][2]int
	for a := range n {
		for b := a + 1; b < n; b++ {
			pairs = append(pairs, [2]int{a, b})
		}
	}
	slices.SortStableFunc(pairs, func(x, y [2]int) int { return cmp.Compare(straight(x[0], x[1]), straight(y[0], y[1])) })
	var out [][2]int
	for _, p := range pairs {
		if way[p[0]][p[1]] > 2.2*straight(p[0], p[1]) {
			join(p[0], p[1])
			out = append(out, p)
		}
	}
	return out
}
