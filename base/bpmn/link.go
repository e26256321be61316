package bpmn

// link resolves what the graph needs: ends of flows, defaults, attachments, event and message references.
func (r *reader) link() {
	for _, p := range r.model.Processes {
		for _, f := range p.Flows {
			e := r.drawn[f]
			f.From, f.To = r.end(e, "sourceRef"), r.end(e, "targetRef")
			if f.From == nil || f.To == nil {
				continue
			}
			f.From.Outgoing = append(f.From.Outgoing, f)
			f.To.Incoming = append(f.To.Incoming, f)
			if f.From.Scope != f.Scope || f.To.Scope != f.Scope {
				r.problem(e, "bpmn.flow.scope", "flow", f.ID)
			}
		}
	}
	for _, n := range r.order {
		r.linkNode(n, r.elems[n])
	}
}

// associations joins compensation boundary events with their handlers.
func (r *reader) associations(e *element) {
	for _, k := range e.Kids {
		if k.Space != Namespace {
			continue
		}
		if k.Name != "association" {
			r.associations(k)
			continue
		}
		from, _ := r.resolve(k.Attr("sourceRef"))
		to, _ := r.resolve(k.Attr("targetRef"))
		for _, ids := range [][2]string{{from, to}, {to, from}} {
			event, handler := r.nodes[ids[0]], r.nodes[ids[1]]
			if event != nil && handler != nil && event.Kind == Boundary && handler.Compensation {
				event.Handler = handler
			}
		}
	}
}

func (r *reader) end(e *element, attr string) *Node {
	id, _ := r.resolve(e.Attr(attr))
	n := r.nodes[id]
	if n == nil {
		r.problem(e, "bpmn.flow.end", "attribute", attr, "ref", e.Attr(attr))
	}
	return n
}

func (r *reader) linkNode(n *Node, e *element) {
	if ref := e.Attr("default"); ref != "" {
		id, _ := r.resolve(ref)
		if f := r.flows[id]; f != nil && f.From == n {
			n.Default = f
		} else {
			r.problem(e, "bpmn.default", "ref", ref)
		}
	}
	if n.Kind == Boundary {
		id, _ := r.resolve(e.Attr("attachedToRef"))
		n.Attached = r.nodes[id]
		if n.Attached == nil || !n.Attached.Kind.Activity() {
			r.problem(e, "bpmn.attached", "ref", e.Attr("attachedToRef"))
		} else {
			n.Attached.Boundaries = append(n.Attached.Boundaries, n)
		}
	}
	if ref := e.Attr("messageRef"); ref != "" {
		id, _ := r.resolve(ref)
		n.Message = r.model.Roots[id]
	}
	for _, ev := range n.Events {
		r.linkEvent(ev)
	}
	r.agree(n, e, "incoming", n.Incoming)
	r.agree(n, e, "outgoing", n.Outgoing)
}

func (r *reader) linkEvent(ev *Event) {
	k := r.events[ev]
	for _, attr := range []string{"messageRef", "signalRef", "errorRef", "escalationRef"} {
		if ref := k.Attr(attr); ref != "" {
			id, _ := r.resolve(ref)
			ev.Ref = r.model.Roots[id]
		}
	}
	if ref := k.Attr("activityRef"); ref != "" {
		id, _ := r.resolve(ref)
		ev.Activity = r.nodes[id]
	}
	if ev.Ref != nil && ev.Name == "" {
		ev.Name = ev.Ref.Name
	}
}

// agree compares the incoming or outgoing list a node writes with the flows. The list may be left out altogether.
func (r *reader) agree(n *Node, e *element, name string, flows []*Flow) {
	listed := map[string]bool{}
	for _, k := range e.Kids {
		if k.Space == Namespace && k.Name == name {
			id, _ := r.resolve(k.Text())
			listed[id] = true
		}
	}
	if len(listed) == 0 {
		return
	}
	have := map[string]bool{}
	for _, f := range flows {
		have[f.ID] = true
		if !listed[f.ID] {
			r.problem(e, "bpmn.list", "list", name, "flow", f.ID)
		}
	}
	for id := range listed {
		if !have[id] {
			r.problem(e, "bpmn.list", "list", name, "flow", id)
		}
	}
}

// refAttrs and refElems are the references judged. Those that may point into imported files (itemSubjectRef, processRef,
// calledElement, …) and those of the diagram are not among them: they have no effect on execution.
var (
	refAttrs = [...]string{
		"sourceRef", "targetRef", "messageRef", "signalRef", "errorRef", "escalationRef", "activityRef",
	}
	refElems = map[string]bool{"sourceRef": true, "targetRef": true, "incoming": true, "outgoing": true, "flowNodeRef": true}
)

// references reports every reference that names no element of the model. Ends of sequence flows, attachments and
// defaults were judged with more care already.
func (r *reader) references(e *element) {
	for _, attr := range refAttrs {
		if e.Name == "sequenceFlow" {
			continue
		}
		if ref := e.Attr(attr); ref != "" {
			if _, ok := r.resolve(ref); !ok {
				r.problem(e, "bpmn.ref", "attribute", attr, "ref", ref)
			}
		}
	}
	for _, k := range e.Kids {
		if k.Space != Namespace {
			continue
		}
		if refElems[k.Name] {
			if _, ok := r.resolve(k.Text()); !ok && k.Name != "incoming" && k.Name != "outgoing" {
				r.problem(e, "bpmn.ref", "attribute", k.Name, "ref", k.Text())
			}
			continue
		}
		r.references(k)
	}
}
