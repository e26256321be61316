package flow

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"chengshu/base/store"
)

// Hist is one line of a process's history.
type Hist struct {
	Instance string       `json:"instance"`
	Seq      int64        `json:"seq"`
	At       time.Time    `json:"at"`
	Actor    string       `json:"actor"`
	OnBehalf string       `json:"onBehalf,omitempty"`
	Op       string       `json:"op"` // command, "start", "timer", "message", "follow"
	Node     string       `json:"node,omitempty"`
	Task     string       `json:"task,omitempty"`
	Outcome  string       `json:"outcome,omitempty"`
	Reason   string       `json:"reason,omitempty"`
	Target   string       `json:"target,omitempty"`
	Path     []string     `json:"path,omitempty"` // nodes entered
	Notes    []Note       `json:"notes,omitempty"`
	Clocks   []ClockEntry `json:"clocks,omitempty"` // what the step did to the clocks
	Entry    int64        `json:"entry"`            // id of the journal entry
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
