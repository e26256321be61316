package record

import (
	"context"
	"strings"

	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// Ratio is one line of a formula: how much counts over how much could.
type Ratio struct {
	Group
	Numerator   any // of records that fulfil both conditions
	Denominator any // of records that fulfil the second condition
}

// Ratios groups the records a query selects and measures, in one pass, those for which whole is true and those for which
// part is true as well. Empty conditions are always true. by and measure are as for Aggregate. A condition over a field
// above the caller's clearance is refused: a number over few records tells what the mask hides.
func (s *Store) Ratios(ctx context.Context, tx *store.Tx, a identity.Actor, q Query, by []string, measure, part, whole string) ([]Ratio, error) {
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
	var cols []string
	var args []any
	width := 0
	for _, conds := range [][]string{{whole, part}, {whole}} {
		when, more, err := s.condition(a, w, conds)
		if err != nil {
			return nil, err
		}
		list := m.columns(when)
		width = len(list)
		for range list {
			args = append(args, more...)
		}
		cols = append(cols, list...)
	}
	out := []Ratio{}
	err = w.grouped(ctx, tx, keys, cols, append(args, w.args...), func(cols []any) {
		r := Ratio{Group: s.group(w.t, keys, cols)}
		values := cols[len(keys):]
		r.Numerator, r.Denominator = m.value(values[:width]), m.value(values[width:])
		r.Value = r.Numerator
		out = append(out, r)
	})
	return out, err
}

// condition joins FEEL conditions into one SQL condition.
func (s *Store) condition(a identity.Actor, w *selection, sources []string) (string, []any, error) {
	parts := []string{"TRUE"}
	var args []any
	for _, src := range sources {
		if strings.TrimSpace(src) == "" {
			continue
		}
		sql, more, err := s.translate(a, w.t, src)
		if err != nil {
			return "", nil, err
		}
		parts, args = append(parts, "("+sql+")"), append(args, more...)
	}
	return strings.Join(parts, " AND "), args, nil
}
