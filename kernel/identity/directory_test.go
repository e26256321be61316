package identity_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chengshu/base/clock"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/identity"
)

func TestDirectory(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		d := w.Directory()
		for _, tt := range []struct {
			kind, id, name string
			known          bool
		}{
			{"org", "/county/cgzx/", "城管中心", true},
			{"org", "/county/cgzx", "", false},
			{"person", w.clerk, "虚构slr01", true},
			{"person", "system", "", false},
			{"area", "/990100/", "", false},
		} {
			if name, known := d.Name(tt.kind, tt.id); name != tt.name || known != tt.known {
				t.Errorf("%s %s: got %q, %v", tt.kind, tt.id, name, known)
			}
		}
		for _, tt := range []struct {
			role, org, area string
			want            int
		}{
			{"urban.acceptor", "", "", 1},
			{"urban.acceptor", "/county/", "", 1},
			{"urban.acceptor", "/county/cgzx/", "/990100/990100001/", 1},
			{"urban.acceptor", "/township/", "", 0},
			{"urban.acceptor", "", "/990200/", 0},
			{"urban.acceptor", "", "/", 0}, // the scope does not cover the whole county
			{"urban.collector", "", "", 0},
		} {
			if got := d.PostsWith(tt.role, tt.org, tt.area, "2026-03-02"); len(got) != tt.want {
				t.Errorf("%+v: got %v", tt, got)
			}
		}
		names := func(f identity.PeopleFilter) int { return len(w.Directory().People(f)) }
		for text, want := range map[string]int{"": 4, "虚构": 4, "slr": 1, "SLR01": 1, "xgslr": 1, "xugousys": 1, "没有": 0} {
			if got := names(identity.PeopleFilter{Text: text}); got != want {
				t.Errorf("%q: got %d people, want %d", text, got, want)
			}
		}
		if got := names(identity.PeopleFilter{Role: "urban.acceptor", Org: "/county/", Day: "2026-03-02", Limit: 1}); got != 1 {
			t.Errorf("got %d people", got)
		}
		must(t, w.Disable(t.Context(), w.system, w.clerk))
		if got := w.Directory().PostsWith("urban.acceptor", "", "", "2026-03-02"); len(got) != 0 {
			t.Errorf("a disabled person is found: %v", got)
		}
		if d == w.Directory() || len(d.PostsWith("urban.acceptor", "", "", "2026-03-02")) != 1 {
			t.Error("the snapshot changed under its reader")
		}
	})
}

func TestDirectoryFollowsOtherNodes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		other := newStore(t, w.db, w.clock, w.journal, nil)
		in := w.signIn(t, "slr01")
		must(t, w.SaveOrg(t.Context(), w.system, identity.Organisation{Path: "/county/x/", Name: "新局"}))
		if _, known := other.Directory().Name("org", "/county/x/"); known {
			t.Fatal("the other node knows already")
		}
		_, err := other.Authenticate(t.Context(), in.Token, "")
		must(t, err)
		if _, known := other.Directory().Name("org", "/county/x/"); !known {
			t.Error("the other node did not notice")
		}
	})
}

// A demo of 1,500 people is seeded at once, and seeding again changes nothing.
func TestSeedIsIdempotent(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		t.Parallel()
		c := clock.NewFake(at)
		j := newJournal(t, db, c)
		s := newStore(t, db, c, j, func(o *identity.Options) { o.Cost = identity.DefaultCost() })
		once := func(d *identity.Seed) error {
			if err := d.EnsureOrg(t.Context(), identity.Organisation{Path: "/county/", Name: "示例县"}); err != nil {
				return err
			}
			for i := range 1500 {
				n := identity.NewPerson{Username: fmt.Sprintf("u%04d", i), Name: fmt.Sprintf("虚构%04d", i), Password: secret, Cost: identity.DemoCost()}
				person, err := d.EnsurePerson(t.Context(), n)
				if err != nil {
					return err
				}
				if _, err := d.EnsurePost(t.Context(), identity.Post{Person: person, Org: "/county/", Area: "/", Roles: []string{"urban.collector"}}); err != nil {
					return err
				}
			}
			return nil
		}
		started := time.Now()
		seed(t, s, db, once)
		t.Logf("seeded 1,500 people in %v", time.Since(started))
		before := s.Directory().PostsWith("urban.collector", "/county/", "/990100/", "2026-03-02")
		seed(t, s, db, once)
		if diff := cmp.Diff(before, s.Directory().PostsWith("urban.collector", "/county/", "/990100/", "2026-03-02")); diff != "" || len(before) != 1500 {
			t.Errorf("got %d people; %s", len(before), diff)
		}
		if got := len(entries(t, db, j, "identity.seed")); got != 1 {
			t.Errorf("got %d entries, want 1", got)
		}
		in, err := s.SignIn(t.Context(), "u0042", secret, meta("192.0.2.7"))
		must(t, err)
		_, err = s.Authenticate(t.Context(), in.Token, "")
		must(t, err)
		acc, err := s.Account(t.Context(), in.Person.ID)
		must(t, err)
		if acc.MustChange || acc.Username != "u0042" {
			t.Errorf("got %+v", acc)
		}
	})
}

func TestSeedRefusesTwoPowers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		err := w.db.Write(t.Context(), func(tx *store.Tx) error {
			return w.Seed(t.Context(), tx, identity.System("demo"), func(d *identity.Seed) error {
				_, err := d.EnsurePost(t.Context(), identity.Post{Person: w.system.Person, Org: "/county/", Roles: []string{"county.audit"}})
				return err
			})
		})
		want(t, err, "policy.powers")
	})
}

func TestPasswordChange(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		t.Parallel()
		w := newWorld(t, db, func(o *identity.Options) { o.Rules = identity.RulesDengbao() })
		ctx, m := t.Context(), meta("192.0.2.7")
		words := []string{secret, "Kvm-qzepw-1", "Kvm-qzepw-2", "Kvm-qzepw-3", "Kvm-qzepw-4", "Kvm-qzepw-5", "Kvm-qzepw-6"}
		in, other := w.signIn(t, "slr01"), w.signIn(t, "slr01")
		want(t, w.ChangePassword(ctx, in.Token, "wrong", words[1], m), "password.wrong")
		want(t, w.ChangePassword(ctx, in.Token, secret, "short", m), "password.refused")
		want(t, w.ChangePassword(ctx, "nothing", secret, words[1], m), "session.ended")
		for i := 1; i < len(words); i++ {
			must(t, w.ChangePassword(ctx, in.Token, words[i-1], words[i], m))
		}
		_, err := w.Authenticate(ctx, other.Token, "")
		want(t, err, "session.ended")
		_, err = w.Authenticate(ctx, in.Token, "")
		must(t, err)
		want(t, w.ChangePassword(ctx, in.Token, words[6], words[1], m), "password.refused") // one of the last five
		must(t, w.ChangePassword(ctx, in.Token, words[6], "Kvm-qzepw-7", m))
		must(t, w.ChangePassword(ctx, in.Token, "Kvm-qzepw-7", words[1], m))
		w.clock.Advance(91 * 24 * time.Hour)
		again, err := w.SignIn(ctx, "slr01", words[1], m)
		must(t, err)
		if !again.MustChange {
			t.Error("a password of 91 days need not be changed under dengbao")
		}
		_, err = w.Authenticate(ctx, again.Token, "")
		want(t, err, "password.must-change")
		w.clock.Advance(time.Hour)
		again, err = w.SignIn(ctx, "slr01", words[1], m)
		must(t, err)
		for range 8 {
			err = w.ChangePassword(ctx, again.Token, "wrong", words[3], m)
		}
		want(t, err, "signin.throttled")
	})
}
