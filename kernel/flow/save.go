package flow

import (
	"encoding/json"
	"slices"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// save writes everything the step changed: few statements, rows of one table together.
func (m *machine) save() error {
	for _, write := range []func() error{m.saveInst, m.saveTokens, m.saveTasks, m.saveWaits, m.saveClocks, m.saveRepeats, m.saveComps, m.saveJobs} {
		if err := write(); err != nil {
			return err
		}
	}
	return nil
}

// saveInst compares and sets the revision: of two steps on one instance exactly one wins.
func (m *machine) saveInst() error {
	in := m.s.inst
	vars := "{}"
	if len(in.vars) > 0 {
		raw, err := json.Marshal(in.vars)
		if err != nil {
			return fault.Wrap("write variables", err)
		}
		vars = string(raw)
	}
	if in.fresh {
		in.rev = 1
		return m.exec(`INSERT INTO flow_inst (id, def_key, def_version, biz_type, biz_id, org, area, state, vars, rev,
			seq, slas, pauses, sides, starter, parent, parent_token, started, ended) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
			in.id, in.defKey, in.defVersion, in.biz.Type, in.biz.ID, in.biz.Org, in.biz.Area, in.state, vars, in.rev,
			in.seq, in.slas, in.pauses, in.sides, in.starter, in.parent, in.parentToken, in.started, in.ended)
	}
	was := in.rev
	in.rev++
	return m.tx.Later(m.ctx, `UPDATE flow_inst SET rev = rev + 1, seq = ?, state = ?, vars = ?, slas = ?, pauses = ?, sides = ?, ended = ?
		WHERE id = ? AND rev = ?`, []any{in.seq, in.state, vars, in.slas, in.pauses, in.sides, in.ended, in.id, was},
		func(n int64, err error) error {
			if err == nil && n == 0 {
				return fault.New(fault.Conflict, "flow.stale", "instance", in.id)
			}
			return fault.Wrap("write instance", err)
		})
}

func (m *machine) saveTokens() error {
	ins := batch{into: "flow_token (inst, id, node, stack, state, mi_index, member, prev, outcome, back, child)", width: 11}
	var gone []any
	for _, t := range m.s.tokens {
		switch {
		case t.gone && !t.fresh:
			gone = append(gone, t.id)
		case t.gone:
		case t.fresh:
			ins.add(m.s.inst.id, t.id, t.node, t.stack.String(), t.state, t.index, t.member, t.prev, t.outcome, t.back, t.child)
		case t.dirty:
			if err := m.exec(`UPDATE flow_token SET node = ?, stack = ?, state = ?, mi_index = ?, member = ?, prev = ?,
				outcome = ?, back = ?, child = ? WHERE inst = ? AND id = ?`, t.node, t.stack.String(), t.state, t.index, t.member,
				t.prev, t.outcome, t.back, t.child, m.s.inst.id, t.id); err != nil {
				return err
			}
		}
	}
	if len(gone) > 0 {
		if err := m.exec(`DELETE FROM flow_token WHERE inst = ? AND id IN (`+marks(len(gone))+`)`, append([]any{m.s.inst.id}, gone...)...); err != nil {
			return err
		}
	}
	return ins.write(m)
}

func (m *machine) saveTasks() error {
	ins := batch{into: `flow_task (id, inst, token, grp, mi_index, node, kind, biz_type, biz_id, org, area, cand, assignee, owner, state,
		outcome, reason, data, blocker, prev, due_at, warn_at, red_at, created, claimed, done, done_by)`, width: 27}
	cands := batch{into: "flow_task_cand (task, n, kind, ref, org, area)", width: 6}
	for _, t := range m.s.tasks {
		if !t.fresh && !t.dirty && !t.remade {
			continue
		}
		raw := []byte(nil)
		if t.fresh || t.remade {
			var err error
			if raw, err = json.Marshal(t.Candidates); err != nil {
				return fault.Wrap("write candidates", err)
			}
		}
		if t.fresh {
			ins.add(t.ID, t.Instance, t.token, t.group, t.Member, t.Node, t.Kind, t.Biz.Type, t.Biz.ID, t.Biz.Org, t.Biz.Area,
				string(raw), t.Assignee, t.Owner, t.State, t.Outcome, t.Reason, t.Data, t.Blocker, t.Prev, micros(t.Due),
				micros(t.Warn), micros(t.Red), micros(t.Created), micros(t.Claimed), micros(t.Done), t.DoneBy)
		} else if err := m.updateTask(t, raw); err != nil {
			return err
		}
		open := t.State == Open || t.State == Blocked
		if !t.fresh && (!open || t.recand) {
			m.s.uncand = append(m.s.uncand, t.ID)
		}
		if open && (t.fresh || t.recand) {
			for i, c := range t.Candidates {
				cands.add(t.ID, i, c.Kind, c.Ref, c.Org, c.Area)
			}
		}
	}
	if ids := m.s.uncand; len(ids) > 0 {
		args := make([]any, len(ids))
		for i, id := range ids {
			args[i] = id
		}
		if err := m.exec(`DELETE FROM flow_task_cand WHERE task IN (`+marks(len(ids))+`)`, args...); err != nil {
			return err
		}
	}
	if err := ins.write(m); err != nil {
		return err
	}
	return cands.write(m)
}

// updateTask writes what a step usually changes, and the rest only where it did.
func (m *machine) updateTask(t *Task, cand []byte) error {
	if t.remade {
		if err := m.exec(`UPDATE flow_task SET cand = ?, blocker = ?, due_at = ?, warn_at = ?, red_at = ? WHERE id = ?`,
			string(cand), t.Blocker, micros(t.Due), micros(t.Warn), micros(t.Red), t.ID); err != nil || !t.dirty {
			return err
		}
	}
	return m.exec(`UPDATE flow_task SET assignee = ?, owner = ?, state = ?, outcome = ?, reason = ?, claimed = ?, done = ?, done_by = ?
		WHERE id = ?`, t.Assignee, t.Owner, t.State, t.Outcome, t.Reason, micros(t.Claimed), micros(t.Done), t.DoneBy, t.ID)
}

// saveWaits writes timers and subscriptions; first the ones that go, because a loop may arm the same node again.
func (m *machine) saveWaits() error {
	goneTimers, goneSubs := m.s.dropped()
	if !m.p.subs {
		goneSubs = nil
	}
	if m.p.signals { // a signal makes timers of subscriptions
		goneTimers = append(slices.Clip(goneTimers), goneSubs...)
	}
	if err := m.drop("flow_timer", goneTimers); err != nil {
		return err
	}
	if err := m.drop("flow_sub", goneSubs); err != nil {
		return err
	}
	timers := batch{into: "flow_timer (id, inst, holder, node, kind, due_at, repeat_left, span, since, calendar)", width: 10}
	for _, t := range m.s.timers {
		calendar := ""
		if t.span != "" {
			calendar = m.calendar().Version()
		}
		timers.add(t.id, m.s.inst.id, t.holder, t.node, t.kind, t.due, t.left, t.span, t.since, calendar)
	}
	subs := batch{into: "flow_sub (inst, holder, node, name, corr, kind)", width: 6}
	for _, s := range m.s.subs {
		subs.add(m.s.inst.id, s.holder, s.node, s.name, s.corr, s.kind)
	}
	if err := timers.write(m); err != nil {
		return err
	}
	return subs.write(m)
}

// drop deletes the rows of holders.
func (m *machine) drop(table string, holders []int64) error {
	return m.dropBy(table, "holder", holders)
}

func (m *machine) dropBy(table, column string, holders []int64) error {
	if len(holders) == 0 {
		return nil
	}
	args := []any{m.s.inst.id}
	for _, h := range holders {
		args = append(args, h)
	}
	return m.exec(`DELETE FROM `+table+` WHERE inst = ? AND `+column+` IN (`+marks(len(holders))+`)`, args...)
}

func (m *machine) exec(query string, args ...any) error {
	return m.tx.Later(m.ctx, query, args, writeStep)
}

func writeStep(_ int64, err error) error { return fault.Wrap("write step", err) }

// batch collects rows of one table for one INSERT.
type batch struct {
	into  string
	width int
	args  []any
}

func (b *batch) add(values ...any) { b.args = append(b.args, values...) }

// maxArgs keeps an INSERT below the parameter limits of both databases.
const maxArgs = 10_000

func (b *batch) write(m *machine) error { return b.exec(m, m.tx) }

func (b *batch) exec(m *machine, tx *store.Tx) error {
	row := "(" + marks(b.width) + ")"
	step := maxArgs / b.width * b.width
	for rest := b.args; len(rest) > 0; {
		part := rest[:min(step, len(rest))]
		rest = rest[len(part):]
		n := len(part) / b.width
		query := `INSERT INTO ` + b.into + ` VALUES ` + strings.Repeat(row+",", n-1) + row
		if err := tx.Later(m.ctx, query, part, writeStep); err != nil {
			return err
		}
	}
	return nil
}

func marks(n int) string {
	if n <= 0 {
		return ""
	}
	return strings.Repeat("?,", n-1) + "?"
}
