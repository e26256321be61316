package schema_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"chengshu/kernel/schema"
)

const laidOver = `
-- base/codes/kind.csv --
# version: national@1
code,parent,name,unit
A,,all,
A1,A,one,hour
A2,A,two,day
-- county/codes/base.kind.csv --
# version: county@2
code,name,unit,parent
A3,three,week,A
A1,first,,A
-- site/codes/base.kind.csv --
code,valid_to
A2,2026-06-30
A3,
-- site/codes/own.csv --
code,name
x,of the site
`

// rowsOf shows a table as text.
func rowsOf(t *schema.CodeTable) []string {
	var out []string
	for _, e := range t.Entries {
		leaf := ""
		if e.Leaf {
			leaf = " leaf"
		}
		out = append(out, e.Code+"|"+e.Parent+"|"+e.Name+"|"+e.Attrs["unit"]+"|"+e.To+leaf)
	}
	return out
}

// TestRows: rows of later packs are added or replace those of their code; columns they leave out stay.
func TestRows(t *testing.T) {
	t.Parallel()
	set := frozen(t, laidOver)
	table := set.Codes("base.kind")
	want := []string{"A||all||", "A1|A|first|| leaf", "A2|A|two|day|2026-06-30 leaf", "A3|A|three|week| leaf"}
	if diff := cmp.Diff(want, rowsOf(table)); diff != "" {
		t.Error(diff)
	}
	if table.Version != "national@1+county@2" || table.Label("A1") != "first" || table.Entry("A2").Valid("2026-07-01") {
		t.Errorf("got version %q, label %q", table.Version, table.Label("A1"))
	}
	if unit, _ := table.Entry("A3").Context().Get("unit"); unit != "week" {
		t.Errorf("expressions see %v", unit)
	}
	if set.Codes("site.own").Label("x") != "of the site" || len(set.CodeTables()) != 2 {
		t.Error("a table of the site's own is no overlay")
	}
}

// TestRowMistakes: every mistake of an overlay of rows is named where it stands.
func TestRowMistakes(t *testing.T) {
	t.Parallel()
	const base = "-- base/codes/kind.csv --\ncode,name,parent\nA,all,\nB,b,A\n"
	for name, tc := range map[string]struct {
		src  string
		want []string
	}{
		"no such table":    {"-- c/codes/base.kin.csv --\ncode,name\nC,c\n", []string{"c/codes/base.kin.csv:1: codes.merge.table table=base.kin"}},
		"unknown column":   {"-- c/codes/base.kind.csv --\ncode,name,colour\nC,c,red\n", []string{"c/codes/base.kind.csv:1: codes.merge column=colour"}},
		"new without name": {"-- c/codes/base.kind.csv --\ncode,parent\nC,A\n", []string{"c/codes/base.kind.csv:2: codes.column column=name"}},
		"no code":          {"-- c/codes/base.kind.csv --\nname\nC\n", []string{"c/codes/base.kind.csv:1: codes.column column=code"}},
		"twice":            {"-- c/codes/base.kind.csv --\ncode,name\nC,c\nC,d\n", []string{"c/codes/base.kind.csv:3: codes.twice code=C"}},
		"parent":           {"-- c/codes/base.kind.csv --\ncode,name,parent\nC,c,Z\n", []string{"c/codes/base.kind.csv:2: codes.parent code=C parent=Z"}},
		"circle": {"-- c/codes/base.kind.csv --\ncode,parent\nA,B\n", []string{
			"base/codes/kind.csv:3: codes.circle code=B parent=A", "c/codes/base.kind.csv:2: codes.circle code=A parent=B",
		}},
		"torn": {"-- c/codes/base.kind.csv --\ncode,name\nC\n", []string{"c/codes/base.kind.csv:2: codes.csv detail=wrong number of fields"}},
	} {
		d := load(txtar.Parse([]byte(base + tc.src)))
		if set, err := d.Freeze(); err == nil || set != nil {
			t.Errorf("%s: passed", name)
		}
		var got []string
		for _, p := range d.Problems() {
			got = append(got, p.String())
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
