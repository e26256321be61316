// Package decision keeps the decision models of packs and decides by them: which edition of a model is in force on a day,
// which one a running process is bound to, what was decided about a record and why.
//
// Models are base/dmn's. An edition that was ever deployed stays in the tables with its bytes and their SHA-256, so that a
// process goes on by the law it began under and every decision can be made again. A decision is a function of its inputs
// alone: models see no records, no tables and no product functions. The package knows no record types and asks no policy;
// whoever shows a log masks it.
//
// Main types: Store, Edition, Outcome, Entry.
package decision

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"chengshu/base/clock"
	"chengshu/base/dmn"
	"chengshu/base/fault"
	"chengshu/base/feel"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the tables of the package, for store.Migrate with scope "decision".
func Migrations() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return migrations
	}
	return sub
}

// Edition is one edition of a decision model as a pack declares it. It is not changed once it is in a Store.
type Edition struct {
	Key     string // what is decided, "<pack>.<name>", the same for all editions
	Version string
	From    feel.Date         // first day in force; zero from the beginning
	To      feel.Date         // last day in force; zero until further notice
	Law     bool              // carries law: a process is bound to the edition of the day it began
	Of      string            // record type whose fields are the inputs; empty for none
	Inputs  map[string]string // input → field of Of, where the names differ
	Roles   []string          // who may use it as a calculator
	File    string            // of the model, for problems
	Models  []*dmn.Model      // the model, then those it imports

	Definitions *dmn.Definitions // compiled
}

// Field gives the field an input is filled from.
func (e *Edition) Field(input string) string {
	if f, ok := e.Inputs[input]; ok {
		return f
	}
	return input
}

// Scope declares what expressions of a model may use beside its own names: the built-in functions, days at +08:00.
func Scope() *feel.Scope { return feel.NewScope().Local(clock.Shanghai) }

// Compile compiles the models; what is wrong stands in Definitions.Problems.
func (e *Edition) Compile() {
	e.Definitions = dmn.Compile(Scope(), e.Models[0], e.Models[1:]...)
}

// Ref names a decision as a service task of a process does: "key/decision", "key@start/decision", "key@latest/decision"
// or "key@2026-1/decision". Without a decision the model's only one is meant.
type Ref struct {
	Key      string
	Binding  string // Start, Latest, a version, or empty for what the model itself wants
	Decision string
}

// The bindings that are no version.
const (
	Start  = "start"  // the edition in force on the day the process began, as it was known then
	Latest = "latest" // the edition in force today
)

// ParseRef reads a reference; the fault is Invalid "decision.ref".
func ParseRef(text string) (Ref, error) {
	name, decision, _ := strings.Cut(text, "/")
	key, binding, bound := strings.Cut(name, "@")
	if key == "" || bound && binding == "" {
		return Ref{}, fault.New(fault.Invalid, "decision.ref", "name", text)
	}
	return Ref{Key: key, Binding: binding, Decision: decision}, nil
}

// Options are what a store is made of. Clock must be there.
type Options struct {
	Clock clock.Clock
}

// Store keeps the editions in force and the tables behind them. It is safe for concurrent use.
type Store struct {
	clock    clock.Clock
	now      atomic.Pointer[current]
	mu       sync.Mutex
	compiled map[string]*compiled // by hash of the edition
}

type compiled struct {
	models      []*dmn.Model
	definitions *dmn.Definitions
}

// current is what is in force; it is swapped as a whole.
type current struct {
	shelf *dmn.Shelf
	by    map[string]map[string]*Edition // key → version
}

// New makes a store without editions; Use puts them in force.
func New(opt Options) *Store {
	s := &Store{clock: opt.Clock, compiled: map[string]*compiled{}}
	s.now.Store(&current{shelf: &dmn.Shelf{}})
	return s
}

// Use puts compiled editions in force in place of all others. Faults: those of dmn.NewShelf.
func (s *Store) Use(editions []*Edition) error {
	shelf, err := Shelve(editions)
	if err != nil {
		return err
	}
	c := &current{shelf: shelf, by: map[string]map[string]*Edition{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range editions {
		if c.by[e.Key] == nil {
			c.by[e.Key] = map[string]*Edition{}
		}
		c.by[e.Key][e.Version] = e
		s.compiled[hash(e.Models)] = &compiled{e.Models, e.Definitions}
	}
	s.now.Store(c)
	return nil
}

// Shelve puts compiled editions on a shelf. Faults: those of dmn.NewShelf.
func Shelve(editions []*Edition) (*dmn.Shelf, error) {
	list := make([]dmn.Edition, len(editions))
	for i, e := range editions {
		list[i] = dmn.Edition{Key: e.Key, Version: e.Version, From: e.From, To: e.To, Definitions: e.Definitions}
	}
	return dmn.NewShelf(list...)
}

// On gives the edition of a key that is in force on a day. Fault: NotFound "dmn.edition".
func (s *Store) On(key string, day feel.Date) (*Edition, error) {
	c := s.now.Load()
	e, err := c.shelf.On(key, day)
	if err != nil {
		return nil, err
	}
	return c.by[key][e.Version], nil
}

// Today is the present day at +08:00.
func (s *Store) Today() feel.Date { return feel.DateOf(s.clock.Now().In(clock.Shanghai)) }

// Evaluate decides by the edition in force on a day; nothing is written. Vars hold the inputs by name. Faults: NotFound
// "dmn.edition", "dmn.decision".
func (s *Store) Evaluate(key, decision string, day feel.Date, vars feel.Vars) (Outcome, error) {
	e, err := s.On(key, day)
	if err != nil {
		return Outcome{}, err
	}
	return e.Evaluate(decision, vars, s.clock.Now())
}

// Evaluate decides by this edition. Fault: NotFound "dmn.decision".
func (e *Edition) Evaluate(decision string, vars feel.Vars, at time.Time) (Outcome, error) {
	d, err := pick(e.Definitions, e.Key, decision)
	if err != nil {
		return Outcome{}, err
	}
	return decide(d, e, vars, at), nil
}

// pick finds a decision by name or id; without a name the model's only one.
func pick(defs *dmn.Definitions, key, name string) (*dmn.Decision, error) {
	if name != "" {
		if d := defs.Decision(name); d != nil {
			return d, nil
		}
		return nil, fault.New(fault.NotFound, "dmn.decision", "key", key, "name", name)
	}
	if all := defs.Decisions(); len(all) == 1 {
		return all[0], nil
	}
	return nil, fault.New(fault.NotFound, "dmn.decision", "key", key, "name", name)
}

// Find finds the decision a reference means; nil where there is none.
func (e *Edition) Find(name string) *dmn.Decision {
	d, err := pick(e.Definitions, e.Key, name)
	if err != nil {
		return nil
	}
	return d
}

// Offered tells whether somebody with these roles may use the edition as a calculator. What the role "anonymous" may use
// everybody may.
func (e *Edition) Offered(roles []string) bool {
	return slices.ContainsFunc(e.Roles, func(r string) bool { return r == "anonymous" || slices.Contains(roles, r) })
}

// Keys lists the keys that have an edition in force on a day, sorted.
func (s *Store) Keys(day feel.Date) []string {
	var out []string
	for key := range s.now.Load().by {
		if _, err := s.On(key, day); err == nil {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}

// Read makes inputs of JSON values: days, instants and numbers may come as text. An input the decision does not have is
// Invalid "decision.inputs" with one field each; what does not fit its type is for the decision to say.
func Read(d *dmn.Decision, data map[string]any) (feel.Map, error) {
	out := feel.Map{}
	var wrong []string
	for name, v := range data {
		at := slices.IndexFunc(d.Inputs(), func(in dmn.Input) bool { return in.Name == name })
		if at < 0 {
			wrong = append(wrong, name)
			continue
		}
		out[name] = typed(d.Inputs()[at].Type.Kind(), v)
	}
	if len(wrong) == 0 {
		return out, nil
	}
	slices.Sort(wrong)
	f := fault.New(fault.Invalid, "decision.inputs", "count", len(wrong))
	for _, name := range wrong {
		_ = f.At("/inputs/"+name, "decision.no-input", "input", name)
	}
	return nil, f
}

func typed(k feel.Kind, v any) feel.Value {
	text, ok := v.(string)
	if !ok {
		return feel.FromGo(v)
	}
	switch k { //nolint:exhaustive // the rest is text, or comes as JSON has it
	case feel.KindDate:
		if d, ok := feel.ParseDate(text); ok {
			return d
		}
	case feel.KindDateTime:
		if d, ok := feel.ParseDateTime(text); ok {
			return d
		}
	case feel.KindNumber:
		if n, err := feel.ParseNumber(text); err == nil {
			return n
		}
	}
	if text == "" && k != feel.KindString {
		return nil
	}
	return text
}
