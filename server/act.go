package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// maxKey is the longest Idempotency-Key; a UUID has 36 characters.
const maxKey = 200

// act runs a change in one transaction. With an Idempotency-Key the answer is stored in that transaction, so that a
// repeat, after a lost answer or a crash, gets it again and changes nothing; another body under the same key is refused
// with 422.
func (s *Server) act(r *request, fn func(ctx context.Context, tx *store.Tx) (reply, error)) (reply, error) {
	body, err := r.content()
	if err != nil {
		return reply{}, err
	}
	sum := sha256.Sum256(append([]byte(r.URL.RawQuery+"\n"), body...))
	return s.actOn(r, hex.EncodeToString(sum[:]), fn)
}

// actOn is act for a body that the caller has read and hashed.
func (s *Server) actOn(r *request, hash string, fn func(ctx context.Context, tx *store.Tx) (reply, error)) (reply, error) {
	ctx := r.Context()
	key := r.Header.Get("Idempotency-Key")
	var out reply
	if key == "" {
		r.actor.Request = r.trace
		err := s.commit(r, func(tx *store.Tx) (err error) {
			out, err = fn(ctx, tx)
			return err
		})
		return out, err
	}
	if len(key) > maxKey {
		return out, fault.New(fault.Invalid, "idempotency.key", "max", maxKey)
	}
	r.actor.Request = key
	scope := r.actor.Person + " " + r.Method + " " + r.URL.Path
	ran := false
	err := s.commit(r, func(tx *store.Tx) error {
		var again bool
		ran = false
		var err error
		if out, again, err = s.repeated(ctx, tx, scope, key, hash); again || err != nil {
			return err
		}
		ran = true
		if out, err = fn(ctx, tx); err != nil {
			return err
		}
		return s.remember(ctx, tx, scope, key, hash, out)
	})
	if err == nil || !ran || s.opt.DB.Serial() {
		return out, err
	}
	// Where writers overlap, the same request may have run on another connection while this one was under way: it took the
	// task or the key first, and its answer is the answer.
	var first reply
	var again bool
	if e := s.opt.DB.Read(ctx, func(tx *store.Tx) (e error) {
		first, again, e = s.repeated(ctx, tx, scope, key, hash)
		return e
	}); e == nil && again {
		return first, nil
	}
	return out, err
}

// crowd bounds the runs of a change whose record others change at the same moment.
const crowd = 20

// commit runs a change. Where writers overlap, somebody else may have changed the record or its process between reading
// and writing. Who named a revision is told; who named none did not ask about that, and the change runs again on what is
// there now. SQLite has one writer and never comes here twice.
func (s *Server) commit(r *request, fn func(tx *store.Tx) error) error {
	for run := 1; ; run++ {
		err := s.opt.DB.Write(r.Context(), fn)
		code := fault.CodeOf(err)
		if code != "record.stale" && code != "flow.stale" || run == crowd || s.opt.DB.Serial() || r.namesRevision() {
			return err
		}
	}
}

// namesRevision tells whether the request says which revision it is about.
func (r *request) namesRevision() bool {
	var in struct {
		Rev json.Number `json:"rev"`
	}
	return r.Header.Get("If-Match") != "" || json.Unmarshal(r.body, &in) == nil && in.Rev != "" && in.Rev != "0"
}

// bodyFault tells a body that is too large from one that broke off.
func bodyFault(err error) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.New(fault.TooLarge, "body.large", "max", tooLarge.Limit)
	}
	return fault.New(fault.Invalid, "body.broken").With(err)
}

func (s *Server) repeated(ctx context.Context, tx *store.Tx, scope, key, hash string) (reply, bool, error) {
	var was, etag, location, body string
	var code int
	err := tx.QueryRow(ctx, "SELECT hash, status, etag, location, body FROM server_request WHERE scope = ? AND key = ?", scope, key).
		Scan(&was, &code, &etag, &location, &body)
	if store.None(err) {
		return reply{}, false, nil
	}
	if err != nil {
		return reply{}, false, fault.Wrap("find request", err)
	}
	if was != hash {
		return reply{}, false, fault.New(fault.Invalid, "idempotency.other")
	}
	out := reply{Status: code, ETag: etag, Header: map[string]string{"Idempotent-Replayed": "true"}}
	if location != "" {
		out.Header["Location"] = location
	}
	if body != "" {
		out.Body = json.RawMessage(body)
	}
	return out, true, nil
}

func (s *Server) remember(ctx context.Context, tx *store.Tx, scope, key, hash string, out reply) error {
	var body []byte
	if out.Body != nil {
		var err error
		if body, err = encodeJSON(out.Body); err != nil {
			return err
		}
	}
	if out.Status == 0 {
		out.Status = http.StatusOK
	}
	_, err := tx.Exec(ctx, "INSERT INTO server_request (scope, key, hash, status, etag, location, body, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		scope, key, hash, out.Status, out.ETag, out.Header["Location"], string(body), s.now().UnixMicro())
	if fault.Is(err, fault.Exists) {
		return fault.New(fault.Conflict, "idempotency.race").With(err)
	}
	return err
}

// Forget removes answers older than a day.
func (s *Server) Forget(ctx context.Context) error {
	return s.opt.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM server_request WHERE at < ?", s.now().Add(-24*time.Hour).UnixMicro())
		return err
	})
}
