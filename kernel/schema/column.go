package schema

import (
	"strings"

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
