package synth

import (
	"math"
	"math/rand/v2"

	"github.com/paulmach/orb"

	"chengshu/kernel/geo"
)

// vec is a point of the plane the county is made in: metres east and north of its centre.
type vec [2]float64

func (a vec) sub(b vec) vec { return vec{a[0] - b[0], a[1] - b[1]} }

func (a vec) add(b vec) vec { return vec{a[0] + b[0], a[1] + b[1]} }

func (a vec) scale(k float64) vec { return vec{a[0] * k, a[1] * k} }

func (a vec) length() float64 { return math.Hypot(a[0], a[1]) }

func (a vec) cross(b vec) float64 { return a[0]*b[1] - a[1]*b[0] }

// maker carries a county through the stages of its making.
type maker struct {
	cfg     Config
	out     County
	east    float64 // metres a degree
	north   float64
	outline outline

	centres []vec // of towns, the county seat's streets first
	points  []vec // sites of cells, the first inner ones inside the county
	inner   int

	mesh    mesh
	edges   map[[2]int32]edge // Voronoi edge between two sites, the lower first
	beside  [][]int32         // inner neighbours of an inner site, sorted
	village []int32           // of each inner cell
	town    []int32           // of each village
	seats   []int32           // cell in the middle of each village

	cellCode    []string // of each inner cell
	villageCode []string
	townCode    []string
	villageName []string
	townName    []string
	spare       []string // names not used for places
	index       *geo.Index
}

func newMaker(c Config) *maker {
	o := c.Centre
	const step = 0.01
	m := &maker{
		cfg:   c,
		east:  geo.Distance(orb.Point{o[0] - step/2, o[1]}, orb.Point{o[0] + step/2, o[1]}) / step,
		north: geo.Distance(orb.Point{o[0], o[1] - step/2}, orb.Point{o[0], o[1] + step/2}) / step,
	}
	m.outline = newOutline(m.random(1), c.Radius)
	return m
}

// point gives degrees to the seventh decimal.
func (m *maker) point(v vec) orb.Point {
	const precision = 1e7
	return orb.Point{
		math.Round((m.cfg.Centre[0]+v[0]/m.east)*precision) / precision,
		math.Round((m.cfg.Centre[1]+v[1]/m.north)*precision) / precision,
	}
}

func (m *maker) line(vs []vec) orb.LineString {
	out := make(orb.LineString, 0, len(vs))
	for _, v := range vs {
		if p := m.point(v); len(out) == 0 || out[len(out)-1] != p {
			out = append(out, p)
		}
	}
	return out
}

// outline is a star-shaped noisy closed curve.
type outline struct {
	radius float64
	waves  [6][2]float64 // amplitude and phase
}

func newOutline(r *rand.Rand, radius float64) outline {
	o := outline{radius: radius}
	for i := range o.waves {
		o.waves[i] = [2]float64{(0.5 + r.Float64()) * 0.16 / float64(i+1), r.Float64() * 2 * math.Pi}
	}
	return o
}

// depth is positive inside, in metres from the centre's side.
func (o outline) depth(v vec) float64 {
	angle, reach := math.Atan2(v[1], v[0]), 1.0
	for i, w := range o.waves {
		reach += w[0] * math.Cos(float64(i+2)*angle+w[1])
	}
	return o.radius*reach - v.length()
}

// sites places towns and then the sites of cells, denser near towns.
func (m *maker) sites() {
	m.placeTowns(m.random(2))
	low, high := m.cfg.Radius*0.5/math.Sqrt(float64(m.cfg.Cells)), m.cfg.Radius*4/math.Sqrt(float64(m.cfg.Cells))
	for range 12 {
		middle := (low + high) / 2
		if m.scatter(middle); m.inner > m.cfg.Cells {
			low = middle
		} else {
			high = middle
		}
		if d := m.inner - m.cfg.Cells; d > -m.cfg.Cells/100 && d < m.cfg.Cells/100 {
			return
		}
	}
}

// placeTowns puts the streets of the seat close together in the middle and the towns as far apart as they go.
func (m *maker) placeTowns(r *rand.Rand) {
	seat := vec{(r.Float64() - 0.5) * 0.2 * m.cfg.Radius, (r.Float64() - 0.5) * 0.2 * m.cfg.Radius}
	turn := r.Float64() * 2 * math.Pi
	for i := range m.cfg.Streets {
		sin, cos := math.Sincos(turn + 2*math.Pi*float64(i)/float64(m.cfg.Streets))
		reach := 0.1 * m.cfg.Radius
		if m.cfg.Streets == 1 {
			reach = 0
		}
		m.centres = append(m.centres, seat.add(vec{cos * reach, sin * reach}))
	}
	for range m.cfg.Towns {
		best, room := vec{}, -1.0
		for range 60 {
			v := vec{(2*r.Float64() - 1) * 1.6 * m.cfg.Radius, (2*r.Float64() - 1) * 1.6 * m.cfg.Radius}
			depth := m.outline.depth(v)
			if depth < 0.12*m.cfg.Radius {
				continue
			}
			space := 2 * depth
			for _, c := range m.centres {
				space = min(space, v.sub(c).length())
			}
			if space > room {
				best, room = v, space
			}
		}
		m.centres = append(m.centres, best)
	}
}

// scatter throws sites of a typical distance, less near towns, over the county and a margin around it.
func (m *maker) scatter(spacing float64) {
	r := m.random(3)
	reach := 1.55*m.cfg.Radius + 4*spacing
	side := spacing
	grid := map[[2]int][]vec{}
	key := func(v vec) [2]int { return [2]int{int(math.Floor(v[0] / side)), int(math.Floor(v[1] / side))} }
	free := func(v vec, distance float64) bool {
		k := key(v)
		for dx := -1; dx <= 1; dx++ {
			for dy := -1; dy <= 1; dy++ {
				for _, o := range grid[[2]int{k[0] + dx, k[1] + dy}] {
					if v.sub(o).length() < distance {
						return false
					}
				}
			}
		}
		return true
	}
	var inside, outside []vec
	put := func(v vec) {
		grid[key(v)] = append(grid[key(v)], v)
		if m.outline.depth(v) > 0 {
			inside = append(inside, v)
		} else {
			outside = append(outside, v)
		}
	}
	for _, c := range m.centres {
		put(c)
	}
	for range int(30 * reach * reach / (spacing * spacing)) {
		v := vec{(2*r.Float64() - 1) * reach, (2*r.Float64() - 1) * reach}
		if m.outline.depth(v) < -4*spacing {
			continue
		}
		if free(v, spacing*m.density(v)) {
			put(v)
		}
	}
	m.points, m.inner = append(inside, outside...), len(inside)
}

// density is the share of the usual distance between sites: 0.4 in a town, 1 far from any.
func (m *maker) density(v vec) float64 {
	nearest := math.Inf(1)
	for _, c := range m.centres {
		nearest = min(nearest, v.sub(c).length())
	}
	return 0.4 + 0.6*min(1, nearest/(0.25*m.cfg.Radius))
}
