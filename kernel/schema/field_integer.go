package schema

import (
	"encoding/json"
	"strconv"

	"chengshu/base/fault"
	"chengshu/base/feel"
)

// integerKind is a whole number within int64.
type integerKind struct{ plain }

func (integerKind) columns(f *Field) []Column {
	return []Column{{Name: f.Name, Type: "BIGINT", Index: f.Filter}}
}

func (integerKind) declare(f *Field, _ *Set, problems *Problems) { checkBounds(f, problems) }

func (integerKind) parse(f *Field, v any) (any, *fault.Field) {
	n, ok := wholeNumber(v)
	if !ok {
		return nil, wrong(f, "field.integer")
	}
	if bad := withinBounds(f, strconv.FormatInt(n, 10)); bad != nil {
		return nil, bad
	}
	return n, nil
}

func (integerKind) decode(_ *Field, cols []any) any  { return asInt(cols[0]) }
func (integerKind) feel(*Field) feel.Type            { return feel.NumberType }
func (integerKind) value(_ *Field, v any) feel.Value { return feel.NumberFromInt(asInt(v)) }
func (integerKind) mask(*Field, any) any             { return nil }
func (integerKind) fromText(_ *Field, s string) any  { return s }

func (integerKind) schema(f *Field) map[string]any {
	s := map[string]any{"type": "integer"}
	if f.Low != nil {
		s["minimum"] = json.Number(*f.Low)
	}
	if f.High != nil {
		s["maximum"] = json.Number(*f.High)
	}
	return s
}

func wholeNumber(v any) (int64, bool) {
	switch x := v.(type) {
	case int64:
		return x, true
	case int:
		return int64(x), true
	case float64:
		n := int64(x)
		return n, float64(n) == x && x > -1<<53 && x < 1<<53
	case json.Number:
		n, err := strconv.ParseInt(plainNumber(x), 10, 64)
		return n, err == nil
	case string:
		n, err := strconv.ParseInt(ungroup(x), 10, 64)
		return n, err == nil
	}
	return 0, false
}

func checkBounds(f *Field, problems *Problems) {
	if f.Low != nil && f.High != nil {
		low, errLow := feel.ParseNumber(*f.Low)
		high, errHigh := feel.ParseNumber(*f.High)
		if errLow == nil && errHigh == nil && low.Cmp(high) > 0 {
			problems.Add(f.Pos, "field.bounds", "low", *f.Low, "high", *f.High)
		}
	}
	for _, b := range []*string{f.Low, f.High} {
		if b != nil {
			if _, err := feel.ParseNumber(*b); err != nil {
				problems.Add(f.Pos, "field.bound", "value", *b)
			}
		}
	}
}

func withinBounds(f *Field, s string) *fault.Field {
	n, err := feel.ParseNumber(s)
	if err != nil {
		return wrong(f, "field.number")
	}
	if f.Low != nil {
		if low, err := feel.ParseNumber(*f.Low); err == nil && n.Cmp(low) < 0 {
			return wrong(f, "field.low", "low", *f.Low)
		}
	}
	if f.High != nil {
		if high, err := feel.ParseNumber(*f.High); err == nil && n.Cmp(high) > 0 {
			return wrong(f, "field.high", "high", *f.High)
		}
	}
	return nil
}
