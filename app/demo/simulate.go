package demo

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/kernel/identity"
	"chengshu/kernel/pack"
)

// Simulator lets citizens report and staff work, slowly and lawfully, through the public HTTP surface alone. What they
// choose is drawn from a seed; the plans of the packs say what is likely, and the declarations of types what is possible.
type Simulator struct {
	Rate  float64 // acts a minute
	Log   *slog.Logger
	Clock clock.Clock

	api      *client
	accounts []Account
	plan     *plan
	words    *lexicon
	rand     *rand.Rand
	types    map[string]*typeInfo
	done     int
	refused  int
}

// shareOfReports is the chance that an act is a new report and not a task: about one in the number of steps of a case.
const shareOfReports = 0.12

// tries is how many people are asked in turn whether they have work.
const tries = 12

// NewSimulator makes a simulator against a server. A bundle whose plans cannot be read gives one without plans: everything
// is then drawn from the declarations.
func NewSimulator(b *pack.Bundle, base string, accounts []Account, seed int64, more []feel.Func) *Simulator {
	w := newLexicon(b.Set, seed, more)
	w.stage(900)
	p, err := readPlan(b, w)
	if err != nil {
		p = &plan{}
	}
	return &Simulator{
		Rate: 4, Log: slog.New(slog.DiscardHandler), Clock: clock.System(),
		api: &client{&http.Client{Timeout: 30 * time.Second}, base}, accounts: accounts, plan: p, words: w, rand: w.rand, types: map[string]*typeInfo{},
	}
}

// Run acts until ctx ends. Refusals belong to life and are only counted.
func (s *Simulator) Run(ctx context.Context) {
	defer s.api.http.CloseIdleConnections()
	for {
		wait := time.Duration((0.5 + s.rand.Float64()) * float64(time.Minute) / s.Rate)
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
		if err := s.Act(ctx); err != nil && ctx.Err() == nil {
			s.refused++
			s.Log.DebugContext(ctx, "simulated act", "error", err)
		}
	}
}

// Act lets one thing happen: a report, or one task of somebody who has one.
func (s *Simulator) Act(ctx context.Context) error {
	if len(s.accounts) == 0 {
		return nil
	}
	if len(s.plan.histories) > 0 && s.rand.Float64() < shareOfReports {
		return s.report(ctx)
	}
	for range tries {
		a := s.accounts[s.rand.IntN(len(s.accounts))]
		var page struct{ Items []task }
		if err := s.api.get(ctx, a.Token, "/api/v1/tasks?state=open&limit=20", &page); err != nil {
			return err
		}
		if len(page.Items) > 0 {
			return s.work(ctx, a, page.Items[s.rand.IntN(len(page.Items))])
		}
	}
	return nil
}

// task is a task as the worklist gives it.
type task struct {
	ID        string
	Type      string
	Record    string
	Node      string
	Number    string
	Label     string
	Claimable bool
	Form      []formField
	Outcomes  []outcome
}

type outcome struct {
	ID     string
	Label  string
	Reason bool
	Form   []formField
}

type formField struct {
	Name     string
	Required bool
}

// work claims a task and completes it; what cannot be completed is given back.
func (s *Simulator) work(ctx context.Context, a Account, t task) error {
	rec := map[string]any{}
	if err := s.api.get(ctx, a.Token, "/api/v1/records/"+t.Type+"/"+t.Record, &rec); err != nil && !fault.Is(err, fault.Conflict) {
		return err // who may not read the record may still hold a task on it
	}
	st := s.stepOf(t)
	env := s.env(view{user: a.actor()}, rec)
	body := map[string]any{}
	fields := t.Form
	reason := t.Label
	if o := s.outcome(st, env, t.Outcomes); o != nil {
		body["outcome"], fields, reason = o.ID, o.Form, o.Label
		if o.Reason {
			if st != nil {
				if r, ok := st.reason(s.rand, env); ok {
					reason = r
				}
			}
			body["reason"] = reason
		}
	}
	data, err := s.fill(ctx, a, t, st, env, fields, rec, reason)
	if err != nil {
		return err
	}
	body["data"] = data
	path := "/api/v1/tasks/" + t.ID + "/commands/"
	if t.Claimable {
		if err := s.api.post(ctx, a.Token, path+"claim", map[string]any{}, nil); err != nil {
			return err
		}
	}
	if err := s.api.post(ctx, a.Token, path+"complete", body, nil); err != nil {
		if t.Claimable {
			_ = s.api.post(ctx, a.Token, path+"release", map[string]any{}, nil) // the task may be gone by now
		}
		return fault.Wrap(fmt.Sprintf("%s %s", t.Type, t.Node), err)
	}
	s.done++
	return nil
}

func (s *Simulator) stepOf(t task) *step {
	for _, h := range s.plan.histories {
		if h.Type == t.Type && h.tasks[t.Node] != nil {
			return h.tasks[t.Node]
		}
	}
	return nil
}

// outcome chooses one: by the plan, else any, the first more often than the others.
func (s *Simulator) outcome(st *step, env *feel.Env, list []outcome) *outcome {
	if len(list) == 0 {
		return nil
	}
	want := ""
	if st != nil {
		if st.when != nil {
			want, _ = st.when.draw(s.rand, env).(string)
		}
		if want == "" {
			want = pickWeighted(s.rand, st.outcomes)
		}
	}
	for i := range list {
		if list[i].ID == want {
			return &list[i]
		}
	}
	if s.rand.Float64() < 0.85 {
		return &list[0]
	}
	return &list[s.rand.IntN(len(list))]
}

func (s *Simulator) env(v view, rec map[string]any) *feel.Env {
	v.n = s.done + 1
	vars := v.vars()
	if len(rec) > 0 {
		vars["record"] = feel.FromGo(rec)
	}
	return &feel.Env{Vars: vars, Now: s.Clock.Now}
}

func (a Account) actor() identity.Actor {
	return identity.Actor{Name: a.Name, Org: a.Org, Area: a.Area, Roles: []string{a.Role}}
}

// fill gives the values of a form: what the plan says, else what the declarations require.
func (s *Simulator) fill(ctx context.Context, a Account, t task, st *step, env *feel.Env, fields []formField, rec map[string]any, words string) (map[string]any, error) {
	data := map[string]any{}
	planned := map[string]*value{}
	if st != nil {
		for _, f := range st.fields {
			planned[f.name] = f.value
		}
	}
	for _, f := range fields {
		if v := planned[f.Name]; v != nil {
			if x := v.draw(s.rand, env); x != nil {
				data[f.Name] = x
				continue
			}
		}
		if !f.Required || rec[f.Name] != nil {
			continue
		}
		x, err := s.invent(ctx, a, t.Type, f.Name, words)
		if err != nil {
			return nil, err
		}
		if x != nil {
			data[f.Name] = x
		}
	}
	return data, nil
}

// report makes a new record as somebody who may: a visitor through the public form, staff through the API.
func (s *Simulator) report(ctx context.Context) error {
	h := s.plan.histories[s.rand.IntN(len(s.plan.histories))]
	role := pickWeighted(s.rand, h.by)
	who, asks := identity.Anonymous("public"), Account{}
	if role != anonymous {
		var ok bool
		if asks, ok = s.somebody(role); !ok {
			return nil
		}
		who = asks.actor()
	}
	it, err := s.spot(ctx, h, asks)
	if err != nil || it == nil {
		return err
	}
	data := map[string]any{}
	env := s.env(view{it: it, user: who}, nil)
	for _, f := range h.fields {
		if v := f.value.draw(s.rand, env); v != nil {
			data[f.name] = v
		}
	}
	if role == anonymous {
		public(s.words.set, h.Type, data)
		err = s.api.form(ctx, "/report", flat(h.Type, data))
	} else {
		err = s.api.post(ctx, asks.Token, "/api/v1/records/"+h.Type, data, nil)
	}
	if err != nil {
		return fault.Wrap(h.Type, err)
	}
	s.done++
	return nil
}

func (s *Simulator) somebody(role string) (Account, bool) {
	var fit []Account
	for _, a := range s.accounts {
		if a.Role == role {
			fit = append(fit, a)
		}
	}
	if len(fit) == 0 {
		return Account{}, false
	}
	return fit[s.rand.IntN(len(fit))], true
}

// spot finds a place for a report: that of a record of a type the plan names, or near where one of the same type was made.
// Staff look among what they may read, so that they stay in their own area; for a visitor somebody else looks.
func (s *Simulator) spot(ctx context.Context, h *history, asks Account) (*feel.Context, error) {
	source := pickWeighted(s.rand, h.at)
	_, err := s.words.set.Type(source)
	item := err == nil
	if !item {
		source = h.Type
	}
	for range tries {
		a := asks
		if a.Token == "" {
			a = s.accounts[s.rand.IntN(len(s.accounts))]
		}
		var page struct{ Items []map[string]any }
		err := s.api.get(ctx, a.Token, "/api/v1/records/"+url.PathEscape(source)+"?limit=200&sort=-created_at", &page)
		if err != nil && !fault.Is(err, fault.Conflict) {
			return nil, err
		}
		if len(page.Items) == 0 {
			if asks.Token != "" {
				return nil, nil
			}
			continue // may not read them, or sees none
		}
		r := page.Items[s.rand.IntN(len(page.Items))]
		place, ok := r["place"].(map[string]any)
		if !ok || place["lon"] == nil {
			continue
		}
		if !item {
			r = map[string]any{"name": place["address"], "place": map[string]any{
				"lon": s.near(place["lon"]), "lat": s.near(place["lat"]), "address": place["address"],
			}}
		}
		it, _ := feel.FromGo(r).(*feel.Context)
		return it, nil
	}
	return nil, nil
}

// near moves a coordinate by some thirty metres at most.
func (s *Simulator) near(v any) float64 {
	return asFloat(feel.FromGo(v)) + (s.rand.Float64()-0.5)*0.0006
}
