package feel

import (
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"chengshu/base/fault"
)

// Number is a FEEL number: a decimal of at most 34 significant digits (DMN 1.5 §10.3.2.3.1, IEEE 754 decimal128). It is
// immutable and kept in lowest form, so 1.0 and 1 are the same number and print the same; Text gives a fixed number of
// decimals. Small ones, |p| < 2^63 with up to 18 decimals, need no memory of their own. The zero value is 0.
// Compare with Cmp or Equal, not with ==.
type Number struct {
	coef  int64        // value = coef × 10^-scale while big is nil
	scale int32        // 0…18
	big   *apd.Decimal // reduced, never changed; only what does not fit the small form
}

const maxScale = 18

var pow10 = [maxScale + 1]int64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
}

// decimal128 is the arithmetic of FEEL: 34 digits, ties to even, errors instead of infinities and NaN.
var decimal128 = apd.Context{
	Precision: 34, MaxExponent: 6144, MinExponent: -6143, Rounding: apd.RoundHalfEven, Traps: apd.DefaultTraps,
}

// NumberFromInt is the number i.
func NumberFromInt(i int64) Number { return Number{coef: i} }

// ParseNumber reads a decimal literal such as "-12.50" or "1.5e3". Anything else is fault.Invalid "feel.number".
func ParseNumber(s string) (Number, error) {
	if n, ok := parseSmall(s); ok {
		return n, nil
	}
	if !numeric(s) {
		return Number{}, fault.New(fault.Invalid, "feel.number", "text", clip(s))
	}
	var d apd.Decimal
	if _, _, err := decimal128.SetString(&d, s); err != nil || d.Form != apd.Finite {
		return Number{}, fault.New(fault.Invalid, "feel.number", "text", clip(s))
	}
	return fromBig(&d), nil
}

// numeric keeps out what apd reads but FEEL does not: signs alone, NaN, infinities, and exponents of absurd length.
func numeric(s string) bool {
	digits, exp := 0, strings.IndexAny(s, "eE")
	if exp >= 0 && len(s)-exp > 7 {
		return false
	}
	for i, r := range []byte(s) {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case (r == '-' || r == '+') && (i == 0 || i == exp+1):
		case r == '.' && (exp < 0 || i < exp):
		case i == exp && i > 0:
		default:
			return false
		}
	}
	return digits > 0
}

func parseSmall(s string) (Number, bool) {
	neg := false
	i := 0
	if s != "" && s[0] == '-' {
		neg, i = true, 1
	}
	if len(s)-i > maxScale || len(s) == i {
		return Number{}, false
	}
	var coef int64
	scale, dot, digits := int32(0), false, 0
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			coef = coef*10 + int64(c-'0')
			digits++
			if dot {
				scale++
			}
		case c == '.' && !dot:
			dot = true
		default:
			return Number{}, false
		}
	}
	if neg {
		coef = -coef
	}
	return lowest(coef, scale), digits > 0
}

func lowest(coef int64, scale int32) Number {
	if coef == 0 {
		return Number{}
	}
	for scale > 0 && coef%10 == 0 {
		coef /= 10
		scale--
	}
	return Number{coef: coef, scale: scale}
}

// fromBig reduces d and takes the small form where it fits. It keeps d.
func fromBig(d *apd.Decimal) Number {
	d.Reduce(d)
	if d.Coeff.IsInt64() {
		c := d.Coeff.Int64()
		if d.Negative {
			c = -c
		}
		switch e := d.Exponent; {
		case c == 0:
			return Number{}
		case e <= 0 && e >= -maxScale:
			return Number{coef: c, scale: -e}
		case e > 0 && e <= maxScale:
			if hi, lo := bits.Mul64(uint64(abs64(c)), uint64(pow10[e])); hi == 0 && lo <= math.MaxInt64 {
				return Number{coef: c * pow10[e]}
			}
		}
	}
	return Number{big: d}
}

func abs64(i int64) int64 {
	if i < 0 {
		return -i
	}
	return i
}

// dec gives n as apd; the result must not be changed.
func (n Number) dec() *apd.Decimal {
	if n.big != nil {
		return n.big
	}
	return apd.New(n.coef, -n.scale)
}

// apply runs one decimal128 operation.
func apply(op func(d *apd.Decimal) (apd.Condition, error)) (Number, bool) {
	var d apd.Decimal
	if _, err := op(&d); err != nil || d.Form != apd.Finite {
		return Number{}, false
	}
	return fromBig(&d), true
}

// align brings two small numbers to one scale.
func align(a, b Number) (x, y int64, scale int32, ok bool) {
	if a.big != nil || b.big != nil {
		return 0, 0, 0, false
	}
	x, y, scale = a.coef, b.coef, a.scale
	switch {
	case a.scale < b.scale:
		x, ok = shift(x, b.scale-a.scale)
		scale = b.scale
	case a.scale > b.scale:
		y, ok = shift(y, a.scale-b.scale)
	default:
		ok = true
	}
	return x, y, scale, ok
}

func shift(c int64, by int32) (int64, bool) {
	hi, lo := bits.Mul64(uint64(abs64(c)), uint64(pow10[by]))
	return c * pow10[by], hi == 0 && lo < math.MaxInt64
}

// Cmp is -1, 0 or +1 as n is below, equal to or above m.
func (n Number) Cmp(m Number) int {
	x, y, _, ok := align(n, m)
	switch {
	case !ok:
		return cmpBig(n.dec(), m.dec())
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// cmpBig looks at sign and magnitude first: aligning the digits of 1E+6144 and 1E-6143 would take long.
func cmpBig(a, b *apd.Decimal) int {
	sa, sb := a.Sign(), b.Sign()
	switch {
	case sa != sb:
		return sign(int64(sa - sb))
	case sa == 0:
		return 0
	}
	if d := magnitude(a) - magnitude(b); d > 1 || d < -1 {
		return sign(d) * sa
	}
	return a.Cmp(b)
}

// magnitude is the power of ten of the first digit.
func magnitude(d *apd.Decimal) int64 { return d.NumDigits() + int64(d.Exponent) }

// Sign is -1, 0 or +1.
func (n Number) Sign() int {
	if n.big != nil {
		return n.big.Sign()
	}
	switch {
	case n.coef < 0:
		return -1
	case n.coef > 0:
		return 1
	}
	return 0
}

func (n Number) neg() Number {
	if n.big == nil && n.coef != math.MinInt64 {
		return Number{coef: -n.coef, scale: n.scale}
	}
	m, _ := apply(func(d *apd.Decimal) (apd.Condition, error) { return decimal128.Neg(d, n.dec()) })
	return m
}

func (n Number) add(m Number) (Number, bool) {
	if x, y, scale, ok := align(n, m); ok {
		if s := x + y; (s > x) == (y > 0) {
			return lowest(s, scale), true
		}
	}
	a, b := n.dec(), m.dec()
	if a.Sign() != 0 && b.Sign() != 0 {
		// Far below half of the last digit, the smaller one changes nothing.
		const far = 40
		switch d := magnitude(a) - magnitude(b); {
		case d > far:
			return n, true
		case d < -far:
			return m, true
		}
	}
	return apply(func(d *apd.Decimal) (apd.Condition, error) { return decimal128.Add(d, a, b) })
}

func (n Number) sub(m Number) (Number, bool) { return n.add(m.neg()) }

func (n Number) mul(m Number) (Number, bool) {
	if n.big == nil && m.big == nil && n.scale+m.scale <= maxScale {
		hi, lo := bits.Mul64(uint64(abs64(n.coef)), uint64(abs64(m.coef)))
		if hi == 0 && lo <= math.MaxInt64 {
			return lowest(n.coef*m.coef, n.scale+m.scale), true
		}
	}
	return apply(func(d *apd.Decimal) (apd.Condition, error) { return decimal128.Mul(d, n.dec(), m.dec()) })
}

// div is false for a division by zero.
func (n Number) div(m Number) (Number, bool) {
	if m.Sign() == 0 {
		return Number{}, false
	}
	if x, y, _, ok := align(n, m); ok && x%y == 0 && y != -1 {
		return Number{coef: x / y}, true
	}
	return apply(func(d *apd.Decimal) (apd.Condition, error) { return decimal128.Quo(d, n.dec(), m.dec()) })
}

// maxPower bounds integer exponents, so that no power takes long.
const maxPower = 1 << 20

func (n Number) pow(m Number) (Number, bool) {
	if i, ok := m.Int64(); !ok || i > maxPower || i < -maxPower {
		if n.Sign() < 0 || m.Cmp(NumberFromInt(maxPower)) > 0 || m.Cmp(NumberFromInt(-maxPower)) < 0 {
			return Number{}, false
		}
	}
	return apply(func(d *apd.Decimal) (apd.Condition, error) { return decimal128.Pow(d, n.dec(), m.dec()) })
}

// Int64 gives n as an integer; false when it has decimals or does not fit.
func (n Number) Int64() (int64, bool) {
	if n.big == nil {
		return n.coef, n.scale == 0
	}
	i, err := n.big.Int64()
	return i, err == nil
}

// Float64 is the nearest binary number, for charts and coordinates, never for money.
func (n Number) Float64() float64 {
	if n.big == nil && n.scale == 0 {
		return float64(n.coef)
	}
	f, err := strconv.ParseFloat(n.dec().String(), 64)
	if err != nil {
		return math.NaN()
	}
	return f
}

// Decimal is n as an apd decimal of its own.
func (n Number) Decimal() *apd.Decimal { return new(apd.Decimal).Set(n.dec()) }

// NumberFromDecimal rounds d to 34 digits; false for NaN, infinities and numbers outside decimal128.
func NumberFromDecimal(d *apd.Decimal) (Number, bool) {
	return apply(func(r *apd.Decimal) (apd.Condition, error) { return decimal128.Round(r, d) })
}

// String prints n in plain notation, "-0.5", "1200"; only numbers longer than 60 characters use an exponent.
func (n Number) String() string {
	if n.big != nil {
		if e := n.big.Exponent; e > 60 || e < -60 {
			return n.big.Text('E')
		}
		return n.big.Text('f')
	}
	s := strconv.FormatInt(n.coef, 10)
	if n.scale == 0 {
		return s
	}
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	if pad := int(n.scale) + 1 - len(s); pad > 0 {
		s = strings.Repeat("0", pad) + s
	}
	at := len(s) - int(n.scale)
	return sign + s[:at] + "." + s[at:]
}

// Text prints n with exactly scale decimals, ties to even, e.g. Text(2) = "12.50".
func (n Number) Text(scale int) string {
	r, ok := n.round(int32(min(max(scale, 0), 6000)), apd.RoundHalfEven)
	if !ok {
		return n.String()
	}
	s := r.String()
	if scale <= 0 || strings.Contains(s, "E") {
		return s
	}
	whole, frac, _ := strings.Cut(s, ".")
	return whole + "." + frac + strings.Repeat("0", max(0, scale-len(frac)))
}

// round cuts n to scale decimals; scale may be negative.
func (n Number) round(scale int32, mode apd.Rounder) (Number, bool) {
	x := n.dec()
	if -x.Exponent <= scale {
		return n, true
	}
	if magnitude(x) <= int64(-scale) {
		return n.roundBelow(scale, mode)
	}
	ctx := decimal128
	ctx.Rounding = mode
	ctx.Precision++ // 99.…9 may gain a digit
	var d apd.Decimal
	if _, err := ctx.Quantize(&d, x, -scale); err != nil {
		return Number{}, false
	}
	return NumberFromDecimal(&d)
}

// roundBelow rounds n, which is smaller than one unit 10^-scale, to zero or one unit; apd knows only zero here.
func (n Number) roundBelow(scale int32, mode apd.Rounder) (Number, bool) {
	unit, ok := NumberFromDecimal(apd.New(1, -scale))
	if !ok {
		return Number{}, n.Sign() == 0
	}
	half, ok := unit.mul(Number{coef: 5, scale: 1})
	if !ok {
		return Number{}, false
	}
	c := absolute(n).Cmp(half)
	away := false
	switch mode {
	case apd.RoundUp:
		away = n.Sign() != 0
	case apd.RoundFloor:
		away = n.Sign() < 0
	case apd.RoundCeiling:
		away = n.Sign() > 0
	case apd.RoundHalfUp:
		away = c >= 0
	case apd.RoundHalfDown, apd.RoundHalfEven:
		away = c > 0
	default:
	}
	switch {
	case !away:
		return Number{}, true
	case n.Sign() < 0:
		return unit.neg(), true
	}
	return unit, true
}
