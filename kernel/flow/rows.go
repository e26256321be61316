package flow

import (
	"context"
	"database/sql"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// rowsOf runs a query and turns each row into a T. What is done goes into a fault.
func rowsOf[T any](ctx context.Context, tx *store.Tx, what string, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, fault.Wrap(what, err)
	}
	defer func() { _ = rows.Close() }() // Err tells what went wrong
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fault.Wrap(what, err)
		}
		out = append(out, v)
	}
	return out, fault.Wrap(what, rows.Err())
}
