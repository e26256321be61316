package flow

import (
	"context"
	"database/sql"
	"maps"
	"slices"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// Changed tells the engine that a record was written by other means than a step of its process. It looks at the
// conditional events that wait about the record, and starts the processes that begin with a condition that has become
// true, and tells whether a process went on. Where no definition of the type holds such an event it asks nothing.
func (e *Engine) Changed(ctx context.Context, tx *store.Tx, actor identity.Actor, biz Biz) (moved bool, err error) {
	watched, err := e.watches(ctx, tx, biz.Type)
	if err != nil || !watched {
		return false, err
	}
	st := e.newStep(ctx, tx, actor, Command{Name: subCondition})
	if err := st.waitingFor(biz); err != nil {
		return false, err
	}
	if err := st.startIf(biz); err != nil {
		return false, err
	}
	if err := st.settle(); err != nil {
		return false, err
	}
	st.machines = slices.DeleteFunc(st.machines, func(m *machine) bool { return len(m.path) == 0 && !m.s.inst.fresh })
	if len(st.machines) == 0 {
		return false, nil
	}
	_, err = st.close(nil, subCondition, "", "")
	return true, err
}

// watches tells whether a definition about the type holds conditional events. The answer is kept until a definition is
// deployed here; every node deploys the packs it loads.
func (e *Engine) watches(ctx context.Context, tx *store.Tx, typ string) (bool, error) {
	e.mu.RLock()
	known := e.watched
	e.mu.RUnlock()
	if known == nil {
		list, err := rowsOf(ctx, tx, "find conditions", func(rows *sql.Rows) (name string, err error) {
			err = rows.Scan(&name)
			return name, err
		}, `SELECT DISTINCT typ FROM flow_start WHERE kind IN ('condition', 'watch')`)
		if err != nil {
			return false, err
		}
		known = map[string]bool{}
		for _, name := range list {
			known[name] = true
		}
		kept := maps.Clone(known)
		tx.OnCommit(func() {
			e.mu.Lock()
			e.watched = kept
			e.mu.Unlock()
		})
	}
	return known[typ], nil
}

// waitingFor loads the instances with conditions about a record and lets them be looked at.
func (st *step) waitingFor(biz Biz) error {
	list, err := rowsOf(st.ctx, st.tx, "find conditions", func(rows *sql.Rows) (id string, err error) {
		err = rows.Scan(&id)
		return id, err
	}, `SELECT DISTINCT s.inst FROM flow_sub s JOIN flow_inst i ON i.id = s.inst
		WHERE s.corr = ? AND s.name IN ('true', 'false') AND s.kind = 'condition' AND i.biz_type = ? ORDER BY s.inst`, biz.ID, biz.Type)
	if err != nil {
		return err
	}
	for _, id := range list {
		m, err := st.other(id)
		if err != nil {
			return err
		}
		m.lookAgain = true
	}
	return nil
}

// startIf begins the definitions whose start condition is true of the record, one running instance of each at most.
func (st *step) startIf(biz Biz) error {
	list, err := st.startsBy(subCondition, "", biz.Type)
	if err != nil {
		return err
	}
	for _, s := range list {
		var n int
		if err := st.tx.QueryRow(st.ctx, `SELECT COUNT(*) FROM flow_inst WHERE biz_type = ? AND biz_id = ? AND def_key = ?`,
			biz.Type, biz.ID, s.key).Scan(&n); err != nil {
			return fault.Wrap("find instances", err)
		}
		if n > 0 || s.typ == "" || st.running(s.key, biz) {
			continue
		}
		p, err := st.e.plan(st.ctx, st.tx, s.key, s.version)
		if err != nil {
			return err
		}
		try := &machine{step: st, p: p, s: &state{inst: &inst{biz: biz}}, rec: st.draft(biz)}
		ok, err := try.isTrue(p.nodes[s.node], nil)
		if err != nil {
			return err
		}
		if ok {
			if _, err := st.beginAt(s, biz); err != nil {
				return err
			}
		}
	}
	return nil
}

func (st *step) running(key string, biz Biz) bool {
	return slices.ContainsFunc(st.machines, func(m *machine) bool { return m.p.key == key && m.s.inst.biz.ID == biz.ID })
}

func (m *machine) isTrue(n *node, t *token) (bool, error) {
	v, _, err := m.eval(n.cond, t, nil)
	return v == true, err
}

// siblings looks, once a step, at the conditions of other processes about a record that the step changes.
func (st *step) siblings() (bool, error) {
	if st.tx == nil || st.looked {
		return false, nil
	}
	for _, d := range st.drafts {
		if d.gen == 0 {
			continue
		}
		watched, err := st.e.watches(st.ctx, st.tx, d.biz.Type)
		if err != nil {
			return false, err
		}
		if !watched {
			continue
		}
		st.looked = true
		if err := st.waitingFor(d.biz); err != nil {
			return false, err
		}
		if err := st.startIf(d.biz); err != nil {
			return false, err
		}
	}
	return st.looked, nil
}

// conditions looks at the conditional events of the instance where the record has changed or one was armed. An event
// happens when its condition becomes true; one that stays armed waits until it has been false.
func (m *machine) conditions() (bool, error) {
	if !m.p.conds || m.s.inst.state != Running || !m.lookAgain && m.seen == m.rec.gen {
		return false, nil
	}
	m.lookAgain, m.seen = false, m.rec.gen
	list, err := m.conditional()
	if err != nil {
		return false, err
	}
	for _, s := range list {
		n := m.p.nodes[s.node]
		if n == nil {
			return false, fault.New(fault.Internal, "flow.node", "node", s.node)
		}
		is, err := m.isTrue(n, m.holding(s.holder))
		if err != nil {
			return false, err
		}
		if is == (s.name == "true") {
			continue
		}
		if err := m.note(s, is); err != nil {
			return false, err
		}
		if is {
			m.lookAgain = true // the others, when this has come to rest
			return true, m.fire(s.holder, n, 0)
		}
	}
	return false, nil
}

// conditional gives the conditions that are armed, those of this step included.
func (m *machine) conditional() ([]sub, error) {
	var out []sub
	if !m.s.inst.fresh && m.tx != nil {
		list, err := loadSubs(m.ctx, m.tx, m.s.inst.id, subCondition)
		if err != nil {
			return nil, err
		}
		out = slices.DeleteFunc(list, func(s sub) bool { return slices.Contains(m.s.dropTimers, s.holder) })
	}
	for _, s := range m.s.subs {
		if s.kind == subCondition {
			out = append(out, s)
		}
	}
	return out, nil
}

// note keeps the value of a condition.
func (m *machine) note(s sub, is bool) error {
	name := "false"
	if is {
		name = "true"
	}
	if at := slices.Index(m.s.subs, s); at >= 0 {
		m.s.subs[at].name = name
		return nil
	}
	return m.exec(`UPDATE flow_sub SET name = ? WHERE inst = ? AND holder = ? AND node = ?`, name, m.s.inst.id, s.holder, s.node)
}

func loadSubs(ctx context.Context, tx *store.Tx, instance, kind string) ([]sub, error) {
	return rowsOf(ctx, tx, "load subscriptions", func(rows *sql.Rows) (sub, error) {
		s := sub{kind: kind}
		err := rows.Scan(&s.holder, &s.node, &s.name, &s.corr)
		return s, err
	}, `SELECT holder, node, name, corr FROM flow_sub WHERE inst = ? AND kind = ? ORDER BY holder, node`, instance, kind)
}
