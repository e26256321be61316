package flow

import (
	"slices"

	"chengshu/base/bpmn"
)

// Kinds of subscriptions.
const (
	subMessage   = "message"
	subSignal    = "signal"
	subCondition = "condition"
)

// inScope tells whether the node starts an event sub-process.
func (n *node) inScope() bool { return n.Kind == bpmn.Start && n.Scope != nil && n.Scope.Triggered }

// waits tells whether the node is one where something is waited for.
func (n *node) waits() bool {
	return n.Kind == bpmn.Catch || n.Kind == bpmn.Boundary || n.Kind == bpmn.ReceiveTask || n.inScope()
}

// armScope sets what the event sub-processes of a scope wait for. A scope is held under the negative of its group, the
// whole instance under 0, because the boundary events of a sub-process are held under its group.
func (m *machine) armScope(group int64, scope *node, t *token) error {
	starts := m.p.starts
	if scope != nil {
		starts = scope.starts
	}
	for _, s := range starts {
		if err := m.wait(-group, t, s); err != nil {
			return err
		}
	}
	return nil
}

// shut ends what a group holds: its boundary events, those of the scope, and the block of a repeated activity.
func (m *machine) shut(group int64) {
	m.release(group)
	if m.p.scoped {
		m.release(-group)
	}
	m.dropRepeat(group)
}

// fireScope begins an event sub-process whose start event n has happened in the scope held.
func (m *machine) fireScope(holder int64, n *node, left int64) error {
	list, base := m.s.alive(), stack(nil)
	if holder != 0 {
		if list = m.s.members(-holder); len(list) > 0 {
			st := list[0].stack
			base = st[:st.at(-holder)+1]
		}
	}
	if len(list) == 0 {
		return nil
	}
	t, sub := list[0], m.p.nodes[n.Scope.ID]
	prev, chosen := t.prev, t.outcome
	if n.Interrupting {
		if err := m.cancel(list, len(base), "flow.interrupted"); err != nil {
			return err
		}
		m.release(holder)
	} else if err := m.rearm(holder, t, n, left); err != nil {
		return err
	}
	group := m.s.next()
	side := m.s.spawn(n.self().ID, base.with(frame{group, sub.ID, ""}))
	side.prev, side.outcome = prev, chosen
	if err := m.armScope(group, sub, side); err != nil {
		return err
	}
	m.push(side, n.self())
	return nil
}

// rearm lets a non-interrupting event happen again: a message was used up, a cycle goes on.
func (m *machine) rearm(holder int64, t *token, n *node, left int64) error {
	if n.message != "" {
		m.s.subs = append(m.s.subs, sub{holder: holder, node: n.ID, kind: subMessage, name: n.message, corr: m.s.inst.biz.ID})
		return nil
	}
	if n.timer == nil || left == 0 {
		return nil
	}
	if left > 0 {
		left--
	}
	return m.setNodeTimer(holder, t, n, left)
}

// raise looks for who catches an error or an escalation thrown at n by t: the boundary of n itself, then scope by scope
// outwards the event sub-processes of the scope and its boundary, then the call activity of the calling instance.
// What catches begins at once; t may be gone after it.
func (m *machine) raise(t *token, n *node, kind, code string) (caught bool, err error) {
	if n.Kind.Activity() && !n.repeats() { // the events of a repeated one sit on the whole
		if b := catcher(n.bounds, kind, code); b != nil {
			return true, m.fireOn(t, []*token{t}, t.stack, n, b, t.id, 0)
		}
	}
	inside := false // an event sub-process does not catch what it or its sibling throws
	for level := len(t.stack); level > 0; level-- {
		f := t.stack[level-1]
		scope := m.p.nodes[f.block]
		if f.body() {
			if b := catcher(scope.bounds, kind, code); b != nil {
				return true, m.fire(f.group, b, 0)
			}
			continue
		}
		if !m.scopeFrame(f) {
			continue
		}
		if s := catcher(scope.starts, kind, code); s != nil && !inside {
			return true, m.fireScope(-f.group, s, 0)
		}
		inside = scope.Triggered
		if b := catcher(scope.bounds, kind, code); b != nil && !scope.repeats() {
			return true, m.fire(f.group, b, 0)
		}
	}
	if s := catcher(m.p.starts, kind, code); s != nil && !inside {
		return true, m.fireScope(0, s, 0)
	}
	if m.s.inst.parent == "" {
		return false, nil
	}
	up, err := m.other(m.s.inst.parent)
	if err != nil {
		return false, err
	}
	caller := up.s.token(m.s.inst.parentToken)
	if caller == nil {
		return false, nil
	}
	return up.raise(caller, up.p.nodes[caller.node], kind, code)
}

// catcher gives the event that catches a code: one that names it before one that catches all.
func catcher(list []*node, kind, code string) *node {
	var all *node
	for _, event := range list {
		for _, n := range event.triggers() {
			if n.event() != kind {
				continue
			}
			if n.code == code && code != "" {
				return n
			}
			if n.code == "" && all == nil {
				all = n
			}
		}
	}
	return all
}

// escalate throws the escalation of n. One that nobody catches changes nothing (BPMN 2.0.2 §10.5.6).
func (m *machine) escalate(t *token, n *node) error {
	caught, err := m.raise(t, n, "escalation", n.code)
	if err == nil && !caught {
		m.extra = append(m.extra, Note{Op: "uncaught", Node: n.ID, Text: n.code})
	}
	return err
}

// throwError throws an error. What nobody catches is an incident: the token stays where it is until an administrator
// has decided.
func (m *machine) throwError(t *token, n *node, code string) error {
	caught, err := m.raise(t, n, "error", code)
	if err != nil || caught {
		return err
	}
	return m.fail(t, n, incident{code: "flow.incident.error", detail: code})
}

// emit does what a throw or end event tells others; it may take t away.
func (m *machine) emit(t *token, n *node) error {
	switch n.event() {
	case "message":
		m.throw(n)
	case "signal":
		m.signals = append(m.signals, signal{name: n.signal, biz: m.s.inst.biz})
	case "escalation":
		return m.escalate(t, n)
	}
	return nil
}

// await lets t wait at an event-based gateway for the first of its events.
func (m *machine) await(t *token, n *node) error {
	for _, c := range n.catches {
		if err := m.wait(t.id, t, c); err != nil {
			return err
		}
	}
	return nil
}

// arrived lets the token at a catching event, or at the event-based gateway before it, go on.
func (m *machine) arrived(holder int64, n *node) error {
	t := m.s.token(holder)
	if t == nil {
		return nil // it has gone on; its timers go with it in the same step
	}
	if t.node != n.ID {
		gate := m.p.nodes[t.node]
		if gate == nil || gate.Kind != bpmn.EventGateway || !slices.Contains(gate.catches, n) {
			return nil
		}
		m.path = append(m.path, n.ID)
		t.node, t.dirty = n.ID, true
		m.release(t.id)
		if n.state != "" {
			m.rec.state(n.state)
		}
	}
	return m.leave(t, n)
}
