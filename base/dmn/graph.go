package dmn

import (
	"strings"

	"chengshu/base/feel"
)

type nodeKind uint8

const (
	inputNode nodeKind = iota
	decisionNode
	knowledgeNode
	serviceNode
)

func nodeKinds(name string) (nodeKind, bool) {
	switch name {
	case "inputData":
		return inputNode, true
	case "decision":
		return decisionNode, true
	case "businessKnowledgeModel":
		return knowledgeNode, true
	case "decisionService":
		return serviceNode, true
	}
	return 0, false
}

type nodeState uint8

const (
	fresh nodeState = iota
	compiling
	compiled
	cyclic
)

// node is one element of the decision requirements graph.
type node struct {
	kind  nodeKind
	unit  *unit
	el    *element
	id    string
	name  string
	typ   feel.Type // of the variable; for knowledge and services of the function
	state nodeState

	needs   []*place // what the logic sees, in the order of the file
	names   []string // of needs
	run     code     // decision logic or the body of knowledge, nil without
	params  []feel.Param
	result  feel.Type
	inputs  []*node // of a service: what its parameters stand for
	outputs []*node
	sources []Source
}

// place is one name the logic of a node sees: a required node, or an import's name with the places inside.
type place struct {
	name  string
	node  *node
	parts []*place
}

func (p *place) typ() feel.Type {
	if p.node != nil {
		return p.node.typ
	}
	fields := make([]feel.Param, len(p.parts))
	for i, k := range p.parts {
		fields[i] = feel.Param{Name: k.name, Type: k.typ()}
	}
	return feel.ContextOf(fields...)
}

func (p *place) each(visit func(*node)) {
	visit(p.node)
	for _, k := range p.parts {
		k.each(visit)
	}
}

// node compiles n and first what it requires.
func (c *compiler) node(n *node) {
	switch n.state {
	case compiled, cyclic:
		return
	case compiling:
		n.state = cyclic
		c.problem(n.unit, n.el, "dmn.cycle", "name", n.name)
		return
	case fresh:
	}
	n.state = compiling
	scope := c.requirements(n)
	outer := c.current
	c.current = n
	defer func() { c.current = outer }()
	switch n.kind {
	case inputNode:
	case decisionNode:
		c.decision(n, scope)
	case knowledgeNode:
		c.knowledge(n, scope)
	case serviceNode:
		c.service(n)
	}
	if n.state == cyclic {
		n.needs, n.names = nil, nil
		n.run = func(r *run, env *feel.Env) feel.Value { return r.fail(env, n.el, "dmn.cycle", "name", n.name) }
		return
	}
	n.state = compiled
}

// requirements resolves what n requires and gives the scope of its logic.
func (c *compiler) requirements(n *node) *feel.Scope {
	scope := n.unit.scope.Clone()
	for _, req := range n.el.Kids {
		for _, r := range req.Kids {
			switch r.Name {
			case "requiredDecision", "requiredInput", "requiredKnowledge":
				c.require(n, r)
			case "requiredAuthority":
				c.authority(n, r)
			}
		}
	}
	for _, p := range n.needs {
		n.names = append(n.names, p.name)
		scope.Var(p.name, p.typ())
	}
	return scope
}

func (c *compiler) require(n *node, r *element) {
	to, path := c.resolve(n.unit, r)
	if to == nil {
		c.problem(n.unit, r, "dmn.reference", "href", r.Attr("href"))
		return
	}
	// Business knowledge models may call each other in a circle; their bodies run only when called.
	if to.state != compiling || n.kind != knowledgeNode || to.kind != knowledgeNode {
		c.node(to)
	}
	at := &n.needs
	for _, name := range path {
		if name == "" {
			continue
		}
		var in *place
		for _, p := range *at {
			if p.name == name && p.node == nil {
				in = p
			}
		}
		if in == nil {
			in = &place{name: name}
			*at = append(*at, in)
		}
		at = &in.parts
	}
	for _, p := range *at {
		if p.node == to {
			return
		}
	}
	*at = append(*at, &place{name: to.name, node: to})
}

// authority notes the knowledge source that a decision rests on; a decision or input as authority says nothing new.
func (c *compiler) authority(n *node, r *element) {
	space, id, _ := strings.Cut(strings.TrimSpace(r.Attr("href")), "#")
	for _, u := range c.units {
		if space == "" && u != n.unit || space != "" && u.model.Namespace != space {
			continue
		}
		if s := u.sources[id]; s != nil {
			n.sources = append(n.sources, Source{
				Name: label(s), ID: id, Type: s.ChildText("type"), URI: strings.TrimSpace(s.Attr("locationURI")), Text: s.ChildText("description"),
			})
			return
		}
	}
}

// resolve finds the node of an href, "#id" or "namespace#id", and the import names on the way to it.
func (c *compiler) resolve(u *unit, r *element) (*node, []string) {
	space, id, ok := strings.Cut(strings.TrimSpace(r.Attr("href")), "#")
	if !ok {
		id, space = space, ""
	}
	if space == "" || space == u.model.Namespace {
		if n := u.ids[id]; n != nil {
			return n, nil
		}
	}
	if space == "" {
		return nil, nil
	}
	return c.search(u, space, id, map[*unit]bool{u: true})
}

// search looks through the imports, nearest first.
func (c *compiler) search(u *unit, space, id string, seen map[*unit]bool) (*node, []string) {
	for _, imp := range u.imports {
		if imp.unit.model.Namespace == space {
			if n := imp.unit.ids[id]; n != nil {
				return n, []string{imp.name}
			}
		}
	}
	for _, imp := range u.imports {
		if seen[imp.unit] {
			continue
		}
		seen[imp.unit] = true
		if n, path := c.search(imp.unit, space, id, seen); n != nil {
			return n, append([]string{imp.name}, path...)
		}
	}
	return nil, nil
}

func (c *compiler) decision(n *node, scope *feel.Scope) {
	e := expression(n.el)
	if e == nil {
		return
	}
	l := c.logic(n.unit, e, scope)
	n.run = l.run
	if n.typ.Kind() == feel.KindAny {
		// A decision without a declared type has that of its logic, so that paths into it know its names.
		n.typ = l.typ
		return
	}
	n.run = coerced(n.el, n.typ, l.run)
}

// knowledge compiles a business knowledge model to a function.
func (c *compiler) knowledge(n *node, scope *feel.Scope) {
	declared := n.typ
	n.result = declared
	if declared.Kind() == feel.KindFunction {
		n.result = declared.Elem()
	}
	body := n.el.Child("encapsulatedLogic")
	if body == nil {
		n.typ = feel.FunctionOf(nil, n.result)
		return
	}
	n.params = c.parameters(n.unit, body)
	n.typ = feel.FunctionOf(n.params, n.result)
	for _, p := range n.needs {
		if p.node == n {
			scope.Var(p.name, n.typ)
		}
	}
	if kind := body.Attr("kind"); kind != "" && kind != "FEEL" {
		c.problem(n.unit, body, "dmn.external", "kind", kind)
		n.run = external(body)
		return
	}
	for _, p := range n.params {
		scope.Var(p.Name, p.Type)
	}
	e := expression(body)
	if e == nil {
		return
	}
	l := c.logic(n.unit, e, scope)
	n.run = coerced(body, c.typeOf(n.unit, body), l.run)
	if n.result.Kind() == feel.KindAny {
		n.typ = feel.FunctionOf(n.params, l.typ)
	}
}

func (c *compiler) parameters(u *unit, e *element) []feel.Param {
	var params []feel.Param
	for _, p := range e.All("formalParameter") {
		params = append(params, feel.Param{Name: label(p), Type: u.items.ref(p.Attr("typeRef"), p)})
	}
	return params
}

// service resolves the parts of a decision service. Its parameters are the input data, then the input decisions
// (DMN 1.5 §10.4).
func (c *compiler) service(n *node) {
	n.result = n.typ
	if n.typ.Kind() == feel.KindFunction {
		n.result = n.typ.Elem()
	}
	for _, name := range [...]string{"inputData", "inputDecision", "outputDecision", "encapsulatedDecision"} {
		for _, r := range n.el.All(name) {
			to, _ := c.resolve(n.unit, r)
			if to == nil {
				c.problem(n.unit, r, "dmn.reference", "href", r.Attr("href"))
				continue
			}
			c.node(to)
			switch name {
			case "outputDecision":
				n.outputs = append(n.outputs, to)
			case "encapsulatedDecision":
			default:
				n.inputs = append(n.inputs, to)
				n.params = append(n.params, feel.Param{Name: to.name})
			}
		}
	}
	result := n.result
	switch {
	case result.Kind() != feel.KindAny:
	case len(n.outputs) == 1:
		result = n.outputs[0].typ
	default:
		var fields []feel.Param
		for _, o := range n.outputs {
			fields = append(fields, feel.Param{Name: o.name, Type: o.typ})
		}
		result = feel.ContextOf(fields...)
	}
	n.typ = feel.FunctionOf(n.params, result)
}
