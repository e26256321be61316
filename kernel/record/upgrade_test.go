package record_test

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/record"
	"chengshu/kernel/schema"
)

// upgrade is a random life of one record type: declarations that follow each other, and what its records must hold.
type upgrade struct {
	t       *testing.T
	rt      *rapid.T
	w       *world
	url     string
	typ     string
	fields  map[string]string // name → declaration
	unique  bool
	child   []string // columns of the rows field
	records map[string]values
	ever    map[string]string // column → SQL type of every column there should be
}

var upgradeTypes = []string{
	"text", "longtext", "integer", "decimal, scale: 0", "money", "decimal, scale: 4", "date", "datetime", "boolean", "json", "secret",
}

func (u *upgrade) declaration() string {
	var b strings.Builder
	fmt.Fprintf(&b, "-- t/records/a.yaml --\nrecord: %s\nfields:\n  always: {type: text}\n", u.typ)
	for _, n := range sortedKeys(u.fields) {
		fmt.Fprintf(&b, "  %s: {type: %s}\n", n, u.fields[n])
	}
	if len(u.child) > 0 {
		fmt.Fprintf(&b, "  lines: {type: rows, fields: {")
		for i, c := range u.child {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "%s: {type: text}", c)
		}
		b.WriteString("}}\n")
	}
	if u.unique {
		b.WriteString("unique: [always]\nindex: [always+state]\n")
	}
	return b.String()
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// value draws a JSON value that a declaration accepts, nil now and then.
func (u *upgrade) value(declaration string) any {
	pick := func(vs ...any) any { return rapid.SampledFrom(vs).Draw(u.rt, "value") }
	switch strings.SplitN(declaration, ",", 2)[0] {
	case "text", "longtext":
		return pick(nil, "a", "2026-03-02", "7", "城")
	case "integer":
		return pick(nil, int64(0), int64(7), int64(-7), int64(9_000_000_000_000_000_000))
	case "decimal", "money":
		return pick(nil, "0", "7", "-12", "12345")
	case "date":
		return pick(nil, "2026-03-02", "1999-12-31")
	case "datetime":
		return pick(nil, "2026-03-02T09:00:00+08:00")
	case "boolean":
		return pick(nil, true, false)
	case "json":
		return pick(nil, map[string]any{"a": "b"})
	case "place":
		return pick(nil, map[string]any{"address": "x"})
	case "secret":
		return pick(nil, "s1", "s2")
	case "period":
		return pick(nil, map[string]any{"from": "2026-03-02"})
	}
	return nil
}

// becomes gives what a stored value is under another declaration: itself, widened, or gone with loss.
func becomes(v any, from, to *schema.Field) (next any, loss bool) {
	if v == nil {
		return nil, false
	}
	holds := func(f *schema.Field) string {
		switch f.Type {
		case "text", "longtext":
			return "text"
		case "integer", "decimal", "money":
			return "number"
		}
		return f.Type
	}
	switch a, b := holds(from), holds(to); {
	case a == "date" && b == "text":
		return v, false
	case a != b:
		return nil, true
	case a != "number":
		return v, false
	}
	scale := func(f *schema.Field) int {
		if f.Type == "integer" {
			return 0
		}
		return f.Digits()
	}
	n, _ := new(big.Rat).SetString(fmt.Sprint(v))
	ten := func(e int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(e)), nil) }
	units := new(big.Int).Quo(new(big.Int).Mul(n.Num(), ten(scale(to))), n.Denom()) // towards zero
	exact := new(big.Rat).SetFrac(units, ten(scale(to))).Cmp(n) == 0
	if limit := new(big.Int).Quo(big.NewInt(1<<63-1), ten(max(0, scale(to)-scale(from)))); new(big.Int).Abs(new(big.Int).Quo(units, ten(max(0, scale(to)-scale(from))))).Cmp(limit) > 0 {
		return nil, true
	}
	text := new(big.Rat).SetFrac(units, ten(scale(to))).FloatString(scale(to))
	if to.Type == "integer" {
		return units.Int64(), !exact
	}
	return text, !exact
}

// next changes the declaration at random.
func (u *upgrade) next() {
	names := []string{"f1", "f2", "f3", "order"}
	n := rapid.SampledFrom(names).Draw(u.rt, "field")
	switch rapid.IntRange(0, 7).Draw(u.rt, "change") {
	case 7: // types of several columns come and go
		n, d := "g1", "place"
		if rapid.Bool().Draw(u.rt, "period") {
			n, d = "g2", "period"
		}
		if u.fields[n] != "" {
			d = ""
		}
		if u.fields[n] = d; d == "" {
			delete(u.fields, n)
		}
	case 0:
		delete(u.fields, n)
	case 1:
		u.unique = !u.unique
	case 2:
		if c := "c" + fmt.Sprint(len(u.child)); len(u.child) < 3 {
			u.child = append(u.child, c)
		}
	default:
		u.fields[n] = rapid.SampledFrom(upgradeTypes).Draw(u.rt, "type")
	}
}

func (u *upgrade) set() *schema.Set {
	set, err := draft(u.declaration()).Freeze()
	if err != nil {
		u.rt.Fatalf("%s: %v", u.declaration(), err)
	}
	return set
}

func (u *upgrade) typeOf(set *schema.Set) *schema.Type {
	typ, err := set.Type(u.typ)
	if err != nil {
		u.rt.Fatal(err)
	}
	return typ
}

// step upgrades to the next declaration and checks everything the planner promises. was has the fields as they last were
// declared, for those that are retired too.
func (u *upgrade) step(was map[string]*schema.Field) {
	u.next()
	set := u.set()
	typ := u.typeOf(set)
	loss := false
	expected := map[string]values{}
	for id, old := range u.records {
		now := values{}
		for name, v := range old {
			f := typ.Field(name)
			if f == nil || was[name] == nil || f.Type == "rows" {
				now[name] = v // retired columns stay
				continue
			}
			next, lost := becomes(v, was[name], f)
			loss = loss || lost
			if next != nil {
				now[name] = next
			}
		}
		expected[id] = now
	}
	steps := u.w.plan(u.t, set)
	planned := slices.ContainsFunc(steps, func(s record.Step) bool { return s.Loss != "" })
	if planned != loss {
		u.rt.Fatalf("plan loses: %v, should: %v\n%s\n%v\n%v", planned, loss, u.declaration(), statements(steps), u.records)
	}
	err := u.w.apply(u.t, set)
	if loss {
		if fault.CodeOf(err) != "ddl.loss" {
			u.rt.Fatalf("a lossy plan was not refused: %v", err)
		}
		err = u.w.do(u.t, func(tx *store.Tx) error { return record.ApplyLossy(u.t.Context(), tx, u.w.planIn(u.t, tx, set)) })
	}
	if err != nil {
		u.rt.Fatalf("%s\n%v: %v", u.declaration(), statements(steps), err)
	}
	if again := u.w.plan(u.t, set); len(again) != 0 {
		u.rt.Fatalf("a second plan has %v\n%s", statements(again), u.declaration())
	}
	if slices.ContainsFunc(steps, func(s record.Step) bool { return strings.Contains(s.SQL, "DROP COLUMN") }) {
		u.w.db = storetest.Open(u.t, u.url) // see ApplyLossy: prepared statements
	}
	u.w.s.Use(set)
	u.records = expected
	for _, f := range typ.FieldList {
		was[f.Name] = f
	}
	u.compare(typ)
	u.add(typ)
}

func (w *world) planIn(t *testing.T, tx *store.Tx, set *schema.Set) []record.Step {
	t.Helper()
	steps, err := record.Plan(t.Context(), tx, set)
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

// compare reads every record and the columns of the table.
func (u *upgrade) compare(typ *schema.Type) {
	for id, want := range u.records {
		var got *record.Record
		if err := u.w.db.Read(u.t.Context(), func(tx *store.Tx) (err error) {
			got, err = u.w.s.Load(u.t.Context(), tx, u.typ, id)
			return err
		}); err != nil {
			u.rt.Fatal(err)
		}
		for _, f := range typ.FieldList {
			have := got.Values[f.Name]
			if _, sealed := have.(schema.Sealed); sealed {
				have = "sealed"
			}
			if diff := cmp.Diff(want[f.Name], have); diff != "" {
				u.rt.Fatalf("%s of type %s (-want +got)\n%s", f.Name, f.Type, diff)
			}
		}
	}
	have := u.w.columnsOf(u.t, typ.Table())
	for _, f := range typ.FieldList {
		for _, c := range f.Columns() {
			u.ever[c.Name] = c.Type
		}
	}
	for name, typ := range u.ever {
		if !slices.Contains(have, name+" "+typ) {
			u.rt.Fatalf("column %s %s is missing: %v", name, typ, have)
		}
	}
	if len(have) != len(u.ever)+14 {
		u.rt.Fatalf("columns nobody declared: %v", have)
	}
}

// add creates a record under the present declaration.
func (u *upgrade) add(typ *schema.Type) {
	data := values{"always": fmt.Sprint("r", len(u.records))}
	for n, d := range u.fields {
		if v := u.value(d); v != nil {
			data[n] = v
		}
	}
	if len(u.child) > 0 {
		data["lines"] = []any{map[string]any{u.child[len(u.child)-1]: "x"}}
	}
	r := u.w.mustCreate(u.t, clerk, u.typ, data)
	kept := values{}
	for _, f := range typ.FieldList {
		if v := r.Values[f.Name]; v != nil {
			kept[f.Name] = v
		}
		if f.Type == "secret" && r.Values[f.Name] != nil {
			kept[f.Name] = "sealed"
		}
	}
	u.records[r.ID()] = kept
}

// TestUpgrades: whatever declarations follow each other, a plan once applied leaves nothing to plan, the table has what is
// declared and what was, values survive as they were or widened, and nothing is lost without the flag.
func TestUpgrades(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Helper()
		w := newWorldOf(t, storetest.Open(t, url), one("x: {type: text}"))
		runs := 0
		rapid.Check(t, func(rt *rapid.T) {
			runs++
			u := &upgrade{
				t: t, rt: rt, w: w, url: url, typ: fmt.Sprintf("t.up%d", runs), fields: map[string]string{"f1": "integer"},
				records: map[string]values{}, ever: map[string]string{},
			}
			set := u.set()
			if err := w.apply(t, set); err != nil {
				rt.Fatal(err)
			}
			w.s.Use(set)
			if err := w.policy.Load(set, w.policy.Roles(), w.grants()); err != nil {
				rt.Fatal(err)
			}
			typ := u.typeOf(set)
			was := map[string]*schema.Field{}
			for _, f := range typ.FieldList {
				was[f.Name] = f
			}
			u.compare(typ)
			u.add(typ)
			for range rapid.IntRange(1, 5).Draw(rt, "steps") {
				u.step(was)
			}
		})
	})
}
