package record_test

import (
	"slices"
	"testing"

	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/identity"
	"chengshu/kernel/record"
)

// TestSteer: whether a row filter lets much or little through, a list gives the same pages.
func TestSteer(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		for i := range 120 {
			w.mustCreate(t, clerk, "t.case", values{"kind": "0101", "place": values{"lon": 111.5 + float64(i/100), "lat": 22.5}}) // 100 and 20
		}
		few := town
		few.Area = "/9/2/"
		for who, want := range map[*identity.Actor]int{&town: 100, &few: 20} {
			everyWay(t, w, *who, want)
		}
	})
}

// everyWay turns the pages of some lists and counts what is on them.
func everyWay(t *testing.T, w *world, who identity.Actor, want int) {
	t.Helper()
	for _, q := range []record.Query{
		{Type: "t.case", Limit: 7}, {Type: "t.case", Limit: 7, Filter: `kind = "0101"`}, {Type: "t.case", Limit: 7, Sort: "number"},
	} {
		var seen []string
		for {
			p, err := w.list(t, who, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range p.Records {
				seen = append(seen, r.ID())
			}
			if q.Cursor = p.Next; q.Cursor == "" {
				break
			}
		}
		slices.Sort(seen)
		if n := len(seen); n != want || len(slices.Compact(seen)) != n {
			t.Errorf("%+v: %d records, want %d", q, n, want)
		}
	}
}
