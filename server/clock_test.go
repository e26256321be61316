package server_test

import (
	"net/http"
	"slices"
	"testing"
)

// TestStopClock: who may supervise a case is offered to stop its clock, can, and can let it run again; who may not is
// offered neither and is refused.
func TestStopClock(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		collector, acceptor, chief := w.as(t, "cjy01"), w.as(t, "slr01"), w.as(t, "zbz01")
		id := collector.want(t, http.StatusCreated, "POST", "/api/v1/records/urban.case", map[string]any{
			"detail": "路边垃圾", "category": "E0102", "place": w.reportData("")["place"],
		}).text("id")
		offered := func(c *client) (path string, commands []any) {
			t.Helper()
			task := c.task(t, id)
			commands, _ = task["commands"].([]any)
			return "/api/v1/tasks/" + task["id"].(string) + "/commands/", commands
		}
		stop := map[string]any{"reason": "superior", "limit": "10 day", "notice": "告知书〔2026〕1号(演示)"}
		path, commands := offered(acceptor)
		if slices.Contains(commands, any("pause")) {
			t.Errorf("the acceptor is offered %v", commands)
		}
		acceptor.want(t, http.StatusForbidden, "POST", path+"pause", stop)
		acceptor.want(t, http.StatusOK, "POST", path+"complete", map[string]any{"outcome": "accept", "data": map[string]any{"category": "E0102"}})

		path, _ = offered(chief)
		chief.want(t, http.StatusOK, "POST", path+"claim", map[string]any{})
		if _, commands = offered(chief); !slices.Contains(commands, any("pause")) || !slices.Contains(commands, any("resume")) {
			t.Errorf("the chief is offered %v", commands)
		}
		light := func() any {
			t.Helper()
			l, _ := chief.want(t, http.StatusOK, "GET", "/api/v1/records/urban.case/"+id, nil).body["_light"].(map[string]any)
			return l["color"]
		}
		chief.want(t, http.StatusConflict, "POST", path+"resume", map[string]any{})
		for _, bad := range []map[string]any{
			{"reason": "待省厅答复", "basis": "办法第五条"},                   // not on the list
			{"reason": "hearing", "limit": "10 day", "notice": "n"}, // not for this type
			{"reason": "superior", "limit": "10 day"},
			{"reason": "superior", "limit": "31 day", "notice": "n"},
		} {
			chief.want(t, http.StatusBadRequest, "POST", path+"pause", bad)
		}
		if list, _ := chief.task(t, id)["pauses"].([]any); len(list) != 3 {
			t.Errorf("the chief is offered the reasons %v", list)
		}
		chief.want(t, http.StatusOK, "POST", path+"pause", stop)
		if got := light(); got != "paused" {
			t.Errorf("the light of a stopped clock is %v", got)
		}
		if task := chief.task(t, id); task["light"] != "paused" || task["due"] != nil || task["left"] == nil {
			t.Errorf("the task of a stopped clock shows %v, due %v, left %v", task["light"], task["due"], task["left"])
		}
		chief.want(t, http.StatusOK, "POST", path+"resume", map[string]any{})
		if got := light(); got != "green" {
			t.Errorf("the light of a clock that runs again is %v", got)
		}
	})
}
