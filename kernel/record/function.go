package record

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/kernel/schema"
)

// Reach is what product functions that read the database find in feel.Env.Data: the running transaction. It lives as
// long as one evaluation.
type Reach struct {
	Ctx context.Context //nolint:containedctx // handed through the evaluation of one expression, never kept
	Tx  *store.Tx
}

// question is a query of an expression, answer what it gave and how many records the transaction had written by then.
type (
	question struct{ sql, args string }
	answer   struct {
		value  feel.Value
		writes int
	}
	writes struct{} // key of the number of records a transaction has written
)

// once asks a question once in a transaction, as long as it writes nothing: one rule often looks the same thing up for
// each of its cells.
func (r *Reach) once(query string, args []any, ask func() (feel.Value, error)) (feel.Value, error) {
	q := question{query, fmt.Sprintf("%#v", args)}
	n, _ := r.Tx.Kept(writes{}).(int)
	if a, ok := r.Tx.Kept(q).(answer); ok && a.writes == n {
		return a.value, nil
	}
	v, err := ask()
	if err == nil {
		r.Tx.Keep(q, answer{v, n})
	}
	return v, err
}

// Functions are the product functions of expressions over records; docs/guide/pack-author.md lists them.
func (s *Store) Functions(calendar func(org string) *clock.Calendar) []feel.Func {
	text := func(n string) feel.Param { return feel.Param{Name: n, Type: feel.StringType} }
	return []feel.Func{
		{Name: "lookup", Params: []feel.Param{text("table"), text("code")}, Result: feel.AnyType, Call: s.lookup},
		{Name: "first", Params: []feel.Param{text("type"), {Name: "where", Type: feel.ContextOf()}}, Result: feel.AnyType, Call: s.first},
		{Name: "tally", Params: []feel.Param{text("type"), {Name: "where", Type: feel.ContextOf()}}, Result: feel.NumberType, Call: s.tally},
		{Name: "parent", Params: []feel.Param{text("path")}, Result: feel.StringType, Call: parentPath},
		{Name: "level", Params: []feel.Param{text("path"), {Name: "n", Type: feel.NumberType}}, Result: feel.StringType, Call: levelPath},
		{
			Name: "workdays", Params: []feel.Param{{Name: "from", Type: feel.DateType}, {Name: "to", Type: feel.DateType}, {Name: "org", Type: feel.StringType, Optional: true}},
			Result: feel.NumberType, Call: func(_ *feel.Env, args []feel.Value) (feel.Value, error) {
				org, _ := args[2].(string)
				return workdays(calendar(org), args)
			},
		},
	}
}

func (s *Store) lookup(_ *feel.Env, args []feel.Value) (feel.Value, error) {
	table, _ := args[0].(string)
	code, _ := args[1].(string)
	t := s.Set().Codes(table)
	if t == nil {
		return nil, fault.New(fault.NotFound, "codes.unknown", "table", table)
	}
	e := t.Entry(code)
	if e == nil {
		return nil, nil
	}
	return e.Context(), nil
}

// equals turns the context of first and tally into a condition: fields equal, a list meaning one of.
func (s *Store) equals(args []feel.Value) (*selection, error) {
	name, _ := args[0].(string)
	t, err := s.Set().Type(name)
	if err != nil {
		return nil, err
	}
	w := &selection{t: t}
	w.and("deleted_at IS NULL")
	c, ok := args[1].(*feel.Context)
	if !ok {
		return nil, fault.New(fault.Invalid, "feel.where")
	}
	keys := append([]string{}, c.Keys()...)
	sort.Strings(keys)
	for _, k := range keys {
		v, _ := c.Get(k)
		col, ok := t.SQLColumn(k)
		if !ok {
			return nil, fault.New(fault.Invalid, "query.field", "field", k, "type", name)
		}
		list, isList := v.(feel.List)
		if !isList {
			list = feel.List{v}
		}
		marks := make([]string, 0, len(list))
		for _, x := range list {
			if x == nil {
				continue
			}
			marks = append(marks, "?")
			w.args = append(w.args, columnValue(t, k, x))
		}
		if len(marks) == 0 {
			w.where = append(w.where, "FALSE")
			continue
		}
		w.where = append(w.where, col.SQL+" IN ("+strings.Join(marks, ", ")+")")
	}
	return w, nil
}

// columnValue gives a FEEL value as the column of a field holds it.
func columnValue(t *schema.Type, name string, v feel.Value) any {
	raw := feel.ToGo(v)
	f := t.Field(name)
	if f == nil || strings.Contains(name, ".") {
		return raw
	}
	parsed, bad := f.Parse(raw)
	if bad != nil {
		return raw
	}
	return f.Encode(parsed)[0]
}

func (s *Store) first(e *feel.Env, args []feel.Value) (feel.Value, error) {
	reach, ok := e.Data.(*Reach)
	if !ok {
		return nil, fault.New(fault.Invalid, "feel.reach", "function", "first")
	}
	w, err := s.equals(args)
	if err != nil {
		return nil, err
	}
	query := "SELECT " + layoutOf(w.t).list + " FROM " + w.t.Table() + " WHERE " + w.sql() + " ORDER BY created_at DESC, id DESC LIMIT 1"
	return reach.once(query, w.args, func() (feel.Value, error) {
		rows, err := reach.Tx.Query(reach.Ctx, query, w.args...)
		if err != nil {
			return nil, err
		}
		found, err := scan(reach.Ctx, reach.Tx, w.t, rows)
		if err != nil || len(found) == 0 {
			return nil, err
		}
		return w.t.Context(found[0].Values), nil
	})
}

func (s *Store) tally(e *feel.Env, args []feel.Value) (feel.Value, error) {
	reach, ok := e.Data.(*Reach)
	if !ok {
		return nil, fault.New(fault.Invalid, "feel.reach", "function", "tally")
	}
	w, err := s.equals(args)
	if err != nil {
		return nil, err
	}
	query := "SELECT count(*) FROM " + w.t.Table() + " WHERE " + w.sql()
	return reach.once(query, w.args, func() (feel.Value, error) {
		var n int64
		if err := reach.Tx.QueryRow(reach.Ctx, query, w.args...).Scan(&n); err != nil {
			return nil, fault.Wrap("tally", err)
		}
		return feel.NumberFromInt(n), nil
	})
}

func parentPath(_ *feel.Env, args []feel.Value) (feel.Value, error) {
	path, _ := args[0].(string)
	trimmed := strings.TrimSuffix(path, "/")
	i := strings.LastIndexByte(trimmed, '/')
	if i < 0 {
		return nil, nil
	}
	return trimmed[:i+1], nil
}

func levelPath(_ *feel.Env, args []feel.Value) (feel.Value, error) {
	path, _ := args[0].(string)
	n, _ := args[1].(feel.Number)
	want, ok := n.Int64()
	if !ok || want < 0 {
		return nil, nil
	}
	slashes := int64(0)
	for i, r := range path {
		if r == '/' {
			if slashes == want {
				return path[:i+1], nil
			}
			slashes++
		}
	}
	return path, nil
}

// workdays counts the working days after the first date up to the second, of the calendar of an organisation or, where none
// is named, of the county.
func workdays(c *clock.Calendar, args []feel.Value) (feel.Value, error) {
	from, okFrom := args[0].(feel.Date)
	to, okTo := args[1].(feel.Date)
	if !okFrom || !okTo || c == nil {
		return nil, nil
	}
	first, err := clock.ParseDate(from.String())
	if err != nil {
		return nil, err
	}
	last, err := clock.ParseDate(to.String())
	if err != nil {
		return nil, err
	}
	return feel.NumberFromInt(int64(c.Workdays(first+1, last))), nil
}
