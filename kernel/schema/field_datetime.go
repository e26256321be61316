package schema

import (
	"fmt"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/feel"
)

// datetimeKind is an instant. Its canonical form is RFC 3339 in the zone of the county (+08:00) cut to microseconds; it
// is stored as UTC microseconds. A value without a zone is read as +08:00.
type datetimeKind struct{ plain }

func (datetimeKind) columns(f *Field) []Column {
	return []Column{{Name: f.Name, Type: "BIGINT", Index: f.Filter}}
}

func (datetimeKind) parse(f *Field, v any) (any, *fault.Field) {
	if t, ok := v.(time.Time); ok { // what an expression such as now() gives
		return FormatTime(t), nil
	}
	s, ok := v.(string)
	if !ok {
		return nil, wrong(f, "field.datetime")
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, clock.Shanghai); err == nil && t.In(clock.Shanghai).Year() > 0 && t.In(clock.Shanghai).Year() < 10000 {
			return FormatTime(t), nil
		}
	}
	return nil, wrong(f, "field.datetime")
}

func (datetimeKind) encode(_ *Field, v any) []any {
	t, err := time.Parse(time.RFC3339Nano, asString(v))
	if err != nil {
		return []any{nil}
	}
	return []any{t.UnixMicro()}
}

func (datetimeKind) decode(_ *Field, cols []any) any {
	return FormatTime(time.UnixMicro(asInt(cols[0])))
}
func (datetimeKind) feel(*Field) feel.Type { return feel.DateTimeType }

func (datetimeKind) value(_ *Field, v any) feel.Value {
	t, err := time.Parse(time.RFC3339Nano, asString(v))
	if err != nil {
		return nil
	}
	return feel.FromGo(t)
}

func (datetimeKind) schema(*Field) map[string]any {
	return map[string]any{"type": "string", "format": "date-time"}
}
func (datetimeKind) mask(*Field, any) any { return nil }

// fromText reads what spreadsheets make of times: 2026/3/2 9:00.
func (datetimeKind) fromText(f *Field, s string) any {
	n, ok := numbers(s)
	if _, bad := (datetimeKind{}).parse(f, s); bad == nil || !ok {
		return s
	}
	switch len(n) {
	case 3:
		return fmt.Sprintf("%04d-%02d-%02d", n[0], n[1], n[2])
	case 5:
		return fmt.Sprintf("%04d-%02d-%02d %02d:%02d", n[0], n[1], n[2], n[3], n[4])
	case 6:
		return fmt.Sprintf("%04d-%02d-%02d %02d:%02d:%02d", n[0], n[1], n[2], n[3], n[4], n[5])
	}
	return s
}

// FormatTime gives the canonical form of an instant: RFC 3339 at +08:00, cut to microseconds.
func FormatTime(t time.Time) string {
	return t.Truncate(time.Microsecond).In(clock.Shanghai).Format(time.RFC3339Nano)
}
