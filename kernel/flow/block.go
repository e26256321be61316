package flow

import (
	"chengshu/base/bpmn"
)

// place is one level of the static position of a node: the block it lies in and, for a fork, the branch.
type place struct{ block, branch string }

// blocks finds the static position of every node and the fork every join closes. The rules of return rest on it: a fork
// opened is closed by exactly one join of the same kind, and no path leaves a branch but through that join, an
// interrupting end (terminate), or not at all.
type blocks struct {
	plan   *plan
	found  []bpmn.Finding
	closes map[*node]string
}

func (b *blocks) scope(nodes []*node, base []place) {
	for _, n := range nodes {
		if n.Kind == bpmn.Start || n.Triggered {
			b.visit(n, base, nil)
		}
	}
}

func (b *blocks) fail(n *node, code string, args ...any) {
	b.found = append(b.found, n.Find(code, args...))
}

// visit walks from n, which is reached with the static position at.
func (b *blocks) visit(n *node, at []place, via *bpmn.Flow) {
	split := n.Kind == bpmn.Parallel || n.Kind == bpmn.Inclusive
	if split && len(n.Incoming) > 1 {
		at = b.join(n, at)
		if at == nil {
			return
		}
	}
	if n.reached {
		if !samePlace(n.path, at) {
			args := []any{"node", n.ID}
			if via != nil {
				args = append(args, "flow", via.ID)
			}
			b.fail(n, "flow.lint.block", args...)
		}
		return
	}
	n.reached, n.path = true, at
	b.bounds(n, at)
	if n.Kind.Container() {
		inner := at
		if n.repeats() {
			inner = add(inner, n.ID, n.mark())
		}
		b.scope(b.plan.inside(n), add(inner, n.ID, ""))
	}
	if n.Kind == bpmn.End {
		b.end(n, at)
	}
	for _, f := range n.flows {
		next := at
		if split && len(n.flows) > 1 {
			n.opens = true
			next = add(at, n.ID, f.id)
		}
		b.visit(f.to, next, f.model)
	}
}

// join gives the position after a join: without the branch it closes.
func (b *blocks) join(n *node, at []place) []place {
	if len(at) == 0 {
		b.fail(n, "flow.lint.join")
		return nil
	}
	top := at[len(at)-1]
	split := b.plan.nodes[top.block]
	if split == nil || split.Kind != n.Kind || top.branch == "" {
		b.fail(n, "flow.lint.join", "block", top.block)
		return nil
	}
	if old, ok := b.closes[n]; ok && old != top.block {
		b.fail(n, "flow.lint.join", "block", top.block, "other", old)
		return nil
	}
	b.closes[n] = top.block
	n.closes = top.block
	return at[:len(at)-1]
}

func (b *blocks) bounds(n *node, at []place) {
	for _, e := range n.bounds {
		if e.event() == "compensate" {
			e.reached, e.path = true, at
			b.visit(b.plan.nodes[e.Handler.ID], at, nil)
			continue
		}
		inner := at
		if !e.Interrupting {
			inner = add(at, e.ID, "")
		}
		b.visit(e, inner, nil)
	}
}

// end demands that a path ends outside of every fork of its scope; a side path and a terminate end may be inside.
func (b *blocks) end(n *node, at []place) {
	if n.event() == "terminate" || n.event() == "error" || len(at) == 0 {
		return
	}
	if top := at[len(at)-1]; top.branch != "" {
		b.fail(n, "flow.lint.end", "block", top.block)
	}
}

func add(at []place, block, branch string) []place {
	out := make([]place, len(at)+1)
	copy(out, at)
	out[len(at)] = place{block, branch}
	return out
}

func samePlace(a, b []place) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// closed demands that every fork has its join, reached by every branch that does not stop in a terminate end.
func (b *blocks) closed() {
	joined := map[string]bool{}
	for _, split := range b.closes {
		if joined[split] {
			b.found = append(b.found, b.plan.nodes[split].Find("flow.lint.joins"))
		}
		joined[split] = true
	}
	for _, n := range b.plan.order {
		if n.opens && !joined[n.ID] {
			b.fail(n, "flow.lint.open")
		}
	}
}
