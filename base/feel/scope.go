package feel

import (
	"maps"
	"slices"
	"time"

	"chengshu/base/fault"
)

// Func is a product function, such as role("审核员") or workdays(from, to).
type Func struct {
	Name   string
	Params []Param
	Result Type
	// Call gets one value per parameter, coerced; an optional one that was left out is null. An error becomes null and
	// the diagnostic "feel.call" with the fault's code.
	Call func(e *Env, args []Value) (Value, error)
}

// Scope declares what an expression may use: names with types, named types and product functions. It is filled first
// and then only read; compiled expressions keep no hold of it. Names may hold spaces, operator characters and Chinese;
// the longest declared name wins.
type Scope struct {
	vars    map[string]Type
	types   map[string]Type
	funcs   map[string]*Function
	index   map[string][]entry // by first token
	known   map[string][]entry // names of fields anywhere, for paths on values of unknown type
	zone    Zone
	lenient bool
	limits  SourceLimits
	// reserved is a standard name that a product function tried to take.
	reserved string
}

// SourceLimits bound what Compile accepts. A zero field means the default.
type SourceLimits struct {
	Length int // bytes, default 64 KiB
	Depth  int // nesting, default 200
}

const (
	defaultLength  = 64 << 10
	defaultNesting = 200
)

// NewScope is a scope that holds the built-in functions only.
func NewScope() *Scope {
	return &Scope{
		vars: map[string]Type{}, types: map[string]Type{}, funcs: map[string]*Function{},
		index: map[string][]entry{}, known: map[string][]entry{},
	}
}

// Clone is an independent copy, to be extended.
func (s *Scope) Clone() *Scope {
	c := *s
	c.vars, c.types, c.funcs = maps.Clone(s.vars), maps.Clone(s.types), maps.Clone(s.funcs)
	c.index, c.known = maps.Clone(s.index), maps.Clone(s.known)
	return &c
}

// Var declares a name. It shadows a built-in function of the same name.
func (s *Scope) Var(name string, t Type) *Scope {
	s.vars[name] = t
	addEntry(s.index, name)
	s.know(t, 0)
	return s
}

// Type declares a named type for "instance of" and parameter types.
func (s *Scope) Type(name string, t Type) *Scope {
	s.types[name] = t.Named(name)
	s.know(t, 0)
	return s
}

// Func declares a product function. A standard name is never shadowed: Compile then refuses the scope with the fault
// "feel.reserved".
func (s *Scope) Func(f Func) *Scope {
	if _, std := builtins().byName[f.Name]; std {
		s.reserved = f.Name
		return s
	}
	s.funcs[f.Name] = &Function{name: f.Name, params: slices.Clone(f.Params), result: f.Result, call: f.run}
	addEntry(s.index, f.Name)
	return s
}

func (f Func) run(e *Env, args []Value) Value {
	v, err := f.Call(e, args)
	if err != nil {
		return e.fail("feel.call", "function", f.Name, "code", fault.CodeOf(err))
	}
	return v
}

// Local sets the zone in which local dates-with-time are understood where they meet zoned ones, e.g.
// created > @"2026-01-01T00:00:00". Without it such comparisons are null, as DMN has it.
func (s *Scope) Local(loc *time.Location) *Scope {
	s.zone = Zone{}
	if loc != nil {
		s.zone = Zone{name: loc.String(), loc: loc, set: true}
	}
	return s
}

// Lenient turns the type check off: an unknown name and a certain type error give null when evaluated instead of a
// fault when compiled. DMN models that other tools made are read so.
func (s *Scope) Lenient() *Scope {
	s.lenient = true
	return s
}

// Limit sets the limits of Compile.
func (s *Scope) Limit(l SourceLimits) *Scope {
	s.limits = l
	return s
}

// know collects field names of declared types.
func (s *Scope) know(t Type, depth int) {
	if depth > 8 {
		return
	}
	if t.elem != nil {
		s.know(*t.elem, depth+1)
	}
	if t.kind != KindContext {
		return
	}
	for _, f := range t.fields {
		addEntry(s.known, f.Name)
		s.know(f.Type, depth+1)
	}
}

// entry is a name as its tokens, for matching against source text.
type entry struct {
	name   string
	tokens []string
}

func addEntry(index map[string][]entry, name string) {
	t := nameTokens(name)
	if len(t) == 0 {
		return
	}
	old := index[t[0]]
	if slices.ContainsFunc(old, func(e entry) bool { return e.name == name }) {
		return
	}
	// A new slice each time: clones share the old one.
	index[t[0]] = append(slices.Clone(old), entry{name, t})
}
