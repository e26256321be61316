package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func built() *Handler {
	return NewHandler(fstest.MapFS{
		"placeholder.html":          {Data: []byte("placeholder")},
		"desk.html":                 {Data: []byte("desk")},
		"desk.html.br":              {Data: []byte("desk-br")},
		"assets/desk-1a.js":         {Data: []byte("js")},
		"assets/desk-1a.js.br":      {Data: []byte("js-br")},
		"assets/desk-1a.js.gz":      {Data: []byte("js-gz")},
		"assets/worker-2b.mjs":      {Data: []byte("worker")},
		"assets/mark.svg":           {Data: []byte("<svg/>")},
		"assets/bpmn-3c.woff2":      {Data: []byte("font")},
		".vite/manifest.json":       {Data: []byte("{}")},
		"assets/plain-4d.css":       {Data: []byte("css")},
		"assets/unknown-5e.zzzzzzz": {Data: []byte("?")},
	})
}

func TestServe(t *testing.T) {
	t.Parallel()
	const year = "public, max-age=31536000, immutable"
	tests := []struct {
		name, path, accept      string
		status                  int
		body, kind, code, cache string
	}{
		{"page", "/desk/", "", 200, "desk", "text/html; charset=utf-8", "", "no-cache"},
		{"page without slash", "/desk", "", 200, "desk", "text/html; charset=utf-8", "", "no-cache"},
		{"path that ends in a type name", "/desk/list/urban.case", "", 200, "desk", "text/html; charset=utf-8", "", "no-cache"},
		{"file missing inside a surface", "/desk/gone.js", "", 404, "", "", "", ""},
		{"deep path", "/desk/r/urban/case", "br", 200, "desk-br", "text/html; charset=utf-8", "br", "no-cache"},
		{"hashed script", "/assets/desk-1a.js", "", 200, "js", "text/javascript; charset=utf-8", "", year},
		{"brotli first", "/assets/desk-1a.js", "gzip, deflate, br", 200, "js-br", "text/javascript; charset=utf-8", "br", year},
		{"gzip", "/assets/desk-1a.js", "gzip", 200, "js-gz", "text/javascript; charset=utf-8", "gzip", year},
		{"brotli refused", "/assets/desk-1a.js", "br;q=0, gzip;q=0.5", 200, "js-gz", "text/javascript; charset=utf-8", "gzip", year},
		{"module worker", "/assets/worker-2b.mjs", "br", 200, "worker", "text/javascript; charset=utf-8", "", year},
		{"mark is not hashed", "/assets/mark.svg", "", 200, "<svg/>", "image/svg+xml", "", "public, max-age=86400"},
		{"font", "/assets/bpmn-3c.woff2", "", 200, "font", "font/woff2", "", year},
		{"unknown kind", "/assets/unknown-5e.zzzzzzz", "", 200, "?", "application/octet-stream", "", year},
		{"missing file", "/assets/gone.js", "", 404, "", "", "", ""},
		{"packed file by name", "/assets/desk-1a.js.br", "", 404, "", "", "", ""},
		{"file outside assets", "/.vite/manifest.json", "", 404, "", "", "", ""},
		{"page by file name", "/desk.html", "", 404, "", "", "", ""},
		{"climbing", "/assets/../desk.html", "", 404, "", "", "", ""},
		{"no such surface", "/wall/x", "", 404, "", "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, tt.path, http.NoBody)
			r.Header.Set("Accept-Encoding", tt.accept)
			w := httptest.NewRecorder()
			built().ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Fatalf("status: got %d, want %d", w.Code, tt.status)
			}
			if got := w.Header().Get("X-Content-Type-Options"); got != "nosniff" {
				t.Errorf("nosniff: got %q", got)
			}
			if tt.status != http.StatusOK {
				if got := w.Header().Get("Cache-Control"); got != "" {
					t.Errorf("cache of a missing file: got %q, want none", got)
				}
				return
			}
			for _, c := range []struct{ what, got, want string }{
				{"body", w.Body.String(), tt.body},
				{"type", w.Header().Get("Content-Type"), tt.kind},
				{"encoding", w.Header().Get("Content-Encoding"), tt.code},
				{"cache", w.Header().Get("Cache-Control"), tt.cache},
				{"vary", w.Header().Get("Vary"), "Accept-Encoding"},
				{"policy", w.Header().Get("Content-Security-Policy"), Policy},
			} {
				if c.got != c.want {
					t.Errorf("%s: got %q, want %q", c.what, c.got, c.want)
				}
			}
		})
	}
}

func TestServeMethod(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]int{http.MethodHead: 200, http.MethodPost: 405, http.MethodDelete: 405} {
		w := httptest.NewRecorder()
		built().ServeHTTP(w, httptest.NewRequest(method, "/desk/", http.NoBody))
		if w.Code != want {
			t.Errorf("%s: got %d, want %d", method, w.Code, want)
		}
		if method == http.MethodHead && w.Body.Len() > 0 {
			t.Errorf("HEAD: got a body of %d bytes, want none", w.Body.Len())
		}
	}
}

// Without a build the program still answers and says what to do.
func TestServeUnbuilt(t *testing.T) {
	t.Parallel()
	h := NewHandler(fstest.MapFS{"placeholder.html": {Data: []byte("not built")}})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/desk/tasks", http.NoBody))
	if w.Code != http.StatusOK || w.Body.String() != "not built" || h.Built() {
		t.Errorf("got %d %q built %v, want 200 %q built false", w.Code, w.Body.String(), h.Built(), "not built")
	}
}

// The embedded tree must hold the placeholder, or the program of a fresh clone would answer 404.
func TestEmbedded(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	New().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/desk/", http.NoBody))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "<html") {
		t.Errorf("got %d %.60q, want 200 with a page", w.Code, w.Body.String())
	}
}
