package geo_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/paulmach/orb"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/geo"
)

func TestSaveAndLoad(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		if err := geo.Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		first := geo.Grid{
			Layer: geo.Cell, Code: "990100001001001", Area: "990100001001", Name: "一格", LandUse: "residential", Grade: "1",
			Shape: box(110, 21, 110.1, 21.1), Synthetic: true, ValidFrom: "2020-01-01", ValidTo: "2026-01-01",
		}
		second := first
		second.Shape, second.ValidFrom, second.ValidTo = box(110, 21, 110.2, 21.1), "2026-01-01", ""
		duty := geo.Grid{Layer: geo.Duty, Code: "D1", Area: "990100001000", Name: "片", Shape: box(110, 21, 110.2, 21.1)}
		save := func(tx *store.Tx) error {
			for _, a := range []geo.Area{
				{Code: "990100000000", Name: "县"},
				{Code: "990100001000", Name: "镇"},
				{Code: "990100001001", Name: "村", Kind: "220", Point: &orb.Point{110.05, 21.05}},
			} {
				if err := geo.SaveArea(t.Context(), tx, a); err != nil {
					return err
				}
			}
			for _, g := range []geo.Grid{first, second, duty} {
				if err := geo.SaveGrid(t.Context(), tx, g); err != nil {
					return err
				}
			}
			return geo.SaveLink(t.Context(), tx, geo.Link{FromLayer: geo.Duty, From: "D1", ToLayer: geo.Cell, To: first.Code, ValidFrom: "2026-01-01"})
		}
		for range 2 { // saving again replaces
			if err := db.Write(t.Context(), save); err != nil {
				t.Fatal(err)
			}
		}
		fake := clock.NewFake(clock.DateFrom(2025, 12, 31).Start())
		atlas, err := geo.NewAtlas(db, fake)
		if err != nil {
			t.Fatal(err)
		}
		if err := atlas.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		old := atlas.Index()
		if _, ok := old.Locate(110.15, 21.05, geo.Cell); ok {
			t.Error("the wider cell is valid too early")
		}
		got, ok := old.Grid(geo.Cell, first.Code)
		want := first
		want.Path, want.SquareMetres = "/990100/990100001/990100001001/990100001001001/", got.SquareMetres
		want.Point = got.Point
		if diff := cmp.Diff(want, got); diff != "" || !ok || got.Point == nil || got.SquareMetres < 1e8 {
			t.Errorf("grid: %s", diff)
		}
		fake.Set(clock.DateFrom(2026, 1, 1).Start())
		if err := atlas.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		spot := atlas.Index().Resolve(110.15, 21.05)
		if spot.Cell != first.Code || spot.Duty != "D1" || spot.Village != "990100001001" {
			t.Errorf("after the change: got %+v", spot)
		}
		if _, ok := old.Locate(110.15, 21.05, geo.Cell); ok || atlas.Index().Day() != "2026-01-01" {
			t.Error("the old index changed")
		}
	})
}

func TestSaveRefuses(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	if err := geo.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	grid := geo.Grid{Layer: geo.Cell, Code: "990100001001001", Area: "990100001001", Name: "x"}
	tests := map[string]struct {
		code string
		save func(tx *store.Tx) error
	}{
		"cell as area": {"geo.code", func(tx *store.Tx) error { return geo.SaveArea(t.Context(), tx, geo.Area{Code: grid.Code, Name: "x"}) }},
		"short code":   {"geo.code", func(tx *store.Tx) error { return geo.SaveArea(t.Context(), tx, geo.Area{Code: "990100", Name: "x"}) }},
		"no name": {"geo.name", func(tx *store.Tx) error {
			return geo.SaveArea(t.Context(), tx, geo.Area{Code: "990100000000", Name: " "})
		}},
		"bad date": {"geo.date", func(tx *store.Tx) error {
			g := grid
			g.ValidFrom = "2026-02-30"
			return geo.SaveGrid(t.Context(), tx, g)
		}},
		"ends before": {"geo.date", func(tx *store.Tx) error {
			g := grid
			g.ValidFrom, g.ValidTo = "2026-02-02", "2026-02-02"
			return geo.SaveGrid(t.Context(), tx, g)
		}},
		"other village": {"geo.code", func(tx *store.Tx) error { g := grid; g.Area = "990100001002"; return geo.SaveGrid(t.Context(), tx, g) }},
		"general in town": {"geo.code", func(tx *store.Tx) error {
			return geo.SaveGrid(t.Context(), tx, geo.Grid{Layer: geo.General, Code: "G", Area: "990100001000", Name: "x"})
		}},
		"slash in code": {"geo.code", func(tx *store.Tx) error {
			return geo.SaveGrid(t.Context(), tx, geo.Grid{Layer: geo.Duty, Code: "a/b", Area: "990100001000", Name: "x"})
		}},
		"area layer": {"geo.layer", func(tx *store.Tx) error { g := grid; g.Layer = geo.Town; return geo.SaveGrid(t.Context(), tx, g) }},
		"link of areas": {"geo.layer", func(tx *store.Tx) error {
			return geo.SaveLink(t.Context(), tx, geo.Link{FromLayer: geo.Town, From: "1", ToLayer: geo.Cell, To: "2"})
		}},
		"shape of a line": {"geo.shape", func(tx *store.Tx) error {
			g := grid
			g.Shape = orb.MultiPolygon{{{{1, 1}, {2, 2}, {1, 1}}}}
			return geo.SaveGrid(t.Context(), tx, g)
		}},
		"point far out": {"geo.point", func(tx *store.Tx) error {
			return geo.SaveArea(t.Context(), tx, geo.Area{Code: "990100000000", Name: "x", Point: &orb.Point{0, 91}})
		}},
	}
	for name, tt := range tests {
		if err := db.Write(t.Context(), tt.save); fault.CodeOf(err) != tt.code {
			t.Errorf("%s: got %v, want %s", name, err, tt.code)
		}
	}
}
