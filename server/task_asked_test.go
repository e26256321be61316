package server_test

import (
	"testing"
	"testing/fstest"
	"time"
)

// TestAsked: whoever has to give an opinion, more time or a decision about a card reads who asks, why and for what.
func TestAsked(t *testing.T) {
	t.Parallel()
	eachWorks(t, func(t *testing.T, w *world, _ fstest.MapFS) {
		clerk, chief := w.as(t, "cl01"), w.as(t, "ch01")
		to := chief.want(t, 200, "GET", "/api/v1/me", nil).body["person"].(map[string]any)["id"]
		id := clerk.build(t, "北桥")
		clerk.want(t, 200, "POST", "/api/v1/tasks/"+clerk.worksTask(t, id)["id"].(string)+"/commands/claim", map[string]any{})
		task := clerk.worksTask(t, id)
		if task["asked"] != nil {
			t.Errorf("a step asks %v", task["asked"])
		}
		path := "/api/v1/tasks/" + task["id"].(string) + "/commands/"
		w.clock.Advance(5 * time.Hour) // past the limit of the step: a card
		for more := true; more; {
			var err error
			if more, err = w.app.Flow.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		clerk, chief = w.as(t, "cl01"), w.as(t, "ch01") // the sessions were over before the limit
		for _, c := range []struct {
			command string
			body    map[string]any
			want    map[string]any
		}{
			{"consult", map[string]any{}, map[string]any{}},
			{"extend", map[string]any{"limit": "2 hour", "sla": "handle", "basis": "§42"}, map[string]any{"limit": "2 hour", "basis": "§42", "clock": "办理"}},
			{"appeal", map[string]any{"sla": "handle"}, map[string]any{"level": "yellow", "clock": "办理"}},
		} {
			c.body["to"], c.body["reason"] = []any{to}, "请看"+c.command
			clerk.want(t, 200, "POST", path+c.command, c.body)
			c.want["by_name"], c.want["reason"] = "经办员甲", "请看"+c.command
			var got map[string]any
			for _, side := range chief.want(t, 200, "GET", "/api/v1/records/works.case/"+id+"/tasks", nil).items(t) {
				if side["kind"] == c.command && side["state"] == "open" {
					got, _ = side["asked"].(map[string]any)
				}
			}
			if len(got) != len(c.want) {
				t.Errorf("%s asks %v, want %v", c.command, got, c.want)
			}
			for name, v := range c.want {
				if got[name] != v {
					t.Errorf("%s: %s is %v, want %v", c.command, name, got[name], v)
				}
			}
		}
	})
}
