package schema

import (
	"strings"

	"chengshu/base/fault"
)

// usccKind is a unified social credit code of GB 32100-2015: 18 characters of 0-9 and A-Z without I, O, S, V, Z, the last
// one a check character (modulus 31, weights 3^i).
type usccKind struct{ plain }

func (usccKind) parse(f *Field, v any) (any, *fault.Field) {
	const alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	s, ok := v.(string)
	if !ok {
		return nil, wrong(f, "field.uscc")
	}
	s = strings.ToUpper(strings.TrimSpace(s))
	if len(s) != 18 {
		return nil, wrong(f, "field.uscc")
	}
	sum, weight := 0, 1
	for i := range 17 {
		n := strings.IndexByte(alphabet, s[i])
		if n < 0 {
			return nil, wrong(f, "field.uscc")
		}
		sum += n * weight
		weight = weight * 3 % 31
	}
	if s[17] != alphabet[(31-sum%31)%31] {
		return nil, wrong(f, "field.uscc")
	}
	return s, nil
}
