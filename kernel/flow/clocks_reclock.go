package flow

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// Sizes of Reclock: matters looked at by one query, and changed in one transaction.
const (
	reclockPage  = 500
	reclockBatch = 50
)

// matter is an instance with its organisation, or with a calendar that its clocks rest on.
type matter struct{ id, text string }

// Reclock derives the dues of running clocks and of timers in working time anew whose calendar has another version by now
// (a notice was imported, a day was overridden). A matter whose dues change gets one journal entry; one whose dues stay only
// takes note of the version. It handles up to limit matters, 0 for all, and gives how many changed and how many it looked
// at. A matter that somebody else is at work on is left for the next call.
func (e *Engine) Reclock(ctx context.Context, actor identity.Actor, limit int) (changed, seen int, err error) {
	after := ""
	for {
		last, stale, err := e.matters(ctx, after)
		if err != nil || last == "" {
			return changed, seen, err
		}
		after = last
		if limit > 0 {
			stale = stale[:min(len(stale), limit-seen)]
		}
		for len(stale) > 0 {
			part := stale[:min(len(stale), reclockBatch)]
			stale = stale[len(part):]
			n, err := e.reclockSome(ctx, actor, part)
			if err != nil {
				return changed, seen, err
			}
			changed, seen = changed+n, seen+len(part)
		}
		if limit > 0 && seen >= limit {
			return changed, seen, nil
		}
	}
}

// matters gives a page of the running instances by id, and those of them whose clocks, or timers in working time, rest on
// another calendar than theirs of now.
func (e *Engine) matters(ctx context.Context, after string) (last string, stale []matter, err error) {
	err = e.opt.DB.Read(ctx, func(tx *store.Tx) error {
		page, err := matterRows(ctx, tx, `SELECT id, org FROM flow_inst WHERE ended = 0 AND id > ? ORDER BY id LIMIT ?`, after, reclockPage)
		if err != nil || len(page) == 0 {
			return err
		}
		first := page[0].id
		last = page[len(page)-1].id
		rests, err := matterRows(ctx, tx, `SELECT inst, calendar FROM flow_sla WHERE inst >= ? AND inst <= ? AND state <> 'stopped'
			UNION SELECT inst, calendar FROM flow_timer WHERE inst >= ? AND inst <= ? AND span <> ''`, first, last, first, last)
		if err != nil {
			return err
		}
		on := map[string][]string{}
		for _, r := range rests {
			on[r.id] = append(on[r.id], r.text)
		}
		for _, x := range page {
			version := e.opt.Calendar(x.text).Version()
			if slices.ContainsFunc(on[x.id], func(v string) bool { return v != version }) {
				stale = append(stale, x)
			}
		}
		return nil
	})
	return last, stale, err
}

func matterRows(ctx context.Context, tx *store.Tx, query string, args ...any) ([]matter, error) {
	return rowsOf(ctx, tx, "find clocks", func(rows *sql.Rows) (matter, error) {
		var m matter
		err := rows.Scan(&m.id, &m.text)
		return m, err
	}, query, args...)
}

// reclockSome does some matters in one transaction, each at a savepoint of its own.
func (e *Engine) reclockSome(ctx context.Context, actor identity.Actor, list []matter) (changed int, err error) {
	err = e.opt.DB.Write(ctx, func(tx *store.Tx) error {
		changed = 0
		for _, x := range list {
			did := false
			err := tx.Savepoint(ctx, func() (err error) {
				did, err = e.reclock(ctx, tx, actor, x.id)
				return err
			})
			switch {
			case fault.Is(err, fault.Conflict):
			case err != nil:
				return errors.Join(fault.New(fault.Internal, "flow.reclock", "instance", x.id), err)
			case did:
				changed++
			}
		}
		return nil
	})
	return changed, err
}

// reclock does one matter and tells whether a due changed.
func (e *Engine) reclock(ctx context.Context, tx *store.Tx, actor identity.Actor, id string) (bool, error) {
	st := e.newStep(ctx, tx, actor, Command{Name: "reclock", Instance: id})
	s, _, err := loadInst(ctx, tx, id, "")
	if err != nil || s.inst.ended != 0 {
		return false, err
	}
	m, err := st.over(s)
	if err != nil {
		return false, err
	}
	moved, err := m.reclock()
	if err != nil {
		return false, err
	}
	if !moved {
		return false, m.noteCalendar()
	}
	_, err = st.finish(m, "reclock", "", "")
	return true, err
}

// reclock derives everything anew that rests on the calendar and tells whether anything changed.
func (m *machine) reclock() (bool, error) {
	list, err := m.clocks()
	if err != nil {
		return false, err
	}
	before := make([]sla, len(list))
	for i, c := range list {
		before[i] = *c
	}
	moved, err := m.reclockTimers()
	if err != nil {
		return false, err
	}
	if err := m.reckonAll(); err != nil {
		return false, err
	}
	for i, c := range list {
		b := before[i]
		if c.state == Paused { // has no due
			moved = moved || c.left != b.left || c.provisional != b.provisional
			continue
		}
		if b.due.Equal(c.due) && slices.EqualFunc(b.at[:], c.at[:], time.Time.Equal) && b.provisional == c.provisional {
			continue
		}
		moved = true
		m.extra = append(m.extra, Note{Op: "reclocked", Task: c.task, Text: c.name + " " + stamp(b.due) + " " + stamp(c.due)})
	}
	return moved, nil
}

func stamp(t time.Time) string { return t.In(clock.Shanghai).Format(time.RFC3339) }

// reclockTimers derives the timers in working time and the promised ends of pauses anew.
func (m *machine) reclockTimers() (bool, error) {
	list, err := rowsOf(m.ctx, m.tx, "load timers", func(rows *sql.Rows) (timer, error) {
		var t timer
		err := rows.Scan(&t.id, &t.holder, &t.node, &t.kind, &t.due, &t.left, &t.span, &t.since)
		return t, err
	}, `SELECT id, holder, node, kind, due_at, repeat_left, span, since FROM flow_timer WHERE inst = ? AND span <> '' ORDER BY id`, m.s.inst.id)
	if err != nil || len(list) == 0 {
		return false, err
	}
	pauses, err := m.pauses()
	if err != nil {
		return false, err
	}
	moved := false
	for _, t := range list {
		limit, err := clock.ParseLimit(t.span)
		if err != nil {
			return false, err
		}
		due, _ := m.calendar().Due(instant(t.since), limit)
		if micros(due) == t.due {
			continue
		}
		moved = true
		node := t.node
		if n := m.p.nodes[node]; n != nil {
			node = n.self().ID
		}
		m.extra = append(m.extra, Note{Op: "reclocked", Node: node, Text: stamp(instant(t.due)) + " " + stamp(due)})
		if err := m.exec(`UPDATE flow_timer SET due_at = ? WHERE id = ?`, micros(due), t.id); err != nil {
			return false, err
		}
		for _, p := range pauses {
			if t.kind == timerPause && p.id == t.holder {
				p.promised, p.dirty = due, true
			}
		}
	}
	return moved, m.exec(`UPDATE flow_timer SET calendar = ? WHERE inst = ? AND span <> ''`, m.calendar().Version(), m.s.inst.id)
}

// noteCalendar writes the version of the calendar and nothing else: no due changed, so nothing happened to the matter.
func (m *machine) noteCalendar() error {
	version := m.calendar().Version()
	if err := m.exec(`UPDATE flow_timer SET calendar = ? WHERE inst = ? AND span <> ''`, version, m.s.inst.id); err != nil {
		return err
	}
	return m.exec(`UPDATE flow_sla SET calendar = ? WHERE inst = ? AND state <> 'stopped'`, version, m.s.inst.id)
}
