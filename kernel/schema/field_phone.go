package schema

import (
	"strings"

	"chengshu/base/fault"
)

// phoneKind is a Chinese telephone number: a mobile number of 11 digits, a land line with area code, or a service
// number of 3 to 5 digits or starting 400/800.
type phoneKind struct{ plain }

func (phoneKind) parse(f *Field, v any) (any, *fault.Field) {
	s, ok := v.(string)
	if !ok {
		return nil, wrong(f, "field.phone")
	}
	s = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "").Replace(strings.TrimPrefix(strings.TrimSpace(s), "+86"))
	for _, r := range s {
		if r < '0' || r > '9' {
			return nil, wrong(f, "field.phone")
		}
	}
	mobile := len(s) == 11 && s[0] == '1' && s[1] >= '3'
	landline := len(s) >= 10 && len(s) <= 12 && s[0] == '0'
	local := len(s) >= 7 && len(s) <= 8 && s[0] >= '2'
	service := len(s) >= 3 && len(s) <= 5 || len(s) == 10 && (strings.HasPrefix(s, "400") || strings.HasPrefix(s, "800"))
	if !mobile && !landline && !local && !service {
		return nil, wrong(f, "field.phone")
	}
	return s, nil
}

func (phoneKind) mask(f *Field, v any) any {
	if f.Mask != "" {
		return maskText(f.Mask, asString(v))
	}
	return maskText("phone", asString(v))
}
