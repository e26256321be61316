package server

import (
	"maps"
	"strings"

	"chengshu/kernel/decision"
)

// shape writes the JSON Schema of an object in one line a member: "name", "name?" for one that may be absent, then the
// type where it is no string: integer, number, boolean, datetime, date, any, object, null|T, []T, #Component.
func shape(members ...string) map[string]any {
	props := map[string]any{}
	required := []string{}
	for _, m := range members {
		name, typ, _ := strings.Cut(m, " ")
		name, optional := strings.CutSuffix(name, "?")
		if !optional {
			required = append(required, name)
		}
		props[name] = typed(typ)
	}
	out := map[string]any{"type": "object", "properties": props}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

func typed(typ string) map[string]any {
	if of, ok := strings.CutPrefix(typ, "[]"); ok {
		return map[string]any{"type": "array", "items": typed(of)}
	}
	if of, ok := strings.CutPrefix(typ, "null|"); ok {
		return map[string]any{"anyOf": []any{typed(of), map[string]any{"type": "null"}}}
	}
	if of, ok := strings.CutPrefix(typ, "#"); ok {
		return reference(of)
	}
	switch typ {
	case "":
		return map[string]any{"type": "string"}
	case "datetime":
		return map[string]any{"type": "string", "format": "date-time"}
	case "date":
		return map[string]any{"type": "string", "format": "date"}
	case "any":
		return map[string]any{}
	case "scalar":
		return map[string]any{"type": []string{"string", "number", "boolean", "null"}}
	}
	return map[string]any{"type": typ}
}

func reference(name string) map[string]any {
	return map[string]any{"$ref": "#/components/schemas/" + name}
}

// listOf is a list answer: items, and for those that are paged the cursor of the next page.
func listOf(component string, more ...string) map[string]any {
	return shape(append([]string{"items []#" + component}, more...)...)
}

// enumerated narrows a member of a shape to a closed list.
func enumerated(sch map[string]any, member string, values ...string) map[string]any {
	if props, ok := sch["properties"].(map[string]any); ok {
		props[member] = map[string]any{"type": "string", "enum": values}
	}
	return sch
}

// coreSchemas are the shapes that do not depend on declarations.
func coreSchemas() map[string]any {
	light := []string{"green", "yellow", "red", "paused", "done", "none"}
	out := map[string]any{
		"Problem":      shape("type", "title", "status integer", "code", "detail", "trace", "errors? []#ProblemField"),
		"ProblemField": shape("pointer", "code", "detail"),
		"Name":         shape("id", "name"),
		"Label":        shape("id", "label"),
		"Post":         shape("id", "name", "org", "org_name", "area", "area_name", "roles []", "for?", "for_name?"),
		"StandIn": shape("id", "person", "person_name", "deputy", "deputy_name", "post", "posts []#Post", "first date", "last date", "reason", "by_name",
			"state", "side", "waiting? integer"),
		"SignedIn":  shape("token", "person #Name", "posts []#Post", "post", "must_change boolean"),
		"MenuEntry": shape("id", "label", "order integer", "type?", "filter?", "page?", "pack?"),
		"Me": shape("person #Name", "preferences object", "post", "posts []#Post", "roles []", "clearance integer", "menu []#MenuEntry",
			"unread integer", "demo boolean", "note"),
		"Session":     shape("id", "created datetime", "seen datetime", "agent", "ip", "current boolean"),
		"DemoAccount": shape("username", "name", "role", "role_label", "org_name", "password"),
		"TypeSummary": shape("name", "label", "pack", "pack_label", "actions []"),
		"Type": shape("name", "label", "pack", "flow boolean", "sort", "actions []", "states []#Label", "fields []#Field", "commands []#Command",
			"duplicates boolean", "share any", "place", "anchor", "related []#Related"),
		"Field": shape("name", "label", "type", "grade integer", "masked boolean", "required? boolean", "max? integer", "min? integer", "low?", "high?",
			"scale? integer", "pattern?", "of?", "choices? []#Label", "leaf? boolean", "as?", "list? integer", "filter? boolean", "search? boolean",
			"section?", "section_label?", "readonly? boolean", "visible? any", "required_when? any", "compute? any", "fields? []#Field"),
		"Command": shape("name", "label", "reason boolean", "form null|[]", "input []#Field"),
		"Related": shape("type", "field", "label"),
		"Code":    open(shape("code", "name", "leaf boolean", "parent?")),
		"Group":   shape("keys []any", "labels []", "value any", "where object", "filter?"),
		"Revision": shape("rev integer", "op", "at datetime", "by", "by_name?", "reason?",
			"fields object"),
		"Story": enumerated(shape("at datetime", "kind", "label", "by_name", "reason", "op?", "rev? integer", "node_label?", "outcome_label?", "detail?"),
			"kind", "record", "task", "sla", "notice", "decision"),
		"FormField": shape("name", "required boolean"),
		"Outcome":   shape("id", "label", "reason boolean", "form []#FormField"),
		"Task": enumerated(shape("id", "state", "kind", "instance", "node", "label", "type", "type_label", "record", "number null|", "title", "assignee",
			"assignee_name?", "mine boolean", "claimable boolean", "created datetime", "due? datetime", "light", "outcome", "done? datetime", "done_by_name?",
			"form []#FormField", "show null|[]", "outcomes []#Outcome", "commands []", "choose boolean", "clocks? []#Clock", "left?", "pauses? []#Pause"), "light", light...),
		"Pause":        shape("code", "label", "basis", "notice boolean", "max?"),
		"Light":        enumerated(shape("color", "due datetime", "provisional boolean", "name"), "color", light...),
		"ReturnTarget": shape("node", "label", "handler_name", "cancels []", "direct boolean", "refused?"),
		"TaskResult":   shape("record object", "tasks []#Task"),
		"CommandInput": shape("data? null|object", "reason?", "outcome?", "target?", "to? null|[]", "limit?", "basis?", "notice?", "rev? integer", "direct? boolean", "before? boolean",
			"sla?", "next?"),
		"Flow":      shape("xml", "active []", "done []", "state"),
		"Decision":  shape("allowed boolean", "rule? object", "tried? []object"),
		"Inclusion": shape("seq integer", "entry object", "sm3 null|[]", "sha256 null|[]"),
		"Proof":     shape("format", "checkpoint", "entries []#Inclusion"),
		"Entry": shape("id", "seq integer", "at datetime", "actor", "actor_name", "post", "via", "action", "subject", "rev integer", "reason", "request",
			"body any"),
		"File":      shape("id", "sum", "name", "size integer", "type"),
		"Upload":    map[string]any{"type": "object", "required": []string{"file"}, "properties": map[string]any{"file": map[string]any{"type": "string", "format": "binary"}}},
		"RowFault":  shape("row integer", "field?", "detail"),
		"Imported":  shape("rows integer", "created integer", "updated integer", "failed integer", "errors []#RowFault", "file?"),
		"BulkInput": shape("ids []", "command", "data? null|object", "reason?"),
		"BulkItem":  shape("id", "ok boolean", "error? #Problem"),
		"Receipt":   shape("type", "id", "rev integer", "number?"),
		"Notice":    shape("id", "at datetime", "text", "title", "subject", "type", "record", "read boolean"),
		"Person":    shape("id", "name", "org_name?", "roles? []"),
		"Org":       shape("path", "name", "parent"),
		"Area":      shape("path", "code", "name", "level"),
		"Layer":     enumerated(shape("id", "label", "kind", "type?", "geometry", "min_zoom integer", "color?"), "kind", "base", "records"),
		"Map":       shape("bbox []number", "layers []#Layer", "note"),
		"Indicator": shape("id", "label", "basis", "unit", "by []#Label", "weight number", "type", "lower boolean"),
		"Row":       shape("key any", "label", "numerator any", "denominator? any", "value any", "filter?"),
		"IndicatorAnswer": shape("id", "label", "basis", "unit", "by []#Label", "weight number", "type", "lower boolean", "formula", "rows null|[]#Row",
			"total #Row", "from date", "to date"),
		"Codes": shape("name", "version", "items []#Code"),
	}
	maps.Copy(out, decisionSchemas())
	maps.Copy(out, processSchemas())
	return out
}

// decisionSchemas are the shapes of decisions and of numbers about processes.
func decisionSchemas() map[string]any {
	verdicts := []string{decision.Yes, decision.No, decision.Incomplete, decision.Value, decision.None}
	return map[string]any{
		"Process":        shape("key", "label", "type", "type_label", "versions []#ProcessVersion", "migrate boolean"),
		"ProcessVersion": shape("version integer", "running integer", "ended integer"),
		"Spread":         shape("n integer", "p50 null|integer", "p90 null|integer"),
		"ProcessNode": shape("version integer", "node", "label", "entered integer", "open integer", "done integer", "cancelled integer", "returned integer",
			"rework integer", "overdue integer", "forecast null|integer", "wait #Spread", "work #Spread", "duration #Spread"),
		"Measure": shape("id", "label", "basis"),
		"ProcessInsight": shape("key", "label", "type", "type_label", "versions []#ProcessVersion", "migrate boolean", "nodes []#ProcessNode", "xml", "picture integer",
			"measures []#Measure", "from date", "to date"),
		"ProcessCase": shape("task", "type", "record", "number null|", "title", "version integer", "node", "label", "state", "state_label", "assignee_name?",
			"created datetime", "claimed? datetime", "done? datetime", "due? datetime"),
		"Calculator":    shape("key", "label", "version", "from null|date", "to null|date", "law boolean", "decisions []#CalculatorOf"),
		"CalculatorOf":  shape("id", "name", "inputs []#DecisionInput"),
		"DecisionInput": shape("name", "label", "type"),
		"DecisionRule":  shape("table", "row integer", "basis []"),
		"DecisionFact":  shape("name", "label", "value any", "masked? boolean"),
		"MissingFact":   shape("name", "label"),
		"Evaluation": enumerated(shape("key", "version", "sha256", "decision", "date date", "verdict", "verdict_label", "value any", "missing []#MissingFact",
			"rules []#DecisionRule", "trace object"), "verdict", verdicts...),
		"Decided": enumerated(shape("id", "at datetime", "by_name", "node", "node_label", "key", "version", "sha256", "decision", "verdict", "verdict_label",
			"value any", "inputs []#DecisionFact", "missing []#MissingFact", "rules []#DecisionRule", "text", "masked? boolean", "trace? object"), "verdict", verdicts...),
	}
}

// open lets further text members into a shape.
func open(sch map[string]any) map[string]any {
	sch["additionalProperties"] = map[string]any{"type": "string"}
	return sch
}
