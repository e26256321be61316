package feel

import (
	"github.com/cockroachdb/apd/v3"
)

const roundDown = apd.RoundDown

func (t *table) numbers() {
	t.add("decimal(n: number, scale: number) -> number", rounding(apd.RoundHalfEven))
	t.add("floor(n: number, [scale: number]) -> number", rounding(apd.RoundFloor))
	t.add("ceiling(n: number, [scale: number]) -> number", rounding(apd.RoundCeiling))
	t.add("round up(n: number, scale: number) -> number", rounding(apd.RoundUp))
	t.add("round down(n: number, scale: number) -> number", rounding(apd.RoundDown))
	t.add("round half up(n: number, scale: number) -> number", rounding(apd.RoundHalfUp))
	t.add("round half down(n: number, scale: number) -> number", rounding(apd.RoundHalfDown))
	t.add("abs(n: number) -> number", func(_ *Env, a []Value) Value { return absolute(a[0].(Number)) })
	t.add("abs(n: days and time duration) -> days and time duration", func(_ *Env, a []Value) Value {
		if d := a[0].(Duration); d.Seconds < 0 || d.Nanos < 0 {
			return d.neg()
		}
		return a[0]
	})
	t.add("abs(n: years and months duration) -> years and months duration", func(_ *Env, a []Value) Value {
		return Months(abs64(int64(a[0].(Months))))
	})
	t.add("modulo(dividend: number, divisor: number) -> number", fnModulo)
	t.add("sqrt(number: number) -> number", unary(func(d, x *apd.Decimal) (apd.Condition, error) { return decimal128.Sqrt(d, x) }))
	t.add("log(number: number) -> number", unary(func(d, x *apd.Decimal) (apd.Condition, error) { return decimal128.Ln(d, x) }))
	t.add("exp(number: number) -> number", fnExp)
	t.add("odd(number: number) -> boolean", func(e *Env, a []Value) Value { return parity(e, a[0].(Number), 1) })
	t.add("even(number: number) -> boolean", func(e *Env, a []Value) Value { return parity(e, a[0].(Number), 0) })
}

// rounding cuts to scale decimals; the scale is whole and within −6111…6176 (DMN 1.5 table 75).
func rounding(mode apd.Rounder) func(e *Env, a []Value) Value {
	return func(e *Env, a []Value) Value {
		scale := int64(0)
		if a[1] != nil {
			s, ok := whole(a[1])
			if !ok || s < -6111 || s > 6176 {
				return e.fail("feel.scale", "scale", Format(a[1]))
			}
			scale = s
		}
		n, ok := a[0].(Number).round(int32(scale), mode)
		if !ok {
			return e.fail("feel.overflow")
		}
		return n
	}
}

func absolute(n Number) Number {
	if n.Sign() < 0 {
		return n.neg()
	}
	return n
}

func unary(f func(d, x *apd.Decimal) (apd.Condition, error)) func(e *Env, a []Value) Value {
	return func(e *Env, a []Value) Value {
		const steps = 50
		if !e.spend(steps) {
			return nil
		}
		n, ok := apply(func(d *apd.Decimal) (apd.Condition, error) { return f(d, a[0].(Number).dec()) })
		if !ok {
			return e.fail("feel.domain-of-function", "number", Format(a[0]))
		}
		return n
	}
}

func fnExp(e *Env, a []Value) Value {
	const (
		most  = 14200 // e^14200 is beyond decimal128
		small = 50
		dear  = 5000 // steps: the series of a large exponent is long
	)
	n := absolute(a[0].(Number))
	if n.Cmp(NumberFromInt(most)) > 0 {
		return e.fail("feel.overflow")
	}
	if n.Cmp(NumberFromInt(small)) > 0 && !e.spend(dear) {
		return nil
	}
	return unary(func(d, x *apd.Decimal) (apd.Condition, error) { return decimal128.Exp(d, x) })(e, a)
}

// fnModulo is dividend − divisor × floor(dividend / divisor): the sign follows the divisor.
func fnModulo(e *Env, a []Value) Value {
	x, y := a[0].(Number), a[1].(Number)
	if y.Sign() == 0 {
		return e.fail("feel.division")
	}
	if i, j, scale, ok := align(x, y); ok {
		m := i % j
		if m != 0 && (m < 0) != (j < 0) {
			m += j
		}
		return lowest(m, scale)
	}
	const steps = 100
	if !e.spend(steps) {
		return nil
	}
	ctx := decimal128
	ctx.Precision = 200
	var m, sum apd.Decimal
	if _, err := ctx.Rem(&m, x.dec(), y.dec()); err != nil {
		return e.fail("feel.overflow")
	}
	if m.Sign() != 0 && (m.Sign() < 0) != (y.Sign() < 0) {
		if _, err := ctx.Add(&sum, &m, y.dec()); err != nil {
			return e.fail("feel.overflow")
		}
		m.Set(&sum)
	}
	n, ok := NumberFromDecimal(&m)
	if !ok {
		return e.fail("feel.overflow")
	}
	return n
}

// parity: a number with decimals is neither odd nor even.
func parity(e *Env, n Number, want int64) Value {
	m, ok := fnModulo(e, []Value{n, NumberFromInt(2)}).(Number)
	return ok && m.Cmp(NumberFromInt(want)) == 0
}
