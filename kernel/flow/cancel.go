package flow

import "slices"

// cancel takes tokens out with everything they hold: open tasks, timers, subscriptions, called instances. Groups at
// level and deeper end with them.
func (m *machine) cancel(list []*token, level int, reason string) error {
	if len(list) == 0 {
		return nil
	}
	if err := m.openTasks(); err != nil {
		return err
	}
	for _, t := range list {
		if err := m.vacate(t, reason); err != nil {
			return err
		}
		if err := m.close(t, min(level, len(t.stack))); err != nil {
			return err
		}
		m.s.drop(t)
	}
	return nil
}

// close ends the groups of a token from a level inwards before their time.
func (m *machine) close(t *token, level int) error {
	for _, f := range t.stack[level:] {
		m.shut(f.group)
		if err := m.forget(f.group); err != nil {
			return err
		}
		if n := m.p.nodes[f.block]; n != nil && n.Ext.Clock != nil {
			if err := m.resumeAt(t, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// vacate ends what a token does on its node; the token stays.
func (m *machine) vacate(t *token, reason string) error {
	if err := m.openTasks(); err != nil {
		return err
	}
	m.release(t.id)
	m.abandon(t)
	if n := m.p.nodes[t.node]; n != nil && n.Ext.Clock != nil {
		if err := m.resumeAt(t, n); err != nil {
			return err
		}
	}
	for _, k := range m.s.tasks {
		if k.token == t.id && k.Kind == KindNode && (k.State == Open || k.State == Blocked) {
			if err := m.closeTask(k, Cancelled, reason); err != nil {
				return err
			}
		}
	}
	if t.child != "" {
		child, err := m.other(t.child)
		if err != nil {
			return err
		}
		t.child, t.dirty = "", true
		return child.abort(reason)
	}
	return nil
}

// abort ends the instance before its time.
func (m *machine) abort(reason string) error {
	if m.s.inst.ended != 0 {
		return nil
	}
	if err := m.cancel(m.s.alive(), 0, reason); err != nil {
		return err
	}
	return m.finish(Cancelled, "")
}

// closeTask ends a task that nobody completed.
func (m *machine) closeTask(k *Task, how, reason string) error {
	k.State, k.Done, k.dirty = how, m.now, true
	if how == Cancelled {
		k.Reason = reason
		ev := Event{Kind: "cancelled", Task: k.ID, Node: k.Node, Reason: reason}
		if k.Assignee != "" {
			ev.To = []string{k.Assignee}
		}
		m.tell(ev)
		m.extra = append(m.extra, Note{Op: "cancelled", Node: k.Node, Task: k.ID, Text: k.Assignee})
	}
	return m.stopTaskClocks(k)
}

// tell keeps an event until the step is durable.
func (m *machine) tell(ev Event) {
	if m.e == nil || m.e.opt.Notify == nil {
		return
	}
	ev.Instance, ev.Biz = m.s.inst.id, m.s.inst.biz
	m.events = append(m.events, ev)
}

// closeSideTasks ends the open tasks that hold no token when the instance ends; copies stay readable.
func (m *machine) closeSideTasks() error {
	if m.s.inst.sides == 0 {
		return nil
	}
	if err := m.openTasks(); err != nil {
		return err
	}
	for _, k := range m.s.tasks {
		if k.State == Open && k.Kind != KindNode && k.Kind != KindCopy {
			if err := m.closeTask(k, Cancelled, "flow.ended"); err != nil {
				return err
			}
		}
	}
	return nil
}

// release ends the timers and subscriptions a token, a group or a clock holds, those of this step included.
func (m *machine) release(holder int64) {
	s := m.s
	s.timers = slices.DeleteFunc(s.timers, func(t timer) bool { return t.holder == holder })
	s.subs = slices.DeleteFunc(s.subs, func(x sub) bool { return x.holder == holder })
	if !s.inst.fresh && !slices.Contains(s.dropTimers, holder) {
		s.dropTimers = append(s.dropTimers, holder)
	}
}
