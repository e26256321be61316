package feel

// The JSON AST is the checked tree for an interpreter in the browser: names resolved, arguments in parameter order,
// between and unary tests lowered. The server's result is authoritative; a browser that meets an operation it does not
// know asks the server. A node is
//
//	null, true, false, "text", 12.5         the value itself; numbers of at most 15 digits
//	["num", "0.1234567890123456789"]        a longer number
//	["@", "date", "2026-03-02"]             date, time, date and time, days and time duration, years and months duration
//	["var", name]                           a variable of the form or record
//	["loc", i]                              the i-th local, 0 is the innermost
//	["get", x, field]                       x.field; of every element when x is a list; null when x is null
//	["and", x, …] ["or", x, …]              Kleene; what is no boolean counts as null
//	["=", x, y] and != < <= > >=            = and != are two-valued against null, the others null; other kinds: null
//	["+", x, y] and - * / **, ["neg", x]    null with null
//	["if", c, x, y]                         y unless c is true
//	["in", x, test, …]                      any test, x being local 0 inside; a test is ["?", condition], its own result, or
//	                                        a value: equal to x, a list that has x or a range around it, a range around x;
//	                                        a boolean value is its own result when x is no boolean; a range that is
//	                                        null (bounds the wrong way round) makes the test null
//	["list", x, …]                          a list
//	["range", low, high, lowClosed, highClosed]   an absent bound is ["none"]
//	["call", name, x, …]                    a built-in or product function; left-out arguments are null at the end
//
// and, for the rest of the language,
//
//	["filter", list, condition]             item is local 0
//	["dyn", i, name, x]                     field name of local i, else x
//	["ctx", [key, …], x, …]                 each entry is local 0 of the next ones
//	["for", [domain, …], x]                 partial is a local below the iterators; likewise "some", "every" without partial
//	["span", x, y]                          the numbers or days from x to y, a domain
//	["fn", [parameter, …], x]               a function, parameters are locals
//	["apply", f, [name, …], x, …]           a call of a function value; no names when positional
//	["is", x, type]                         x instance of type
//	["call-of", name]                       a named function as a value
//
// testdata/ast.json holds sources, trees, inputs and results for both interpreters.

import (
	"bytes"
	"encoding/json"
	"strings"
)

// AST gives the tree as JSON, as described in ast.go. Unary tests become ["in", ["var", "?"], …].
func (x *Expr) AST() json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // "<" stays "<"
	if err := enc.Encode(tree(x.root)); err != nil {
		return json.RawMessage("null") // only strings, numbers, booleans and lists of them: cannot happen
	}
	return bytes.TrimSpace(b.Bytes())
}

var opNames = map[op]string{
	opAdd: "+", opSub: "-", opMul: "*", opDiv: "/", opPow: "**", opAnd: "and", opOr: "or", opEq: "=", opNe: "!=", opLt: "<",
	opLe: "<=", opGt: ">", opGe: ">=", opNeg: "neg", opIf: "if", opList: "list", opFilter: "filter", opSpan: "span",
	opFor: "for", opSome: "some", opEvery: "every",
}

type arr = []any

func tree(n *node) any {
	if n == nil {
		return arr{"none"}
	}
	switch n.op {
	case opLit:
		return literalTree(n.val)
	case opVar:
		return arr{"var", n.name}
	case opLocal:
		return arr{"loc", n.idx}
	case opDyn:
		if len(n.kids) == 0 {
			return arr{"dyn", n.idx, n.name, nil}
		}
		return arr{"dyn", n.idx, n.name, tree(n.kids[0])}
	case opField:
		return arr{"get", tree(n.kids[0]), n.name}
	case opBetween:
		v := tree(n.kids[0])
		return arr{"and", arr{">=", v, tree(n.kids[1])}, arr{"<=", v, tree(n.kids[2])}}
	case opIn:
		return append(arr{"in", tree(n.kids[0])}, testTrees(n.kids[1:])...)
	case opTest:
		return arr{opNames[n.cmp], arr{"loc", n.idx}, tree(n.kids[0])}
	case opTests:
		return testsTree(n)
	case opInstance:
		return arr{"is", tree(n.kids[0]), n.is.String()}
	case opFor, opSome, opEvery:
		last := len(n.kids) - 1
		return arr{opNames[n.op], trees(n.kids[:last]), tree(n.kids[last])}
	case opFunc:
		names := make([]string, len(n.params))
		for i, p := range n.params {
			names[i] = p.Name
		}
		return arr{"fn", names, tree(n.kids[0])}
	case opContext:
		return append(arr{"ctx", append([]string{}, n.names...)}, trees(n.kids)...)
	case opRange:
		return arr{"range", tree(n.kids[0]), tree(n.kids[1]), n.rng.LowClosed, n.rng.HighClosed}
	case opCall:
		return callTree(n)
	default:
		return append(arr{opNames[n.op]}, trees(n.kids)...)
	}
}

func trees(nodes []*node) arr {
	out := make(arr, len(nodes))
	for i, n := range nodes {
		out[i] = tree(n)
	}
	return out
}

func testTrees(nodes []*node) arr {
	out := make(arr, len(nodes))
	for i, n := range nodes {
		out[i] = tree(n)
		if n.input {
			out[i] = arr{"?", out[i]}
		}
	}
	return out
}

func testsTree(n *node) any {
	if len(n.kids) == 0 {
		return true
	}
	in := append(arr{"in", arr{"var", "?"}}, testTrees(n.kids)...)
	if n.flag {
		return arr{"call", "not", in}
	}
	return in
}

func literalTree(v Value) any {
	switch x := v.(type) {
	case nil, bool, string:
		return x
	case Number:
		s := x.String()
		const exact = 15 // digits that a double keeps
		if len(strings.Trim(strings.Replace(s, ".", "", 1), "-0")) <= exact && len(s) < 2*exact {
			return json.Number(s)
		}
		return arr{"num", s}
	case Date, Time, DateTime, Duration, Months:
		return arr{"@", kindOf(v).String(), Format(v)}
	case *Function:
		return arr{"call-of", x.name}
	}
	return nil
}

// callTree brings named arguments of a known function into order.
func callTree(n *node) any {
	f, ok := n.kids[0].val.(*Function)
	if !ok {
		return append(arr{"apply", tree(n.kids[0]), append([]string{}, n.names...)}, trees(n.kids[1:])...)
	}
	args := trees(n.kids[1:])
	if n.names == nil {
		return append(arr{"call", f.name}, args...)
	}
	at := callPlaces(f, n.names)
	size := 0
	for _, p := range at {
		size = max(size, p+1)
	}
	placed := make(arr, size)
	for i, p := range at {
		placed[p] = args[i]
	}
	return append(arr{"call", f.name}, placed...)
}

func callPlaces(f *Function, names []string) []int {
	for i := range f.sigs {
		if at, ok := f.sigs[i].places(names); ok {
			return at
		}
	}
	s := signature{params: f.params}
	at, ok := s.places(names)
	if !ok {
		return nil
	}
	return at
}
