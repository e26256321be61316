package schema

import (
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"chengshu/base/feel"
)

// Type is one record type. Only what differs from the default is declared.
type Type struct {
	Name   string `yaml:"record"` // "<pack>.<noun>"
	Pack   string `yaml:"-"`
	Noun   string `yaml:"-"`
	Number string `yaml:"number"` // format of the business number, see NumberFormat; empty: no number
	Title  string `yaml:"title"`  // template "{number} {category}"; default the number, else the first text field
	Flow   string `yaml:"flow"`   // file name under flows/ without .bpmn; started on create

	FieldList []*Field `yaml:"-"`

	States   []string `yaml:"states"`   // for types without a flow: states that commands move between, the first is initial
	Area     string   `yaml:"area"`     // field that gives the record's area path; default: first place or area field, else the creator's
	Org      string   `yaml:"org"`      // field that gives the record's organisation path; default: the creator's
	Sort     string   `yaml:"sort"`     // default order of lists, "-created_at"
	Unique   []string `yaml:"unique"`   // each entry: field names joined by "+", unique among records that are not deleted
	Index    []string `yaml:"index"`    // each entry: field names joined by "+"
	Anchor   string   `yaml:"anchor"`   // ref field to the record this one belongs to; shown on that record's page
	Readonly bool     `yaml:"readonly"` // no create/update through the API, only by processes and imports

	Share      Share      `yaml:"share"`
	Duplicates *Duplicate `yaml:"duplicates"`

	Checks   []*Check   `yaml:"-"`
	Commands []*Command `yaml:"-"`

	NumberFormat *NumberFormat `yaml:"-"`
	Pos          Pos           `yaml:"-"`

	fields map[string]*Field
	lines  map[string]int // where each key stands, for messages

	derived sync.Map
}

// Derived gives what another package derives from the frozen declaration, such as its SQL: made once, kept under a key of
// that package, and not to be changed.
func (t *Type) Derived(key any, derive func() any) any {
	if v, ok := t.derived.Load(key); ok {
		return v
	}
	v, _ := t.derived.LoadOrStore(key, derive())
	return v
}

// at is where the type says something.
func (t *Type) at(key string) Pos {
	if line := t.lines[key]; line > 0 {
		return Pos{t.Pos.File, line}
	}
	return t.Pos
}

// Share is the share declaration of the information resource catalogue: class unconditional, conditional or none and
// the promised update cycle (realtime, day, week, month, quarter, year).
type Share struct {
	Class string `yaml:"class" json:"class,omitempty"`
	Cycle string `yaml:"cycle" json:"cycle,omitempty"`
	Basis string `yaml:"basis" json:"basis,omitempty"` // clause that forbids or conditions sharing
}

// Duplicate says when two records of a type may report the same thing.
type Duplicate struct {
	Place  string   `yaml:"place"`  // place field that is compared
	Within int      `yaml:"within"` // metres
	Days   int      `yaml:"days"`   // age difference at most
	Same   []string `yaml:"same"`   // fields that must agree
	Text   string   `yaml:"text"`   // text field whose bigrams are compared for the score
	Into   string   `yaml:"into"`   // ref field of this type that the merge command fills
	Node   string   `yaml:"node"`   // node at which the process of a merged record goes on, to pass the answer along; default: it ends
}

// Check is a rule over the whole record: when Must is not true, Code is reported at Field.
type Check struct {
	Must  string `yaml:"must"`
	Code  string `yaml:"code"`
	Field string `yaml:"field"`
	Pos   Pos    `yaml:"-"`
	expr  *feel.Expr
}

// Command is a declared act on one record: a condition, an input form and assignments. It needs the permission
// "<type>:<name>".
type Command struct {
	Name    string            `yaml:"-"`
	When    string            `yaml:"when"`   // FEEL over the record and user; offered only when true
	Set     map[string]string `yaml:"set"`    // field → FEEL over the record, input and user
	State   string            `yaml:"state"`  // state afterwards
	Reason  bool              `yaml:"reason"` // a reason is required
	Flow    string            `yaml:"flow"`   // what happens to the running process: "" nothing, "cancel", "message:<name>"
	Notify  string            `yaml:"notify"` // FEEL giving candidates to tell
	Form    []string          `yaml:"form"`   // existing fields that the command's form edits
	Input   []*Field          `yaml:"-"`      // fields that exist only for the command
	Pos     Pos               `yaml:"-"`
	when    *feel.Expr
	set     []assignment
	notify  *feel.Expr
	inputBy map[string]*Field
}

type assignment struct {
	field string
	expr  *feel.Expr
}

// Table is the name of the type's table.
func (t *Type) Table() string { return strings.ReplaceAll(t.Name, ".", "_") }

// ChildTable is the name of the table that holds the rows of a rows field.
func (t *Type) ChildTable(f *Field) string { return t.Table() + "__" + f.Name }

// Field gives the declared field of that name, nil where there is none.
func (t *Type) Field(name string) *Field { return t.fields[name] }

// Command gives the declared command of that name, nil where there is none.
func (t *Type) Command(name string) *Command {
	for _, c := range t.Commands {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// FlowKey is the key of the type's process definition, empty without one.
func (t *Type) FlowKey() string {
	if t.Flow == "" {
		return ""
	}
	return t.Pack + "." + t.Flow
}

// PlaceField gives the first field with a geometry, nil where there is none. Fields of overlays do not count: without
// columns no map window can select them.
func (t *Type) PlaceField() *Field {
	for _, f := range t.FieldList {
		if f.Ext {
			continue
		}
		switch f.Type {
		case "place", "line", "polygon":
			return f
		}
	}
	return nil
}

// ListFields gives the fields shown in lists, in their declared order (list: 1 before list: 2).
func (t *Type) ListFields() []*Field {
	var out []*Field
	for n := 1; n <= len(t.FieldList); n++ {
		for _, f := range t.FieldList {
			if f.List == n {
				out = append(out, f)
			}
		}
	}
	return out
}

// ParseType reads one records/*.yaml file: a record declaration or an overlay ("overlay: urban.case").
func (d *Draft) ParseType(pack, file string, src []byte) {
	root := Document(file, src, &d.problems)
	if root == nil {
		return
	}
	if len(root.Content) > 0 && root.Content[0].Value == "overlay" {
		d.parseOverlay(file, root)
		return
	}
	t := &Type{Pack: pack, Pos: Pos{file, root.Line}, fields: map[string]*Field{}, lines: map[string]int{}}
	plain := *root
	plain.Content = nil
	Pairs(root, func(key string, line int, value *yaml.Node) {
		t.lines[key] = line
		switch key {
		case "fields":
			t.FieldList = d.parseFields(file, value)
		case "checks":
			t.Checks = d.parseChecks(file, value)
		case "commands":
			t.Commands = d.parseCommands(file, value)
		default:
			plain.Content = append(plain.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key, Line: line}, value)
		}
	})
	DecodeStrict(file, &plain, t, &d.problems)
	d.addType(t)
}

func (d *Draft) addType(t *Type) {
	prefix, noun, ok := strings.Cut(t.Name, ".")
	if !ok || prefix != t.Pack || !isName(prefix) || !isName(noun) || len(t.Name) > 48 || kernelPrefix(prefix) {
		d.problems.Add(t.Pos, "type.name", "name", t.Name, "pack", t.Pack)
		return
	}
	t.Noun = noun
	if old, dup := d.types[t.Name]; dup {
		d.problems.Add(t.Pos, "type.twice", "name", t.Name, "other", old.Pos.String())
		return
	}
	for _, f := range t.FieldList {
		if old, dup := t.fields[f.Name]; dup {
			d.problems.Add(f.Pos, "field.twice", "name", f.Name, "other", old.Pos.String())
			continue
		}
		t.fields[f.Name] = f
	}
	d.types[t.Name] = t
}

func (d *Draft) parseChecks(file string, node *yaml.Node) []*Check {
	var out []*Check
	for _, n := range node.Content {
		c := &Check{Pos: Pos{file, n.Line}}
		DecodeStrict(file, n, c, &d.problems)
		out = append(out, c)
	}
	return out
}

func (d *Draft) parseCommands(file string, node *yaml.Node) []*Command {
	var out []*Command
	Pairs(node, func(name string, line int, value *yaml.Node) {
		c := &Command{Name: name, Pos: Pos{file, line}, inputBy: map[string]*Field{}}
		plain := yaml.Node{Kind: yaml.MappingNode, Line: line}
		Pairs(value, func(key string, line int, v *yaml.Node) {
			if key == "input" {
				c.Input = d.parseFields(file, v)
				return
			}
			plain.Content = append(plain.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key, Line: line}, v)
		})
		DecodeStrict(file, &plain, c, &d.problems)
		for _, f := range c.Input {
			c.inputBy[f.Name] = f
		}
		out = append(out, c)
	})
	return out
}

// kernelPrefix are the prefixes of the kernel's own tables; a pack of such a name could meet them.
func kernelPrefix(pack string) bool {
	switch pack {
	case "record", "flow", "journal", "identity", "notify", "server", "geo", "search", "schema", "demo", "sqlite", "pg":
		return true
	}
	return false
}

// isName accepts lower-case ASCII names: a letter, then letters, digits and underscores, at most 40.
func isName(s string) bool {
	if s == "" || len(s) > 40 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' {
			return false
		}
	}
	return true
}
