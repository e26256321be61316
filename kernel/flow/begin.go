package flow

import (
	"context"
	"encoding/json"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// timedPrefix marks in flow_timer.inst the timers that start a definition.
const timedPrefix = "def:"

// begin makes a new instance with one token on a start event; an empty start is the none start event.
func (st *step) begin(key string, version int64, biz Biz, starter, start string) (*machine, error) {
	id, err := st.e.ids.id(st.now)
	if err != nil {
		return nil, err
	}
	if biz.ID == "" {
		biz.ID = id // a process about no record can be told messages by its own id
	}
	s := &state{all: true, inst: &inst{
		id: id, defKey: key, defVersion: version, biz: biz, state: Running, starter: starter, started: micros(st.now), fresh: true,
	}}
	p, err := st.e.plan(st.ctx, st.tx, key, version)
	if err != nil {
		return nil, err
	}
	n := p.start
	if start != "" {
		n = p.nodes[start]
	}
	if n == nil {
		return nil, fault.New(fault.Invalid, "flow.start", "process", key)
	}
	m, err := st.over(s)
	if err != nil {
		return nil, err
	}
	if err := m.startClocks(m.p.slas, nil, nil); err != nil {
		return nil, err
	}
	n = n.self()
	t := s.spawn(n.ID, nil)
	if err := m.armScope(0, nil, t); err != nil {
		return nil, err
	}
	m.push(t, n)
	return m, nil
}

// startByMessage begins the definitions that start with a message nobody waits for; the message is used up by it.
func (st *step) startByMessage(msg message) (bool, error) {
	list, err := st.startsBy(subMessage, msg.Name, msg.Biz.Type)
	if err != nil {
		return false, err
	}
	for _, s := range list {
		biz := msg.Biz
		if biz.ID == "" {
			biz.ID = msg.Key
		}
		m, err := st.beginAt(s, biz)
		if err != nil {
			return false, err
		}
		if len(msg.Data) > 0 {
			if !json.Valid(msg.Data) {
				return false, fault.New(fault.Invalid, "flow.message", "message", msg.Name)
			}
			m.s.inst.vars = map[string]json.RawMessage{msg.Name: msg.Data}
		}
	}
	return len(list) > 0, nil
}

// startTimed begins the active version of a definition whose start timer has fired, and sets the next of a cycle.
func (st *step) startTimed(of string, t timer) (Result, error) {
	key := strings.TrimPrefix(of, timedPrefix)
	version, err := st.e.activeVersion(st.ctx, st.tx, key)
	if err != nil {
		return Result{}, err
	}
	if version != t.holder {
		return Result{}, nil // another version has its own timers
	}
	st.cmd = Command{ID: t.id, Name: "start"}
	m, err := st.begin(key, version, Biz{}, identity.SystemPerson, t.node)
	if err != nil {
		return Result{}, err
	}
	n := m.p.nodes[t.node]
	if t.left != 0 {
		left := t.left
		if left > 0 {
			left--
		}
		if err := st.e.armStart(st.ctx, st.tx, m.p, n, left); err != nil {
			return Result{}, err
		}
	}
	return st.finish(m, "timer", n.self().ID, "")
}

// armStart sets the timer of a start event.
func (e *Engine) armStart(ctx context.Context, tx *store.Tx, p *plan, n *node, left int64) error {
	now := e.opt.Clock.Now()
	try := &machine{step: &step{e: e, ctx: ctx, now: now}, p: p, s: &state{inst: &inst{}}, rec: &draft{}}
	due, _, err := try.dueOf(nil, n)
	if err != nil {
		return err
	}
	id, err := e.ids.id(now)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO flow_timer (id, inst, holder, node, kind, due_at, repeat_left) VALUES (?,?,?,?,?,?,?)`,
		id, timedPrefix+p.key, p.version, n.ID, timerStart, micros(due), left)
	tx.OnCommit(e.rouse)
	return fault.Wrap("set start timer", err)
}

// subscribe makes what starts a definition point to one version of it.
func (e *Engine) subscribe(ctx context.Context, tx *store.Tx, p *plan) error {
	if _, err := tx.Exec(ctx, `DELETE FROM flow_start WHERE def_key = ? AND (kind <> 'watch' OR version = ?)`, p.key, p.version); err != nil {
		return fault.Wrap("subscribe definition", err)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM flow_timer WHERE inst = ? AND kind = 'start'`, timedPrefix+p.key); err != nil {
		return fault.Wrap("subscribe definition", err)
	}
	add := func(kind, name, node string) error {
		_, err := tx.Exec(ctx, `INSERT INTO flow_start (def_key, version, typ, kind, name, node) VALUES (?,?,?,?,?,?)`,
			p.key, p.version, p.typ, kind, name, node)
		return fault.Wrap("subscribe definition", err)
	}
	if p.conds {
		if err := add("watch", "", ""); err != nil {
			return err
		}
		tx.OnCommit(func() {
			e.mu.Lock()
			e.watched = nil
			e.mu.Unlock()
		})
	}
	var list []*node
	for _, n := range p.begins {
		list = append(list, n.triggers()...)
	}
	for _, n := range list {
		var err error
		switch n.event() {
		case "message":
			err = add(subMessage, n.message, n.ID)
		case "signal":
			err = add(subSignal, n.signal, n.ID)
		case "conditional":
			err = add(subCondition, "", n.ID)
		case "timer":
			err = e.armStart(ctx, tx, p, n, int64(n.timer.repeat))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
