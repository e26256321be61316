package flow

import (
	"context"
	"strings"

	"chengshu/base/bpmn"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// giveBack returns the matter to an executed node (退回).
func (m *machine) giveBack(k *Task) error {
	if err := m.mine(k); err != nil {
		return err
	}
	if err := m.reasoned(); err != nil {
		return err
	}
	t, n := m.s.token(k.token), m.p.nodes[k.Node]
	if k.Kind != KindNode || t == nil || n == nil {
		return fault.New(fault.Invalid, "flow.return", "task", k.ID)
	}
	list, err := m.targets(n, k, false)
	if err != nil {
		return err
	}
	to, err := pick(list, m.cmd.Target)
	if err != nil {
		return err
	}
	r, err := m.plot(t, to.node)
	if err != nil {
		return err
	}
	direct := m.direct(n)
	if direct && (len(r.cancel) > 0 || r.leaves()) {
		return fault.New(fault.Conflict, "flow.return.direct", "node", to.node.ID)
	}
	m.take(k)
	k.State, k.Done, k.DoneBy, k.Reason, k.dirty = Cancelled, m.now, m.actor.Principal(), m.cmd.Reason, true
	m.cmd.Target = to.node.ID
	if err := m.stopTaskClocks(k); err != nil {
		return err
	}
	t.back = ""
	if direct {
		t.back = n.ID + "/" + m.actor.Principal()
	}
	if !to.node.inMany() { // else another instance's person
		m.prefer = map[string]string{to.node.ID: to.last.DoneBy}
	}
	t.prev = to.last.Prev
	return m.move(r, m.cmd.Reason)
}

func (m *machine) direct(n *node) bool {
	switch m.cmd.Resubmit {
	case "direct":
		return true
	case "replay":
		return false
	}
	return m.p.giveBack(n).Direct
}

// pick finds the wanted node among the lawful ones; without a wish there must be one only.
func pick(list []target, want string) (target, error) {
	for _, o := range list {
		if o.node.ID == want || want == "" && len(list) == 1 {
			return o, nil
		}
	}
	return target{}, fault.New(fault.Conflict, "flow.return.target", "node", want).At("/target", "field.choice")
}

// goBack brings a task returned "direct" straight back to who returned it. Where the way is closed by now, the token goes
// on from the node it is on: that is the replay.
func (m *machine) goBack(t *token, from *node) error {
	id, person, _ := strings.Cut(t.back, "/")
	t.back = ""
	n := m.p.nodes[id]
	if n == nil {
		return fault.New(fault.Internal, "flow.node", "node", id)
	}
	r, err := m.plot(t, n)
	if err != nil || len(r.cancel) > 0 || r.anew || r.leaves() {
		return m.leave(t, from)
	}
	m.prefer = map[string]string{id: person}
	if err := m.remember(t, from); err != nil {
		return err
	}
	return m.move(r, "flow.resubmit")
}

// withdraw undoes one's own completion while nobody has begun with what followed (撤回).
func (m *machine) withdraw(k *Task) error {
	n := m.p.nodes[k.Node]
	switch {
	case k.State != Done || k.Kind != KindNode || n == nil:
		return fault.New(fault.Conflict, "flow.withdraw", "task", k.ID)
	case !m.actor.Is(k.DoneBy), n.Ext.Task == nil || !n.Ext.Task.Recall, n.multi():
		return fault.New(fault.Denied, "task.denied", "task", k.ID)
	case !matches(k.Candidates, m.actor):
		return fault.New(fault.Denied, "task.denied", "task", k.ID)
	}
	if err := m.openTasks(); err != nil {
		return err
	}
	var after []*token
	for _, t := range m.s.alive() {
		if t.prev == k.ID {
			after = append(after, t)
		}
	}
	if len(after) == 0 {
		return fault.New(fault.Conflict, "flow.withdraw", "task", k.ID)
	}
	for _, t := range after {
		next := m.s.taskOf(t)
		if t.state == live && (next == nil || next.Assignee != "" || next.State == Blocked) {
			by := ""
			if next != nil {
				by = next.Assignee
			}
			return fault.New(fault.Conflict, "flow.withdraw", "task", k.ID, "by", by)
		}
	}
	r, err := m.plot(after[0], n)
	if err != nil {
		return err
	}
	if len(r.cancel) != len(after)-1 || r.anew || n.repeats() { // what was counted stays counted
		return fault.New(fault.Conflict, "flow.withdraw", "task", k.ID)
	}
	for _, t := range r.cancel {
		if t.prev != k.ID {
			return fault.New(fault.Conflict, "flow.withdraw", "task", k.ID)
		}
	}
	k.State, k.Reason, k.dirty = Cancelled, m.cmd.Reason, true
	m.prefer = map[string]string{n.ID: m.actor.Principal()}
	after[0].prev, after[0].outcome, after[0].back = k.Prev, "", ""
	return m.move(r, "flow.withdrawn")
}

// jump moves a token to any node by order of an administrator; the same rules keep the tokens sound.
func (m *machine) jump() error {
	if err := m.privilege("flow.jump"); err != nil {
		return err
	}
	if err := m.reasoned(); err != nil {
		return err
	}
	alive := m.s.alive()
	var t *token
	if m.cmd.Token != 0 {
		t = m.s.token(m.cmd.Token)
	} else if len(alive) == 1 {
		t = alive[0]
	}
	n := m.p.nodes[m.cmd.Target]
	if t == nil || n == nil || n.Kind.Gateway() || n.Kind == bpmn.Boundary || n.Kind == bpmn.Start {
		return fault.New(fault.Invalid, "flow.jump", "node", m.cmd.Target, "tokens", len(alive))
	}
	r, err := m.plot(t, n)
	if err != nil {
		return err
	}
	t.back = ""
	return m.move(r, m.cmd.Reason)
}

// Way is one node a task may be returned to, and what that would cost.
type Way struct {
	Node    string `json:"node"`
	Name    string `json:"name"`
	Handler string `json:"handler"`           // who completed it last
	Refused string `json:"refused,omitempty"` // message key of why not; empty where it is lawful
	Cancels []Loss `json:"cancels,omitempty"` // open tasks that would be cancelled
	Reopens bool   `json:"reopens,omitempty"` // a block that was joined already is opened again
	Direct  bool   `json:"direct"`            // the answer may come straight back
}

// Loss is an open task that an act would cancel.
type Loss struct {
	Task    string `json:"task"`
	Node    string `json:"node"`
	Handler string `json:"handler,omitempty"`
}

// Explain is the dry run of a return: where a task may go back to, and which tasks of whom that would cancel.
func (e *Engine) Explain(ctx context.Context, tx *store.Tx, actor identity.Actor, task string) ([]Way, error) {
	st := e.newStep(ctx, tx, actor, Command{})
	rows, err := loadTasks(ctx, tx, `WHERE t.id = ?`, task)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fault.New(fault.NotFound, "task.unknown", "task", task)
	}
	k := rows[0]
	s, err := readInst(ctx, tx, k.Instance)
	if err != nil {
		return nil, err
	}
	m, err := st.over(s)
	if err != nil {
		return nil, err
	}
	if err := m.mine(k); err != nil {
		return nil, err
	}
	t, n := s.token(k.token), m.p.nodes[k.Node]
	if t == nil || n == nil {
		return nil, fault.New(fault.Conflict, "flow.ended", "instance", s.inst.id)
	}
	if err := m.openTasks(); err != nil {
		return nil, err
	}
	list, err := m.targets(n, k, false)
	if err != nil {
		return nil, err
	}
	out := make([]Way, 0, len(list))
	for _, o := range list {
		out = append(out, m.way(t, o))
	}
	return out, nil
}

func (m *machine) way(t *token, o target) Way {
	w := Way{Node: o.node.ID, Name: o.node.Name, Handler: o.last.DoneBy}
	r, err := m.plot(t, o.node)
	if err != nil {
		w.Refused = fault.CodeOf(err)
		return w
	}
	for _, c := range r.cancel {
		if k := m.s.taskOf(c); k != nil {
			w.Cancels = append(w.Cancels, Loss{k.ID, k.Node, k.Assignee})
		}
	}
	w.Reopens, w.Direct = len(r.open) > 0 || r.anew, len(r.cancel) == 0 && !r.leaves()
	return w
}
