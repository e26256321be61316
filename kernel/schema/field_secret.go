package schema

import (
	"encoding/json"

	"chengshu/base/fault"
	"chengshu/base/feel"
)

// secretKind is a value stored encrypted (SM4-GCM with key id) beside a blind index for equality; max 1,000 runes. It never
// leaves the server but by the unmask command with a reason, and expressions see only whether it is there.
//
// Parse gives the plain text, which kernel/record seals before anything else sees it; from then on the value is Sealed.
type secretKind struct{ plain }

// Sealed is the value of a secret field inside the kernel. It writes itself as "***" everywhere: into JSON, logs, history
// and journal.
type Sealed struct {
	Cipher string // key id, colon, base64 of nonce, ciphertext and tag
	Blind  string // keyed digest of the plain text: equal secrets have equal digests
}

const hidden = "***"

// String hides the value.
func (Sealed) String() string { return hidden }

// GoString hides the value from %#v.
func (Sealed) GoString() string { return hidden }

// MarshalJSON hides the value.
func (Sealed) MarshalJSON() ([]byte, error) { return json.Marshal(hidden) }

func (secretKind) columns(f *Field) []Column {
	return []Column{{Name: f.Name, Type: "TEXT"}, {Name: f.Name + "_blind", Type: "TEXT", Index: true}}
}

func (secretKind) parse(f *Field, v any) (any, *fault.Field) { return parseText(f, v, 1000, false) }

// encode stores sealed values alone: a plain one that got here by mistake is lost rather than written.
func (secretKind) encode(_ *Field, v any) []any {
	s, ok := v.(Sealed)
	if !ok {
		return []any{nil, nil}
	}
	return []any{s.Cipher, s.Blind}
}

func (secretKind) decode(_ *Field, cols []any) any {
	if cols[0] == nil { // a digest left over from a column that was made anew
		return nil
	}
	return Sealed{Cipher: asString(cols[0]), Blind: asString(cols[1])}
}

func (secretKind) schema(f *Field) map[string]any {
	return map[string]any{"type": "string", "maxLength": limit(f, 1000), "writeOnly": true}
}
func (secretKind) mask(*Field, any) any         { return hidden }
func (secretKind) value(*Field, any) feel.Value { return hidden }
func (secretKind) text(*Field, any) string      { return hidden }
