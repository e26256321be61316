package flow_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/flow"
	"chengshu/kernel/identity"
)

var boss = person("boss", "boss")

func each(t *testing.T, fn func(w *world)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		fn(newWorld(t, db))
	})
}

func wantCode(tb testing.TB, err error, kind fault.Kind, code string) *fault.Error {
	tb.Helper()
	if fault.CodeOf(err) != code || fault.KindOf(err) != kind {
		tb.Fatalf("got %v, want %s %s", err, kind, code)
	}
	var f *fault.Error
	errors.As(err, &f)
	return f
}

func TestClaimRace(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("k", process(se+user("t")+user("u")+seq("s>t>u>e")))
		for _, op := range []string{flow.Claim, flow.Complete} {
			for range 10 {
				biz := w.start("k")
				id := w.task(biz, "t").ID
				var wg sync.WaitGroup
				errs := make([]error, 2)
				for i, a := range []identity.Actor{person("ann", "clerk"), person("bob", "clerk")} {
					wg.Go(func() { _, errs[i] = w.do(a, flow.Command{Name: op, Task: id}) })
				}
				wg.Wait()
				if (errs[0] == nil) == (errs[1] == nil) {
					t.Fatalf("%s: exactly one must win: %v", op, errs)
				}
				loser, winner := errs[0], "bob"
				if loser == nil {
					loser, winner = errs[1], "ann"
				}
				if f := wantCode(t, loser, fault.Conflict, "task.taken"); f.Args["by"] != winner || f.Args["at"] == nil {
					t.Fatalf("the conflict names %v, want %s and when", f.Args, winner)
				}
			}
		}
	})
}

func TestRepeatedCommand(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("k", process(se+user("t", ab)+user("u")+seq("s>t>u>e")))
		biz := w.start("k")
		cmd := flow.Command{ID: "cmd-1", Name: flow.Complete, Task: w.task(biz, "t").ID, Outcome: "a"}
		first := w.must(person("ann", "clerk"), cmd)
		again := w.must(person("ann", "clerk"), cmd)
		if !again.Repeated {
			t.Error("the second run does not know that it is one")
		}
		again.Repeated = false
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("stored result (-want +got)\n%s", diff)
		}
		if n := w.count(`SELECT COUNT(*) FROM flow_hist WHERE cmd = 'cmd-1'`); n != 1 {
			t.Errorf("%d history rows for one command", n)
		}
		msg := flow.Message{ID: "m-1", Name: "nobody", Key: biz.ID}
		for range 2 {
			w.write(func(tx *store.Tx) error {
				_, err := w.e.Publish(t.Context(), tx, boss, msg)
				return err
			})
		}
		if n := w.count(`SELECT COUNT(*) FROM flow_message`); n != 1 {
			t.Errorf("%d kept messages, want 1", n)
		}
	})
}

func TestRefusals(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("k", process(se+user("t", `<cs:outcome id="a" form="note!"/><cs:outcome id="b" reason="true"/>`)+user("u")+seq("s>t>u>e")))
		biz := w.start("k")
		id := w.task(biz, "t").ID
		ann := person("ann", "clerk")
		before := w.count(`SELECT COUNT(*) FROM test_journal`)
		for _, c := range []struct {
			name, code string
			kind       fault.Kind
			a          identity.Actor
			cmd        flow.Command
		}{
			{"unknown task", "task.unknown", fault.NotFound, ann, flow.Command{Name: flow.Claim, Task: "x"}},
			{"unknown command", "flow.command", fault.Invalid, ann, flow.Command{Name: "fly", Task: id}},
			{"no candidate", "task.denied", fault.Denied, person("eve", "reader"), flow.Command{Name: flow.Complete, Task: id, Outcome: "a"}},
			{"unknown outcome", "flow.outcome", fault.Invalid, ann, flow.Command{Name: flow.Complete, Task: id, Outcome: "c"}},
			{"no reason", "flow.reason", fault.Invalid, ann, flow.Command{Name: flow.Complete, Task: id, Outcome: "b"}},
			{"required field", "record.invalid", fault.Invalid, ann, flow.Command{Name: flow.Complete, Task: id, Outcome: "a"}},
			{"field not in the form", "record.invalid", fault.Invalid, ann, flow.Command{Name: flow.Complete, Task: id, Outcome: "a", Data: map[string]any{"note": "n", "amount": 3}}},
			{"stale form", "record.stale", fault.Conflict, ann, flow.Command{Name: flow.Complete, Task: id, Outcome: "a", Data: map[string]any{"note": "n"}, Rev: 99}},
			{"jump without right", "policy.denied", fault.Denied, ann, flow.Command{Name: flow.Jump, Instance: w.instances(biz)[0].ID, Target: "u", Reason: "r"}},
			{"jump without reason", "flow.reason", fault.Invalid, boss, flow.Command{Name: flow.Jump, Instance: w.instances(biz)[0].ID, Target: "u"}},
			{"return to nothing", "flow.return.target", fault.Conflict, ann, flow.Command{Name: flow.Return, Task: id, Target: "u", Reason: "r"}},
		} {
			_, err := w.do(c.a, c.cmd)
			if fault.CodeOf(err) != c.code || fault.KindOf(err) != c.kind {
				t.Errorf("%s: got %v, want %s %s", c.name, err, c.kind, c.code)
			}
		}
		if n := w.count(`SELECT COUNT(*) FROM test_journal`); n != before {
			t.Errorf("refused commands left %d journal entries", n-before)
		}
		w.must(ann, flow.Command{Name: flow.Complete, Task: id, Outcome: "a", Data: map[string]any{"note": "n"}, Rev: w.row(biz).Rev})
		if r := w.row(biz); r.Note != "n" || r.State != "at-u" || r.Rev != 3 {
			t.Errorf("record %+v: want the note, the state of u, and one revision for the command", r)
		}
	})
}

func TestHandOver(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("k", process(se+user("t")+user("u")+seq("s>t>u>e")))
		ann, bob, guest := person("ann", "clerk"), person("bob", "clerk"), person("guest")
		biz := w.start("k")
		id := w.task(biz, "t").ID
		w.must(ann, flow.Command{Name: flow.Claim, Task: id})
		w.must(ann, flow.Command{Name: flow.Release, Task: id})
		w.must(bob, flow.Command{Name: flow.Claim, Task: id})
		_, err := w.do(ann, flow.Command{Name: flow.Release, Task: id})
		wantCode(t, err, fault.Conflict, "task.taken")

		w.must(bob, flow.Command{Name: flow.Delegate, Task: id, Target: "guest"})
		if got := w.list(guest, flow.Query{}); len(got) != 1 || got[0].Owner != "bob" {
			t.Fatalf("the delegate sees %+v", got)
		}
		w.must(guest, flow.Command{Name: flow.Complete, Task: id})
		if k := w.task(biz, "t"); k.Assignee != "bob" || k.Owner != "" {
			t.Fatalf("the task did not come back to its owner: %+v", k)
		}
		w.must(bob, flow.Command{Name: flow.Transfer, Task: id, Target: "guest"})
		w.must(guest, flow.Command{Name: flow.Complete, Task: id})
		if got := w.nodes(biz); got != "u" {
			t.Fatalf("after a transfer the task ends: %s", got)
		}
	})
}

func (w *world) list(a identity.Actor, q flow.Query) []*flow.Task {
	w.t.Helper()
	var p flow.Page
	w.read(func(tx *store.Tx) (err error) {
		p, err = w.e.Tasks(w.t.Context(), tx, a, q)
		return err
	})
	return p.Tasks
}

func TestWorklist(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		cand := func(feel string) []byte {
			return process(se + `<userTask id="t"><extensionElements><cs:task candidates='` + feel + `'/></extensionElements></userTask>` + seq("s>t>e"))
		}
		for key, rule := range map[string]string{
			"any": `role("clerk")`, "org": `role("clerk", "/county/" + street + "/")`, "area": `roleIn("clerk", "/99/" + street + "/")`,
			"both": `[roleAt("clerk", "/county/s1/", "/99/s1/"), person("eve")]`, "starter": `person(starter)`,
		} {
			w.deploy(key, cand(rule))
			w.start(key)
		}
		actor := func(org, area string, roles ...string) identity.Actor {
			a := person("x", roles...)
			a.Org, a.Area = org, area
			return a
		}
		eve := person("eve")
		stand := person("zoe")
		stand.OnBehalf = "eve"
		for _, c := range []struct {
			name string
			a    identity.Actor
			want string
		}{
			{"county clerk over all areas", actor("/county/", "/99/", "clerk"), "any area"},
			{"street clerk", actor("/county/s1/", "/99/s1/", "clerk"), "any area both org"},
			{"clerk of a desk in the street", actor("/county/s1/desk/", "/99/s1/", "clerk"), "any area both org"},
			{"clerk of a village sees no task of the street's area", actor("/county/s1/", "/99/s1/v1/", "clerk"), "any org"},
			{"clerk of another street", actor("/county/s2/", "/99/s2/", "clerk"), "any"},
			{"name is no prefix of a longer one", actor("/county/s12/", "/99/s12/", "clerk"), "any"},
			{"clerk without area", actor("/county/s1/", "", "clerk"), "any org"},
			{"other role", actor("/county/s1/", "/99/s1/", "reader"), ""},
			{"person", eve, "both"},
			{"stand-in", stand, "both"},
			{"starter", person("starter"), "starter"},
		} {
			var got []string
			for _, k := range w.list(c.a, flow.Query{}) {
				in := w.instances(k.Biz)
				got = append(got, in[0].Process)
				_, err := w.do(c.a, flow.Command{Name: flow.Claim, Task: k.ID})
				if err != nil {
					t.Errorf("%s: listed but not claimable: %v", c.name, err)
				}
				w.must(c.a, flow.Command{Name: flow.Release, Task: k.ID})
			}
			if s := strings.Join(sorted(got), " "); s != c.want {
				t.Errorf("%s: sees [%s], want [%s]", c.name, s, c.want)
			}
		}
	})
}

func TestWorklistPages(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("k", process(se+user("t", `<cs:sla limit="amount" unit="workhour"/>`)+user("u")+seq("s>t>u>e")))
		ann, bob := person("ann", "clerk"), person("bob", "clerk")
		for range 7 {
			w.start("k")
		}
		var seen []string
		q := flow.Query{Limit: 3}
		for pages := 1; ; pages++ {
			var p flow.Page
			w.read(func(tx *store.Tx) (err error) {
				p, err = w.e.Tasks(t.Context(), tx, ann, q)
				return err
			})
			for _, k := range p.Tasks {
				seen = append(seen, k.Biz.ID)
			}
			if p.Next == "" {
				if pages != 3 {
					t.Errorf("%d pages, want 3", pages)
				}
				break
			}
			q.Cursor = p.Next
		}
		if len(seen) != 7 || len(unique(seen)) != 7 {
			t.Errorf("pages gave %v", seen)
		}
		first := w.list(ann, flow.Query{})[0]
		w.must(bob, flow.Command{Name: flow.Claim, Task: first.ID})
		if n := len(w.list(ann, flow.Query{})); n != 6 {
			t.Errorf("ann sees %d, want 6 after bob claimed one", n)
		}
		if n := len(w.list(bob, flow.Query{State: "mine"})); n != 1 {
			t.Errorf("bob has %d, want 1", n)
		}
		moved := bob
		moved.Roles = []string{"reader"}
		if n := len(w.list(moved, flow.Query{State: "mine"})); n != 0 {
			t.Errorf("bob changed post and still sees %d tasks", n)
		}
		_, err := w.do(moved, flow.Command{Name: flow.Complete, Task: first.ID})
		wantCode(t, err, fault.Denied, "task.denied")
		w.must(bob, flow.Command{Name: flow.Complete, Task: first.ID})
		if n := len(w.list(bob, flow.Query{State: flow.Done})); n != 1 {
			t.Errorf("bob has done %d, want 1", n)
		}
		if n := len(w.list(ann, flow.Query{Node: "u"})); n != 1 {
			t.Errorf("%d tasks at u, want 1", n)
		}
		if n := len(w.list(ann, flow.Query{Due: w.clock.Now()})); n != 0 {
			t.Errorf("%d due tasks, want none", n)
		}
		if n := len(w.list(ann, flow.Query{Due: w.clock.Now().AddDate(0, 0, 2)})); n != 6 {
			t.Errorf("%d tasks due in two days, want 6", n)
		}
	})
}

func TestExplain(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("k", process(se+`<parallelGateway id="g"/><parallelGateway id="h"/>`+user("t")+user("u")+user("v")+user("w")+
			seq("s>t>g", "g>u>v>h", "g>w>h", "h>e")))
		ann, bob := person("ann", "clerk"), person("bob", "clerk")
		biz := w.start("k")
		w.must(ann, flow.Command{Name: flow.Complete, Task: w.task(biz, "t").ID})
		w.must(bob, flow.Command{Name: flow.Claim, Task: w.task(biz, "w").ID})
		w.must(ann, flow.Command{Name: flow.Complete, Task: w.task(biz, "u").ID})
		var ways []flow.Way
		id := w.task(biz, "v").ID
		w.read(func(tx *store.Tx) (err error) {
			ways, err = w.e.Explain(t.Context(), tx, ann, id)
			return err
		})
		want := []flow.Way{
			{Node: "t", Handler: "ann", Cancels: []flow.Loss{{Task: w.task(biz, "w").ID, Node: "w", Handler: "bob"}}},
			{Node: "u", Handler: "ann", Direct: true},
		}
		if diff := cmp.Diff(want, ways); diff != "" {
			t.Errorf("ways (-want +got)\n%s", diff)
		}
		_, err := w.do(ann, flow.Command{Name: flow.Return, Task: w.task(biz, "v").ID, Target: "t", Reason: "r", Resubmit: "direct"})
		wantCode(t, err, fault.Conflict, "flow.return.direct")
		w.must(bob, flow.Command{Name: flow.Complete, Task: w.task(biz, "w").ID})
		_, err = w.do(ann, flow.Command{Name: flow.Return, Task: w.task(biz, "v").ID, Target: "w", Reason: "r"})
		wantCode(t, err, fault.Conflict, "flow.return.branch")
	})
}

// A role at an organisation that turns out to be null is nobody, not everybody.
func TestCandidateWithoutOrganisation(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("k", process(se+user("t")+`<userTask id="u"><extensionElements><cs:task candidates='role("chief", if amount = 5 then null else street)'/></extensionElements></userTask>`+seq("s>t>u>e")))
		biz := w.start("k")
		_, err := w.do(person("ann", "clerk"), flow.Command{Name: flow.Complete, Task: w.task(biz, "t").ID})
		wantCode(t, err, fault.Invalid, "flow.candidates.org")
		if got := w.nodes(biz); got != "t" {
			t.Errorf("open tasks %s after a step that failed", got)
		}
	})
}
