package app_test

import (
	"net/http"
	"slices"

	"chengshu/base/store"
	"chengshu/kernel/flow"
	"chengshu/kernel/record"
	"chengshu/kernel/schema"
)

// run gives a record a running process that stands nowhere: the state of the record stays as the matrix wants it.
func run(m *matrix, tx *store.Tx, t *schema.Type, id string) error {
	if t.Flow == "" {
		return nil
	}
	_, err := tx.Exec(m.t.Context(), `INSERT INTO flow_inst (id, def_key, def_version, biz_type, biz_id, org, area, state, vars, rev, seq, slas, pauses, sides,
		starter, parent, parent_token, started, ended) VALUES (?, ?, 1, ?, ?, '', '', 'running', '{}', 1, 0, 0, 0, 0, 'nobody', '', 0, 1, 0)`,
		"in-"+id, t.FlowKey(), t.Name, id)
	return err
}

// checkProcess: the process of a record is shown to whoever reads or administers the record, and each command on it is
// taken from whoever has one of the permissions that suffice. None is sent with a reason, so that none succeeds.
func (m *matrix) checkProcess(c caller, r *record.Record) {
	m.t.Helper()
	path := "/api/v1/records/" + r.Type.Name + "/" + r.ID() + "/process"
	seen := m.allow(c, "read", r) || m.allow(c, "admin", r)
	got := m.call(c, http.MethodGet, path, nil)
	there := r.Type.Flow != ""
	if seen && c.token != "" && there != (got.status == http.StatusOK) {
		m.t.Errorf("%s sees %s, whose process is there: %v, and gets %d %s", c.name, r.Subject(), there, got.status, got.code)
	}
	m.overseen(c, r, "see the process of", seen, true, there, got)
	for command, act := range map[string]string{
		flow.Supervise: "flow.supervise", flow.Suspend: "flow.suspend", flow.Cancel: "flow.cancel", flow.Due: "flow.due", flow.Jump: "flow.jump",
		"migrate": "flow.migrate",
	} {
		may := slices.ContainsFunc(flow.Rights(act), func(right string) bool { return m.allow(c, right, r) })
		got := m.call(c, http.MethodPost, path+"/"+command, map[string]any{"target": "nothing", "limit": "1 hour", "version": 999})
		if got.status == http.StatusOK {
			m.t.Errorf("%s: %s of %s succeeded without a reason", c.name, command, r.Subject())
		}
		m.overseen(c, r, command, seen, may, there, got)
	}
}

// overseen compares an answer about a process with what policy says.
func (m *matrix) overseen(c caller, r *record.Record, what string, seen, may, there bool, got answer) {
	m.t.Helper()
	unknown := got.status == http.StatusNotFound && got.code == "record.unknown"
	switch {
	case c.token == "":
		if got.status != http.StatusUnauthorized {
			m.t.Errorf("HOLE: a visitor may %s %s: %d %s", what, r.Subject(), got.status, got.code)
		}
	case !seen:
		if !unknown {
			m.t.Errorf("HOLE: %s may not see %s and %s gets %d %s", c.name, r.Subject(), what, got.status, got.code)
		}
	case unknown:
		m.t.Errorf("%s sees %s and %s gets %d %s", c.name, r.Subject(), what, got.status, got.code)
	case there && may == (got.status == http.StatusForbidden):
		m.t.Errorf("HOLE: %s, %s %s: permitted is %v, got %d %s", c.name, what, r.Subject(), may, got.status, got.code)
	}
}

// checkIncidents: the list of what is stuck is for those who supervise or administer some record of the type.
func (m *matrix) checkIncidents(c caller, t *schema.Type) {
	m.t.Helper()
	got := m.call(c, http.MethodGet, "/api/v1/incidents?type="+t.Name, nil)
	want := http.StatusForbidden
	switch {
	case c.token == "":
		want = http.StatusUnauthorized
	case m.a.Policy.Any(c.actor, "admin", t.Name) || m.a.Policy.Any(c.actor, "supervise", t.Name):
		want = http.StatusOK
	}
	if got.status != want {
		m.t.Errorf("HOLE: %s asks for the incidents of %s: got %d %s, want %d", c.name, t.Name, got.status, got.code, want)
	}
}
