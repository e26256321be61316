package schema

import (
	"fmt"
	"strconv"
	"strings"
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

// fromText reads what spreadsheets make of days: 2026/3/2, 2026-3-2 or with words between the numbers.
func (dateKind) fromText(_ *Field, s string) any {
	if n, ok := numbers(s); ok && len(n) == 3 {
		return fmt.Sprintf("%04d-%02d-%02d", n[0], n[1], n[2])
	}
	return s
}

// numbers splits a text into its numbers when the first has four digits, as dates of this country do.
func numbers(s string) ([]int, bool) {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if len(parts) == 0 || len(parts[0]) != 4 || !strings.HasPrefix(s, parts[0]) {
		return nil, false
	}
	out := make([]int, len(parts))
	for i, p := range parts {
		var err error
		if out[i], err = strconv.Atoi(p); err != nil {
			return nil, false
		}
	}
	return out, true
}

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil && len(s) == 10
}
