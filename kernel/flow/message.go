package flow

import (
	"context"
	"database/sql"
	"encoding/json"
	"hash/fnv"
	"slices"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// Message is something one process, or the world outside, tells the processes of a record.
type Message struct {
	ID   string          // command id: a repeat does nothing
	Name string          // name of the BPMN message
	Key  string          // correlation key: the id of the record
	Biz  Biz             // the record, so that a process that starts with the message can begin about it; may be empty
	Data json.RawMessage // becomes vars.<Name> of the instance; may be empty
}

type message = Message

// throw sends the message of a node to whoever waits for it about the same record.
func (m *machine) throw(n *node) {
	m.mail = append(m.mail, message{Name: n.message, Key: m.s.inst.biz.ID, Biz: m.s.inst.biz})
}

// Publish hands a message to the instance that waits for it. Where nobody waits it is kept for Options.TTL. The caller
// has judged who may send it.
func (e *Engine) Publish(ctx context.Context, tx *store.Tx, actor identity.Actor, msg Message) (Result, error) {
	st := e.newStep(ctx, tx, actor, Command{ID: msg.ID, Name: "message"})
	if r, ok, err := st.repeated(); ok || err != nil {
		return r, err
	}
	st.mail = append(st.mail, msg)
	if err := st.settle(); err != nil {
		return Result{}, err
	}
	return st.close(nil, "message", "", "")
}

// deliver gives a message to the one that waits longest, or keeps it.
func (st *step) deliver(msg message) error {
	for _, m := range st.machines {
		at := slices.IndexFunc(m.s.subs, func(s sub) bool { return s.kind == subMessage && s.corr == msg.Key && s.name == msg.Name })
		if at >= 0 {
			s := m.s.subs[at]
			m.s.subs = slices.Delete(m.s.subs, at, at+1)
			return m.receive(s, msg)
		}
	}
	if done, err := st.handOver(msg); done || err != nil {
		return err
	}
	if !st.tx.Serial() { // whoever begins to wait for it just now is waited for
		if err := st.correlate(msg.Name, msg.Key); err != nil {
			return err
		}
		if done, err := st.handOver(msg); done || err != nil {
			return err
		}
	}
	begun, err := st.startByMessage(msg)
	if err != nil || begun {
		return err
	}
	return st.keep(msg)
}

// correlate lets one transaction at a time look for a message and who waits for it. On PostgreSQL two that are under way do
// not see each other: the message would be kept and the event wait for ever. On SQLite writers never overlap.
func (st *step) correlate(name, key string) error {
	if st.tx.Serial() {
		return nil
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(name + "\x00" + key)) // never fails
	_, err := st.tx.Exec(st.ctx, `SELECT pg_advisory_xact_lock(?)`, int64(h.Sum64()))
	return fault.Wrap("correlate message", err)
}

// handOver gives a message to an instance that waits for it in the tables, and tells whether there is one.
func (st *step) handOver(msg message) (bool, error) {
	type place struct {
		inst string
		sub  sub
	}
	found, err := rowsOf(st.ctx, st.tx, "find receivers", func(rows *sql.Rows) (place, error) {
		p := place{sub: sub{kind: subMessage, name: msg.Name, corr: msg.Key}}
		err := rows.Scan(&p.inst, &p.sub.holder, &p.sub.node)
		return p, err
	}, `SELECT inst, holder, node FROM flow_sub WHERE corr = ? AND name = ? AND kind = 'message' ORDER BY inst, holder`, msg.Key, msg.Name)
	if err != nil {
		return false, err
	}
	for _, p := range found {
		m, err := st.other(p.inst)
		if err != nil {
			return false, err
		}
		if m.s.inst.state != Running || slices.Contains(m.s.dropTimers, p.sub.holder) {
			continue
		}
		n, err := st.tx.Exec(st.ctx, `DELETE FROM flow_sub WHERE inst = ? AND holder = ? AND node = ?`, p.inst, p.sub.holder, p.sub.node)
		if err != nil {
			return false, fault.Wrap("take subscription", err)
		}
		if n == 1 {
			return true, m.receive(p.sub, msg)
		}
	}
	return false, nil
}

// keep buffers a message.
func (st *step) keep(msg message) error {
	id := msg.ID
	if id == "" {
		var err error
		if id, err = st.e.ids.id(st.now); err != nil {
			return err
		}
	}
	_, err := st.tx.Exec(st.ctx, `INSERT INTO flow_message (id, name, corr, data, at, expires) VALUES (?,?,?,?,?,?)`,
		id, msg.Name, msg.Key, string(msg.Data), micros(st.now), micros(st.now.Add(st.e.opt.TTL)))
	return fault.Wrap("keep message", err)
}

// receive lets the waiting event happen.
func (m *machine) receive(s sub, msg message) error {
	if len(msg.Data) > 0 {
		if !json.Valid(msg.Data) {
			return fault.New(fault.Invalid, "flow.message", "message", msg.Name)
		}
		m.put(m.holding(s.holder), msg.Name, msg.Data)
	}
	return m.fire(s.holder, m.p.nodes[s.node], 0)
}

// buffered looks whether messages kept meet the subscriptions made in this step.
func (m *machine) buffered() error {
	if m.tx == nil {
		return nil
	}
	for _, s := range slices.Clone(m.s.subs) {
		if s.kind != subMessage || !slices.Contains(m.s.subs, s) { // an event before it has made it needless
			continue
		}
		msg, ok, err := m.takeKept(s)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		m.s.subs = slices.DeleteFunc(m.s.subs, func(x sub) bool { return x == s })
		if err := m.receive(s, msg); err != nil {
			return err
		}
	}
	return nil
}

// takeKept claims a kept message for a subscription: the delete decides.
func (m *machine) takeKept(s sub) (message, bool, error) {
	if err := m.correlate(s.name, s.corr); err != nil {
		return message{}, false, err
	}
	list, err := rowsOf(m.ctx, m.tx, "take message", func(rows *sql.Rows) (message, error) {
		msg := message{Name: s.name, Key: s.corr}
		var data string
		err := rows.Scan(&msg.ID, &data)
		msg.Data = json.RawMessage(data)
		return msg, err
	}, `DELETE FROM flow_message WHERE id = (SELECT q.id FROM flow_message q
		WHERE q.corr = ? AND q.name = ? AND q.expires > ? ORDER BY q.at, q.id LIMIT 1) RETURNING id, data`, s.corr, s.name, micros(m.now))
	if err != nil || len(list) == 0 {
		return message{}, false, err
	}
	return list[0], true, nil
}

// missed looks for messages that came while the instance was suspended.
func (m *machine) missed() error {
	subs, err := loadSubs(m.ctx, m.tx, m.s.inst.id, subMessage)
	if err != nil {
		return err
	}
	for _, s := range subs {
		if slices.Contains(m.s.dropTimers, s.holder) { // likewise
			continue
		}
		msg, ok, err := m.takeKept(s)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := m.exec(`DELETE FROM flow_sub WHERE inst = ? AND holder = ? AND node = ?`, m.s.inst.id, s.holder, s.node); err != nil {
			return err
		}
		if err := m.receive(s, msg); err != nil {
			return err
		}
	}
	return nil
}
