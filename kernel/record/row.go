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
	names   []string        // quoted
	list    string          // the names, joined
	slots   []slot          // the fields that have columns
	links   []*schema.Field // those whose values name something else, alone or in their rows
	files   []*schema.Field // those that hold files, alone or in their rows
	rows    []*schema.Field // those that lie in child tables
	changes []string        // what a difference between two revisions is looked for in
}

// slot is where the columns of a field lie.
type slot struct {
	field     *schema.Field
	at, width int
}

type layoutKey struct{}

func layoutOf(t *schema.Type) *layout {
	l, _ := t.Derived(layoutKey{}, func() any {
		l := &layout{columns: systemColumns(), changes: []string{"number", "state", "area", "org", "owner", "deleted_at"}}
		for _, f := range t.FieldList {
			if own := f.Columns(); len(own) > 0 {
				l.slots = append(l.slots, slot{f, len(l.columns), len(own)})
				l.columns = append(l.columns, own...)
			}
			l.sort(f)
		}
		for _, c := range l.columns {
			l.names = append(l.names, quote(c.Name))
		}
		l.list = strings.Join(l.names, ", ")
		return l
	}).(*layout)
	return l
}

// sort enters a field in the lists of those that need more than their columns.
func (l *layout) sort(f *schema.Field) {
	l.changes = append(l.changes, f.Name)
	if f.Type == "rows" {
		l.rows = append(l.rows, f)
	}
	if f.HoldsFiles() {
		l.files = append(l.files, f)
	}
	for _, c := range append([]*schema.Field{f}, f.Fields...) {
		switch c.Type {
		case "ref", "refs", "place", "org", "person", "area":
			l.links = append(l.links, f)
			return
		}
	}
}

// quote keeps column names apart from the words of SQL. Declared names are [a-z][a-z0-9_]* only.
func quote(name string) string { return `"` + name + `"` }

func isInstant(column string) bool { return strings.HasSuffix(column, "_at") }

// encode gives one value per column.
func encode(r *Record) ([]any, error) {
	l := layoutOf(r.Type)
	out := make([]any, len(l.columns))
	for i, c := range systemColumns() {
		v, err := encodeSystem(r, c.Name)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	for _, s := range l.slots {
		if v := r.Values[s.field.Name]; v != nil {
			copy(out[s.at:], s.field.Encode(v))
		}
	}
	return out, nil
}

func encodeSystem(r *Record, column string) (any, error) {
	switch {
	case column == "ext":
		return encodeExt(r)
	case isInstant(column):
		return micros(r.Values[column]), nil
	}
	return r.Values[column], nil
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
	for _, s := range layoutOf(t).slots {
		if v := s.field.Decode(cols[s.at : s.at+s.width]); v != nil {
			r.Values[s.field.Name] = v
		}
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
	for _, f := range layoutOf(t).rows {
		if err := loadChildren(ctx, tx, t, f, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// storable tells whether a text can stand in a database: PostgreSQL refuses NUL and what is no UTF-8, and a refused
// statement takes its transaction along.
func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func notFound(t *schema.Type, id string) error {
	return fault.New(fault.NotFound, "record.unknown", "type", t.Name, "id", id)
}

// insert writes a new row; unique says what a broken unique rule means.
func insert(ctx context.Context, tx *store.Tx, r *Record, unique func(error) error) error {
	values, err := encode(r)
	if err != nil {
		return err
	}
	l := layoutOf(r.Type)
	query := "INSERT INTO " + r.Type.Table() + " (" + l.list + ") VALUES (?" + strings.Repeat(", ?", len(l.names)-1) + ")"
	if err := tx.Later(ctx, query, values, func(_ int64, err error) error { return unique(err) }); err != nil {
		return err
	}
	return saveChildren(ctx, tx, nil, r)
}

// update writes what differs if the row still has the old revision; a Conflict fault "record.stale" otherwise.
func update(ctx context.Context, tx *store.Tx, old, r *Record, changes map[string]change, unique func(error) error) error {
	var set assignments
	ext := false
	for _, c := range systemColumns() {
		if c.Name == "ext" || same(old.Values[c.Name], r.Values[c.Name]) {
			continue
		}
		v, err := encodeSystem(r, c.Name)
		if err != nil {
			return err
		}
		set.add(quote(c.Name), v)
	}
	l := layoutOf(r.Type)
	for _, s := range l.slots {
		if _, changed := changes[s.field.Name]; changed {
			for i, v := range s.field.Encode(r.Values[s.field.Name]) {
				set.add(l.names[s.at+i], v)
			}
		}
	}
	for name := range changes {
		f := r.Type.Field(name)
		ext = ext || f != nil && f.Ext
	}
	if ext {
		v, err := encodeExt(r)
		if err != nil {
			return err
		}
		set.add(quote("ext"), v)
	}
	query := "UPDATE " + r.Type.Table() + " SET " + set.sql.String() + " WHERE id = ? AND rev = ?"
	err := tx.Later(ctx, query, append(set.args, r.ID(), old.Rev()), func(n int64, err error) error {
		if err == nil && n == 0 {
			return stale(r.Type, old.ID())
		}
		return unique(err)
	})
	if err != nil {
		return err
	}
	return saveChildren(ctx, tx, old, r)
}

// assignments are the columns an UPDATE sets.
type assignments struct {
	sql  strings.Builder
	args []any
}

func (a *assignments) add(column string, v any) {
	if len(a.args) > 0 {
		a.sql.WriteString(", ")
	}
	a.sql.WriteString(column)
	a.sql.WriteString(" = ?")
	a.args = append(a.args, v)
}

func stale(t *schema.Type, id string) error {
	return fault.New(fault.Conflict, "record.stale", "type", t.Name, "id", id)
}
