package dmn

import (
	"cmp"
	"slices"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/feel"
)

// Definitions is a compiled model with those it imports. It is immutable and may be used by many goroutines at once.
type Definitions struct {
	model     *Model
	decisions []*Decision
	services  []*Service
	knowledge []*Knowledge
	inputs    []Input
	foreign   []*Decision // decisions of imported models
	tables    []*table
	problems  []Problem
}

// Input is one input data of a model.
type Input struct {
	ID, Name  string
	Namespace string // of the model
	Type      feel.Type
}

// Compile joins a model with the models it imports, directly or through each other, and compiles every expression once.
// Scope holds product functions and the local zone; nil means the built-in functions alone. It never fails: an element
// that cannot be run stands in Problems and gives null with a diagnostic when evaluated.
func Compile(scope *feel.Scope, main *Model, imports ...*Model) *Definitions {
	if scope == nil {
		scope = feel.NewScope()
	}
	c := &compiler{scope: scope, models: imports}
	u := c.unit(main)
	for _, other := range c.units {
		c.declare(other)
	}
	for _, other := range c.units {
		for _, n := range other.nodes {
			c.node(n)
		}
	}
	d := &Definitions{model: main}
	for _, other := range c.units {
		for _, n := range other.nodes {
			d.add(n, other == u)
		}
	}
	slices.SortStableFunc(c.problems, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.Model, b.Model), cmp.Compare(a.Line, b.Line))
	})
	d.problems, d.tables = c.problems, c.tables
	return d
}

func (d *Definitions) add(n *node, own bool) {
	switch {
	case n.kind == decisionNode && own:
		d.decisions = append(d.decisions, &Decision{n})
	case n.kind == decisionNode:
		d.foreign = append(d.foreign, &Decision{n})
	case !own:
	case n.kind == serviceNode:
		d.services = append(d.services, &Service{n})
	case n.kind == knowledgeNode:
		d.knowledge = append(d.knowledge, &Knowledge{n})
	case n.kind == inputNode:
		d.inputs = append(d.inputs, Input{ID: n.id, Name: n.name, Namespace: n.unit.model.Namespace, Type: n.typ})
	}
}

// Model is the model that was compiled.
func (d *Definitions) Model() *Model { return d.model }

// Problems lists what cannot be run or is doubtful, by model and line.
func (d *Definitions) Problems() []Problem { return slices.Clone(d.problems) }

// Err is nil when every element can be run, else an Invalid fault "dmn.model" with one field per problem that is not a
// mere warning; its pointer is the element's id.
func (d *Definitions) Err() error {
	f := fault.New(fault.Invalid, "dmn.model", "name", d.model.Name)
	for _, p := range d.problems {
		if !p.Warning {
			f.Fields = append(f.Fields, fault.Field{Pointer: "/" + p.Element, Code: p.Code, Args: p.Args})
		}
	}
	if len(f.Fields) == 0 {
		return nil
	}
	return f
}

// Decisions are the decisions of the main model in the order of the file.
func (d *Definitions) Decisions() []*Decision { return slices.Clone(d.decisions) }

// Services are the decision services of the main model.
func (d *Definitions) Services() []*Service { return slices.Clone(d.services) }

// Inputs are the input data of the main model.
func (d *Definitions) Inputs() []Input { return slices.Clone(d.inputs) }

// Decision finds a decision of the main model by name or id, else nil.
func (d *Definitions) Decision(name string) *Decision {
	return find(d.decisions, func(x *Decision) *node { return x.n }, name)
}

// Imported finds a decision of an imported model by namespace and name or id, else nil.
func (d *Definitions) Imported(namespace, name string) *Decision {
	for _, x := range d.foreign {
		if x.n.unit.model.Namespace == namespace && (x.n.name == name || x.n.id == name) {
			return x
		}
	}
	return nil
}

// Service finds a decision service by name or id, else nil.
func (d *Definitions) Service(name string) *Service {
	return find(d.services, func(x *Service) *node { return x.n }, name)
}

// Knowledge finds a business knowledge model by name or id, else nil.
func (d *Definitions) Knowledge(name string) *Knowledge {
	return find(d.knowledge, func(x *Knowledge) *node { return x.n }, name)
}

func find[T any](all []*T, of func(*T) *node, name string) *T {
	for _, x := range all {
		if n := of(x); n.name == name || n.id == name {
			return x
		}
	}
	return nil
}

// compiler holds what is needed while models are compiled.
type compiler struct {
	scope    *feel.Scope
	models   []*Model
	units    []*unit
	problems []Problem
	tables   []*table
	current  *node // being compiled
}

// unit is one model being compiled.
type unit struct {
	model   *Model
	scope   *feel.Scope // product functions and the types of the model
	imports []alias
	items   *items
	nodes   []*node
	ids     map[string]*node
	sources map[string]*element // knowledge sources by id
}

type alias struct {
	name string
	unit *unit
}

func (c *compiler) problem(u *unit, e *element, code string, args ...any) {
	c.problems = append(c.problems, problem(u.model, e, code, args...))
}

func (c *compiler) warn(u *unit, e *element, code string, args ...any) {
	p := problem(u.model, e, code, args...)
	p.Warning = true
	c.problems = append(c.problems, p)
}

// unit makes the unit of a model and those of its imports, each once.
func (c *compiler) unit(m *Model) *unit {
	for _, u := range c.units {
		if u.model == m {
			return u
		}
	}
	u := &unit{model: m, scope: c.scope.Clone(), ids: map[string]*node{}, sources: map[string]*element{}}
	c.units = append(c.units, u)
	for _, imp := range m.Imports {
		at := slices.IndexFunc(c.models, func(o *Model) bool { return o.Namespace == imp.Namespace })
		if at < 0 && !imp.Model() {
			c.warn(u, m.root, "dmn.import-kind", "name", imp.Name, "type", imp.Type)
			continue
		}
		if at < 0 {
			c.problem(u, m.root, "dmn.import", "name", imp.Name, "namespace", imp.Namespace)
			continue
		}
		u.imports = append(u.imports, alias{imp.Name, c.unit(c.models[at])})
	}
	u.items = newItems(c, u)
	return u
}

// declare makes the named types of a unit and its graph nodes known.
func (c *compiler) declare(u *unit) {
	for name, e := range u.items.defs {
		u.scope.Type(name, u.items.definition(name, e))
	}
	for _, imp := range u.imports {
		for name, e := range imp.unit.items.defs {
			full := name
			if imp.name != "" {
				full = imp.name + "." + name
			}
			u.scope.Type(full, imp.unit.items.definition(name, e))
		}
	}
	for _, e := range u.model.root.Kids {
		if e.Name == "knowledgeSource" {
			u.sources[e.Attr("id")] = e
		}
		kind, ok := nodeKinds(e.Name)
		if !ok {
			continue
		}
		n := &node{kind: kind, unit: u, el: e, id: e.Attr("id"), name: label(e)}
		if v := e.Child("variable"); v != nil {
			n.typ = u.items.ref(v.Attr("typeRef"), v)
			if name := label(v); n.name == "" {
				n.name = name
			}
		}
		u.nodes = append(u.nodes, n)
		if _, twice := u.ids[n.id]; twice && n.id != "" {
			c.problem(u, e, "dmn.id-twice", "id", n.id)
			continue
		}
		u.ids[n.id] = n
	}
}

// expr compiles an expression; what the strict check refuses is a warning, what does not compile at all a problem.
func (c *compiler) expr(u *unit, e *element, src string, scope *feel.Scope) *feel.Expr {
	x, strict := feel.Compile(src, scope)
	if strict == nil {
		return x
	}
	x, err := feel.Compile(src, scope.Clone().Lenient())
	return c.judge(u, e, x, strict, err)
}

// tests compiles unary tests like expr.
func (c *compiler) tests(u *unit, e *element, src string, input feel.Type, scope *feel.Scope) *feel.Expr {
	x, strict := feel.CompileTests(src, input, scope)
	if strict == nil {
		return x
	}
	x, err := feel.CompileTests(src, input, scope.Clone().Lenient())
	return c.judge(u, e, x, strict, err)
}

func (c *compiler) judge(u *unit, e *element, x *feel.Expr, strict, err error) *feel.Expr {
	found := strict
	if err != nil {
		found = err
	}
	p := problem(u.model, e, fault.CodeOf(found))
	if f, ok := found.(*fault.Error); ok { //nolint:errorlint // feel gives its faults bare
		p.Args = f.Args
	}
	p.Warning = err == nil
	c.problems = append(c.problems, p)
	if err != nil {
		return nil
	}
	return x
}
