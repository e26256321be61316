package flow

import (
	"context"
	"database/sql"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// Reclock derives the dues of running clocks anew whose calendar has another version by now (a notice was imported, a
// day was overridden): one transaction and one journal entry a matter. It handles up to limit instances and gives how
// many it did; call it until it gives less than limit.
func (e *Engine) Reclock(ctx context.Context, actor identity.Actor, limit int) (int, error) {
	type matter struct{ id, org, calendar string }
	var list []matter
	err := e.opt.DB.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = rowsOf(ctx, tx, "find clocks", func(rows *sql.Rows) (matter, error) {
			var m matter
			err := rows.Scan(&m.id, &m.org, &m.calendar)
			return m, err
		}, `SELECT DISTINCT i.id, i.org, s.calendar FROM flow_sla s JOIN flow_inst i ON i.id = s.inst WHERE s.state <> 'stopped' ORDER BY i.id`)
		return err
	})
	if err != nil {
		return 0, err
	}
	done, last := 0, ""
	for _, x := range list {
		if x.id == last || e.opt.Calendar(x.org).Version() == x.calendar {
			continue
		}
		if done == limit {
			break
		}
		if err := e.opt.DB.Write(ctx, func(tx *store.Tx) error { return e.reclock(ctx, tx, actor, x.id) }); err != nil {
			return done, err
		}
		last = x.id
		done++
	}
	return done, nil
}

func (e *Engine) reclock(ctx context.Context, tx *store.Tx, actor identity.Actor, id string) error {
	st := e.newStep(ctx, tx, actor, Command{Name: "reclock", Instance: id})
	s, _, err := loadInst(ctx, tx, id, "")
	if err != nil {
		return err
	}
	m, err := st.over(s)
	if err != nil {
		return err
	}
	if err := m.reckonAll(); err != nil {
		return err
	}
	_, err = st.finish(m, "reclock", "", "")
	return err
}

// Sweep deletes messages whose time is over and results of commands older than keep; after that a repeat of such a
// command is a new one. It gives the number of rows.
func (e *Engine) Sweep(ctx context.Context, keep time.Duration) (int64, error) {
	var n int64
	now := e.opt.Clock.Now()
	err := e.opt.DB.Write(ctx, func(tx *store.Tx) error {
		a, err := tx.Exec(ctx, `DELETE FROM flow_message WHERE expires <= ?`, micros(now))
		if err != nil {
			return fault.Wrap("sweep messages", err)
		}
		b, err := tx.Exec(ctx, `DELETE FROM flow_cmd WHERE at < ?`, micros(now.Add(-keep)))
		n = a + b
		return fault.Wrap("sweep commands", err)
	})
	return n, err
}

// Heat counts the tokens on the nodes of a definition's running instances; version 0 is all versions together.
func (e *Engine) Heat(ctx context.Context, tx *store.Tx, key string, version int64) (map[string]int, error) {
	type spot struct {
		node string
		n    int
	}
	list, err := rowsOf(ctx, tx, "count tokens", func(rows *sql.Rows) (spot, error) {
		var s spot
		err := rows.Scan(&s.node, &s.n)
		return s, err
	}, `SELECT k.node, COUNT(*) FROM flow_token k JOIN flow_inst i ON i.id = k.inst
		WHERE i.def_key = ? AND (? = 0 OR i.def_version = ?) GROUP BY k.node`, key, version, version)
	out := make(map[string]int, len(list))
	for _, s := range list {
		out[s.node] = s.n
	}
	return out, err
}
