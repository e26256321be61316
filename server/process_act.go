package server

import (
	"context"
	"slices"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/flow"
	"chengshu/kernel/record"
	"chengshu/kernel/schema"
)

// processInput is the body of a command on the process of a record.
type processInput struct {
	commandInput
	Token    int64             `json:"token"`
	Instance string            `json:"instance"`
	Version  int64             `json:"version"`
	Map      map[string]string `json:"map"`
}

// processActs are the commands on a whole process with the act that policy is asked about, in the order they are offered.
func processActs() [][2]string {
	return [][2]string{
		{flow.Urge, "flow.urge"},
		{flow.Supervise, "flow.supervise"},
		{flow.Suspend, "flow.suspend"},
		{flow.Activate, "flow.suspend"},
		{flow.Cancel, "flow.cancel"},
		{flow.Due, "flow.due"},
		{flow.Jump, "flow.jump"},
		{"migrate", "flow.migrate"},
	}
}

// may tells whether the caller has a permission that suffices for an act on the process of a record.
func (s *Server) may(r *request, rec *record.Record, act string) bool {
	return slices.ContainsFunc(flow.Rights(act), func(right string) bool { return s.opt.Policy.Allow(r.actor, right, rec.Type, rec.Values) })
}

// running is the process of a record that a request is about.
type running struct {
	rec *record.Record
	in  flow.Instance
	all []flow.Instance // every process of the record
}

// overseen finds a record for whoever may read it, and for whoever administers its type without reading it.
func (s *Server) overseen(ctx context.Context, tx *store.Tx, r *request, typ, id string) (*record.Record, error) {
	rec, err := s.opt.Records.Get(ctx, tx, r.actor, typ, id)
	if fault.CodeOf(err) != "record.unknown" {
		return rec, err
	}
	bare, loadErr := s.opt.Records.Load(ctx, tx, typ, id)
	if loadErr == nil && bare.Values["deleted_at"] == nil && s.opt.Policy.Allow(r.actor, "admin", bare.Type, bare.Values) {
		return bare, nil
	}
	return nil, err
}

// runningOf finds the process that the path and instance, "" for the main one, mean.
func (s *Server) runningOf(ctx context.Context, tx *store.Tx, r *request, instance string) (running, error) {
	rec, err := s.overseen(ctx, tx, r, r.PathValue("type"), r.PathValue("id"))
	if err != nil {
		return running{}, err
	}
	all, err := s.opt.Flow.Instances(ctx, tx, biz(rec))
	if err != nil {
		return running{}, err
	}
	in, ok := meant(all, instance)
	switch {
	case ok:
		return running{rec: rec, in: in, all: all}, nil
	case instance != "":
		return running{}, fault.New(fault.NotFound, "flow.unknown", "instance", instance)
	}
	return running{}, fault.New(fault.NotFound, "flow.none", "type", rec.Type.Name)
}

// meant picks a process of a record by its id; for "" the main one that runs, else the one that ended last.
func meant(all []flow.Instance, id string) (flow.Instance, bool) {
	var last flow.Instance
	for _, in := range all {
		switch {
		case id != "" && in.ID == id, id == "" && in.Parent == "" && in.Ended.IsZero():
			return in, true
		case id == "" && in.Parent == "":
			last = in
		}
	}
	return last, last.ID != ""
}

// recordProcess gives the process of a record: its clocks, what the caller may do with it, and where it is stuck.
func (s *Server) recordProcess(r *request) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	var body map[string]any
	err := s.read(r, func(ctx context.Context, tx *store.Tx) error {
		run, err := s.runningOf(ctx, tx, r, r.query("instance"))
		if err != nil {
			return err
		}
		body, err = s.runningView(ctx, tx, r, run)
		return err
	})
	return reply{Body: body}, err
}

// processCommand runs a command on the process of a record.
func (s *Server) processCommand(r *request) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	name := r.PathValue("command")
	return s.act(r, func(ctx context.Context, tx *store.Tx) (reply, error) {
		var in processInput
		if err := r.decode(&in); err != nil {
			return reply{}, err
		}
		run, err := s.runningOf(ctx, tx, r, in.Instance)
		if err != nil {
			return reply{}, err
		}
		if !slices.ContainsFunc(processActs(), func(a [2]string) bool { return a[0] == name }) {
			return reply{}, fault.New(fault.Invalid, "flow.command", "command", name)
		}
		if name == "migrate" {
			err = s.migrateOne(ctx, tx, r, run, in)
		} else {
			cmd := in.command(name)
			cmd.Instance, cmd.Token = run.in.ID, in.Token
			_, err = s.opt.Flow.Do(ctx, tx, r.actor, cmd)
		}
		if err != nil {
			return reply{}, err
		}
		// The act may have taken the record out of the caller's sight; the answer holds nothing of it but its number.
		if run.rec, err = s.opt.Records.Load(ctx, tx, run.rec.Type.Name, run.rec.ID()); err != nil {
			return reply{}, err
		}
		if run.all, err = s.opt.Flow.Instances(ctx, tx, biz(run.rec)); err != nil {
			return reply{}, err
		}
		run.in, _ = meant(run.all, run.in.ID)
		body, err := s.runningView(ctx, tx, r, run)
		return reply{Body: body}, err
	})
}

// runningView describes a process for those who watch over it.
func (s *Server) runningView(ctx context.Context, tx *store.Tx, r *request, run running) (map[string]any, error) {
	names, err := s.opt.Flow.Names(ctx, tx, run.in.Process, run.in.Version)
	if err != nil {
		return nil, err
	}
	_, latest, err := s.opt.Flow.Definition(ctx, tx, run.in.Process, 0)
	if err != nil {
		return nil, err
	}
	tasks, err := s.opt.Flow.TasksOf(ctx, tx, biz(run.rec))
	if err != nil {
		return nil, err
	}
	all, err := s.opt.Flow.SLA(ctx, tx, biz(run.rec))
	if err != nil {
		return nil, err
	}
	clocks := []map[string]any{}
	changeable := false
	for _, c := range all {
		if c.Instance != run.in.ID {
			continue
		}
		m := s.clockView(c, s.clockStep(tasks, c, names))
		m["state"] = c.State
		changeable = changeable || c.State != flow.Stopped
		clocks = append(clocks, m)
	}
	commands := s.processCommands(r, run, tasks, latest, changeable)
	body := map[string]any{
		"instance": run.in.ID, "process": run.in.Process, "label": s.processLabel(run.in.Process, names), "version": run.in.Version, "latest": latest,
		"state": run.in.State, "state_label": s.word("flow.state."+run.in.State, nil), "clocks": clocks, "commands": commands,
	}
	if slices.Contains(commands, flow.Jump) {
		if err := s.addStanding(ctx, tx, run.in, names, body); err != nil {
			return nil, err
		}
	}
	if body["incidents"], err = s.incidentsOf(ctx, tx, r, run); err != nil {
		return nil, err
	}
	body["children"], err = s.childViews(ctx, tx, run)
	return body, err
}

// processCommands gives the commands that would be taken now.
func (s *Server) processCommands(r *request, run running, tasks []*flow.Task, latest int64, changeable bool) []string {
	out := []string{}
	if !run.in.Ended.IsZero() {
		return out
	}
	open, held := false, false
	for _, k := range tasks {
		if k.Instance == run.in.ID && k.State == flow.Open {
			open, held = true, held || k.Kind == flow.KindNode
		}
	}
	rests := run.in.State == flow.Suspended
	now := map[string]bool{
		flow.Urge: open, flow.Supervise: held && !rests, flow.Suspend: !rests, flow.Activate: rests, flow.Cancel: true, flow.Due: changeable && !rests,
		flow.Jump: !rests, "migrate": run.in.Version != latest,
	}
	for _, a := range processActs() {
		own := a[0] == flow.Urge && r.actor.Is(run.in.Starter) // who began a matter may remind
		if now[a[0]] && (own || s.may(r, run.rec, a[1])) {
			out = append(out, a[0])
		}
	}
	return out
}

// addStanding adds where the tokens are and where they may be moved.
func (s *Server) addStanding(ctx context.Context, tx *store.Tx, in flow.Instance, names flow.Names, body map[string]any) error {
	at, err := s.opt.Flow.Standing(ctx, tx, in.ID)
	if err != nil {
		return err
	}
	targets, tokens := make([]map[string]any, 0, len(at.Targets)), make([]map[string]any, 0, len(at.Tokens))
	for _, t := range at.Targets {
		targets = append(targets, map[string]any{"node": t.Node, "label": s.nodeName(in.Process, t.Node, names)})
	}
	for _, t := range at.Tokens {
		tokens = append(tokens, map[string]any{"id": t.ID, "node": t.Node, "label": s.nodeName(in.Process, t.Node, names), "state": t.State})
	}
	body["targets"], body["tokens"] = targets, tokens
	return nil
}

// childViews names the other processes of the record: those the process calls, and others about the same record.
func (s *Server) childViews(ctx context.Context, tx *store.Tx, run running) ([]map[string]any, error) {
	out := []map[string]any{}
	for _, in := range run.all {
		if in.ID == run.in.ID {
			continue
		}
		names, err := s.opt.Flow.Names(ctx, tx, in.Process, in.Version)
		if err != nil {
			return nil, err
		}
		out = append(out, map[string]any{"instance": in.ID, "label": s.processLabel(in.Process, names), "state": in.State})
	}
	return out, nil
}

// nodeName names a node by the locale, else by the model of that version.
func (s *Server) nodeName(process, node string, names flow.Names) string {
	if key := "flow." + process + "." + node; s.bundle().Has(key) {
		return s.word(key, nil)
	}
	return names.Node(node)
}

func (s *Server) processLabel(process string, names flow.Names) string {
	if names.Process != "" {
		return names.Process
	}
	return process
}

// clockStep names the step that a clock of a task counts; "" for a clock of the whole matter.
func (s *Server) clockStep(tasks []*flow.Task, c flow.SLA, names flow.Names) string {
	for _, k := range tasks {
		if c.Task != "" && k.ID == c.Task {
			return s.nodeName(k.Process, k.Node, names)
		}
	}
	return ""
}

// clockView describes a clock: named by its step and, unless it is that of a step, by its kind.
func (s *Server) clockView(c flow.SLA, step string) map[string]any {
	label := s.word("flow.clock."+c.Kind, nil)
	switch {
	case step != "" && c.Kind == flow.StepKind:
		label = step
	case step != "":
		label = s.word("flow.clock.of", map[string]any{"step": step, "clock": label})
	}
	level := c.Level
	if level == "" {
		level = "green"
	}
	return map[string]any{"name": c.Name, "label": label, "level": level, "due": schema.FormatTime(c.Due), "card": c.Carded()}
}
