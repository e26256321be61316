package flow_test

import (
	"slices"
	"testing"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/flow"
)

func sorted(in []string) []string {
	out := slices.Clone(in)
	slices.Sort(out)
	return out
}

func unique(in []string) []string { return slices.Compact(sorted(in)) }

func (w *world) slas(biz flow.Biz) []flow.SLA {
	w.t.Helper()
	var out []flow.SLA
	w.read(func(tx *store.Tx) (err error) {
		out, err = w.e.SLA(w.t.Context(), tx, biz)
		return err
	})
	return out
}

func (w *world) heard(kind string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, ev := range w.told {
		if ev.Kind == kind {
			n++
		}
	}
	return n
}

// clocked has a matter clock of 16 working hours and a task clock of 4; opening hours are 9 to 17.
func clocked() []byte {
	return model(`<process id="p" isExecutable="true"><extensionElements><cs:return to="any"/><cs:sla limit="16" unit="workhour" name="legal"/></extensionElements>` +
		se + user("t", `<cs:sla limit="amount - 1" unit="{if street = &quot;s1&quot; then &quot;workhour&quot; else &quot;workday&quot;}" name="step" warn="0.5"/>`) + user("u") + seq("s>t>u>e") + `</process>`)
}

func at(day, hour int) time.Time {
	return time.Date(2026, 3, day, hour, 0, 0, 0, time.FixedZone("", 8*3600))
}

func TestClocks(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("k", clocked())
		biz := w.start("k") // Monday 9:00
		list := w.slas(biz)
		if len(list) != 2 || list[0].Name != "legal" || !list[0].Due.Equal(at(3, 17)) || !list[1].Due.Equal(at(2, 13)) || !list[1].Warn.Equal(at(2, 11)) {
			t.Fatalf("clocks %+v", list)
		}
		if k := w.task(biz, "t"); !k.Due.Equal(at(2, 13)) {
			t.Errorf("task due %v", k.Due)
		}
		for _, step := range []struct {
			hour  int
			level string
		}{{10, ""}, {11, "warn"}, {13, "yellow"}, {15, "red"}} {
			w.clock.Set(at(2, step.hour))
			w.tick()
			if got := w.slas(biz)[1].Level; got != step.level {
				t.Errorf("at %d: level %q, want %q", step.hour, got, step.level)
			}
		}
		for kind, n := range map[string]int{"warn": 1, "yellow": 1, "red": 1} {
			if got := w.heard(kind); got != n {
				t.Errorf("%s told %d times, want %d", kind, got, n)
			}
		}
		w.must(person("ann", "clerk"), flow.Command{Name: flow.Complete, Task: w.task(biz, "t").ID})
		w.must(person("ann", "clerk"), flow.Command{Name: flow.Complete, Task: w.task(biz, "u").ID})
		for _, s := range w.slas(biz) {
			if s.State != flow.Stopped || s.Stopped.IsZero() {
				t.Errorf("clock %s still runs", s.Name)
			}
		}
		w.clean(biz)
	})
}

func TestPause(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("k", clocked())
		biz := w.start("k")
		id := w.instances(biz)[0].ID
		_, err := w.do(boss, flow.Command{Name: flow.Pause, Instance: id, Reason: "lunch", Basis: "x"})
		wantCode(t, err, fault.Invalid, "flow.pause.reason")
		_, err = w.do(boss, flow.Command{Name: flow.Pause, Instance: id, Reason: "hearing"})
		wantCode(t, err, fault.Invalid, "flow.pause.basis")

		w.clock.Set(at(2, 10))
		w.must(boss, flow.Command{Name: flow.Pause, Instance: id, Reason: "hearing", Basis: "law 45", Limit: "2 workhour"})
		if s := w.slas(biz)[1]; s.State != flow.Paused {
			t.Fatalf("clock %+v does not stand still", s)
		}
		w.clock.Set(at(2, 16))
		if w.tick(); w.heard("overrun") != 1 || w.heard("yellow") != 0 {
			t.Errorf("a paused clock warned, or nobody was told that the pause lasts too long")
		}
		// A second pause overlaps the first: the union does not count.
		w.must(boss, flow.Command{Name: flow.Pause, Instance: id, Reason: "appraisal", Notice: "notice 7", Limit: "20 day"})
		w.must(boss, flow.Command{Name: flow.Resume, Instance: id, Target: "hearing"})
		w.clock.Set(at(3, 10))
		w.must(boss, flow.Command{Name: flow.Resume, Instance: id})
		list := w.slas(biz)
		// One working hour was used before; the pause took 7 hours of Monday and 1 of Tuesday.
		if !list[1].Due.Equal(at(3, 13)) || !list[0].Due.Equal(at(4, 17)) {
			t.Errorf("dues after the pause %v and %v", list[1].Due, list[0].Due)
		}
		if k := w.task(biz, "t"); !k.Due.Equal(at(3, 13)) {
			t.Errorf("task due %v", k.Due)
		}
		w.clock.Set(at(3, 13))
		w.tick()
		if w.heard("yellow") != 1 {
			t.Errorf("yellow told %d times", w.heard("yellow"))
		}
		_, err = w.do(boss, flow.Command{Name: flow.Resume, Instance: id})
		wantCode(t, err, fault.Conflict, "flow.pause.none")
	})
}

func TestPauseOfNode(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("k", model(`<message id="m" name="paid"/><process id="p" isExecutable="true"><extensionElements><cs:sla limit="8" unit="workhour"/></extensionElements>`+
			se+user("t")+`<intermediateCatchEvent id="c"><extensionElements><cs:clock pause="hearing" basis="law 45"/></extensionElements><messageEventDefinition messageRef="m"/></intermediateCatchEvent>`+
			user("u")+seq("s>t>c>u>e")+`</process>`))
		biz := w.start("k")
		w.play(biz, "+1h t= +4h !paid [u]")
		if s := w.slas(biz)[0]; !s.Due.Equal(at(3, 13)) || s.State != flow.Running {
			t.Errorf("clock %+v, want due on Tuesday at 13", s)
		}
	})
}

func TestExtension(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("k", clocked())
		ann, chief := person("ann", "clerk"), person("chief", "boss")
		biz := w.start("k")
		ask := flow.Command{Name: flow.Extend, Task: w.task(biz, "t").ID, SLA: "legal", Limit: "8 workhour", Reason: "complex", Basis: "law 42", To: []flow.Candidate{{Kind: flow.ByPerson, Ref: "chief"}}}
		w.must(ann, ask)
		side := w.list(chief, flow.Query{Kind: flow.KindExtend})
		if len(side) != 1 {
			t.Fatalf("the chief sees %d requests", len(side))
		}
		w.must(chief, flow.Command{Name: flow.Complete, Task: side[0].ID, Outcome: flow.Approve})
		if s := w.slas(biz)[0]; !s.Due.Equal(at(4, 17)) || s.Extended != 8000 {
			t.Errorf("clock %+v, want due on Wednesday", s)
		}
		if got := w.nodes(biz); got != "t" {
			t.Errorf("open tasks %s", got)
		}
		// Nobody approves his own request.
		self := ask
		self.To = []flow.Candidate{{Kind: flow.ByPerson, Ref: "ann"}}
		w.must(ann, self)
		ann.Roles = append(ann.Roles, "boss")
		_, err := w.do(ann, flow.Command{Name: flow.Complete, Task: w.list(ann, flow.Query{Kind: flow.KindExtend})[0].ID, Outcome: flow.Approve})
		wantCode(t, err, fault.Denied, "flow.extend.self")
	})
}

func TestConsultAndCopy(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("k", process(se+user("t")+user("u")+seq("s>t>u>e")))
		ann, bob := person("ann", "clerk"), person("bob", "expert")
		biz := w.start("k")
		id := w.task(biz, "t").ID
		w.must(ann, flow.Command{Name: flow.Consult, Task: id, To: []flow.Candidate{{Kind: flow.ByRole, Ref: "expert"}}, Reason: "your view?"})
		w.must(ann, flow.Command{Name: flow.Copy, Task: id, To: []flow.Candidate{{Kind: flow.ByPerson, Ref: "bob"}}})
		if n := len(w.list(bob, flow.Query{})); n != 2 {
			t.Fatalf("bob sees %d tasks", n)
		}
		w.must(ann, flow.Command{Name: flow.Complete, Task: id})
		w.must(bob, flow.Command{Name: flow.Complete, Task: w.list(bob, flow.Query{Kind: flow.KindConsult})[0].ID, Reason: "fine"})
		w.must(ann, flow.Command{Name: flow.Complete, Task: w.task(biz, "u").ID})
		copies := w.list(bob, flow.Query{Kind: flow.KindCopy})
		if len(copies) != 1 {
			t.Fatal("the copy went with the process")
		}
		w.must(bob, flow.Command{Name: flow.Complete, Task: copies[0].ID})
		w.clean(biz)
	})
}

func TestInstanceCommands(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("child", model(childModel+user("ct")+seq("cs1>ct>ce")+`</process>`))
		w.deploy("k", process(se+user("t")+timerOn("b", "t", "true", `<timeDuration>PT1H</timeDuration>`)+`<callActivity id="c" calledElement="child"/>`+user("u")+seq("s>t>c>u>e", "b>u")))
		ann := person("ann", "clerk")
		biz := w.start("k")
		id := w.instances(biz)[0].ID
		w.must(boss, flow.Command{Name: flow.Urge, Instance: id})
		if w.heard("urged") != 1 {
			t.Error("nobody was urged")
		}
		w.must(boss, flow.Command{Name: flow.Suspend, Instance: id, Reason: "court"})
		_, err := w.do(ann, flow.Command{Name: flow.Complete, Task: w.task(biz, "t").ID})
		wantCode(t, err, fault.Conflict, "flow.suspended")
		if n := len(w.list(ann, flow.Query{})); n != 0 {
			t.Errorf("%d tasks of a suspended instance listed", n)
		}
		w.clock.Advance(2 * time.Hour)
		w.tick()
		if got := w.nodes(biz); got != "t" {
			t.Errorf("a timer moved a suspended instance to %s", got)
		}
		w.must(boss, flow.Command{Name: flow.Activate, Instance: id})
		w.must(boss, flow.Command{Name: flow.Jump, Instance: id, Target: "c", Reason: "repair"})
		if got := w.nodes(biz); got != "ct" {
			t.Errorf("open tasks %s, want the child's", got)
		}
		w.must(boss, flow.Command{Name: flow.Cancel, Instance: id, Reason: "void"})
		for _, in := range w.instances(biz) {
			if in.State != flow.Cancelled {
				t.Errorf("%s is %s", in.Process, in.State)
			}
		}
		w.clean(biz)
		_, err = w.do(boss, flow.Command{Name: flow.Urge, Instance: id})
		wantCode(t, err, fault.Conflict, "flow.ended")
		var hist []flow.Hist
		w.read(func(tx *store.Tx) (err error) {
			hist, err = w.e.History(t.Context(), tx, biz)
			return err
		})
		var ops []string
		for _, h := range hist {
			if h.Instance == id {
				ops = append(ops, h.Op)
			}
		}
		want := []string{"start", "urge", "suspend", "activate", "jump", "cancel"}
		if !slices.Equal(ops, want) {
			t.Errorf("history %v, want %v", ops, want)
		}
	})
}

func TestUpkeep(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("k", clocked())
		biz := w.start("k")
		if n, _, err := w.e.Reclock(t.Context(), boss, 10); n != 0 || err != nil {
			t.Fatalf("reclocked %d, %v, though the calendar is the same", n, err)
		}
		w.calendar.Version, w.calendar.Overrides = "test@2", []clock.Override{{Date: clock.DateFrom(2026, 3, 3), Kind: clock.Off}}
		w.e = w.engine()
		if n, _, err := w.e.Reclock(t.Context(), boss, 10); n != 1 || err != nil {
			t.Fatalf("reclocked %d, %v", n, err)
		}
		if s := w.slas(biz)[0]; !s.Due.Equal(at(4, 17)) || s.Calendar != "test@2" {
			t.Errorf("clock %+v, want Tuesday left out", s)
		}
		var heat map[string]int
		w.read(func(tx *store.Tx) (err error) {
			heat, err = w.e.Heat(t.Context(), tx, "k", 1)
			return err
		})
		if heat["t"] != 1 || len(heat) != 1 {
			t.Errorf("heat %v", heat)
		}
		w.must(person("ann", "clerk"), flow.Command{ID: "x", Name: flow.Complete, Task: w.task(biz, "t").ID})
		w.clock.Advance(48 * time.Hour)
		if n, err := w.e.Sweep(t.Context(), 24*time.Hour); n != 1 || err != nil {
			t.Errorf("swept %d rows, %v", n, err)
		}
	})
}
