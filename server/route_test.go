package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// call is one request of the table below and the status it must get.
type call struct {
	who    string // "" is a visitor
	method string
	path   string
	body   any
	want   int
	header []string
}

// TestRoutes calls every route there is, well and badly, and holds every answer to the headers all carry; whatever is
// refused is a problem with words.
func TestRoutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	id := w.report(t, "路边垃圾")
	acceptor := w.as(t, "slr01")
	clients := map[string]*client{"": w.visitor(), "acceptor": acceptor, "chief": w.as(t, "zbz01"), "auditor": w.as(t, "aud01")}
	file := acceptor.upload(t, "/api/v1/files", "a.png", picture(t)).text("id")
	task := acceptor.task(t, id)["id"].(string)
	number := acceptor.want(t, 200, "GET", "/api/v1/records/urban.case/"+id, nil).text("number")
	session := ""
	for _, s := range w.as(t, "slr01").want(t, 200, "GET", "/api/v1/sessions", nil).items(t) {
		if s["current"] == true {
			session = s["id"].(string)
		}
	}

	hit := map[string]bool{}
	for _, c := range calls(id, file, task, number, session) {
		name := c.who + " " + c.method + " " + c.path
		caller := clients[c.who]
		r := caller.request(t, c.method, c.path, c.body, c.header...)
		got := caller.send(t, r)
		got.Request = r
		if r.Pattern != "" {
			hit[r.Pattern] = true
		}
		if got.StatusCode != c.want {
			t.Errorf("%s: got %d, want %d: %s", name, got.StatusCode, c.want, got.raw)
		}
		mustBeGuarded(t, got)
		if got.StatusCode >= 400 && strings.HasPrefix(c.path, "/api/") {
			got.mustBeProblem(t)
		}
		if got.StatusCode == 200 && strings.HasPrefix(c.path, "/api/") && got.Header.Get("Cache-Control") == "" {
			t.Errorf("%s: says nothing about caching", name)
		}
	}
	for _, p := range w.app.Server.Patterns() {
		if !hit[p] && p != "GET /api/v1/events" { // TestEvents
			t.Errorf("route %s is not tested", p)
		}
	}
}

func calls(id, file, task, number, session string) []call {
	record := "/api/v1/records/urban.case/" + id
	claim := map[string]any{}
	return []call{
		{"", "GET", "/livez", nil, 204, nil},
		{"", "GET", "/readyz", nil, 204, nil},
		{"", "POST", "/api/v1/session", map[string]any{"username": "slr01", "password": "demo-slr01"}, 200, nil},
		{"", "POST", "/api/v1/session", "[]", 400, nil},
		{"", "PUT", "/api/v1/session", claim, 401, nil},
		{"", "DELETE", "/api/v1/session", nil, 204, nil},
		{"", "POST", "/api/v1/password", claim, 401, nil},
		{"acceptor", "POST", "/api/v1/password", map[string]any{"old": "x", "new": "y"}, 403, nil},
		{"acceptor", "GET", "/api/v1/me", nil, 200, nil},
		{"acceptor", "PUT", "/api/v1/me/preferences/theme", map[string]any{"value": 1}, 204, nil},
		{"", "PUT", "/api/v1/me/preferences/theme", map[string]any{"value": 1}, 401, nil},
		{"acceptor", "GET", "/api/v1/sessions", nil, 200, nil},
		{"acceptor", "DELETE", "/api/v1/sessions/" + session, nil, 204, nil},
		{"acceptor", "DELETE", "/api/v1/sessions/" + session, nil, 404, nil},
		{"acceptor", "GET", "/api/v1/standins", nil, 200, nil},
		{"acceptor", "POST", "/api/v1/standins", claim, 400, nil},
		{"acceptor", "DELETE", "/api/v1/standins/nothing", nil, 404, nil},
		{"", "GET", "/api/v1/demo/accounts", nil, 404, nil},
		{"", "GET", "/api/v1/locale/zh-CN", nil, 200, nil},
		{"", "GET", "/api/v1/types", nil, 200, nil},
		{"acceptor", "GET", "/api/v1/types/urban.case", nil, 200, nil},
		{"acceptor", "GET", "/api/v1/types/urban.score", nil, 404, nil},
		{"acceptor", "GET", "/api/v1/types/nothing", nil, 404, nil},
		{"", "GET", "/api/v1/codes/urban.category", nil, 200, nil},
		{"", "GET", "/api/v1/codes/nothing", nil, 404, nil},
		{"", "GET", "/api/openapi.json", nil, 200, nil},
		{"acceptor", "GET", "/api/v1/records/urban.case", nil, 200, nil},
		{"acceptor", "GET", "/api/v1/records/nothing", nil, 404, nil},
		{"acceptor", "GET", "/api/v1/records/urban.case:nothing", nil, 404, nil},
		{"acceptor", "POST", "/api/v1/records/urban.case:nothing", nil, 404, nil},
		{"acceptor", "GET", "/api/v1/records/urban.case:aggregate?by=state", nil, 200, nil},
		{"acceptor", "GET", "/api/v1/records/urban.case:aggregate?by=nothing", nil, 400, nil},
		{"acceptor", "GET", "/api/v1/records/urban.case:export", nil, 403, nil},
		{"acceptor", "GET", "/api/v1/records/urban.case:template", nil, 403, nil},
		{"acceptor", "POST", "/api/v1/records/urban.case:bulk", map[string]any{"ids": []string{}}, 400, nil},
		{"acceptor", "POST", "/api/v1/records/urban.case", claim, 400, nil},
		{"acceptor", "POST", "/api/v1/records/urban.duty", claim, 403, nil},
		{"acceptor", "GET", record, nil, 200, nil},
		{"acceptor", "GET", record + "x", nil, 404, nil},
		{"acceptor", "PATCH", record, claim, 403, []string{"If-Match", `"1"`}},
		{"acceptor", "DELETE", record, nil, 403, []string{"If-Match", `"1"`}},
		{"acceptor", "GET", record + "/history", nil, 200, nil},
		{"acceptor", "GET", record + "/timeline", nil, 200, nil},
		{"acceptor", "GET", record + "/tasks", nil, 200, nil},
		{"acceptor", "GET", record + "/actions", nil, 200, nil},
		{"acceptor", "GET", record + "/flow", nil, 200, nil},
		{"acceptor", "GET", record + "/process", nil, 200, nil},
		{"", "GET", record + "/process", nil, 401, nil},
		{"acceptor", "POST", record + "/process/supervise", map[string]any{"reason": "x"}, 403, nil},
		{"acceptor", "POST", record + "/process/nothing", claim, 400, nil},
		{"chief", "GET", "/api/v1/incidents", nil, 200, nil},
		{"acceptor", "GET", "/api/v1/incidents", nil, 403, nil},
		{"chief", "POST", "/api/v1/incidents/nothing/commands/retry", map[string]any{"reason": "x"}, 404, nil},
		{"acceptor", "POST", "/api/v1/tasks:act", map[string]any{"command": "claim", "tasks": []string{}}, 400, nil},
		{"acceptor", "POST", "/api/v1/processes/urban.case/migration:plan", map[string]any{"from": 1, "to": 2}, 403, nil},
		{"acceptor", "POST", "/api/v1/processes/urban.case/migration", map[string]any{"from": 1, "to": 2, "reason": "x"}, 403, nil},
		{"acceptor", "POST", "/api/v1/processes/nothing/migration", map[string]any{"from": 1, "to": 2, "reason": "x"}, 404, nil},
		{"acceptor", "GET", record + "/decisions", nil, 200, nil},
		{"", "GET", record + "/decisions", nil, 404, nil},
		{"", "GET", "/api/v1/decisions", nil, 200, nil},
		{"acceptor", "GET", "/api/v1/processes", nil, 200, nil},
		{"", "GET", "/api/v1/processes", nil, 401, nil},
		{"acceptor", "GET", "/api/v1/processes/urban.case/insight", nil, 200, nil},
		{"acceptor", "GET", "/api/v1/processes/urban.case/insight?version=x", nil, 400, nil},
		{"acceptor", "GET", "/api/v1/processes/urban.case/insight?version=99", nil, 404, nil},
		{"acceptor", "GET", "/api/v1/processes/nothing/insight", nil, 404, nil},
		{"acceptor", "GET", "/api/v1/processes/urban.case/cases?measure=open&node=accept", nil, 200, nil},
		{"acceptor", "GET", "/api/v1/processes/urban.case/cases?measure=nothing", nil, 400, nil},
		{"acceptor", "GET", "/api/v1/decisions?date=x", nil, 400, nil},
		{"acceptor", "POST", "/api/v1/decisions/nothing/x:evaluate", map[string]any{"inputs": claim}, 404, nil},
		{"acceptor", "GET", record + "/duplicates", nil, 200, nil},
		{"acceptor", "GET", record + "/proof", nil, 200, nil},
		{"", "GET", record + "/proof", nil, 404, nil},
		{"acceptor", "GET", record + "/explain?action=delete", nil, 200, nil},
		{"acceptor", "POST", record + "/commands/urge", map[string]any{"reason": "请抓紧"}, 200, nil},
		{"acceptor", "POST", record + "/commands/urge", claim, 400, nil},
		{"acceptor", "POST", record + "/commands/void", map[string]any{"reason": "x"}, 403, nil},
		{"acceptor", "POST", record + "/commands/nothing", claim, 404, nil},
		{"acceptor", "GET", "/api/v1/tasks", nil, 200, nil},
		{"acceptor", "GET", "/api/v1/tasks?state=nothing", nil, 400, nil},
		{"acceptor", "GET", "/api/v1/tasks?scope=nothing", nil, 400, nil},
		{"acceptor", "GET", "/api/v1/tasks?cursor=nothing", nil, 400, nil},
		{"acceptor", "GET", "/api/v1/tasks?limit=9999", nil, 400, nil},
		{"acceptor", "GET", "/api/v1/tasks/" + task + "/return-targets", nil, 200, nil},
		{"acceptor", "POST", "/api/v1/tasks/" + task + "/commands/claim", claim, 200, nil},
		{"acceptor", "POST", "/api/v1/tasks/" + task + "/commands/nothing", claim, 400, nil},
		{"acceptor", "POST", "/api/v1/tasks/nothing/commands/claim", claim, 404, nil},
		{"acceptor", "POST", "/api/v1/files", "x", 400, nil},
		{"acceptor", "GET", "/api/v1/files/" + file, nil, 200, nil},
		{"acceptor", "GET", "/files/" + file, nil, 200, nil},
		{"", "GET", "/api/v1/files/" + file, nil, 404, nil},
		{"acceptor", "GET", "/api/v1/inbox", nil, 200, nil},
		{"acceptor", "POST", "/api/v1/inbox/nothing/read", nil, 404, nil},
		{"acceptor", "POST", "/api/v1/inbox/read-all", nil, 204, nil},
		{"acceptor", "GET", "/api/v1/people?q=%E5%8F%97%E7%90%86", nil, 200, nil},
		{"acceptor", "GET", "/api/v1/orgs", nil, 200, nil},
		{"", "GET", "/api/v1/areas", nil, 200, nil},
		{"", "GET", "/api/v1/map", nil, 200, nil},
		{"", "GET", "/tiles/town/3/6/3.mvt", nil, 200, nil},
		{"", "GET", "/tiles/nothing/3/6/3.mvt", nil, 404, nil},
		{"", "GET", "/tiles/town/3/99/3.mvt", nil, 400, nil},
		{"", "GET", "/tiles/town/x/6/3.mvt", nil, 400, nil},
		{"acceptor", "GET", "/api/v1/indicators", nil, 200, nil},
		{"chief", "GET", "/api/v1/indicators/urban.reported", nil, 200, nil},
		{"chief", "GET", "/api/v1/indicators/urban.reported?from=x", nil, 400, nil},
		{"chief", "GET", "/api/v1/indicators/nothing", nil, 404, nil},
		{"auditor", "GET", "/api/v1/journal", nil, 200, nil},
		{"acceptor", "GET", "/api/v1/journal", nil, 403, nil},
		{"acceptor", "GET", "/api/v1/journal?subject=urban.case/" + id, nil, 200, nil},
		{"auditor", "GET", "/api/v1/journal?cursor=x", nil, 400, nil},
		{"", "GET", "/api/v1/journal/checkpoint", nil, 200, nil},
		{"auditor", "GET", "/api/v1/journal/proof?seq=1", nil, 200, nil},
		{"auditor", "GET", "/api/v1/journal/proof?seq=0", nil, 400, nil},
		{"auditor", "GET", "/api/v1/journal/proof?seq=999999", nil, 404, nil},
		{"acceptor", "GET", "/api/v1/journal/proof?seq=1", nil, 403, nil},
		{"", "GET", "/", nil, 200, nil},
		{"", "GET", "/portal.css", nil, 200, nil},
		{"", "GET", "/report?type=urban.case", nil, 200, nil},
		{"", "GET", "/report?type=nothing", nil, 404, nil},
		{"", "POST", "/report?type=urban.case", "detail=", 400, []string{"Content-Type", "application/x-www-form-urlencoded"}},
		{"", "GET", "/track", nil, 200, nil},
		{"", "GET", "/track?number=" + number, nil, 200, nil},
		{"", "GET", "/track?number=nothing", nil, 404, nil},
		{"", "GET", "/public/urban.case", nil, 401, nil},
		{"", "GET", "/public/urban.case/" + id, nil, 404, nil},
		{"", "GET", "/desk/", nil, 200, nil},
		{"", "GET", "/desk/tasks", nil, 200, nil},
		{"", "GET", "/assets/nothing.js", nil, 404, nil},
		{"", "GET", "/api/v1/nothing", nil, 404, nil},
		{"", "GET", "/api/", nil, 404, nil},
		{"", "PUT", "/api/v1/types", nil, 405, nil},
		{"", "TRACE", "/api/v1/types", nil, 405, nil},
		{"", "GET", "/nothing", nil, 404, []string{"Accept", "text/html"}},
		{"", "GET", "/.git/config", nil, 404, nil},
		{"", "GET", "/metrics", nil, 404, nil},
		{"", "GET", "/debug/pprof/", nil, 404, nil},
	}
}

// TestPaths: a path leads nowhere but to its route.
func TestPaths(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	acceptor := w.as(t, "slr01")
	for _, path := range []string{
		"/api/v1/files/..%2f..%2fkeys%2fsecret", "/api/v1/files/../../keys/secret", "/files/..%2f..%2f..%2fetc%2fpasswd", "/assets/../../go.mod",
		"/assets/..%2f..%2fgo.mod", "/assets/%2e%2e/%2e%2e/go.mod", "/desk/..%2f..%2fgo.mod", "/tiles/..%2f..%2fx/1/1/1", "/api/v1/codes/..%2f..%2fx",
		"/api/v1/types/..%2f..%2f", "/public/..%2f/x", "//etc/passwd", "/api/v1/records/urban.case/..%2f..%2fx", "/api/v1/files/%00", "/api/v1/records/%00",
	} {
		got := acceptor.do(t, http.MethodGet, path, nil)
		if got.StatusCode >= 500 || got.StatusCode < 300 && !strings.HasPrefix(path, "/desk/") {
			t.Errorf("%s: %d %s", path, got.StatusCode, got.raw)
		}
		for _, secret := range []string{"root:", "module chengshu"} {
			if strings.Contains(string(got.raw), secret) {
				t.Errorf("%s gives %s", path, fmt.Sprintf("%.80s", got.raw))
			}
		}
	}
}
