package feel

import (
	"strings"
	"sync"
)

// signature is one form of a built-in function.
type signature struct {
	params   []Param
	nullable []bool
	variadic bool   // the last parameter takes all remaining arguments
	result   Type   // static result type
	follow   string // "element" or "same": the result follows the first argument
	call     func(e *Env, args []Value) Value
}

// table holds the built-in functions (DMN 1.5 §10.3.4). It is made once and never changed.
type table struct {
	byName map[string]*Function
	index  map[string][]entry
}

var builtins = sync.OnceValue(func() *table {
	t := &table{byName: map[string]*Function{}, index: map[string][]entry{}}
	t.conversions()
	t.strings()
	t.lists()
	t.statistics()
	t.numbers()
	t.temporals()
	t.contexts()
	t.intervals()
	return t
})

// add declares one form: "name(parameter: type, [optional: type], rest: type...) -> type". A type ending in "?" lets
// null in; without it a null argument makes the result null.
func (t *table) add(form string, call func(e *Env, args []Value) Value) {
	open, end := strings.Index(form, "("), strings.Index(form, ") -> ")
	name := form[:open]
	s := signature{call: call}
	s.result, s.follow = builtinType(form[end+5:])
	for part := range strings.SplitSeq(form[open+1:end], ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		opt := strings.HasPrefix(part, "[")
		part = strings.Trim(part, "[]")
		pname, ptype, _ := strings.Cut(part, ": ")
		ptype, s.variadic = strings.CutSuffix(ptype, "...")
		ptype, null := strings.CutSuffix(ptype, "?")
		typ, _ := builtinType(ptype)
		s.params = append(s.params, Param{Name: pname, Type: typ, Optional: opt})
		s.nullable = append(s.nullable, null)
	}
	f := t.byName[name]
	if f == nil {
		f = &Function{name: name}
		t.byName[name] = f
		addEntry(t.index, name)
	}
	f.sigs = append(f.sigs, s)
}

func builtinType(name string) (t Type, follow string) {
	switch name {
	case "element", "same":
		return AnyType, name
	case "numbers":
		return ListOf(NumberType), ""
	case "strings":
		return ListOf(StringType), ""
	case "booleans":
		return ListOf(BoolType), ""
	case "any":
		return AnyType, ""
	}
	for k, n := range kindNames {
		if n == name {
			return Type{kind: Kind(k)}, ""
		}
	}
	return AnyType, ""
}

// fits tells whether arguments of these types can be meant for this form.
func (s *signature) fits(types []Type, names []string) bool {
	if names == nil {
		if len(types) > len(s.params) && !s.variadic || len(types) < s.required() {
			return false
		}
		for i, t := range types {
			if !s.params[min(i, len(s.params)-1)].Type.accepts(t) {
				return false
			}
		}
		return true
	}
	at, ok := s.places(names)
	if !ok {
		return false
	}
	for i, t := range types {
		if !s.params[at[i]].Type.accepts(t) {
			return false
		}
	}
	return true
}

func (s *signature) required() int {
	n := 0
	for _, p := range s.params {
		if !p.Optional {
			n++
		}
	}
	return n
}

// places finds the parameter of each name; false when one is unknown, doubled or missing.
func (s *signature) places(names []string) ([]int, bool) {
	at := make([]int, len(names))
	given := make([]bool, len(s.params))
	for i, n := range names {
		at[i] = -1
		for j, p := range s.params {
			if p.Name == n && !given[j] {
				at[i], given[j] = j, true
			}
		}
		if at[i] < 0 {
			return nil, false
		}
	}
	for j, p := range s.params {
		if !p.Optional && !given[j] {
			return nil, false
		}
	}
	return at, true
}

func (s *signature) resultType(types []Type) Type {
	if s.follow == "" || len(types) == 0 {
		return s.result
	}
	t := types[0]
	if s.follow == "same" {
		if t.kind == KindList {
			return t
		}
		return Type{kind: KindList}
	}
	for _, o := range types[1:] {
		t = join(t, o)
	}
	if t.kind == KindList {
		return t.Elem()
	}
	return t
}

// bind puts the arguments into parameter order and coerces them; a variadic form gets them all as they come. Null is the
// first parameter that was given null and does not take it, "" without.
func (s *signature) bind(args []Value, names []string) (bound []Value, null string, ok bool) {
	if names == nil && (len(args) > len(s.params) && !s.variadic || len(args) < s.required()) {
		return nil, "", false
	}
	bound = make([]Value, max(len(args), len(s.params)))
	at := []int(nil)
	if names == nil {
		copy(bound, args)
	} else {
		if at, ok = s.places(names); !ok {
			return nil, "", false
		}
		bound = bound[:len(s.params)]
		for i, a := range args {
			bound[at[i]] = a
		}
	}
	for i, a := range args {
		p := min(i, len(s.params)-1)
		if names != nil {
			p = at[i]
		}
		if a == nil && !s.nullable[p] && null == "" {
			null = s.params[p].Name
		}
	}
	for i, v := range bound {
		t := s.params[min(i, len(s.params)-1)].Type
		c, ok := t.Coerce(v)
		if !ok {
			return nil, "", false
		}
		bound[i] = c
	}
	if s.variadic && names == nil {
		bound = bound[:len(args)]
	}
	return bound, null, true
}
