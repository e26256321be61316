package geo

import (
	"cmp"
	"slices"

	"github.com/paulmach/orb"
	"github.com/tidwall/rtree"

	"chengshu/base/fault"
)

// Place is what the index says of a point in one layer.
type Place struct {
	Layer Layer  `json:"layer"`
	Code  string `json:"code"`
	Name  string `json:"name"`
	Path  string `json:"path"`
}

// Neighbour is a place near a point and how far its ground is.
type Neighbour struct {
	Place
	Metres float64 `json:"metres"`
}

// Spot is all the index knows of a point: the narrowest area path and the grids. Fields are "" where nothing lies.
type Spot struct {
	Path    string `json:"path"` // of the cell, else of the village, town or county
	County  string `json:"county"`
	Town    string `json:"town"`
	Village string `json:"village"`
	Cell    string `json:"cell"`
	Duty    string `json:"duty"`
	General string `json:"general"`
}

// Index is the ground on one day, in memory. It is immutable and safe for concurrent use; what it hands out must not be
// changed.
type Index struct {
	day      string
	areas    map[string]*Area
	children map[string][]*Area
	grids    map[Layer]map[string]*Grid
	links    map[linkKey][]string
	layers   map[Layer]*layer
}

type linkKey struct {
	from Layer
	code string
	to   Layer
}

// layer is one set of shapes, ordered by code.
type layer struct {
	places []Place
	shapes []orb.MultiPolygon
	labels []orb.Point // where the name stands
	raster *raster
	tree   rtree.RTreeG[int32]
}

// NewIndex builds the index of a day yyyy-mm-dd out of what is valid on it. A code that is valid twice in its layer is
// Invalid "geo.twice". Shapes must be as NewShape makes them.
func NewIndex(day string, areas []Area, grids []Grid, links []Link) (*Index, error) {
	x := &Index{
		day: day, areas: map[string]*Area{}, children: map[string][]*Area{}, grids: map[Layer]map[string]*Grid{},
		links: map[linkKey][]string{}, layers: map[Layer]*layer{},
	}
	for _, a := range areas {
		if !valid(a.ValidFrom, a.ValidTo, day) {
			continue
		}
		if x.areas[a.Code] != nil {
			return nil, fault.New(fault.Invalid, "geo.twice", "code", a.Code)
		}
		x.areas[a.Code] = &a
		x.children[a.Parent] = append(x.children[a.Parent], &a)
		x.add(Place{a.Level, a.Code, a.Name, a.Path}, a.Shape, a.Point)
	}
	for _, g := range grids {
		if !valid(g.ValidFrom, g.ValidTo, day) {
			continue
		}
		if x.grids[g.Layer] == nil {
			x.grids[g.Layer] = map[string]*Grid{}
		}
		if x.grids[g.Layer][g.Code] != nil {
			return nil, fault.New(fault.Invalid, "geo.twice", "code", g.Code)
		}
		x.grids[g.Layer][g.Code] = &g
		x.add(Place{g.Layer, g.Code, g.Name, g.Path}, g.Shape, g.Point)
	}
	x.link(links)
	for _, c := range x.children {
		slices.SortFunc(c, func(a, b *Area) int { return cmp.Compare(a.Code, b.Code) })
	}
	for _, l := range x.layers {
		l.build()
	}
	return x, nil
}

func (x *Index) add(p Place, shape orb.MultiPolygon, label *orb.Point) {
	if len(shape) == 0 {
		return
	}
	if label == nil {
		at, _ := LabelPoint(shape)
		label = &at
	}
	l := x.layers[p.Layer]
	if l == nil {
		l = &layer{}
		x.layers[p.Layer] = l
	}
	l.places, l.shapes, l.labels = append(l.places, p), append(l.shapes, shape), append(l.labels, *label)
}

// link keeps each link in both directions.
func (x *Index) link(links []Link) {
	for _, l := range links {
		if valid(l.ValidFrom, l.ValidTo, x.day) {
			there, back := linkKey{l.FromLayer, l.From, l.ToLayer}, linkKey{l.ToLayer, l.To, l.FromLayer}
			x.links[there] = append(x.links[there], l.To)
			x.links[back] = append(x.links[back], l.From)
		}
	}
	for key, codes := range x.links {
		slices.Sort(codes)
		x.links[key] = slices.Compact(codes)
	}
}

func (l *layer) build() {
	order := make([]int, len(l.places))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(l.places[a].Code, l.places[b].Code) })
	places, shapes, labels := make([]Place, len(order)), make([]orb.MultiPolygon, len(order)), make([]orb.Point, len(order))
	for i, from := range order {
		places[i], shapes[i], labels[i] = l.places[from], l.shapes[from], l.labels[from]
		b := shapes[i].Bound()
		l.tree.Insert(b.Min, b.Max, int32(i))
	}
	l.places, l.shapes, l.labels, l.raster = places, shapes, labels, newRaster(shapes)
}

// Day is the day the index is of, yyyy-mm-dd.
func (x *Index) Day() string { return x.day }

// Locate gives the place of a layer that holds a point. On a border the lowest code wins, always.
func (x *Index) Locate(lon, lat float64, in Layer) (Place, bool) {
	l := x.layers[in]
	if l == nil {
		return Place{}, false
	}
	i := l.raster.find(orb.Point{lon, lat}, l.shapes)
	if i < 0 {
		return Place{}, false
	}
	return l.places[i], true
}

// Resolve gives all that is known of a point. The narrowest area that holds it decides, and its code names those above,
// so that the levels never contradict each other on a border. Duty beats and general grids are known by their links to
// the cell, or by their own shapes where there is none.
func (x *Index) Resolve(lon, lat float64) Spot {
	var s Spot
	for _, in := range []Layer{Cell, Village, Town, County} {
		p, ok := x.Locate(lon, lat, in)
		if !ok {
			continue
		}
		s.Path = p.Path
		code := p.Code
		if in == Cell {
			s.Cell, code = code, Long(code[:min(12, len(code))])
		}
		for ; code != ""; code = ParentOf(code) {
			switch level, _ := LevelOf(code); level {
			case Village:
				s.Village = code
			case Town:
				s.Town = code
			default:
				s.County = code
			}
		}
		break
	}
	s.Duty, s.General = x.gridOf(lon, lat, s.Cell, Duty), x.gridOf(lon, lat, s.Cell, General)
	return s
}

func (x *Index) gridOf(lon, lat float64, cell string, in Layer) string {
	if codes := x.Linked(Cell, cell, in); len(codes) > 0 {
		return codes[0]
	}
	p, _ := x.Locate(lon, lat, in)
	return p.Code
}

// Near gives the places of a layer whose ground lies within some metres of a point, nearest first; the one that holds
// the point is first with 0. So a dispatcher reads "beat A, 12 m from B".
func (x *Index) Near(lon, lat float64, in Layer, within float64) []Neighbour {
	l := x.layers[in]
	if l == nil {
		return nil
	}
	p, m := orb.Point{lon, lat}, planeAt(lat)
	dx, dy := within/m.east, within/m.north
	var hits []int32
	l.tree.Search([2]float64{lon - dx, lat - dy}, [2]float64{lon + dx, lat + dy}, func(_, _ [2]float64, i int32) bool {
		hits = append(hits, i)
		return true
	})
	slices.Sort(hits)
	var out []Neighbour
	for _, i := range hits {
		metres := 0.0
		if !Contains(l.shapes[i], p) {
			metres = m.toShape(p, l.shapes[i])
		}
		if metres <= within {
			out = append(out, Neighbour{l.places[i], metres})
		}
	}
	slices.SortStableFunc(out, func(a, b Neighbour) int { return cmp.Compare(a.Metres, b.Metres) })
	return out
}

// Within gives the places of a layer whose bounding box meets a box, by code.
func (x *Index) Within(box orb.Bound, in Layer) []Place {
	var out []Place
	x.each(box, in, func(l *layer, i int32) { out = append(out, l.places[i]) })
	return out
}

func (x *Index) each(box orb.Bound, in Layer, visit func(l *layer, i int32)) {
	l := x.layers[in]
	if l == nil {
		return
	}
	var hits []int32
	l.tree.Search(box.Min, box.Max, func(_, _ [2]float64, i int32) bool {
		hits = append(hits, i)
		return true
	})
	slices.Sort(hits)
	for _, i := range hits {
		visit(l, i)
	}
}

// Shape gives the polygons of a place, nil where there are none.
func (x *Index) Shape(in Layer, code string) orb.MultiPolygon {
	l := x.layers[in]
	if l == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(l.places, code, func(p Place, code string) int { return cmp.Compare(p.Code, code) })
	if !ok {
		return nil
	}
	return l.shapes[i]
}

// Bound gives the box around a layer; ok is false where the layer has no shapes.
func (x *Index) Bound(in Layer) (box orb.Bound, ok bool) {
	l := x.layers[in]
	if l == nil {
		return orb.Bound{}, false
	}
	return l.raster.bound, true
}

// Area gives an area by its 12-digit or short code.
func (x *Index) Area(code string) (Area, bool) {
	if a := x.areas[Long(code)]; a != nil && code != "" {
		return *a, true
	}
	return Area{}, false
}

// Children gives the areas right below one, by code; "" gives the counties.
func (x *Index) Children(code string) []Area {
	if code != "" {
		code = Long(code)
	}
	var out []Area
	for _, a := range x.children[code] {
		out = append(out, *a)
	}
	return out
}

// Grid gives a grid by its code.
func (x *Index) Grid(in Layer, code string) (Grid, bool) {
	if g := x.grids[in][code]; g != nil {
		return *g, true
	}
	return Grid{}, false
}

// Grids gives all grids of a layer by code.
func (x *Index) Grids(in Layer) []Grid {
	out := make([]Grid, 0, len(x.grids[in]))
	for _, g := range x.grids[in] {
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b Grid) int { return cmp.Compare(a.Code, b.Code) })
	return out
}

// Linked gives the codes of the grids of another layer a grid is linked to, in either direction.
func (x *Index) Linked(from Layer, code string, to Layer) []string {
	return x.links[linkKey{from, code, to}]
}
