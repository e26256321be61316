// Package insight computes indicators: numbers with a formula that stands in a pack, over records in a period.
//
// Every number comes with its numerator, denominator, formula and the filter that drills down to its records, and always
// within the caller's row filter: two people with different scopes see different numbers, each right for its scope. It
// stores nothing. Process looks the same way at the tasks of a process, by node and version of its definition.
//
// Main types: Answer, Process.
package insight

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/pack"
	"chengshu/kernel/record"
	"chengshu/kernel/schema"
)

// Row is the number of one group.
type Row struct {
	Key         any    `json:"key"`
	Label       string `json:"label"`
	Numerator   any    `json:"numerator"`
	Denominator any    `json:"denominator,omitempty"`
	Value       any    `json:"value"`            // string with two digits, or a count; null where the denominator is 0
	Filter      string `json:"filter,omitempty"` // FEEL that lists the records counted in the numerator
}

// Answer is an indicator over a period.
type Answer struct {
	Type    string `json:"type"`
	Formula string `json:"formula"`
	Rows    []Row  `json:"rows"`
	Total   Row    `json:"total"`
}

// Compute gives an indicator over the records whose period field lies in [from, to), cut by one of the offered cuts or
// not at all. Faults: Invalid "indicator.by", and those of record queries.
func Compute(ctx context.Context, tx *store.Tx, a identity.Actor, s *record.Store, i *pack.Indicator, from, to time.Time, by string) (Answer, error) {
	t, err := s.Set().Type(i.Of)
	if err != nil {
		return Answer{}, err
	}
	if by != "" && !slices.Contains(i.By, by) {
		return Answer{}, fault.New(fault.Invalid, "indicator.by", "by", by, "offered", i.By)
	}
	base := period(t, i.Period, from, to)
	out := Answer{Type: t.Name, Formula: formula(i)}
	q := record.Query{Type: t.Name, Filter: base}
	total, err := s.Ratios(ctx, tx, a, q, nil, i.Measure, i.Numerator, i.Denominator)
	if err != nil {
		return Answer{}, err
	}
	drill := join(base, i.Denominator, i.Numerator)
	if len(total) > 0 {
		out.Total = row(i, total[0], drill)
	}
	if by == "" {
		return out, nil
	}
	groups, err := s.Ratios(ctx, tx, a, q, []string{by}, i.Measure, i.Numerator, i.Denominator)
	if err != nil {
		return Answer{}, err
	}
	for _, g := range groups {
		r := row(i, g, join(drill, g.Filter))
		r.Key, r.Label = g.Keys[0], g.Labels[0]
		out.Rows = append(out.Rows, r)
	}
	return out, nil
}

// formula gives the formula of an indicator as people check it.
func formula(i *pack.Indicator) string {
	num := or(i.Numerator, "true")
	if i.Measure != "count" && i.Measure != "" {
		num = i.Measure + " [" + num + "]"
	}
	if i.Denominator == "" {
		return num
	}
	return num + " / " + i.Denominator
}

func row(i *pack.Indicator, g record.Ratio, filter string) Row {
	r := Row{Numerator: zero(g.Numerator), Filter: filter}
	if i.Denominator == "" {
		r.Value = r.Numerator
		return r
	}
	r.Denominator = zero(g.Denominator)
	r.Value = quotient(r.Numerator, r.Denominator, i.Unit == "percent")
	return r
}

// quotient divides exactly and rounds half up to two digits, as people check it by hand; nil where nothing can be divided.
func quotient(numerator, denominator any, percent bool) any {
	num, okNum := new(big.Rat).SetString(fmt.Sprint(numerator))
	den, okDen := new(big.Rat).SetString(fmt.Sprint(denominator))
	if !okNum || !okDen || den.Sign() == 0 {
		return nil
	}
	out := num.Quo(num, den)
	if percent {
		out.Mul(out, big.NewRat(100, 1))
	}
	return out.FloatString(2)
}

func zero(v any) any {
	if v == nil {
		return int64(0)
	}
	return v
}

// period gives the FEEL condition that a record lies in [from, to), of a date field in the days of +08:00.
func period(t *schema.Type, field string, from, to time.Time) string {
	c, _ := t.SQLColumn(field)
	layout := time.RFC3339Nano
	if c.Kind == feel.ColumnDate {
		layout = time.DateOnly
	}
	literal := func(at time.Time) string { return `@"` + at.In(clock.Shanghai).Format(layout) + `"` }
	return field + " >= " + literal(from) + " and " + field + " < " + literal(to)
}

func join(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, "("+p+")")
		}
	}
	return strings.Join(out, " and ")
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
