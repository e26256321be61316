package schema

import (
	"maps"
	"slices"
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
		if c.Name == "parent" || c.Name == "ord" { // the child table's own columns
			problems.Add(c.Pos, "field.name", "name", c.Name)
		}
		if c.Default != "" || c.Visible != "" || c.RequiredWhen != "" || c.Compute != "" {
			problems.Add(c.Pos, "field.rows.feel", "name", c.Name)
		}
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
		row, bad := parseRow(f, m)
		if bad != nil {
			bad.Pointer = "/" + f.Name + "/" + strconv.Itoa(i) + bad.Pointer
			return nil, bad
		}
		out = append(out, row)
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

// parseRow parses one row; a column nobody declared is refused, so that nothing is lost unseen.
func parseRow(f *Field, m map[string]any) (map[string]any, *fault.Field) {
	row, known := map[string]any{}, 0
	for _, c := range f.Fields {
		raw, given := m[c.Name]
		if given {
			known++
		}
		value, bad := c.Parse(raw)
		if bad == nil && value == nil && c.Required {
			bad = wrong(c, "field.required")
		}
		if bad != nil {
			return nil, bad
		}
		if value != nil {
			row[c.Name] = value
		}
	}
	if known < len(m) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if !slices.ContainsFunc(f.Fields, func(c *Field) bool { return c.Name == name }) {
				return nil, wrong(&Field{Name: name}, "field.unknown")
			}
		}
	}
	return row, nil
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

// mask shows how many rows there are, each value masked as its own type masks; mask: hide shows nothing.
func (rowsKind) mask(f *Field, v any) any {
	list, ok := v.([]any)
	if !ok || f.Mask == "hide" {
		return nil
	}
	out := make([]any, 0, len(list))
	for _, x := range list {
		m, _ := x.(map[string]any)
		row := map[string]any{}
		for _, c := range f.Fields {
			if masked := c.Masked(m[c.Name]); masked != nil {
				row[c.Name] = masked
			}
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
