package server

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/flow"
	"chengshu/kernel/record"
)

// taskCommands lists what the caller may do with a task. To stop the clock and to let it run again, to remind and to order
// an answer are rights over the record, which not everybody with a task has, and which one has without a task.
func (s *Server) taskCommands(t *flow.Task, f flow.Form, r *request, rec *record.Record, clocks []flow.SLA) []string {
	if t.State == flow.Done {
		if f.Recall && r.actor.Is(t.DoneBy) {
			return []string{flow.Withdraw}
		}
		return []string{}
	}
	if t.State != flow.Open {
		return []string{}
	}
	out := []string{}
	switch {
	case t.Assignee == "" && candidate(r, t):
		out = append(out, flow.Claim, flow.Complete)
	case holds(r, t) && candidate(r, t):
		out = append(out, flow.Complete, flow.Release, flow.Transfer, flow.Delegate, flow.Consult, flow.Copy, flow.Extend)
		if f.Return != "none" && f.Return != "" {
			out = append(out, flow.Return)
		}
		if f.AllowAdd {
			out = append(out, flow.Add, flow.Remove)
		}
		if t.Kind == flow.KindNode && slices.ContainsFunc(clocks, flow.SLA.Carded) {
			out = append(out, flow.Appeal)
		}
	}
	if s.may(r, rec, "flow.supervise") {
		if t.Assignee != "" {
			out = append(out, flow.Pause, flow.Resume)
		}
		out = append(out, flow.Urge)
		if t.Kind == flow.KindNode {
			out = append(out, flow.Supervise)
		}
	}
	return out
}

// candidate tells whether the caller is among those the task is for.
func candidate(r *request, t *flow.Task) bool {
	return slices.ContainsFunc(t.Candidates, func(c flow.Candidate) bool { return c.Matches(r.actor) })
}

// taskCommand runs a command of a person on a task.
func (s *Server) taskCommand(r *request) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	return s.act(r, func(ctx context.Context, tx *store.Tx) (reply, error) {
		var in commandInput
		if err := r.decode(&in); err != nil {
			return reply{}, err
		}
		cmd := in.command(r.PathValue("command"))
		cmd.Task = r.PathValue("id")
		task, err := s.opt.Flow.Task(ctx, tx, cmd.Task)
		if err != nil {
			return reply{}, err
		}
		cmd.Instance = task.Instance // of a command on the whole process, such as stopping its clock
		if _, err := s.opt.Flow.Do(ctx, tx, r.actor, cmd); err != nil {
			return reply{}, err
		}
		return s.afterTask(ctx, tx, r, task)
	})
}

// afterTask answers with the record, where the caller may still see it, and the caller's next tasks on it.
func (s *Server) afterTask(ctx context.Context, tx *store.Tx, r *request, task *flow.Task) (reply, error) {
	rec, err := s.opt.Records.Load(ctx, tx, task.Biz.Type, task.Biz.ID)
	if err != nil {
		return reply{}, err
	}
	body := map[string]any{"record": map[string]any{"type": rec.Type.Name, "id": rec.ID(), "number": rec.Values["number"], "state": rec.State()}}
	if s.opt.Policy.Allow(r.actor, "read", rec.Type, rec.Values) {
		views, err := s.views(ctx, tx, r, []*record.Record{rec}, nil)
		if err != nil {
			return reply{}, err
		}
		body["record"] = views[0]
	}
	page, err := s.opt.Flow.Tasks(ctx, tx, r.actor, flow.Query{Type: rec.Type.Name, Biz: rec.ID(), Limit: 50})
	if err != nil {
		return reply{}, err
	}
	body["tasks"], err = s.taskViews(ctx, tx, r, page.Tasks)
	return reply{Status: http.StatusOK, Body: body}, err
}

// maxBatch is the most tasks of one request.
const maxBatch = 200

// batchInput is the body of a command on many tasks.
type batchInput struct {
	commandInput
	Command string `json:"command"`
	Tasks   []struct {
		ID  string `json:"id"`
		Rev int64  `json:"rev"`
	} `json:"tasks"`
}

// actOnTasks runs one command on many tasks (批量办理), each for itself: one that is refused changes nothing and does not
// stop the others.
func (s *Server) actOnTasks(r *request) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	return s.act(r, func(ctx context.Context, tx *store.Tx) (reply, error) {
		var in batchInput
		if err := r.decode(&in); err != nil {
			return reply{}, err
		}
		if len(in.Tasks) == 0 || len(in.Tasks) > maxBatch {
			return reply{}, fault.New(fault.Invalid, "bulk.count", "max", maxBatch)
		}
		list := make([]flow.Command, len(in.Tasks))
		for i, t := range in.Tasks {
			list[i] = in.command(in.Command)
			list[i].Task, list[i].Rev = t.ID, t.Rev
			// A command on the whole process names its instance; of a task that is not there the engine says so.
			if task, err := s.opt.Flow.Task(ctx, tx, t.ID); err == nil {
				list[i].Instance = task.Instance
			} else if !fault.Is(err, fault.NotFound) {
				return reply{}, err
			}
		}
		rows, err := s.doAll(ctx, tx, r, list)
		if err != nil {
			return reply{}, err
		}
		return s.batchReply(ctx, tx, r, list, rows)
	})
}

// doAll runs the commands in the order of their processes, so that two batches that meet do not wait for each other, and
// gives the rows in the order of the commands.
func (s *Server) doAll(ctx context.Context, tx *store.Tx, r *request, list []flow.Command) ([]flow.Row, error) {
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(list[a].Instance, list[b].Instance) })
	sorted, rows := make([]flow.Command, len(list)), make([]flow.Row, len(list))
	for i, at := range order {
		sorted[i] = list[at]
	}
	done, err := s.opt.Flow.DoAll(ctx, tx, r.actor, sorted)
	for i := range done {
		rows[order[i]] = done[i]
	}
	return rows, err
}

func (s *Server) batchReply(ctx context.Context, tx *store.Tx, r *request, list []flow.Command, rows []flow.Row) (reply, error) {
	items := make([]map[string]any, 0, len(rows))
	done := 0
	for i, row := range rows {
		if overtaken(row.Err) || fault.CodeOf(row.Err) == "record.stale" && list[i].Rev == 0 {
			return reply{}, row.Err // a step of somebody else came between: the whole batch runs again
		}
		m, err := s.batchItem(ctx, tx, r, list[i].Task, row.Err)
		if err != nil {
			return reply{}, err
		}
		if row.Err == nil {
			done++
		}
		items = append(items, m)
	}
	return reply{Status: http.StatusOK, Body: map[string]any{"items": items, "done": done, "refused": len(rows) - done}}, nil
}

// overtaken tells the one fault of a batch that is nobody's refusal.
func overtaken(err error) bool {
	return fault.CodeOf(err) == "flow.stale" || fault.Is(err, fault.Internal)
}

// batchItem tells what became of one task. Its record is named to whoever might have done the task or may read the record.
func (s *Server) batchItem(ctx context.Context, tx *store.Tx, r *request, id string, why error) (map[string]any, error) {
	m := map[string]any{"task": id, "number": nil, "title": "", "done": why == nil}
	if why != nil {
		p := s.describe(why, r.trace)
		m["fault"] = map[string]any{"code": p.Code, "detail": p.Detail}
	}
	task, err := s.opt.Flow.Task(ctx, tx, id)
	if fault.Is(err, fault.NotFound) {
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	rec, err := s.opt.Records.Load(ctx, tx, task.Biz.Type, task.Biz.ID)
	if err != nil {
		return nil, err
	}
	if why == nil || candidate(r, task) || s.opt.Policy.Allow(r.actor, "read", rec.Type, rec.Values) {
		m["number"], m["title"] = rec.Values["number"], rec.Title()
	}
	return m, nil
}
