package demo

import (
	"io/fs"
	"math"
	"path"
	"slices"

	"gopkg.in/yaml.v3"

	"chengshu/base/bpmn"
	"chengshu/kernel/pack"
	"chengshu/kernel/schema"
)

// plan is what the demo/generate.yaml files of all packs say, in the order of the packs, compiled and checked.
//
//	ground:    {words: words.csv, streets: 3, towns: 9, villages: 150, cells: 1200}
//	parts:     {table: urban.category, prefix: P, count: 3000, shares: {P0102: 5}}
//	orgs:      [{each: town, path: "/county/town{nn}/", name: "{name}", kind: town}]
//	people:    [{each: general, count: 2, username: "wg{nnnn}", name: …, role: …, org: …, area: "{path}"}]
//	generate:  [{type, from: source, count, where: FEEL, fields: {field: value}}]
//	history:   [{type, count, days, recent: {count, days}, at: {source: weight}, by: {role: weight}, fields, late, twins, tasks}]
//
// A value is FEEL (a scalar), one of a list of texts, or one of a mapping of texts to weights; texts hold FEEL in braces.
type plan struct {
	ground    *groundPlan
	parts     *partPlan
	orgs      []*orgPlan
	people    []*personPlan
	registers []*register
	histories []*history
}

// groundPlan says what the county looks like.
type groundPlan struct {
	Words    string `yaml:"words"` // word table beside the file
	Streets  int    `yaml:"streets"`
	Towns    int    `yaml:"towns"`
	Villages int    `yaml:"villages"`
	Cells    int    `yaml:"cells"`

	words []byte
	pos   schema.Pos
}

// partPlan says which things stand along the streets: the leaves of a code table whose code is a prefix and four digits.
type partPlan struct {
	Table  string             `yaml:"table"`
	Prefix string             `yaml:"prefix"`
	Count  int                `yaml:"count"`
	Shares map[string]float64 `yaml:"shares"` // by code; 1 where it is not named

	pos schema.Pos
}

// orgPlan makes one organisation for each item of a source.
type orgPlan struct {
	Each string `yaml:"each"`
	Path string `yaml:"path"`
	Name string `yaml:"name"`
	Kind string `yaml:"kind"`

	pos schema.Pos
}

// personPlan makes people for each item of a source.
type personPlan struct {
	Each     string `yaml:"each"`
	Count    int    `yaml:"count"` // for each item, default 1
	Username string `yaml:"username"`
	Name     string `yaml:"name"`
	Role     string `yaml:"role"`
	Org      string `yaml:"org"`
	Area     string `yaml:"area"`

	pos schema.Pos
}

// register makes records of a type that has no history.
type register struct {
	Type  string `yaml:"type"`
	From  string `yaml:"from"`
	Count int    `yaml:"count"` // at most; 0 for one an item
	Where string `yaml:"where"` // FEEL over it

	where  *value
	fields []field
	pos    schema.Pos
}

// history makes records of a type and lets people work on them through the months before the present.
type history struct {
	Type   string             `yaml:"type"`
	Count  int                `yaml:"count"`
	Days   int                `yaml:"days"`
	Recent recent             `yaml:"recent"`
	At     map[string]float64 `yaml:"at"`
	By     map[string]float64 `yaml:"by"`
	Late   float64            `yaml:"late"`  // share of tasks done after their limit
	Twins  float64            `yaml:"twins"` // share of records that report what another has reported; they see it as twin

	fields []field
	tasks  map[string]*step
	at, by []weighted
	pos    schema.Pos
}

// recent is what is added in the last days, so that there is work to do now.
type recent struct {
	Count int `yaml:"count"`
	Days  int `yaml:"days"`
}

// step is how people do one task of a process.
type step struct {
	Outcomes map[string]float64 `yaml:"outcomes"` // weights; those not named do not happen. Empty: the first one
	When     string             `yaml:"when"`     // FEEL giving an outcome, or null to draw one
	Never    float64            `yaml:"never"`    // share of tasks that nobody does
	Late     *float64           `yaml:"late"`
	Hours    []float64          `yaml:"hours"` // working hours from, to, in place of a share of the limit

	when     *value
	outcomes []weighted
	fields   []field
	reasons  *value
	acts     []*act
	pos      schema.Pos
}

// act is a declared command that the person runs on the record before the task is done.
type act struct {
	Command string  `yaml:"command"`
	Chance  float64 `yaml:"chance"`

	fields  []field
	reasons *value
	pos     schema.Pos
}

type field struct {
	name  string
	value *value
}

type weighted struct {
	name   string
	weight float64
}

// fileName is the file of a pack that says how its demo data are made.
const fileName = "demo/generate.yaml"

// planner reads the files.
type planner struct {
	bundle   *pack.Bundle
	words    *lexicon
	plan     *plan
	problems schema.Problems
	file     string
	fsys     fs.FS
}

// readPlan reads the files of every pack of a bundle. The fault Invalid "pack.invalid" lists every problem with its file
// and line.
func readPlan(b *pack.Bundle, w *lexicon) (*plan, error) {
	p := &planner{bundle: b, words: w, plan: &plan{}}
	for _, k := range b.Packs {
		text, err := fs.ReadFile(k.FS, fileName)
		if err != nil {
			continue // a pack without generated data
		}
		p.file, p.fsys = path.Join(k.Name, fileName), k.FS
		p.read(text)
	}
	p.plan.fit()
	return p.plan, p.problems.Fault()
}

func (p *planner) bad(line int, code string, args ...any) {
	p.problems.Add(schema.Pos{File: p.file, Line: line}, code, args...)
}

func (p *planner) read(text []byte) {
	root := schema.Document(p.file, text, &p.problems)
	schema.Pairs(root, func(key string, line int, v *yaml.Node) {
		switch key {
		case "ground":
			p.plan.ground = p.groundPlan(v)
		case "parts":
			p.plan.parts = p.partPlan(v)
		case "orgs":
			p.each(v, func(n *yaml.Node) {
				o := &orgPlan{pos: schema.Pos{File: p.file, Line: n.Line}}
				schema.DecodeStrict(p.file, n, o, &p.problems)
				p.checkEach(o.Each, n.Line)
				p.plan.orgs = append(p.plan.orgs, o)
			})
		case "people":
			p.each(v, func(n *yaml.Node) { p.plan.people = append(p.plan.people, p.person(n)) })
		case "generate":
			p.each(v, func(n *yaml.Node) { p.plan.registers = append(p.plan.registers, p.register(n)) })
		case "history":
			p.each(v, func(n *yaml.Node) { p.plan.histories = append(p.plan.histories, p.history(n)) })
		default:
			known := map[string]bool{"ground": true, "parts": true, "orgs": true, "people": true, "generate": true, "history": true}
			p.bad(line, "yaml.unknown", "key", key, "near", schema.Nearest(key, known))
		}
	})
}

func (p *planner) each(list *yaml.Node, fn func(*yaml.Node)) {
	if list.Kind != yaml.SequenceNode {
		p.bad(list.Line, "yaml.sequence")
		return
	}
	for _, n := range list.Content {
		fn(n)
	}
}

func (p *planner) groundPlan(n *yaml.Node) *groundPlan {
	g := &groundPlan{pos: schema.Pos{File: p.file, Line: n.Line}}
	schema.DecodeStrict(p.file, n, g, &p.problems)
	var err error
	if g.words, err = fs.ReadFile(p.fsys, path.Join("demo", g.Words)); err != nil {
		p.bad(n.Line, "pack.file", "detail", err.Error())
	}
	return g
}

func (p *planner) partPlan(n *yaml.Node) *partPlan {
	g := &partPlan{pos: schema.Pos{File: p.file, Line: n.Line}}
	schema.DecodeStrict(p.file, n, g, &p.problems)
	if p.bundle.Set.Codes(g.Table) == nil {
		p.bad(n.Line, "codes.unknown", "table", g.Table)
	}
	return g
}

func (p *planner) person(n *yaml.Node) *personPlan {
	x := &personPlan{Count: 1, pos: schema.Pos{File: p.file, Line: n.Line}}
	schema.DecodeStrict(p.file, n, x, &p.problems)
	p.checkEach(x.Each, n.Line)
	p.checkRole(x.Role, n.Line)
	return x
}

func (p *planner) checkEach(source string, line int) {
	if !slices.Contains(groundSources(), source) {
		p.bad(line, "demo.source", "source", source)
	}
}

func (p *planner) checkRole(role string, line int) {
	for _, r := range p.bundle.Roles {
		if r.Name == role {
			return
		}
	}
	p.bad(line, "identity.role", "role", role)
}

func (p *planner) typeOf(name string, line int) *schema.Type {
	t, err := p.bundle.Set.Type(name)
	if err != nil {
		p.bad(line, "pack.type", "type", name)
	}
	return t
}

// source checks a source of items: a layer of the ground, or a record type that is made before.
func (p *planner) source(name string, line int) {
	if slices.Contains(groundSources(), name) {
		return
	}
	p.typeOf(name, line)
}

func (p *planner) register(n *yaml.Node) *register {
	r := &register{pos: schema.Pos{File: p.file, Line: n.Line}}
	var t *schema.Type
	plain := p.split(n, func(key string, line int, v *yaml.Node) bool {
		switch key {
		case "type":
			t = p.typeOf(v.Value, line)
			return false
		case "where":
			r.where = p.feel(v)
			return false
		case "fields":
			r.fields = p.fields(t, v)
			return true
		}
		return false
	})
	schema.DecodeStrict(p.file, plain, r, &p.problems)
	p.source(r.From, n.Line)
	return r
}

func (p *planner) history(n *yaml.Node) *history {
	h := &history{Days: 365, tasks: map[string]*step{}, pos: schema.Pos{File: p.file, Line: n.Line}}
	var t *schema.Type
	plain := p.split(n, func(key string, line int, v *yaml.Node) bool {
		switch key {
		case "type":
			t = p.typeOf(v.Value, line)
			return false
		case "fields":
			h.fields = p.fields(t, v)
			return true
		case "tasks":
			nodes := p.nodes(t)
			schema.Pairs(v, func(name string, line int, s *yaml.Node) {
				if nodes != nil && nodes[name] == nil {
					p.bad(line, "demo.task", "task", name, "near", schema.Nearest(name, keysOf(nodes)))
				}
				h.tasks[name] = p.step(t, nodes[name], s)
			})
			return true
		}
		return false
	})
	schema.DecodeStrict(p.file, plain, h, &p.problems)
	h.at, h.by = sorted(h.At), sorted(h.By)
	for _, w := range h.at {
		p.source(w.name, n.Line)
	}
	for _, w := range h.by {
		p.checkRole(w.name, n.Line)
	}
	if len(h.at) == 0 || len(h.by) == 0 || h.Days < 1 {
		p.bad(n.Line, "demo.history", "type", h.Type)
	}
	return h
}

// nodes gives the user tasks of a type's process, nil where it has none.
func (p *planner) nodes(t *schema.Type) map[string]*bpmn.Node {
	if t == nil || t.Flow == "" {
		return nil
	}
	out := map[string]*bpmn.Node{}
	for _, k := range p.bundle.Packs {
		for _, f := range k.Flows {
			if f.Key != t.FlowKey() {
				continue
			}
			m, err := bpmn.Read(f.XML)
			if err != nil || m.Main() == nil {
				return nil // the deployment has reported it
			}
			for _, n := range m.Main().Nodes {
				if n.Ext.Task != nil {
					out[n.ID] = n
				}
			}
		}
	}
	return out
}

func keysOf[V any](m map[string]V) map[string]bool {
	out := make(map[string]bool, len(m))
	for k := range m {
		out[k] = true
	}
	return out
}

func (p *planner) step(t *schema.Type, node *bpmn.Node, n *yaml.Node) *step {
	s := &step{pos: schema.Pos{File: p.file, Line: n.Line}}
	plain := p.split(n, func(key string, _ int, v *yaml.Node) bool {
		switch key {
		case "when":
			s.when = p.feel(v)
			return false
		case "fields":
			s.fields = p.fields(t, v)
		case "reasons":
			s.reasons = p.value(v)
		case "acts":
			p.each(v, func(n *yaml.Node) { s.acts = append(s.acts, p.act(t, n)) })
		default:
			return false
		}
		return true
	})
	schema.DecodeStrict(p.file, plain, s, &p.problems)
	s.outcomes = sorted(s.Outcomes)
	if len(s.Hours) != 0 && (len(s.Hours) != 2 || s.Hours[0] > s.Hours[1]) {
		p.bad(n.Line, "demo.hours")
	}
	if node == nil {
		return s
	}
	known := map[string]bool{}
	for _, o := range node.Ext.Outcomes {
		known[o.ID] = true
	}
	for _, o := range s.outcomes {
		if !known[o.name] {
			p.bad(n.Line, "demo.outcome", "outcome", o.name, "near", schema.Nearest(o.name, known))
		}
	}
	return s
}

func (p *planner) act(t *schema.Type, n *yaml.Node) *act {
	a := &act{pos: schema.Pos{File: p.file, Line: n.Line}}
	plain := p.split(n, func(key string, _ int, v *yaml.Node) bool {
		switch key {
		case "fields":
			a.fields = p.fields(nil, v)
		case "reasons":
			a.reasons = p.value(v)
		default:
			return false
		}
		return true
	})
	schema.DecodeStrict(p.file, plain, a, &p.problems)
	if t != nil && t.Command(a.Command) == nil {
		p.bad(n.Line, "command.unknown", "type", t.Name, "command", a.Command)
	}
	return a
}

// split walks a mapping and gives what take did not take as a mapping of its own.
func (p *planner) split(n *yaml.Node, take func(key string, line int, v *yaml.Node) bool) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return n
	}
	plain := &yaml.Node{Kind: yaml.MappingNode, Line: n.Line}
	schema.Pairs(n, func(key string, line int, v *yaml.Node) {
		if !take(key, line, v) {
			plain.Content = append(plain.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key, Line: line}, v)
		}
	})
	return plain
}

func (p *planner) fields(t *schema.Type, n *yaml.Node) []field {
	var out []field
	schema.Pairs(n, func(name string, line int, v *yaml.Node) {
		if t != nil && t.Field(name) == nil {
			p.bad(line, "field.unknown", "type", t.Name, "field", name)
		}
		out = append(out, field{name, p.value(v)})
	})
	return out
}

func sorted(m map[string]float64) []weighted {
	out := make([]weighted, 0, len(m))
	for k, v := range m {
		out = append(out, weighted{k, math.Max(v, 0)})
	}
	slices.SortFunc(out, func(a, b weighted) int { return compare(a.name, b.name) })
	return out
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
