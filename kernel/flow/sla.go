package flow

import (
	"slices"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/feel"
)

// sla is one running or stopped clock: a limit of the instance or of a task. What follows from its entries and the
// calendar (derive) is only cached in the table.
type sla struct {
	id                int64
	task              string // empty: the instance
	name, kind, basis string
	limit             clock.Limit
	added             int64 // extension, thousandths of the unit
	warn, yellow, red int64 // thousandths of the limit; 0 is off
	started, stopped  time.Time
	due               time.Time
	at                [3]time.Time // warn, yellow, red; zero where off
	left              int64        // of a paused clock: what remains, thousandths of the unit
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

// The three clocks of a matter.
const (
	Statutory = "statutory" // 法定: the limit of the law
	Promised  = "promised"  // 承诺: the shorter limit that the office has promised
	StepKind  = "step"      // 环节: of one step; it counts alone
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
		from, err := m.startOf(p, t)
		if err != nil {
			return err
		}
		c := &sla{
			id: m.s.next(), name: p.Name, kind: p.Kind, basis: p.Basis, limit: limit, started: from, state: Running, fresh: true,
			warn: int64(p.Warn), yellow: int64(p.Yellow), red: int64(p.Red),
		}
		if k != nil {
			c.task = k.ID
		} else {
			m.s.inst.slas++
		}
		m.ticks = append(m.ticks, c.entry(m.now))
		pauses, err := m.pauses()
		if err != nil {
			return err
		}
		if err := m.reckon(c, pauses); err != nil {
			return err
		}
		m.s.slas = append(m.s.slas, c)
		if k != nil {
			m.dueOfTask(k, c)
		}
	}
	return nil
}

// dueOfTask gives a task the dues of its clock that ends first; a paused clock has none.
func (m *machine) dueOfTask(k *Task, c *sla) {
	if c.state != Paused && (k.Due.IsZero() || c.due.Before(k.Due)) {
		k.Due, k.Warn, k.Red = c.due, c.at[0], c.at[2]
	}
	k.remade = true
}

// startMatter starts the limits of the matter that begin with this node, those that do not run already: a matter that
// comes back to its acceptance has been accepted.
func (m *machine) startMatter(n *node, t *token) error {
	list, err := m.clocks()
	if err != nil {
		return err
	}
	var fresh []*slaPlan
	for _, p := range n.matter {
		if !slices.ContainsFunc(list, func(c *sla) bool { return c.task == "" && c.name == p.Name && c.state != Stopped }) {
			fresh = append(fresh, p)
		}
	}
	return m.startClocks(fresh, nil, t)
}

// startOf gives the instant a limit counts from: that of its field, so that a matter deemed accepted counts from the day
// its material came (行政许可法 §32); now where the field is empty or lies ahead.
func (m *machine) startOf(p *slaPlan, t *token) (time.Time, error) {
	if p.from == nil {
		return m.now, nil
	}
	v, _, err := m.eval(p.from, t, nil)
	if err != nil {
		return time.Time{}, err
	}
	from := m.now
	switch x := v.(type) {
	case nil:
	case feel.DateTime:
		from = x.GoTime(clock.Shanghai)
	case feel.Date:
		from = feel.DateTime{Date: x}.GoTime(clock.Shanghai)
	default:
		return time.Time{}, fault.New(fault.Invalid, "flow.limit", "process", m.p.key, "sla", p.Name)
	}
	if from.After(m.now) {
		from = m.now
	}
	return instant(micros(from)), nil
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
	c.derive(m.calendar(), pauses, m.now)
	c.dirty = true
	passed := 0
	for i, at := range c.at {
		if !at.IsZero() && !at.After(m.now) {
			passed = i + 1
		}
	}
	if c.level > int64(passed) { // an extension takes back what is no longer reached
		m.reach(c, int64(passed))
	}
	m.release(c.id)
	if c.state == Paused {
		return nil
	}
	return m.armThreshold(c)
}

// reach sets the threshold a clock has reached.
func (m *machine) reach(c *sla, level int64) {
	c.level, c.dirty = level, true
	m.ticks = append(m.ticks, ClockEntry{Op: clockLevel, Clock: c.id, Level: level})
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
			m.reach(c, int64(i+1))
			m.extra = append(m.extra, Note{Op: levels[i+1], Task: c.task, Text: c.name})
			ev := Event{Kind: levels[i+1], Task: c.task, SLA: c.name}
			if err := m.responsible(&ev, c.task); err != nil {
				return err
			}
			m.tell(ev)
			if err := m.card(c, i, ev); err != nil {
				return err
			}
		}
		return m.armThreshold(c)
	}
	return nil
}

// responsible names who has the task of a clock.
func (m *machine) responsible(ev *Event, task string) error {
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
		if c.task != k.ID {
			continue
		}
		if err := m.stop(c); err != nil {
			return err
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
		if c.task != "" {
			continue
		}
		if err := m.stop(c); err != nil {
			return err
		}
	}
	return nil
}

// stop ends a clock; its dues are those by the calendar of this moment.
func (m *machine) stop(c *sla) error {
	if c.state == Stopped {
		return nil
	}
	pauses, err := m.pauses()
	if err != nil {
		return err
	}
	c.derive(m.calendar(), pauses, m.now)
	c.state, c.stopped, c.dirty = Stopped, m.now, true
	m.ticks = append(m.ticks, ClockEntry{Op: clockStop, Clock: c.id})
	if c.task == "" {
		m.s.inst.slas--
	}
	m.release(c.id)
	return nil
}

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
