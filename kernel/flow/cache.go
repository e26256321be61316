package flow

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"sync"

	"chengshu/base/store"
)

// cacheSize bounds the instances kept; two generations of half of it each.
const cacheSize = 4096

// cache keeps instances as they were after a durable step. One is used only where the table still has its revision: every
// step raises it, whoever makes it, so a cached instance is right or not used. Losing it costs one query.
type cache struct {
	mu       sync.Mutex
	new, old map[string]*state // by instance
	task     map[string]string // open task → instance, of the new generation
	oldTask  map[string]string
}

func newCache() *cache {
	return &cache{new: map[string]*state{}, task: map[string]string{}}
}

// byTask gives a copy of the instance that has the open task.
func (c *cache) byTask(id string) (*state, *Task) {
	c.mu.Lock()
	defer c.mu.Unlock()
	in, ok := c.task[id]
	if !ok {
		in, ok = c.oldTask[id]
	}
	if !ok {
		return nil, nil
	}
	s := c.new[in]
	if s == nil {
		s = c.old[in]
	}
	if s == nil {
		return nil, nil
	}
	s = s.copy()
	return s, s.task(id)
}

// put takes a state whose step is durable and that nobody uses any more.
func (c *cache) put(s *state) {
	kept := s.settled()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.old, s.inst.id)
	if s.inst.ended != 0 {
		delete(c.new, s.inst.id)
		return
	}
	if len(c.new) >= cacheSize/2 || len(c.task) >= 4*cacheSize {
		c.old, c.oldTask, c.new, c.task = c.new, c.task, map[string]*state{}, map[string]string{}
	}
	c.new[s.inst.id] = kept
	for _, k := range kept.tasks {
		c.task[k.ID] = s.inst.id
	}
}

// settled is the state as it lies in the tables after its step: live tokens, open tasks, no changes.
func (s *state) settled() *state {
	out := &state{inst: s.inst, all: s.all, tokens: s.alive(), slaLoaded: s.slaLoaded || s.inst.fresh, waits: s.waits.after(s)}
	out.inst.fresh = false
	if out.compRead = s.compRead || s.inst.fresh; out.compRead {
		for _, c := range s.comps {
			if !c.gone {
				c.fresh, c.dirty = false, false
				out.comps = append(out.comps, c)
			}
		}
	}
	if out.repRead = s.repRead || s.inst.fresh; out.repRead {
		for _, r := range s.repeats {
			if !r.gone {
				r.fresh, r.dirty = false, false
				out.repeats = append(out.repeats, r)
			}
		}
	}
	for _, c := range s.slas {
		if out.slaLoaded && c.state != Stopped {
			c.fresh, c.dirty = false, false
			out.slas = append(out.slas, c)
		}
	}
	for _, t := range out.tokens {
		t.fresh, t.dirty = false, false
	}
	for _, k := range s.tasks {
		if k.State == Open || k.State == Blocked {
			k.fresh, k.dirty, k.recand, k.remade = false, false, false, false
			out.tasks = append(out.tasks, k)
		}
	}
	return out
}

// copy is a state to work on.
func (s *state) copy() *state {
	in := *s.inst
	in.vars = maps.Clone(in.vars)
	out := &state{inst: &in, all: s.all, tokens: make([]*token, len(s.tokens)), tasks: make([]*Task, len(s.tasks))}
	out.slaLoaded, out.waits, out.compRead, out.repRead = s.slaLoaded, s.waits, s.compRead, s.repRead
	for _, r := range s.repeats {
		out.repeats = append(out.repeats, r.copy())
	}
	for _, c := range s.comps {
		kept := *c
		out.comps = append(out.comps, &kept)
	}
	for _, c := range s.slas {
		kept := *c
		out.slas = append(out.slas, &kept)
	}
	tokens, tasks := make([]token, len(s.tokens)), make([]Task, len(s.tasks))
	for i, t := range s.tokens {
		tokens[i] = *t
		out.tokens[i] = &tokens[i]
	}
	for i, k := range s.tasks {
		tasks[i] = *k
		tasks[i].Candidates = slices.Clip(k.Candidates)
		out.tasks[i] = &tasks[i]
	}
	return out
}

// taskState gives a task with its instance from the cache or the tables, and the stored result where the command ran
// before.
func (e *Engine) taskState(ctx context.Context, tx *store.Tx, id, cmd string) (*state, *Task, string, error) {
	s, k := e.cache.byTask(id)
	if k == nil {
		return loadTask(ctx, tx, id, cmd)
	}
	// The lock on PostgreSQL lets the revision be read as it is after waiting. Where it is the one we know nobody has been
	// at the instance, so that the other half of the row is current as well.
	lock := ""
	if !tx.Serial() {
		lock = ` FOR UPDATE`
	}
	type head struct {
		rev  int64
		prev sql.NullString
	}
	list, err := rowsOf(ctx, tx, "load instance", func(rows *sql.Rows) (head, error) {
		var h head
		err := rows.Scan(&h.rev, &h.prev)
		return h, err
	}, `SELECT i.rev, (SELECT c.result FROM flow_cmd c WHERE c.id = ?) FROM flow_inst i WHERE i.id = ?`+lock, cmd, s.inst.id)
	if err != nil {
		return nil, nil, "", err
	}
	if len(list) == 0 || list[0].rev != s.inst.rev {
		return loadTask(ctx, tx, id, cmd)
	}
	return s, k, list[0].prev.String, nil
}
