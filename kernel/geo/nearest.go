package geo

import (
	"math"
	"sync"

	"github.com/paulmach/orb"
	"github.com/tidwall/rtree"
)

// Points finds the nearest of many moving or standing things: vehicles, hydrants, cameras. It is safe for concurrent
// use; the zero value is ready.
type Points[ID comparable] struct {
	mu   sync.RWMutex
	at   map[ID]orb.Point
	tree rtree.RTreeG[ID]
}

// Found is a thing and how far it is.
type Found[ID comparable] struct {
	ID     ID
	Point  orb.Point
	Metres float64
}

// Set puts a thing at a point, wherever it was before.
func (s *Points[ID]) Set(id ID, p orb.Point) error {
	if err := CheckPoint(p); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(id)
	if s.at == nil {
		s.at = map[ID]orb.Point{}
	}
	s.at[id] = p
	s.tree.Insert(p, p, id)
	return nil
}

// Remove takes a thing out.
func (s *Points[ID]) Remove(id ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(id)
}

func (s *Points[ID]) remove(id ID) {
	if p, ok := s.at[id]; ok {
		s.tree.Delete(p, p, id)
		delete(s.at, id)
	}
}

// Len counts the things.
func (s *Points[ID]) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.at)
}

// Nearest gives up to limit things within some metres of a point as the crow flies, nearest first; keep, where given,
// says which count.
func (s *Points[ID]) Nearest(p orb.Point, limit int, within float64, keep func(ID) bool) []Found[ID] {
	s.mu.RLock()
	defer s.mu.RUnlock()
	m := planeAt(p[1])
	var out []Found[ID]
	s.tree.Nearby(func(low, high [2]float64, _ ID, _ bool) float64 {
		dx := max(low[0]-p[0], 0, p[0]-high[0]) * m.east
		dy := max(low[1]-p[1], 0, p[1]-high[1]) * m.north
		return math.Hypot(dx, dy)
	}, func(at, _ [2]float64, id ID, metres float64) bool {
		if metres > within || len(out) >= limit {
			return false
		}
		if keep == nil || keep(id) {
			out = append(out, Found[ID]{id, at, metres})
		}
		return true
	})
	return out
}

// Within gives the things inside a box in no order.
func (s *Points[ID]) Within(box orb.Bound) []ID {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []ID
	s.tree.Search(box.Min, box.Max, func(_, _ [2]float64, id ID) bool {
		out = append(out, id)
		return true
	})
	return out
}
