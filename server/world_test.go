package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"chengshu/app"
	"chengshu/app/scenario"
	"chengshu/base/clock"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/identity"
)

// world is the real app with the demo people of its packs, reached over HTTP.
type world struct {
	app    *app.App
	clock  *clock.Fake
	places *scenario.World
}

// addresses gives every request another caller address, so that the rate limit, whose clock stands still here, is met
// only by the test that means to.
var addresses atomic.Uint32 //nolint:gochecknoglobals // a counter of the test binary

// newWorld makes a world of the two packs these tests are about.
func newWorld(t *testing.T, url string) *world {
	t.Helper()
	return worldOf(t, url, []string{"county", "urban"})
}

// worldOf makes a world of the named packs, or of all for nil.
func worldOf(t *testing.T, url string, packs []string) *world {
	t.Helper()
	fake := clock.NewFake(time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai))
	a, err := app.New(t.Context(), app.Config{Dir: t.TempDir(), Database: url, Clock: fake, Cheap: true, Only: packs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	w, err := scenario.NewWorld(t.Context(), a, fake)
	if err != nil {
		t.Fatal(err)
	}
	return &world{app: a, clock: fake, places: w}
}

// eachWorld runs a test on SQLite and on PostgreSQL.
func eachWorld(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); fn(t, newWorld(t, "")) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); fn(t, newWorld(t, storetest.PostgreSQLURL(t))) })
}

// client is one caller; an empty token is a visitor.
type client struct {
	w     *world
	token string
}

// answer is what the server said.
type answer struct {
	*http.Response
	raw  []byte
	body map[string]any
}

// as signs a demo person in with the password.
func (w *world) as(t *testing.T, username string) *client {
	t.Helper()
	got := w.visitor().do(t, "POST", "/api/v1/session", map[string]any{"username": username, "password": "demo-" + username})
	if got.StatusCode != http.StatusOK {
		t.Fatalf("sign in %s: %d %s", username, got.StatusCode, got.raw)
	}
	return &client{w, got.body["token"].(string)}
}

func (w *world) visitor() *client { return &client{w: w} }

// do sends a request. body is nil, a string as it is, or anything to be encoded as JSON; headers are name, value pairs.
func (c *client) do(t *testing.T, method, path string, body any, headers ...string) *answer {
	t.Helper()
	return c.send(t, c.request(t, method, path, body, headers...))
}

func (c *client) request(t *testing.T, method, path string, body any, headers ...string) *http.Request {
	t.Helper()
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		in = bytes.NewReader(text)
	}
	r := httptest.NewRequestWithContext(t.Context(), method, path, in)
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	n := addresses.Add(1)
	r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1000", n>>16&0xff, n>>8&0xff, n&0xff)
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func (c *client) send(t *testing.T, r *http.Request) *answer {
	t.Helper()
	rec := httptest.NewRecorder()
	c.w.app.Handler().ServeHTTP(rec, r)
	out := &answer{Response: rec.Result(), raw: rec.Body.Bytes()}
	if strings.Contains(out.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(out.raw, &out.body); err != nil {
			t.Fatalf("%s %s: %v in %s", r.Method, r.URL, err, out.raw)
		}
	}
	return out
}

// want sends a request and fails the test where the status is another.
func (c *client) want(t *testing.T, status int, method, path string, body any, headers ...string) *answer {
	t.Helper()
	got := c.do(t, method, path, body, headers...)
	if got.StatusCode != status {
		t.Fatalf("%s %s: got %d %s, want %d", method, path, got.StatusCode, got.raw, status)
	}
	if status >= 400 {
		got.mustBeProblem(t)
	}
	return got
}

func (a *answer) text(name string) string {
	s, _ := a.body[name].(string)
	return s
}

func (a *answer) items(t *testing.T) []map[string]any {
	t.Helper()
	list, ok := a.body["items"].([]any)
	if !ok {
		t.Fatalf("no items in %s", a.raw)
	}
	out := make([]map[string]any, 0, len(list))
	for _, x := range list {
		out = append(out, x.(map[string]any))
	}
	return out
}

// mustBeProblem holds an answer to RFC 9457 with our members and Chinese words that are no bare key.
func (a *answer) mustBeProblem(t *testing.T) {
	t.Helper()
	if got := a.Header.Get("Content-Type"); got != "application/problem+json; charset=utf-8" {
		t.Fatalf("content type %q of status %d: %s", got, a.StatusCode, a.raw)
	}
	if a.body["status"] != float64(a.StatusCode) {
		t.Errorf("status member %v of an answer with %d", a.body["status"], a.StatusCode)
	}
	code := a.text("code")
	if code == "" || a.text("type") != "urn:chengshu:problem:"+code || len(a.text("trace")) != 32 {
		t.Errorf("incomplete problem %s", a.raw)
	}
	mustBeWords(t, a.text("title"), a.raw)
	mustBeWords(t, a.text("detail"), a.raw)
	list, _ := a.body["errors"].([]any)
	for _, x := range list {
		detail, _ := x.(map[string]any)["detail"].(string)
		mustBeWords(t, detail, a.raw)
	}
}

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`) //nolint:gochecknoglobals // never changed

func mustBeWords(t *testing.T, s string, raw []byte) {
	t.Helper()
	han := strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	if !han || strings.Contains(s, "<nil>") || placeholder.MatchString(s) {
		t.Errorf("no words: %q in %s", s, raw)
	}
}

// report makes a case as a visitor and gives its id as the acceptor sees it.
func (w *world) report(t *testing.T, detail string) string {
	t.Helper()
	got := w.visitor().want(t, http.StatusCreated, "POST", "/api/v1/records/urban.case", w.reportData(detail))
	return got.text("id")
}

func (w *world) reportData(detail string) map[string]any {
	lon, lat := w.places.Point(1)
	return map[string]any{
		"detail": detail, "category": "E0102", "reporter": "演示群众", "phone": "13900000000",
		"place": map[string]any{"lon": lon, "lat": lat, "address": "演示街12号"},
	}
}

// task gives the caller's open task on a record.
func (c *client) task(t *testing.T, id string) map[string]any {
	t.Helper()
	got := c.want(t, http.StatusOK, "GET", "/api/v1/records/urban.case/"+id+"/actions", nil)
	list, _ := got.body["tasks"].([]any)
	if len(list) == 0 {
		t.Fatalf("no task on %s: %s", id, got.raw)
	}
	return list[0].(map[string]any)
}

// upload sends a file and gives the answer.
func (c *client) upload(t *testing.T, path, name string, content []byte) *answer {
	t.Helper()
	return c.send(t, c.uploadRequest(t, path, name, content))
}

func (c *client) uploadRequest(t *testing.T, path, name string, content []byte) *http.Request {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	part, err := m.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return c.request(t, "POST", path, b.String(), "Content-Type", m.FormDataContentType())
}

// colleague makes a second person with the same post as another and signs them in.
func (w *world) colleague(t *testing.T, username, name, like string) *client {
	t.Helper()
	posts, _ := w.as(t, like).want(t, 200, "GET", "/api/v1/me", nil).body["posts"].([]any)
	view := posts[0].(map[string]any)
	post := identity.Post{Org: view["org"].(string), Area: view["area"].(string)}
	for _, role := range view["roles"].([]any) {
		post.Roles = append(post.Roles, role.(string))
	}
	err := w.app.DB.Write(t.Context(), func(tx *store.Tx) error {
		return w.app.Identity.Seed(t.Context(), tx, identity.System("test"), func(s *identity.Seed) error {
			id, err := s.EnsurePerson(t.Context(), identity.NewPerson{Username: username, Name: name, Password: "demo-" + username})
			if err != nil {
				return err
			}
			_, err = s.EnsurePost(t.Context(), identity.Post{Person: id, Org: post.Org, Area: post.Area, Roles: post.Roles})
			return err
		})
	})
	if err == nil {
		err = w.app.Identity.Refresh(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return w.as(t, username)
}
