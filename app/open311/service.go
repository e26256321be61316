package open311

import (
	"slices"

	"chengshu/base/feel"
	"chengshu/kernel/schema"
)

// services makes rows of the code table of services that nothing stands for. They are in force after a reload.
func (m *Importer) services(d *Document, r *Report) error {
	table := m.App.Bundle.Load().Set.Codes(m.Mapping.Services.Table)
	columns := m.columns(table)
	var rows [][]string
	seen := map[string]bool{}
	for _, i := range d.Services {
		r.Services.Rows++
		code := i.Values["service_code"]
		if code == "" || i.Values["service_name"] == "" {
			r.refuse(i, code, invalid(i, "open311.service"))
			continue
		}
		if seen[code] {
			r.refuse(i, code, invalid(i, "open311.duplicate"))
			continue
		}
		seen[code] = true
		if _, stands := m.Mapping.stands(i); stands || table == nil {
			r.Mapped++
			continue
		}
		row := m.row(i, columns)
		switch old := table.Entry(row[slices.Index(columns, "code")]); {
		case old == nil:
			r.Services.Made++
		case slices.Equal(cells(old, columns), row):
			r.Services.Same++
			continue
		default:
			r.Services.Changed++
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 || m.Dry {
		return nil
	}
	file, err := m.App.LayCodes(table.Name, columns, append(m.above(table, columns), rows...))
	r.File = file
	return err
}

// columns are those of the table that the mapping fills in.
func (m *Importer) columns(table *schema.CodeTable) []string {
	if table == nil {
		return nil
	}
	var out []string
	for _, c := range table.Columns {
		used := m.Mapping.Services.Row[c] != ""
		for _, fixed := range m.Mapping.Services.Rows {
			used = used || fixed[c] != ""
		}
		if used {
			out = append(out, c)
		}
	}
	return out
}

func (m *Importer) row(i Item, columns []string) []string {
	vars := m.Mapping.vars(i, "", m.Source)
	out := make([]string, len(columns))
	for at, c := range columns {
		if x := m.Mapping.row[c]; x != nil {
			out[at] = feel.Format(x.Eval(&feel.Env{Vars: vars}))
		}
	}
	return out
}

// above gives the rows that new ones hang under, where the table lacks them.
func (m *Importer) above(table *schema.CodeTable, columns []string) [][]string {
	var out [][]string
	for _, fixed := range m.Mapping.Services.Rows {
		if table.Entry(fixed["code"]) != nil {
			continue
		}
		row := make([]string, len(columns))
		for at, c := range columns {
			row[at] = fixed[c]
		}
		out = append(out, row)
	}
	return out
}

func cells(e *schema.CodeEntry, columns []string) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		switch c {
		case "code":
			out[i] = e.Code
		case "name":
			out[i] = e.Name
		case "parent":
			out[i] = e.Parent
		default:
			out[i] = e.Attrs[c]
		}
	}
	return out
}

// category gives the code a request's service stands for: by the mapping, by the row that its import made, or the default.
func (m *Importer) category(i Item) string {
	if code, stands := m.Mapping.stands(i); stands {
		return code
	}
	table := m.App.Bundle.Load().Set.Codes(m.Mapping.Services.Table)
	if x := m.Mapping.row["code"]; x != nil && table != nil && i.Values["service_code"] != "" {
		code := feel.Format(x.Eval(&feel.Env{Vars: m.Mapping.vars(i, "", m.Source)}))
		if table.Entry(code) != nil {
			return code
		}
	}
	return m.Mapping.Default
}
