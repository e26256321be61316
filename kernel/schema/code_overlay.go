package schema

import "slices"

// applyRows lays rows over the table they are for. A row of a code that is there replaces it, column by column: a column the
// file does not name keeps its value. A row of a new code is added and needs a name. Beside the table's own columns only
// those of validity may be given, so that a county can let a code expire that it does not use.
func (d *Draft) applyRows(over *CodeTable) {
	t := d.tables[over.Name]
	if t == nil {
		d.problems.Add(over.Pos, "codes.merge.table", "table", over.Name)
		return
	}
	columns := t.Columns
	for _, c := range over.Columns {
		if slices.Contains(columns, c) {
			continue
		}
		if c != "valid_from" && c != "valid_to" {
			d.problems.Add(over.Pos, "codes.merge", "column", c)
			return
		}
		columns = append(slices.Clip(columns), c)
	}
	if len(columns) > len(t.Columns) {
		t.Columns = columns
		for i, e := range t.Entries {
			replaceCode(t, i, merged(columns, e, nil, nil))
		}
	}
	for _, e := range over.Entries {
		at := slices.IndexFunc(t.Entries, func(old *CodeEntry) bool { return old.Code == e.Code })
		if at >= 0 {
			replaceCode(t, at, merged(columns, t.Entries[at], over.Columns, e))
			continue
		}
		if e.Name == "" {
			d.problems.Add(e.pos, "codes.column", "column", "name")
			continue
		}
		e = merged(columns, &CodeEntry{}, over.Columns, e)
		t.byCode[e.Code] = e
		t.Entries = append(t.Entries, e)
	}
	if over.Version != "" {
		t.Version += "+" + over.Version
	}
}

func replaceCode(t *CodeTable, at int, e *CodeEntry) {
	t.Entries[at], t.byCode[e.Code] = e, e
}

// merged gives the old entry with the cells of the new one in the columns that the new one has.
func merged(columns []string, old *CodeEntry, given []string, e *CodeEntry) *CodeEntry {
	row, pos := make([]string, len(columns)), old.pos
	for i, c := range columns {
		row[i] = old.cell(c)
		if slices.Contains(given, c) {
			row[i] = e.cell(c)
		}
	}
	if e != nil {
		pos = e.pos
	}
	return newEntry(columns, row, pos)
}
