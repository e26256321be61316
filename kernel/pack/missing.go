package pack

import (
	"sort"
	"strings"

	"chengshu/base/bpmn"
	"chengshu/kernel/schema"
)

// Missing lists the locale keys that the declarations need and the locale lacks, sorted.
func (b *Bundle) Missing() []string {
	need := map[string]bool{}
	want := func(parts ...string) { need[strings.Join(parts, ".")] = true }
	for _, p := range b.Packs {
		want("pack", p.Name)
		for _, m := range p.Menu {
			want("menu", m.ID)
		}
		for _, y := range p.Layers {
			want("layer", y.ID)
		}
		for _, i := range p.Indicators {
			want("indicator", i.ID)
			want("indicator", i.ID, "basis")
		}
		for _, f := range p.Flows {
			flowWords(f, want)
		}
	}
	for _, r := range b.Roles {
		want("role", r.Name)
	}
	for _, t := range b.Set.Types() {
		want("type", t.Name)
		fieldWords("field."+t.Name, t.Name, t.FieldList, want)
		for _, st := range t.States {
			want("state", t.Name, st)
		}
		for _, c := range t.Commands {
			want("command", t.Name, c.Name)
			fieldWords("input."+t.Name+"."+c.Name, t.Name, c.Input, want)
		}
		for _, c := range t.Checks {
			want(c.Code)
		}
	}
	var out []string
	for k := range need {
		if !b.Has(k) {
			out = append(out, k)
		}
	}
	sort.Strings(out)
	return out
}

func fieldWords(prefix, typ string, fields []*schema.Field, want func(...string)) {
	for _, f := range fields {
		want(prefix, f.Name)
		if f.Section != "" {
			want("section", typ, f.Section)
		}
		for _, c := range f.Choices {
			want("choice", typ, f.Name, c)
		}
		fieldWords(prefix+"."+f.Name, typ+"."+f.Name, f.Fields, want)
	}
}

// flowWords asks for the words of states and outcomes. Nodes have their names in the model.
func flowWords(f Flow, want func(...string)) {
	m, err := bpmn.Read(f.XML)
	if err != nil || m.Main() == nil {
		return // the deployment reports it
	}
	for _, n := range m.Main().Nodes {
		if n.Ext.Task != nil && n.Ext.Task.State != "" && f.Type != "" {
			want("state", f.Type, n.Ext.Task.State)
		}
		for _, o := range n.Ext.Outcomes {
			want("flow", f.Key, n.ID, o.ID)
		}
	}
}
