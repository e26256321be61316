package record_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/identity"
	"chengshu/kernel/record"
)

// fill creates n records with values from small domains, so that equal and empty ones meet often.
func (w *world) fill(t testing.TB, n int) []*record.Record {
	t.Helper()
	pick := func(i, prime int, vs ...any) any { return vs[(i*prime)%len(vs)] }
	out := make([]*record.Record, n)
	for i := range n {
		if i%5 == 0 {
			w.clock.Advance(7 * time.Hour)
		}
		data := values{
			"kind": pick(i, 1, "0101", "0102"), "amount": pick(i, 3, nil, 1, 2, 2, -5), "cost": pick(i, 5, nil, "0.10", "12.50", "7"),
			"share": pick(i, 11, nil, "0.3333", "1"), "done": pick(i, 7, nil, true, false), "due": pick(i, 3, nil, "2026-03-02", "2025-12-31"),
			"seen":   pick(i, 7, nil, "2026-03-02T09:00:00.000001+08:00", "1969-12-31T15:59:59.999999Z", "2026-03-01T16:00:00Z"),
			"detail": pick(i, 5, nil, "manhole cover", "street lamp", "manhole lid"), "unit": pick(i, 3, nil, "/c/a/", "/c/b/"),
			"term":  pick(i, 5, nil, values{"from": "2026-01-01"}, values{"to": "2026-06-30"}, values{"from": "2026-02-01", "to": "2026-03-01"}),
			"place": pick(i, 7, nil, values{"lon": 111.5 + float64(i%4)/1000, "lat": 35.0}, values{"lon": 112.5, "lat": 35.5}, values{"address": "b"}, values{"lon": 10.0, "lat": 1.0, "address": "a"}),
			"order": pick(i, 2, nil, 1, 2, 3), "worker": pick(i, 3, nil, "p1", "p2"),
		}
		for k, v := range data {
			if v == nil {
				delete(data, k)
			}
		}
		out[i] = w.mustCreate(t, clerk, "t.case", data)
	}
	return out
}

// sorts are all the fields a list of cases can be sorted by.
func sorts() []string {
	names := []string{
		"id", "number", "title", "state", "area", "org", "owner", "rev", "created_at", "updated_at", "created_by", "updated_by", "deleted_at",
		"kind", "detail", "severity", "reason", "cost", "amount", "share", "half", "done", "due", "seen", "unit", "worker", "order",
		"place.grid", "place.area", "place.address", "term.from", "term.to",
	}
	out := slices.Clone(names)
	for _, n := range names {
		out = append(out, "-"+n)
	}
	return out
}

// TestPaging: page after page gives every record once, in the order the whole list has, whatever it is sorted by and
// however large the pages are; empty values come last.
func TestPaging(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		w.fill(t, 60)
		for _, sort := range sorts() {
			whole, err := w.list(t, clerk, record.Query{Type: "t.case", Sort: sort, Limit: 200, Total: true})
			if err != nil {
				t.Fatalf("%s: %v", sort, err)
			}
			if len(whole.Records) != 60 || whole.Total != 60 || whole.Next != "" {
				t.Fatalf("%s: %d of %d records, next %q", sort, len(whole.Records), whole.Total, whole.Next)
			}
			checkOrder(t, sort, whole.Records)
			want := ids(whole.Records)
			for _, limit := range []int{1, 7, 13, 60} {
				if limit == 1 && strings.HasPrefix(sort, "-") { // once is enough for the slowest
					continue
				}
				if diff := cmp.Diff(want, w.pages(t, record.Query{Type: "t.case", Sort: sort, Limit: limit})); diff != "" {
					t.Errorf("sort %s, pages of %d (-whole +pages)\n%s", sort, limit, diff)
				}
			}
		}
	})
}

func ids(records []*record.Record) []string {
	out := []string{}
	for _, r := range records {
		out = append(out, r.ID())
	}
	return out
}

// pages follows the cursors to the end.
func (w *world) pages(t testing.TB, q record.Query) []string {
	t.Helper()
	out := []string{}
	for range 500 {
		page, err := w.list(t, clerk, q)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, ids(page.Records)...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return out
		}
	}
	t.Fatal("the pages do not end")
	return nil
}

// sortValue gives what a record is sorted by, as something Go compares.
func sortValue(r *record.Record, path string) any {
	name, part, nested := strings.Cut(path, ".")
	v := r.Values[name]
	if nested {
		m, _ := v.(map[string]any)
		v = m[part]
	}
	if f := r.Type.Field(name); f != nil && !nested && v != nil {
		return f.Encode(v)[0]
	}
	if s, ok := v.(string); ok && strings.HasSuffix(name, "_at") {
		at, err := time.Parse(time.RFC3339Nano, s)
		if err == nil {
			return at.UnixMicro()
		}
	}
	return v
}

// less compares as databases do: booleans false before true, numbers, texts by code point.
func less(a, b any) bool {
	switch x := a.(type) {
	case int64:
		y, _ := b.(int64)
		return x < y
	case bool:
		y, _ := b.(bool)
		return !x && y
	}
	return fmt.Sprint(a) < fmt.Sprint(b)
}

func checkOrder(t *testing.T, sort string, records []*record.Record) {
	t.Helper()
	path, down := strings.CutPrefix(sort, "-")
	for i := 1; i < len(records); i++ {
		a, b := sortValue(records[i-1], path), sortValue(records[i], path)
		switch {
		case a == nil && b != nil:
			t.Errorf("%s: an empty value stands before %v", sort, b)
		case a == nil || b == nil || a == b:
		case less(b, a) != down:
			t.Errorf("%s: %v stands before %v", sort, a, b)
		}
	}
}

// TestCursor: a cursor fits its own query alone and cannot be made or changed.
func TestCursor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t))
	w.fill(t, 12)
	q := record.Query{Type: "t.case", Sort: "amount", Limit: 3}
	page, err := w.list(t, clerk, q)
	if err != nil || page.Next == "" {
		t.Fatal(page, err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(page.Next)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(name string, q record.Query) {
		t.Helper()
		_, err := w.list(t, clerk, q)
		if !fault.Is(err, fault.Invalid) || fault.CodeOf(err) != "query.cursor" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range raw {
		b := slices.Clone(raw)
		b[i] ^= 1
		refused(fmt.Sprint("byte ", i), record.Query{Type: q.Type, Sort: q.Sort, Limit: 3, Cursor: base64.RawURLEncoding.EncodeToString(b)})
	}
	for name, other := range map[string]record.Query{
		"sort": {Type: "t.case", Sort: "-amount"}, "type": {Type: "t.person", Sort: "name"}, "filter": {Type: "t.case", Sort: "amount", Filter: "amount = 1"},
		"text": {Type: "t.case", Sort: "amount", Text: "lamp"}, "box": {Type: "t.case", Sort: "amount", Box: &[4]float64{0, 0, 1, 1}}, "bin": {Type: "t.case", Sort: "amount", Deleted: true},
	} {
		other.Cursor = page.Next
		refused(name, other)
	}
	for _, junk := range []string{"x", "' OR 1=1 --", strings.Repeat("A", 10_000), base64.RawURLEncoding.EncodeToString(raw[16:]), base64.RawURLEncoding.EncodeToString(make([]byte, 20))} {
		refused(junk[:1], record.Query{Type: "t.case", Sort: "amount", Cursor: junk})
	}
	other := record.New(record.Options{Clock: w.clock, Policy: w.policy, Journal: w.journal, Secret: []byte("another secret 16")})
	other.Use(w.set)
	err = w.db.Read(t.Context(), func(tx *store.Tx) error {
		_, err := other.List(t.Context(), tx, clerk, record.Query{Type: "t.case", Sort: "amount", Limit: 3, Cursor: page.Next})
		return err
	})
	wantFault(t, err, fault.Invalid, "query.cursor")
}

// TestMaskedQueries: a field above the clearance is refused as filter, sort, group, measure, condition of a ratio and map
// window, and full text never tells what stands in it.
func TestMaskedQueries(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		w.mustCreate(t, clerk, "t.case", values{"kind": "0101", "reporter": "Zhang San", "phone": "13800000000", "idcard": "11010519491231002X", "detail": "lamp", "near": values{"lon": 111.5, "lat": 35.0}})
		low := clerk
		low.Clearance = 2
		denied := func(name string, err error) {
			t.Helper()
			if !fault.Is(err, fault.Denied) || fault.CodeOf(err) != "field.masked" {
				t.Errorf("%s: %v", name, err)
			}
		}
		in := func(fn func(tx *store.Tx) error) error { return w.db.Read(t.Context(), fn) }
		for _, field := range []string{"reporter", "phone", "idcard", "witness", "near.area", "near.grid"} {
			who := low
			if field == "idcard" {
				who = clerk // grade 4 is above a clerk too
			}
			for _, filter := range []string{field + ` = "x"`, field + " != null", `amount = 1 or starts with(` + field + `, "1")`, `not(` + field + ` = "x")`, `if amount = 1 then ` + field + ` = "a" else false`} {
				_, err := w.list(t, who, record.Query{Type: "t.case", Filter: filter})
				denied("filter "+filter, err)
			}
			for _, sort := range []string{field, "-" + field} {
				_, err := w.list(t, who, record.Query{Type: "t.case", Sort: sort})
				denied("sort "+sort, err)
			}
			denied("by "+field, in(func(tx *store.Tx) error {
				_, err := w.s.Aggregate(t.Context(), tx, who, record.Query{Type: "t.case"}, []string{field}, "count")
				return err
			}))
			denied("aggregate filter "+field, in(func(tx *store.Tx) error {
				_, err := w.s.Aggregate(t.Context(), tx, who, record.Query{Type: "t.case", Filter: field + " = null"}, nil, "count")
				return err
			}))
			for _, conds := range [][2]string{{field + " = null", ""}, {"", field + " = null"}} {
				denied("ratio "+field, in(func(tx *store.Tx) error {
					_, err := w.s.Ratios(t.Context(), tx, who, record.Query{Type: "t.case"}, nil, "count", conds[0], conds[1])
					return err
				}))
			}
			denied("export "+field, in(func(tx *store.Tx) error {
				_, err := w.s.Export(t.Context(), tx, who, record.Query{Type: "t.case", Filter: field + " = null"}, labelled, 5)
				return err
			}))
		}
		for _, a := range []identity.Actor{clerk, low, chief} {
			for _, text := range []string{"Zhang", "San", "13800000000", "1380", "11010519491231002X", "002X"} {
				page, err := w.list(t, a, record.Query{Type: "t.case", Text: text})
				if err != nil || len(page.Records) != 0 {
					t.Errorf("%q finds %d records, %v", text, len(page.Records), err)
				}
			}
		}
		if page, err := w.list(t, low, record.Query{Type: "t.case", Text: "lamp"}); err != nil || len(page.Records) != 1 {
			t.Errorf("what may be seen is found: %d %v", len(page.Records), err)
		}
		low.Clearance = 1
		_, err := w.list(t, low, record.Query{Type: "t.case", Text: "lamp"})
		denied("text below the grade of what is searched", err)
	})
}

// TestMaskedOrder: a type that is listed by a field the caller may not see is listed by age instead, and its cursors do not
// fit the list of somebody who sees it.
func TestMaskedOrder(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorldOf(t, db, "-- t/records/a.yaml --\nrecord: t.a\nsort: name\nfields: {name: {type: text, grade: 3}}\n")
		var want []string
		for _, n := range []string{"b", "c", "a"} {
			want = append([]string{w.mustCreate(t, clerk, "t.a", values{"name": n}).ID()}, want...)
			w.clock.Advance(time.Minute)
		}
		low, err := w.list(t, guest, record.Query{Type: "t.a"})
		if diff := cmp.Diff(want, ids(low.Records)); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
		page, err := w.list(t, clerk, record.Query{Type: "t.a", Limit: 1})
		if err != nil || page.Records[0].Values["name"] != "a" {
			t.Fatalf("%v %v", page, err)
		}
		_, err = w.list(t, guest, record.Query{Type: "t.a", Limit: 1, Cursor: page.Next})
		wantFault(t, err, fault.Invalid, "query.cursor")
	})
}

// TestMaskedPlace: whoever may not see a place cannot find it with a map window, nor by the distance of duplicates.
func TestMaskedPlace(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, storetest.SQLite(t), `-- t/records/a.yaml --
record: t.a
duplicates: {place: at, within: 100, days: 7}
fields: {at: {type: place, grade: 3}}
`)
	r := w.mustCreate(t, clerk, "t.a", values{"at": values{"lon": 111.5, "lat": 35.0}})
	w.mustCreate(t, clerk, "t.a", values{"at": values{"lon": 111.5, "lat": 35.0}})
	_, err := w.list(t, guest, record.Query{Type: "t.a", Box: &[4]float64{111, 34, 112, 36}})
	wantFault(t, err, fault.Denied, "field.masked")
	if page, err := w.list(t, clerk, record.Query{Type: "t.a", Box: &[4]float64{111, 34, 112, 36}}); err != nil || len(page.Records) != 2 {
		t.Errorf("%v %v", page, err)
	}
	err = w.db.Read(t.Context(), func(tx *store.Tx) error {
		_, err := w.s.Duplicates(t.Context(), tx, guest, "t.a", r.ID())
		return err
	})
	wantFault(t, err, fault.Denied, "field.masked")
}

// TestBox: a window selects the points inside it, borders included, and the shapes whose box it touches.
func TestBox(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		for _, lon := range []float64{111.0, 111.5, 112.0} {
			w.mustCreate(t, clerk, "t.case", values{"kind": "0101", "place": values{"lon": lon, "lat": 35.0}})
		}
		w.mustCreate(t, clerk, "t.case", values{"kind": "0101"})
		w.mustCreate(t, clerk, "t.person", values{"name": "a", "fence": values{"type": "Polygon", "coordinates": []any{[]any{[]any{1.0, 1.0}, []any{3.0, 1.0}, []any{3.0, 3.0}, []any{1.0, 1.0}}}}})
		for _, tc := range []struct {
			typ  string
			box  [4]float64
			want int
		}{
			{"t.case", [4]float64{111, 34, 112, 36}, 3},
			{"t.case", [4]float64{111.1, 34, 111.9, 36}, 1},
			{"t.case", [4]float64{112, 35, 112, 35}, 1},
			{"t.case", [4]float64{113, 34, 114, 36}, 0},
			{"t.case", [4]float64{112, 36, 111, 34}, 0},
			{"t.person", [4]float64{0, 0, 1, 1}, 1},
			{"t.person", [4]float64{2, 2, 2.1, 2.1}, 1},
			{"t.person", [4]float64{3.1, 0, 4, 4}, 0},
		} {
			page, err := w.list(t, clerk, record.Query{Type: tc.typ, Box: &tc.box})
			if err != nil || len(page.Records) != tc.want {
				t.Errorf("%s %v: %d records, %v", tc.typ, tc.box, len(page.Records), err)
			}
		}
	})
}

// TestFiltersAgree: a random filter selects in SQL what the same condition selects in Go.
func TestFiltersAgree(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		all := w.fill(t, 60)
		parts := []string{
			`kind = "0101"`, "amount > 1", "amount = null", "cost >= 7", "cost in [0.1..12.5]", "share < 0.5", "done", "not(done)", `due < @"2026-01-01"`, `seen >= @"2026-03-02T00:00:00+08:00"`,
			`starts with(unit, "/c/")`, `term.from <= @"2026-01-31"`, "term.to = null", `place.grid = "g1"`, `place.address != null`, `starts with(area, user.area)`, `worker = user.id`,
			`severity in ("urgent", "normal")`, "order in (1, 3)", "half > 3", `contains(detail, "man")`, `state = "open"`, `created_at >= @"2026-03-03T00:00:00+08:00"`, "rev = 1",
		}
		rapid.Check(t, func(rt *rapid.T) {
			src := rapid.SampledFrom(parts).Draw(rt, "first")
			for range rapid.IntRange(0, 3).Draw(rt, "more") {
				next := rapid.SampledFrom(parts).Draw(rt, "next")
				if rapid.Bool().Draw(rt, "negated") {
					next = "not(" + next + ")"
				}
				src = "(" + src + ") " + rapid.SampledFrom([]string{"and", "or"}).Draw(rt, "joint") + " (" + next + ")"
			}
			got := w.pages(t, record.Query{Type: "t.case", Filter: src, Sort: "id", Limit: 200})
			want := []string{}
			for _, r := range all {
				if w.holds(rt, r, src) {
					want = append(want, r.ID())
				}
			}
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				rt.Fatalf("%s (-go +sql)\n%s", src, diff)
			}
		})
	})
}
