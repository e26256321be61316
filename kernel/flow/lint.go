package flow

import (
	"strings"

	"chengshu/base/bpmn"
)

// maxNodes bounds one definition; the largest public reference model has 94 flow nodes.
const maxNodes = 2000

// lint judges a plan at deploy time (process-and-decisions.md §2): nothing is silently ignored at run time because
// everything that could not be done is refused here.
type lint struct {
	plan  *plan
	found []bpmn.Finding
}

func (l *lint) fail(n *node, code string, args ...any) {
	l.found = append(l.found, n.Find(code, args...))
}

func (l *lint) run() {
	p := l.plan
	l.found = append(l.found, p.process.Unsupported()...)
	if len(p.order) > maxNodes || p.start == nil && len(p.begins) == 0 {
		l.found = append(l.found, bpmn.Finding{ID: p.process.ID, Type: "process", Line: p.process.Line, Code: "flow.lint.start"})
		return
	}
	for _, n := range p.inside(nil) {
		if n.Kind == bpmn.Start && len(n.Events) == 0 && n != p.start {
			l.fail(n, "flow.lint.start")
		}
	}
	for _, n := range p.order {
		l.node(n)
	}
	if len(l.found) > 0 {
		return // the structure of a broken graph says nothing more
	}
	b := &blocks{plan: p, closes: map[*node]string{}}
	b.scope(p.inside(nil), nil)
	b.closed()
	l.found = append(l.found, b.found...)
	l.ends()
	for _, n := range p.order {
		switch {
		case !n.reached:
			l.fail(n, "flow.lint.unreachable")
		case !n.ends:
			l.fail(n, "flow.lint.dead")
		}
	}
}

func (l *lint) node(n *node) {
	if strings.ContainsAny(n.ID, ":/#@") {
		l.fail(n, "flow.lint.id")
	}
	for _, f := range n.Outgoing {
		if strings.ContainsAny(f.ID, ":/#@") {
			l.fail(n, "flow.lint.id", "flow", f.ID)
		}
	}
	if n.Kind.Container() {
		l.container(n)
	}
	if n.Kind == bpmn.UserTask {
		l.userTask(n)
	} else if n.Ext.Countersign != nil || len(n.Ext.Outcomes) > 0 || len(n.Ext.SLAs) > 0 || n.Ext.Return != nil {
		l.fail(n, "flow.lint.place")
	}
	l.flows(n)
	switch {
	case n.Kind == bpmn.CallActivity && n.Called == "":
		l.fail(n, "flow.lint.called")
	case n.Kind == bpmn.ScriptTask && n.script == nil:
		l.fail(n, "flow.lint.script")
	case (n.Kind == bpmn.ServiceTask || n.Kind == bpmn.RuleTask) && len(n.services) == 0:
		l.fail(n, "flow.lint.service")
	case (n.Kind == bpmn.ReceiveTask || n.Kind == bpmn.SendTask) && n.message == "":
		l.fail(n, "flow.lint.message")
	}
	l.services(n)
	l.event(n)
	if l.plan.typ == "" && n.writes() {
		l.fail(n, "flow.lint.record")
	}
	l.loop(n)
	l.handlers(n)
}

// writes tells whether the node changes the record.
func (n *node) writes() bool {
	set := n.state != "" || n.script != nil || len(n.form(nil)) > 0
	for _, o := range n.outcomes {
		set = set || o.set != nil || len(o.Form) > 0
	}
	for _, s := range n.services {
		set = set || s.Kind == "set" || s.Kind == "command"
	}
	return set
}

// cycles tells whether a timer event may fire again and again.
func (n *node) cycles() bool {
	return n.Kind == bpmn.Start && n.Scope == nil || !n.Interrupting && (n.Kind == bpmn.Boundary || n.inScope())
}

func (l *lint) services(n *node) {
	if len(n.services) > 0 && n.Kind != bpmn.ServiceTask && n.Kind != bpmn.SendTask && n.Kind != bpmn.RuleTask {
		l.fail(n, "flow.lint.place")
	}
	for _, s := range n.services {
		ok := map[string]bool{
			"set": s.Set != "", "notify": s.To != "" && s.Message != "", "command": s.Name != "", "call": s.Name != "",
			"decision": s.Name != "" && s.Result != "",
		}
		switch {
		case s.Kind == "document":
			l.fail(n, "flow.lint.later", "kind", s.Kind)
		case !ok[s.Kind]:
			l.fail(n, "flow.lint.service", "kind", s.Kind)
		}
	}
}

// container demands one start event in a sub-process: a none start, or in an event sub-process the event.
func (l *lint) container(n *node) {
	starts := 0
	for _, k := range l.plan.inside(n) {
		if k.Kind == bpmn.Start {
			starts++
		}
	}
	if starts != 1 {
		l.fail(n, "flow.lint.start")
	}
	if n.Triggered && (len(n.Incoming)+len(n.flows)+len(n.bounds) > 0 || n.Loop != nil || n.Compensation) {
		l.fail(n, "flow.lint.eventsub")
	}
}

// event demands of an event what it needs to happen.
func (l *lint) event(n *node) {
	for _, x := range n.triggers() {
		l.trigger(x)
	}
	if n.Kind == bpmn.EventGateway {
		l.gateway(n)
	}
}

func (l *lint) trigger(n *node) {
	missing := false
	switch n.event() {
	case "signal":
		missing = n.signal == ""
	case "conditional":
		missing = n.cond == nil
	case "escalation":
		missing = n.code == "" && !n.waits()
	case "error":
		missing = n.code == "" && !n.waits() || n.waits() && !n.Interrupting
	case "link":
		missing = n.Events[0].Name == "" || n.Kind == bpmn.Throw && len(n.flows) != 1 || n.Kind == bpmn.Catch && len(n.Incoming) > 0
	case "timer":
		missing = n.Kind == bpmn.Start && n.Scope == nil && l.plan.typ != "" // there is no record to be about
	}
	switch {
	case missing:
		l.fail(n.self(), "flow.lint.event", "event", n.event())
	case n.event() == "message" && n.message == "":
		l.fail(n.self(), "flow.lint.message")
	case n.timer != nil && n.timer.repeat != 0 && !n.cycles():
		l.fail(n.self(), "flow.lint.cycle")
	}
}

// gateway demands of an event-based gateway at least two events that only it leads to.
func (l *lint) gateway(n *node) {
	for _, c := range n.catches {
		ok := c.Kind == bpmn.ReceiveTask && len(c.bounds) == 0 && c.Loop == nil || c.Kind == bpmn.Catch && c.event() != "link"
		if !ok || len(c.Incoming) != 1 {
			l.fail(n, "flow.lint.events", "node", c.ID)
		}
	}
	if len(n.catches) < 2 {
		l.fail(n, "flow.lint.events")
	}
}

// userTask demands a candidate rule, and a way for every outcome.
func (l *lint) userTask(n *node) {
	cs := n.Ext.Countersign
	switch {
	case cs != nil && cs.Members == "":
		l.fail(n, "flow.lint.members")
	case cs != nil && len(n.outcomes) < 2:
		l.fail(n, "flow.lint.votes")
	case cs == nil && n.candidates == nil && (n.Ext.Task == nil || n.Ext.Task.Candidates == ""):
		l.fail(n, "flow.lint.candidates")
	}
	seen := map[string]bool{}
	for _, o := range n.outcomes {
		if seen[o.ID] {
			l.fail(n, "flow.lint.outcome", "outcome", o.ID)
		}
		seen[o.ID] = true
	}
	if !n.byOutcome {
		return
	}
	taken := map[string]bool{}
	for _, f := range n.flows {
		if f.outcome == "" || taken[f.outcome] || !seen[f.outcome] {
			l.fail(n, "flow.lint.outcome", "flow", f.id, "outcome", f.outcome)
		}
		taken[f.outcome] = true
	}
	for _, o := range n.outcomes {
		if !taken[o.ID] {
			l.fail(n, "flow.lint.outcome", "outcome", o.ID)
		}
	}
}

// flows judges how many flows leave and enter a node and which carry conditions.
func (l *lint) flows(n *node) {
	in, out := len(n.Incoming), len(n.flows)
	switch n.Kind {
	case bpmn.Start:
		if in > 0 {
			l.fail(n, "flow.lint.incoming")
		}
	case bpmn.Boundary:
		if in > 0 || n.Attached == nil {
			l.fail(n, "flow.lint.incoming")
		}
	case bpmn.End:
		if out > 0 {
			l.fail(n, "flow.lint.outgoing")
		}
		return
	case bpmn.Exclusive, bpmn.Inclusive:
		l.conditions(n)
		return
	default:
	}
	if n.Triggered || n.Compensation || n.event() == "compensate" && n.Kind == bpmn.Boundary {
		return // judged as what they are; no flow leads there
	}
	many := out > 1 && n.Kind != bpmn.Parallel && n.Kind != bpmn.EventGateway && !n.byOutcome
	if out == 0 || many {
		l.fail(n, "flow.lint.outgoing")
	}
	for _, f := range n.flows {
		if f.model.Condition != "" {
			l.fail(n, "flow.lint.condition", "flow", f.id)
		}
		if f.outcome != "" && n.Kind != bpmn.UserTask {
			l.fail(n, "flow.lint.outcome", "flow", f.id)
		}
	}
}

// conditions demands a condition on every flow but the default of a gateway that chooses.
func (l *lint) conditions(n *node) {
	if len(n.flows) == 0 {
		l.fail(n, "flow.lint.outgoing")
	}
	for _, f := range n.flows {
		switch {
		case f.outcome != "":
			l.fail(n, "flow.lint.outcome", "flow", f.id)
		case len(n.flows) > 1 && n.Default != f.model && f.model.Condition == "":
			l.fail(n, "flow.lint.condition", "flow", f.id)
		case n.Default == f.model && f.model.Condition != "":
			l.fail(n, "flow.lint.condition", "flow", f.id)
		}
	}
}

// ends marks the nodes from which an end can be reached, backwards from the ends.
func (l *lint) ends() {
	before := map[*node][]*node{}
	var work []*node
	for _, n := range l.plan.order {
		for _, f := range n.flows {
			before[f.to] = append(before[f.to], n)
		}
		for _, b := range n.bounds {
			if b.Interrupting {
				before[b] = append(before[b], n)
			}
		}
		if n.Kind == bpmn.End || n.Triggered || n.Compensation || n.event() == "compensate" && n.Kind == bpmn.Boundary {
			work = append(work, n)
		}
	}
	for len(work) > 0 {
		n := work[len(work)-1]
		work = work[:len(work)-1]
		if n.ends {
			continue
		}
		n.ends = true
		work = append(work, before[n]...)
	}
}
