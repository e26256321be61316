package dmn

import (
	"slices"

	"chengshu/base/feel"
)

// iterator is a boxed for, every or some (DMN 1.5 §10.2.2.8).
func (c *compiler) iterator(u *unit, e *element, scope *feel.Scope) logic {
	in := c.inner(u, e, "in", scope)
	name := e.Attr("iteratorVariable")
	scope = scope.Clone().Var(name, in.typ.Elem())
	names := []string{name}
	if e.Name == "for" {
		scope.Var("partial", feel.ListOf(feel.AnyType))
		names = append(names, "partial")
		body := c.inner(u, e, "return", scope)
		return logic{func(r *run, env *feel.Env) feel.Value {
			xs, ok := r.elements(env, e, in.run)
			if !ok {
				return nil
			}
			return each(r, env, e, names, xs, body.run)
		}, feel.ListOf(body.typ)}
	}
	body := c.inner(u, e, "satisfies", scope)
	some := e.Name == "some"
	return logic{func(r *run, env *feel.Env) feel.Value {
		xs, ok := r.elements(env, e, in.run)
		if !ok {
			return nil
		}
		return quantified(r, env, e, names, xs, body.run, some)
	}, feel.BoolType}
}

func (r *run) elements(env *feel.Env, e *element, in code) (feel.List, bool) {
	v := in(r, env)
	xs, ok := feel.Elements(env, v)
	if !ok {
		r.fail(env, e, "dmn.domain", "got", feel.KindOf(v).String())
	}
	return xs, ok
}

func each(r *run, env *feel.Env, e *element, names []string, xs feel.List, body code) feel.Value {
	out := make(feel.List, 0, len(xs))
	for _, x := range xs {
		if !env.Spend(1) {
			r.note(e)
			return nil
		}
		// The list so far, cut so that a later element does not show in it.
		f := &frame{names: names, vals: []feel.Value{x, slices.Clip(out)}, up: env.Vars}
		out = append(out, body(r, env.With(f)))
	}
	return out
}

// quantified: true decides some, false decides every; null leaves the result unknown, anything else makes it null.
func quantified(r *run, env *feel.Env, e *element, names []string, xs feel.List, body code, some bool) feel.Value {
	unknown := false
	for _, x := range xs {
		if !env.Spend(1) {
			return nil
		}
		switch b := body(r, env.With(&frame{names: names, vals: []feel.Value{x}, up: env.Vars})).(type) {
		case nil:
			unknown = true
		case bool:
			if b == some {
				return some
			}
		default:
			return r.fail(env, e, "dmn.match", "got", feel.KindOf(b).String())
		}
	}
	if unknown {
		return nil
	}
	return !some
}

// filter keeps the elements whose match is true; a match that is neither a boolean nor null makes the whole null.
func (c *compiler) filter(u *unit, e *element, scope *feel.Scope) logic {
	in := c.inner(u, e, "in", scope)
	item := in.typ.Elem()
	scope = scope.Clone().Var("item", item)
	if item.Kind() == feel.KindContext {
		for _, f := range item.Fields() {
			scope.Var(f.Name, f.Type)
		}
	}
	match := c.inner(u, e, "match", scope)
	return logic{func(r *run, env *feel.Env) feel.Value {
		v := in.run(r, env)
		if v == nil {
			return feel.List{}
		}
		xs, ok := feel.Elements(env, v)
		if !ok {
			return r.fail(env, e, "dmn.domain", "got", feel.KindOf(v).String())
		}
		out := feel.List{}
		for _, x := range xs {
			if !env.Spend(1) {
				return nil
			}
			switch m := match.run(r, env.With(&itemFrame{item: x, up: env.Vars})).(type) {
			case nil:
			case bool:
				if m {
					out = append(out, x)
				}
			default:
				return r.fail(env, e, "dmn.match", "got", feel.KindOf(m).String())
			}
		}
		return out
	}, feel.ListOf(item)}
}

// itemFrame shows the fields of a filter's item, the item, and what is outside.
type itemFrame struct {
	item feel.Value
	up   feel.Vars
}

// Get finds a name.
func (f *itemFrame) Get(name string) (feel.Value, bool) {
	if c, ok := f.item.(feel.Vars); ok {
		if v, ok := c.Get(name); ok {
			return v, true
		}
	}
	if name == "item" {
		return f.item, true
	}
	if f.up == nil {
		return nil, false
	}
	return f.up.Get(name)
}
