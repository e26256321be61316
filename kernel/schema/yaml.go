package schema

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
)

// DecodeStrict decodes a mapping node into a struct and reports keys the struct does not know, with the nearest key it
// does know. It is used by everything that reads pack files.
func DecodeStrict(file string, node *yaml.Node, out any, problems *Problems) {
	if node.Kind != yaml.MappingNode {
		problems.Add(Pos{file, node.Line}, "yaml.mapping")
		return
	}
	known := yamlKeys(reflect.TypeOf(out).Elem())
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if !known[key.Value] {
			problems.Add(Pos{file, key.Line}, "yaml.unknown", "key", key.Value, "near", Nearest(key.Value, known))
		}
	}
	var wrong *yaml.TypeError
	switch err := node.Decode(out); {
	case errors.As(err, &wrong):
		for _, detail := range wrong.Errors {
			at := lineOf(Pos{file, node.Line}, &detail)
			problems.Add(at, "yaml.value", "detail", detail)
		}
	case err != nil:
		problems.Add(Pos{file, node.Line}, "yaml.value", "detail", err.Error())
	}
}

// lineOf takes the line out of a message of the YAML reader, "line 5: …".
func lineOf(at Pos, detail *string) Pos {
	line := 0
	if n, err := fmt.Sscanf(*detail, "line %d:", &line); n == 1 && err == nil {
		_, *detail, _ = strings.Cut(*detail, ": ")
		at.Line = max(1, line)
	}
	return at
}

// Document parses one YAML document and gives its root mapping, nil with a problem added where it is none.
func Document(file string, src []byte, problems *Problems) *yaml.Node {
	var doc yaml.Node
	if err := yaml.Unmarshal(src, &doc); err != nil {
		at, detail := Pos{file, 1}, strings.TrimPrefix(err.Error(), "yaml: ")
		problems.Add(lineOf(at, &detail), "yaml.syntax", "detail", detail)
		return nil
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		problems.Add(Pos{file, 1}, "yaml.mapping")
		return nil
	}
	return doc.Content[0]
}

// Pairs walks a mapping node in file order.
func Pairs(node *yaml.Node, fn func(key string, line int, value *yaml.Node)) {
	if node == nil || node.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		fn(node.Content[i].Value, node.Content[i].Line, node.Content[i+1])
	}
}

func yamlKeys(t reflect.Type) map[string]bool {
	keys := map[string]bool{}
	for f := range fieldsOf(t) {
		tag, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if tag != "" && tag != "-" {
			keys[tag] = true
		}
	}
	return keys
}

func fieldsOf(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for field := range t.Fields() {
			if !yield(field) {
				return
			}
		}
	}
}

// Nearest gives the known key with the smallest edit distance to name, empty where none is near.
func Nearest(name string, known map[string]bool) string {
	best, bestAt := "", len(name)/2+2
	for k := range known {
		if d := distance(name, k); d < bestAt || d == bestAt && k < best {
			best, bestAt = k, d
		}
	}
	return best
}

func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next := min(row[j]+1, row[j-1]+1, diagonal+cost)
			diagonal, row[j] = row[j], next
		}
	}
	return row[len(b)]
}
