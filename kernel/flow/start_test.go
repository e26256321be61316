package flow_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/flow"
)

// named replaces the id of the one process, and deploys it about records or about none.
func (w *world) deployAs(key, typ string, xml []byte) error {
	return w.db.Write(w.t.Context(), func(tx *store.Tx) error {
		_, err := w.e.Deploy(w.t.Context(), tx, flow.Source{Key: key, Type: typ, Pack: "test", XML: xml})
		return err
	})
}

func (w *world) record() flow.Biz {
	w.t.Helper()
	w.n++
	biz := flow.Biz{Type: "test.case", ID: fmt.Sprintf("c%d", w.n), Org: "/county/", Area: "/99/"}
	w.write(func(tx *store.Tx) error {
		_, err := tx.Exec(w.t.Context(), `INSERT INTO test_case (id, state, street, amount, note, rev) VALUES (?, 'new', 's1', 5, '', 1)`, biz.ID)
		return err
	})
	return biz
}

// A message nobody waits for, a signal and a condition begin the definitions that start with them.
func TestEventStarts(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		ann := person("ann", "clerk")
		w.deploy("bymessage", processWith(startBy("s", "message m")+`<endEvent id="e"/>`+user("t")+seq("s>t>e")))
		w.deploy("bysignal", processWith(startBy("s", "signal sg")+`<endEvent id="e"/>`+user("u")+seq("s>u>e")))
		w.deploy("bycondition", processWith(startBy("s", "conditional amount > 7")+`<endEvent id="e"/>`+user("v")+seq("s>v>e")))
		biz := w.record()
		w.write(func(tx *store.Tx) error {
			r, err := w.e.Publish(t.Context(), tx, ann, flow.Message{Name: "paid", Key: biz.ID, Biz: biz, Data: json.RawMessage(`{"sum":3}`)})
			if err == nil && len(r.Opened) != 1 {
				t.Errorf("publish opened %v, want one task", r.Opened)
			}
			return err
		})
		if got := w.nodes(biz); got != "t" {
			t.Fatalf("after the message [%s], want [t]", got)
		}
		w.play(biz, "$storm [t u] #6 [t u] #8 [t u v] #9 [t u v] v= #10 [t u] t= u= .")
		if n := w.count(`SELECT COUNT(*) FROM flow_inst WHERE biz_id = ? AND vars LIKE '%sum%'`, biz.ID); n != 1 {
			t.Errorf("%d instances know the data of the message, want 1", n)
		}
		if _, err := w.do(ann, flow.Command{Name: flow.Urge, Instance: "x"}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("unknown instance gave %v", err)
		}
		err := w.db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := w.e.Start(t.Context(), tx, ann, "bymessage", biz)
			return err
		})
		if fault.CodeOf(err) != "flow.start" {
			t.Errorf("start of a definition without a none start gave %v, want flow.start", err)
		}
	})
}

// A definition about records begins about the record of the process that sends its message.
func TestStartByThrownMessage(t *testing.T) {
	each(t, func(w *world) {
		w.deploy("other", processWith(startBy("s", "message m")+`<endEvent id="e"/>`+user("t")+seq("s>t>e")))
		w.deploy("sender", processWith(se+user("a")+throw("w", "message m")+user("b")+seq("s>a>w>b>e")))
		biz := w.start("sender")
		w.play(biz, "[a] a= [b t] b= [t] t= .")
	})
}

// A timer starts a definition about no record, again and again by its cycle; a new version has its own timers.
func TestTimerStart(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		timed := func(cycle, node string) []byte {
			return process(`<startEvent id="s"><timerEventDefinition><timeCycle>` + cycle + `</timeCycle></timerEventDefinition></startEvent><endEvent id="e"/>` +
				`<userTask id="` + node + `"><extensionElements><cs:task candidates='role("clerk")'/></extensionElements></userTask>` + seq("s>"+node+">e"))
		}
		if err := w.deployAs("daily", "test.case", timed("R/PT24H", "t")); fault.CodeOf(err) != "flow.lint" {
			t.Fatalf("a timer start about records gave %v, want flow.lint", err)
		}
		if err := w.deployAs("daily", "", timed("R3/PT24H", "t")); err != nil {
			t.Fatal(err)
		}
		runs := func() int { return w.count(`SELECT COUNT(*) FROM flow_inst WHERE def_key = 'daily'`) }
		for i, want := range []int{1, 2} {
			w.clock.Advance(24 * time.Hour)
			w.tick()
			if got := runs(); got != want {
				t.Fatalf("day %d: %d instances, want %d", i+1, got, want)
			}
		}
		if err := w.deployAs("daily", "", timed("R1/PT24H", "u")); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(72 * time.Hour)
		w.tick()
		if got := runs(); got != 3 {
			t.Errorf("%d instances, want 3: one of the new version, once", got)
		}
		if n := w.count(`SELECT COUNT(*) FROM flow_task WHERE node = 'u'`); n != 1 {
			t.Errorf("%d tasks of the new version, want 1", n)
		}
		var id string
		w.read(func(tx *store.Tx) error {
			return tx.QueryRow(t.Context(), `SELECT id FROM flow_task WHERE node = 'u'`).Scan(&id)
		})
		w.must(person("ann", "clerk"), flow.Command{Name: flow.Complete, Task: id})
		if n := w.count(`SELECT COUNT(*) FROM flow_timer`); n != 0 {
			t.Errorf("%d timers left, want none", n)
		}
	})
}

// Of models that need something the events do not say.
func TestLintEvents(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, model, want string }{
		{"signal without name", se + `<intermediateCatchEvent id="c"><signalEventDefinition/></intermediateCatchEvent>` + seq("s>c>e"), "flow.lint.event"},
		{"condition missing", se + catch("c", "conditional ") + seq("s>c>e"), "flow.lint.event"},
		{"error end without code", se + endBy("z", "error") + `<exclusiveGateway id="x" default="f-x-z"/>` + seq("s>x>z", "x>e?true"), "flow.lint.event"},
		{"error that lets go on", se + user("t") + boundary("bn", "t", "error er") + seq("s>t>e", "bn>e"), "flow.lint.event"},
		{"link nowhere", se + throw("w", "link a") + seq("s>w") + user("t") + seq("t>e"), "flow.lint.event"},
		{"task behind the event gateway", se + `<eventBasedGateway id="g"/>` + user("t") + catch("c", "message m") + seq("s>g", "g>t>e", "g>c>e"), "flow.lint.events"},
		{"one event only", se + `<eventBasedGateway id="g"/>` + catch("c", "message m") + seq("s>g>c>e"), "flow.lint.events"},
		{"event sub-process in the flow", se + eventSub("v", "message m", seq("s_v>e_v")) + seq("s>v>e"), "flow.lint.eventsub"},
		{"event sub-process with a none start", se + user("t") + `<subProcess id="v" triggeredByEvent="true"><startEvent id="s1"/><endEvent id="e1"/>` + seq("s1>e1") + `</subProcess>` + seq("s>t>e"), "bpmn.unsupported"},
		{"compensation without handler", se + user("t") + boundary("b", "t", "compensate") + seq("s>t>e"), "flow.lint.compensation"},
		{"handler of nothing", se + user("t") + `<scriptTask id="x" isForCompensation="true"><script>{amount: 1}</script></scriptTask>` + seq("s>t>e"), "flow.lint.compensation"},
		{"loop without end", se + `<scriptTask id="x"><standardLoopCharacteristics/><script>{amount: 1}</script></scriptTask>` + seq("s>x>e"), "flow.lint.loop"},
		{"document", se + `<serviceTask id="x"><extensionElements><cs:service kind="document" name="letter"/></extensionElements></serviceTask>` + seq("s>x>e"), "flow.lint.later"},
		{"transaction", se + `<transaction id="x"/>` + seq("s>x>e"), "bpmn.unsupported"},
		{"complex gateway", se + `<complexGateway id="x"/>` + seq("s>x>e"), "bpmn.unsupported"},
		{"instantiating receive", se + `<receiveTask id="x" instantiate="true" messageRef="m"/>` + seq("s>x>e"), "bpmn.unsupported"},
		{"signal start in a sub-process", se + `<subProcess id="p1">` + startBy("s1", "signal sg") + `<endEvent id="e1"/>` + seq("s1>e1") + `</subProcess>` + seq("s>p1>e"), "bpmn.unsupported"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			found, err := flow.Findings(string(processWith(c.model)))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range found {
				if f.Code == c.want {
					return
				}
			}
			t.Errorf("findings %+v, want %s", found, c.want)
		})
	}
}
