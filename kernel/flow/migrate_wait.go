package flow

import (
	"database/sql"
	"maps"
	"slices"
	"time"

	"chengshu/base/bpmn"
)

// trigger maps one event definition of an event: to that of the same type, by their order; empty where there is none.
func (g *migration) trigger(old string) string {
	n := g.from.nodes[old]
	if n == nil || g.to.nodes[g.id(n.self().ID)] == nil {
		return ""
	}
	to := g.to.nodes[g.id(n.self().ID)]
	same := func(list []*node) []*node {
		return slices.DeleteFunc(slices.Clone(list), func(x *node) bool { return x.event() != n.event() })
	}
	if at, list := slices.Index(same(n.self().triggers()), n), same(to.triggers()); at < len(list) {
		return list[at].ID
	}
	return ""
}

// endLimits stops the limits of open tasks that their steps have no more.
func (m *machine) endLimits() error {
	list, err := m.clocks()
	if err != nil {
		return err
	}
	for _, c := range list {
		k := m.s.task(c.task)
		if c.task == "" || k == nil {
			continue
		}
		if n := m.p.nodes[k.Node]; n != nil && slices.ContainsFunc(n.slas, func(p *slaPlan) bool { return p.Name == c.name }) {
			continue
		}
		if err := m.stop(c); err != nil {
			return err
		}
	}
	return m.dueAgain()
}

// dueAgain gives the open tasks the dues of the limits that still run.
func (m *machine) dueAgain() error {
	list, err := m.clocks()
	if err != nil {
		return err
	}
	fresh := map[string]bool{}
	for _, c := range list {
		k := m.s.task(c.task)
		if c.task == "" || k == nil {
			continue
		}
		if !fresh[k.ID] {
			k.Due, k.Warn, k.Red, fresh[k.ID] = time.Time{}, time.Time{}, time.Time{}, true
			k.remade = true
		}
		if c.state != Stopped {
			m.dueOfTask(k, c)
		}
	}
	return nil
}

// hold is what may hold timers and subscriptions: a token, a group, a scope.
type hold struct {
	token  *token
	node   *node
	starts bool // the events of its event sub-processes
	whole  bool // a block of a repeated activity
}

// triggers gives what is waited for there.
func (h hold) triggers(p *plan) []*node {
	var out []*node
	for _, n := range h.events(p) {
		out = append(out, n.triggers()...)
	}
	return out
}

func (h hold) events(p *plan) []*node {
	switch {
	case h.starts && h.node == nil:
		return p.starts
	case h.starts:
		return h.node.starts
	case h.whole:
		return h.node.bounds
	case h.node.Kind == bpmn.EventGateway:
		return h.node.catches
	case h.node.repeats() && h.node.Kind == bpmn.ReceiveTask:
		return []*node{h.node}
	case h.node.repeats():
		return nil
	case h.node.Kind == bpmn.Catch || h.node.Kind == bpmn.ReceiveTask:
		return append(slices.Clone(h.node.bounds), h.node)
	}
	return h.node.bounds
}

// rewait keeps the timers and subscriptions that the new version has as well, with their dues, drops the others and arms
// what is new.
func (m *machine) rewait(g *migration, hosts map[int64]hold) error {
	type row struct {
		holder int64
		node   string
		table  string
	}
	list, err := rowsOf(m.ctx, m.tx, "load waits", func(rows *sql.Rows) (row, error) {
		var r row
		err := rows.Scan(&r.holder, &r.node, &r.table)
		return r, err
	}, `SELECT holder, node, 'flow_timer' FROM flow_timer WHERE inst = ? AND kind IN ('node', 'signal')
		UNION SELECT holder, node, 'flow_sub' FROM flow_sub WHERE inst = ?`, m.s.inst.id, m.s.inst.id)
	if err != nil {
		return err
	}
	have := map[row]bool{}
	for _, r := range list {
		old, to := g.from.nodes[r.node], m.p.nodes[g.trigger(r.node)]
		h, held := hosts[r.holder]
		if !held || to == nil || old == nil || !sameType(old, to) || !slices.Contains(h.triggers(m.p), to) {
			if err := m.exec(`DELETE FROM `+r.table+` WHERE inst = ? AND holder = ? AND node = ?`, m.s.inst.id, r.holder, r.node); err != nil {
				return err
			}
			continue
		}
		have[row{holder: r.holder, node: to.ID}] = true
		if err := m.exec(`UPDATE `+r.table+` SET node = ? WHERE inst = ? AND holder = ? AND node = ?`, to.ID, m.s.inst.id, r.holder, r.node); err != nil {
			return err
		}
		if name := to.message + to.signal; r.table == "flow_sub" && name != "" {
			if err := m.exec(`UPDATE flow_sub SET name = ? WHERE inst = ? AND holder = ? AND node = ?`, name, m.s.inst.id, r.holder, to.ID); err != nil {
				return err
			}
		}
	}
	for _, holder := range slices.Sorted(maps.Keys(hosts)) {
		h := hosts[holder]
		if h.node != nil && h.node.multi() && h.token != nil && holder == h.token.id {
			continue // held by the group
		}
		for _, x := range h.triggers(m.p) {
			if !x.awaits() || have[row{holder: holder, node: x.ID}] || g.stood(x) {
				continue
			}
			if err := m.wait(holder, h.token, x); err != nil {
				return err
			}
		}
	}
	m.s.waits = nil // not known any more
	return nil
}

// stood tells whether an attached event was in the old version at the same place: where it is not armed it has happened.
func (g *migration) stood(x *node) bool {
	for _, old := range g.from.order {
		switch {
		case g.id(old.ID) != x.self().ID || old.Kind != x.Kind:
		case !slices.ContainsFunc(old.triggers(), func(o *node) bool { return o.event() == x.event() }):
		case x.Kind == bpmn.Boundary:
			return old.Attached != nil && g.id(old.Attached.ID) == x.Attached.ID
		case x.inScope():
			return old.inScope()
		}
	}
	return false
}
