package server_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
)

// state is what must not change: rows of records, history, tasks and the journal.
func (w *world) state(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	for _, table := range []string{"urban_case", "urban_case_h", "urban_duty", "urban_duty_h", "flow_task", "flow_inst", "record_file", "identity_account", "journal"} {
		where := ""
		if table == "journal" { // sessions and the audit of reading go on
			where = " WHERE action NOT LIKE 'session.%' AND action NOT LIKE 'account.%' AND action <> 'journal.read' AND action <> 'record.export'"
		}
		fmt.Fprintf(&out, "%s %d\n", table, count(t, w, "SELECT count(*) FROM "+table+where))
	}
	return out.String()
}

// injections are texts that end a string, a number or a name in SQL, FEEL, HTML or a log.
func injections() []string {
	return []string{
		`' OR '1'='1`, `'; DROP TABLE urban_case; --`, `" OR 1=1 --`, `1) OR (1=1`, `x' UNION SELECT hash FROM identity_account --`, `\'; SELECT pg_sleep(9); --`,
		`created_at; DELETE FROM journal`, `(SELECT 1)`, `id,(SELECT hash FROM identity_account LIMIT 1)`, `%' ESCAPE '\`, `$1`, `?`, `{{7*7}}`, `${7*7}`, `../../etc/passwd`,
		"a\x00b", "\xff\xfe", "\r\nSet-Cookie: x=1", strings.Repeat("(", 5000), strings.Repeat("a", 100_000), `<script>alert(1)</script>`, `"`, `'`, `\`, `NaN`, `1e999`, `-1`,
	}
}

// TestInjection puts hostile texts into every parameter of every reading route. Nothing fails inside, nothing is written,
// and nothing is seen that is not seen without.
func TestInjection(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		id := w.report(t, "路边垃圾")
		chief, auditor := w.as(t, "zbz01"), w.as(t, "aud01")
		record := "/api/v1/records/urban.case"
		before := w.state(t)
		for path, names := range map[string][]string{
			record:                              {"filter", "sort", "limit", "cursor", "bbox", "q", "deleted", "total", "fields"},
			record + ":aggregate":               {"by", "measure", "filter", "q", "bbox", "limit"},
			record + ":export":                  {"filter", "q", "sort", "format", "bbox"},
			record + ":template":                {"format"},
			record + "/" + id + "/explain":      {"action"},
			"/api/v1/tasks":                     {"state", "scope", "type", "node", "limit", "cursor"},
			"/api/v1/inbox":                     {"unread", "cursor"},
			"/api/v1/people":                    {"q", "role", "org"},
			"/api/v1/areas":                     {"parent"},
			"/api/v1/indicators":                {"pack"},
			"/api/v1/indicators/urban.reported": {"from", "to", "by"},
			"/track":                            {"number"},
			"/report":                           {"type"},
			"/public/urban.case":                {"q", "cursor"},
		} {
			for _, name := range names {
				for _, bad := range injections() {
					got := chief.do(t, "GET", path+"?"+name+"="+url.QueryEscape(bad), nil)
					w.mustHold(t, got, fmt.Sprintf("%s %s=%.40q", path, name, bad))
				}
			}
		}
		for _, name := range []string{"subject", "actor", "action", "limit", "cursor"} {
			for _, bad := range injections() {
				got := auditor.do(t, "GET", "/api/v1/journal?"+name+"="+url.QueryEscape(bad), nil)
				w.mustHold(t, got, fmt.Sprintf("journal %s=%.40q", name, bad))
			}
		}
		for _, pattern := range []string{
			"/api/v1/types/%s", "/api/v1/codes/%s", "/api/v1/records/%s", "/api/v1/records/urban.case/%s", "/api/v1/records/urban.case/%s/history", "/api/v1/records/urban.case/%s/proof",
			"/api/v1/tasks/%s/return-targets", "/api/v1/files/%s", "/api/v1/indicators/%s", "/tiles/%s/3/3/3", "/tiles/town/%s/3/3", "/public/%s", "/public/urban.case/%s",
		} {
			for _, bad := range injections()[:18] {
				got := chief.do(t, "GET", fmt.Sprintf(pattern, url.PathEscape(bad)), nil)
				w.mustHold(t, got, fmt.Sprintf("%s with %.40q", pattern, bad))
				if got.StatusCode < 300 {
					t.Errorf("%s with %.40q: %d", pattern, bad, got.StatusCode)
				}
			}
		}
		if after := w.state(t); after != before {
			t.Errorf("written:\n%s\nbefore:\n%s", after, before)
		}
		for _, name := range []string{"q"} {
			got := chief.want(t, 200, "GET", record+"?"+name+"="+url.QueryEscape(`' OR '1'='1`), nil)
			if len(got.items(t)) != 0 {
				t.Errorf("an injected %s finds %s", name, got.raw)
			}
		}
	})
}

// mustHold demands an answer that is no fault of ours and gives no secrets away.
func (w *world) mustHold(t *testing.T, got *answer, what string) {
	t.Helper()
	if got.StatusCode >= 500 {
		t.Errorf("%s: %d %.300s", what, got.StatusCode, got.raw)
	}
	text := string(got.raw)
	if strings.Contains(text, "<script>alert") && strings.Contains(got.Header.Get("Content-Type"), "html") {
		t.Errorf("%s: the page carries a script: %.300s", what, text)
	}
	for _, leak := range []string{"argon2", "SQLSTATE", "sqlite", "pgx", "goroutine", "syntax error"} {
		if strings.Contains(text, leak) {
			t.Errorf("%s: tells %q: %.300s", what, leak, text)
		}
	}
	if got.Header.Get("Set-Cookie") != "" {
		t.Errorf("%s: sets a cookie", what)
	}
}

// TestGarbage sends bodies that are no requests.
func TestGarbage(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		id := w.report(t, "路边垃圾")
		chief, acceptor := w.as(t, "zbz01"), w.as(t, "slr01")
		task := acceptor.task(t, id)["id"].(string)
		duty := chief.want(t, 201, "POST", "/api/v1/records/urban.duty", map[string]any{"category": "E0102", "unit": "/county/cgj/hwzx/"})
		before := w.state(t)
		huge := `{"detail":"` + strings.Repeat("x", 3<<20) + `"}`
		bodies := map[string]string{
			"huge": huge, "deep": strings.Repeat(`[`, 20_000), "deep object": strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000), "number": "1", "text": `"x"`, "list": "[]", "true": "true",
			"half": `{"detail":`, "two": `{} {}`, "trailing": `{"reason":"x"}]`, "no json": "detail=x", "html": "<a/>", "nul": "\x00", "utf-16": "\xff\xfe{\x00}\x00", "xml": `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>`,
		}
		for _, target := range []struct{ method, path string }{
			{"POST", "/api/v1/records/urban.case"},
			{"POST", "/api/v1/records/urban.duty"},
			{"PATCH", "/api/v1/records/urban.duty/" + duty.text("id")},
			{"POST", "/api/v1/records/urban.case/" + id + "/commands/oversee"},
			{"POST", "/api/v1/records/urban.case:bulk"},
			{"POST", "/api/v1/records/urban.case/" + id + "/commands/merge"},
			{"POST", "/api/v1/session"},
			{"PUT", "/api/v1/session"},
			{"POST", "/api/v1/password"},
			{"POST", "/api/v1/tasks/" + task + "/commands/complete"},
			{"POST", "/api/v1/files"},
		} {
			for name, body := range bodies {
				for _, key := range []string{"", "key-" + name} {
					got := chief.do(t, target.method, target.path, body, "If-Match", `"1"`, "Idempotency-Key", key)
					if got.StatusCode < 400 || got.StatusCode >= 500 {
						t.Errorf("%s %s with %s: %d %.200s", target.method, target.path, name, got.StatusCode, got.raw)
						continue
					}
					got.mustBeProblem(t)
					if name == "huge" && target.path != "/api/v1/files" && got.StatusCode != 413 {
						t.Errorf("%s %s with 3 MiB: %d", target.method, target.path, got.StatusCode)
					}
				}
			}
		}
		if after := w.state(t); after != before {
			t.Errorf("written:\n%s\nbefore:\n%s", after, before)
		}
	})
}

// TestGarbageFields puts values of every kind into every field of every type: each is taken or refused with words, and
// none breaks anything. The order of values is random; the seed is printed where it fails.
func TestGarbageFields(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		seed := rand.Uint64()
		rnd := rand.New(rand.NewPCG(seed, 1))
		for _, who := range []string{"zbz01", "slr01", "wgz01", "zjb01"} {
			c := w.visitor()
			if got := c.do(t, "POST", "/api/v1/session", map[string]any{"username": who, "password": "demo-" + who}); got.StatusCode == 200 {
				c = &client{w, got.text("token")}
			}
			for _, typ := range c.want(t, 200, "GET", "/api/v1/types", nil).items(t) {
				name := typ["name"].(string)
				decl := c.want(t, 200, "GET", "/api/v1/types/"+name, nil)
				if !strings.Contains(fmt.Sprint(decl.body["actions"]), "create") {
					continue
				}
				for _, f := range decl.body["fields"].([]any) {
					field := f.(map[string]any)["name"].(string)
					for range 6 {
						v := oddValues()[rnd.IntN(len(oddValues()))]
						got := c.do(t, "POST", "/api/v1/records/"+name, fmt.Sprintf(`{%q: %s}`, field, v))
						if got.StatusCode >= 500 || got.StatusCode < 200 {
							t.Errorf("seed %d: %s.%s = %.100s: %d %s", seed, name, field, v, got.StatusCode, got.raw)
						} else if got.StatusCode >= 400 {
							got.mustBeProblem(t)
						}
					}
				}
			}
		}
	})
}

func oddValues() []string {
	out := []string{
		"null", "true", "0", "-1", "1.5", "1e400", "-1e400", "1e-400", "123456789012345678901234567890", "0.1234567890123456789", "[]", "{}", "[null]", "[[]]", `[{}]`, `""`, `" "`,
		`{"lon":200,"lat":100}`, `{"lon":"NaN","lat":1}`, `{"lon":1e400,"lat":1}`, `{"lon":116,"lat":36,"address":7}`, `{"lon":116,"lat":36,"area":"/x/"}`, `{"from":"2026-02-30","to":"x"}`,
		`"2026-02-30"`, `"0000-00-00"`, `"9999-12-31"`, `"2026-03-02T25:00:00+08:00"`, `"9999-12-31T23:59:59+08:00"`, `"-9999-01-01T00:00:00Z"`, `{"id":"x"}`, `[{"id":7}]`,
		`{"type":"Polygon","coordinates":[[[0,0],[1,1]]]}`, `{"type":"Polygon","coordinates":[[["a"]]]}`, `{"coordinates":[]}`, `"\u0000"`, `"\ud800"`, `"a\u202eb"`, `"\u0007"`, `"😀"`,
		`"` + strings.Repeat("长", 30_000) + `"`, `[` + strings.Repeat(`"x",`, 5000) + `"x"]`, `"E0102"`, `"/county/"`, `"system"`, `"anonymous"`,
	}
	for _, s := range injections() {
		if text, err := json.Marshal(s); err == nil {
			out = append(out, string(text))
		}
	}
	return out
}
