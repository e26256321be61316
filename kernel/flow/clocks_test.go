package flow_test

import (
	"testing"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/flow"
)

// permit is a matter with acceptance: the material is received, corrections are told within five working days, else the
// matter is deemed accepted from the day its material came, which stands in note. Then its three clocks run.
func permit() []byte {
	return process(se + user("receive", `<cs:sla limit="5" unit="workday" kind="statutory" basis="law 32" name="tell"/>`, ab) +
		timerOn("silent", "receive", "true", `<timeDuration>5 workday</timeDuration>`) +
		`<scriptTask id="deemed" scriptFormat="feel"><script>{amount: 32}</script></scriptTask><exclusiveGateway id="g"/>` +
		user("decide", `<cs:sla scope="instance" limit="20" unit="workday" kind="statutory" basis="law 42" name="law" from="date and time(note)"/>`,
			`<cs:sla scope="instance" limit="10" unit="workday" name="promise"/>`, `<cs:sla limit="16" unit="workhour" name="step"/>`) +
		user("issue") + seq("s>receive>g>decide>issue>e", "silent>deemed>g"))
}

func (w *world) note(biz flow.Biz, note string) {
	w.t.Helper()
	w.write(func(tx *store.Tx) error {
		_, err := tx.Exec(w.t.Context(), `UPDATE test_case SET note = ? WHERE id = ?`, note, biz.ID)
		return err
	})
}

// clockOf gives the running or paused clock of a name.
func (w *world) clockOf(biz flow.Biz, name string) flow.SLA {
	w.t.Helper()
	for _, s := range w.slas(biz) {
		if s.Name == name && s.State != flow.Stopped {
			return s
		}
	}
	w.t.Fatalf("no clock %s runs", name)
	return flow.SLA{}
}

// Silence for five working days is acceptance from the day the material came (行政许可法 §32); the step clock begins now.
func TestDeemedAccepted(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("k", permit())
		biz := w.start("k") // Monday, 2 March, 9:00
		w.note(biz, "2026-03-02T09:00:00+08:00")
		if k := w.task(biz, "receive"); clock.LastDay(k.Due).String() != "2026-03-09" {
			t.Errorf("corrections must be told by %v, want 9 March", k.Due)
		}
		if n := len(w.slas(biz)); n != 1 {
			t.Fatalf("%d clocks run before acceptance, want the one of the step", n)
		}
		w.clock.Set(at(9, 23))
		w.tick()
		if got := w.nodes(biz); got != "receive" {
			t.Fatalf("open %s before the five days are over", got)
		}
		w.clock.Set(at(10, 0))
		w.tick()
		if got := w.nodes(biz); got != "decide" || w.row(biz).Amount != 32 {
			t.Fatalf("open %s, amount %d: not deemed accepted", got, w.row(biz).Amount)
		}
		for _, want := range []struct{ name, kind, basis, started, last string }{
			{"law", flow.Statutory, "law 42", "2026-03-02T09:00:00+08:00", "2026-03-30"},
			{"promise", flow.Promised, "", "2026-03-10T00:00:00+08:00", "2026-03-24"},
			{"step", flow.StepKind, "", "2026-03-10T00:00:00+08:00", "2026-03-11"},
		} {
			s := w.clockOf(biz, want.name)
			got := [5]string{s.Name, s.Kind, s.Basis, s.Started.Format(time.RFC3339), clock.LastDay(s.Due).String()}
			if got != [5]string{want.name, want.kind, want.basis, want.started, want.last} {
				t.Errorf("clock %v, want %v", got, want)
			}
		}
	})
}

// Corrected in time: the clocks of the matter begin when the last correction came, and do not begin again.
func TestAcceptedOnce(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("k", permit())
		biz := w.start("k")
		ann := person("ann", "clerk")
		w.clock.Set(at(4, 10))
		w.note(biz, "2026-03-04T10:00:00+08:00")
		w.must(ann, flow.Command{Name: flow.Complete, Task: w.task(biz, "receive").ID, Outcome: "a"})
		law := w.clockOf(biz, "law")
		if clock.LastDay(law.Due).String() != "2026-04-01" {
			t.Errorf("due %v, want 1 April", law.Due)
		}
		w.clock.Set(at(5, 10))
		w.must(ann, flow.Command{Name: flow.Return, Task: w.task(biz, "decide").ID, Target: "receive", Reason: "x"})
		w.must(ann, flow.Command{Name: flow.Complete, Task: w.task(biz, "receive").ID, Outcome: "a"})
		if again := w.clockOf(biz, "law"); again.ID != law.ID || !again.Due.Equal(law.Due) {
			t.Errorf("clock %+v began again", again)
		}
		w.note(biz, "2027-03-04T10:00:00+08:00")
		ahead := w.start("k")
		w.note(ahead, "2027-03-04T10:00:00+08:00")
		w.must(ann, flow.Command{Name: flow.Complete, Task: w.task(ahead, "receive").ID, Outcome: "a"})
		if s := w.clockOf(ahead, "law"); !s.Started.Equal(at(5, 10)) {
			t.Errorf("a start that lies ahead began at %v, want now", s.Started)
		}
	})
}

// The list of pauses is closed; one that needs a notice and a promise is refused without.
func TestLawfulPauses(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("k", clocked())
		biz := w.start("k")
		id := w.instances(biz)[0].ID
		for _, tt := range []struct {
			cmd        flow.Command
			code, path string
		}{
			{flow.Command{Reason: "lunch", Basis: "x"}, "flow.pause.reason", "/reason"},
			{flow.Command{Reason: "hearing"}, "flow.pause.basis", "/basis"},
			{flow.Command{Reason: "appraisal", Limit: "3 day"}, "flow.pause.notice", "/notice"},
			{flow.Command{Reason: "appraisal", Notice: "n 7"}, "flow.pause.promise", "/limit"},
			{flow.Command{Reason: "appraisal", Notice: "n 7", Limit: "31 day"}, "flow.pause.long", "/limit"},
		} {
			tt.cmd.Name, tt.cmd.Instance = flow.Pause, id
			_, err := w.do(boss, tt.cmd)
			f := wantCode(t, err, fault.Invalid, tt.code)
			if len(f.Fields) != 1 || f.Fields[0].Pointer != tt.path {
				t.Errorf("%s: fields %+v, want %s", tt.code, f.Fields, tt.path)
			}
		}
		w.must(boss, flow.Command{Name: flow.Pause, Instance: id, Reason: "appraisal", Notice: "n 7", Limit: "30 day"})
		w.read(func(tx *store.Tx) error {
			list, err := w.e.Pauses(t.Context(), tx, id)
			if len(list) != 1 || list[0].Notice != "n 7" || list[0].Basis != "law 45" || list[0].Promise != "30 day" || !list[0].Promised.Equal(at(32, 9)) {
				t.Errorf("pauses %+v", list)
			}
			return err
		})
		// Its promise is over: whoever stopped the clock is told, and who has the work.
		w.clock.Set(at(32, 9))
		w.tick()
		if w.heard("overrun") != 1 {
			t.Fatalf("overrun told %d times", w.heard("overrun"))
		}
		for _, ev := range w.told {
			if ev.Kind == "overrun" && (len(ev.To) != 1 || ev.To[0] != boss.Person || len(ev.Cands) == 0) {
				t.Errorf("told %v and %v", ev.To, ev.Cands)
			}
		}
	})
}

// A task whose clock stands still has no due and tells what remains; it has one again when the pause is over.
func TestPausedTask(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("k", clocked())
		biz := w.start("k")
		id := w.instances(biz)[0].ID
		w.clock.Set(at(2, 10))
		w.must(boss, flow.Command{Name: flow.Pause, Instance: id, Reason: "hearing", Basis: "law 45"})
		held := func() map[string]clock.Limit {
			var out map[string]clock.Limit
			open := w.open(biz)
			w.read(func(tx *store.Tx) (err error) {
				out, err = w.e.Held(t.Context(), tx, open)
				return err
			})
			return out
		}
		w.clock.Set(at(5, 10))
		k := w.task(biz, "t")
		if left := held()[k.ID]; !k.Due.IsZero() || left != clock.Of(3, clock.Workhour) {
			t.Errorf("due %v, left %v; want none and 3 working hours", k.Due, left)
		}
		if s := w.clockOf(biz, "step"); !s.Due.Equal(at(5, 13)) || s.Left != clock.Of(3, clock.Workhour) || s.Overdue(at(5, 16)) {
			t.Errorf("clock %+v, want due as if the pause ended now", s)
		}
		if page := w.list(person("ann", "clerk"), flow.Query{Due: at(30, 0)}); len(page) != 0 {
			t.Errorf("%d paused tasks are listed as due", len(page))
		}
		w.must(boss, flow.Command{Name: flow.Resume, Instance: id})
		if k := w.task(biz, "t"); !k.Due.Equal(at(5, 13)) || len(held()) != 0 {
			t.Errorf("due %v, held %v after the pause", k.Due, held())
		}
	})
}

// More time is asked for in a unit no clock has: refused when it is asked.
func TestExtensionUnit(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("k", clocked())
		biz := w.start("k")
		ask := flow.Command{Name: flow.Extend, Task: w.task(biz, "t").ID, SLA: "legal", Limit: "3 workday", Reason: "complex", To: []flow.Candidate{{Kind: flow.ByPerson, Ref: "chief"}}}
		for _, change := range []func(*flow.Command){
			func(*flow.Command) {},
			func(c *flow.Command) { c.SLA = "" },
			func(c *flow.Command) { c.SLA, c.Limit = "other", "8 workhour" },
		} {
			cmd := ask
			change(&cmd)
			_, err := w.do(person("ann", "clerk"), cmd)
			wantCode(t, err, fault.Conflict, "flow.clock.none")
		}
		if n := len(w.list(person("chief", "boss"), flow.Query{Kind: flow.KindExtend})); n != 0 {
			t.Errorf("%d requests were made", n)
		}
	})
}
