package server_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// stream reads the events of a connection into a channel that is closed at its end.
func stream(t *testing.T, url, token string) (events <-chan string, header http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = got.Body.Close() })
	ch := make(chan string, 100)
	go func() {
		defer close(ch)
		lines := bufio.NewScanner(got.Body)
		for lines.Scan() {
			if kind, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				ch <- kind
			}
		}
	}()
	return ch, got.Header
}

// TestEvents: a stream wakes whoever has a new task or notice, and only them, and ends with the session.
func TestEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	srv := httptest.NewServer(w.app.Handler())
	t.Cleanup(srv.Close)
	acceptor, handler := w.as(t, "slr01"), w.as(t, "hw01")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.app.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })

	mine, header := stream(t, srv.URL, acceptor.token)
	others, _ := stream(t, srv.URL, handler.token)
	if got := header.Get("Content-Type"); got != "text/event-stream" || header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers %v", header)
	}
	id := w.report(t, "路边垃圾")
	if got := <-mine; got != "task" {
		t.Errorf("first event %q", got)
	}
	chief := w.as(t, "zbz01")
	chief.want(t, 200, "POST", "/api/v1/records/urban.case/"+id+"/commands/oversee",
		map[string]any{"data": map[string]any{"level": "yellow", "note": "限期"}, "reason": "群众反映强烈"})
	notices, _ := stream(t, srv.URL, chief.token)
	chief.want(t, 200, "POST", "/api/v1/records/urban.case/"+id+"/commands/urge", map[string]any{"reason": "请抓紧"})
	if got := <-notices; got != "notice" {
		t.Errorf("the chief got %q", got)
	}
	inbox := chief.want(t, 200, "GET", "/api/v1/inbox?unread=1", nil)
	list := inbox.items(t)
	if len(list) == 0 || list[0]["record"] != id || list[0]["type"] != "urban.case" {
		t.Fatalf("inbox %s", inbox.raw)
	}
	for _, n := range list {
		mustBeWords(t, n["text"].(string), inbox.raw)
	}
	handler.want(t, 404, "POST", "/api/v1/inbox/"+list[0]["id"].(string)+"/read", nil)
	chief.want(t, 204, "POST", "/api/v1/inbox/"+list[0]["id"].(string)+"/read", nil)
	chief.want(t, 204, "POST", "/api/v1/inbox/read-all", nil)
	if got := chief.want(t, 200, "GET", "/api/v1/inbox", nil); got.body["unread"] != 0.0 {
		t.Errorf("still unread %s", got.raw)
	}

	// Signed out elsewhere: the next thing that happens is not told any more and ends the stream.
	acceptor.want(t, 204, "DELETE", "/api/v1/session", nil)
	w.report(t, "又一处垃圾")
	for kind := range mine {
		t.Errorf("told %q after signing out", kind)
	}
	select {
	case kind := <-others:
		t.Errorf("somebody else's event %q", kind)
	default:
	}
}
