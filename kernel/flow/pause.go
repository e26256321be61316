package flow

import (
	"slices"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/kernel/identity"
)

// pauseRow is one legal pause of the clocks of an instance (行政许可法 §45). Overlapping ones count once; each keeps its
// own record.
type pauseRow struct {
	id                         int64
	node, reason, basis, note  string
	notice, promise, actor     string
	started, promised, stopped time.Time

	fresh, dirty bool
}

// pauses gives every pause of the instance.
func (m *machine) pauses() ([]*pauseRow, error) {
	s := m.s
	if s.pauseRead || s.inst.fresh || s.inst.pauses == 0 || m.tx == nil {
		return s.pauses, nil
	}
	list, err := loadPauses(m.ctx, m.tx, s.inst.id)
	if err != nil {
		return nil, err
	}
	s.pauseRead, s.pauses = true, append(list, s.pauses...)
	return s.pauses, nil
}

// PauseRule is one reason of the closed list of lawful pauses (行政许可法 §45); what is not on the list stops no clock.
type PauseRule struct {
	Code   string
	Basis  string      // clause; of a pause that names none itself
	Max    clock.Limit // longest length that may be promised; zero: any
	Notice bool        // the document that told the applicant must be named
}

// lawful finds the rule of a reason for the matter.
func (m *machine) lawful(reason string) (PauseRule, error) {
	if m.e.opt.Pauses == nil {
		return PauseRule{Code: reason}, nil
	}
	rule, ok := m.e.opt.Pauses(m.s.inst.biz.Type, reason)
	if !ok {
		return rule, fault.New(fault.Invalid, "flow.pause.reason", "reason", reason).At("/reason", "field.choice")
	}
	return rule, nil
}

// promise reads the promised length of a pause and gives the instant it ends.
func (m *machine) promise(p *pauseRow, rule PauseRule) error {
	if p.promise == "" {
		return nil
	}
	limit, err := clock.ParseLimit(p.promise)
	if err != nil {
		return err
	}
	p.promised, _ = m.calendar().Due(m.now, limit)
	if rule.Max.N > 0 {
		if longest, _ := m.calendar().Due(m.now, rule.Max); p.promised.After(longest) {
			return fault.New(fault.Invalid, "flow.pause.long", "reason", rule.Code, "max", rule.Max.String()).At("/limit", "field.high", "high", rule.Max.String())
		}
	}
	return m.setTimer(timer{
		holder: p.id, node: p.reason, kind: timerPause, due: micros(p.promised), span: limit.String(), since: micros(m.now),
	})
}

// pause stops the clocks.
func (m *machine) pause(p pauseRow, rule PauseRule) error {
	if _, err := m.pauses(); err != nil {
		return err
	}
	p.id, p.actor, p.started, p.fresh = m.s.next(), m.actor.Person, m.now, true
	if p.basis == "" {
		p.basis = rule.Basis
	}
	if err := m.promise(&p, rule); err != nil {
		return err
	}
	m.s.pauses = append(m.s.pauses, &p)
	m.s.inst.pauses++
	m.extra = append(m.extra, Note{Op: "paused", Node: p.node, Text: p.reason})
	m.ticks = append(m.ticks, ClockEntry{Op: clockPause, Pause: p.id})
	return m.reckonAll()
}

// resume ends the running pauses that sel picks.
func (m *machine) resume(sel func(*pauseRow) bool) (int, error) {
	list, err := m.pauses()
	if err != nil {
		return 0, err
	}
	n := 0
	for _, p := range list {
		if p.stopped.IsZero() && sel(p) {
			p.stopped, p.dirty = m.now, true
			m.release(p.id)
			m.extra = append(m.extra, Note{Op: "resumed", Node: p.node, Text: p.reason})
			m.ticks = append(m.ticks, ClockEntry{Op: clockResume, Pause: p.id})
			n++
		}
	}
	if n == 0 {
		return 0, nil
	}
	return n, m.reckonAll()
}

// pauseAt begins the pause that a node declares. The steps of the model before it are its notice.
func (m *machine) pauseAt(n *node) error {
	x := n.Ext.Clock
	list, err := m.pauses()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(list, func(p *pauseRow) bool { return p.node == n.ID && p.stopped.IsZero() }) {
		return nil // another token is there
	}
	rule, err := m.lawful(x.Pause)
	if err != nil {
		return err
	}
	p := pauseRow{node: n.ID, reason: x.Pause, basis: x.Basis}
	if x.Limit != "" {
		p.promise = x.Limit + " " + x.Unit
	}
	return m.pause(p, rule)
}

// resumeAt ends the pause that a node declares when t, the last token there, goes.
func (m *machine) resumeAt(t *token, n *node) error {
	for _, o := range m.s.alive() {
		if o != t && m.isAt(o, n) {
			return nil
		}
	}
	_, err := m.resume(func(p *pauseRow) bool { return p.node == n.ID })
	return err
}

// isAt tells whether a token is on n or inside it.
func (m *machine) isAt(t *token, n *node) bool {
	return t.node == n.ID || slices.ContainsFunc(t.stack, func(f frame) bool { return f.block == n.ID })
}

// overrun tells that a pause lasts longer than promised.
func (m *machine) overrun(id int64) error {
	list, err := m.pauses()
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.id == id && p.stopped.IsZero() {
			m.extra = append(m.extra, Note{Op: "overrun", Node: p.node, Text: p.reason})
			ev := Event{Kind: "overrun", Node: p.node, Reason: p.reason}
			if p.actor != "" && p.actor != identity.SystemPerson {
				ev.To = []string{p.actor}
			}
			if err := m.responsible(&ev, ""); err != nil {
				return err
			}
			m.tell(ev)
		}
	}
	return nil
}

// reckonAll derives the dues of every clock anew, and of the tasks they belong to.
func (m *machine) reckonAll() error {
	pauses, err := m.pauses()
	if err != nil {
		return err
	}
	list, err := m.clocks()
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, c := range list {
		if c.state == Stopped {
			continue
		}
		if err := m.reckon(c, pauses); err != nil {
			return err
		}
		if c.task == "" {
			continue
		}
		if err := m.openTasks(); err != nil {
			return err
		}
		if k := m.s.task(c.task); k != nil {
			if !seen[k.ID] {
				k.Due, k.Warn, k.Red = time.Time{}, time.Time{}, time.Time{}
			}
			seen[k.ID] = true
			m.dueOfTask(k, c)
		}
	}
	return nil
}
