package flow_test

import (
	"testing"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/flow"
)

func TestSupervise(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("main", process(se+fork+user("t")+user("u")+seq("s>g", "g>t>h", "g>u>h", "h>e")))
		biz := w.start("main")
		in := w.instances(biz)[0].ID
		ann, eve := person("ann", "clerk"), person("eve", "boss")
		w.must(ann, flow.Command{Name: flow.Claim, Task: w.task(biz, "t").ID})
		for _, c := range []struct {
			reason, code string
			boss         bool
		}{{"late", "policy.denied", false}, {"", "flow.reason", true}} {
			who := ann
			if c.boss {
				who = eve
			}
			if _, err := w.do(who, flow.Command{Name: flow.Supervise, Instance: in, Reason: c.reason}); fault.CodeOf(err) != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
		}
		w.must(eve, flow.Command{Name: flow.Supervise, Instance: in, Reason: "late"})
		asked := 0
		for _, k := range w.open(biz) {
			if k.Kind != flow.KindSupervise {
				continue
			}
			asked++
			if k.Node == "t" && (len(k.Candidates) != 1 || k.Candidates[0].Ref != "ann") || k.Owner != "eve" || k.Reason != "late" {
				t.Errorf("supervision %+v", k)
			}
			if k.Node == "t" {
				w.must(ann, flow.Command{Name: flow.Complete, Task: k.ID, Reason: "tomorrow"})
			}
		}
		if asked != 2 {
			t.Errorf("%d asked, want 2", asked)
		}
		for _, node := range []string{"t", "u"} {
			for _, k := range w.open(biz) {
				if k.Node == node && k.Kind == flow.KindNode {
					w.must(ann, flow.Command{Name: flow.Complete, Task: k.ID})
				}
			}
		}
		w.play(biz, "[] .")
	})
}

func TestAppeal(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("main", process(se+user("t", `<cs:sla limit="1" unit="hour" name="step"/>`)+seq("s>t>e")))
		biz := w.start("main")
		ann, eve := person("ann", "clerk"), person("eve", "boss")
		appeal := flow.Command{Name: flow.Appeal, Task: w.task(biz, "t").ID, To: []flow.Candidate{{Kind: flow.ByPerson, Ref: "eve"}, {Kind: flow.ByPerson, Ref: "ann"}}, Reason: "the network was down"}
		if _, err := w.do(ann, appeal); fault.CodeOf(err) != "flow.appeal" {
			t.Errorf("appeal without a card gave %v", err)
		}
		w.clock.Advance(61 * time.Minute)
		w.tick()
		w.must(ann, appeal)
		var id string
		for _, k := range w.open(biz) {
			if k.Kind == flow.KindAppeal {
				id = k.ID
			}
		}
		if _, err := w.do(ann, flow.Command{Name: flow.Complete, Task: id, Outcome: flow.Approve, Reason: "r"}); fault.CodeOf(err) != "flow.appeal.self" {
			t.Errorf("deciding one's own appeal gave %v", err)
		}
		if _, err := w.do(eve, flow.Command{Name: flow.Complete, Task: id, Outcome: "perhaps", Reason: "r"}); fault.CodeOf(err) != "flow.outcome" {
			t.Errorf("an outcome that is none gave %v", err)
		}
		w.cards = nil
		w.must(eve, flow.Command{Name: flow.Complete, Task: id, Outcome: flow.Approve, Reason: "so it was"})
		if len(w.cards) != 1 || !w.cards[0].Withdrawn || w.cards[0].Level != "yellow" || w.cards[0].Clock != "step" || w.cards[0].Task == "" || w.cards[0].Actor.Person != "eve" {
			t.Errorf("card taken back: %+v", w.cards)
		}
		w.read(func(tx *store.Tx) error {
			list, err := w.e.History(t.Context(), tx, biz)
			last := list[len(list)-1]
			if len(last.Notes) != 1 || last.Notes[0].Op != "withdrawn" || last.Notes[0].Text != "step yellow" {
				t.Errorf("history %+v", last)
			}
			return err
		})
		w.play(biz, "t= .")
	})
}

func TestChooseNext(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("main", process(se+user("t")+user("u")+seq("s>t>u>e")))
		biz := w.start("main")
		boss := person("eve", "boss", "clerk")
		cmd := flow.Command{Name: flow.Complete, Task: w.task(biz, "t").ID, Next: "bob"}
		if _, err := w.do(person("ann", "clerk"), cmd); fault.KindOf(err) != fault.Denied {
			t.Errorf("choosing without permission gave %v", err)
		}
		w.must(boss, cmd)
		if k := w.task(biz, "u"); k.Assignee != "bob" {
			t.Errorf("next task has %q, want bob", k.Assignee)
		}
		if _, err := w.do(boss, flow.Command{Name: flow.Complete, Task: w.task(biz, "u").ID, Next: "x"}); fault.CodeOf(err) != "task.taken" {
			t.Errorf("completing bob's task gave %v", err)
		}
		bob := person("bob", "boss", "clerk")
		if _, err := w.do(bob, flow.Command{Name: flow.Complete, Task: w.task(biz, "u").ID, Next: "x"}); fault.CodeOf(err) != "flow.next" {
			t.Errorf("choosing where nothing follows gave %v", err)
		}
	})
}

// Of a batch each row stands for itself.
func TestBatch(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("main", process(se+user("t")+seq("s>t>e")))
		a, b := w.start("main"), w.start("main")
		w.must(person("bob", "clerk"), flow.Command{Name: flow.Claim, Task: w.task(b, "t").ID})
		c := w.start("main")
		list := []flow.Command{
			{Name: flow.Complete, Task: w.task(a, "t").ID},
			{Name: flow.Complete, Task: w.task(b, "t").ID},
			{Name: flow.Complete, Task: "none"},
			{Name: flow.Complete, Task: w.task(c, "t").ID},
		}
		var rows []flow.Row
		w.write(func(tx *store.Tx) (err error) {
			rows, err = w.e.DoAll(t.Context(), tx, person("ann", "clerk"), list)
			return err
		})
		for i, want := range []string{"", "task.taken", "task.unknown", ""} {
			if got := fault.CodeOf(rows[i].Err); rows[i].Err == nil && want != "" || rows[i].Err != nil && got != want {
				t.Errorf("row %d: %v, want %q", i, rows[i].Err, want)
			}
		}
		w.play(a, ".")
		w.play(b, "[t]")
		w.play(c, ".")
	})
}
