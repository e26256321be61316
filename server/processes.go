package server

import (
	"context"
	"slices"
	"strconv"
	"time"

	"chengshu/base/bpmn"
	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/insight"
	"chengshu/kernel/pack"
	"chengshu/kernel/schema"
)

// flowsOf gives the processes about record types with which the caller may do one of the acts.
func (s *Server) flowsOf(r *request, acts ...string) []pack.Flow {
	var out []pack.Flow
	for _, p := range s.bundle().Packs {
		for _, f := range p.Flows {
			if f.Type != "" && slices.ContainsFunc(acts, func(act string) bool { return s.opt.Policy.Any(r.actor, act, f.Type) }) {
				out = append(out, f)
			}
		}
	}
	return out
}

// processes lists the processes the caller may look into, with the instances the caller may see by version, and those he
// administers: with all their versions and the numbers of all instances, which is what a migration is about.
func (s *Server) processes(r *request) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	items := []map[string]any{}
	err := s.read(r, func(ctx context.Context, tx *store.Tx) error {
		for _, f := range s.flowsOf(r, "read", "admin") {
			m, err := s.processView(ctx, tx, r, f)
			if err != nil {
				return err
			}
			items = append(items, m)
		}
		return nil
	})
	return reply{Body: map[string]any{"items": items}}, err
}

func (s *Server) processView(ctx context.Context, tx *store.Tx, r *request, f pack.Flow) (map[string]any, error) {
	versions := []map[string]any{}
	add := func(number, running, ended int64) {
		versions = append(versions, map[string]any{"version": number, "running": running, "ended": ended})
	}
	migrate := s.migrates(r, f.Type)
	if migrate {
		list, err := s.opt.Flow.Versions(ctx, tx, f.Key)
		if err != nil {
			return nil, err
		}
		for _, v := range list {
			add(v.Number, v.Running, v.Ended)
		}
	} else {
		list, err := insight.Versions(ctx, tx, r.actor, s.opt.Records, f.Key)
		if err != nil {
			return nil, err
		}
		for _, v := range list {
			add(v.Number, v.Running, v.Ended)
		}
	}
	label := f.Key
	if m, err := bpmn.Read(f.XML); err == nil && m.Main() != nil && m.Main().Name != "" {
		label = m.Main().Name
	}
	return map[string]any{"key": f.Key, "label": label, "type": f.Type, "type_label": s.word("type."+f.Type, nil), "versions": versions, "migrate": migrate}, nil
}

// looked reads which process, version and period are asked for: days at +08:00, the current year where they are left out.
func (s *Server) looked(r *request) (insight.Process, pack.Flow, error) {
	now := s.now().In(clock.Shanghai)
	p := insight.Process{Key: r.PathValue("key"), Now: now}
	if err := r.signedIn(); err != nil {
		return p, pack.Flow{}, err
	}
	var err error
	if v := r.query("version"); v != "" {
		if p.Version, err = strconv.ParseInt(v, 10, 64); err != nil || p.Version < 0 {
			return p, pack.Flow{}, fault.New(fault.Invalid, "query.version", "value", v)
		}
	}
	if p.From, err = day(r.query("from"), time.Date(now.Year(), 1, 1, 0, 0, 0, 0, clock.Shanghai)); err != nil {
		return p, pack.Flow{}, err
	}
	if p.To, err = day(r.query("to"), time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, clock.Shanghai)); err != nil {
		return p, pack.Flow{}, err
	}
	for _, f := range s.flowsOf(r, "read") {
		if f.Key == p.Key {
			return p, f, nil
		}
	}
	return p, pack.Flow{}, fault.New(fault.NotFound, "flow.definition", "key", p.Key)
}

// processInsight gives the numbers of a process by version and node, with the picture of one version.
func (s *Server) processInsight(r *request) (reply, error) {
	p, f, err := s.looked(r)
	if err != nil {
		return reply{}, err
	}
	var body map[string]any
	err = s.read(r, func(ctx context.Context, tx *store.Tx) error {
		if body, err = s.processView(ctx, tx, r, f); err != nil {
			return err
		}
		nodes, err := p.Nodes(ctx, tx, r.actor, s.opt.Records)
		if err != nil {
			return err
		}
		xml, version, err := s.opt.Flow.Definition(ctx, tx, p.Key, p.Version)
		if err != nil {
			return err
		}
		items := make([]map[string]any, 0, len(nodes))
		for _, n := range nodes {
			items = append(items, map[string]any{
				"version": n.Version, "node": n.Node, "label": s.stepLabel(p.Key, n.Node), "entered": n.Entered, "open": n.Open, "done": n.Done,
				"cancelled": n.Cancelled, "returned": n.Returned, "rework": n.Rework, "overdue": n.Overdue, "forecast": n.Forecast,
				"wait": spreadView(n.Wait), "work": spreadView(n.Work), "duration": spreadView(n.Duration),
			})
		}
		body["nodes"], body["xml"], body["picture"] = items, string(xml), version
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	measures := []map[string]any{}
	for _, m := range append(insight.Measures(), "wait", "work", "duration") {
		measures = append(measures, map[string]any{
			"id": m, "label": s.word("process."+m, nil), "basis": s.word("process."+m+".basis", map[string]any{"sample": insight.MinSample}),
		})
	}
	body["measures"], body["from"], body["to"] = measures, p.From.Format(time.DateOnly), p.To.Format(time.DateOnly)
	return reply{Body: body}, nil
}

func spreadView(v insight.Spread) map[string]any {
	return map[string]any{"n": v.N, "p50": v.P50, "p90": v.P90}
}

// processCases gives the tasks that one number counts, each with its record.
func (s *Server) processCases(r *request) (reply, error) {
	p, f, err := s.looked(r)
	if err != nil {
		return reply{}, err
	}
	limit, err := r.limit(50)
	if err != nil {
		return reply{}, err
	}
	measure := r.query("measure")
	if measure == "" {
		measure = "entered"
	}
	items := []map[string]any{}
	err = s.read(r, func(ctx context.Context, tx *store.Tx) error {
		list, err := p.Cases(ctx, tx, r.actor, s.opt.Records, r.query("node"), measure, limit)
		if err != nil {
			return err
		}
		for _, c := range list {
			rec, err := s.opt.Records.Get(ctx, tx, r.actor, c.Type, c.Record)
			if err != nil {
				return err
			}
			m := map[string]any{
				"task": c.Task, "type": c.Type, "record": c.Record, "number": rec.Values["number"], "title": rec.Title(), "version": c.Version, "node": c.Node,
				"label": s.stepLabel(f.Key, c.Node), "state": c.State, "state_label": s.word("task.state."+c.State, nil), "created": schema.FormatTime(c.Created),
			}
			if c.Assignee != "" {
				m["assignee_name"] = s.personName(c.Assignee)
			}
			for name, at := range map[string]time.Time{"claimed": c.Claimed, "done": c.Done, "due": c.Due} {
				if !at.IsZero() {
					m[name] = schema.FormatTime(at)
				}
			}
			items = append(items, m)
		}
		return nil
	})
	return reply{Body: map[string]any{"items": items}}, err
}
