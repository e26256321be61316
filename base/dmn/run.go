package dmn

import (
	"cmp"
	"slices"

	"chengshu/base/feel"
)

// Decision is a compiled decision. It is immutable and may be used by many goroutines at once.
type Decision struct{ n *node }

// Service is a compiled decision service.
type Service struct{ n *node }

// Knowledge is a compiled business knowledge model.
type Knowledge struct{ n *node }

// Name is the name of the decision.
func (d *Decision) Name() string { return d.n.name }

// ID is the id of the decision.
func (d *Decision) ID() string { return d.n.id }

// Type is the declared type of the decision, or what is known of its logic's result.
func (d *Decision) Type() feel.Type { return d.n.typ }

// Inputs are the input data that the decision reads, itself or through what it requires, each once. Those read inside
// a decision service are arguments and not among them.
func (d *Decision) Inputs() []Input {
	var out []Input
	seen := map[*node]bool{}
	var visit func(n *node)
	visit = func(n *node) {
		if n == nil || seen[n] || n.kind == knowledgeNode || n.kind == serviceNode {
			return
		}
		seen[n] = true
		if n.kind == inputNode || n.run == nil {
			out = append(out, Input{ID: n.id, Name: n.name, Namespace: n.unit.model.Namespace, Type: n.typ})
		}
		for _, p := range n.needs {
			p.each(visit)
		}
	}
	visit(d.n)
	return out
}

// Name is the name of the service.
func (s *Service) Name() string { return s.n.name }

// Outputs are the names of the output decisions.
func (s *Service) Outputs() []string {
	var names []string
	for _, o := range s.n.outputs {
		names = append(names, o.name)
	}
	return names
}

// Params are the names of the parameters: input data, then input decisions.
func (s *Service) Params() []string { return paramNames(s.n.params) }

// Name is the name of the business knowledge model.
func (k *Knowledge) Name() string { return k.n.name }

// Params are the names of the parameters.
func (k *Knowledge) Params() []string { return paramNames(k.n.params) }

func paramNames(params []feel.Param) []string {
	names := make([]string, len(params))
	for i, p := range params {
		names[i] = p.Name
	}
	return names
}

// Eval computes the decision and what it requires, with an explanation. The Vars of env are the input data by name; an
// input of an imported model is looked for as "namespace#name", under the import's name, and by its plain name. Now,
// Data and Limits of env hold for the whole evaluation; its Diagnostics are not touched.
func (d *Decision) Eval(env *feel.Env) Result {
	r := begin(d.n, env)
	r.trace = newTrace(d.n)
	return r.finish(r.value(d.n))
}

// Value is Eval without the explanation.
func (d *Decision) Value(env *feel.Env) feel.Value {
	return begin(d.n, env).value(d.n)
}

// Eval calls the service with the Vars of env as arguments by name. The value of one output decision is the result; of
// several a context of them (DMN 1.5 §10.4).
func (s *Service) Eval(env *feel.Env) Result { return call(s.n, env) }

// Eval calls the business knowledge model with the Vars of env as arguments by name.
func (k *Knowledge) Eval(env *feel.Env) Result { return call(k.n, env) }

func call(n *node, env *feel.Env) Result {
	r := begin(n, env)
	r.trace = newTrace(n)
	f, ok := r.value(n).(*feel.Function)
	if !ok {
		return r.finish(nil)
	}
	args := make([]feel.Value, len(n.params))
	for i, p := range n.params {
		args[i] = r.given(n, p.Name)
	}
	v := f.Call(r.env.With(env.Vars), args)
	r.note(n.el)
	return r.finish(v)
}

// Result is what an evaluation gave.
type Result struct {
	Value feel.Value
	// Undetermined is set where a rule of a decision table could neither be met nor be ruled out, or where an else was
	// taken because the condition was null, so that the facts that are missing might have changed the outcome. Value is
	// then not to be relied upon.
	Undetermined bool
	// Missing names the input data that were asked for and are null, sorted.
	Missing     []string
	Diagnostics []Diagnostic
	Trace       *Trace
}

// Diagnostic says why a part of the model gave null.
type Diagnostic struct {
	Element string `json:"element"` // id of the expression or table, or its kind where it has none
	Line    int    `json:"line"`    // of the element in the file
	feel.Diagnostic
}

// session is one evaluation; run is one round of it with its own values, a decision service making a new one.
type session struct {
	unit    *unit
	env     feel.Env
	inputs  feel.Vars
	diags   []Diagnostic
	seen    int // diagnostics of env that were taken over
	missing map[string]bool
	open    bool // a table was undetermined
	trace   *Trace
	depth   int
}

type run struct {
	*session
	few    []computed // the first values, looked through
	memo   map[*node]feel.Value
	closed bool // a service: nothing is read from the inputs
}

type computed struct {
	n *node
	v feel.Value
}

const manyValues = 16 // from there on a map is quicker

func begin(n *node, env *feel.Env) *run {
	s := &struct {
		session
		run
	}{session: session{unit: n.unit, inputs: env.Vars}}
	s.env.Vars, s.env.Now, s.env.Data, s.env.Limits = env.Vars, env.Now, env.Data, env.Limits
	s.run.session = &s.session
	return &s.run
}

func (r *run) finish(v feel.Value) Result {
	res := Result{Value: v, Undetermined: r.open || r.env.Undecided, Diagnostics: r.diags, Trace: r.trace}
	for name := range r.missing {
		res.Missing = append(res.Missing, name)
	}
	slices.Sort(res.Missing)
	r.trace.close(&res)
	return res
}

// note takes over the diagnostics that arose while e was evaluated.
func (r *run) note(e *element) {
	all := r.env.Diagnostics
	for r.seen = min(r.seen, len(all)); r.seen < len(all); r.seen++ {
		r.diags = append(r.diags, Diagnostic{Element: cmp.Or(e.Attr("id"), label(e), e.Name), Line: e.Line, Diagnostic: all[r.seen]})
	}
}

// fail notes a diagnostic of e and gives null.
func (r *run) fail(env *feel.Env, e *element, key string, args ...any) feel.Value {
	env.Fail(key, args...)
	r.note(e)
	return nil
}

// value computes a node, once in a run.
func (r *run) value(n *node) feel.Value {
	if v, ok := r.known(n); ok {
		return v
	}
	var v feel.Value
	switch {
	case n.kind == knowledgeNode:
		v = r.knowledge(n)
	case n.kind == serviceNode:
		v = r.service(n)
	case n.run == nil:
		v = r.input(n)
	default:
		env := r.env.With(r.frame(n))
		step := r.trace.begin(r.session, n)
		r.depth++
		v = n.run(r, env)
		r.depth--
		r.note(n.el)
		r.trace.end(step, v)
	}
	r.keep(n, v)
	return v
}

func (r *run) known(n *node) (feel.Value, bool) {
	for _, c := range r.few {
		if c.n == n {
			return c.v, true
		}
	}
	v, ok := r.memo[n]
	return v, ok
}

func (r *run) keep(n *node, v feel.Value) {
	switch {
	case r.few == nil:
		const usual = 4
		r.few = append(make([]computed, 0, usual), computed{n, v})
	case len(r.few) < manyValues:
		r.few = append(r.few, computed{n, v})
	case r.memo == nil:
		r.memo = map[*node]feel.Value{n: v}
	default:
		r.memo[n] = v
	}
}

// frame holds what the logic of n sees.
func (r *run) frame(n *node) *frame {
	f := &frame{names: n.names, vals: make([]feel.Value, len(n.needs))}
	for i, p := range n.needs {
		f.vals[i] = r.place(p, n)
	}
	return f
}

func (r *run) place(p *place, of *node) feel.Value {
	if p.node != nil {
		return r.value(p.node)
	}
	pairs := make([]any, 0, 2*len(p.parts))
	for _, k := range p.parts {
		pairs = append(pairs, k.name, r.place(k, of))
	}
	return feel.NewContext(pairs...)
}

// input reads input data, or a decision without logic, which somebody else has decided. A value that does not conform
// to the type is null.
func (r *run) input(n *node) feel.Value {
	var v feel.Value
	if !r.closed {
		v = r.given(n, n.name)
	}
	out, ok := n.typ.Coerce(v)
	if !ok {
		r.fail(&r.env, n.el, "dmn.input", "name", n.name, "want", n.typ.String(), "got", feel.KindOf(v).String())
	}
	if out == nil {
		if r.missing == nil {
			r.missing = map[string]bool{}
		}
		r.missing[n.name] = true
	}
	r.trace.input(r.session, n, out)
	return out
}

func (r *run) given(n *node, name string) feel.Value {
	if r.inputs == nil {
		return nil
	}
	if n.unit != r.unit {
		if v, ok := r.inputs.Get(n.unit.model.Namespace + "#" + name); ok {
			return feel.FromGo(v)
		}
		for _, imp := range r.unit.imports {
			if in, _ := r.inputs.Get(imp.name); imp.unit == n.unit && in != nil {
				if vars, ok := feel.FromGo(in).(feel.Vars); ok {
					v, _ := vars.Get(name)
					return feel.FromGo(v)
				}
			}
		}
	}
	v, _ := r.inputs.Get(name)
	return feel.FromGo(v)
}

// knowledge makes the function of a business knowledge model for this run.
func (r *run) knowledge(n *node) feel.Value {
	names := paramNames(n.params)
	var self *feel.Function
	self = feel.NewFunction(n.name, n.params, n.result, func(env *feel.Env, args []feel.Value) feel.Value {
		if n.run == nil {
			return nil
		}
		if _, ok := r.known(n); !ok {
			r.keep(n, self) // it may require itself
		}
		step := r.trace.begin(r.session, n)
		r.trace.args(step, names, args)
		r.depth++
		v := n.run(r, env.With(&frame{names: names, vals: args, up: r.frame(n)}))
		r.depth--
		r.note(n.el)
		r.trace.end(step, v)
		return v
	}).Gives(n.typ.Elem())
	return self
}

// service makes the function of a decision service: its decisions are computed anew from the arguments alone.
func (r *run) service(n *node) feel.Value {
	return feel.NewFunction(n.name, n.params, n.result, func(env *feel.Env, args []feel.Value) feel.Value {
		inner := &run{session: r.session, closed: true}
		for i, p := range n.inputs {
			v, ok := p.typ.Coerce(args[i])
			if !ok {
				r.fail(env, n.el, "dmn.input", "name", p.name, "want", p.typ.String(), "got", feel.KindOf(args[i]).String())
			}
			inner.keep(p, v)
		}
		step := r.trace.begin(r.session, n)
		r.trace.args(step, paramNames(n.params), args)
		r.depth++
		v := inner.outputs(n)
		r.depth--
		r.trace.end(step, v)
		return v
	}).Gives(n.typ.Elem())
}

func (r *run) outputs(n *node) feel.Value {
	if len(n.outputs) == 1 {
		return r.value(n.outputs[0])
	}
	pairs := make([]any, 0, 2*len(n.outputs))
	for _, o := range n.outputs {
		pairs = append(pairs, o.name, r.value(o))
	}
	return feel.NewContext(pairs...)
}

// frame is a set of named values in front of others.
type frame struct {
	names []string
	vals  []feel.Value
	up    feel.Vars
}

// Get finds a name.
func (f *frame) Get(name string) (feel.Value, bool) {
	for i, n := range f.names {
		if n == name && i < len(f.vals) {
			return f.vals[i], true
		}
	}
	if f.up == nil {
		return nil, false
	}
	return f.up.Get(name)
}
