package flow_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/flow"
)

// Messages that came before anybody waited are each used up by one event: those that another event made needless stay kept.
func TestKeptMessages(t *testing.T) {
	each(t, func(w *world) {
		w.deploy("main", processWith(se+user("t")+`<eventBasedGateway id="g"/>`+catch("c1", "message m")+`<receiveTask id="c2" messageRef="m2"/>`+catch("w", "message m2")+user("u")+user("v")+
			seq("s>t>g", "g>c1>w>u>e", "g>c2>v>e")))
		w.play(w.start("main"), "!paid !asked t= [u] u= .")
		biz := w.start("main")
		w.play(biz, "t= []")
		w.suspended(biz, func() { w.play(biz, "!paid !asked []") })
		w.play(biz, "[u] u= .")
	})
}

// suspended does something while the processes of a record rest.
func (w *world) suspended(biz flow.Biz, do func()) {
	w.t.Helper()
	boss, in := person("eve", "boss"), w.instances(biz)[0].ID
	w.must(boss, flow.Command{Name: flow.Suspend, Instance: in, Reason: "r"})
	do()
	w.must(boss, flow.Command{Name: flow.Activate, Instance: in})
}

// What is suspended does not move: not by a timer, which leaves no trace meanwhile, not by an answer from outside, not by the
// processes it has called.
func TestSuspendedRests(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("child", processWith(se+user("ct")+seq("s>ct>e")))
		w.deploy("main", processWith(se+user("t")+timerOn("b", "t", "true", `<timeDuration>PT1H</timeDuration>`)+user("u")+seq("s>t>e", "b>u>e")))
		biz := w.start("main")
		w.suspended(biz, func() {
			before := w.count(`SELECT COUNT(*) FROM flow_hist`)
			w.play(biz, "+2h [t] +1h [t] +1h [t]")
			if n := w.count(`SELECT COUNT(*) FROM flow_hist`); n != before {
				t.Errorf("%d lines of history while nothing happened", n-before)
			}
		})
		w.play(biz, "+1h [u] u= .")

		w.deploy("main", processWith(se+`<serviceTask id="c"><extensionElements><cs:service kind="call" name="https://x.test/" result="r"/></extensionElements></serviceTask>`+user("u")+seq("s>c>u>e")))
		biz = w.start("main")
		boss, in := person("eve", "boss"), w.instances(biz)[0].ID
		calls := 0
		call := func(context.Context, flow.Job) (json.RawMessage, error) {
			if calls++; calls == 1 { // while the other system thinks
				w.must(boss, flow.Command{Name: flow.Suspend, Instance: in, Reason: "r"})
			}
			return json.RawMessage(`1`), nil
		}
		for _, want := range []string{"", "u"} {
			if _, err := w.e.Work(t.Context(), call); err != nil {
				t.Fatal(err)
			}
			if got := w.nodes(biz); got != want {
				t.Fatalf("after an answer [%s], want [%s]", got, want)
			}
			if want == "" {
				w.must(boss, flow.Command{Name: flow.Activate, Instance: in})
			}
		}
		w.play(biz, "u= .")

		w.deploy("main", processWith(se+`<callActivity id="c" calledElement="child"/>`+user("u")+seq("s>c>u>e")))
		biz = w.start("main")
		w.suspended(biz, func() {
			_, err := w.do(person("ann", "clerk"), flow.Command{Name: flow.Complete, Task: w.task(biz, "ct").ID})
			wantCode(t, err, fault.Conflict, "flow.suspended")
			_, err = w.do(boss, flow.Command{Name: flow.Activate, Instance: w.instances(biz)[1].ID})
			wantCode(t, err, fault.Conflict, "flow.suspended")
		})
		w.play(biz, "[ct] ct= [u] u= .")
	})
}

// A called process that is cancelled leaves its caller with an incident.
func TestCalledCancelled(t *testing.T) {
	each(t, func(w *world) {
		w.deploy("child", processWith(se+user("ct")+seq("s>ct>e")))
		w.deploy("main", processWith(se+`<callActivity id="c" calledElement="child"/>`+user("u")+seq("s>c>u>e")))
		void := func(biz flow.Biz) {
			list := w.instances(biz)
			w.must(person("eve", "boss"), flow.Command{Name: flow.Cancel, Instance: list[len(list)-1].ID, Reason: "r"})
		}
		biz := w.start("main")
		void(biz)
		w.play(biz, "[] ?c %retry [ct]")
		void(biz)
		w.play(biz, "[] ?c %skip [u] u=")
		if w.running(biz) {
			w.t.Error("the caller has not ended")
		}
	})
}

// A timer that leads nowhere is an incident where it came to: nobody would see that it is tried again and again.
func TestTimerLeadsNowhere(t *testing.T) {
	each(t, func(w *world) {
		for _, c := range []struct{ name, model, script string }{
			{"no way out of a gateway", se + user("t") + timerOn("b", "t", "true", `<timeDuration>PT1H</timeDuration>`) + `<exclusiveGateway id="g"/>` + user("u") + user("v") +
				seq("s>t>e", "b>g", "g>u?amount = 9>e", "g>v?amount = 8>e"), "[t] +1h [] ?g #9 %retry [u] u= ."},
			{"nobody to do it", se + user("t") + timerOn("b", "t", "false", `<timeDuration>PT1H</timeDuration>`) + `<endEvent id="e2"/><userTask id="u"><extensionElements><cs:task candidates='if amount = 9 then role("clerk") else null'/></extensionElements></userTask>` +
				timerOn("b2", "u", "true", `<timeDuration>PT1H</timeDuration>`) + seq("s>t>e", "b>u>e2", "b2>e2"), "[t] +1h [t] ?u #9 %retry [t u] u= t= ."},
			{"no moment to wait for", se + catch("c1", "timer PT1H") + catch("c2", `timer if amount = 9 then duration("PT1H") else null`) + user("u") + seq("s>c1>c2>u>e"), "[] +1h ?c2 #9 %retry ? +1h [u] u= ."},
		} {
			w.t.Log(c.name)
			w.deploy("main", processWith(c.model))
			w.play(w.start("main"), c.script)
		}
		w.deploy("main", processWith(se+user("t")+`<exclusiveGateway id="g"/>`+user("u")+user("v")+seq("s>t>g", "g>u?amount = 9>e", "g>v?amount = 8>e")))
		_, err := w.do(person("ann", "clerk"), flow.Command{Name: flow.Complete, Task: w.task(w.start("main"), "t").ID})
		wantCode(w.t, err, fault.Invalid, "flow.gateway") // a person is told at once, and can do something about it
	})
}

// A limit that the new version of a step has no more draws no card.
func TestMigrationStopsLimits(t *testing.T) {
	each(t, func(w *world) {
		mig := flow.Migration{Key: "main", From: w.deploy("main", process(se+user("t", `<cs:sla limit="1" unit="hour" name="step"/>`)+user("u")+seq("s>t>u>e")))}
		biz := w.start("main")
		mig.To = w.deploy("main", process(se+user("t")+user("u")+seq("s>t>u>e")))
		if err := w.migrate(mig, biz); err != nil {
			w.t.Fatal(err)
		}
		if k := w.task(biz, "t"); !k.Due.IsZero() {
			w.t.Errorf("due %v, want none", k.Due)
		}
		w.play(biz, "t= [u]")
		w.clock.Advance(5 * time.Hour)
		w.tick()
		if len(w.cards) > 0 {
			w.t.Errorf("cards %+v of a step that is done", w.cards)
		}
		w.play(biz, "u= .")
	})
}

// A message and the event that waits for it may be under way at the same time: whoever is second finds the first.
func TestMessageMeetsEvent(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("main", processWith(se+user("t")+catch("c", "message m")+user("u")+seq("s>t>c>u>e")))
		ann := person("ann", "clerk")
		for _, messageFirst := range []bool{true, false} {
			biz := w.start("main")
			task := w.task(biz, "t").ID
			send := func(tx *store.Tx) error {
				_, err := w.e.Publish(t.Context(), tx, ann, flow.Message{Name: "paid", Key: biz.ID})
				return err
			}
			complete := func(tx *store.Tx) error {
				_, err := w.e.Do(t.Context(), tx, ann, flow.Command{Name: flow.Complete, Task: task})
				return err
			}
			first, second := complete, send
			if messageFirst {
				first, second = send, complete
			}
			done := make(chan error, 1)
			w.write(func(tx *store.Tx) error {
				if err := first(tx); err != nil {
					return err
				}
				go func() { done <- w.db.Write(t.Context(), second) }()
				select { // the second waits for the first, or has missed it by now
				case err := <-done:
					done <- err
				case <-time.After(300 * time.Millisecond):
				}
				return nil
			})
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if got := w.nodes(biz); got != "u" {
				t.Errorf("message first %v: open tasks [%s], want [u]", messageFirst, got)
			}
		}
	})
}
