package flow

import (
	"context"
	"database/sql"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
)

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
