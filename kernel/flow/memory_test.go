package flow

import (
	"context"
	"math/rand"
	"slices"
	"testing"
	"time"

	"chengshu/base/bpmn"
	"chengshu/base/clock"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// memory runs one instance without a database, by the same engine code, so that very many runs are possible.
type memory struct {
	e      *Engine
	p      *plan
	s      *state
	timers []timer
	subs   []sub
	passed map[string]int // nodes entered, by kind and event
	ended  int
}

type anything struct{}

func (anything) Allow(context.Context, *store.Tx, identity.Actor, string, Biz) error { return nil }

var worker = identity.Actor{Person: "w", Roles: []string{"r"}, Org: "/o/", Area: "/a/"}

func newMemory(tb testing.TB, p *plan, seed int64) *memory {
	tb.Helper()
	fake := clock.NewFake(time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai))
	e := &Engine{
		opt: Options{Clock: fake, Steps: []int{1000, 1000, 4, 12}[seed%4], Policy: anything{}}, ids: newMinter(rand.New(rand.NewSource(seed))), plans: map[planKey]*plan{{"p", 0}: p},
	}
	s := &state{all: true, compRead: true, repRead: true, inst: &inst{id: "i", defKey: "p", biz: Biz{Type: "test.case", ID: "1"}, state: Running, starter: "w", started: 1}}
	m := &memory{e: e, p: p, s: s, passed: map[string]int{}}
	if err := m.act(worker, Command{}, func(x *machine) error {
		x.push(x.s.spawn(p.start.ID, nil), p.start)
		return nil
	}); err != nil {
		tb.Fatal(err)
	}
	return m
}

// act runs one command and keeps its effects; on a fault it keeps nothing.
func (m *memory) act(who identity.Actor, cmd Command, do func(*machine) error) error {
	s := m.s.copy()
	st := m.e.newStep(context.Background(), nil, who, cmd)
	x := &machine{step: st, p: m.p, s: s, rec: st.draft(s.inst.biz)}
	st.machines = append(st.machines, x)
	if err := do(x); err != nil {
		return err
	}
	if err := st.settle(); err != nil {
		return err
	}
	for _, id := range x.path {
		n := m.p.nodes[id]
		what := string(n.Kind) + " " + n.event()
		if n.Compensation {
			what = "handler"
		}
		if n.many() {
			what = string(n.Kind) + " many"
		}
		m.passed[what]++
	}
	if x.ended {
		m.ended++
	}
	m.timers = slices.DeleteFunc(m.timers, func(t timer) bool { return slices.Contains(s.dropTimers, t.holder) })
	m.timers = append(m.timers, s.timers...)
	m.subs = slices.DeleteFunc(m.subs, func(x sub) bool { return slices.Contains(s.dropTimers, x.holder) })
	m.subs = append(m.subs, s.subs...)
	closed := s.tasks
	s = s.settled()
	s.tasks = closed
	m.e.opt.Clock.(*clock.Fake).Advance(time.Minute)
	m.s = s
	return nil
}

// open gives the tasks that can be worked on.
func (m *memory) open() []*Task {
	var out []*Task
	for _, k := range m.s.tasks {
		if k.State == Open {
			out = append(out, k)
		}
	}
	return out
}

// who gives an actor who may do the task.
func who(k *Task) identity.Actor {
	a := worker
	if k.Candidates[0].Kind == ByPerson {
		a.Person = k.Candidates[0].Ref
	}
	if k.Assignee != "" {
		a.Person = k.Assignee
	}
	return a
}

func (m *memory) do(name string, k *Task, cmd Command) error {
	cmd.Name, cmd.Task = name, k.ID
	a := who(k)
	if name == Withdraw {
		a.Person = k.DoneBy
	}
	return m.act(a, cmd, func(x *machine) error {
		if err := x.usable(name, k); err != nil {
			return err
		}
		return taskActs[name](x, x.s.task(k.ID))
	})
}

func (m *memory) fire(t timer) error {
	m.timers = slices.DeleteFunc(m.timers, func(x timer) bool { return x.id == t.id })
	return m.act(identity.System("timer"), Command{}, func(x *machine) error { return x.fire(t.holder, m.p.nodes[t.node], t.left) })
}

// happen lets an event come from outside; a message is used up by it.
func (m *memory) happen(s sub) error {
	if s.kind == subMessage {
		m.subs = slices.DeleteFunc(m.subs, func(x sub) bool { return x == s })
	}
	return m.act(worker, Command{}, func(x *machine) error { return x.fire(s.holder, m.p.nodes[s.node], 0) })
}

// awaited gives what tokens wait for that have no task: the main path goes on by it.
func (m *memory) awaited() (subs []sub, timers []timer) {
	for _, t := range m.s.tokens {
		if n := m.p.nodes[t.node]; n.Kind != bpmn.Catch && n.Kind != bpmn.EventGateway && n.Kind != bpmn.ReceiveTask {
			continue
		}
		for _, s := range m.subs {
			if s.holder == t.id {
				subs = append(subs, s)
			}
		}
		for _, x := range m.timers {
			if x.holder == t.id {
				timers = append(timers, x)
			}
		}
	}
	return subs, timers
}

// goOn lets one thing happen that a token without a task waits for; false where there is none.
func (m *memory) goOn() (bool, error) {
	subs, timers := m.awaited()
	switch {
	case len(subs) > 0:
		return true, m.happen(subs[0])
	case len(timers) > 0:
		return true, m.fire(timers[0])
	}
	return m.retry()
}

// retry lets the tokens go on that have stopped; false where there is none.
func (m *memory) retry() (found bool, err error) {
	err = m.act(worker, Command{}, func(x *machine) error {
		for _, t := range x.s.alive() {
			if t.state == failed {
				t.state, found = live, true
				x.redo(t, m.p.nodes[t.node])
			}
		}
		return nil
	})
	return found, err
}
