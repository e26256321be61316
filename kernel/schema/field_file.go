package schema

import (
	"chengshu/base/fault"
)

// fileKind is one uploaded file, {"id","name","size","type"}.
type fileKind struct{ document }

func (fileKind) parse(f *Field, v any) (any, *fault.Field) {
	m, bad := parseFile(f, v)
	if bad != nil {
		return nil, bad
	}
	return m, nil
}

func (fileKind) schema(*Field) map[string]any { return fileSchema() }

func (fileKind) text(_ *Field, v any) string {
	m, ok := v.(map[string]any)
	if !ok {
		return ""
	}
	name, _ := m["name"].(string)
	return name
}
