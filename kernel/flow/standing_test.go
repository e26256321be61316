package flow_test

import (
	"slices"
	"testing"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/flow"
)

func (w *world) standing(biz flow.Biz) flow.Standing {
	w.t.Helper()
	var got flow.Standing
	in := w.instances(biz)[0].ID
	w.read(func(tx *store.Tx) (err error) {
		got, err = w.e.Standing(w.t.Context(), tx, in)
		return err
	})
	return got
}

// TestStanding: every target that is offered can be jumped to with one of the tokens, and no other node can.
func TestStanding(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("main", process(se+user("a")+fork+user("t")+user("u")+user("v")+seq("s>a>g", "g>t>v>h", "g>u>h", "h>e")))
		eve := person("eve", "boss")
		for _, tt := range []struct {
			name, script string
			want         []string // targets
			tokens       int
		}{
			{"before the fork", "[a]", []string{"a", "e", "t", "u", "v"}, 1},
			{"in the fork", "a= [t u]", []string{"a", "e", "t", "u", "v"}, 2},
		} {
			biz := w.start("main")
			w.play(biz, tt.script)
			got := w.standing(biz)
			var nodes []string
			for _, s := range got.Targets {
				nodes = append(nodes, s.Node)
			}
			slices.Sort(nodes)
			if !slices.Equal(nodes, tt.want) || len(got.Tokens) != tt.tokens {
				t.Errorf("%s: got %+v, want %v", tt.name, got, tt.want)
			}
		}
		biz := w.start("main")
		w.play(biz, "a= [t u]")
		in, tokens := w.instances(biz)[0].ID, w.standing(biz).Tokens
		if _, err := w.do(eve, flow.Command{Name: flow.Jump, Instance: in, Target: "g", Token: tokens[0].ID, Reason: "r"}); fault.CodeOf(err) != "flow.jump" {
			t.Errorf("a jump to a gateway gave %v", err)
		}
		w.must(eve, flow.Command{Name: flow.Jump, Instance: in, Target: "v", Token: tokens[0].ID, Reason: "r"})
		w.play(biz, "[u v]")
		if got := w.standing(biz).Tokens; !slices.ContainsFunc(got, func(p flow.Place) bool { return p.ID == tokens[0].ID && p.Node == "v" && p.State == "live" }) {
			t.Errorf("after the jump %+v", got)
		}
		w.play(biz, "u= v= .")
		if got := w.standing(biz); len(got.Tokens)+len(got.Targets) != 0 {
			t.Errorf("an ended instance stands at %+v", got)
		}
		w.read(func(tx *store.Tx) error {
			if _, err := w.e.Standing(t.Context(), tx, "none"); fault.CodeOf(err) != "flow.unknown" {
				t.Errorf("no instance gave %v", err)
			}
			return nil
		})
	})
}

func TestStoredVersions(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("main", process(se+user("t")+seq("s>t>e")))
		old := w.start("main")
		ended := w.start("main")
		w.play(ended, "t= .")
		w.deploy("main", process(se+user("t")+user("u")+seq("s>t>u>e")))
		running := w.instances(old)[0].ID
		w.read(func(tx *store.Tx) error {
			got, err := w.e.Versions(t.Context(), tx, "main")
			want := []flow.Version{{Number: 2, Active: true}, {Number: 1, Running: 1, Ended: 1}}
			if !slices.Equal(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if err != nil {
				return err
			}
			names, err := w.e.Names(t.Context(), tx, "main", 1)
			if err != nil || names.Node("t") == "" || names.Node("nothing") != "nothing" || names.Node("u") != "u" {
				t.Errorf("names %+v, %v", names, err)
			}
			steps, err := w.e.Steps(t.Context(), tx, "main", 0)
			if len(steps) != 3 || steps[1].Node != "u" && steps[2].Node != "u" && steps[0].Node != "u" {
				t.Errorf("steps of the active version %+v", steps)
			}
			if _, e := w.e.Steps(t.Context(), tx, "main", 9); fault.CodeOf(e) != "flow.definition" {
				t.Errorf("steps of no version gave %v", e)
			}
			if err != nil {
				return err
			}
			in, err := w.e.Instance(t.Context(), tx, running)
			if in.Biz != old || in.Version != 1 || in.Process != "main" || in.State != flow.Running {
				t.Errorf("instance %+v", in)
			}
			return err
		})
	})
}

func TestOpenIncidents(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("main", processWith(callingModel()))
		refused := fault.New(fault.Invalid, "test.refused")
		var all []flow.Biz
		for range 3 {
			all = append(all, w.start("main"))
			w.work("", refused)
			w.clock.Advance(time.Minute)
		}
		page := func(q flow.IncidentQuery) (list []flow.Incident) {
			t.Helper()
			w.read(func(tx *store.Tx) (err error) {
				list, err = w.e.OpenIncidents(t.Context(), tx, q)
				return err
			})
			return list
		}
		first := page(flow.IncidentQuery{Limit: 2, Types: []string{all[0].Type}, Process: "main"})
		if len(first) != 2 || first[0].Biz.ID != all[0].ID || first[1].Biz.ID != all[1].ID {
			t.Fatalf("first page %+v", first)
		}
		rest := page(flow.IncidentQuery{Limit: 2, Cursor: first[1].Cursor()})
		if len(rest) != 1 || rest[0].Biz.ID != all[2].ID {
			t.Errorf("second page %+v", rest)
		}
		if none := page(flow.IncidentQuery{Types: []string{"other"}}); len(none) != 0 {
			t.Errorf("of another type %+v", none)
		}
		if one := page(flow.IncidentQuery{Instance: first[1].Instance}); len(one) != 1 || one[0].ID != first[1].ID {
			t.Errorf("of one instance %+v", one)
		}
		w.must(person("eve", "boss"), flow.Command{Name: flow.Skip, Instance: first[0].Instance, Token: first[0].Token, Reason: "r"})
		w.must(person("eve", "boss"), flow.Command{Name: flow.Cancel, Instance: first[1].Instance, Reason: "r"})
		if left := page(flow.IncidentQuery{}); len(left) != 1 || left[0].ID != rest[0].ID {
			t.Errorf("left %+v", left)
		}
		w.read(func(tx *store.Tx) error {
			got, err := w.e.Incident(t.Context(), tx, first[0].ID)
			if got.Closed.IsZero() || got.ClosedBy != "eve" {
				t.Errorf("the closed incident is %+v", got)
			}
			if _, e := w.e.Incident(t.Context(), tx, "none"); fault.CodeOf(e) != "flow.incident.unknown" {
				t.Errorf("no incident gave %v", e)
			}
			if _, e := w.e.OpenIncidents(t.Context(), tx, flow.IncidentQuery{Cursor: "x"}); fault.CodeOf(e) != "task.cursor" {
				t.Errorf("a broken cursor gave %v", e)
			}
			return err
		})
	})
}

// TestClocksOfTask: the clocks of the instance and of the task, not those of another task; a stopped one only with a card.
func TestClocksOfTask(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("main", process(se+user("t", `<cs:sla limit="1" unit="hour" name="step"/>`)+user("u", `<cs:sla limit="4" unit="hour" name="other"/>`)+seq("s>t>u>e")))
		biz := w.start("main")
		names := func(k *flow.Task) string {
			t.Helper()
			out := ""
			w.read(func(tx *store.Tx) error {
				got, err := w.e.Clocks(t.Context(), tx, []*flow.Task{k})
				for _, c := range got[k.ID] {
					out += c.Name + " " + c.Level + ","
				}
				return err
			})
			return out
		}
		first := w.task(biz, "t")
		if got := names(first); got != "step ," {
			t.Errorf("at first %q", got)
		}
		w.clock.Advance(2 * time.Hour)
		w.tick()
		if got := names(first); got != "step red," {
			t.Errorf("late: %q", got)
		}
		w.play(biz, "t= [u]")
		if got := names(w.task(biz, "u")); got != "other ," {
			t.Errorf("of the next task %q", got)
		}
		if got := names(first); got != "step red," {
			t.Errorf("of the task done late %q", got)
		}
	})
}
