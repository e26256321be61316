package feel

import "time"

// Vars hands the values of an expression's names to it. Get must be cheap; false means that there is no such name.
type Vars interface {
	Get(name string) (Value, bool)
}

// Map is the simplest Vars.
type Map map[string]Value

// Get finds a name.
func (m Map) Get(name string) (Value, bool) {
	v, ok := m[name]
	return v, ok
}

// Limits bound what one evaluation may cost. A zero field means the default.
type Limits struct {
	Steps int // loop turns and calls, weighed by their size, default 1,000,000
	Depth int // nested calls, default 200
	List  int // elements of a list made by an expression, default 100,000
	Text  int // bytes of a string made by an expression, default 1 MiB
}

// Default limits of an evaluation.
const (
	defaultSteps = 1_000_000
	defaultDepth = 200
	defaultList  = 100_000
	defaultText  = 1 << 20
	maxDiags     = 32
)

// Diagnostic says why an expression, or a part of it, gave null.
type Diagnostic struct {
	Pos  Pos            `json:"pos"`
	Code string         `json:"code"`           // message key
	Args map[string]any `json:"args,omitempty"` // arguments of the words
}

// Pos is a place in the source, both counted from 1; columns count characters.
type Pos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Env is what one evaluation sees. It is made per use and not shared between goroutines. After Eval, Diagnostics tells
// what went wrong inside.
type Env struct {
	Vars   Vars
	Now    func() time.Time // clock of now() and today(); nil makes them null
	Data   any              // for product functions, e.g. the actor and an open transaction
	Limits Limits

	Diagnostics []Diagnostic // of the last Eval
	Undecided   bool         // the last Eval came to an else because a condition was null

	parent *Env  // shares limits and diagnostics
	expr   *Expr // whose source positions are counted in
	at     int   // byte offset of what is being evaluated
	local  Zone  // zone of local times that meet zoned ones
	steps  int
	depth  int
	halted bool
}

// With is an environment with other variables that draws on the same limits and collects into the same diagnostics,
// for expressions evaluated on behalf of another, such as a decision required by a decision.
func (e *Env) With(vars Vars) *Env {
	return &Env{Vars: vars, Now: e.Now, Data: e.Data, Limits: e.Limits, parent: e.root(), local: e.local}
}

func (e *Env) root() *Env {
	for e.parent != nil {
		e = e.parent
	}
	return e
}

// Fail notes a diagnostic at the place being evaluated; product functions and decision tables use it. Args are
// key–value pairs.
func (e *Env) Fail(code string, args ...any) { e.fail(code, args...) }

// fail notes a diagnostic and gives null.
func (e *Env) fail(code string, args ...any) Value {
	if e == nil {
		return nil
	}
	r := e.root()
	if len(r.Diagnostics) >= maxDiags {
		return nil
	}
	d := Diagnostic{Code: code}
	if e.expr != nil {
		d.Pos = position(e.expr.src, e.at)
	}
	if len(args) > 0 {
		d.Args = make(map[string]any, len(args)/2)
		for i := 0; i+1 < len(args); i += 2 {
			if k, ok := args[i].(string); ok {
				d.Args[k] = args[i+1]
			}
		}
	}
	r.Diagnostics = append(r.Diagnostics, d)
	return nil
}

func or(v, def int) int {
	if v > 0 {
		return v
	}
	return def
}

// step spends one unit of work; false when the budget is gone, then everything gives null.
func (e *Env) step() bool { return e.spend(1) }

func (e *Env) spend(n int) bool {
	r := e
	if e.parent != nil {
		r = e.root()
	}
	if r.halted {
		return false
	}
	if r.steps += n; r.steps > or(r.Limits.Steps, defaultSteps) {
		r.halted = true
		e.fail("feel.limit", "limit", "steps", "max", or(r.Limits.Steps, defaultSteps))
		return false
	}
	return true
}

func (e *Env) enter() bool {
	r := e.root()
	r.depth++
	if r.depth > or(r.Limits.Depth, defaultDepth) {
		r.depth--
		if !r.halted {
			r.halted = true
			e.fail("feel.limit", "limit", "depth", "max", or(r.Limits.Depth, defaultDepth))
		}
		return false
	}
	if !e.step() {
		r.depth--
		return false
	}
	return true
}

func (e *Env) leave() { e.root().depth-- }

// sized refuses a list or string over the limit and charges for what it takes in time and memory.
func (e *Env) sized(v Value) Value {
	switch x := v.(type) {
	case string:
		if len(x) > e.maxText() {
			return e.fail("feel.limit", "limit", "text", "max", e.maxText())
		}
		if len(x) >= bytesPerStep && !e.spend(weight(v)) {
			return nil
		}
	case List:
		if len(x) > e.maxList() {
			return e.fail("feel.limit", "limit", "list", "max", e.maxList())
		}
		if len(x) >= itemsPerStep && !e.spend(weight(v)) {
			return nil
		}
	}
	return v
}

// A string of that many bytes, or a list of that many elements, costs one step to go through.
const (
	bytesPerStep = 64
	itemsPerStep = 8
)

func weight(v Value) int {
	switch x := v.(type) {
	case string:
		return len(x) / bytesPerStep
	case List:
		return len(x) / itemsPerStep
	}
	return 0
}

func (e *Env) maxText() int { return or(e.root().Limits.Text, defaultText) }

func (e *Env) maxList() int { return or(e.root().Limits.List, defaultList) }
