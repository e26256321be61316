package schema

import (
	"maps"
	"slices"
	"sort"
	"strconv"

	"gopkg.in/yaml.v3"

	"chengshu/base/fault"
	"chengshu/base/feel"
)

// Field is one declared field of a record type, or one input field of a command.
//
// A value of a field is always in its canonical form, which is what the API shows as JSON: string, bool, int64,
// float64, []any or map[string]any; nil means empty.
type Field struct {
	Name string `yaml:"-"`
	Type string `yaml:"type"`

	Required bool     `yaml:"required"`
	Max      int      `yaml:"max"`     // text: runes; files: count; decimal and integer: see High
	Min      int      `yaml:"min"`     // text: runes
	Low      *string  `yaml:"low"`     // integer, decimal, money: least value
	High     *string  `yaml:"high"`    // integer, decimal, money: greatest value
	Scale    *int     `yaml:"scale"`   // decimal: digits behind the point, default 2
	Pattern  string   `yaml:"pattern"` // text: RE2 the whole value must match
	Of       string   `yaml:"of"`      // code: table; ref, refs: record type
	Choices  []string `yaml:"choices"`
	Leaf     bool     `yaml:"leaf"`   // code: only entries without children
	As       string   `yaml:"as"`     // computed: type of the result
	Format   string   `yaml:"format"` // number: NumberFormat

	Default      string `yaml:"default"`       // FEEL over the record and user, when the input has no value
	Compute      string `yaml:"compute"`       // computed: FEEL over the record
	Visible      string `yaml:"visible"`       // FEEL over the record: shown in forms only when true
	RequiredWhen string `yaml:"required_when"` // FEEL over the record

	Grade int    `yaml:"grade"` // 1 public, 2 internal (default), 3 sensitive, 4 core (GB/T 43697)
	Mask  string `yaml:"mask"`  // name, phone, idcard, address, hash, hide; default by type

	List    int    `yaml:"list"`    // column position in lists, 0 not shown
	Filter  bool   `yaml:"filter"`  // offered as a filter, and indexed where it has many values
	Search  bool   `yaml:"search"`  // part of full-text search
	Set     string `yaml:"set"`     // "system": only processes, commands and computed values write it
	Section string `yaml:"section"` // heading in forms and details
	Public  bool   `yaml:"public"`  // visitors fill it in on the public page; all others they cannot set

	Fields []*Field `yaml:"-"` // rows: columns of the child table

	Ext bool `yaml:"-"` // added by an overlay: lives in the ext column
	Pos Pos  `yaml:"-"`

	kind     kind
	compute  *feel.Expr
	def      *feel.Expr
	visible  *feel.Expr
	required *feel.Expr
}

// Column is one database column of a field.
type Column struct {
	Name  string
	Type  string // TEXT, BIGINT, BOOLEAN, DOUBLE PRECISION
	Index bool
}

// kind is what a field type knows. Each field type has one file field_<type>.go.
type kind interface {
	// columns gives the database columns; none for rows, whose values live in a child table.
	columns(f *Field) []Column
	// declare checks the declaration itself.
	declare(f *Field, s *Set, problems *Problems)
	// parse turns a JSON value into the canonical form or says what is wrong with it.
	parse(f *Field, v any) (any, *fault.Field)
	// encode gives the column values of a canonical value, nil for empty.
	encode(f *Field, v any) []any
	// decode gives the canonical value of column values.
	decode(f *Field, cols []any) any
	// feel gives the FEEL type and value gives the FEEL value of a canonical value.
	feel(f *Field) feel.Type
	value(f *Field, v any) feel.Value
	// schema gives the JSON Schema 2020-12 of the canonical form.
	schema(f *Field) map[string]any
	// mask gives what is shown to people below the field's grade.
	mask(f *Field, v any) any
	// text and fromText are the spreadsheet form.
	text(f *Field, v any) string
	fromText(f *Field, s string) any
}

// kinds is the closed list of field types; a test compares it with web/src/fields.
func kinds() map[string]kind {
	return map[string]kind{
		"text": textKind{}, "longtext": longtextKind{}, "richtext": richtextKind{},
		"integer": integerKind{}, "decimal": decimalKind{}, "money": moneyKind{},
		"boolean": booleanKind{}, "date": dateKind{}, "datetime": datetimeKind{}, "period": periodKind{},
		"code": codeKind{}, "choice": choiceKind{}, "ref": refKind{}, "refs": refsKind{},
		"org": orgKind{}, "person": personKind{}, "area": areaKind{},
		"place": placeKind{}, "line": lineKind{}, "polygon": polygonKind{},
		"file": fileKind{}, "files": filesKind{}, "image": imageKind{}, "images": imagesKind{},
		"phone": phoneKind{}, "idcard": idcardKind{}, "uscc": usccKind{}, "email": emailKind{}, "url": urlKind{},
		"json": jsonKind{}, "rows": rowsKind{}, "computed": computedKind{}, "number": numberKind{}, "secret": secretKind{},
	}
}

// FieldTypes lists the names of all field types, sorted.
func FieldTypes() []string {
	out := make([]string, 0, 34)
	for n := range kinds() {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// grade settles the field's grade and checks its mask. Rows are as sensitive as their most sensitive column, so that a
// column of a higher grade is not shown with the others.
func (f *Field) grade(problems *Problems) {
	if f.Grade == 0 {
		f.Grade = 2
	}
	if f.Grade < 1 || f.Grade > 4 {
		problems.Add(f.Pos, "field.grade", "grade", f.Grade)
	}
	for _, c := range f.Fields {
		f.Grade = max(f.Grade, c.Grade)
	}
	switch f.Mask {
	case "", "name", "phone", "idcard", "address", "hash", "hide":
	default:
		problems.Add(f.Pos, "field.mask", "mask", f.Mask)
	}
	if f.Set != "" && f.Set != "system" {
		problems.Add(f.Pos, "field.set", "set", f.Set)
	}
}

// Columns gives the field's database columns; empty for rows and for fields in ext.
func (f *Field) Columns() []Column {
	if f.Ext {
		return nil
	}
	return f.kind.columns(f)
}

// Parse turns a JSON value into the canonical form. Null and "" mean empty and give nil.
func (f *Field) Parse(v any) (any, *fault.Field) {
	if v == nil || v == "" {
		return nil, nil
	}
	return f.kind.parse(f, v)
}

// Distrust takes from a JSON value what only the kernel may say: the grid of a place, and its area where there is a
// point. It is for input of people, before Parse.
func (f *Field) Distrust(v any) any {
	m, ok := v.(map[string]any)
	if f.Type == "place" && ok {
		if m["lon"] == nil && m["lat"] == nil { // without a point people say the area themselves; it must exist
			return pick(m, "address", "area")
		}
		return pick(m, "lon", "lat", "address")
	}
	list, ok := v.([]any)
	if f.Type != "rows" || !ok {
		return v
	}
	out := slices.Clone(list)
	for i, x := range out {
		m, ok := x.(map[string]any)
		if !ok {
			continue
		}
		row := maps.Clone(m)
		for _, c := range f.Fields {
			if c.Type == "place" && row[c.Name] != nil {
				row[c.Name] = c.Distrust(row[c.Name])
			}
		}
		out[i] = row
	}
	return out
}

// Each walks a canonical value: the field itself, or for rows every value of every column, with its JSON pointer.
func (f *Field) Each(prefix string, v any, fn func(pointer string, c *Field, v any)) {
	if v == nil {
		return
	}
	if f.Type != "rows" {
		fn(prefix+"/"+f.Name, f, v)
		return
	}
	list, _ := v.([]any)
	for i, x := range list {
		row, _ := x.(map[string]any)
		for _, c := range f.Fields {
			c.Each(prefix+"/"+f.Name+"/"+strconv.Itoa(i), row[c.Name], fn)
		}
	}
}

// Encode gives one value per column.
func (f *Field) Encode(v any) []any {
	if v == nil {
		return make([]any, len(f.kind.columns(f)))
	}
	return f.kind.encode(f, v)
}

// Decode gives the canonical value of the column values.
func (f *Field) Decode(cols []any) any {
	empty := true
	for _, c := range cols {
		empty = empty && c == nil
	}
	if empty {
		return nil
	}
	return f.kind.decode(f, cols)
}

// Restore gives the canonical value of one that was kept as JSON, read with json.Number, in the ext column. It does not
// check: a value stays as it is when its declaration becomes stricter.
func (f *Field) Restore(v any) any {
	switch f.Type {
	case "place", "line", "polygon":
		return floating(v)
	}
	return canonical(v)
}

// FeelType gives the type of the field in expressions.
func (f *Field) FeelType() feel.Type { return f.kind.feel(f) }

// Value gives the FEEL value of a canonical value.
func (f *Field) Value(v any) feel.Value {
	if v == nil {
		return nil
	}
	return f.kind.value(f, v)
}

// JSONSchema gives the JSON Schema 2020-12 of the canonical form.
func (f *Field) JSONSchema() map[string]any { return f.kind.schema(f) }

// Masked gives what a person below the field's grade sees of a canonical value.
func (f *Field) Masked(v any) any {
	if v == nil {
		return nil
	}
	return f.kind.mask(f, v)
}

// Text gives the spreadsheet form of a canonical value.
func (f *Field) Text(v any) string {
	if v == nil {
		return ""
	}
	return f.kind.text(f, v)
}

// FromText gives the JSON value of a spreadsheet cell, to be handed to Parse.
func (f *Field) FromText(s string) any {
	if s == "" {
		return nil
	}
	return f.kind.fromText(f, s)
}

// Personal tells whether the field's values must not stand in the journal in the clear: grade 3 and above, and secrets.
func (f *Field) Personal() bool { return f.Grade >= 3 || f.Type == "secret" }

// Writable tells whether people may write the field at all.
func (f *Field) Writable() bool {
	return f.Set != "system" && f.Type != "computed" && f.Type != "number"
}

func (d *Draft) parseFields(file string, node *yaml.Node) []*Field {
	var out []*Field
	all := kinds()
	seen := map[string]Pos{}
	Pairs(node, func(name string, line int, value *yaml.Node) {
		f := &Field{Name: name, Pos: Pos{file, line}}
		if other, twice := seen[name]; twice {
			d.problems.Add(f.Pos, "field.twice", "name", name, "other", other.String())
			return
		}
		seen[name] = f.Pos
		if value.Kind != yaml.MappingNode {
			d.problems.Add(f.Pos, "yaml.mapping")
			return
		}
		plain := yaml.Node{Kind: yaml.MappingNode, Line: line}
		Pairs(value, func(key string, line int, v *yaml.Node) {
			if key == "fields" {
				f.Fields = d.parseFields(file, v)
				return
			}
			plain.Content = append(plain.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key, Line: line}, v)
		})
		DecodeStrict(file, &plain, f, &d.problems)
		f.grade(&d.problems)
		if f.kind = all[f.Type]; f.kind == nil {
			known := map[string]bool{}
			for k := range all {
				known[k] = true
			}
			d.problems.Add(f.Pos, "field.type", "type", f.Type, "near", Nearest(f.Type, known))
			return
		}
		if !isName(name) || reserved[name] {
			d.problems.Add(f.Pos, "field.name", "name", name)
			return
		}
		out = append(out, f)
	})
	return out
}
