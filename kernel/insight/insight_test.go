package insight_test

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/identity"
	"chengshu/kernel/insight"
	"chengshu/kernel/journal"
	"chengshu/kernel/pack"
	"chengshu/kernel/policy"
	"chengshu/kernel/record"
)

const casePack = `record: a.case
states: [open, closed]
fields:
  kind: {type: choice, choices: [x, y]}
  late: {type: boolean}
  cost: {type: money}
  hours: {type: integer}
  home: {type: area}
  due: {type: date}
  closed: {type: datetime}
  who: {type: text, grade: 3}
`

const indicators = `indicators:
  count: {of: a.case, by: [kind, 'created_at:day', 'created_at:month', 'area:1', 'area:2', 'area:3', late, cost, due, closed]}
  late: {of: a.case, numerator: late = true, denominator: late != null, unit: percent, by: [kind, 'area:2', 'created_at:day']}
  spent: {of: a.case, numerator: kind = "x", measure: 'sum:cost', unit: money, by: [kind, 'area:2']}
  share: {of: a.case, numerator: 'hours > 2', denominator: hours != null, measure: 'sum:cost', unit: percent, by: ['area:2']}
  pace: {of: a.case, period: due, measure: 'avg:hours', unit: hours, by: [kind]}
  ended: {of: a.case, period: closed, numerator: late = false, denominator: closed != null, unit: percent, by: ['closed:day', 'closed:year']}
  named: {of: a.case, numerator: who != null}
`

// world is a store with records on one database.
type world struct {
	db     *store.DB
	s      *record.Store
	bundle *pack.Bundle
	now    func() time.Time
	all    []*record.Record
}

var (
	chief = identity.Actor{Person: "p1", Org: "/c/", Area: "/", Roles: []string{"a.chief"}, Clearance: 2}
	town  = identity.Actor{Person: "p2", Org: "/c/", Area: "/9/1/", Roles: []string{"a.town"}, Clearance: 2}
)

func newWorld(t *testing.T, db *store.DB) *world {
	t.Helper()
	ctx := t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	b, err := pack.Load(nil, nil, fstest.MapFS{
		"a/pack.yaml": {Data: []byte("pack: a\n")}, "a/records/case.yaml": {Data: []byte(casePack)}, "a/indicators.yaml": {Data: []byte(indicators)},
		"a/roles.yaml": {Data: []byte("roles: {chief: {grade: 2}, town: {grade: 2}}\ngrants: [{role: a.chief, on: a.case, do: ['*']}, {role: a.town, on: a.case, do: [read], scope: area}]\n")},
	})
	check(err)
	check(store.Migrate(ctx, db, journal.Migrations(), "journal"))
	check(store.Migrate(ctx, db, record.Migrations(), "record"))
	c := clock.NewFake(time.Date(2026, 2, 27, 20, 0, 0, 0, clock.Shanghai))
	j, err := journal.New(ctx, journal.Options{DB: db, Clock: c})
	check(err)
	p := policy.New(c)
	check(p.Load(b.Set, b.Roles, b.Grants))
	w := &world{db: db, bundle: b, now: c.Now, s: record.New(record.Options{Clock: c, Policy: p, Journal: j, Secret: []byte("0123456789abcdef")})}
	check(db.Write(ctx, func(tx *store.Tx) error {
		steps, err := record.Plan(ctx, tx, b.Set)
		if err != nil {
			return err
		}
		return record.Apply(ctx, tx, steps)
	}))
	w.s.Use(b.Set)
	pick := func(i, prime int, vs ...any) any { return vs[(i*prime+i/5)%len(vs)] }
	for i := range 70 {
		if i%4 == 0 {
			c.Advance(5 * time.Hour) // over midnight, over the end of February
		}
		data := map[string]any{
			"kind": pick(i, 1, "x", "y", nil), "late": pick(i, 3, true, false, nil), "cost": pick(i, 2, "1.25", "10", nil, "0.01"), "hours": pick(i, 3, 1, 2, 3, nil),
			"home": pick(i, 1, "/9/1/", "/9/1/4/", "/9/2/", "/9/", nil), "due": pick(i, 1, "2026-02-28", "2026-03-01", nil), "closed": pick(i, 7, nil, "2026-03-01T23:59:59.999999+08:00", "2026-03-02T00:00:00+08:00"),
			"who": pick(i, 1, "n", nil),
		}
		for k, v := range data {
			if v == nil {
				delete(data, k)
			}
		}
		check(db.Write(ctx, func(tx *store.Tx) error {
			r, err := w.s.Create(ctx, tx, chief, "a.case", data)
			w.all = append(w.all, r)
			return err
		}))
	}
	return w
}

func (w *world) compute(t testing.TB, a identity.Actor, id string, from, to time.Time, by string) (insight.Answer, error) {
	t.Helper()
	i := w.bundle.Indicator(id)
	if i == nil {
		t.Fatalf("no indicator %s", id)
	}
	var out insight.Answer
	err := w.db.Read(t.Context(), func(tx *store.Tx) (err error) {
		out, err = insight.Compute(t.Context(), tx, a, w.s, i, from, to, by)
		return err
	})
	return out, err
}

// holds evaluates a condition over a record in Go.
func (w *world) holds(t testing.TB, a identity.Actor, r *record.Record, src string) bool {
	t.Helper()
	if src == "" {
		return true
	}
	x, err := feel.Compile(src, r.Type.Scope())
	if err != nil {
		t.Fatal(err)
	}
	return x.True(&feel.Env{Vars: r.Vars(a), Now: w.now})
}

// at gives the instant that places a record in a period, as text that sorts.
func at(r *record.Record, field string) string {
	s, _ := r.Values[field].(string)
	if r.Type.Field(field) != nil && r.Type.Field(field).Type == "date" {
		return s
	}
	when, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return ""
	}
	return when.UTC().Format("2006-01-02T15:04:05.000000")
}

func bound(r *record.Record, field string, when time.Time) string {
	if f := r.Type.Field(field); f != nil && f.Type == "date" {
		return when.In(clock.Shanghai).Format(time.DateOnly)
	}
	return when.UTC().Format("2006-01-02T15:04:05.000000")
}

// measured counts records, or sums or averages a field of theirs, by hand.
func measured(records []*record.Record, measure string) *big.Rat {
	out, n := new(big.Rat), int64(0)
	fn, field, _ := strings.Cut(measure, ":")
	for _, r := range records {
		if v := r.Values[field]; v != nil {
			x, _ := new(big.Rat).SetString(fmt.Sprint(v))
			out.Add(out, x)
			n++
		}
	}
	switch {
	case fn == "count":
		return new(big.Rat).SetInt64(int64(len(records)))
	case fn == "avg" && n > 0:
		return out.Quo(out, new(big.Rat).SetInt64(n))
	}
	return out
}

// TestIndicators: every indicator cut every way for two people, over the whole time and over random periods: numerator,
// denominator and value are those counted by hand, and the filter of each row lists exactly the records that were counted.
func TestIndicators(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		start := time.Date(2026, 2, 26, 0, 0, 0, 0, clock.Shanghai)
		rapid.Check(t, func(rt *rapid.T) {
			i := rapid.SampledFrom(w.bundle.Packs[0].Indicators[:6]).Draw(rt, "indicator")
			by := rapid.SampledFrom(append(slices.Clone(i.By), "")).Draw(rt, "by")
			a := rapid.SampledFrom([]identity.Actor{chief, town}).Draw(rt, "actor")
			from := start.AddDate(0, 0, rapid.IntRange(0, 4).Draw(rt, "from"))
			w.check(t, rt, a, i, by, from, from.AddDate(0, 0, rapid.IntRange(0, 5).Draw(rt, "days")))
		})
		rows := 0
		for _, i := range w.bundle.Packs[0].Indicators[:6] {
			for _, by := range append(slices.Clone(i.By), "") {
				rows += w.check(t, t, chief, i, by, start, start.AddDate(0, 1, 0)) + w.check(t, t, town, i, by, start, start.AddDate(0, 1, 0))
			}
		}
		if rows < 80 {
			t.Errorf("only %d rows were compared", rows)
		}
	})
}

// failer is a test or a run of a property.
type failer interface {
	Fatalf(format string, args ...any)
}

// check computes an indicator, compares every row and gives their number.
func (w *world) check(t *testing.T, rt failer, a identity.Actor, i *pack.Indicator, by string, from, to time.Time) int {
	t.Helper()
	got, err := w.compute(t, a, i.ID, from, to, by)
	if err != nil {
		rt.Fatalf("%s by %s: %v", i.ID, by, err)
	}
	w.checkRow(t, rt, a, i, got.Total, from, to, func(*record.Record) bool { return true })
	sum := new(big.Rat)
	for _, row := range got.Rows {
		w.checkRow(t, rt, a, i, row, from, to, func(r *record.Record) bool { return cmp.Equal(keyOf(r, by), row.Key) })
		sum.Add(sum, rat(row.Numerator))
	}
	if by != "" && i.Measure == "count" && sum.Cmp(rat(got.Total.Numerator)) != 0 {
		rt.Fatalf("%s by %s: rows add up to %v, the total is %v", i.ID, by, sum, got.Total.Numerator)
	}
	return len(got.Rows)
}

// checkRow compares one row with the records counted by hand; match tells which of them are in its group.
func (w *world) checkRow(t *testing.T, rt failer, a identity.Actor, i *pack.Indicator, row insight.Row, from, to time.Time, match func(*record.Record) bool) {
	t.Helper()
	var num, den []*record.Record
	want := []string{}
	for _, r := range w.all {
		p := at(r, i.Period)
		inside := p != "" && p >= bound(r, i.Period, from) && p < bound(r, i.Period, to)
		if !inside || !match(r) || !w.s.Policy().Allow(a, "read", r.Type, r.Values) || !w.holds(t, a, r, i.Denominator) {
			continue
		}
		den = append(den, r)
		if w.holds(t, a, r, i.Numerator) {
			num, want = append(num, r), append(want, r.ID())
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, w.list(t, rt, a, row.Filter)); diff != "" {
		rt.Fatalf("%s %v: %s does not list what is counted\n%s", i.ID, row.Key, row.Filter, diff)
	}
	if got, want := rat(row.Numerator), measured(num, i.Measure); !near(got, want) {
		rt.Fatalf("%s %v: numerator %v, want %v", i.ID, row.Key, row.Numerator, want)
	}
	if i.Denominator == "" {
		return
	}
	whole := measured(den, i.Measure)
	if got := rat(row.Denominator); !near(got, whole) {
		rt.Fatalf("%s %v: denominator %v, want %v", i.ID, row.Key, row.Denominator, whole)
	}
	if whole.Sign() == 0 {
		if row.Value != nil {
			rt.Fatalf("%s: %v over nothing", i.ID, row.Value)
		}
		return
	}
	value := new(big.Rat).Mul(new(big.Rat).Quo(measured(num, i.Measure), whole), big.NewRat(100, 1)).FloatString(2)
	if row.Value != value {
		rt.Fatalf("%s %v: value %v, want %s", i.ID, row.Key, row.Value, value)
	}
}

// keyOf cuts a record's value as the indicator does, by hand.
func keyOf(r *record.Record, by string) any {
	name, cut, _ := strings.Cut(by, ":")
	v := r.Values[name]
	s, ok := v.(string)
	if cut == "" || !ok {
		return v
	}
	if n := map[string]int{"day": 10, "month": 7, "year": 4}[cut]; n > 0 {
		return s[:n] // canonical instants are written at +08:00
	}
	levels, err := strconv.Atoi(cut)
	if err != nil {
		return nil
	}
	parts := strings.SplitAfter(s, "/")
	return strings.Join(parts[:min(len(parts), levels+1)], "")
}

// near allows for the six digits that an average is written with; sums and counts have no rest.
func near(a, b *big.Rat) bool {
	return new(big.Rat).Abs(new(big.Rat).Sub(a, b)).Cmp(big.NewRat(1, 1_000_000)) <= 0
}

func rat(v any) *big.Rat {
	if n, ok := new(big.Rat).SetString(fmt.Sprint(v)); ok {
		return n
	}
	return new(big.Rat)
}

// list follows the drill filter through the pages of the caller's list.
func (w *world) list(t *testing.T, rt failer, a identity.Actor, filter string) []string {
	t.Helper()
	out := []string{}
	err := w.db.Read(t.Context(), func(tx *store.Tx) error {
		page, err := w.s.List(t.Context(), tx, a, record.Query{Type: "a.case", Filter: filter, Sort: "id", Limit: 200})
		for _, r := range page.Records {
			out = append(out, r.ID())
		}
		return err
	})
	if err != nil {
		rt.Fatalf("the drill filter %s: %v", filter, err)
	}
	return out
}

func TestRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t))
	from, to := time.Date(2026, 1, 1, 0, 0, 0, 0, clock.Shanghai), time.Date(2027, 1, 1, 0, 0, 0, 0, clock.Shanghai)
	if _, err := w.compute(t, chief, "a.count", from, to, "who"); fault.CodeOf(err) != "indicator.by" {
		t.Errorf("a cut that is not offered: %v", err)
	}
	if _, err := w.compute(t, chief, "a.named", from, to, ""); fault.CodeOf(err) != "field.masked" {
		t.Errorf("a number about what the caller may not see: %v", err)
	}
	nobody := identity.Actor{Person: "p3"}
	if _, err := w.compute(t, nobody, "a.count", from, to, ""); fault.CodeOf(err) != "policy.denied" {
		t.Errorf("a caller without a grant: %v", err)
	}
	for id, want := range map[string]string{"a.count": "true", "a.late": "late = true / late != null", "a.spent": `sum:cost [kind = "x"]`} {
		if got, err := w.compute(t, chief, id, from, to, ""); err != nil || got.Formula != want || got.Type != "a.case" {
			t.Errorf("%s: %q %v", id, got.Formula, err)
		}
	}
}
