package pack

import (
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"

	"chengshu/kernel/policy"
	"chengshu/kernel/schema"
)

// read parses every file of a pack.
func (l *loader) read(p *Pack) {
	l.each(p, "records/*.yaml", func(file string, text []byte) { l.draft.ParseType(p.Name, file, text) })
	l.each(p, "codes/*.csv", func(file string, text []byte) {
		l.draft.ParseCodes(p.Name, strings.TrimSuffix(path.Base(file), ".csv"), file, text)
	})
	l.each(p, "flows/*.bpmn", func(file string, text []byte) {
		p.Flows = append(p.Flows, Flow{Key: p.Name + "." + strings.TrimSuffix(path.Base(file), ".bpmn"), File: file, XML: text})
	})
	l.each(p, "decisions/*.dmn", func(file string, text []byte) { l.model(p, file, text) })
	l.each(p, "decisions/*.yaml", func(file string, _ []byte) { l.header(file) })
	l.each(p, "roles.yaml", func(file string, text []byte) { l.roles(p, file, text) })
	l.each(p, "menu.yaml", func(file string, text []byte) {
		list(l, file, text, "menu", func(m *MenuEntry, pos schema.Pos) { m.Pos = pos; p.Menu = append(p.Menu, m) })
	})
	l.each(p, "layers.yaml", func(file string, text []byte) {
		list(l, file, text, "layers", func(y *Layer, pos schema.Pos) { y.Pos = pos; p.Layers = append(p.Layers, y) })
	})
	l.each(p, "indicators.yaml", func(file string, text []byte) { l.indicators(p, file, text) })
	l.each(p, "locale/zh-CN.yaml", func(file string, text []byte) { l.locale(p, file, text) })
	l.each(p, "tests/*.txtar", func(file string, _ []byte) { p.Tests = append(p.Tests, strings.TrimPrefix(file, p.Name+"/")) })
	l.each(p, "demo/*.yaml", func(file string, _ []byte) { p.Demo = append(p.Demo, strings.TrimPrefix(file, p.Name+"/")) })
}

// each hands every file of a pattern to fn, named with the pack's folder, in the order of names.
func (l *loader) each(p *Pack, pattern string, fn func(file string, text []byte)) {
	names, err := fs.Glob(p.FS, pattern)
	if err != nil {
		return
	}
	sort.Strings(names)
	for _, n := range names {
		text, err := fs.ReadFile(p.FS, n)
		if err != nil {
			l.problems.Add(schema.Pos{File: p.Name + "/" + n, Line: 1}, "pack.file", "detail", err.Error())
			continue
		}
		fn(p.Name+"/"+n, text)
	}
}

// list decodes the sequence under a key of a file, one entry at a time.
func list[T any](l *loader, file string, text []byte, key string, add func(*T, schema.Pos)) {
	root := schema.Document(file, text, &l.problems)
	schema.Pairs(root, func(k string, line int, v *yaml.Node) {
		if k != key {
			l.problems.Add(schema.Pos{File: file, Line: line}, "yaml.unknown", "key", k, "near", key)
			return
		}
		if v.Kind != yaml.SequenceNode {
			l.problems.Add(schema.Pos{File: file, Line: line}, "yaml.sequence", "key", k)
			return
		}
		for _, n := range v.Content {
			entry := new(T)
			schema.DecodeStrict(file, n, entry, &l.problems)
			add(entry, schema.Pos{File: file, Line: n.Line})
		}
	})
}

func (l *loader) roles(p *Pack, file string, text []byte) {
	root := schema.Document(file, text, &l.problems)
	schema.Pairs(root, func(k string, line int, v *yaml.Node) {
		switch k {
		case "roles":
			schema.Pairs(v, func(name string, line int, n *yaml.Node) {
				var r struct {
					Grade int    `yaml:"grade"`
					Power string `yaml:"power"`
					Home  string `yaml:"home"`
				}
				schema.DecodeStrict(file, n, &r, &l.problems)
				if r.Grade == 0 {
					r.Grade = 2
				}
				full := p.Name + "." + name
				if name == "anonymous" {
					full = name
				}
				l.bundle.Roles = append(l.bundle.Roles, &policy.Role{
					Name: full, Grade: r.Grade, Power: r.Power, Home: r.Home, Pos: schema.Pos{File: file, Line: line},
				})
			})
		case "grants":
			if v.Kind != yaml.SequenceNode {
				l.problems.Add(schema.Pos{File: file, Line: line}, "yaml.sequence", "key", k)
				return
			}
			for _, n := range v.Content {
				g := &policy.Grant{Pos: schema.Pos{File: file, Line: n.Line}}
				schema.DecodeStrict(file, n, g, &l.problems)
				l.bundle.Grants = append(l.bundle.Grants, g)
			}
		default:
			l.problems.Add(schema.Pos{File: file, Line: line}, "yaml.unknown", "key", k, "near", "grants")
		}
	})
}

func (l *loader) indicators(p *Pack, file string, text []byte) {
	root := schema.Document(file, text, &l.problems)
	schema.Pairs(root, func(k string, line int, v *yaml.Node) {
		if k != "indicators" {
			l.problems.Add(schema.Pos{File: file, Line: line}, "yaml.unknown", "key", k, "near", "indicators")
			return
		}
		schema.Pairs(v, func(name string, line int, n *yaml.Node) {
			i := &Indicator{Period: "created_at", Unit: "count", Measure: "count", Pos: schema.Pos{File: file, Line: line}}
			schema.DecodeStrict(file, n, i, &l.problems)
			i.ID = p.Name + "." + name
			p.Indicators = append(p.Indicators, i)
		})
	})
}

func (l *loader) locale(p *Pack, file string, text []byte) {
	root := schema.Document(file, text, &l.problems)
	if root == nil {
		return
	}
	Flatten(root, "", func(key, word string) {
		p.Words[key] = word
		l.bundle.words[key] = word
	})
}

// Flatten walks a locale file and gives every word with its dotted key.
func Flatten(n *yaml.Node, prefix string, fn func(key, word string)) {
	schema.Pairs(n, func(k string, _ int, v *yaml.Node) {
		key := prefix + k
		if v.Kind == yaml.MappingNode {
			Flatten(v, key+".", fn)
			return
		}
		fn(strings.TrimSuffix(key, "._"), v.Value) // "_" gives a key that also has children its own word
	})
}

// expand puts arguments into words in one pass: braces inside an argument stay what somebody typed.
func expand(w string, args map[string]any) string {
	pairs := make([]string, 0, 2*len(args))
	for k, v := range args {
		pairs = append(pairs, "{"+k+"}", fmt.Sprint(v))
	}
	return strings.NewReplacer(pairs...).Replace(w)
}

// ParseWords reads a locale file that belongs to no pack, such as the kernel's own.
func ParseWords(file string, text []byte) (map[string]string, error) {
	var problems schema.Problems
	out := map[string]string{}
	if root := schema.Document(file, text, &problems); root != nil {
		Flatten(root, "", func(key, word string) { out[key] = word })
	}
	return out, problems.Fault()
}
