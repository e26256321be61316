package schema

import (
	"encoding/json"

	"chengshu/base/fault"
)

// jsonKind is any JSON value of at most 64 KiB.
type jsonKind struct{ document }

func (jsonKind) parse(f *Field, v any) (any, *fault.Field) {
	b, err := json.Marshal(v)
	if err != nil || len(b) > 64<<10 {
		return nil, wrong(f, "field.json")
	}
	return fromJSON(b), nil
}

func (jsonKind) schema(*Field) map[string]any { return map[string]any{} }
