package synth

import (
	"cmp"
	"math"
	"slices"

	"github.com/paulmach/orb"

	"chengshu/kernel/geo"
)

// nest puts holes into the outer rings that hold them.
func nest(outer, holes []orb.Ring) orb.MultiPolygon {
	out := make(orb.MultiPolygon, 0, len(outer))
	for _, ring := range outer {
		out = append(out, orb.Polygon{ring})
	}
	for _, hole := range holes {
		for i := range out {
			if geo.Contains(orb.MultiPolygon{{out[i][0]}}, hole[0]) {
				out[i] = append(out[i], hole)
				break
			}
		}
	}
	return out
}

// regions gathers cells into villages and villages into towns, each of one piece.
func (m *maker) regions() {
	m.seats = farthest(m.beside, len(m.centres), m.cfg.Villages)
	m.village = spread(m.beside, m.seats)
	n := len(m.seats)
	beside := make([][]int32, n)
	for c, others := range m.beside {
		for _, o := range others {
			if a, b := m.village[c], m.village[o]; a != b && !slices.Contains(beside[a], b) {
				beside[a] = append(beside[a], b)
			}
		}
	}
	for _, b := range beside {
		slices.Sort(b)
	}
	m.town = m.grow(beside)
}

// farthest picks nodes as far from each other as steps go, beginning with the first ones.
func farthest(beside [][]int32, first, count int) []int32 {
	steps := make([]int, len(beside))
	for i := range steps {
		steps[i] = math.MaxInt
	}
	var picked []int32
	for len(picked) < min(count, len(beside)) {
		node := int32(len(picked))
		if len(picked) >= first {
			node = 0
			for i, d := range steps {
				if d > steps[node] {
					node = int32(i)
				}
			}
		}
		picked = append(picked, node)
		steps[node] = 0
		for queue := []int32{node}; len(queue) > 0; {
			at := queue[0]
			queue = queue[1:]
			for _, b := range beside[at] {
				if steps[at]+1 < steps[b] {
					steps[b] = steps[at] + 1
					queue = append(queue, b)
				}
			}
		}
	}
	return picked
}

// spread gives each node the number of the seed it is fewest steps from; each set hangs together.
func spread(beside [][]int32, seeds []int32) []int32 {
	of := make([]int32, len(beside))
	for i := range of {
		of[i] = -1
	}
	queue := slices.Clone(seeds)
	for i, s := range seeds {
		of[s] = int32(i)
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, b := range beside[at] {
			if of[b] < 0 {
				of[b] = of[at]
				queue = append(queue, b)
			}
		}
	}
	return of
}

// grow gives each village the town whose first village is nearest over land; the first villages are the towns' own.
func (m *maker) grow(beside [][]int32) []int32 {
	n := len(beside)
	town, reach, done := make([]int32, n), make([]float64, n), make([]bool, n)
	for v := range n {
		reach[v], town[v] = math.Inf(1), -1
		if v < len(m.centres) {
			reach[v], town[v] = 0, int32(v)
		}
	}
	for {
		best := -1
		for v := range n {
			if !done[v] && town[v] >= 0 && (best < 0 || reach[v] < reach[best]) {
				best = v
			}
		}
		if best < 0 {
			return town
		}
		done[best] = true
		for _, o := range beside[best] {
			d := reach[best] + m.points[m.seats[best]].sub(m.points[m.seats[o]]).length()
			if !done[o] && d < reach[o] {
				reach[o], town[o] = d, town[best]
			}
		}
	}
}

// reading puts places in reading order: in bands from north to south, in each from west to east.
func reading(places []vec) []int {
	order := make([]int, len(places))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(places[b][1], places[a][1]), cmp.Compare(a, b)) })
	band := int(math.Ceil(math.Sqrt(float64(len(places)))))
	for part := range slices.Chunk(order, max(band, 1)) {
		slices.SortFunc(part, func(a, b int) int { return cmp.Or(cmp.Compare(places[a][0], places[b][0]), cmp.Compare(a, b)) })
	}
	return order
}

// members gives for each of n groups its nodes in order.
func members(of []int32, n int) [][]int32 {
	out := make([][]int32, n)
	for i, g := range of {
		if g >= 0 {
			out[g] = append(out[g], int32(i))
		}
	}
	return out
}

// middle is the mean of sites.
func (m *maker) middle(cells []int32) vec {
	var sum vec
	for _, c := range cells {
		sum = sum.add(m.points[c])
	}
	return sum.scale(1 / float64(max(len(cells), 1)))
}

// groups divides cells that hang together into parts of about a size that do so too, in reading order.
func (m *maker) groups(cells []int32, size int) [][]int32 {
	local := make(map[int32]int32, len(cells))
	for i, c := range cells {
		local[c] = int32(i)
	}
	beside := make([][]int32, len(cells))
	for i, c := range cells {
		for _, o := range m.beside[c] {
			if j, ok := local[o]; ok {
				beside[i] = append(beside[i], j)
			}
		}
	}
	count := (len(cells) + size - 1) / size
	seeds := farthest(beside, 1, count)
	parts := members(spread(beside, seeds), len(seeds))
	places := make([]vec, len(parts))
	for i, p := range parts {
		for j := range p {
			p[j] = cells[p[j]]
		}
		places[i] = m.middle(p)
	}
	out := make([][]int32, 0, len(parts))
	for _, i := range reading(places) {
		out = append(out, parts[i])
	}
	return out
}
