package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"chengshu/app"
	"chengshu/kernel/identity"
)

// TestSessions: sign-in, the list of one's sessions, killing one, signing out (ASVS 7.2.4, 7.4.1, 7.5.2).
func TestSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	one, two := w.as(t, "slr01"), w.as(t, "slr01")
	if one.token == two.token {
		t.Fatal("two sessions with one token")
	}
	list := one.want(t, 200, "GET", "/api/v1/sessions", nil).items(t)
	if len(list) != 2 {
		t.Fatalf("sessions %v", list)
	}
	var other string
	for _, s := range list {
		if s["current"] != true {
			other = s["id"].(string)
		}
		if s["ip"] == "" || s["created"] == "" {
			t.Errorf("a session without place or time: %v", s)
		}
	}
	stranger := w.as(t, "zbz01")
	stranger.want(t, 404, "DELETE", "/api/v1/sessions/"+other, nil)
	one.want(t, 404, "DELETE", "/api/v1/sessions/nothing", nil)
	two.want(t, 200, "GET", "/api/v1/me", nil)
	one.want(t, 204, "DELETE", "/api/v1/sessions/"+other, nil)
	two.want(t, 401, "GET", "/api/v1/me", nil)
	one.want(t, 200, "GET", "/api/v1/me", nil)
	out := one.want(t, 204, "DELETE", "/api/v1/session", nil)
	if !strings.Contains(out.Header.Get("Set-Cookie"), "Max-Age=0") || !strings.Contains(out.Header.Get("Clear-Site-Data"), "storage") {
		t.Errorf("after signing out %v", out.Header)
	}
	one.want(t, 401, "GET", "/api/v1/me", nil)
	one.want(t, 401, "POST", "/api/v1/records/urban.case", w.reportData("x"))
	for _, path := range []string{"/api/v1/me", "/api/v1/sessions", "/api/v1/tasks", "/api/v1/inbox", "/api/v1/people", "/api/v1/orgs", "/api/v1/events", "/api/v1/journal"} {
		w.visitor().want(t, 401, "GET", path, nil)
		(&client{w, "forged"}).want(t, 401, "GET", path, nil)
	}
}

// TestMenu: an entry stands only where it leads somewhere for this person: to records, numbers, processes or decisions that
// may be seen.
func TestMenu(t *testing.T) {
	t.Parallel()
	w := worldOf(t, "", []string{"county", "urban", "cloud"})
	for user, entries := range map[string]map[string]bool{
		"slr01": {
			"urban.cases": true, "county.cards": true, "urban.evaluation": true, "urban.processes": true, "county.evaluation": true, // it counts cards, which the acceptor may read
			"county.incidents": false, "county.processes": false, "cloud.decisions": false,
		},
		"zbz01": {"urban.processes": true, "county.incidents": true, "county.processes": false}, // supervises
		"sys01": {"urban.cases": false, "urban.processes": false, "county.incidents": true, "county.processes": true, "cloud.decisions": false},
		"yun01": {"cloud.decisions": true, "county.incidents": false}, // may use the decision
		"yun05": {"cloud.decisions": false, "county.evaluation": false},
	} {
		menu := map[string]bool{}
		for _, m := range w.as(t, user).want(t, 200, "GET", "/api/v1/me", nil).body["menu"].([]any) {
			menu[m.(map[string]any)["id"].(string)] = true
		}
		for id, want := range entries {
			if menu[id] != want {
				t.Errorf("%s has %s: %t, want %t", user, id, menu[id], want)
			}
		}
	}
}

// TestCookie: the browser's session is HttpOnly and SameSite, works without the header, and a dead one makes a visitor.
func TestCookie(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	v := w.visitor()
	in := v.want(t, 200, "POST", "/api/v1/session", map[string]any{"username": "slr01", "password": "demo-slr01"})
	cookie := in.Header.Get("Set-Cookie")
	for _, part := range []string{"chengshu_session=" + in.text("token"), "HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("no %s in %s", part, cookie)
		}
	}
	sent := "chengshu_session=" + in.text("token")
	me := v.want(t, 200, "GET", "/api/v1/me", nil, "Cookie", sent)
	if person := me.body["person"].(map[string]any); person["name"] != "受理员甲" {
		t.Errorf("I am %v", person)
	}
	v.want(t, 204, "DELETE", "/api/v1/session", nil, "Cookie", sent)
	v.want(t, 401, "GET", "/api/v1/me", nil, "Cookie", sent)
	v.want(t, 200, "GET", "/api/v1/types", nil, "Cookie", sent)
	v.want(t, 401, "GET", "/api/v1/types", nil, "Authorization", "Bearer "+in.text("token"))
}

// TestSignInTells nothing: a wrong password and an account that is not there are one answer, and too many tries are refused.
func TestSignInTells(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	v := w.visitor()
	wrong := v.want(t, 401, "POST", "/api/v1/session", map[string]any{"username": "slr01", "password": "wrong"})
	none := v.want(t, 401, "POST", "/api/v1/session", map[string]any{"username": "nobody", "password": "wrong"})
	if wrong.text("code") != none.text("code") || wrong.text("detail") != none.text("detail") {
		t.Errorf("%s and %s", wrong.raw, none.raw)
	}
	throttled := false
	for range 30 {
		got := v.do(t, "POST", "/api/v1/session", map[string]any{"username": "slr01", "password": "wrong"})
		if got.StatusCode == http.StatusTooManyRequests {
			got.mustBeProblem(t)
			if got.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			throttled = true
			break
		}
	}
	if !throttled {
		t.Error("thirty wrong passwords went unpunished")
	}
	v.want(t, 400, "POST", "/api/v1/session", `{"username": 1}`)
	v.want(t, 401, "POST", "/api/v1/session", "")
}

// TestSessionEnds by idleness, by the absolute limit, and for a post that is not held.
func TestSessionEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	c := w.as(t, "slr01")
	c.want(t, 403, "GET", "/api/v1/me", nil, "X-Post", "nothing")
	c.want(t, 403, "PUT", "/api/v1/session", map[string]any{"post": "nothing"})
	me := c.want(t, 200, "GET", "/api/v1/me", nil)
	c.want(t, 200, "PUT", "/api/v1/session", map[string]any{"post": me.text("post")})
	w.clock.Advance(24 * time.Hour)
	got := c.want(t, 401, "GET", "/api/v1/me", nil)
	if got.text("code") != "session.ended" {
		t.Errorf("%s", got.raw)
	}
}

// TestFirstPassword: a new administrator may do nothing but change the random first password (ASVS 6.3.2, 6.4.1).
func TestFirstPassword(t *testing.T) {
	t.Parallel()
	a, err := app.New(t.Context(), app.Config{Dir: t.TempDir(), Cheap: true, Only: []string{"county"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	w := &world{app: a}
	made, err := a.Bootstrap(t.Context(), identity.System("test"))
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range made {
		in := w.visitor().want(t, 200, "POST", "/api/v1/session", map[string]any{"username": one.Username, "password": one.Password})
		if in.body["must_change"] != true {
			t.Fatalf("%s need not change the password: %s", one.Username, in.raw)
		}
		c := &client{w, in.text("token")}
		for _, path := range []string{"/api/v1/me", "/api/v1/types", "/api/v1/journal"} {
			if got := c.want(t, 403, "GET", path, nil); got.text("code") != "password.must-change" {
				t.Errorf("%s: %s", path, got.raw)
			}
		}
		c.want(t, 403, "POST", "/api/v1/password", map[string]any{"old": "wrong", "new": "a new long one 7"})
		c.want(t, 400, "POST", "/api/v1/password", map[string]any{"old": one.Password, "new": "short"})
		c.want(t, 204, "POST", "/api/v1/password", map[string]any{"old": one.Password, "new": "a new long one 7"})
		c.want(t, 200, "GET", "/api/v1/me", nil)
		w.visitor().want(t, 401, "POST", "/api/v1/session", map[string]any{"username": one.Username, "password": one.Password})
		c.want(t, 204, "DELETE", "/api/v1/session", nil)
	}
}
