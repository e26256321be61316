package server_test

import (
	"strings"
	"testing"
	"testing/fstest"
)

// stamping is the works with a command as a step of the process: it stamps the record with what the person has just
// written, and refuses to do so twice.
var stamping = strings.NewReplacer(
	`name: {type: text, max: 40, required: true}`, `name: {type: text, max: 40, required: true}
  seal: {type: text, max: 80, set: system}
  why: {type: text, max: 80, set: system}
commands:
  stamp:
    when: seal = null
    reason: true
    input:
      by: {type: text, max: 20, required: true}
    set: {seal: 'input.by + ":" + name + ":" + state', why: '"stamped"'}`,
	`  name: 名称
field.works.note`, `  name: 名称
  seal: 印记
  why: 备注
  by: 加盖人
command.works.case:
  stamp: 加盖
field.works.note`,
	`<cs:task candidates='[role("works.clerk"), role("works.keeper")]' state="handling"/>`,
	`<cs:task candidates='[role("works.clerk"), role("works.keeper")]' state="handling" form="name"/>`,
	`<cs:service kind="call" name="https://tax.example/debt" data="{name: name}" result="tax"/>`,
	`<cs:service kind="command" name="stamp" data='{by: "流程"}'/>`,
	`<serviceTask id="ask" name="查询欠缴"><extensionElements>`, `<serviceTask id="ask" name="加盖"><extensionElements><cs:task state="checking"/>`,
).Replace(works)

// TestCommandOfProcess: a process does a command on its record, which sees what the step before has written; what the
// command refuses is an error of the process, and the person's act is kept.
func TestCommandOfProcess(t *testing.T) {
	t.Parallel()
	eachPack(t, stamping, func(t *testing.T, w *world, files fstest.MapFS) {
		t.Helper()
		clerk, checker := w.as(t, "cl01"), w.as(t, "ck01")
		handle := func(name string) string {
			made := clerk.want(t, 201, "POST", "/api/v1/records/works.case", map[string]any{"name": name})
			path := "/api/v1/records/works.case/" + made.text("id")
			task := clerk.want(t, 200, "GET", path+"/tasks", nil).items(t)[0]["id"].(string)
			clerk.want(t, 200, "POST", "/api/v1/tasks/"+task+"/commands/complete", map[string]any{"data": map[string]any{"name": "北桥"}, "rev": made.body["rev"], "reason": "齐备"})
			return path
		}
		path := handle("南桥")
		got := checker.want(t, 200, "GET", path, nil)
		if got.body["seal"] != "流程:北桥:checking" || got.text("state") != "checking" {
			t.Fatalf("got %s", got.raw)
		}
		if n := len(clerk.want(t, 200, "GET", path+"/history", nil).items(t)); n < 3 {
			t.Errorf("%d revisions, want the making, the step and the command", n)
		}
		w.redeploy(t, files, `name="stamp" data='{by: "流程"}'/>`, `name="stamp" data='{by: "流程"}'/><cs:service kind="command" name="stamp" data='{by: "流程"}'/>`)
		path = handle("南桥")
		state := w.as(t, "ch01").want(t, 200, "GET", path+"/process", nil)
		stuck := state.body["incidents"].([]any)
		if len(stuck) != 1 || !strings.Contains(stuck[0].(map[string]any)["text"].(string), "command.state") || !strings.Contains(stuck[0].(map[string]any)["detail"].(string), "状态") {
			t.Fatalf("stuck at %s", state.raw)
		}
		if got := w.as(t, "ch01").want(t, 200, "GET", path, nil); got.body["name"] != "北桥" || got.body["seal"] != "流程:北桥:checking" {
			t.Errorf("kept %s", got.raw)
		}
	})
}
