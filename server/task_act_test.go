package server_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// TestBatch: of three tasks one was taken by another; the others are done, that one is told, and the same request again
// changes nothing.
func TestBatch(t *testing.T) {
	t.Parallel()
	eachWorks(t, func(t *testing.T, w *world, _ fstest.MapFS) {
		clerk, other := w.as(t, "cl01"), w.as(t, "cl02")
		var tasks []map[string]any
		var ids []string
		for i := range 3 {
			ids = append(ids, clerk.build(t, fmt.Sprintf("%d 号桥", i)))
			tasks = append(tasks, map[string]any{"id": clerk.worksTask(t, ids[i])["id"]})
		}
		other.want(t, 200, "POST", fmt.Sprintf("/api/v1/tasks/%s/commands/claim", tasks[1]["id"]), map[string]any{})
		tasks = append(tasks, map[string]any{"id": "nothing"})
		body := map[string]any{"command": "complete", "tasks": tasks}
		got := clerk.want(t, 200, "POST", "/api/v1/tasks:act", body, "Idempotency-Key", "k")
		if s := fmt.Sprint(got.body["done"], got.body["refused"], " ", member(got.body, "items", "done"), " ", member(got.body, "items", "number")); s !=
			"2 2 true false true false W0001 W0002 W0003 <nil>" {
			t.Errorf("got %s: %s", s, got.raw)
		}
		faults := got.items(t)
		if f, _ := faults[1]["fault"].(map[string]any); f["code"] != "task.taken" || !strings.Contains(fmt.Sprint(f["detail"]), "经办员乙") {
			t.Errorf("the task that was taken: %v", faults[1])
		}
		if f, _ := faults[3]["fault"].(map[string]any); f["code"] != "task.unknown" || faults[0]["fault"] != nil {
			t.Errorf("the task nobody knows: %v", faults)
		}
		again := clerk.want(t, 200, "POST", "/api/v1/tasks:act", body, "Idempotency-Key", "k")
		if string(again.raw) != string(got.raw) || again.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("another answer: %s", again.raw)
		}
		clerk.want(t, 422, "POST", "/api/v1/tasks:act", map[string]any{"command": "claim", "tasks": tasks}, "Idempotency-Key", "k")
		for i, want := range []string{"ask", "handle", "ask"} {
			flow := clerk.want(t, 200, "GET", "/api/v1/records/works.case/"+ids[i]+"/flow", nil)
			if at := member(flow.body, "active", ""); at != want {
				t.Errorf("case %d is at %s, want %s", i, at, want)
			}
		}

		// A stranger is told nothing of the records.
		strange := w.as(t, "ot01").want(t, 200, "POST", "/api/v1/tasks:act", map[string]any{"command": "claim", "tasks": tasks})
		if strings.Contains(string(strange.raw), "W000") || strings.Contains(string(strange.raw), "号桥") || strange.body["done"] != 0.0 {
			t.Errorf("a stranger gets %s", strange.raw)
		}
		// A command on the process of each task, with the right over its record.
		urged := w.as(t, "ch01").want(t, 200, "POST", "/api/v1/tasks:act", map[string]any{"command": "urge", "reason": "请抓紧", "tasks": tasks[1:2]})
		if urged.body["done"] != 1.0 {
			t.Errorf("urged %s", urged.raw)
		}
		w.answers(t) // of the first case: its check closes the record, which is where a revision matters
		checker := w.as(t, "ck01")
		late := map[string]any{"id": checker.worksTask(t, ids[0])["id"], "rev": 99}
		stale := checker.want(t, 200, "POST", "/api/v1/tasks:act", map[string]any{"command": "complete", "tasks": []any{late}})
		if f, _ := stale.items(t)[0]["fault"].(map[string]any); stale.body["refused"] != 1.0 || f["code"] != "record.stale" {
			t.Errorf("another revision: %s", stale.raw)
		}
		many := make([]map[string]any, 201)
		for i := range many {
			many[i] = map[string]any{"id": "x"}
		}
		w.visitor().want(t, 401, "POST", "/api/v1/tasks:act", body)
		for _, bad := range []any{map[string]any{"command": "claim", "tasks": many}, map[string]any{"command": "claim"}, map[string]any{"command": "claim", "tasks": "x"}} {
			clerk.want(t, 400, "POST", "/api/v1/tasks:act", bad)
		}
	})
}

// TestTaskCommandsOffered: what is offered with a task follows from who asks, and of whom the task is.
func TestTaskCommandsOffered(t *testing.T) {
	t.Parallel()
	w, _ := packWorld(t, "", works)
	clerk := w.as(t, "cl01")
	id := clerk.build(t, "南桥")
	offered := func(who string) string {
		t.Helper()
		task := w.as(t, who).want(t, 200, "GET", "/api/v1/records/works.case/"+id+"/tasks", nil).items(t)[0]
		return fmt.Sprintf("%s choose %v", member(task, "commands", ""), task["choose"])
	}
	for _, tt := range []struct{ who, want string }{
		{"cl01", "claim complete choose false"}, {"kp01", "claim complete choose true"}, {"ck01", " choose false"}, {"ch01", "urge supervise choose false"},
	} {
		if got := offered(tt.who); got != tt.want {
			t.Errorf("unclaimed, %s: %q, want %q", tt.who, got, tt.want)
		}
	}
	clerk.want(t, 200, "POST", fmt.Sprintf("/api/v1/tasks/%s/commands/claim", clerk.worksTask(t, id)["id"]), map[string]any{})
	for _, tt := range []struct{ who, want string }{
		{"cl01", "complete release transfer delegate consult copy extend choose false"},
		{"cl02", " choose false"},
		{"ch01", "pause resume urge supervise choose false"},
	} {
		if got := offered(tt.who); got != tt.want {
			t.Errorf("claimed, %s: %q, want %q", tt.who, got, tt.want)
		}
	}
}

// TestExtendAndAppeal: whoever has the task sees its clocks and the matter's, asks for more time on one of them by name,
// and appeals against the card of one.
func TestExtendAndAppeal(t *testing.T) {
	t.Parallel()
	eachWorks(t, func(t *testing.T, w *world, _ fstest.MapFS) {
		clerk, chief := w.as(t, "cl01"), w.as(t, "ch01")
		boss := chief.want(t, 200, "GET", "/api/v1/me", nil).body["person"].(map[string]any)["id"]
		id := clerk.build(t, "南桥")
		task := clerk.worksTask(t, id)
		if task["clocks"] != nil {
			t.Errorf("clocks before anything could be extended: %v", task)
		}
		path := fmt.Sprintf("/api/v1/tasks/%s/commands/", task["id"])
		clerk.want(t, 200, "POST", path+"claim", map[string]any{})
		clocks := func() string {
			t.Helper()
			list, _ := clerk.worksTask(t, id)["clocks"].([]any)
			out := ""
			for _, x := range list {
				c := x.(map[string]any)
				out += fmt.Sprint(c["name"], " ", c["label"], " ", c["level"], " ", c["card"], " ", c["due"], ";")
			}
			return out
		}
		if got, want := clocks(), "law 法定时限 green false 2026-03-22T09:00:00+08:00;handle 办理 green false 2026-03-02T13:00:00+08:00;"; got != want {
			t.Errorf("clocks %s, want %s", got, want)
		}
		if strings.Contains(member(clerk.worksTask(t, id), "commands", ""), "appeal") {
			t.Error("an appeal without a card is offered")
		}
		ask := map[string]any{"sla": "handle", "limit": "2 hour", "reason": "材料在途", "to": []any{boss}}
		clerk.want(t, 409, "POST", path+"extend", map[string]any{"sla": "nothing", "limit": "2 hour", "reason": "x", "to": []any{boss}})
		clerk.want(t, 200, "POST", path+"extend", ask)
		side := func(kind string) string {
			t.Helper()
			for _, k := range chief.want(t, 200, "GET", "/api/v1/tasks", nil).items(t) {
				if k["kind"] == kind {
					return fmt.Sprintf("/api/v1/tasks/%s/commands/complete", k["id"])
				}
			}
			t.Fatalf("no task of kind %s", kind)
			return ""
		}
		chief.want(t, 200, "POST", side("extend"), map[string]any{"outcome": "approve"})
		if got := clocks(); !strings.Contains(got, "handle 办理 green false 2026-03-02T15:00:00") || !strings.Contains(got, "law 法定时限 green false 2026-03-22T09:00:00") {
			t.Errorf("extended %s", got)
		}
		clerk.want(t, 409, "POST", path+"appeal", map[string]any{"sla": "handle", "reason": "x", "to": []any{boss}})
		w.clock.Advance(7 * time.Hour)
		w.tick(t)
		clerk, chief = w.as(t, "cl01"), w.as(t, "ch01") // their sessions have ended meanwhile
		if got := clocks(); !strings.Contains(got, "handle 办理 yellow true") || !strings.Contains(got, "law 法定时限 green false") {
			t.Errorf("late %s", got)
		}
		if got := member(clerk.worksTask(t, id), "commands", ""); !strings.Contains(got, "appeal") {
			t.Errorf("no appeal is offered: %s", got)
		}
		clerk.want(t, 409, "POST", path+"appeal", map[string]any{"sla": "law", "reason": "x", "to": []any{boss}})
		clerk.want(t, 200, "POST", path+"appeal", map[string]any{"sla": "handle", "reason": "停电", "to": []any{boss}})
		decide := side("appeal")
		chief.want(t, 400, "POST", decide, map[string]any{"outcome": "approve"})
		chief.want(t, 200, "POST", decide, map[string]any{"outcome": "approve", "reason": "属实"})
	})
}

// tick fires the timers that are due.
func (w *world) tick(t *testing.T) {
	t.Helper()
	for {
		fired, err := w.app.Flow.Tick(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !fired {
			return
		}
	}
}

// TestNextPerson: who may choose gives the following task to one of its lawful candidates; nobody else chooses, and nobody
// else is chosen.
func TestNextPerson(t *testing.T) {
	t.Parallel()
	eachWorks(t, func(t *testing.T, w *world, files fstest.MapFS) {
		// The call stands between the two tasks: who is chosen must follow at once.
		w.redeploy(t, files, `"handle" targetRef="ask"`, `"handle" targetRef="check"`, `"ask" targetRef="check"`, `"check" targetRef="ask"`,
			`"check" targetRef="e"`, `"ask" targetRef="e"`)
		clerk, keeper, checker := w.as(t, "cl01"), w.as(t, "kp01"), w.as(t, "ck02")
		person := func(c *client) any {
			return c.want(t, 200, "GET", "/api/v1/me", nil).body["person"].(map[string]any)["id"]
		}
		id := clerk.build(t, "南桥")
		path := fmt.Sprintf("/api/v1/tasks/%s/commands/complete", clerk.worksTask(t, id)["id"])
		clerk.want(t, 403, "POST", path, map[string]any{"next": person(checker)})
		if got := keeper.want(t, 403, "POST", path, map[string]any{"next": person(clerk)}); got.text("code") != "flow.person" {
			t.Errorf("who is no candidate: %s", got.raw)
		}
		keeper.want(t, 200, "POST", path, map[string]any{"next": person(checker)})
		if got := checker.worksTask(t, id); got["mine"] != true || got["assignee_name"] != "核查员乙" {
			t.Errorf("the next task %v", got)
		}
		if got := len(w.as(t, "ck01").want(t, 200, "GET", "/api/v1/tasks", nil).items(t)); got != 0 {
			t.Errorf("another checker has %d tasks", got)
		}
		if got := checker.want(t, 403, "POST", fmt.Sprintf("/api/v1/tasks/%s/commands/complete", checker.worksTask(t, id)["id"]), map[string]any{"next": person(clerk)}); got.text("code") != "policy.denied" {
			t.Errorf("choosing without the right: %s", got.raw)
		}
	})
}

// TestBatchRace: two people complete the same tasks at the same moment, in opposite order. Each task is completed once, and
// each of the two is told of every task whether it was he.
func TestBatchRace(t *testing.T) {
	t.Parallel()
	eachWorks(t, func(t *testing.T, w *world, _ fstest.MapFS) {
		people := []*client{w.as(t, "cl01"), w.as(t, "cl02")}
		const n = 8
		for round := range 3 {
			bodies := []map[string]any{{"command": "complete"}, {"command": "complete"}}
			there, back := make([]any, n), make([]any, n)
			for i := range n {
				id := people[0].build(t, fmt.Sprintf("%d 号桥", i))
				there[i] = map[string]any{"id": people[0].worksTask(t, id)["id"]}
				back[n-1-i] = there[i]
			}
			bodies[0]["tasks"], bodies[1]["tasks"] = there, back
			got := parallel(2, func(i int) *answer {
				return people[i].do(t, "POST", "/api/v1/tasks:act", bodies[i], "Idempotency-Key", fmt.Sprint(round))
			})
			sum := 0.0
			for _, a := range got {
				if a.StatusCode != 200 {
					t.Fatalf("got %d %s", a.StatusCode, a.raw)
				}
				done, _ := a.body["done"].(float64)
				refused, _ := a.body["refused"].(float64)
				if done+refused != n || strings.Count(string(a.raw), `"task.taken"`) != int(refused) {
					t.Errorf("got %s", a.raw)
				}
				sum += done
			}
			if sum != n {
				t.Errorf("%v of %d completed: %s %s", sum, n, got[0].raw, got[1].raw)
			}
		}
	})
}
