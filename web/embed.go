// Package web carries the browser surfaces of Chengshu inside the program: the built files of web/dist and the one
// handler that serves them. It is not the portal, whose pages are Go templates and need no JavaScript, and it knows no
// API. The program builds without Node; until `make build` has run, a placeholder says that the surfaces are missing.
//
// Main names: New, Handler, Policy.
package web

import (
	"embed"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// Policy is the Content-Security-Policy under which every surface works without a single violation: nothing inline,
// nothing evaluated, nothing from another origin.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'none'; img-src 'self' data: blob:; " +
	"font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

const placeholder = "placeholder.html"

//go:embed all:dist
var dist embed.FS

// Handler serves built files. Hashed files under /assets/ never change and are cached for a year; any other path
// of a surface is answered with its page, so that the browser's router can take it from there. Only a path that ends like
// a script, style or picture is 404: a page in its place would hide a broken build.
type Handler struct {
	files fs.FS
	pages map[string]string
}

// New gives the handler of the embedded build.
func New() *Handler {
	files, err := fs.Sub(dist, "dist")
	if err != nil { // only for an invalid name, and the name is a constant
		files = dist
	}
	return NewHandler(files)
}

// NewHandler gives a handler over any built tree; tests and a development folder use it.
func NewHandler(files fs.FS) *Handler {
	return &Handler{files: files, pages: map[string]string{"desk": "desk.html"}}
}

// Built tells whether the tree holds a real build.
func (h *Handler) Built() bool {
	_, err := fs.Stat(h.files, "desk.html")
	return err == nil
}

// ServeHTTP answers GET and HEAD; everything else is 405.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Content-Security-Policy", Policy)
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	if surface, _, _ := strings.Cut(name, "/"); h.pages[surface] != "" && !isAsset(name) {
		h.page(w, r, h.pages[surface])
		return
	}
	if !strings.HasPrefix(name, "assets/") || isPacked(name) {
		http.NotFound(w, r)
		return
	}
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	if path.Base(name) == "mark.svg" { // keeps its name from build to build
		header.Set("Cache-Control", "public, max-age=86400")
	}
	h.file(w, r, name)
}

// page sends the page of a surface.
func (h *Handler) page(w http.ResponseWriter, r *http.Request, page string) {
	w.Header().Set("Cache-Control", "no-cache")
	if !h.Built() {
		page = placeholder
	}
	h.file(w, r, page)
}

// file sends a file, packed as the client accepts it.
func (h *Handler) file(w http.ResponseWriter, r *http.Request, name string) {
	header := w.Header()
	header.Add("Vary", "Accept-Encoding")
	accept := r.Header.Get("Accept-Encoding")
	for _, coding := range [...]struct{ name, suffix string }{{"br", ".br"}, {"gzip", ".gz"}} {
		if !accepts(accept, coding.name) {
			continue
		}
		if data, err := fs.ReadFile(h.files, name+coding.suffix); err == nil {
			header.Set("Content-Encoding", coding.name)
			send(w, r, name, data)
			return
		}
	}
	data, err := fs.ReadFile(h.files, name)
	if err != nil {
		header.Del("Cache-Control")
		http.NotFound(w, r)
		return
	}
	send(w, r, name, data)
}

func send(w http.ResponseWriter, r *http.Request, name string, data []byte) {
	w.Header().Set("Content-Type", contentType(name))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(data) //nolint:gosec // files of our own build; when the client went away there is nobody to tell
	}
}

// contentType does not rely on the machine's table for the types a page cannot live without.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json":
		return "application/json"
	case ".woff2":
		return "font/woff2"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

func isAsset(name string) bool {
	switch path.Ext(name) {
	case ".js", ".mjs", ".css", ".map", ".json", ".svg", ".png", ".ico", ".woff2", ".html":
		return true
	}
	return false
}

func isPacked(name string) bool {
	return strings.HasSuffix(name, ".br") || strings.HasSuffix(name, ".gz")
}

// accepts reads Accept-Encoding (RFC 9110 §12.5.3): a coding is refused by q=0.
func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		q := strings.ReplaceAll(strings.ToLower(params), " ", "")
		return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
	}
	return false
}
