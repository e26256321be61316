package identity_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chengshu/base/store"
	"chengshu/kernel/identity"
)

func TestASVS_8_1_1_review_of_accounts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		ctx := t.Context()
		_, err := w.Review(ctx, identity.Actor{Person: w.clerk, Roles: []string{"urban.acceptor"}})
		want(t, err, "identity.power")
		_, err = w.SavePost(ctx, w.system, identity.Post{Person: w.clerk, Org: "/township/", To: "2026-03-01"})
		must(t, err)
		w.signIn(t, "slr01")
		w.clock.Advance(time.Minute)
		w.signIn(t, "slr01")
		_, err = w.SignIn(ctx, "aud", "wrong password", meta("192.0.2.7"))
		want(t, err, "signin.failed")
		must(t, w.Disable(ctx, w.system, w.auditor.Person))
		list, err := w.Review(ctx, w.guard)
		must(t, err)
		minute := at.Add(time.Minute)
		if diff := cmp.Diff([]identity.Standing{
			{Person: w.auditor.Person, Name: "虚构aud", Username: "aud", Created: at, Disabled: minute, Posts: 1, Power: true},
			{Person: w.guard.Person, Name: "虚构sec", Username: "sec", Created: at, Posts: 1, Power: true},
			{Person: w.clerk, Name: "虚构slr01", Username: "slr01", Created: at, LastSignIn: minute, Sessions: 2, Posts: 1, Ended: 1},
			{Person: w.system.Person, Name: "虚构sys", Username: "sys", Created: at, Posts: 1, Power: true},
		}, list); diff != "" {
			t.Error(diff)
		}
	})
}

// Every act of security leaves one entry that says who, in which post, how and about whom, and nothing personal.
func TestASVS_16_3_every_security_act_is_journaled(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		ctx := t.Context()
		w.system.Request, w.guard.Request = "trace-1", "trace-1"
		var made identity.Person
		var post identity.Post
		var in *identity.SignedIn
		acts := []struct {
			action, subject string
			actor           *identity.Actor
			do              func(context.Context) error
		}{
			{"org.save", "org/county/canary/", &w.system, func(ctx context.Context) error {
				return w.SaveOrg(ctx, w.system, identity.Organisation{Path: "/county/canary/", Name: "局"})
			}},
			{"person.create", "person/", &w.system, func(ctx context.Context) (err error) {
				made, _, err = w.CreatePerson(ctx, w.system, identity.Person{Name: "虚构金丝雀", Phone: "13812345678"}, "canary")
				return err
			}},
			{"person.update", "person/", &w.system, func(ctx context.Context) error {
				return w.UpdatePerson(ctx, w.system, identity.Person{ID: made.ID, Name: "虚构金丝雀", Phone: "13812345679"})
			}},
			{"post.save", "post/", &w.system, func(ctx context.Context) (err error) {
				post, err = w.SavePost(ctx, w.system, identity.Post{Person: w.clerk, Org: "/township/", Area: "/"})
				return err
			}},
			{"post.grant", "post/", &w.guard, func(ctx context.Context) error {
				return w.Grant(ctx, w.guard, post.ID, []string{"urban.dispatcher"})
			}},
			{"session.create", "session/", nil, func(context.Context) error { in = w.signIn(t, "slr01"); return nil }},
			{"session.switch", "session/", nil, func(ctx context.Context) error { _, err := w.SwitchPost(ctx, in.Token, post.ID); return err }},
			{"account.password", "person/" + w.clerk, nil, func(ctx context.Context) error {
				return w.ChangePassword(ctx, in.Token, secret, "another right horse", meta("192.0.2.7"))
			}},
			{"session.kill", "session/", &w.guard, func(ctx context.Context) error { return w.Kill(ctx, w.guard, in.Session.ID) }},
			{"account.reset", "person/" + w.clerk, &w.system, func(ctx context.Context) error { _, err := w.ResetPassword(ctx, w.system, w.clerk); return err }},
			{"person.disable", "person/" + w.clerk, &w.system, func(ctx context.Context) error { return w.Disable(ctx, w.system, w.clerk) }},
			{"person.enable", "person/" + w.clerk, &w.system, func(ctx context.Context) error { return w.Enable(ctx, w.system, w.clerk) }},
			{"session.issue", "session/", nil, func(ctx context.Context) error {
				return w.db.Write(ctx, func(tx *store.Tx) error {
					_, err := w.Issue(ctx, tx, identity.System("demo"), w.clerk, identity.Meta{Via: "demo"}, identity.Life{Absolute: time.Hour})
					return err
				})
			}},
		}
		seen := len(entries(t, w.db, w.journal, ""))
		for _, act := range acts {
			must(t, act.do(ctx))
			all := entries(t, w.db, w.journal, "")
			if len(all) != seen+1 {
				t.Fatalf("%s left %d entries", act.action, len(all)-seen)
			}
			seen++
			e := all[len(all)-1]
			if e.Action != act.action || !strings.HasPrefix(e.Subject, act.subject) || e.Via == "" || !json.Valid(e.Body) {
				t.Errorf("%s: got %+v", act.action, e)
			}
			if act.actor != nil && (e.Actor != act.actor.Person || e.Post != act.actor.Post || e.Request != "trace-1") {
				t.Errorf("%s: got actor %s in %s, request %s", act.action, e.Actor, e.Post, e.Request)
			}
			for _, canary := range []string{"金丝雀", "1381234567", "another right", secret, "192.0.2.7"} {
				if strings.Contains(string(e.Body), canary) {
					t.Errorf("%s: the entry holds %q", act.action, canary)
				}
			}
		}
	})
}
