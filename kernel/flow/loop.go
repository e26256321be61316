package flow

import (
	"encoding/json"
	"strconv"

	"chengshu/base/bpmn"
)

// The standard loop: an activity is done again while a condition holds. Its rounds are counted in the variable
// "loop.<node>" while it lasts, so that loopMaximum holds across steps.

func (n *node) loops() bool { return n.Loop != nil && !n.Loop.Multi && n.Kind.Activity() }

func loopVar(n *node) string { return "loop." + n.ID }

// firstRound begins a loop and tells whether the activity is done at all.
func (m *machine) firstRound(t *token, n *node) (bool, error) {
	delete(m.s.inst.vars, loopVar(n))
	if !n.Loop.Before {
		return true, nil
	}
	return m.goesOn(t, n)
}

// nextRound counts a round and tells whether there is one more.
func (m *machine) nextRound(t *token, n *node) (bool, error) {
	var done int
	if raw, ok := m.s.inst.vars[loopVar(n)]; ok {
		if err := json.Unmarshal(raw, &done); err != nil {
			done = 0
		}
	}
	done++
	if n.Loop.Max == 0 || done < n.Loop.Max {
		again, err := m.goesOn(t, n)
		if err != nil {
			return false, err
		}
		if again {
			if m.s.inst.vars == nil {
				m.s.inst.vars = map[string]json.RawMessage{}
			}
			m.s.inst.vars[loopVar(n)] = json.RawMessage(strconv.Itoa(done))
			return true, nil
		}
	}
	delete(m.s.inst.vars, loopVar(n))
	return false, nil
}

func (m *machine) goesOn(t *token, n *node) (bool, error) {
	if n.while == nil {
		return true, nil
	}
	v, _, err := m.eval(n.while, t, nil)
	return v == true, err
}

// loop judges the marker of a standard loop.
func (l *lint) loop(n *node) {
	if n.Loop == nil || n.Loop.Multi {
		return
	}
	if !n.loops() || n.while == nil && n.Loop.Max <= 0 || n.multi() || n.Kind == bpmn.SubProcess && n.Triggered {
		l.fail(n, "flow.lint.loop")
	}
}
