package schema

import (
	"slices"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/feel"
)

// Values are the canonical values of one record: declared fields and system columns by name.
type Values map[string]any

// Vars gives the names that expressions over a record see. user may be nil.
func (t *Type) Vars(values Values, user *feel.Context) feel.Vars {
	return &recordVars{t: t, values: values, user: user}
}

type recordVars struct {
	t      *Type
	values Values
	user   *feel.Context
	input  *feel.Context
}

// Get gives the FEEL value of a field, a system column, user or input.
func (v *recordVars) Get(name string) (feel.Value, bool) {
	switch name {
	case "user":
		if v.user == nil {
			return nil, true
		}
		return v.user, true
	case "input":
		if v.input == nil {
			return nil, true
		}
		return v.input, true
	}
	raw := v.values[name]
	if f := v.t.fields[name]; f != nil {
		return f.Value(raw), true
	}
	if !reserved[name] {
		return nil, false
	}
	if s, ok := raw.(string); ok && strings.HasSuffix(name, "_at") {
		return datetimeKind{}.value(nil, s), true
	}
	return feel.FromGo(raw), true
}

// Fill sets defaults for fields without a value, on create.
func (t *Type) Fill(values Values, env *feel.Env) {
	for _, f := range t.FieldList {
		if f.def == nil || values[f.Name] != nil {
			continue
		}
		if v, bad := f.Parse(feel.ToGo(f.def.Eval(env))); bad == nil && v != nil {
			values[f.Name] = v
		}
	}
}

// Compute sets the computed fields from the others.
func (t *Type) Compute(values Values, env *feel.Env) {
	for _, f := range t.FieldList {
		if f.Type != "computed" || f.compute == nil {
			continue
		}
		delete(values, f.Name)
		if v, bad := f.Parse(roundedTo(f, f.compute.Eval(env))); bad == nil && v != nil {
			values[f.Name] = v
		}
	}
}

// Assignable gives the JSON value that a process or command assigns to a field from an expression's value: numbers are
// rounded to the field's scale.
func (t *Type) Assignable(name string, v feel.Value) any {
	f := t.fields[name]
	if f == nil {
		return feel.ToGo(v)
	}
	return roundedTo(f, v)
}

// roundedTo gives a number its field's scale, so that 10/3 fits a column of two digits.
func roundedTo(f *Field, v feel.Value) any {
	if n, ok := v.(feel.Number); ok {
		switch {
		case f.As == "decimal", f.As == "money", f.Type == "decimal", f.Type == "money":
			return n.Text(f.scale())
		case f.As == "integer", f.Type == "integer":
			return n.Text(0)
		}
	}
	return feel.ToGo(v)
}

// Verify checks required fields, validity of codes on the day and the declared checks of a whole record; it gives an
// Invalid fault "record.invalid" with one entry a field, or nil.
func (t *Type) Verify(s *Set, values Values, env *feel.Env, day string) error {
	f := fault.New(fault.Invalid, "record.invalid", "type", t.Name)
	for _, field := range t.FieldList {
		v := values[field.Name]
		if v == nil {
			if field.Required || field.required != nil && field.required.True(env) {
				f.At("/"+field.Name, "field.required")
			}
			continue
		}
		field.Each("", v, func(pointer string, c *Field, v any) {
			if c.Type == "code" {
				verifyCode(s, f, pointer, c, asString(v), day)
			}
		})
	}
	for _, c := range t.Checks {
		if c.expr != nil && !c.expr.True(env) {
			pointer := ""
			if c.Field != "" {
				pointer = "/" + c.Field
			}
			f.At(pointer, c.Code)
		}
	}
	if len(f.Fields) > 0 {
		return f
	}
	return nil
}

func verifyCode(s *Set, f *fault.Error, pointer string, field *Field, code, day string) {
	e := s.Codes(field.Of).Entry(code)
	switch {
	case e == nil:
		f.At(pointer, "field.code", "code", code, "of", field.Of)
	case !e.Valid(day):
		f.At(pointer, "field.code.expired", "code", code)
	case field.Leaf && !e.Leaf:
		f.At(pointer, "field.code.leaf", "code", code)
	}
}

// TitleText renders the title of a record: the template with values as words; else the number, else the first text field.
// named, which may be nil, gives the words of choices, organisations, people and areas.
func (t *Type) TitleText(s *Set, values Values, named func(f *Field, v string) string) string {
	out := t.Title
	for _, name := range templateNames(t.Title) {
		out = strings.ReplaceAll(out, "{"+name+"}", t.word(s, name, values[name], named))
	}
	if out = strings.TrimSpace(out); out != "" {
		return out
	}
	if n := asText(values["number"]); n != "" {
		return n
	}
	for _, f := range t.FieldList {
		if f.Type == "text" && f.Grade < 3 && values[f.Name] != nil {
			return asText(values[f.Name])
		}
	}
	return asText(values["id"])
}

func (t *Type) word(s *Set, name string, v any, named func(f *Field, v string) string) string {
	f := t.fields[name]
	switch {
	case v == nil:
		return ""
	case f == nil:
		return asText(v)
	case f.Grade >= 3:
		return asText(f.Masked(v))
	case f.Type == "code":
		return s.Codes(f.Of).Label(asText(v))
	case named != nil && slices.Contains([]string{"choice", "org", "person", "area"}, f.Type):
		if w := named(f, asText(v)); w != "" {
			return w
		}
	}
	return f.Text(v)
}

func asText(v any) string {
	if v == nil {
		return ""
	}
	return asString(v)
}

// Offered tells whether a command's condition holds for the record.
func (c *Command) Offered(env *feel.Env) bool { return c.when == nil || c.when.True(env) }

// ParseInput turns the JSON input of a command into the context "input"; values for fields of the record that the
// command's form edits come back apart.
func (c *Command) ParseInput(t *Type, data map[string]any) (input *feel.Context, form map[string]any, err error) {
	f := fault.New(fault.Invalid, "record.invalid", "type", t.Name)
	form = map[string]any{}
	pairs := make([]any, 0, 2*len(c.Input))
	for _, field := range c.Input {
		v, bad := field.Parse(field.Distrust(data[field.Name]))
		if bad == nil && v == nil && field.Required {
			bad = wrong(field, "field.required")
		}
		if bad != nil {
			f.Fields = append(f.Fields, *bad)
			continue
		}
		pairs = append(pairs, field.Name, field.Value(v))
	}
	for name, v := range data {
		switch {
		case slices.Contains(c.Form, name):
			form[name] = v
		case c.inputBy[name] == nil:
			f.At("/"+name, "field.unknown")
		}
	}
	if len(f.Fields) > 0 {
		return nil, nil, f
	}
	return feel.NewContext(pairs...), form, nil
}

// Assign evaluates the command's assignments over the record and its input and gives field → JSON value.
func (c *Command) Assign(t *Type, values Values, user, input *feel.Context, env *feel.Env) map[string]any {
	e := env.With(&recordVars{t: t, values: values, user: user, input: input})
	out := map[string]any{}
	for _, a := range c.set {
		if a.expr != nil {
			out[a.field] = roundedTo(t.fields[a.field], a.expr.Eval(e))
		}
	}
	return out
}

// Recipients evaluates whom the command tells, nil when nobody is declared.
func (c *Command) Recipients(env *feel.Env) feel.Value {
	if c.notify == nil {
		return nil
	}
	return c.notify.Eval(env)
}

// Context gives a whole record as a FEEL context: declared fields and system columns.
func (t *Type) Context(values Values) *feel.Context {
	vars := &recordVars{t: t, values: values}
	pairs := make([]any, 0, 2*len(t.FieldList)+24)
	for name := range systemTypes() {
		v, _ := vars.Get(name)
		pairs = append(pairs, name, v)
	}
	for _, f := range t.FieldList {
		pairs = append(pairs, f.Name, f.Value(values[f.Name]))
	}
	return feel.NewContext(pairs...)
}
