package feel

// op says what a node does.
type op uint8

const (
	opLit    op = iota // val
	opVar              // name, from Env.Vars
	opLocal            // idx, counted from the innermost local
	opDyn              // name: a field of the item at idx, else kids[0] (may be absent)
	opField            // kids[0].name
	opFilter           // kids[0][kids[1]], the second under one local: the item
	opCall             // kids[0](kids[1:]…), names where given by name
	opNeg              // -kids[0]
	opAdd              // binary arithmetic
	opSub
	opMul
	opDiv
	opPow
	opAnd // kids
	opOr
	opEq // binary comparison
	opNe
	opLt
	opLe
	opGt
	opGe
	opBetween  // kids[0] between kids[1] and kids[2]
	opIn       // kids[0] in any of kids[1:], tests under one local: the input
	opTest     // a comparison test, cmp kids[0], the input at idx
	opTests    // unary tests: any of kids; flag negates
	opInstance // kids[0] instance of typ
	opIf       // kids: condition, then, else
	opFor      // kids: iteration domains, then body; each domain opens one local, below them one for partial
	opSome     // kids: domains, then condition
	opEvery
	opFunc    // function literal: params, kids[0] body under one local per parameter
	opList    // kids
	opContext // names, kids; each entry opens one local
	opRange   // kids[0]…kids[1], rng flags; an absent bound is a nil kid
	opSpan    // kids[0]..kids[1] as a domain of iteration
)

// node is one node of the checked syntax tree.
type node struct {
	op     op
	pos    int // byte offsets in the source
	end    int
	idx    int
	cmp    op
	flag   bool
	name   string
	names  []string
	val    Value
	kids   []*node
	params []Param
	rng    Range
	is     Type // opInstance
	typ    Type // static type
	input  bool // mentions "?"
}

var opSigns = map[op]string{
	opAdd: "+", opSub: "-", opMul: "*", opDiv: "/", opPow: "**", opEq: "=", opNe: "!=", opLt: "<", opLe: "<=", opGt: ">", opGe: ">=",
}
