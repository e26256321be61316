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
	i.slas, i.pauses, i.starter, i.parent, i.parent_token, i.started, i.ended`

func (i *inst) dest(vars *string) []any {
	return []any{
		&i.id, &i.defKey, &i.defVersion, &i.biz.Type, &i.biz.ID, &i.biz.Org, &i.biz.Area, &i.state, vars, &i.rev, &i.seq,
		&i.slas, &i.pauses, &i.starter, &i.parent, &i.parentToken, &i.started, &i.ended,
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

// loadTask loads a task with its instance, and the stored result where the command ran before.
func loadTask(ctx context.Context, tx *store.Tx, id, cmd string) (*state, *Task, string, error) {
	if err := lockInst(ctx, tx, `(SELECT t.inst FROM flow_task t WHERE t.id = ?)`, id); err != nil {
		return nil, nil, "", err
	}
	var (
		row  taskRow
		in   inst
		vars string
		prev sql.NullString
	)
	dest := append(append(row.dest(), in.dest(&vars)...), &prev)
	err := tx.QueryRow(ctx, `SELECT `+taskColumns+`, `+instColumns+`, (SELECT c.result FROM flow_cmd c WHERE c.id = ?)
		FROM flow_task t JOIN flow_inst i ON i.id = t.inst WHERE t.id = ?`, cmd, id).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil, "", fault.New(fault.NotFound, "task.unknown", "task", id)
	}
	if err != nil {
		return nil, nil, "", fault.Wrap("load task", err)
	}
	task, err := row.task()
	if err != nil {
		return nil, nil, "", err
	}
	if err := in.unpack(vars); err != nil {
		return nil, nil, "", err
	}
	s := &state{inst: &in, tasks: []*Task{task}}
	return s, task, prev.String, loadTokens(ctx, tx, s)
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
	var (
		in   inst
		vars string
		prev sql.NullString
	)
	err := tx.QueryRow(ctx, `SELECT `+instColumns+`, (SELECT c.result FROM flow_cmd c WHERE c.id = ?)
		FROM flow_inst i WHERE i.id = ?`, cmd, id).Scan(append(in.dest(&vars), &prev)...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, "", fault.New(fault.NotFound, "flow.unknown", "instance", id)
	}
	if err != nil {
		return nil, "", fault.Wrap("load instance", err)
	}
	if err := in.unpack(vars); err != nil {
		return nil, "", err
	}
	s := &state{inst: &in}
	return s, prev.String, loadTokens(ctx, tx, s)
}

func loadTokens(ctx context.Context, tx *store.Tx, s *state) error {
	list, err := rowsOf(ctx, tx, "load tokens", func(rows *sql.Rows) (*token, error) {
		var (
			t  token
			st string
		)
		err := rows.Scan(&t.id, &t.node, &st, &t.state, &t.index, &t.member, &t.prev, &t.outcome, &t.back, &t.child)
		if err == nil {
			t.stack, err = parseStack(st)
		}
		return &t, err
	}, `SELECT id, node, stack, state, mi_index, member, prev, outcome, back, child FROM flow_token WHERE inst = ? ORDER BY id`, s.inst.id)
	s.tokens = list
	return err
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
