package record

import (
	"context"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/policy"
	"chengshu/kernel/schema"
)

// Query selects records of one type for a caller.
type Query struct {
	Type    string
	Filter  string      // FEEL over the record and user; what cannot be translated to SQL is refused
	Text    string      // full text
	Box     *[4]float64 // west, south, east, north in degrees; the type needs a geometry
	Sort    string      // "name" or "-name"; default the type's, else "-created_at"
	Limit   int         // 1 … 200, default 50
	Cursor  string      // from the page before
	Total   bool        // count all matches
	Deleted bool        // the recycle bin instead; needs the permission restore
}

// Page is one page of records. Next is empty on the last one.
type Page struct {
	Records []*Record
	Next    string
	Total   int64 // -1 unless asked for
}

// MaxLimit is the largest page.
const MaxLimit = 200

// selection is a query turned into SQL.
type selection struct {
	t      *schema.Type
	where  []string
	args   []any
	rows   condition // the caller's row filter
	rowsAt int       // which of where it is
}

// condition is SQL with its arguments.
type condition struct {
	sql  string
	args []any
}

func (w *selection) and(sql string, args ...any) {
	w.where = append(w.where, sql)
	w.args = append(w.args, args...)
}

func (w *selection) sql() string { return strings.Join(w.where, " AND ") }

// List gives a page of the records the caller may read.
func (s *Store) List(ctx context.Context, tx *store.Tx, a identity.Actor, q Query) (Page, error) {
	w, err := s.selected(tx.Dialect(), a, q)
	if err != nil {
		return Page{}, err
	}
	if q.Limit <= 0 {
		q.Limit = 50
	}
	q.Limit = min(q.Limit, MaxLimit)
	order, err := s.order(a, w.t, q.Sort)
	if err != nil {
		return Page{}, err
	}
	q.Sort = order.String() // a cursor fits the order it was made in, whoever asked
	page := Page{Total: -1}
	if q.Total {
		if err := tx.QueryRow(ctx, "SELECT count(*) FROM "+w.t.Table()+" WHERE "+w.sql(), w.args...).Scan(&page.Total); err != nil {
			return Page{}, fault.Wrap("count", err)
		}
	}
	if q.Cursor != "" {
		after, err := s.openCursor(q)
		if err != nil {
			return Page{}, err
		}
		order.after(w, after)
	}
	if err := s.steer(ctx, tx, w); err != nil {
		return Page{}, err
	}
	query := "SELECT " + layoutOf(w.t).list + " FROM " + w.t.Table() + " WHERE " + w.sql() + order.sql() + " LIMIT ?"
	rows, err := tx.Query(ctx, query, append(w.args, q.Limit+1)...)
	if err != nil {
		return Page{}, err
	}
	if page.Records, err = scan(ctx, tx, w.t, rows); err != nil {
		return Page{}, err
	}
	if len(page.Records) > q.Limit {
		page.Records = page.Records[:q.Limit]
		last := page.Records[q.Limit-1]
		page.Next = s.sealCursor(q, position{Value: order.value(last), ID: last.ID()})
	}
	return page, nil
}

// selected joins the query's conditions with the caller's row filter.
func (s *Store) selected(d store.Dialect, a identity.Actor, q Query) (*selection, error) {
	t, err := s.Set().Type(q.Type)
	if err != nil {
		return nil, err
	}
	action := "read"
	w := &selection{t: t}
	if q.Deleted {
		action = "restore"
		w.and("deleted_at IS NOT NULL")
	} else {
		w.and("deleted_at IS NULL")
	}
	if !s.opt.Policy.Any(a, action, t.Name) {
		return nil, s.opt.Policy.Require(a, action, t, nil)
	}
	sql, args, err := s.opt.Policy.Filter(a, action, t)
	if err != nil {
		return nil, err
	}
	w.and("("+sql+")", args...)
	w.rows, w.rowsAt = condition{sql, args}, len(w.where)-1
	if err := s.filter(a, w, q.Filter); err != nil {
		return nil, err
	}
	if err := s.search(d, a, w, q.Text); err != nil {
		return nil, err
	}
	return w, w.box(a, q.Box)
}

// search adds the full text. It knows the searched fields and the title; whoever may not see one of them unmasked cannot
// search, for the hits would tell.
func (s *Store) search(d store.Dialect, a identity.Actor, w *selection, text string) error {
	if text = strings.TrimSpace(text); text == "" || s.opt.Index == nil {
		return nil
	}
	for _, f := range w.t.FieldList {
		if searched(f) && !policy.Sees(a, f) {
			return fault.New(fault.Denied, "field.masked", "field", f.Name)
		}
	}
	sql, args := s.opt.Index.Clause(d, w.t.Name, text)
	w.and(sql, args...)
	return nil
}

// searched tells whether a field's values are in the full-text index: never those above grade 2.
func searched(f *schema.Field) bool { return f.Search && f.Grade <= 2 && f.Type != "secret" }

// filter adds the caller's FEEL filter.
func (s *Store) filter(a identity.Actor, w *selection, src string) error {
	if strings.TrimSpace(src) == "" {
		return nil
	}
	sql, args, err := s.translate(a, w.t, src)
	if err == nil {
		w.and("("+sql+")", args...)
	}
	return err
}

// translate turns a FEEL condition over a type into SQL. Fields above the caller's clearance are refused: a filter would
// tell what the mask hides.
func (s *Store) translate(a identity.Actor, t *schema.Type, src string) (string, []any, error) {
	expr, f, err := t.Filter(src)
	if err != nil {
		return "", nil, fault.Wrap("filter", err)
	}
	for _, n := range expr.Names() {
		if err := visible(a, t, n); err != nil {
			return "", nil, err
		}
	}
	sql, args, err := f.BindEnv(&feel.Env{Vars: feel.Map{"user": policy.User(a)}, Now: s.opt.Clock.Now})
	return sql, args, fault.Wrap("filter", err)
}

func visible(a identity.Actor, t *schema.Type, name string) error {
	name, _, _ = strings.Cut(name, ".")
	if f := t.Field(name); f != nil && !policy.Sees(a, f) {
		return fault.New(fault.Denied, "field.masked", "field", name)
	}
	return nil
}

// box adds a map window. A place hidden from the caller cannot be searched by position.
func (w *selection) box(a identity.Actor, box *[4]float64) error {
	if box == nil {
		return nil
	}
	f := w.t.PlaceField()
	if f == nil {
		return fault.New(fault.Invalid, "query.box", "type", w.t.Name)
	}
	if err := visible(a, w.t, f.Name); err != nil {
		return err
	}
	west, south, east, north := box[0], box[1], box[2], box[3]
	if f.Type == "place" {
		w.and(quote(f.Name+"_lon")+" BETWEEN ? AND ? AND "+quote(f.Name+"_lat")+" BETWEEN ? AND ?", west, east, south, north)
		return nil
	}
	w.and(quote(f.Name+"_east")+" >= ? AND "+quote(f.Name+"_west")+" <= ? AND "+quote(f.Name+"_north")+" >= ? AND "+quote(f.Name+"_south")+" <= ?",
		west, east, south, north)
	return nil
}

// ordering is a sort by one column, ties broken by id. Empty values come last in either direction.
type ordering struct {
	t        *schema.Type
	column   string
	field    string
	down     bool
	nullable bool
}

func (s *Store) order(a identity.Actor, t *schema.Type, sort string) (*ordering, error) {
	if sort == "" {
		sort = t.Sort
		// The type's own order is no wish of the caller's: who may not see its field gets the newest first.
		if sort == "" || visible(a, t, strings.TrimPrefix(sort, "-")) != nil {
			sort = "-created_at"
		}
	}
	name, down := strings.CutPrefix(sort, "-")
	c, ok := t.SQLColumn(name)
	if !ok {
		return nil, fault.New(fault.Invalid, "query.sort", "field", name)
	}
	if err := visible(a, t, name); err != nil {
		return nil, err
	}
	return &ordering{t: t, column: c.SQL, field: name, down: down, nullable: name != "created_at" && name != "updated_at" && name != "id"}, nil
}

// String gives the order as a query names it.
func (o *ordering) String() string {
	if o.down {
		return "-" + o.field
	}
	return o.field
}

func (o *ordering) sql() string {
	dir := ""
	if o.down {
		dir = " DESC"
	}
	if o.nullable { // SQLite and PostgreSQL disagree on where nulls go; the first key decides it
		return " ORDER BY " + o.column + " IS NULL, " + o.column + dir + ", id" + dir
	}
	return " ORDER BY " + o.column + dir + ", id" + dir
}

// value gives the sort key of a record as its column holds it.
func (o *ordering) value(r *Record) any {
	name, part, nested := strings.Cut(o.field, ".")
	if nested {
		m, _ := r.Values[name].(map[string]any)
		return m[part]
	}
	if f := o.t.Field(name); f != nil {
		return f.Encode(r.Values[name])[0]
	}
	if isInstant(o.field) {
		return micros(r.Values[o.field])
	}
	return r.Values[o.field]
}

// after restricts the selection to what comes behind a position.
func (o *ordering) after(w *selection, p position) {
	op := " > "
	if o.down {
		op = " < "
	}
	switch {
	case p.Value == nil:
		w.and(o.column+" IS NULL AND id"+op+"?", p.ID)
	case o.nullable:
		w.and("(("+o.column+", id)"+op+"(?, ?) OR "+o.column+" IS NULL)", p.Value, p.ID)
	default:
		w.and("("+o.column+", id)"+op+"(?, ?)", p.Value, p.ID)
	}
}
