package decision

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/kernel/journal"
)

// Ask is a decision that a process wants made.
type Ask struct {
	Ref      Ref
	Subject  string // "<type>/<id>"
	Actor    string // person whose command brought the process here
	Instance string
	Node     string
	Started  time.Time               // when the process began
	Data     feel.Vars               // the inputs by name; nil takes them from Vars
	Vars     feel.Vars               // the record's values by field, which the edition says the inputs of
	Personal func(field string) bool // whether an input's value must not stand in the journal in the clear
}

// Entry is one line of the log of decisions about a record.
type Entry struct {
	ID       string
	At       time.Time
	Actor    string
	Instance string
	Node     string
	Key      string
	Version  string
	SHA256   string
	Body     Body
}

// Body is what an entry says of the decision, values in the clear.
type Body struct {
	Decision string          `json:"decision"`
	Verdict  string          `json:"verdict"`
	Inputs   []NamedValue    `json:"inputs"`
	Output   any             `json:"output"`
	Missing  []string        `json:"missing,omitempty"`
	Rules    []Rule          `json:"rules"`
	Personal bool            `json:"personal,omitempty"` // some input is
	Trace    json.RawMessage `json:"trace"`
}

// NamedValue is an input with its value as feel.ToGo has it.
type NamedValue struct {
	Name  string `json:"name"`
	Field string `json:"field"` // of the record it was filled from, or would be
	Value any    `json:"value"`
}

// notice is what the journal says of a decision: values of personal inputs, and what came of them, as salted digests. The
// members stand in the order of their names, which is the journal's canonical form.
type notice struct {
	Decision string         `json:"decision"`
	ID       string         `json:"id"` // of the entry in the log
	Inputs   map[string]any `json:"inputs"`
	Key      string         `json:"key"`
	Missing  []string       `json:"missing,omitempty"`
	Output   any            `json:"output"`
	Rules    []Rule         `json:"rules"`
	SHA256   string         `json:"sha256"`
	Verdict  string         `json:"verdict"`
	Version  string         `json:"version"`
}

// Decide makes a decision for a process by the edition it is bound to, writes it into the log and gives what belongs into
// the journal entry of the command. Faults: NotFound "dmn.edition", "dmn.decision".
func (s *Store) Decide(ctx context.Context, tx *store.Tx, ask Ask) (Outcome, json.RawMessage, error) {
	e, err := s.bind(ctx, tx, ask.Ref, ask.Started)
	if err != nil {
		return Outcome{}, nil, err
	}
	vars := ask.Data
	if vars == nil {
		vars = recordVars{ask.Vars, e}
	}
	now := s.clock.Now()
	o, err := e.Evaluate(ask.Ref.Decision, vars, now)
	if err != nil {
		return Outcome{}, nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Outcome{}, nil, fault.Wrap("make id", err)
	}
	body := Body{Decision: o.Name, Verdict: o.Verdict, Inputs: []NamedValue{}, Output: feel.ToGo(o.Value), Missing: o.Missing, Rules: rulesOf(o)}
	said := notice{
		Decision: o.Name, ID: id.String(), Inputs: map[string]any{}, Key: e.Key, Missing: o.Missing, Output: body.Output, Rules: body.Rules,
		SHA256: o.SHA256, Verdict: o.Verdict, Version: e.Version,
	}
	salt := ""
	for _, in := range o.Inputs {
		v := feel.ToGo(in.Value)
		body.Inputs = append(body.Inputs, NamedValue{in.Name, e.Field(in.Name), v})
		if v != nil && ask.Personal(e.Field(in.Name)) {
			if salt == "" {
				salt = journal.NewSalt()
			}
			if v, err = digest(salt, in.Name, v); err != nil {
				return Outcome{}, nil, err
			}
			body.Personal = true
		}
		said.Inputs[in.Name] = v
	}
	if _, plain := said.Output.(bool); body.Personal && !plain && said.Output != nil {
		if said.Output, err = digest(salt, "output", said.Output); err != nil {
			return Outcome{}, nil, err
		}
	}
	if body.Trace, err = json.Marshal(o.Trace); err != nil {
		return Outcome{}, nil, fault.Wrap("write decision", err)
	}
	full, err := json.Marshal(body)
	if err != nil {
		return Outcome{}, nil, fault.Wrap("write decision", err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO decision_log (id, subject, at, actor, inst, node, dkey, version, sha, body, salt) VALUES (?,?,?,?,?,?,?,?,?,?,?)`,
		id.String(), ask.Subject, now.UnixMicro(), ask.Actor, ask.Instance, ask.Node, e.Key, e.Version, o.SHA256, string(full), salt)
	if err != nil {
		return Outcome{}, nil, fault.Wrap("write decision", err)
	}
	raw, err := json.Marshal(said)
	return o, raw, fault.Wrap("write decision", err)
}

// recordVars gives a decision its inputs by the names of the record's fields.
type recordVars struct {
	vars    feel.Vars
	edition *Edition
}

// Get finds an input.
func (v recordVars) Get(name string) (feel.Value, bool) { return v.vars.Get(v.edition.Field(name)) }

func rulesOf(o Outcome) []Rule {
	if o.Rules == nil {
		return []Rule{}
	}
	return o.Rules
}

func digest(salt, name string, v any) (any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fault.Wrap("write decision", err)
	}
	return journal.Digest(salt+name, raw), nil
}

// Log gives what was decided about a record, oldest first. The caller has judged that the record may be read, and masks
// what is above the reader's clearance.
func (s *Store) Log(ctx context.Context, tx *store.Tx, subject string) ([]Entry, error) {
	rows, err := tx.Query(ctx, `SELECT id, at, actor, inst, node, dkey, version, sha, body FROM decision_log WHERE subject = ? ORDER BY at, id`, subject)
	if err != nil {
		return nil, fault.Wrap("load decisions", err)
	}
	defer func() { _ = rows.Close() }() // Err tells what went wrong
	var out []Entry
	for rows.Next() {
		var (
			e    Entry
			at   int64
			body string
		)
		if err := rows.Scan(&e.ID, &at, &e.Actor, &e.Instance, &e.Node, &e.Key, &e.Version, &e.SHA256, &body); err != nil {
			return nil, fault.Wrap("load decisions", err)
		}
		e.At = time.UnixMicro(at).In(clock.Shanghai)
		if err := json.Unmarshal([]byte(body), &e.Body); err != nil {
			return nil, fault.Wrap("load decisions", err)
		}
		out = append(out, e)
	}
	return out, fault.Wrap("load decisions", rows.Err())
}
