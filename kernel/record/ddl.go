package record

import (
	"context"
	"fmt"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/schema"
)

// Step is one statement that brings the database nearer to the declarations.
type Step struct {
	SQL  string
	Type string // record type it serves
	Loss string // why it would lose data, message key; empty for additive steps
	Rows int64  // rows of the table now
}

// Plan compares the declarations with the tables there are and gives the statements that are missing, in order. It only
// adds: tables, columns, indexes. A column that no declaration names any more stays and is reported as a step without
// SQL; a column whose type no longer fits is a step with a Loss, which Apply refuses.
func Plan(ctx context.Context, tx *store.Tx, set *schema.Set) ([]Step, error) {
	var steps []Step
	for _, t := range set.Types() {
		more, err := planTable(ctx, tx, t.Name, t.Table(), columns(t), "PRIMARY KEY (id)")
		if err != nil {
			return nil, err
		}
		steps = append(steps, more...)
		if more, err = planTable(ctx, tx, t.Name, t.Table()+"_h", historyColumns(), "PRIMARY KEY (id, rev)"); err != nil {
			return nil, err
		}
		steps = append(steps, more...)
		for _, f := range t.FieldList {
			if f.Type != "rows" {
				continue
			}
			if more, err = planTable(ctx, tx, t.Name, childTable(t, f), childColumns(f), "PRIMARY KEY (parent, ord)"); err != nil {
				return nil, err
			}
			steps = append(steps, more...)
		}
		if more, err = planIndexes(ctx, tx, t); err != nil {
			return nil, err
		}
		steps = append(steps, more...)
	}
	return steps, nil
}

// Apply runs the steps of a plan. A step that would lose data is refused with the Conflict fault "ddl.loss".
func Apply(ctx context.Context, tx *store.Tx, steps []Step) error {
	for _, st := range steps {
		if st.Loss != "" {
			return fault.New(fault.Conflict, "ddl.loss", "type", st.Type, "step", st.SQL, "why", st.Loss, "rows", st.Rows)
		}
		if st.SQL == "" {
			continue
		}
		if err := tx.DDL(ctx, st.SQL); err != nil {
			return fault.Wrap("apply "+st.Type, err)
		}
	}
	return nil
}

func historyColumns() []schema.Column {
	return []schema.Column{
		{Name: "id", Type: "TEXT"},
		{Name: "rev", Type: "BIGINT"},
		{Name: "op", Type: "TEXT"},
		{Name: "at", Type: "BIGINT"},
		{Name: "by_person", Type: "TEXT"},
		{Name: "reason", Type: "TEXT"},
		{Name: "patch", Type: "TEXT"},
		{Name: "salt", Type: "TEXT"},
	}
}

func planTable(ctx context.Context, tx *store.Tx, typ, table string, want []schema.Column, key string) ([]Step, error) {
	have, err := tableColumns(ctx, tx, table)
	if err != nil {
		return nil, err
	}
	if len(have) == 0 {
		lines := make([]string, 0, len(want)+1)
		for _, c := range want {
			null := ""
			if c.Name == "id" || c.Name == "rev" || c.Name == "parent" || c.Name == "ord" {
				null = " NOT NULL"
			}
			lines = append(lines, "\t"+quote(c.Name)+" "+c.Type+null)
		}
		return []Step{{Type: typ, SQL: "CREATE TABLE " + table + " (\n" + strings.Join(append(lines, "\t"+key), ",\n") + "\n)"}}, nil
	}
	var rows int64
	if err := tx.QueryRow(ctx, "SELECT count(*) FROM "+table).Scan(&rows); err != nil {
		return nil, fault.Wrap("count "+table, err)
	}
	var steps []Step
	declared := map[string]bool{}
	for _, c := range want {
		declared[c.Name] = true
		is, ok := have[c.Name]
		switch {
		case !ok:
			steps = append(steps, Step{Type: typ, Rows: rows, SQL: "ALTER TABLE " + table + " ADD COLUMN " + quote(c.Name) + " " + c.Type})
		case is != c.Type:
			steps = append(steps, Step{
				Type: typ, Rows: rows, Loss: "ddl.type",
				SQL: fmt.Sprintf("-- %s.%s is %s, declared %s", table, c.Name, is, c.Type),
			})
		}
	}
	return steps, nil
}

// tableColumns gives the columns of a table with their portable types, none where there is no such table.
func tableColumns(ctx context.Context, tx *store.Tx, table string) (map[string]string, error) {
	query := "SELECT name, type FROM pragma_table_info(?)"
	if tx.Dialect() == store.PostgreSQL {
		query = "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = ?"
	}
	rows, err := tx.Query(ctx, query, table)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := map[string]string{}
	for rows.Next() {
		var name, typ string
		if err := rows.Scan(&name, &typ); err != nil {
			return nil, fault.Wrap("read columns", err)
		}
		out[name] = strings.ToUpper(typ)
	}
	return out, fault.Wrap("read columns", rows.Err())
}

// planIndexes adds what lists, row filters and declarations need: order of creation, area and organisation paths, state,
// and the fields that are filters, references or declared so.
func planIndexes(ctx context.Context, tx *store.Tx, t *schema.Type) ([]Step, error) {
	have, err := tableIndexes(ctx, tx, t.Table())
	if err != nil {
		return nil, err
	}
	want := [][2]string{
		{"created", "created_at, id"},
		{"area", "area, created_at, id"},
		{"org", "org, created_at, id"},
		{"state", "state, created_at, id"},
		{"owner", "owner"},
		{"number", "number"},
	}
	for _, c := range columns(t)[len(systemColumns()):] {
		if c.Index {
			want = append(want, [2]string{c.Name, quote(c.Name)})
		}
	}
	for _, names := range t.Index {
		want = append(want, [2]string{strings.ReplaceAll(names, "+", "_"), indexColumns(t, names)})
	}
	var steps []Step
	for _, w := range want {
		name := t.Table() + "_i_" + w[0]
		if !have[name] {
			have[name] = true // a field may be indexed for itself and by declaration
			steps = append(steps, Step{Type: t.Name, SQL: "CREATE INDEX " + name + " ON " + t.Table() + " (" + w[1] + ")"})
		}
	}
	for _, names := range t.Unique {
		name := t.Table() + "_u_" + strings.ReplaceAll(names, "+", "_")
		if !have[name] {
			have[name] = true // a field may be indexed for itself and by declaration
			steps = append(steps, Step{
				Type: t.Name,
				SQL:  "CREATE UNIQUE INDEX " + name + " ON " + t.Table() + " (" + indexColumns(t, names) + ") WHERE deleted_at IS NULL",
			})
		}
	}
	return steps, nil
}

func indexColumns(t *schema.Type, names string) string {
	var out []string
	for n := range strings.SplitSeq(names, "+") {
		if f := t.Field(n); f != nil && len(f.Columns()) > 0 {
			n = f.Columns()[0].Name
		}
		out = append(out, quote(n))
	}
	return strings.Join(out, ", ")
}

func tableIndexes(ctx context.Context, tx *store.Tx, table string) (map[string]bool, error) {
	query := "SELECT name FROM pragma_index_list(?)"
	if tx.Dialect() == store.PostgreSQL {
		query = "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename = ?"
	}
	rows, err := tx.Query(ctx, query, table)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fault.Wrap("read indexes", err)
		}
		out[name] = true
	}
	return out, fault.Wrap("read indexes", rows.Err())
}
