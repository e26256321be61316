package server

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// document is an OpenAPI 3.1 document in the making.
type document struct {
	paths   map[string]any
	schemas map[string]any
}

// openapi gives an OpenAPI 3.1 document of what the caller may call: one set of paths per record type, with the schemas
// that the declarations give, and the fixed paths of session, tasks, files, map and journal.
func (s *Server) openapi(r *request) (reply, error) {
	d := &document{paths: map[string]any{}, schemas: coreSchemas()}
	for _, t := range s.bundle().Set.Types() {
		if actions := s.permitted(r, t); len(actions) > 0 {
			s.describeType(r, d, t, actions)
		}
	}
	s.describeDecisions(r, d)
	d.core(r.signedIn() == nil, s.auditor(r) == nil, s.opt.Demo != nil)
	return reply{Body: map[string]any{
		"openapi": "3.1.0", "info": map[string]any{"title": "Chengshu", "version": "1", "license": map[string]any{"name": "Apache-2.0", "identifier": "Apache-2.0"}},
		"servers": []any{map[string]any{"url": "/"}}, "paths": d.paths, "components": map[string]any{
			"schemas": d.schemas,
			"securitySchemes": map[string]any{
				"bearer": map[string]any{"type": "http", "scheme": "bearer"},
				"cookie": map[string]any{"type": "apiKey", "in": "cookie", "name": cookieName},
			},
		},
	}}, nil
}

// call describes one operation.
type call struct {
	id, summary string
	status      int            // of success
	answer      map[string]any // schema of a JSON answer; nil for none
	media       string         // media type of an answer that is no JSON
	body        map[string]any // schema of a JSON body; nil for none
	form        map[string]any // schema of a multipart body
	query       []string       // "name", "name!" for a required one, "name integer"
	match       bool           // needs If-Match
	key         bool           // takes an Idempotency-Key
}

// add puts an operation under its path; the parameters of the path are found in it.
func (d *document) add(method, path string, c call) {
	item, _ := d.paths[path].(map[string]any)
	if item == nil {
		item = map[string]any{}
		d.paths[path] = item
		if params := pathParameters(path); params != nil {
			item["parameters"] = params
		}
	}
	if c.summary == "" {
		c.summary = c.id
	}
	op := map[string]any{
		"summary": c.summary, "operationId": c.id, "responses": c.responses(),
		"security": []any{map[string]any{"bearer": []string{}}, map[string]any{"cookie": []string{}}, map[string]any{}},
	}
	content := map[string]any{}
	if c.body != nil {
		content["application/json"] = map[string]any{"schema": c.body}
	}
	if c.form != nil {
		content["multipart/form-data"] = map[string]any{"schema": c.form}
	}
	if len(content) > 0 {
		op["requestBody"] = map[string]any{"required": true, "content": content}
	}
	if params := c.parameters(); params != nil {
		op["parameters"] = params
	}
	item[strings.ToLower(method)] = op
}

func (c call) responses() map[string]any {
	ok := map[string]any{"description": http.StatusText(c.status)}
	switch {
	case c.answer != nil:
		ok["content"] = map[string]any{"application/json": map[string]any{"schema": c.answer}}
	case c.media != "":
		ok["content"] = map[string]any{c.media: map[string]any{"schema": map[string]any{"type": "string"}}}
	}
	problem := map[string]any{"application/problem+json": map[string]any{"schema": reference("Problem")}}
	return map[string]any{text(c.status): ok, "default": map[string]any{"description": "problem", "content": problem}}
}

func (c call) parameters() []any {
	var out []any
	for _, q := range c.query {
		name, typ, _ := strings.Cut(q, " ")
		name, required := strings.CutSuffix(name, "!")
		out = append(out, parameter(name, "query", required, typ))
	}
	if c.match {
		out = append(out, parameter("If-Match", "header", true, ""))
	}
	if c.key {
		out = append(out, parameter("Idempotency-Key", "header", false, ""))
	}
	return out
}

func parameter(name, in string, required bool, typ string) map[string]any {
	return map[string]any{"name": name, "in": in, "required": required, "schema": typed(typ)}
}

func pathParameters(path string) []any {
	var out []any
	for part := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			out = append(out, parameter(strings.TrimSuffix(name, "}"), "path", true, ""))
		}
	}
	return out
}

func described(sch map[string]any, label string) map[string]any {
	out := map[string]any{"description": label}
	maps.Copy(out, sch)
	return out
}

// schemaName makes "UrbanCase" of "urban.case".
func schemaName(typ string) string {
	var out strings.Builder
	for part := range strings.FieldsFuncSeq(typ, func(r rune) bool { return r == '.' || r == '_' }) {
		out.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return out.String()
}

// core adds the paths that do not depend on declarations.
func (d *document) core(signedIn, auditor, demo bool) {
	get := func(path, id string, answer map[string]any, query ...string) {
		d.add("GET", path, call{id: id, status: 200, answer: answer, query: query})
	}
	d.add("POST", "/api/v1/session", call{id: "signIn", status: 200, answer: reference("SignedIn"), body: shape("username", "password")})
	d.add("DELETE", "/api/v1/session", call{id: "signOut", status: 204})
	get("/api/v1/types", "types", listOf("TypeSummary"))
	get("/api/v1/types/{type}", "type", reference("Type"))
	get("/api/v1/codes/{table}", "codes", reference("Codes"))
	get("/api/v1/areas", "areas", listOf("Area"), "parent")
	get("/api/v1/map", "map", reference("Map"))
	get("/api/v1/indicators", "indicators", listOf("Indicator"), "pack")
	get("/api/v1/indicators/{id}", "indicator", reference("IndicatorAnswer"), "from date", "to date", "by")
	get("/api/v1/decisions", "decisions", listOf("Calculator"), "date date")
	d.add("POST", "/api/v1/decisions/{key}/{decision}", call{ // the last part ends in ":evaluate"
		id: "evaluate", status: 200, answer: reference("Evaluation"), body: shape("inputs object", "date? date"),
	})
	get("/api/v1/locale/zh-CN", "locale", map[string]any{"type": "object", "additionalProperties": typed("")})
	get("/api/openapi.json", "openapi", typed("object"))
	d.add("POST", "/api/v1/files", call{id: "upload", status: 201, answer: reference("File"), form: reference("Upload")})
	d.add("GET", "/api/v1/files/{id}", call{id: "download", status: 200, media: "*/*"})
	d.add("GET", "/tiles/{layer}/{z}/{x}/{y}", call{id: "tile", status: 200, media: "application/vnd.mapbox-vector-tile"})
	d.add("GET", "/api/v1/journal/checkpoint", call{id: "checkpoint", status: 200, media: "text/plain"})
	if demo {
		get("/api/v1/demo/accounts", "demoAccounts", listOf("DemoAccount"))
	}
	if signedIn {
		d.signedIn(get)
	}
	if auditor {
		get("/api/v1/journal/proof", "journalProof", reference("Proof"), "seq! integer")
	}
	d.drop()
}

// signedIn adds what visitors cannot call.
func (d *document) signedIn(get func(path, id string, answer map[string]any, query ...string)) {
	d.add("PUT", "/api/v1/session", call{id: "switchPost", status: 200, answer: reference("Me"), body: shape("post")})
	d.add("POST", "/api/v1/password", call{id: "changePassword", status: 204, body: shape("old", "new")})
	get("/api/v1/me", "me", reference("Me"))
	d.add("PUT", "/api/v1/me/preferences/{name}", call{id: "setPreference", status: 204, body: shape("value? any")})
	get("/api/v1/sessions", "sessions", listOf("Session"))
	d.add("DELETE", "/api/v1/sessions/{id}", call{id: "killSession", status: 204})
	get("/api/v1/standins", "standIns", listOf("StandIn"), "person")
	d.add("POST", "/api/v1/standins", call{id: "appointStandIn", status: 201, answer: reference("StandIn"), body: shape("person?", "deputy", "post?", "first date", "last date", "reason"), key: true})
	d.add("DELETE", "/api/v1/standins/{id}", call{id: "dismissStandIn", status: 204, key: true})
	get("/api/v1/tasks", "tasks", listOf("Task", "next"), "state", "scope", "type", "node", "limit integer", "cursor")
	get("/api/v1/tasks/{id}/return-targets", "returnTargets", listOf("ReturnTarget"))
	d.add("POST", "/api/v1/tasks/{id}/commands/{command}", call{id: "taskCommand", status: 200, answer: reference("TaskResult"), body: reference("CommandInput"), key: true})
	d.add("POST", "/api/v1/tasks:act", call{id: "actOnTasks", status: 200, answer: listOf("BatchItem", "done integer", "refused integer"), body: reference("BatchInput"), key: true})
	get("/api/v1/inbox", "inbox", listOf("Notice", "unread integer", "next"), "unread", "cursor")
	d.add("POST", "/api/v1/inbox/{id}/read", call{id: "inboxRead", status: 204})
	d.add("POST", "/api/v1/inbox/read-all", call{id: "inboxReadAll", status: 204})
	d.add("GET", "/api/v1/events", call{id: "events", status: 200, media: "text/event-stream"})
	get("/api/v1/people", "people", listOf("Person"), "q", "role", "org")
	get("/api/v1/processes", "processes", listOf("Process"))
	get("/api/v1/processes/{key}/insight", "processInsight", reference("ProcessInsight"), "version integer", "from date", "to date")
	get("/api/v1/processes/{key}/cases", "processCases", listOf("ProcessCase"), "node", "measure", "version integer", "from date", "to date", "limit integer")
	plan := shape("from integer", "to integer", "map? null|object")
	d.add("POST", "/api/v1/processes/{key}/migration:plan", call{id: "planMigration", status: 200, answer: reference("MigrationPlan"), body: plan})
	d.add("POST", "/api/v1/processes/{key}/migration", call{
		id: "migrate", status: 200, answer: reference("Migrated"), key: true,
		body: shape("from integer", "to integer", "map? null|object", "reason", "after?", "limit? integer"),
	})
	get("/api/v1/incidents", "incidents", listOf("Incident", "next"), "type", "process", "limit integer", "cursor")
	d.add("POST", "/api/v1/incidents/{id}/commands/{command}", call{
		id: "incidentCommand", status: 200, answer: shape("record #RecordKey"), body: reference("CommandInput"), key: true,
	})
	get("/api/v1/orgs", "orgs", listOf("Org"))
	get("/api/v1/journal", "journal", listOf("Entry", "next"), "subject", "actor", "action", "limit integer", "cursor")
}

// drop removes the schemas that nothing refers to, such as those of calls the caller has no part in.
func (d *document) drop() {
	used := map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		switch x := v.(type) {
		case map[string]any:
			if ref, ok := x["$ref"].(string); ok {
				if name := ref[strings.LastIndex(ref, "/")+1:]; !used[name] {
					used[name] = true
					walk(d.schemas[name])
				}
			}
			for _, k := range slices.Sorted(maps.Keys(x)) {
				walk(x[k])
			}
		case []any:
			for _, one := range x {
				walk(one)
			}
		}
	}
	walk(d.paths)
	maps.DeleteFunc(d.schemas, func(name string, _ any) bool { return !used[name] })
}
