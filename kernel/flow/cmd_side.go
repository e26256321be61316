package flow

import (
	"encoding/json"

	"chengshu/base/fault"
)

// sideTask opens a task that holds no token: an opinion, a copy, an approval.
func (m *machine) sideTask(kind string, of *Task, cands []Candidate, data string) error {
	if len(cands) == 0 {
		return fault.New(fault.Invalid, "flow.person").At("/to", "field.required")
	}
	id, err := m.e.ids.id(m.now)
	if err != nil {
		return err
	}
	k := &Task{
		ID: id, Instance: m.s.inst.id, Process: m.p.key, Node: of.Node, Kind: kind, Biz: m.s.inst.biz, Candidates: cands,
		State: Open, Prev: of.ID, Owner: m.actor.Principal(), Data: data, Reason: m.cmd.Reason, Created: m.now, fresh: true,
	}
	m.s.inst.sides++
	m.s.tasks = append(m.s.tasks, k)
	m.tell(Event{Kind: "opened", Task: k.ID, Node: k.Node, Cands: cands, Reason: m.cmd.Reason})
	return nil
}

// consult asks others for their opinion (征求意见); the task does not wait for it.
func (m *machine) consult(k *Task) error {
	if err := m.mine(k); err != nil {
		return err
	}
	for _, c := range m.cmd.To {
		if err := m.sideTask(KindConsult, k, []Candidate{c}, ""); err != nil {
			return err
		}
	}
	return m.some()
}

// copyTo lets others know (知会).
func (m *machine) copyTo(k *Task) error {
	if err := m.mine(k); err != nil {
		return err
	}
	for _, c := range m.cmd.To {
		if err := m.sideTask(KindCopy, k, []Candidate{c}, ""); err != nil {
			return err
		}
	}
	return m.some()
}

func (m *machine) some() error {
	if len(m.cmd.To) == 0 {
		return fault.New(fault.Invalid, "flow.person").At("/to", "field.required")
	}
	return nil
}

// Outcomes of an extension asked for.
const (
	Approve = "approve"
	Refuse  = "refuse"
)

type extension struct {
	SLA   string `json:"sla"`
	Limit string `json:"limit"`
	Basis string `json:"basis,omitempty"`
	By    string `json:"by"` // who asked, by hand: Task.Owner may be a person stood in for
}

// askExtension asks for more time; the clock changes when the asked person approves (延期).
func (m *machine) askExtension(k *Task) error {
	if err := m.mine(k); err != nil {
		return err
	}
	if err := m.reasoned(); err != nil {
		return err
	}
	if _, _, err := m.meant(m.cmd.SLA, m.cmd.Limit); err != nil { // told now and not when it is approved
		return err
	}
	raw, err := json.Marshal(extension{m.cmd.SLA, m.cmd.Limit, m.cmd.Basis, m.actor.Person})
	if err != nil {
		return fault.Wrap("write extension", err)
	}
	return m.sideTask(KindExtend, k, m.cmd.To, string(raw))
}

// completeSide ends a task that holds no token.
func (m *machine) completeSide(k *Task) error {
	if len(m.cmd.Data) > 0 {
		return fault.New(fault.Invalid, "flow.form", "task", k.ID)
	}
	m.take(k)
	var err error
	switch k.Kind {
	case KindExtend:
		err = m.decideExtension(k)
	case KindAppeal:
		err = m.decideAppeal(k)
	case KindSupervise:
		err = m.reasoned()
	}
	if err != nil {
		return err
	}
	k.Outcome, k.DoneBy, k.Reason = m.cmd.Outcome, m.actor.Principal(), m.cmd.Reason
	m.tell(Event{Kind: "answered", Task: k.ID, Node: k.Node, To: []string{k.Owner}, Reason: m.cmd.Reason})
	return m.closeTask(k, Done, "")
}

func (m *machine) decideExtension(k *Task) error {
	if m.cmd.Outcome != Approve && m.cmd.Outcome != Refuse {
		return fault.New(fault.Invalid, "flow.outcome", "outcome", m.cmd.Outcome).At("/outcome", "field.choice")
	}
	if m.cmd.Outcome == Refuse {
		return m.reasoned()
	}
	var x extension
	if err := json.Unmarshal([]byte(k.Data), &x); err != nil {
		return fault.Wrap("read extension", err)
	}
	if m.actor.Is(k.Owner) || m.actor.Is(x.By) {
		return fault.New(fault.Denied, "flow.extend.self")
	}
	if err := m.privilege("flow.extend"); err != nil {
		return err
	}
	return m.lengthen(x.SLA, x.Limit, false)
}
