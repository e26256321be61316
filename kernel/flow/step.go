package flow

import (
	"context"
	"encoding/json"
	"maps"
	"time"

	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// step is one command at work: the instances it touches, what it does to their records, and what it wants told.
type step struct {
	e        *Engine
	ctx      context.Context
	tx       *store.Tx
	actor    identity.Actor
	now      time.Time
	cmd      Command
	machines []*machine
	drafts   []*draft
	mail     []message
	signals  []signal
	woke     bool // timers were set that no machine holds
	looked   bool // the conditions of other processes about the records were looked at
	events   []Event
}

// draft gathers what a step does to one record, so that it is written once.
type draft struct {
	biz    Biz
	change Change
	vars   feel.Vars // as they would be after change; nil when not asked for yet
	rev    int64
	gen    int // counts the changes of this step
}

// machine advances one instance.
type machine struct {
	*step
	p       *plan
	s       *state
	rec     *draft
	work    []move
	path    []string          // nodes entered, in order
	extra   []Note            // what else the history of the step says
	ticks   []ClockEntry      // what the step did to the clocks
	waiting bool              // a subscription was made: look into the buffered messages
	ended   bool              // the instance ended in this step
	task    *Task             // the task completed by the command; nil otherwise
	prefer  map[string]string // node → person its next task goes to (return, withdraw)

	chose     bool // Command.Next got its task
	lookAgain bool // a condition was armed, or the record was changed by others
	seen      int  // draft.gen at which the conditions were looked at last
}

type move struct {
	t *token
	n *node
}

// Note is one line of a step's history beside the command itself.
type Note struct {
	Data json.RawMessage `json:"data,omitempty"` // what a service had to say
	Node string          `json:"node,omitempty"`
	Op   string          `json:"op"`
	Task string          `json:"task,omitempty"`
	Text string          `json:"text,omitempty"`
}

func (e *Engine) newStep(ctx context.Context, tx *store.Tx, actor identity.Actor, cmd Command) *step {
	return &step{e: e, ctx: ctx, tx: tx, actor: actor, now: e.opt.Clock.Now(), cmd: cmd}
}

// over makes a machine for a loaded instance.
func (st *step) over(s *state) (*machine, error) {
	p, err := st.e.plan(st.ctx, st.tx, s.inst.defKey, s.inst.defVersion)
	if err != nil {
		return nil, err
	}
	m := &machine{step: st, p: p, s: s, rec: st.draft(s.inst.biz)}
	st.machines = append(st.machines, m)
	return m, m.loadRepeats()
}

func (st *step) draft(b Biz) *draft {
	for _, d := range st.drafts {
		if d.biz.Type == b.Type && d.biz.ID == b.ID {
			return d
		}
	}
	d := &draft{biz: b}
	st.drafts = append(st.drafts, d)
	return d
}

// other gives the machine of another instance, loaded where the step has not touched it yet.
func (st *step) other(id string) (*machine, error) {
	for _, m := range st.machines {
		if m.s.inst.id == id {
			return m, nil
		}
	}
	s, _, err := loadInst(st.ctx, st.tx, id, "")
	if err != nil {
		return nil, err
	}
	return st.over(s)
}

// set puts values of the process into the record.
func (d *draft) set(values map[string]feel.Value) {
	if len(values) == 0 {
		return
	}
	if d.change.Set == nil {
		d.change.Set = map[string]feel.Value{}
	}
	maps.Copy(d.change.Set, values)
	d.touch()
}

// touch makes what is known of the record stale.
func (d *draft) touch() {
	d.vars = nil
	d.gen++
}

func (d *draft) state(state string) {
	d.change.State = &state
	d.touch()
}

// scope is what an expression of a process sees: the names of the process over those of the record.
type processVars struct {
	record  feel.Vars
	process feel.Map
}

// Get finds a name.
func (v processVars) Get(name string) (feel.Value, bool) {
	if x, ok := v.process[name]; ok {
		return x, true
	}
	if v.record == nil {
		return nil, false
	}
	return v.record.Get(name)
}

// eval evaluates an expression for a token; t may be nil.
func (m *machine) eval(x *feel.Expr, t *token, member feel.Value) (feel.Value, *feel.Env, error) {
	if !m.p.pure[x] {
		if err := m.look(); err != nil {
			return nil, nil, err
		}
	}
	v, env := m.evalIn(x, m.view(t, member))
	return v, env, nil
}

// evalIn evaluates an expression on what it sees.
func (m *machine) evalIn(x *feel.Expr, vars feel.Vars) (feel.Value, *feel.Env) {
	env := &feel.Env{Vars: vars, Now: func() time.Time { return m.now }}
	if m.e.opt.Data != nil {
		env.Data = m.e.opt.Data(m.ctx, m.tx, m.actor)
	}
	return x.Eval(env), env
}

// look asks for the record's values as they are at this point of the step, once until it changes.
func (m *machine) look() error {
	if m.rec.vars != nil || m.tx == nil || m.rec.biz.Type == "" {
		return nil
	}
	vars, err := m.e.opt.Records.Vars(m.ctx, m.tx, m.actor, m.rec.biz.Type, m.rec.biz.ID, m.rec.change)
	if err != nil {
		return err
	}
	m.rec.vars = vars
	return nil
}

// names gives what an expression of a token may read.
func (m *machine) names(t *token, member feel.Value) (feel.Vars, error) {
	if err := m.look(); err != nil {
		return nil, err
	}
	return m.view(t, member), nil
}

func (m *machine) view(t *token, member feel.Value) processVars {
	names := feel.Map{"starter": m.s.inst.starter, "member": member, "outcome": nil}
	vars := m.s.inst.vars
	if t != nil && m.p.repeats {
		vars = maps.Clone(vars)
		if vars == nil {
			vars = map[string]json.RawMessage{}
		}
		m.local(t, names, vars)
	}
	names["vars"] = variables(vars)
	if t != nil && t.outcome != "" {
		names["outcome"] = t.outcome
	}
	return processVars{m.rec.vars, names}
}

func variables(vars map[string]json.RawMessage) *feel.Context {
	c := feel.NewContext()
	for k, raw := range vars {
		var v any
		if json.Unmarshal(raw, &v) == nil {
			c = c.With(k, feel.FromGo(v))
		}
	}
	return c
}

func (m *machine) setVar(t *token, name string, v feel.Value) error {
	raw, err := json.Marshal(feel.ToGo(v))
	if err != nil {
		return fault.Wrap("write variable", err)
	}
	m.put(t, name, raw)
	return nil
}

// assign evaluates a context of record fields and puts it into the record.
func (m *machine) assign(x *feel.Expr, t *token, n *node) error {
	if x == nil {
		return nil
	}
	v, env, err := m.eval(x, t, nil)
	if err != nil {
		return err
	}
	c, ok := v.(*feel.Context)
	if !ok {
		return m.broken(n, "flow.set", env)
	}
	values := make(map[string]feel.Value, c.Len())
	for _, k := range c.Keys() {
		values[k], _ = c.Get(k)
	}
	m.rec.set(values)
	return nil
}

// broken is the fault of a node that cannot be done, with the first diagnostic of its expression.
func (m *machine) broken(n *node, code string, env *feel.Env) error {
	args := []any{"process", m.p.key, "node", n.ID}
	if env != nil && len(env.Diagnostics) > 0 {
		args = append(args, "reason", env.Diagnostics[0].Code)
	}
	return fault.New(fault.Invalid, code, args...)
}

// settle runs every machine until nothing moves any more: tokens, messages, ended children.
func (st *step) settle() error {
	for {
		moved := false
		for i := 0; i < len(st.machines); i++ { //nolint:intrange // the list grows while it is walked
			m := st.machines[i]
			if len(m.work) > 0 {
				moved = true
				if err := m.run(); err != nil {
					return err
				}
			}
			if m.waiting {
				moved, m.waiting = true, false
				if err := m.buffered(); err != nil {
					return err
				}
			}
		}
		if len(st.signals) > 0 {
			next := st.signals[0]
			st.signals, moved = st.signals[1:], true
			if err := st.broadcast(next); err != nil {
				return err
			}
		}
		if len(st.mail) > 0 {
			next := st.mail[0]
			st.mail, moved = st.mail[1:], true
			if err := st.deliver(next); err != nil {
				return err
			}
		}
		if moved {
			continue
		}
		if more, err := st.quiet(); err != nil || !more {
			return err
		}
	}
}

// quiet looks at conditions when nothing moves any more, and tells whether that set something moving.
func (st *step) quiet() (bool, error) {
	for _, m := range st.machines {
		if moved, err := m.conditions(); moved || err != nil {
			return moved, err
		}
	}
	return st.siblings()
}
