package schema_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/kernel/schema"
)

// pointers lists the field faults of an error as "pointer code".
func pointers(err error) []string {
	var e *fault.Error
	if !errors.As(err, &e) {
		return nil
	}
	var out []string
	for _, f := range e.Fields {
		out = append(out, f.Pointer+" "+f.Code)
	}
	slices.Sort(out)
	return out
}

const verified = `
-- t/codes/kind.csv --
code,name,parent,valid_from,valid_to
01,road,,,
0101,cover,01,,
02,old,,2000-01-01,2020-12-31
-- t/records/thing.yaml --
record: t.thing
title: "{kind} {name}"
fields:
  name: {type: text, grade: 3, mask: name}
  kind: {type: code, of: t.kind, leaf: true}
  reason: {type: text, required_when: kind = "0101"}
  price: {type: money}
  count: {type: integer, default: "2"}
  total: {type: computed, as: money, compute: "price * count / 3"}
  bad: {type: computed, as: integer, compute: price}
  items:
    type: rows
    fields:
      kind: {type: code, of: t.kind, leaf: true}
checks:
  - {must: "price = null or price < 100", code: t.check.price, field: price}
  - {must: 'name != "all"', code: t.check.name}
`

func TestVerify(t *testing.T) {
	t.Parallel()
	set := frozen(t, strings.ReplaceAll(verified, "2020-12-31\n", "2020-12-31\n"))
	thing := typeOf(t, set, "t.thing")
	for _, tc := range []struct {
		name   string
		values schema.Values
		want   []string
	}{
		{"nothing given", schema.Values{"name": "x"}, nil},
		{"unknown code", schema.Values{"name": "x", "kind": "99"}, []string{"/kind field.code"}},
		{"expired code", schema.Values{"name": "x", "kind": "02"}, []string{"/kind field.code.expired"}},
		{"code with children", schema.Values{"name": "x", "kind": "01"}, []string{"/kind field.code.leaf"}},
		{"required when", schema.Values{"name": "x", "kind": "0101"}, []string{"/reason field.required"}},
		{"required when, given", schema.Values{"name": "x", "kind": "0101", "reason": "r"}, nil},
		{"check", schema.Values{"name": "x", "price": "100.00"}, []string{"/price t.check.price"}},
		{"check without field", schema.Values{"name": "all"}, []string{" t.check.name"}},
		{"codes in rows", schema.Values{"name": "x", "items": []any{map[string]any{"kind": "0101"}, map[string]any{"kind": "99"}}}, []string{"/items/1/kind field.code"}},
		{
			"all at once",
			schema.Values{"name": "all", "kind": "0101", "price": "200.00"},
			[]string{" t.check.name", "/price t.check.price", "/reason field.required"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			env := &feel.Env{Vars: thing.Vars(tc.values, nil)}
			if diff := cmp.Diff(tc.want, pointers(thing.Verify(set, tc.values, env, "2026-03-02"))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestComputeAndTitle: computed values are rounded to their scale, what does not fit is empty, and a title never shows a
// value of grade 3.
func TestComputeAndTitle(t *testing.T) {
	t.Parallel()
	set := frozen(t, verified)
	thing := typeOf(t, set, "t.thing")
	values := schema.Values{"name": "张三丰", "kind": "0101", "price": "10.00"}
	env := &feel.Env{Vars: thing.Vars(values, nil)}
	thing.Fill(values, env)
	thing.Compute(values, env)
	if values["count"] != int64(2) || values["total"] != "6.67" || values["bad"] != int64(10) {
		t.Errorf("got %v", values)
	}
	if got, want := thing.TitleText(set, values, nil), "cover 张**"; got != want {
		t.Errorf("title: got %q want %q", got, want)
	}
}

func TestNumberFormat(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 23, 30, 0, 0, time.UTC) // the second of March at +08:00
	for src, want := range map[string]string{
		"{county}{date:yyyyMMdd}{serial:5}": "9901002026030200042",
		"AJ-{date:yyyy}-{serial:2}":         "AJ-2026-42",
		"{serial:1}":                        "42",
		"{date:yyyy年MM月}第{serial:3}号":       "2026年03月第042号",
	} {
		nf, err := schema.ParseNumberFormat(src)
		if err != nil {
			t.Fatal(err)
		}
		if got := nf.Render(at, "990100", 42); got != want {
			t.Errorf("%s: got %s want %s", src, got, want)
		}
		if a, b := nf.Series(at, "990100"), nf.Series(at.Add(time.Minute), "990100"); a != b || a == "" {
			t.Errorf("%s: series %q and %q of one day", src, a, b)
		}
	}
	for _, src := range []string{"", "x", "{serial}", "{serial:0}", "{serial:13}", "{serial:5x}", "{serial:5}{serial:5}", "{serial:5", "{date}{serial:5}", "{date:Jan}{serial:5}", "{date:yyyy01}{serial:5}", "{town}{serial:5}"} {
		if _, err := schema.ParseNumberFormat(src); fault.CodeOf(err) != "number.format" {
			t.Errorf("%q: got %v", src, err)
		}
	}
	nf, err := schema.ParseNumberFormat("{date:yyyyMM}{serial:3}")
	if err != nil {
		t.Fatal(err)
	}
	if a, b := nf.Series(at, ""), nf.Series(at.In(clock.Shanghai).AddDate(0, 1, 0), ""); a == b {
		t.Errorf("one series %q for two months", a)
	}
}

// TestCheckCharacters: of a random number exactly one check character passes, and every change of one character and every
// exchange of two neighbours of a citizen number shows (ISO 7064 MOD 11-2).
func TestCheckCharacters(t *testing.T) {
	t.Parallel()
	thing := freeze(t, "  card: {type: idcard}\n  code: {type: uscc}\n")
	id, code := thing.Field("card"), thing.Field("code")
	const alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	passes := func(f *schema.Field, s string) bool { _, bad := f.Parse(s); return bad == nil }
	complete := func(rt *rapid.T, f *schema.Field, body, characters string) string {
		var fits []string
		for _, c := range characters {
			if passes(f, body+string(c)) {
				fits = append(fits, body+string(c))
			}
		}
		if len(fits) != 1 {
			rt.Fatalf("%s: %d check characters fit: %v", body, len(fits), fits)
		}
		return fits[0]
	}
	rapid.Check(t, func(rt *rapid.T) {
		day := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 50_000).Draw(rt, "day"))
		body := fmt.Sprintf("%06d%s%03d", rapid.IntRange(0, 999_999).Draw(rt, "area"), day.Format("20060102"), rapid.IntRange(0, 999).Draw(rt, "serial"))
		good := complete(rt, id, body, "0123456789X")
		i := rapid.IntRange(0, 16).Draw(rt, "at")
		for d := byte('0'); d <= '9'; d++ {
			if other := good[:i] + string(d) + good[i+1:]; other != good && passes(id, other) {
				rt.Fatalf("%s and %s both pass", good, other)
			}
		}
		if swapped := good[:i] + string(good[i+1]) + string(good[i]) + good[i+2:]; swapped != good && passes(id, swapped) {
			rt.Fatalf("%s and %s both pass", good, swapped)
		}
		uscc := complete(rt, code, rapid.StringMatching("["+alphabet+"]{17}").Draw(rt, "uscc"), alphabet)
		for _, c := range alphabet {
			if other := uscc[:i] + string(c) + uscc[i+1:]; other != uscc && passes(code, other) {
				rt.Fatalf("%s and %s both pass", uscc, other)
			}
		}
	})
}
