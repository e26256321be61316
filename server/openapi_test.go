package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// api is the document of one caller and a validator of what is said under it.
type api struct {
	client
	doc   map[string]any
	check validator.Validator
}

// documentOf reads a caller's document, holds it to the OpenAPI 3.1 schema and closes every object of it, so that a member
// nobody described is found.
func documentOf(t *testing.T, c *client) *api {
	t.Helper()
	got := c.want(t, 200, "GET", "/api/openapi.json", nil)
	a := &api{client: *c, doc: got.body}
	doc, err := libopenapi.NewDocument(got.raw)
	if err != nil {
		t.Fatal(err)
	}
	whole, errs := validator.NewValidator(doc)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if ok, faults := whole.ValidateDocument(); !ok {
		for _, f := range faults {
			t.Errorf("no OpenAPI 3.1: %s %s %v", f.Message, f.Reason, f.SchemaValidationErrors)
		}
	}
	var closed map[string]any
	if err := json.Unmarshal(got.raw, &closed); err != nil {
		t.Fatal(err)
	}
	closeObjects(closed["components"])
	closeObjects(closed["paths"])
	text, err := json.Marshal(closed)
	if err != nil {
		t.Fatal(err)
	}
	if doc, err = libopenapi.NewDocument(text); err != nil {
		t.Fatal(err)
	}
	if a.check, errs = validator.NewValidator(doc); len(errs) > 0 {
		t.Fatal(errs)
	}
	return a
}

func closeObjects(v any) {
	switch x := v.(type) {
	case map[string]any:
		if _, has := x["properties"]; has && x["additionalProperties"] == nil && x["type"] == "object" {
			x["additionalProperties"] = false
		}
		for _, one := range x {
			closeObjects(one)
		}
	case []any:
		for _, one := range x {
			closeObjects(one)
		}
	}
}

// operations gives "GET /path" of every operation, sorted.
func (a *api) operations() []string {
	var out []string
	for path, item := range a.doc["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			if method != "parameters" {
				out = append(out, strings.ToUpper(method)+" "+path)
			}
		}
	}
	sort.Strings(out)
	return out
}

// say sends a request and holds the answer to the document. valid tells whether the request itself must be valid by the
// document, or must not.
func (a *api) say(t *testing.T, valid bool, method, path string, body any, headers ...string) *answer {
	t.Helper()
	r := a.request(t, method, path, body, headers...)
	var text []byte
	if body != nil {
		text, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(text))
	}
	got := a.send(t, r)
	again := a.request(t, method, path, body, headers...)
	ok, faults := a.check.ValidateHttpRequestSync(again)
	if ok != valid && got.StatusCode < 500 {
		t.Errorf("%s %s %.300s: valid is %v, want %v: %v", method, path, text, ok, valid, reasons(faults))
	}
	again = a.request(t, method, path, body, headers...)
	got.Body = io.NopCloser(bytes.NewReader(got.raw))
	if ok, faults := a.check.GetResponseBodyValidator().ValidateResponseBody(again, got.Response); !ok {
		t.Errorf("%s %s: answer %d %.600s is not as described: %s", method, path, got.StatusCode, got.raw, reasons(faults))
	}
	return got
}

func reasons[T any](list []T) string {
	var out []string
	for _, f := range list {
		text, err := json.Marshal(f)
		if err == nil {
			out = append(out, fmt.Sprintf("%.900s", text))
		}
	}
	return strings.Join(out, "; ")
}

// TestOpenAPIOfRoles: every role of every pack gets a document that is OpenAPI 3.1, and what can be read under it without
// knowing more is answered as the document says.
func TestOpenAPIOfRoles(t *testing.T) {
	t.Parallel()
	w := worldOf(t, "", nil)
	id := w.report(t, "路边垃圾")
	shown := regexp.MustCompile(`^GET [^{}]*$`)
	for _, role := range w.app.Policy.Roles() {
		a := documentOf(t, w.holder(t, role.Name))
		for _, op := range a.operations() {
			method, path, _ := strings.Cut(op, " ")
			if strings.HasSuffix(path, "/events") || strings.HasSuffix(path, "/journal/proof") {
				continue // TestEvents, TestOpenAPICalls
			}
			if strings.HasPrefix(path, "/api/v1/records/urban.case/{id}") && method == "GET" {
				a.say(t, true, method, strings.ReplaceAll(path, "{id}", id), nil)
			}
			if shown.MatchString(op) {
				if got := a.say(t, true, method, path, nil); got.StatusCode >= 500 {
					t.Errorf("%s: %s: %d %s", role.Name, op, got.StatusCode, got.raw)
				}
			}
		}
	}
}

// holder signs in a new person with one role.
func (w *world) holder(t *testing.T, role string) *client {
	t.Helper()
	if role == identity.AnonymousPerson {
		return w.visitor()
	}
	var token string
	err := w.app.DB.Write(t.Context(), func(tx *store.Tx) error {
		err := w.app.Identity.Seed(t.Context(), tx, identity.System("test"), func(s *identity.Seed) error {
			username := strings.ReplaceAll(role, ".", "_")
			id, err := s.EnsurePerson(t.Context(), identity.NewPerson{Username: username, Name: "示例", Password: "demo-x"})
			if err != nil {
				return err
			}
			_, err = s.EnsurePost(t.Context(), identity.Post{Person: id, Org: "/county/", Area: "/", Roles: []string{role}})
			token = id
			return err
		})
		if err != nil {
			return err
		}
		in, err := w.app.Identity.Issue(t.Context(), tx, identity.System("test"), token, identity.Meta{}, identity.Life{Absolute: time.Hour})
		if err == nil {
			token = in.Token
		}
		return err
	})
	if err == nil {
		err = w.app.Identity.Refresh(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return &client{w, token}
}

// TestOpenAPIComplete: every route of the API stands in the document of some role, and every operation of a document has
// a route.
func TestOpenAPIComplete(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	described := map[string]bool{}
	for _, who := range []string{"zbz01", "slr01", "aud01"} {
		for _, op := range documentOf(t, w.as(t, who)).operations() {
			described[op] = true
		}
	}
	for _, p := range w.app.Server.Patterns() {
		method, path, _ := strings.Cut(p, " ")
		if !strings.HasPrefix(path, "/api/") || path == "/api/v1/demo/accounts" { // a demo only
			continue
		}
		general := regexp.MustCompile(`^/api/v1/records/\{type\}`).ReplaceAllString(path, "/api/v1/records/urban.case")
		general = strings.ReplaceAll(general, "/commands/{command}", "/commands/urge")
		taskPath := strings.HasPrefix(path, "/api/v1/tasks") || strings.HasPrefix(path, "/api/v1/incidents")
		if method == "PATCH" || method == "DELETE" && strings.Contains(path, "records") {
			general = strings.Replace(general, "urban.case", "urban.duty", 1)
		}
		if !described[method+" "+general] && (!taskPath || !described[method+" "+path]) {
			t.Errorf("%s is not described as %s %s", p, method, general)
		}
	}
}

// TestOpenAPICalls goes the way of a case with the document in hand: requests that it allows are taken, those it does not
// allow are refused, and every answer is as it says.
func TestOpenAPICalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	visitor, acceptor, chief, auditor := documentOf(t, w.visitor()), documentOf(t, w.as(t, "slr01")), documentOf(t, w.as(t, "zbz01")), documentOf(t, w.as(t, "aud01"))
	made := visitor.say(t, true, "POST", "/api/v1/records/urban.case", w.reportData("路边垃圾"), "Idempotency-Key", "k")
	record := "/api/v1/records/urban.case/" + made.text("id")
	other := visitor.say(t, true, "POST", "/api/v1/records/urban.case", w.reportData("路边垃圾"))
	acceptor.say(t, true, "GET", record, nil)
	acceptor.say(t, true, "POST", record+"/commands/unmask", map[string]any{"data": map[string]any{"fields": []string{"phone"}}, "reason": "回访"})
	acceptor.say(t, true, "POST", record+"/commands/urge", map[string]any{"reason": "请抓紧"})
	acceptor.say(t, false, "POST", record+"/commands/urge", map[string]any{"reason": 7})
	chief.say(t, true, "POST", "/api/v1/records/urban.case/"+other.text("id")+"/commands/merge", map[string]any{"data": map[string]any{"into": made.text("id")}, "reason": "同一处"})
	chief.say(t, true, "POST", "/api/v1/records/urban.case:bulk", map[string]any{"ids": []string{made.text("id"), "x"}, "command": "urge", "reason": "请抓紧"})
	chief.say(t, true, "GET", "/api/v1/records/urban.case?filter=state%3D%22accepting%22&limit=1&total=1&sort=-number", nil)
	chief.say(t, false, "GET", "/api/v1/records/urban.case?limit=x", nil)
	chief.say(t, true, "GET", "/api/v1/records/urban.case:aggregate?by=state,category", nil)
	task := acceptor.task(t, made.text("id"))["id"].(string)
	acceptor.say(t, true, "GET", "/api/v1/tasks/"+task+"/return-targets", nil)
	acceptor.say(t, true, "POST", "/api/v1/tasks/"+task+"/commands/claim", map[string]any{})
	acceptor.say(t, true, "POST", "/api/v1/tasks/"+task+"/commands/complete", map[string]any{"outcome": "accept", "data": map[string]any{"category": "E0102"}})
	acceptor.say(t, true, "POST", "/api/v1/tasks/"+task+"/commands/complete", map[string]any{"outcome": "accept"})
	acceptor.say(t, true, "GET", "/api/v1/tasks?state=done", nil)
	acceptor.say(t, true, "GET", "/api/v1/processes/urban.case/insight", nil)
	acceptor.say(t, true, "GET", "/api/v1/processes/urban.case/cases?measure=done&node=accept", nil)
	duty := chief.say(t, true, "POST", "/api/v1/records/urban.duty", map[string]any{"category": "E0102", "unit": "/county/cgj/hwzx/"})
	path := "/api/v1/records/urban.duty/" + duty.text("id")
	chief.say(t, false, "PATCH", path, map[string]any{"remark": "x"})
	chief.say(t, true, "PATCH", path, map[string]any{"remark": "x", "basis": nil}, "If-Match", `"1"`)
	chief.say(t, true, "PATCH", path, map[string]any{"remark": "x"}, "If-Match", `"1"`)
	chief.say(t, true, "DELETE", path, nil, "If-Match", `"2"`)
	chief.say(t, true, "POST", path+"/commands/restore", map[string]any{})
	visitor.say(t, true, "POST", "/api/v1/session", map[string]any{"username": "slr01", "password": "demo-slr01"})
	visitor.say(t, false, "POST", "/api/v1/session", map[string]any{"username": "slr01"})
	visitor.say(t, true, "GET", "/api/v1/codes/urban.category", nil)
	chief.say(t, true, "GET", "/api/v1/types/urban.case", nil)
	chief.say(t, true, "GET", "/api/v1/indicators/urban.reported?by=area:2", nil)
	chief.say(t, true, "PUT", "/api/v1/session", map[string]any{"post": "x"})
	auditor.say(t, true, "GET", "/api/v1/journal?limit=5", nil)
	auditor.say(t, true, "GET", "/api/v1/journal/proof?seq=1", nil)
	auditor.say(t, false, "GET", "/api/v1/journal/proof", nil)
}

// TestOpenAPIInvalid breaks a body in every way its schema knows: a required member missing, a member nobody knows, a
// value of another type. The document and the server both refuse each.
func TestOpenAPIInvalid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	for _, who := range []string{"zbz01", "slr01"} {
		a := documentOf(t, w.as(t, who))
		before := w.state(t)
		for _, op := range a.operations() {
			method, path, _ := strings.Cut(op, " ")
			body := a.bodySchema(method, path)
			if body == nil || path == "/api/v1/files" || strings.HasSuffix(path, ":import") {
				continue
			}
			path = regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(path, "x")
			for what, value := range broken(body) {
				got := a.say(t, false, method, path, value, "If-Match", `"1"`)
				if got.StatusCode < 400 || got.StatusCode >= 500 {
					t.Errorf("%s with %s: %d %.300s", op, what, got.StatusCode, got.raw)
				}
			}
		}
		if after := w.state(t); after != before {
			t.Errorf("written:\n%s\nbefore:\n%s", after, before)
		}
	}
}

// bodySchema gives the schema of an operation's JSON body with its reference resolved.
func (a *api) bodySchema(method, path string) map[string]any {
	op := a.doc["paths"].(map[string]any)[path].(map[string]any)[strings.ToLower(method)].(map[string]any)
	body, _ := op["requestBody"].(map[string]any)
	if body == nil {
		return nil
	}
	content, _ := body["content"].(map[string]any)["application/json"].(map[string]any)
	if content == nil {
		return nil
	}
	return a.resolve(content["schema"].(map[string]any))
}

func (a *api) resolve(sch map[string]any) map[string]any {
	if ref, ok := sch["$ref"].(string); ok {
		return a.doc["components"].(map[string]any)["schemas"].(map[string]any)[ref[strings.LastIndex(ref, "/")+1:]].(map[string]any)
	}
	return sch
}

// broken gives bodies that a schema does not allow, by what is wrong with them.
func broken(sch map[string]any) map[string]any {
	out := map[string]any{"a list": []any{}, "a text": `"x"`}
	if required, ok := sch["required"].([]any); ok && len(required) > 0 {
		out["nothing required"] = map[string]any{}
	}
	props, _ := sch["properties"].(map[string]any)
	if sch["additionalProperties"] == false {
		out["an unknown member"] = map[string]any{"nobody_knows": 1}
	}
	names := make([]string, 0, len(props))
	for name := range props {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if wrong, ok := otherType(props[name].(map[string]any)); ok {
			out["another type of "+name] = map[string]any{name: wrong}
		}
	}
	return out
}

// otherType gives a value that is of no type the schema allows.
func otherType(sch map[string]any) (any, bool) {
	allowed := map[string]bool{}
	var walk func(s map[string]any) bool
	walk = func(s map[string]any) bool {
		switch typ := s["type"].(type) {
		case string:
			allowed[typ] = true
		case []any:
			for _, one := range typ {
				allowed[one.(string)] = true
			}
		default:
			list, _ := s["anyOf"].([]any)
			if list == nil && s["const"] == nil {
				return false // anything goes
			}
			for _, one := range list {
				if !walk(one.(map[string]any)) {
					return false
				}
			}
		}
		return true
	}
	if !walk(sch) {
		return nil, false
	}
	switch {
	case !allowed["object"]:
		return map[string]any{"x": 1}, true
	case !allowed["array"]:
		return []any{true}, true
	}
	return true, !allowed["boolean"]
}
