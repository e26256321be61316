package flow

import (
	"slices"

	"chengshu/base/fault"
)

// route is how a token gets to a node out of order: what is cancelled, what is kept of its stack, what is opened again.
type route struct {
	token  *token
	to     *node
	keep   int      // frames kept
	cancel []*token // other tokens that go
	open   []place  // blocks opened again around the target
	anew   bool     // the target lies in a multi-instance that has to begin anew, with all its instances
}

// plot finds the route of t to n, or says why there is none (process-and-decisions.md §8, rules 2 to 6). A multi-instance
// that n lies in and t does not is begun anew: which of its instances is meant cannot be said.
func (m *machine) plot(t *token, n *node) (*route, error) {
	r := &route{token: t, to: n}
	if n.inHandler() {
		return nil, m.compensating(n)
	}
	for r.keep < len(t.stack) && r.keep < len(n.path) {
		f, p := t.stack[r.keep], n.path[r.keep]
		if f.block != p.block {
			break
		}
		if !f.fits(p) {
			// Rule 5: the target lies in another branch of a fork that is still open.
			return nil, fault.New(fault.Conflict, "flow.return.branch", "node", n.ID, "before", f.block)
		}
		r.keep++
	}
	for _, f := range t.stack[r.keep:] {
		if m.side(f.block) {
			// The main path is still on its way; moving there would double it.
			return nil, fault.New(fault.Conflict, "flow.return.side", "node", n.ID)
		}
	}
	r.open = n.path[r.keep:]
	for _, p := range r.open {
		if m.side(p.block) {
			return nil, fault.New(fault.Conflict, "flow.return.side", "node", n.ID)
		}
	}
	if at := slices.IndexFunc(r.open, func(p place) bool { return p.branch == manyMark }); at >= 0 {
		r.to, r.open, r.anew = m.p.nodes[r.open[at].block], r.open[:at], true
	}
	if r.keep < len(t.stack) { // rule 3: the whole group goes
		for _, o := range m.s.members(t.stack[r.keep].group) {
			if o != t {
				r.cancel = append(r.cancel, o)
			}
		}
	}
	return r, nil
}

// side tells whether a block is a path beside the main one: of a non-interrupting boundary event, of an event sub-process,
// of a compensation.
func (m *machine) side(block string) bool {
	n := m.p.nodes[block]
	return n != nil && (n.Attached != nil || n.Triggered || n.compensates())
}

// leaves tells whether the route leads out of an instance of a repeated activity, to which there is no way straight back.
func (r *route) leaves() bool {
	return slices.ContainsFunc(r.token.stack[r.keep:], frame.body)
}

// move takes the route.
func (m *machine) move(r *route, reason string) error {
	t := r.token
	if err := m.cancel(r.cancel, r.keep, reason); err != nil {
		return err
	}
	if err := m.vacate(t, reason); err != nil {
		return err
	}
	if err := m.close(t, r.keep); err != nil {
		return err
	}
	t.stack, t.state, t.index, t.member, t.dirty = t.stack[:r.keep], live, 0, "", true
	for _, p := range r.open { // rule 4: fresh groups with one live token
		group := m.s.next()
		t.stack = t.stack.with(frame{group, p.block, p.branch})
		block := m.p.nodes[p.block]
		if p.branch == loopMark {
			m.s.repeats = append(m.s.repeats, &repeat{id: group, node: p.block, Begun: 1, fresh: true})
			if err := m.armBounds(group, t, block); err != nil {
				return err
			}
		}
		if p.branch == "" {
			if err := m.arm(group, t, block); err != nil {
				return err
			}
			if err := m.armScope(group, block, t); err != nil {
				return err
			}
		}
	}
	m.push(t, r.to)
	return nil
}

// target is a node a task may lawfully be returned to.
type target struct {
	node *node
	last *Task // its task completed last
}

// targets gives the nodes a task may be returned to by its model: executed user tasks of the instance.
func (m *machine) targets(n *node, k *Task, all bool) ([]target, error) {
	done, err := m.executed()
	if err != nil {
		return nil, err
	}
	rule := m.p.giveBack(n).To
	if all {
		rule = "any"
	}
	var out []target
	seen := map[string]int{}
	for _, d := range done {
		x := m.p.nodes[d.Node]
		if x == nil || x == n && rule != "any" {
			continue
		}
		if at, ok := seen[d.Node]; ok {
			out[at].last = d
			continue
		}
		seen[d.Node] = len(out)
		out = append(out, target{x, d})
	}
	if len(out) == 0 {
		return nil, nil
	}
	switch rule {
	case "any":
		return out, nil
	case "starter":
		return out[:1], nil
	case "previous":
		for _, o := range out {
			if k != nil && m.previous(done, k.Prev, o.node.ID) {
				return []target{o}, nil
			}
		}
	}
	return nil, nil
}

// previous tells whether the task before was one of that node.
func (m *machine) previous(done []*Task, prev, node string) bool {
	for _, d := range done {
		if d.ID == prev {
			return d.Node == node
		}
	}
	return false
}

// executed gives the completed tasks of the instance in the order of completion.
func (m *machine) executed() ([]*Task, error) {
	var out []*Task
	if m.tx != nil {
		return loadTasks(m.ctx, m.tx, `WHERE t.inst = ? AND t.state = 'done' AND t.kind = 'node' ORDER BY t.done, t.id`, m.s.inst.id)
	}
	for _, k := range m.s.tasks {
		if k.State == Done && k.Kind == KindNode {
			out = append(out, k)
		}
	}
	return out, nil
}
