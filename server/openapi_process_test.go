package server_test

import (
	"fmt"
	"testing"
	"time"
)

// TestOpenAPIOfProcesses: what supervisors and administrators do is taken and answered as their documents say.
func TestOpenAPIOfProcesses(t *testing.T) {
	t.Parallel()
	w, files := packWorld(t, "", works)
	clerk, chief, admin := documentOf(t, w.as(t, "cl01")), documentOf(t, w.as(t, "ch01")), documentOf(t, w.as(t, "sys01"))
	id := clerk.build(t, "南桥")
	path := "/api/v1/records/works.case/" + id
	task := clerk.worksTask(t, id)["id"]
	clerk.say(t, true, "POST", "/api/v1/tasks:act", map[string]any{"command": "claim", "tasks": []any{map[string]any{"id": task}, map[string]any{"id": "x"}}})
	clerk.say(t, false, "POST", "/api/v1/tasks:act", map[string]any{"command": "claim", "tasks": []string{"x"}})
	w.clock.Advance(25 * time.Minute)
	clerk.say(t, true, "GET", path+"/tasks", nil)
	clerk.say(t, true, "GET", path+"/process", nil)
	chief.say(t, true, "POST", path+"/process/supervise", map[string]any{"reason": "三日内答复"})
	chief.say(t, true, "POST", path+"/process/suspend", map[string]any{"reason": "x"})
	admin.say(t, true, "GET", path+"/process", nil)
	admin.say(t, true, "POST", path+"/process/due", map[string]any{"reason": "x", "sla": "handle", "limit": "9 hour"})
	admin.say(t, false, "POST", path+"/process/jump", map[string]any{"reason": "x", "token": "1"})
	clerk.say(t, true, "POST", fmt.Sprintf("/api/v1/tasks/%s/commands/complete", task), map[string]any{})
	w.refuse(t)
	list := admin.say(t, true, "GET", "/api/v1/incidents?limit=5&type=works.case", nil)
	admin.say(t, true, "GET", path+"/process", nil)
	incident := fmt.Sprintf("/api/v1/incidents/%s/commands/", list.items(t)[0]["id"])
	chief.say(t, true, "GET", "/api/v1/incidents", nil)
	chief.say(t, true, "POST", incident+"skip", map[string]any{"reason": "x"})
	w.redeploy(t, files, `name="核查"`, `name="复核"`)
	admin.say(t, true, "GET", "/api/v1/processes", nil)
	admin.say(t, true, "POST", "/api/v1/processes/works.case/migration:plan", map[string]any{"from": 1, "to": 2, "map": map[string]any{"check": "check"}})
	admin.say(t, false, "POST", "/api/v1/processes/works.case/migration:plan", map[string]any{"from": "1", "to": 2})
	admin.say(t, true, "POST", "/api/v1/processes/works.case/migration", map[string]any{"from": 1, "to": 2, "map": map[string]any{"check": "x"}, "reason": "x"})
	moved := admin.say(t, true, "POST", "/api/v1/processes/works.case/migration", map[string]any{"from": 1, "to": 2, "reason": "新规定"})
	if moved.body["done"] != 1.0 {
		t.Errorf("got %s", moved.raw)
	}
	admin.say(t, true, "POST", incident+"skip", map[string]any{"reason": "不需要"})
}
