package dmn

import (
	"slices"
	"strings"

	"chengshu/base/feel"
)

// Report is what Analyse found in one decision table.
type Report struct {
	Name     string    `json:"name"`              // of the decision or knowledge model
	Element  string    `json:"element,omitempty"` // id of the table
	Line     int       `json:"line"`              // of the table in the file
	Policy   string    `json:"policy"`
	Rules    int       `json:"rules"`
	Overlaps []Overlap `json:"overlaps,omitempty"`
	Gaps     []Gap     `json:"gaps,omitempty"`
	// Opaque are the columns, from 1, with tests that are not made of literals. Overlaps are then possible ones, and gaps
	// are not looked for.
	Opaque []int `json:"opaque,omitempty"`
	// Truncated is set when there was more than the limits let find.
	Truncated bool `json:"truncated,omitempty"`
}

// Overlap is a pair of rules that can be met by one input although the hit policy does not want that: any two of a
// unique table, two of an any table whose outputs differ, and of a first table a later rule that an earlier one hides.
type Overlap struct {
	Rows   [2]int   `json:"rows"`   // row numbers from 1
	Region []string `json:"region"` // per column the tests that both pass
	Hidden bool     `json:"hidden,omitempty"`
}

// Gap is a set of inputs that no rule meets, per column as a unary test.
type Gap struct {
	Region []string `json:"region"`
}

// Limits of the analysis of one table.
const (
	MaxFindings = 100     // overlaps, and gaps
	maxPairs    = 2000000 // rule pairs looked at
	maxVisits   = 200000  // regions looked at for gaps
)

// Analyse looks for overlapping rules and for gaps in every decision table, of the imported models too. A table with a
// default output has no gaps.
func (d *Definitions) Analyse() []Report {
	out := make([]Report, 0, len(d.tables))
	for _, t := range d.tables {
		out = append(out, t.analyse())
	}
	return out
}

// analysis is the table as sets: per column its axis, the cells of the rules and the values that can occur.
type analysis struct {
	t      *table
	axes   []*axis
	cells  [][]cell // by column, then rule
	domain []cell
}

func (t *table) analyse() Report {
	r := Report{Element: t.el.Attr("id"), Line: t.el.Line, Policy: t.policy.String(), Rules: len(t.rules)}
	if t.of != nil {
		r.Name = t.of.name
	}
	a := analysis{t: t}
	for col := range t.inputs {
		if !a.column(col) {
			r.Opaque = append(r.Opaque, col+1)
		}
	}
	a.overlaps(&r)
	defaulted := slices.ContainsFunc(t.outputs, func(o outputClause) bool { return o.def != nil })
	if len(r.Opaque) == 0 && !defaulted && len(t.rules) > 0 {
		a.gaps(&r)
	}
	return r
}

// column cuts one column. An opaque column gets an axis of one atom, which every rule covers.
func (a *analysis) column(col int) bool {
	in := &a.t.inputs[col]
	tests := make([]*feel.Expr, 0, len(a.t.rules)+1)
	for _, r := range a.t.rules {
		tests = append(tests, r.tests[col])
	}
	tests = append(tests, in.domain)
	ax, cells, ok := newAxis(tests)
	if !ok {
		ax, cells, _ = newAxis(make([]*feel.Expr, len(tests)))
	}
	domain := cells[len(cells)-1]
	if ax.kind == feel.KindBool && in.domain == nil {
		domain = nil
		for i := range ax.bounds {
			domain = append(domain, [2]int{2*i + 1, 2*i + 1})
		}
		if len(ax.bounds) == 1 {
			// The other truth value stands on its side of the one bound.
			side := 0
			if ax.bounds[0] == false {
				side = 2
			}
			domain = append(domain, [2]int{side, side})
		}
	}
	a.axes, a.cells, a.domain = append(a.axes, ax), append(a.cells, cells[:len(cells)-1]), append(a.domain, domain)
	return ok
}

func meet(x, y cell) bool {
	for _, a := range x {
		for _, b := range y {
			if a[0] <= b[1] && b[0] <= a[1] {
				return true
			}
		}
	}
	return false
}

func intersect(x, y cell) cell {
	var out cell
	for _, a := range x {
		for _, b := range y {
			if low, high := max(a[0], b[0]), min(a[1], b[1]); low <= high {
				out = append(out, [2]int{low, high})
			}
		}
	}
	return out
}

func (a *analysis) overlaps(r *Report) {
	if a.t.policy != unique && a.t.policy != anyHit && a.t.policy != first {
		return
	}
	pairs := 0
	for i := range a.t.rules {
		for j := range i {
			if pairs++; pairs > maxPairs || len(r.Overlaps) >= MaxFindings {
				r.Truncated = true
				return
			}
			hidden := false
			switch {
			case a.t.rules[i].broke || a.t.rules[j].broke:
				continue
			case a.t.policy == anyHit && a.agree(i, j):
				continue
			case a.t.policy == first:
				if hidden = len(r.Opaque) == 0 && a.covers(j, i); !hidden {
					continue
				}
			}
			if region, ok := a.common(i, j); ok {
				r.Overlaps = append(r.Overlaps, Overlap{Rows: [2]int{j + 1, i + 1}, Region: region, Hidden: hidden})
			}
		}
	}
}

// agree tells whether two rules certainly give the same outputs.
func (a *analysis) agree(i, j int) bool {
	x, y := a.t.rules[i].el.All("outputEntry"), a.t.rules[j].el.All("outputEntry")
	return slices.EqualFunc(x, y, func(p, q *element) bool { return p.ChildText("text") == q.ChildText("text") })
}

// common is the region that both rules meet, if there is one.
func (a *analysis) common(i, j int) ([]string, bool) {
	for col := range a.axes {
		if !meet(a.cells[col][i], a.cells[col][j]) {
			return nil, false
		}
	}
	both := make([]cell, len(a.axes))
	for col := range a.axes {
		both[col] = intersect(intersect(a.cells[col][i], a.cells[col][j]), a.domain[col])
		if len(both[col]) == 0 {
			return nil, false
		}
	}
	region := make([]string, len(a.axes))
	for col, c := range both {
		region[col] = a.axes[col].text(c, a.domain[col])
	}
	return region, true
}

// covers tells whether rule i is met wherever rule j is.
func (a *analysis) covers(i, j int) bool {
	for col := range a.axes {
		for _, part := range intersect(a.cells[col][j], a.domain[col]) {
			if !slices.ContainsFunc(a.cells[col][i], func(iv [2]int) bool { return iv[0] <= part[0] && part[1] <= iv[1] }) {
				return false
			}
		}
	}
	return true
}

// class is a set of atoms of a column that the same rules cover.
type class struct {
	rules bitset
	atoms cell
}

func (a *analysis) gaps(r *Report) {
	words := (len(a.t.rules) + 63) / 64
	columns := make([][]class, len(a.axes))
	for col, ax := range a.axes {
		if ax.atoms()*words > maxWords {
			r.Truncated = true
			return
		}
		columns[col] = a.classes(col, words)
	}
	all := make(bitset, words)
	for i, rule := range a.t.rules {
		if !rule.broke {
			all[i/64] |= 1 << (i % 64)
		}
	}
	s := search{a: a, r: r, columns: columns, covered: map[string]bool{}, path: make([]cell, len(columns))}
	s.visit(0, all)
}

func (a *analysis) classes(col, words int) []class {
	var out []class
	at := map[string]int{}
	for atom, rules := range sets(a.axes[col], a.cells[col], words) {
		if !a.domain[col].has(atom) {
			continue
		}
		i, ok := at[rules.key()]
		if !ok {
			i = len(out)
			at[rules.key()] = i
			out = append(out, class{rules: rules})
		}
		out[i].atoms = append(out[i].atoms, [2]int{atom, atom})
	}
	return out
}

func (b bitset) key() string {
	var s strings.Builder
	for _, w := range b {
		for shift := 0; shift < 64; shift += 8 {
			s.WriteByte(byte(w >> shift))
		}
	}
	return s.String()
}

// search walks the columns, keeping the rules that are still possible; where none is left there is a gap.
type search struct {
	a       *analysis
	r       *Report
	columns [][]class
	covered map[string]bool // column and rules below which there is no gap
	path    []cell
	visits  int
}

// visit tells whether everything below is covered.
func (s *search) visit(col int, rules bitset) bool {
	if s.visits++; s.visits > maxVisits || len(s.r.Gaps) >= MaxFindings {
		s.r.Truncated = true
		return false
	}
	if !slices.ContainsFunc(rules, func(w uint64) bool { return w != 0 }) {
		region := make([]string, len(s.columns))
		for i, ax := range s.a.axes {
			region[i] = "-"
			if i < col {
				region[i] = ax.text(s.path[i], s.a.domain[i])
			}
		}
		s.r.Gaps = append(s.r.Gaps, Gap{region})
		return false
	}
	if col == len(s.columns) {
		return true
	}
	key := string(rune(col)) + rules.key()
	if s.covered[key] {
		return true
	}
	whole := true
	for _, c := range s.columns[col] {
		left := make(bitset, len(rules))
		for i := range rules {
			left[i] = rules[i] & c.rules[i]
		}
		s.path[col] = c.atoms
		whole = s.visit(col+1, left) && whole
	}
	if whole {
		s.covered[key] = true
	}
	return whole
}

// text writes a set of atoms as a unary test; "-" for the whole domain.
func (a *axis) text(c, domain cell) string {
	in := make([]bool, a.atoms())
	whole, others := true, true
	for i := range in {
		in[i] = c.has(i) && domain.has(i)
		whole = whole && in[i] == domain.has(i)
		others = others && (i%2 == 1 || in[i])
	}
	if whole {
		return "-"
	}
	if a.kind == feel.KindBool {
		return boolText(a, in)
	}
	if a.kind == feel.KindString && others {
		return "not(" + strings.Join(a.singles(in, false), ", ") + ")"
	}
	var parts []string
	for low := 0; low < len(in); low++ {
		if !in[low] {
			continue
		}
		high := low
		for high+1 < len(in) && in[high+1] {
			high++
		}
		parts = append(parts, a.interval(low, high))
		low = high
	}
	return strings.Join(parts, ", ")
}

func boolText(a *axis, in []bool) string {
	for i, yes := range in {
		switch {
		case !yes:
		case i%2 == 1:
			return literal(a.bounds[i/2])
		case i == 0:
			return "false"
		default:
			return "true"
		}
	}
	return ""
}

// singles are the bounds that are in the set, or are not.
func (a *axis) singles(in []bool, want bool) []string {
	var out []string
	for i, b := range a.bounds {
		if in[2*i+1] == want {
			out = append(out, literal(b))
		}
	}
	return out
}

func (a *axis) interval(low, high int) string {
	if low == high && low%2 == 1 {
		return literal(a.bounds[low/2])
	}
	below, above := "(", ")"
	if low%2 == 1 {
		below = "["
	}
	if high%2 == 1 {
		above = "]"
	}
	switch {
	case low == 0:
		return map[string]string{")": "< ", "]": "<= "}[above] + literal(a.bounds[high/2])
	case high == 2*len(a.bounds):
		return map[string]string{"(": "> ", "[": ">= "}[below] + literal(a.bounds[(low-1)/2])
	}
	return below + literal(a.bounds[(low-1)/2]) + ".." + literal(a.bounds[high/2]) + above
}

// literal writes a value as it stands in a test.
func literal(v feel.Value) string {
	switch v.(type) {
	case string:
		s := feel.Format(feel.List{v})
		return s[1 : len(s)-1]
	case feel.Date, feel.Duration, feel.Months:
		return "@\"" + feel.Format(v) + "\""
	}
	return feel.Format(v)
}
