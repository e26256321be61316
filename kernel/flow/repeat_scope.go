package flow

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
)

// counterName is the number of the instance or round a token is in, from 1.
const counterName = "loopCounter"

// repeat is an open block of a repeated activity, or, with Scope, what a compensation handler sees. Its id is the group.
type repeat struct {
	id   int64
	node string

	Items   []json.RawMessage                  `json:"items,omitempty"`   // members of the collection
	Results []json.RawMessage                  `json:"results,omitempty"` // by instance; null while it has none
	Locals  map[int]map[string]json.RawMessage `json:"locals,omitempty"`  // variables of the instances at work
	Scope   map[string]json.RawMessage         `json:"scope,omitempty"`   // what the activity that is undone saw
	Prev    string                             `json:"prev,omitempty"`    // task before the block, for each instance
	Outcome string                             `json:"outcome,omitempty"`
	Total   int                                `json:"total,omitempty"` // 0 of a standard loop
	Begun   int                                `json:"begun,omitempty"`
	Done    int                                `json:"done,omitempty"`

	fresh, dirty, gone bool
}

// counter gives the number of the instance or round a frame of the block stands for.
func (r *repeat) counter(f frame) int {
	if n, err := strconv.Atoi(strings.TrimPrefix(f.branch, manyMark)); err == nil {
		return n
	}
	return r.Begun
}

func (r *repeat) copy() *repeat {
	out := *r
	out.Results, out.Locals = slices.Clone(r.Results), maps.Clone(r.Locals)
	for k, v := range out.Locals {
		out.Locals[k] = maps.Clone(v)
	}
	return &out
}

func (s *state) repeat(group int64) *repeat {
	for _, r := range s.repeats {
		if r.id == group && !r.gone {
			return r
		}
	}
	return nil
}

// locals gives what the instances around a token know that others do not: names and variables, the inner over the outer.
func (m *machine) locals(t *token) (names, vars map[string]json.RawMessage) {
	names, vars = map[string]json.RawMessage{}, map[string]json.RawMessage{}
	for _, f := range t.stack {
		r := m.s.repeat(f.group)
		if r == nil {
			continue
		}
		if r.Scope != nil {
			maps.Copy(names, r.Scope)
			continue
		}
		i := r.counter(f)
		names[counterName] = json.RawMessage(strconv.Itoa(i))
		if n := m.p.nodes[r.node]; n != nil && n.Loop.Element != "" && i <= len(r.Items) {
			names[n.Loop.Element] = r.Items[i-1]
		}
		maps.Copy(vars, r.Locals[i])
	}
	return names, vars
}

// known gives as JSON what an activity done by t saw, for its compensation handler; empty for nothing.
func (m *machine) known(t *token) (string, error) {
	if !m.p.repeats {
		return "", nil
	}
	names, _ := m.locals(t)
	if len(names) == 0 {
		return "", nil
	}
	raw, err := json.Marshal(names)
	return string(raw), fault.Wrap("write what was seen", err)
}

// show lets the handler of an activity see what that saw.
func (m *machine) show(group int64, node, seen string) error {
	if seen == "" && m.s.repeat(group) == nil {
		return nil
	}
	r := m.s.repeat(group)
	if r == nil {
		r = &repeat{id: group, node: node, fresh: true}
		m.s.repeats = append(m.s.repeats, r)
	}
	r.dirty, r.Scope = true, map[string]json.RawMessage{}
	if seen == "" {
		return nil
	}
	return fault.Wrap("read what was seen", json.Unmarshal([]byte(seen), &r.Scope))
}

// put sets a variable: of the instance of a multi-instance t is in, else of the whole process. t may be nil.
func (m *machine) put(t *token, name string, raw json.RawMessage) {
	m.lookAgain = true
	if t != nil && m.p.repeats {
		for _, f := range slices.Backward(t.stack) {
			r := m.s.repeat(f.group)
			if r == nil || !strings.HasPrefix(f.branch, manyMark) {
				continue
			}
			i := r.counter(f)
			if r.Locals == nil {
				r.Locals = map[int]map[string]json.RawMessage{}
			}
			if r.Locals[i] == nil {
				r.Locals[i] = map[string]json.RawMessage{}
			}
			r.Locals[i][name], r.dirty = raw, true
			return
		}
	}
	if m.s.inst.vars == nil {
		m.s.inst.vars = map[string]json.RawMessage{}
	}
	m.s.inst.vars[name] = raw
}

// local adds what the instances around t know to what an expression sees.
func (m *machine) local(t *token, into feel.Map, vars map[string]json.RawMessage) {
	names, own := m.locals(t)
	maps.Copy(vars, own)
	for name, raw := range names {
		var v any
		if json.Unmarshal(raw, &v) == nil {
			into[name] = feel.FromGo(v)
		}
	}
}

// holding gives a token of a holder of timers and subscriptions: the token, or the first in a group or scope.
func (m *machine) holding(holder int64) *token {
	if t := m.s.token(holder); t != nil {
		return t
	}
	if list := m.s.members(max(holder, -holder)); holder != 0 && len(list) > 0 {
		return list[0]
	}
	return nil
}

// dropRepeat closes the block of a group.
func (m *machine) dropRepeat(group int64) {
	if r := m.s.repeat(group); r != nil {
		r.gone = true
	}
}

// loadRepeats reads the open blocks of an instance where they are not known.
func (m *machine) loadRepeats() error {
	s := m.s
	if !m.p.repeats || s.repRead || s.inst.fresh || m.tx == nil {
		return nil
	}
	list, err := loadRepeats(m.ctx, m.tx, s.inst.id)
	s.repRead, s.repeats = true, list
	return err
}

func loadRepeats(ctx context.Context, tx *store.Tx, instance string) ([]*repeat, error) {
	return rowsOf(ctx, tx, "load repeated activities", func(rows *sql.Rows) (*repeat, error) {
		var (
			r    repeat
			data string
		)
		if err := rows.Scan(&r.id, &r.node, &data); err != nil {
			return nil, err
		}
		return &r, json.Unmarshal([]byte(data), &r)
	}, `SELECT id, node, data FROM flow_repeat WHERE inst = ? ORDER BY id`, instance)
}

func (m *machine) saveRepeats() error {
	if !m.p.repeats {
		return nil
	}
	if m.s.inst.ended != 0 {
		m.s.repeats = nil
		return m.exec(`DELETE FROM flow_repeat WHERE inst = ?`, m.s.inst.id)
	}
	ins := batch{into: "flow_repeat (inst, id, node, data)", width: 4}
	for _, r := range m.s.repeats {
		if r.gone {
			if !r.fresh {
				if err := m.exec(`DELETE FROM flow_repeat WHERE inst = ? AND id = ?`, m.s.inst.id, r.id); err != nil {
					return err
				}
			}
			continue
		}
		if !r.fresh && !r.dirty {
			continue
		}
		raw, err := json.Marshal(r)
		if err != nil {
			return fault.Wrap("write repeated activity", err)
		}
		if r.fresh {
			ins.add(m.s.inst.id, r.id, r.node, string(raw))
		} else if err := m.exec(`UPDATE flow_repeat SET node = ?, data = ? WHERE inst = ? AND id = ?`, r.node, string(raw), m.s.inst.id, r.id); err != nil {
			return err
		}
	}
	return ins.write(m)
}
