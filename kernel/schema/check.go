package schema

import (
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
	for _, name := range s.names {
		d.checkType(s, s.types[name])
	}
}

func (d *Draft) checkType(s *Set, t *Type) {
	ps := &d.problems
	if t.Number != "" {
		nf, err := ParseNumberFormat(t.Number)
		if err != nil {
			ps.Add(t.Pos, "number.format", "format", t.Number)
		}
		t.NumberFormat = nf
	}
	scope := t.Scope(d.funcs...)
	for _, f := range t.FieldList {
		f.kind.declare(f, s, ps)
		f.compute = d.compile(f.Pos, f.Compute, scope)
		f.def = d.compile(f.Pos, f.Default, scope)
		f.visible = d.compile(f.Pos, f.Visible, scope)
		f.required = d.compile(f.Pos, f.RequiredWhen, scope)
	}
	for _, c := range t.Checks {
		c.expr = d.compile(c.Pos, c.Must, scope)
		if c.Field != "" && t.fields[c.Field] == nil {
			ps.Add(c.Pos, "type.field", "field", c.Field)
		}
	}
	for _, c := range t.Commands {
		d.checkCommand(s, t, c)
	}
	for _, group := range [][]string{t.Unique, t.Index} {
		for _, names := range group {
			for n := range strings.SplitSeq(names, "+") {
				if t.fields[n] == nil && !reserved[n] {
					ps.Add(t.Pos, "type.field", "field", n)
				}
			}
		}
	}
	d.checkRefs(t)
}

// checkRefs checks the places where a type names one of its own fields.
func (d *Draft) checkRefs(t *Type) {
	for _, name := range []string{t.Area, t.Org, t.Anchor} {
		if name != "" && t.fields[name] == nil {
			d.problems.Add(t.Pos, "type.field", "field", name)
		}
	}
	if t.Duplicates != nil {
		for _, name := range append([]string{t.Duplicates.Place, t.Duplicates.Text, t.Duplicates.Into}, t.Duplicates.Same...) {
			if name != "" && t.fields[name] == nil {
				d.problems.Add(t.Pos, "type.field", "field", name)
			}
		}
	}
	if sort := strings.TrimPrefix(t.Sort, "-"); sort != "" && t.fields[sort] == nil && !reserved[sort] {
		d.problems.Add(t.Pos, "type.field", "field", sort)
	}
	for _, name := range templateNames(t.Title) {
		if t.fields[name] == nil && !reserved[name] {
			d.problems.Add(t.Pos, "type.field", "field", name)
		}
	}
	switch t.Share.Class {
	case "", "unconditional", "conditional", "none":
	default:
		d.problems.Add(t.Pos, "type.share", "class", t.Share.Class)
	}
}

func (d *Draft) checkCommand(s *Set, t *Type, c *Command) {
	scope := t.Scope(d.funcs...)
	inputs := make([]feel.Param, 0, len(c.Input))
	for _, f := range c.Input {
		f.kind.declare(f, s, &d.problems)
		inputs = append(inputs, feel.Param{Name: f.Name, Type: f.FeelType()})
	}
	scope.Var("input", feel.ContextOf(inputs...))
	c.when = d.compile(c.Pos, c.When, scope)
	c.notify = d.compile(c.Pos, c.Notify, scope)
	for name, src := range c.Set {
		if t.fields[name] == nil {
			d.problems.Add(c.Pos, "type.field", "field", name)
			continue
		}
		c.set = append(c.set, assignment{name, d.compile(c.Pos, src, scope)})
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
