package server

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"regexp"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// Bounds of what the desk may remember for a person.
const (
	maxPreference  = 16 << 10 // bytes of one value
	maxPreferences = 200      // names
)

var preferenceName = regexp.MustCompile(`^[a-z][a-zA-Z0-9._-]{0,99}$`) //nolint:gochecknoglobals // never changed

// preferences gives what the desk remembers for the caller, by name.
func (s *Server) preferences(ctx context.Context, person string) (map[string]json.RawMessage, error) {
	out := map[string]json.RawMessage{}
	err := s.opt.DB.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(ctx, "SELECT name, value FROM server_preference WHERE person = ?", person)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var name, value string
			if err := rows.Scan(&name, &value); err != nil {
				return err
			}
			out[name] = json.RawMessage(value)
		}
		return rows.Err()
	})
	return out, fault.Wrap("read preferences", err)
}

// setPreference remembers one value of the caller; null or none forgets it. Nothing of it is a record: it is not journalled.
func (s *Server) setPreference(r *request) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	name := r.PathValue("name")
	if !preferenceName.MatchString(name) {
		return reply{}, fault.New(fault.Invalid, "preference.name", "name", name)
	}
	var in struct {
		Value json.RawMessage `json:"value"`
	}
	if err := r.decode(&in); err != nil {
		return reply{}, err
	}
	if len(in.Value) > maxPreference {
		return reply{}, fault.New(fault.Invalid, "preference.size", "max", maxPreference)
	}
	return reply{Status: http.StatusNoContent}, s.opt.DB.Write(r.Context(), func(tx *store.Tx) error {
		return keepPreference(r.Context(), tx, r.actor.Person, name, in.Value)
	})
}

func keepPreference(ctx context.Context, tx *store.Tx, person, name string, value json.RawMessage) error {
	if len(value) == 0 || bytes.Equal(value, []byte("null")) {
		_, err := tx.Exec(ctx, "DELETE FROM server_preference WHERE person = ? AND name = ?", person, name)
		return fault.Wrap("forget preference", err)
	}
	var n int
	if err := tx.QueryRow(ctx, "SELECT count(*) FROM server_preference WHERE person = ? AND name <> ?", person, name).Scan(&n); err != nil {
		return fault.Wrap("count preferences", err)
	}
	if n >= maxPreferences {
		return fault.New(fault.Invalid, "preference.count", "max", maxPreferences)
	}
	_, err := tx.Exec(ctx, `INSERT INTO server_preference (person, name, value) VALUES (?, ?, ?)
		ON CONFLICT (person, name) DO UPDATE SET value = excluded.value`, person, name, string(value))
	return fault.Wrap("keep preference", err)
}
