package flow

import (
	"context"
	"database/sql"
	"encoding/json"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/journal"
)

// The commands. Those of a task name it in Command.Task, those of an instance in Command.Instance.
const (
	Claim    = "claim"    // 签收
	Release  = "release"  // 释放
	Complete = "complete" // 办结本步
	Return   = "return"   // 退回; Target node
	Withdraw = "withdraw" // 撤回; Task is one's own completed task
	Transfer = "transfer" // 转办; Target person
	Delegate = "delegate" // 委托; Target person
	Consult  = "consult"  // 征求意见; To
	Copy     = "copy"     // 知会; To
	Add      = "add"      // 加签; To, Before
	Remove   = "remove"   // 减签; Task is the member's

	Urge     = "urge"     // 催办
	Pause    = "pause"    // 停钟; Reason code, Basis, Limit promised, Notice
	Resume   = "resume"   // 恢复
	Suspend  = "suspend"  // 挂起
	Activate = "activate" // 激活
	Extend   = "extend"   // 延期; SLA, Limit, To who approves
	Due      = "due"      // change of a limit without approval; SLA, Limit
	Cancel   = "cancel"   // 作废
	Jump     = "jump"     // by an administrator; Token or the only one, Target node
)

// Command is one act of a person on a task or an instance.
type Command struct {
	ID       string // client's id: a repeat gives the stored result. Empty for none
	Name     string
	Task     string
	Instance string
	Outcome  string
	Data     map[string]any // form input
	Rev      int64          // revision of the record the form was filled against; 0 does not matter
	Reason   string
	Target   string // node or person, by command
	To       []Candidate
	Before   bool   // add: the new member answers before this one
	Resubmit string // return: "replay" or "direct"; empty as the model says
	SLA      string // name of a clock; empty is every one
	Limit    string // "10 workday"
	Basis    string // clause of the law
	Notice   string // pause: the notice document that told the applicant
	Next     string // complete: person who gets the task that follows; needs the permission "flow.choose"
	Token    int64  // jump: which token, where there are several
}

// Result is what a command led to.
type Result struct {
	Instance string    `json:"instance"`
	State    string    `json:"state"`           // of the instance
	Rev      int64     `json:"rev,omitempty"`   // of the record, where it changed
	Entry    int64     `json:"entry,omitempty"` // id of the journal entry
	Opened   []TaskRef `json:"opened,omitempty"`
	Closed   []TaskRef `json:"closed,omitempty"`
	Repeated bool      `json:"-"` // the command had run before
}

// TaskRef names a task.
type TaskRef struct {
	ID   string `json:"id"`
	Node string `json:"node"`
}

// Do runs a command inside the caller's transaction. Faults: NotFound task.unknown, flow.unknown; Denied task.denied,
// flow.denied; Conflict task.taken (by, at), task.cancelled, flow.ended, flow.suspended, flow.return.*; Invalid
// flow.outcome, flow.reason, and what the record declaration says to the form.
func (e *Engine) Do(ctx context.Context, tx *store.Tx, actor identity.Actor, cmd Command) (Result, error) {
	st := e.newStep(ctx, tx, actor, cmd)
	act, ok := taskActs[cmd.Name]
	if ok && cmd.Task != "" {
		s, k, prev, err := e.taskState(ctx, tx, cmd.Task, cmd.ID)
		if r, done, err := stored(prev, err); done || err != nil {
			return r, err
		}
		m, err := st.over(s)
		if err != nil {
			return Result{}, err
		}
		if err := m.usable(cmd.Name, k); err != nil {
			return Result{}, err
		}
		if err := act(m, k); err != nil {
			return Result{}, err
		}
		return st.finish(m, cmd.Name, k.Node, k.ID)
	}
	do, ok := instActs[cmd.Name]
	if !ok {
		return Result{}, fault.New(fault.Invalid, "flow.command", "command", cmd.Name)
	}
	s, prev, err := loadInst(ctx, tx, cmd.Instance, cmd.ID)
	if r, done, err := stored(prev, err); done || err != nil {
		return r, err
	}
	m, err := st.over(s)
	if err != nil {
		return Result{}, err
	}
	if err := m.usable(cmd.Name, nil); err != nil {
		return Result{}, err
	}
	if err := do(m); err != nil {
		return Result{}, err
	}
	return st.finish(m, cmd.Name, "", "")
}

// Start begins a process for a record that exists already in the transaction. The caller has judged that the actor may.
func (e *Engine) Start(ctx context.Context, tx *store.Tx, actor identity.Actor, key string, biz Biz) (Result, error) {
	st := e.newStep(ctx, tx, actor, Command{Name: "start"})
	version, err := e.activeVersion(ctx, tx, key)
	if err != nil {
		return Result{}, err
	}
	m, err := st.begin(key, version, biz, actor.Principal(), "")
	if err != nil {
		return Result{}, err
	}
	return st.finish(m, "start", m.p.start.ID, "")
}

// usable refuses commands on instances that have ended or rest; k is nil for a command on the instance.
func (m *machine) usable(name string, k *Task) error {
	switch m.s.inst.state {
	case Finished, Cancelled:
		if name == Complete && k != nil && k.Kind == KindCopy {
			return nil
		}
		return fault.New(fault.Conflict, "flow.ended", "instance", m.s.inst.id, "state", m.s.inst.state)
	case Suspended:
		switch name {
		case Activate, Cancel, Pause, Resume, Urge, Copy:
			return nil
		}
		return fault.New(fault.Conflict, "flow.suspended", "instance", m.s.inst.id)
	}
	return nil
}

func stored(prev string, err error) (Result, bool, error) {
	if err != nil || prev == "" {
		return Result{}, false, err
	}
	var r Result
	if err := json.Unmarshal([]byte(prev), &r); err != nil {
		return Result{}, false, fault.Wrap("read result of command", err)
	}
	r.Repeated = true
	return r, true, nil
}

// repeated looks for the stored result of a command that loads nothing.
func (st *step) repeated() (Result, bool, error) {
	if st.cmd.ID == "" {
		return Result{}, false, nil
	}
	list, err := rowsOf(st.ctx, st.tx, "find command", func(rows *sql.Rows) (prev string, err error) {
		err = rows.Scan(&prev)
		return prev, err
	}, `SELECT result FROM flow_cmd WHERE id = ?`, st.cmd.ID)
	if err != nil || len(list) == 0 {
		return Result{}, false, err
	}
	return stored(list[0], nil)
}

// finish lets everything come to rest and writes it.
func (st *step) finish(m *machine, op, node, task string) (Result, error) {
	if err := st.settle(); err != nil {
		return Result{}, err
	}
	if st.cmd.Next != "" && !m.chose {
		return Result{}, fault.New(fault.Conflict, "flow.next", "node", node)
	}
	return st.close(m, op, node, task)
}

// line is one instance's part of a journal entry.
//
// The fields of what goes into the journal stand in the order of their names, which is the journal's canonical form and
// spares it a rewriting.
type line struct {
	Clocks   []ClockEntry `json:"clocks,omitempty"`
	Instance string       `json:"instance"`
	Node     string       `json:"node,omitempty"`
	Notes    []Note       `json:"notes,omitempty"`
	Op       string       `json:"op,omitempty"`
	Outcome  string       `json:"outcome,omitempty"`
	Path     []string     `json:"path,omitempty"`
	Process  string       `json:"process"`
	State    string       `json:"state"`
	Target   string       `json:"target,omitempty"`
	Task     string       `json:"task,omitempty"`
	Version  int64        `json:"version"`
}

type entryBody struct {
	Process []line          `json:"process"`
	Record  json.RawMessage `json:"record,omitempty"`
}

// close writes records, one journal entry per record, history, instances and the command's result. main is nil for a
// message nobody was at work for.
func (st *step) close(main *machine, op, node, task string) (Result, error) {
	entries := map[*draft]int64{}
	for _, d := range st.drafts {
		id, err := st.account(d, main, op, node, task)
		if err != nil {
			return Result{}, err
		}
		entries[d] = id
	}
	var r Result
	for _, m := range st.machines {
		if err := m.save(); err != nil {
			return Result{}, err
		}
		l := m.line(main, op, node, task)
		if err := m.saveHist(l, entries[m.rec]); err != nil {
			return Result{}, err
		}
		m.collect(&r)
		m.tellIncidents()
	}
	if main == nil && len(st.machines) > 0 {
		main = st.machines[0]
	}
	if main != nil {
		r.Instance, r.State, r.Rev, r.Entry = main.s.inst.id, main.s.inst.state, main.rec.rev, entries[main.rec]
	}
	if st.cmd.ID != "" && op != "timer" && op != timerSignal {
		raw, err := json.Marshal(r)
		if err != nil {
			return Result{}, fault.Wrap("write result of command", err)
		}
		err = st.tx.Later(st.ctx, `INSERT INTO flow_cmd (id, at, result) VALUES (?,?,?)`, []any{st.cmd.ID, micros(st.now), string(raw)}, writeStep)
		if err != nil {
			return Result{}, err
		}
	}
	st.after()
	return r, nil
}

// account writes one record and its journal entry.
func (st *step) account(d *draft, main *machine, op, node, task string) (int64, error) {
	body, err := st.apply(d, op)
	if err != nil {
		return 0, err
	}
	for _, m := range st.machines {
		if m.rec == d {
			body.Process = append(body.Process, m.line(main, op, node, task))
		}
	}
	return st.entry(d, op, body)
}

// ahead writes what the step has done to the record so far, with a journal entry of its own, so that others who act on the
// record within the step find it.
func (st *step) ahead(d *draft) error {
	if d.change.empty() {
		return nil
	}
	body, err := st.apply(d, st.cmd.Name)
	if err != nil {
		return err
	}
	_, err = st.entry(d, st.cmd.Name, body)
	d.change = Change{}
	st.cmd.Rev = 0 // the form's revision has been compared
	return err
}

// apply writes the record.
func (st *step) apply(d *draft, op string) (entryBody, error) {
	if d.change.empty() {
		return entryBody{}, nil
	}
	if d.biz.Type == "" {
		return entryBody{}, fault.New(fault.Invalid, "flow.record", "op", op)
	}
	d.change.Op, d.change.Reason, d.change.Rev = "flow."+op, st.cmd.Reason, st.cmd.Rev
	rev, raw, err := st.e.opt.Records.Apply(st.ctx, st.tx, st.actor, d.biz.Type, d.biz.ID, d.change)
	if err != nil {
		return entryBody{}, err
	}
	d.rev = rev
	return entryBody{Record: raw}, nil
}

// entry writes a journal entry and gives its id.
func (st *step) entry(d *draft, op string, body entryBody) (int64, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return 0, fault.Wrap("write journal entry", err)
	}
	a := st.actor
	e, err := st.e.opt.Journal.Append(st.ctx, st.tx, journal.Entry{
		At: st.now, Actor: a.Person, Post: a.Post, OnBehalf: a.OnBehalf, Via: a.Via, Action: "flow." + op, Subject: d.biz.Subject(),
		Rev: d.rev, Reason: st.cmd.Reason, Request: a.Request, Body: raw,
	})
	return e.ID, err
}

func (m *machine) line(main *machine, op, node, task string) line {
	l := line{
		Instance: m.s.inst.id, Process: m.p.key, Version: m.s.inst.defVersion, Path: m.path, Notes: m.extra, Clocks: m.ticks, State: m.s.inst.state,
	}
	if m == main {
		l.Op, l.Node, l.Task, l.Outcome, l.Target = op, node, task, m.cmd.Outcome, m.cmd.Target
	}
	return l
}

// saveHist writes the step into the process view of the journal.
func (m *machine) saveHist(l line, entry int64) error {
	if l.Op == "" {
		l.Op = "follow"
	}
	raw, err := json.Marshal(struct {
		Target string       `json:"target,omitempty"`
		Path   []string     `json:"path,omitempty"`
		Notes  []Note       `json:"notes,omitempty"`
		Clocks []ClockEntry `json:"clocks,omitempty"`
	}{l.Target, l.Path, l.Notes, l.Clocks})
	if err != nil {
		return fault.Wrap("write history", err)
	}
	return m.exec(`INSERT INTO flow_hist (inst, seq, cmd, at, actor, on_behalf, op, node, task, outcome, reason, data, entry)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)`, m.s.inst.id, m.s.inst.rev, m.cmd.ID, micros(m.now), m.actor.Person, m.actor.OnBehalf,
		l.Op, l.Node, l.Task, l.Outcome, m.cmd.Reason, string(raw), entry)
}

func (m *machine) collect(r *Result) {
	for _, k := range m.s.tasks {
		switch {
		case k.fresh && k.State == Open:
			r.Opened = append(r.Opened, TaskRef{k.ID, k.Node})
		case k.dirty && (k.State == Done || k.State == Cancelled):
			r.Closed = append(r.Closed, TaskRef{k.ID, k.Node})
		}
	}
}

// after tells what happened once it is durable.
func (st *step) after() {
	events, timers := st.events, st.woke
	for _, m := range st.machines {
		timers = timers || len(m.s.timers) > 0
	}
	st.tx.OnCommit(func() {
		for _, m := range st.machines {
			st.e.cache.put(m.s)
		}
	})
	if len(events) > 0 {
		st.tx.OnCommit(func() {
			for _, ev := range events {
				st.e.opt.Notify(ev)
			}
		})
	}
	if timers {
		st.tx.OnCommit(st.e.rouse)
	}
}
