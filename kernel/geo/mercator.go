package geo

import (
	"math"

	"github.com/paulmach/orb"

	"chengshu/base/fault"
)

const (
	maxZoom    = 22
	tileExtent = 4096 // units on a side of a tile
	tileMargin = 64   // units drawn beyond the edge, so that outlines and labels meet
)

// tile is a square of the web Mercator pyramid, y from the north.
type tile struct{ z, x, y uint32 }

func newTile(z, x, y uint32) (tile, error) {
	if z > maxZoom || x >= 1<<z || y >= 1<<z {
		return tile{}, fault.New(fault.Invalid, "geo.tile", "z", z, "x", x, "y", y)
	}
	return tile{z, x, y}, nil
}

// project gives a point in units of the tile, y down.
func (t tile) project(p orb.Point) orb.Point {
	n := float64(uint32(1) << t.z)
	x := (p[0] + 180) / 360 * n
	y := (1 - math.Asinh(math.Tan(p[1]*radian))/math.Pi) / 2 * n
	return orb.Point{(x - float64(t.x)) * tileExtent, (y - float64(t.y)) * tileExtent}
}

func (t tile) unproject(p orb.Point) orb.Point {
	n := float64(uint32(1) << t.z)
	x, y := p[0]/tileExtent+float64(t.x), p[1]/tileExtent+float64(t.y)
	return orb.Point{x/n*360 - 180, math.Atan(math.Sinh(math.Pi*(1-2*y/n))) / radian}
}

// bound gives the box of the tile with its margin.
func (t tile) bound() orb.Bound {
	a, b := t.unproject(orb.Point{-tileMargin, tileExtent + tileMargin}), t.unproject(orb.Point{tileExtent + tileMargin, -tileMargin})
	return orb.Bound{Min: a, Max: b}
}

// TileBound gives the box of a tile in degrees with its margin, to select features by. The fault is Invalid "geo.tile".
func TileBound(z, x, y uint32) (orb.Bound, error) {
	t, err := newTile(z, x, y)
	if err != nil {
		return orb.Bound{}, err
	}
	return t.bound(), nil
}

// TileAt gives the tile of a zoom that holds a point.
func TileAt(p orb.Point, z uint32) (x, y uint32) {
	z = min(z, maxZoom)
	at := tile{z: z}.project(p)
	last := float64(uint32(1)<<z - 1)
	limit := func(v float64) uint32 { return uint32(max(0, min(last, math.Floor(v/tileExtent)))) }
	return limit(at[0]), limit(at[1])
}
