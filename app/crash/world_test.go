package crash_test

import (
	"fmt"
	"testing"
	"time"

	"chengshu/app"
	"chengshu/app/scenario"
	"chengshu/base/clock"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

// person is somebody who acts, in one role.
type person struct {
	id, name, role, token string
}

// world is a data directory and a database with a synthetic county, its offices and its people.
type world struct {
	cfg    nodeConfig
	people []person
}

const (
	cleaner = "/county/cgj/hwzx/"
	mender  = "/county/cgj/sszx/"
)

// newWorld fills a database, with a data directory of its own.
func newWorld(t *testing.T, database string) *world {
	t.Helper()
	return newWorldIn(t, t.TempDir(), database)
}

// newWorldIn fills a database and a data directory. Of every role there are two people.
func newWorldIn(t *testing.T, dir, database string) *world {
	t.Helper()
	ctx := t.Context()
	w := &world{cfg: nodeConfig{Dir: dir, Database: database, Epoch: time.Now().UnixNano(), Speed: 600}}
	fake := clock.NewFake(beginning())
	a, err := app.New(ctx, app.Config{Dir: w.cfg.Dir, Database: database, Clock: fake, Cheap: true})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if _, err := scenario.NewWorld(ctx, a, fake); err != nil {
		t.Fatal(err)
	}
	err = a.DB.Write(ctx, func(tx *store.Tx) error {
		return a.Identity.Seed(ctx, tx, identity.System("test"), func(s *identity.Seed) error {
			for i, post := range posts() {
				name := fmt.Sprintf("测试员%02d", i)
				id, err := s.EnsurePerson(ctx, identity.NewPerson{Username: fmt.Sprint("crash", i), Name: name, Password: "pass"})
				if err != nil {
					return err
				}
				post.Person = id
				if _, err := s.EnsurePost(ctx, post); err != nil {
					return err
				}
				w.people = append(w.people, person{id: id, name: name, role: post.Roles[0]})
			}
			return nil
		})
	})
	if err == nil {
		err = a.Identity.Refresh(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
	err = a.DB.Write(ctx, func(tx *store.Tx) error {
		for i := range w.people {
			in, err := a.Identity.Issue(ctx, tx, identity.System("test"), w.people[i].id, identity.Meta{Via: "test"}, identity.Life{Absolute: 10 * 365 * 24 * time.Hour})
			if err != nil {
				return err
			}
			w.people[i].token = in.Token
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func posts() []identity.Post {
	var out []identity.Post
	add := func(role, org string) {
		out = append(out, identity.Post{Org: org, Area: "/", Roles: []string{role}})
	}
	for range 2 {
		add("urban.collector", "/county/cgzx/")
		add("urban.acceptor", "/county/cgzx/")
		add("urban.duty_chief", "/county/cgzx/")
		add("urban.dispatcher", "/county/cgzx/")
		add("urban.handler", cleaner)
		add("urban.handler", mender)
		add("urban.evaluator", "/county/cgzx/")
		add("urban.supervisor", "/county/cgj/")
	}
	return out
}

// of gives the people of a role.
func (w *world) of(role string) []person {
	var out []person
	for _, p := range w.people {
		if p.role == role {
			out = append(out, p)
		}
	}
	return out
}
