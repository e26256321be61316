package flow

import (
	"chengshu/base/bpmn"
	"chengshu/base/fault"
	"chengshu/base/feel"
)

// push plans that t enters n.
func (m *machine) push(t *token, n *node) { m.work = append(m.work, move{t: t, n: n}) }

// run advances the tokens to their next wait states. Where a step has passed as many nodes as it may, the tokens stop as
// incidents: what a person did is kept, and whoever mends the model lets them go on.
func (m *machine) run() error {
	for len(m.work) > 0 {
		w := m.work[0]
		m.work = m.work[1:]
		if w.t.gone {
			continue
		}
		if len(m.path) >= m.e.opt.Steps {
			if err := m.tooLong(w.t, w.n, m.e.opt.Steps); err != nil {
				return err
			}
			continue
		}
		if err := m.enter(w.t, w.n); err != nil {
			return err
		}
	}
	return nil
}

// enter puts t on n and does what n does at once.
func (m *machine) enter(t *token, n *node) error {
	m.path = append(m.path, n.ID)
	t.node, t.state, t.dirty = n.ID, live, true
	if n.closes != "" {
		t.state = joined
		return m.join(t, n)
	}
	if inBody(t, n) {
		return m.perform(t, n)
	}
	if n.state != "" {
		m.rec.state(n.state)
	}
	if len(n.matter) > 0 {
		if err := m.startMatter(n, t); err != nil {
			return err
		}
	}
	if n.Ext.Clock != nil {
		if err := m.pauseAt(n); err != nil {
			return err
		}
	}
	if n.repeats() {
		return m.repeat(t, n)
	}
	return m.perform(t, n)
}

// perform does what n does at once and waits, or goes on.
func (m *machine) perform(t *token, n *node) error {
	switch n.Kind {
	case bpmn.UserTask:
		return m.userTask(t, n)
	case bpmn.SubProcess:
		return m.subProcess(t, n)
	case bpmn.CallActivity:
		if err := m.arm(t.id, t, n); err != nil {
			return err
		}
		return m.call(t, n)
	case bpmn.Catch, bpmn.ReceiveTask:
		if n.event() == "link" {
			return m.leave(t, n)
		}
		if err := m.arm(t.id, t, n); err != nil {
			return err
		}
		return m.wait(t.id, t, n)
	case bpmn.EventGateway:
		return m.await(t, n)
	case bpmn.End:
		return m.end(t, n)
	case bpmn.ScriptTask:
		if err := m.assign(n.script, t, n); err != nil {
			return err
		}
	case bpmn.ServiceTask, bpmn.SendTask, bpmn.RuleTask:
		return m.serve(t, n, 0)
	case bpmn.Throw:
		if n.compensates() {
			return m.compensate(t, n)
		}
		if err := m.emit(t, n); err != nil || t.gone {
			return err
		}
	default: // starts, gateways, boundary events, plain and manual tasks pass
	}
	return m.leave(t, n)
}

// leave lets t go on from n, whose work is done: to the next round or instance of a repeated activity, or away.
func (m *machine) leave(t *token, n *node) error {
	if inBody(t, n) {
		if on, err := m.bodyDone(t, n); err != nil || !on {
			return err
		}
	} else if err := m.remember(t, n); err != nil {
		return err
	}
	return m.depart(t, n)
}

// depart lets t go away from n.
func (m *machine) depart(t *token, n *node) error {
	if n.keeps {
		m.release(t.id)
	}
	if n.Ext.Clock != nil {
		if err := m.resumeAt(t, n); err != nil {
			return err
		}
	}
	if n.Compensation {
		return m.undo(t, m.p.nodes[t.stack.top().block])
	}
	if n.opens {
		return m.fork(t, n)
	}
	f, err := m.choose(t, n)
	if err != nil {
		return err
	}
	m.push(t, f.to)
	return nil
}

// choose picks the one flow a token takes.
func (m *machine) choose(t *token, n *node) (*edge, error) {
	if n.byOutcome {
		for _, f := range n.flows {
			if f.outcome == t.outcome {
				return f, nil
			}
		}
		return nil, fault.New(fault.Invalid, "flow.outcome", "process", m.p.key, "node", n.ID, "outcome", t.outcome)
	}
	if len(n.flows) == 1 && n.flows[0].cond == nil {
		return n.flows[0], nil
	}
	var fallback *edge
	var last *feel.Env
	for _, f := range n.flows {
		if f.model == n.Default {
			fallback = f
			continue
		}
		ok, env, err := m.holds(f, t)
		if err != nil {
			return nil, err
		}
		if ok {
			return f, nil
		}
		last = env
	}
	if fallback == nil {
		return nil, m.broken(n, "flow.gateway", last)
	}
	return fallback, nil
}

// holds tells whether a flow's condition is true. Only true is true.
func (m *machine) holds(f *edge, t *token) (bool, *feel.Env, error) {
	if f.cond == nil {
		return true, nil, nil
	}
	v, env, err := m.eval(f.cond, t, nil)
	return v == true, env, err
}

// fork opens a group and sends one token down every branch taken.
func (m *machine) fork(t *token, n *node) error {
	var taken []*edge
	var fallback *edge
	for _, f := range n.flows {
		if n.Kind == bpmn.Inclusive {
			if f.model == n.Default {
				fallback = f
				continue
			}
			ok, _, err := m.holds(f, t)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
		}
		taken = append(taken, f)
	}
	if len(taken) == 0 {
		if fallback == nil {
			return m.broken(n, "flow.gateway", nil)
		}
		taken = append(taken, fallback)
	}
	group, base := m.s.next(), t.stack
	for i, f := range taken {
		branch := t
		if i > 0 {
			branch = m.s.spawn(n.ID, nil)
			branch.prev, branch.outcome = t.prev, t.outcome
		}
		branch.stack = base.with(frame{group, n.ID, f.id})
		m.push(branch, f.to)
	}
	return nil
}

// join holds t at a join and lets one token go on when all live tokens of the group have come.
func (m *machine) join(t *token, n *node) error {
	group := t.stack.top().group
	all := m.s.members(group)
	for _, o := range all {
		if o.state != joined || o.node != n.ID || o.stack.top().group != group {
			return nil
		}
	}
	for _, o := range all {
		if o != t {
			m.s.drop(o)
		}
	}
	t.stack, t.state, t.dirty = t.stack[:len(t.stack)-1], live, true
	if n.state != "" {
		m.rec.state(n.state)
	}
	return m.leave(t, n)
}

// subProcess opens the scope of an embedded sub-process.
func (m *machine) subProcess(t *token, n *node) error {
	group := m.s.next()
	t.stack = t.stack.with(frame{group, n.ID, ""})
	if err := m.arm(group, t, n); err != nil {
		return err
	}
	if err := m.armScope(group, n, t); err != nil {
		return err
	}
	m.push(t, n.inner)
	return nil
}

// end takes t out; a terminate end takes its whole scope along.
func (m *machine) end(t *token, n *node) error {
	switch {
	case n.event() == "error":
		return m.throwError(t, n, n.code)
	case n.compensates():
		return m.compensate(t, n)
	}
	if err := m.emit(t, n); err != nil || t.gone {
		return err
	}
	st := t.stack
	if n.event() == "terminate" {
		level := len(st)
		for level > 0 && !m.scopeFrame(st[level-1]) {
			level--
		}
		gone := m.s.alive()
		if level > 0 {
			gone = m.s.members(st[level-1].group)
		}
		if err := m.cancel(gone, level, "flow.terminated"); err != nil {
			return err
		}
		return m.afterGone(st[:level], t)
	}
	m.s.drop(t)
	return m.afterGone(st, t)
}

// scopeFrame tells whether the frame is an embedded sub-process.
func (m *machine) scopeFrame(f frame) bool {
	n := m.p.nodes[f.block]
	return n != nil && n.Kind == bpmn.SubProcess && !f.body()
}

// afterGone looks, from the innermost block outwards, what the end of a token with that stack sets free.
func (m *machine) afterGone(st stack, t *token) error {
	for level := len(st); level > 0; level-- {
		f := st[level-1]
		rest := m.s.members(f.group)
		if len(rest) > 0 {
			return m.recheck(rest, f)
		}
		if m.scopeFrame(f) {
			n := m.p.nodes[f.block]
			m.shut(f.group)
			if n.Triggered {
				continue // the side path ends; the scope around it may end with it
			}
			if n.handler != nil { // its own handler undoes it as a whole
				if err := m.forget(f.group); err != nil {
					return err
				}
			}
			next := m.s.spawn(n.ID, st[:level-1])
			next.prev, next.outcome = t.prev, t.outcome
			return m.leave(next, n)
		}
	}
	if len(m.s.alive()) == 0 {
		return m.finish(Finished, t.outcome)
	}
	return nil
}

// recheck fires the join of a fork whose last missing token is gone.
func (m *machine) recheck(rest []*token, f frame) error {
	if f.branch == "" {
		return nil
	}
	for _, o := range rest {
		if o.state == joined && o.stack.top().group == f.group {
			return m.join(o, m.p.nodes[o.node])
		}
	}
	return nil
}

// finish ends the instance and lets the caller of a called one go on.
func (m *machine) finish(how, outcome string) error {
	in := m.s.inst
	if in.ended != 0 {
		return fault.New(fault.Internal, "flow.ended.twice", "instance", in.id)
	}
	in.state, in.ended, m.ended = how, micros(m.now), true
	if _, err := m.resume(func(*pauseRow) bool { return true }); err != nil { // a pause ends with what it stopped
		return err
	}
	if err := m.stopClocks(); err != nil {
		return err
	}
	if err := m.closeSideTasks(); err != nil {
		return err
	}
	if len(m.p.starts) > 0 {
		m.release(0)
	}
	if in.parent == "" {
		return nil
	}
	up, err := m.other(in.parent)
	if err != nil {
		return err
	}
	t := up.s.token(in.parentToken)
	if t == nil || t.child != in.id {
		return nil // the caller has given it up in the same step
	}
	if how != Finished {
		t.child, t.dirty = "", true
		return up.fail(t, up.p.nodes[t.node], incident{code: "flow.incident.child", detail: m.p.key})
	}
	t.child, t.outcome, t.dirty = "", outcome, true
	return up.leave(t, up.p.nodes[t.node])
}
