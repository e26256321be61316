package flow

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"chengshu/base/clock"
	"chengshu/base/store"
)

// Hist is one line of a process's history.
type Hist struct {
	Instance string    `json:"instance"`
	Seq      int64     `json:"seq"`
	At       time.Time `json:"at"`
	Actor    string    `json:"actor"`
	OnBehalf string    `json:"onBehalf,omitempty"`
	Op       string    `json:"op"` // command, "start", "timer", "message", "follow"
	Node     string    `json:"node,omitempty"`
	Task     string    `json:"task,omitempty"`
	Outcome  string    `json:"outcome,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Target   string    `json:"target,omitempty"`
	Path     []string  `json:"path,omitempty"` // nodes entered
	Notes    []Note    `json:"notes,omitempty"`
	Entry    int64     `json:"entry"` // id of the journal entry
}

// Instance is one process of a record.
type Instance struct {
	ID      string
	Process string
	Version int64
	Biz     Biz
	State   string
	Starter string
	Parent  string // instance whose call activity started it
	Started time.Time
	Ended   time.Time // zero while it runs
	Nodes   []string  // where its tokens are
}

// Instances gives the processes of a record, oldest first.
func (e *Engine) Instances(ctx context.Context, tx *store.Tx, biz Biz) ([]Instance, error) {
	list, err := rowsOf(ctx, tx, "load instances", func(rows *sql.Rows) (Instance, error) {
		var (
			in         inst
			vars, node string
		)
		err := rows.Scan(append(in.dest(&vars), &node)...)
		out := Instance{
			ID: in.id, Process: in.defKey, Version: in.defVersion, Biz: in.biz, State: in.state, Starter: in.starter,
			Parent: in.parent, Started: instant(in.started), Ended: instant(in.ended),
		}
		if node != "" {
			out.Nodes = []string{node}
		}
		return out, err
	}, `SELECT `+instColumns+`, COALESCE(k.node, '') FROM flow_inst i LEFT JOIN flow_token k ON k.inst = i.id
		WHERE i.biz_type = ? AND i.biz_id = ? ORDER BY i.started, i.id, k.id`, biz.Type, biz.ID)
	var out []Instance
	for _, in := range list { // one row a token
		if n := len(out); n > 0 && out[n-1].ID == in.ID {
			out[n-1].Nodes = append(out[n-1].Nodes, in.Nodes...)
		} else {
			out = append(out, in)
		}
	}
	return out, err
}

// History gives the history of a record's processes in the order of time.
func (e *Engine) History(ctx context.Context, tx *store.Tx, biz Biz) ([]Hist, error) {
	return rowsOf(ctx, tx, "load history", func(rows *sql.Rows) (Hist, error) {
		var (
			h    Hist
			at   int64
			data string
		)
		if err := rows.Scan(&h.Instance, &h.Seq, &at, &h.Actor, &h.OnBehalf, &h.Op, &h.Node, &h.Task, &h.Outcome, &h.Reason, &data, &h.Entry); err != nil {
			return h, err
		}
		h.At = instant(at)
		err := json.Unmarshal([]byte(data), &h)
		return h, err
	}, `SELECT h.inst, h.seq, h.at, h.actor, h.on_behalf, h.op, h.node, h.task, h.outcome, h.reason, h.data, h.entry
		FROM flow_hist h JOIN flow_inst i ON i.id = h.inst WHERE i.biz_type = ? AND i.biz_id = ? ORDER BY h.entry, i.started, h.inst, h.seq`,
		biz.Type, biz.ID)
}

// SLA is one clock of a record's processes.
type SLA struct {
	Instance    string
	ID          int64
	Task        string // empty: the whole instance
	Name        string
	Limit       clock.Limit // with extensions
	Extended    int64       // thousandths of the unit
	Started     time.Time
	Stopped     time.Time // zero while it runs
	Due         time.Time // of a paused clock: as if the pause ended now
	Warn        time.Time // thresholds; zero where off
	Yellow, Red time.Time
	Level       string // "", "warn", "yellow", "red": the threshold reached
	State       string // Running, Paused, Stopped
	Calendar    string // version of the calendar the dues were derived from
	Provisional bool   // a day of it lies past the announced years
}

// Overdue tells whether the limit had run out at an instant.
func (s SLA) Overdue(at time.Time) bool {
	if !s.Stopped.IsZero() {
		at = s.Stopped
	}
	return s.State != Paused && at.After(s.Due)
}

// SLA gives the clocks of a record's processes.
func (e *Engine) SLA(ctx context.Context, tx *store.Tx, biz Biz) ([]SLA, error) {
	list, err := e.Instances(ctx, tx, biz)
	if err != nil {
		return nil, err
	}
	var out []SLA
	for _, in := range list {
		clocks, err := loadClocks(ctx, tx, in.ID, "")
		if err != nil {
			return nil, err
		}
		for _, c := range clocks {
			out = append(out, SLA{
				Instance: in.ID, ID: c.id, Task: c.task, Name: c.name, Limit: clock.Limit{N: c.limit.N + c.added, Unit: c.limit.Unit},
				Extended: c.added, Started: c.started, Stopped: c.stopped, Due: c.due, Warn: c.at[0], Yellow: c.at[1], Red: c.at[2],
				Level: levels[c.level], State: c.state, Calendar: c.calendar, Provisional: c.provisional,
			})
		}
	}
	return out, nil
}

func loadClocks(ctx context.Context, tx *store.Tx, inst, more string) ([]*sla, error) {
	return rowsOf(ctx, tx, "load clocks", func(rows *sql.Rows) (*sla, error) {
		var (
			c                     sla
			unit                  string
			started, stopped, due int64
			at                    [3]int64
		)
		err := rows.Scan(&c.id, &c.task, &c.name, &unit, &c.limit.N, &c.added, &c.warn, &c.yellow, &c.red, &started, &stopped, &due,
			&at[0], &at[1], &at[2], &c.calendar, &c.provisional, &c.level, &c.state)
		if err != nil {
			return nil, err
		}
		c.started, c.stopped, c.due = instant(started), instant(stopped), instant(due)
		for i, us := range at {
			c.at[i] = instant(us)
		}
		c.limit.Unit, err = clock.ParseUnit(unit)
		return &c, err
	}, `SELECT `+slaColumns+` FROM flow_sla WHERE inst = ? `+more+` ORDER BY id`, inst)
}

// PauseRecord is one legal pause.
type PauseRecord struct {
	Reason, Basis, Note, Actor string
	Node                       string // node that declares it; empty where a person made it
	Started, Promised, Stopped time.Time
}

// Pauses gives the pauses of an instance's clocks.
func (e *Engine) Pauses(ctx context.Context, tx *store.Tx, instance string) ([]PauseRecord, error) {
	list, err := loadPauses(ctx, tx, instance)
	if err != nil {
		return nil, err
	}
	out := make([]PauseRecord, len(list))
	for i, p := range list {
		out[i] = PauseRecord{p.reason, p.basis, p.note, p.actor, p.node, p.started, p.promised, p.stopped}
	}
	return out, nil
}

func loadPauses(ctx context.Context, tx *store.Tx, inst string) ([]*pauseRow, error) {
	return rowsOf(ctx, tx, "load pauses", func(rows *sql.Rows) (*pauseRow, error) {
		var (
			p                          pauseRow
			started, promised, stopped int64
		)
		err := rows.Scan(&p.id, &p.node, &p.reason, &p.basis, &p.note, &p.actor, &started, &promised, &stopped)
		p.started, p.promised, p.stopped = instant(started), instant(promised), instant(stopped)
		return &p, err
	}, `SELECT id, node, reason, basis, note, actor, started, promised, stopped FROM flow_clock WHERE inst = ? ORDER BY id`, inst)
}
