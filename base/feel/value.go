package feel

import (
	"maps"
	"slices"
	"strings"
)

// Value is a FEEL value: nil, bool, string, Number, Date, Time, DateTime, Duration, Months, List, *Context, Range or
// *Function. Product code may also hand in a Vars of its own, which is then read like a context. Values are immutable:
// whoever has handed one over no longer changes it.
type Value = any

// List is a FEEL list. FEEL counts from 1, and from the end with -1.
type List []Value

// Context is a FEEL context: named values in the order in which they were put.
type Context struct {
	keys []string
	vals map[string]Value
}

// Range is an interval. A bound that is absent by syntax, as in "(< 5)", has its Open flag; a bound that is null by
// accident has not, and the range then contains nothing one can be sure of.
type Range struct {
	Low, High             Value
	LowClosed, HighClosed bool
	LowAbsent, HighAbsent bool
}

// NewContext makes a context of alternating keys and values.
func NewContext(pairs ...any) *Context {
	c := &Context{vals: make(map[string]Value, len(pairs)/2)}
	for i := 0; i+1 < len(pairs); i += 2 {
		if k, ok := pairs[i].(string); ok {
			c.put(k, pairs[i+1])
		}
	}
	return c
}

// Get finds a field, like Vars.
func (c *Context) Get(name string) (Value, bool) {
	v, ok := c.vals[name]
	return v, ok
}

// Keys are the field names in order; not to be changed.
func (c *Context) Keys() []string { return c.keys }

// Len is the number of fields.
func (c *Context) Len() int { return len(c.keys) }

// put is for contexts under construction only.
func (c *Context) put(k string, v Value) {
	if c.vals == nil {
		c.vals = map[string]Value{}
	}
	if _, ok := c.vals[k]; !ok {
		c.keys = append(c.keys, k)
	}
	c.vals[k] = v
}

// With gives a copy with one more or one changed field.
func (c *Context) With(k string, v Value) *Context {
	n := &Context{keys: slices.Clone(c.keys), vals: maps.Clone(c.vals)}
	n.put(k, v)
	return n
}

// Equal is FEEL's "=" where it is true; values that do not compare are not equal.
func Equal(a, b Value) bool {
	eq, ok := equal(nil, a, b)
	return eq && ok
}

// equal is "=": null equals null alone, values of different kinds do not compare (ok is false).
func equal(e *Env, a, b Value) (eq, ok bool) {
	if a == nil || b == nil {
		return a == nil && b == nil, true
	}
	switch x := a.(type) {
	case bool:
		y, ok := b.(bool)
		return x == y, ok
	case string:
		y, ok := b.(string)
		return x == y, ok
	case Number:
		y, ok := b.(Number)
		return ok && x.Cmp(y) == 0, ok
	case Duration:
		y, ok := b.(Duration)
		return x == y, ok
	case Months:
		y, ok := b.(Months)
		return x == y, ok
	case List:
		y, ok := b.(List)
		return ok && equalLists(e, x, y), ok
	case *Context:
		y, ok := b.(*Context)
		return ok && equalContexts(e, x, y), ok
	case Range:
		y, ok := b.(Range)
		return ok && equalRanges(e, x, y), ok
	case *Function:
		y, ok := b.(*Function)
		return x == y, ok
	case Date, Time, DateTime:
		// A local and a zoned time are of one kind and differ.
		c, ok := order(e, a, b)
		return c == 0 && ok, kindOf(a) == kindOf(b)
	}
	return false, false
}

func equalLists(e *Env, x, y List) bool {
	return slices.EqualFunc(x, y, func(a, b Value) bool {
		eq, ok := equal(e, a, b)
		return eq && ok
	})
}

func equalContexts(e *Env, x, y *Context) bool {
	if x.Len() != y.Len() {
		return false
	}
	for _, k := range x.keys {
		v, has := y.vals[k]
		if !has {
			return false
		}
		if eq, ok := equal(e, x.vals[k], v); !eq || !ok {
			return false
		}
	}
	return true
}

func equalRanges(e *Env, x, y Range) bool {
	low, okL := equal(e, x.Low, y.Low)
	high, okH := equal(e, x.High, y.High)
	return low && okL && high && okH && x.LowClosed == y.LowClosed && x.HighClosed == y.HighClosed &&
		x.LowAbsent == y.LowAbsent && x.HighAbsent == y.HighAbsent
}

// order compares two values of one ordered kind; ok is false for anything else, null included.
func order(e *Env, a, b Value) (c int, ok bool) {
	switch x := a.(type) {
	case Number:
		if y, ok := b.(Number); ok {
			return x.Cmp(y), true
		}
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y), true
		}
	case Date:
		if y, ok := b.(Date); ok {
			return sign(x.days() - y.days()), true
		}
	case Time:
		if y, ok := b.(Time); ok {
			return orderTimes(e, x, y)
		}
	case DateTime:
		if y, ok := b.(DateTime); ok {
			return orderDateTimes(e, x, y)
		}
	case Duration:
		if y, ok := b.(Duration); ok {
			return x.cmp(y), true
		}
	case Months:
		if y, ok := b.(Months); ok {
			return sign(int64(x - y)), true
		}
	}
	return 0, false
}

func sign(i int64) int {
	switch {
	case i < 0:
		return -1
	case i > 0:
		return 1
	}
	return 0
}

// orderTimes: a local time and one with a zone compare only where the environment has a zone for local ones.
func orderTimes(e *Env, x, y Time) (int, bool) {
	if x.Zone.set != y.Zone.set {
		if e == nil || !e.local.set {
			return 0, false
		}
		if !x.Zone.set {
			x.Zone = e.local
		} else {
			y.Zone = e.local
		}
	}
	if c := sign(int64(x.seconds() - x.offset() - y.seconds() + y.offset())); c != 0 {
		return c, true
	}
	return sign(int64(x.Nano - y.Nano)), true
}

func orderDateTimes(e *Env, x, y DateTime) (int, bool) {
	if x.Zone.set != y.Zone.set {
		if e == nil || !e.local.set {
			return 0, false
		}
		if !x.Zone.set {
			x.Zone = e.local
		} else {
			y.Zone = e.local
		}
	}
	if c := sign(x.instant() - y.instant()); c != 0 {
		return c, true
	}
	return sign(int64(x.Nano - y.Nano)), true
}

// contains tells whether v lies in r; ok is false where that cannot be said.
func (r Range) contains(e *Env, v Value) (in, ok bool) {
	in = true
	if !r.LowAbsent {
		c, ok := order(e, v, r.Low)
		if !ok {
			return false, false
		}
		in = c > 0 || c == 0 && r.LowClosed
	}
	if !r.HighAbsent {
		c, ok := order(e, v, r.High)
		if !ok {
			return false, false
		}
		in = in && (c < 0 || c == 0 && r.HighClosed)
	}
	return in, v != nil
}

// member is "v in w" for a test value w: a list of values and ranges, a range, or one value. The result is a FEEL
// boolean or null.
func member(e *Env, v, w Value) Value {
	switch w := w.(type) {
	case Range:
		if in, ok := w.contains(e, v); ok {
			return in
		}
		return nil
	case List:
		return memberOf(e, v, w)
	default:
		eq, ok := equal(e, v, w)
		if !ok {
			return e.fail("feel.compare", "left", kindOf(v).String(), "right", kindOf(w).String())
		}
		return eq
	}
}

func memberOf(e *Env, v Value, w List) Value {
	unknown := false
	for _, el := range w {
		if r, isRange := el.(Range); isRange {
			in, ok := r.contains(e, v)
			if in && ok {
				return true
			}
			unknown = unknown || !ok
		}
		if eq, ok := equal(e, v, el); eq && ok {
			return true
		}
	}
	if eq, ok := equal(e, v, w); eq && ok {
		return true
	}
	if unknown {
		return nil
	}
	return false
}
