package bpmn

import (
	"strconv"
	"strings"

	"chengshu/base/fault"
)

// Read reads a model. It fails where the bytes are no BPMN 2.0 XML or break a limit (fault codes bpmn.*, with line);
// what is wrong inside a well-formed model stands in Model.Problems.
func Read(data []byte) (*Model, error) {
	root, encoding, err := parse(data)
	if err != nil {
		return nil, fault.Wrap("read bpmn", err)
	}
	if root.space != Namespace || root.name != "definitions" {
		return nil, fault.New(fault.Invalid, "bpmn.root", "element", root.name, "namespace", root.space)
	}
	r := &reader{
		model: &Model{
			Source: data, Encoding: encoding, ID: root.attr("id"), Name: root.attr("name"),
			Target: root.attr("targetNamespace"), Exporter: root.attr("exporter"), Roots: map[string]*Root{},
		},
		ids: map[string]*element{}, nodes: map[string]*Node{}, flows: map[string]*Flow{},
		elems: map[*Node]*element{}, events: map[*Event]*element{}, drawn: map[*Flow]*element{},
	}
	r.index(root)
	r.roots(root)
	for _, e := range root.kids {
		if e.space == Namespace && e.name == "process" {
			r.process(e)
		}
	}
	r.collaborations(root)
	r.link()
	r.associations(root)
	r.references(root)
	for _, e := range root.kids {
		if e.space == DI && e.name == "BPMNDiagram" {
			r.diagram(e)
		}
	}
	return r.model, nil
}

// reader holds what is needed while one model is read.
type reader struct {
	model  *Model
	ids    map[string]*element
	nodes  map[string]*Node
	flows  map[string]*Flow
	elems  map[*Node]*element
	events map[*Event]*element
	drawn  map[*Flow]*element
	order  []*Node
}

// index notes every id of a BPMN element; ids used twice are a problem.
func (r *reader) index(e *element) {
	if e.space == Namespace {
		if id := e.attr("id"); id != "" {
			if _, twice := r.ids[id]; twice {
				r.problem(e, "bpmn.id.twice", "id", id)
			}
			r.ids[id] = e
		}
	}
	for _, k := range e.kids {
		if k.space == Namespace {
			r.index(k)
		}
	}
}

func (r *reader) problem(e *element, code string, args ...any) {
	r.model.Problems = append(r.model.Problems, finding(e.attr("id"), e.name, e.line, code, args...))
}

// resolve finds the id a reference means. References are QNames: a prefix may stand before the id.
func (r *reader) resolve(ref string) (string, bool) {
	ref = strings.TrimSpace(ref)
	if _, ok := r.ids[ref]; ok {
		return ref, true
	}
	if i := strings.LastIndexByte(ref, ':'); i >= 0 {
		if _, ok := r.ids[ref[i+1:]]; ok {
			return ref[i+1:], true
		}
	}
	return ref, false
}

func (r *reader) roots(root *element) {
	for _, e := range root.kids {
		if e.space != Namespace || e.attr("id") == "" {
			continue
		}
		t := &Root{ID: e.attr("id"), Kind: e.name, Name: e.attr("name")}
		switch e.name {
		case "process", "collaboration":
			continue
		case "error":
			t.Code = e.attr("errorCode")
		case "escalation":
			t.Code = e.attr("escalationCode")
		case "message":
			t.Code = correlation(e)
		}
		r.model.Roots[t.ID] = t
	}
}

func (r *reader) process(e *element) {
	p := &Process{
		ID: e.attr("id"), Name: e.attr("name"), Executable: e.flag("isExecutable", false), Line: e.line,
		node: map[string]*Node{}, flow: map[string]*Flow{},
	}
	p.Ext = r.extension(e)
	r.model.Processes = append(r.model.Processes, p)
	r.scope(p, nil, e)
	r.laneSets(p, e)
	for _, n := range p.Nodes {
		r.laneSets(p, r.elems[n])
	}
}

// scope reads the nodes and flows directly inside e and descends into sub-processes.
func (r *reader) scope(p *Process, parent *Node, e *element) {
	for _, k := range e.kids {
		if k.space != Namespace {
			continue
		}
		if kind, ok := nodeKinds[k.name]; ok {
			n := r.node(p, parent, kind, k)
			if kind.Container() {
				r.scope(p, n, k)
			}
			continue
		}
		if k.name == "sequenceFlow" {
			r.flow(p, parent, k)
		}
	}
}

func (r *reader) node(p *Process, parent *Node, kind Kind, e *element) *Node {
	n := &Node{
		ID: e.attr("id"), Name: e.attr("name"), Kind: kind, Process: p, Scope: parent, Line: e.line,
		Compensation: e.flag("isForCompensation", false), Triggered: e.flag("triggeredByEvent", false),
		Together: e.flag("parallelMultiple", false), Script: e.childText("script"), Format: e.attr("scriptFormat"), Doc: e.childText("documentation"),
	}
	switch kind {
	case Boundary:
		n.Interrupting = e.flag("cancelActivity", true)
	case Start:
		n.Interrupting = e.flag("isInterrupting", true)
	case CallActivity:
		n.Called = called(e)
	case ReceiveTask:
		n.Instantiate = e.flag("instantiate", false)
	case EventGateway:
		n.Instantiate = e.flag("instantiate", false) || e.attr("eventGatewayType") == "Parallel"
	case RuleTask:
		n.Called = foreign(e, "calledDecision", "decisionId", "decisionRef")
	default: // the others carry nothing of their own
	}
	if n.ID == "" {
		r.problem(e, "bpmn.id.missing", "element", e.name)
	}
	n.Ext = r.extension(e)
	r.eventDefs(n, e)
	n.Loop = r.loop(e)
	p.Nodes = append(p.Nodes, n)
	p.node[n.ID] = n
	r.nodes[n.ID] = n
	r.elems[n] = e
	r.order = append(r.order, n)
	return n
}

func (r *reader) eventDefs(n *Node, e *element) {
	for _, k := range e.kids {
		if k.space != Namespace {
			continue
		}
		typ, ok := strings.CutSuffix(k.name, "EventDefinition")
		if !ok {
			continue
		}
		ev := &Event{
			Type: typ, Name: k.attr("name"), Date: k.childText("timeDate"), Duration: k.childText("timeDuration"),
			Cycle: k.childText("timeCycle"), Condition: plain(k.childText("condition")),
		}
		n.Events = append(n.Events, ev)
		r.events[ev] = k
	}
}

func (r *reader) flow(p *Process, parent *Node, e *element) {
	f := &Flow{ID: e.attr("id"), Name: e.attr("name"), Scope: parent, Line: e.line}
	if c := e.child("conditionExpression"); c != nil {
		f.Condition, f.Language = plain(c.text()), c.attr("language")
	}
	f.Outcome = r.flowOutcome(e)
	if f.ID == "" {
		r.problem(e, "bpmn.id.missing", "element", e.name)
	}
	r.drawn[f] = e
	p.Flows = append(p.Flows, f)
	p.flow[f.ID] = f
	r.flows[f.ID] = f
}

func (r *reader) laneSets(p *Process, e *element) {
	for _, k := range e.kids {
		if k.space == Namespace && k.name == "laneSet" {
			r.lanes(p, nil, k)
		}
	}
}

func (r *reader) lanes(p *Process, parent *Lane, set *element) {
	for _, e := range set.kids {
		if e.space != Namespace || e.name != "lane" {
			continue
		}
		l := &Lane{ID: e.attr("id"), Name: e.attr("name"), Parent: parent}
		p.Lanes = append(p.Lanes, l)
		for _, k := range e.kids {
			if k.space != Namespace {
				continue
			}
			switch k.name {
			case "flowNodeRef":
				id, _ := r.resolve(k.text())
				if n := r.nodes[id]; n != nil {
					l.Nodes = append(l.Nodes, n)
					n.Lane = l
				}
			case "childLaneSet":
				r.lanes(p, l, k)
			}
		}
	}
}

func (r *reader) collaborations(root *element) {
	for _, c := range root.kids {
		if c.space != Namespace || c.name != "collaboration" {
			continue
		}
		for _, k := range c.kids {
			if k.space != Namespace {
				continue
			}
			switch k.name {
			case "participant":
				id, _ := r.resolve(k.attr("processRef"))
				pool := &Pool{ID: k.attr("id"), Name: k.attr("name"), Process: r.model.Process(id)}
				r.model.Pools = append(r.model.Pools, pool)
			case "messageFlow":
				from, _ := r.resolve(k.attr("sourceRef"))
				to, _ := r.resolve(k.attr("targetRef"))
				flow := &MessageFlow{ID: k.attr("id"), Name: k.attr("name"), From: from, To: to}
				r.model.Messages = append(r.model.Messages, flow)
			}
		}
	}
}

func (r *reader) diagram(e *element) {
	if e.space == DI {
		switch e.name {
		case "BPMNShape":
			r.shape(e)
		case "BPMNEdge":
			r.edge(e)
		}
	}
	for _, k := range e.kids {
		if k.space == DI {
			r.diagram(k)
		}
	}
}

func (r *reader) shape(e *element) {
	id, _ := r.resolve(e.attr("bpmnElement"))
	s := &Shape{Element: id, Expanded: e.flag("isExpanded", true), Horizontal: e.flag("isHorizontal", true)}
	for _, k := range e.kids {
		if k.space == nsDC && k.name == "Bounds" {
			s.X, s.Y = number(k.attr("x")), number(k.attr("y"))
			s.Width, s.Height = number(k.attr("width")), number(k.attr("height"))
		}
	}
	r.model.Shapes = append(r.model.Shapes, s)
	if n := r.nodes[id]; n != nil && n.Shape == nil {
		n.Shape = s
	}
}

func (r *reader) edge(e *element) {
	id, _ := r.resolve(e.attr("bpmnElement"))
	edge := &Edge{Element: id}
	for _, k := range e.kids {
		if k.space == nsDD && k.name == "waypoint" {
			edge.Points = append(edge.Points, Point{number(k.attr("x")), number(k.attr("y"))})
		}
	}
	r.model.Edges = append(r.model.Edges, edge)
	if f := r.flows[id]; f != nil && f.Edge == nil {
		f.Edge = edge
	}
}

// number reads a coordinate; what is no number is 0, the picture is no part of the meaning.
func number(s string) float64 {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil {
		return 0
	}
	return v
}

// plain trims an expression and drops the leading "=" that marks FEEL in other vendors' models.
func plain(s string) string {
	s = strings.TrimSpace(s)
	return strings.TrimSpace(strings.TrimPrefix(s, "="))
}
