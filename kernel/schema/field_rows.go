package schema

import (
	"strconv"

	"chengshu/base/fault"
	"chengshu/base/feel"
)

// rowsKind is a child table with declared columns ("fields"); at most 200 rows unless "max" says otherwise. Its values
// live in the table <type>__<field> with parent and ord; its canonical form is a list of objects.
type rowsKind struct{ document }

func (rowsKind) columns(*Field) []Column { return nil }

func (rowsKind) declare(f *Field, s *Set, problems *Problems) {
	if len(f.Fields) == 0 {
		problems.Add(f.Pos, "field.rows")
	}
	for _, c := range f.Fields {
		if c.Type == "rows" || c.Type == "computed" || c.Type == "number" || c.Type == "secret" {
			problems.Add(c.Pos, "field.rows.type", "type", c.Type)
			continue
		}
		c.kind.declare(c, s, problems)
	}
}

func (rowsKind) parse(f *Field, v any) (any, *fault.Field) {
	list, ok := v.([]any)
	if !ok {
		return nil, wrong(f, "field.rows")
	}
	if len(list) > limit(f, 200) {
		return nil, wrong(f, "field.many", "max", limit(f, 200))
	}
	out := make([]any, 0, len(list))
	for i, x := range list {
		m, ok := x.(map[string]any)
		if !ok {
			return nil, wrong(f, "field.rows")
		}
		row := map[string]any{}
		for _, c := range f.Fields {
			value, bad := c.Parse(m[c.Name])
			if bad == nil && value == nil && c.Required {
				bad = wrong(c, "field.required")
			}
			if bad != nil {
				bad.Pointer = "/" + f.Name + "/" + strconv.Itoa(i) + bad.Pointer
				return nil, bad
			}
			if value != nil {
				row[c.Name] = value
			}
		}
		out = append(out, row)
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

func (rowsKind) feel(f *Field) feel.Type {
	columns := make([]feel.Param, 0, len(f.Fields))
	for _, c := range f.Fields {
		columns = append(columns, feel.Param{Name: c.Name, Type: c.FeelType()})
	}
	return feel.ListOf(feel.ContextOf(columns...))
}

func (rowsKind) value(f *Field, v any) feel.Value {
	list, ok := v.([]any)
	if !ok {
		return nil
	}
	out := make(feel.List, 0, len(list))
	for _, x := range list {
		m, _ := x.(map[string]any)
		row := feel.NewContext()
		for _, c := range f.Fields {
			row = row.With(c.Name, c.Value(m[c.Name]))
		}
		out = append(out, row)
	}
	return out
}

func (rowsKind) schema(f *Field) map[string]any {
	properties := map[string]any{}
	var required []string
	for _, c := range f.Fields {
		properties[c.Name] = c.JSONSchema()
		if c.Required {
			required = append(required, c.Name)
		}
	}
	item := map[string]any{"type": "object", "properties": properties}
	if required != nil {
		item["required"] = required
	}
	return map[string]any{"type": "array", "items": item}
}
