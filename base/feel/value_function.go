package feel

// Function is a FEEL function: a literal, a built-in or one of the product. It is called by Call, from FEEL or from Go.
type Function struct {
	name   string
	params []Param
	result Type
	gives  Type // what is known of the result beyond that, for conformance
	call   func(e *Env, args []Value) Value
	sigs   []signature // a built-in's forms; then call is nil
}

// NewFunction makes a function value, for example of a business knowledge model. Call gets exactly one value per
// parameter, already coerced to the parameter's type.
func NewFunction(name string, params []Param, result Type, call func(e *Env, args []Value) Value) *Function {
	return &Function{name: name, params: params, result: result, call: call}
}

// Gives says what the result is known to be although it is not coerced to it, for the conformance of function types.
func (f *Function) Gives(t Type) *Function {
	f.gives = t
	return f
}

// Name is the function's name, "" for a literal.
func (f *Function) Name() string { return f.name }

// Params are the parameters; a built-in with several forms shows its first.
func (f *Function) Params() []Param {
	if len(f.sigs) > 0 {
		return f.sigs[0].params
	}
	return f.params
}

// Type is the function's type.
func (f *Function) Type() Type {
	if len(f.sigs) > 0 {
		return FunctionOf(f.sigs[0].params, f.sigs[0].result)
	}
	if f.result.kind == KindAny {
		return FunctionOf(f.params, f.gives)
	}
	return FunctionOf(f.params, f.result)
}

// conforms: parameters are contravariant, the result covariant (DMN 1.5 §10.3.2.9.2).
func (f *Function) conforms(t Type) bool {
	params := f.Params()
	if len(params) != len(t.fields) {
		return false
	}
	for i, p := range params {
		if want := t.fields[i].Type; p.Type.kind != KindAny && p.Type.kind != want.kind {
			return false
		}
	}
	res := f.Type().Elem()
	return t.Elem().kind == KindAny || res.kind == t.Elem().kind
}

// Call runs f with positional arguments. Wrong arguments give null and a diagnostic in e.
func (f *Function) Call(e *Env, args []Value) Value { return f.invoke(e, args, nil) }

// invoke binds the arguments, by name where names are given, and calls.
func (f *Function) invoke(e *Env, args []Value, names []string) Value {
	if !e.enter() {
		return nil
	}
	defer e.leave()
	if len(f.sigs) > 0 {
		return f.invokeBuiltin(e, args, names)
	}
	bound, ok := bind(e, f.params, args, names)
	if !ok {
		return e.fail("feel.arguments", "function", f.name)
	}
	v := f.call(e, bound)
	r, ok := f.result.Coerce(v)
	if !ok {
		return e.fail("feel.result", "function", f.name, "want", f.result.String(), "got", kindOf(v).String())
	}
	return r
}

func (f *Function) invokeBuiltin(e *Env, args []Value, names []string) Value {
	if len(args) > 0 && !e.spend(weight(args[0])) {
		return nil
	}
	for i := range f.sigs {
		s := &f.sigs[i]
		bound, null, ok := s.bind(args, names)
		if !ok {
			continue
		}
		if null != "" {
			return e.fail("feel.argument-null", "function", f.name, "parameter", null)
		}
		return e.sized(s.call(e, bound))
	}
	return e.fail("feel.arguments", "function", f.name)
}

// bind puts arguments into parameter order and coerces them.
func bind(e *Env, params []Param, args []Value, names []string) ([]Value, bool) {
	if names == nil && len(args) == len(params) {
		plain := true
		for i := range params {
			if params[i].Type.kind != KindAny {
				plain = false
			}
		}
		if plain {
			return args, true
		}
	}
	bound := make([]Value, len(params))
	given, ok := place(params, args, names, bound)
	if !ok {
		return nil, false
	}
	for i, p := range params {
		if !given[i] && !p.Optional {
			return nil, false
		}
		v, ok := p.Type.Coerce(bound[i])
		if !ok {
			e.fail("feel.argument", "parameter", p.Name, "want", p.Type.String(), "got", kindOf(bound[i]).String())
			return nil, false
		}
		bound[i] = v
	}
	return bound, true
}

func place(params []Param, args []Value, names []string, bound []Value) (given []bool, ok bool) {
	given = make([]bool, len(params))
	if names == nil {
		if len(args) > len(params) {
			return nil, false
		}
		for i, a := range args {
			bound[i], given[i] = a, true
		}
		return given, true
	}
	for i, n := range names {
		at := -1
		for j, p := range params {
			if p.Name == n {
				at = j
			}
		}
		if at < 0 || given[at] {
			return nil, false
		}
		bound[at], given[at] = args[i], true
	}
	return given, true
}
