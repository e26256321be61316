package record

import (
	"context"
	"fmt"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/policy"
)

// Ratio is one line of a formula: how much counts over how much could.
type Ratio struct {
	Group
	Numerator   any // of records that fulfil both conditions
	Denominator any // of records that fulfil the second condition
}

// Ratios groups the records a query selects and measures, in one pass, those for which whole is true and those for which
// part is true as well. Empty conditions are always true. by and measure are as for Aggregate.
func (s *Store) Ratios(ctx context.Context, tx *store.Tx, a identity.Actor, q Query, by []string, measure, part, whole string) ([]Ratio, error) {
	w, err := s.selected(tx.Dialect(), a, q)
	if err != nil {
		return nil, err
	}
	var cols []string
	var args []any
	for _, b := range by {
		key, err := groupKey(tx.Dialect(), a, w.t, b)
		if err != nil {
			return nil, err
		}
		cols = append(cols, key)
	}
	value, fn, scale := "1", "sum", 0
	if measure != "" && measure != "count" {
		sql, n, err := measureSQL(a, w.t, measure)
		if err != nil {
			return nil, err
		}
		fn, value, _ = strings.Cut(strings.TrimSuffix(sql, ")"), "(")
		scale = n
	}
	for _, conds := range [][]string{{whole, part}, {whole}} {
		when, more, err := s.condition(a, w, conds)
		if err != nil {
			return nil, err
		}
		cols = append(cols, fn+"(CASE WHEN "+when+" THEN "+value+" END)")
		args = append(args, more...)
	}
	query := "SELECT " + strings.Join(cols, ", ") + " FROM " + w.t.Table() + " WHERE " + w.sql()
	if len(by) > 0 {
		ordinals := make([]string, len(by))
		for i := range by {
			ordinals[i] = fmt.Sprint(i + 1)
		}
		query += " GROUP BY " + strings.Join(ordinals, ", ") + " ORDER BY " + strings.Join(ordinals, ", ")
	}
	return s.ratios(ctx, tx, w, query, append(args, w.args...), by, scale)
}

func (s *Store) ratios(ctx context.Context, tx *store.Tx, w *selection, query string, args []any, by []string, scale int) ([]Ratio, error) {
	rows, err := tx.Query(ctx, query+" LIMIT 5000", args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := []Ratio{}
	for rows.Next() {
		cols, dest := make([]any, len(by)+2), make([]any, len(by)+2)
		for i := range cols {
			dest[i] = &cols[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return nil, fault.Wrap("read ratios", err)
		}
		out = append(out, Ratio{
			Group:     s.group(w.t, by, cols[:len(by)+1], scale),
			Numerator: scaled(cols[len(by)], scale), Denominator: scaled(cols[len(by)+1], scale),
		})
	}
	return out, fault.Wrap("read ratios", rows.Err())
}

// condition joins FEEL conditions into one SQL condition.
func (s *Store) condition(a identity.Actor, w *selection, sources []string) (string, []any, error) {
	parts := []string{"TRUE"}
	var args []any
	for _, src := range sources {
		if strings.TrimSpace(src) == "" {
			continue
		}
		expr, err := feel.Compile(src, w.t.Scope())
		if err != nil {
			return "", nil, fault.Wrap("condition", err)
		}
		f, err := expr.SQL(nil, w.t.SQLColumn)
		if err != nil {
			return "", nil, fault.Wrap("condition", err)
		}
		sql, more, err := f.BindEnv(&feel.Env{Vars: feel.Map{"user": policy.User(a)}, Now: s.opt.Clock.Now})
		if err != nil {
			return "", nil, fault.Wrap("condition", err)
		}
		parts, args = append(parts, "("+sql+")"), append(args, more...)
	}
	return strings.Join(parts, " AND "), args, nil
}
