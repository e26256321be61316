package flow

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"chengshu/base/fault"
	"chengshu/base/store"
)

const instColumns = `i.id, i.def_key, i.def_version, i.biz_type, i.biz_id, i.org, i.area, i.state, i.vars, i.rev, i.seq,
	i.slas, i.pauses, i.sides, i.starter, i.parent, i.parent_token, i.started, i.ended`

func (i *inst) dest(vars *string) []any {
	return []any{
		&i.id, &i.defKey, &i.defVersion, &i.biz.Type, &i.biz.ID, &i.biz.Org, &i.biz.Area, &i.state, vars, &i.rev, &i.seq,
		&i.slas, &i.pauses, &i.sides, &i.starter, &i.parent, &i.parentToken, &i.started, &i.ended,
	}
}

func (i *inst) unpack(vars string) error {
	if vars == "" || vars == "{}" {
		return nil
	}
	return fault.Wrap("read variables of instance", json.Unmarshal([]byte(vars), &i.vars))
}

const taskColumns = `t.id, t.inst, t.token, t.grp, t.mi_index, t.node, t.kind, t.biz_type, t.biz_id, t.org, t.area, t.cand,
	t.assignee, t.owner, t.state, t.outcome, t.reason, t.data, t.blocker, t.prev, t.due_at, t.warn_at, t.red_at, t.created,
	t.claimed, t.done, t.done_by`

// taskRow carries what must be converted after a scan.
type taskRow struct {
	t                                       Task
	cand                                    string
	due, warn, red, created, claimed, ended int64
}

func (r *taskRow) dest() []any {
	t := &r.t
	return []any{
		&t.ID, &t.Instance, &t.token, &t.group, &t.Member, &t.Node, &t.Kind, &t.Biz.Type, &t.Biz.ID, &t.Biz.Org, &t.Biz.Area,
		&r.cand, &t.Assignee, &t.Owner, &t.State, &t.Outcome, &t.Reason, &t.Data, &t.Blocker, &t.Prev, &r.due, &r.warn, &r.red,
		&r.created, &r.claimed, &r.ended, &t.DoneBy,
	}
}

func (r *taskRow) task() (*Task, error) {
	t := r.t
	if err := json.Unmarshal([]byte(r.cand), &t.Candidates); err != nil {
		return nil, fault.Wrap("read candidates of task", err)
	}
	t.Due, t.Warn, t.Red = instant(r.due), instant(r.warn), instant(r.red)
	t.Created, t.Claimed, t.Done = instant(r.created), instant(r.claimed), instant(r.ended)
	return &t, nil
}

// lockInst makes the instance ours on PostgreSQL. On SQLite writers never overlap.
func lockInst(ctx context.Context, tx *store.Tx, where string, arg any) error {
	if tx.Serial() {
		return nil
	}
	var id string
	err := tx.QueryRow(ctx, `SELECT i.id FROM flow_inst i WHERE i.id = `+where+` FOR UPDATE`, arg).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // told by the query that follows
	}
	return fault.Wrap("lock instance", err)
}

// tokenColumns come from an outer join: an ended instance has no token.
//
//nolint:gosec // no credentials: tokens of a process
const tokenColumns = `COALESCE(k.id, 0), COALESCE(k.node, ''), COALESCE(k.stack, ''), COALESCE(k.state, ''), COALESCE(k.mi_index, 0),
	COALESCE(k.member, ''), COALESCE(k.prev, ''), COALESCE(k.outcome, ''), COALESCE(k.back, ''), COALESCE(k.child, '')`

func (t *token) dest(stack *string) []any {
	return []any{&t.id, &t.node, stack, &t.state, &t.index, &t.member, &t.prev, &t.outcome, &t.back, &t.child}
}

// loaded is one row of an instance joined with its tokens: everything but the token is the same in each.
type loaded struct {
	task  taskRow
	inst  inst
	vars  string
	prev  sql.NullString
	token token
	stack string
}

// gather makes the state of such rows.
func gather(list []*loaded) (*state, string, error) {
	first := list[0]
	if err := first.inst.unpack(first.vars); err != nil {
		return nil, "", err
	}
	s := &state{inst: &first.inst}
	for _, l := range list {
		if l.token.id == 0 {
			continue
		}
		st, err := parseStack(l.stack)
		if err != nil {
			return nil, "", err
		}
		l.token.stack = st
		s.tokens = append(s.tokens, &l.token)
	}
	return s, first.prev.String, nil
}

// loadTask loads a task with its instance in one query, and the stored result where the command ran before.
func loadTask(ctx context.Context, tx *store.Tx, id, cmd string) (*state, *Task, string, error) {
	if err := lockInst(ctx, tx, `(SELECT t.inst FROM flow_task t WHERE t.id = ?)`, id); err != nil {
		return nil, nil, "", err
	}
	list, err := rowsOf(ctx, tx, "load task", func(rows *sql.Rows) (*loaded, error) {
		l := &loaded{}
		dest := append(append(l.task.dest(), l.inst.dest(&l.vars)...), &l.prev)
		return l, rows.Scan(append(dest, l.token.dest(&l.stack)...)...)
	}, `SELECT `+taskColumns+`, `+instColumns+`, (SELECT c.result FROM flow_cmd c WHERE c.id = ?), `+tokenColumns+`
		FROM flow_task t JOIN flow_inst i ON i.id = t.inst LEFT JOIN flow_token k ON k.inst = i.id WHERE t.id = ? ORDER BY k.id`, cmd, id)
	if err != nil {
		return nil, nil, "", err
	}
	if len(list) == 0 {
		return nil, nil, "", fault.New(fault.NotFound, "task.unknown", "task", id)
	}
	s, prev, err := gather(list)
	if err != nil {
		return nil, nil, "", err
	}
	task, err := list[0].task.task()
	s.tasks = []*Task{task}
	return s, task, prev, err
}

// readInst loads an instance without locking it, for dry runs.
func readInst(ctx context.Context, tx *store.Tx, id string) (*state, error) {
	s, _, err := fetchInst(ctx, tx, id, "")
	return s, err
}

// loadInst loads an instance, and the stored result where the command ran before.
func loadInst(ctx context.Context, tx *store.Tx, id, cmd string) (*state, string, error) {
	if err := lockInst(ctx, tx, `?`, id); err != nil {
		return nil, "", err
	}
	return fetchInst(ctx, tx, id, cmd)
}

func fetchInst(ctx context.Context, tx *store.Tx, id, cmd string) (*state, string, error) {
	list, err := rowsOf(ctx, tx, "load instance", func(rows *sql.Rows) (*loaded, error) {
		l := &loaded{}
		return l, rows.Scan(append(append(l.inst.dest(&l.vars), &l.prev), l.token.dest(&l.stack)...)...)
	}, `SELECT `+instColumns+`, (SELECT c.result FROM flow_cmd c WHERE c.id = ?), `+tokenColumns+`
		FROM flow_inst i LEFT JOIN flow_token k ON k.inst = i.id WHERE i.id = ? ORDER BY k.id`, cmd, id)
	if err != nil {
		return nil, "", err
	}
	if len(list) == 0 {
		return nil, "", fault.New(fault.NotFound, "flow.unknown", "instance", id)
	}
	return gather(list)
}

// loadTasks reads tasks by a condition on t.
func loadTasks(ctx context.Context, tx *store.Tx, where string, args ...any) ([]*Task, error) {
	return rowsOf(ctx, tx, "load tasks", func(rows *sql.Rows) (*Task, error) {
		var row taskRow
		if err := rows.Scan(row.dest()...); err != nil {
			return nil, err
		}
		return row.task()
	}, `SELECT `+taskColumns+` FROM flow_task t `+where, args...)
}

// openTasks makes sure that every open task of the instance is loaded.
func (m *machine) openTasks() error {
	s := m.s
	if s.all || s.inst.fresh || m.tx == nil {
		return nil
	}
	list, err := loadTasks(m.ctx, m.tx, `WHERE t.inst = ? AND t.state IN ('open', 'blocked') ORDER BY t.id`, s.inst.id)
	if err != nil {
		return err
	}
	for _, t := range list {
		if s.task(t.ID) == nil {
			s.tasks = append(s.tasks, t)
		}
	}
	s.all = true
	return nil
}
