package flow

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"chengshu/base/bpmn"
	"chengshu/base/fault"
	"chengshu/base/store"
)

// Commands on an incident of an instance; Token names it where there are several. Each needs the permission
// "flow.incident" and a reason.
const (
	Retry   = "retry"   // do it again
	Skip    = "skip"    // go on as if it had been done
	Resolve = "resolve" // go on with Data as the answer
)

// incident is one token that cannot go on.
type incident struct {
	id, node, code, detail, job string
	token                       int64
}

// Incident is a place where a process cannot go on by itself: an error nobody catches, a call that was given up.
type Incident struct {
	ID       string
	Instance string
	Process  string
	Biz      Biz
	Token    int64
	Node     string
	Code     string // message key
	Detail   string // code of the error, or the fault of the last try: code, a blank and its arguments in JSON
	Job      string // of a call
	At       time.Time
	Closed   time.Time // zero while open
	ClosedBy string
	Reason   string
}

// stepTooLong is the code of an incident of a step that did not come to rest.
const stepTooLong = "flow.incident.steps"

// tooLong holds t before n because the step has done max things already.
func (m *machine) tooLong(t *token, n *node, most int) error {
	t.node = n.ID
	return m.fail(t, n, incident{code: stepTooLong, detail: strconv.Itoa(most)})
}

// nowhere tells whether a timer has led to a node that cannot be begun, for a reason that lies in the model or the record: no
// person is there to be told, and trying again would give the same. Nodes that begin with more than one thing are not among
// them, because what they have begun would stay.
func (m *machine) nowhere(n *node, err error) bool {
	if m.cmd.Name != "timer" || n.closes != "" || n.multi() || n.repeats() {
		return false
	}
	switch n.Kind {
	case bpmn.Exclusive, bpmn.Inclusive, bpmn.UserTask, bpmn.ScriptTask, bpmn.Catch:
	default:
		return false
	}
	switch fault.CodeOf(err) {
	case "flow.gateway", "flow.candidates", "flow.candidates.org", "flow.set", "flow.timer":
		return true
	}
	return false
}

// tellIncidents tells of the incidents of the step, of several at one node once.
func (m *machine) tellIncidents() {
	seen := map[[2]string]bool{}
	for _, i := range m.s.incidents {
		if at := [2]string{i.node, i.code}; !seen[at] {
			seen[at] = true
			m.tell(Event{Kind: "incident", Node: i.node, Reason: i.code})
		}
	}
}

// told is a fault as the detail of an incident. What caused it stays with the job: it is not for everybody who sees incidents.
func told(err error) string {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return "internal"
	}
	args, err := json.Marshal(f.Args)
	if err != nil || len(f.Args) == 0 {
		return f.Code
	}
	return f.Code + " " + string(args)
}

// fail holds t at n until an administrator has decided.
func (m *machine) fail(t *token, n *node, i incident) error {
	id, err := m.e.ids.id(m.now)
	if err != nil {
		return err
	}
	i.id, i.node, i.token = id, n.ID, t.id
	t.state, t.dirty = failed, true
	m.s.incidents = append(m.s.incidents, i)
	m.extra = append(m.extra, Note{Op: "incident", Node: n.ID, Text: i.code})
	return nil
}

func loadIncidents(ctx context.Context, tx *store.Tx, w where) ([]Incident, error) {
	return rowsOf(ctx, tx, "load incidents", func(rows *sql.Rows) (Incident, error) {
		var (
			i          Incident
			at, closed int64
		)
		err := rows.Scan(&i.ID, &i.Instance, &i.Process, &i.Biz.Type, &i.Biz.ID, &i.Biz.Org, &i.Biz.Area, &i.Token, &i.Node, &i.Code,
			&i.Detail, &i.Job, &at, &closed, &i.ClosedBy, &i.Reason)
		i.At, i.Closed = instant(at), instant(closed)
		return i, err
	}, `SELECT x.id, x.inst, i.def_key, i.biz_type, i.biz_id, i.org, i.area, x.token, x.node, x.code, x.detail, x.job, x.at, x.closed,
		x.closed_by, x.reason FROM flow_incident x JOIN flow_inst i ON i.id = x.inst `+w.text.String(), w.args...)
}

// mending demands what every command on an incident needs.
func (m *machine) mending() error {
	if err := m.privilege("flow.incident"); err != nil {
		return err
	}
	return m.reasoned()
}

// stuck finds the failed token that a command means, with its incident.
func (m *machine) stuck() (*token, *node, Incident, error) {
	none := fault.New(fault.Conflict, "flow.incident.none", "instance", m.s.inst.id)
	var found *token
	for _, t := range m.s.alive() {
		if t.state != failed || m.cmd.Token != 0 && t.id != m.cmd.Token {
			continue
		}
		if found != nil {
			return nil, nil, Incident{}, fault.New(fault.Invalid, "flow.incident.which").At("/token", "field.required")
		}
		found = t
	}
	if found == nil {
		return nil, nil, Incident{}, none
	}
	w := where{}
	w.add(`WHERE x.inst = ? AND x.token = ? AND x.closed = 0`, m.s.inst.id, found.id)
	list, err := loadIncidents(m.ctx, m.tx, w)
	if err != nil {
		return nil, nil, Incident{}, err
	}
	n := m.p.nodes[found.node]
	if len(list) == 0 || n == nil {
		return nil, nil, Incident{}, none
	}
	m.s.solved = append(m.s.solved, found.id)
	found.state, found.dirty = live, true
	return found, n, list[0], nil
}

// retryIncident does again what failed. Tokens that one step has stopped go on together.
func (m *machine) retryIncident() error {
	if err := m.mending(); err != nil {
		return err
	}
	if m.cmd.Token == 0 {
		if all, err := m.stopped(); err != nil || all {
			return err
		}
	}
	t, n, i, err := m.stuck()
	if err != nil {
		return err
	}
	if i.Job == "" {
		m.redo(t, n)
		return nil
	}
	_, err = m.tx.Exec(m.ctx, `UPDATE flow_job SET state = ?, attempts = 0, next_at = ?, lease_owner = '', lease_until = 0 WHERE id = ?`,
		jobReady, micros(m.now), i.Job)
	return fault.Wrap("offer job again", err)
}

// redo lets a token do its node again: what waits there is armed anew.
func (m *machine) redo(t *token, n *node) {
	m.release(t.id)
	m.push(t, n)
}

// stopped lets all tokens go on where several have failed and every one only because a step was too long.
func (m *machine) stopped() (bool, error) {
	w := where{}
	w.add(`WHERE x.inst = ? AND x.closed = 0`, m.s.inst.id)
	list, err := loadIncidents(m.ctx, m.tx, w)
	if err != nil || len(list) < 2 || slices.ContainsFunc(list, func(i Incident) bool { return i.Code != stepTooLong }) {
		return false, err
	}
	for _, i := range list {
		t := m.s.token(i.Token)
		if t == nil || t.state != failed {
			continue
		}
		m.s.solved = append(m.s.solved, t.id)
		t.state, t.dirty = live, true
		m.redo(t, m.p.nodes[t.node])
	}
	return true, nil
}

// skipIncident goes on without what failed.
func (m *machine) skipIncident() error { return m.passIncident(nil) }

// resolveIncident goes on with an answer given by the administrator.
func (m *machine) resolveIncident() error {
	answer, err := json.Marshal(m.cmd.Data)
	if err != nil {
		return fault.New(fault.Invalid, "flow.answer", "name", m.cmd.Instance).With(err)
	}
	return m.passIncident(answer)
}

func (m *machine) passIncident(answer json.RawMessage) error {
	if err := m.mending(); err != nil {
		return err
	}
	t, n, i, err := m.stuck()
	if err != nil {
		return err
	}
	if i.Job != "" {
		var part int64
		if err := m.tx.QueryRow(m.ctx, `SELECT part FROM flow_job WHERE id = ?`, i.Job).Scan(&part); err != nil {
			return fault.Wrap("find job", err)
		}
		m.s.dropJobs = append(m.s.dropJobs, t.id)
		return m.proceed(t, n, part, answer)
	}
	if i.Code == stepTooLong && !n.Kind.Activity() { // it has no work of its own to leave out
		m.redo(t, n)
		return nil
	}
	if n.Kind != bpmn.End {
		return m.leave(t, n)
	}
	st := t.stack
	m.s.drop(t)
	return m.afterGone(st, t)
}
