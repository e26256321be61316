package record

import (
	"context"
	"reflect"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/schema"
)

// childColumns are the columns of the table of a rows field: parent, ord and the declared ones.
func childColumns(f *schema.Field) []schema.Column {
	out := []schema.Column{{Name: "parent", Type: "TEXT"}, {Name: "ord", Type: "BIGINT"}}
	for _, c := range f.Fields {
		out = append(out, c.Columns()...)
	}
	return out
}

func childNames(f *schema.Field) []string {
	cols := childColumns(f)
	out := make([]string, len(cols))
	for i, c := range cols {
		out[i] = quote(c.Name)
	}
	return out
}

// saveChildren replaces the child rows of every rows field that changed.
func saveChildren(ctx context.Context, tx *store.Tx, old, r *Record) error {
	for _, f := range r.Type.FieldList {
		if f.Type != "rows" || old != nil && reflect.DeepEqual(old.Values[f.Name], r.Values[f.Name]) {
			continue
		}
		table := r.Type.ChildTable(f)
		if old != nil {
			if err := tx.Later(ctx, "DELETE FROM "+table+" WHERE parent = ?", []any{r.ID()}, nil); err != nil {
				return err
			}
		}
		names := childNames(f)
		query := "INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(names)-1) + ")"
		list, _ := r.Values[f.Name].([]any)
		for i, x := range list {
			row, _ := x.(map[string]any)
			args := []any{r.ID(), i}
			for _, c := range f.Fields {
				args = append(args, c.Encode(row[c.Name])...)
			}
			if err := tx.Later(ctx, query, args, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// loadChildren reads the child rows of one field for a page of records in one query.
func loadChildren(ctx context.Context, tx *store.Tx, t *schema.Type, f *schema.Field, records []*Record) error {
	if len(records) == 0 {
		return nil
	}
	byID := make(map[string]*Record, len(records))
	args := make([]any, 0, len(records))
	for _, r := range records {
		byID[r.ID()] = r
		args = append(args, r.ID())
	}
	query := "SELECT " + strings.Join(childNames(f), ", ") + " FROM " + t.ChildTable(f) +
		" WHERE parent IN (?" + strings.Repeat(", ?", len(args)-1) + ") ORDER BY parent, ord"
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	n := len(childColumns(f))
	for rows.Next() {
		cols, dest := make([]any, n), make([]any, n)
		for i := range cols {
			dest[i] = &cols[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return fault.Wrap("scan "+t.ChildTable(f), err)
		}
		parent, _ := cols[0].(string)
		r := byID[parent]
		if r == nil {
			continue
		}
		row, at := map[string]any{}, 2
		for _, c := range f.Fields {
			w := len(c.Columns())
			if v := c.Decode(cols[at : at+w]); v != nil {
				row[c.Name] = v
			}
			at += w
		}
		list, _ := r.Values[f.Name].([]any)
		r.Values[f.Name] = append(list, row)
	}
	return fault.Wrap("read "+t.ChildTable(f), rows.Err())
}
