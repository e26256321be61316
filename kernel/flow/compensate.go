package flow

import (
	"context"
	"database/sql"
	"slices"

	"chengshu/base/bpmn"
	"chengshu/base/fault"
	"chengshu/base/store"
)

// comp is one completed activity that has a compensation handler.
type comp struct {
	id    int64
	node  string
	stack stack  // open blocks at its completion
	seen  string // what the instance it was in knows, as JSON; empty for nothing
	taken int64  // group of the throw event that is about to run the handler; 0 for none

	fresh, dirty, gone bool
}

// compensates tells whether the node throws compensation.
func (n *node) compensates() bool {
	return n.event() == "compensate" && (n.Kind == bpmn.Throw || n.Kind == bpmn.End)
}

// inHandler tells whether the node is, or lies in, a compensation handler.
func (n *node) inHandler() bool {
	for s := n.Node; s != nil; s = s.Scope {
		if s.Compensation {
			return true
		}
	}
	return false
}

// remember notes that an activity with a handler is completed. One that is done anew after a return is noted again: it
// took effect twice; so is each instance and round of a repeated one.
func (m *machine) remember(t *token, n *node) error {
	if n.handler == nil {
		return nil
	}
	seen, err := m.known(t)
	m.s.comps = append(m.s.comps, &comp{id: m.s.next(), node: n.ID, stack: slices.Clone(t.stack), seen: seen, fresh: true})
	return err
}

// comps gives what can be compensated, oldest first.
func (m *machine) comps() ([]*comp, error) {
	s := m.s
	if s.compRead || s.inst.fresh || m.tx == nil {
		return s.comps, nil
	}
	list, err := loadComps(m.ctx, m.tx, s.inst.id)
	if err != nil {
		return nil, err
	}
	s.compRead, s.comps = true, append(list, s.comps...)
	return s.comps, nil
}

func loadComps(ctx context.Context, tx *store.Tx, instance string) ([]*comp, error) {
	return rowsOf(ctx, tx, "load compensations", func(rows *sql.Rows) (*comp, error) {
		var (
			c    comp
			text string
		)
		if err := rows.Scan(&c.id, &c.node, &text, &c.taken, &c.seen); err != nil {
			return nil, err
		}
		var err error
		c.stack, err = parseStack(text)
		return &c, err
	}, `SELECT id, node, stack, taken, scope FROM flow_comp WHERE inst = ? ORDER BY id`, instance)
}

// compensate begins at a throw or end event what was completed in its scope: t goes through the handlers in reverse
// order of completion and comes back to n. Nothing to compensate: t goes on at once.
func (m *machine) compensate(t *token, n *node) error {
	list, err := m.comps()
	if err != nil {
		return err
	}
	scope := int64(0)
	for level := len(t.stack); level > 0; level-- {
		f := t.stack[level-1]
		if m.scopeFrame(f) && !m.p.nodes[f.block].Triggered { // what an event sub-process undoes lies in the scope around it
			scope = f.group
			break
		}
	}
	only := n.Events[0].Activity
	group, found := m.s.next(), false
	for _, c := range list {
		switch {
		case c.gone || c.taken != 0, scope != 0 && c.stack.at(scope) < 0:
		case only != nil && c.node != only.ID && !slices.ContainsFunc(c.stack, func(f frame) bool { return f.block == only.ID }):
		default:
			c.taken, c.dirty, found = group, true, true
		}
	}
	if found {
		t.stack, t.dirty = t.stack.with(frame{group, n.ID, ""}), true
	}
	return m.undo(t, n)
}

// undo lets t do the next handler, or go on from the throw event when all are done.
func (m *machine) undo(t *token, n *node) error {
	group := t.stack.top()
	if group.block != n.ID {
		return m.undone(t, n)
	}
	list, err := m.comps()
	if err != nil {
		return err
	}
	for _, c := range slices.Backward(list) {
		if c.taken == group.group && !c.gone {
			c.gone = true
			m.push(t, m.p.nodes[c.node].handler)
			return m.show(group.group, c.node, c.seen)
		}
	}
	m.dropRepeat(group.group)
	t.stack, t.dirty = t.stack[:len(t.stack)-1], true
	return m.undone(t, n)
}

// undone goes on after compensation.
func (m *machine) undone(t *token, n *node) error {
	t.node, t.dirty = n.ID, true
	if n.Kind != bpmn.End {
		return m.leave(t, n)
	}
	st := t.stack
	m.s.drop(t)
	return m.afterGone(st, t)
}

// forget takes from what can be compensated what was completed inside a group that ends before its time, and gives back
// what the group was about to compensate.
func (m *machine) forget(group int64) error {
	if !m.p.comps {
		return nil
	}
	list, err := m.comps()
	if err != nil {
		return err
	}
	for _, c := range list {
		switch {
		case c.stack.at(group) >= 0:
			c.gone = true
		case c.taken == group: // the throw event went before its turn came
			c.taken, c.dirty = 0, true
		}
	}
	return nil
}

func (m *machine) saveComps() error {
	if !m.p.comps {
		return nil
	}
	if m.s.inst.ended != 0 {
		m.s.comps = nil
		return m.exec(`DELETE FROM flow_comp WHERE inst = ?`, m.s.inst.id)
	}
	ins := batch{into: "flow_comp (inst, id, node, stack, taken, scope)", width: 6}
	for _, c := range m.s.comps {
		switch {
		case c.gone && !c.fresh:
			if err := m.exec(`DELETE FROM flow_comp WHERE inst = ? AND id = ?`, m.s.inst.id, c.id); err != nil {
				return err
			}
		case c.gone:
		case c.fresh:
			ins.add(m.s.inst.id, c.id, c.node, c.stack.String(), c.taken, c.seen)
		case c.dirty:
			if err := m.exec(`UPDATE flow_comp SET taken = ? WHERE inst = ? AND id = ?`, c.taken, m.s.inst.id, c.id); err != nil {
				return err
			}
		}
	}
	return ins.write(m)
}

// handlers joins activities with their compensation handlers and judges them.
func (l *lint) handlers(n *node) {
	switch {
	case n.event() == "compensate" && n.Kind == bpmn.Boundary:
		if n.Handler == nil || n.Attached == nil || n.Handler.Scope != n.Scope || len(n.flows) > 0 || n.Attached.Compensation {
			l.fail(n, "flow.lint.compensation")
		}
	case n.Compensation:
		if len(n.Incoming)+len(n.flows)+len(n.bounds) > 0 || n.undoes == nil {
			l.fail(n, "flow.lint.compensation")
		}
	}
}

// compensating is the fault of a return into or out of a compensation.
func (m *machine) compensating(n *node) error {
	return fault.New(fault.Conflict, "flow.return.side", "node", n.ID)
}
