package feel

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/cockroachdb/apd/v3"
	"pgregory.net/rapid"
)

// genNumber draws numbers around the edges of the small form.
func genNumber() *rapid.Generator[Number] {
	return rapid.Custom(func(t *rapid.T) Number {
		coef := rapid.OneOf(
			rapid.Int64(), rapid.Int64Range(-1000, 1000),
			rapid.SampledFrom([]int64{math.MaxInt64, math.MinInt64, math.MinInt64 + 1, 1e18, -1e18, 999999999999999999}),
		).Draw(t, "coef")
		exp := rapid.OneOf(rapid.Int32Range(-20, 5), rapid.Int32Range(-60, 60)).Draw(t, "exp")
		n, ok := NumberFromDecimal(apd.New(coef, exp))
		if !ok {
			t.Skip("outside decimal128")
		}
		return n
	})
}

// TestNumberArithmetic: the small form computes what decimal128 computes.
func TestNumberArithmetic(t *testing.T) {
	t.Parallel()
	type exact func(d, x, y *apd.Decimal) (apd.Condition, error)
	ops := map[string]struct {
		fast func(a, b Number) (Number, bool)
		slow exact
	}{
		"+": {Number.add, decimal128.Add}, "-": {Number.sub, decimal128.Sub}, "*": {Number.mul, decimal128.Mul},
		"/": {Number.div, decimal128.Quo},
	}
	for name, o := range ops {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				a, b := genNumber().Draw(rt, "a"), genNumber().Draw(rt, "b")
				got, ok := o.fast(a, b)
				var d apd.Decimal
				_, err := o.slow(&d, a.Decimal(), b.Decimal())
				if ok != (err == nil) {
					rt.Fatalf("%v %s %v: ok %v, reference %v", a, name, b, ok, err)
				}
				if ok && got.Decimal().Cmp(&d) != 0 {
					rt.Fatalf("%v %s %v = %v, reference %v", a, name, b, got, &d)
				}
			})
		})
	}
}

func TestNumberOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		a, b := genNumber().Draw(rt, "a"), genNumber().Draw(rt, "b")
		if got, want := a.Cmp(b), a.Decimal().Cmp(b.Decimal()); got != want {
			rt.Fatalf("%v <=> %v: got %d want %d", a, b, got, want)
		}
		scale := rapid.Int32Range(-30, 30).Draw(rt, "scale")
		low, okL := a.round(scale, apd.RoundFloor)
		high, okH := a.round(scale, apd.RoundCeiling)
		if !okL || !okH || low.Cmp(a) > 0 || high.Cmp(a) < 0 {
			rt.Fatalf("%v to %d decimals: floor %v, ceiling %v", a, scale, low, high)
		}
	})
}

// TestNumberText: printing and reading again gives the same number, in the same form.
func TestNumberText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		a := genNumber().Draw(rt, "a")
		b, err := ParseNumber(a.String())
		if err != nil || b.Cmp(a) != 0 || a.big == nil && a != b {
			rt.Fatalf("%v → %q → %v, %v", a, a.String(), b, err)
		}
	})
	for n, want := range map[string]string{"12.5": "12.50", "-0.005": "0.00", "-0.006": "-0.01", "0.015": "0.02", "7": "7.00", "1e20": "100000000000000000000.00"} {
		v, err := ParseNumber(n)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.Text(2); got != want {
			t.Errorf("Text(2) of %s: got %s want %s", n, got, want)
		}
	}
}

// TestCalendar: days, weekdays and weeks agree with the standard library's calendar.
func TestCalendar(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.Int64Range(-1_000_000, 5_000_000).Draw(rt, "days")
		d := dateFromDays(n)
		ref := time.Unix(n*secondsPerDay, 0).UTC()
		_, week := ref.ISOWeek()
		weekday := (int(ref.Weekday())+6)%7 + 1
		if d != DateOf(ref) || d.days() != n || d.weekday() != weekday || d.week() != week || d.yearDay() != ref.YearDay() {
			rt.Fatalf("%d: %v %d %d %d, reference %v", n, d, d.weekday(), d.week(), d.yearDay(), ref)
		}
		months := rapid.Int64Range(-5000, 5000).Draw(rt, "months")
		m, ok := d.addMonths(months)
		if first := DateOf(time.Date(d.Year, time.Month(d.Month)+time.Month(months), 1, 0, 0, 0, 0, time.UTC)); !ok ||
			m.Year != first.Year || m.Month != first.Month || m.Day > d.Day {
			rt.Fatalf("%v + %d months = %v", d, months, m)
		}
	})
}

// genValue draws values that have a literal.
func genValue(depth int) *rapid.Generator[Value] {
	return rapid.Custom(func(t *rapid.T) Value {
		kinds := 7
		if depth > 0 {
			kinds = 9
		}
		switch rapid.IntRange(0, kinds).Draw(t, "kind") {
		case 0:
			return rapid.Bool().Draw(t, "bool")
		case 1:
			return rapid.String().Draw(t, "text")
		case 2:
			return dateFromDays(rapid.Int64Range(-1e6, 1e6).Draw(t, "days"))
		case 3:
			return Months(rapid.Int64Range(-1000, 1000).Draw(t, "months"))
		case 4:
			d, _ := newDuration(rapid.Int64Range(-1e9, 1e9).Draw(t, "sec"), rapid.Int64Range(0, 1e9).Draw(t, "nano"))
			return d
		case 5:
			return DateTimeOf(time.UnixMilli(rapid.Int64Range(-1e13, 1e13).Draw(t, "ms")).In(time.FixedZone("", 8*3600)))
		case 6:
			return nil
		case 8:
			return List(rapid.SliceOfN(genValue(depth-1), 0, 4).Draw(t, "list"))
		case 9:
			c := NewContext()
			for _, k := range rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "keys") {
				c.put(k, genValue(depth-1).Draw(t, "field"))
			}
			return c
		}
		return genNumber().Draw(t, "number")
	})
}

// literalOf writes a value as an expression; Format leaves out the @"…" around temporal values.
func literalOf(v Value) string {
	switch x := v.(type) {
	case List:
		s := "["
		for i, el := range x {
			if i > 0 {
				s += ", "
			}
			s += literalOf(el)
		}
		return s + "]"
	case *Context:
		s := "{"
		for i, k := range x.keys {
			if i > 0 {
				s += ", "
			}
			s += keyText(k) + ": " + literalOf(x.vals[k])
		}
		return s + "}"
	case Date, DateTime, Duration, Months:
		return fmt.Sprintf("@%q", Format(v))
	}
	return literalText(v)
}

// TestLiterals: a value written as a literal evaluates to itself.
func TestLiterals(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		v := genValue(2).Draw(rt, "value")
		src := literalOf(v)
		x, err := Compile(src, nil)
		if err != nil {
			rt.Fatalf("%s: %v", src, err)
		}
		if got := x.Eval(&Env{}); !Equal(got, v) {
			rt.Fatalf("%s: got %s", src, literalOf(got))
		}
	})
}

// TestGoValues: what goes to Go and back is the same value.
func TestGoValues(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		v := rapid.SampledFrom([]any{nil, true, "a", NumberFromInt(3), DateTimeOf(astNow), List{"a", nil}, NewContext("k", "v")}).Draw(rt, "v")
		if got := FromGo(ToGo(v)); !Equal(got, v) {
			rt.Fatalf("%v → %v → %v", v, ToGo(v), got)
		}
	})
	for _, c := range []struct {
		in   any
		want string
	}{
		{int(3), "3"},
		{uint64(math.MaxUint64), "18446744073709551615"},
		{0.1, "0.1"},
		{math.NaN(), "null"},
		{float32(1.5), "1.5"},
		{90 * time.Minute, "PT1H30M"},
		{astNow, "2026-03-02T09:30:00+08:00"},
		{[]string{"a"}, `["a"]`},
		{map[string]any{"b": []any{1}, "a": nil}, "{a: null, b: [1]}"},
		{struct{}{}, "null"},
		{apd.New(125, -1), "12.5"},
	} {
		if got := literalText(FromGo(c.in)); got != c.want {
			t.Errorf("FromGo(%v): got %s want %s", c.in, got, c.want)
		}
	}
}
