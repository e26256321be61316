package flow

import (
	"chengshu/base/clock"
	"chengshu/base/fault"
)

// instActs are the commands on an instance.
var instActs = map[string]func(*machine) error{
	Urge: (*machine).urge, Pause: (*machine).pauseClocks, Resume: (*machine).resumeClocks, Suspend: (*machine).suspend,
	Activate: (*machine).activate, Extend: (*machine).extend, Due: (*machine).extend, Cancel: (*machine).void, Jump: (*machine).jump,
	Supervise: (*machine).supervise, Retry: (*machine).retryIncident, Skip: (*machine).skipIncident, Resolve: (*machine).resolveIncident,
}

// urge reminds whoever has the open tasks (催办). It changes nothing but the history.
func (m *machine) urge() error {
	if !m.actor.Is(m.s.inst.starter) {
		if err := m.privilege("flow.urge"); err != nil {
			return err
		}
	}
	if err := m.openTasks(); err != nil {
		return err
	}
	ev := Event{Kind: "urged", Reason: m.cmd.Reason}
	for _, k := range m.s.tasks {
		if k.State != Open {
			continue
		}
		if k.Assignee != "" {
			ev.To = append(ev.To, k.Assignee)
		} else {
			ev.Cands = append(ev.Cands, k.Candidates...)
		}
	}
	m.tell(ev)
	return nil
}

// pauseClocks stops the clocks for a lawful reason (停钟); the reason is a code, the basis names the clause.
func (m *machine) pauseClocks() error {
	if err := m.privilege("flow.clock"); err != nil {
		return err
	}
	if err := m.reasoned(); err != nil {
		return err
	}
	rule, err := m.lawful(m.cmd.Reason)
	if err != nil {
		return err
	}
	if m.cmd.Basis == "" && rule.Basis == "" {
		return fault.New(fault.Invalid, "flow.pause.basis").At("/basis", "field.required")
	}
	if rule.Notice && m.cmd.Notice == "" {
		return fault.New(fault.Invalid, "flow.pause.notice", "reason", rule.Code).At("/notice", "field.required")
	}
	if rule.Max.N > 0 && m.cmd.Limit == "" { // the time needed must be told (行政许可法 §45)
		return fault.New(fault.Invalid, "flow.pause.promise", "reason", rule.Code).At("/limit", "field.required")
	}
	return m.pause(pauseRow{reason: m.cmd.Reason, basis: m.cmd.Basis, note: m.cmd.Target, notice: m.cmd.Notice, promise: m.cmd.Limit}, rule)
}

// resumeClocks ends the pauses that were made by command, or the one whose reason is Target.
func (m *machine) resumeClocks() error {
	if err := m.privilege("flow.clock"); err != nil {
		return err
	}
	n, err := m.resume(func(p *pauseRow) bool { return p.node == "" && (m.cmd.Target == "" || p.reason == m.cmd.Target) })
	if err == nil && n == 0 {
		return fault.New(fault.Conflict, "flow.pause.none")
	}
	return err
}

// suspend lets the instance rest, and the processes it has called; its clocks go on.
func (m *machine) suspend() error {
	if err := m.privilege("flow.suspend"); err != nil {
		return err
	}
	if err := m.reasoned(); err != nil {
		return err
	}
	return m.rest(Suspended)
}

// rest lets the instance rest or run again, with the processes it has called.
func (m *machine) rest(state string) error {
	m.s.inst.state = state
	for _, t := range m.s.alive() {
		if t.child == "" {
			continue
		}
		child, err := m.other(t.child)
		if err != nil {
			return err
		}
		if child.s.inst.ended == 0 {
			if err := child.rest(state); err != nil {
				return err
			}
		}
	}
	if state == Suspended {
		return nil
	}
	m.lookAgain = true
	return m.missed()
}

func (m *machine) activate() error {
	if err := m.privilege("flow.suspend"); err != nil {
		return err
	}
	if m.s.inst.state != Suspended {
		return fault.New(fault.Conflict, "flow.running", "instance", m.s.inst.id)
	}
	if m.s.inst.parent != "" {
		up, err := m.other(m.s.inst.parent)
		if err != nil {
			return err
		}
		if up.s.inst.state == Suspended {
			return fault.New(fault.Conflict, "flow.suspended", "instance", up.s.inst.id)
		}
	}
	return m.rest(Running)
}

// void ends the instance without result (作废).
func (m *machine) void() error {
	if err := m.privilege("flow.cancel"); err != nil {
		return err
	}
	if err := m.reasoned(); err != nil {
		return err
	}
	return m.abort(m.cmd.Reason)
}

// extend lengthens (extend, 行政许可法 §42) or sets anew (due) the limit of a clock, by somebody who may do so alone.
func (m *machine) extend() error {
	if err := m.privilege("flow." + m.cmd.Name); err != nil {
		return err
	}
	if err := m.reasoned(); err != nil {
		return err
	}
	return m.lengthen(m.cmd.SLA, m.cmd.Limit, m.cmd.Name == Due)
}

// meant gives the running clocks of a name, or all for none, whose limits are in the unit of limit.
func (m *machine) meant(name, limit string) ([]*sla, clock.Limit, error) {
	l, err := clock.ParseLimit(limit)
	if err != nil {
		return nil, l, err
	}
	list, err := m.clocks()
	if err != nil {
		return nil, l, err
	}
	var out []*sla
	for _, c := range list {
		if c.state != Stopped && (name == "" || c.name == name) && c.limit.Unit == l.Unit {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return nil, l, fault.New(fault.Conflict, "flow.clock.none", "clock", name, "unit", l.Unit.String())
	}
	return out, l, nil
}

// lengthen changes the running clocks of that name: by more, or to a whole new limit.
func (m *machine) lengthen(name, limit string, whole bool) error {
	list, l, err := m.meant(name, limit)
	if err != nil {
		return err
	}
	for _, c := range list {
		op := clockExtend
		if whole {
			c.added, op = l.N-c.limit.N, clockSet
		} else {
			c.added += l.N
		}
		m.ticks = append(m.ticks, ClockEntry{Op: op, Clock: c.id, Limit: l.String()})
	}
	m.extra = append(m.extra, Note{Op: "extended", Text: name + " " + limit})
	return m.reckonAll()
}
