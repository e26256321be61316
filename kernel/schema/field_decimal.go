package schema

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/feel"
)

// decimalKind is an exact decimal with a declared scale (digits behind the point, default 2, at most 9). Its canonical
// form is a string such as "12.50"; it is stored as a scaled integer on both databases, so that sorting, comparing and
// summing agree to the digit.
type decimalKind struct{ integerKind }

func (decimalKind) parse(f *Field, v any) (any, *fault.Field) {
	s, ok := numberText(v)
	if !ok || !isPlainDecimal(s) {
		return nil, wrong(f, "field.number")
	}
	units, ok := toUnits(s, f.scale())
	if !ok {
		if _, fraction, _ := strings.Cut(s, "."); len(strings.TrimRight(fraction, "0")) <= f.scale() {
			return nil, wrong(f, "field.number") // beyond what a column holds
		}
		return nil, wrong(f, "field.scale", "scale", f.scale())
	}
	text := fromUnits(units, f.scale())
	if bad := withinBounds(f, text); bad != nil {
		return nil, bad
	}
	return text, nil
}

func (decimalKind) declare(f *Field, _ *Set, problems *Problems) {
	checkBounds(f, problems)
	if f.scale() < 0 || f.scale() > 9 {
		problems.Add(f.Pos, "field.scale", "scale", f.scale())
	}
}

func (decimalKind) encode(f *Field, v any) []any {
	units, ok := toUnits(asString(v), f.scale())
	if !ok {
		return []any{nil}
	}
	return []any{units}
}

func (decimalKind) decode(f *Field, cols []any) any { return fromUnits(asInt(cols[0]), f.scale()) }

func (decimalKind) value(_ *Field, v any) feel.Value {
	n, err := feel.ParseNumber(asString(v))
	if err != nil {
		return nil
	}
	return n
}

func (decimalKind) schema(f *Field) map[string]any {
	return map[string]any{"type": []string{"string", "number"}, "format": "decimal", "pattern": `^-?\d+(\.\d+)?$`}
}

// scale gives the digits behind the point: declared, else 2.
func (f *Field) scale() int {
	if f.Scale != nil {
		return *f.Scale
	}
	return 2
}

// Digits gives the digits behind the point of a decimal or money field, and of a computed one of such a type.
func (f *Field) Digits() int { return f.scale() }

func numberText(v any) (string, bool) {
	switch x := v.(type) {
	case string:
		return ungroup(strings.TrimSpace(x)), true
	case json.Number:
		return plainNumber(x), true
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), true
	case int64:
		return strconv.FormatInt(x, 10), true
	case int:
		return strconv.Itoa(x), true
	}
	return "", false
}

// plainNumber writes out an exponent, which JSON allows: 1e2 is 100.
func plainNumber(x json.Number) string {
	s := x.String()
	if !strings.ContainsAny(s, "eE") {
		return s
	}
	n, err := feel.ParseNumber(s)
	if err != nil {
		return s
	}
	return feel.Format(n)
}

// ungroup takes the commas between groups of three digits away: "1,234.50". Any other comma stays and is refused, so that
// a decimal comma is not read as thousands.
func ungroup(s string) string {
	if grouped.MatchString(s) {
		return strings.ReplaceAll(s, ",", "")
	}
	return s
}

var (
	grouped = regexp.MustCompile(`^[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$`)
	decimal = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]*)?$`)
)

func isPlainDecimal(s string) bool { return decimal.MatchString(s) }

// toUnits reads a plain decimal into units of 10^-scale; false when it is no number, has more digits than the scale
// (other than zeros) or does not fit int64.
func toUnits(s string, scale int) (int64, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > scale || whole == "" || whole == "-" || strings.ContainsAny(fraction, "+-") {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", scale-len(fraction)), 10, 64)
	return n, err == nil
}

func fromUnits(n int64, scale int) string {
	if scale == 0 {
		return strconv.FormatInt(n, 10)
	}
	sign, s := "", strconv.FormatInt(n, 10)
	if n < 0 {
		sign, s = "-", s[1:]
	}
	if len(s) <= scale {
		s = strings.Repeat("0", scale-len(s)+1) + s
	}
	return sign + s[:len(s)-scale] + "." + s[len(s)-scale:]
}
