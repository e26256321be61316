package feel

import (
	"slices"

	"github.com/cockroachdb/apd/v3"
)

func (t *table) statistics() {
	for name, f := range map[string]func(e *Env, xs []Number) Value{
		"sum": fnSum, "mean": fnMean, "product": fnProduct, "median": fnMedian, "stddev": fnStddev,
	} {
		t.add(name+"(list: list) -> number", numeric1(f, false))
		t.add(name+"(n: any?...) -> number", numeric1(f, true))
	}
	t.add("mode(list: list) -> numbers", numeric1(fnMode, false))
	t.add("mode(n: any?...) -> numbers", numeric1(fnMode, true))
}

// numeric1 hands a list of numbers over; anything else in it makes the result null.
func numeric1(f func(e *Env, xs []Number) Value, spread bool) func(e *Env, a []Value) Value {
	return func(e *Env, a []Value) Value {
		xs := List(a)
		if !spread {
			xs = a[0].(List)
		}
		nums := make([]Number, len(xs))
		for i, x := range xs {
			n, ok := x.(Number)
			if !ok {
				return e.fail("feel.argument", "want", "number", "got", kindOf(x).String())
			}
			nums[i] = n
		}
		return f(e, nums)
	}
}

func number(e *Env, n Number, ok bool) Value {
	if !ok {
		return e.fail("feel.overflow")
	}
	return n
}

func fnSum(e *Env, xs []Number) Value {
	if len(xs) == 0 {
		return nil
	}
	sum, ok := total(xs)
	return number(e, sum, ok)
}

func total(xs []Number) (sum Number, ok bool) {
	for _, x := range xs {
		if sum, ok = sum.add(x); !ok {
			return sum, false
		}
	}
	return sum, true
}

func fnProduct(e *Env, xs []Number) Value {
	if len(xs) == 0 {
		return nil
	}
	p, ok := NumberFromInt(1), true
	for _, x := range xs {
		if p, ok = p.mul(x); !ok {
			break
		}
	}
	return number(e, p, ok)
}

func fnMean(e *Env, xs []Number) Value {
	if len(xs) == 0 {
		return nil
	}
	m, ok := mean(xs)
	return number(e, m, ok)
}

func mean(xs []Number) (Number, bool) {
	sum, ok := total(xs)
	if !ok {
		return sum, false
	}
	return sum.div(NumberFromInt(int64(len(xs))))
}

func fnMedian(e *Env, xs []Number) Value {
	if len(xs) == 0 {
		return nil
	}
	s := slices.Clone(xs)
	slices.SortFunc(s, Number.Cmp)
	if mid := len(s) / 2; len(s)%2 == 1 {
		return s[mid]
	}
	m, ok := mean(s[len(s)/2-1 : len(s)/2+1])
	return number(e, m, ok)
}

// fnStddev is the sample standard deviation; one number alone has none.
func fnStddev(e *Env, xs []Number) Value {
	if len(xs) < 2 {
		return e.fail("feel.too-few", "count", len(xs))
	}
	m, ok := mean(xs)
	if !ok {
		return e.fail("feel.overflow")
	}
	var sum Number
	for _, x := range xs {
		d, okD := x.sub(m)
		sq, okQ := d.mul(d)
		next, okA := sum.add(sq)
		if !okD || !okQ || !okA {
			return e.fail("feel.overflow")
		}
		sum = next
	}
	v, ok := sum.div(NumberFromInt(int64(len(xs) - 1)))
	if !ok {
		return e.fail("feel.overflow")
	}
	r, ok := apply(func(d *apd.Decimal) (apd.Condition, error) { return decimal128.Sqrt(d, v.dec()) })
	return number(e, r, ok)
}

// fnMode lists the most frequent numbers in ascending order.
func fnMode(_ *Env, xs []Number) Value {
	s := slices.Clone(xs)
	slices.SortFunc(s, Number.Cmp)
	out, best := List{}, 0
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && s[j].Cmp(s[i]) == 0 {
			j++
		}
		switch n := j - i; {
		case n > best:
			out, best = List{s[i]}, n
		case n == best:
			out = append(out, s[i])
		}
		i = j
	}
	return out
}
