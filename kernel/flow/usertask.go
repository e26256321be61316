package flow

import (
	"slices"

	"chengshu/base/bpmn"
)

// userTask opens the task, or the tasks of a countersign, of a node.
func (m *machine) userTask(t *token, n *node) error {
	if n.multi() {
		return m.countersign(t, n)
	}
	cands, err := m.candidatesOf(n.candidates, t, n, nil)
	if err != nil {
		return err
	}
	if err := m.arm(t.id, t, n); err != nil {
		return err
	}
	k, err := m.openTask(t, n, cands)
	if err != nil {
		return err
	}
	if m.skips(n, k) {
		return m.skip(t, n, k)
	}
	return nil
}

// openTask makes the row of one task.
func (m *machine) openTask(t *token, n *node, cands []Candidate) (*Task, error) {
	id, err := m.e.ids.id(m.now)
	if err != nil {
		return nil, err
	}
	k := &Task{
		ID: id, Instance: m.s.inst.id, Process: m.p.key, Node: n.ID, Kind: KindNode, Biz: m.s.inst.biz, Candidates: cands,
		State: Open, Prev: t.prev, Member: t.index, Created: m.now, token: t.id, fresh: true,
	}
	if n.multi() {
		k.group = t.stack.top().group
	}
	if p := m.prefer[n.ID]; p != "" && k.group == 0 {
		k.Assignee, k.Claimed = p, m.now
		delete(m.prefer, n.ID)
	}
	if err := m.imported(t, n, k); err != nil {
		return nil, err
	}
	if err := m.given(k); err != nil {
		return nil, err
	}
	m.s.tasks = append(m.s.tasks, k)
	m.tell(Event{Kind: "opened", Task: k.ID, Node: n.ID, Cands: k.Candidates})
	return k, m.startClocks(n.slas, k, t)
}

// skips tells whether the person who has just completed a task would do this one as well, and the model lets him be
// spared: no reason to give, nothing to fill in.
func (m *machine) skips(n *node, k *Task) bool {
	x := n.Ext.Task
	if x == nil || !x.SkipSame || m.task == nil || m.task.ID != k.Prev || !matches(k.Candidates, m.actor) {
		return false
	}
	form := x.Form
	if len(n.outcomes) > 0 {
		if n.outcomes[0].Reason {
			return false
		}
		form = append(slices.Clip(form), n.outcomes[0].Form...)
	}
	for _, f := range form {
		if f.Required {
			return false
		}
	}
	return true
}

// skip completes a task at once in the name of the person before it (skip same handler).
func (m *machine) skip(t *token, n *node, k *Task) error {
	k.Assignee, k.DoneBy, k.Claimed = m.actor.Principal(), m.actor.Principal(), m.now
	if len(n.outcomes) > 0 {
		k.Outcome = n.outcomes[0].ID
		if err := m.assign(n.outcomes[0].set, t, n); err != nil {
			return err
		}
	}
	if err := m.closeTask(k, Done, ""); err != nil {
		return err
	}
	m.extra = append(m.extra, Note{Op: "skipped", Node: n.ID, Task: k.ID, Text: k.Outcome})
	t.prev, t.outcome, t.dirty = k.ID, k.Outcome, true
	return m.leave(t, n)
}

// form gives the fields a person may write at a task for an outcome.
func (n *node) form(o *outcome) []bpmn.FormField {
	var out []bpmn.FormField
	if n.Ext.Task != nil {
		out = append(out, n.Ext.Task.Form...)
	}
	if o == nil {
		return out
	}
	for _, f := range o.Form {
		at := -1
		for i := range out {
			if out[i].Name == f.Name {
				at = i
			}
		}
		if at < 0 {
			out = append(out, f)
		} else {
			out[at].Required = out[at].Required || f.Required
		}
	}
	return out
}
