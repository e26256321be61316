package feel

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tckFloor is the number of literal expressions of the conformance suite that pass; it only rises.
const tckFloor = 2401

type tckModel struct {
	Items     []tckItem     `xml:"itemDefinition"`
	Decisions []tckDecision `xml:"decision"`
}

type tckItem struct {
	Name       string    `xml:"name,attr"`
	Collection bool      `xml:"isCollection,attr"`
	Ref        string    `xml:"typeRef"`
	Parts      []tckItem `xml:"itemComponent"`
	Allowed    string    `xml:"allowedValues>text"`
}

type tckDecision struct {
	Name     string `xml:"name,attr"`
	Variable struct {
		Type string `xml:"typeRef,attr"`
	} `xml:"variable"`
	Needs []struct{} `xml:"informationRequirement"`
	Knows []struct{} `xml:"knowledgeRequirement"`
	Text  *string    `xml:"literalExpression>text"`
	Boxed []struct {
		Variable struct {
			Name string `xml:"name,attr"`
		} `xml:"variable"`
		Text *string `xml:"literalExpression>text"`
	} `xml:"context>contextEntry"`
}

// source is the decision's expression; a boxed context of literal expressions is written as a context literal.
func (d tckDecision) source() (string, bool) {
	switch {
	case len(d.Needs)+len(d.Knows) > 0:
		return "", false
	case d.Text != nil:
		return *d.Text, true
	case len(d.Boxed) == 0:
		return "", false
	}
	var b strings.Builder
	for i, e := range d.Boxed {
		if e.Text == nil || e.Variable.Name == "" {
			return "", false
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quote(e.Variable.Name) + ": " + *e.Text)
	}
	return "{" + b.String() + "}", true
}

type tckValue struct {
	Nil        string     `xml:"nil,attr"`
	Value      *tckText   `xml:"value"`
	List       *tckList   `xml:"list"`
	Components []tckField `xml:"component"`
}

type tckText struct {
	Type string `xml:"type,attr"`
	Nil  string `xml:"nil,attr"`
	Text string `xml:",chardata"`
}

type tckList struct {
	Nil   string     `xml:"nil,attr"`
	Items []tckValue `xml:"item"`
}

type tckField struct {
	Name string `xml:"name,attr"`
	tckValue
}

type tckCases struct {
	Model string `xml:"modelName"`
	Cases []struct {
		ID      string `xml:"id,attr"`
		Results []struct {
			Name     string   `xml:"name,attr"`
			Error    bool     `xml:"errorResult,attr"`
			Expected tckValue `xml:"expected"`
		} `xml:"resultNode"`
		Inputs []struct{} `xml:"inputNode"`
	} `xml:"testCase"`
}

func sharedDir(t *testing.T, part string) string {
	t.Helper()
	root := os.Getenv("CHENGSHU_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	dir := filepath.Join(root, part)
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CHENGSHU_CI") == "1" {
			t.Fatalf("conformance data missing: %v", err)
		}
		t.Skipf("SKIPPED, conformance data missing: %v", err)
	}
	return dir
}

func (v tckValue) value(t *testing.T) Value {
	t.Helper()
	switch {
	case v.List != nil && v.List.Nil != "true":
		out := List{}
		for _, i := range v.List.Items {
			out = append(out, i.value(t))
		}
		return out
	case len(v.Components) > 0:
		c := NewContext()
		for _, f := range v.Components {
			c.put(f.Name, f.value(t))
		}
		return c
	case v.Value == nil || v.Value.Nil == "true":
		return nil
	}
	s := v.Value.Text
	switch v.Value.Type[strings.IndexByte(v.Value.Type, ':')+1:] {
	case "boolean":
		return s == "true"
	case "decimal", "double", "integer":
		n, err := ParseNumber(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	case "date", "time", "dateTime":
		return parseTemporal(s)
	case "duration":
		d, _ := ParseDuration(s)
		return d
	}
	return s
}

// same compares numbers to the digits that the suite shows.
func sameTCK(got, want Value) bool {
	switch w := want.(type) {
	case Number:
		g, ok := got.(Number)
		if !ok {
			return false
		}
		digits := 0
		if _, frac, dot := strings.Cut(w.String(), "."); dot {
			digits = len(frac)
		}
		d, _ := g.sub(w)
		tolerance, _ := ParseNumber("1e-" + fmt.Sprint(max(digits-1, 8)))
		return g.Cmp(w) == 0 || digits > 7 && absolute(d).Cmp(tolerance) <= 0
	case List:
		g, ok := got.(List)
		if !ok || len(g) != len(w) {
			return false
		}
		for i := range w {
			if !sameTCK(g[i], w[i]) {
				return false
			}
		}
		return true
	case *Context:
		g, ok := got.(*Context)
		if !ok || g.Len() != w.Len() {
			return false
		}
		for _, k := range w.keys {
			if !sameTCK(g.vals[k], w.vals[k]) {
				return false
			}
		}
		return true
	}
	return identical(got, want) || Equal(got, want)
}

func readXML(t *testing.T, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func (i tckItem) typ(items map[string]tckItem, depth int) Type {
	var t Type
	switch {
	case depth > 10:
	case len(i.Parts) > 0:
		var fields []Param
		for _, p := range i.Parts {
			fields = append(fields, Param{Name: p.Name, Type: p.typ(items, depth+1)})
		}
		t = ContextOf(fields...)
	default:
		t = tckType(i.Ref, items, depth+1)
	}
	if i.Collection {
		return ListOf(t)
	}
	return t
}

func tckType(ref string, items map[string]tckItem, depth int) Type {
	if i, ok := items[ref]; ok {
		return i.typ(items, depth)
	}
	for k, n := range kindNames {
		if n == ref[strings.IndexByte(ref, ':')+1:] {
			return Type{kind: Kind(k)}
		}
	}
	return AnyType
}

// TestTCKLiterals evaluates every decision that is one literal expression, or a boxed context of them, without inputs.
// CHENGSHU_TCK names another directory of suites; the floor is for the shared one.
func TestTCKLiterals(t *testing.T) {
	t.Parallel()
	dir, floor := os.Getenv("CHENGSHU_TCK"), 0
	if dir == "" {
		dir, floor = sharedDir(t, "conformance/dmn-tck"), tckFloor
	}
	suites, err := filepath.Glob(filepath.Join(dir, "compliance-level-*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	passed, total := 0, 0
	for _, s := range suites {
		p, n := tckSuite(t, s)
		passed, total = passed+p, total+n
		if p < n {
			t.Logf("%s: %d of %d", filepath.Base(s), p, n)
		}
	}
	fmt.Printf("FEEL TCK literals: passed %d of %d\n", passed, total)
	if passed < floor {
		t.Errorf("passed %d, floor %d", passed, floor)
	}
}

func tckSuite(t *testing.T, dir string) (passed, total int) {
	t.Helper()
	tests, err := filepath.Glob(filepath.Join(dir, "*-test-*.xml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range tests {
		var cases tckCases
		readXML(t, file, &cases)
		var model tckModel
		readXML(t, filepath.Join(dir, cases.Model), &model)
		items := map[string]tckItem{}
		for _, i := range model.Items {
			items[i.Name] = i
		}
		scope := NewScope().Lenient()
		for name, i := range items {
			scope.Type(name, i.typ(items, 0))
		}
		decisions := map[string]tckDecision{}
		for _, d := range model.Decisions {
			if _, ok := d.source(); ok {
				decisions[d.Name] = d
			}
		}
		for _, c := range cases.Cases {
			for _, r := range c.Results {
				d, ok := decisions[r.Name]
				if !ok {
					continue
				}
				total++
				src, _ := d.source()
				want := r.Expected.value(t)
				got, err := tckEval(src, tckType(d.Variable.Type, items, 0), scope)
				if sameTCK(got, want) {
					passed++
				} else {
					t.Logf("%s %s: %s\n\tgot %s want %s (%v)", filepath.Base(dir), c.ID, src, show(got), show(want), err)
				}
			}
		}
	}
	return passed, total
}

func show(v Value) string {
	if v == nil {
		return "null"
	}
	return fmt.Sprintf("%T %s", v, Format(v))
}

func tckEval(src string, as Type, scope *Scope) (Value, error) {
	x, err := Compile(src, scope)
	if err != nil {
		return nil, err
	}
	env := &Env{Now: func() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }}
	v, ok := as.Coerce(x.Eval(env))
	if !ok {
		return nil, nil
	}
	return v, nil
}
