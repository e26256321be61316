package policy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"chengshu/base/clock"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/identity"
	"chengshu/kernel/policy"
	"chengshu/kernel/record"
	"chengshu/kernel/schema"
)

// rows are records with values from small domains, many of them empty.
func rows(n int) []schema.Values {
	pick := func(i, prime int, vs ...any) any { return vs[(i*prime+i/7)%len(vs)] }
	out := make([]schema.Values, n)
	for i := range out {
		v := schema.Values{
			"id": string(rune('a'+i/26)) + string(rune('a'+i%26)), "rev": int64(1), "title": "x", "created_at": schema.FormatTime(noon), "updated_at": schema.FormatTime(noon),
			"state": pick(i, 1, "open", "closed", nil), "area": pick(i, 3, nil, "/9/", "/9/1/", "/9/1/2/", "/9/10/", "/9/2/"), "org": pick(i, 5, nil, "/c/a/", "/c/b/", "/c/a/x/"),
			"owner": pick(i, 2, "p1", "p2", nil), "created_by": pick(i, 7, "p1", "p2", "p3"), "n": pick(i, 3, nil, int64(0), int64(1), int64(2)),
			"kind": pick(i, 5, nil, "a", "b", "c"), "unit": pick(i, 3, nil, "/c/a/", "/c/b/"), "cost": pick(i, 7, nil, "0.50", "1.00", "2.50"),
			"done": pick(i, 2, nil, true, false), "due": pick(i, 3, nil, "2026-03-01", "2026-03-02", "2026-03-03"), "name": pick(i, 2, nil, "x", "y"),
		}
		for k, x := range v {
			if x == nil {
				delete(v, k)
			}
		}
		out[i] = v
	}
	return out
}

// stored writes the rows and gives a function that selects ids by a condition.
func stored(t *testing.T, db *store.DB, set *schema.Set, all []schema.Values) func(where string, args []any) ([]string, error) {
	t.Helper()
	ctx := t.Context()
	if err := store.Migrate(ctx, db, record.Migrations(), "record"); err != nil {
		t.Fatal(err)
	}
	typ, err := set.Type("t.thing")
	if err != nil {
		t.Fatal(err)
	}
	err = db.Write(ctx, func(tx *store.Tx) error {
		steps, err := record.Plan(ctx, tx, set)
		if err == nil {
			err = record.Apply(ctx, tx, steps)
		}
		if err != nil {
			return err
		}
		for _, v := range all {
			names, marks, args := []string{}, []string{}, []any{}
			for name, x := range v {
				if f := typ.Field(name); f != nil {
					x = f.Encode(x)[0]
				} else if strings.HasSuffix(name, "_at") {
					x = noon.UnixMicro()
				}
				names, marks, args = append(names, schema.Quote(name)), append(marks, "?"), append(args, x)
			}
			if _, err := tx.Exec(ctx, "INSERT INTO t_thing ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(marks, ", ")+")", args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(where string, args []any) ([]string, error) {
		out := []string{}
		err := db.Read(ctx, func(tx *store.Tx) error {
			rs, err := tx.Query(ctx, "SELECT id FROM t_thing WHERE "+where+" ORDER BY id", args...)
			if err != nil {
				return err
			}
			defer rs.Close()
			for rs.Next() {
				var id string
				if err := rs.Scan(&id); err != nil {
					return err
				}
				out = append(out, id)
			}
			return rs.Err()
		})
		return out, err
	}
}

// randomGrant draws a grant or prohibition.
func randomGrant(t *rapid.T) *policy.Grant {
	pick := func(vs ...string) string { return rapid.SampledFrom(vs).Draw(t, "pick") }
	conditions := []string{
		"", `kind = "a"`, `kind != "b"`, "kind = null", "n > 0", "not(n > 0)", "n between 0 and 1", "cost >= 1", "cost = null or cost < 2", "done", "not(done)", "done = null",
		"due < today()", "due in [today()..@\"2026-12-31\"]", `state = "open"`, `state in ("open", "closed")`, "starts with(unit, user.org)", "unit = user.org", "owner = user.id", "owner != user.id",
		`starts with(area, user.area)`, "user.clearance >= 2", `list contains(user.roles, "r2")`, `if done then kind = "a" else n = 1`, `name = "x"`, `contains(name, "y")`, "user.area = null", "created_at <= now()",
	}
	when := pick(conditions...)
	for range rapid.IntRange(0, 2).Draw(t, "more") {
		if next := pick(conditions...); next != "" && when != "" {
			when = "(" + when + ") " + pick("and", "or") + " " + pick("", "not") + "(" + next + ")"
		}
	}
	return &policy.Grant{
		Role: pick("r1", "r1", "r2"), On: pick("*", "t.*", "t.thing"), Do: []string{pick("read", "*")}, Scope: pick("", "all", "area", "org", "own"), When: when,
		Deny: rapid.IntRange(0, 3).Draw(t, "deny") == 0, From: pick("", "", "2026-03-01", "2026-03-03"), To: pick("", "", "2026-03-02", "2026-03-01"),
	}
}

func randomActor(t *rapid.T) identity.Actor {
	pick := func(vs ...string) string { return rapid.SampledFrom(vs).Draw(t, "pick") }
	return identity.Actor{
		Person: pick("p1", "p2", "p9", "anonymous"), Org: pick("", "/c/a/", "/c/", "/c/b/"), Area: pick("", "/9/1/", "/", "/9/2/"),
		Roles: rapid.SampledFrom([][]string{{"r1"}, {"r1", "r2"}, {"r2"}, {}}).Draw(t, "roles"), Clearance: rapid.IntRange(1, 4).Draw(t, "clearance"),
	}
}

// TestAgree: of random grants and prohibitions over rows with nulls, SQLite selects what PostgreSQL selects and what Allow
// permits, and Explain agrees and names the grant that decided.
func TestAgree(t *testing.T) {
	t.Parallel()
	set, typ := frozen(t)
	all := rows(90)
	lite := stored(t, storetest.SQLite(t), set, all)
	pg := stored(t, storetest.PostgreSQL(t), set, all)
	roles := []*policy.Role{{Name: "r1"}, {Name: "r2"}}
	permitted, refused := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		p := policy.New(clock.NewFake(noon.Add(time.Hour)))
		grants := rapid.SliceOfN(rapid.Custom(randomGrant), 1, 5).Draw(rt, "grants")
		if err := p.Load(set, roles, grants); err != nil {
			rt.Fatalf("%v", err)
		}
		a := randomActor(rt)
		want := []string{}
		for _, v := range all {
			allowed := p.Allow(a, "read", typ, v)
			if d := p.Explain(a, "read", typ, v); d.Allowed != allowed || allowed && (d.Rule == nil || d.Rule.Deny) {
				rt.Fatalf("explain %+v, allow %v", d, allowed)
			}
			if id, ok := v["id"].(string); ok && allowed {
				want = append(want, id)
			}
		}
		slices.Sort(want)
		permitted, refused = permitted+len(want), refused+len(all)-len(want)
		where, args, err := p.Filter(a, "read", typ)
		if err != nil {
			rt.Fatal(err)
		}
		for name, run := range map[string]func(string, []any) ([]string, error){"sqlite": lite, "postgres": pg} {
			got, err := run(where, args)
			if err != nil {
				rt.Fatalf("%s: %s %v: %v", name, where, args, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				rt.Fatalf("%s: %s %v (-allow +sql)\n%s", name, where, args, diff)
			}
		}
		if len(want) > 0 && !p.Any(a, "read", "t.thing") {
			rt.Fatal("Any denies what Allow permits")
		}
	})
	if permitted == 0 || refused == 0 {
		t.Errorf("nothing was compared: %d permitted, %d refused", permitted, refused)
	}
}
