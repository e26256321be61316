package record_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"chengshu/base/clock"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/record"
)

func (w *world) aggregate(t testing.TB, q record.Query, by []string, measure string) ([]record.Group, error) {
	t.Helper()
	var out []record.Group
	err := w.db.Read(t.Context(), func(tx *store.Tx) (err error) {
		out, err = w.s.Aggregate(t.Context(), tx, clerk, q, by, measure)
		return err
	})
	return out, err
}

// keyOf cuts a record's value as Aggregate does, by hand.
func keyOf(r *record.Record, by string) any {
	path, cut, _ := strings.Cut(by, ":")
	name, part, nested := strings.Cut(path, ".")
	v := r.Values[name]
	if nested {
		m, _ := v.(map[string]any)
		v = m[part]
	}
	s, ok := v.(string)
	if cut == "" || !ok {
		return v
	}
	if n := map[string]int{"day": 10, "month": 7, "year": 4}[cut]; n > 0 {
		at, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return nil
		}
		return at.In(clock.Shanghai).Format(time.DateOnly)[:n]
	}
	var level int
	if _, err := fmt.Sscan(cut, &level); err != nil {
		return nil
	}
	parts := strings.SplitAfter(s, "/")
	return strings.Join(parts[:min(len(parts), level+1)], "")
}

// measured computes a measure of records by hand, in rational numbers.
func measured(records []*record.Record, measure string) any {
	fn, name, _ := strings.Cut(measure, ":")
	if fn == "count" {
		return int64(len(records))
	}
	f := records[0].Type.Field(name)
	var all []*big.Rat
	for _, r := range records {
		if v := r.Values[name]; v != nil {
			n, _ := new(big.Rat).SetString(fmt.Sprint(v))
			all = append(all, n)
		}
	}
	if len(all) == 0 {
		return nil
	}
	out := new(big.Rat)
	switch fn {
	case "min":
		out = slices.MinFunc(all, (*big.Rat).Cmp)
	case "max":
		out = slices.MaxFunc(all, (*big.Rat).Cmp)
	default:
		for _, n := range all {
			out.Add(out, n)
		}
		if fn == "avg" {
			out.Quo(out, new(big.Rat).SetInt64(int64(len(all))))
		}
	}
	if f.Type == "integer" {
		if out.IsInt() && fn != "avg" {
			return out.Num().Int64()
		}
		return json.Number(strings.TrimRight(strings.TrimRight(out.FloatString(6), "0"), "."))
	}
	return out.FloatString(f.Digits())
}

func groupBys() []string {
	return []string{
		"kind", "state", "amount", "cost", "share", "done", "due", "seen", "seen:day", "seen:month", "seen:year", "created_at:day", "created_at:month",
		"area", "area:1", "area:2", "area:3", "org", "unit", "unit:1", "unit:2", "worker", "place.grid", "place.area:2", "term.from", "order", "half",
	}
}

// TestAggregate: groups, keys and measures are those counted by hand, in the same order on both databases, and the filter
// of a group selects exactly the records that were counted in it.
func TestAggregate(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		all := w.fill(t, 60)
		rapid.Check(t, func(rt *rapid.T) {
			by := rapid.SliceOfNDistinct(rapid.SampledFrom(groupBys()), 0, 3, func(b string) string { p, _, _ := strings.Cut(b, ":"); return p }).Draw(rt, "by")
			measure := rapid.SampledFrom([]string{"count", "sum:amount", "avg:amount", "min:amount", "max:amount", "sum:cost", "avg:cost", "min:cost", "sum:share", "avg:share", "max:half"}).Draw(rt, "measure")
			filter := rapid.SampledFrom([]string{"", "amount > 0", `kind = "0101"`, "amount = 99"}).Draw(rt, "filter")
			got, err := w.aggregate(t, record.Query{Type: "t.case", Filter: filter}, by, measure)
			if err != nil {
				rt.Fatal(err)
			}
			groups := map[string][]*record.Record{}
			for _, r := range all {
				if w.holds(rt, r, filter) {
					groups[keyText(r, by)] = append(groups[keyText(r, by)], r)
				}
			}
			if len(by) == 0 && len(groups) == 0 {
				return // one line over nothing
			}
			if len(got) != len(groups) {
				rt.Fatalf("%v: %d groups, want %d", by, len(got), len(groups))
			}
			for _, g := range got {
				members := groups[fmt.Sprintf("%#v", g.Keys)]
				if members == nil {
					rt.Fatalf("%v: no such group %#v", by, g.Keys)
				}
				if want := measured(members, measure); !cmp.Equal(g.Value, want) {
					rt.Fatalf("%v %s of %v: got %#v want %#v", by, measure, g.Keys, g.Value, want)
				}
				w.checkDrill(t, rt, filter, g, members)
			}
			checkGroupOrder(rt, got)
		})
	})
}

func keyText(r *record.Record, by []string) string {
	keys := make([]any, len(by))
	for i, b := range by {
		keys[i] = keyOf(r, b)
	}
	return fmt.Sprintf("%#v", keys)
}

func (w *world) checkDrill(t *testing.T, rt *rapid.T, filter string, g record.Group, members []*record.Record) {
	t.Helper()
	parts := slices.DeleteFunc([]string{filter, g.Filter}, func(s string) bool { return s == "" })
	got := w.pages(t, record.Query{Type: "t.case", Filter: strings.Join(parts, " and "), Sort: "id", Limit: 200})
	want := ids(members)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		rt.Fatalf("the filter %q does not select the group (-group +filter)\n%s", g.Filter, diff)
	}
}

// checkGroupOrder: empty keys come last.
func checkGroupOrder(rt *rapid.T, groups []record.Group) {
	for i := 1; i < len(groups); i++ {
		for k := range groups[i].Keys {
			a, b := groups[i-1].Keys[k], groups[i].Keys[k]
			if cmp.Equal(a, b) {
				continue
			}
			if a == nil {
				rt.Fatalf("an empty key stands before %v", b)
			}
			break
		}
	}
}

// TestRatios: numerator and denominator are those counted by hand.
func TestRatios(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		all := w.fill(t, 40)
		rapid.Check(t, func(rt *rapid.T) {
			conds := []string{"", "amount > 0", "done", "not(done)", `kind = "0101"`, "cost = null or cost > 1", "due != null"}
			part, whole := rapid.SampledFrom(conds).Draw(rt, "part"), rapid.SampledFrom(conds).Draw(rt, "whole")
			by := rapid.SampledFrom([]string{"", "kind", "area:2", "created_at:day", "done"}).Draw(rt, "by")
			measure := rapid.SampledFrom([]string{"count", "sum:cost", "avg:amount"}).Draw(rt, "measure")
			var keys []string
			if by != "" {
				keys = []string{by}
			}
			var got []record.Ratio
			if err := db.Read(t.Context(), func(tx *store.Tx) (err error) {
				got, err = w.s.Ratios(t.Context(), tx, clerk, record.Query{Type: "t.case"}, keys, measure, part, whole)
				return err
			}); err != nil {
				rt.Fatal(err)
			}
			for _, g := range got {
				var num, den []*record.Record
				for _, r := range all {
					if by != "" && !cmp.Equal(keyOf(r, by), g.Keys[0]) || !w.holds(rt, r, whole) {
						continue
					}
					den = append(den, r)
					if w.holds(rt, r, part) {
						num = append(num, r)
					}
				}
				for name, pair := range map[string][2]any{"numerator": {g.Numerator, over(num, measure)}, "denominator": {g.Denominator, over(den, measure)}} {
					if !cmp.Equal(pair[0], pair[1]) {
						rt.Fatalf("%s of %v: got %#v want %#v", name, g.Keys, pair[0], pair[1])
					}
				}
			}
		})
	})
}

func over(records []*record.Record, measure string) any {
	switch {
	case len(records) > 0:
		return measured(records, measure)
	case measure == "count":
		return int64(0)
	}
	return nil
}

// TestLargeSums: sums beyond the integers of the databases are exact, not errors and not rounded.
func TestLargeSums(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		for _, n := range []any{"9223372036854775807", "9223372036854775807", "-3"} {
			w.mustCreate(t, clerk, "t.case", values{"kind": "0101", "amount": n, "cost": "92233720368547758.07"})
		}
		for measure, want := range map[string]any{
			"sum:amount": json.Number("18446744073709551611"), "avg:amount": json.Number("6148914691236517203.666667"), "max:amount": int64(9223372036854775807),
			"sum:cost": "276701161105643274.21", "avg:cost": "92233720368547758.07",
		} {
			got, err := w.aggregate(t, record.Query{Type: "t.case"}, nil, measure)
			if err != nil || len(got) != 1 || !cmp.Equal(got[0].Value, want) {
				t.Errorf("%s: got %v, %v, want %v", measure, got, err, want)
			}
		}
	})
}

// TestLabels: groups come with words.
func TestLabels(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t))
	w.mustCreate(t, clerk, "t.case", values{"kind": "0101", "unit": "/c/a/", "place": values{"lon": 111.5, "lat": 35.0}})
	for by, want := range map[string]string{"kind": "cover", "unit": "bureau a", "area": "village 1", "area:2": "town 1", "place.area": "village 1", "owner": "Person One", "state": "open"} {
		got, err := w.aggregate(t, record.Query{Type: "t.case"}, []string{by}, "")
		if err != nil || len(got) != 1 || got[0].Labels[0] != want {
			t.Errorf("%s: got %v, %v, want %s", by, got, err, want)
		}
	}
}
