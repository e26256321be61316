package app

import (
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/gm"
	"chengshu/kernel/flow"
)

func TestCall(t *testing.T) {
	t.Parallel()
	key := []byte("shared key")
	status, answer, seen := 200, `{"level":"high"}`, http.Header{}
	var body []byte
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
		body, _ = io.ReadAll(r.Body)
		w.Header().Set("Location", "https://elsewhere.example/")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(other.Close)
	fake := clock.NewFake(time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai))
	c := newCaller(Calls{Hosts: []string{other.URL, "tls.example"}, Key: key}, fake)
	job := flow.Job{ID: "0195-1", Name: other.URL + "/debt", Data: json.RawMessage(`{"amount":5}`)}

	got, err := c.call(t.Context(), job)
	if err != nil || string(got) != answer {
		t.Fatalf("call gave %s, %v", got, err)
	}
	want := hex.EncodeToString(gm.MAC(key, []byte("POST\n"+job.Name+"\n0195-1\n"+seen.Get("Date")+"\n"+`{"amount":5}`)))
	if seen.Get(headerKey) != job.ID || string(body) != `{"amount":5}` || seen.Get(headerSignature) != want || seen.Get("Date") != "Mon, 02 Mar 2026 01:00:00 GMT" {
		t.Errorf("headers %v, body %s, want signature %s", seen, body, want)
	}
	for _, tt := range []struct {
		name, address string
		status        int
		answer, code  string
		kind          fault.Kind
	}{
		{"host not listed", "https://other.example/x", 200, "{}", "call.host", fault.Denied},
		{"listed for TLS only", "http://tls.example/x", 200, "{}", "call.host", fault.Denied},
		{"user in the address", "https://a:b@tls.example/x", 200, "{}", "call.address", fault.Invalid},
		{"no address", "file:///etc/passwd", 200, "{}", "call.address", fault.Invalid},
		{"overloaded", job.Name, 503, "", "call.failed", fault.Unavailable},
		{"slow down", job.Name, 429, "", "call.failed", fault.Unavailable},
		{"refused", job.Name, 403, "", "call.refused", fault.Invalid},
		{"redirected", job.Name, 302, "", "call.refused", fault.Invalid},
		{"no json", job.Name, 200, "<html>", "call.answer", fault.Invalid},
		{"bpmn error", job.Name, 422, `{"error":"E1"}`, "flow.raised", fault.Conflict},
		{"no bpmn error", job.Name, 422, `{}`, "call.refused", fault.Invalid},
	} {
		status, answer = tt.status, tt.answer
		job.Name = tt.address
		if _, err := c.call(t.Context(), job); fault.CodeOf(err) != tt.code || fault.KindOf(err) != tt.kind {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.code)
		}
	}
	other.Close()
	job.Name = other.URL + "/debt"
	if _, err := c.call(t.Context(), job); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a closed server gave %v, want unavailable", err)
	}
}
