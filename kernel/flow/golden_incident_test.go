package flow_test

import (
	"testing"

	"chengshu/base/store"
	"chengshu/kernel/flow"
)

// around is a loop of scripts that passes more nodes than a step may until amount is most.
func around(most string) string {
	return script("x", `{amount: amount + 1}`) + `<exclusiveGateway id="g" default="f-g-u"/>` + user("u") + seq("g>x?amount lt "+most, "x>g", "g>u")
}

// What a process cannot do by itself waits for an administrator; what a person did before is kept.
var incidents = []struct{ name, model, script string }{
	{"a step that does not come to rest", se + user("t") + around("900") + seq("s>t>x", "u>e"), "[t] t= [] ?x %retry [u] u= ."},
	{"one that never would", se + user("t") + around("9999999") + seq("s>t>x", "u>e"), "t= ?x %retry ?x #9999999 %retry [u] u= ."},
	{"skip leaves out the work of an activity only", se + user("t") + around("9999999") + seq("s>t>x", "u>e"), "t= ?x #9999999 %skip [u] u= ."},
	{"two branches that stop go on together", se + user("t") + `<parallelGateway id="k"/><parallelGateway id="j"/>` + around("900") + script("y", `{amount: amount + 1}`) + `<exclusiveGateway id="h" default="f-h-v"/>` + user("v") +
		seq("s>t>k", "k>x", "k>y>h", "h>y?amount lt 900", "h>v>j", "u>j>e"), "[t] t= [] ?h+x %retry [u v] u= v= ."},
	{"a return from where it stopped", se + user("t") + user("q") + `<parallelGateway id="k"/><parallelGateway id="j"/>` + around("9999999") + seq("s>t>k", "k>x", "k>q>j", "u>j>e"), "t= [q] ?x q<t [t] ? #9999999 t= [q u] q= u= ."},
	{"a process that calls itself", se + user("t") + `<callActivity id="c" calledElement="deep"/>` + user("u") + seq("s>t>c>u>e"), "[t] t= [] ?c #1 %retry [u] u= ."},
	{"an event still ends the node that failed", se + `<serviceTask id="c"><extensionElements><cs:service kind="call" name="https://x.test/"/><cs:service kind="command" name="explode"/></extensionElements></serviceTask>` +
		boundary("b", "c", "message m") + user("u") + user("v") + seq("s>c>v>e", "b>u>e"), `[] *{} ?c %retry ? *{} ?c !paid [u] ? u= .`},
	{"an incident goes with the block that another error ends", se + marked(ext(subp("p1", `<exclusiveGateway id="x" default="f-x-z1"/>`+endBy("z1", "error er2")+endBy("z2", "error er")+
		seq("s_p1>x", "x>z1", "x>z2?loopCounter = 2", "x>e_p1?false"))), par("2")) + boundary("b", "p1", "error er") + user("u") + seq("s>p1>e", "b>u>e"), "[u] ? u= ."},
}

func TestIncidentScripts(t *testing.T) {
	each(t, func(w *world) {
		w.deploy("deep", processWith(se+`<exclusiveGateway id="g" default="f-g-e"/><callActivity id="c" calledElement="deep"/>`+seq("s>g>e", "g>c?amount gt 1>e")))
		for _, c := range incidents {
			w.t.Log(c.name)
			w.deploy("main", processWith(c.model))
			w.play(w.start("main"), c.script)
		}
	})
}

// Everybody is told once of the incidents of a step at one node, and of none that the step has ended itself.
func TestIncidentTold(t *testing.T) {
	each(t, func(w *world) {
		told := func() (out []string) {
			for _, ev := range w.told {
				if ev.Kind == "incident" {
					out = append(out, ev.Node+" "+ev.Reason)
				}
			}
			w.told = nil
			return out
		}
		w.deploy("main", processWith(se+marked(ext(subp("p1", endBy("z", "error er")+`<exclusiveGateway id="x" default="f-x-z"/>`+seq("s_p1>x>z", "x>e_p1?false"))), par("3"))+seq("s>p1>e")))
		biz := w.start("main")
		if got := told(); len(got) != 1 || got[0] != "z flow.incident.error" {
			w.t.Errorf("told %q, want one of z", got)
		}
		if n := w.count(`SELECT COUNT(*) FROM flow_incident x JOIN flow_inst i ON i.id = x.inst WHERE i.biz_id = ? AND x.closed = 0`, biz.ID); n != 3 {
			w.t.Errorf("%d incidents, want 3", n)
		}
		w.deploy("main", processWith(incidents[len(incidents)-1].model))
		w.start("main")
		if got := told(); got != nil {
			w.t.Errorf("told %q of what is no more", got)
		}
	})
}

// A message that starts a process which sends it again comes to an end as well.
func TestStartsWithoutEnd(t *testing.T) {
	each(t, func(w *world) {
		w.deploy("echo", processWith(startBy("s", "message m")+`<endEvent id="e"/>`+throw("w", "message m")+seq("s>w>e")))
		biz := w.record()
		w.write(func(tx *store.Tx) error {
			_, err := w.e.Publish(w.t.Context(), tx, person("ann", "clerk"), flow.Message{Name: "paid", Key: biz.ID, Biz: biz})
			return err
		})
		if got := w.stuck(biz); got != "s" {
			w.t.Errorf("incidents at %q, want s", got)
		}
	})
}
