package geo_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/paulmach/orb"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/geo"
)

func shared(tb testing.TB, path string) string {
	tb.Helper()
	root := os.Getenv("CHENGSHU_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	data, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		if os.Getenv("CHENGSHU_CI") == "1" {
			tb.Fatalf("required in CI: %v", err)
		}
		tb.Skipf("SKIPPED, NOT PASSED: no test data: %v", err)
	}
	return string(data)
}

// A real county: what its table and border hold, honestly told, twice the same.
func TestImportRealCounty(t *testing.T) {
	t.Parallel()
	areas, border := shared(t, "data/admin-division/440981.csv"), shared(t, "data/boundary/440981.json")
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		if err := geo.Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		report, err := geo.ImportAreas(t.Context(), db, strings.NewReader(areas), strings.NewReader(border), geo.GCJ02())
		if err != nil {
			t.Fatal(err)
		}
		want := map[geo.Layer]geo.LevelCount{geo.County: {Areas: 1, Located: 1}, geo.Town: {Areas: 31, Located: 28}, geo.Village: {Areas: 491, Located: 157}}
		if diff := cmp.Diff(want, report.Levels); diff != "" {
			t.Error(diff)
		}
		if report.Rows != 523 || report.Inserted != 523 || len(report.Problems) != 0 || len(report.Derived) != 28 || len(report.Shapeless) != 3 {
			t.Errorf("got %+v", report)
		}
		again, err := geo.ImportAreas(t.Context(), db, strings.NewReader(areas), strings.NewReader(border), geo.GCJ02())
		if err != nil || again.Unchanged != 523 || again.Inserted != 0 || again.Updated != 0 {
			t.Errorf("second time: got %d %d %d, %v", again.Inserted, again.Updated, again.Unchanged, err)
		}
		atlas, err := geo.NewAtlas(db, clock.NewFake(clock.DateFrom(2026, 3, 2).Start()))
		if err != nil {
			t.Fatal(err)
		}
		if err := atlas.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		checkRealCounty(t, atlas.Index())
	})
}

func checkRealCounty(t *testing.T, x *geo.Index) {
	t.Helper()
	county, ok := x.Area("440981")
	if !ok || county.Name != "高州市" || county.Synthetic {
		t.Fatalf("county: got %v %v", county.Name, ok)
	}
	// the statistical yearbooks give 3276 km²
	if got := county.SquareMetres / 1e6; math.Abs(got-3276) > 60 {
		t.Errorf("county: got %.0f km²", got)
	}
	sum, towns := 0.0, 0
	for _, a := range x.Children("440981") {
		if len(a.Shape) == 0 {
			continue
		}
		towns++
		sum += a.SquareMetres
		if !a.Synthetic {
			t.Errorf("%s: a derived shape is not marked", a.Name)
		}
		if geo.Contains(county.Shape, *a.Point) {
			if got, _ := x.Locate(a.Point[0], a.Point[1], geo.Town); got.Code != a.Code {
				t.Errorf("the centre of %s lies in %s", a.Name, got.Name)
			}
		}
	}
	if towns != 28 || math.Abs(sum-county.SquareMetres) > county.SquareMetres*1e-6 {
		t.Errorf("%d towns have %.0f m², the county %.0f", towns, sum, county.SquareMetres)
	}
	if len(x.Children("440981100000")) == 0 {
		t.Error("a town has no villages")
	}
	// the centre was GCJ-02 110.853299 21.918203 and must have moved some 500 m
	if d := geo.Distance(*county.Point, orb.Point{110.853299, 21.918203}); d < 300 || d > 800 {
		t.Errorf("the centre moved %.0f m", d)
	}
}

func TestImportKeepsWhatIsSurveyed(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	if err := geo.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	csv := "Code,Name,lon,lat\n990100,县,110.5,21.5\n990100001,东镇,110.2,21.5\n990100002,西镇,110.8,21.5\n"
	border := `{"type":"Polygon","coordinates":[[[110,21],[111,21],[111,22],[110,22],[110,21]]]}`
	load := func(csv string) geo.Report {
		t.Helper()
		r, err := geo.ImportAreas(t.Context(), db, strings.NewReader(csv), strings.NewReader(border), geo.CGCS2000())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := load(csv); r.Inserted != 3 || len(r.Derived) != 2 {
		t.Fatalf("got %+v", r)
	}
	surveyed := box(110, 21, 110.4, 22)
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		return geo.SaveArea(t.Context(), tx, geo.Area{Code: "990100001000", Name: "东镇", Point: &orb.Point{110.2, 21.5}, Shape: surveyed, ValidFrom: "2020-01-01"})
	})
	if err != nil {
		t.Fatal(err)
	}
	r := load(strings.Replace(csv, "西镇", "新西镇", 1))
	if r.Unchanged != 2 || r.Updated != 1 {
		t.Errorf("got %+v, want one updated", r)
	}
	x, err := geo.Load(t.Context(), db, "2026-03-02")
	if err != nil {
		t.Fatal(err)
	}
	a, _ := x.Area("990100001")
	if a.Synthetic || a.ValidFrom != "2020-01-01" || cmp.Diff(surveyed, a.Shape) != "" {
		t.Errorf("the surveyed shape is gone: %+v", a)
	}
	if b, _ := x.Area("990100002"); b.Name != "新西镇" || !b.Synthetic {
		t.Errorf("got %+v", b)
	}
}

func TestImportRefusesRows(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	if err := geo.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	csv := "code,name,longitude,latitude\n990100000000,县,,\n990100001000,镇,x,21\n990100002000,镇,400,21\n990100003000,,110,21\n99010000400A,镇,110,21\n990100005000,镇,110,21\n990100005000,镇,110,21\n990100006001,村,110,21\n"
	r, err := geo.ImportAreas(t.Context(), db, strings.NewReader(csv), nil, geo.CGCS2000())
	if err != nil {
		t.Fatal(err)
	}
	want := []geo.Problem{
		{Line: 3, Code: "990100001000", Key: "geo.point"},
		{Line: 4, Code: "990100002000", Key: "geo.point"},
		{Line: 5, Code: "990100003000", Key: "geo.name"},
		{Line: 6, Code: "99010000400A", Key: "geo.code"},
		{Line: 8, Code: "990100005000", Key: "geo.twice"},
		{Line: 0, Code: "990100006001", Key: "geo.orphan"},
	}
	if diff := cmp.Diff(want, r.Problems); diff != "" || r.Inserted != 2 {
		t.Errorf("inserted %d %s", r.Inserted, diff)
	}
	for name, in := range map[string]string{"empty": "", "another header": "id,title\n1,x\n", "all refused": "code,name\nx,y\n", "broken quotes": "990100,\"a\nb"} {
		if _, err := geo.ImportAreas(t.Context(), db, strings.NewReader(in), nil, geo.CGCS2000()); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want an invalid fault", name, err)
		}
	}
}
