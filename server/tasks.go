package server

import (
	"context"
	"slices"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/flow"
	"chengshu/kernel/record"
	"chengshu/kernel/schema"
)

func (s *Server) tasks(r *request) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	limit, err := r.limit(50)
	if err != nil {
		return reply{}, err
	}
	q := flow.Query{Type: r.query("type"), Node: r.query("node"), Limit: limit, Cursor: r.query("cursor")}
	if q.State, err = taskState(r.query("state"), r.query("scope")); err != nil {
		return reply{}, err
	}
	items := []map[string]any{}
	next := ""
	err = s.read(r, func(ctx context.Context, tx *store.Tx) error {
		page, err := s.opt.Flow.Tasks(ctx, tx, r.actor, q)
		if err != nil {
			return err
		}
		next = page.Next
		items, err = s.taskViews(ctx, tx, r, page.Tasks)
		return err
	})
	return reply{Body: map[string]any{"items": items, "next": next}}, err
}

// taskState turns ?state=open|done&scope=mine|pool|all into what the worklist asks for.
func taskState(state, scope string) (string, error) {
	switch {
	case state == "done":
		return flow.Done, nil
	case state != "" && state != "open":
		return "", fault.New(fault.Invalid, "task.state", "state", state)
	case scope == "mine", scope == "pool":
		return scope, nil
	case scope == "", scope == "all":
		return "", nil
	}
	return "", fault.New(fault.Invalid, "task.state", "state", scope)
}

// taskViews gives tasks with the number and title of their records and the words of their nodes.
func (s *Server) taskViews(ctx context.Context, tx *store.Tx, r *request, tasks []*flow.Task) ([]map[string]any, error) {
	out := make([]map[string]any, 0, len(tasks))
	held, err := s.opt.Flow.Held(ctx, tx, tasks)
	if err != nil {
		return nil, err
	}
	clocks, err := s.opt.Flow.Clocks(ctx, tx, worked(r, tasks))
	if err != nil {
		return nil, err
	}
	for _, t := range tasks {
		form, err := s.opt.Flow.Form(ctx, tx, t)
		if err != nil {
			return nil, err
		}
		rec, err := s.opt.Records.Load(ctx, tx, t.Biz.Type, t.Biz.ID)
		if err != nil {
			return nil, err
		}
		commands := s.taskCommands(t, form, r, rec, clocks[t.ID])
		m := map[string]any{
			"id": t.ID, "state": t.State, "kind": t.Kind, "instance": t.Instance, "node": t.Node, "label": s.nodeLabel(t, form),
			"type": t.Biz.Type, "type_label": s.word("type."+t.Biz.Type, nil), "record": t.Biz.ID, "number": rec.Values["number"], "title": rec.Title(),
			"assignee": t.Assignee, "mine": r.actor.Is(t.Assignee), "claimable": t.State == flow.Open && t.Assignee == "",
			"created": schema.FormatTime(t.Created), "light": light(s.now(), t.Warn, t.Due, t.Red), "outcome": t.Outcome,
			"form": formFields(form), "show": form.Show, "outcomes": s.outcomes(form), "commands": commands,
			"choose": t.Kind == flow.KindNode && slices.Contains(commands, flow.Complete) && s.may(r, rec, "flow.choose"),
		}
		if slices.Contains(commands, flow.Extend) || slices.Contains(commands, flow.Appeal) {
			m["clocks"] = s.taskClocks(clocks[t.ID], s.nodeLabel(t, form))
		}
		if t.Assignee != "" {
			m["assignee_name"] = s.personName(t.Assignee)
		}
		if !t.Due.IsZero() {
			m["due"] = schema.FormatTime(t.Due)
		}
		if left, ok := held[t.ID]; ok {
			m["light"], m["left"] = "paused", left.String()
		}
		if slices.Contains(commands, flow.Pause) {
			m["pauses"] = s.pauses(t.Biz.Type)
		}
		if t.State == flow.Done {
			m["done"], m["done_by_name"] = schema.FormatTime(t.Done), s.personName(t.DoneBy)
		}
		out = append(out, m)
	}
	return out, nil
}

// worked are the tasks the caller is at work on: only of those clocks are shown that may be extended or appealed against.
func worked(r *request, tasks []*flow.Task) []*flow.Task {
	var out []*flow.Task
	for _, t := range tasks {
		if t.State == flow.Open && holds(r, t) {
			out = append(out, t)
		}
	}
	return out
}

// holds tells whether the caller has the task, himself or for the person he stands in for.
func holds(r *request, t *flow.Task) bool {
	return r.actor.Is(t.Assignee)
}

// taskClocks describes the clocks of a task, which step names, and of its instance.
func (s *Server) taskClocks(clocks []flow.SLA, step string) []map[string]any {
	out := make([]map[string]any, 0, len(clocks))
	for _, c := range clocks {
		if c.Task == "" {
			out = append(out, s.clockView(c, ""))
		} else {
			out = append(out, s.clockView(c, step))
		}
	}
	return out
}

func (s *Server) nodeLabel(t *flow.Task, form flow.Form) string {
	if key := "flow." + t.Process + "." + t.Node; s.bundle().Has(key) {
		return s.word(key, nil)
	}
	switch {
	case form.Title != "":
		return s.word(form.Title, nil)
	case form.Name != "":
		return form.Name
	}
	return s.word("flow.kind."+t.Kind, nil)
}

func formFields(f flow.Form) []map[string]any {
	out := make([]map[string]any, 0, len(f.Fields))
	for _, x := range f.Fields {
		out = append(out, map[string]any{"name": x.Name, "required": x.Required})
	}
	return out
}

func (s *Server) outcomes(f flow.Form) []map[string]any {
	out := make([]map[string]any, 0, len(f.Outcomes))
	for _, o := range f.Outcomes {
		out = append(out, map[string]any{
			"id": o.ID, "label": s.word(o.Key, nil), "reason": o.Reason, "form": formFields(flow.Form{Fields: o.Fields}),
		})
	}
	return out
}

// pauses is the closed list of reasons for which matters of a type may be paused.
func (s *Server) pauses(typ string) []map[string]any {
	out := []map[string]any{}
	for _, p := range s.bundle().Pauses(typ) {
		m := map[string]any{"code": p.Code, "label": p.Name, "basis": p.Basis, "notice": p.Notice}
		if p.Max.N > 0 {
			m["max"] = p.Max.String()
		}
		out = append(out, m)
	}
	return out
}

// light is the colour of a clock: green, yellow from the warning on, red past the due time.
func light(now, warn, due, _ time.Time) string {
	switch {
	case due.IsZero():
		return "none"
	case !now.Before(due):
		return "red"
	case !warn.IsZero() && !now.Before(warn):
		return "yellow"
	}
	return "green"
}

// lights adds the light of the clock that is due first to each record of a page.
func (s *Server) lights(ctx context.Context, tx *store.Tx, records []*record.Record, items []map[string]any) error {
	for i, rec := range records {
		if rec.Type.Flow == "" || len(records) > 100 {
			continue
		}
		clocks, err := s.opt.Flow.SLA(ctx, tx, flow.Biz{Type: rec.Type.Name, ID: rec.ID()})
		if err != nil {
			return err
		}
		var first *flow.SLA
		for j := range clocks {
			c := &clocks[j]
			if c.State != flow.Stopped && (first == nil || c.Due.Before(first.Due)) {
				first = c
			}
		}
		if first == nil {
			continue
		}
		color := light(s.now(), first.Warn, first.Due, first.Red)
		if first.State == flow.Paused {
			color = "paused"
		}
		items[i]["_light"] = map[string]any{"color": color, "due": schema.FormatTime(first.Due), "provisional": first.Provisional, "name": first.Name}
	}
	return nil
}

func (s *Server) recordTasks(r *request) (reply, error) {
	items := []map[string]any{}
	err := s.withRecord(r, func(ctx context.Context, tx *store.Tx, rec *record.Record) error {
		tasks, err := s.opt.Flow.TasksOf(ctx, tx, biz(rec))
		if err != nil {
			return err
		}
		items, err = s.taskViews(ctx, tx, r, tasks)
		return err
	})
	return reply{Body: map[string]any{"items": items}}, err
}

// withRecord reads the record of the path under the caller's permission.
func (s *Server) withRecord(r *request, fn func(ctx context.Context, tx *store.Tx, rec *record.Record) error) error {
	return s.read(r, func(ctx context.Context, tx *store.Tx) error {
		rec, err := s.opt.Records.Get(ctx, tx, r.actor, r.PathValue("type"), r.PathValue("id"))
		if err != nil {
			return err
		}
		return fn(ctx, tx, rec)
	})
}

func biz(rec *record.Record) flow.Biz {
	return flow.Biz{Type: rec.Type.Name, ID: rec.ID(), Org: rec.Org(), Area: rec.Area()}
}

// actions lists what the caller may do with a record now: declared commands and own tasks.
func (s *Server) actions(r *request) (reply, error) {
	body := map[string]any{}
	err := s.withRecord(r, func(ctx context.Context, tx *store.Tx, rec *record.Record) error {
		offers := s.opt.Records.Offers(ctx, tx, r.actor, rec)
		open := []map[string]any{}
		for _, c := range s.commands(r, rec.Type) {
			if slices.ContainsFunc(offers, func(o record.Offer) bool { return o.Command == c["name"] }) {
				open = append(open, c)
			}
		}
		page, err := s.opt.Flow.Tasks(ctx, tx, r.actor, flow.Query{Type: rec.Type.Name, Biz: rec.ID(), Limit: 50})
		if err != nil {
			return err
		}
		tasks, err := s.taskViews(ctx, tx, r, page.Tasks)
		body["commands"], body["tasks"] = open, tasks
		return err
	})
	return reply{Body: body}, err
}

// recordFlow gives the model and where the record stands in it.
func (s *Server) recordFlow(r *request) (reply, error) {
	body := map[string]any{}
	err := s.withRecord(r, func(ctx context.Context, tx *store.Tx, rec *record.Record) error {
		instances, err := s.opt.Flow.Instances(ctx, tx, biz(rec))
		if err != nil {
			return err
		}
		if len(instances) == 0 {
			return fault.New(fault.NotFound, "flow.none", "type", rec.Type.Name)
		}
		in := instances[0]
		xml, _, err := s.opt.Flow.Definition(ctx, tx, in.Process, in.Version)
		if err != nil {
			return err
		}
		history, err := s.opt.Flow.History(ctx, tx, biz(rec))
		if err != nil {
			return err
		}
		done := []string{}
		for _, h := range history {
			for _, n := range append([]string{h.Node}, h.Path...) {
				if n != "" && !slices.Contains(done, n) {
					done = append(done, n)
				}
			}
		}
		body["xml"], body["active"], body["done"], body["state"] = string(xml), append([]string{}, in.Nodes...), done, in.State
		return nil
	})
	return reply{Body: body}, err
}

func (s *Server) returnTargets(r *request) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	var ways []flow.Way
	err := s.read(r, func(ctx context.Context, tx *store.Tx) (err error) {
		ways, err = s.opt.Flow.Explain(ctx, tx, r.actor, r.PathValue("id"))
		return err
	})
	items := make([]map[string]any, 0, len(ways))
	for _, w := range ways {
		cancels := make([]string, 0, len(w.Cancels))
		for _, c := range w.Cancels {
			cancels = append(cancels, c.Node)
		}
		m := map[string]any{"node": w.Node, "label": w.Name, "handler_name": s.personName(w.Handler), "cancels": cancels, "direct": w.Direct}
		if w.Refused != "" {
			m["refused"] = s.word("fault."+w.Refused, nil)
		}
		items = append(items, m)
	}
	return reply{Body: map[string]any{"items": items}}, err
}
