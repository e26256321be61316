package flow

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// Due gives when the next timer is due; false where none is set. Callers that let time pass by themselves (seeds,
// simulations) ask it before each step.
func (e *Engine) Due(ctx context.Context, tx *store.Tx) (time.Time, bool, error) {
	var at sql.NullInt64
	if err := tx.QueryRow(ctx, `SELECT MIN(due_at) FROM flow_timer`).Scan(&at); err != nil {
		return time.Time{}, false, fault.Wrap("look for timers", err)
	}
	return instant(at.Int64), at.Valid, nil
}

// Fire is Tick inside the caller's transaction: it fires the timer due first and gives what that led to, false where none
// is due. A timer that cannot be fired is put off by an hour and its fault returned; the transaction may go on.
func (e *Engine) Fire(ctx context.Context, tx *store.Tx) (Result, bool, error) {
	var (
		r Result
		t timer
	)
	err := tx.Savepoint(ctx, func() error {
		st := e.newStep(ctx, tx, identity.System("timer"), Command{})
		var inst string
		var err error
		if t, inst, err = e.claimTimer(ctx, tx, st.now); err != nil {
			return err
		}
		r, err = e.fireClaimed(st, inst, t)
		return err
	})
	switch {
	case errors.Is(err, errIdle):
		return Result{}, false, nil
	case err != nil && t.id != "":
		_, late := tx.Exec(ctx, `UPDATE flow_timer SET due_at = ? WHERE id = ?`, micros(e.opt.Clock.Now().Add(patience(err))), t.id)
		return Result{}, true, errors.Join(err, late)
	}
	return r, err == nil, err
}

// Warm compiles the active version of a definition, so that steps that are not yet durable need not compile it again and
// again: a plan is kept only once its definition is known to be committed.
func (e *Engine) Warm(ctx context.Context, key string) error {
	return e.opt.DB.Read(ctx, func(tx *store.Tx) error {
		version, err := e.activeVersion(ctx, tx, key)
		if err != nil {
			return err
		}
		_, err = e.plan(ctx, tx, key, version)
		return err
	})
}
