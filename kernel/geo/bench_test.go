package geo_test

import (
	"math/rand/v2"
	"testing"

	"github.com/paulmach/orb"

	"chengshu/kernel/geo"
)

func benchGround(b *testing.B) []orb.MultiPolygon {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	sites := make([]orb.Point, 400)
	for i := range sites {
		sites[i] = orb.Point{110 + r.Float64(), 21 + r.Float64()}
	}
	return geo.Voronoi(sites, box(110, 21, 111, 22))
}

func BenchmarkLocate(b *testing.B) {
	x := mustIndex(b, nil, cells(benchGround(b)), nil)
	r := rand.New(rand.NewPCG(3, 4))
	b.ResetTimer()
	for b.Loop() {
		x.Locate(110+r.Float64(), 21+r.Float64(), geo.Cell)
	}
}

func BenchmarkNewIndex(b *testing.B) {
	grids := cells(benchGround(b))
	b.ResetTimer()
	for b.Loop() {
		mustIndex(b, nil, grids, nil)
	}
}

func BenchmarkTile(b *testing.B) {
	x := mustIndex(b, nil, cells(benchGround(b)), nil)
	tx, ty := geo.TileAt(orb.Point{110.5, 21.5}, 9)
	bound, err := geo.TileBound(9, tx, ty)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := geo.Tile(9, tx, ty, []geo.TileLayer{{Name: "cell", Features: x.Features(bound, geo.Cell)}}); err != nil {
			b.Fatal(err)
		}
	}
}
