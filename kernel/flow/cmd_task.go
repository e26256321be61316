package flow

import (
	"chengshu/base/fault"
)

// taskActs are the commands on a task.
var taskActs = map[string]func(*machine, *Task) error{
	Claim: (*machine).claim, Release: (*machine).unclaim, Complete: (*machine).complete, Return: (*machine).giveBack,
	Withdraw: (*machine).withdraw, Transfer: (*machine).transfer, Delegate: (*machine).delegate, Consult: (*machine).consult,
	Copy: (*machine).copyTo, Add: (*machine).addMembers, Remove: (*machine).removeMember, Extend: (*machine).askExtension, Appeal: (*machine).appeal,
}

// mine demands that the actor may work on the open task: he is a candidate, and nobody else has it.
func (m *machine) mine(k *Task) error {
	switch k.State {
	case Done:
		return fault.New(fault.Conflict, "task.taken", "task", k.ID, "by", k.DoneBy, "at", k.Done)
	case Cancelled:
		return fault.New(fault.Conflict, "task.cancelled", "task", k.ID, "reason", k.Reason)
	case Blocked:
		return fault.New(fault.Conflict, "task.blocked", "task", k.ID, "by", k.Blocker)
	}
	if !matches(k.Candidates, m.actor) {
		return fault.New(fault.Denied, "task.denied", "task", k.ID)
	}
	if k.Assignee != "" && !m.actor.Is(k.Assignee) {
		return fault.New(fault.Conflict, "task.taken", "task", k.ID, "by", k.Assignee, "at", k.Claimed)
	}
	return nil
}

// privilege asks the policy.
func (m *machine) privilege(action string) error {
	if m.e.opt.Policy == nil {
		return fault.New(fault.Denied, "flow.denied", "action", action)
	}
	return m.e.opt.Policy.Allow(m.ctx, m.tx, m.actor, action, m.s.inst.biz)
}

func (m *machine) reasoned() error {
	if m.cmd.Reason == "" {
		return fault.New(fault.Invalid, "flow.reason").At("/reason", "field.required")
	}
	return nil
}

// take makes the actor the one who has the task: a stand-in takes it for the person stood in for, whose work it stays.
func (m *machine) take(k *Task) {
	if k.Assignee == "" {
		k.Assignee, k.Claimed = m.actor.Principal(), m.now
	}
	k.dirty = true
}

func (m *machine) claim(k *Task) error {
	if err := m.mine(k); err != nil {
		return err
	}
	m.take(k)
	return nil
}

// unclaim gives a task back to the pool: the one who has it, or a supervisor.
func (m *machine) unclaim(k *Task) error {
	if err := m.mine(k); err != nil {
		if k.State != Open || m.privilege("flow.release") != nil {
			return err
		}
	}
	k.Assignee, k.Owner, k.Claimed, k.dirty = "", "", instant(0), true
	return nil
}

// complete ends a step with an outcome (办结本步).
func (m *machine) complete(k *Task) error {
	if err := m.mine(k); err != nil {
		return err
	}
	if k.Kind != KindNode {
		return m.completeSide(k)
	}
	n := m.p.nodes[k.Node]
	t := m.s.token(k.token)
	if n == nil || t == nil || t.node != k.Node {
		return fault.New(fault.Internal, "flow.token", "task", k.ID)
	}
	o, err := m.chosen(n)
	if err != nil {
		return err
	}
	m.take(k)
	if k.Owner != "" { // 委托: it comes back to the owner
		m.extra = append(m.extra, Note{Op: "delegated", Node: k.Node, Task: k.ID, Text: k.Assignee})
		k.Assignee, k.Owner, k.Claimed = k.Owner, "", m.now
		return nil
	}
	d := m.rec
	d.change.Data, d.change.Form = m.cmd.Data, n.form(o)
	d.touch()
	m.task = k
	t.prev, t.outcome, t.dirty = k.ID, m.cmd.Outcome, true
	k.Outcome, k.DoneBy, k.Reason = m.cmd.Outcome, m.actor.Principal(), m.cmd.Reason
	if err := m.closeTask(k, Done, ""); err != nil {
		return err
	}
	if m.cmd.Next != "" {
		if err := m.privilege("flow.choose"); err != nil {
			return err
		}
	}
	if n.multi() {
		return m.vote(t, n, k)
	}
	if o != nil {
		if err := m.assign(o.set, t, n); err != nil {
			return err
		}
	}
	if t.back != "" {
		return m.goBack(t, n)
	}
	return m.leave(t, n)
}

// chosen checks the outcome against the model.
func (m *machine) chosen(n *node) (*outcome, error) {
	if len(n.outcomes) == 0 {
		if m.cmd.Outcome != "" {
			return nil, fault.New(fault.Invalid, "flow.outcome", "node", n.ID, "outcome", m.cmd.Outcome).At("/outcome", "field.choice")
		}
		return nil, nil
	}
	o := n.outcome(m.cmd.Outcome)
	if o == nil {
		return nil, fault.New(fault.Invalid, "flow.outcome", "node", n.ID, "outcome", m.cmd.Outcome).At("/outcome", "field.choice")
	}
	if o.Reason {
		return o, m.reasoned()
	}
	return o, nil
}

// handOver gives a task to a person, who becomes a candidate of it.
func (m *machine) handOver(k *Task) error {
	if err := m.mine(k); err != nil {
		return err
	}
	if m.cmd.Target == "" || m.cmd.Target == m.actor.Principal() {
		return fault.New(fault.Invalid, "flow.person").At("/target", "field.required")
	}
	if err := m.eligible(k.Candidates, m.cmd.Target); err != nil {
		return err
	}
	c := Candidate{Kind: ByPerson, Ref: m.cmd.Target}
	found := false
	for _, have := range k.Candidates {
		found = found || have == c
	}
	if !found {
		k.Candidates, k.recand, k.remade = append(k.Candidates, c), true, true
	}
	k.Assignee, k.Claimed, k.dirty = m.cmd.Target, m.now, true
	m.tell(Event{Kind: "opened", Task: k.ID, Node: k.Node, To: []string{m.cmd.Target}})
	return nil
}

// eligible demands that a person is a candidate, where the engine can ask for a person's posts.
func (m *machine) eligible(cands []Candidate, person string) error {
	if m.e.opt.People == nil {
		return nil
	}
	posts, err := m.e.opt.People.Posts(m.ctx, m.tx, person)
	if err != nil {
		return err
	}
	for _, a := range posts {
		if matches(cands, a) {
			return nil
		}
	}
	return fault.New(fault.Denied, "flow.person", "person", person)
}

// transfer gives the task away for good (转办).
func (m *machine) transfer(k *Task) error {
	if err := m.handOver(k); err != nil {
		return err
	}
	k.Owner = ""
	return nil
}

// delegate lends the task; it comes back (委托).
func (m *machine) delegate(k *Task) error {
	owner := k.Owner
	if owner == "" {
		owner = m.actor.Principal()
	}
	if err := m.handOver(k); err != nil {
		return err
	}
	k.Owner = owner
	return nil
}
