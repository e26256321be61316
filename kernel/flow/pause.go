package flow

import (
	"slices"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
)

// pauseRow is one legal pause of the clocks of an instance (行政许可法 §45). Overlapping ones count once; each keeps its
// own record.
type pauseRow struct {
	id                         int64
	node, reason, basis, note  string
	actor                      string
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

// pause stops the clocks.
func (m *machine) pause(node, reason, basis, remark, promised string) error {
	if m.e.opt.Pauses != nil && !slices.Contains(m.e.opt.Pauses, reason) {
		return fault.New(fault.Invalid, "flow.pause.reason", "reason", reason)
	}
	if _, err := m.pauses(); err != nil {
		return err
	}
	p := &pauseRow{
		id: m.s.next(), node: node, reason: reason, basis: basis, note: remark, actor: m.actor.Person, started: m.now, fresh: true,
	}
	if promised != "" {
		limit, err := clock.ParseLimit(promised)
		if err != nil {
			return err
		}
		p.promised, _ = m.calendar().Due(m.now, limit)
		if err := m.setTimer(timer{holder: p.id, node: reason, kind: timerPause, due: micros(p.promised)}); err != nil {
			return err
		}
	}
	m.s.pauses = append(m.s.pauses, p)
	m.s.inst.pauses++
	m.extra = append(m.extra, Note{Op: "paused", Node: node, Text: reason})
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
			n++
		}
	}
	if n == 0 {
		return 0, nil
	}
	return n, m.reckonAll()
}

// pauseAt begins the pause that a node declares.
func (m *machine) pauseAt(n *node) error {
	x := n.Ext.Clock
	promised := ""
	if x.Limit != "" {
		promised = x.Limit + " " + x.Unit
	}
	return m.pause(n.ID, x.Pause, x.Basis, "", promised)
}

// resumeAt ends the pause that a node declares.
func (m *machine) resumeAt(n *node) error {
	_, err := m.resume(func(p *pauseRow) bool { return p.node == n.ID })
	return err
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
			k.Due, k.Warn, k.Red, k.remade = c.due, c.at[0], c.at[2], true
		}
	}
	return nil
}

func (m *machine) savePauses() error {
	ins := batch{into: "flow_clock (inst, id, node, reason, basis, note, actor, started, promised, stopped)", width: 10}
	for _, p := range m.s.pauses {
		switch {
		case p.fresh:
			ins.add(m.s.inst.id, p.id, p.node, p.reason, p.basis, p.note, p.actor, micros(p.started), micros(p.promised), micros(p.stopped))
		case p.dirty:
			if err := m.exec(`UPDATE flow_clock SET stopped = ? WHERE inst = ? AND id = ?`, micros(p.stopped), m.s.inst.id, p.id); err != nil {
				return err
			}
		}
	}
	return ins.write(m)
}
