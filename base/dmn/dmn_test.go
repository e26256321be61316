package dmn_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chengshu/base/dmn"
	"chengshu/base/fault"
	"chengshu/base/feel"
)

const space = "urn:test"

// model wraps elements into a definitions element.
func model(body string) string { return named(space, "test", body) }

func named(namespace, name, body string) string {
	return fmt.Sprintf(`<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" xmlns:kie="urn:kie" id="m" name=%q namespace=%q>%s</definitions>`,
		name, namespace, body)
}

func parse(t *testing.T, src string) *dmn.Model {
	t.Helper()
	m, err := dmn.Parse([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// compile fails the test on problems that are no warnings.
func compile(t *testing.T, body string, imports ...*dmn.Model) *dmn.Definitions {
	t.Helper()
	d := dmn.Compile(nil, parse(t, model(body)), imports...)
	if err := d.Err(); err != nil {
		t.Fatal(err)
	}
	return d
}

// value evaluates a FEEL text, for readable wants and inputs.
func value(t *testing.T, src string) feel.Value {
	t.Helper()
	x, err := feel.Compile(src, nil)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	return x.Eval(&feel.Env{})
}

func inputs(t *testing.T, pairs ...string) *feel.Env {
	t.Helper()
	vars := feel.Map{}
	for i := 0; i+1 < len(pairs); i += 2 {
		vars[pairs[i]] = value(t, pairs[i+1])
	}
	return &feel.Env{Vars: vars}
}

func text(v feel.Value) string {
	if v == nil {
		return "null"
	}
	s := feel.Format(feel.List{v})
	return s[1 : len(s)-1]
}

// input declares input data with its variable.
func input(name, typ string) string {
	return fmt.Sprintf(`<inputData id="i_%s" name=%q><variable name=%q typeRef=%q/></inputData>`, name, name, name, strings.ReplaceAll(typ, "<", "&lt;"))
}

// decide makes a decision that requires inputs by name.
func decide(name, logic string, needs ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<decision id="d_%s" name=%q><variable name=%q/>`, name, name, name)
	for _, n := range needs {
		kind := map[byte]string{'i': "requiredInput", 'd': "requiredDecision"}[n[0]]
		if kind == "" {
			fmt.Fprintf(&b, `<knowledgeRequirement><requiredKnowledge href="#%s"/></knowledgeRequirement>`, n)
			continue
		}
		fmt.Fprintf(&b, `<informationRequirement><%s href="#%s"/></informationRequirement>`, kind, n)
	}
	return b.String() + logic + `</decision>`
}

func literal(src string) string {
	r := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	return `<literalExpression><text>` + r.Replace(src) + `</text></literalExpression>`
}

func TestParseFaults(t *testing.T) {
	t.Parallel()
	deep := model(strings.Repeat("<list>", dmn.MaxDepth+1) + strings.Repeat("</list>", dmn.MaxDepth+1))
	for name, c := range map[string]struct {
		src, code string
		kind      fault.Kind
	}{
		"empty":     {"", "markup.empty", fault.Invalid},
		"no xml":    {"hello", "markup.empty", fault.Invalid},
		"other":     {`<definitions xmlns="urn:x"/>`, "dmn.root", fault.Invalid},
		"bpmn":      {`<process xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/"/>`, "dmn.root", fault.Invalid},
		"doctype":   {`<!DOCTYPE d [<!ENTITY a "b">]>` + model(""), "markup.doctype", fault.Invalid},
		"entity":    {model(`<description>&a;</description>`), "markup.xml", fault.Invalid},
		"broken":    {strings.TrimSuffix(model(""), "s>"), "markup.xml", fault.Invalid},
		"two roots": {model("") + model(""), "markup.roots", fault.Invalid},
		"encoding":  {`<?xml version="1.0" encoding="koi8-r"?>` + model(""), "markup.encoding", fault.Invalid},
		"deep":      {deep, "markup.depth", fault.TooLarge},
		"large":     {strings.Repeat(" ", dmn.MaxBytes+1), "markup.size", fault.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := dmn.Parse([]byte(c.src))
			if fault.CodeOf(err) != c.code || !fault.Is(err, c.kind) {
				t.Errorf("got %v, want %v %s", err, c.kind, c.code)
			}
		})
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	src := model(`<extensionElements><x xmlns="urn:x"><decision xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/"/></x></extensionElements>` +
		decide("a", literal(`1`)))
	m := parse(t, "\xef\xbb\xbf"+src)
	if m.Name != "test" || m.Namespace != space || len(m.SHA256) != 64 || string(m.Source) != "\xef\xbb\xbf"+src {
		t.Errorf("got %q %q %q", m.Name, m.Namespace, m.SHA256)
	}
	if d := dmn.Compile(nil, m); len(d.Decisions()) != 1 || d.Decision("a") == nil || d.Decision("d_a") == nil || d.Decision("b") != nil {
		t.Errorf("decisions: %v", d.Decisions())
	}
	for _, v := range []string{"https://www.omg.org/spec/DMN/20191111/MODEL/", "https://www.omg.org/spec/DMN/20211108/MODEL/", "http://www.omg.org/spec/DMN/20180521/MODEL/"} {
		old := strings.Replace(model(decide("a", literal(`2`))), "https://www.omg.org/spec/DMN/20230324/MODEL/", v, 1)
		if got := text(dmn.Compile(nil, parse(t, old)).Decision("a").Value(&feel.Env{})); got != "2" {
			t.Errorf("%s: got %s", v, got)
		}
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, code, element string }{
		"reference": {decide("a", literal(`1`), "i_x"), "dmn.reference", "requiredInput"},
		"syntax":    {decide("a", `<literalExpression id="l"><text>1 +</text></literalExpression>`), "feel.syntax", "l"},
		"language":  {decide("a", `<literalExpression id="l" expressionLanguage="urn:js"><text>1</text></literalExpression>`), "dmn.language", "l"},
		"java":      {decide("a", `<functionDefinition id="f" kind="Java"/>`), "dmn.external", "f"},
		"type":      {decide("a", `<literalExpression id="l" typeRef="tNone"><text>1</text></literalExpression>`), "dmn.type", "l"},
		"policy":    {decide("a", `<decisionTable id="t" hitPolicy="BEST"><output/></decisionTable>`), "dmn.policy", "t"},
		"cells":     {decide("a", `<decisionTable><output/><rule id="r"><inputEntry><text>1</text></inputEntry><outputEntry><text>1</text></outputEntry></rule></decisionTable>`), "dmn.cells", "r"},
		"output":    {decide("a", `<decisionTable id="t"/>`), "dmn.part", "t"},
		"branch":    {decide("a", `<conditional id="c"><if>`+literal(`true`)+`</if></conditional>`), "dmn.part", "c"},
		"cycle":     {decide("a", literal(`b`), "d_b") + decide("b", literal(`a`), "d_a"), "dmn.cycle", "d_a"},
		"import":    {`<import name="x" namespace="urn:none" importType="https://www.omg.org/spec/DMN/20230324/MODEL/"/>`, "dmn.import", "m"},
		"twice":     {decide("a", literal(`1`)) + decide("a", literal(`2`)), "dmn.id-twice", "d_a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := dmn.Compile(nil, parse(t, model(c.body)))
			if err := d.Err(); fault.CodeOf(err) != "dmn.model" {
				t.Errorf("got %v", err)
			}
			found := false
			for _, p := range d.Problems() {
				found = found || p.Code == c.code && p.Element == c.element && !p.Warning && p.Line > 0
			}
			if !found {
				t.Errorf("got %+v, want %s at %s", d.Problems(), c.code, c.element)
			}
			if a := d.Decision("a"); a != nil && name != "twice" && name != "type" && name != "java" && name != "reference" && a.Value(&feel.Env{}) != nil {
				t.Errorf("a broken decision gave %v", a.Value(&feel.Env{}))
			}
		})
	}
	d := dmn.Compile(nil, parse(t, model(input("n", "number")+decide("a", literal(`n + "x"`), "i_n"))))
	if p := d.Problems(); d.Err() != nil || len(p) != 1 || !p[0].Warning || p[0].Code != "feel.arithmetic" {
		t.Errorf("a type error is a warning: %v %+v", d.Err(), p)
	}
}

func TestGraph(t *testing.T) {
	t.Parallel()
	d := compile(t, `<itemDefinition name="tAge"><typeRef>number</typeRef><allowedValues><text>[0..150]</text></allowedValues></itemDefinition>`+
		input("age", "tAge")+
		decide("adult", literal(`age >= 18`), "i_age")+
		decide("both", literal(`{a: adult, b: age}`), "d_adult", "i_age"))
	for _, c := range []struct{ age, want string }{
		{`20`, `{a: true, b: 20}`},
		{`[20]`, `{a: true, b: 20}`},
		{`200`, `{a: null, b: null}`},
		{`"x"`, `{a: null, b: null}`},
		{`null`, `{a: null, b: null}`},
	} {
		res := d.Decision("both").Eval(inputs(t, "age", c.age))
		if got := text(res.Value); got != c.want {
			t.Errorf("%s: got %s, want %s", c.age, got, c.want)
		}
		if missing := strings.Contains(c.want, "null"); missing != (len(res.Missing) == 1) {
			t.Errorf("%s: missing %v", c.age, res.Missing)
		}
	}
	if got := d.Decision("both").Inputs(); len(got) != 1 || got[0].Name != "age" {
		t.Errorf("inputs of a decision: %v", got)
	}
	if got := d.Inputs(); len(got) != 1 || got[0].Name != "age" || got[0].Type.Kind() != feel.KindNumber {
		t.Errorf("inputs %v", got)
	}
}

// One compiled model serves many goroutines.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	d := compile(t, input("n", "number")+decide("big", literal(`matches(string(n), "^[5-9]$")`), "i_n")+
		decide("a", table(``, "< 5 => \"low\"\n>= 5 => if n = 7 then \"seven\" else \"high\""), "i_n")+
		decide("r", literal(`{a: a, big: big}`), "d_a", "d_big"))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			env := &feel.Env{Vars: feel.Map{"n": feel.NumberFromInt(int64(i))}}
			want := map[bool]string{true: `{a: "low", big: false}`, false: `{a: "high", big: true}`}[i < 5]
			if i == 7 {
				want = `{a: "seven", big: true}`
			}
			for range 50 {
				if got := text(d.Decision("r").Eval(env).Value); got != want {
					t.Errorf("%d: got %s, want %s", i, got, want)
				}
			}
		})
	}
	wg.Wait()
}

func TestImports(t *testing.T) {
	t.Parallel()
	base := parse(t, named("urn:base", "base", `<itemDefinition name="tN"><typeRef>number</typeRef></itemDefinition>`+
		input("x", "tN")+decide("double x", literal(`2 * x`), "i_x")+
		`<businessKnowledgeModel id="k" name="inc"><encapsulatedLogic><formalParameter name="n" typeRef="tN"/>`+literal(`n + 1`)+`</encapsulatedLogic></businessKnowledgeModel>`))
	for _, c := range []struct{ alias, logic string }{
		{"lib", `lib.inc(lib.double x)`},
		{"lib a", `lib a.inc(n: lib a.double x)`},
		{"", `inc(double x)`},
	} {
		d := compile(t, fmt.Sprintf(`<import name=%q namespace="urn:base" importType="https://www.omg.org/spec/DMN/20230324/MODEL/"/>`, c.alias)+
			`<decision id="d" name="r"><variable name="r"/>
			<informationRequirement><requiredDecision href="urn:base#d_double x"/></informationRequirement>
			<knowledgeRequirement><requiredKnowledge href="urn:base#k"/></knowledgeRequirement>`+literal(c.logic)+`</decision>`, base)
		for _, vars := range []feel.Map{
			{"urn:base#x": value(t, `4`)}, {"x": value(t, `4`)}, {c.alias: value(t, `{x: 4}`)},
		} {
			if got := text(d.Decision("r").Value(&feel.Env{Vars: vars})); got != "9" {
				t.Errorf("%q %v: got %s, want 9", c.alias, vars, got)
			}
		}
		if d.Imported("urn:base", "double x") == nil || d.Imported("urn:base", "none") != nil {
			t.Error("imported decision")
		}
	}
}

func TestTrace(t *testing.T) {
	t.Parallel()
	d := compile(t, input("n", "number")+decide("fee", `<decisionTable id="t" hitPolicy="UNIQUE"><input><inputExpression><text>n</text></inputExpression></input>
		<output/><annotation name="clause"/>
		<rule id="r1"><description>small</description><inputEntry><text>&lt; 5</text></inputEntry><outputEntry><text>10</text></outputEntry>
			<annotationEntry><text>§ 3 (1)</text></annotationEntry></rule>
		<rule id="r2"><inputEntry><text>>= 5</text></inputEntry><outputEntry><text>20</text></outputEntry></rule></decisionTable>`, "i_n"))
	res := d.Decision("fee").Eval(inputs(t, "n", `3`))
	res.Trace.Model.SHA256 = "…"
	raw, err := json.Marshal(res.Trace)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"model":{"name":"test","namespace":"urn:test","sha256":"…"},"name":"fee","id":"d_fee","steps":[` +
		`{"kind":"input","name":"n","id":"i_n","depth":0,"value":3},` +
		`{"kind":"decision","name":"fee","id":"d_fee","depth":0,"tables":[{"id":"t","name":"t","policy":"UNIQUE","inputs":[{"name":"n","value":3}],` +
		`"met":[{"number":1,"id":"r1","notes":[{"name":"clause","text":"§ 3 (1)"},{"text":"small"}]}],"chosen":[1]}],"value":10}],"value":10}`
	var got, wanted any
	if json.Unmarshal(raw, &got) != nil || json.Unmarshal([]byte(want), &wanted) != nil {
		t.Fatal(string(raw))
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Error(diff)
	}
	res = d.Decision("fee").Eval(inputs(t, "n", `null`))
	if !res.Undetermined || len(res.Missing) != 1 || res.Missing[0] != "n" || res.Value != nil {
		t.Errorf("got %+v", res)
	}
	if u := res.Trace.Steps[1].Tables[0].Unknown; len(u) != 2 || u[1].ID != "r2" {
		t.Errorf("unknown rows: %+v", u)
	}
	law := compile(t, `<knowledgeSource id="law" name="Order No. 7" locationURI="urn:law:7"><type>law</type></knowledgeSource>`+
		strings.Replace(decide("a", literal(`1`)), "<literal", `<authorityRequirement><requiredAuthority href="#law"/></authorityRequirement><literal`, 1))
	if got := law.Decision("a").Eval(&feel.Env{}).Trace.Steps[0].Sources; len(got) != 1 || got[0] != (dmn.Source{Name: "Order No. 7", ID: "law", Type: "law", URI: "urn:law:7"}) {
		t.Errorf("sources: %+v", got)
	}
	d2 := compile(t, input("n", "number")+decide("a", literal(`if n > 3 then "yes" else "no"`), "i_n"))
	for in, open := range map[string]bool{`null`: true, `3`: false} {
		if res := d2.Decision("a").Eval(inputs(t, "n", in)); res.Undetermined != open || text(res.Value) != `"no"` {
			t.Errorf("%s: got %+v", in, res)
		}
	}
	if d.Decision("fee").Value(inputs(t, "n", `7`)) != value(t, `20`) {
		t.Error("value without a trace differs")
	}
}
