package geo

import (
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// raster answers most questions "which shape holds this point" by one look into a table: a square of ground that lies
// wholly in one shape names it, any other lists the shapes to test. Shapes are in the order of their codes, and the
// first that holds the point wins.
type raster struct {
	bound orb.Bound
	size  int // squares on a side
	scale [2]float64
	cells []int32 // 0 nothing, n > 0 shape n-1 wholly, n < 0 list at -n-1
	lists []int32 // shape index; the last of a list has bit 30 set, one that covers the whole square bit 29
}

const (
	listLast  = 1 << 30
	listWhole = 1 << 29
	listIndex = listWhole - 1
)

// rasterSize gives some two dozen squares across a shape of middle size, 64 to 1024 in all.
func rasterSize(shapes int) int {
	size := 64
	for size < 1024 && float64(size) < 24*math.Sqrt(float64(shapes)) {
		size *= 2
	}
	return size
}

type touch struct {
	cell  int32
	shape int32
}

func newRaster(shapes []orb.MultiPolygon) *raster {
	r := &raster{size: rasterSize(len(shapes))}
	if len(shapes) == 0 {
		return r
	}
	r.bound = shapes[0].Bound()
	for _, s := range shapes[1:] {
		r.bound = r.bound.Union(s.Bound())
	}
	r.bound = r.bound.Pad(1e-9)
	for i := range 2 {
		r.scale[i] = float64(r.size) / (r.bound.Max[i] - r.bound.Min[i])
	}
	r.cells = make([]int32, r.size*r.size)
	var touches []touch
	mark := make([]int32, r.size*r.size) // 1 + the last shape that touched the square
	for i, s := range shapes {
		touches = r.trace(s, int32(i), mark, touches)
		r.fill(s, int32(i), mark)
	}
	r.list(touches, mark)
	return r
}

func (r *raster) col(x float64) int { return r.clamp((x - r.bound.Min[0]) * r.scale[0]) }

func (r *raster) row(y float64) int { return r.clamp((y - r.bound.Min[1]) * r.scale[1]) }

func (r *raster) clamp(v float64) int { return max(0, min(r.size-1, int(math.Floor(v)))) }

// slack widens the squares an edge touches, in squares, so that no rounding loses one.
const slack = 1e-6

// trace marks every square the border of a shape touches, unless a shape of lower code covers it wholly.
func (r *raster) trace(mp orb.MultiPolygon, shape int32, mark []int32, out []touch) []touch {
	padX, padY := slack/r.scale[0], slack/r.scale[1]
	for _, poly := range mp {
		for _, ring := range poly {
			for i := 1; i < len(ring); i++ {
				a, b := ring[i-1], ring[i]
				if a[1] > b[1] {
					a, b = b, a
				}
				for row, last := r.row(a[1]-padY), r.row(b[1]+padY); row <= last; row++ {
					x0, x1 := r.within(a, b, row)
					for col, end := r.col(x0-padX), r.col(x1+padX); col <= end; col++ {
						cell := row*r.size + col
						if mark[cell] != shape+1 {
							mark[cell] = shape + 1
							if r.cells[cell] == 0 {
								out = append(out, touch{int32(cell), shape})
							}
						}
					}
				}
			}
		}
	}
	return out
}

// within gives the reach of the edge ab, a the lower end, over one row.
func (r *raster) within(a, b orb.Point, row int) (x0, x1 float64) {
	if a[1] == b[1] {
		return min(a[0], b[0]), max(a[0], b[0])
	}
	low := r.bound.Min[1] + (float64(row)-slack)/r.scale[1]
	high := r.bound.Min[1] + (float64(row+1)+slack)/r.scale[1]
	at := func(y float64) float64 {
		t := max(0, min(1, (y-a[1])/(b[1]-a[1])))
		return a[0] + t*(b[0]-a[0])
	}
	u, v := at(low), at(high)
	return min(u, v), max(u, v)
}

// fill names the squares that lie wholly in the shape.
func (r *raster) fill(mp orb.MultiPolygon, shape int32, mark []int32) {
	for _, poly := range mp {
		b := poly.Bound()
		for row, last := r.row(b.Min[1]), r.row(b.Max[1]); row <= last; row++ {
			y := r.bound.Min[1] + (float64(row)+0.5)/r.scale[1]
			xs := crossings(poly, y)
			for i := 0; i+1 < len(xs); i += 2 {
				for col, end := r.col(xs[i]), r.col(xs[i+1]); col <= end; col++ {
					if cell := row*r.size + col; mark[cell] != shape+1 && r.cells[cell] == 0 {
						r.cells[cell] = shape + 1
					}
				}
			}
		}
	}
}

// crossings gives in order where a level line crosses the rings of a polygon.
func crossings(poly orb.Polygon, y float64) []float64 {
	var xs []float64
	for _, ring := range poly {
		for i := 1; i < len(ring); i++ {
			a, b := ring[i-1], ring[i]
			if a[1] > b[1] {
				a, b = b, a
			}
			if a[1] <= y && y < b[1] {
				xs = append(xs, a[0]+(y-a[1])/(b[1]-a[1])*(b[0]-a[0]))
			}
		}
	}
	slices.Sort(xs)
	return xs
}

// list groups the touches of each square, shapes in order, a covering one last. next is scratch with a place a square.
func (r *raster) list(touches []touch, next []int32) {
	clear(next)
	for _, t := range touches {
		next[t.cell]++
	}
	r.lists = make([]int32, 0, len(touches)+len(touches)/2)
	for cell, n := range next {
		if n == 0 {
			continue
		}
		start := len(r.lists)
		r.lists = append(r.lists, make([]int32, n)...)
		if whole := r.cells[cell]; whole > 0 {
			r.lists = append(r.lists, (whole-1)|listWhole)
		}
		r.lists[len(r.lists)-1] |= listLast
		r.cells[cell], next[cell] = -int32(start)-1, int32(start)
	}
	for _, t := range touches {
		r.lists[next[t.cell]] |= t.shape
		next[t.cell]++
	}
}

// find gives the first shape that holds p, -1 where none does.
func (r *raster) find(p orb.Point, shapes []orb.MultiPolygon) int {
	if len(r.cells) == 0 || !r.bound.Contains(p) {
		return -1
	}
	v := r.cells[r.row(p[1])*r.size+r.col(p[0])]
	if v >= 0 {
		return int(v) - 1
	}
	for at := -v - 1; ; at++ {
		entry := r.lists[at]
		shape := int(entry & listIndex)
		if entry&listWhole != 0 || where(shapes[shape], p) != outside {
			return shape
		}
		if entry&listLast != 0 {
			return -1
		}
	}
}
