package pack

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"chengshu/base/bpmn"
	"chengshu/base/dmn"
	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/kernel/decision"
	"chengshu/kernel/policy"
	"chengshu/kernel/schema"
)

// model is one file below decisions/ with what its header says.
type model struct {
	pack    *Pack
	edition *decision.Edition
	model   *dmn.Model
	file    string
	pos     schema.Pos // of the header, else of the model
}

// header is decisions/<file>.yaml: only what differs from the default.
type header struct {
	Key     string            `yaml:"key"`        // "review" or "cloud.review"; default the name of the file
	Version string            `yaml:"version"`    // default the first day in force, else "1"
	From    string            `yaml:"valid_from"` // first day in force
	To      string            `yaml:"valid_to"`   // last day; default the day before the next edition
	Law     bool              `yaml:"law"`
	Of      string            `yaml:"of"`
	Inputs  map[string]string `yaml:"inputs"`
	Roles   []string          `yaml:"roles"`
}

// model reads a model and the header beside it.
func (l *loader) model(p *Pack, file string, text []byte) {
	m, err := dmn.Parse(text)
	if err != nil {
		line := 1
		if f, ok := errors.AsType[*fault.Error](err); ok {
			if n, ok := f.Args["line"].(int); ok {
				line = n
			}
		}
		l.problems.Add(schema.Pos{File: file, Line: line}, fault.CodeOf(err))
		return
	}
	base := strings.TrimSuffix(path.Base(file), ".dmn")
	h := header{Key: base}
	pos := schema.Pos{File: file, Line: 1}
	beside := strings.TrimSuffix(file, ".dmn") + ".yaml"
	if raw, err := fs.ReadFile(p.FS, strings.TrimPrefix(beside, p.Name+"/")); err == nil {
		if root := schema.Document(beside, raw, &l.problems); root != nil {
			pos = schema.Pos{File: beside, Line: root.Line}
			schema.DecodeStrict(beside, root, &h, &l.problems)
		}
	}
	if !strings.Contains(h.Key, ".") {
		h.Key = p.Name + "." + h.Key
	}
	e := &decision.Edition{
		Key: h.Key, Version: h.Version, Law: h.Law, Of: h.Of, Inputs: h.Inputs, Roles: h.Roles, File: file,
		Models: []*dmn.Model{m},
	}
	e.From, e.To = l.day(pos, h.From), l.day(pos, h.To)
	switch {
	case e.Version != "":
	case h.From != "":
		e.Version = h.From
	default:
		e.Version = "1"
	}
	if e.Version == decision.Start || e.Version == decision.Latest || strings.ContainsAny(e.Version+e.Key, "@/") {
		l.problems.Add(pos, "decision.name", "key", e.Key, "version", e.Version)
	}
	l.models = append(l.models, &model{pack: p, edition: e, model: m, file: file, pos: pos})
}

// day reads a day of a header, the zero Date where there is none.
func (l *loader) day(pos schema.Pos, text string) feel.Date {
	d, ok := feel.ParseDate(text)
	if !ok && text != "" {
		l.problems.Add(pos, "decision.day", "value", text)
	}
	return d
}

// header finds fault with a header that has no model beside it.
func (l *loader) header(file string) {
	want := strings.TrimSuffix(file, ".yaml") + ".dmn"
	if !slices.ContainsFunc(l.models, func(m *model) bool { return m.file == want }) {
		l.problems.Add(schema.Pos{File: file, Line: 1}, "decision.header", "file", want)
	}
}

// connectDecisions compiles the models with what they import, lets those of later packs replace earlier ones of the same
// key and version, and holds them to the record types and roles they name.
func (l *loader) connectDecisions() {
	kept := l.laid()
	for _, m := range kept {
		l.imports(m)
		m.edition.Compile()
		for _, x := range m.edition.Definitions.Problems() {
			pos := schema.Pos{File: l.fileOf(x.Model, m), Line: x.Line}
			if x.Warning {
				l.bundle.doubts = append(l.bundle.doubts, schema.Problem{Pos: pos, Code: x.Code, Args: x.Args})
				continue
			}
			l.problems = append(l.problems, schema.Problem{Pos: pos, Code: x.Code, Args: x.Args})
		}
		l.connectDecision(m)
		l.bundle.Decisions = append(l.bundle.Decisions, m.edition)
	}
	closeDays(l.bundle.Decisions)
	if _, err := decision.Shelve(l.bundle.Decisions); err != nil {
		pos := schema.Pos{File: "decisions", Line: 1}
		if f, ok := errors.AsType[*fault.Error](err); ok {
			for _, m := range kept {
				if m.edition.Key == f.Args["key"] && m.edition.Version == f.Args["version"] {
					pos = m.pos
				}
			}
			l.problems = append(l.problems, schema.Problem{Pos: pos, Code: f.Code, Args: f.Args})
		}
	}
	for _, p := range l.bundle.Packs {
		for _, f := range p.Flows {
			l.flowServices(f)
		}
	}
}

// laid gives the models that count: of two of the same key and version that of the later pack.
func (l *loader) laid() []*model {
	var kept []*model
	for _, m := range l.models {
		at := slices.IndexFunc(kept, func(k *model) bool { return k.edition.Key == m.edition.Key && k.edition.Version == m.edition.Version })
		switch {
		case at < 0:
			kept = append(kept, m)
		case kept[at].pack == m.pack:
			l.problems.Add(m.pos, "pack.twice", "id", m.edition.Key+"@"+m.edition.Version, "other", kept[at].pos.String())
		default:
			kept[at] = m
		}
	}
	return kept
}

// imports adds the models a model imports, directly or through others. A namespace that two files have is refused.
func (l *loader) imports(m *model) {
	for i := 0; i < len(m.edition.Models); i++ { // the list grows while it is walked
		for _, want := range m.edition.Models[i].Imports {
			if slices.ContainsFunc(m.edition.Models, func(k *dmn.Model) bool { return k.Namespace == want.Namespace }) {
				continue
			}
			var found []*model
			for _, other := range l.models {
				if other.model.Namespace == want.Namespace {
					found = append(found, other)
				}
			}
			switch len(found) {
			case 0: // compiling says so
			case 1:
				m.edition.Models = append(m.edition.Models, found[0].model)
			default:
				l.problems.Add(schema.Pos{File: m.file, Line: want.Line}, "decision.namespace", "namespace", want.Namespace, "files", len(found))
			}
		}
	}
}

func (l *loader) fileOf(name string, m *model) string {
	if name != m.model.Name {
		for _, other := range l.models {
			if other.model.Name == name {
				return other.file
			}
		}
	}
	return m.file
}

// closeDays ends each edition that says no last day the day before the next of its key begins.
func closeDays(editions []*decision.Edition) {
	zero := feel.Date{}
	for _, e := range editions {
		if e.To != zero {
			continue
		}
		var next feel.Date
		for _, o := range editions {
			if o.Key != e.Key || o == e || o.From == zero || e.From != zero && !before(e.From, o.From) {
				continue
			}
			if next == zero || before(o.From, next) {
				next = o.From
			}
		}
		if next != zero {
			at := feel.DateTime{Date: next}.GoTime(nil)
			e.To = feel.DateOf(at.AddDate(0, 0, -1))
		}
	}
}

func before(a, b feel.Date) bool {
	c, ok := feel.Compare(a, b)
	return ok && c < 0
}

func (l *loader) connectDecision(m *model) {
	e := m.edition
	for _, r := range e.Roles {
		if !slices.ContainsFunc(l.bundle.Roles, func(x *policy.Role) bool { return x.Name == r }) {
			l.problems.Add(m.pos, "grant.role", "role", r)
		}
	}
	if len(e.Definitions.Decisions()) == 0 {
		l.problems.Add(m.pos, "decision.empty", "key", e.Key)
	}
	if e.Of == "" {
		return
	}
	t := l.knownType(m.pos, e.Of)
	if t == nil {
		return
	}
	for _, in := range e.Definitions.Inputs() {
		name := e.Field(in.Name)
		if _, column := t.SQLColumn(name); t.Field(name) == nil && !column {
			l.problems.Add(m.pos, "decision.input", "input", in.Name, "field", name, "type", t.Name)
		}
	}
}

// flowServices holds the service tasks of a process to the decisions and commands there are. A command that acts on the
// process cannot be one of its own steps.
func (l *loader) flowServices(f Flow) {
	if !bytes.Contains(f.XML, []byte("service")) {
		return
	}
	m, err := bpmn.Read(f.XML)
	if err != nil || m.Main() == nil {
		return // the deployment reports it
	}
	t, _ := l.bundle.Set.Type(f.Type)
	for _, n := range m.Main().Nodes {
		pos := schema.Pos{File: f.File, Line: n.Line}
		for _, s := range n.Ext.Services {
			switch {
			case s.Kind == "decision" && !l.decides(s.Name):
				l.problems.Add(pos, "decision.unknown", "name", s.Name)
			case s.Kind != "command":
			case t == nil || t.Command(s.Name) == nil:
				l.problems.Add(pos, "command.unknown", "type", f.Type, "command", s.Name)
			case t.Command(s.Name).Flow != "":
				l.problems.Add(pos, "pack.command.flow", "command", s.Name)
			}
		}
	}
}

// decides tells whether a reference means a decision of some edition: of every one, unless it is bound to a version.
func (l *loader) decides(name string) bool {
	ref, err := decision.ParseRef(name)
	if err != nil {
		return false
	}
	found := false
	for _, e := range l.bundle.Decisions {
		if e.Key != ref.Key || ref.Binding != "" && ref.Binding != decision.Start && ref.Binding != decision.Latest && ref.Binding != e.Version {
			continue
		}
		if e.Find(ref.Decision) == nil {
			return false
		}
		found = true
	}
	return found
}

// Doubts lists what runs but is doubtful, by file and line: warnings of decision models, rules of their tables that overlap,
// and inputs that no rule meets.
func (b *Bundle) Doubts() schema.Problems {
	out := slices.Clone(b.doubts)
	for _, e := range b.Decisions {
		for _, r := range e.Definitions.Analyse() {
			pos := schema.Pos{File: e.File, Line: r.Line}
			for _, o := range r.Overlaps {
				code := "decision.overlap"
				if o.Hidden {
					code = "decision.hidden"
				}
				out.Add(pos, code, "table", r.Name, "row", o.Rows[0], "other", o.Rows[1], "region", strings.Join(o.Region, ", "))
			}
			for _, g := range r.Gaps {
				out.Add(pos, "decision.gap", "table", r.Name, "region", strings.Join(g.Region, ", "))
			}
		}
	}
	return out
}
