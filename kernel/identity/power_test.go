package identity_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// GB/T 22239-2019 §8.1.5: the powers of the three administrators exclude one another.
func TestPowersAreDisjoint(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		org := identity.Organisation{Path: "/county/new/", Name: "新局"}
		for name, a := range map[string]identity.Actor{"security": w.guard, "audit": w.auditor, "clerk": {Person: w.clerk, Roles: []string{"urban.acceptor"}}, "nobody": {}} {
			want(t, w.SaveOrg(t.Context(), a, org), "identity.power")
			_, _, err := w.CreatePerson(t.Context(), a, identity.Person{Name: "虚构甲"}, "jia")
			want(t, err, "identity.power")
			want(t, w.UpdatePerson(t.Context(), a, identity.Person{ID: w.clerk, Name: "虚构乙"}), "identity.power")
			_, err = w.SavePost(t.Context(), a, identity.Post{Person: w.clerk, Org: "/county/"})
			want(t, err, "identity.power")
			_, err = w.ResetPassword(t.Context(), a, w.clerk)
			want(t, err, "identity.power")
			want(t, w.Enable(t.Context(), a, w.clerk), "identity.power")
			if name != "security" {
				want(t, w.Grant(t.Context(), a, w.post, []string{"urban.collector"}), "identity.power")
			}
		}
		want(t, w.Grant(t.Context(), w.system, w.post, []string{"urban.collector"}), "identity.power")
		want(t, w.Require(w.system, identity.PowerAudit), "identity.power")
		must(t, w.Require(w.auditor, identity.PowerAudit))
	})
}

func TestConflictingRolesAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		ctx := t.Context()
		before := len(entries(t, w.db, w.journal, ""))
		want(t, w.Grant(ctx, w.guard, w.post, []string{"county.system", "county.audit"}), "policy.powers")
		second, err := w.SavePost(ctx, w.system, identity.Post{Person: w.clerk, Org: "/township/", Area: "/"})
		must(t, err)
		must(t, w.Grant(ctx, w.guard, w.post, []string{"county.audit"}))
		want(t, w.Grant(ctx, w.guard, second.ID, []string{"county.system"}), "policy.powers") // over all posts of the person
		want(t, w.Grant(ctx, w.guard, second.ID, []string{"county.nothing"}), "identity.role")
		want(t, w.Grant(ctx, w.guard, w.guard.Post, []string{"county.security", "urban.acceptor"}), "identity.self")
		want(t, w.Grant(ctx, w.guard, "nothing", nil), "identity.post")
		// A post that begins next year counts, one that has ended does not.
		third, err := w.SavePost(ctx, w.system, identity.Post{Person: w.clerk, Org: "/county/", From: "2027-01-01"})
		must(t, err)
		want(t, w.Grant(ctx, w.guard, third.ID, []string{"county.security"}), "policy.powers")
		must(t, w.Grant(ctx, w.guard, w.post, []string{"urban.acceptor"}))
		must(t, w.Grant(ctx, w.guard, third.ID, []string{"county.security"}))
		if got := len(entries(t, w.db, w.journal, "")) - before; got != 5 {
			t.Errorf("got %d entries, want one for each act that was done", got)
		}
	})
}

// Two grants that together give two powers are never both done, whatever their order.
func TestConflictingGrantsRace(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		second, err := w.SavePost(t.Context(), w.system, identity.Post{Person: w.clerk, Org: "/township/", Area: "/"})
		must(t, err)
		for range 10 {
			must(t, w.Grant(t.Context(), w.guard, w.post, nil))
			must(t, w.Grant(t.Context(), w.guard, second.ID, nil))
			done := make(chan error, 2)
			go func() { done <- w.Grant(t.Context(), w.guard, w.post, []string{"county.system"}) }()
			go func() { done <- w.Grant(t.Context(), w.guard, second.ID, []string{"county.audit"}) }()
			codes := []string{fault.CodeOf(<-done), fault.CodeOf(<-done)}
			slices.Sort(codes)
			if diff := cmp.Diff([]string{"internal", "policy.powers"}, codes); diff != "" { // CodeOf(nil) is "internal"
				t.Fatal(diff)
			}
		}
	})
}

func TestPostLosesRolesWhenItMoves(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		ctx := t.Context()
		in := w.signIn(t, "slr01")
		rolesNow := func() []string {
			a, err := w.Authenticate(ctx, in.Token, "")
			must(t, err)
			return a.Roles
		}
		post := identity.Post{ID: w.post, Org: "/county/cgzx/", Area: "/990100/", To: "2026-12-31"}
		_, err := w.SavePost(ctx, w.system, post) // a shorter term keeps the grant
		must(t, err)
		if diff := cmp.Diff([]string{"urban.acceptor"}, rolesNow()); diff != "" {
			t.Error(diff)
		}
		for name, change := range map[string]func(*identity.Post){
			"wider area": func(p *identity.Post) { p.Area = "/" }, "other organisation": func(p *identity.Post) { p.Org = "/county/" },
			"longer term": func(p *identity.Post) { p.To = "2027-12-31" }, "open term": func(p *identity.Post) { p.To = "" },
		} {
			must(t, w.Grant(ctx, w.guard, w.post, []string{"urban.acceptor"}))
			moved := post
			change(&moved)
			_, err := w.SavePost(ctx, w.system, moved)
			must(t, err)
			if got := rolesNow(); len(got) != 0 {
				t.Errorf("%s: got roles %v, want none", name, got)
			}
			_, err = w.SavePost(ctx, w.system, post)
			must(t, err)
		}
	})
}

func TestSwitchPost(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		ctx := t.Context()
		second, err := w.SavePost(ctx, w.system, identity.Post{Person: w.clerk, Org: "/township/", Area: "/", To: "2026-03-31"})
		must(t, err)
		must(t, w.Grant(ctx, w.guard, second.ID, []string{"urban.collector"}))
		in := w.signIn(t, "slr01")
		if len(in.Posts) != 2 {
			t.Fatalf("got %d posts, want 2", len(in.Posts))
		}
		a, err := w.Authenticate(ctx, in.Token, second.ID)
		must(t, err)
		if a.Org != "/township/" || a.Clearance != 2 {
			t.Errorf("got %+v", a)
		}
		_, err = w.SwitchPost(ctx, in.Token, second.ID)
		must(t, err)
		a, err = w.Authenticate(ctx, in.Token, "")
		must(t, err)
		if a.Post != second.ID {
			t.Errorf("got post %s, want %s", a.Post, second.ID)
		}
		_, err = w.SwitchPost(ctx, in.Token, w.guard.Post)
		want(t, err, "session.post")
		w.clock.Set(at.AddDate(0, 1, 0)) // the post has ended, the session too
		in = w.signIn(t, "slr01")
		a, err = w.Authenticate(ctx, in.Token, "")
		must(t, err)
		if a.Post != w.post || len(in.Posts) != 1 {
			t.Errorf("got post %s of %d, want %s of 1", a.Post, len(in.Posts), w.post)
		}
		_, err = w.Authenticate(ctx, in.Token, second.ID)
		want(t, err, "session.post")
		must(t, w.db.Read(ctx, func(tx *store.Tx) error {
			actors, err := w.Posts(ctx, tx, w.clerk)
			if len(actors) != 1 || actors[0].Post != w.post || actors[0].Name == "" {
				t.Errorf("got %+v", actors)
			}
			return err
		}))
	})
}

func TestAdministrationIsChecked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		ctx := t.Context()
		for _, path := range []string{"", "/", "county/", "/county", "/County/", "/a//b/", "/county/中/"} {
			want(t, w.SaveOrg(ctx, w.system, identity.Organisation{Path: path, Name: "局"}), "identity.org")
		}
		want(t, w.SaveOrg(ctx, w.system, identity.Organisation{Path: "/county/x/", Name: " "}), "identity.org")
		want(t, w.SaveOrg(ctx, w.system, identity.Organisation{Path: "/nowhere/x/", Name: "局"}), "identity.org")
		must(t, w.SaveOrg(ctx, w.system, identity.Organisation{Path: "/county/x/", Name: "局"}))
		must(t, w.SaveOrg(ctx, w.system, identity.Organisation{Path: "/county/x/", Name: "新局"}))
		if name, _ := w.Directory().Name("org", "/county/x/"); name != "新局" {
			t.Errorf("got name %q", name)
		}
		p, password, err := w.CreatePerson(ctx, w.system, identity.Person{Name: "虚构甲", Phone: "13800000000"}, "Jia")
		must(t, err)
		_, _, err = w.CreatePerson(ctx, w.system, identity.Person{Name: "虚构乙"}, "ｊｉａ")
		want(t, err, "identity.username") // full-width letters fold to the same name
		_, _, err = w.CreatePerson(ctx, w.system, identity.Person{Name: ""}, "yi")
		want(t, err, "identity.person")
		_, _, err = w.CreatePerson(ctx, w.system, identity.Person{Name: "虚构乙", Phone: "phone"}, "yi")
		want(t, err, "identity.person")
		_, _, err = w.CreatePerson(ctx, w.system, identity.Person{Name: "虚构乙"}, "a b")
		want(t, err, "identity.username")
		in, err := w.SignIn(ctx, "jia", password, meta("192.0.2.7"))
		must(t, err)
		if !in.MustChange || len(in.Posts) != 0 {
			t.Errorf("got %+v", in)
		}
		got, err := w.Person(ctx, p.ID)
		must(t, err)
		if got.Phone != "13800000000" {
			t.Errorf("got %+v", got)
		}
		for _, post := range []identity.Post{{Area: "x"}, {Area: "/1"}, {From: "2026-2-1"}, {From: "2026-03-02", To: "2026-03-01"}} {
			post.Person, post.Org = p.ID, "/county/"
			_, err := w.SavePost(ctx, w.system, post)
			want(t, err, "identity.post")
		}
		_, err = w.SavePost(ctx, w.system, identity.Post{Person: p.ID, Org: "/nowhere/"})
		want(t, err, "identity.org")
		_, err = w.SavePost(ctx, w.system, identity.Post{Person: "nobody", Org: "/county/"})
		want(t, err, "identity.person")
	})
}

func TestAdministratorsPasswordIsResetByTheSystemAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		_, err := w.ResetPassword(t.Context(), w.system, w.guard.Person)
		want(t, err, "identity.admin")
		password, err := w.ResetPassword(t.Context(), identity.System("cli"), w.guard.Person)
		must(t, err)
		in := w.signIn(t, "slr01")
		next, err := w.ResetPassword(t.Context(), w.system, w.clerk)
		must(t, err)
		_, err = w.Authenticate(t.Context(), in.Token, "")
		want(t, err, "session.ended")
		_, err = w.SignIn(t.Context(), "slr01", secret, meta("192.0.2.7"))
		want(t, err, "signin.failed")
		if password == next {
			t.Error("two resets gave the same password")
		}
	})
}
