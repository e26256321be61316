package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"chengshu/app"
	"chengshu/base/clock"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/journal"
)

// office drives an app over HTTP in the name of people who signed in with a password, or of visitors.
type office struct {
	t       *testing.T
	a       *app.App
	clock   *clock.Fake
	tokens  map[string]string
	address int
}

// page is what the server said.
type page struct {
	status int
	header http.Header
	body   map[string]any
	raw    []byte
}

// shared reads test data that does not belong to the repository.
func shared(t *testing.T, path string) []byte {
	t.Helper()
	root := os.Getenv("CHENGSHU_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "shared")
	}
	data, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		if os.Getenv("CHENGSHU_CI") == "1" {
			t.Fatalf("required in CI: %v", err)
		}
		t.Skipf("SKIPPED, NOT PASSED: no test data: %v", err)
	}
	return data
}

// seat makes organisations and people with their posts; every password is "pass-" and the username.
func (o *office) seat(orgs []identity.Organisation, people []identity.NewPerson, posts []identity.Post) {
	o.t.Helper()
	ctx := o.t.Context()
	err := o.a.DB.Write(ctx, func(tx *store.Tx) error {
		return o.a.Identity.Seed(ctx, tx, identity.System("test"), func(s *identity.Seed) error {
			for _, org := range orgs {
				if err := s.EnsureOrg(ctx, org); err != nil {
					return err
				}
			}
			for i, p := range people {
				p.Password = "pass-" + p.Username
				id, err := s.EnsurePerson(ctx, p)
				if err != nil {
					return err
				}
				posts[i].Person = id
				if _, err := s.EnsurePost(ctx, posts[i]); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err == nil {
		err = o.a.Identity.Refresh(ctx)
	}
	if err != nil {
		o.t.Fatal(err)
	}
}

// send sends a request in somebody's name; "" is a visitor. Every request has another address: the limit of requests is
// not what is tested.
func (o *office) send(who, method, path, media string, body io.Reader) page {
	o.t.Helper()
	r := httptest.NewRequestWithContext(o.t.Context(), method, path, body)
	o.address++
	r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", o.address>>16&255, o.address>>8&255, o.address&255)
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	if who != "" {
		if o.tokens[who] == "" {
			o.tokens[who] = "-"
			in := o.want(http.StatusOK, "", http.MethodPost, "/api/v1/session", map[string]any{"username": who, "password": "pass-" + who})
			o.tokens[who], _ = in.body["token"].(string)
		}
		r.Header.Set("Authorization", "Bearer "+o.tokens[who])
	}
	w := httptest.NewRecorder()
	o.a.Handler().ServeHTTP(w, r)
	out := page{status: w.Code, header: w.Header(), raw: w.Body.Bytes()}
	if strings.Contains(w.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(out.raw, &out.body); err != nil {
			o.t.Fatalf("%s %s: %v in %s", method, path, err, out.raw)
		}
	}
	return out
}

// call sends JSON.
func (o *office) call(who, method, path string, body any) page {
	o.t.Helper()
	if body == nil {
		return o.send(who, method, path, "", nil)
	}
	text, err := json.Marshal(body)
	if err != nil {
		o.t.Fatal(err)
	}
	return o.send(who, method, path, "application/json", bytes.NewReader(text))
}

// want is call for an answer that must have a status.
func (o *office) want(status int, who, method, path string, body any) page {
	o.t.Helper()
	got := o.call(who, method, path, body)
	if got.status != status {
		o.t.Fatalf("%s: %s %s: got %d %s, want %d", who, method, path, got.status, got.raw, status)
	}
	return got
}

func (o *office) get(who, path string) page {
	o.t.Helper()
	return o.want(http.StatusOK, who, http.MethodGet, path, nil)
}

// items are the objects under a member of an answer.
func (p page) items(member string) []map[string]any {
	list, _ := p.body[member].([]any)
	var out []map[string]any
	for _, x := range list {
		if m, ok := x.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

func casePath(id string) string { return "/api/v1/records/urban.case/" + id }

// find gives the one case with a number as somebody sees it.
func (o *office) find(who, number string) map[string]any {
	o.t.Helper()
	got := o.get(who, "/api/v1/records/urban.case?filter="+url.QueryEscape(fmt.Sprintf("number = %q", number))).items("items")
	if len(got) != 1 {
		o.t.Fatalf("%s finds %d cases with the number %s, want 1", who, len(got), number)
	}
	return got[0]
}

// work completes somebody's task on a case with an outcome.
func (o *office) work(who, id, outcome string, data map[string]any) {
	o.t.Helper()
	got := o.get(who, casePath(id)+"/actions")
	for _, task := range got.items("tasks") {
		for _, x := range (page{body: task}).items("outcomes") {
			if x["id"] == outcome {
				o.want(http.StatusOK, who, http.MethodPost, fmt.Sprintf("/api/v1/tasks/%s/commands/complete", task["id"]),
					map[string]any{"outcome": outcome, "data": data})
				return
			}
		}
	}
	o.t.Fatalf("%s has no task with the outcome %s: %s", who, outcome, got.raw)
}

// form reads the one form of a page, as a browser without JavaScript does: its target and the names that may be filled in.
func (o *office) form(path string) (action string, names map[string][]string) {
	o.t.Helper()
	root, err := html.Parse(bytes.NewReader(o.get("", path).raw))
	if err != nil {
		o.t.Fatal(err)
	}
	names = map[string][]string{}
	attribute := func(n *html.Node, key string) string {
		for _, a := range n.Attr {
			if a.Key == key {
				return a.Val
			}
		}
		return ""
	}
	choice := ""
	for n := range root.Descendants() {
		switch n.Data {
		case "form":
			action = attribute(n, "action")
		case "input", "textarea", "select":
			choice = attribute(n, "name")
			names[choice] = append(names[choice], attribute(n, "value"))
		case "option":
			names[choice] = append(names[choice], attribute(n, "value"))
		case "script":
			o.t.Errorf("%s needs a script", path)
		}
	}
	return action, names
}

var numberOf = regexp.MustCompile(`<p class="number"><strong>([0-9]+)</strong>`)

// report fills in the public form and gives the number that the citizen is told.
func (o *office) report(fields map[string]string) string {
	o.t.Helper()
	action, names := o.form("/report?type=urban.case")
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	fields["type"] = "urban.case"
	for name, value := range fields {
		if names[name] == nil {
			o.t.Fatalf("the form has no field %q", name)
		}
		if err := w.WriteField(name, value); err != nil {
			o.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		o.t.Fatal(err)
	}
	got := o.send("", http.MethodPost, action, w.FormDataContentType(), &b)
	found := numberOf.FindSubmatch(got.raw)
	if got.status != http.StatusCreated || found == nil {
		o.t.Fatalf("the report is answered %d %s", got.status, got.raw)
	}
	return string(found[1])
}

// pass lets time go by and the timers fire one after the other. Everybody signs in anew: idle sessions end.
func (o *office) pass(d time.Duration) {
	o.t.Helper()
	o.clock.Set(o.clock.Now().Add(d))
	clear(o.tokens)
	for range 1000 {
		more, err := o.a.Flow.Tick(o.t.Context())
		if err != nil {
			o.t.Fatal(err)
		}
		if !more {
			return
		}
	}
	o.t.Fatal("the timers never come to rest")
}

// verify recomputes the whole journal.
func (o *office) verify() journal.Report {
	o.t.Helper()
	if _, err := o.a.Journal.Sign(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	report, err := o.a.Journal.Verify(o.t.Context(), func(f journal.Finding) { o.t.Errorf("journal: %+v", f) })
	if err != nil {
		o.t.Fatal(err)
	}
	if report.Findings != 0 || report.Waiting != 0 || report.Entries == 0 || report.Signed != report.Entries {
		o.t.Errorf("journal: got %+v", report)
	}
	return report
}
