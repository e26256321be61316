package flow

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// Limits of jobs.
const (
	Lease    = 30 * time.Second // how long a job belongs to the node that works on it, without a sign of life
	Attempts = 10               // tries before a job is an incident; with the pauses between them about 85 minutes

	heartbeat  = Lease / 3
	firstPause = 5 * time.Second
)

// States of jobs.
const (
	jobReady = "ready"
	jobDead  = "dead" // an incident; waits for an administrator
)

// Job is one call to another system. It was written in the transaction of the step that wants it and is made after the
// commit, at least once: the receiver recognises a repeat by ID.
type Job struct {
	ID       string // idempotency key
	Instance string
	Node     string
	Name     string          // endpoint as the model names it
	Data     json.RawMessage // body; null where the model gives none
	Attempt  int64           // 1 the first time
	Biz      Biz

	token, part int64
}

// Caller makes the call of a job and gives the JSON the other system answered. A fault of the kinds Invalid, Denied and
// NotFound will not be better next time: the job is an incident at once. Raise throws a BPMN error. Every other error is
// tried again.
type Caller func(ctx context.Context, job Job) (json.RawMessage, error)

// Raise is the error by which a service or a caller throws a BPMN error into the process, to be caught by its events.
func Raise(code string) error { return fault.New(fault.Conflict, "flow.raised", "error", code) }

// raised tells whether err throws a BPMN error.
func raised(err error) (code string, ok bool) {
	f, is := errors.AsType[*fault.Error](err)
	if !is || f.Code != "flow.raised" {
		return "", false
	}
	code, _ = f.Args["error"].(string)
	return code, true
}

// job is a call made in this step.
type job struct {
	id, node, name string
	token, part    int64
	payload        string
}

// ask writes the call of a service task; t waits for the answer.
func (m *machine) ask(t *token, n *node, part int) error {
	s := n.services[part]
	id, err := m.e.ids.id(m.now)
	if err != nil {
		return err
	}
	payload := []byte("null")
	if s.data != nil {
		v, _, err := m.eval(s.data, t, nil)
		if err != nil {
			return err
		}
		if payload, err = json.Marshal(feel.ToGo(v)); err != nil {
			return fault.Wrap("write call", err)
		}
	}
	m.s.jobs = append(m.s.jobs, job{id: id, node: n.ID, name: s.Name, token: t.id, part: int64(part), payload: string(payload)})
	return nil
}

// calls tells whether the node calls another system.
func (n *node) calls() bool {
	for _, s := range n.services {
		if s.Kind == "call" {
			return true
		}
	}
	return false
}

// abandon gives up the call a token waits for and closes its incident.
func (m *machine) abandon(t *token) {
	if n := m.p.nodes[t.node]; n != nil && n.calls() {
		kept := m.s.jobs[:0]
		for _, j := range m.s.jobs {
			if j.token != t.id {
				kept = append(kept, j)
			}
		}
		m.s.jobs = kept
		if !m.s.inst.fresh {
			m.s.dropJobs = append(m.s.dropJobs, t.id)
		}
	}
	if t.state == failed {
		m.s.solved = append(m.s.solved, t.id)
		m.s.incidents = slices.DeleteFunc(m.s.incidents, func(i incident) bool { return i.token == t.id })
	}
}

func (m *machine) saveJobs() error {
	if err := m.dropBy("flow_job", "token", m.s.dropJobs); err != nil {
		return err
	}
	for _, token := range m.s.solved {
		if err := m.exec(`UPDATE flow_incident SET closed = ?, closed_by = ?, reason = ? WHERE inst = ? AND token = ? AND closed = 0`,
			micros(m.now), m.actor.Person, m.cmd.Reason, m.s.inst.id, token); err != nil {
			return err
		}
	}
	jobs := batch{into: `flow_job (id, inst, token, node, part, name, payload, state, attempts, next_at, lease_owner, lease_until, fault,
		created)`, width: 14}
	for _, j := range m.s.jobs {
		jobs.add(j.id, m.s.inst.id, j.token, j.node, j.part, j.name, j.payload, jobReady, 0, micros(m.now), "", 0, "", micros(m.now))
	}
	if err := jobs.write(m); err != nil {
		return err
	}
	list := batch{into: `flow_incident (id, inst, token, node, code, detail, job, at, closed, closed_by, reason)`, width: 11}
	for _, i := range m.s.incidents {
		list.add(i.id, m.s.inst.id, i.token, i.node, i.code, i.detail, i.job, micros(m.now), 0, "", "")
	}
	return list.write(m)
}

// Work does one job that is due with call and tells whether there was one. What came of it is a step of its own: the
// answer goes into the declared variable and the process goes on. A fault of the call is noted on the job and not
// returned. The caller owns the goroutine; several may work, here and on other nodes.
func (e *Engine) Work(ctx context.Context, call Caller) (bool, error) {
	due := 0
	// Ordered for the reason overdue is.
	err := e.opt.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM flow_job WHERE state = 'ready' AND next_at <= ? ORDER BY next_at LIMIT 1) AS d`,
			micros(e.opt.Clock.Now())).Scan(&due)
	})
	if err != nil || due == 0 {
		return false, fault.Wrap("look for jobs", err)
	}
	owner, err := e.ids.id(e.opt.Clock.Now())
	if err != nil {
		return false, err
	}
	var j Job
	found := false
	err = e.opt.DB.Write(ctx, func(tx *store.Tx) (err error) {
		j, found, err = e.claimJob(ctx, tx, owner)
		return err
	})
	if err != nil || !found {
		return false, err
	}
	answer, err := e.callWith(ctx, call, j, owner)
	if ctx.Err() != nil {
		return true, ctx.Err() // the lease runs out and another node tries
	}
	return true, e.conclude(ctx, j, owner, answer, err)
}

// conclude lets the process go on with what a call gave. Where it cannot, because of what follows and not of the database,
// asking again would give the same: a person has to look.
func (e *Engine) conclude(ctx context.Context, j Job, owner string, answer json.RawMessage, why error) error {
	err := e.opt.DB.Write(ctx, func(tx *store.Tx) error { return e.answered(ctx, tx, j, owner, answer, why) })
	if err == nil || fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Conflict) {
		return err // the lease runs out and it is tried again
	}
	stuck := &fault.Error{Kind: fault.Invalid, Code: fault.CodeOf(err), Err: err}
	return e.opt.DB.Write(ctx, func(tx *store.Tx) error { return e.answered(ctx, tx, j, owner, nil, stuck) })
}

// callWith makes the call while the lease is kept alive.
func (e *Engine) callWith(ctx context.Context, call Caller, j Job, owner string) (json.RawMessage, error) {
	done := make(chan struct{})
	var beat sync.WaitGroup
	beat.Go(func() {
		tick := time.NewTicker(heartbeat)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-tick.C:
				_ = e.opt.DB.Write(ctx, func(tx *store.Tx) error { // a beat that fails costs a repeat of the call at worst
					_, err := tx.Exec(ctx, `UPDATE flow_job SET lease_until = ?, next_at = ? WHERE id = ? AND lease_owner = ?`,
						micros(e.opt.Clock.Now().Add(Lease)), micros(e.opt.Clock.Now().Add(Lease)), j.ID, owner)
					return err
				})
			}
		}
	})
	answer, err := call(ctx, j)
	close(done)
	beat.Wait()
	return answer, err
}

// claimJob takes the job due first: until the lease runs out nobody else is offered it.
func (e *Engine) claimJob(ctx context.Context, tx *store.Tx, owner string) (Job, bool, error) {
	now := e.opt.Clock.Now()
	skip := ""
	if !tx.Serial() {
		skip = ` FOR UPDATE OF j SKIP LOCKED` // as claimTimer
	}
	list, err := rowsOf(ctx, tx, "claim job", func(rows *sql.Rows) (Job, error) {
		var (
			j    Job
			data string
		)
		err := rows.Scan(&j.ID, &j.Instance, &j.token, &j.Node, &j.part, &j.Name, &data, &j.Attempt)
		j.Data = json.RawMessage(data)
		return j, err
	}, `UPDATE flow_job SET lease_owner = ?, lease_until = ?, next_at = ?, attempts = attempts + 1
		WHERE id = (SELECT j.id FROM flow_job j JOIN flow_inst i ON i.id = j.inst WHERE j.state = 'ready' AND j.next_at <= ? AND i.state = 'running'
		ORDER BY j.next_at, j.id LIMIT 1`+skip+`) RETURNING id, inst, token, node, part, name, payload, attempts`,
		owner, micros(now.Add(Lease)), micros(now.Add(Lease)), micros(now))
	if err != nil || len(list) == 0 {
		return Job{}, false, err
	}
	j := list[0]
	err = tx.QueryRow(ctx, `SELECT biz_type, biz_id, org, area FROM flow_inst WHERE id = ?`, j.Instance).
		Scan(&j.Biz.Type, &j.Biz.ID, &j.Biz.Org, &j.Biz.Area)
	return j, true, fault.Wrap("claim job", err)
}

// answered lets the process go on with what a call gave, or notes why it gave nothing.
func (e *Engine) answered(ctx context.Context, tx *store.Tx, j Job, owner string, answer json.RawMessage, why error) error {
	st := e.newStep(ctx, tx, identity.System("job"), Command{Name: "job", Instance: j.Instance})
	s, _, err := loadInst(ctx, tx, j.Instance, "")
	if err != nil {
		return err
	}
	var held int
	if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM flow_job WHERE id = ? AND lease_owner = ? AND state = 'ready'`, j.ID, owner).Scan(&held); err != nil {
		return fault.Wrap("find job", err)
	}
	t := s.token(j.token)
	if held == 0 || t == nil || t.node != j.Node || s.inst.ended != 0 {
		return nil // given up meanwhile, or somebody else's by now
	}
	if s.inst.state == Suspended { // it is asked again when the process goes on: the receiver knows the job
		_, err := tx.Exec(ctx, `UPDATE flow_job SET lease_owner = '', lease_until = 0, next_at = ?, attempts = attempts - 1 WHERE id = ?`, micros(st.now), j.ID)
		return fault.Wrap("put job off", err)
	}
	if len(answer) > 0 && !json.Valid(answer) && why == nil {
		why = fault.New(fault.Invalid, "flow.answer", "name", j.Name)
	}
	code, thrown := raised(why)
	if why != nil && !thrown && !hopeless(why) && j.Attempt < Attempts {
		return e.tryLater(ctx, tx, j, why)
	}
	m, err := st.over(s)
	if err != nil {
		return err
	}
	n := m.p.nodes[j.Node]
	switch {
	case thrown:
		m.s.dropJobs = append(m.s.dropJobs, t.id)
		err = m.throwError(t, n, code)
	case why != nil:
		if _, err := tx.Exec(ctx, `UPDATE flow_job SET state = ?, fault = ? WHERE id = ?`, jobDead, why.Error(), j.ID); err != nil {
			return fault.Wrap("bury job", err)
		}
		err = m.fail(t, n, incident{code: "flow.incident.job", detail: told(why), job: j.ID})
	default:
		m.s.dropJobs = append(m.s.dropJobs, t.id)
		err = m.proceed(t, n, j.part, answer)
	}
	if err != nil {
		return err
	}
	_, err = st.finish(m, "job", j.Node, "")
	return err
}

// proceed puts the answer of a call into its variable and does the services that follow.
func (m *machine) proceed(t *token, n *node, part int64, answer json.RawMessage) error {
	if part < 0 || int(part) >= len(n.services) {
		return fault.New(fault.Internal, "flow.node", "node", n.ID)
	}
	if name := n.services[part].Result; name != "" && len(answer) > 0 {
		m.put(t, name, answer)
	}
	t.state, t.dirty = live, true
	return m.serve(t, n, int(part)+1)
}

// hopeless tells whether a fault will be the same next time.
func hopeless(err error) bool {
	return fault.Is(err, fault.Invalid) || fault.Is(err, fault.Denied) || fault.Is(err, fault.NotFound)
}

// tryLater puts a job off, twice as long each time.
func (e *Engine) tryLater(ctx context.Context, tx *store.Tx, j Job, why error) error {
	pause := firstPause << (j.Attempt - 1)
	_, err := tx.Exec(ctx, `UPDATE flow_job SET lease_owner = '', lease_until = 0, next_at = ?, fault = ? WHERE id = ?`,
		micros(e.opt.Clock.Now().Add(pause)), why.Error(), j.ID)
	return fault.Wrap("put job off", err)
}

// RunJobs works off jobs with call until ctx ends; the caller owns the goroutine. It looks every poll, 1 s when zero.
func (e *Engine) RunJobs(ctx context.Context, poll time.Duration, call Caller, report func(error)) {
	if poll <= 0 {
		poll = time.Second
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		for ctx.Err() == nil {
			worked, err := e.Work(ctx, call)
			if err != nil && ctx.Err() == nil && report != nil {
				report(err)
			}
			if !worked || err != nil {
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
