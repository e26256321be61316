package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"

	"chengshu/base/fault"
	"chengshu/base/feel"
)

// plain is the common part of field types that are one string in one TEXT column.
type plain struct{}

func (plain) columns(f *Field) []Column {
	return []Column{{Name: f.Name, Type: "TEXT", Index: f.Filter}}
}
func (plain) declare(*Field, *Set, *Problems)           {}
func (plain) encode(_ *Field, v any) []any              { return []any{v} }
func (plain) decode(_ *Field, cols []any) any           { return asString(cols[0]) }
func (plain) feel(*Field) feel.Type                     { return feel.StringType }
func (plain) value(_ *Field, v any) feel.Value          { return v }
func (plain) schema(*Field) map[string]any              { return map[string]any{"type": "string"} }
func (plain) mask(f *Field, v any) any                  { return maskText(f.Mask, fmt.Sprint(v)) }
func (plain) text(_ *Field, v any) string               { return fmt.Sprint(v) }
func (plain) fromText(_ *Field, s string) any           { return s }
func (plain) parse(f *Field, v any) (any, *fault.Field) { return parseString(f, v) }

// document is the common part of field types whose value is a JSON document in one TEXT column.
type document struct{ plain }

func (document) columns(f *Field) []Column { return []Column{{Name: f.Name, Type: "TEXT"}} }
func (document) feel(*Field) feel.Type     { return feel.AnyType }
func (document) value(_ *Field, v any) feel.Value {
	return feel.FromGo(v)
}
func (document) mask(*Field, any) any { return nil }
func (document) encode(_ *Field, v any) []any {
	b, err := json.Marshal(v)
	if err != nil {
		return []any{nil}
	}
	return []any{string(b)}
}

func (document) decode(_ *Field, cols []any) any {
	return fromJSON([]byte(asString(cols[0])))
}

// fromJSON reads a document into the canonical form: numbers are int64 where they are whole, float64 otherwise, so that a
// value read equals the value written.
func fromJSON(b []byte) any {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	return canonical(v)
}

func canonical(v any) any {
	switch x := v.(type) {
	case json.Number:
		if n, err := x.Int64(); err == nil {
			return n
		}
		n, err := x.Float64()
		switch {
		case err != nil:
			return x.String() // beyond what any number here holds: kept as it was written
		case n == math.Trunc(n) && math.Abs(n) < 1<<53:
			return int64(n)
		}
		return n
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = canonical(e)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			out[k] = canonical(e)
		}
		return out
	}
	return v
}

// floating turns every number of a JSON value into float64, as geometries have them.
func floating(v any) any {
	switch x := v.(type) {
	case json.Number, int64:
		return asFloat(x)
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = floating(e)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			out[k] = floating(e)
		}
		return out
	}
	return v
}

func (document) text(_ *Field, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

func (document) fromText(_ *Field, s string) any {
	var v any
	if json.Unmarshal([]byte(s), &v) != nil {
		return s
	}
	return v
}

func wrong(f *Field, code string, args ...any) *fault.Field {
	return &fault.Field{Pointer: "/" + f.Name, Code: code, Args: fault.New(fault.Invalid, code, args...).Args}
}

func parseString(f *Field, v any) (any, *fault.Field) {
	s, ok := v.(string)
	if !ok {
		return nil, wrong(f, "field.text")
	}
	return s, nil
}

func asString(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case []byte:
		return string(x)
	}
	return fmt.Sprint(v)
}

func asInt(v any) int64 {
	switch x := v.(type) {
	case int64:
		return x
	case int:
		return int64(x)
	case float64:
		return int64(x)
	}
	return 0
}

func asFloat(v any) float64 {
	switch x := v.(type) {
	case float64:
		return x
	case int64:
		return float64(x)
	case json.Number:
		n, err := x.Float64()
		if err == nil {
			return n
		}
	}
	return 0
}

func pick(m map[string]any, keys ...string) map[string]any {
	out := map[string]any{}
	for _, k := range keys {
		if v, ok := m[k]; ok && v != nil {
			out[k] = v
		}
	}
	return out
}
