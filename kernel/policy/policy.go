// Package policy decides who may do what with which records, and which fields they see.
//
// A grant gives a role a set of actions on a record type within a scope, under a FEEL condition, for a term. Everything
// is denied that no grant allows, and a prohibition wins over every grant. One grant is compiled twice from the same
// text: to a closure for one record and to SQL for lists, search, maps, aggregates and exports. Fields carry a grade; what
// is above the caller's clearance comes masked and can be neither filtered nor sorted. The package stores nothing of its
// own but the grants that administrators add.
//
// Main types: Policy, Grant, Decision.
package policy

import (
	"slices"
	"sort"
	"strings"
	"sync/atomic"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/kernel/identity"
	"chengshu/kernel/schema"
)

// Grant gives (or, as a prohibition, takes) a role a set of actions on records.
type Grant struct {
	ID    string     `yaml:"-" json:"id,omitempty"` // empty for grants that stand in a pack
	Role  string     `yaml:"role" json:"role"`
	On    string     `yaml:"on" json:"on"`       // record type, "<pack>.*" or "*"
	Do    []string   `yaml:"do" json:"do"`       // actions; "*" is every action
	Scope string     `yaml:"scope" json:"scope"` // all, area, org, own; default all
	When  string     `yaml:"when" json:"when,omitempty"`
	Deny  bool       `yaml:"deny" json:"deny,omitempty"`
	From  string     `yaml:"from" json:"from,omitempty"` // first day of the term
	To    string     `yaml:"to" json:"to,omitempty"`     // last day of the term
	Basis string     `yaml:"basis" json:"basis,omitempty"`
	Pos   schema.Pos `yaml:"-" json:"-"`
}

// Role is a role that packs declare.
type Role struct {
	Name  string // "<pack>.<role>"
	Grade int    // clearance of the role's people: highest field grade they see unmasked
	Power string // system, security or audit for the three administrators that exclude one another; else empty
	Home  string // page a person of this role starts on; default the task inbox
	Pos   schema.Pos
}

// scopes are the closed list of scope words, as FEEL.
func scopes() map[string]string {
	return map[string]string{
		"all": "", "": "",
		"area": "starts with(area, user.area)",
		"org":  "starts with(org, user.org)",
		"own":  "(owner = user.id or created_by = user.id)",
	}
}

// rule is a grant compiled for one record type.
type rule struct {
	grant  *Grant
	expr   *feel.Expr   // nil: no condition
	filter *feel.Filter // nil: no condition
}

type key struct{ typ, action string }

// table is a compiled set of grants; it is swapped as a whole.
type table struct {
	rules map[key][]*rule
	roles map[string]*Role
}

// Policy answers questions about permissions. It is safe for concurrent use.
type Policy struct {
	clock clock.Clock
	now   atomic.Pointer[table]
}

// New gives a policy that denies everything until Load.
func New(c clock.Clock) *Policy {
	p := &Policy{clock: c}
	p.now.Store(&table{rules: map[key][]*rule{}, roles: map[string]*Role{}})
	return p
}

// Load compiles grants for every record type they name and puts them in force. Problems name the file and line of the
// grant: an unknown role, type or action, a condition that does not compile or cannot be translated to SQL.
func (p *Policy) Load(set *schema.Set, roles []*Role, grants []*Grant) error {
	var problems schema.Problems
	next := &table{rules: map[key][]*rule{}, roles: map[string]*Role{}}
	for _, r := range roles {
		next.roles[r.Name] = r
	}
	for _, g := range grants {
		next.add(set, g, &problems)
	}
	if err := problems.Fault(); err != nil {
		return err
	}
	p.now.Store(next)
	return nil
}

func (tb *table) add(set *schema.Set, g *Grant, problems *schema.Problems) {
	if tb.roles[g.Role] == nil {
		problems.Add(g.Pos, "grant.role", "role", g.Role)
	}
	if _, ok := scopes()[g.Scope]; !ok {
		problems.Add(g.Pos, "grant.scope", "scope", g.Scope)
	}
	for _, day := range []string{g.From, g.To} { // days are compared as text
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			problems.Add(g.Pos, "grant.term", "day", day)
		}
	}
	if len(g.Do) == 0 {
		problems.Add(g.Pos, "grant.empty")
	}
	if g.Role == "anonymous" && g.Scope == "own" { // visitors share one name: what one made would be everybody's
		problems.Add(g.Pos, "grant.anonymous")
	}
	matched := false
	for _, t := range set.Types() {
		if g.On != "*" && g.On != t.Name && g.On != t.Pack+".*" {
			continue
		}
		matched = true
		r, err := compile(t, g)
		if err != nil {
			problems.Add(g.Pos, "grant.condition", "when", g.When, "type", t.Name, "detail", err.Error())
			continue
		}
		for _, action := range expand(t, g.Do) {
			if !slices.Contains(Actions(t), action) {
				problems.Add(g.Pos, "grant.action", "action", action, "type", t.Name)
			}
			k := key{t.Name, action}
			tb.rules[k] = append(tb.rules[k], r)
		}
	}
	if !matched {
		problems.Add(g.Pos, "grant.type", "on", g.On)
	}
}

func compile(t *schema.Type, g *Grant) (*rule, error) {
	parts := make([]string, 0, 2)
	if s := scopes()[g.Scope]; s != "" {
		parts = append(parts, s)
	}
	if g.When != "" {
		parts = append(parts, "("+g.When+")")
	}
	r := &rule{grant: g}
	if len(parts) == 0 {
		return r, nil
	}
	var err error
	r.expr, r.filter, err = t.Filter(strings.Join(parts, " and "))
	return r, err
}

// Actions lists the actions a grant may name for a record type: the general ones and the type's commands.
func Actions(t *schema.Type) []string {
	out := []string{"read", "create", "update", "delete", "restore", "history", "export", "import", "unmask", "merge", "supervise", "choose", "admin"}
	for _, c := range t.Commands {
		if !slices.Contains(out, c.Name) {
			out = append(out, c.Name)
		}
	}
	return out
}

// expand resolves "*". It leaves out admin (jump, change of due dates), which must be named.
func expand(t *schema.Type, do []string) []string {
	if !slices.Contains(do, "*") {
		return do
	}
	out := make([]string, 0, 16)
	for _, a := range Actions(t) {
		if a != "admin" || slices.Contains(do, a) {
			out = append(out, a)
		}
	}
	return out
}

// Role gives a declared role, nil where there is none.
func (p *Policy) Role(name string) *Role { return p.now.Load().roles[name] }

// Roles lists the declared roles by name.
func (p *Policy) Roles() []*Role {
	roles := p.now.Load().roles
	out := make([]*Role, 0, len(roles))
	for _, r := range roles {
		out = append(out, r)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// Clearance gives the highest grade among roles, at least 1.
func (p *Policy) Clearance(roles []string) int {
	grade := 1
	for _, name := range roles {
		if r := p.Role(name); r != nil {
			grade = max(grade, r.Grade)
		}
	}
	return grade
}

// Sees tells whether the actor sees the field unmasked.
func Sees(a identity.Actor, f *schema.Field) bool {
	return f.Grade <= a.Clearance && f.Type != "secret"
}

// Compatible refuses two administrators' powers in one person with the fault "policy.powers" (separation of the three administrators, GB/T 22239 §8.1.5).
func (p *Policy) Compatible(roles []string) error {
	power, holder := "", ""
	for _, name := range roles {
		r := p.Role(name)
		if r == nil || r.Power == "" {
			continue
		}
		if power != "" && power != r.Power {
			return fault.New(fault.Denied, "policy.powers", "one", holder, "other", name)
		}
		power, holder = r.Power, name
	}
	return nil
}

// rulesFor gives the rules in force today that concern the actor's roles, prohibitions first.
func (p *Policy) rulesFor(a identity.Actor, action, typ string) (deny, allow []*rule) {
	day := p.clock.Now().In(clock.Shanghai).Format(time.DateOnly)
	for _, r := range p.now.Load().rules[key{typ, action}] {
		g := r.grant
		if !a.Has(g.Role) || g.From != "" && day < g.From || g.To != "" && day > g.To {
			continue
		}
		if g.Deny {
			deny = append(deny, r)
		} else {
			allow = append(allow, r)
		}
	}
	return deny, allow
}
