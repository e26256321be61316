package server_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"chengshu/web"
)

// TestCrossSite: a form of another site does nothing, whatever it sends along.
func TestCrossSite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	v := w.visitor()
	in := v.want(t, 200, "POST", "/api/v1/session", map[string]any{"username": "zbz01", "password": "demo-zbz01"})
	cookie := "chengshu_session=" + in.text("token")
	before := count(t, w, "SELECT count(*) FROM journal")
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"},
	} {
		headers = append(headers, "Cookie", cookie)
		for _, path := range []string{"/api/v1/records/urban.case", "/api/v1/session", "/api/v1/files", "/api/v1/records/urban.case:bulk"} {
			got := v.want(t, 403, "POST", path, w.reportData("x"), headers...)
			if got.text("code") != "request.cross-site" {
				t.Errorf("%v %s: %s", headers, path, got.raw)
			}
		}
		page := v.do(t, "POST", "/report", "detail=x", append(headers, "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html")...)
		if page.StatusCode != 403 || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%v: the page says %d %s", headers, page.StatusCode, page.raw)
		}
	}
	if n := count(t, w, "SELECT count(*) FROM journal"); n != before {
		t.Errorf("%d acts from another site", n-before)
	}
	v.want(t, 201, "POST", "/api/v1/records/urban.case", w.reportData("x"), "Sec-Fetch-Site", "same-origin", "Cookie", cookie)
}

// TestRateLimit: one address that sends too much is told to wait, others are not.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	v := w.visitor()
	refused := 0
	for range 500 {
		r := v.request(t, "GET", "/livez", nil)
		r.RemoteAddr = "192.0.2.1:99"
		if got := v.send(t, r); got.StatusCode == http.StatusTooManyRequests {
			got.mustBeProblem(t)
			if n, err := strconv.Atoi(got.Header.Get("Retry-After")); err != nil || n < 1 {
				t.Fatalf("Retry-After %q", got.Header.Get("Retry-After"))
			}
			refused++
		}
	}
	if refused != 100 {
		t.Errorf("%d of 500 refused, want 100", refused)
	}
	v.want(t, 204, "GET", "/livez", nil)
	w.clock.Advance(1e9)
	r := v.request(t, "GET", "/livez", nil)
	r.RemoteAddr = "192.0.2.1:99"
	if got := v.send(t, r); got.StatusCode != 204 {
		t.Errorf("after a second: %d", got.StatusCode)
	}
}

// mustBeGuarded checks the headers every answer carries.
func mustBeGuarded(t *testing.T, a *answer) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Security-Policy": web.Policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s %s: %s is %q", a.Request.Method, a.Request.URL, name, got)
		}
	}
	if a.Header.Get("Server") != "" || a.Header.Get("X-Powered-By") != "" {
		t.Errorf("tells its make: %v", a.Header)
	}
}
