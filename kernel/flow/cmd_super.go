package flow

import (
	"context"
	"encoding/json"
	"slices"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// Commands of supervision.
const (
	Supervise = "supervise" // 督办: whoever has the open tasks must answer
	Appeal    = "appeal"    // 申诉 against a card; Task, SLA, To who decides
)

// supervise orders an answer of everybody who has an open task (督办). It shortens nothing: each gets a side task that is
// completed with what he has to say.
func (m *machine) supervise() error {
	if err := m.privilege("flow.supervise"); err != nil {
		return err
	}
	if err := m.reasoned(); err != nil {
		return err
	}
	if err := m.openTasks(); err != nil {
		return err
	}
	found := false
	for _, k := range append([]*Task(nil), m.s.tasks...) {
		if k.State != Open || k.Kind != KindNode {
			continue
		}
		found = true
		cands := k.Candidates
		if k.Assignee != "" {
			cands = []Candidate{{Kind: ByPerson, Ref: k.Assignee}}
		}
		if err := m.sideTask(KindSupervise, k, cands, ""); err != nil {
			return err
		}
	}
	if !found {
		return fault.New(fault.Conflict, "flow.supervise", "instance", m.s.inst.id)
	}
	return nil
}

// appeal asks somebody to withdraw the yellow or red card of a clock (申诉).
func (m *machine) appeal(k *Task) error {
	if err := m.mine(k); err != nil {
		return err
	}
	if err := m.reasoned(); err != nil {
		return err
	}
	list, err := m.clocks()
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.level < 2 || m.cmd.SLA != "" && c.name != m.cmd.SLA || c.task != "" && c.task != k.ID {
			continue
		}
		raw, err := json.Marshal(card{c.name, levels[c.level], m.actor.Person, c.task})
		if err != nil {
			return fault.Wrap("write appeal", err)
		}
		return m.sideTask(KindAppeal, k, m.cmd.To, string(raw))
	}
	return fault.New(fault.Conflict, "flow.appeal", "clock", m.cmd.SLA)
}

// card is what an appeal is about.
type card struct {
	SLA   string `json:"sla"`
	Level string `json:"level"`
	By    string `json:"by"`             // who appealed, by hand
	Task  string `json:"task,omitempty"` // of the clock; empty for one of the whole matter
}

// decideAppeal withdraws the card (撤销) or upholds it. The card stays in the history, and so does its withdrawal.
func (m *machine) decideAppeal(k *Task) error {
	if m.cmd.Outcome != Approve && m.cmd.Outcome != Refuse {
		return fault.New(fault.Invalid, "flow.outcome", "outcome", m.cmd.Outcome).At("/outcome", "field.choice")
	}
	var c card
	if err := json.Unmarshal([]byte(k.Data), &c); err != nil {
		return fault.Wrap("read appeal", err)
	}
	if m.actor.Is(k.Owner) || m.actor.Is(c.By) {
		return fault.New(fault.Denied, "flow.appeal.self")
	}
	if err := m.privilege("flow.appeal"); err != nil {
		return err
	}
	if err := m.reasoned(); err != nil {
		return err
	}
	op := "withdrawn"
	if m.cmd.Outcome == Refuse {
		op = "upheld"
	} else if err := m.takeBack(c); err != nil {
		return err
	}
	m.extra = append(m.extra, Note{Op: op, Node: k.Node, Task: k.ID, Text: c.SLA + " " + c.Level})
	return nil
}

// given tells whether a new task is the one that Command.Next is meant for, and gives it to the person (自由指定下一步
// 处理人): the task that follows the one completed, and only to one of its lawful candidates.
func (m *machine) given(k *Task) error {
	if m.cmd.Next == "" || m.task == nil || k.Prev != m.task.ID || k.group != 0 || m.chose {
		return nil
	}
	if err := m.eligible(k.Candidates, m.cmd.Next); err != nil {
		return err
	}
	k.Assignee, k.Claimed, m.chose = m.cmd.Next, m.now, true
	c := Candidate{Kind: ByPerson, Ref: m.cmd.Next}
	if !slices.Contains(k.Candidates, c) {
		k.Candidates = append(k.Candidates, c)
	}
	return nil
}

// Row is what one command of a batch led to.
type Row struct {
	Result Result
	Err    error // nil where it was done
}

// DoAll runs commands one after the other (批量办理), each for itself: one that is refused changes nothing and does not
// stop the others. The rows stand in the order of the commands.
func (e *Engine) DoAll(ctx context.Context, tx *store.Tx, actor identity.Actor, list []Command) ([]Row, error) {
	out := make([]Row, len(list))
	for i, cmd := range list {
		err := tx.Savepoint(ctx, func() (err error) {
			out[i].Result, err = e.Do(ctx, tx, actor, cmd)
			return err
		})
		if err == nil {
			continue
		}
		if ctx.Err() != nil || fault.Is(err, fault.Unavailable) {
			return nil, err // nobody's refusal: the whole batch is tried again
		}
		out[i] = Row{Err: err}
	}
	return out, nil
}
