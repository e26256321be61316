// Package feel is the one expression language of Chengshu: FEEL, the Friendly Enough Expression Language of DMN 1.5,
// clause 10.3, complete. Conditions, computed fields, visibility, row filters, alert predicates, decision tables and
// candidate rules are all written in it.
//
// A source text is compiled once against a Scope, which declares the names it may use, and then evaluated any number of
// times, from many goroutines, each with an Env of its own. Compiling checks names and types and bounds the cost; errors
// there are faults with line and column. Evaluating never fails: what cannot be computed is null, and the Env tells why
// in its Diagnostics. A condition holds only when it is true.
//
// The same checked tree is written as a JSON AST for the browser (AST) and as a WHERE clause for SQLite and PostgreSQL
// (SQL), for the closed subset that means the same there. The package knows nothing of records, users or DMN tables, and
// does no input or output.
//
// Main types: Scope, Expr, Env, Value.
package feel

import (
	"slices"
	"sync"
	"sync/atomic"

	"chengshu/base/fault"
)

// Expr is a compiled expression. It is immutable and may be used by many goroutines at once.
type Expr struct {
	src          string
	root         *node
	run          code
	names        []string
	local        Zone
	tests        bool
	patterns     sync.Map // compiled regular expressions by flags and pattern
	patternCount atomic.Int32
}

// Compile reads an expression. Faults: Invalid with "line", "column" and a code that says what is wrong ("feel.syntax",
// "feel.expected", "feel.unknown" with the nearest known name, "feel.type", "feel.compare", "feel.arithmetic",
// "feel.arguments", …), or TooLarge "feel.long" / "feel.deep". A nil scope knows the built-in functions only.
func Compile(src string, scope *Scope) (*Expr, error) {
	return compileSource(src, scope, nil)
}

// CompileTests reads unary tests, the cell of a decision table: "-", "< 60", "[1..5), 7", "not(\"a\")", "? > 3 and ? < x".
// Eval takes the input from the variable "?" of Env.Vars; Test hands it over directly. Faults as Compile.
func CompileTests(src string, input Type, scope *Scope) (*Expr, error) {
	return compileSource(src, scope, &input)
}

func compileSource(src string, scope *Scope, input *Type) (*Expr, error) {
	if scope == nil {
		scope = NewScope()
	}
	if scope.reserved != "" {
		return nil, fault.New(fault.Invalid, "feel.reserved", "name", scope.reserved)
	}
	if most := or(scope.limits.Length, defaultLength); len(src) > most {
		return nil, fault.New(fault.TooLarge, "feel.long", "max", most, "line", 1, "column", 1)
	}
	p := &parser{src: src, scope: scope, maxDepth: or(scope.limits.Depth, defaultNesting)}
	var root *node
	if input != nil {
		p.push(localName{name: "?", typ: *input, input: true})
		root = p.unaryTests()
		p.checkTests(&node{typ: *input}, root.kids)
	} else {
		root = p.expression()
	}
	if p.skip(); p.err == nil && p.pos < len(src) {
		p.syntax()
	}
	if p.err != nil {
		return nil, p.err
	}
	return &Expr{
		src: src, root: root, run: compile(root), names: freeNames(root), local: scope.zone, tests: input != nil,
	}, nil
}

// Eval computes the expression; null where it cannot be computed, with the reasons in env.Diagnostics.
func (x *Expr) Eval(env *Env) Value {
	if x.tests {
		var in Value
		if env.Vars != nil {
			in, _ = env.Vars.Get("?")
		}
		return x.Test(env, own(in))
	}
	return x.eval(env, nil)
}

// Test evaluates unary tests on an input.
func (x *Expr) Test(env *Env, input Value) Value {
	return x.eval(env, &local{v: input})
}

func (x *Expr) eval(env *Env, l *local) Value {
	outer := env.expr
	if env.parent == nil && env.depth == 0 && outer == nil {
		env.Diagnostics, env.Undecided, env.steps, env.halted = nil, false, 0, false
	}
	outerZone := env.local
	env.expr, env.local = x, x.local
	v := x.run(env, l)
	env.expr, env.local = outer, outerZone
	return v
}

// True is whether the expression is true, not merely not false: a gateway condition, a filter and a hit count only then.
func (x *Expr) True(env *Env) bool { return x.Eval(env) == true }

// Names are the variables that the expression reads, sorted; for paths the first name only.
func (x *Expr) Names() []string { return slices.Clone(x.names) }

// Type is what is known of the result before evaluating.
func (x *Expr) Type() Type { return x.root.typ }

// Source is the text that was compiled.
func (x *Expr) Source() string { return x.src }

func freeNames(root *node) []string {
	var names []string
	walk(root, func(n *node) {
		if n.op == opVar {
			names = append(names, n.name)
		}
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// walk visits n and all below it.
func walk(n *node, visit func(*node)) {
	if n == nil {
		return
	}
	visit(n)
	for _, k := range n.kids {
		walk(k, visit)
	}
}
