package record

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/emmansun/gmsm/sm3"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/schema"
)

// index is a wanted index of a type's table.
type index struct {
	name    string
	columns []string // quoted
	unique  bool     // among the records that are not deleted
}

func (x index) sql(table string) string {
	if x.unique {
		return "CREATE UNIQUE INDEX " + x.name + " ON " + table + " (" + strings.Join(x.columns, ", ") + ") WHERE deleted_at IS NULL"
	}
	return "CREATE INDEX " + x.name + " ON " + table + " (" + strings.Join(x.columns, ", ") + ")"
}

// identifier keeps names within the 63 bytes of PostgreSQL, which cuts longer ones silently.
func identifier(name string) string {
	if len(name) <= 63 {
		return name
	}
	sum := sm3.Sum([]byte(name))
	return name[:54] + "_" + hex.EncodeToString(sum[:4])
}

// wantedIndexes are those that lists, row filters and declarations need: order of creation, area and organisation paths,
// state, and the fields that are filters, references or declared so.
func wantedIndexes(t *schema.Type) []index {
	var out []index
	add := func(kind, name string, unique bool, columns ...string) {
		out = append(out, index{identifier(t.Table() + kind + name), columns, unique})
	}
	add("_i_", "created", false, `"created_at"`, `"id"`)
	for _, c := range []string{"area", "org", "state"} {
		add("_i_", c, false, quote(c), `"created_at"`, `"id"`)
	}
	add("_i_", "owner", false, `"owner"`)
	add("_i_", "number", false, `"number"`)
	for _, c := range columns(t)[len(systemColumns()):] {
		if c.Index {
			of := []string{quote(c.Name)}
			if c.Type == "TEXT" {
				of = append(of, `"created_at"`) // the newest of a value are found without sorting them all
			}
			add("_c_", c.Name, false, of...)
		}
	}
	for _, names := range t.Index {
		add("_i_", strings.ReplaceAll(names, "+", "_"), false, indexColumns(t, names)...)
	}
	for _, names := range t.Unique {
		add("_u_", strings.ReplaceAll(names, "+", "_"), true, indexColumns(t, names)...)
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(out, func(x index) bool {
		twice := seen[x.name]
		seen[x.name] = true
		return twice
	})
}

// indexColumns gives the columns of "a+b": the first of each field, of a secret the blind digest.
func indexColumns(t *schema.Type, names string) []string {
	var out []string
	for n := range strings.SplitSeq(names, "+") {
		if f := t.Field(n); f != nil && len(f.Columns()) > 0 {
			at := 0
			if f.Type == "secret" {
				at = 1
			}
			n = f.Columns()[at].Name
		}
		out = append(out, quote(n))
	}
	return out
}

// indexes plans what is missing and takes away what no declaration asks for.
func (p *planner) indexes() error {
	have, err := tableIndexes(p.ctx, p.tx, p.t.Table())
	if err != nil {
		return err
	}
	want := wantedIndexes(p.t)
	for _, name := range have {
		kind, ours := strings.CutPrefix(name, p.t.Table())
		ours = ours && len(kind) > 3 && strings.Contains("_i_ _c_ _u_", kind[:3])
		if ours && !slices.ContainsFunc(want, func(x index) bool { return x.name == name }) && !slices.Contains(p.reset, name) {
			p.step("DROP INDEX " + name)
		}
	}
	for _, x := range want {
		if !slices.Contains(have, x.name) || slices.Contains(p.reset, x.name) {
			p.step(x.sql(p.t.Table()))
		}
	}
	return nil
}

// dropIndexes drops the indexes over a column that is about to be made anew: SQLite does not drop it otherwise.
func (p *planner) dropIndexes(name string) error {
	names, err := columnIndexes(p.ctx, p.tx, p.t.Table(), name)
	for _, n := range names {
		if !slices.Contains(p.reset, n) {
			p.reset = append(p.reset, n)
			p.step("DROP INDEX " + n)
		}
	}
	return err
}

// tableColumns gives the columns of a table with their portable types, none where there is no such table.
func tableColumns(ctx context.Context, tx *store.Tx, table string) (map[string]string, error) {
	query := "SELECT name, type FROM pragma_table_info(?)"
	if tx.Dialect() == store.PostgreSQL {
		query = "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = ?"
	}
	out := map[string]string{}
	err := texts(ctx, tx, query, []any{table}, 2, func(row []string) { out[row[0]] = strings.ToUpper(row[1]) })
	return out, err
}

func tableIndexes(ctx context.Context, tx *store.Tx, table string) ([]string, error) {
	query := "SELECT name FROM pragma_index_list(?) ORDER BY name"
	if tx.Dialect() == store.PostgreSQL {
		query = "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename = ? ORDER BY indexname"
	}
	var out []string
	err := texts(ctx, tx, query, []any{table}, 1, func(row []string) { out = append(out, row[0]) })
	return out, err
}

// columnIndexes gives the indexes that a column is part of, the primary key left out.
func columnIndexes(ctx context.Context, tx *store.Tx, table, column string) ([]string, error) {
	query := `SELECT DISTINCT l.name FROM pragma_index_list(?) l, pragma_index_info(l.name) i
		WHERE i.name = ? AND l.origin = 'c' ORDER BY l.name`
	if tx.Dialect() == store.PostgreSQL {
		query = `SELECT DISTINCT c.relname FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
			JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY(x.indkey)
			WHERE t.relnamespace = current_schema()::regnamespace AND t.relname = ? AND a.attname = ? AND NOT x.indisprimary ORDER BY c.relname`
	}
	var out []string
	err := texts(ctx, tx, query, []any{table, column}, 1, func(row []string) { out = append(out, row[0]) })
	return out, err
}

// readNotes reads what columns hold; a database from before notes were taken has none.
func readNotes(ctx context.Context, tx *store.Tx) (map[note]string, error) {
	out := map[note]string{}
	there, err := tableColumns(ctx, tx, "record_column")
	if err != nil || len(there) == 0 {
		return out, err
	}
	err = texts(ctx, tx, "SELECT tbl, name, holds FROM record_column", nil, 3, func(row []string) {
		out[note{table: row[0], column: row[1]}] = row[2]
	})
	return out, err
}

// texts reads rows of text.
func texts(ctx context.Context, tx *store.Tx, query string, args []any, width int, fn func(row []string)) error {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	row, dest := make([]string, width), make([]any, width)
	for i := range row {
		dest[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return fault.Wrap("read catalogue", err)
		}
		fn(row)
	}
	return fault.Wrap("read catalogue", rows.Err())
}
