package server

import (
	"strings"

	"chengshu/base/bpmn"
	"chengshu/base/fault"
	"chengshu/kernel/policy"
	"chengshu/kernel/schema"
)

// permitted lists the actions the caller might do with some record of the type.
func (s *Server) permitted(r *request, t *schema.Type) []string {
	var out []string
	for _, a := range policy.Actions(t) {
		if s.opt.Policy.Any(r.actor, a, t.Name) {
			out = append(out, a)
		}
	}
	return out
}

func (s *Server) types(r *request) (reply, error) {
	items := []map[string]any{}
	for _, t := range s.bundle().Set.Types() {
		if actions := s.permitted(r, t); len(actions) > 0 {
			items = append(items, map[string]any{
				"name": t.Name, "label": s.word("type."+t.Name, nil), "pack": t.Pack, "pack_label": s.word("pack."+t.Pack, nil), "actions": actions,
			})
		}
	}
	return reply{Body: map[string]any{"items": items}}, nil
}

// typeOf gives a declaration as the caller may see it. A type without any permission is not there.
func (s *Server) typeOf(r *request) (reply, error) {
	t, err := s.bundle().Set.Type(r.PathValue("type"))
	if err != nil {
		return reply{}, err
	}
	actions := s.permitted(r, t)
	if len(actions) == 0 {
		return reply{}, fault.New(fault.NotFound, "type.unknown", "type", t.Name)
	}
	body := map[string]any{
		"name": t.Name, "label": s.word("type."+t.Name, nil), "pack": t.Pack, "flow": t.Flow != "", "sort": t.Sort, "actions": actions,
		"states": s.states(t), "fields": s.fields(r, "field."+t.Name, t.Name, t.FieldList), "commands": s.commands(r, t),
		"duplicates": t.Duplicates != nil, "share": t.Share, "place": "", "anchor": t.Anchor, "related": s.related(r, t),
	}
	if f := t.PlaceField(); f != nil {
		body["place"] = f.Name
	}
	return reply{Body: body}, nil
}

// related lists the types whose records belong to records of t.
func (s *Server) related(r *request, t *schema.Type) []map[string]any {
	out := []map[string]any{}
	for _, other := range s.bundle().Set.Types() {
		if other.Anchor == "" || !s.opt.Policy.Any(r.actor, "read", other.Name) {
			continue
		}
		if f := other.Field(other.Anchor); f != nil && f.Of == t.Name {
			out = append(out, map[string]any{"type": other.Name, "field": other.Anchor, "label": s.word("type."+other.Name, nil)})
		}
	}
	return out
}

func (s *Server) fields(r *request, prefix, typ string, list []*schema.Field) []map[string]any {
	out := make([]map[string]any, 0, len(list))
	for _, f := range list {
		m := f.Describe()
		m["label"] = s.word(prefix+"."+f.Name, nil)
		m["masked"] = !policy.Sees(r.actor, f)
		if f.Section != "" {
			m["section_label"] = s.word("section."+typ+"."+f.Section, nil)
		}
		if f.Choices != nil {
			choices := make([]map[string]string, 0, len(f.Choices))
			for _, c := range f.Choices {
				choices = append(choices, map[string]string{"id": c, "label": s.word("choice."+typ+"."+f.Name+"."+c, nil)})
			}
			m["choices"] = choices
		}
		if f.Fields != nil {
			m["fields"] = s.fields(r, prefix+"."+f.Name, typ+"."+f.Name, f.Fields)
		}
		out = append(out, m)
	}
	return out
}

func (s *Server) commands(r *request, t *schema.Type) []map[string]any {
	out := []map[string]any{}
	for _, c := range t.Commands {
		if s.opt.Policy.Any(r.actor, c.Name, t.Name) {
			out = append(out, map[string]any{
				"name": c.Name, "label": s.word("command."+t.Name+"."+c.Name, nil), "reason": c.Reason, "form": c.Form,
				"input": s.fields(r, "input."+t.Name+"."+c.Name, t.Name, c.Input),
			})
		}
	}
	return out
}

// states lists the states of a type with their words, in the order of its process or declaration.
func (s *Server) states(t *schema.Type) []map[string]string {
	names := t.States
	for _, p := range s.bundle().Packs {
		for _, f := range p.Flows {
			if f.Type == t.Name {
				names = append(names, flowStates(f.XML)...)
			}
		}
	}
	out := []map[string]string{}
	seen := map[string]bool{}
	for _, n := range names {
		if !seen[n] {
			seen[n] = true
			out = append(out, map[string]string{"id": n, "label": s.word("state."+t.Name+"."+n, nil)})
		}
	}
	return out
}

func flowStates(xml []byte) []string {
	m, err := bpmn.Read(xml)
	if err != nil || m.Main() == nil {
		return nil
	}
	var out []string
	for _, n := range m.Main().Nodes {
		if n.Ext.Task != nil && n.Ext.Task.State != "" {
			out = append(out, n.Ext.Task.State)
		}
	}
	return out
}

// codes gives a code table. Code tables are public: they hold no facts about anybody.
func (s *Server) codes(r *request) (reply, error) {
	t := s.bundle().Set.Codes(r.PathValue("table"))
	if t == nil {
		return reply{}, fault.New(fault.NotFound, "codes.unknown", "table", r.PathValue("table"))
	}
	items := make([]map[string]any, 0, len(t.Entries))
	for _, e := range t.Entries {
		m := map[string]any{"code": e.Code, "name": e.Name, "leaf": e.Leaf}
		if e.Parent != "" {
			m["parent"] = e.Parent
		}
		for k, v := range e.Attrs {
			if v != "" {
				m[k] = v
			}
		}
		items = append(items, m)
	}
	return reply{Body: map[string]any{"name": t.Name, "version": t.Version, "items": items}, Header: map[string]string{"Cache-Control": "private, max-age=60"}}, nil
}

// locale gives the kernel's words for clients: those of pages, faults and general labels.
func (s *Server) locale(*request) (reply, error) {
	out := map[string]string{}
	for _, prefix := range []string{"ui.", "fault.", "kind.", "flow.op.", "sla."} {
		for k, v := range s.bundle().Words(prefix) {
			out[strings.TrimSpace(k)] = v
		}
	}
	return reply{Body: out, Header: map[string]string{"Cache-Control": "private, max-age=300"}}, nil
}
