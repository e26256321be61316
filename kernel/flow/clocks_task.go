package flow

import (
	"context"
	"slices"

	"chengshu/base/store"
)

// Clocks gives, by the ids of tasks, the clocks a person at work on the task is concerned with: those of the whole
// instance and those of the task. A clock that has stopped is among them where a yellow or red card was drawn on it, which
// one may still appeal against.
func (e *Engine) Clocks(ctx context.Context, tx *store.Tx, tasks []*Task) (map[string][]SLA, error) {
	out := make(map[string][]SLA, len(tasks))
	known := map[string][]SLA{}
	for _, k := range tasks {
		all, ok := known[k.Instance]
		if !ok {
			var err error
			if all, err = e.clocksOf(ctx, tx, k.Instance, k.Biz.Org); err != nil {
				return nil, err
			}
			known[k.Instance] = all
		}
		out[k.ID] = slices.DeleteFunc(slices.Clone(all), func(c SLA) bool {
			return c.Task != "" && c.Task != k.ID || c.State == Stopped && !c.Carded()
		})
	}
	return out, nil
}

// Carded tells whether a yellow or red card was drawn on the clock.
func (s SLA) Carded() bool { return s.Level == levels[2] || s.Level == levels[3] }

func (e *Engine) clocksOf(ctx context.Context, tx *store.Tx, instance, org string) ([]SLA, error) {
	clocks, err := loadClocks(ctx, tx, instance, "")
	if err != nil {
		return nil, err
	}
	var pauses []*pauseRow
	out := make([]SLA, 0, len(clocks))
	for _, c := range clocks {
		if c.state == Paused {
			if pauses == nil {
				if pauses, err = loadPauses(ctx, tx, instance); err != nil {
					return nil, err
				}
			}
			c.derive(e.opt.Calendar(org), pauses, e.opt.Clock.Now())
		}
		s := c.view()
		s.Instance = instance
		out = append(out, s)
	}
	return out, nil
}
