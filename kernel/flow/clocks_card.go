package flow

import (
	"time"

	"chengshu/base/clock"
	"chengshu/kernel/identity"
)

// Card is what supervision draws when a clock passes a threshold: 催办, 黄牌 or 红牌, or takes back. It is given away inside the
// step that drew it, so that no card is lost and none is drawn twice.
type Card struct {
	Level    string // "warn", "yellow", "red"
	Biz      Biz
	Instance string
	Process  string
	Node     string      // step: of the task, or the first where a token is
	Task     string      // empty for a clock of the instance
	Clock    string      // name
	Kind     string      // Statutory, Promised or StepKind
	Basis    string      // clause
	Limit    clock.Limit // with extensions
	Due      time.Time
	At       time.Time
	To       []string    // persons who have the work
	Cands    []Candidate // who may take it

	Withdrawn bool           // the card drawn before is taken back, because an appeal was approved
	Actor     identity.Actor // who decided that
	Reason    string         // with which reason
}

// card draws the card of a threshold.
func (m *machine) card(c *sla, threshold int, ev Event) error {
	if m.e.opt.Cards == nil {
		return nil
	}
	x := Card{
		Level: levels[threshold+1], Biz: m.s.inst.biz, Instance: m.s.inst.id, Process: m.p.key, Task: c.task, Clock: c.name, Kind: c.kind,
		Basis: c.basis, Limit: clock.Limit{N: c.limit.N + c.added, Unit: c.limit.Unit}, Due: c.due, At: m.now, To: ev.To, Cands: ev.Cands,
	}
	if k := m.s.task(c.task); k != nil {
		x.Node = k.Node
	} else if list := m.s.alive(); len(list) > 0 {
		x.Node = list[0].node
	}
	return m.e.opt.Cards(m.ctx, m.tx, x)
}

// takeBack withdraws the card an appeal was about (撤销), inside the step that decides the appeal.
func (m *machine) takeBack(c card) error {
	if m.e.opt.Cards == nil {
		return nil
	}
	return m.e.opt.Cards(m.ctx, m.tx, Card{
		Level: c.Level, Biz: m.s.inst.biz, Instance: m.s.inst.id, Process: m.p.key, Task: c.Task, Clock: c.SLA, At: m.now,
		Withdrawn: true, Actor: m.actor, Reason: m.cmd.Reason,
	})
}
