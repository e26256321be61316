package server_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// TestProcessOfRecord: who watches over a case sees its process and what he may do with it, and nothing more; who has no
// right is refused, who does not see the record is told there is none.
func TestProcessOfRecord(t *testing.T) {
	t.Parallel()
	w, _ := packWorld(t, "", works)
	clerk := w.as(t, "cl01")
	id := clerk.build(t, "南桥")
	path := "/api/v1/records/works.case/" + id + "/process"
	for _, tt := range []struct{ who, commands string }{
		{"cl01", "urge"}, // he began it
		{"cl02", ""},
		{"ch01", "urge supervise"},
		{"sys01", "urge supervise suspend cancel due jump"},
	} {
		got := w.as(t, tt.who).want(t, 200, "GET", path, nil)
		if commands := member(got.body, "commands", ""); commands != tt.commands {
			t.Errorf("%s: commands %q, want %q", tt.who, commands, tt.commands)
		}
		if strings.Contains(string(got.raw), "南桥") {
			t.Errorf("%s: the process tells what is in the record: %s", tt.who, got.raw)
		}
		if jump := strings.Contains(tt.commands, "jump"); (got.body["targets"] != nil) != jump || (got.body["tokens"] != nil) != jump {
			t.Errorf("%s: %s", tt.who, got.raw)
		}
	}
	got := w.as(t, "sys01").want(t, 200, "GET", path, nil)
	if s := fmt.Sprintf("%v %v %v %v %v; %s; %s; %s; %s", got.body["label"], got.body["version"], got.body["latest"], got.body["state"], got.body["state_label"],
		member(got.body, "clocks", "label"), member(got.body, "clocks", "level"), member(got.body, "targets", "label"), member(got.body, "tokens", "label")); s !=
		"工程 1 1 running 办理中; 法定时限 办理; green green; 办理 查询欠缴 核查 e; 办理" {
		t.Errorf("got %s", s)
	}

	body := map[string]any{"reason": "请抓紧"}
	w.visitor().want(t, 401, "GET", path, nil)
	w.visitor().want(t, 401, "POST", path+"/urge", body)
	w.as(t, "ot01").want(t, 404, "GET", path, nil)
	w.as(t, "ot01").want(t, 404, "POST", path+"/urge", body)
	for _, tt := range []struct {
		who, command string
		status       int
	}{
		{"cl02", "urge", 403},
		{"cl02", "supervise", 403},
		{"ch01", "suspend", 403},
		{"ch01", "jump", 403},
		{"ch01", "due", 403},
		{"ch01", "cancel", 403},
		{"ch01", "migrate", 403},
		{"sys01", "retry", 400}, // goes by the incident
		{"sys01", "nothing", 400},
		{"sys01", "activate", 409},
		{"sys01", "migrate", 404}, // no such version
	} {
		w.as(t, tt.who).want(t, tt.status, "POST", path+"/"+tt.command, map[string]any{"reason": "请抓紧", "target": "check", "limit": "9 hour", "version": 7})
	}
	w.as(t, "sys01").want(t, 404, "GET", path+"?instance=nothing", nil)
	note := clerk.want(t, 201, "POST", "/api/v1/records/works.note", map[string]any{"name": "x"}).text("id")
	if got := clerk.want(t, 404, "GET", "/api/v1/records/works.note/"+note+"/process", nil); got.text("code") != "flow.none" {
		t.Errorf("a record without a process: %s", got.raw)
	}
}

// TestSupervise: a supervisor without a task orders an answer; each who has the work gets a side task and answers it; the
// case goes on undisturbed.
func TestSupervise(t *testing.T) {
	t.Parallel()
	eachWorks(t, func(t *testing.T, w *world, _ fstest.MapFS) {
		clerk, chief := w.as(t, "cl01"), w.as(t, "ch01")
		id := clerk.build(t, "南桥")
		path := "/api/v1/records/works.case/" + id + "/process/"
		chief.want(t, 400, "POST", path+"supervise", map[string]any{})
		first := chief.want(t, 200, "POST", path+"supervise", map[string]any{"reason": "三日内答复"}, "Idempotency-Key", "k")
		again := chief.want(t, 200, "POST", path+"supervise", map[string]any{"reason": "三日内答复"}, "Idempotency-Key", "k")
		if string(first.raw) != string(again.raw) {
			t.Errorf("another answer: %s", again.raw)
		}
		chief.want(t, 200, "POST", path+"urge", map[string]any{"reason": "请抓紧"})
		sides := []string{}
		for _, task := range clerk.want(t, 200, "GET", "/api/v1/records/works.case/"+id+"/tasks", nil).items(t) {
			if task["kind"] == "supervise" {
				sides = append(sides, task["id"].(string))
			}
		}
		if len(sides) != 1 {
			t.Fatalf("side tasks %v", sides)
		}
		answer := "/api/v1/tasks/" + sides[0] + "/commands/complete"
		w.as(t, "ch01").want(t, 403, "POST", answer, map[string]any{"reason": "x"})
		clerk.want(t, 400, "POST", answer, map[string]any{})
		clerk.want(t, 200, "POST", answer, map[string]any{"reason": "明日完成"})
		if state := clerk.want(t, 200, "GET", "/api/v1/records/works.case/"+id, nil).text("state"); state != "handling" {
			t.Errorf("state %s", state)
		}
		clerk.handle(t, id)
	})
}

// TestAdminister: an administrator who may not read the record makes its process rest, moves it, gives it more time and
// ends it.
func TestAdminister(t *testing.T) {
	t.Parallel()
	eachWorks(t, func(t *testing.T, w *world, _ fstest.MapFS) {
		clerk, admin := w.as(t, "cl01"), w.as(t, "sys01")
		id := clerk.build(t, "南桥")
		path := "/api/v1/records/works.case/" + id + "/process"
		admin.want(t, 404, "GET", "/api/v1/records/works.case/"+id, nil)
		admin.want(t, 400, "POST", path+"/suspend", map[string]any{})
		got := admin.want(t, 200, "POST", path+"/suspend", map[string]any{"reason": "核对"})
		if s := fmt.Sprint(got.body["state_label"], " ", member(got.body, "commands", "")); s != "已挂起 urge activate cancel" {
			t.Errorf("suspended: %s", s)
		}
		task := clerk.want(t, 200, "GET", "/api/v1/records/works.case/"+id+"/tasks", nil).items(t)[0]["id"].(string)
		clerk.want(t, 409, "POST", "/api/v1/tasks/"+task+"/commands/complete", map[string]any{})
		admin.want(t, 200, "POST", path+"/activate", map[string]any{})

		due := func() string {
			clocks, _ := admin.want(t, 200, "GET", path, nil).body["clocks"].([]any)
			out := ""
			for _, c := range clocks {
				out += fmt.Sprint(c.(map[string]any)["name"], " ", c.(map[string]any)["due"], " ")
			}
			return out
		}
		before := due()
		admin.want(t, 200, "POST", path+"/due", map[string]any{"reason": "按新规定", "sla": "handle", "limit": "9 hour"})
		if after := due(); strings.Contains(after, "handle 2026-03-02T13") || !strings.Contains(after, "handle 2026-03-02T18") ||
			strings.Split(after, "handle")[0] != strings.Split(before, "handle")[0] {
			t.Errorf("dues %s, before %s", after, before)
		}
		admin.want(t, 409, "POST", path+"/due", map[string]any{"reason": "x", "sla": "nothing", "limit": "9 hour"})

		tokens, _ := got.body["tokens"].([]any)
		if len(tokens) != 0 {
			t.Errorf("a process that rests offers a jump: %s", got.raw)
		}
		jump := map[string]any{"reason": "补录", "target": "check", "token": admin.want(t, 200, "GET", path, nil).body["tokens"].([]any)[0].(map[string]any)["id"]}
		moved := admin.want(t, 200, "POST", path+"/jump", jump)
		if member(moved.body, "tokens", "node") != "check" || clerk.want(t, 200, "GET", "/api/v1/records/works.case/"+id, nil).text("state") != "checking" {
			t.Errorf("after the jump %s", moved.raw)
		}
		admin.want(t, 400, "POST", path+"/jump", map[string]any{"reason": "x", "target": "nothing"})
		ended := admin.want(t, 200, "POST", path+"/cancel", map[string]any{"reason": "重复"})
		if s := fmt.Sprint(ended.body["state"], " ", member(ended.body, "commands", "")); s != "cancelled " {
			t.Errorf("ended: %s", s)
		}
		admin.want(t, 409, "POST", path+"/cancel", map[string]any{"reason": "x"})
		acts := []string{}
		for _, e := range clerk.want(t, 200, "GET", "/api/v1/journal?subject=works.case/"+id, nil).items(t) {
			acts = append(acts, fmt.Sprint(e["action"], ":", e["reason"]))
		}
		for _, want := range []string{"flow.suspend:核对", "flow.activate:", "flow.due:按新规定", "flow.jump:补录", "flow.cancel:重复"} {
			if !strings.Contains(strings.Join(acts, " "), want) {
				t.Errorf("no entry %s in %v", want, acts)
			}
		}
	})
}
