package flow_test

import (
	"testing"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/flow"
	"chengshu/kernel/identity"
)

// TestStandIn: work that a stand-in takes or does stays the work of the person stood in for, so that nothing is left with
// somebody who may no longer touch it; history names both; nobody decides what he has asked for under either name.
func TestStandIn(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		porter := `<userTask id="u"><extensionElements><cs:task candidates='role("porter")'/></extensionElements></userTask>`
		w.deploy("main", model(`<process id="p" isExecutable="true"><extensionElements><cs:return to="any"/><cs:sla limit="16" unit="workhour" name="legal"/></extensionElements>`+
			se+user("t")+porter+seq("s>t>u>e")+`</process>`))
		biz := w.start("main")
		ann, bob := person("ann", "clerk"), person("bob", "boss", "porter")
		forAnn := person("bob", "clerk")
		forAnn.OnBehalf = "ann"
		if _, err := w.do(bob, flow.Command{Name: flow.Claim, Task: w.task(biz, "t").ID}); fault.KindOf(err) != fault.Denied {
			t.Errorf("bob as himself gave %v", err)
		}
		w.must(forAnn, flow.Command{Name: flow.Claim, Task: w.task(biz, "t").ID})
		if k := w.task(biz, "t"); k.Assignee != "ann" {
			t.Errorf("claimed for ann it is %q's", k.Assignee)
		}
		to := []flow.Candidate{{Kind: flow.ByPerson, Ref: "bob"}, {Kind: flow.ByPerson, Ref: "ann"}, {Kind: flow.ByPerson, Ref: "eve"}}
		w.must(forAnn, flow.Command{Name: flow.Extend, Task: w.task(biz, "t").ID, SLA: "legal", Limit: "8 workhour", Reason: "much to do", To: to})
		for name, who := range map[string]identity.Actor{"bob": bob, "ann": ann, "bob for ann": forAnn} {
			if _, err := w.do(who, flow.Command{Name: flow.Complete, Task: w.side(biz).ID, Outcome: flow.Approve}); fault.CodeOf(err) != "flow.extend.self" {
				t.Errorf("%s approving gave %v", name, err)
			}
		}
		w.must(person("eve", "boss"), flow.Command{Name: flow.Complete, Task: w.side(biz).ID, Outcome: flow.Approve})
		w.must(ann, flow.Command{Name: flow.Complete, Task: w.task(biz, "t").ID})
		w.must(bob, flow.Command{Name: flow.Return, Task: w.task(biz, "u").ID, Target: "t", Reason: "incomplete"})
		w.must(forAnn, flow.Command{Name: flow.Complete, Task: w.task(biz, "t").ID})
		w.read(func(tx *store.Tx) error {
			list, err := w.e.History(t.Context(), tx, biz)
			if last := list[len(list)-1]; last.Actor != "bob" || last.OnBehalf != "ann" {
				t.Errorf("history %+v", last)
			}
			return err
		})
		w.must(bob, flow.Command{Name: flow.Return, Task: w.task(biz, "u").ID, Target: "t", Reason: "incomplete"})
		if k := w.task(biz, "t"); k.Assignee != "ann" {
			t.Errorf("returned it is %q's, want ann's, who is a candidate", k.Assignee)
		}
		if n := len(w.list(bob, flow.Query{State: flow.Done})); n != 0 {
			t.Errorf("bob has done %d tasks of his own, want none", n)
		}
		if n := len(w.list(forAnn, flow.Query{State: flow.Done})); n != 2 {
			t.Errorf("bob for ann sees %d done, want ann's 2", n)
		}
	})
}

// side gives the open task that holds no token.
func (w *world) side(biz flow.Biz) *flow.Task {
	w.t.Helper()
	for _, k := range w.open(biz) {
		if k.Kind != flow.KindNode {
			return k
		}
	}
	w.t.Fatal("no side task")
	return nil
}
