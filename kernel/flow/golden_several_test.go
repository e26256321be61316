package flow_test

import (
	"strings"
	"testing"

	"chengshu/base/store"
	"chengshu/kernel/flow"
)

// alsoBy adds event definitions to an event.
func alsoBy(elem string, defs ...string) string {
	at := strings.Index(elem, `<messageEventDefinition`)
	for _, d := range defs {
		elem = elem[:at] + event(d) + elem[at:]
	}
	return elem
}

// Several event definitions on one catching event: any of them lets it happen. All of these have message m among them.
var several = []struct{ name, model, script string }{
	{"catch, first the message", se + alsoBy(catch("c", "message m"), "timer PT2H") + user("t") + seq("s>c>t>e"), "[] !paid [t] +3h [t] t= ."},
	{"catch, first the timer", se + alsoBy(catch("c", "message m"), "timer PT2H", "signal sg") + user("t") + seq("s>c>t>e"), "[] +2h [t] $storm [t] t= ."},
	{"catch, first the condition", se + alsoBy(catch("c", "message m"), "conditional amount > 7", "signal sg") + user("t") + seq("s>c>t>e"), "[] #6 [] #8 [t] t= ."},
	{"boundary that interrupts", se + user("t") + user("u") + alsoBy(boundary("b", "t", "message m"), "signal sg", "timer PT1H") + seq("s>t>e", "b>u>e"), "[t] $storm [u] +2h [u] u= ."},
	{
		"boundary that lets go on", se + `<endEvent id="e2"/>` + user("t") + user("u") + alsoBy(boundary("bn", "t", "message m"), "signal sg", "timer PT1H") + seq("s>t>e", "bn>u>e2"),
		"[t] !paid [t u] $storm [t u u] !paid [t u u u] +1h [t u u u u] +3h [t u u u u] t= u= u= u= u= .",
	},
	{"boundary by error or message, the error", se + subp("p1", user("t", ab)+`<exclusiveGateway id="x"/>`+endBy("z", "error er")+seq("s_p1>t>x", `x>e_p1?outcome = "a"`, `x>z?outcome = "b"`)) +
		alsoBy(boundary("b", "p1", "message m"), "error er2", "error er") + user("u") + seq("s>p1>e", "b>u>e"), "[t] t=b [u] u= ."},
	{"boundary by error or message, the message", se + subp("p1", user("t")+`<exclusiveGateway id="x"/>`+endBy("z", "error er")+seq("s_p1>t>x", `x>e_p1?true`, `x>z?false`)) +
		alsoBy(boundary("b", "p1", "message m"), "error er") + user("u") + seq("s>p1>e", "b>u>e"), "[t] !paid [u] u= ."},
	{"at the event gateway", se + `<eventBasedGateway id="g"/>` + alsoBy(catch("c1", "message m"), "signal sg") + catch("c2", "timer PT2H") + user("t") + user("u") + seq("s>g", "g>c1>t>e", "g>c2>u>e"), "[] $storm [t] +3h [t] t= ."},
	{
		"event sub-process", se + user("t") + strings.Replace(eventSub("vn", "message m", user("k")+seq("s_vn>k>e_vn")), event("message m"), event("message m")+event("escalation es")+event("signal sg"), 1) + seq("s>t>e"),
		"[t] $storm [k t] !paid [k k t] k= k= t= .",
	},
	{"event sub-process that interrupts", se + user("t") + strings.Replace(eventSub("v", "message m", user("k")+seq("s_v>k>e_v")), event("message m"), event("message m")+event("conditional amount > 7"), 1) + seq("s>t>e"), "[t] #8 [k] k= ."},
	{"on one of many", se + marked(user("t"), par("2")) + user("u") + alsoBy(boundary("b", "t", "message m"), "signal sg") + seq("s>t>e", "b>u>e"), "[t t] t= $storm [u] u= ."},
}

func TestSeveralEvents(t *testing.T) {
	each(t, func(w *world) {
		for _, c := range several {
			w.t.Log(c.name)
			w.deploy("main", processWith(c.model))
			w.play(w.start("main"), c.script)
		}
	})
}

// A process that starts by a message or a signal, and history that names the event, not one of its definitions.
func TestStartBySeveral(t *testing.T) {
	each(t, func(w *world) {
		w.deploy("main", processWith(alsoBy(startBy("s", "message m"), "signal sg")+`<endEvent id="e"/>`+user("t")+seq("s>t>e")))
		biz := w.record()
		w.write(func(tx *store.Tx) error {
			_, err := w.e.Publish(w.t.Context(), tx, person("ann", "clerk"), flow.Message{Name: "paid", Key: biz.ID, Biz: biz})
			return err
		})
		w.play(biz, "[t] $storm [t t] t= t= .")
		w.read(func(tx *store.Tx) error {
			list, err := w.e.History(w.t.Context(), tx, biz)
			for _, h := range list {
				if strings.Contains(strings.Join(h.Path, " ")+h.Node, "#") {
					w.t.Errorf("history names a part: %+v", h)
				}
			}
			return err
		})
	})
}

// Several events go over to a new version; what is new is armed.
func TestSeveralMigrate(t *testing.T) {
	each(t, func(w *world) {
		from := se + user("t") + user("u") + alsoBy(boundary("b", "t", "message m"), "timer PT2H") + seq("s>t>e", "b>u>e")
		to := se + user("t") + user("u") + alsoBy(boundary("x", "t", "message m"), "timer PT9H", "signal sg") + seq("s>t>e", "x>u>e")
		for _, after := range []string{"+1h [u]", "!paid [u]", "$storm [u]"} {
			mig := flow.Migration{Key: "main", From: w.deploy("main", processWith(from)), Map: map[string]string{"b": "x"}}
			biz := w.start("main")
			w.play(biz, "[t] +1h [t]")
			mig.To = w.deploy("main", processWith(to))
			if err := w.migrate(mig, biz); err != nil {
				w.t.Fatal(err)
			}
			w.play(biz, after+" u= .")
		}
		mig := flow.Migration{Key: "main", From: w.deploy("main", processWith(se+user("t")+user("u")+boundary("b", "t", "timer PT2H")+seq("s>t>e", "b>u>e")))}
		biz := w.start("main")
		w.play(biz, "[t] +1h [t]")
		mig.To = w.deploy("main", processWith(from))
		if err := w.migrate(mig, biz); err != nil {
			w.t.Fatal(err)
		}
		w.play(biz, "+1h [u] u= .")
	})
}

func TestSeveralLint(t *testing.T) {
	t.Parallel()
	all := strings.Replace(alsoBy(catch("c", "message m"), "signal sg"), `<intermediateCatchEvent `, `<intermediateCatchEvent parallelMultiple="true" `, 1)
	for _, c := range []struct{ name, model, want string }{
		{"all of them", all + seq("s>c>e"), "bpmn.unsupported.together"},
		{"thrown", alsoBy(throw("c", "message m"), "signal sg") + seq("s>c>e"), "bpmn.unsupported.several"},
		{"link", alsoBy(catch("c", "message m"), "link a") + seq("s>c>e"), "bpmn.unsupported.alone"},
		{"compensation", user("t") + alsoBy(boundary("c", "t", "message m"), "compensate") + seq("s>t>e", "c>e"), "bpmn.unsupported.alone"},
		{"one of them without a name", alsoBy(catch("c", "message m"), "signal") + seq("s>c>e"), "flow.lint.event"},
		{"one of them without a condition", alsoBy(catch("c", "message m"), "conditional ") + seq("s>c>e"), "flow.lint.event"},
		{"one of them of a wrong kind", alsoBy(catch("c", "message m"), "error er") + seq("s>c>e"), "bpmn.unsupported"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			found, err := flow.Findings(string(processWith(se + c.model)))
			if err != nil {
				t.Fatal(err)
			}
			ok := false
			for _, f := range found {
				ok = ok || f.Code == c.want
				if strings.Contains(f.ID, "#") {
					t.Errorf("finding about a part: %+v", f)
				}
			}
			if !ok {
				t.Errorf("findings %+v, want %s", found, c.want)
			}
		})
	}
}
