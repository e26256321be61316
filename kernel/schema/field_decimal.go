package schema

import (
	"encoding/json"
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
	if !ok {
		return nil, wrong(f, "field.number")
	}
	units, ok := toUnits(s, f.scale())
	if !ok {
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

// DecimalScale gives the number of digits by which the field's column is scaled, 0 for whole numbers.
func (f *Field) DecimalScale() int {
	switch f.kind.(type) {
	case decimalKind, moneyKind:
		return f.scale()
	}
	return 0
}

func numberText(v any) (string, bool) {
	switch x := v.(type) {
	case string:
		return strings.TrimSpace(strings.ReplaceAll(x, ",", "")), true
	case json.Number:
		return x.String(), true
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), true
	case int64:
		return strconv.FormatInt(x, 10), true
	case int:
		return strconv.Itoa(x), true
	}
	return "", false
}

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
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	s := strconv.FormatInt(n, 10)
	if len(s) <= scale {
		s = strings.Repeat("0", scale-len(s)+1) + s
	}
	return sign + s[:len(s)-scale] + "." + s[len(s)-scale:]
}
