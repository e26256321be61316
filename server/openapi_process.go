package server

// processSchemas are the shapes of work on running processes: by supervisors, by administrators, on many tasks at once.
func processSchemas() map[string]any {
	level := []string{"green", "warn", "yellow", "red"}
	incident := shape("id", "instance", "process", "process_label", "type", "type_label", "record", "number null|", "title", "node", "label", "code", "text",
		"detail", "call boolean", "at datetime", "commands []")
	return map[string]any{
		"Clock":        enumerated(shape("name", "label", "level", "due datetime", "card boolean"), "level", level...),
		"RunningClock": enumerated(shape("name", "label", "level", "due datetime", "card boolean", "state"), "level", level...),
		"Running": shape("instance", "process", "label", "version integer", "latest integer", "state", "state_label", "clocks []#RunningClock", "commands []",
			"targets? []#Step", "tokens? []#Token", "incidents []#Incident", "children []#Child"),
		"Step":     shape("node", "label"),
		"Token":    shape("id integer", "node", "label", "state"),
		"Child":    shape("instance", "label", "state"),
		"Incident": incident,
		"ProcessInput": shape("data? null|object", "reason?", "outcome?", "target?", "to? null|[]", "limit?", "basis?", "notice?", "rev? integer", "sla?",
			"token? integer", "instance?", "version? integer", "map? null|object"),
		"RecordKey": shape("type", "id"),
		"BatchTask": shape("id", "rev? integer"),
		"BatchInput": shape("command", "tasks []#BatchTask", "data? null|object", "reason?", "outcome?", "target?", "to? null|[]", "limit?", "basis?", "notice?",
			"sla?", "next?", "direct? boolean", "before? boolean"),
		"BatchItem":     shape("task", "number null|", "title", "done boolean", "fault? #BatchFault"),
		"BatchFault":    shape("code", "detail"),
		"Block":         shape("code", "label", "count integer"),
		"MigrationNode": shape("node", "label", "to", "to_label", "itself boolean", "tokens integer", "blocks []#Block"),
		"MigrationPlan": shape("from integer", "to integer", "instances integer", "ready integer", "nodes []#MigrationNode", "targets []#Step", "xml_from", "xml_to"),
		"NotMigrated":   shape("instance", "type", "record", "number null|", "code", "label"),
		"Migrated":      shape("done integer", "refused []#NotMigrated", "next"),
	}
}
