package flow

import (
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/feel"
)

// sla is one running or stopped clock: a limit of the instance or of a task. Everything but started, limit, extension
// and level is derived by replay of the pauses and only cached.
type sla struct {
	id                int64
	task              string // empty: the instance
	name              string
	limit             clock.Limit
	added             int64 // extension, thousandths of the unit
	warn, yellow, red int64 // thousandths of the limit; 0 is off
	started, stopped  time.Time
	due               time.Time
	at                [3]time.Time // warn, yellow, red; zero where off
	calendar          string
	provisional       bool
	level             int64 // threshold reached: 0 none, 1 warn, 2 yellow, 3 red
	state             string

	fresh, dirty bool
}

// States of a clock.
const (
	Paused  = "paused"
	Stopped = "stopped"
)

// levels are the events of the thresholds.
var levels = [...]string{"", "warn", "yellow", "red"}

// startClocks starts the declared limits of a task, or of the instance for nil.
func (m *machine) startClocks(plans []*slaPlan, k *Task, t *token) error {
	for _, p := range plans {
		limit, ok, err := m.limitOf(p, t)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		c := &sla{
			id: m.s.next(), name: p.Name, limit: limit, warn: int64(p.Warn), yellow: int64(p.Yellow), red: int64(p.Red),
			started: m.now, state: Running, fresh: true,
		}
		if k != nil {
			c.task = k.ID
		} else {
			m.s.inst.slas++
		}
		pauses, err := m.pauses()
		if err != nil {
			return err
		}
		if err := m.reckon(c, pauses); err != nil {
			return err
		}
		if k != nil && (k.Due.IsZero() || c.due.Before(k.Due)) {
			k.Due, k.Warn, k.Red, k.remade = c.due, c.at[0], c.at[2], true
		}
		m.s.slas = append(m.s.slas, c)
	}
	return nil
}

// limitOf evaluates a declared limit; null means that the limit does not apply to this record.
func (m *machine) limitOf(p *slaPlan, t *token) (clock.Limit, bool, error) {
	v, _, err := m.eval(p.limit, t, nil)
	if err != nil || v == nil {
		return clock.Limit{}, false, err
	}
	n, ok := v.(feel.Number)
	if !ok {
		return clock.Limit{}, false, fault.New(fault.Invalid, "flow.limit", "process", m.p.key, "sla", p.Name)
	}
	unit := p.unit
	if p.unitExpr != nil {
		u, _, err := m.eval(p.unitExpr, t, nil)
		if err != nil {
			return clock.Limit{}, false, err
		}
		name, _ := u.(string)
		if unit, err = clock.ParseUnit(name); err != nil {
			return clock.Limit{}, false, fault.New(fault.Invalid, "flow.limit", "process", m.p.key, "sla", p.Name, "unit", name)
		}
	}
	limit, err := clock.ParseLimit(n.String() + " " + unit.String())
	if err != nil {
		return clock.Limit{}, false, fault.New(fault.Invalid, "flow.limit", "process", m.p.key, "sla", p.Name).With(err)
	}
	return limit, true, nil
}

// reckon derives the dues of a clock from its entries and arms the timer of the next threshold. While a pause runs
// there is no timer: what is left begins to run again when it ends.
func (m *machine) reckon(c *sla, pauses []*pauseRow) error {
	cal := m.calendar()
	closed, running := make([]clock.Pause, 0, len(pauses)), false
	for _, p := range pauses {
		end := p.stopped
		if end.IsZero() {
			end, running = m.now, true
		}
		closed = append(closed, clock.Pause{From: p.started, To: end})
	}
	whole := clock.Limit{N: c.limit.N + c.added, Unit: c.limit.Unit}
	c.due, c.provisional = cal.DuePaused(c.started, whole, closed)
	for i, part := range [3]int64{c.warn, c.yellow, c.red} {
		c.at[i] = time.Time{}
		if part > 0 {
			c.at[i], _ = cal.DuePaused(c.started, clock.Limit{N: whole.N/1000*part + whole.N%1000*part/1000, Unit: whole.Unit}, closed)
		}
	}
	passed := 0
	for i, at := range c.at {
		if !at.IsZero() && !at.After(m.now) {
			passed = i + 1
		}
	}
	c.level = min(c.level, int64(passed)) // an extension takes back what is no longer reached
	c.calendar, c.dirty, c.state = cal.Version(), true, Running
	m.release(c.id)
	if running {
		c.state = Paused
		return nil
	}
	return m.armThreshold(c)
}

// armThreshold sets the timer of the next threshold not yet reached.
func (m *machine) armThreshold(c *sla) error {
	for i := int(c.level); i < len(c.at); i++ {
		if !c.at[i].IsZero() {
			return m.setTimer(timer{holder: c.id, node: c.name, kind: timerSLA, due: micros(c.at[i]), left: int64(i + 1)})
		}
	}
	return nil
}

// threshold writes the supervision event (催办, 黄牌, 红牌) of a clock whose timer fired, and arms the next.
func (m *machine) threshold(id int64) error {
	list, err := m.clocks()
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.id != id || c.state != Running {
			continue
		}
		for i := int(c.level); i < len(c.at); i++ {
			if c.at[i].IsZero() || c.at[i].After(m.now) {
				continue
			}
			c.level, c.dirty = int64(i+1), true
			m.extra = append(m.extra, Note{Op: levels[i+1], Task: c.task, Text: c.name})
			ev := Event{Kind: levels[i+1], Task: c.task, SLA: c.name}
			if err := m.responsible(&ev, c.task); err != nil {
				return err
			}
			m.tell(ev)
		}
		return m.armThreshold(c)
	}
	return nil
}

// responsible names who has the task of a clock.
func (m *machine) responsible(ev *Event, task string) error {
	if m.e.opt.Notify == nil {
		return nil
	}
	if err := m.openTasks(); err != nil {
		return err
	}
	for _, k := range m.s.tasks {
		if k.State != Open || (task != "" && k.ID != task) {
			continue
		}
		if k.Assignee != "" {
			ev.To = append(ev.To, k.Assignee)
		} else {
			ev.Cands = append(ev.Cands, k.Candidates...)
		}
	}
	return nil
}

// stopTaskClocks stops the clocks of a task that has closed.
func (m *machine) stopTaskClocks(k *Task) error {
	n := m.p.nodes[k.Node]
	if k.Kind != KindNode || n == nil || len(n.slas) == 0 {
		return nil
	}
	list, err := m.clocks()
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.task == k.ID {
			m.stop(c)
		}
	}
	return nil
}

// stopClocks stops the clocks of the whole instance.
func (m *machine) stopClocks() error {
	if m.s.inst.slas == 0 {
		return nil
	}
	list, err := m.clocks()
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.task == "" {
			m.stop(c)
		}
	}
	return nil
}

func (m *machine) stop(c *sla) {
	if c.state == Stopped {
		return
	}
	c.state, c.stopped, c.dirty = Stopped, m.now, true
	if c.task == "" {
		m.s.inst.slas--
	}
	m.release(c.id)
}

const slaColumns = `id, task, name, unit, lim, added, warn, yellow, red, started, stopped, due_at, warn_at, yellow_at, red_at,
	calendar, provisional, level, state`

// clocks gives the clocks of the instance that are not stopped, those of this step included.
func (m *machine) clocks() ([]*sla, error) {
	if m.s.slaLoaded || m.s.inst.fresh || m.tx == nil {
		return m.s.slas, nil
	}
	list, err := loadClocks(m.ctx, m.tx, m.s.inst.id, `AND state <> 'stopped'`)
	if err != nil {
		return nil, err
	}
	m.s.slaLoaded = true
	m.s.slas = append(list, m.s.slas...)
	return m.s.slas, nil
}

func (m *machine) saveClocks() error {
	ins := batch{into: `flow_sla (inst, ` + slaColumns + `)`, width: 20}
	for _, c := range m.s.slas {
		switch {
		case c.fresh:
			ins.add(m.s.inst.id, c.id, c.task, c.name, c.limit.Unit.String(), c.limit.N, c.added, c.warn, c.yellow, c.red,
				micros(c.started), micros(c.stopped), micros(c.due), micros(c.at[0]), micros(c.at[1]), micros(c.at[2]),
				c.calendar, c.provisional, c.level, c.state)
		case c.dirty:
			if err := m.exec(`UPDATE flow_sla SET added = ?, stopped = ?, due_at = ?, warn_at = ?, yellow_at = ?, red_at = ?,
				calendar = ?, provisional = ?, level = ?, state = ? WHERE inst = ? AND id = ?`, c.added, micros(c.stopped), micros(c.due),
				micros(c.at[0]), micros(c.at[1]), micros(c.at[2]), c.calendar, c.provisional, c.level, c.state, m.s.inst.id, c.id); err != nil {
				return err
			}
		}
	}
	if err := ins.write(m); err != nil {
		return err
	}
	return m.savePauses()
}
