package schema

import (
	"strconv"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/feel"
)

// Quote writes a column name so that it is never taken for a word of SQL: a field may be called "order". Declared names
// are [a-z][a-z0-9_]* only.
func Quote(name string) string { return `"` + name + `"` }

// SQLColumn maps a path of an expression to a column of the type's table, for translation to SQL. Values in the ext
// column, in child tables and encrypted ones have none.
func (t *Type) SQLColumn(path string) (feel.Column, bool) {
	name, part, nested := strings.Cut(path, ".")
	if !nested && reserved[name] {
		switch name {
		case "rev":
			return feel.Column{SQL: Quote(name), Kind: feel.ColumnInt}, true
		case "created_at", "updated_at", "deleted_at":
			return feel.Column{SQL: Quote(name), Kind: feel.ColumnDateTime}, true
		case "id", "number", "title", "state", "area", "org", "owner", "created_by", "updated_by":
			return feel.Column{SQL: Quote(name), Kind: feel.ColumnText}, true
		}
		return feel.Column{}, false
	}
	f := t.fields[name]
	if f == nil || f.Ext {
		return feel.Column{}, false
	}
	if nested {
		return f.partColumn(part)
	}
	return f.sqlColumn()
}

func (f *Field) sqlColumn() (feel.Column, bool) {
	typ := f.Type
	if typ == "computed" {
		typ = f.As
	}
	c := feel.Column{SQL: Quote(f.Name)}
	switch typ {
	case "text", "longtext", "code", "choice", "ref", "org", "person", "area", "phone", "idcard", "uscc", "email", "url", "number":
		c.Kind = feel.ColumnText
	case "integer":
		c.Kind = feel.ColumnInt
	case "decimal", "money":
		c.Kind, c.Scale = feel.ColumnScaled, f.scale()
	case "boolean":
		c.Kind = feel.ColumnBool
	case "date":
		c.Kind = feel.ColumnDate
	case "datetime":
		c.Kind = feel.ColumnDateTime
	default:
		return feel.Column{}, false
	}
	return c, true
}

func (f *Field) partColumn(part string) (feel.Column, bool) {
	switch {
	case f.Type == "place" && (part == "grid" || part == "area" || part == "address"):
		return feel.Column{SQL: Quote(f.Name + "_" + part), Kind: feel.ColumnText}, true
	case f.Type == "period" && (part == "from" || part == "to"):
		return feel.Column{SQL: Quote(f.Name + "_" + part), Kind: feel.ColumnDate}, true
	}
	return feel.Column{}, false
}

// Filter compiles a condition over records of the type, to an expression and to the same condition in SQL, which asks for
// nothing but the record and the caller. Faults: those of feel.Compile and feel.SQL; Invalid "feel.sql" where the condition
// reads a field that has no column, such as a document, rows or a field of an overlay.
func (t *Type) Filter(src string) (*feel.Expr, *feel.Filter, error) {
	e, err := feel.Compile(src, t.Scope())
	if err != nil {
		return nil, nil, err
	}
	f, err := e.SQL(nil, t.SQLColumn)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range f.Params() { // what is no column is taken for a value from outside
		if name != "user" {
			return nil, nil, fault.New(fault.Invalid, "feel.sql", "part", name)
		}
	}
	return e, f, nil
}

// Cut is what records are grouped by: a column whole, or cut to the day, month or year of an instant or to the first
// levels of a path.
type Cut struct {
	Path   string // "category", "place.grid"
	Unit   string // "", "day", "month", "year"; empty with Levels
	Levels int    // of a path of areas or organisations, 1 to 8; 0 for the whole path
	Column feel.Column
}

// Cut reads "category", "area:2" or "created_at:month"; false where the type cannot be grouped so.
func (t *Type) Cut(by string) (Cut, bool) {
	path, unit, isCut := strings.Cut(by, ":")
	c, ok := t.SQLColumn(path)
	cut := Cut{Path: path, Column: c}
	switch {
	case !ok:
	case !isCut:
		return cut, true
	case c.Kind == feel.ColumnDateTime:
		cut.Unit = unit
		return cut, unit == "day" || unit == "month" || unit == "year"
	case t.isPath(path):
		var err error
		cut.Levels, err = strconv.Atoi(unit)
		return cut, err == nil && cut.Levels >= 1 && cut.Levels <= 8
	}
	return cut, false
}

// isPath tells whether a column holds paths of areas or organisations.
func (t *Type) isPath(path string) bool {
	name, part, nested := strings.Cut(path, ".")
	f := t.fields[name]
	switch {
	case f == nil:
		return path == "area" || path == "org"
	case nested:
		return f.Type == "place" && part == "area"
	}
	return f.Type == "area" || f.Type == "org"
}

// Measure is what is computed of a group: fn is count, sum, avg, min or max, of the number field of that name.
type Measure struct {
	Fn     string
	Field  string
	Column feel.Column
}

// Measure reads "", "count" or "sum:amount"; false where the type has no such number.
func (t *Type) Measure(src string) (Measure, bool) {
	if src == "" || src == "count" {
		return Measure{Fn: "count"}, true
	}
	fn, name, _ := strings.Cut(src, ":")
	c, known := t.SQLColumn(name)
	numeric := known && (c.Kind == feel.ColumnInt || c.Kind == feel.ColumnScaled)
	return Measure{Fn: fn, Field: name, Column: c}, numeric && (fn == "sum" || fn == "avg" || fn == "min" || fn == "max")
}
