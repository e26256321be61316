package server

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"chengshu/base/fault"
)

// problem is RFC 9457 with our members: a stable code, the faults of fields and the trace id.
type problem struct {
	Type   string         `json:"type"`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Code   string         `json:"code"`
	Detail string         `json:"detail"`
	Errors []problemField `json:"errors,omitempty"`
	Trace  string         `json:"trace"`
}

type problemField struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

// status maps the kind of a fault, and the few codes that HTTP has a status of its own for.
func status(f *fault.Error) int {
	switch f.Code {
	case "record.stale":
		return http.StatusPreconditionFailed
	case "record.precondition":
		return http.StatusPreconditionRequired
	case "idempotency.other":
		return http.StatusUnprocessableEntity
	case "limit.rate", "signin.throttled":
		return http.StatusTooManyRequests
	case "route.method":
		return http.StatusMethodNotAllowed
	}
	switch f.Kind {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Exists, fault.Conflict:
		return http.StatusConflict
	case fault.Denied:
		return http.StatusForbidden
	case fault.Anonymous:
		return http.StatusUnauthorized
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.Internal:
	}
	return http.StatusInternalServerError
}

// problem answers a fault in words. The cause of an internal one is logged, once, and never shown.
func (s *Server) problem(r *request, err error) {
	p := s.describe(err, r.trace)
	if p.Status >= http.StatusInternalServerError {
		s.opt.Log.ErrorContext(r.Context(), "request failed", "trace", r.trace, "method", r.Method, "path", r.URL.Path, "error", err)
	}
	h := r.w.Header()
	h.Set("Content-Type", "application/problem+json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	if f, ok := errors.AsType[*fault.Error](err); ok {
		if after, ok := f.Args["retry_seconds"]; ok {
			h.Set("Retry-After", text(after))
		} else if p.Status == http.StatusServiceUnavailable {
			h.Set("Retry-After", "2")
		}
	}
	body, encodeErr := encodeJSON(p)
	if encodeErr != nil {
		body = []byte(`{"code":"internal"}`)
	}
	r.w.WriteHeader(p.Status)
	_, _ = r.w.Write(body) //nolint:gosec // JSON under its own media type with nosniff
}

// describe puts a fault into words.
func (s *Server) describe(err error, trace string) problem {
	var f *fault.Error
	if !errors.As(err, &f) {
		f = fault.New(fault.Internal, "internal").With(err)
	}
	code := f.Code
	if f.Kind == fault.Internal {
		code = "internal"
	}
	p := problem{
		Type: "urn:chengshu:problem:" + code, Status: status(f), Code: code, Trace: trace,
		Title: s.word("kind."+f.Kind.String(), nil), Detail: s.word("fault."+code, s.named(f.Args)),
	}
	for _, x := range f.Fields {
		p.Errors = append(p.Errors, problemField{Pointer: x.Pointer, Code: x.Code, Detail: s.word("fault."+x.Code, s.named(x.Args))})
	}
	return p
}

// maxEcho is the most bytes of an input that a problem repeats.
const maxEcho = 300

// named puts names in the place of people's ids and the words of types in the place of theirs, so that a sentence says who
// was faster and not which number.
func (s *Server) named(args map[string]any) map[string]any {
	out := make(map[string]any, len(args))
	typ, _ := args["type"].(string)
	for k, v := range args {
		if fields, ok := v.([]string); ok {
			labels := make([]string, 0, len(fields))
			for _, f := range fields { // "a+b" is two fields together
				for part := range strings.SplitSeq(f, "+") {
					labels = append(labels, s.label(typ)(part))
				}
			}
			v = strings.Join(labels, ", ")
		}
		id, isText := v.(string)
		switch {
		case !isText:
		case len(id) > maxEcho: // a sentence does not repeat a book
			v = string([]rune(id[:maxEcho])[:maxEcho/4]) + "…"
		case k == "by" || k == "person":
			if name := s.actorName(id); name != "" {
				v = name
			}
		case k == "type" && s.bundle() != nil && s.bundle().Has("type."+id):
			v = s.word("type."+id, nil)
		}
		out[k] = v
	}
	return out
}

// word looks a key up; a fault's key may stand in a pack without the prefix, as the codes of its checks do.
func (s *Server) word(key string, args map[string]any) string {
	b := s.bundle()
	if b == nil {
		return key
	}
	if !b.Has(key) {
		if bare, ok := strings.CutPrefix(key, "fault."); ok && b.Has(bare) {
			return b.Word(bare, args)
		}
	}
	return b.Word(key, args)
}

func text(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case int:
		return strconv.Itoa(x)
	case int64:
		return strconv.FormatInt(x, 10)
	}
	return ""
}
