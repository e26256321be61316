package flow

import (
	"encoding/json"
	"maps"

	"chengshu/base/bpmn"
	"chengshu/base/fault"
)

// maxInstances bounds the instances one command may touch, so that a process that calls itself comes to an end.
const maxInstances = 64

// call starts the instance of a call activity; t waits for its end.
func (m *machine) call(t *token, n *node) error {
	if len(m.machines) >= maxInstances {
		return m.tooLong(t, n, maxInstances)
	}
	version, err := m.e.activeVersion(m.ctx, m.tx, n.Called)
	if err != nil {
		return err
	}
	child, err := m.begin(n.Called, version, m.s.inst.biz, m.s.inst.starter, "")
	if err != nil {
		return err
	}
	in := child.s.inst
	in.parent, in.parentToken = m.s.inst.id, t.id
	if m.p.repeats { // it is told which of many it is
		names, own := m.locals(t)
		in.vars = own
		maps.Copy(in.vars, names)
	}
	t.child, t.dirty = in.id, true
	return nil
}

// serve runs the services of a node from one of them on, in their order, and lets t go on. At a call it stops: t waits for
// the answer, and what comes after is done then.
func (m *machine) serve(t *token, n *node, from int) error {
	if from == 0 && n.calls() {
		if err := m.arm(t.id, t, n); err != nil {
			return err
		}
	}
	for i := from; i < len(n.services); i++ {
		var err error
		switch s := n.services[i]; s.Kind {
		case "set":
			err = m.assign(s.set, t, n)
		case "call":
			return m.ask(t, n, i)
		default:
			err = m.runService(t, n, s)
		}
		if code, ok := raised(err); ok {
			return m.throwError(t, n, code)
		}
		if err != nil {
			return err
		}
	}
	if n.message != "" && n.Kind == bpmn.SendTask {
		m.throw(n)
	}
	return m.leave(t, n)
}

func (m *machine) runService(t *token, n *node, s *service) error {
	if m.e.opt.Services == nil {
		return m.broken(n, "flow.service", nil)
	}
	c := Call{
		Kind: s.Kind, Name: s.Name, Message: s.Message, Instance: m.s.inst.id, Node: n.ID, Biz: m.s.inst.biz, Started: instant(m.s.inst.started), Reason: m.cmd.Reason,
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
	if s.Kind == "command" { // which reads the record and writes it
		if err := m.ahead(m.rec); err != nil {
			return err
		}
	}
	result, err := m.e.opt.Services.Run(m.ctx, m.tx, m.actor, c)
	if err != nil {
		return fault.Wrap("run service "+n.ID, err)
	}
	m.rec.touch() // a command may have changed the record
	if s.Result == "" {
		return nil
	}
	return m.setVar(t, s.Result, result)
}
