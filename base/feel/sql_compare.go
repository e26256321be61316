package feel

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cockroachdb/apd/v3"

	"chengshu/base/fault"
)

var sqlSigns = map[op]string{opEq: " = ", opNe: " <> ", opLt: " < ", opLe: " <= ", opGt: " > ", opGe: " >= "}

// mirrored is the operator with its sides exchanged.
func mirrored(o op) op {
	switch o {
	case opLt:
		return opGt
	case opLe:
		return opGe
	case opGt:
		return opLt
	case opGe:
		return opLe
	default:
		return o
	}
}

// comparison is "a o b" with at least one column.
func (t *translator) comparison(n *node, o op, a, b *node) (cond, error) {
	x, err := t.operand(a)
	if err != nil {
		return nil, err
	}
	y, err := t.operand(b)
	if err != nil {
		return nil, err
	}
	if !x.isCol && !y.isCol {
		return func(w *sqlWriter, _ bool) { w.truth(compare(w.env, o, x.value(w), y.value(w))) }, nil
	}
	if !x.isCol {
		x, y, o = y, x, mirrored(o)
	}
	if x.col.Kind == ColumnBool && o != opEq && o != opNe {
		return nil, t.refuse(n)
	}
	if y.isCol {
		return t.columnPair(n, o, x.col, y.col)
	}
	return func(w *sqlWriter, exact bool) { w.compareValue(x.col, o, y.value(w), exact) }, nil
}

func (t *translator) columnPair(n *node, o op, a, b Column) (cond, error) {
	if columnFEEL[a.Kind] != columnFEEL[b.Kind] || a.Scale != b.Scale {
		return nil, t.refuse(n)
	}
	sign := sqlSigns[o]
	switch o {
	case opEq:
		sign = " IS NOT DISTINCT FROM "
	case opNe:
		sign = " IS DISTINCT FROM "
	default:
	}
	return func(w *sqlWriter, _ bool) { w.put(a.SQL, sign, b.SQL) }, nil
}

// bound is a value in a column's own storage. Where the value falls between two that the column can hold, arg is the
// lower one and between is set; where it is below or above all of them, beyond is -1 or 1.
type bound struct {
	arg     any
	between bool
	beyond  int
}

// compareValue writes "column o value" with the null rules of FEEL.
func (w *sqlWriter) compareValue(c Column, o op, v Value, exact bool) {
	equality := o == opEq || o == opNe
	if v == nil {
		switch o {
		case opEq:
			w.put(c.SQL, " IS NULL")
		case opNe:
			w.put(c.SQL, " IS NOT NULL")
		default:
			w.put(sqlNull)
		}
		return
	}
	if kindOf(v) != columnFEEL[c.Kind] {
		w.mismatch(c, o)
		return
	}
	b, ok := w.stored(c, v)
	if !ok {
		// A local time without a zone: equal to nothing, before and after nothing.
		if equality {
			w.truth(o == opNe)
		} else {
			w.put(sqlNull)
		}
		return
	}
	if equality {
		w.equality(c, o, b, exact)
		return
	}
	if b.beyond != 0 {
		// Above all values of the column "<" holds for each of them, below all of them ">" does.
		if (b.beyond > 0) == (o == opLt || o == opLe) {
			w.put(c.SQL, " = ", c.SQL)
		} else {
			w.put(c.SQL, " <> ", c.SQL)
		}
		return
	}
	if b.between {
		switch o {
		case opLt:
			o = opLe
		case opGe:
			o = opGt
		default:
		}
	}
	w.put(c.SQL, sqlSigns[o])
	w.arg(b.arg)
}

// equality: plain "=" where NULL and FALSE end the same, because PostgreSQL uses an index for it alone.
func (w *sqlWriter) equality(c Column, o op, b bound, exact bool) {
	switch {
	case b.between || b.beyond != 0:
		w.truth(o == opNe)
		return
	case o == opNe:
		w.put(c.SQL, " IS DISTINCT FROM ")
	case exact:
		w.put(c.SQL, " IS NOT DISTINCT FROM ")
	default:
		w.put(c.SQL, " = ")
	}
	w.arg(b.arg)
}

// mismatch is a comparison of different kinds: null, but null itself is still equal to null alone.
func (w *sqlWriter) mismatch(c Column, o op) {
	switch o {
	case opEq:
		w.put("CASE WHEN ", c.SQL, " IS NULL THEN FALSE END")
	case opNe:
		w.put("CASE WHEN ", c.SQL, " IS NULL THEN TRUE END")
	default:
		w.put(sqlNull)
	}
}

// stored brings a value of the column's kind into the column's storage.
func (w *sqlWriter) stored(c Column, v Value) (bound, bool) {
	switch x := v.(type) {
	case bool:
		return bound{arg: x}, true
	case string:
		if !utf8.ValidString(x) {
			if w.err == nil {
				w.err = fault.New(fault.Invalid, "feel.text")
			}
			return bound{arg: ""}, true
		}
		// PostgreSQL has no zero characters: what holds one lies just above its beginning.
		before, _, zero := strings.Cut(x, "\x00")
		return bound{arg: before, between: zero}, true
	case Number:
		return storedNumber(x, int32(c.Scale)), true
	case Date:
		switch {
		case x.Year < 0:
			return bound{beyond: -1}, true
		case x.Year > 9999:
			return bound{beyond: 1}, true
		}
		return bound{arg: x.String()}, true
	case DateTime:
		if !x.Zone.set {
			if !w.env.local.set {
				return bound{}, false
			}
			x.Zone = w.env.local
		}
		return storedInstant(x), true
	}
	return bound{}, false
}

func storedNumber(n Number, scale int32) bound {
	if n.big == nil && n.scale <= scale {
		if c, ok := shift(n.coef, min(scale-n.scale, maxScale)); ok {
			return bound{arg: c}
		}
	}
	floor, ok := n.round(scale, apd.RoundFloor)
	if ok {
		up, okUp := floor.mul(power10(scale))
		if i, whole := up.Int64(); okUp && whole {
			return bound{arg: i, between: floor.Cmp(n) != 0}
		}
	}
	if n.Sign() < 0 {
		return bound{beyond: -1}
	}
	return bound{beyond: 1}
}

func power10(scale int32) Number { return Number{coef: pow10[min(max(scale, 0), maxScale)]} }

func storedInstant(d DateTime) bound {
	const perSecond = int64(time.Second / time.Microsecond)
	sec := d.instant()
	if sec > math.MaxInt64/perSecond-1 || sec < math.MinInt64/perSecond+1 {
		return bound{beyond: sign(sec)}
	}
	return bound{arg: sec*perSecond + int64(d.Nano)/1000, between: d.Nano%1000 != 0}
}

// memberTest is "column in v" for a computed v: a list, a range or one value.
func (w *sqlWriter) memberTest(c Column, v Value, exact bool) {
	switch x := v.(type) {
	case Range:
		w.inRange(c, x, exact)
	case List:
		w.inList(c, x, exact)
	case bool:
		if c.Kind == ColumnBool {
			w.compareValue(c, opEq, x, exact)
			return
		}
		// As in a decision table: a boolean test of another input is its own result.
		w.put("CASE WHEN ", c.SQL, " IS NULL THEN FALSE ELSE ")
		w.truth(x)
		w.put(" END")
	default:
		w.compareValue(c, opEq, v, exact)
	}
}

func (w *sqlWriter) inRange(c Column, r Range, exact bool) {
	usable := func(v Value, absent bool) bool {
		if absent {
			return true
		}
		if v == nil || kindOf(v) != columnFEEL[c.Kind] {
			return false
		}
		_, ok := w.stored(c, v)
		return ok
	}
	if c.Kind == ColumnBool || !usable(r.Low, r.LowAbsent) || !usable(r.High, r.HighAbsent) {
		w.put(sqlNull)
		return
	}
	low, high := opGt, opLt
	if r.LowClosed {
		low = opGe
	}
	if r.HighClosed {
		high = opLe
	}
	switch {
	case r.LowAbsent && r.HighAbsent:
		w.put(c.SQL, " = ", c.SQL)
	case r.LowAbsent:
		w.compareValue(c, high, r.High, exact)
	case r.HighAbsent:
		w.compareValue(c, low, r.Low, exact)
	default:
		w.put("(")
		w.compareValue(c, low, r.Low, exact)
		w.put(" AND ")
		w.compareValue(c, high, r.High, exact)
		w.put(")")
	}
}

// inList: elements of another kind are equal to nothing, a null element is equal to null, ranges may decide nothing.
func (w *sqlWriter) inList(c Column, xs List, exact bool) {
	var args []any
	var ranges []Range
	null := false
	for _, x := range xs {
		switch x := x.(type) {
		case nil:
			null = true
		case Range:
			ranges = append(ranges, x)
		default:
			if kindOf(x) != columnFEEL[c.Kind] {
				continue
			}
			if b, ok := w.stored(c, x); ok && !b.between && b.beyond == 0 {
				args = append(args, b.arg)
			}
		}
	}
	parts := 0
	or := func() {
		if parts++; parts > 1 {
			w.put(" OR ")
		}
	}
	w.put("(")
	if null {
		or()
		w.put(c.SQL, " IS NULL")
	}
	if len(args) > 0 {
		or()
		if exact && !null {
			w.put("(", c.SQL, " IS NOT NULL AND ")
		}
		w.put(c.SQL, " IN (")
		for i, a := range args {
			if i > 0 {
				w.put(", ")
			}
			w.arg(a)
		}
		w.put(")")
		if exact && !null {
			w.put(")")
		}
	}
	for _, r := range ranges {
		or()
		w.inRange(c, r, exact)
	}
	if parts == 0 {
		w.put("FALSE")
	}
	w.put(")")
}
