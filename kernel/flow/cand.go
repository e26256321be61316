package flow

import (
	"encoding/json"
	"slices"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/kernel/identity"
)

// Candidate is who may take a task: a role at an organisation and for an area, or one person.
type Candidate struct {
	Kind string `json:"kind"`           // "role" or "person"
	Ref  string `json:"ref"`            // role name or person id
	Org  string `json:"org,omitempty"`  // role: organisation path the actor's must begin with; empty for any
	Area string `json:"area,omitempty"` // role: area path the actor's scope must cover; empty for any
}

// Kinds of candidates.
const (
	ByRole   = "role"
	ByPerson = "person"
)

// Matches tells whether the actor is this candidate. A stand-in is the person stood in for as well.
func (c Candidate) Matches(a identity.Actor) bool {
	if c.Kind == ByPerson {
		if c.Ref == identity.AnonymousPerson || c.Ref == identity.SystemPerson {
			return false // any visitor would be that person
		}
		return c.Ref != "" && (c.Ref == a.Person || c.Ref == a.OnBehalf)
	}
	return c.Kind == ByRole && a.Has(c.Ref) && strings.HasPrefix(a.Org, c.Org) && (c.Area == "" || a.Covers(c.Area))
}

func matches(list []Candidate, a identity.Actor) bool {
	for _, c := range list {
		if c.Matches(a) {
			return true
		}
	}
	return false
}

// context is the FEEL form of a candidate.
func (c Candidate) context() *feel.Context {
	return feel.NewContext("kind", c.Kind, "ref", c.Ref, "org", c.Org, "area", c.Area)
}

// Candidates reads what a candidate rule gave: one candidate or a list, nested lists flattened. Nothing, or anything
// else, is the fault Invalid "flow.candidates": a task nobody may take would wait for ever.
func Candidates(v feel.Value) ([]Candidate, error) {
	var out []Candidate
	var walk func(v feel.Value) bool
	walk = func(v feel.Value) bool {
		switch x := v.(type) {
		case nil:
			return true
		case feel.List:
			for _, e := range x {
				if !walk(e) {
					return false
				}
			}
			return true
		case *feel.Context:
			c := Candidate{Kind: word(x, "kind"), Ref: word(x, "ref"), Org: word(x, "org"), Area: word(x, "area")}
			if (c.Kind != ByRole && c.Kind != ByPerson) || c.Ref == "" {
				return false
			}
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
			return true
		}
		return false
	}
	if !walk(v) || len(out) == 0 {
		return nil, fault.New(fault.Invalid, "flow.candidates")
	}
	return out, nil
}

func word(c *feel.Context, name string) string {
	v, _ := c.Get(name)
	s, _ := v.(string)
	return s
}

// placedRoles tells whether every call of role in the expression names an organisation. Then a candidate without one
// means that the organisation was null, and must not be taken for "any organisation".
func placedRoles(x *feel.Expr) bool {
	var tree any
	if json.Unmarshal(x.AST(), &tree) != nil {
		return false
	}
	placed, free := 0, 0
	var walk func(v any)
	walk = func(v any) {
		list, ok := v.([]any)
		if !ok {
			return
		}
		if len(list) > 2 && list[0] == "call" && list[1] == "role" {
			if len(list) > 3 {
				placed++
			} else {
				free++
			}
		}
		for _, e := range list {
			walk(e)
		}
	}
	walk(tree)
	return placed > 0 && free == 0
}

// candidatesOf evaluates a candidate rule.
func (m *machine) candidatesOf(x *feel.Expr, t *token, n *node, member feel.Value) ([]Candidate, error) {
	v, env, err := m.eval(x, t, member)
	if err != nil {
		return nil, err
	}
	list, err := Candidates(v)
	if err != nil {
		return nil, m.broken(n, "flow.candidates", env)
	}
	if m.p.placed[x] && slices.ContainsFunc(list, func(c Candidate) bool { return c.Kind == ByRole && c.Org == "" && c.Area == "" }) {
		return nil, m.broken(n, "flow.candidates.org", env)
	}
	return list, nil
}

// processNames are the variables a process adds to those of its record.
var processNames = [...]string{"outcome", "starter", "vars", "member"}

// CandidateFuncs are the functions of candidate rules: role(name), role(name, org), roleIn(name, area),
// roleAt(name, org, area) and person(id). Each gives a context that Candidates reads.
func CandidateFuncs() []feel.Func {
	text := func(name string) feel.Param { return feel.Param{Name: name, Type: feel.StringType} }
	return []feel.Func{
		candidateFunc("role", func(a []string) Candidate { return Candidate{Kind: ByRole, Ref: a[0], Org: a[1]} },
			text("name"), feel.Param{Name: "org", Type: feel.StringType, Optional: true}),
		candidateFunc("roleIn", func(a []string) Candidate { return Candidate{Kind: ByRole, Ref: a[0], Area: a[1]} }, text("name"), text("area")),
		candidateFunc("roleAt", func(a []string) Candidate { return Candidate{Kind: ByRole, Ref: a[0], Org: a[1], Area: a[2]} },
			text("name"), text("org"), text("area")),
		candidateFunc("person", func(a []string) Candidate { return Candidate{Kind: ByPerson, Ref: a[0]} }, text("id")),
	}
}

func candidateFunc(name string, build func(args []string) Candidate, params ...feel.Param) feel.Func {
	return feel.Func{Name: name, Params: params, Result: feel.ContextOf(), Call: func(_ *feel.Env, args []feel.Value) (feel.Value, error) {
		words := make([]string, len(params))
		for i, a := range args {
			words[i], _ = a.(string)
			if words[i] == "" && !params[i].Optional {
				return nil, fault.New(fault.Invalid, "flow.candidate", "function", name, "parameter", params[i].Name)
			}
		}
		return build(words).context(), nil
	}}
}

// extend declares on top of a record type's names what a process knows: the chosen outcome, results of services, the
// person who started it, the member of a countersign, and the candidate functions.
func extend(scope *feel.Scope, lenient bool) *feel.Scope {
	s := scope.Clone()
	s.Var("outcome", feel.StringType).Var("starter", feel.StringType) // all of processNames
	s.Var("vars", feel.ContextOf()).Var("member", feel.ContextOf())
	for _, f := range CandidateFuncs() {
		s.Func(f)
	}
	if lenient {
		s.Lenient()
	}
	return s
}
