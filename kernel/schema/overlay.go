package schema

import (
	"maps"
	"slices"

	"gopkg.in/yaml.v3"
)

// overlay changes a type that an earlier pack declared: a county or a site adds fields (which live in the ext column) and
// changes how existing ones are shown and how strict they are. It cannot change a field's type or loosen its grade.
type overlay struct {
	name    string
	pos     Pos
	added   []*Field
	changes map[string]*yaml.Node
	checks  []*Check
	file    string
}

// change is what an overlay may say of an existing field.
type change struct {
	Required *bool   `yaml:"required"`
	Max      *int    `yaml:"max"`
	Default  *string `yaml:"default"`
	Visible  *string `yaml:"visible"`
	Grade    *int    `yaml:"grade"`
	Mask     *string `yaml:"mask"`
	List     *int    `yaml:"list"`
	Filter   *bool   `yaml:"filter"`
	Section  *string `yaml:"section"`
}

func (d *Draft) parseOverlay(file string, root *yaml.Node) {
	o := &overlay{file: file, pos: Pos{file, root.Line}, changes: map[string]*yaml.Node{}}
	Pairs(root, func(key string, line int, value *yaml.Node) {
		switch key {
		case "overlay":
			o.name = value.Value
		case "fields":
			o.added = d.parseFields(file, value)
		case "change":
			Pairs(value, func(name string, _ int, n *yaml.Node) { o.changes[name] = n })
		case "checks":
			o.checks = d.parseChecks(file, value)
		default:
			d.problems.Add(Pos{file, line}, "yaml.unknown", "key", key, "near", "change")
		}
	})
	d.overlays = append(d.overlays, o)
}

func (d *Draft) apply(o *overlay) {
	t := d.types[o.name]
	if t == nil {
		d.problems.Add(o.pos, "overlay.type", "name", o.name)
		return
	}
	for _, f := range o.added {
		if old := t.fields[f.Name]; old != nil {
			d.problems.Add(f.Pos, "field.twice", "name", f.Name, "other", old.Pos.String())
			continue
		}
		if f.Type == "rows" || f.Type == "secret" || f.Type == "number" {
			d.problems.Add(f.Pos, "overlay.field", "name", f.Name, "type", f.Type)
			continue
		}
		f.Ext = true
		t.fields[f.Name] = f
		t.FieldList = append(t.FieldList, f)
	}
	for _, name := range slices.Sorted(maps.Keys(o.changes)) {
		node, f := o.changes[name], t.fields[name]
		if f == nil {
			d.problems.Add(Pos{o.file, node.Line}, "overlay.unknown", "name", name)
			continue
		}
		d.change(o.file, f, node)
	}
	t.Checks = append(t.Checks, o.checks...)
}

func (d *Draft) change(file string, f *Field, node *yaml.Node) {
	var c change
	DecodeStrict(file, node, &c, &d.problems)
	if c.Grade != nil && *c.Grade < f.Grade {
		d.problems.Add(Pos{file, node.Line}, "overlay.grade", "name", f.Name, "grade", f.Grade)
		return
	}
	set(&f.Required, c.Required)
	set(&f.Max, c.Max)
	set(&f.Default, c.Default)
	set(&f.Visible, c.Visible)
	set(&f.Grade, c.Grade)
	set(&f.Mask, c.Mask)
	set(&f.List, c.List)
	set(&f.Filter, c.Filter)
	set(&f.Section, c.Section)
	at := *f
	at.Pos = Pos{file, node.Line} // what is wrong now is the overlay's mistake
	at.grade(&d.problems)
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}
