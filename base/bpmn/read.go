package bpmn

import (
	"strconv"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/markup"
)

// Read reads a model. It fails where the bytes are no BPMN 2.0 XML or break a limit (faults of markup.Read, Invalid "bpmn.root");
// what is wrong inside a well-formed model stands in Model.Problems.
func Read(data []byte) (*Model, error) {
	root, encoding, err := markup.Read(data, markup.Options{Bytes: MaxBytes, Depth: MaxDepth, Elements: MaxElements})
	if err != nil {
		return nil, fault.Wrap("read bpmn", err)
	}
	if root.Space != Namespace || root.Name != "definitions" {
		return nil, fault.New(fault.Invalid, "bpmn.root", "element", root.Name, "namespace", root.Space)
	}
	r := &reader{
		model: &Model{
			Source: data, Encoding: encoding, ID: root.Attr("id"), Name: root.Attr("name"),
			Target: root.Attr("targetNamespace"), Exporter: root.Attr("exporter"), Roots: map[string]*Root{},
		},
		ids: map[string]*element{}, nodes: map[string]*Node{}, flows: map[string]*Flow{},
		elems: map[*Node]*element{}, events: map[*Event]*element{}, drawn: map[*Flow]*element{},
	}
	r.index(root)
	r.roots(root)
	for _, e := range root.Kids {
		if e.Space == Namespace && e.Name == "process" {
			r.process(e)
		}
	}
	r.collaborations(root)
	r.link()
	r.associations(root)
	r.references(root)
	for _, e := range root.Kids {
		if e.Space == DI && e.Name == "BPMNDiagram" {
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
	if e.Space == Namespace {
		if id := e.Attr("id"); id != "" {
			if _, twice := r.ids[id]; twice {
				r.problem(e, "bpmn.id.twice", "id", id)
			}
			r.ids[id] = e
		}
	}
	for _, k := range e.Kids {
		if k.Space == Namespace {
			r.index(k)
		}
	}
}

func (r *reader) problem(e *element, code string, args ...any) {
	r.model.Problems = append(r.model.Problems, finding(e.Attr("id"), e.Name, e.Line, code, args...))
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
	for _, e := range root.Kids {
		if e.Space != Namespace || e.Attr("id") == "" {
			continue
		}
		t := &Root{ID: e.Attr("id"), Kind: e.Name, Name: e.Attr("name")}
		switch e.Name {
		case "process", "collaboration":
			continue
		case "error":
			t.Code = e.Attr("errorCode")
		case "escalation":
			t.Code = e.Attr("escalationCode")
		case "message":
			t.Code = correlation(e)
		}
		r.model.Roots[t.ID] = t
	}
}

func (r *reader) process(e *element) {
	p := &Process{
		ID: e.Attr("id"), Name: e.Attr("name"), Executable: e.Flag("isExecutable", false), Line: e.Line,
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
	for _, k := range e.Kids {
		if k.Space != Namespace {
			continue
		}
		if kind, ok := nodeKinds[k.Name]; ok {
			n := r.node(p, parent, kind, k)
			if kind.Container() {
				r.scope(p, n, k)
			}
			continue
		}
		if k.Name == "sequenceFlow" {
			r.flow(p, parent, k)
		}
	}
}

func (r *reader) node(p *Process, parent *Node, kind Kind, e *element) *Node {
	n := &Node{
		ID: e.Attr("id"), Name: e.Attr("name"), Kind: kind, Process: p, Scope: parent, Line: e.Line,
		Compensation: e.Flag("isForCompensation", false), Triggered: e.Flag("triggeredByEvent", false),
		Together: e.Flag("parallelMultiple", false), Script: e.ChildText("script"), Format: e.Attr("scriptFormat"), Doc: e.ChildText("documentation"),
	}
	switch kind {
	case Boundary:
		n.Interrupting = e.Flag("cancelActivity", true)
	case Start:
		n.Interrupting = e.Flag("isInterrupting", true)
	case CallActivity:
		n.Called = called(e)
	case ReceiveTask:
		n.Instantiate = e.Flag("instantiate", false)
	case EventGateway:
		n.Instantiate = e.Flag("instantiate", false) || e.Attr("eventGatewayType") == "Parallel"
	case RuleTask:
		n.Called = foreign(e, "calledDecision", "decisionId", "decisionRef")
	default: // the others carry nothing of their own
	}
	if n.ID == "" {
		r.problem(e, "bpmn.id.missing", "element", e.Name)
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
	for _, k := range e.Kids {
		if k.Space != Namespace {
			continue
		}
		typ, ok := strings.CutSuffix(k.Name, "EventDefinition")
		if !ok {
			continue
		}
		ev := &Event{
			Type: typ, Name: k.Attr("name"), Date: k.ChildText("timeDate"), Duration: k.ChildText("timeDuration"),
			Cycle: k.ChildText("timeCycle"), Condition: plain(k.ChildText("condition")),
		}
		n.Events = append(n.Events, ev)
		r.events[ev] = k
	}
}

func (r *reader) flow(p *Process, parent *Node, e *element) {
	f := &Flow{ID: e.Attr("id"), Name: e.Attr("name"), Scope: parent, Line: e.Line}
	if c := e.Child("conditionExpression"); c != nil {
		f.Condition, f.Language = plain(c.Text()), c.Attr("language")
	}
	f.Outcome = r.flowOutcome(e)
	if f.ID == "" {
		r.problem(e, "bpmn.id.missing", "element", e.Name)
	}
	r.drawn[f] = e
	p.Flows = append(p.Flows, f)
	p.flow[f.ID] = f
	r.flows[f.ID] = f
}

func (r *reader) laneSets(p *Process, e *element) {
	for _, k := range e.Kids {
		if k.Space == Namespace && k.Name == "laneSet" {
			r.lanes(p, nil, k)
		}
	}
}

func (r *reader) lanes(p *Process, parent *Lane, set *element) {
	for _, e := range set.Kids {
		if e.Space != Namespace || e.Name != "lane" {
			continue
		}
		l := &Lane{ID: e.Attr("id"), Name: e.Attr("name"), Parent: parent}
		p.Lanes = append(p.Lanes, l)
		for _, k := range e.Kids {
			if k.Space != Namespace {
				continue
			}
			switch k.Name {
			case "flowNodeRef":
				id, _ := r.resolve(k.Text())
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
	for _, c := range root.Kids {
		if c.Space != Namespace || c.Name != "collaboration" {
			continue
		}
		for _, k := range c.Kids {
			if k.Space != Namespace {
				continue
			}
			switch k.Name {
			case "participant":
				id, _ := r.resolve(k.Attr("processRef"))
				pool := &Pool{ID: k.Attr("id"), Name: k.Attr("name"), Process: r.model.Process(id)}
				r.model.Pools = append(r.model.Pools, pool)
			case "messageFlow":
				from, _ := r.resolve(k.Attr("sourceRef"))
				to, _ := r.resolve(k.Attr("targetRef"))
				flow := &MessageFlow{ID: k.Attr("id"), Name: k.Attr("name"), From: from, To: to}
				r.model.Messages = append(r.model.Messages, flow)
			}
		}
	}
}

func (r *reader) diagram(e *element) {
	if e.Space == DI {
		switch e.Name {
		case "BPMNShape":
			r.shape(e)
		case "BPMNEdge":
			r.edge(e)
		}
	}
	for _, k := range e.Kids {
		if k.Space == DI {
			r.diagram(k)
		}
	}
}

func (r *reader) shape(e *element) {
	id, _ := r.resolve(e.Attr("bpmnElement"))
	s := &Shape{Element: id, Expanded: e.Flag("isExpanded", true), Horizontal: e.Flag("isHorizontal", true)}
	for _, k := range e.Kids {
		if k.Space == nsDC && k.Name == "Bounds" {
			s.X, s.Y = number(k.Attr("x")), number(k.Attr("y"))
			s.Width, s.Height = number(k.Attr("width")), number(k.Attr("height"))
		}
	}
	r.model.Shapes = append(r.model.Shapes, s)
	if n := r.nodes[id]; n != nil && n.Shape == nil {
		n.Shape = s
	}
}

func (r *reader) edge(e *element) {
	id, _ := r.resolve(e.Attr("bpmnElement"))
	edge := &Edge{Element: id}
	for _, k := range e.Kids {
		if k.Space == nsDD && k.Name == "waypoint" {
			edge.Points = append(edge.Points, Point{number(k.Attr("x")), number(k.Attr("y"))})
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
