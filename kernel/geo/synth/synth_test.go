package synth_test

import (
	"crypto/sha256"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/geo"
	"chengshu/kernel/geo/synth"
)

func words(tb testing.TB) synth.Words {
	tb.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "packs", "county", "demo", "words.csv"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	w, err := synth.ReadWords(f)
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

func config(tb testing.TB, seed uint64) synth.Config {
	tb.Helper()
	return synth.Config{
		Seed: seed, Words: words(tb), Units: []string{"u1", "u2", "u3", "u4"},
		Classes: []synth.Class{{Code: "0101"}, {Code: "0102", Share: 3}, {Code: "0201"}},
	}
}

func generate(tb testing.TB, c synth.Config) *synth.County {
	tb.Helper()
	out, err := synth.Generate(c)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// border gives the directed steps of a shape that are not walked back.
func border(shapes ...orb.MultiPolygon) map[[2]orb.Point]bool {
	out := map[[2]orb.Point]bool{}
	for _, mp := range shapes {
		for _, poly := range mp {
			for _, ring := range poly {
				for i := 1; i < len(ring); i++ {
					if back := [2]orb.Point{ring[i], ring[i-1]}; out[back] {
						delete(out, back)
					} else {
						out[[2]orb.Point{ring[i-1], ring[i]}] = true
					}
				}
			}
		}
	}
	return out
}

// checkNesting holds a shape against its parts: the same border to the last digit, and the same ground.
func checkNesting(t *testing.T, name string, whole orb.MultiPolygon, parts []orb.MultiPolygon) {
	t.Helper()
	want, got := border(whole), border(parts...)
	if len(want) != len(got) {
		t.Errorf("%s: its border has %d steps, that of its parts %d", name, len(want), len(got))
		return
	}
	for s := range want {
		if !got[s] {
			t.Errorf("%s: the step %v is not in the border of its parts", name, s)
			return
		}
	}
	sum := 0.0
	for _, p := range parts {
		sum += geo.SquareMetres(p)
	}
	if all := geo.SquareMetres(whole); math.Abs(sum-all) > all*1e-9+0.01 {
		t.Errorf("%s: %.3f m², its parts %.3f", name, all, sum)
	}
}

// crosses tells whether two straight steps cross properly.
func crosses(a, b, c, d orb.Point) bool {
	side := func(p, q, r orb.Point) float64 { return (q[0]-p[0])*(r[1]-p[1]) - (q[1]-p[1])*(r[0]-p[0]) }
	return side(a, b, c)*side(a, b, d) < 0 && side(c, d, a)*side(c, d, b) < 0
}

func checkSimple(t *testing.T, name string, mp orb.MultiPolygon) {
	t.Helper()
	for _, poly := range mp {
		for _, ring := range poly {
			for i := 1; i < len(ring); i++ {
				for j := i + 2; j < len(ring); j++ {
					if crosses(ring[i-1], ring[i], ring[j-1], ring[j]) {
						t.Errorf("%s crosses itself at %v", name, ring[i])
						return
					}
				}
			}
		}
	}
}

func TestLevelsNest(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1, 2, 20260302} {
		checkLevels(t, generate(t, config(t, seed)))
	}
}

func checkLevels(t *testing.T, c *synth.County) {
	t.Helper()
	children := map[string][]orb.MultiPolygon{}
	counts := map[geo.Layer]int{}
	for _, a := range c.Areas {
		children[a.Parent] = append(children[a.Parent], a.Shape)
		counts[a.Level]++
		if len(a.Shape) != 1 {
			t.Errorf("%s has %d pieces", a.Name, len(a.Shape))
		}
	}
	layers := map[geo.Layer][]orb.MultiPolygon{}
	for _, g := range c.Grids {
		layers[g.Layer] = append(layers[g.Layer], g.Shape)
		counts[g.Layer]++
		if g.Layer == geo.Cell {
			children[g.Area] = append(children[g.Area], g.Shape)
			checkSimple(t, g.Code, g.Shape)
			if geo.SquareMetres(g.Shape) <= 0 || len(g.Shape) != 1 || !geo.Contains(g.Shape, *g.Point) {
				t.Errorf("%s: %v pieces, label %v", g.Code, len(g.Shape), g.Point)
			}
		}
	}
	for _, a := range c.Areas {
		checkNesting(t, a.Code, a.Shape, children[a.Code])
	}
	for l, shapes := range layers {
		checkNesting(t, "county by "+string(l), c.Areas[0].Shape, shapes)
	}
	if counts[geo.County] != 1 || counts[geo.Town] != 12 || counts[geo.Village] != 150 || counts[geo.Cell] < 1150 || counts[geo.Cell] > 1250 {
		t.Errorf("got %v", counts)
	}
	if km2 := c.Areas[0].SquareMetres / 1e6; km2 < 500 || km2 > 1600 {
		t.Errorf("the county has %.0f km²", km2)
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	t.Parallel()
	sum := func(seed uint64) [32]byte {
		data, err := json.Marshal(generate(t, config(t, seed)))
		if err != nil {
			t.Fatal(err)
		}
		return sha256.Sum256(data)
	}
	first := sum(7)
	if sum(7) != first {
		t.Error("the same seed gave another county")
	}
	if sum(8) == first {
		t.Error("another seed gave the same county")
	}
}

// What stands in the county stands in the cell it says; codes and names are unique and rightly built.
func TestThings(t *testing.T) {
	t.Parallel()
	c := generate(t, config(t, 3))
	x, err := c.Index("2026-03-02")
	if err != nil {
		t.Fatal(err)
	}
	at := func(what string, p orb.Point, cell string) {
		t.Helper()
		if got, ok := x.Locate(p[0], p[1], geo.Cell); !ok || got.Code != cell {
			t.Errorf("%s at %v is in %q, says %q", what, p, got.Code, cell)
		}
	}
	seen := map[string]bool{}
	once := func(key string) {
		t.Helper()
		if seen[key] {
			t.Errorf("%s twice", key)
		}
		seen[key] = true
	}
	for _, a := range c.Areas {
		once("area " + a.Code)
		once("name " + a.Name)
	}
	for _, g := range c.Grids {
		once(string(g.Layer) + g.Code)
		if g.Layer == geo.Cell && (len(g.Code) != 15 || !strings.HasPrefix(g.Code, "990100") || !strings.HasPrefix(g.Code, g.Area)) {
			t.Errorf("cell code %s in %s", g.Code, g.Area)
		}
		if !strings.HasSuffix(g.Path, "/"+g.Code+"/") {
			t.Errorf("path %s", g.Path)
		}
	}
	for _, p := range c.Parts {
		once("part " + p.Code)
		at("part", p.Point, p.Cell)
		if len(p.Code) != 16 || p.Code[:10] != "990100"+p.Class || p.Owner == "" || p.Maintainer == "" || p.Supervisor == "" {
			t.Errorf("part %+v", p)
		}
	}
	for _, a := range c.Addresses {
		once("address " + a.Text)
		at("address", a.Point, a.Cell)
	}
	for _, p := range c.POIs {
		at("poi", p.Point, p.Cell)
	}
	if len(c.Parts) != 6000 || len(c.Addresses) < 1000 || len(c.Buildings) < 500 || len(c.POIs) < 500 || len(c.Roads) < 100 || len(c.River.Line) < 50 {
		t.Errorf("got %d parts, %d addresses, %d buildings, %d POIs, %d roads, river of %d", len(c.Parts), len(c.Addresses), len(c.Buildings), len(c.POIs), len(c.Roads), len(c.River.Line))
	}
	if !connected(c.Roads) {
		t.Error("the trunk and local roads are not connected")
	}
}

// connected tells whether one can drive from every trunk and local road to every other.
func connected(roads []synth.Road) bool {
	group := map[orb.Point]orb.Point{}
	var find func(p orb.Point) orb.Point
	find = func(p orb.Point) orb.Point {
		q, ok := group[p]
		if !ok || q == p {
			return p
		}
		group[p] = find(q)
		return group[p]
	}
	roots := map[orb.Point]bool{}
	for _, r := range roads {
		if r.Class != "ring" {
			group[find(r.Line[0])] = find(r.Line[len(r.Line)-1])
		}
	}
	for _, r := range roads {
		if r.Class != "ring" {
			roots[find(r.Line[0])] = true
		}
	}
	return len(roots) == 1
}

// Cells are numbered from north to south in bands, in each from west to east.
func TestNumbering(t *testing.T) {
	t.Parallel()
	c := generate(t, config(t, 4))
	points := map[string][]orb.Point{}
	for _, g := range c.Grids {
		if g.Layer == geo.Cell {
			points[g.Area] = append(points[g.Area], *g.Point)
		}
	}
	for area, ps := range points {
		band := int(math.Ceil(math.Sqrt(float64(len(ps)))))
		for i := 1; i < len(ps); i++ {
			if i%band != 0 && ps[i][0] < ps[i-1][0] {
				t.Errorf("%s: cell %d lies west of the one before", area, i+1)
			}
			if i >= band && i%band == 0 && slices.MaxFunc(ps[i:], north)[1] > slices.MinFunc(ps[i-band:i], north)[1] {
				t.Errorf("%s: a cell after %d lies north of the band before", area, i)
			}
		}
	}
}

func north(a, b orb.Point) int {
	switch {
	case a[1] < b[1]:
		return -1
	case a[1] > b[1]:
		return 1
	default:
		return 0
	}
}

// Any county of any size nests.
func TestAnyCountyNests(t *testing.T) {
	t.Parallel()
	w := words(t)
	rapid.Check(t, func(r *rapid.T) {
		towns, streets := rapid.IntRange(0, 6).Draw(r, "towns"), rapid.IntRange(1, 3).Draw(r, "streets")
		villages := rapid.IntRange(towns+streets, 20).Draw(r, "villages")
		c, err := synth.Generate(synth.Config{
			Seed: rapid.Uint64().Draw(r, "seed"), Words: w, Towns: max(towns, 1), Streets: streets, Villages: max(villages, streets+1),
			Cells: rapid.IntRange(3*max(villages, streets+1), 150).Draw(r, "cells"), Radius: rapid.Float64Range(2000, 60000).Draw(r, "radius"),
		})
		if err != nil {
			r.Fatal(err)
		}
		children := map[string][]orb.MultiPolygon{}
		for _, a := range c.Areas {
			children[a.Parent] = append(children[a.Parent], a.Shape)
		}
		for _, g := range c.Grids {
			if g.Layer == geo.Cell {
				children[g.Area] = append(children[g.Area], g.Shape)
			}
		}
		for _, a := range c.Areas {
			checkNesting(t, a.Code, a.Shape, children[a.Code])
			if t.Failed() {
				r.Fatal("does not nest")
			}
		}
	})
}

func TestSave(t *testing.T) {
	t.Parallel()
	c := generate(t, config(t, 5))
	db := storetest.SQLite(t)
	if err := geo.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if err := db.Write(t.Context(), func(tx *store.Tx) error { return c.Save(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
	x, err := geo.Load(t.Context(), db, "2026-03-02")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := x.Area("990100"); !ok {
		t.Error("the county is missing")
	}
	for _, g := range c.Grids {
		got, ok := x.Grid(g.Layer, g.Code)
		if !ok || got.Path != g.Path || got.SquareMetres != g.SquareMetres {
			t.Fatalf("%s: got %+v", g.Code, got.Path)
		}
	}
	p := c.Parts[0]
	spot := x.Resolve(p.Point[0], p.Point[1])
	if spot.Cell != p.Cell || spot.Duty == "" || spot.General == "" || !strings.HasPrefix(spot.Path, "/990100/") {
		t.Errorf("got %+v, want cell %s", spot, p.Cell)
	}
	if got := x.Linked(geo.Duty, spot.Duty, geo.Cell); !slices.Contains(got, p.Cell) {
		t.Errorf("the beat %s has no link to its cell: %v", spot.Duty, got)
	}
}

func TestGenerateRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*synth.Config){
		"code":          func(c *synth.Config) { c.Code = "99010" },
		"more villages": func(c *synth.Config) { c.Villages, c.Cells = 100, 200 },
		"no units":      func(c *synth.Config) { c.Units = nil },
		"class":         func(c *synth.Config) { c.Classes[0].Code = "1" },
		"no words":      func(c *synth.Config) { c.Words = synth.Words{} },
		"few names":     func(c *synth.Config) { c.Words.First = c.Words.First[:2] },
		"no pattern":    func(c *synth.Config) { c.Words.Patterns = map[string]string{"cell": "x"} },
		"radius":        func(c *synth.Config) { c.Radius = 1 },
	} {
		c := config(t, 1)
		change(&c)
		if _, err := synth.Generate(c); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want an invalid fault", name, err)
		}
	}
	for name, in := range map[string]string{"header": "a,b,c\n", "kind": "kind,key,word\nx,y,z\n", "cells": "kind,key,word\nfirst,x\n"} {
		if _, err := synth.ReadWords(strings.NewReader(in)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want an invalid fault", name, err)
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	c := config(b, 1)
	for b.Loop() {
		generate(b, c)
	}
}
