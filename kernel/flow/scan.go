package flow

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// errIdle says that no timer is due; it rolls the empty claim back.
var errIdle = errors.New("no timer due")

// rouse wakes the scanner because a timer was set.
func (e *Engine) rouse() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Tick fires one due timer in a transaction of its own and tells whether there was one. The claim is the first write:
// of several nodes that look exactly one gets the row. A timer that cannot be fired is put off by an hour and its fault
// returned, so that it neither gets lost nor stops the others.
func (e *Engine) Tick(ctx context.Context) (bool, error) {
	var claimed struct {
		timer
		inst string
	}
	due, err := e.overdue(ctx)
	if err != nil || !due {
		return false, err
	}
	err = e.opt.DB.Write(ctx, func(tx *store.Tx) error {
		st := e.newStep(ctx, tx, identity.System("timer"), Command{})
		t, inst, err := e.claimTimer(ctx, tx, st.now)
		if err != nil {
			return err
		}
		claimed.timer, claimed.inst = t, inst
		_, err = e.fireClaimed(st, inst, t)
		return err
	})
	if errors.Is(err, errIdle) {
		return false, nil
	}
	if err != nil && claimed.id != "" && !fault.Is(err, fault.Unavailable) && ctx.Err() == nil {
		return true, errors.Join(err, e.putOff(ctx, claimed.id, err))
	}
	return err == nil, err
}

// overdue looks without writing, so that an idle scanner costs no commit. The order keeps PostgreSQL from reading the whole
// table: its plan for any instant expects a third of the timers to be due, and to meet one of them at once.
func (e *Engine) overdue(ctx context.Context) (bool, error) {
	n := 0
	err := e.opt.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM flow_timer WHERE due_at <= ? ORDER BY due_at LIMIT 1) AS d`, micros(e.opt.Clock.Now())).Scan(&n)
	})
	return n > 0, fault.Wrap("look for timers", err)
}

// claimTimer deletes the timer due first. On PostgreSQL rows that others are claiming are skipped, and so are later timers of
// their instances, which fire in order; on SQLite writers never overlap and the clause does not exist.
func (e *Engine) claimTimer(ctx context.Context, tx *store.Tx, now time.Time) (timer, string, error) {
	first, skip := "", ""
	if !tx.Serial() {
		first = ` AND NOT EXISTS (SELECT 1 FROM flow_timer o WHERE o.inst = d.inst AND (o.due_at < d.due_at OR o.due_at = d.due_at AND o.id < d.id))`
		skip = ` FOR UPDATE SKIP LOCKED`
	}
	type claimed struct {
		timer
		inst string
	}
	list, err := rowsOf(ctx, tx, "claim timer", func(rows *sql.Rows) (claimed, error) {
		var c claimed
		err := rows.Scan(&c.id, &c.inst, &c.holder, &c.node, &c.kind, &c.due, &c.left)
		return c, err
	}, `DELETE FROM flow_timer WHERE id = (SELECT d.id FROM flow_timer d WHERE d.due_at <= ?`+first+`
		ORDER BY d.due_at, d.id LIMIT 1`+skip+`) RETURNING id, inst, holder, node, kind, due_at, repeat_left`, micros(now))
	if err != nil {
		return timer{}, "", err
	}
	if len(list) == 0 {
		return timer{}, "", errIdle
	}
	return list[0].timer, list[0].inst, nil
}

// putOff lets a timer that failed be tried again: soon where somebody else was at its record, later where only a person can
// help.
func (e *Engine) putOff(ctx context.Context, id string, why error) error {
	return e.opt.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE flow_timer SET due_at = ? WHERE id = ?`, micros(e.opt.Clock.Now().Add(patience(why))), id)
		return fault.Wrap("put timer off", err)
	})
}

// Run fires timers until ctx ends; the caller owns the goroutine. It looks when a timer was set here and every poll
// (1 s when zero), which is what finds the timers of other nodes. Faults go to report as Drain gives them.
func (e *Engine) Run(ctx context.Context, poll time.Duration, report func(error)) {
	if poll <= 0 {
		poll = time.Second
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		e.Drain(ctx, report)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-e.wake:
		}
	}
}

// drainers is how many due timers are fired at a time: they share commits, and a stop of some hours leaves thousands.
const drainers = 8

// Drain fires timers until none is due or ctx ends; timers of one instance in their order. Faults of single timers go to
// report, which may be called by several at once.
func (e *Engine) Drain(ctx context.Context, report func(error)) {
	more := func() bool {
		fired, err := e.Tick(ctx)
		if err != nil && ctx.Err() == nil && report != nil {
			report(err)
		}
		return fired && ctx.Err() == nil
	}
	if !more() { // one alone is the rule
		return
	}
	var wg sync.WaitGroup
	for range drainers {
		wg.Go(func() {
			for again := true; again; {
				again = more()
			}
		})
	}
	wg.Wait()
}

func patience(why error) time.Duration {
	if fault.Is(why, fault.Conflict) || fault.Is(why, fault.Unavailable) {
		return time.Second
	}
	return time.Hour
}
