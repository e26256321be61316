package flow

import (
	"context"
	"strconv"
	"strings"
	"time"

	"chengshu/base/bpmn"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// Query picks tasks of a worklist. Zero fields do not restrict.
type Query struct {
	State   string    // "open" (default): the pool and one's own; "mine": what one has claimed; "pool": unclaimed; "done": what one has completed
	Type    string    // record type
	Process string    // definition key
	Node    string    // node id
	Kind    string    // KindNode, KindConsult, KindCopy, KindExtend
	Biz     string    // record id
	Due     time.Time // due before this instant
	Limit   int       // 1 to 200, default 50
	Cursor  string    // of the page before
}

// Page is one page of a worklist, oldest first (done: newest first).
type Page struct {
	Tasks []*Task
	Next  string // cursor of the next page; empty at the end
}

// Tasks gives the tasks the actor may work on now. Candidacy is asked here anew, for claimed tasks too: who has changed
// post no longer sees them. A suspended instance's tasks are left out.
func (e *Engine) Tasks(ctx context.Context, tx *store.Tx, actor identity.Actor, q Query) (Page, error) {
	if q.Limit <= 0 || q.Limit > 200 {
		q.Limit = 50
	}
	w := where{}
	w.add(`JOIN flow_inst i ON i.id = t.inst WHERE 1 = 1`)
	order := "t.created, t.id"
	switch q.State {
	case "", Open, "mine", "pool":
		w.add(` AND t.state = 'open' AND (i.state = 'running' OR t.kind = 'copy')`)
		w.owned(q.State, actor)
		w.candidate(actor)
	case Done:
		w.add(` AND t.state = 'done' AND t.done_by IN (?, ?)`, actor.Person, actor.Principal())
		order = "t.done DESC, t.id DESC"
	default:
		return Page{}, fault.New(fault.Invalid, "task.state", "state", q.State)
	}
	for _, f := range []struct{ column, value string }{
		{"t.biz_type", q.Type}, {"i.def_key", q.Process}, {"t.node", q.Node}, {"t.kind", q.Kind}, {"t.biz_id", q.Biz},
	} {
		if f.value != "" {
			w.add(` AND `+f.column+` = ?`, f.value)
		}
	}
	if !q.Due.IsZero() {
		w.add(` AND t.due_at > 0 AND t.due_at < ?`, micros(q.Due))
	}
	if err := w.after(q); err != nil {
		return Page{}, err
	}
	w.add(` ORDER BY `+order+` LIMIT ?`, q.Limit+1)
	list, err := loadTasks(ctx, tx, w.text.String(), w.args...)
	if err != nil {
		return Page{}, err
	}
	p := Page{Tasks: list}
	if len(list) > q.Limit {
		p.Tasks = list[:q.Limit]
		last := p.Tasks[q.Limit-1]
		at := last.Created
		if q.State == Done {
			at = last.Done
		}
		p.Next = strconv.FormatInt(micros(at), 36) + "." + last.ID
	}
	return p, nil
}

type where struct {
	text strings.Builder
	args []any
}

func (w *where) add(sql string, args ...any) {
	w.text.WriteString(sql)
	w.args = append(w.args, args...)
}

func (w *where) owned(state string, a identity.Actor) {
	switch state {
	case "mine":
		w.add(` AND t.assignee IN (?, ?)`, a.Person, a.OnBehalf)
		w.add(` AND t.assignee <> ''`)
	case "pool":
		w.add(` AND t.assignee = ''`)
	default:
		w.add(` AND t.assignee IN (?, ?, '')`, a.Person, a.OnBehalf)
	}
}

// candidate is Candidate.Matches in SQL: the organisation prefixes are a short list of exact values, so that the index
// on (kind, ref, org) is used; the area is a prefix test on the candidate's path.
func (w *where) candidate(a identity.Actor) {
	w.add(` AND t.id IN (SELECT c.task FROM flow_task_cand c WHERE (c.kind = 'person' AND c.ref IN (?, ?))`, a.Person, a.OnBehalf)
	if len(a.Roles) > 0 {
		w.add(` OR (c.kind = 'role' AND c.ref IN (` + marks(len(a.Roles)) + `)`)
		for _, r := range a.Roles {
			w.args = append(w.args, r)
		}
		orgs := prefixes(a.Org)
		w.add(` AND c.org IN (` + marks(len(orgs)) + `)`)
		w.args = append(w.args, orgs...)
		if a.Area == "" {
			w.add(` AND c.area = ''`)
		} else {
			w.add(` AND (c.area = '' OR c.area >= ? AND c.area < ?)`, a.Area, a.Area+"\U0010FFFF")
		}
		w.add(`)`)
	}
	w.add(`)`)
}

// prefixes gives every path a path begins with: "", "/", "/a/", "/a/b/".
func prefixes(path string) []any {
	out := []any{""}
	for i, r := range path {
		if r == '/' {
			out = append(out, path[:i+1])
		}
	}
	if path != "" && !strings.HasSuffix(path, "/") {
		out = append(out, path)
	}
	return out
}

func (w *where) after(q Query) error {
	if q.Cursor == "" {
		return nil
	}
	text, id, ok := strings.Cut(q.Cursor, ".")
	at, err := strconv.ParseInt(text, 36, 64)
	if !ok || err != nil {
		return fault.New(fault.Invalid, "task.cursor")
	}
	if q.State == Done {
		w.add(` AND (t.done < ? OR t.done = ? AND t.id < ?)`, at, at, id)
	} else {
		w.add(` AND (t.created > ? OR t.created = ? AND t.id > ?)`, at, at, id)
	}
	return nil
}

// TasksOf gives every task of a record's processes, oldest first. The caller has judged that the record may be read.
func (e *Engine) TasksOf(ctx context.Context, tx *store.Tx, biz Biz) ([]*Task, error) {
	return loadTasks(ctx, tx, `JOIN flow_inst i ON i.id = t.inst WHERE i.biz_type = ? AND i.biz_id = ? ORDER BY t.created, t.id`, biz.Type, biz.ID)
}

// Form is what a task asks of a person.
type Form struct {
	Title    string           // message key; empty for the node's name
	Name     string           // name of the node in the model
	Fields   []bpmn.FormField // to be written
	Show     []string         // shown only
	Outcomes []FormOutcome
	Key      string // form key of a model of another vendor; empty where the model is ours
	Return   string // "none", "previous", "starter", "any"
	Recall   bool
	AllowAdd bool
}

// FormOutcome is one way to complete a task.
type FormOutcome struct {
	ID     string
	Key    string // message key of its words: flow.<process>.<node>.<outcome>
	Reason bool
	Fields []bpmn.FormField // to be written when this outcome is chosen, those of the task included
}

// Form gives the form of a task by its definition version.
func (e *Engine) Form(ctx context.Context, tx *store.Tx, t *Task) (Form, error) {
	s, err := readInst(ctx, tx, t.Instance)
	if err != nil {
		return Form{}, err
	}
	p, err := e.plan(ctx, tx, s.inst.defKey, s.inst.defVersion)
	if err != nil {
		return Form{}, err
	}
	n := p.nodes[t.Node]
	if n == nil || t.Kind != KindNode {
		f := Form{Return: "none"}
		if t.Kind == KindExtend {
			f.Outcomes = []FormOutcome{{ID: Approve, Key: "flow.extend.approve"}, {ID: Refuse, Key: "flow.extend.refuse", Reason: true}}
		}
		if t.Kind == KindAppeal {
			f.Outcomes = []FormOutcome{{ID: Approve, Key: "flow.appeal.approve", Reason: true}, {ID: Refuse, Key: "flow.appeal.refuse", Reason: true}}
		}
		return f, nil
	}
	f := Form{Name: n.Name, Fields: n.form(nil), Return: p.giveBack(n).To}
	if n.Ext.Task == nil {
		f.Key = n.Ext.Foreign.Form
	}
	if x := n.Ext.Task; x != nil {
		f.Title, f.Show, f.Recall = x.Title, x.Show, x.Recall
	}
	f.AllowAdd = n.multi() && n.Ext.Countersign.AllowAdd
	for _, o := range n.outcomes {
		f.Outcomes = append(f.Outcomes, FormOutcome{
			ID: o.ID, Key: "flow." + p.key + "." + n.ID + "." + o.ID, Reason: o.Reason, Fields: n.form(o),
		})
	}
	return f, nil
}

// Task gives one task; NotFound "task.unknown" where there is none. The caller judges who may see it.
func (e *Engine) Task(ctx context.Context, tx *store.Tx, id string) (*Task, error) {
	list, err := loadTasks(ctx, tx, `WHERE t.id = ?`, id)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "task.unknown", "task", id)
	}
	return list[0], nil
}
