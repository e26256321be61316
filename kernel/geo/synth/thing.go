package synth

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"chengshu/base/fault"
	"chengshu/kernel/geo"
)

// things puts onto the ground what stands there.
func (m *maker) things() error {
	m.pois(m.random(8))
	m.addresses()
	m.buildings(m.random(9))
	return m.parts(m.random(10))
}

// vec gives the plane point of degrees.
func (m *maker) vec(p orb.Point) vec {
	return vec{(p[0] - m.cfg.Centre[0]) * m.east, (p[1] - m.cfg.Centre[1]) * m.north}
}

// cellAt gives the cell of a point, "" outside the county.
func (m *maker) cellAt(p orb.Point) string {
	c, _ := m.index.Locate(p[0], p[1], geo.Cell)
	return c.Code
}

// pois puts each kind near the seat of its village or town, or of the county.
func (m *maker) pois(r *rand.Rand) {
	for _, w := range m.cfg.Words.POIs {
		put := func(cell int32, pairs ...string) {
			near := m.points[cell].add(vec{r.Float64() - 0.5, r.Float64() - 0.5}.scale(m.room(cell)))
			p := m.point(near)
			if code := m.cellAt(p); code != "" {
				m.out.POIs = append(m.out.POIs, POI{w.Kind, strings.NewReplacer(pairs...).Replace(w.Pattern), p, code})
			}
		}
		switch {
		case strings.Contains(w.Pattern, "{village}"):
			for _, v := range byCode(m.villageCode) {
				put(m.seats[v], "{village}", m.villageName[v])
			}
		case strings.Contains(w.Pattern, "{town}"):
			for _, t := range byCode(m.townCode) {
				put(m.seats[t], "{town}", m.townName[t])
			}
		default:
			put(m.seats[0], "{county}", m.cfg.Words.County)
		}
	}
}

// room is how far one may go from a site and stay in its cell: a third of the way to the nearest neighbour.
func (m *maker) room(cell int32) float64 {
	nearest := math.Inf(1)
	for _, o := range m.beside[cell] {
		nearest = min(nearest, m.points[o].sub(m.points[cell]).length())
	}
	if math.IsInf(nearest, 0) {
		return 0
	}
	return nearest / 3
}

// stretch is a straight piece of a road.
type stretch struct {
	a, unit vec
	start   float64 // metres from the beginning of the road
	length  float64
}

func (m *maker) stretches(line orb.LineString) (out []stretch, total float64) {
	for i := 1; i < len(line); i++ {
		a := m.vec(line[i-1])
		d := m.vec(line[i]).sub(a)
		if l := d.length(); l > 0 {
			out = append(out, stretch{a, d.scale(1 / l), total, l})
			total += l
		}
	}
	return out, total
}

// at gives the point so many metres along, and to the left by some metres (to the right when negative).
func at(ss []stretch, along, left float64) vec {
	i, found := slices.BinarySearchFunc(ss, along, func(s stretch, v float64) int { return cmp.Compare(s.start, v) })
	if !found {
		i--
	}
	s := ss[max(i, 0)]
	return s.a.add(s.unit.scale(along - s.start)).add(vec{-s.unit[1], s.unit[0]}.scale(left))
}

// addresses number the houses of rings and local roads: odd on the left, even on the right, every forty metres.
func (m *maker) addresses() {
	for _, road := range m.out.Roads {
		if road.Class == "trunk" {
			continue
		}
		ss, total := m.stretches(road.Line)
		n := 1
		for along := 20.0; along < min(total, 1600); along += 40 {
			for _, left := range []float64{14, -14} {
				p := m.point(at(ss, along, left))
				if cell := m.cellAt(p); cell != "" {
					text := m.cfg.Words.fill("address", "{road}", road.Name, "{n}", number(n))
					m.out.Addresses = append(m.out.Addresses, Address{text, p, cell})
				}
				n++
			}
		}
	}
}

// buildings line the roads in the towns, higher in the seat.
func (m *maker) buildings(r *rand.Rand) {
	const space = 46.0
	taken := map[[2]int]bool{}
	for _, road := range m.out.Roads {
		if road.Class == "trunk" {
			continue
		}
		ss, total := m.stretches(road.Line)
		for along := 25.0; along < total; along += space {
			for _, side := range []float64{1, -1} {
				depth, width := 10+14*r.Float64(), 16+20*r.Float64()
				height := math.Round(30*math.Pow(r.Float64(), 2)*10)/10 + 6
				middle := at(ss, along, side*(18+depth/2))
				town, reach := m.nearestTown(middle)
				if reach > m.cfg.Radius*0.065 {
					continue
				}
				if town < m.cfg.Streets {
					height *= 2
				}
				key := [2]int{int(math.Floor(middle[0] / space)), int(math.Floor(middle[1] / space))}
				p := m.point(middle)
				cell := m.cellAt(p)
				if cell == "" || m.crowded(taken, key) {
					continue
				}
				taken[key] = true
				m.out.Buildings = append(m.out.Buildings, Building{m.house(at(ss, along, 0), middle, width, depth), height, cell})
			}
		}
	}
}

func (m *maker) crowded(taken map[[2]int]bool, key [2]int) bool {
	for dx := -1; dx <= 1; dx++ {
		for dy := -1; dy <= 1; dy++ {
			if taken[[2]int{key[0] + dx, key[1] + dy}] {
				return true
			}
		}
	}
	return false
}

func (m *maker) nearestTown(v vec) (town int, metres float64) {
	metres = math.Inf(1)
	for i, c := range m.centres {
		if d := v.sub(c).length(); d < metres {
			town, metres = i, d
		}
	}
	return town, metres
}

// house is a rectangle around its middle whose front is square to the way from the road.
func (m *maker) house(road, middle vec, width, depth float64) orb.Polygon {
	out := middle.sub(road)
	out = out.scale(1 / out.length())
	x, y := vec{-out[1], out[0]}.scale(width/2), out.scale(depth/2)
	ring := orb.Ring{
		m.point(middle.sub(x).sub(y)), m.point(middle.sub(x).add(y)), m.point(middle.add(x).add(y)), m.point(middle.add(x).sub(y)),
	}
	ring = append(ring, ring[0])
	if ring.Orientation() != orb.CCW {
		ring.Reverse()
	}
	return orb.Polygon{ring}
}

// parts stand along the roads, most in the towns.
func (m *maker) parts(r *rand.Rand) error {
	if len(m.cfg.Classes) == 0 {
		return nil
	}
	type lane struct {
		ss    []stretch
		total float64
	}
	weights := map[string]float64{"ring": 8, "local": 2, "trunk": 0.5}
	var lanes []lane
	var roads, classes []float64
	for _, road := range m.out.Roads {
		ss, total := m.stretches(road.Line)
		lanes = append(lanes, lane{ss, total})
		roads = append(roads, total*weights[road.Class])
	}
	for _, c := range m.cfg.Classes {
		classes = append(classes, cmp.Or(c.Share, 1))
	}
	serial := map[string]int{}
	for tries := 0; len(m.out.Parts) < m.cfg.Parts; tries++ {
		if tries > 20*m.cfg.Parts+1000 {
			return fault.New(fault.Internal, "synth.parts")
		}
		l := lanes[draw(r, roads)]
		left := 4 + 5*r.Float64()
		if r.IntN(2) == 0 {
			left = -left
		}
		p := m.point(at(l.ss, r.Float64()*l.total, left))
		cell := m.cellAt(p)
		if cell == "" {
			continue
		}
		i := draw(r, classes)
		class := m.cfg.Classes[i].Code
		serial[class]++
		units := m.cfg.Units
		m.out.Parts = append(m.out.Parts, Part{
			Code: fmt.Sprintf("%s%s%06d", m.cfg.Code, class, serial[class]), Class: class, Point: p, Cell: cell,
			Owner: units[i%len(units)], Maintainer: units[(i/2+1)%len(units)], Supervisor: units[(i/3+2)%len(units)],
		})
	}
	return nil
}

// draw picks an index with the chance of its weight.
func draw(r *rand.Rand, weights []float64) int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	x := r.Float64() * sum
	for i, w := range weights {
		if x -= w; x < 0 {
			return i
		}
	}
	return len(weights) - 1
}
