package server_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// benefit is a pack that grants an allowance by a table: from 60 years on, up to an income.
const benefit = `-- aid/pack.yaml --
pack: aid
version: 1.0.0
needs: [county]
-- aid/roles.yaml --
roles:
  clerk: {grade: 3}
  viewer: {grade: 2}
  other: {grade: 3}
grants:
  - {role: aid.clerk, on: aid.claim, do: [read, create, history]}
  - {role: aid.viewer, on: aid.claim, do: [read]}
-- aid/locale/zh-CN.yaml --
field.aid.claim:
  years: 年龄
  income: 月收入
-- aid/records/claim.yaml --
record: aid.claim
number: "A{serial:4}"
title: "{number}"
flow: claim
states: [granted, refused, asking]
fields:
  years: {type: integer}
  income: {type: integer, grade: 3}
  likely: {type: computed, as: boolean, compute: 'decide("aid.allowance", "津贴", {年龄: years, 收入: income})'}
-- aid/decisions/allowance.yaml --
version: "2026"
valid_from: 2026-01-01
law: true
of: aid.claim
inputs: {年龄: years, 收入: income}
roles: [aid.viewer]
-- aid/flows/claim.bpmn --
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:cs="urn:chengshu:bpmn" id="d" targetNamespace="t"><process id="aid.claim" isExecutable="true">
<startEvent id="s"/><businessRuleTask id="r" name="核定"><extensionElements><cs:service kind="decision" name="aid.allowance/津贴" result="a"/></extensionElements></businessRuleTask>
<exclusiveGateway id="g" default="f5"/>
<userTask id="ask" name="补充"><extensionElements><cs:task candidates='role("aid.clerk")' state="asking" form="years,income"/></extensionElements></userTask>
<endEvent id="yes"><extensionElements><cs:task state="granted"/></extensionElements></endEvent>
<endEvent id="no"><extensionElements><cs:task state="refused"/></extensionElements></endEvent>
<sequenceFlow id="f1" sourceRef="s" targetRef="r"/><sequenceFlow id="f2" sourceRef="r" targetRef="g"/>
<sequenceFlow id="f3" sourceRef="g" targetRef="yes"><conditionExpression>vars.a.verdict = "yes"</conditionExpression></sequenceFlow>
<sequenceFlow id="f4" sourceRef="g" targetRef="no"><conditionExpression>vars.a.verdict = "no"</conditionExpression></sequenceFlow>
<sequenceFlow id="f5" sourceRef="g" targetRef="ask"/><sequenceFlow id="f6" sourceRef="ask" targetRef="r"/></process></definitions>
-- aid/demo/people.yaml --
people:
  - {username: aid01, name: 经办员甲, role: aid.clerk, org: /county/mzj/, area: /}
  - {username: aid02, name: 查阅员甲, role: aid.viewer, org: /county/mzj/, area: /}
  - {username: aid03, name: 旁人甲, role: aid.other, org: /county/mzj/, area: /}
-- aid/decisions/allowance.dmn --
<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="d" name="津贴核定" namespace="urn:aid">
<inputData id="a" name="年龄"><variable name="年龄" typeRef="number"/></inputData>
<inputData id="i" name="收入"><variable name="收入" typeRef="number"/></inputData>
<decision id="g" name="津贴"><variable name="津贴" typeRef="boolean"/>
<informationRequirement id="q1"><requiredInput href="#a"/></informationRequirement><informationRequirement id="q2"><requiredInput href="#i"/></informationRequirement>
<decisionTable id="t" hitPolicy="UNIQUE">
<input id="t1"><inputExpression id="x1"><text>年龄</text></inputExpression></input><input id="t2"><inputExpression id="x2"><text>收入</text></inputExpression></input>
<output id="o" typeRef="boolean"/><annotation name="依据"/>
<rule id="r1"><inputEntry id="e1"><text>&lt; 60</text></inputEntry><inputEntry id="e2"><text>-</text></inputEntry><outputEntry id="e3"><text>false</text></outputEntry><annotationEntry><text>第一条</text></annotationEntry></rule>
<rule id="r2"><inputEntry id="e4"><text>&gt;= 60</text></inputEntry><inputEntry id="e5"><text>&lt;= 777</text></inputEntry><outputEntry id="e6"><text>true</text></outputEntry><annotationEntry><text>第二条</text></annotationEntry></rule>
<rule id="r3"><inputEntry id="e7"><text>&gt;= 60</text></inputEntry><inputEntry id="e8"><text>&gt; 777</text></inputEntry><outputEntry id="e9"><text>false</text></outputEntry><annotationEntry><text>第三条</text></annotationEntry></rule>
</decisionTable></decision></definitions>
`

// amount is the income of the tests as a number of its own: ids and digests may hold its digits by chance.
var amount = regexp.MustCompile(`\b654\b`)

// TestDecisionsOfRecord: a decision in a process routes it, is told with its reasons, masked, and leaves no personal value
// in the journal.
func TestDecisionsOfRecord(t *testing.T) {
	t.Parallel()
	eachPack(t, benefit, func(t *testing.T, w *world, _ fstest.MapFS) {
		t.Helper()
		clerk, viewer, other := w.as(t, "aid01"), w.as(t, "aid02"), w.as(t, "aid03")
		made := clerk.want(t, 201, "POST", "/api/v1/records/aid.claim", map[string]any{"years": 66})
		if made.text("state") != "asking" || made.body["likely"] != nil {
			t.Fatalf("got %s", made.raw)
		}
		record := "/api/v1/records/aid.claim/" + made.text("id")
		first := clerk.want(t, 200, "GET", record+"/decisions", nil).items(t)[0]
		if got := fmt.Sprintf("%v %v %v %v", first["verdict"], first["verdict_label"], first["missing"], first["text"]); got != "incomplete 待补充 [map[label:月收入 name:收入]] 津贴：待补充（缺：月收入）" {
			t.Errorf("got %s", got)
		}
		w.clock.Advance(time.Minute)
		task := clerk.want(t, 200, "GET", "/api/v1/tasks", nil).items(t)[0]["id"].(string)
		clerk.want(t, 200, "POST", "/api/v1/tasks/"+task+"/commands/complete", map[string]any{"data": map[string]any{"income": 654}})
		if got := clerk.want(t, 200, "GET", record, nil); got.text("state") != "granted" || got.body["likely"] != true {
			t.Errorf("got %s", got.raw)
		}
		items := clerk.want(t, 200, "GET", record+"/decisions", nil).items(t)
		last := items[len(items)-1]
		if got := fmt.Sprintf("%d %v %v %v %v %v", len(items), last["verdict"], last["value"], last["version"], last["rules"], last["node_label"]); got != "2 yes true 2026 [map[basis:[第二条] row:2 table:津贴]] 核定" {
			t.Errorf("got %s", got)
		}
		if last["trace"] == nil || !amount.MatchString(fmt.Sprint(last["inputs"])) {
			t.Errorf("the clerk, cleared for it, is not told the income: %v", last)
		}
		seen := viewer.want(t, 200, "GET", record+"/decisions", nil)
		if amount.MatchString(string(seen.raw)) || !strings.Contains(string(seen.raw), "第二条") || !strings.Contains(string(seen.raw), `"masked":true`) {
			t.Errorf("below the clearance: %s", seen.raw)
		}
		other.want(t, 404, "GET", record+"/decisions", nil)
		story := clerk.want(t, 200, "GET", record+"/timeline", nil)
		if !strings.Contains(string(story.raw), "依据：第二条") || !strings.Contains(string(story.raw), "规则判定") {
			t.Errorf("got %s", story.raw)
		}
		entries := string(clerk.want(t, 200, "GET", "/api/v1/journal?subject=aid.claim/"+made.text("id"), nil).raw)
		if amount.MatchString(entries) || !strings.Contains(entries, `"收入":"sm3:`) || !strings.Contains(entries, "第二条") {
			t.Errorf("the journal says %s", entries)
		}
	})
}

// TestCalculator: who may use a decision may try it; nothing is written.
func TestCalculator(t *testing.T) {
	t.Parallel()
	w, _ := packWorld(t, "", benefit)
	viewer, clerk := documentOf(t, w.as(t, "aid02")), w.as(t, "aid01")
	path := "/api/v1/decisions/aid.allowance/" + url.PathEscape("津贴") + ":evaluate"
	in := func(more ...any) map[string]any {
		inputs := map[string]any{}
		for i := 0; i+1 < len(more); i += 2 {
			inputs[more[i].(string)] = more[i+1]
		}
		return map[string]any{"inputs": inputs}
	}
	list := viewer.want(t, 200, "GET", "/api/v1/decisions", nil).items(t)
	if len(list) != 1 || !strings.Contains(fmt.Sprint(list[0]), "月收入") {
		t.Errorf("got %v", list)
	}
	if got := clerk.want(t, 200, "GET", "/api/v1/decisions", nil).items(t); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	got := viewer.want(t, 200, "POST", path, in("年龄", 61, "收入", "777"))
	if fmt.Sprintf("%v %v %v", got.body["verdict"], got.body["value"], got.body["version"]) != "yes true 2026" {
		t.Errorf("got %s", got.raw)
	}
	got = viewer.want(t, 200, "POST", path, in("年龄", 61))
	if fmt.Sprintf("%v %v %v", got.body["verdict"], got.body["value"], got.body["missing"]) != "incomplete <nil> [map[label:月收入 name:收入]]" {
		t.Errorf("got %s", got.raw)
	}
	early := in("年龄", 61)
	early["date"] = "2025-12-31"
	viewer.want(t, 404, "POST", path, early)
	viewer.want(t, 400, "POST", path, in("年岁", 61))
	viewer.want(t, 404, "POST", strings.TrimSuffix(path, ":evaluate"), in())
	viewer.want(t, 404, "POST", "/api/v1/decisions/aid.allowance/x:evaluate", in())
	clerk.want(t, 403, "POST", path, in("年龄", 61))
	w.visitor().want(t, 403, "POST", path, in("年龄", 61))
	viewer.say(t, true, "POST", "/api/v1/decisions/aid.allowance/g:evaluate", in("年龄", 61))
	viewer.say(t, false, "POST", "/api/v1/decisions/aid.allowance/g:evaluate", in("年岁", 61))
}
