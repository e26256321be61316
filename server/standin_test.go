package server_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"chengshu/base/clock"
)

// TestStandIn: a colleague on leave appoints a deputy, who finds the waiting work, does it in the other's post, is named
// together with the other in the timeline, and may no longer the moment the stand-in is ended.
func TestStandIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	ann, bob, eve := w.as(t, "slr01"), w.as(t, "zbz01"), w.as(t, "pqy01")
	id := func(c *client) string {
		return c.want(t, 200, "GET", "/api/v1/me", nil).body["person"].(map[string]any)["id"].(string)
	}
	today := w.clock.Now().In(clock.Shanghai)
	first, last := today.Format(time.DateOnly), today.AddDate(0, 0, 2).Format(time.DateOnly)
	report := w.report(t, "路灯不亮")
	body := map[string]any{"deputy": id(bob), "first": first, "last": last, "reason": "年休假"}
	w.visitor().want(t, 401, "POST", "/api/v1/standins", body)
	w.visitor().want(t, 401, "GET", "/api/v1/standins", nil)
	eve.want(t, 403, "POST", "/api/v1/standins", map[string]any{"person": id(ann), "deputy": id(eve), "first": first, "last": last, "reason": "x"})
	ann.want(t, 400, "POST", "/api/v1/standins", map[string]any{"deputy": id(ann), "first": first, "last": last, "reason": "x"})
	made := ann.want(t, 201, "POST", "/api/v1/standins", body, "Idempotency-Key", "leave")
	if again := ann.want(t, 201, "POST", "/api/v1/standins", body, "Idempotency-Key", "leave"); again.text("id") != made.text("id") {
		t.Errorf("the same key made another stand-in")
	}
	ann.want(t, 409, "POST", "/api/v1/standins", body)
	if list := bob.want(t, 200, "GET", "/api/v1/inbox", nil).items(t); len(list) == 0 || !strings.Contains(list[0]["text"].(string), first) {
		t.Errorf("the deputy was told %v", list)
	}
	seen := bob.want(t, 200, "GET", "/api/v1/standins", nil).items(t)
	if len(seen) != 1 || seen[0]["side"] != "deputy" || seen[0]["state"] != "now" || seen[0]["waiting"].(float64) < 1 {
		t.Fatalf("the deputy sees %v", seen)
	}
	if list := eve.want(t, 200, "GET", "/api/v1/standins", nil).items(t); len(list) != 0 {
		t.Errorf("a stranger sees %v", list)
	}
	eve.want(t, 403, "GET", "/api/v1/standins?person="+url.QueryEscape(id(ann)), nil)

	var post string
	for _, p := range bob.want(t, 200, "GET", "/api/v1/me", nil).body["posts"].([]any) {
		if m := p.(map[string]any); m["for"] == id(ann) {
			post = m["id"].(string)
			if m["for_name"] != "受理员甲" || !strings.Contains(m["name"].(string), "受理员甲") {
				t.Errorf("the post reads %v", m)
			}
		}
	}
	eve.want(t, 403, "PUT", "/api/v1/session", map[string]any{"post": post})
	me := bob.want(t, 200, "PUT", "/api/v1/session", map[string]any{"post": post})
	if me.text("post") != post || me.body["person"].(map[string]any)["id"] != id(bob) {
		t.Fatalf("acting as %v", me.body)
	}
	var task, record string
	for _, k := range bob.want(t, 200, "GET", "/api/v1/tasks?limit=50", nil).items(t) {
		if k["record"] == report {
			task, record = k["id"].(string), k["type"].(string)+"/"+k["record"].(string)
		}
	}
	bob.want(t, 200, "POST", "/api/v1/tasks/"+task+"/commands/claim", map[string]any{})
	if k := ann.want(t, 200, "GET", "/api/v1/tasks?scope=mine", nil).items(t); len(k) == 0 || k[0]["assignee"] != id(ann) {
		t.Errorf("what the deputy took is not ann's: %v", k)
	}
	bob.want(t, 200, "POST", "/api/v1/tasks/"+task+"/commands/release", map[string]any{})
	named := false
	for _, e := range ann.want(t, 200, "GET", "/api/v1/records/"+record+"/timeline", nil).items(t) {
		named = named || strings.Contains(e["by_name"].(string), "受理员甲") && strings.Contains(e["by_name"].(string), "值班长")
	}
	if !named {
		t.Errorf("the timeline does not name both: %v", ann.want(t, 200, "GET", "/api/v1/records/"+record+"/timeline", nil).items(t))
	}
	eve.want(t, 404, "DELETE", "/api/v1/standins/"+made.text("id"), nil)
	ann.want(t, 204, "DELETE", "/api/v1/standins/"+made.text("id"), nil)
	bob.want(t, 403, "POST", "/api/v1/tasks/"+task+"/commands/claim", map[string]any{})
	bob.want(t, 403, "PUT", "/api/v1/session", map[string]any{"post": post})
	ann.want(t, 404, "DELETE", "/api/v1/standins/"+made.text("id"), nil)
}
