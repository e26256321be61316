package flow

import (
	"context"
	"database/sql"

	"chengshu/base/bpmn"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// Standing is where the tokens of an instance are, and where an administrator may move them (Jump).
type Standing struct {
	Tokens  []Place
	Targets []Step // lawful for at least one of the tokens, in the order of the model
}

// Place is one token.
type Place struct {
	ID    int64 // Command.Token
	Node  string
	Name  string // of the node in the model; may be empty
	State string // "live", "join", "queued" or "failed"
}

// Step is one node of a definition.
type Step struct {
	Node string
	Name string // in the model; may be empty
}

// Standing gives the tokens of an instance with the nodes they may be moved to; nothing of one that has ended. It changes
// nothing. NotFound "flow.unknown" where there is no such instance. The caller judges who may see it.
func (e *Engine) Standing(ctx context.Context, tx *store.Tx, instance string) (Standing, error) {
	s, err := readInst(ctx, tx, instance)
	if err != nil || s.inst.ended != 0 {
		return Standing{}, err
	}
	m, err := e.newStep(ctx, tx, identity.Actor{}, Command{}).over(s)
	if err != nil {
		return Standing{}, err
	}
	var out Standing
	for _, t := range s.alive() {
		p := Place{ID: t.id, Node: t.node, State: t.state}
		if n := m.p.nodes[t.node]; n != nil {
			p.Name = n.Name
		}
		out.Tokens = append(out.Tokens, p)
	}
	for _, n := range m.p.order {
		if n.landable() && m.reachable(n) {
			out.Targets = append(out.Targets, Step{n.ID, n.Name})
		}
	}
	return out, nil
}

// landable tells whether a token may be put onto a node.
func (n *node) landable() bool {
	return !n.Kind.Gateway() && n.Kind != bpmn.Boundary && n.Kind != bpmn.Start
}

// reachable tells whether some token may be moved to the node.
func (m *machine) reachable(n *node) bool {
	for _, t := range m.s.alive() {
		if _, err := m.plot(t, n); err == nil {
			return true
		}
	}
	return false
}

// Steps gives the nodes of a version where tokens may be, in the order of the model; version 0 is the active one. NotFound
// "flow.definition" where there is none.
func (e *Engine) Steps(ctx context.Context, tx *store.Tx, key string, version int64) ([]Step, error) {
	if _, v, err := e.Definition(ctx, tx, key, version); err != nil {
		return nil, err
	} else if version == 0 {
		version = v
	}
	p, err := e.plan(ctx, tx, key, version)
	if err != nil {
		return nil, err
	}
	var out []Step
	for _, n := range p.order {
		if n.Kind != bpmn.Start && n.Kind != bpmn.Boundary {
			out = append(out, Step{n.ID, n.Name})
		}
	}
	return out, nil
}

// Names are what a version's model calls itself and its nodes.
type Names struct {
	Process string // may be empty
	plan    *plan
}

// Node gives the name of a node, its id where it has none.
func (n Names) Node(id string) string {
	if n.plan != nil {
		if x := n.plan.nodes[id]; x != nil && x.Name != "" {
			return x.Name
		}
	}
	return id
}

// Names gives the names of a version's model.
func (e *Engine) Names(ctx context.Context, tx *store.Tx, key string, version int64) (Names, error) {
	p, err := e.plan(ctx, tx, key, version)
	if err != nil {
		return Names{}, err
	}
	return Names{Process: p.process.Name, plan: p}, nil
}

// Instance gives one process by its id, without Nodes; NotFound "flow.unknown" where there is none. The caller judges who
// may see it.
func (e *Engine) Instance(ctx context.Context, tx *store.Tx, id string) (Instance, error) {
	s, err := readInst(ctx, tx, id)
	if err != nil {
		return Instance{}, err
	}
	in := s.inst
	return Instance{
		ID: in.id, Process: in.defKey, Version: in.defVersion, Biz: in.biz, State: in.state, Starter: in.starter, Parent: in.parent,
		Started: instant(in.started), Ended: instant(in.ended),
	}, nil
}

// Version is one stored version of a definition.
type Version struct {
	Number  int64
	Active  bool  // the one new instances take
	Running int64 // instances that have not ended
	Ended   int64
}

// Versions gives the versions of a definition, newest first, with all their instances. The caller judges who may see the
// numbers.
func (e *Engine) Versions(ctx context.Context, tx *store.Tx, key string) ([]Version, error) {
	list, err := rowsOf(ctx, tx, "count instances", func(rows *sql.Rows) (Version, error) {
		var v Version
		err := rows.Scan(&v.Number, &v.Active, &v.Running, &v.Ended)
		return v, err
	}, `SELECT d.version, CASE WHEN d.state = 'active' THEN 1 ELSE 0 END, COALESCE(c.running, 0), COALESCE(c.ended, 0) FROM flow_def d
		LEFT JOIN (SELECT def_version, COUNT(CASE WHEN ended = 0 THEN 1 END) AS running, COUNT(CASE WHEN ended <> 0 THEN 1 END) AS ended
			FROM flow_inst WHERE def_key = ? GROUP BY def_version) c ON c.def_version = d.version
		WHERE d.def_key = ? ORDER BY d.version DESC`, key, key)
	return list, err
}
