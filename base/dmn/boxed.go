package dmn

import (
	"cmp"
	"strings"

	"chengshu/base/feel"
)

// code is compiled decision logic. Env is that of the names it sees.
type code func(r *run, env *feel.Env) feel.Value

// logic is code with what is known of its result.
type logic struct {
	run code
	typ feel.Type
}

// expression gives the expression inside e, nil when there is none.
func expression(e *element) *element {
	if e == nil {
		return nil
	}
	for _, k := range e.Kids {
		switch k.Name {
		case "literalExpression", "decisionTable", "context", "invocation", "relation", "list", "functionDefinition",
			"conditional", "for", "every", "some", "filter":
			return k
		}
	}
	return nil
}

func nothing(*run, *feel.Env) feel.Value { return nil }

// typeOf is the type an expression declares for itself.
func (c *compiler) typeOf(u *unit, e *element) feel.Type {
	return u.items.ref(e.Attr("typeRef"), e)
}

// logic compiles a boxed expression (DMN 1.5 §10.2.2) and coerces its result to its own typeRef. A nil e is null.
func (c *compiler) logic(u *unit, e *element, scope *feel.Scope) logic {
	if e == nil {
		return logic{nothing, feel.AnyType}
	}
	l := c.boxed(u, e, scope)
	if t := c.typeOf(u, e); t.Kind() != feel.KindAny {
		return logic{coerced(e, t, l.run), t}
	}
	return l
}

func (c *compiler) boxed(u *unit, e *element, scope *feel.Scope) logic {
	switch e.Name {
	case "literalExpression":
		return c.literal(u, e, scope)
	case "decisionTable":
		return c.table(u, e, scope)
	case "context":
		return c.context(u, e, scope)
	case "invocation":
		return c.invocation(u, e, scope)
	case "relation":
		return c.relation(u, e, scope)
	case "list":
		return c.list(u, e, scope)
	case "functionDefinition":
		return c.function(u, e, scope)
	case "conditional":
		return c.conditional(u, e, scope)
	case "filter":
		return c.filter(u, e, scope)
	default:
		return c.iterator(u, e, scope)
	}
}

// inner compiles the expression in the child of that name, such as <in> or <return>.
func (c *compiler) inner(u *unit, e *element, name string, scope *feel.Scope) logic {
	box := e.Child(name)
	x := expression(box)
	if x == nil {
		c.problem(u, e, "dmn.part", "part", name)
		return logic{nothing, feel.AnyType}
	}
	l := c.logic(u, x, scope)
	if t := c.typeOf(u, box); t.Kind() != feel.KindAny {
		return logic{coerced(box, t, l.run), t}
	}
	return l
}

func coerced(e *element, t feel.Type, body code) code {
	if t.Kind() == feel.KindAny || body == nil {
		return body
	}
	return func(r *run, env *feel.Env) feel.Value {
		v := body(r, env)
		out, ok := t.Coerce(v)
		if !ok {
			return r.fail(env, e, "dmn.coerce", "want", t.String(), "got", feel.KindOf(v).String())
		}
		return out
	}
}

func (c *compiler) literal(u *unit, e *element, scope *feel.Scope) logic {
	if lang := cmp.Or(e.Attr("expressionLanguage"), u.model.root.Attr("expressionLanguage")); lang != "" &&
		!strings.Contains(strings.ToUpper(lang), "FEEL") {
		c.problem(u, e, "dmn.language", "language", lang)
		return logic{broken(e, "dmn.language"), feel.AnyType}
	}
	src := e.ChildText("text")
	if src == "" {
		return logic{nothing, feel.AnyType}
	}
	x := c.expr(u, e, src, scope)
	if x == nil {
		return logic{broken(e, "dmn.expression"), feel.AnyType}
	}
	if v, ok := x.Constant(); ok {
		return logic{func(*run, *feel.Env) feel.Value { return v }, x.Type()}
	}
	return logic{func(r *run, env *feel.Env) feel.Value {
		v := x.Eval(env)
		r.note(e)
		return v
	}, x.Type()}
}

func broken(e *element, key string) code {
	return func(r *run, env *feel.Env) feel.Value { return r.fail(env, e, key) }
}

func external(e *element) code { return broken(e, "dmn.external") }

// context: each entry sees those before it; an entry without a variable is the result.
func (c *compiler) context(u *unit, e *element, scope *feel.Scope) logic {
	scope = scope.Clone()
	var names []string
	var runs []code
	var fields []feel.Param
	var result *logic
	for _, entry := range e.All("contextEntry") {
		l := c.logic(u, expression(entry), scope)
		v := entry.Child("variable")
		if v == nil {
			result = &l
			break
		}
		if t := c.typeOf(u, v); t.Kind() != feel.KindAny {
			l = logic{coerced(v, t, l.run), t}
		}
		name := label(v)
		scope.Var(name, l.typ)
		names, runs = append(names, name), append(runs, l.run)
		fields = append(fields, feel.Param{Name: name, Type: l.typ})
	}
	fill := func(r *run, env *feel.Env) (*frame, *feel.Env) {
		f := &frame{names: names[:0:0], vals: make([]feel.Value, 0, len(names)), up: env.Vars}
		inner := env.With(f)
		for i, entry := range runs {
			v := entry(r, inner)
			f.vals = append(f.vals, v)
			f.names = names[:i+1]
		}
		return f, inner
	}
	if result != nil {
		last := result.run
		return logic{func(r *run, env *feel.Env) feel.Value {
			_, inner := fill(r, env)
			return last(r, inner)
		}, result.typ}
	}
	return logic{func(r *run, env *feel.Env) feel.Value {
		f, _ := fill(r, env)
		return contextOf(names, f.vals)
	}, feel.ContextOf(fields...)}
}

func contextOf(names []string, vals []feel.Value) feel.Value {
	pairs := make([]any, 0, 2*len(names))
	for i, n := range names {
		pairs = append(pairs, n, vals[i])
	}
	return feel.NewContext(pairs...)
}

// relation is a list of contexts, one a row.
func (c *compiler) relation(u *unit, e *element, scope *feel.Scope) logic {
	var names []string
	var types []feel.Type
	var fields []feel.Param
	for _, col := range e.All("column") {
		t := c.typeOf(u, col)
		names, types = append(names, label(col)), append(types, t)
		fields = append(fields, feel.Param{Name: label(col), Type: t})
	}
	var rows [][]code
	for _, row := range e.All("row") {
		cells := make([]code, 0, len(names))
		for _, x := range row.Kids {
			if len(cells) < len(names) && expressionName(x) {
				cells = append(cells, coerced(x, types[len(cells)], c.logic(u, x, scope).run))
			}
		}
		for len(cells) < len(names) {
			cells = append(cells, nothing)
		}
		rows = append(rows, cells)
	}
	return logic{func(r *run, env *feel.Env) feel.Value {
		out := make(feel.List, len(rows))
		for i, cells := range rows {
			vals := make([]feel.Value, len(cells))
			for j, cell := range cells {
				vals[j] = cell(r, env)
			}
			out[i] = contextOf(names, vals)
		}
		return out
	}, feel.ListOf(feel.ContextOf(fields...))}
}

func expressionName(e *element) bool { return expression(&element{Kids: []*element{e}}) != nil }

func (c *compiler) list(u *unit, e *element, scope *feel.Scope) logic {
	var runs []code
	for _, x := range e.Kids {
		if expressionName(x) {
			runs = append(runs, c.logic(u, x, scope).run)
		}
	}
	return logic{func(r *run, env *feel.Env) feel.Value {
		out := make(feel.List, len(runs))
		for i, x := range runs {
			out[i] = x(r, env)
		}
		return out
	}, feel.ListOf(feel.AnyType)}
}

// invocation calls a function with arguments by name.
func (c *compiler) invocation(u *unit, e *element, scope *feel.Scope) logic {
	callee := c.logic(u, expression(e), scope)
	var names []string
	var args []code
	for _, b := range e.All("binding") {
		p := b.Child("parameter")
		if p == nil {
			c.problem(u, b, "dmn.part", "part", "parameter")
			continue
		}
		names = append(names, label(p))
		args = append(args, coerced(p, c.typeOf(u, p), c.logic(u, expression(b), scope).run))
	}
	return logic{func(r *run, env *feel.Env) feel.Value {
		v := callee.run(r, env)
		f, ok := v.(*feel.Function)
		if !ok {
			return r.fail(env, e, "dmn.no-function", "got", feel.KindOf(v).String())
		}
		vals := make([]feel.Value, len(args))
		for i, a := range args {
			vals[i] = a(r, env)
		}
		out := f.CallNamed(env, names, vals)
		r.note(e)
		return out
	}, callee.typ.Elem()}
}

// function is a boxed function definition; its value carries the names of the place where it stands.
func (c *compiler) function(u *unit, e *element, scope *feel.Scope) logic {
	params := c.parameters(u, e)
	if kind := e.Attr("kind"); kind != "" && kind != "FEEL" {
		c.problem(u, e, "dmn.external", "kind", kind)
		none := external(e)
		return logic{func(r *run, _ *feel.Env) feel.Value {
			return feel.NewFunction("", params, feel.AnyType, func(env *feel.Env, _ []feel.Value) feel.Value { return none(r, env) })
		}, feel.FunctionOf(params, feel.AnyType)}
	}
	scope = scope.Clone()
	names := make([]string, len(params))
	for i, p := range params {
		names[i] = p.Name
		scope.Var(p.Name, p.Type)
	}
	body := c.logic(u, expression(e), scope)
	return logic{func(r *run, home *feel.Env) feel.Value {
		return feel.NewFunction("", params, feel.AnyType, func(env *feel.Env, args []feel.Value) feel.Value {
			return body.run(r, env.With(&frame{names: names, vals: args, up: home.Vars}))
		}).Gives(body.typ)
	}, feel.FunctionOf(params, body.typ)}
}

func (c *compiler) conditional(u *unit, e *element, scope *feel.Scope) logic {
	cond := c.inner(u, e, "if", scope)
	then, els := c.inner(u, e, "then", scope), c.inner(u, e, "else", scope)
	typ := then.typ
	if typ.Kind() != els.typ.Kind() {
		typ = feel.AnyType
	}
	return logic{func(r *run, env *feel.Env) feel.Value {
		switch v := cond.run(r, env).(type) {
		case nil:
			r.open = true
		case bool:
			if v {
				return then.run(r, env)
			}
		default:
			return r.fail(env, e, "dmn.match", "got", feel.KindOf(v).String())
		}
		return els.run(r, env)
	}, typ}
}
