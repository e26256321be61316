package policy

import (
	"strings"

	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/kernel/identity"
	"chengshu/kernel/schema"
)

// Decision is an answer with its reasons.
type Decision struct {
	Allowed bool    `json:"allowed"`
	Rule    *Grant  `json:"rule,omitempty"` // the grant or prohibition that decided; nil: no grant fits
	Tried   []Trial `json:"tried,omitempty"`
}

// Trial is one grant that was tried and what its condition gave: "true", "false" or "null".
type Trial struct {
	Grant       *Grant            `json:"grant"`
	Condition   string            `json:"condition,omitempty"`
	Result      string            `json:"result"`
	Diagnostics []feel.Diagnostic `json:"diagnostics,omitempty"`
}

// User gives the caller's attributes as expressions see them.
func User(a identity.Actor) *feel.Context {
	roles := make(feel.List, 0, len(a.Roles))
	for _, r := range a.Roles {
		roles = append(roles, r)
	}
	return feel.NewContext("id", a.Person, "post", a.Post, "org", orNull(a.Org), "area", orNull(a.Area),
		"roles", roles, "clearance", feel.NumberFromInt(int64(a.Clearance)))
}

// orNull makes an empty path null, so that "starts with(area, user.area)" is not true for a caller without an area.
func orNull(s string) feel.Value {
	if s == "" {
		return nil
	}
	return s
}

// Any tells whether some grant might allow the action for some record; menus and forms use it.
func (p *Policy) Any(a identity.Actor, action, typ string) bool {
	_, allow := p.rulesFor(a, action, typ)
	return len(allow) > 0
}

// Allow tells whether the actor may do the action with this record.
func (p *Policy) Allow(a identity.Actor, action string, t *schema.Type, values schema.Values) bool {
	deny, allow := p.rulesFor(a, action, t.Name)
	if len(allow) == 0 {
		return false
	}
	env := p.env(a, t, values)
	for _, r := range deny {
		if r.holds(env) != false {
			return false
		}
	}
	for _, r := range allow {
		if r.holds(env) == true {
			return true
		}
	}
	return false
}

// Require gives a Denied fault "policy.denied" unless Allow is true.
func (p *Policy) Require(a identity.Actor, action string, t *schema.Type, values schema.Values) error {
	if p.Allow(a, action, t, values) {
		return nil
	}
	kind := fault.Denied
	if a.Person == identity.AnonymousPerson {
		kind = fault.Anonymous
	}
	return fault.New(kind, "policy.denied", "action", action, "type", t.Name)
}

// Explain is Allow with every grant that was tried.
func (p *Policy) Explain(a identity.Actor, action string, t *schema.Type, values schema.Values) Decision {
	var d Decision
	deny, allow := p.rulesFor(a, action, t.Name)
	decided := false
	for _, r := range append(deny, allow...) {
		env := p.env(a, t, values)
		got := r.holds(env)
		trial := Trial{Grant: r.grant, Result: feel.Format(got), Diagnostics: env.Diagnostics}
		if r.expr != nil {
			trial.Condition = r.expr.Source()
		}
		d.Tried = append(d.Tried, trial)
		if decided {
			continue
		}
		if r.grant.Deny && got != false || !r.grant.Deny && got == true {
			d.Allowed, d.Rule, decided = !r.grant.Deny, r.grant, true
		}
	}
	return d
}

func (p *Policy) env(a identity.Actor, t *schema.Type, values schema.Values) *feel.Env {
	return &feel.Env{Vars: t.Vars(values, User(a)), Now: p.clock.Now}
}

func (r *rule) holds(env *feel.Env) feel.Value {
	if r.expr == nil {
		return true
	}
	return r.expr.Eval(env)
}

// Filter gives the SQL condition that selects the records the actor may do the action with, and its arguments; "FALSE"
// where there is none. It selects exactly the records for which Allow is true.
func (p *Policy) Filter(a identity.Actor, action string, t *schema.Type) (string, []any, error) {
	deny, allow := p.rulesFor(a, action, t.Name)
	env := &feel.Env{Vars: feel.Map{"user": User(a)}, Now: p.clock.Now}
	var some, not []string
	var args, notArgs []any
	for _, r := range allow {
		if r.filter == nil {
			some, args = []string{"TRUE"}, nil
			break
		}
		sql, more, err := r.filter.BindEnv(env)
		if err != nil {
			return "", nil, fault.Wrap("row filter", err)
		}
		some, args = append(some, "("+sql+")"), append(args, more...)
	}
	if len(some) == 0 {
		return "FALSE", nil, nil
	}
	for _, r := range deny {
		if r.filter == nil {
			return "FALSE", nil, nil
		}
		sql, more, err := r.filter.Exact(env)
		if err != nil {
			return "", nil, fault.Wrap("row filter", err)
		}
		// A prohibition whose condition is unknown holds: fail closed. Exact keeps unknown apart from false.
		not, notArgs = append(not, "NOT COALESCE(("+sql+"), TRUE)"), append(notArgs, more...)
	}
	where := strings.Join(some, " OR ")
	if len(some) > 1 {
		where = "(" + where + ")"
	}
	for _, n := range not {
		where += " AND " + n
	}
	return where, append(args, notArgs...), nil
}
