package schema

import (
	"encoding/csv"
	"strings"

	"chengshu/base/feel"
)

// CodeTable is a versioned table of codes from a pack's codes/<name>.csv: columns code and name are required; parent,
// valid_from, valid_to and pinyin are known; all others are attributes that lookup(table, code).column reads.
type CodeTable struct {
	Name    string // "<pack>.<file>"
	Version string // "cjt214@2007" from a comment line "# version: …", else empty
	Columns []string
	Entries []*CodeEntry
	Pos     Pos

	byCode map[string]*CodeEntry
}

// CodeEntry is one row of a code table.
type CodeEntry struct {
	Code     string
	Name     string
	Parent   string
	From, To string // validity dates, empty is open
	Attrs    map[string]string
	Leaf     bool

	context *feel.Context
}

// Entry gives the entry with that code, nil where there is none.
func (t *CodeTable) Entry(code string) *CodeEntry { return t.byCode[code] }

// Label gives the name of a code, the code itself where the table does not have it.
func (t *CodeTable) Label(code string) string {
	if e := t.byCode[code]; e != nil {
		return e.Name
	}
	return code
}

// Valid tells whether the entry may be used on a day (yyyy-mm-dd).
func (e *CodeEntry) Valid(day string) bool {
	return (e.From == "" || day >= e.From) && (e.To == "" || day <= e.To)
}

// Context gives the entry as a FEEL context: code, name, parent and every attribute. Attributes that read as numbers are
// numbers, except those with a leading zero; empty ones are null.
func (e *CodeEntry) Context() *feel.Context { return e.context }

// ParseCodes reads codes/<name>.csv of a pack. Lines that start with # are comments.
func (d *Draft) ParseCodes(pack, name, file string, src []byte) {
	t := &CodeTable{Name: pack + "." + name, Pos: Pos{file, 1}, byCode: map[string]*CodeEntry{}}
	text := strings.TrimPrefix(string(src), "\ufeff")
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(line, "# version:"); ok {
			t.Version = strings.TrimSpace(v)
		}
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comment = '#'
	rows, err := r.ReadAll()
	if err != nil || len(rows) == 0 {
		d.problems.Add(t.Pos, "codes.csv", "detail", errorText(err))
		return
	}
	t.Columns = rows[0]
	index := map[string]int{}
	for i, c := range rows[0] {
		index[c] = i
	}
	if _, ok := index["code"]; !ok {
		d.problems.Add(t.Pos, "codes.column", "column", "code")
		return
	}
	for i, row := range rows[1:] {
		e := newEntry(t.Columns, row)
		if e.Code == "" || t.byCode[e.Code] != nil {
			d.problems.Add(Pos{file, i + 2}, "codes.twice", "code", e.Code)
			continue
		}
		t.byCode[e.Code] = e
		t.Entries = append(t.Entries, e)
	}
	for _, e := range t.Entries {
		e.Leaf = true
	}
	for i, e := range t.Entries {
		if e.Parent == "" {
			continue
		}
		if p := t.byCode[e.Parent]; p != nil {
			p.Leaf = false
		} else {
			d.problems.Add(Pos{file, i + 2}, "codes.parent", "code", e.Code, "parent", e.Parent)
		}
	}
	d.tables[t.Name] = t // a later pack with the same table name would be <other>.<name>: an overlay replaces rows instead
}

func newEntry(columns, row []string) *CodeEntry {
	e := &CodeEntry{Attrs: map[string]string{}}
	pairs := make([]any, 0, 2*len(columns))
	for i, name := range columns {
		v := strings.TrimSpace(row[i])
		switch name {
		case "code":
			e.Code = v
		case "name":
			e.Name = v
		case "parent":
			e.Parent = v
		case "valid_from":
			e.From = v
		case "valid_to":
			e.To = v
		default:
			e.Attrs[name] = v
		}
		pairs = append(pairs, name, codeValue(name, v))
	}
	e.context = feel.NewContext(pairs...)
	return e
}

func codeValue(column, v string) feel.Value {
	if v == "" {
		return nil
	}
	leadingZero := len(v) > 1 && v[0] == '0' && v[1] != '.'
	if column != "code" && column != "parent" && !leadingZero {
		if n, err := feel.ParseNumber(v); err == nil {
			return n
		}
	}
	return v
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
