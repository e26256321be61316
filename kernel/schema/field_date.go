package schema

import (
	"time"

	"chengshu/base/fault"
	"chengshu/base/feel"
)

// dateKind is a calendar day, "2026-03-02".
type dateKind struct{ plain }

func (dateKind) parse(f *Field, v any) (any, *fault.Field) {
	s, ok := v.(string)
	if !ok || !isDate(s) {
		return nil, wrong(f, "field.date")
	}
	return s, nil
}

func (dateKind) feel(*Field) feel.Type { return feel.DateType }

func (dateKind) value(_ *Field, v any) feel.Value {
	d, ok := feel.ParseDate(asString(v))
	if !ok {
		return nil
	}
	return d
}

func (dateKind) schema(*Field) map[string]any {
	return map[string]any{"type": "string", "format": "date"}
}
func (dateKind) mask(*Field, any) any { return nil }

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil && len(s) == 10
}
