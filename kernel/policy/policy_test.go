package policy_test

import (
	"strings"
	"testing"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/kernel/identity"
	"chengshu/kernel/policy"
	"chengshu/kernel/schema"
)

const thing = `record: t.thing
states: [open, closed]
fields:
  n: {type: integer}
  kind: {type: choice, choices: [a, b, c]}
  unit: {type: org}
  cost: {type: money}
  done: {type: boolean}
  due: {type: date}
  name: {type: text, grade: 3}
  extra: {type: json}
commands:
  close: {state: closed}
`

func frozen(t testing.TB) (*schema.Set, *schema.Type) {
	t.Helper()
	d := schema.NewDraft()
	d.ParseType("t", "thing.yaml", []byte(thing))
	set, err := d.Freeze()
	if err != nil {
		t.Fatal(err)
	}
	typ, err := set.Type("t.thing")
	if err != nil {
		t.Fatal(err)
	}
	return set, typ
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, clock.Shanghai)

func loaded(t testing.TB, grants ...*policy.Grant) (*policy.Policy, *schema.Type, *clock.Fake) {
	t.Helper()
	set, typ := frozen(t)
	c := clock.NewFake(noon)
	p := policy.New(c)
	roles := []*policy.Role{
		{Name: "r1", Grade: 2},
		{Name: "r2", Grade: 3},
		{Name: "anonymous", Grade: 1},
		{Name: "sys", Power: "system"},
		{Name: "sys2", Power: "system"},
		{Name: "sec", Power: "security"},
		{Name: "aud", Power: "audit"},
	}
	if err := p.Load(set, roles, grants); err != nil {
		t.Fatal(err)
	}
	return p, typ, c
}

func grant(role, action string, more ...func(*policy.Grant)) *policy.Grant {
	g := &policy.Grant{Role: role, On: "t.thing", Do: []string{action}}
	for _, m := range more {
		m(g)
	}
	return g
}

var me = identity.Actor{Person: "p1", Org: "/c/a/", Area: "/9/1/", Roles: []string{"r1"}, Clearance: 2}

// TestAllow: what one or two grants make of one record.
func TestAllow(t *testing.T) {
	t.Parallel()
	when := func(s string) func(*policy.Grant) { return func(g *policy.Grant) { g.When = s } }
	scope := func(s string) func(*policy.Grant) { return func(g *policy.Grant) { g.Scope = s } }
	deny := func(g *policy.Grant) { g.Deny = true }
	term := func(from, to string) func(*policy.Grant) {
		return func(g *policy.Grant) { g.From, g.To = from, to }
	}
	for _, tc := range []struct {
		name   string
		grants []*policy.Grant
		actor  identity.Actor
		values schema.Values
		want   bool
	}{
		{"nothing is granted", nil, me, schema.Values{}, false},
		{"granted", []*policy.Grant{grant("r1", "read")}, me, schema.Values{}, true},
		{"another action", []*policy.Grant{grant("r1", "update")}, me, schema.Values{}, false},
		{"another role", []*policy.Grant{grant("r2", "read")}, me, schema.Values{}, false},
		{"every action", []*policy.Grant{grant("r1", "*")}, me, schema.Values{}, true},
		{"every type of the pack", []*policy.Grant{{Role: "r1", On: "t.*", Do: []string{"read"}}}, me, schema.Values{}, true},
		{"a true condition", []*policy.Grant{grant("r1", "read", when(`kind = "a"`))}, me, schema.Values{"kind": "a"}, true},
		{"a false condition", []*policy.Grant{grant("r1", "read", when(`kind = "a"`))}, me, schema.Values{"kind": "b"}, false},
		{"an unknown condition does not permit", []*policy.Grant{grant("r1", "read", when("cost > 1"))}, me, schema.Values{}, false},
		{"not of an unknown does not permit", []*policy.Grant{grant("r1", "read", when("not(cost > 1)"))}, me, schema.Values{}, false},
		{"one of two grants", []*policy.Grant{grant("r1", "read", when("cost > 1")), grant("r1", "read", when("done"))}, me, schema.Values{"done": true}, true},
		{"a prohibition wins", []*policy.Grant{grant("r1", "read"), grant("r1", "read", deny, when("done"))}, me, schema.Values{"done": true}, false},
		{"a prohibition that is false", []*policy.Grant{grant("r1", "read"), grant("r1", "read", deny, when("done"))}, me, schema.Values{"done": false}, true},
		{"an unknown prohibition holds", []*policy.Grant{grant("r1", "read"), grant("r1", "read", deny, when("done"))}, me, schema.Values{}, false},
		{"a prohibition of another role", []*policy.Grant{grant("r1", "read"), grant("r2", "read", deny)}, me, schema.Values{}, true},
		{"a prohibition alone permits nothing", []*policy.Grant{grant("r1", "read", deny, when("false"))}, me, schema.Values{}, false},
		{"own area", []*policy.Grant{grant("r1", "read", scope("area"))}, me, schema.Values{"area": "/9/1/3/"}, true},
		{"a sibling with the same beginning", []*policy.Grant{grant("r1", "read", scope("area"))}, me, schema.Values{"area": "/9/10/"}, false},
		{"the area above", []*policy.Grant{grant("r1", "read", scope("area"))}, me, schema.Values{"area": "/9/"}, false},
		{"no area", []*policy.Grant{grant("r1", "read", scope("area"))}, me, schema.Values{}, false},
		{"an actor without an area", []*policy.Grant{grant("r1", "read", scope("area"))}, identity.Actor{Person: "p1", Roles: []string{"r1"}}, schema.Values{"area": "/9/1/"}, false},
		{"a prohibition over an actor without an area", []*policy.Grant{grant("r1", "read"), grant("r1", "read", deny, scope("area"))}, identity.Actor{Person: "p1", Roles: []string{"r1"}}, schema.Values{"area": "/9/1/"}, false},
		{"own organisation", []*policy.Grant{grant("r1", "read", scope("org"))}, me, schema.Values{"org": "/c/a/x/"}, true},
		{"own record", []*policy.Grant{grant("r1", "read", scope("own"))}, me, schema.Values{"owner": "p1"}, true},
		{"created by me", []*policy.Grant{grant("r1", "read", scope("own"))}, me, schema.Values{"owner": "p2", "created_by": "p1"}, true},
		{"of another", []*policy.Grant{grant("r1", "read", scope("own"))}, me, schema.Values{"owner": "p2", "created_by": "p2"}, false},
		{"before the term", []*policy.Grant{grant("r1", "read", term("2026-03-03", ""))}, me, schema.Values{}, false},
		{"the first day", []*policy.Grant{grant("r1", "read", term("2026-03-02", ""))}, me, schema.Values{}, true},
		{"the last day", []*policy.Grant{grant("r1", "read", term("", "2026-03-02"))}, me, schema.Values{}, true},
		{"after the term", []*policy.Grant{grant("r1", "read", term("", "2026-03-01"))}, me, schema.Values{}, false},
		{"a prohibition after its term", []*policy.Grant{grant("r1", "read"), grant("r1", "read", deny, term("", "2026-03-01"))}, me, schema.Values{}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, typ, _ := loaded(t, tc.grants...)
			if got := p.Allow(tc.actor, "read", typ, tc.values); got != tc.want {
				t.Errorf("got %v", got)
			}
			if d := p.Explain(tc.actor, "read", typ, tc.values); d.Allowed != tc.want {
				t.Errorf("explain says %+v", d)
			}
			err := p.Require(tc.actor, "read", typ, tc.values)
			if (err == nil) != tc.want || err != nil && !fault.Is(err, fault.Denied) {
				t.Errorf("require gives %v", err)
			}
		})
	}
}

// TestTermPasses: a grant ends with its last day at +08:00 without a reload.
func TestTermPasses(t *testing.T) {
	t.Parallel()
	p, typ, c := loaded(t, grant("r1", "read", func(g *policy.Grant) { g.To = "2026-03-02" }))
	c.Set(time.Date(2026, 3, 2, 23, 59, 59, 0, clock.Shanghai))
	if !p.Allow(me, "read", typ, schema.Values{}) || !p.Any(me, "read", "t.thing") {
		t.Error("the last day is not over")
	}
	c.Set(time.Date(2026, 3, 3, 0, 0, 0, 0, clock.Shanghai))
	if p.Allow(me, "read", typ, schema.Values{}) || p.Any(me, "read", "t.thing") {
		t.Error("the term is over")
	}
}

// TestPowers: system, security and audit exclude one another (GB/T 22239 §8.1.5).
func TestPowers(t *testing.T) {
	t.Parallel()
	p, _, _ := loaded(t)
	for _, ok := range [][]string{nil, {"r1", "r2"}, {"sys"}, {"sys", "sys2", "r1"}, {"unknown", "aud"}} {
		if err := p.Compatible(ok); err != nil {
			t.Errorf("%v: %v", ok, err)
		}
	}
	for _, no := range [][]string{{"sys", "sec"}, {"sec", "aud"}, {"r1", "aud", "sys"}, {"sys", "sys2", "sec"}} {
		if err := p.Compatible(no); fault.CodeOf(err) != "policy.powers" {
			t.Errorf("%v: %v", no, err)
		}
	}
	if got := p.Clearance([]string{"r1", "r2", "unknown"}); got != 3 {
		t.Errorf("clearance %d", got)
	}
	if got := p.Clearance(nil); got != 1 {
		t.Errorf("clearance of nobody %d", got)
	}
}

// TestMistakes: a grant that names what is not there, or a condition that cannot be SQL, is refused as a whole with its
// place, and what was in force stays.
func TestMistakes(t *testing.T) {
	t.Parallel()
	p, typ, _ := loaded(t, grant("r1", "read"))
	set, _ := frozen(t)
	at := schema.Pos{File: "t/roles.yaml", Line: 7}
	for code, g := range map[string]*policy.Grant{
		"grant.role": {Role: "nobody", On: "t.thing", Do: []string{"read"}}, "grant.type": {Role: "r1", On: "t.other", Do: []string{"read"}},
		"grant.action": {Role: "r1", On: "t.thing", Do: []string{"fly"}}, "grant.scope": {Role: "r1", On: "t.thing", Do: []string{"read"}, Scope: "county"},
		"grant.condition": {Role: "r1", On: "t.thing", Do: []string{"read"}, When: `matches(kind, "a")`}, "grant.term": {Role: "r1", On: "t.thing", Do: []string{"read"}, To: "2026-3-2"},
		"grant.condition ": {Role: "r1", On: "t.thing", Do: []string{"read"}, When: "extra != null"},
		"grant.empty":      {Role: "r1", On: "t.thing"}, "grant.anonymous": {Role: "anonymous", On: "t.thing", Do: []string{"read"}, Scope: "own"},
	} {
		g.Pos = at
		err := p.Load(set, []*policy.Role{{Name: "r1"}, {Name: "anonymous"}}, []*policy.Grant{g})
		var found bool
		if f, ok := err.(*fault.Error); ok { //nolint:errorlint // the fault itself is given
			for _, x := range f.Fields {
				found = found || x.Code == strings.TrimSpace(code) && x.Pointer == "t/roles.yaml:7"
			}
		}
		if !found {
			t.Errorf("%s: got %v", code, err)
		}
	}
	if !p.Allow(me, "read", typ, schema.Values{}) {
		t.Error("a refused load changed what was in force")
	}
}

func TestSees(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		field schema.Field
		want  bool
	}{{schema.Field{Grade: 1}, true}, {schema.Field{Grade: 2}, true}, {schema.Field{Grade: 3}, false}, {schema.Field{Grade: 1, Type: "secret"}, false}} {
		if got := policy.Sees(me, &tc.field); got != tc.want {
			t.Errorf("%+v: %v", tc.field, got)
		}
	}
}

// TestAdminIsNamed: "*" leaves out what only an administrator does.
func TestAdminIsNamed(t *testing.T) {
	t.Parallel()
	p, typ, _ := loaded(t, grant("r1", "*"), &policy.Grant{Role: "r2", On: "t.thing", Do: []string{"*", "admin"}})
	for _, action := range policy.Actions(typ) {
		if got, want := p.Allow(me, action, typ, schema.Values{}), action != "admin"; got != want {
			t.Errorf("%s: %v", action, got)
		}
	}
	if !p.Allow(identity.Actor{Roles: []string{"r2"}}, "admin", typ, schema.Values{}) {
		t.Error("admin was named")
	}
}
