package server_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// stuck makes a case whose call was refused and gives its id.
func (w *world) stuck(t *testing.T, clerk *client, name string) string {
	t.Helper()
	id := clerk.build(t, name)
	clerk.handle(t, id)
	w.refuse(t)
	w.clock.Advance(time.Minute)
	return id
}

// TestIncidentOfNoRecord: a process about no record that is stuck is told to the system administrator, who alone sees and
// mends it.
func TestIncidentOfNoRecord(t *testing.T) {
	t.Parallel()
	nightly := works + `-- works/flows/nightly.bpmn --
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:cs="urn:chengshu:bpmn" id="d" targetNamespace="t"><process id="works.nightly" name="夜间同步" isExecutable="true">
<startEvent id="s"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></startEvent>
<serviceTask id="send" name="报送"><extensionElements><cs:service kind="call" name="https://tax.example/all"/></extensionElements></serviceTask><endEvent id="e"/>
<sequenceFlow id="f1" sourceRef="s" targetRef="send"/><sequenceFlow id="f2" sourceRef="send" targetRef="e"/></process></definitions>
`
	eachPack(t, nightly, func(t *testing.T, w *world, _ fstest.MapFS) {
		t.Helper()
		w.clock.Advance(2 * time.Hour)
		if fired, err := w.app.Flow.Tick(t.Context()); !fired || err != nil {
			t.Fatalf("fired %v, %v", fired, err)
		}
		w.refuse(t)
		admin := w.as(t, "sys01")
		list := admin.want(t, 200, "GET", "/api/v1/incidents", nil).items(t)
		if len(list) != 1 || list[0]["process_label"] != "夜间同步" || list[0]["record"] != "" || list[0]["number"] != nil {
			t.Fatalf("the administrator sees %v", list)
		}
		if n := w.as(t, "ch01").want(t, 200, "GET", "/api/v1/incidents", nil).items(t); len(n) != 0 {
			t.Errorf("who supervises cases sees %v", n)
		}
		one := "/api/v1/incidents/" + list[0]["id"].(string) + "/commands/"
		w.as(t, "ch01").want(t, 404, "POST", one+"skip", map[string]any{"reason": "x"})
		admin.want(t, 200, "POST", one+"retry", map[string]any{"reason": "已修复"})
		w.answers(t)
		if n := admin.want(t, 200, "GET", "/api/v1/incidents", nil).items(t); len(n) != 0 {
			t.Errorf("left over %v", n)
		}
	})
}

// TestIncidents: a call that failed for good is seen by those who watch over the case, and decided by those who administer
// it: again, without it, or with an answer in its place; the second decision is told that there was a first.
func TestIncidents(t *testing.T) {
	t.Parallel()
	eachWorks(t, func(t *testing.T, w *world, _ fstest.MapFS) {
		clerk, chief, admin := w.as(t, "cl01"), w.as(t, "ch01"), w.as(t, "sys01")
		var ids []string
		for _, name := range []string{"南桥", "北桥", "东桥"} {
			ids = append(ids, w.stuck(t, clerk, name))
		}
		list := admin.want(t, 200, "GET", "/api/v1/incidents", nil)
		items := list.items(t)
		if member(list.body, "items", "number") != "W0001 W0002 W0003" {
			t.Fatalf("got %s", list.raw)
		}
		first := items[0]
		if s := fmt.Sprint(first["process_label"], " ", first["label"], " ", first["text"], " ", first["call"], " ", first["code"], " ", member(first, "commands", "")); s !=
			"工程 查询欠缴 外部调用多次失败，请选择重试、跳过或代为答复。 true flow.incident.job retry skip resolve" {
			t.Errorf("got %s", s)
		}
		if !strings.Contains(first["detail"].(string), "拒绝了请求（403）") {
			t.Errorf("detail %v", first["detail"])
		}
		if first["title"] != "" || strings.Contains(string(list.raw), "南桥") {
			t.Errorf("who may not read the record is told what is in it: %s", list.raw)
		}
		seen := chief.want(t, 200, "GET", "/api/v1/incidents", nil)
		if member(seen.body, "items", "title") != "南桥 北桥 东桥" || member(seen.items(t)[0], "commands", "") != "" {
			t.Errorf("the supervisor sees %s", seen.raw)
		}
		paged := admin.want(t, 200, "GET", "/api/v1/incidents?limit=2", nil)
		rest := admin.want(t, 200, "GET", "/api/v1/incidents?limit=2&cursor="+paged.text("next"), nil)
		if len(paged.items(t)) != 2 || member(rest.body, "items", "number") != "W0003" || rest.text("next") != "" {
			t.Errorf("pages %s and %s", paged.raw, rest.raw)
		}
		for query, n := range map[string]int{"?type=works.case": 3, "?process=works.case": 3, "?process=county.event": 0, "?type=county.event": 0} {
			if got := len(admin.want(t, 200, "GET", "/api/v1/incidents"+query, nil).items(t)); got != n {
				t.Errorf("%s: %d, want %d", query, got, n)
			}
		}
		process := admin.want(t, 200, "GET", "/api/v1/records/works.case/"+ids[0]+"/process", nil)
		if member(process.body, "incidents", "id") != first["id"] || member(process.body, "tokens", "state") != "failed" {
			t.Errorf("process %s", process.raw)
		}
		if got := clerk.want(t, 200, "GET", "/api/v1/records/works.case/"+ids[0]+"/process", nil); member(got.body, "incidents", "id") != "" {
			t.Errorf("the clerk sees %s", got.raw)
		}

		act := func(i int, command string) string {
			return fmt.Sprintf("/api/v1/incidents/%s/commands/%s", items[i]["id"], command)
		}
		reason := map[string]any{"reason": "已电话核实"}
		w.visitor().want(t, 401, "GET", "/api/v1/incidents", nil)
		w.visitor().want(t, 401, "POST", act(0, "retry"), reason)
		clerk.want(t, 403, "GET", "/api/v1/incidents", nil)
		clerk.want(t, 404, "POST", act(0, "retry"), reason)
		chief.want(t, 403, "POST", act(0, "retry"), reason)
		admin.want(t, 400, "POST", act(0, "retry"), map[string]any{})
		admin.want(t, 400, "POST", act(0, "nothing"), reason)
		admin.want(t, 404, "GET", "/api/v1/incidents?type=nothing", nil)
		admin.want(t, 400, "GET", "/api/v1/incidents?cursor=x", nil)

		done := admin.want(t, 200, "POST", act(0, "retry"), reason, "Idempotency-Key", "k")
		if fmt.Sprint(done.body["record"]) != fmt.Sprintf("map[id:%s type:works.case]", ids[0]) {
			t.Errorf("got %s", done.raw)
		}
		admin.want(t, 200, "POST", act(0, "retry"), reason, "Idempotency-Key", "k")
		w.refuse(t) // it fails again: another incident, and the first stays decided
		if got := admin.want(t, 409, "POST", act(0, "skip"), reason); got.text("code") != "flow.incident.closed" || !strings.Contains(got.text("detail"), "系统管理员甲") {
			t.Errorf("got %s", got.raw)
		}
		if got := member(admin.want(t, 200, "GET", "/api/v1/incidents", nil).body, "items", "number"); got != "W0002 W0003 W0001" {
			t.Errorf("left %s", got)
		}
		admin.want(t, 200, "POST", act(1, "skip"), reason)
		admin.want(t, 200, "POST", act(2, "resolve"), map[string]any{"reason": "已电话核实", "data": map[string]any{"level": "low"}})
		for _, id := range ids[1:] {
			if got := clerk.want(t, 200, "GET", "/api/v1/records/works.case/"+id, nil).text("state"); got != "checking" {
				t.Errorf("state %s", got)
			}
		}
	})
}

// TestIncidentRace: of two who decide an incident at the same moment one does, the other is told.
func TestIncidentRace(t *testing.T) {
	t.Parallel()
	eachWorks(t, func(t *testing.T, w *world, _ fstest.MapFS) {
		clerk := w.as(t, "cl01")
		admins := []*client{w.as(t, "sys01"), w.colleague(t, "sys02", "系统管理员乙", "sys01")}
		for round := range 4 {
			id := w.stuck(t, clerk, fmt.Sprintf("%d 号桥", round))
			incident := admins[0].want(t, 200, "GET", "/api/v1/incidents", nil).items(t)[0]["id"]
			got := parallel(2, func(i int) *answer {
				return admins[i].do(t, "POST", fmt.Sprintf("/api/v1/incidents/%s/commands/skip", incident), map[string]any{"reason": "不需要"})
			})
			if got[0].StatusCode+got[1].StatusCode != 200+409 {
				t.Fatalf("got %d %s and %d %s", got[0].StatusCode, got[0].raw, got[1].StatusCode, got[1].raw)
			}
			for _, a := range got {
				if a.StatusCode == 409 {
					a.mustBeProblem(t)
				}
			}
			if n := count(t, w, "SELECT count(*) FROM journal WHERE subject = ? AND action = 'flow.skip'", "works.case/"+id); n != 1 {
				t.Fatalf("decided %d times", n)
			}
		}
	})
}

// TestIncidentOfError: an error that nobody catches is done again or passed over; there is no answer to give in its place.
func TestIncidentOfError(t *testing.T) {
	t.Parallel()
	w, files := packWorld(t, "", works)
	w.redeploy(t, files, `<process id`, `<error id="er" errorCode="NOFUND"/><process id`,
		`<extensionElements><cs:task state="closed"/></extensionElements></endEvent>`, `<errorEventDefinition errorRef="er"/></endEvent>`)
	clerk, admin := w.as(t, "cl01"), w.as(t, "sys01")
	id := clerk.build(t, "南桥")
	clerk.handle(t, id)
	w.answers(t)
	w.as(t, "ck01").handle(t, id)
	got := admin.want(t, 200, "GET", "/api/v1/incidents", nil).items(t)[0]
	if s := fmt.Sprint(got["call"], " ", got["text"], " ", member(got, "commands", "")); s != "false 错误 NOFUND 没有节点处理，请选择重试或跳过。 retry skip" {
		t.Errorf("got %s", s)
	}
	path := fmt.Sprintf("/api/v1/incidents/%s/commands/", got["id"])
	admin.want(t, 400, "POST", path+"resolve", map[string]any{"reason": "x", "data": map[string]any{"a": 1}})
	admin.want(t, 200, "POST", path+"retry", map[string]any{"reason": "再试"})
	again := admin.want(t, 200, "GET", "/api/v1/incidents", nil).items(t)[0]
	if again["id"] == got["id"] {
		t.Error("what failed again is the incident that was decided")
	}
	process := "/api/v1/records/works.case/" + id + "/process"
	admin.want(t, 200, "POST", process+"/suspend", map[string]any{"reason": "核对"})
	if rests := admin.want(t, 200, "GET", "/api/v1/incidents", nil).items(t)[0]; member(rests, "commands", "") != "" {
		t.Errorf("a process that rests offers %v", rests["commands"])
	}
	admin.want(t, 200, "POST", process+"/activate", map[string]any{})
	admin.want(t, 200, "POST", fmt.Sprintf("/api/v1/incidents/%s/commands/skip", again["id"]), map[string]any{"reason": "不需要"})
	if state := admin.want(t, 200, "GET", process, nil).text("state"); state != "finished" {
		t.Errorf("state %s", state)
	}
}
