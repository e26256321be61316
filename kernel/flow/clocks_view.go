package flow

import (
	"context"
	"database/sql"
	"time"

	"chengshu/base/clock"
	"chengshu/base/store"
)

// SLA is one clock of a record's processes.
type SLA struct {
	Instance    string
	ID          int64
	Task        string // empty: the whole instance
	Name        string
	Kind        string      // Statutory, Promised or StepKind
	Basis       string      // clause of the law the limit rests on
	Limit       clock.Limit // with extensions
	Extended    int64       // thousandths of the unit
	Started     time.Time
	Stopped     time.Time   // zero while it runs
	Due         time.Time   // of a paused clock: as if the pause ended now
	Left        clock.Limit // of a paused clock: what remains; else zero
	Warn        time.Time   // thresholds; zero where off
	Yellow, Red time.Time
	Level       string // "", "warn", "yellow", "red": the threshold reached
	State       string // Running, Paused, Stopped
	Calendar    string // version of the calendar the dues were derived from
	Provisional bool   // a day of it lies past the announced years (暂定)
}

// Overdue tells whether the limit had run out at an instant.
func (s SLA) Overdue(at time.Time) bool {
	if !s.Stopped.IsZero() {
		at = s.Stopped
	}
	return s.State != Paused && at.After(s.Due)
}

func (c *sla) view() SLA {
	return SLA{
		ID: c.id, Task: c.task, Name: c.name, Kind: c.kind, Basis: c.basis,
		Limit: clock.Limit{N: c.limit.N + c.added, Unit: c.limit.Unit}, Extended: c.added, Started: c.started, Stopped: c.stopped,
		Due: c.due, Left: clock.Limit{N: c.left, Unit: c.limit.Unit}, Warn: c.at[0], Yellow: c.at[1], Red: c.at[2], Level: levels[c.level],
		State: c.state, Calendar: c.calendar, Provisional: c.provisional,
	}
}

// SLA gives the clocks of a record's processes.
func (e *Engine) SLA(ctx context.Context, tx *store.Tx, biz Biz) ([]SLA, error) {
	list, err := e.Instances(ctx, tx, biz)
	if err != nil {
		return nil, err
	}
	var out []SLA
	for _, in := range list {
		clocks, err := e.clocksOf(ctx, tx, in.ID, in.Biz.Org)
		if err != nil {
			return nil, err
		}
		out = append(out, clocks...)
	}
	return out, nil
}

// Replayed derives the clocks of an instance from its history, as Replay does. It is for verifying what SLA gives.
func (e *Engine) Replayed(ctx context.Context, tx *store.Tx, in Instance) ([]SLA, error) {
	steps, err := e.History(ctx, tx, in.Biz)
	if err != nil {
		return nil, err
	}
	var entries []ClockEntry
	for _, h := range steps {
		if h.Instance != in.ID {
			continue
		}
		for _, x := range h.Clocks {
			x.At = h.At
			entries = append(entries, x)
		}
	}
	out := Replay(entries, e.opt.Calendar(in.Biz.Org), e.opt.Clock.Now())
	for i := range out {
		out[i].Instance = in.ID
	}
	return out, nil
}

// Held gives what remains of the clocks that stand still, by the ids of their tasks; tasks whose clocks run are not in it.
// Of a task with several clocks the one that ends first counts.
func (e *Engine) Held(ctx context.Context, tx *store.Tx, tasks []*Task) (map[string]clock.Limit, error) {
	var ids []any
	for _, k := range tasks {
		if k.Due.IsZero() && (k.State == Open || k.State == Blocked) && k.Kind == KindNode {
			ids = append(ids, k.ID)
		}
	}
	if len(ids) == 0 {
		return map[string]clock.Limit{}, nil
	}
	type held struct {
		task, unit string
		left       int64
	}
	list, err := rowsOf(ctx, tx, "load paused clocks", func(rows *sql.Rows) (held, error) {
		var h held
		err := rows.Scan(&h.task, &h.unit, &h.left)
		return h, err
	}, `SELECT s.task, s.unit, s.left_n FROM flow_sla s JOIN flow_task t ON t.inst = s.inst AND t.id = s.task
		WHERE s.state = 'paused' AND t.id IN (`+marks(len(ids))+`) ORDER BY s.id DESC`, ids...)
	out := make(map[string]clock.Limit, len(list))
	for _, h := range list {
		unit, err := clock.ParseUnit(h.unit)
		if err != nil {
			return nil, err
		}
		if was, ok := out[h.task]; !ok || was.Unit != unit || h.left < was.N {
			out[h.task] = clock.Limit{N: h.left, Unit: unit}
		}
	}
	return out, err
}

const slaColumns = `id, task, name, kind, basis, unit, lim, added, warn, yellow, red, started, stopped, due_at, warn_at, yellow_at,
	red_at, left_n, calendar, provisional, level, state`

func loadClocks(ctx context.Context, tx *store.Tx, inst, more string) ([]*sla, error) {
	return rowsOf(ctx, tx, "load clocks", func(rows *sql.Rows) (*sla, error) {
		var (
			c                     sla
			unit                  string
			started, stopped, due int64
			at                    [3]int64
		)
		err := rows.Scan(&c.id, &c.task, &c.name, &c.kind, &c.basis, &unit, &c.limit.N, &c.added, &c.warn, &c.yellow, &c.red, &started, &stopped,
			&due, &at[0], &at[1], &at[2], &c.left, &c.calendar, &c.provisional, &c.level, &c.state)
		if err != nil {
			return nil, err
		}
		c.started, c.stopped, c.due = instant(started), instant(stopped), instant(due)
		for i, us := range at {
			c.at[i] = instant(us)
		}
		c.limit.Unit, err = clock.ParseUnit(unit)
		return &c, err
	}, `SELECT `+slaColumns+` FROM flow_sla WHERE inst = ? `+more+` ORDER BY id`, inst)
}

// saveClocks writes the clocks and pauses that the step changed. A paused clock has no due.
func (m *machine) saveClocks() error {
	ins := batch{into: `flow_sla (inst, ` + slaColumns + `)`, width: 23}
	for _, c := range m.s.slas {
		due := [4]int64{micros(c.due), micros(c.at[0]), micros(c.at[1]), micros(c.at[2])}
		if c.state == Paused {
			due = [4]int64{}
		}
		switch {
		case c.fresh:
			ins.add(m.s.inst.id, c.id, c.task, c.name, c.kind, c.basis, c.limit.Unit.String(), c.limit.N, c.added, c.warn, c.yellow, c.red,
				micros(c.started), micros(c.stopped), due[0], due[1], due[2], due[3], c.left, c.calendar, c.provisional, c.level, c.state)
		case c.dirty:
			if err := m.exec(`UPDATE flow_sla SET added = ?, stopped = ?, due_at = ?, warn_at = ?, yellow_at = ?, red_at = ?, left_n = ?,
				calendar = ?, provisional = ?, level = ?, state = ? WHERE inst = ? AND id = ?`, c.added, micros(c.stopped), due[0], due[1], due[2],
				due[3], c.left, c.calendar, c.provisional, c.level, c.state, m.s.inst.id, c.id); err != nil {
				return err
			}
		}
	}
	if err := ins.write(m); err != nil {
		return err
	}
	return m.savePauses()
}

// PauseRecord is one legal pause.
type PauseRecord struct {
	Reason, Basis, Note, Actor string
	Notice                     string // document that told the applicant
	Node                       string // node that declares it; empty where a person made it
	Promise                    string // promised length as it was given, "30 day"
	Started, Promised, Stopped time.Time
}

// Pauses gives the pauses of an instance's clocks.
func (e *Engine) Pauses(ctx context.Context, tx *store.Tx, instance string) ([]PauseRecord, error) {
	list, err := loadPauses(ctx, tx, instance)
	if err != nil {
		return nil, err
	}
	out := make([]PauseRecord, len(list))
	for i, p := range list {
		out[i] = PauseRecord{p.reason, p.basis, p.note, p.actor, p.notice, p.node, p.promise, p.started, p.promised, p.stopped}
	}
	return out, nil
}

const pauseColumns = `id, node, reason, basis, note, actor, notice, promise, started, promised, stopped`

func loadPauses(ctx context.Context, tx *store.Tx, inst string) ([]*pauseRow, error) {
	return rowsOf(ctx, tx, "load pauses", func(rows *sql.Rows) (*pauseRow, error) {
		var (
			p                          pauseRow
			started, promised, stopped int64
		)
		err := rows.Scan(&p.id, &p.node, &p.reason, &p.basis, &p.note, &p.actor, &p.notice, &p.promise, &started, &promised, &stopped)
		p.started, p.promised, p.stopped = instant(started), instant(promised), instant(stopped)
		return &p, err
	}, `SELECT `+pauseColumns+` FROM flow_clock WHERE inst = ? ORDER BY id`, inst)
}

func (m *machine) savePauses() error {
	ins := batch{into: `flow_clock (inst, ` + pauseColumns + `)`, width: 12}
	for _, p := range m.s.pauses {
		switch {
		case p.fresh:
			ins.add(m.s.inst.id, p.id, p.node, p.reason, p.basis, p.note, p.actor, p.notice, p.promise, micros(p.started), micros(p.promised),
				micros(p.stopped))
		case p.dirty:
			if err := m.exec(`UPDATE flow_clock SET promised = ?, stopped = ? WHERE inst = ? AND id = ?`, micros(p.promised), micros(p.stopped),
				m.s.inst.id, p.id); err != nil {
				return err
			}
		}
	}
	return ins.write(m)
}
