package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/record"
)

// request is an HTTP request with its caller.
type request struct {
	*http.Request
	w     http.ResponseWriter
	actor identity.Actor
	trace string
	token string
	body  []byte // as read by content; nil before
}

// reply is what a handler answers. Body is encoded as JSON unless it is bytes; Stream writes by itself.
type reply struct {
	Status int // default 200
	Body   any
	Type   string // media type of a Body of bytes
	ETag   string
	Header map[string]string
	Stream func(w http.ResponseWriter) error
}

type handler func(r *request) (reply, error)

const maxBody = 2 << 20 // JSON bodies; uploads have a limit of their own

// serve turns a handler into an http.Handler: it finds the caller, runs the handler and encodes its answer or its fault.
func (s *Server) serve(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		r := &request{Request: hr, w: w, trace: traceID(hr)}
		w.Header().Set("Trace-Id", r.trace)
		err := s.identify(r)
		if fault.CodeOf(err) == "password.must-change" && opensPassword(hr) {
			err = nil
		}
		var out reply
		if err == nil {
			out, err = h(r)
		}
		if err != nil {
			s.problem(r, err)
			return
		}
		s.send(r, out)
	})
}

// opensPassword tells the requests of a session that may do nothing but change its password: that, and to end.
func opensPassword(r *http.Request) bool {
	return r.Pattern == "POST /api/v1/password" || r.Pattern == "DELETE /api/v1/session"
}

// send writes a reply.
func (s *Server) send(r *request, out reply) {
	h := r.w.Header()
	for k, v := range out.Header {
		h.Set(k, v)
	}
	if out.ETag != "" {
		h.Set("ETag", strconv.Quote(out.ETag))
	}
	if out.Status == 0 {
		out.Status = http.StatusOK
	}
	if out.Stream != nil {
		if err := out.Stream(r.w); err != nil {
			s.opt.Log.WarnContext(r.Context(), "answer cut off", "trace", r.trace, "error", err)
		}
		return
	}
	if out.Body == nil {
		r.w.WriteHeader(out.Status)
		return
	}
	body, isBytes := out.Body.([]byte)
	if isBytes {
		h.Set("Content-Type", out.Type)
	} else {
		var err error
		if body, err = encodeJSON(out.Body); err != nil {
			s.problem(r, err)
			return
		}
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	r.w.WriteHeader(out.Status)
	_, _ = r.w.Write(body) // the client may have gone
}

func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fault.Wrap("encode answer", err)
	}
	return b.Bytes(), nil
}

// content reads the body, at most 2 MiB, once: a change may run more than once before it is committed.
func (r *request) content() ([]byte, error) {
	if r.body != nil {
		return r.body, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(r.w, r.Body, maxBody))
	if err != nil {
		return nil, bodyFault(err)
	}
	r.body = append([]byte{}, body...)
	return r.body, nil
}

// decode reads a JSON body into v; numbers keep their digits. No body at all leaves v: every member is optional or checked
// later.
func (r *request) decode(v any) error {
	body, err := r.content()
	if err != nil || len(bytes.TrimSpace(body)) == 0 {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		if shape, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return fault.New(fault.Invalid, "body.shape", "field", "/"+strings.ReplaceAll(shape.Field, ".", "/")).With(err)
		}
		return fault.New(fault.Invalid, "body.json", "offset", d.InputOffset()).With(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "body.json", "offset", d.InputOffset())
	}
	return nil
}

func (r *request) query(name string) string { return r.URL.Query().Get(name) }

// limit reads ?limit=: from 1 to record.MaxLimit, otherwise as given where it is left out.
func (r *request) limit(otherwise int) (int, error) { return limitOf(r.query("limit"), otherwise) }

func limitOf(v string, otherwise int) (int, error) {
	if v == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > record.MaxLimit {
		return 0, fault.New(fault.Invalid, "query.limit", "max", record.MaxLimit)
	}
	return n, nil
}

// signedIn refuses visitors.
func (r *request) signedIn() error {
	if r.actor.Person == identity.AnonymousPerson {
		return fault.New(fault.Anonymous, "session.required")
	}
	return nil
}

// read runs fn on a snapshot.
func (s *Server) read(r *request, fn func(ctx context.Context, tx *store.Tx) error) error {
	ctx := r.Context()
	return s.opt.DB.Read(ctx, func(tx *store.Tx) error { return fn(ctx, tx) })
}

func traceID(r *http.Request) string {
	// W3C traceparent: version-traceid-parent-flags
	if parts := strings.Split(r.Header.Get("Traceparent"), "-"); len(parts) == 4 && len(parts[1]) == 32 {
		if _, err := hex.DecodeString(parts[1]); err == nil {
			return parts[1]
		}
	}
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// address is the caller's network address without port. Proxies are not trusted: their header can be forged.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
