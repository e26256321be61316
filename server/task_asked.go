package server

import (
	"context"

	"chengshu/base/store"
	"chengshu/kernel/flow"
)

// asked tells whoever has to answer an opinion, an approval or an order what it is about; nil for a step of the process.
func (s *Server) asked(ctx context.Context, tx *store.Tx, t *flow.Task) (map[string]any, error) {
	a, ok, err := t.Asked()
	if err != nil || !ok {
		return nil, err
	}
	m := map[string]any{"by_name": s.actorName(a.By), "reason": a.Reason}
	for name, v := range map[string]string{"level": a.Level, "limit": a.Limit, "basis": a.Basis} {
		if v != "" {
			m[name] = v
		}
	}
	if a.SLA == "" {
		return m, nil
	}
	m["clock"], err = s.clockName(ctx, tx, t, a.SLA)
	return m, err
}

// clockName gives the words of a clock of the task's process, its name where it is there no longer.
func (s *Server) clockName(ctx context.Context, tx *store.Tx, t *flow.Task, name string) (any, error) {
	clocks, err := s.opt.Flow.SLA(ctx, tx, t.Biz)
	if err != nil {
		return nil, err
	}
	tasks, err := s.opt.Flow.TasksOf(ctx, tx, t.Biz)
	if err != nil {
		return nil, err
	}
	in, err := s.opt.Flow.Instance(ctx, tx, t.Instance)
	if err != nil {
		return nil, err
	}
	names, err := s.opt.Flow.Names(ctx, tx, in.Process, in.Version)
	if err != nil {
		return nil, err
	}
	for _, c := range clocks {
		if c.Instance == t.Instance && c.Name == name {
			return s.clockView(c, s.clockStep(tasks, c, names))["label"], nil
		}
	}
	return name, nil
}
