package flow

import (
	"chengshu/base/bpmn"
	"chengshu/base/clock"
	"chengshu/base/feel"
)

// plan is a definition version ready to run: the graph with compiled expressions. It never changes.
type plan struct {
	key     string
	version int64
	typ     string // record type the process is about
	process *bpmn.Process
	nodes   map[string]*node
	order   []*node
	start   *node               // the none start event; nil where every start event waits for something
	begins  []*node             // start events of the process that wait for a message, a signal, a timer or a condition
	starts  []*node             // start events of the event sub-processes of the whole process
	slas    []*slaPlan          // of the whole instance
	timers  bool                // some node waits for a timer
	subs    bool                // some node waits for a message, a signal or a condition
	signals bool                // some node waits for a signal
	conds   bool                // some node waits for a condition
	scoped  bool                // there are event sub-processes
	comps   bool                // some activity can be compensated
	jobs    bool                // some node calls another system
	repeats bool                // some node is a repeated activity
	calls   bool                // some node calls another process
	placed  map[*feel.Expr]bool // every role it names has an organisation
	pure    map[*feel.Expr]bool // reads no name of the record
}

// node is a flow node ready to run.
type node struct {
	*bpmn.Node
	path    []place // static position
	flows   []*edge
	bounds  []*node
	inner   *node  // start of a sub-process
	opens   bool   // fork with more than one branch
	closes  string // id of the fork a join closes
	reached bool
	ends    bool // an end can be reached

	state      string // record state set on entering
	candidates *feel.Expr
	members    *feel.Expr
	script     *feel.Expr
	outcomes   []*outcome
	byOutcome  bool       // the flows name the outcomes
	slas       []*slaPlan // of its tasks
	matter     []*slaPlan // of the instance, started here
	services   []*service
	timer      *timerPlan
	message    string
	signal     string
	code       string     // of an error or escalation; empty catches all
	cond       *feel.Expr // of a conditional event
	assignee   *feel.Expr // person the task is given to at once (other vendors' models)
	due        *feel.Expr // duration, date or date and time (other vendors' models)
	catches    []*node    // of an event-based gateway: what may happen
	starts     []*node    // of a sub-process: the start events of its event sub-processes
	handler    *node      // of an activity: its compensation handler
	undoes     *node      // of a handler: an activity it undoes
	keeps      bool       // something waits on the token while it is here
	parts      []*node    // of an event with several definitions: one for each, with an id of its own
	whole      *node      // of such a part: the event

	while, collection, cardinality, result, completion *feel.Expr // of a repeated activity
}

type edge struct {
	id      string
	model   *bpmn.Flow
	to      *node
	cond    *feel.Expr
	outcome string
}

type outcome struct {
	bpmn.Outcome
	set *feel.Expr
}

type service struct {
	bpmn.Service
	set, to, data *feel.Expr
}

// slaPlan is a declared limit. Where the unit is fixed, unit is set; else unitExpr gives its name.
type slaPlan struct {
	bpmn.SLA
	limit    *feel.Expr
	from     *feel.Expr
	unit     clock.Unit
	unitExpr *feel.Expr
}

// timerPlan is a timer event: exactly one of its parts is set.
type timerPlan struct {
	limit  clock.Limit // working time: "3 workday"
	amount feel.Value  // literal ISO duration
	expr   *feel.Expr  // duration, date or date and time
	repeat int         // further firings of a cycle, -1 without end; 0 of a plain timer
}

// event gives the type of the node's first event definition, "" for none.
func (n *node) event() string {
	if len(n.Events) == 0 {
		return ""
	}
	return n.Events[0].Type
}

// triggers gives what lets an event happen: its parts where there are several, of which any will do, else itself.
func (n *node) triggers() []*node {
	if len(n.parts) > 0 {
		return n.parts
	}
	return []*node{n}
}

// self gives the event a part belongs to, every other node as it is.
func (n *node) self() *node {
	if n.whole != nil {
		return n.whole
	}
	return n
}

// awaits tells whether something from outside lets the event happen.
func (n *node) awaits() bool {
	return n.timer != nil || n.message != "" || n.signal != "" || n.cond != nil
}

func (n *node) multi() bool { return n.Kind == bpmn.UserTask && n.Ext.Countersign != nil }

// outcome finds a declared outcome.
func (n *node) outcome(id string) *outcome {
	for _, o := range n.outcomes {
		if o.ID == id {
			return o
		}
	}
	return nil
}

// giveBack is what cs:return of the node, or of the process, allows.
func (p *plan) giveBack(n *node) bpmn.Return {
	switch {
	case n.Ext.Return != nil:
		return *n.Ext.Return
	case p.process.Ext.Return != nil:
		return *p.process.Ext.Return
	}
	return bpmn.Return{To: "none"}
}

// inside gives the nodes directly in a sub-process, or in the process for nil.
func (p *plan) inside(scope *node) []*node {
	var out []*node
	for _, n := range p.order {
		if (scope == nil && n.Scope == nil) || (scope != nil && n.Scope == scope.Node) {
			out = append(out, n)
		}
	}
	return out
}

// build makes the plan of a process and judges it. The plan is usable only where there are no findings. Strict checks
// the types of expressions against the scope; a stored version is built without, because it was checked when it was
// deployed and the record type may have changed since.
func build(key, typ string, p *bpmn.Process, scope *feel.Scope, strict bool) (*plan, []bpmn.Finding) {
	pl := &plan{key: key, typ: typ, process: p, nodes: make(map[string]*node, len(p.Nodes)), pure: map[*feel.Expr]bool{}, placed: map[*feel.Expr]bool{}}
	for _, n := range p.Nodes {
		x := &node{Node: n}
		pl.order = append(pl.order, x)
		pl.nodes[n.ID] = x
	}
	c := &compiler{plan: pl, scope: extend(scope, !strict), names: map[*node]names{}}
	c.compile()
	l := lint{plan: pl, found: c.found}
	l.run()
	return pl, l.found
}

// wire connects the nodes.
func (c *compiler) wire() {
	for _, n := range c.plan.order {
		for _, f := range n.Outgoing {
			if f.To == nil {
				continue
			}
			e := &edge{id: f.ID, model: f, to: c.plan.nodes[f.To.ID], outcome: f.Outcome}
			n.flows = append(n.flows, e)
			n.byOutcome = n.byOutcome || f.Outcome != ""
		}
		for _, b := range n.Boundaries {
			n.bounds = append(n.bounds, c.plan.nodes[b.ID])
			if b.Handler != nil {
				n.handler, c.plan.comps = c.plan.nodes[b.Handler.ID], true
				n.handler.undoes = n
			}
		}
		if n.Kind == bpmn.Start {
			c.wireStart(n)
		}
	}
	c.links()
	for _, n := range c.plan.order {
		if n.Kind == bpmn.EventGateway {
			for _, f := range n.flows {
				n.catches = append(n.catches, f.to)
			}
		}
	}
}

// wireStart finds out what a start event starts: the process, a sub-process, or by an event one of the two.
func (c *compiler) wireStart(n *node) {
	switch {
	case n.inScope():
		c.plan.scoped = true
		if outer := n.Scope.Scope; outer != nil {
			x := c.plan.nodes[outer.ID]
			x.starts = append(x.starts, n)
		} else {
			c.plan.starts = append(c.plan.starts, n)
		}
	case n.Scope != nil:
		c.plan.nodes[n.Scope.ID].inner = n
	case len(n.Events) > 0:
		c.plan.begins = append(c.plan.begins, n)
	case c.plan.start == nil:
		c.plan.start = n
	}
}

// links makes an edge of every pair of link events of one name in one scope.
func (c *compiler) links() {
	for _, from := range c.plan.order {
		if from.Kind != bpmn.Throw || from.event() != "link" {
			continue
		}
		for _, to := range c.plan.order {
			if to.Kind == bpmn.Catch && to.event() == "link" && to.Scope == from.Scope && to.Events[0].Name == from.Events[0].Name {
				id := "link-" + from.ID
				from.flows = append(from.flows, &edge{id: id, model: &bpmn.Flow{ID: id, From: from.Node, To: to.Node}, to: to})
			}
		}
	}
}
