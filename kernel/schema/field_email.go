package schema

import (
	"net/mail"
	"strings"

	"chengshu/base/fault"
)

// emailKind is one e-mail address without a display name (RFC 5322 addr-spec).
type emailKind struct{ plain }

func (emailKind) parse(f *Field, v any) (any, *fault.Field) {
	s, ok := v.(string)
	if !ok {
		return nil, wrong(f, "field.email")
	}
	s = strings.TrimSpace(s)
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 254 {
		return nil, wrong(f, "field.email")
	}
	return s, nil
}

func (emailKind) schema(*Field) map[string]any {
	return map[string]any{"type": "string", "format": "email"}
}
