package flow

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"chengshu/base/bpmn"
	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/feel"
)

// compiler turns the texts of a model into expressions and collects what is wrong with them.
type compiler struct {
	plan  *plan
	scope *feel.Scope
	names map[*node]names // inside the repeated activities
	found []bpmn.Finding
}

func (c *compiler) compile() {
	c.wire()
	for _, s := range c.plan.process.Ext.SLAs {
		c.plan.slas = append(c.plan.slas, c.sla(nil, s))
	}
	for _, n := range c.plan.order {
		c.node(n)
	}
}

func (c *compiler) node(n *node) {
	x := &n.Ext
	for _, f := range n.flows {
		f.cond = c.exprIn(c.around(n), n, f.model.Condition, feel.BoolType)
	}
	if x.Task != nil {
		n.state = x.Task.State
		n.candidates = c.expr(n, x.Task.Candidates, feel.AnyType)
	}
	if n.candidates == nil && n.Kind == bpmn.UserTask {
		c.foreign(n)
	}
	if n.Kind == bpmn.UserTask && len(x.SLAs) == 0 {
		n.due = c.foreignDue(n)
	}
	if x.Countersign != nil {
		n.members = c.expr(n, x.Countersign.Members, feel.AnyType)
	}
	for _, o := range x.Outcomes {
		n.outcomes = append(n.outcomes, &outcome{Outcome: o, set: c.expr(n, o.Set, feel.AnyType)})
	}
	for _, s := range x.SLAs {
		p := c.sla(n, s)
		if s.Scope == "instance" {
			n.matter = append(n.matter, p)
		} else {
			n.slas = append(n.slas, p)
		}
	}
	for _, s := range x.Services {
		n.services = append(n.services, &service{
			Service: s, set: c.expr(n, s.Set, feel.AnyType), to: c.expr(n, s.To, feel.AnyType), data: c.expr(n, s.Data, feel.AnyType),
		})
	}
	if n.Kind == bpmn.ScriptTask {
		n.script = c.expr(n, n.Script, feel.AnyType)
	}
	c.repeat(n)
	c.parts(n)
	for _, x := range n.triggers() {
		c.event(x)
	}
	n.keeps = len(n.bounds) > 0 || n.waits() && slices.ContainsFunc(n.triggers(), (*node).awaits)
	c.plan.jobs = c.plan.jobs || n.calls()
	c.plan.calls = c.plan.calls || n.Kind == bpmn.CallActivity
}

// parts makes of an event with several definitions one for each.
func (c *compiler) parts(n *node) {
	if len(n.Events) < 2 || !n.waits() && n.Kind != bpmn.Start {
		return
	}
	for i, e := range n.Events {
		model := *n.Node
		model.ID, model.Events = n.ID+"#"+strconv.Itoa(i+1), []*bpmn.Event{e}
		part := &node{Node: &model, whole: n}
		n.parts = append(n.parts, part)
		c.plan.nodes[part.ID] = part
	}
}

func (c *compiler) event(n *node) {
	switch n.event() {
	case "timer":
		n.timer = c.timer(n, n.Events[0])
		c.plan.timers = true
	case "message":
		n.message = n.Events[0].Name
		c.plan.subs = c.plan.subs || n.waits()
	case "signal":
		n.signal = n.Events[0].Name
		c.plan.signals = c.plan.signals || n.waits()
		c.plan.subs = c.plan.subs || n.waits()
	case "conditional":
		n.cond = c.expr(n, n.Events[0].Condition, feel.BoolType)
		c.plan.conds, c.plan.subs = true, true
	case "error", "escalation":
		if r := n.Events[0].Ref; r != nil {
			n.code = cmp.Or(r.Code, r.Name, r.ID)
		}
	}
	if n.Message != nil && (n.Kind == bpmn.ReceiveTask || n.Kind == bpmn.SendTask) {
		n.message = n.Message.Name
		c.plan.subs = c.plan.subs || n.Kind == bpmn.ReceiveTask
	}
}

// expr compiles one expression of n; an empty text is no expression.
func (c *compiler) expr(n *node, src string, want feel.Type) *feel.Expr {
	return c.exprIn(c.within(n), n, src, want)
}

// exprIn is expr for one that uses other names than those inside of n.
func (c *compiler) exprIn(in names, n *node, src string, want feel.Type) *feel.Expr {
	if strings.TrimSpace(src) == "" {
		return nil
	}
	e, err := feel.Compile(src, in.scope)
	if err != nil {
		c.fail(n, "flow.lint.feel", "source", src, "reason", fault.CodeOf(err), "detail", err.Error())
		return nil
	}
	c.plan.pure[e] = !slices.ContainsFunc(e.Names(), func(name string) bool {
		return !slices.Contains(processNames[:], name) && !slices.Contains(in.local, name)
	})
	c.plan.placed[e] = placedRoles(e)
	if got := e.Type().Kind(); want.Kind() != feel.KindAny && got != want.Kind() && got != feel.KindAny && got != feel.KindNull {
		c.fail(n, "flow.lint.type", "source", src, "want", want.Kind().String(), "got", got.String())
	}
	return e
}

func (c *compiler) fail(n *node, code string, args ...any) {
	f := bpmn.Finding{ID: c.plan.process.ID, Type: "process", Line: c.plan.process.Line}
	if n != nil {
		f.ID, f.Type, f.Line = n.self().ID, string(n.Kind), n.Line
	}
	f.Code, f.Args = code, fault.New(fault.Invalid, code, args...).Args
	c.found = append(c.found, f)
}

func (c *compiler) sla(n *node, s bpmn.SLA) *slaPlan {
	in := c.within(n)
	if s.Scope == "instance" {
		in = c.around(n)
	}
	p := &slaPlan{SLA: s, limit: c.exprIn(in, n, s.Limit, feel.NumberType), from: c.exprIn(in, n, s.From, feel.AnyType)}
	if inner, ok := strings.CutPrefix(s.Unit, "{"); ok && strings.HasSuffix(inner, "}") {
		p.unitExpr = c.exprIn(in, n, strings.TrimSuffix(inner, "}"), feel.StringType)
		return p
	}
	unit, err := clock.ParseUnit(s.Unit)
	if err != nil {
		c.fail(n, "flow.lint.unit", "unit", s.Unit)
	}
	p.unit = unit
	return p
}

// timer reads a timer event: an ISO duration or date, a working-time limit as "3 workday", a cycle "R3/PT1H", or FEEL.
func (c *compiler) timer(n *node, e *bpmn.Event) *timerPlan {
	t := &timerPlan{}
	text := e.Duration
	switch {
	case e.Date != "":
		text = e.Date
	case e.Cycle != "":
		text = t.cycle(e.Cycle)
	}
	text = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "="))
	if text == "" {
		c.fail(n, "flow.lint.timer", "timer", e.Cycle)
		return t
	}
	if v, ok := feel.ParseDuration(text); ok {
		t.amount = v
		return t
	}
	if l, err := clock.ParseLimit(text); err == nil {
		t.limit = l
		return t
	}
	if v, ok := feel.ParseDateTime(text); ok {
		t.amount = v
		return t
	}
	t.expr = c.expr(n, text, feel.AnyType)
	return t
}

// cycle reads "R3/PT1H" or "R/PT1H" and gives the duration.
func (t *timerPlan) cycle(text string) string {
	count, duration, ok := strings.Cut(strings.TrimSpace(text), "/")
	if !ok || !strings.HasPrefix(count, "R") {
		return ""
	}
	t.repeat = -1
	if len(count) > 1 {
		n := 0
		for _, r := range count[1:] {
			if r < '0' || r > '9' || n > 10_000 {
				return ""
			}
			n = n*10 + int(r-'0')
		}
		t.repeat = n - 1
	}
	return duration
}
