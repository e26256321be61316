package record

import (
	"fmt"
	"strings"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/schema"
)

// key is what records are grouped by, with its SQL.
type key struct {
	schema.Cut
	sql string
}

func groupKeys(d store.Dialect, a identity.Actor, t *schema.Type, by []string) ([]key, error) {
	if len(by) > maxKeys {
		return nil, fault.New(fault.TooLarge, "query.by", "field", by[maxKeys], "max", maxKeys)
	}
	out := make([]key, len(by))
	for i, b := range by {
		var err error
		if out[i], err = groupKey(d, a, t, b); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func groupKey(d store.Dialect, a identity.Actor, t *schema.Type, by string) (key, error) {
	path, _, _ := strings.Cut(by, ":")
	if err := visible(a, t, path); err != nil {
		return key{}, err
	}
	c, ok := t.Cut(by)
	if !ok {
		return key{}, fault.New(fault.Invalid, "query.by", "field", by)
	}
	k := key{Cut: c, sql: c.Column.SQL}
	switch {
	case c.Unit != "":
		k.sql = instantCut(d, k.sql, map[string]int{"day": 10, "month": 7, "year": 4}[c.Unit])
	case c.Levels > 0:
		k.sql = pathCut(d, k.sql, c.Levels)
	}
	return k, nil
}

// instantCut gives the local day, month or year of an instant; the databases spell it differently. Division is of whole
// seconds rounded down, so that the microseconds before 1970 fall into their own day.
func instantCut(d store.Dialect, column string, n int) string {
	seconds := fmt.Sprintf("((%s - ((%s %% 1000000) + 1000000) %% 1000000) / 1000000)", column, column)
	if d == store.PostgreSQL {
		return fmt.Sprintf("substr(to_char(to_timestamp(%s) AT TIME ZONE INTERVAL '+08:00', 'YYYY-MM-DD'), 1, %d)", seconds, n)
	}
	return fmt.Sprintf("substr(strftime('%%Y-%%m-%%d', %s + 28800, 'unixepoch'), 1, %d)", seconds, n)
}

// pathCut gives the first levels of a path. SQLite has no function that splits: nested instr finds the slashes.
func pathCut(d store.Dialect, column string, level int) string {
	if d == store.PostgreSQL {
		parts := make([]string, level)
		for i := range parts {
			parts[i] = fmt.Sprintf("CASE WHEN split_part(%s, '/', %d) = '' THEN '' ELSE split_part(%s, '/', %d) || '/' END", column, i+2, column, i+2)
		}
		return "(CASE WHEN " + column + " IS NOT NULL THEN '/' || " + strings.Join(parts, " || ") + " END)"
	}
	rest, taken := "substr("+column+", 2)", "'/'"
	for range level {
		taken += " || substr(" + rest + ", 1, instr(" + rest + ", '/'))"
		rest = "substr(" + rest + ", instr(" + rest + ", '/') + 1)"
	}
	return "(" + taken + ")"
}

// group reads the keys of a line.
func (s *Store) group(t *schema.Type, keys []key, cols []any) Group {
	g := Group{Keys: make([]any, len(keys)), Labels: make([]string, len(keys)), Where: map[string]any{}}
	filters := make([]string, len(keys))
	for i, k := range keys {
		v := k.canonical(t, cols[i])
		g.Keys[i], g.Where[k.Path] = v, v
		g.Labels[i] = s.keyLabel(t, k.Path, v)
		filters[i] = k.filter(v)
	}
	g.Filter = strings.Join(filters, " and ")
	return g
}

// canonical gives a key as the field's values are written.
func (k key) canonical(t *schema.Type, v any) any {
	if b, ok := v.([]byte); ok {
		v = string(b)
	}
	f := t.Field(k.Path)
	switch {
	case v == nil || k.Unit != "" || k.Levels > 0:
		return v
	case f != nil:
		return f.Decode([]any{v})
	case k.Column.Kind == feel.ColumnDateTime:
		if n, ok := v.(int64); ok {
			return schema.FormatTime(time.UnixMicro(n))
		}
	}
	return v
}

// filter gives the FEEL condition that a record falls under the key.
func (k key) filter(v any) string {
	text, _ := v.(string)
	switch {
	case v == nil:
		return k.Path + " = null"
	case k.Unit != "":
		from, to := span(text)
		return fmt.Sprintf("%s >= @%q and %s < @%q", k.Path, schema.FormatTime(from), k.Path, schema.FormatTime(to))
	case k.Levels > 0:
		if strings.Count(text, "/")-1 < k.Levels {
			return k.Path + " = " + literal(text) // shorter than the cut: the path itself, not what lies below
		}
		return "starts with(" + k.Path + ", " + literal(text) + ")"
	case k.Column.Kind == feel.ColumnText:
		return k.Path + " = " + literal(text)
	case k.Column.Kind == feel.ColumnDate, k.Column.Kind == feel.ColumnDateTime:
		return k.Path + ` = @"` + text + `"`
	}
	return fmt.Sprintf("%s = %v", k.Path, v) // numbers and booleans
}

// span gives the instants between which a day, month or year lies at +08:00.
func span(cut string) (from, to time.Time) {
	for _, u := range []struct {
		layout              string
		years, months, days int
	}{{time.DateOnly, 0, 0, 1}, {"2006-01", 0, 1, 0}, {"2006", 1, 0, 0}} {
		if t, err := time.ParseInLocation(u.layout, cut, clock.Shanghai); err == nil {
			return t, t.AddDate(u.years, u.months, u.days)
		}
	}
	return from, to
}

// literal writes a text as FEEL.
func literal(s string) string {
	list := feel.Format(feel.List{s})
	return list[1 : len(list)-1]
}

func (s *Store) keyLabel(t *schema.Type, path string, v any) string {
	if v == nil {
		return ""
	}
	name, part, nested := strings.Cut(path, ".")
	kind := map[string]string{"area": "area", "org": "org", "owner": "person", "created_by": "person", "updated_by": "person"}[name]
	if nested {
		kind = part
	} else if f := t.Field(name); f != nil {
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
