package crash_test

import (
	"context"
	"encoding/xml"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"chengshu/base/store"
	"chengshu/packs"
)

// contradictions are queries that count what must not be; every number is 0 whenever one looks, also right after a kill
// and before anything was started again.
func contradictions() map[string]string {
	return map[string]string{
		"cases without a process":       `SELECT COUNT(*) FROM urban_case c WHERE NOT EXISTS (SELECT 1 FROM flow_inst i WHERE i.biz_type = 'urban.case' AND i.biz_id = c.id)`,
		"processes without a case":      `SELECT COUNT(*) FROM flow_inst i WHERE i.biz_type = 'urban.case' AND NOT EXISTS (SELECT 1 FROM urban_case c WHERE i.biz_id = c.id)`,
		"running processes at no node":  `SELECT COUNT(*) FROM flow_inst i WHERE i.state = 'running' AND NOT EXISTS (SELECT 1 FROM flow_token x WHERE x.inst = i.id)`,
		"ended processes at a node":     `SELECT COUNT(*) FROM flow_inst i WHERE i.state IN ('finished', 'cancelled') AND EXISTS (SELECT 1 FROM flow_token x WHERE x.inst = i.id)`,
		"ended processes with tasks":    `SELECT COUNT(*) FROM flow_inst i WHERE i.state IN ('finished', 'cancelled') AND EXISTS (SELECT 1 FROM flow_task k WHERE k.inst = i.id AND k.state = 'open' AND k.kind <> 'copy')`,
		"ended processes with timers":   `SELECT COUNT(*) FROM flow_inst i WHERE i.state IN ('finished', 'cancelled') AND EXISTS (SELECT 1 FROM flow_timer m WHERE m.inst = i.id)`,
		"ended processes that wait":     `SELECT COUNT(*) FROM flow_inst i WHERE i.state IN ('finished', 'cancelled') AND EXISTS (SELECT 1 FROM flow_sub m WHERE m.inst = i.id)`,
		"tokens that nothing will move": `SELECT COUNT(*) FROM flow_token x WHERE NOT EXISTS (SELECT 1 FROM flow_task k WHERE k.inst = x.inst AND k.token = x.id AND k.state IN ('open', 'blocked')) AND NOT EXISTS (SELECT 1 FROM flow_timer m WHERE m.inst = x.inst AND m.holder = x.id) AND NOT EXISTS (SELECT 1 FROM flow_sub s WHERE s.inst = x.inst AND s.holder = x.id)`,
		"open tasks of no token":        `SELECT COUNT(*) FROM flow_task k WHERE k.state = 'open' AND k.kind = 'node' AND NOT EXISTS (SELECT 1 FROM flow_token x WHERE x.inst = k.inst AND x.id = k.token AND x.node = k.node)`,
		"candidates of closed tasks":    `SELECT COUNT(*) FROM flow_task_cand d WHERE NOT EXISTS (SELECT 1 FROM flow_task k WHERE k.id = d.task AND k.state IN ('open', 'blocked'))`,
		"open tasks nobody may take":    `SELECT COUNT(*) FROM flow_task k WHERE k.state = 'open' AND NOT EXISTS (SELECT 1 FROM flow_task_cand d WHERE d.task = k.id)`,
		"processes with gaps":           `SELECT COUNT(*) FROM flow_inst i WHERE i.rev <> (SELECT COUNT(*) FROM flow_hist h WHERE h.inst = i.id)`,
		"process steps not on record":   `SELECT COUNT(*) FROM flow_hist h WHERE NOT EXISTS (SELECT 1 FROM journal j WHERE j.id = h.entry)`,
		"records with gaps":             `SELECT COUNT(*) FROM urban_case c WHERE c.rev <> (SELECT COUNT(*) FROM urban_case_h h WHERE h.id = c.id) OR c.rev <> (SELECT MAX(h.rev) FROM urban_case_h h WHERE h.id = c.id)`,
		"histories of no record":        `SELECT COUNT(*) FROM urban_case_h h WHERE NOT EXISTS (SELECT 1 FROM urban_case c WHERE c.id = h.id)`,
		"revisions not on record":       `SELECT COUNT(*) FROM urban_case_h h WHERE NOT EXISTS (SELECT 1 FROM journal j WHERE j.subject = 'urban.case/' || h.id AND j.rev = h.rev)`,
		"entries of no revision":        `SELECT COUNT(*) FROM journal j WHERE j.subject LIKE 'urban.case/%' AND j.rev > 0 AND NOT EXISTS (SELECT 1 FROM urban_case_h h WHERE h.id = SUBSTR(j.subject, 12) AND h.rev = j.rev)`,
		"numbers given twice":           `SELECT COUNT(*) FROM (SELECT number FROM urban_case GROUP BY number HAVING COUNT(*) > 1) AS n`,
		"files of records not there":    `SELECT COUNT(*) FROM record_file f WHERE f.subject LIKE 'urban.case/%' AND NOT EXISTS (SELECT 1 FROM urban_case c WHERE c.id = SUBSTR(f.subject, 12))`,
		"journal numbers with a hole":   `SELECT COALESCE(MAX(seq), 0) - COUNT(seq) FROM journal`,
	}
}

// agree looks into the tables from one snapshot.
func agree(ctx context.Context, t *testing.T, tx *store.Tx) {
	t.Helper()
	for what, query := range contradictions() {
		n := int64(-1)
		if err := tx.QueryRow(ctx, query).Scan(&n); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if n != 0 {
			t.Errorf("%d %s", n, what)
		}
	}
	states(ctx, t, tx)
}

// nodeStates reads which state each node of the process gives to its case.
func nodeStates(t *testing.T) map[string]string {
	t.Helper()
	text, err := fs.ReadFile(packs.Only([]string{"urban"}), "urban/flows/case.bpmn")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	node := ""
	for d := xml.NewDecoder(strings.NewReader(string(text))); ; {
		token, err := d.Token()
		if token == nil || err != nil {
			return out
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range start.Attr {
			switch {
			case a.Name.Local == "id" && strings.HasPrefix(start.Name.Space, "http://www.omg.org/spec/BPMN/"):
				node = a.Value
			case a.Name.Local == "state" && start.Name.Local == "task":
				out[node] = a.Value
			}
		}
	}
}

// states compares the state of every case with where its process stands.
func states(ctx context.Context, t *testing.T, tx *store.Tx) {
	t.Helper()
	given := nodeStates(t)
	if len(given) < 15 {
		t.Fatalf("only %d nodes give a state", len(given))
	}
	given["wait"] = "merged" // until the main case is closed
	rows, err := tx.Query(ctx, `SELECT c.id, c.state, i.state, COALESCE(x.node, '') FROM urban_case c JOIN flow_inst i ON i.biz_id = c.id AND i.biz_type = 'urban.case'
		LEFT JOIN flow_token x ON x.inst = i.id ORDER BY c.id`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	type standing struct {
		record, process string
		nodes           []string
	}
	cases := map[string]*standing{}
	for rows.Next() {
		var id, node string
		var s standing
		if err := rows.Scan(&id, &s.record, &s.process, &node); err != nil {
			t.Fatal(err)
		}
		if cases[id] == nil {
			cases[id] = &s
		}
		if node != "" {
			cases[id].nodes = append(cases[id].nodes, node)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for id, s := range cases {
		var may []string
		for _, n := range s.nodes {
			if given[n] != "" {
				may = append(may, given[n])
			}
		}
		if slices.Contains(s.nodes, "held") {
			may = []string{"held"}
		}
		if s.process != "running" {
			may = []string{"archived", "refused", "untrue", "merged", "void"}
		}
		if !slices.Contains(may, s.record) {
			t.Errorf("case %s has the state %s and its process is %s at %v", id, s.record, s.process, s.nodes)
		}
	}
}

// entry is a line of the journal.
type entry struct {
	action, subject string
	rev             int64
}

// exactlyOnce holds the journal to what was answered before the snapshot was taken: what was acknowledged left its entries
// once, what was refused left none, and nothing else was done under one of our keys.
func (d *driver) exactlyOnce(ctx context.Context, tx *store.Tx, acked []*op, refused map[string]string, all bool) {
	d.t.Helper()
	rows, err := tx.Query(ctx, `SELECT request, action, subject, rev FROM journal WHERE request LIKE 'crash-%'`)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	done := map[string][]entry{}
	for rows.Next() {
		var key string
		var e entry
		if err := rows.Scan(&key, &e.action, &e.subject, &e.rev); err != nil {
			d.t.Fatal(err)
		}
		done[key] = append(done[key], e)
	}
	if err := rows.Err(); err != nil {
		d.t.Fatal(err)
	}
	for _, o := range acked {
		if got := done[o.key]; !o.left(got) {
			d.t.Errorf("%s %s was answered %d and left %+v", o.kind, o.key, o.got.status, got)
		}
		delete(done, o.key)
	}
	for key, code := range refused {
		if got := done[key]; len(got) > 0 {
			d.t.Errorf("%s was refused as %s and left %+v", key, code, got)
		}
	}
	if all && len(done) > 0 {
		d.t.Errorf("nobody was told of %v", done)
	}
}

// left tells whether the entries of a command are its own: the act itself once, on the record it named, and beside it at
// most once each what a command makes of the record's process, and of the main case of a merger.
func (o *op) left(got []entry) bool {
	kind, name, _ := strings.Cut(o.kind, ".")
	act, beside := "record."+name, []string{"flow.cancel", "flow.message"}
	on := "" // subject; what a task is about stands in its table, not in its path
	switch kind {
	case "create":
		act, beside, on = "record.create", []string{"flow.start"}, o.got.location
	case "patch":
		act, beside, on = "record.update", nil, o.path
	case "task":
		act, beside = "flow."+name, nil
	case "command":
		on = strings.TrimSuffix(o.path, "/commands/"+name)
	}
	on = strings.TrimPrefix(on, "/api/v1/records/")
	seen := map[entry]bool{}
	for _, e := range got {
		e.rev = 0
		own := on == "" || e.subject == on || name == "merge" && e.action == act
		if seen[e] || !own || e.action != act && !slices.Contains(beside, e.action) {
			return false
		}
		seen[e] = true
	}
	if kind == "create" && strings.HasPrefix(on, "urban.case/") && !seen[entry{action: "flow.start", subject: on}] {
		return false // a case comes with its process
	}
	if on == "" {
		return len(got) == 1
	}
	return seen[entry{action: act, subject: on}]
}
