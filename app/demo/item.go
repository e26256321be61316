package demo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"chengshu/base/feel"
	"chengshu/kernel/geo"
	"chengshu/kernel/geo/synth"
)

// collection is what a source holds: things of the ground, or records that were made. Every item with a point has a place
// {lon, lat, address}.
type collection struct {
	list []*feel.Context
}

// sample draws an item, nil from nothing.
func (c *collection) sample(r *rand.Rand) *feel.Context {
	if c == nil || len(c.list) == 0 {
		return nil
	}
	return c.list[r.IntN(len(c.list))]
}

// located draws an item that has coordinates, nil where there seems to be none.
func (c *collection) located(r *rand.Rand) *feel.Context {
	for range 50 {
		if it := c.sample(r); it == nil {
			return nil
		} else if _, _, ok := lonLat(it); ok {
			return it
		}
	}
	return nil
}

// find gives the first item whose entries equal, nil where there is none.
func (c *collection) find(where *feel.Context) *feel.Context {
	if c == nil || where == nil {
		return nil
	}
	for _, it := range c.list {
		if equals(it, where) {
			return it
		}
	}
	return nil
}

func (w *lexicon) add(source string, it *feel.Context) {
	c := w.items[source]
	if c == nil {
		c = &collection{}
		w.items[source] = c
	}
	c.list = append(c.list, it)
}

// groundSources are the sources that the made-up county gives.
func groundSources() []string {
	return []string{"county", "town", "village", "general", "duty", "cell", "part", "poi", "building", "address"}
}

// learn makes the items of a county.
func (w *lexicon) learn(c *synth.County) {
	paths, towns := map[string]string{}, map[string]string{}
	for _, a := range c.Areas {
		paths[geo.Short(a.Code)] = a.Path
		pairs := []any{"code", geo.Short(a.Code), "name", a.Name, "path", a.Path}
		switch a.Level {
		case geo.Town:
			n := fmt.Sprintf("%02d", len(towns)+1)
			towns[geo.Short(a.Code)] = n
			pairs = append(pairs, "town", n, "town_name", a.Name)
		case geo.Village:
			pairs = append(pairs, w.townOf(a.Code, towns)...)
		default: // the county
		}
		if a.Point != nil {
			pairs = append(pairs, "place", point(*a.Point, a.Name))
		}
		w.add(string(a.Level), row(pairs...))
	}
	for _, g := range c.Grids {
		pairs := append([]any{"code", g.Code, "name", g.Name, "path", g.Path}, w.townOf(g.Area, towns)...)
		if g.Point != nil {
			pairs = append(pairs, "place", point(*g.Point, g.Name))
		}
		w.add(string(g.Layer), row(pairs...))
	}
	w.things(c)
}

func (w *lexicon) townOf(code string, towns map[string]string) []any {
	town := code[:min(9, len(code))]
	name := ""
	if c := w.items["town"].find(row("code", town)); c != nil {
		v, _ := c.Get("name")
		name, _ = v.(string)
	}
	return []any{"town", towns[town], "town_name", name}
}

func (w *lexicon) things(c *synth.County) {
	near := newNearest(c.Addresses)
	for _, x := range c.Addresses {
		w.add("address", row("name", x.Text, "cell", x.Cell, "place", point(x.Point, x.Text)))
	}
	for _, x := range c.POIs {
		w.add("poi", row("kind", x.Kind, "name", x.Name, "cell", x.Cell, "place", point(x.Point, x.Name)))
	}
	for i, x := range c.Parts {
		w.add("part", row("code", x.Code, "class", x.Class, "n", int64(i+1), "cell", x.Cell,
			"owner", x.Owner, "maintainer", x.Maintainer, "supervisor", x.Supervisor, "place", point(x.Point, near.text(x.Point))))
	}
	for i, x := range c.Buildings {
		p, ok := geo.LabelPoint(orb.MultiPolygon{x.Shape})
		if !ok {
			continue
		}
		w.add("building", row("n", int64(i+1), "height", x.Height, "floors", int64(max(1, x.Height/3)), "cell", x.Cell,
			"place", point(p, near.text(p))))
	}
}

func point(p orb.Point, address string) *feel.Context {
	return row("lon", p[0], "lat", p[1], "address", address)
}

// row makes a context of alternating keys and Go values.
func row(pairs ...any) *feel.Context {
	for i := 1; i < len(pairs); i += 2 {
		pairs[i] = feel.FromGo(pairs[i])
	}
	return feel.NewContext(pairs...)
}

// nearest answers which address is near a point, by a coarse raster.
type nearest struct {
	cells map[[2]int][]int
	list  []synth.Address
}

// rasterSize is in degrees, some 300 m.
const rasterSize = 0.003

func newNearest(list []synth.Address) *nearest {
	n := &nearest{cells: map[[2]int][]int{}, list: list}
	for i, a := range list {
		k := rasterOf(a.Point)
		n.cells[k] = append(n.cells[k], i)
	}
	return n
}

func rasterOf(p orb.Point) [2]int { return [2]int{int(p[0] / rasterSize), int(p[1] / rasterSize)} }

// text gives the address next to a point, "" where there is none in reach.
func (n *nearest) text(p orb.Point) string {
	best, reach := "", 1.0
	k := rasterOf(p)
	for dx := -1; dx <= 1; dx++ {
		for dy := -1; dy <= 1; dy++ {
			for _, i := range n.cells[[2]int{k[0] + dx, k[1] + dy}] {
				q := n.list[i].Point
				if d := (q[0]-p[0])*(q[0]-p[0]) + (q[1]-p[1])*(q[1]-p[1]); d < reach {
					best, reach = n.list[i].Text, d
				}
			}
		}
	}
	return best
}

// fill writes a pattern for an item: {name} and the like are entries of the item, {n} the running number, {nn}, {nnn} and
// {nnnn} the same with leading zeros.
func fill(pattern string, it *feel.Context, n int) string {
	pairs := []string{
		"{nnnn}", fmt.Sprintf("%04d", n), "{nnn}", fmt.Sprintf("%03d", n), "{nn}", fmt.Sprintf("%02d", n), "{n}", fmt.Sprint(n),
	}
	for _, k := range it.Keys() {
		v, _ := it.Get(k)
		if s, ok := v.(string); ok {
			pairs = append(pairs, "{"+k+"}", s)
		}
	}
	return strings.NewReplacer(pairs...).Replace(pattern)
}

// unfilled tells whether a pattern still holds a brace.
func unfilled(s string) bool { return slices.Contains([]byte(s), '{') }

// list gives the items of a source.
func (w *lexicon) list(source string) []*feel.Context {
	if c := w.items[source]; c != nil {
		return c.list
	}
	return nil
}

// word gives a text of an item.
func word(it *feel.Context, key string) string {
	v, _ := it.Get(key)
	s, _ := v.(string)
	return s
}
