package schema

// Describe gives the declaration of a field as clients see it.
func (f *Field) Describe() map[string]any {
	m := map[string]any{"name": f.Name, "type": f.Type}
	put := func(k string, v any, ok bool) {
		if ok {
			m[k] = v
		}
	}
	put("required", true, f.Required)
	put("max", f.Max, f.Max > 0)
	put("min", f.Min, f.Min > 0)
	put("low", f.Low, f.Low != nil)
	put("high", f.High, f.High != nil)
	put("scale", f.scale(), f.Type == "decimal" || f.Type == "money")
	put("pattern", f.Pattern, f.Pattern != "")
	put("of", f.Of, f.Of != "")
	put("choices", f.Choices, f.Choices != nil)
	put("leaf", true, f.Leaf)
	put("as", f.As, f.As != "")
	put("list", f.List, f.List > 0)
	put("filter", true, f.Filter)
	put("search", true, f.Search)
	put("section", f.Section, f.Section != "")
	put("readonly", true, !f.Writable())
	m["grade"] = f.Grade
	if f.visible != nil {
		m["visible"] = f.visible.AST()
	}
	if f.required != nil {
		m["required_when"] = f.required.AST()
	}
	if f.compute != nil {
		m["compute"] = f.compute.AST()
	}
	if f.Fields != nil {
		rows := make([]map[string]any, 0, len(f.Fields))
		for _, c := range f.Fields {
			rows = append(rows, c.Describe())
		}
		m["fields"] = rows
	}
	return m
}
