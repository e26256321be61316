package server

import (
	"slices"

	"chengshu/kernel/policy"
	"chengshu/kernel/schema"
)

// describeType adds the paths and schemas of one record type, as far as the caller may use them.
func (s *Server) describeType(r *request, d *document, t *schema.Type, actions []string) {
	name, base, label := schemaName(t.Name), "/api/v1/records/"+t.Name, s.word("type."+t.Name, nil)
	one := base + "/{id}"
	can := func(action string) bool { return slices.Contains(actions, action) }
	add := func(method, path, id string, c call) {
		c.id = t.Name + "." + id
		if c.summary == "" {
			c.summary = label
		}
		d.add(method, path, c)
	}
	d.schemas[name], d.schemas[name+"Input"] = s.recordSchema(r, t), s.inputSchema(t)
	record := reference(name)
	changed := record // who may not read what was changed gets a receipt
	if !can("read") {
		changed = reference("Receipt")
	} else if !s.readsAll(r, t) {
		changed = map[string]any{"anyOf": []any{record, reference("Receipt")}}
	}
	selection := []string{"filter", "q", "bbox", "sort", "limit integer", "cursor", "total", "deleted"}
	if can("read") {
		add("GET", base, "list", call{status: 200, answer: listOf(name, "next", "total? integer"), query: append(selection, "fields")})
		add("GET", one, "get", call{status: 200, answer: record})
		add("GET", base+":aggregate", "aggregate", call{status: 200, answer: listOf("Group"), query: append(selection, "by", "measure")})
		add("GET", one+"/timeline", "timeline", call{status: 200, answer: listOf("Story")})
		add("GET", one+"/tasks", "tasks", call{status: 200, answer: listOf("Task")})
		add("GET", one+"/actions", "actions", call{status: 200, answer: shape("commands []#Command", "tasks []#Task")})
		add("GET", one+"/proof", "proof", call{status: 200, answer: reference("Proof")})
		add("GET", one+"/explain", "explain", call{status: 200, answer: reference("Decision"), query: []string{"action"}})
		add("GET", one+"/decisions", "decisions", call{status: 200, answer: listOf("Decided")})
		if t.Flow != "" {
			add("GET", one+"/flow", "flow", call{status: 200, answer: reference("Flow")})
		}
		if t.Duplicates != nil {
			add("GET", one+"/duplicates", "duplicates", call{status: 200, answer: shape("items []#" + name + "Twin")})
			d.schemas[name+"Twin"] = shape("record #"+name, "score number", "distance number")
		}
	}
	if t.Flow != "" && (can("read") || can("admin")) && r.signedIn() == nil {
		add("GET", one+"/process", "process", call{status: 200, answer: reference("Running"), query: []string{"instance"}})
		add("POST", one+"/process/{command}", "processCommand", call{status: 200, answer: reference("Running"), body: reference("ProcessInput"), key: true})
	}
	if can("history") {
		add("GET", one+"/history", "history", call{status: 200, answer: listOf("Revision")})
	}
	if can("create") {
		add("POST", base, "create", call{status: 201, answer: changed, body: reference(name + "Input"), key: true})
	}
	if can("update") {
		d.schemas[name+"Patch"] = s.patchSchema(r, t)
		add("PATCH", one, "update", call{status: 200, answer: changed, body: reference(name + "Patch"), match: true, key: true, query: []string{"reason"}})
	}
	if can("delete") {
		add("DELETE", one, "delete", call{status: 204, match: true, key: true, query: []string{"reason"}})
	}
	s.describeSheets(add, base, can, selection)
	s.describeCommands(add, t, one, changed, can)
}

type adder func(method, path, id string, c call)

func (s *Server) describeSheets(add adder, base string, can func(string) bool, selection []string) {
	if can("export") {
		add("GET", base+":export", "export", call{status: 200, media: "*/*", query: append(selection, "format")})
	}
	if can("import") {
		add("GET", base+":template", "template", call{status: 200, media: "*/*", query: []string{"format"}})
		add("POST", base+":import", "import", call{status: 200, answer: reference("Imported"), form: reference("Upload"), query: []string{"dry"}, key: true})
	}
}

func (s *Server) describeCommands(add adder, t *schema.Type, one string, changed map[string]any, can func(string) bool) {
	bulk := can("delete") || can("restore")
	command := func(name, summary string, answer map[string]any) {
		add("POST", one+"/commands/"+name, name, call{summary: summary, status: 200, answer: answer, body: reference("CommandInput"), key: true})
	}
	for _, c := range t.Commands {
		if can(c.Name) {
			bulk = true
			command(c.Name, s.word("command."+t.Name+"."+c.Name, nil), changed)
		}
	}
	for name, answer := range map[string]map[string]any{"unmask": shape("fields object"), "restore": changed, "merge": changed} {
		if can(name) && t.Command(name) == nil && (name != "merge" || t.Duplicates != nil) {
			command(name, "", answer)
		}
	}
	if bulk {
		add("POST", "/api/v1/records/"+t.Name+":bulk", "bulk", call{status: 200, answer: listOf("BulkItem"), body: reference("BulkInput"), key: true})
	}
}

// readsAll tells whether the caller reads every record of the type, so that a change is always answered in full.
func (s *Server) readsAll(r *request, t *schema.Type) bool {
	sql, _, err := s.opt.Policy.Filter(r.actor, "read", t)
	return err == nil && sql == "TRUE"
}

// recordSchema is what is answered. Values above the caller's clearance come masked: as text, as what remains of a
// document, or not at all.
func (s *Server) recordSchema(r *request, t *schema.Type) map[string]any {
	out := shape("type", "id", "rev integer", "number?", "title?", "state?", "area?", "org?", "owner?", "created_at? datetime", "created_by?", "updated_at? datetime", "updated_by?",
		"deleted_at? datetime", "_display object", "_masked? []", "_light? #Light")
	props, _ := out["properties"].(map[string]any)
	for _, f := range t.FieldList {
		sch := f.JSONSchema()
		if !policy.Sees(r.actor, f) {
			sch = map[string]any{"type": []string{"string", "object", "null"}}
		}
		props[f.Name] = described(sch, s.label(t.Name)(f.Name))
	}
	return out
}

// inputSchema is what a creation takes.
func (s *Server) inputSchema(t *schema.Type) map[string]any {
	props := map[string]any{}
	required := []string{}
	for _, f := range t.FieldList {
		if !f.Writable() {
			continue
		}
		props[f.Name] = described(emptied(f.JSONSchema()), s.label(t.Name)(f.Name))
		if f.Required && f.Default == "" {
			required = append(required, f.Name)
		}
	}
	out := map[string]any{"type": "object", "properties": props, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

// patchSchema is what a change takes (RFC 7396): any of the fields the caller sees; null empties one.
func (s *Server) patchSchema(r *request, t *schema.Type) map[string]any {
	props := map[string]any{}
	for _, f := range t.FieldList {
		if f.Writable() && f.Grade <= r.actor.Clearance {
			props[f.Name] = described(emptied(f.JSONSchema()), s.label(t.Name)(f.Name))
		}
	}
	return map[string]any{"type": "object", "properties": props, "additionalProperties": false}
}

// emptied allows null and the empty text, which both mean no value.
func emptied(sch map[string]any) map[string]any {
	return map[string]any{"anyOf": []any{sch, map[string]any{"type": "null"}, map[string]any{"const": ""}}}
}
