package bpmn_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chengshu/base/bpmn"
)

func with(ext string) string {
	return strings.Replace(simple, `<bpmn:userTask id="u"/>`,
		`<bpmn:userTask id="u"><bpmn:extensionElements>`+ext+`</bpmn:extensionElements></bpmn:userTask>`, 1)
}

func TestExtension(t *testing.T) {
	t.Parallel()
	m := read(t, with(`
		<cs:task candidates='role("urban.acceptor", case.street)' form="category, place!" show="phone" state="handling" skipSame="true" recall="true" title="k"/>
		<cs:outcome id="accept"/><cs:outcome id="reject" reason="true" form="note!" set='{done: true}'/>
		<cs:sla limit="5" unit="workday"/><cs:sla limit='x.limit' unit="{x.unit}" scope="instance" name="handle" warn="0.5" yellow="0.9" red="0"/>
		<cs:return to="any" resubmit="direct"/>
		<cs:countersign mode="percent" percent="60" order="seq" members='[person("a")]' allowAdd="true"/>
		<cs:service kind="notify" to='role("x")' message="m"/>
		<cs:clock pause="hearing" basis="§45" limit="10" unit="workday"/>
		<other xmlns="urn:x"/>`))
	if len(m.Problems) > 0 {
		t.Fatalf("problems: %v", codes(m.Problems))
	}
	want := bpmn.Extension{
		Task: &bpmn.TaskExt{
			Candidates: `role("urban.acceptor", case.street)`, Form: []bpmn.FormField{{"category", false}, {"place", true}},
			Show: []string{"phone"}, State: "handling", SkipSame: true, Recall: true, Title: "k",
		},
		Outcomes: []bpmn.Outcome{{ID: "accept"}, {ID: "reject", Reason: true, Form: []bpmn.FormField{{"note", true}}, Set: "{done: true}"}},
		SLAs: []bpmn.SLA{
			{Limit: "5", Unit: "workday", Scope: "task", Name: "task", Kind: "step", Warn: 700, Yellow: 1000, Red: 1500},
			{Limit: "x.limit", Unit: "{x.unit}", Scope: "instance", Name: "handle", Kind: "promised", Warn: 500, Yellow: 900, Red: 0},
		},
		Return:      &bpmn.Return{To: "any", Direct: true},
		Countersign: &bpmn.Countersign{Mode: "percent", Percent: 60, Sequential: true, Members: `[person("a")]`, AllowAdd: true},
		Services:    []bpmn.Service{{Kind: "notify", To: `role("x")`, Message: "m"}},
		Clock:       &bpmn.Clock{Pause: "hearing", Basis: "§45", Limit: "10", Unit: "workday"},
	}
	if diff := cmp.Diff(want, m.Main().Node("u").Ext); diff != "" {
		t.Errorf("extension (-want +got)\n%s", diff)
	}
}

func TestExtensionProblems(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, ext, want string }{
		{"element", `<cs:tusk/>`, "bpmn.ext.element"},
		{"attribute", `<cs:task candidate="x"/>`, "bpmn.ext.attribute"},
		{"missing", `<cs:outcome reason="true"/>`, "bpmn.ext.missing"},
		{"value", `<cs:return to="somewhere"/>`, "bpmn.ext.value"},
		{"bool", `<cs:task recall="yes"/>`, "bpmn.ext.value"},
		{"part", `<cs:sla limit="1" unit="day" warn="much"/>`, "bpmn.ext.value"},
		{"percent", `<cs:countersign mode="percent" percent="600" members="[]"/>`, "bpmn.ext.value"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff([]string{"u " + tt.want}, codes(read(t, with(tt.ext)).Problems)); diff != "" {
				t.Errorf("problems (-want +got)\n%s", diff)
			}
		})
	}
}

func TestFlowOutcome(t *testing.T) {
	t.Parallel()
	for name, flow := range map[string]string{
		"attribute": `<bpmn:sequenceFlow id="f2" sourceRef="u" targetRef="e" cs:outcome="accept"/>`,
		"element": `<bpmn:sequenceFlow id="f2" sourceRef="u" targetRef="e"><bpmn:extensionElements><cs:flow outcome="accept"/></bpmn:extensionElements>
			<bpmn:conditionExpression>= a &gt; 1</bpmn:conditionExpression></bpmn:sequenceFlow>`,
	} {
		m := read(t, strings.Replace(simple, `<bpmn:sequenceFlow id="f2" sourceRef="u" targetRef="e"/>`, flow, 1))
		f := m.Main().Flow("f2")
		if f.Outcome != "accept" || len(m.Problems) > 0 {
			t.Errorf("%s: outcome %q, problems %v", name, f.Outcome, codes(m.Problems))
		}
		if name == "element" && f.Condition != "a > 1" {
			t.Errorf("condition = %q", f.Condition)
		}
	}
}

func TestForeign(t *testing.T) {
	t.Parallel()
	want := bpmn.Foreign{Assignee: "ann", Groups: "desk", Form: "f", Due: "d"}
	attrs := func(ns string) string {
		return `<bpmn:userTask id="u" xmlns:v="` + ns + `" v:assignee="ann" v:candidateGroups="desk" v:formKey="f" v:dueDate="d"/>`
	}
	for name, task := range map[string]string{
		"camunda":  attrs("http://camunda.org/schema/1.0/bpmn"),
		"flowable": attrs("http://flowable.org/bpmn"),
		"zeebe": `<bpmn:userTask id="u"><bpmn:extensionElements xmlns:z="http://camunda.org/schema/zeebe/1.0">
			<z:assignmentDefinition assignee="=ann" candidateGroups="desk"/><z:formDefinition formKey="f"/><z:taskSchedule dueDate="d"/></bpmn:extensionElements></bpmn:userTask>`,
	} {
		m := read(t, strings.Replace(simple, `<bpmn:userTask id="u"/>`, task, 1))
		want := want
		if name == "zeebe" {
			want.Assignee = "=ann"
		}
		if diff := cmp.Diff(want, m.Main().Node("u").Ext.Foreign); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(simple))
	f.Add([]byte(with(`<cs:task form="a!"/><cs:sla limit="1" unit="day"/>`)))
	f.Add([]byte("\xff\xfe<\x00"))
	f.Add([]byte(`<?xml version="1.0" encoding="GBK"?><a/>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := bpmn.Read(data)
		if err != nil {
			return
		}
		for _, p := range m.Processes {
			p.Unsupported()
			for _, fl := range p.Flows {
				if (fl.From == nil || fl.To == nil) && len(m.Problems) == 0 {
					t.Errorf("flow %q without an end and no problem told", fl.ID)
				}
			}
		}
	})
}
