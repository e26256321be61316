package flow_test

import (
	"context"
	"testing"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/flow"
	"chengshu/kernel/identity"
)

// staff are the posts of people.
type staff map[string][]identity.Actor

func (s staff) Posts(_ context.Context, _ *store.Tx, person string) ([]identity.Actor, error) {
	return append([]identity.Actor(nil), s[person]...), nil
}

func TestStandIn(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.people = staff{"ann": {person("ann", "clerk")}, "bob": {person("bob", "porter")}}
		w.e = w.engine()
		w.deploy("main", process(se+user("t")+seq("s>t>e")))
		biz := w.start("main")
		ann, bob := person("ann", "clerk"), person("bob", "porter")
		now := w.clock.Now()
		x := flow.StandIn{Person: "ann", Deputy: "bob", Type: "test.case", Begins: now.Add(time.Hour), Until: now.Add(48 * time.Hour), Reason: "leave"}
		appoint := func(a identity.Actor, x flow.StandIn) (out flow.StandIn, err error) {
			err = w.db.Write(t.Context(), func(tx *store.Tx) error {
				out, err = w.e.Appoint(t.Context(), tx, a, x, biz)
				return err
			})
			return out, err
		}
		substitute := func(typ string) (list []identity.Actor, err error) {
			err = w.db.Read(t.Context(), func(tx *store.Tx) error {
				list, err = w.e.Substitute(t.Context(), tx, bob, "ann", typ)
				return err
			})
			return list, err
		}
		if _, err := appoint(bob, x); fault.KindOf(err) != fault.Denied {
			t.Errorf("bob appointing himself gave %v", err)
		}
		bad := x
		bad.Deputy = "ann"
		if _, err := appoint(ann, bad); fault.CodeOf(err) != "flow.standin" {
			t.Errorf("standing in for oneself gave %v", err)
		}
		made, err := appoint(ann, x)
		if err != nil {
			t.Fatal(err)
		}
		refused := func(when, typ string) {
			t.Helper()
			if _, err := substitute(typ); fault.CodeOf(err) != "flow.standin.none" {
				t.Errorf("%s: %v, want flow.standin.none", when, err)
			}
		}
		refused("before it begins", "test.case")
		w.clock.Advance(time.Hour)
		refused("another type", "other.case")
		as, err := substitute("test.case")
		if err != nil || len(as) != 1 || as[0].Person != "bob" || as[0].OnBehalf != "ann" || !as[0].Has("clerk") {
			t.Fatalf("substitute %+v, %v", as, err)
		}
		if _, err := w.do(bob, flow.Command{Name: flow.Claim, Task: w.task(biz, "t").ID}); fault.KindOf(err) != fault.Denied {
			t.Errorf("bob as himself gave %v", err)
		}
		w.must(ann, flow.Command{Name: flow.Claim, Task: w.task(biz, "t").ID})
		w.must(as[0], flow.Command{Name: flow.Complete, Task: w.task(biz, "t").ID})
		w.read(func(tx *store.Tx) error {
			list, err := w.e.History(t.Context(), tx, biz)
			if last := list[len(list)-1]; last.Actor != "bob" || last.OnBehalf != "ann" {
				t.Errorf("history %+v", last)
			}
			return err
		})
		if err := w.db.Write(t.Context(), func(tx *store.Tx) error { return w.e.Dismiss(t.Context(), tx, person("eve"), made.ID) }); fault.KindOf(err) != fault.Denied {
			t.Errorf("dismissing by a stranger gave %v", err)
		}
		w.write(func(tx *store.Tx) error { return w.e.Dismiss(t.Context(), tx, ann, made.ID) })
		refused("after it was ended", "test.case")
		if n := w.count(`SELECT COUNT(*) FROM test_journal WHERE action LIKE 'flow.standin.%'`); n != 2 {
			t.Errorf("%d journal entries, want 2", n)
		}
	})
}
