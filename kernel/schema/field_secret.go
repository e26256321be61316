package schema

import (
	"chengshu/base/fault"
	"chengshu/base/feel"
)

// secretKind is a value stored encrypted (SM4-GCM, base64 with key id) beside a blind index for equality; max 1,000 runes.
// It never leaves the server but by the unmask command with a reason, and expressions see only whether it is there.
type secretKind struct{ plain }

func (secretKind) columns(f *Field) []Column {
	return []Column{{Name: f.Name, Type: "TEXT"}, {Name: f.Name + "_blind", Type: "TEXT", Index: true}}
}

func (secretKind) parse(f *Field, v any) (any, *fault.Field) { return parseText(f, v, 1000, false) }
func (secretKind) encode(_ *Field, v any) []any              { return []any{v, nil} }
func (secretKind) mask(*Field, any) any                      { return "***" }
func (secretKind) value(*Field, any) feel.Value              { return "***" }
func (secretKind) text(*Field, any) string                   { return "***" }
