package flow

import (
	"chengshu/base/fault"
)

// addMembers puts members into an open countersign, after the actor's place or before it (后加签, 前加签). One added before
// blocks the actor's own answer until it has answered.
func (m *machine) addMembers(k *Task) error {
	if err := m.mine(k); err != nil {
		return err
	}
	if err := m.some(); err != nil {
		return err
	}
	t, n := m.s.token(k.token), m.p.nodes[k.Node]
	if t == nil || n == nil || !n.multi() || !n.Ext.Countersign.AllowAdd {
		return fault.New(fault.Denied, "flow.member", "task", k.ID)
	}
	if m.cmd.Before && len(m.cmd.To) != 1 {
		return fault.New(fault.Invalid, "flow.member", "task", k.ID).At("/to", "field.one")
	}
	for _, c := range m.cmd.To {
		at := m.between(t, m.cmd.Before)
		o := m.s.spawn(n.ID, t.stack)
		o.prev, o.outcome, o.back, o.index = t.prev, t.outcome, t.back, at
		if err := m.seat(o, n, c, m.cmd.Before); err != nil {
			return err
		}
		if m.cmd.Before {
			added := m.s.taskOf(o)
			if added == nil {
				return fault.New(fault.Internal, "flow.member", "task", k.ID)
			}
			m.take(k)
			k.State, k.Blocker, k.remade = Blocked, added.ID, true
		}
		m.extra = append(m.extra, Note{Op: "added", Node: n.ID, Text: c.Ref})
	}
	return nil
}

// between gives a free position right before or after a member; where there is none the ones behind make room.
func (m *machine) between(t *token, before bool) int64 {
	low, high := t.index, t.index+memberStep
	if before {
		low, high = t.index-memberStep, t.index
	}
	list := m.s.members(t.stack.top().group)
	for _, o := range list {
		if before && o.index < t.index {
			low = max(low, o.index)
		}
		if !before && o.index > t.index {
			high = min(high, o.index)
		}
	}
	if high-low > 1 {
		return low + (high-low)/2
	}
	for _, o := range list {
		if o.index >= high {
			o.index, o.dirty = o.index+memberStep, true
		}
	}
	return low + memberStep/2
}

// removeMember takes a member out of an open countersign (减签). What he has said so far stays in the history.
func (m *machine) removeMember(k *Task) error {
	if err := m.privilege("flow.member"); err != nil {
		return err
	}
	if err := m.reasoned(); err != nil {
		return err
	}
	t, n := m.s.token(k.token), m.p.nodes[k.Node]
	if t == nil || n == nil || !n.multi() || k.State != Open && k.State != Blocked {
		return fault.New(fault.Conflict, "flow.member", "task", k.ID)
	}
	group := t.stack.top().group
	votes, err := m.votes(group, nil)
	if err != nil {
		return err
	}
	pending := len(m.s.members(group)) - 1
	if pending == 0 && len(votes) == 0 {
		return fault.New(fault.Conflict, "flow.members", "task", k.ID)
	}
	if err := m.vacate(t, m.cmd.Reason); err != nil {
		return err
	}
	m.extra = append(m.extra, Note{Op: "removed", Node: n.ID, Task: k.ID, Text: k.Assignee})
	verdict, certain := tally(n.Ext.Countersign, n.outcomes, votes, pending)
	if certain {
		return m.conclude(t, n, verdict)
	}
	m.s.drop(t)
	if err := m.unblock(k.ID); err != nil {
		return err
	}
	return m.callNext(group, n)
}

// unblock lets the member go on who waited for a task.
func (m *machine) unblock(task string) error {
	if err := m.openTasks(); err != nil {
		return err
	}
	for _, b := range m.s.tasks {
		if b.State == Blocked && b.Blocker == task {
			b.State, b.Blocker, b.dirty, b.remade = Open, "", true, true
		}
	}
	return nil
}
