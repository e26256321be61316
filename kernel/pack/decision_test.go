package pack_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chengshu/kernel/pack"
)

// dmn is a decision model of one table with the rules "tests -> result".
func dmnModel(namespace, more string, rules ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="d" name="m %s" namespace="%s">%s
<inputData id="a" name="age"><variable name="age" typeRef="number"/></inputData>
<decision id="g" name="fee"><variable name="fee" typeRef="number"/>
<informationRequirement id="q"><requiredInput href="#a"/></informationRequirement>
<decisionTable id="t" hitPolicy="UNIQUE"><input id="i"><inputExpression id="x"><text>age</text></inputExpression></input><output id="o"/>
`, namespace, namespace, more)
	for i, r := range rules {
		test, result, _ := strings.Cut(r, " -> ")
		fmt.Fprintf(&b, "<rule id=\"r%d\"><inputEntry id=\"e%d\"><text>%s</text></inputEntry><outputEntry id=\"f%d\"><text>%s</text></outputEntry></rule>\n", i, i, test, i, result)
	}
	return b.String() + "</decisionTable></decision></definitions>\n"
}

const decisionPack = `-- one/pack.yaml --
pack: one
version: 1.0.0
-- one/roles.yaml --
roles:
  clerk: {}
-- one/records/thing.yaml --
record: one.thing
fields:
  years: {type: integer}
`

func overlay(files string) string {
	return "-- two/pack.yaml --\npack: two\nversion: 1.0.0\nneeds: [one]\n" + files
}

func editions(b *pack.Bundle) string {
	var out []string
	for _, e := range b.Decisions {
		out = append(out, fmt.Sprintf("%s@%s %s..%s %d", e.Key, e.Version, e.From, e.To, len(e.Models)))
	}
	return strings.Join(out, "\n")
}

// TestDecisions: days close by themselves, a later pack replaces an edition or adds one, imports come along.
func TestDecisions(t *testing.T) {
	t.Parallel()
	one := decisionPack + "-- one/decisions/fee.dmn --\n" + dmnModel("u:1", "", "&lt; 60 -> 1", "&gt;= 60 -> 2") +
		"-- one/decisions/fee.yaml --\nvalid_from: 2026-01-01\nlaw: true\nof: one.thing\ninputs: {age: years}\nroles: [one.clerk]\n" +
		"-- one/decisions/fee-2027.dmn --\n" + dmnModel("u:2", `<import name="old" namespace="u:1" importType="https://www.omg.org/spec/DMN/20230324/MODEL/"/>`, "- -> 3") +
		"-- one/decisions/fee-2027.yaml --\nkey: fee\nvalid_from: 2027-01-01\n"
	if got, want := editions(load(t, one)), "one.fee@2027-01-01 2027-01-01..0000-00-00 2\none.fee@2026-01-01 2026-01-01..2026-12-31 1"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	two := overlay("-- two/decisions/x.dmn --\n" + dmnModel("u:3", "", "- -> 9") + "-- two/decisions/x.yaml --\nkey: one.fee\nversion: 2026-01-01\nvalid_from: 2026-03-01\n" +
		"-- two/decisions/own.dmn --\n" + dmnModel("u:4", "", "- -> 9"))
	if got, want := editions(load(t, one, two)), "one.fee@2027-01-01 2027-01-01..0000-00-00 2\none.fee@2026-01-01 2026-03-01..2026-12-31 1\n"+
		"two.own@1 0000-00-00..0000-00-00 1"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestDecisionMistakes: what is wrong is told with file and line.
func TestDecisionMistakes(t *testing.T) {
	t.Parallel()
	good := dmnModel("u:1", "", "- -> 1")
	for name, c := range map[string]struct {
		files string
		want  []string
	}{
		"no xml":        {"-- one/decisions/a.dmn --\n<definitions xmlns=\"https://www.omg.org/spec/DMN/20230324/MODEL/\">\n<b>\n", []string{"one/decisions/a.dmn:3 markup.xml"}},
		"expression":    {"-- one/decisions/a.dmn --\n" + dmnModel("u:1", "", "- -> 1 +"), []string{"one/decisions/a.dmn:6 feel.syntax"}},
		"header alone":  {"-- one/decisions/a.yaml --\nlaw: true\n", []string{"one/decisions/a.yaml:1 decision.header"}},
		"header key":    {"-- one/decisions/a.dmn --\n" + good + "-- one/decisions/a.yaml --\nlow: true\n", []string{"one/decisions/a.yaml:1 yaml.unknown"}},
		"day":           {"-- one/decisions/a.dmn --\n" + good + "-- one/decisions/a.yaml --\nvalid_from: soon\n", []string{"one/decisions/a.yaml:1 decision.day"}},
		"type":          {"-- one/decisions/a.dmn --\n" + good + "-- one/decisions/a.yaml --\nof: one.none\n", []string{"one/decisions/a.yaml:1 pack.type"}},
		"field":         {"-- one/decisions/a.dmn --\n" + good + "-- one/decisions/a.yaml --\nof: one.thing\n", []string{"one/decisions/a.yaml:1 decision.input"}},
		"role":          {"-- one/decisions/a.dmn --\n" + good + "-- one/decisions/a.yaml --\nroles: [one.chief]\n", []string{"one/decisions/a.yaml:1 grant.role"}},
		"version":       {"-- one/decisions/a.dmn --\n" + good + "-- one/decisions/a.yaml --\nversion: latest\n", []string{"one/decisions/a.yaml:1 decision.name"}},
		"twice":         {"-- one/decisions/a.dmn --\n" + good + "-- one/decisions/b.dmn --\n" + good + "-- one/decisions/b.yaml --\nkey: a\n", []string{"one/decisions/b.yaml:1 pack.twice"}},
		"days overlap":  {"-- one/decisions/a.dmn --\n" + good + "-- one/decisions/b.dmn --\n" + good + "-- one/decisions/b.yaml --\nkey: a\nversion: x\n", []string{"one/decisions/a.dmn:1 dmn.edition-overlap"}},
		"import of two": {"-- one/decisions/a.dmn --\n" + good + "-- one/decisions/b.dmn --\n" + good + "-- one/decisions/c.dmn --\n" + dmnModel("u:2", `<import name="k" namespace="u:1" importType="https://www.omg.org/spec/DMN/20230324/MODEL/"/>`, "- -> 1"), []string{"one/decisions/c.dmn:1 decision.namespace", "one/decisions/c.dmn:1 dmn.import"}},
	} {
		_, err := loaded(decisionPack + c.files)
		if diff := cmp.Diff(c.want, problems(err)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestDecisionOfFlow(t *testing.T) {
	t.Parallel()
	flow := func(name string) string {
		return decisionPack + "-- one/decisions/fee.dmn --\n" + dmnModel("u:1", "", "- -> 1") + `-- one/flows/f.bpmn --
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:cs="urn:chengshu:bpmn" id="d" targetNamespace="t"><process id="p" isExecutable="true">
<startEvent id="s"/><endEvent id="e"/>
<businessRuleTask id="r"><extensionElements><cs:service kind="decision" name="` + name + `" result="x"/></extensionElements></businessRuleTask>
<sequenceFlow id="a" sourceRef="s" targetRef="r"/><sequenceFlow id="b" sourceRef="r" targetRef="e"/></process></definitions>
`
	}
	for name, want := range map[string][]string{
		"one.fee/fee": nil, "one.fee": nil, "one.fee@start/fee": nil, "one.fee@1/fee": nil, "one.fee@2/fee": {"one/flows/f.bpmn:3 decision.unknown"},
		"one.fee/none": {"one/flows/f.bpmn:3 decision.unknown"}, "fee/fee": {"one/flows/f.bpmn:3 decision.unknown"},
	} {
		_, err := loaded(flow(name))
		if diff := cmp.Diff(want, problems(err)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestCommandOfFlow: a command that is a step of a process must be there, and must not act on the process itself.
func TestCommandOfFlow(t *testing.T) {
	t.Parallel()
	flow := func(name string) string {
		return strings.NewReplacer("years: {type: integer}", "years: {type: integer}\ncommands:\n  mark: {set: {years: '1'}}\n  stop: {flow: cancel}", "record: one.thing", "record: one.thing\nflow: f").
			Replace(decisionPack) + `-- one/flows/f.bpmn --
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:cs="urn:chengshu:bpmn" id="d" targetNamespace="t"><process id="one.f" isExecutable="true">
<startEvent id="s"/><endEvent id="e"/>
<serviceTask id="r"><extensionElements><cs:service kind="command" name="` + name + `"/></extensionElements></serviceTask>
<sequenceFlow id="a" sourceRef="s" targetRef="r"/><sequenceFlow id="b" sourceRef="r" targetRef="e"/></process></definitions>
`
	}
	for name, want := range map[string][]string{
		"mark": nil, "none": {"one/flows/f.bpmn:3 command.unknown"}, "stop": {"one/flows/f.bpmn:3 pack.command.flow"},
	} {
		_, err := loaded(flow(name))
		if diff := cmp.Diff(want, problems(err)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestDoubts: rules that overlap and inputs that no rule meets run, and are told.
func TestDoubts(t *testing.T) {
	t.Parallel()
	b := load(t, decisionPack+"-- one/decisions/fee.dmn --\n"+dmnModel("u:1", "", "&lt; 60 -> 1", "&lt; 18 -> 2"))
	var got []string
	for _, d := range b.Doubts() {
		got = append(got, fmt.Sprint(d.Pos, " ", d.Code, " ", d.Args["row"], " ", d.Args["other"], " ", d.Args["region"]))
	}
	want := []string{"one/decisions/fee.dmn:5 decision.overlap 1 2 < 18", "one/decisions/fee.dmn:5 decision.gap <nil> <nil> >= 60"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
