package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"strings"
	"time"
	"unicode/utf8"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/schema"
)

// systemColumns are the columns that every record table begins with, in order.
func systemColumns() []schema.Column {
	return []schema.Column{
		{Name: "id", Type: "TEXT"},
		{Name: "number", Type: "TEXT"},
		{Name: "title", Type: "TEXT"},
		{Name: "rev", Type: "BIGINT"},
		{Name: "state", Type: "TEXT"},
		{Name: "area", Type: "TEXT"},
		{Name: "org", Type: "TEXT"},
		{Name: "owner", Type: "TEXT"},
		{Name: "created_at", Type: "BIGINT"},
		{Name: "created_by", Type: "TEXT"},
		{Name: "updated_at", Type: "BIGINT"},
		{Name: "updated_by", Type: "TEXT"},
		{Name: "deleted_at", Type: "BIGINT"},
		{Name: "ext", Type: "TEXT"},
	}
}

// columns gives every column of a type's table, in the order that encode and decode use.
func columns(t *schema.Type) []schema.Column { return layoutOf(t).columns }

func columnNames(t *schema.Type) []string { return layoutOf(t).names }

// layout is how a type lies in its table. It is worked out once a type and must not be changed.
type layout struct {
	columns []schema.Column
	names   []string // quoted
	list    string   // the names, joined
}

type layoutKey struct{}

func layoutOf(t *schema.Type) *layout {
	l, _ := t.Derived(layoutKey{}, func() any {
		l := &layout{columns: systemColumns()}
		for _, f := range t.FieldList {
			l.columns = append(l.columns, f.Columns()...)
		}
		for _, c := range l.columns {
			l.names = append(l.names, quote(c.Name))
		}
		l.list = strings.Join(l.names, ", ")
		return l
	}).(*layout)
	return l
}

// quote keeps column names apart from the words of SQL. Declared names are [a-z][a-z0-9_]* only.
func quote(name string) string { return `"` + name + `"` }

func isInstant(column string) bool { return strings.HasSuffix(column, "_at") }

// encode gives one value per column.
func encode(r *Record) ([]any, error) {
	system := systemColumns()
	out := make([]any, 0, len(system)+len(r.Type.FieldList))
	for _, c := range system {
		v := r.Values[c.Name]
		if isInstant(c.Name) {
			v = micros(v)
		}
		if c.Name == "ext" {
			doc, err := encodeExt(r)
			if err != nil {
				return nil, err
			}
			v = doc
		}
		out = append(out, v)
	}
	for _, f := range r.Type.FieldList {
		if len(f.Columns()) > 0 {
			out = append(out, f.Encode(r.Values[f.Name])...)
		}
	}
	return out, nil
}

// encodeExt gives the ext column: the fields of overlays, and what an overlay that is gone has left there.
func encodeExt(r *Record) (any, error) {
	ext := map[string]any{}
	if rest, ok := r.Values["ext"].(map[string]any); ok {
		maps.Copy(ext, rest)
	}
	for _, f := range r.Type.FieldList {
		if f.Ext && r.Values[f.Name] != nil {
			ext[f.Name] = r.Values[f.Name]
		}
	}
	if len(ext) == 0 {
		return nil, nil
	}
	b, err := json.Marshal(ext)
	if err != nil {
		return nil, fault.Wrap("encode ext", err)
	}
	return string(b), nil
}

func micros(v any) any {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return nil
	}
	return t.UnixMicro()
}

// decode is the inverse of encode; child tables are read apart.
func decode(t *schema.Type, cols []any) *Record {
	r := &Record{Type: t, Values: make(schema.Values, len(cols))}
	for i, c := range systemColumns() {
		switch v := cols[i].(type) {
		case nil:
		case int64:
			if isInstant(c.Name) {
				r.Values[c.Name] = schema.FormatTime(time.UnixMicro(v))
			} else {
				r.Values[c.Name] = v
			}
		case []byte:
			r.Values[c.Name] = string(v)
		default:
			r.Values[c.Name] = v
		}
	}
	at := len(systemColumns())
	for _, f := range t.FieldList {
		n := len(f.Columns())
		if n == 0 {
			continue
		}
		if v := f.Decode(cols[at : at+n]); v != nil {
			r.Values[f.Name] = v
		}
		at += n
	}
	if ext, ok := r.Values["ext"].(string); ok {
		decodeExt(t, ext, r.Values)
	}
	return r
}

func decodeExt(t *schema.Type, ext string, values schema.Values) {
	delete(values, "ext")
	d := json.NewDecoder(strings.NewReader(ext))
	d.UseNumber()
	var doc map[string]any
	if d.Decode(&doc) != nil {
		return
	}
	for _, f := range t.FieldList {
		if f.Ext && doc[f.Name] != nil {
			values[f.Name] = f.Restore(doc[f.Name])
			delete(doc, f.Name)
		}
	}
	if len(doc) > 0 {
		values["ext"] = doc
	}
}

// scan reads rows of a type's table into records, child tables included.
func scan(ctx context.Context, tx *store.Tx, t *schema.Type, rows *sql.Rows) ([]*Record, error) {
	defer func() { _ = rows.Close() }()
	n := len(columns(t))
	var out []*Record
	for rows.Next() {
		cols := make([]any, n)
		dest := make([]any, n)
		for i := range cols {
			dest[i] = &cols[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return nil, fault.Wrap("scan "+t.Name, err)
		}
		out = append(out, decode(t, cols))
	}
	if err := rows.Err(); err != nil {
		return nil, fault.Wrap("scan "+t.Name, err)
	}
	_ = rows.Close() // before the next query: a SQLite connection may hold only one open result set in a writer
	for _, f := range t.FieldList {
		if f.Type == "rows" {
			if err := loadChildren(ctx, tx, t, f, out); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// known is the key under which a transaction keeps a record as it lies in its table.
type known struct {
	t  *schema.Type
	id string
}

// load reads one record without asking policy; the caller does. Deleted records are found too. A step of a process looks
// at its record several times; where nobody writes beside it, the table is asked once.
func (s *Store) load(ctx context.Context, tx *store.Tx, t *schema.Type, id string) (*Record, error) {
	if !storable(id) {
		return nil, notFound(t, id)
	}
	if r, ok := tx.Kept(known{t, id}).(*Record); ok {
		return r.clone(), nil
	}
	r, err := read(ctx, tx, t, id)
	if err == nil && tx.Serial() {
		tx.Keep(known{t, id}, r.clone())
	}
	return r, err
}

func read(ctx context.Context, tx *store.Tx, t *schema.Type, id string) (*Record, error) {
	query := "SELECT " + layoutOf(t).list + " FROM " + t.Table() + " WHERE id = ?"
	rows, err := tx.Query(ctx, query, id)
	if err != nil {
		return nil, err
	}
	found, err := scan(ctx, tx, t, rows)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, notFound(t, id)
	}
	return found[0], nil
}

// storable tells whether a text can stand in a database: PostgreSQL refuses NUL and what is no UTF-8, and a refused
// statement takes its transaction along.
func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func notFound(t *schema.Type, id string) error {
	return fault.New(fault.NotFound, "record.unknown", "type", t.Name, "id", id)
}

func insert(ctx context.Context, tx *store.Tx, r *Record) error {
	tx.Keep(known{r.Type, r.ID()}, nil)
	values, err := encode(r)
	if err != nil {
		return err
	}
	l := layoutOf(r.Type)
	query := "INSERT INTO " + r.Type.Table() + " (" + l.list + ") VALUES (?" + strings.Repeat(", ?", len(l.names)-1) + ")"
	if _, err := tx.Exec(ctx, query, values...); err != nil {
		return err
	}
	return saveChildren(ctx, tx, nil, r)
}

// update writes the row if it still has the old revision; a Conflict fault "record.stale" otherwise.
func update(ctx context.Context, tx *store.Tx, old, r *Record) error {
	tx.Keep(known{r.Type, r.ID()}, nil)
	was, err := encode(old)
	if err != nil {
		return err
	}
	is, err := encode(r)
	if err != nil {
		return err
	}
	var sets []string
	var args []any
	for i, name := range columnNames(r.Type) {
		if was[i] != is[i] {
			sets = append(sets, name+" = ?")
			args = append(args, is[i])
		}
	}
	args = append(args, r.ID(), old.Rev())
	n, err := tx.Exec(ctx, "UPDATE "+r.Type.Table()+" SET "+strings.Join(sets, ", ")+" WHERE id = ? AND rev = ?", args...)
	if err != nil {
		return err
	}
	if n == 0 {
		return stale(r.Type, old.ID())
	}
	return saveChildren(ctx, tx, old, r)
}

func stale(t *schema.Type, id string) error {
	return fault.New(fault.Conflict, "record.stale", "type", t.Name, "id", id)
}
