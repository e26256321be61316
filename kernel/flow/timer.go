package flow

import (
	"time"

	"chengshu/base/bpmn"
	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/feel"
)

// arm sets the timers and subscriptions of the boundary events of n, held by a token or a group. Those of a repeated
// activity are armed once, for the whole.
func (m *machine) arm(holder int64, t *token, n *node) error {
	if n.repeats() {
		return nil
	}
	return m.armBounds(holder, t, n)
}

func (m *machine) armBounds(holder int64, t *token, n *node) error {
	for _, b := range n.bounds {
		if err := m.wait(holder, t, b); err != nil {
			return err
		}
	}
	return nil
}

// wait sets the timers and subscriptions of one catching or boundary event.
func (m *machine) wait(holder int64, t *token, n *node) error {
	for _, x := range n.triggers() {
		if err := m.waitFor(holder, t, x); err != nil {
			return err
		}
	}
	return nil
}

func (m *machine) waitFor(holder int64, t *token, n *node) error {
	if n.timer != nil {
		return m.setNodeTimer(holder, t, n, int64(n.timer.repeat))
	}
	x := sub{holder: holder, node: n.ID, corr: m.s.inst.biz.ID}
	switch {
	case n.message != "":
		x.kind, x.name, m.waiting = subMessage, n.message, true
	case n.signal != "":
		x.kind, x.name, x.corr = subSignal, n.signal, ""
	case n.cond != nil:
		x.kind, x.name, m.lookAgain = subCondition, "false", true
	default:
		return nil // errors, escalations and compensation are thrown to who catches them
	}
	m.s.subs = append(m.s.subs, x)
	return nil
}

func (m *machine) setTimer(t timer) error {
	id, err := m.e.ids.id(m.now)
	if err != nil {
		return err
	}
	t.id = id
	m.s.timers = append(m.s.timers, t)
	return nil
}

// setNodeTimer sets the timer of a timer event, held by a token or a group. One in working time keeps its length and when
// it was set, so that another calendar moves it.
func (m *machine) setNodeTimer(holder int64, t *token, n *node, left int64) error {
	x := timer{holder: holder, node: n.ID, kind: timerNode, left: left}
	due, span, err := m.dueOf(t, n)
	if err != nil {
		return err
	}
	if x.due, x.span = micros(due), span; span != "" {
		x.since = micros(m.now)
	}
	return m.setTimer(x)
}

// limited gives the end of a limit that begins now, and its length where the calendar decides it.
func (m *machine) limited(l clock.Limit) (time.Time, string) {
	due, _ := m.calendar().Due(m.now, l)
	if l.Unit == clock.Workday || l.Unit == clock.Workhour {
		return due, l.String()
	}
	return due, ""
}

// dueOf works out when a timer event fires, and its length where it is one of working time.
func (m *machine) dueOf(t *token, n *node) (time.Time, string, error) {
	tp := n.timer
	if tp.limit != (clock.Limit{}) {
		due, span := m.limited(tp.limit)
		return due, span, nil
	}
	v := tp.amount
	var env *feel.Env
	if tp.expr != nil {
		var err error
		if v, env, err = m.eval(tp.expr, t, nil); err != nil {
			return time.Time{}, "", err
		}
	}
	switch x := v.(type) {
	case feel.Duration:
		if d, ok := x.GoDuration(); ok {
			return m.now.Add(d), "", nil
		}
	case feel.Months:
		return m.now.AddDate(0, int(x), 0), "", nil
	case feel.DateTime:
		return x.GoTime(clock.Shanghai), "", nil
	case feel.Date:
		return feel.DateTime{Date: x}.GoTime(clock.Shanghai), "", nil
	case string:
		if l, err := clock.ParseLimit(x); err == nil {
			due, span := m.limited(l)
			return due, span, nil
		}
	}
	return time.Time{}, "", m.broken(n, "flow.timer", env)
}

func (m *machine) calendar() *clock.Calendar { return m.e.opt.Calendar(m.s.inst.biz.Org) }

// fire lets a catching or boundary event happen that a timer or a message has set off.
func (m *machine) fire(holder int64, n *node, left int64) error {
	switch {
	case n.inScope():
		return m.fireScope(holder, n, left)
	case n.Kind != bpmn.Boundary:
		return m.arrived(holder, n.self())
	}
	host := m.p.nodes[n.Attached.ID]
	if t := m.s.token(holder); t != nil {
		if t.node != host.ID {
			return nil
		}
		return m.fireOn(t, []*token{t}, t.stack, host, n, holder, left)
	}
	list := m.s.members(holder)
	if len(list) == 0 {
		return nil
	}
	t := list[0]
	return m.fireOn(t, list, t.stack[:t.stack.at(holder)], host, n, holder, left)
}

// fireOn is fire for a boundary event on the activity that the tokens of list are in.
func (m *machine) fireOn(t *token, list []*token, base stack, host, n *node, holder, left int64) error {
	if !n.Interrupting {
		event := n.self()
		side := m.s.spawn(event.ID, base.with(frame{m.s.next(), event.ID, ""}))
		side.prev, side.outcome = t.prev, t.outcome
		m.push(side, event)
		return m.rearm(holder, t, n, left)
	}
	prev, chosen := t.prev, t.outcome
	if err := m.cancel(list, len(base), "flow.interrupted"); err != nil {
		return err
	}
	m.shut(holder)
	next := m.s.spawn(n.self().ID, base)
	next.prev, next.outcome = prev, chosen
	m.push(next, n.self())
	return nil
}

// fireClaimed does what a timer that was claimed demands. The claim was the
// first write of the transaction: of two nodes that see the same timer exactly one deleted it.
func (e *Engine) fireClaimed(st *step, inst string, t timer) (Result, error) {
	if t.kind == timerStart {
		return st.startTimed(inst, t)
	}
	s, _, err := loadInst(st.ctx, st.tx, inst, "")
	if err != nil {
		return Result{}, err
	}
	if s.inst.ended != 0 {
		return Result{}, nil
	}
	if s.inst.state == Suspended && (t.kind == timerNode || t.kind == timerSignal) { // looked at again later; no step of the process
		_, err := st.tx.Exec(st.ctx, `INSERT INTO flow_timer (id, inst, holder, node, kind, due_at, repeat_left) VALUES (?,?,?,?,?,?,?)`,
			t.id, inst, t.holder, t.node, t.kind, micros(st.now.Add(postpone)), t.left)
		return Result{}, fault.Wrap("put timer off", err)
	}
	m, err := st.over(s)
	if err != nil {
		return Result{}, err
	}
	st.cmd = Command{ID: t.id, Name: "timer", Instance: inst}
	switch t.kind {
	case timerSLA:
		err = m.threshold(t.holder)
	case timerPause:
		err = m.overrun(t.holder)
	default:
		err = m.fireNode(t)
	}
	if err != nil {
		return Result{}, err
	}
	op := "timer"
	if t.kind == timerSignal {
		op = "signal"
	}
	node := t.node
	if n := m.p.nodes[node]; n != nil {
		node = n.self().ID
	}
	return st.finish(m, op, node, "")
}

// postpone is how long the timer of a suspended instance is put off before it is looked at again.
const postpone = 5 * time.Minute

func (m *machine) fireNode(t timer) error {
	n := m.p.nodes[t.node]
	if n == nil {
		return fault.New(fault.Internal, "flow.node", "node", t.node)
	}
	return m.fire(t.holder, n, t.left)
}
