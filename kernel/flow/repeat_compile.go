package flow

import (
	"regexp"
	"slices"

	"chengshu/base/feel"
)

// names are what an expression may use at one place of a process.
type names struct {
	scope *feel.Scope
	local []string // those that neither the record nor the process as a whole gives
}

// elementName is how the variable of one member may be called.
var elementName = regexp.MustCompile(`^[\pL_][\pL\pN_]*$`)

// around gives the names beside n: those of the repeated activities n lies in.
func (c *compiler) around(n *node) names {
	if n == nil {
		return names{scope: c.scope}
	}
	out := names{scope: c.scope}
	if n.Scope != nil {
		out = c.within(c.plan.nodes[n.Scope.ID])
	}
	if n.undoes != nil { // a handler sees what its activity saw
		out = c.with(out, n.undoes)
	}
	return out
}

// within gives the names inside n.
func (c *compiler) within(n *node) names {
	if n == nil {
		return names{scope: c.scope}
	}
	if have, ok := c.names[n]; ok {
		return have
	}
	out := c.with(c.around(n), n)
	c.names[n] = out
	return out
}

// with adds the names of n's own instances.
func (c *compiler) with(out names, n *node) names {
	if !n.repeats() {
		return out
	}
	out = names{out.scope.Clone().Var(counterName, feel.NumberType), append(slices.Clone(out.local), counterName)}
	if e := n.Loop.Element; elementName.MatchString(e) {
		out.scope.Var(e, feel.AnyType)
		out.local = append(out.local, e)
	}
	return out
}

// repeat compiles the marker of a repeated activity.
func (c *compiler) repeat(n *node) {
	if !n.repeats() {
		return
	}
	c.plan.repeats = true
	n.while = c.expr(n, n.Loop.While, feel.BoolType)
	n.collection = c.exprIn(c.around(n), n, n.Loop.Collection, feel.AnyType)
	n.cardinality = c.exprIn(c.around(n), n, n.Loop.Count, feel.NumberType)
	n.result = c.expr(n, n.Loop.Result, feel.AnyType)
	counts := c.within(n)
	counts = names{counts.scope.Clone(), slices.Clone(counts.local)}
	for _, list := range countNames {
		for _, name := range list {
			counts.scope.Var(name, feel.NumberType)
			counts.local = append(counts.local, name)
		}
	}
	n.completion = c.exprIn(counts, n, n.Loop.Completion, feel.BoolType)
}

// loop judges the marker of a repeated activity.
func (l *lint) loop(n *node) {
	if n.Loop == nil || n.multi() && n.Loop.Multi { // the marker of a countersign is its picture
		return
	}
	x := n.Loop
	switch {
	case !n.Kind.Activity() || n.multi() || n.Triggered, !x.Multi && n.while == nil && x.Max <= 0:
		l.fail(n, "flow.lint.loop")
	case !x.Multi:
	case (x.Count == "") == (x.Collection == ""):
		l.fail(n, "flow.lint.multi")
	case x.Element != "" && (x.Collection == "" || !elementName.MatchString(x.Element) || reserved(x.Element)):
		l.fail(n, "flow.lint.multi.element", "element", x.Element)
	case (x.Output == "") != (x.Result == ""):
		l.fail(n, "flow.lint.multi.output", "output", x.Output)
	}
}

// reserved tells whether a name means something in every process.
func reserved(name string) bool {
	return name == counterName || slices.Contains(processNames[:], name) ||
		slices.ContainsFunc(countNames[:], func(list [2]string) bool { return slices.Contains(list[:], name) })
}
