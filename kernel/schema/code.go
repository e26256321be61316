package schema

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

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

	pos     Pos
	context *feel.Context
}

// cell gives the entry's text in a column.
func (e *CodeEntry) cell(column string) string {
	switch column {
	case "code":
		return e.Code
	case "name":
		return e.Name
	case "parent":
		return e.Parent
	case "valid_from":
		return e.From
	case "valid_to":
		return e.To
	}
	return e.Attrs[column]
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

// ParseCodes reads codes/<name>.csv of a pack. Lines that start with # are comments. A file named codes/<pack>.<table>.csv
// lays its rows over the table of another pack: Freeze adds them, or replaces those of the same code.
func (d *Draft) ParseCodes(pack, name, file string, src []byte) {
	t := &CodeTable{Name: pack + "." + name, Pos: Pos{file, 1}, byCode: map[string]*CodeEntry{}}
	over := strings.Contains(name, ".")
	if over {
		t.Name = name
	}
	text := strings.TrimPrefix(string(src), "\ufeff")
	if !utf8.ValidString(text) {
		d.problems.Add(t.Pos, "codes.csv", "detail", "UTF-8")
		return
	}
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(line, "# version:"); ok {
			t.Version = strings.TrimSpace(v)
		}
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comment = '#'
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			at := t.Pos
			if wrong := (*csv.ParseError)(nil); errors.As(err, &wrong) {
				at.Line, err = wrong.Line, wrong.Err
			}
			d.problems.Add(at, "codes.csv", "detail", err.Error())
			return
		}
		line, _ := r.FieldPos(0)
		if t.Columns == nil {
			if !d.codeColumns(t, Pos{file, line}, row, over) {
				return
			}
			continue
		}
		d.addCode(t, newEntry(t.Columns, row, Pos{file, line}))
	}
	if t.Columns == nil {
		d.problems.Add(t.Pos, "codes.csv", "detail", "empty")
		return
	}
	if over {
		d.rows = append(d.rows, t)
		return
	}
	d.tables[t.Name] = t
}

// codeColumns reads the header; false where the table is of no use. Rows laid over another table may leave out columns.
func (d *Draft) codeColumns(t *CodeTable, pos Pos, row []string, over bool) bool {
	for _, c := range row {
		c = strings.TrimSpace(c)
		if c == "" || slices.Contains(t.Columns, c) {
			d.problems.Add(pos, "codes.column", "column", c)
			return false
		}
		t.Columns = append(t.Columns, c)
	}
	for _, must := range []string{"code", "name"} {
		if over && must == "name" {
			continue
		}
		if !slices.Contains(t.Columns, must) {
			d.problems.Add(pos, "codes.column", "column", must)
			return false
		}
	}
	return true
}

func (d *Draft) addCode(t *CodeTable, e *CodeEntry) {
	if e.Code == "" || t.byCode[e.Code] != nil {
		d.problems.Add(e.pos, "codes.twice", "code", e.Code)
		return
	}
	for _, day := range []string{e.From, e.To} {
		if day != "" && !isDate(day) {
			d.problems.Add(e.pos, "codes.day", "code", e.Code, "day", day)
		}
	}
	t.byCode[e.Code] = e
	t.Entries = append(t.Entries, e)
}

// linkCodes finds which entries have children. Parents must be there and must not go in circles: trees are drawn of them.
func (d *Draft) linkCodes(t *CodeTable) {
	for _, e := range t.Entries {
		e.Leaf = true
	}
	for _, e := range t.Entries {
		if e.Parent == "" {
			continue
		}
		p := t.byCode[e.Parent]
		if p == nil {
			d.problems.Add(e.pos, "codes.parent", "code", e.Code, "parent", e.Parent)
			continue
		}
		p.Leaf = false
		for steps := 0; p != nil; p, steps = t.byCode[p.Parent], steps+1 {
			if p == e || steps > len(t.Entries) {
				d.problems.Add(e.pos, "codes.circle", "code", e.Code, "parent", e.Parent)
				break
			}
		}
	}
}

func newEntry(columns, row []string, pos Pos) *CodeEntry {
	e := &CodeEntry{Attrs: map[string]string{}, pos: pos}
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
