package flow

import (
	"encoding/json"

	"chengshu/base/fault"
)

// maxInstances bounds the instances one command may touch, so that a process that calls itself comes to an end.
const maxInstances = 64

// call starts the instance of a call activity; t waits for its end.
func (m *machine) call(t *token, n *node) error {
	if len(m.machines) >= maxInstances {
		return fault.New(fault.TooLarge, "flow.steps", "process", m.p.key, "node", n.ID)
	}
	version, err := m.e.activeVersion(m.ctx, m.tx, n.Called)
	if err != nil {
		return err
	}
	child, err := m.begin(n.Called, version, m.s.inst.biz, m.s.inst.starter)
	if err != nil {
		return err
	}
	in := child.s.inst
	in.parent, in.parentToken = m.s.inst.id, t.id
	t.child, t.dirty = in.id, true
	return nil
}

// begin makes a new instance with one token on its start.
func (st *step) begin(key string, version int64, biz Biz, starter string) (*machine, error) {
	id, err := st.e.ids.id(st.now)
	if err != nil {
		return nil, err
	}
	s := &state{all: true, inst: &inst{
		id: id, defKey: key, defVersion: version, biz: biz, state: Running, starter: starter, started: micros(st.now), fresh: true,
	}}
	m, err := st.over(s)
	if err != nil {
		return nil, err
	}
	if err := m.startClocks(m.p.slas, nil, nil); err != nil {
		return nil, err
	}
	m.push(s.spawn(m.p.start.ID, nil), m.p.start)
	return m, nil
}

// serve runs the services of a node in their order.
func (m *machine) serve(t *token, n *node) error {
	for _, s := range n.services {
		if s.Kind == "set" {
			if err := m.assign(s.set, t, n); err != nil {
				return err
			}
			continue
		}
		if err := m.runService(t, n, s); err != nil {
			return err
		}
	}
	return nil
}

func (m *machine) runService(t *token, n *node, s *service) error {
	if m.e.opt.Services == nil {
		return m.broken(n, "flow.service", nil)
	}
	c := Call{
		Kind: s.Kind, Name: s.Name, Message: s.Message, Instance: m.s.inst.id, Node: n.ID, Biz: m.s.inst.biz, Started: instant(m.s.inst.started),
		Note: func(op string, data json.RawMessage) { m.extra = append(m.extra, Note{Data: data, Node: n.ID, Op: op}) },
	}
	if s.to != nil {
		var err error
		if c.To, err = m.candidatesOf(s.to, t, n, nil); err != nil {
			return err
		}
	}
	if s.data != nil {
		v, _, err := m.eval(s.data, t, nil)
		if err != nil {
			return err
		}
		c.Data = v
	} else if s.Kind == "decision" {
		var err error
		if c.Vars, err = m.names(t, nil); err != nil {
			return err
		}
	}
	result, err := m.e.opt.Services.Run(m.ctx, m.tx, m.actor, c)
	if err != nil {
		return fault.Wrap("run service "+n.ID, err)
	}
	m.rec.vars = nil // a command may have changed the record
	if s.Result == "" {
		return nil
	}
	return m.setVar(s.Result, result)
}
