package dmn

import (
	"strings"

	"chengshu/base/feel"
)

// builtinTypes are the names of FEEL types in typeRef, in the spellings of all versions.
func builtinType(name string) (feel.Type, bool) {
	switch name {
	case "number":
		return feel.NumberType, true
	case "string":
		return feel.StringType, true
	case "boolean":
		return feel.BoolType, true
	case "date":
		return feel.DateType, true
	case "time":
		return feel.TimeType, true
	case "date and time", "dateTime":
		return feel.DateTimeType, true
	case "days and time duration", "dayTimeDuration":
		return feel.DurationType, true
	case "years and months duration", "yearMonthDuration":
		return feel.MonthsType, true
	case "context":
		return feel.ContextOf(), true
	case "list":
		return feel.ListOf(feel.AnyType), true
	case "Any", "":
		return feel.AnyType, true
	}
	return feel.AnyType, false
}

// items resolves the item definitions of one model.
type items struct {
	c     *compiler
	unit  *unit
	defs  map[string]*element
	done  map[string]feel.Type
	doing map[string]bool
}

func newItems(c *compiler, u *unit) *items {
	t := &items{c: c, unit: u, defs: map[string]*element{}, done: map[string]feel.Type{}, doing: map[string]bool{}}
	for _, e := range u.model.root.All("itemDefinition") {
		t.defs[label(e)] = e
	}
	return t
}

// ref is the type a typeRef means: a FEEL type, an item definition, or one of an imported model by its prefix.
func (t *items) ref(name string, at *element) feel.Type {
	typ, ok := t.find(strings.TrimSpace(name), at)
	if !ok {
		t.c.problem(t.unit, at, "dmn.type", "name", name)
	}
	return typ
}

func (t *items) find(name string, at *element) (feel.Type, bool) {
	if e, ok := t.defs[name]; ok {
		return t.definition(name, e), true
	}
	plain := strings.TrimPrefix(name, "feel:")
	if typ, ok := builtinType(plain); ok {
		return typ, true
	}
	for _, imp := range t.unit.imports {
		rest, ok := strings.CutPrefix(name, imp.name+".")
		if imp.name == "" {
			rest, ok = name, true
		}
		if ok && imp.unit != t.unit {
			if typ, found := imp.unit.items.find(rest, at); found {
				return typ, true
			}
		}
	}
	if strings.ContainsRune(plain, '<') {
		if typ, err := feel.ParseType(plain, t.unit.scope); err == nil {
			return typ, true
		}
	}
	// A QName with the prefix of a namespace.
	if _, local, ok := strings.Cut(name, ":"); ok {
		return t.find(local, at)
	}
	return feel.AnyType, false
}

func (t *items) definition(name string, e *element) feel.Type {
	if typ, ok := t.done[name]; ok {
		return typ
	}
	if t.doing[name] {
		// A type that holds itself: what is inside the second round is not checked.
		return feel.AnyType
	}
	t.doing[name] = true
	typ := t.item(e)
	delete(t.doing, name)
	t.done[name] = typ
	return typ
}

// item is the type of an item definition or component (DMN 1.5 §7.3.2).
func (t *items) item(e *element) feel.Type {
	var typ feel.Type
	switch parts, fn := e.All("itemComponent"), e.Child("functionItem"); {
	case len(parts) > 0:
		fields := make([]feel.Param, 0, len(parts))
		for _, p := range parts {
			fields = append(fields, feel.Param{Name: label(p), Type: t.item(p)})
		}
		typ = feel.ContextOf(fields...)
	case fn != nil:
		var params []feel.Param
		for _, p := range fn.All("parameters") {
			params = append(params, feel.Param{Name: label(p), Type: t.ref(p.Attr("typeRef"), p)})
		}
		typ = feel.FunctionOf(params, t.ref(fn.Attr("outputTypeRef"), fn))
	default:
		typ = t.ref(e.ChildText("typeRef"), e)
	}
	collection := e.Attr("isCollection") == "true" || e.Attr("isCollection") == "1"
	// Allowed values are of the elements of a collection, or of a list type that is referred to.
	if allowed := e.Child("allowedValues"); allowed != nil {
		switch {
		case typ.Kind() == feel.KindList && !collection:
			typ = feel.ListOf(t.narrow(typ.Elem(), allowed))
		default:
			typ = t.narrow(typ, allowed)
		}
	}
	if collection {
		typ = feel.ListOf(typ)
	}
	if constraint := e.Child("typeConstraint"); constraint != nil {
		typ = t.narrow(typ, constraint)
	}
	return typ
}

func (t *items) narrow(typ feel.Type, tests *element) feel.Type {
	src := tests.ChildText("text")
	if src == "" {
		return typ
	}
	x := t.c.tests(t.unit, tests, src, typ, t.unit.scope)
	if x == nil {
		return typ
	}
	return typ.Where(func(v feel.Value) bool { return x.Test(&feel.Env{}, v) == true })
}
