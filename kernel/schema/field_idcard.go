package schema

import (
	"strings"

	"chengshu/base/fault"
)

// idcardKind is a citizen identity number: 18 characters with the check character of GB 11643-1999 (ISO 7064 MOD 11-2)
// and a valid date of birth.
type idcardKind struct{ plain }

func (idcardKind) parse(f *Field, v any) (any, *fault.Field) {
	s, ok := v.(string)
	if !ok {
		return nil, wrong(f, "field.idcard")
	}
	s = strings.ToUpper(strings.TrimSpace(s))
	if len(s) != 18 {
		return nil, wrong(f, "field.idcard")
	}
	sum := 0
	for i := range 17 {
		if s[i] < '0' || s[i] > '9' {
			return nil, wrong(f, "field.idcard")
		}
		sum += int(s[i]-'0') * (1 << (17 - i) % 11)
	}
	check := "10X98765432"[sum%11]
	if s[17] != check || !isDate(s[6:10]+"-"+s[10:12]+"-"+s[12:14]) {
		return nil, wrong(f, "field.idcard")
	}
	return s, nil
}

func (idcardKind) mask(f *Field, v any) any {
	if f.Mask != "" {
		return maskText(f.Mask, asString(v))
	}
	return maskText("idcard", asString(v))
}
