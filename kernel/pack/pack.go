// Package pack loads packs: folders of data that make a department's application.
//
// A bundle is a set of packs in load order: the product's, then the county's, then the site's. Loading parses and checks
// everything and names the file and line of every problem; a bundle is immutable and a reload makes a new one. The package
// stores nothing; the app puts a bundle in force.
//
// Main types: Bundle, Pack.
package pack

import (
	"io/fs"
	"maps"
	"path"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"

	"chengshu/base/bpmn"
	"chengshu/base/feel"
	"chengshu/kernel/decision"
	"chengshu/kernel/policy"
	"chengshu/kernel/schema"
)

// Pack is one pack as declared.
type Pack struct {
	Name    string   `yaml:"pack"`
	Version string   `yaml:"version"`
	Needs   []string `yaml:"needs"`
	Systems []string `yaml:"systems"`

	FS         fs.FS             `yaml:"-"` // the folder
	Flows      []Flow            `yaml:"-"`
	Menu       []*MenuEntry      `yaml:"-"`
	Layers     []*Layer          `yaml:"-"`
	Indicators []*Indicator      `yaml:"-"`
	Tests      []string          `yaml:"-"` // scenario files
	Demo       []string          `yaml:"-"` // demo files
	Words      map[string]string `yaml:"-"`
}

// Flow is a process of a pack.
type Flow struct {
	Key  string // "<pack>.<file>"
	Type string // record type whose flow it is; empty for sub-processes that are called
	File string
	XML  []byte
}

// MenuEntry is an entry of the desk's menu: the list of a type, or a page.
type MenuEntry struct {
	ID     string     `yaml:"id" json:"id"`
	Type   string     `yaml:"type" json:"type,omitempty"`
	Filter string     `yaml:"filter" json:"filter,omitempty"`
	Page   string     `yaml:"page" json:"page,omitempty"`
	Pack   string     `yaml:"pack" json:"pack,omitempty"`
	Order  int        `yaml:"order" json:"order"`
	Pos    schema.Pos `yaml:"-" json:"-"`
}

// Layer is a map layer of records.
type Layer struct {
	ID      string     `yaml:"id" json:"id"`
	Type    string     `yaml:"type" json:"type"`
	Filter  string     `yaml:"filter" json:"filter,omitempty"`
	Color   string     `yaml:"color" json:"color,omitempty"`
	MinZoom int        `yaml:"min_zoom" json:"min_zoom"`
	Pos     schema.Pos `yaml:"-" json:"-"`
}

// Indicator is a number with its formula: records of a type in a period, those that count over those that could.
type Indicator struct {
	ID          string     `yaml:"-"` // "<pack>.<name>"
	Of          string     `yaml:"of"`
	Period      string     `yaml:"period"`      // instant or date field that places a record in a period; default created_at
	Numerator   string     `yaml:"numerator"`   // FEEL; empty counts all
	Denominator string     `yaml:"denominator"` // FEEL; empty for a plain count
	By          []string   `yaml:"by"`          // cuts offered
	Unit        string     `yaml:"unit"`        // percent, count, hours, money
	Measure     string     `yaml:"measure"`     // count, sum:<field>, avg:<field>
	Weight      float64    `yaml:"weight"`      // share in a score
	Lower       bool       `yaml:"lower"`       // less is better
	Pos         schema.Pos `yaml:"-"`
}

// Bundle is a loaded, checked set of packs.
type Bundle struct {
	Packs  []*Pack
	Set    *schema.Set
	Roles  []*policy.Role
	Grants []*policy.Grant

	Decisions []*decision.Edition // of all packs, compiled; an overlay's in place of those it replaces

	pauses []*Pause
	doubts schema.Problems
	words  map[string]string
}

// Word gives the words of a key, the key itself where the locale lacks it. {name} in the words is replaced by arguments.
func (b *Bundle) Word(key string, args map[string]any) string {
	w, ok := b.words[key]
	if !ok {
		return key
	}
	return expand(w, args)
}

// Has tells whether the locale has the key.
func (b *Bundle) Has(key string) bool { _, ok := b.words[key]; return ok }

// Words gives every key that begins with prefix.
func (b *Bundle) Words(prefix string) map[string]string {
	out := map[string]string{}
	for k, v := range b.words {
		if strings.HasPrefix(k, prefix) {
			out[k] = v
		}
	}
	return out
}

// Pack gives the pack of that name, nil where there is none.
func (b *Bundle) Pack(name string) *Pack {
	for _, p := range b.Packs {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Indicator gives the indicator of that id, nil where there is none.
func (b *Bundle) Indicator(id string) *Indicator {
	for _, p := range b.Packs {
		for _, i := range p.Indicators {
			if i.ID == id {
				return i
			}
		}
	}
	return nil
}

// loader collects what the files say.
type loader struct {
	bundle   *Bundle
	draft    *schema.Draft
	problems schema.Problems
	seen     map[string]schema.Pos // by sort and id
	needs    map[string]schema.Pos // where a pack says what it needs
	models   []*model
}

// Load reads the packs of the sources, each a folder of pack folders, in the order that "needs" asks for. Words of the
// kernel itself come in words. The fault Invalid "pack.invalid" lists every problem with its file and line.
func Load(words map[string]string, funcs []feel.Func, sources ...fs.FS) (*Bundle, error) {
	l := &loader{bundle: &Bundle{words: map[string]string{}}, draft: schema.NewDraft(funcs...), seen: map[string]schema.Pos{}, needs: map[string]schema.Pos{}}
	maps.Copy(l.bundle.words, words)
	var found []*Pack
	for _, src := range sources {
		found = append(found, l.discover(src)...)
	}
	l.bundle.Packs = l.sorted(found)
	for _, p := range l.bundle.Packs {
		l.read(p)
	}
	set, err := l.draft.Freeze()
	if err != nil {
		l.problems = append(l.problems, l.draft.Problems()...)
		return nil, l.problems.Fault()
	}
	l.bundle.Set = set
	l.connect()
	if err := l.problems.Fault(); err != nil {
		return nil, err
	}
	return l.bundle, nil
}

// discover finds the pack folders of one source.
func (l *loader) discover(src fs.FS) []*Pack {
	files, err := fs.Glob(src, "*/pack.yaml")
	if err != nil {
		return nil
	}
	var out []*Pack
	for _, file := range files {
		text, err := fs.ReadFile(src, file)
		if err != nil {
			l.problems.Add(schema.Pos{File: file, Line: 1}, "pack.file", "detail", err.Error())
			continue
		}
		root := schema.Document(file, text, &l.problems)
		if root == nil {
			continue
		}
		p := &Pack{Words: map[string]string{}}
		schema.DecodeStrict(file, root, p, &l.problems)
		dir := path.Dir(file)
		l.needs[p.Name] = schema.Pos{File: file, Line: root.Line}
		schema.Pairs(root, func(key string, line int, _ *yaml.Node) {
			if key == "needs" {
				l.needs[p.Name] = schema.Pos{File: file, Line: line}
			}
		})
		if p.Name != dir {
			l.problems.Add(schema.Pos{File: file, Line: root.Line}, "pack.name", "name", p.Name, "folder", dir)
			continue
		}
		if p.FS, err = fs.Sub(src, dir); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// sorted orders packs so that each comes after those it needs; a missing or circular need is a problem.
func (l *loader) sorted(found []*Pack) []*Pack {
	byName := map[string]*Pack{}
	for _, p := range found {
		byName[p.Name] = p // a later source replaces a pack of the same name as a whole
	}
	names := make([]string, 0, len(byName))
	for n := range byName {
		names = append(names, n)
	}
	sort.Strings(names)
	var out []*Pack
	state := map[string]int{}
	var visit func(name, by string)
	visit = func(name, by string) {
		p := byName[name]
		pos := l.needs[by]
		switch {
		case p == nil:
			l.problems.Add(pos, "pack.missing", "name", name)
		case state[name] == 1:
			l.problems.Add(pos, "pack.circle", "name", name)
		case state[name] == 0:
			state[name] = 1
			for _, n := range p.Needs {
				visit(n, name)
			}
			state[name] = 2
			out = append(out, p)
		}
	}
	for _, n := range names {
		visit(n, n)
	}
	return out
}

// NodeName gives the name a node has in the model, its id where it has none.
func (f *Flow) NodeName(id string) string {
	m, err := bpmn.Read(f.XML)
	if err != nil || m.Main() == nil {
		return id
	}
	if n := m.Main().Node(id); n != nil && n.Name != "" {
		return n.Name
	}
	return id
}
