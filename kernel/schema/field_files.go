package schema

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/feel"
)

// filesKind is a list of uploaded files, each {"id","name","size","type"}; at most 20 unless "max" says otherwise. The
// id comes from POST /api/v1/files; kernel/record fills in name, size and type and refuses ids it does not know.
type filesKind struct{ document }

func (filesKind) parse(f *Field, v any) (any, *fault.Field) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	if len(list) > limit(f, 20) {
		return nil, wrong(f, "field.many", "max", limit(f, 20))
	}
	out := make([]any, 0, len(list))
	for _, x := range list {
		m, bad := parseFile(f, x)
		if bad != nil {
			return nil, bad
		}
		out = append(out, m)
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

func parseFile(f *Field, v any) (map[string]any, *fault.Field) {
	if id, ok := v.(string); ok {
		v = map[string]any{"id": id}
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, wrong(f, "field.file")
	}
	id, _ := m["id"].(string)
	if id == "" || len(id) > 64 {
		return nil, wrong(f, "field.file")
	}
	out := map[string]any{"id": id}
	for _, k := range []string{"name", "type"} { // trusted only from the kernel, which overwrites them on write
		if s, ok := m[k].(string); ok && len(s) <= 400 {
			out[k] = s
		}
	}
	if n, ok := wholeNumber(m["size"]); ok {
		out["size"] = n
	}
	return out, nil
}

func (filesKind) schema(*Field) map[string]any {
	return map[string]any{"type": "array", "items": fileSchema()}
}

func fileSchema() map[string]any {
	text := map[string]any{"type": "string"}
	return map[string]any{"type": "object", "required": []string{"id"}, "properties": map[string]any{
		"id": text, "name": text, "type": text, "size": map[string]any{"type": "integer"},
	}}
}

func (filesKind) feel(*Field) feel.Type { return feel.ListOf(feel.AnyType) }

func (filesKind) text(_ *Field, v any) string {
	var names []string
	list, _ := v.([]any)
	for _, x := range list {
		if m, ok := x.(map[string]any); ok {
			name, _ := m["name"].(string)
			names = append(names, name)
		}
	}
	return strings.Join(names, "; ")
}

// MapFiles hands every file of a canonical value, those in rows included, to fn with its JSON pointer, the field type
// (file, files, image, images) and its id, and gives the value with fn's results in their place; nil where the field
// holds no files. The value itself is not changed.
func (f *Field) MapFiles(v any, fn func(pointer, kind, id string) (map[string]any, error)) (any, error) {
	return f.mapFiles("", v, fn)
}

func (f *Field) mapFiles(prefix string, v any, fn func(pointer, kind, id string) (map[string]any, error)) (any, error) {
	prefix += "/" + f.Name
	one := func(v any) (any, error) {
		m, _ := v.(map[string]any)
		id, _ := m["id"].(string)
		return fn(prefix, f.Type, id)
	}
	list, isList := v.([]any)
	switch f.Type {
	case "file", "image":
		if v != nil {
			return one(v)
		}
	case "files", "images":
		if isList {
			return mapEach(list, func(_ int, v any) (any, error) { return one(v) })
		}
	case "rows":
		if isList && f.HoldsFiles() {
			return mapEach(list, func(i int, v any) (any, error) {
				m, _ := v.(map[string]any)
				row := maps.Clone(m)
				for _, c := range f.Fields {
					mapped, err := c.mapFiles(prefix+"/"+strconv.Itoa(i), row[c.Name], fn)
					if err != nil {
						return nil, err
					}
					if mapped != nil {
						row[c.Name] = mapped
					}
				}
				return row, nil
			})
		}
	}
	return nil, nil
}

// HoldsFiles tells whether values of the field name files, those in rows included.
func (f *Field) HoldsFiles() bool {
	switch f.Type {
	case "file", "image", "files", "images":
		return true
	}
	return slices.ContainsFunc(f.Fields, (*Field).HoldsFiles)
}

func mapEach(list []any, fn func(i int, v any) (any, error)) (any, error) {
	out := make([]any, len(list))
	for i, v := range list {
		mapped, err := fn(i, v)
		if err != nil {
			return nil, err
		}
		out[i] = mapped
	}
	return out, nil
}
