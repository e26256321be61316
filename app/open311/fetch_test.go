package open311_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"chengshu/app/open311"
	"chengshu/base/fault"
)

// TestFetch: addresses are fetched within limits; this machine and private networks only where it is allowed.
func TestFetch(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	hang := make(chan struct{})
	mux := http.NewServeMux()
	const good = "<services><service><service_code>1</service_code></service></services>"
	answer := func(path string, status int, text string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(text))
		})
	}
	answer("/good", 200, good)
	answer("/large", 200, strings.Repeat(" ", 5000))
	answer("/gone", 404, "<errors><error><code>404</code><description>gone</description></error></errors>")
	answer("/broken", 500, "oops")
	mux.Handle("/moved", http.RedirectHandler("/good", http.StatusFound))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.Handle("/away", http.RedirectHandler(other.URL+"/x", http.StatusFound))
	mux.Handle("/file", http.RedirectHandler("file:///etc/passwd", http.StatusFound))
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	defer close(hang)
	f := open311.Fetcher{Limits: open311.Limits{Bytes: 4096, Depth: 6, Elements: 100}, Private: true}
	for path, want := range map[string]string{
		"/good": "", "/good?api_key=secret": "", "/moved": "", "/large": "open311.size", "/gone": "open311.error", "/broken": "import.url.status",
		"/loop": "import.url.redirect", "/file": "import.url.redirect",
	} {
		d, err := f.Open(t.Context(), s.URL+path)
		if want == "" && (err != nil || len(d.Services) != 1 || strings.Contains(d.File, "secret")) || want != "" && fault.CodeOf(err) != want {
			t.Errorf("%s: got %+v, %v, want %q", path, d, err, want)
		}
	}
	// The other server has another port on the same host name, which is another place only where the name differs.
	if _, err := f.Open(t.Context(), strings.Replace(s.URL, "127.0.0.1", "localhost", 1)+"/away"); fault.CodeOf(err) != "import.url.redirect" {
		t.Errorf("away: got %v", err)
	}
	impatient := f
	impatient.Timeout = 50 * time.Millisecond
	if _, err := impatient.Open(t.Context(), s.URL+"/slow"); fault.CodeOf(err) != "import.url.failed" {
		t.Errorf("slow: got %v", err)
	}
	f.Private = false
	for _, u := range []string{s.URL + "/good", strings.Replace(s.URL, "127.0.0.1", "localhost", 1) + "/good", "http://[::1]:9/", "http://10.0.0.1/", "http://[::ffff:192.168.1.1]/", "http://169.254.169.254/"} {
		if _, err := f.Open(t.Context(), u); fault.CodeOf(err) != "import.url.host" {
			t.Errorf("%s: got %v", u, err)
		}
	}
	for _, u := range []string{"ftp://x/", "file:///etc/passwd", "http://user:word@x/", "http://", "http://%zz/"} {
		_, err := f.Open(t.Context(), u)
		if fault.CodeOf(err) != "import.url" || strings.Contains(err.Error(), "word") {
			t.Errorf("%s: got %v", u, err)
		}
	}
	if _, err := f.Open(t.Context(), "nothing.xml"); fault.CodeOf(err) != "file.unknown" {
		t.Errorf("got %v", err)
	}
}
