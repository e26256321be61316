package decision

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"chengshu/base/clock"
	"chengshu/base/dmn"
	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
)

// row is one line of decision_edition.
type row struct{ key, sha, version, from, to, header, models string }

// header is what is kept of an edition's declaration beside its bytes and days.
type header struct {
	Inputs map[string]string `json:"inputs,omitempty"`
	Law    bool              `json:"law,omitempty"`
	Of     string            `json:"of,omitempty"`
}

// Deploy writes down what is in force from now on: models that are new, editions that came, and those that went as
// retired. What was there stays for the processes bound to it.
func (s *Store) Deploy(ctx context.Context, tx *store.Tx, editions []*Edition) error {
	live, err := liveRows(ctx, tx)
	if err != nil {
		return err
	}
	now := s.clock.Now().UnixMicro()
	for _, e := range editions {
		r := row{key: e.Key, sha: hash(e.Models), version: e.Version, from: dayText(e.From), to: dayText(e.To)}
		head, err := json.Marshal(header{e.Inputs, e.Law, e.Of})
		if err != nil {
			return fault.Wrap("store decision", err)
		}
		r.header = string(head)
		shas := make([]string, len(e.Models))
		for i, m := range e.Models {
			shas[i] = m.SHA256
		}
		raw, err := json.Marshal(shas)
		if err != nil {
			return fault.Wrap("store decision", err)
		}
		r.models = string(raw)
		if live[r] {
			delete(live, r)
			continue
		}
		for _, m := range e.Models {
			if _, err := tx.Exec(ctx, `INSERT INTO decision_model (sha, xml, stored) VALUES (?,?,?) ON CONFLICT (sha) DO NOTHING`,
				m.SHA256, m.Source, now); err != nil {
				return fault.Wrap("store decision model", err)
			}
		}
		_, err = tx.Exec(ctx, `INSERT INTO decision_edition (dkey, sha, version, valid_from, valid_to, header, models, deployed, retired)
			VALUES (?,?,?,?,?,?,?,?,0) ON CONFLICT DO NOTHING`, r.key, r.sha, r.version, r.from, r.to, r.header, r.models, now)
		if err != nil {
			return fault.Wrap("store decision", err)
		}
	}
	for r := range live {
		_, err := tx.Exec(ctx, `UPDATE decision_edition SET retired = ?
			WHERE dkey = ? AND sha = ? AND version = ? AND valid_from = ? AND valid_to = ? AND header = ? AND retired = 0`,
			now, r.key, r.sha, r.version, r.from, r.to, r.header)
		if err != nil {
			return fault.Wrap("retire decision", err)
		}
	}
	return nil
}

func liveRows(ctx context.Context, tx *store.Tx) (map[row]bool, error) {
	rows, err := tx.Query(ctx, `SELECT dkey, sha, version, valid_from, valid_to, header, models FROM decision_edition WHERE retired = 0`)
	if err != nil {
		return nil, fault.Wrap("load decisions", err)
	}
	defer func() { _ = rows.Close() }() // Err tells what went wrong
	out := map[row]bool{}
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.key, &r.sha, &r.version, &r.from, &r.to, &r.header, &r.models); err != nil {
			return nil, fault.Wrap("load decisions", err)
		}
		out[r] = true
	}
	return out, fault.Wrap("load decisions", rows.Err())
}

func dayText(d feel.Date) string {
	if d == (feel.Date{}) {
		return ""
	}
	return d.String()
}

// bind finds the edition a reference means for a process that began at an instant. Faults: NotFound "dmn.edition".
func (s *Store) bind(ctx context.Context, tx *store.Tx, ref Ref, started time.Time) (*Edition, error) {
	binding := ref.Binding
	if binding == "" {
		binding = Latest
		if e, err := s.On(ref.Key, s.Today()); err != nil || e.Law { // an edition that is no longer there is looked for in the tables
			binding = Start
		}
	}
	day := dayText(s.Today())
	var where string
	var args []any
	switch binding {
	case Latest:
		return s.On(ref.Key, s.Today())
	case Start:
		at := started.UnixMicro()
		day = dayText(feel.DateOf(started.In(clock.Shanghai)))
		// What was known when the process began; where nothing was, what became known first.
		where = `(valid_from = '' OR valid_from <= ?) AND (valid_to = '' OR valid_to >= ?) AND (retired = 0 OR retired > ?)
			ORDER BY CASE WHEN deployed <= ? THEN 0 ELSE 1 END, CASE WHEN deployed <= ? THEN -deployed ELSE deployed END, version LIMIT 1`
		args = []any{day, day, at, at, at}
	default:
		where, args = `version = ? ORDER BY CASE WHEN retired = 0 THEN 0 ELSE 1 END, deployed DESC LIMIT 1`, []any{binding}
	}
	return s.load(ctx, tx, ref.Key, day, where, args)
}

// load gives an edition of the tables.
func (s *Store) load(ctx context.Context, tx *store.Tx, key, day, where string, args []any) (*Edition, error) {
	e := &Edition{Key: key}
	var sha, head, models string
	err := tx.QueryRow(ctx, `SELECT version, sha, header, models FROM decision_edition WHERE dkey = ? AND `+where, append([]any{key}, args...)...).
		Scan(&e.Version, &sha, &head, &models)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "dmn.edition", "key", key, "day", day)
	}
	if err != nil {
		return nil, fault.Wrap("find decision", err)
	}
	var h header
	if err := json.Unmarshal([]byte(head), &h); err != nil {
		return nil, fault.Wrap("find decision", err)
	}
	e.Inputs, e.Law, e.Of = h.Inputs, h.Law, h.Of
	s.mu.Lock()
	known := s.compiled[sha]
	s.mu.Unlock()
	if known != nil {
		e.Models, e.Definitions = known.models, known.definitions
		return e, nil
	}
	if err := e.read(ctx, tx, models); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.compiled[sha] = &compiled{e.Models, e.Definitions}
	return e, nil
}

// read parses and compiles models that no pack has any more.
func (e *Edition) read(ctx context.Context, tx *store.Tx, models string) error {
	var names []string
	if err := json.Unmarshal([]byte(models), &names); err != nil {
		return fault.Wrap("load decision model", err)
	}
	for _, name := range names {
		var xml []byte
		if err := tx.QueryRow(ctx, `SELECT xml FROM decision_model WHERE sha = ?`, name).Scan(&xml); err != nil {
			return fault.Wrap("load decision model", err)
		}
		m, err := dmn.Parse(xml)
		if err != nil {
			return err
		}
		e.Models = append(e.Models, m)
	}
	e.Compile()
	return nil
}
