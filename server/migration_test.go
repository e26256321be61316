package server_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// TestMigration: an administrator sees both versions, what would happen by step, and takes the cases over page by page;
// those that cannot go stay and are named, every one that goes has an entry in the journal.
func TestMigration(t *testing.T) {
	t.Parallel()
	eachWorks(t, func(t *testing.T, w *world, files fstest.MapFS) {
		clerk, admin := w.as(t, "cl01"), w.as(t, "sys01")
		var ids []string
		for i := range 5 {
			ids = append(ids, clerk.build(t, fmt.Sprintf("%d 号桥", i)))
		}
		for _, id := range ids[3:] { // two stand at the step that gets another id
			clerk.handle(t, id)
			w.answers(t)
		}
		w.redeploy(t, files, `id="check" name="核查"`, `id="review" name="复核"`, `Ref="check"`, `Ref="review"`)
		shown := func(c *client) map[string]any {
			t.Helper()
			for _, p := range c.want(t, 200, "GET", "/api/v1/processes", nil).items(t) {
				if p["key"] == "works.case" {
					return p
				}
			}
			return nil
		}
		if p := shown(admin); p["migrate"] != true || member(p, "versions", "version") != "2 1" || member(p, "versions", "running") != "0 5" {
			t.Errorf("the administrator sees %v", p)
		}
		if p := shown(clerk); p["migrate"] != false || member(p, "versions", "version") != "1" {
			t.Errorf("the clerk sees %v", p)
		}
		if p := shown(w.as(t, "ot01")); p != nil {
			t.Errorf("a stranger sees %v", p)
		}
		path := "/api/v1/processes/works.case/migration"
		body := map[string]any{"from": 1, "to": 2}
		for _, suffix := range []string{":plan", ""} {
			w.visitor().want(t, 401, "POST", path+suffix, body)
			w.as(t, "ot01").want(t, 404, "POST", path+suffix, body)
			w.as(t, "ch01").want(t, 403, "POST", path+suffix, body)
			admin.want(t, 404, "POST", path+suffix, map[string]any{"from": 1, "to": 7, "reason": "x"})
			admin.want(t, 400, "POST", path+suffix, map[string]any{"from": 1, "to": 1, "reason": "x"})
			admin.want(t, 400, "POST", path+suffix, map[string]any{"from": 1, "to": 2, "reason": "x", "map": map[string]any{"nothing": "review"}})
		}

		plan := admin.want(t, 200, "POST", path+":plan", body)
		if s := fmt.Sprint(plan.body["instances"], " ", plan.body["ready"], " ", member(plan.body, "nodes", "label"), " ", member(plan.body, "nodes", "to"), " ",
			member(plan.body, "targets", "node")); s != "5 3 核查 办理  handle handle ask review e" {
			t.Errorf("plan %s", s)
		}
		blocked, _ := plan.body["nodes"].([]any)[0].(map[string]any)
		if member(blocked, "blocks", "count") != "2" || !strings.Contains(member(blocked, "blocks", "label"), "没有与 核查 对应的步骤") {
			t.Errorf("blocked %v", blocked)
		}
		if !strings.Contains(plan.text("xml_to"), "复核") || strings.Contains(plan.text("xml_from"), "复核") {
			t.Error("the models are not those of the versions")
		}

		if got := admin.want(t, 400, "POST", path, body); got.text("code") != "flow.reason" {
			t.Errorf("without a reason: %s", got.raw)
		}
		admin.want(t, 400, "POST", path, map[string]any{"from": 1, "to": 2, "reason": "x", "limit": 101})
		all, done, refused := map[string]any{"from": 1, "to": 2, "reason": "新规定", "limit": 2}, 0, ""
		for pages := 0; ; pages++ {
			got := admin.want(t, 200, "POST", path, all, "Idempotency-Key", fmt.Sprint("page-", pages))
			again := admin.want(t, 200, "POST", path, all, "Idempotency-Key", fmt.Sprint("page-", pages))
			if string(got.raw) != string(again.raw) {
				t.Errorf("another answer: %s", again.raw)
			}
			done += int(got.body["done"].(float64))
			refused += member(got.body, "refused", "number") + member(got.body, "refused", "label")
			if all["after"] = got.text("next"); all["after"] == "" {
				if pages != 2 {
					t.Errorf("%d pages", pages+1)
				}
				break
			}
		}
		if done != 3 || !strings.Contains(refused, "W0004") || !strings.Contains(refused, "W0005") || !strings.Contains(refused, "没有与 核查 对应的步骤") {
			t.Errorf("done %d, refused %s", done, refused)
		}
		if n := count(t, w, "SELECT count(*) FROM journal WHERE action = 'flow.migrate' AND reason = '新规定'"); n != 3 {
			t.Errorf("%d entries", n)
		}

		// One case by itself, with its step mapped.
		one := "/api/v1/records/works.case/" + ids[4] + "/process"
		process := admin.want(t, 200, "GET", one, nil)
		if process.body["version"] != 1.0 || process.body["latest"] != 2.0 || !strings.Contains(member(process.body, "commands", ""), "migrate") {
			t.Errorf("process %s", process.raw)
		}
		if got := admin.want(t, 409, "POST", one+"/migrate", map[string]any{"version": 2, "reason": "x"}); !strings.Contains(got.text("detail"), "核查") {
			t.Errorf("refused: %s", got.raw)
		}
		admin.want(t, 400, "POST", one+"/migrate", map[string]any{"version": 2, "map": map[string]any{"check": "review"}})
		moved := admin.want(t, 200, "POST", one+"/migrate", map[string]any{"version": 2, "reason": "新规定", "map": map[string]any{"check": "review"}})
		if moved.body["version"] != 2.0 || member(moved.body, "tokens", "label") != "复核" || strings.Contains(member(moved.body, "commands", ""), "migrate") {
			t.Errorf("moved %s", moved.raw)
		}
		rest := admin.want(t, 200, "POST", path, map[string]any{"from": 1, "to": 2, "reason": "新规定", "map": map[string]any{"check": "review"}})
		if rest.body["done"] != 1.0 || rest.text("next") != "" {
			t.Errorf("the rest: %s", rest.raw)
		}
		for _, id := range ids[3:] {
			w.as(t, "ck01").handle(t, id)
			if got := clerk.want(t, 200, "GET", "/api/v1/records/works.case/"+id, nil).text("state"); got != "closed" {
				t.Errorf("state %s", got)
			}
		}
	})
}

// TestWarden: an administrator of some records of a type acts on those; of the others he learns that they are there and
// nothing more.
func TestWarden(t *testing.T) {
	t.Parallel()
	w, files := packWorld(t, "", works)
	clerk, warden := w.as(t, "cl01"), w.as(t, "wd01")
	own := w.stuck(t, clerk, "南桥")
	other := w.stuck(t, clerk, "北桥")
	admin := w.as(t, "sys01").want(t, 200, "GET", "/api/v1/incidents", nil).items(t)
	if got := warden.want(t, 200, "GET", "/api/v1/incidents", nil); member(got.body, "items", "number") != "W0001" {
		t.Errorf("sees %s", got.raw)
	}
	reason := map[string]any{"reason": "不需要"}
	warden.want(t, 404, "POST", fmt.Sprintf("/api/v1/incidents/%s/commands/skip", admin[1]["id"]), reason)
	warden.want(t, 404, "GET", "/api/v1/records/works.case/"+other+"/process", nil)
	warden.want(t, 404, "POST", "/api/v1/records/works.case/"+other+"/process/suspend", reason)
	warden.want(t, 200, "POST", fmt.Sprintf("/api/v1/incidents/%s/commands/skip", admin[0]["id"]), reason)
	if got := warden.want(t, 200, "GET", "/api/v1/records/works.case/"+own+"/process", nil); member(got.body, "tokens", "node") != "check" {
		t.Errorf("after the incident %s", got.raw)
	}
	w.redeploy(t, files, `name="核查"`, `name="复核"`)
	got := warden.want(t, 200, "POST", "/api/v1/processes/works.case/migration", map[string]any{"from": 1, "to": 2, "reason": "新规定"})
	if s := fmt.Sprint(got.body["done"], member(got.body, "refused", "code"), member(got.body, "refused", "record"), member(got.body, "refused", "number")); s !=
		"1policy.denied<nil>" || strings.Contains(string(got.raw), other) {
		t.Errorf("got %s: %s", s, got.raw)
	}
}
