package schema

import (
	"strings"

	"chengshu/base/fault"
	"chengshu/base/feel"
)

// periodKind is a span of days, {"from","to"}, both included; an open end is left out.
type periodKind struct{ document }

func (periodKind) columns(f *Field) []Column {
	return []Column{{Name: f.Name + "_from", Type: "TEXT", Index: f.Filter}, {Name: f.Name + "_to", Type: "TEXT"}}
}

func (periodKind) parse(f *Field, v any) (any, *fault.Field) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, wrong(f, "field.period")
	}
	out := map[string]any{}
	for _, k := range []string{"from", "to"} {
		if m[k] == nil || m[k] == "" {
			continue
		}
		s, ok := m[k].(string)
		if !ok || !isDate(s) {
			return nil, wrong(f, "field.date")
		}
		out[k] = s
	}
	if len(out) == 0 {
		return nil, nil
	}
	if from, to := out["from"], out["to"]; from != nil && to != nil && asString(to) < asString(from) {
		return nil, wrong(f, "field.period.order")
	}
	return out, nil
}

func (periodKind) encode(_ *Field, v any) []any {
	m, ok := v.(map[string]any)
	if !ok {
		return []any{nil, nil}
	}
	return []any{m["from"], m["to"]}
}

func (periodKind) decode(_ *Field, cols []any) any {
	m := map[string]any{}
	for i, k := range []string{"from", "to"} {
		if cols[i] != nil {
			m[k] = asString(cols[i])
		}
	}
	return m
}

func (periodKind) feel(*Field) feel.Type {
	return feel.ContextOf(feel.Param{Name: "from", Type: feel.DateType}, feel.Param{Name: "to", Type: feel.DateType})
}

func (periodKind) value(f *Field, v any) feel.Value {
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	out := feel.NewContext()
	for _, k := range []string{"from", "to"} {
		if s, ok := m[k]; ok {
			out = out.With(k, dateKind{}.value(f, s))
		} else {
			out = out.With(k, nil)
		}
	}
	return out
}

func (periodKind) schema(*Field) map[string]any {
	day := map[string]any{"type": "string", "format": "date"}
	return map[string]any{"type": "object", "properties": map[string]any{"from": day, "to": day}, "additionalProperties": false}
}

func (periodKind) text(_ *Field, v any) string {
	m, ok := v.(map[string]any)
	if !ok {
		return ""
	}
	from, _ := m["from"].(string)
	to, _ := m["to"].(string)
	return from + "/" + to
}

func (periodKind) fromText(_ *Field, s string) any {
	from, to, _ := strings.Cut(s, "/")
	return map[string]any{"from": from, "to": to}
}
