package dmn

import (
	"math/bits"
	"slices"

	"chengshu/base/feel"
)

// axis cuts the values of one column at the bounds of its tests. With n bounds there are 2n+1 atoms: below the first
// bound, the bound itself, between it and the next, and so on. All values of one atom pass the same tests.
type axis struct {
	kind   feel.Kind
	bounds []feel.Value
}

// cell is the set of atoms that pass a test, as closed intervals of atom numbers.
type cell [][2]int

// newAxis makes the axis of unary tests and the cells of each; nil stands for "-". It fails where a test is not made of
// literals of one ordered kind.
func newAxis(tests []*feel.Expr) (*axis, []cell, bool) {
	a := &axis{}
	spans := make([][]feel.Range, len(tests))
	negated := make([]bool, len(tests))
	for i, x := range tests {
		if x == nil {
			spans[i] = []feel.Range{{LowAbsent: true, HighAbsent: true}}
			continue
		}
		var ok bool
		if spans[i], negated[i], ok = x.Spans(); !ok {
			return nil, nil, false
		}
		for _, s := range spans[i] {
			if !s.LowAbsent && !a.add(s.Low) || !s.HighAbsent && !a.add(s.High) {
				return nil, nil, false
			}
		}
	}
	slices.SortFunc(a.bounds, order)
	a.bounds = slices.CompactFunc(a.bounds, func(x, y feel.Value) bool { return order(x, y) == 0 })
	cells := make([]cell, len(tests))
	for i := range tests {
		cells[i] = a.cell(spans[i], negated[i])
	}
	return a, cells, true
}

func (a *axis) add(v feel.Value) bool {
	k := feel.KindOf(v)
	switch k {
	case feel.KindNumber, feel.KindString, feel.KindBool, feel.KindDate, feel.KindDuration, feel.KindMonths:
	default:
		return false // times with and without a zone have no common order
	}
	if a.kind == feel.KindAny {
		a.kind = k
	}
	a.bounds = append(a.bounds, v)
	return a.kind == k
}

// order is feel's, and false before true.
func order(x, y feel.Value) int {
	if b, ok := x.(bool); ok {
		c, _ := y.(bool)
		switch {
		case b == c:
			return 0
		case b:
			return 1
		}
		return -1
	}
	c, _ := feel.Compare(x, y)
	return c
}

// atoms is the number of atoms.
func (a *axis) atoms() int { return 2*len(a.bounds) + 1 }

// atom is the number of the atom that holds v, which is of the axis' kind.
func (a *axis) atom(v feel.Value) int {
	i, found := slices.BinarySearchFunc(a.bounds, v, order)
	if found {
		return 2*i + 1
	}
	return 2 * i
}

func (a *axis) cell(spans []feel.Range, negated bool) cell {
	in := make(cell, 0, len(spans))
	for _, s := range spans {
		low, high := 0, a.atoms()-1
		if !s.LowAbsent {
			if low = a.atom(s.Low); !s.LowClosed {
				low++
			}
		}
		if !s.HighAbsent {
			if high = a.atom(s.High); !s.HighClosed {
				high--
			}
		}
		if low <= high {
			in = append(in, [2]int{low, high})
		}
	}
	if !negated {
		return in
	}
	slices.SortFunc(in, func(x, y [2]int) int { return x[0] - y[0] })
	var out cell
	next := 0
	for _, iv := range in {
		if iv[0] > next {
			out = append(out, [2]int{next, iv[0] - 1})
		}
		next = max(next, iv[1]+1)
	}
	if next < a.atoms() {
		out = append(out, [2]int{next, a.atoms() - 1})
	}
	return out
}

func (c cell) has(atom int) bool {
	return slices.ContainsFunc(c, func(iv [2]int) bool { return iv[0] <= atom && atom <= iv[1] })
}

// bitset is a set of rule numbers.
type bitset []uint64

func (b bitset) each(visit func(int)) {
	for w, word := range b {
		for ; word != 0; word &= word - 1 {
			visit(64*w + bits.TrailingZeros64(word))
		}
	}
}

// index finds the rules that columns of literals leave over.
type index struct {
	rules int
	cols  []column
}

type column struct {
	any  bool // nothing but "-"
	axis *axis
	// Rules by atom, as sets, or as lists where sets would be too large. Both nil: the column is tested rule by rule.
	sets  []bitset
	lists [][]int32
}

const (
	fewRules = 4       // below that, testing rule by rule is as quick
	maxWords = 1 << 19 // of the sets of one column: 4 MiB
	maxNames = 1 << 20 // of the lists of one column: as much
)

func newIndex(t *table) index {
	x := index{rules: len(t.rules), cols: make([]column, len(t.inputs))}
	words := (len(t.rules) + 63) / 64
	for col := range x.cols {
		tests := make([]*feel.Expr, len(t.rules))
		free := true
		for i, r := range t.rules {
			tests[i] = r.tests[col]
			free = free && tests[i] == nil
		}
		x.cols[col].any = free
		if free || len(t.rules) < fewRules {
			continue
		}
		a, cells, ok := newAxis(tests)
		switch {
		case !ok:
		case a.atoms()*words <= maxWords:
			x.cols[col].axis, x.cols[col].sets = a, sets(a, cells, words)
		case names(cells) <= maxNames:
			x.cols[col].axis, x.cols[col].lists = a, lists(a, cells)
		}
	}
	return x
}

// names is how many rule numbers the lists of a column would hold.
func names(cells []cell) int {
	n := 0
	for _, c := range cells {
		for _, iv := range c {
			n += iv[1] - iv[0] + 1
		}
	}
	return n
}

func lists(a *axis, cells []cell) [][]int32 {
	out := make([][]int32, a.atoms())
	for rule, c := range cells {
		for _, iv := range c {
			for atom := iv[0]; atom <= iv[1]; atom++ {
				out[atom] = append(out[atom], int32(rule))
			}
		}
	}
	return out
}

func sets(a *axis, cells []cell, words int) []bitset {
	flat := make(bitset, a.atoms()*words)
	out := make([]bitset, a.atoms())
	for i := range out {
		out[i] = flat[i*words : (i+1)*words : (i+1)*words]
	}
	for rule, c := range cells {
		for _, iv := range c {
			for atom := iv[0]; atom <= iv[1]; atom++ {
				out[atom][rule/64] |= 1 << (rule % 64)
			}
		}
	}
	return out
}

// candidates are the rules that may be met; loose are the columns that are still to be tested. A column whose input is
// null or of another kind is tested rule by rule, so that what is unknown is seen.
func (x *index) candidates(vals []feel.Value, scratch []uint64) (set bitset, loose []int) {
	words := (x.rules + 63) / 64
	set = bitset(slices.Grow(scratch, words)[:words])
	for i := range set {
		set[i] = ^uint64(0)
	}
	if rest := x.rules % 64; rest > 0 {
		set[words-1] = 1<<rest - 1
	}
	for col := range x.cols {
		c := &x.cols[col]
		switch {
		case c.any:
		case c.axis == nil || feel.KindOf(vals[col]) != c.axis.kind:
			loose = append(loose, col)
		case c.sets != nil:
			for i, w := range c.sets[c.axis.atom(vals[col])] {
				set[i] &= w
			}
		default:
			left := make(bitset, words)
			for _, rule := range c.lists[c.axis.atom(vals[col])] {
				left[rule/64] |= set[rule/64] & (1 << (rule % 64))
			}
			copy(set, left)
		}
	}
	return set, loose
}
