package dmn

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"chengshu/base/feel"
)

// tableText writes a table of a number, a text and a boolean column.
func tableText(rows [][3]string) string {
	var b strings.Builder
	b.WriteString(`<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="m" namespace="urn:m">`)
	for _, n := range []string{"n", "s", "b"} {
		fmt.Fprintf(&b, `<inputData id="%s" name="%s"/>`, n, n)
	}
	b.WriteString(`<decision id="d" name="d">`)
	for _, n := range []string{"n", "s", "b"} {
		fmt.Fprintf(&b, `<informationRequirement><requiredInput href="#%s"/></informationRequirement>`, n)
	}
	b.WriteString(`<decisionTable hitPolicy="RULE ORDER">`)
	for _, n := range []string{"n", "s", "b"} {
		fmt.Fprintf(&b, `<input><inputExpression><text>%s</text></inputExpression></input>`, n)
	}
	b.WriteString(`<output/>`)
	esc := strings.NewReplacer("<", "&lt;")
	for i, r := range rows {
		b.WriteString(`<rule>`)
		for _, cell := range r {
			b.WriteString(`<inputEntry><text>` + esc.Replace(cell) + `</text></inputEntry>`)
		}
		fmt.Fprintf(&b, `<outputEntry><text>%d</text></outputEntry></rule>`, i)
	}
	b.WriteString(`</decisionTable></decision></definitions>`)
	return b.String()
}

var (
	numberCells = []string{"-", "1", "< 2", ">= 2", "[1..3]", "(1..3)", "]1..3]", "not(2)", "2, 4", "!= 3", "not(< 1, > 4)", "[1, 5]", "? > 2", "null", "> n - 1"}
	textCells   = []string{"-", `"a"`, `"a", "b"`, `not("a")`, `> "a"`, `["b".."c"]`, `"x"`, `null`}
	boolCells   = []string{"-", "true", "false", "not(true)", "true, false"}
)

// The index gives the same rules, met and unknown, as testing every rule.
func TestIndexAgrees(t *testing.T) {
	t.Parallel()
	one := feel.NumberFromInt
	values := map[string][]feel.Value{
		"n": {nil, one(0), one(1), one(2), one(3), one(4), one(5), "a", feel.List{one(1)}, true},
		"s": {nil, "a", "b", "c", "", one(1), feel.List{"a"}},
		"b": {nil, true, false, "a", one(1)},
	}
	rapid.Check(t, func(rt *rapid.T) {
		var rows [][3]string
		for range rapid.IntRange(fewRules, 80).Draw(rt, "rules") {
			rows = append(rows, [3]string{
				rapid.SampledFrom(numberCells[:rapid.SampledFrom([]int{12, 15}).Draw(rt, "plain")]).Draw(rt, "n"),
				rapid.SampledFrom(textCells).Draw(rt, "s"), rapid.SampledFrom(boolCells).Draw(rt, "b"),
			})
		}
		m, err := Parse([]byte(tableText(rows)))
		if err != nil {
			rt.Fatal(err)
		}
		d := Compile(nil, m)
		if err := d.Err(); err != nil {
			rt.Fatal(err)
		}
		plain := *d.tables[0]
		plain.index = index{rules: len(plain.rules), cols: make([]column, len(plain.inputs))}
		in := make([]feel.Value, 3)
		vars := feel.Map{}
		for i, name := range []string{"n", "s", "b"} {
			in[i] = rapid.SampledFrom(values[name]).Draw(rt, name)
			vars[name] = in[i]
		}
		listed := *d.tables[0]
		listed.index = asLists(&listed)
		slow := plain.match(&feel.Env{Vars: vars}, in)
		for name, tab := range map[string]*table{"sets": d.tables[0], "lists": &listed} {
			fast := tab.match(&feel.Env{Vars: vars}, in)
			if !slices.Equal(fast.hits, slow.hits) || !slices.Equal(fast.unknown, slow.unknown) {
				rt.Fatalf("%v: %s %v %v, plain %v %v", in, name, fast.hits, fast.unknown, slow.hits, slow.unknown)
			}
		}
	})
}

// asLists is the index that a table too large for sets has.
func asLists(t *table) index {
	x := newIndex(t)
	for col := range x.cols {
		tests := make([]*feel.Expr, len(t.rules))
		for i, r := range t.rules {
			tests[i] = r.tests[col]
		}
		if x.cols[col].axis != nil {
			a, cells, _ := newAxis(tests)
			x.cols[col] = column{axis: a, lists: lists(a, cells)}
		}
	}
	return x
}

// Two rules overlap, and a gap is one, exactly where an input shows it.
func TestAnalysisAgrees(t *testing.T) {
	t.Parallel()
	halves := make([]feel.Value, 0, 14)
	for i := range 14 {
		n, err := feel.ParseNumber(fmt.Sprintf("%d.%d", i/2, i%2*5))
		if err != nil {
			t.Fatal(err)
		}
		halves = append(halves, n)
	}
	rapid.Check(t, func(rt *rapid.T) {
		var rows [][3]string
		for range rapid.IntRange(1, 6).Draw(rt, "rules") {
			rows = append(rows, [3]string{
				rapid.SampledFrom(numberCells[:12]).Draw(rt, "n"), rapid.SampledFrom(textCells[:4]).Draw(rt, "s"),
				rapid.SampledFrom(boolCells[:3]).Draw(rt, "b"),
			})
		}
		m, err := Parse([]byte(strings.Replace(tableText(rows), "RULE ORDER", "UNIQUE", 1)))
		if err != nil {
			rt.Fatal(err)
		}
		tab := Compile(nil, m).tables[0]
		overlap, gap := false, false
		for _, n := range halves {
			for _, s := range []feel.Value{"a", "b", "z"} {
				for _, b := range []feel.Value{true, false} {
					hits := tab.match(&feel.Env{}, []feel.Value{n, s, b}).hits
					overlap, gap = overlap || len(hits) > 1, gap || len(hits) == 0
				}
			}
		}
		r := tab.analyse()
		if r.Truncated || len(r.Opaque) > 0 || overlap != (len(r.Overlaps) > 0) || gap != (len(r.Gaps) > 0) && !allFree(rows) {
			rt.Fatalf("%v: overlap %v gap %v, report %+v", rows, overlap, gap, r)
		}
	})
}

// allFree: a boolean column of nothing but "-" has no axis of truth values; it cannot make a gap either.
func allFree(rows [][3]string) bool {
	return !slices.ContainsFunc(rows, func(r [3]string) bool { return r != [3]string{"-", "-", "-"} })
}
