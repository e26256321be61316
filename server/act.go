package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"bytes"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// act runs a change in one transaction. With an Idempotency-Key the answer is stored in that transaction, so that a
// repeat, after a lost answer or a crash, gets it again and changes nothing; another body under the same key is refused
// with 422.
func (s *Server) act(r *request, fn func(ctx context.Context, tx *store.Tx) (reply, error)) (reply, error) {
	ctx := r.Context()
	key := r.Header.Get("Idempotency-Key")
	var out reply
	if key == "" {
		r.actor.Request = r.trace
		err := s.opt.DB.Write(ctx, func(tx *store.Tx) (err error) {
			out, err = fn(ctx, tx)
			return err
		})
		return out, err
	}
	if len(key) > 200 {
		return out, fault.New(fault.Invalid, "idempotency.key")
	}
	r.actor.Request = key
	scope := r.actor.Person + " " + r.Method + " " + r.URL.Path
	hash, err := r.bodyHash()
	if err != nil {
		return out, err
	}
	err = s.opt.DB.Write(ctx, func(tx *store.Tx) error {
		var again bool
		if out, again, err = s.repeated(ctx, tx, scope, key, hash); again || err != nil {
			return err
		}
		if out, err = fn(ctx, tx); err != nil {
			return err
		}
		return s.remember(ctx, tx, scope, key, hash, out)
	})
	if fault.CodeOf(err) == "idempotency.race" { // another node committed the same key first: give its answer
		err = s.opt.DB.Write(ctx, func(tx *store.Tx) error {
			out, _, err = s.repeated(ctx, tx, scope, key, hash)
			return err
		})
	}
	return out, err
}

// bodyHash reads the body, hashes it and puts it back.
func (r *request) bodyHash() (string, error) {
	body, err := io.ReadAll(http.MaxBytesReader(r.w, r.Body, maxBody))
	if err != nil {
		return "", fault.New(fault.TooLarge, "body.large", "max", maxBody).With(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	sum := sha256.Sum256(append([]byte(r.URL.RawQuery+"\n"), body...))
	return hex.EncodeToString(sum[:]), nil
}

func (s *Server) repeated(ctx context.Context, tx *store.Tx, scope, key, hash string) (reply, bool, error) {
	var was, etag, body string
	var code int
	err := tx.QueryRow(ctx, "SELECT hash, status, etag, body FROM server_request WHERE scope = ? AND key = ?", scope, key).Scan(&was, &code, &etag, &body)
	if store.None(err) {
		return reply{}, false, nil
	}
	if err != nil {
		return reply{}, false, fault.Wrap("find request", err)
	}
	if was != hash {
		return reply{}, false, fault.New(fault.Invalid, "idempotency.other")
	}
	return reply{Status: code, ETag: etag, Body: json.RawMessage(body), Header: map[string]string{"Idempotent-Replayed": "true"}}, true, nil
}

func (s *Server) remember(ctx context.Context, tx *store.Tx, scope, key, hash string, out reply) error {
	body, err := encodeJSON(out.Body)
	if err != nil {
		return err
	}
	if out.Status == 0 {
		out.Status = http.StatusOK
	}
	_, err = tx.Exec(ctx, "INSERT INTO server_request (scope, key, hash, status, etag, body, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
		scope, key, hash, out.Status, out.ETag, string(body), s.now().UnixMicro())
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
