package flow

import (
	"encoding/json"
	"strconv"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/feel"
)

// An activity with a loop marker is a block: its instances run inside a frame of their own, whose branch tells them apart.
// The boundary events sit on the block as a whole. The instances of a multi-instance are "#1", "#2", …, each with its own
// variables; the rounds of a standard loop follow each other in one body "@". Where a static position has the bare mark,
// any instance will do.
const (
	manyMark = "#"
	loopMark = "@"
)

// maxBodies bounds the instances of one multi-instance.
const maxBodies = 1000

// repeats tells whether the node is a block of instances or rounds. A countersign has its own group.
func (n *node) repeats() bool { return n.Loop != nil && !n.multi() }

// many tells whether the node is a multi-instance activity other than a countersign.
func (n *node) many() bool { return n.repeats() && n.Loop.Multi }

func (n *node) mark() string {
	if n.many() {
		return manyMark
	}
	return loopMark
}

// inMany tells whether the node is, or lies in, a multi-instance activity.
func (n *node) inMany() bool {
	for _, p := range n.path {
		if p.branch == manyMark {
			return true
		}
	}
	return n.many()
}

// body tells whether the frame is the body of a repeated activity.
func (f frame) body() bool { return strings.HasPrefix(f.branch, manyMark) || f.branch == loopMark }

// fits tells whether a frame may stand at a static position.
func (f frame) fits(p place) bool {
	return f.block == p.block && (f.branch == p.branch || p.branch == manyMark && strings.HasPrefix(f.branch, manyMark))
}

// inBody tells whether t does one instance or round of n.
func inBody(t *token, n *node) bool {
	f := t.stack.top()
	return n.repeats() && f.block == n.ID && f.body()
}

// repeat begins a repeated activity.
func (m *machine) repeat(t *token, n *node) error {
	r := &repeat{id: m.s.next(), node: n.ID, fresh: true, Prev: t.prev, Outcome: t.outcome}
	if !n.Loop.Multi {
		return m.loop(t, n, r)
	}
	bad, err := m.count(t, n, r)
	switch {
	case err != nil:
		return err
	case bad != "":
		return m.fail(t, n, incident{code: "flow.incident.multi", detail: bad})
	case r.Total == 0: // nothing to do
		if err := m.collectResults(t, n, r); err != nil {
			return err
		}
		return m.depart(t, n)
	}
	if err := m.armBounds(r.id, t, n); err != nil {
		return err
	}
	m.s.repeats = append(m.s.repeats, r)
	r.Begun = r.Total
	if n.Loop.Sequential {
		r.Begun = 1
	}
	base := t.stack
	for i := range r.Begun {
		o := t
		if i > 0 {
			o = m.s.spawn(n.ID, nil)
			o.prev, o.outcome = t.prev, t.outcome
		}
		o.stack = base.with(frame{r.id, n.ID, manyMark + strconv.Itoa(i+1)})
		m.push(o, n)
	}
	return nil
}

// count finds out how many instances there are, and of what; bad says why that cannot be known.
func (m *machine) count(t *token, n *node, r *repeat) (bad string, err error) {
	x := n.collection
	if x == nil {
		x = n.cardinality
	}
	v, env, err := m.eval(x, t, nil)
	if err != nil {
		return "", err
	}
	switch v := v.(type) {
	case feel.List:
		if n.collection == nil {
			return x.Source(), nil
		}
		r.Total = len(v)
		for _, e := range v {
			raw, err := json.Marshal(feel.ToGo(e))
			if err != nil {
				return "", fault.Wrap("write member", err)
			}
			r.Items = append(r.Items, raw)
		}
	case feel.Number:
		i, whole := v.Int64()
		if n.collection != nil || !whole || i < 0 || i > maxBodies {
			return x.Source() + " = " + v.String(), nil
		}
		r.Total = int(i)
	default:
		bad = x.Source()
		if len(env.Diagnostics) > 0 {
			bad += ": " + env.Diagnostics[0].Code
		}
		return bad, nil
	}
	if r.Total > maxBodies {
		return x.Source() + ": " + strconv.Itoa(r.Total), nil
	}
	if n.result != nil {
		r.Results = make([]json.RawMessage, r.Total)
	}
	return "", nil
}

// loop begins a standard loop, unless its condition is asked before and does not hold.
func (m *machine) loop(t *token, n *node, r *repeat) error {
	base := t.stack
	r.Begun, t.stack = 1, base.with(frame{r.id, n.ID, loopMark})
	m.s.repeats = append(m.s.repeats, r)
	if n.Loop.Before {
		ok, err := m.goesOn(t, n)
		if err != nil {
			return err
		}
		if !ok {
			r.gone, t.stack = true, base
			return m.depart(t, n)
		}
	}
	if err := m.armBounds(r.id, t, n); err != nil {
		return err
	}
	m.push(t, n)
	return nil
}

func (m *machine) goesOn(t *token, n *node) (bool, error) {
	if n.while == nil {
		return true, nil
	}
	v, _, err := m.eval(n.while, t, nil)
	return v == true, err
}

// bodyDone counts an instance or round of n that t has done, and tells whether t goes on behind n.
func (m *machine) bodyDone(t *token, n *node) (bool, error) {
	f := t.stack.top()
	r := m.s.repeat(f.group)
	if r == nil {
		return false, fault.New(fault.Internal, "flow.stack", "stack", t.stack.String())
	}
	if n.keeps {
		m.release(t.id)
	}
	if err := m.remember(t, n); err != nil {
		return false, err
	}
	r.dirty = true
	r.Done++
	if n.Loop.Multi {
		return m.instanceDone(t, n, r, f)
	}
	if n.Loop.Max == 0 || r.Done < n.Loop.Max {
		again, err := m.goesOn(t, n)
		if err != nil {
			return false, err
		}
		if again {
			r.Begun++
			m.push(t, n)
			return false, nil
		}
	}
	m.shut(r.id)
	t.stack, t.dirty = t.stack[:len(t.stack)-1], true
	return true, nil
}

// instanceDone keeps the result of an instance and closes the block where it is complete.
func (m *machine) instanceDone(t *token, n *node, r *repeat, f frame) (bool, error) {
	if n.result != nil {
		v, _, err := m.eval(n.result, t, nil)
		if err != nil {
			return false, err
		}
		raw, err := json.Marshal(feel.ToGo(v))
		if err != nil {
			return false, fault.Wrap("write result", err)
		}
		for len(r.Results) < r.Total { // the version the block was opened in wanted no results
			r.Results = append(r.Results, nil)
		}
		r.Results[r.counter(f)-1] = raw
	}
	delete(r.Locals, r.counter(f))
	enough, err := m.enough(t, n, r)
	if err != nil {
		return false, err
	}
	level := len(t.stack) - 1
	if !enough {
		if !n.Loop.Sequential {
			m.s.drop(t)
			return false, nil
		}
		r.Begun++
		t.stack = t.stack[:level].with(frame{r.id, n.ID, manyMark + strconv.Itoa(r.Begun)})
		t.prev, t.outcome, t.back = r.Prev, r.Outcome, "" // an instance does not follow its sister
		m.push(t, n)
		return false, nil
	}
	var rest []*token
	for _, o := range m.s.members(r.id) {
		if o != t {
			rest = append(rest, o)
		}
	}
	if r.Done < r.Total {
		m.extra = append(m.extra, Note{Op: "enough", Node: n.ID, Text: strconv.Itoa(r.Done) + "/" + strconv.Itoa(r.Total)})
	}
	if err := m.cancel(rest, level+1, "flow.decided"); err != nil { // what is complete can still be compensated
		return false, err
	}
	m.shut(r.id)
	t.stack, t.dirty = t.stack[:level], true
	return true, m.collectResults(t, n, r)
}

// enough tells whether the block is complete: by the number of instances or by its completion condition.
func (m *machine) enough(t *token, n *node, r *repeat) (bool, error) {
	if r.Done >= r.Total {
		return true, nil
	}
	if n.completion == nil {
		return false, nil
	}
	if !m.p.pure[n.completion] {
		if err := m.look(); err != nil {
			return false, err
		}
	}
	vars := m.view(t, nil)
	for i, count := range []int{r.Total, r.Done, r.Begun - r.Done} {
		for _, name := range countNames[i] {
			vars.process[name] = feel.NumberFromInt(int64(count))
		}
	}
	v, _ := m.evalIn(n.completion, vars)
	return v == true, nil
}

// countNames are the numbers a completion condition may read, by the words of BPMN 2.0.2 table 10.31 and by those of the
// engines whose models are imported.
var countNames = [3][2]string{
	{"numberOfInstances", "nrOfInstances"},
	{"numberOfCompletedInstances", "nrOfCompletedInstances"},
	{"numberOfActiveInstances", "nrOfActiveInstances"},
}

// collectResults puts the list of results into its variable, in the scope around the block.
func (m *machine) collectResults(t *token, n *node, r *repeat) error {
	if n.result == nil {
		return nil
	}
	list := make([]json.RawMessage, len(r.Results))
	for i, raw := range r.Results {
		if list[i] = raw; raw == nil {
			list[i] = json.RawMessage("null")
		}
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return fault.Wrap("write results", err)
	}
	m.put(t, n.Loop.Output, raw)
	return nil
}
