package flow

import (
	"context"
	"database/sql"
	"strconv"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// signal is one broadcast of a step.
type signal struct {
	name string
	biz  Biz
}

// Signal tells every process of the database that waits for the signal, and starts those that begin with it: about the
// record biz where their type is its type, and those about no record. The caller has judged who may send it. Each
// process goes on in a step of its own, by the scanner, so that a signal many wait for locks none of them.
func (e *Engine) Signal(ctx context.Context, tx *store.Tx, actor identity.Actor, id, name string, biz Biz) (Result, error) {
	st := e.newStep(ctx, tx, actor, Command{ID: id, Name: "signal"})
	if r, ok, err := st.repeated(); ok || err != nil {
		return r, err
	}
	st.signals = append(st.signals, signal{name, biz})
	if err := st.settle(); err != nil {
		return Result{}, err
	}
	return st.close(nil, "signal", "", "")
}

// broadcast makes a timer that is due now of every subscription to the signal: the claim of the scanner and the step it
// leads to are then those of any timer. Subscriptions made in this step are not in the table yet.
func (st *step) broadcast(s signal) error {
	id, err := st.e.ids.id(st.now)
	if err != nil {
		return err
	}
	st.woke = true
	for _, m := range st.machines {
		for _, x := range m.s.subs {
			if x.kind != subSignal || x.name != s.name {
				continue
			}
			t := timer{holder: x.holder, node: x.node, kind: timerSignal, due: micros(st.now)}
			if err := m.setTimer(t); err != nil {
				return err
			}
		}
	}
	if st.tx == nil {
		return nil
	}
	_, err = st.tx.Exec(st.ctx, `INSERT INTO flow_timer (id, inst, holder, node, kind, due_at, repeat_left)
		SELECT '`+id+`:' || s.inst || ':' || CAST(s.holder AS TEXT) || ':' || s.node, s.inst, s.holder, s.node, '`+timerSignal+`',
			`+strconv.FormatInt(micros(st.now), 10)+`, 0 FROM flow_sub s WHERE s.corr = '' AND s.name = ? AND s.kind = 'signal'`, s.name)
	if err != nil {
		return fault.Wrap("broadcast signal", err)
	}
	return st.startBy(subSignal, s.name, s.biz)
}

// starting is one start event of an active definition.
type starting struct {
	key, typ, node string
	version        int64
}

// startsBy finds the definitions that begin with a message or signal of that name, or with a condition.
func (st *step) startsBy(kind, name, typ string) ([]starting, error) {
	return rowsOf(st.ctx, st.tx, "find start events", func(rows *sql.Rows) (starting, error) {
		var s starting
		err := rows.Scan(&s.key, &s.version, &s.typ, &s.node)
		return s, err
	}, `SELECT def_key, version, typ, node FROM flow_start WHERE kind = ? AND name = ? AND typ IN (?, '') ORDER BY def_key, node`, kind, name, typ)
}

// startBy begins the definitions that start with a signal.
func (st *step) startBy(kind, name string, biz Biz) error {
	list, err := st.startsBy(kind, name, biz.Type)
	if err != nil {
		return err
	}
	for _, s := range list {
		if _, err := st.beginAt(s, biz); err != nil {
			return err
		}
	}
	return nil
}

// beginAt begins a definition at one of its start events: about the record, or about none.
func (st *step) beginAt(s starting, biz Biz) (*machine, error) {
	full := len(st.machines) >= maxInstances
	if s.typ == "" {
		biz = Biz{ID: biz.ID}
	}
	m, err := st.begin(s.key, s.version, biz, st.actor.Principal(), s.node)
	if err != nil || !full {
		return m, err
	}
	first := m.work[0]
	m.work = nil
	return m, m.tooLong(first.t, first.n, maxInstances)
}
