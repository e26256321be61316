package demo

import (
	"context"
	"math/rand/v2"

	"chengshu/app"
	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/kernel/flow"
	"chengshu/kernel/identity"
)

// work lets somebody do a task: first what the person does on the record beforehand, then the task itself.
func (c *chronicle) work(ctx context.Context, tx *store.Tx, e *event) error {
	m, t := e.matter, e.task
	who, ok := c.players.match(c.words.rand, t.Candidates)
	if !ok {
		return fault.New(fault.NotFound, "demo.nobody", "node", t.Node)
	}
	s := m.plan.tasks[t.Node]
	if s == nil {
		s = &step{}
	}
	if !e.acted {
		acted, err := c.acts(ctx, tx, m, who, s)
		if err != nil {
			return err
		}
		if acted { // what it set off needs its time
			c.push(&event{at: c.pace(m.plan, s, t), plan: e.plan, matter: m, task: t, acted: true})
			return nil
		}
	}
	cmd, err := c.answer(ctx, tx, m, who, s, t)
	if err != nil {
		return err
	}
	r, err := c.app.Flow.Do(ctx, tx, who, cmd)
	if err != nil {
		return err
	}
	c.out.Acts++
	return c.opened(ctx, tx, m, r.Opened)
}

// acts runs the commands a person runs before the task is done, by chance.
func (c *chronicle) acts(ctx context.Context, tx *store.Tx, m *matter, who identity.Actor, s *step) (bool, error) {
	acted := false
	for _, a := range s.acts {
		if c.words.rand.Float64() >= a.Chance {
			continue
		}
		_, rec, err := c.load(ctx, tx, m)
		if err != nil {
			return acted, err
		}
		env := c.env(ctx, tx, view{it: m.it, record: rec, twin: m.twin, user: who})
		reason := ""
		if a.reasons != nil {
			reason, _ = a.reasons.draw(c.words.rand, env).(string)
		}
		_, err = c.app.Records.Command(ctx, tx, who, m.plan.Type, m.id, a.Command, c.data(a.fields, env), reason)
		if k := fault.KindOf(err); err != nil && (k == fault.Conflict || k == fault.Denied || k == fault.NotFound) {
			continue // its condition does not hold, or the person may do the task and not this
		}
		if err != nil {
			return acted, fault.Wrap(a.pos.String(), err)
		}
		acted = true
		c.out.Acts++
	}
	if !acted {
		return false, nil
	}
	return true, c.look(ctx, tx, m)
}

// answer chooses the outcome of a task and fills its form.
func (c *chronicle) answer(ctx context.Context, tx *store.Tx, m *matter, who identity.Actor, s *step, t *flow.Task) (flow.Command, error) {
	cmd := flow.Command{Name: flow.Complete, Task: t.ID, Data: map[string]any{}}
	form, err := c.form(ctx, tx, t)
	if err != nil {
		return cmd, err
	}
	var env *feel.Env
	see := func() error {
		_, rec, err := c.load(ctx, tx, m)
		env = c.env(ctx, tx, view{it: m.it, record: rec, twin: m.twin, user: who})
		return err
	}
	if s.looks() {
		err = see()
	} else {
		env = c.env(ctx, tx, view{it: m.it, twin: m.twin, user: who})
	}
	if err != nil {
		return cmd, err
	}
	fields := form.Fields
	if o := s.choose(c.words.rand, env, form.Outcomes); o != nil {
		cmd.Outcome, fields = o.ID, o.Fields
		if o.Reason {
			if cmd.Reason, _ = s.reason(c.words.rand, env); cmd.Reason == "" {
				cmd.Reason = c.app.Bundle.Load().Word(o.Key, nil)
			}
		}
	}
	given := c.data(s.fields, env)
	for _, f := range fields {
		if v, ok := given[f.Name]; ok {
			cmd.Data[f.Name] = v
		}
	}
	return cmd, nil
}

// looks tells whether a value of the step looks at the record.
func (s *step) looks() bool {
	if s.when != nil && s.when.needs("record") || s.reasons != nil && s.reasons.needs("record") {
		return true
	}
	for _, f := range s.fields {
		if f.value.needs("record") {
			return true
		}
	}
	return false
}

// choose gives an outcome of a form: the one the step names, one drawn, else the first. nil where there is none to choose.
func (s *step) choose(r *rand.Rand, env *feel.Env, list []flow.FormOutcome) *flow.FormOutcome {
	want := ""
	if s.when != nil {
		want, _ = s.when.draw(r, env).(string)
	}
	if want == "" && len(s.outcomes) > 0 {
		want = pickWeighted(r, s.outcomes)
	}
	for i := range list {
		if list[i].ID == want {
			return &list[i]
		}
	}
	if len(list) == 0 {
		return nil
	}
	return &list[0]
}

func (s *step) reason(r *rand.Rand, env *feel.Env) (string, bool) {
	if s.reasons == nil {
		return "", false
	}
	v, ok := s.reasons.draw(r, env).(string)
	return v, ok
}

// form gives the form of a task, which is the same for every task of its node.
func (c *chronicle) form(ctx context.Context, tx *store.Tx, t *flow.Task) (flow.Form, error) {
	key := t.Process + "/" + t.Biz.Type + "/" + t.Node + "/" + t.Kind // a task read from the tables does not name its process
	if f, ok := c.forms[key]; ok {
		return f, nil
	}
	f, err := c.app.Flow.Form(ctx, tx, t)
	if err == nil {
		c.forms[key] = f
	}
	return f, err
}

// players are the people of the county in their posts.
type players struct {
	byRole   map[string][]identity.Actor
	byPerson map[string]identity.Actor
}

// newPlayers reads everybody's posts, in the order of the cast.
func newPlayers(ctx context.Context, a *app.App, people []person) (*players, error) {
	p := &players{byRole: map[string][]identity.Actor{}, byPerson: map[string]identity.Actor{}}
	p.byRole[anonymous] = []identity.Actor{identity.Anonymous("public")}
	err := a.DB.Read(ctx, func(tx *store.Tx) error {
		for _, x := range people {
			if _, known := p.byPerson[x.id]; known {
				continue
			}
			actors, err := a.Identity.Posts(ctx, tx, x.id)
			if err != nil {
				return err
			}
			for _, actor := range actors {
				actor.Via = "demo"
				p.byPerson[x.id] = actor
				for _, role := range actor.Roles {
					p.byRole[role] = append(p.byRole[role], actor)
				}
			}
		}
		return nil
	})
	return p, err
}

// with draws somebody with a role whose scope covers an area.
func (p *players) with(r *rand.Rand, role, area string) (identity.Actor, bool) {
	return p.match(r, []flow.Candidate{{Kind: flow.ByRole, Ref: role, Area: area}})
}

// match draws somebody who is one of the candidates.
func (p *players) match(r *rand.Rand, list []flow.Candidate) (identity.Actor, bool) {
	var fit []identity.Actor
	for _, c := range list {
		if c.Kind == flow.ByPerson {
			if x, ok := p.byPerson[c.Ref]; ok {
				fit = append(fit, x)
			}
			continue
		}
		if c.Ref == anonymous {
			c.Area = ""
		}
		for _, x := range p.byRole[c.Ref] {
			if c.Matches(x) {
				fit = append(fit, x)
			}
		}
	}
	if len(fit) == 0 {
		return identity.Actor{}, false
	}
	return fit[r.IntN(len(fit))], true
}
