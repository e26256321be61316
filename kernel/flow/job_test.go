package flow_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/flow"
)

// calling is a process that asks another system and decides by its answer.
const calling = se + `<serviceTask id="c"><extensionElements><cs:service kind="call" name="https://tax.example/debt" data="{amount: amount}" result="tax"/>
	<cs:service kind="set" set="{note: vars.tax.level}"/></extensionElements></serviceTask><exclusiveGateway id="g" default="f-g-t"/>`

func callingModel() string {
	return calling + boundary("b", "c", "error er") + boundary("x", "c", "message m") + user("t") + user("u") + user("v") + user("w") +
		seq("s>c>g>t>e", `g>u?note = "high">e`, "b>v>e", "x>w>e")
}

// work does one job and gives what was called.
func (w *world) work(answer string, why error) (flow.Job, bool) {
	w.t.Helper()
	var got flow.Job
	worked, err := w.e.Work(w.t.Context(), func(_ context.Context, j flow.Job) (json.RawMessage, error) {
		got = j
		return json.RawMessage(answer), why
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return got, worked
}

func TestJobs(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("main", processWith(callingModel()))
		const high = `{"level":"high"}`
		down := fault.New(fault.Unavailable, "test.down")

		biz := w.start("main")
		w.play(biz, "[]")
		j, ok := w.work(high, nil)
		if !ok || j.Name != "https://tax.example/debt" || string(j.Data) != `{"amount":5}` || j.ID == "" || j.Biz != biz || j.Attempt != 1 {
			t.Fatalf("job %+v", j)
		}
		w.play(biz, "[u] u= .")
		if _, again := w.work(high, nil); again {
			t.Error("a finished job was offered again")
		}

		biz = w.start("main") // it fails twice, with pauses, under one key
		first, _ := w.work("", down)
		if _, ok := w.work(high, nil); ok {
			t.Error("a failed job was offered at once")
		}
		w.clock.Advance(5 * time.Second)
		w.work("", errors.New("connection refused"))
		w.clock.Advance(10 * time.Second)
		third, _ := w.work(`{"level":"low"}`, nil)
		if third.ID != first.ID || third.Attempt != 3 {
			t.Errorf("third try %+v, first %+v", third, first)
		}
		w.play(biz, "[t] t= .")

		biz = w.start("main") // the other system throws a BPMN error
		w.work("", flow.Raise("E1"))
		w.play(biz, "[v] v= .")

		biz = w.start("main") // interrupted: nothing is called any more
		w.play(biz, "!paid [w]")
		if _, ok := w.work(high, nil); ok {
			t.Error("a job of an interrupted task was done")
		}
		w.play(biz, "w= .")
	})
}

func TestDeadLetters(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("main", processWith(callingModel()))
		refused := fault.New(fault.Invalid, "test.refused")
		biz := w.start("main")
		w.work("", refused)
		w.play(biz, "?c")
		in := w.instances(biz)[0].ID
		if _, err := w.do(person("ann", "clerk"), flow.Command{Name: flow.Retry, Instance: in, Reason: "r"}); fault.KindOf(err) != fault.Denied {
			t.Errorf("retry by a clerk gave %v, want denied", err)
		}
		if _, err := w.do(person("eve", "boss"), flow.Command{Name: flow.Retry, Instance: in}); fault.CodeOf(err) != "flow.reason" {
			t.Errorf("retry without a reason gave %v", err)
		}
		w.play(biz, "%retry ?")
		w.work("", refused)
		w.play(biz, "?c")
		w.must(person("eve", "boss"), flow.Command{Name: flow.Resolve, Instance: in, Reason: "asked by telephone", Data: map[string]any{"level": "high"}})
		w.play(biz, "? [u] u= .")
		if _, err := w.do(person("eve", "boss"), flow.Command{Name: flow.Skip, Instance: in, Reason: "r"}); fault.CodeOf(err) != "flow.ended" {
			t.Errorf("skip after the end gave %v", err)
		}

		biz = w.start("main") // at last it is given up
		for range flow.Attempts {
			w.work("", fault.New(fault.Unavailable, "test.down"))
			w.clock.Advance(2 * time.Hour)
		}
		w.play(biz, "?c")
		if _, ok := w.work("{}", nil); ok {
			t.Error("a dead job was offered")
		}
		w.must(person("eve", "boss"), flow.Command{Name: flow.Cancel, Instance: w.instances(biz)[0].ID, Reason: "r"})
		w.play(biz, ".")
	})
}

// A worker that dies keeps a job no longer than its lease; one that is too late changes nothing.
func TestLease(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("main", processWith(callingModel()))
		biz := w.start("main")
		ctx, cancel := context.WithCancel(t.Context())
		_, err := w.e.Work(ctx, func(context.Context, flow.Job) (json.RawMessage, error) {
			cancel()
			return nil, ctx.Err()
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("work gave %v, want cancelled", err)
		}
		if _, ok := w.work(`{"level":"high"}`, nil); ok {
			t.Error("a leased job was offered")
		}
		w.clock.Advance(flow.Lease)
		_, err = w.e.Work(t.Context(), func(context.Context, flow.Job) (json.RawMessage, error) {
			w.clock.Advance(flow.Lease)
			if j, ok := w.work(`{"level":"low"}`, nil); !ok || j.Attempt != 3 {
				t.Errorf("after the lease: %+v", j)
			}
			return json.RawMessage(`{"level":"high"}`), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		w.play(biz, "[t] t= .")
		if n := w.count(`SELECT COUNT(*) FROM flow_hist h JOIN flow_inst i ON i.id = h.inst WHERE i.biz_id = ? AND h.op = 'job'`, biz.ID); n != 1 {
			t.Errorf("%d answers in the history, want 1", n)
		}
	})
}

// A suspended instance calls nobody until it goes on.
func TestJobSuspended(t *testing.T) {
	each(t, func(w *world) {
		w.deploy("main", processWith(callingModel()))
		biz := w.start("main")
		cmd := flow.Command{Name: flow.Suspend, Instance: w.instances(biz)[0].ID, Reason: "r"}
		w.must(person("eve", "boss"), cmd)
		if _, ok := w.work("{}", nil); ok {
			w.t.Error("a job of a suspended instance was done")
		}
		cmd.Name = flow.Activate
		w.must(person("eve", "boss"), cmd)
		w.work(`{"level":"high"}`, nil)
		w.play(biz, "[u] u= .")
		w.read(func(tx *store.Tx) error {
			list, err := w.e.OpenIncidents(w.t.Context(), tx, flow.IncidentQuery{})
			if len(list) != 0 {
				w.t.Errorf("incidents %+v", list)
			}
			return err
		})
	})
}

// An answer the process cannot go on with is an incident for a person, not a call made again and again.
func TestAnswerThatLeadsNowhere(t *testing.T) {
	each(t, func(w *world) {
		w.deploy("main", processWith(se+`<serviceTask id="c"><extensionElements><cs:service kind="call" name="https://tax.example/debt" data="{amount: amount}" result="tax"/>
			<cs:service kind="set" set="{note: vars.tax.level}"/></extensionElements></serviceTask><exclusiveGateway id="g"/>`+user("t")+
			seq("s>c>g", `g>t?note = "low"`, "t>e")))
		biz := w.start("main")
		w.work(`{"level":"high"}`, nil)
		w.play(biz, "?c")
		w.clock.Advance(2 * flow.Lease)
		if j, again := w.work(`{"level":"high"}`, nil); again {
			w.t.Errorf("called again: %+v", j)
		}
		w.must(person("eve", "boss"), flow.Command{
			Name: flow.Resolve, Instance: w.instances(biz)[0].ID, Reason: "asked by telephone", Data: map[string]any{"level": "low"},
		})
		w.play(biz, "? [t] t= .")
	})
}
