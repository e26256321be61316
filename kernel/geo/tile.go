package geo

import (
	"math"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/clip"
	"github.com/paulmach/orb/project"
	"github.com/paulmach/orb/simplify"

	"chengshu/base/fault"
)

// Feature is one thing drawn on a map. Properties hold strings, booleans, integers and floats; nil is left out.
type Feature struct {
	ID         uint64 // 0 for none
	Geometry   orb.Geometry
	Properties map[string]any
}

// TileLayer is a named set of features of a vector tile.
type TileLayer struct {
	Name     string
	Features []Feature
}

// tileTrim is how far a simplified line may stray, in units of the tile: three eighths of a pixel, so that neighbours
// whose common border is simplified from different ends show no gap.
const tileTrim = 3.0

// Tile encodes a Mapbox vector tile (version 2) of the layers' features, clipped to the tile with its margin and
// simplified to what can be seen. The features stay as they are; those with nothing on the tile are left out, and so are
// layers without any. A tile with nothing on it has no bytes. Faults: Invalid "geo.tile", "geo.property".
func Tile(z, x, y uint32, layers []TileLayer) ([]byte, error) {
	t, err := newTile(z, x, y)
	if err != nil {
		return nil, err
	}
	box := t.bound()
	var out message
	for _, l := range layers {
		enc := newLayerEncoder(l.Name)
		for _, f := range l.Features {
			if f.Geometry == nil {
				continue
			}
			bound := f.Geometry.Bound()
			if !bound.Intersects(box) {
				continue
			}
			g := orb.Clone(f.Geometry)
			if !box.Contains(bound.Min) || !box.Contains(bound.Max) {
				if g = clip.Geometry(box, g); g == nil {
					continue
				}
			}
			kind, paths := draw(project.Geometry(g, t.project))
			if len(paths) == 0 {
				continue
			}
			if err := enc.feature(f, kind, paths); err != nil {
				return nil, fault.Wrap("encode layer "+l.Name, err)
			}
		}
		if enc.count > 0 {
			out.bytes(3, enc.close())
		}
	}
	return out, nil
}

// geomKind is the geometry type of a vector tile.
type geomKind uint64

const (
	drawPoint   geomKind = 1
	drawLine    geomKind = 2
	drawPolygon geomKind = 3
)

// cell is a whole point of the tile's raster.
type cell [2]int32

// draw gives the parts of a geometry in whole units of the tile; what vanishes is left out. Rings come open, outer ones
// clockwise on the screen, as version 2 asks.
func draw(g orb.Geometry) (geomKind, [][]cell) {
	switch g := g.(type) {
	case orb.Point:
		return drawPoint, [][]cell{round(orb.LineString{g})}
	case orb.MultiPoint:
		return drawPoint, [][]cell{round(orb.LineString(g))}
	case orb.LineString:
		return drawLine, drawLines(orb.MultiLineString{g})
	case orb.MultiLineString:
		return drawLine, drawLines(g)
	case orb.Ring:
		return drawPolygon, drawRings(orb.Polygon{g})
	case orb.Polygon:
		return drawPolygon, drawRings(g)
	case orb.Bound:
		return drawPolygon, drawRings(g.ToPolygon())
	case orb.MultiPolygon:
		var out [][]cell
		for _, poly := range g {
			out = append(out, drawRings(poly)...)
		}
		return drawPolygon, out
	default: // a collection has no form in a tile
		return 0, nil
	}
}

func drawLines(lines orb.MultiLineString) [][]cell {
	var out [][]cell
	for _, l := range lines {
		if path := round(simplify.DouglasPeucker(tileTrim).LineString(l)); len(path) > 1 {
			out = append(out, path)
		}
	}
	return out
}

func drawRings(poly orb.Polygon) [][]cell {
	var out [][]cell
	for i, ring := range poly {
		path := round(simplify.DouglasPeucker(tileTrim).LineString(orb.LineString(ring)))
		if n := len(path); n > 1 && path[0] == path[n-1] {
			path = path[:n-1]
		}
		area := surveyor(path)
		if len(path) < 3 || area == 0 {
			if i == 0 {
				return nil
			}
			continue
		}
		if (area > 0) != (i == 0) {
			for a, b := 0, len(path)-1; a < b; a, b = a+1, b-1 {
				path[a], path[b] = path[b], path[a]
			}
		}
		out = append(out, path)
	}
	return out
}

// round gives whole units without repetition.
func round(in orb.LineString) []cell {
	out := make([]cell, 0, len(in))
	for _, p := range in {
		c := cell{int32(math.Floor(p[0] + 0.5)), int32(math.Floor(p[1] + 0.5))}
		if n := len(out); n == 0 || out[n-1] != c {
			out = append(out, c)
		}
	}
	return out
}

// surveyor is twice the area of an open ring, positive for clockwise on a screen whose y runs down.
func surveyor(ring []cell) int64 {
	sum := int64(0)
	for i, a := range ring {
		b := ring[(i+1)%len(ring)]
		sum += int64(a[0])*int64(b[1]) - int64(b[0])*int64(a[1])
	}
	return sum
}

// Features gives the places of a layer in a box to draw, with the properties code and name.
func (x *Index) Features(box orb.Bound, in Layer) []Feature {
	var out []Feature
	x.each(box, in, func(l *layer, i int32) {
		out = append(out, Feature{Geometry: l.shapes[i], Properties: properties(l.places[i])})
	})
	return out
}

// Labels gives a point for the name of each place of a layer in a box, with the properties code and name.
func (x *Index) Labels(box orb.Bound, in Layer) []Feature {
	var out []Feature
	x.each(box, in, func(l *layer, i int32) {
		if box.Contains(l.labels[i]) {
			out = append(out, Feature{Geometry: l.labels[i], Properties: properties(l.places[i])})
		}
	})
	return out
}

func properties(p Place) map[string]any { return map[string]any{"code": p.Code, "name": p.Name} }
