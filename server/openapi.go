package server

import (
	"maps"

	"chengshu/kernel/schema"
)

// openapi gives an OpenAPI 3.1 document of what the caller may call: one set of paths per record type, with the schemas
// that the declarations give, and the fixed paths of tasks, session and journal.
func (s *Server) openapi(r *request) (reply, error) {
	paths := map[string]any{}
	schemas := map[string]any{"Problem": problemSchema(), "Task": map[string]any{"type": "object", "required": []string{"id", "state", "node"}}}
	for _, t := range s.bundle().Set.Types() {
		actions := s.permitted(r, t)
		if len(actions) == 0 {
			continue
		}
		s.describeType(t, actions, paths, schemas)
	}
	s.describeFixed(paths)
	return reply{Body: map[string]any{
		"openapi": "3.1.0", "info": map[string]any{"title": "Chengshu", "version": "1"},
		"servers": []any{map[string]any{"url": "/"}}, "paths": paths, "components": map[string]any{
			"schemas": schemas,
			"securitySchemes": map[string]any{
				"bearer": map[string]any{"type": "http", "scheme": "bearer"},
				"cookie": map[string]any{"type": "apiKey", "in": "cookie", "name": cookieName},
			},
		},
	}}, nil
}

func problemSchema() map[string]any {
	text := map[string]any{"type": "string"}
	return map[string]any{
		"type": "object", "required": []string{"type", "title", "status", "code", "detail", "trace"},
		"properties": map[string]any{
			"type": text, "title": text, "status": map[string]any{"type": "integer"}, "code": text, "detail": text, "trace": text,
			"errors": map[string]any{"type": "array", "items": map[string]any{
				"type": "object", "required": []string{"pointer", "code", "detail"}, "properties": map[string]any{"pointer": text, "code": text, "detail": text},
			}},
		},
	}
}

func has(list []string, s string) bool { return contains(list, s) }

// describeType adds the paths and schemas of one record type.
func (s *Server) describeType(t *schema.Type, actions []string, paths, schemas map[string]any) {
	name := schemaName(t.Name)
	schemas[name], schemas[name+"Input"] = s.recordSchema(t), s.inputSchema(t)
	ref := map[string]any{"$ref": "#/components/schemas/" + name}
	input := map[string]any{"$ref": "#/components/schemas/" + name + "Input"}
	label := s.word("type."+t.Name, nil)
	base := "/api/v1/records/" + t.Name
	list, one := map[string]any{}, map[string]any{"parameters": []any{parameter("id", "path", true)}}
	if has(actions, "read") {
		list["get"] = operation(label, t.Name, "list", answers(200, map[string]any{
			"type": "object", "required": []string{"items", "next"}, "properties": map[string]any{
				"items": map[string]any{"type": "array", "items": ref}, "next": map[string]any{"type": "string"}, "total": map[string]any{"type": "integer"},
			},
		}), nil, "filter", "q", "bbox", "sort", "limit", "cursor", "fields", "total")
		one["get"] = operation(label, t.Name, "get", answers(200, ref), nil)
		paths[base+"/{id}/history"] = map[string]any{"parameters": []any{parameter("id", "path", true)}, "get": operation(label, t.Name, "history", answers(200, itemList()), nil)}
		paths[base+":aggregate"] = map[string]any{"get": operation(label, t.Name, "aggregate", answers(200, itemList()), nil, "by", "measure", "filter", "q")}
	}
	if has(actions, "create") {
		list["post"] = operation(label, t.Name, "create", answers(201, map[string]any{"type": "object", "required": []string{"id"}}), input)
	}
	if has(actions, "update") {
		one["patch"] = operation(label, t.Name, "update", answers(200, ref), map[string]any{"type": "object"})
	}
	if has(actions, "delete") {
		one["delete"] = operation(label, t.Name, "delete", map[string]any{"204": map[string]any{"description": "done"}, "default": problemAnswer()}, nil, "reason")
	}
	if len(list) > 0 {
		paths[base] = list
	}
	if len(one) > 1 {
		paths[base+"/{id}"] = one
	}
	for _, c := range t.Commands {
		if has(actions, c.Name) {
			paths[base+"/{id}/commands/"+c.Name] = map[string]any{
				"parameters": []any{parameter("id", "path", true)},
				"post":       operation(s.word("command."+t.Name+"."+c.Name, nil), t.Name, c.Name, answers(200, ref), map[string]any{"type": "object"}),
			}
		}
	}
}

func itemList() map[string]any {
	return map[string]any{"type": "object", "required": []string{"items"}, "properties": map[string]any{"items": map[string]any{"type": []string{"array", "null"}}}}
}

func schemaName(typ string) string {
	out := []rune{}
	upper := true
	for _, r := range typ {
		if r == '.' || r == '_' {
			upper = true
			continue
		}
		if upper && r >= 'a' && r <= 'z' {
			r -= 'a' - 'A'
		}
		upper = false
		out = append(out, r)
	}
	return string(out)
}

// recordSchema is what is answered. Values may come masked, so their types are those of the declaration or a string.
func (s *Server) recordSchema(t *schema.Type) map[string]any {
	text := map[string]any{"type": "string"}
	props := map[string]any{"type": text, "id": text, "rev": map[string]any{"type": "integer"}, "_display": map[string]any{"type": "object"}}
	for _, n := range []string{"number", "title", "state", "area", "org", "owner", "created_at", "created_by", "updated_at", "updated_by"} {
		props[n] = text
	}
	for _, f := range t.FieldList {
		sch := f.JSONSchema()
		if f.Grade > 1 {
			sch = map[string]any{"anyOf": []any{sch, text, map[string]any{"type": "object"}, map[string]any{"type": "null"}}}
		}
		props[f.Name] = described(sch, s.label(t.Name)(f.Name))
	}
	return map[string]any{"type": "object", "required": []string{"id", "type", "rev"}, "properties": props}
}

func (s *Server) inputSchema(t *schema.Type) map[string]any {
	props := map[string]any{}
	required := []string{}
	for _, f := range t.FieldList {
		if !f.Writable() {
			continue
		}
		props[f.Name] = described(f.JSONSchema(), s.label(t.Name)(f.Name))
		if f.Required && f.Default == "" {
			required = append(required, f.Name)
		}
	}
	return map[string]any{"type": "object", "properties": props, "required": required, "additionalProperties": false}
}

func described(sch map[string]any, label string) map[string]any {
	out := map[string]any{"description": label}
	maps.Copy(out, sch)
	return out
}

func parameter(name, in string, required bool) map[string]any {
	return map[string]any{"name": name, "in": in, "required": required, "schema": map[string]any{"type": "string"}}
}

func operation(summary, typ, id string, responses, body map[string]any, queries ...string) map[string]any {
	op := map[string]any{"summary": summary, "operationId": typ + "." + id, "responses": responses, "security": []any{map[string]any{"bearer": []string{}}, map[string]any{"cookie": []string{}}, map[string]any{}}}
	if body != nil {
		op["requestBody"] = map[string]any{"content": map[string]any{"application/json": map[string]any{"schema": body}}}
	}
	var params []any
	for _, q := range queries {
		params = append(params, parameter(q, "query", false))
	}
	if id == "update" || id == "delete" {
		params = append(params, parameter("If-Match", "header", true))
	}
	if params != nil {
		op["parameters"] = params
	}
	return op
}

func answers(code int, sch map[string]any) map[string]any {
	return map[string]any{
		text(code): map[string]any{"description": "ok", "content": map[string]any{"application/json": map[string]any{"schema": sch}}},
		"default":  problemAnswer(),
	}
}

func problemAnswer() map[string]any {
	return map[string]any{"description": "problem", "content": map[string]any{"application/problem+json": map[string]any{"schema": map[string]any{"$ref": "#/components/schemas/Problem"}}}}
}

// describeFixed adds the paths that do not depend on declarations.
func (s *Server) describeFixed(paths map[string]any) {
	object := map[string]any{"type": "object"}
	get := func(path, id string, sch map[string]any, queries ...string) {
		paths[path] = map[string]any{"get": operation(id, "core", id, answers(200, sch), nil, queries...)}
	}
	get("/api/v1/me", "me", object)
	get("/api/v1/types", "types", itemList())
	get("/api/v1/tasks", "tasks", itemList(), "state", "scope", "type", "limit", "cursor")
	get("/api/v1/inbox", "inbox", itemList(), "unread")
	get("/api/v1/indicators", "indicators", itemList(), "pack")
	get("/api/v1/areas", "areas", itemList(), "parent")
	get("/api/v1/journal", "journal", itemList(), "subject", "actor", "action", "limit", "cursor")
	paths["/api/v1/session"] = map[string]any{
		"post":   operation("sign in", "core", "signIn", answers(200, map[string]any{"type": "object", "required": []string{"token", "person", "posts"}}), object),
		"delete": operation("sign out", "core", "signOut", map[string]any{"204": map[string]any{"description": "done"}, "default": problemAnswer()}, nil),
	}
	paths["/api/v1/tasks/{id}/commands/{command}"] = map[string]any{
		"parameters": []any{parameter("id", "path", true), parameter("command", "path", true)},
		"post":       operation("task command", "core", "taskCommand", answers(200, object), object),
	}
}
