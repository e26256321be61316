package record

import (
	"context"
	"fmt"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/schema"
)

// Group is one line of an aggregate: the keys, in the order asked for, and the measure.
type Group struct {
	Keys   []any          `json:"keys"`
	Labels []string       `json:"labels"`
	Value  any            `json:"value"`
	Where  map[string]any `json:"where"` // field → key, to drill down to the records
}

// Aggregate groups the records a query selects. by names up to three fields; "area:N" cuts area paths to N levels and
// "created_at:day|month|year" cuts instants. measure is "count", or "sum:", "avg:", "min:" or "max:" and a number field.
// A field above the caller's clearance is refused.
func (s *Store) Aggregate(ctx context.Context, tx *store.Tx, a identity.Actor, q Query, by []string, measure string) ([]Group, error) {
	w, err := s.selected(tx.Dialect(), a, q)
	if err != nil {
		return nil, err
	}
	if len(by) > 3 {
		return nil, fault.New(fault.TooLarge, "query.by", "max", 3)
	}
	keys := make([]string, 0, len(by))
	for _, b := range by {
		sql, err := groupKey(tx.Dialect(), a, w.t, b)
		if err != nil {
			return nil, err
		}
		keys = append(keys, sql)
	}
	value, scale, err := measureSQL(a, w.t, measure)
	if err != nil {
		return nil, err
	}
	query := "SELECT " + strings.Join(append(keys, value), ", ") + " FROM " + w.t.Table() + " WHERE " + w.sql()
	if len(keys) > 0 {
		ordinals := make([]string, len(keys))
		for i := range keys {
			ordinals[i] = fmt.Sprint(i + 1)
		}
		list := strings.Join(ordinals, ", ")
		query += " GROUP BY " + list + " ORDER BY " + list
	}
	rows, err := tx.Query(ctx, query+" LIMIT 5000", w.args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := []Group{}
	for rows.Next() {
		cols, dest := make([]any, len(keys)+1), make([]any, len(keys)+1)
		for i := range cols {
			dest[i] = &cols[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return nil, fault.Wrap("read aggregate", err)
		}
		out = append(out, s.group(w.t, by, cols, scale))
	}
	return out, fault.Wrap("read aggregate", rows.Err())
}

func (s *Store) group(t *schema.Type, by []string, cols []any, scale int) Group {
	g := Group{Keys: cols[:len(by)], Labels: make([]string, len(by)), Where: map[string]any{}}
	for i, b := range by {
		name, _, _ := strings.Cut(b, ":")
		if raw, ok := g.Keys[i].([]byte); ok {
			g.Keys[i] = string(raw)
		}
		g.Where[name] = g.Keys[i]
		g.Labels[i] = s.keyLabel(t, name, g.Keys[i])
	}
	g.Value = scaled(cols[len(by)], scale)
	return g
}

// scaled turns units of a scaled column back into a decimal.
func scaled(v any, scale int) any {
	if scale == 0 || v == nil {
		if b, ok := v.([]byte); ok {
			v = string(b)
		}
		if text, ok := v.(string); ok { // PostgreSQL gives sums and averages of BIGINT as numeric
			if n, err := feel.ParseNumber(text); err == nil {
				return feel.ToGo(n)
			}
		}
		return v
	}
	text := fmt.Sprint(v)
	if b, ok := v.([]byte); ok {
		text = string(b)
	}
	n, err := feel.ParseNumber(text)
	if err != nil {
		return v
	}
	d := n.Decimal()
	d.Exponent -= int32(scale)
	if n, ok := feel.NumberFromDecimal(d); ok {
		return n.Text(scale)
	}
	return v
}

func (s *Store) keyLabel(t *schema.Type, name string, v any) string {
	if v == nil {
		return ""
	}
	kind := map[string]string{"area": "area", "org": "org", "owner": "person", "created_by": "person"}[name]
	if f := t.Field(name); f != nil {
		if f.Type == "code" {
			return s.Set().Codes(f.Of).Label(asString(v))
		}
		kind = f.Type
	}
	if s.opt.Names != nil {
		if label, known := s.opt.Names.Name(kind, asString(v)); known {
			return label
		}
	}
	return fmt.Sprint(v)
}

func groupKey(d store.Dialect, a identity.Actor, t *schema.Type, by string) (string, error) {
	name, cut, _ := strings.Cut(by, ":")
	if err := visible(a, t, name); err != nil {
		return "", err
	}
	c, ok := t.SQLColumn(name)
	if !ok {
		return "", fault.New(fault.Invalid, "query.by", "field", name)
	}
	column := c.SQL
	switch {
	case cut == "":
		return column, nil
	case c.Kind == feel.ColumnDateTime && (cut == "day" || cut == "month" || cut == "year"):
		return instantCut(d, column, map[string]int{"day": 10, "month": 7, "year": 4}[cut]), nil
	case c.Kind == feel.ColumnText:
		var level int
		if _, err := fmt.Sscanf(cut, "%d", &level); err == nil && level >= 1 && level <= 8 {
			return pathCut(d, column, level), nil
		}
	}
	return "", fault.New(fault.Invalid, "query.by", "field", by)
}

// instantCut gives the local day, month or year of an instant; the databases spell it differently.
func instantCut(d store.Dialect, column string, n int) string {
	if d == store.PostgreSQL {
		return fmt.Sprintf("substr(to_char(to_timestamp(%s / 1000000.0) AT TIME ZONE INTERVAL '+08:00', 'YYYY-MM-DD'), 1, %d)", column, n)
	}
	return fmt.Sprintf("substr(strftime('%%Y-%%m-%%d', %s / 1000000 + 28800, 'unixepoch'), 1, %d)", column, n)
}

// pathCut gives the first levels of a path. SQLite has no function that splits: nested instr finds the slashes.
func pathCut(d store.Dialect, column string, level int) string {
	if d == store.PostgreSQL {
		parts := make([]string, level)
		for i := range parts {
			parts[i] = fmt.Sprintf("CASE WHEN split_part(%s, '/', %d) = '' THEN '' ELSE split_part(%s, '/', %d) || '/' END", column, i+2, column, i+2)
		}
		return "('/' || " + strings.Join(parts, " || ") + ")"
	}
	rest, taken := "substr("+column+", 2)", "'/'"
	for range level {
		taken += " || substr(" + rest + ", 1, instr(" + rest + ", '/'))"
		rest = "substr(" + rest + ", instr(" + rest + ", '/') + 1)"
	}
	return "(" + taken + ")"
}

func measureSQL(a identity.Actor, t *schema.Type, measure string) (sql string, scale int, err error) {
	if measure == "" || measure == "count" {
		return "count(*)", 0, nil
	}
	fn, name, ok := strings.Cut(measure, ":")
	c, known := t.SQLColumn(name)
	numeric := c.Kind == feel.ColumnInt || c.Kind == feel.ColumnScaled
	if !ok || !known || !numeric || fn != "sum" && fn != "avg" && fn != "min" && fn != "max" {
		return "", 0, fault.New(fault.Invalid, "query.measure", "measure", measure)
	}
	if err := visible(a, t, name); err != nil {
		return "", 0, err
	}
	return fn + "(" + c.SQL + ")", c.Scale, nil
}
