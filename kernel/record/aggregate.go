package record

import (
	"context"
	"database/sql"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// Group is one line of an aggregate: the keys, in the order asked for, and the measure.
type Group struct {
	Keys   []any          `json:"keys"` // canonical values; of a cut the day, month, year or path it was cut to
	Labels []string       `json:"labels"`
	Value  any            `json:"value"`  // a count, a number or, of decimals, a string
	Where  map[string]any `json:"where"`  // field → key
	Filter string         `json:"filter"` // FEEL that selects exactly the records of this group among those selected
}

const (
	maxKeys   = 3
	maxGroups = 5000
)

// Aggregate groups the records a query selects. by names up to three fields; "area:N" cuts area and organisation paths to
// N levels and "created_at:day|month|year" cuts instants. measure is "count", or "sum:", "avg:", "min:" or "max:" and a
// number field. Groups come in the order of their keys, empty ones last. A field above the caller's clearance is refused.
// Faults: Invalid "query.by", "query.measure"; TooLarge "query.by", "query.groups" for more than 5,000 groups.
func (s *Store) Aggregate(ctx context.Context, tx *store.Tx, a identity.Actor, q Query, by []string, measure string) ([]Group, error) {
	w, err := s.selected(tx.Dialect(), a, q)
	if err != nil {
		return nil, err
	}
	keys, err := groupKeys(tx.Dialect(), a, w.t, by)
	if err != nil {
		return nil, err
	}
	m, err := newMeasure(a, w.t, measure)
	if err != nil {
		return nil, err
	}
	out := []Group{}
	err = w.grouped(ctx, tx, keys, m.columns(""), w.args, func(cols []any) {
		g := s.group(w.t, keys, cols)
		g.Value = m.value(cols[len(keys):])
		out = append(out, g)
	})
	return out, err
}

// grouped runs a grouped query over the selection and hands every line, keys first, to fn.
func (w *selection) grouped(ctx context.Context, tx *store.Tx, keys []key, measures []string, args []any, fn func(cols []any)) error {
	cols := make([]string, 0, len(keys)+len(measures))
	order := make([]string, 0, 2*len(keys))
	for _, k := range keys {
		cols = append(cols, k.sql)
		order = append(order, k.sql+" IS NULL", k.sql) // SQLite and PostgreSQL disagree on where nulls go
	}
	query := "SELECT " + strings.Join(append(cols, measures...), ", ") + " FROM " + w.t.Table() + " WHERE " + w.sql()
	if len(keys) > 0 {
		query += " GROUP BY " + strings.Join(cols, ", ") + " ORDER BY " + strings.Join(order, ", ")
	}
	rows, err := tx.Query(ctx, query+" LIMIT ?", append(args, maxGroups+1)...)
	if err != nil {
		return err
	}
	return fault.Wrap("read groups of "+w.t.Name, scanGroups(rows, len(keys)+len(measures), fn))
}

func scanGroups(rows *sql.Rows, width int, fn func(cols []any)) error {
	defer func() { _ = rows.Close() }()
	for n := 0; rows.Next(); n++ {
		if n == maxGroups {
			return fault.New(fault.TooLarge, "query.groups", "max", maxGroups)
		}
		cols, dest := make([]any, width), make([]any, width)
		for i := range cols {
			dest[i] = &cols[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		fn(cols)
	}
	return rows.Err()
}
