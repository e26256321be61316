package identity_test

import (
	"testing"
	"time"

	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// colleague makes a second person with one post.
func (w *world) colleague(t *testing.T, username string, roles ...string) (person, post string) {
	t.Helper()
	seed(t, w.Store, w.db, func(d *identity.Seed) error {
		var err error
		if person, err = d.EnsurePerson(t.Context(), identity.NewPerson{Username: username, Name: "虚构" + username, Password: secret}); err != nil {
			return err
		}
		post, err = d.EnsurePost(t.Context(), identity.Post{Person: person, Org: "/county/cgzx/", Area: "/990100/", Roles: roles})
		return err
	})
	return person, post
}

func (w *world) appoint(t *testing.T, a identity.Actor, x identity.StandIn) (out identity.StandIn, err error) {
	t.Helper()
	err = w.db.Write(t.Context(), func(tx *store.Tx) error {
		out, err = w.Appoint(t.Context(), tx, a, x)
		return err
	})
	return out, err
}

func TestStandIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		bob, own := w.colleague(t, "bob01", "urban.dispatcher")
		in := w.signIn(t, "bob01")
		x := identity.StandIn{Person: w.clerk, Deputy: bob, First: "2026-03-03", Last: "2026-03-04", Reason: "annual leave"}
		clerk := identity.Actor{Person: w.clerk, Roles: []string{"urban.acceptor"}}
		for name, c := range map[string]struct {
			actor identity.Actor
			x     identity.StandIn
			code  string
		}{
			"by the deputy":         {identity.Actor{Person: bob}, x, "identity.power"},
			"by another stand-in":   {identity.Actor{Person: w.clerk, OnBehalf: w.clerk}, x, "identity.power"},
			"for oneself":           {clerk, with(x, func(x *identity.StandIn) { x.Deputy = w.clerk }), "identity.standin"},
			"without a reason":      {clerk, with(x, func(x *identity.StandIn) { x.Reason = "" }), "identity.standin"},
			"no such day":           {clerk, with(x, func(x *identity.StandIn) { x.First = "2026-02-30" }), "identity.standin"},
			"last before first":     {clerk, with(x, func(x *identity.StandIn) { x.Last = "2026-03-02" }), "identity.standin"},
			"in the past":           {clerk, with(x, func(x *identity.StandIn) { x.First, x.Last = "2026-02-01", "2026-02-03" }), "identity.standin"},
			"longer than a year":    {clerk, with(x, func(x *identity.StandIn) { x.Last = "2027-03-05" }), "identity.standin"},
			"an unknown deputy":     {clerk, with(x, func(x *identity.StandIn) { x.Deputy = "nobody" }), "identity.person"},
			"a post of another":     {clerk, with(x, func(x *identity.StandIn) { x.Post = own }), "identity.post"},
			"an administrator":      {w.guard, with(x, func(x *identity.StandIn) { x.Person = w.guard.Person }), "identity.standin.power"},
			"by the wrong power":    {w.guard, x, "identity.power"},
			"of nobody, by a power": {w.system, with(x, func(x *identity.StandIn) { x.Person = "nobody" }), "identity.person"},
		} {
			if _, err := w.appoint(t, c.actor, c.x); err == nil {
				t.Errorf("%s: no fault", name)
			} else {
				want(t, err, c.code)
			}
		}
		made, err := w.appoint(t, clerk, x)
		must(t, err)
		_, err = w.appoint(t, w.system, with(x, func(x *identity.StandIn) { x.First, x.Post = "2026-03-04", w.post }))
		want(t, err, "identity.standin.exists")
		refused := func(when string) {
			t.Helper()
			if list := w.Deputising(bob); len(list) != 0 {
				t.Errorf("%s: bob may be %+v", when, list)
			}
			_, err := w.Authenticate(t.Context(), in.Token, w.post)
			want(t, err, "session.post")
		}
		refused("the day before")
		w.clock.Advance(24 * time.Hour)
		in = w.signIn(t, "bob01")
		a, err := w.SwitchPost(t.Context(), in.Token, w.post)
		must(t, err)
		if a.Person != bob || a.OnBehalf != w.clerk || a.Name != "虚构bob01" || !a.Has("urban.acceptor") || a.Has("urban.dispatcher") || a.Area != "/990100/" {
			t.Fatalf("acting as %+v", a)
		}
		again, err := w.Authenticate(t.Context(), in.Token, "")
		must(t, err)
		if again.OnBehalf != w.clerk {
			t.Errorf("the session acts as %+v", again)
		}
		if e := entries(t, w.db, w.journal, "session.switch"); len(e) != 1 || e[0].Actor != bob || e[0].OnBehalf != w.clerk {
			t.Errorf("switching left %+v", e)
		}
		must(t, w.Grant(t.Context(), w.guard, w.post, []string{"county.audit"}))
		refused("a post that has got a power")
		must(t, w.Grant(t.Context(), w.guard, w.post, []string{"urban.acceptor"}))
		w.clock.Advance(48 * time.Hour)
		in = w.signIn(t, "bob01")
		refused("the day after")
		dismiss := func(a identity.Actor, id string) error {
			return w.db.Write(t.Context(), func(tx *store.Tx) error { return w.Dismiss(t.Context(), tx, a, id) })
		}
		want(t, dismiss(clerk, made.ID), "identity.standin.unknown") // over
		made, err = w.appoint(t, w.system, with(x, func(x *identity.StandIn) { x.Last = "2026-12-31" }))
		must(t, err)
		if a, err := w.Authenticate(t.Context(), in.Token, w.post); err != nil || a.OnBehalf != w.clerk {
			t.Fatalf("%+v, %v", a, err)
		}
		want(t, dismiss(w.auditor, made.ID), "identity.standin.unknown")
		must(t, dismiss(identity.Actor{Person: bob}, made.ID))
		refused("after it was ended")
		must(t, w.db.Read(t.Context(), func(tx *store.Tx) error {
			list, err := w.StandIns(t.Context(), tx, clerk, w.clerk)
			if len(list) != 2 || list[1].Ended.IsZero() && list[0].Ended.IsZero() {
				t.Errorf("listed %+v", list)
			}
			return err
		}))
		_ = w.db.Read(t.Context(), func(tx *store.Tx) error {
			_, err := w.StandIns(t.Context(), tx, clerk, bob)
			want(t, err, "identity.power")
			return nil
		})
		if n := len(entries(t, w.db, w.journal, "standin.appoint")) + len(entries(t, w.db, w.journal, "standin.dismiss")); n != 3 {
			t.Errorf("%d entries, want one for each act that was done", n)
		}
	})
}

func with(x identity.StandIn, change func(*identity.StandIn)) identity.StandIn {
	change(&x)
	return x
}
