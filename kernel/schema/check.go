package schema

import (
	"maps"
	"slices"
	"strings"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/feel"
)

// reserved are the system columns of every record; a declared field cannot have their names.
var reserved = map[string]bool{
	"id": true, "type": true, "number": true, "title": true, "rev": true, "state": true, "area": true, "org": true,
	"owner": true, "created_at": true, "created_by": true, "updated_at": true, "updated_by": true, "deleted_at": true,
	"ext": true, "user": true, "input": true, "outcome": true,
}

// systemTypes are the FEEL types of the system columns.
func systemTypes() map[string]feel.Type {
	return map[string]feel.Type{
		"id": feel.StringType, "number": feel.StringType, "rev": feel.NumberType, "state": feel.StringType,
		"area": feel.StringType, "org": feel.StringType, "owner": feel.StringType,
		"created_at": feel.DateTimeType, "created_by": feel.StringType,
		"updated_at": feel.DateTimeType, "updated_by": feel.StringType,
	}
}

// UserType is the FEEL type of the name user: the caller's attributes.
func UserType() feel.Type {
	return feel.ContextOf(
		feel.Param{Name: "id", Type: feel.StringType}, feel.Param{Name: "post", Type: feel.StringType},
		feel.Param{Name: "org", Type: feel.StringType}, feel.Param{Name: "area", Type: feel.StringType},
		feel.Param{Name: "roles", Type: feel.ListOf(feel.StringType)}, feel.Param{Name: "clearance", Type: feel.NumberType},
	)
}

// Scope gives the names that expressions over a record of this type may use: its fields, the system columns, user and
// the product functions handed in. The caller may extend it.
func (t *Type) Scope(funcs ...feel.Func) *feel.Scope {
	s := feel.NewScope().Local(clock.Shanghai)
	for name, typ := range systemTypes() {
		s.Var(name, typ)
	}
	for _, f := range t.FieldList {
		s.Var(f.Name, f.FeelType())
	}
	s.Var("user", UserType())
	for _, f := range funcs {
		s.Func(f)
	}
	return s
}

func (d *Draft) check(s *Set) {
	tables := map[string]*Type{}
	for _, name := range s.names {
		t := s.types[name]
		d.checkType(s, t)
		for _, table := range t.tables() {
			if len(table) > 63 { // PostgreSQL cuts longer names silently
				d.problems.Add(t.Pos, "type.table", "table", table, "max", 63)
			}
			if other := tables[table]; other != nil {
				d.problems.Add(t.Pos, "type.table", "table", table, "other", other.Pos.String())
			}
			tables[table] = t
		}
	}
}

// tables are the tables a type needs: records, history and one for each rows field.
func (t *Type) tables() []string {
	out := []string{t.Table(), t.Table() + "_h"}
	for _, f := range t.FieldList {
		if f.Type == "rows" {
			out = append(out, t.ChildTable(f))
		}
	}
	return out
}

func (d *Draft) checkType(s *Set, t *Type) {
	ps := &d.problems
	if t.Number != "" {
		nf, err := ParseNumberFormat(t.Number)
		if err != nil {
			ps.Add(t.at("number"), "number.format", "format", t.Number)
		}
		t.NumberFormat = nf
	}
	scope := t.Scope(d.funcs...)
	d.checkNames(t, scope)
	for _, f := range t.FieldList {
		f.kind.declare(f, s, ps)
		f.compute = d.compile(f.Pos, f.Compute, scope)
		f.def = d.compile(f.Pos, f.Default, scope)
		f.visible = d.compile(f.Pos, f.Visible, scope)
		f.required = d.compile(f.Pos, f.RequiredWhen, scope)
	}
	for _, c := range t.Checks {
		c.expr = d.compile(c.Pos, c.Must, scope)
		if c.Must == "" || c.Code == "" {
			ps.Add(c.Pos, "check.empty")
		}
		if c.Field != "" && t.fields[c.Field] == nil {
			ps.Add(c.Pos, "type.field", "field", c.Field)
		}
	}
	for _, c := range t.Commands {
		d.checkCommand(s, t, c)
	}
	d.checkRefs(t)
	d.checkDuplicates(t)
}

// checkNames refuses names that expressions cannot use (words of FEEL) and names whose columns meet those of another
// field: place has a column place_lon.
func (d *Draft) checkNames(t *Type, scope *feel.Scope) {
	columns := map[string]Pos{}
	for _, f := range t.FieldList {
		e, err := feel.Compile(f.Name, scope)
		if err != nil || !slices.Equal(e.Names(), []string{f.Name}) {
			d.problems.Add(f.Pos, "field.name", "name", f.Name)
		}
		for _, c := range f.Columns() {
			if other, twice := columns[c.Name]; twice || reserved[c.Name] {
				d.problems.Add(f.Pos, "field.column", "column", c.Name, "other", other.String())
			}
			columns[c.Name] = f.Pos
		}
	}
}

// checkRefs checks the places where a type names its own fields.
func (d *Draft) checkRefs(t *Type) {
	for _, rule := range []struct {
		key, name string
		types     []string
	}{
		{"area", t.Area, []string{"place", "area"}}, {"org", t.Org, []string{"org"}}, {"anchor", t.Anchor, []string{"ref"}},
	} {
		if rule.name == "" {
			continue
		}
		switch f := t.fields[rule.name]; {
		case f == nil:
			d.problems.Add(t.at(rule.key), "type.field", "field", rule.name)
		case !slices.Contains(rule.types, f.Type):
			d.problems.Add(t.at(rule.key), "type."+rule.key, "field", rule.name, "type", f.Type)
		}
	}
	for key, list := range map[string][]string{"unique": t.Unique, "index": t.Index} {
		for n := range strings.SplitSeq(strings.Join(list, "+"), "+") {
			if n != "" && !t.hasColumn(n) {
				d.problems.Add(t.at(key), "type.field", "field", n)
			}
		}
	}
	if sort := strings.TrimPrefix(t.Sort, "-"); sort != "" {
		if _, ok := t.SQLColumn(sort); !ok {
			d.problems.Add(t.at("sort"), "type.sort", "field", sort)
		}
	}
	for _, name := range templateNames(t.Title) {
		if t.fields[name] == nil && !reserved[name] {
			d.problems.Add(t.at("title"), "type.field", "field", name)
		}
	}
	switch t.Share.Class {
	case "", "unconditional", "conditional", "none":
	default:
		d.problems.Add(t.at("share"), "type.share", "class", t.Share.Class)
	}
	switch t.Share.Cycle {
	case "", "realtime", "day", "week", "month", "quarter", "year":
	default:
		d.problems.Add(t.at("share"), "type.share", "cycle", t.Share.Cycle)
	}
}

// hasColumn tells whether an index may name a field or a system column.
func (t *Type) hasColumn(name string) bool {
	if f := t.fields[name]; f != nil {
		return len(f.Columns()) > 0
	}
	_, system := t.SQLColumn(name)
	return system && !strings.Contains(name, ".")
}

// checkDuplicates checks the declaration of what makes two records alike.
func (d *Draft) checkDuplicates(t *Type) {
	dup := t.Duplicates
	if dup == nil {
		return
	}
	for _, name := range append([]string{dup.Place, dup.Text, dup.Into}, dup.Same...) {
		if f := t.fields[name]; name != "" && (f == nil || len(f.Columns()) == 0) {
			d.problems.Add(t.at("duplicates"), "type.field", "field", name)
		}
	}
	if f := t.fields[dup.Place]; dup.Within <= 0 || dup.Days <= 0 || f == nil || f.Type != "place" {
		d.problems.Add(t.at("duplicates"), "type.duplicates")
	}
	if f := t.fields[dup.Into]; f != nil && (f.Type != "ref" || f.Of != t.Name) {
		d.problems.Add(t.at("duplicates"), "type.duplicates", "field", dup.Into)
	}
}

func (d *Draft) checkCommand(s *Set, t *Type, c *Command) {
	scope := t.Scope(d.funcs...)
	inputs := make([]feel.Param, 0, len(c.Input))
	if !isName(c.Name) || builtIn(c.Name) {
		d.problems.Add(c.Pos, "command.name", "name", c.Name)
	}
	if message, ok := strings.CutPrefix(c.Flow, "message:"); c.Flow != "" && c.Flow != "cancel" && (!ok || message == "") {
		d.problems.Add(c.Pos, "command.flow", "flow", c.Flow)
	}
	for _, f := range c.Input {
		switch f.Type {
		case "secret", "number", "computed": // a secret is edited by the form, where it is sealed
			d.problems.Add(f.Pos, "command.input", "type", f.Type)
		}
		f.kind.declare(f, s, &d.problems)
		inputs = append(inputs, feel.Param{Name: f.Name, Type: f.FeelType()})
	}
	scope.Var("input", feel.ContextOf(inputs...))
	c.when = d.compile(c.Pos, c.When, scope)
	c.notify = d.compile(c.Pos, c.Notify, scope)
	for _, name := range slices.Sorted(maps.Keys(c.Set)) {
		if t.fields[name] == nil {
			d.problems.Add(c.Pos, "type.field", "field", name)
			continue
		}
		c.set = append(c.set, assignment{name, d.compile(c.Pos, c.Set[name], scope)})
	}
	for _, name := range c.Form {
		if t.fields[name] == nil {
			d.problems.Add(c.Pos, "type.field", "field", name)
		}
	}
	known := t.Flow != "" || len(t.States) == 0
	for _, st := range t.States {
		known = known || st == c.State
	}
	if c.State != "" && !known {
		d.problems.Add(c.Pos, "type.state", "state", c.State)
	}
}

// builtIn are the acts every type has; a declared command cannot have their names.
func builtIn(name string) bool {
	switch name {
	case "read", "create", "update", "delete", "restore", "history", "export", "import", "unmask", "merge", "supervise", "choose", "admin":
		return true
	}
	return false
}

func (d *Draft) compile(pos Pos, src string, scope *feel.Scope) *feel.Expr {
	if src == "" {
		return nil
	}
	e, err := feel.Compile(src, scope)
	if err != nil {
		args := []any{"source", src, "code", fault.CodeOf(err), "detail", err.Error()}
		d.problems.Add(pos, "feel", args...)
		return nil
	}
	return e
}

// templateNames gives the names inside braces of a title template.
func templateNames(template string) []string {
	var out []string
	for rest := template; ; {
		_, after, found := strings.Cut(rest, "{")
		if !found {
			return out
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			return out
		}
		out = append(out, name)
		rest = tail
	}
}
