package flow_test

import (
	"strconv"
	"strings"
	"testing"

	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/flow"
)

// roots are what the events of the golden models refer to.
const roots = `<message id="m" name="paid"/><message id="m2" name="asked"/><signal id="sg" name="storm"/><signal id="sg2" name="calm"/>
<error id="er" name="bad" errorCode="E1"/><error id="er2" name="worse" errorCode="E2"/>
<escalation id="es" name="up" escalationCode="X1"/><escalation id="es2" name="upper" escalationCode="X2"/>`

// event is an event definition: "signal sg", "conditional amount > 7", "timer PT1H", "error" (catch all), "link a", …
func event(def string) string {
	kind, arg, _ := strings.Cut(def, " ")
	switch {
	case kind == "timer":
		return `<timerEventDefinition><timeDuration>` + arg + `</timeDuration></timerEventDefinition>`
	case kind == "conditional":
		return `<conditionalEventDefinition><condition>` + strings.ReplaceAll(arg, ">", "&gt;") + `</condition></conditionalEventDefinition>`
	case kind == "link":
		return `<linkEventDefinition name="` + arg + `"/>`
	case kind == "compensate" && arg != "":
		return `<compensateEventDefinition activityRef="` + arg + `"/>`
	case arg == "":
		return `<` + kind + `EventDefinition/>`
	}
	return `<` + kind + `EventDefinition ` + kind + `Ref="` + arg + `"/>`
}

func catch(id, def string) string {
	return `<intermediateCatchEvent id="` + id + `">` + event(def) + `</intermediateCatchEvent>`
}

func throw(id, def string) string {
	return `<intermediateThrowEvent id="` + id + `">` + event(def) + `</intermediateThrowEvent>`
}

func endBy(id, def string) string { return `<endEvent id="` + id + `">` + event(def) + `</endEvent>` }

func startBy(id, def string) string {
	return `<startEvent id="` + id + `">` + event(def) + `</startEvent>`
}

// boundary is interrupting, unless its id ends in "n".
func boundary(id, on, def string) string {
	return `<boundaryEvent id="` + id + `" attachedToRef="` + on + `" cancelActivity="` + strconv.FormatBool(!strings.HasSuffix(id, "n")) + `">` + event(def) + `</boundaryEvent>`
}

// sub is a sub-process around s_<id> and e_<id>.
func subp(id, inside string) string {
	return `<subProcess id="` + id + `"><startEvent id="s_` + id + `"/><endEvent id="e_` + id + `"/>` + inside + `</subProcess>`
}

// eventSub is an event sub-process with one task; it interrupts unless its id ends in "n".
func eventSub(id, def, inside string) string {
	return `<subProcess id="` + id + `" triggeredByEvent="true"><startEvent id="s_` + id + `" isInterrupting="` + strconv.FormatBool(!strings.HasSuffix(id, "n")) +
		`">` + event(def) + `</startEvent><endEvent id="e_` + id + `"/>` + inside + `</subProcess>`
}

// undo is a compensation handler of an activity: a user task h_<on>.
func undo(on string) string {
	return `<boundaryEvent id="c_` + on + `" attachedToRef="` + on + `"><compensateEventDefinition/></boundaryEvent><association id="as_` + on +
		`" sourceRef="c_` + on + `" targetRef="h_` + on + `"/>` + strings.Replace(user("h_"+on), `<userTask `, `<userTask isForCompensation="true" `, 1)
}

// The script of events says moreover: "$s" sends signal s, "#7" writes amount 7 past the process, "?n" expects an incident at
// n, "%skip" does a command on it, "*{}" answers a call.
var events = []struct{ name, model, script string }{
	{"signal catch", se + catch("c", "signal sg") + user("t") + seq("s>c>t>e"), "[] $calm [] $storm [t] t= ."},
	{"signal boundary", se + user("t") + user("u") + boundary("b", "t", "signal sg") + seq("s>t>e", "b>u>e"), "[t] $storm [u] $storm [u] u= ."},
	{
		"signal boundary that lets go on", se + `<endEvent id="e2"/>` + user("t") + user("u") + boundary("bn", "t", "signal sg") + seq("s>t>e", "bn>u>e2"),
		"$storm [t u] $storm [t u u] t= u= u= .",
	},
	{"signal thrown to oneself", se + `<parallelGateway id="g"/><parallelGateway id="h"/>` + catch("c", "signal sg") + throw("w", "signal sg") + user("t") + user("u") +
		seq("s>g", "g>c>u>h", "g>t>w>h", "h>e"), "[t] t= [u] u= ."},
	{"signal end", se + endBy("z", "signal sg") + `<parallelGateway id="g"/><parallelGateway id="h"/><exclusiveGateway id="x" default="f-x-e"/>` + catch("c", "signal sg") + user("t") + user("u") +
		subp("p1", endBy("z1", "signal sg")+user("v")+`<exclusiveGateway id="y" default="f-y-e_p1"/>`+seq("s_p1>v>y", `y>z1?amount = 5`, "y>e_p1")) +
		seq("s>g", "g>c>u>h", "g>p1>h", "h>t>x>e", `x>z?amount = 99`), "[v] v= [u] u= [t] t= ."},
	{"error end caught by the boundary", se + subp("p1", user("t", ab)+`<exclusiveGateway id="x"/>`+endBy("z", "error er")+seq("s_p1>t>x", `x>e_p1?outcome = "a"`, `x>z?outcome = "b"`)) +
		boundary("b", "p1", "error er") + user("u") + user("v") + seq("s>p1>v>e", "b>u>e"), "[t] t=b [u] u= ."},
	{"error end in a fork takes the branches along", se + subp("p1", `<parallelGateway id="g"/><parallelGateway id="h"/><exclusiveGateway id="x"/>`+user("t", ab)+user("q")+endBy("z", "error er")+
		seq("s_p1>g", "g>t>x", `x>h?outcome = "a"`, `x>z?outcome = "b"`, "g>q>h", "h>e_p1")) + boundary("b", "p1", "error") + user("u") + seq("s>p1>e", "b>u>e"), "[q t] t=b [u] u= ."},
	{
		"innermost catch wins, the one that names the code first", se + subp("p1", subp("p2", user("t")+endBy("z", "error er")+`<exclusiveGateway id="x" default="f-x-z"/>`+seq("s_p2>t>x>z", "x>e_p2?false"))+
			boundary("b2", "p2", "error er2")+boundary("b4", "p2", "error")+boundary("b3", "p2", "error er")+user("i")+user("j")+user("k")+
			seq("s_p1>p2>e_p1", "b2>i>e_p1", "b3>j>e_p1", "b4>k>e_p1")) + boundary("b", "p1", "error er") + user("u") + seq("s>p1>e", "b>u>e"),
		"[t] t= [j] j= .",
	},
	{"error caught by an event sub-process", se + subp("p1", user("t")+endBy("z", "error er")+`<exclusiveGateway id="x" default="f-x-z"/>`+eventSub("v1", "error er", user("k")+seq("s_v1>k>e_v1"))+
		seq("s_p1>t>x>z", "x>e_p1?false")) + boundary("b", "p1", "error") + user("u") + user("w") + seq("s>p1>w>e", "b>u>e"), "[t] t= [k] k= [w] w= ."},
	{"error out of an event sub-process", se + subp("p1", user("t")+eventSub("v1", "message m", user("k")+endBy("z", "error er")+`<exclusiveGateway id="x" default="f-x-z"/>`+seq("s_v1>k>x>z", "x>e_v1?false"))+
		seq("s_p1>t>e_p1")) + boundary("b", "p1", "error") + user("u") + seq("s>p1>e", "b>u>e"), "[t] !paid [k] k= [u] u= ."},
	{"uncaught error is an incident", se + user("t") + endBy("z", "error er") + `<exclusiveGateway id="x" default="f-x-z"/>` + seq("s>t>x>z", "x>e?amount = 9"), "[t] t= [] ?z %retry ?z %skip ."},
	{"error of a called process", se + `<callActivity id="c" calledElement="failing"/>` + boundary("b", "c", "error er") + user("u") + user("v") + seq("s>c>v>e", "b>u>e"), "[ft] ft= [u] u= ."},
	{"error of a service", se + `<serviceTask id="c"><extensionElements><cs:service kind="command" name="explode"/></extensionElements></serviceTask>` + boundary("b", "c", "error er") + user("u") + user("v") +
		seq("s>c>v>e", "b>u>e"), "[u] u= ."},
	{
		"escalation that lets go on", se + `<endEvent id="e2"/>` + subp("p1", throw("w", "escalation es")+user("t")+seq("s_p1>w>t>e_p1")) + boundary("bn", "p1", "escalation es") + user("u") + seq("s>p1>e", "bn>u>e2"),
		"[t u] t= [u] u= .",
	},
	{"escalation that interrupts", se + subp("p1", throw("w", "escalation es")+user("t")+seq("s_p1>w>t>e_p1")) + boundary("b", "p1", "escalation") + user("u") + seq("s>p1>e", "b>u>e"), "[u] u= ."},
	{"escalation end", se + `<endEvent id="e2"/>` + subp("p1", user("t")+`<exclusiveGateway id="x" default="f-x-z"/>`+endBy("z", "escalation es")+seq("s_p1>t>x>z", "x>e_p1?false")) +
		boundary("bn", "p1", "escalation es") + user("u") + user("v") + seq("s>p1>v>e", "bn>u>e2"), "t= [u v] u= v= ."},
	{"escalation nobody catches", se + throw("w", "escalation es") + user("t") + seq("s>w>t>e"), "[t] t= ."},
	{"escalation of a called process", se + `<endEvent id="e2"/><callActivity id="c" calledElement="rising"/>` + boundary("bn", "c", "escalation es") + user("u") + seq("s>c>e", "bn>u>e2"), "[rt u] rt= u= ."},
	{"link", se + throw("w", "link a") + catch("c", "link a") + user("t") + user("u") + seq("s>t>w", "c>u>e"), "t= [u] u= ."},
	{
		"event gateway, first the message", se + `<eventBasedGateway id="g"/>` + catch("c1", "message m") + catch("c2", "timer PT2H") + `<receiveTask id="c3" messageRef="m2"/>` + user("t") + user("u") + user("v") +
			seq("s>g", "g>c1>t>e", "g>c2>u>e", "g>c3>v>e"), "[] !paid [t] +3h [t] t= .",
	},
	{
		"event gateway, first the timer", se + `<eventBasedGateway id="g"/>` + catch("c1", "message m") + catch("c2", "timer PT2H") + catch("c3", "signal sg") + catch("c4", "conditional amount > 7") + user("t") + user("u") +
			user("v") + user("w") + seq("s>g", "g>c1>t>e", "g>c2>u>e", "g>c3>v>e", "g>c4>w>e"), "+2h [u] #8 $storm [u] u= .",
	},
	{
		"event gateway, first the condition", se + `<eventBasedGateway id="g"/>` + catch("c2", "timer PT2H") + catch("c3", "signal sg") + catch("c4", "conditional amount > 7") + user("u") +
			user("v") + user("w") + seq("s>g", "g>c2>u>e", "g>c3>v>e", "g>c4>w>e"), "#6 [] #8 [w] w= .",
	},
	{"receive task by the event gateway", se + `<eventBasedGateway id="g"/>` + catch("c2", "timer PT2H") + `<receiveTask id="c3" messageRef="m"/>` + user("u") + user("v") + seq("s>g", "g>c2>u>e", "g>c3>v>e"), "!paid [v] v= ."},
	{"condition true at once", se + catch("c", "conditional amount > 3") + user("t") + seq("s>c>t>e"), "[t] t= ."},
	{"condition by a step of the process", se + `<parallelGateway id="g"/><parallelGateway id="h"/>` + catch("c", "conditional amount > 5") + `<scriptTask id="x"><script>{amount: 6}</script></scriptTask>` + user("t") + user("u") +
		seq("s>g", "g>c>u>h", "g>t>x>h", "h>e"), "[t] t= [u] u= ."},
	{
		"condition boundary that lets go on fires on the edge", se + `<endEvent id="e2"/>` + user("t") + user("u") + boundary("bn", "t", "conditional amount > 7") + seq("s>t>e", "bn>u>e2"),
		"[t] #8 [t u] #9 [t u] #1 #8 [t u u] t= u= u= .",
	},
	{"condition boundary", se + user("t") + user("u") + boundary("b", "t", "conditional amount > 7") + seq("s>t>e", "b>u>e"), "#8 [u] u= ."},
	{"event sub-process by message", se + user("t") + eventSub("v", "message m", user("k")+seq("s_v>k>e_v")) + seq("s>t>e"), "[t] !paid [k] k= ."},
	{"event sub-process beside the main path", se + user("t") + eventSub("vn", "message m", user("k")+seq("s_vn>k>e_vn")) + seq("s>t>e"), "[t] !paid [k t] !paid [k k t] t= [k k] k= k= ."},
	{"event sub-process by timer", se + user("t") + eventSub("v", "timer PT1H", user("k")+seq("s_v>k>e_v")) + seq("s>t>e"), "[t] +1h [k] k= ."},
	{"event sub-process goes with its scope", se + subp("p1", user("t")+eventSub("v", "timer PT1H", user("k")+seq("s_v>k>e_v"))+seq("s_p1>t>e_p1")) + user("u") + seq("s>p1>u>e"), "t= [u] +2h [u] u= ."},
	{"event sub-process by signal inside a sub-process", se + subp("p1", user("t")+eventSub("v", "signal sg", user("k")+seq("s_v>k>e_v"))+seq("s_p1>t>e_p1")) + boundary("b", "p1", "message m") + user("u") + user("w") +
		seq("s>p1>u>e", "b>w>e"), "$storm [k] !paid [w] w= ."},
	{"event sub-process by condition", se + user("t") + eventSub("vn", "conditional amount > 7", user("k")+seq("s_vn>k>e_vn")) + seq("s>t>e"), "[t] #8 [k t] t= k= ."},
	{"event sub-process by escalation", se + user("t") + throw("w", "escalation es") + user("u") + eventSub("vn", "escalation es", user("k")+seq("s_vn>k>e_vn")) + seq("s>t>w>u>e"), "t= [k u] k= u= ."},
	{"return does not leave an event sub-process", se + user("t") + user("q") + eventSub("v", "message m", user("k")+user("l")+seq("s_v>k>l>e_v")) + seq("s>t>q>e"), "t= !paid [k] k= [l] !l<t l<k [k] k= l= ."},
	{"standard loop", se + strings.Replace(user("t", ab), `</extensionElements>`, `</extensionElements><standardLoopCharacteristics><loopCondition>outcome = "b"</loopCondition></standardLoopCharacteristics>`, 1) +
		user("u") + seq("s>t>u>e"), "t=b [t] t=b [t] t=a [u] u= ."},
	{"standard loop with a maximum", se + strings.Replace(user("t", ab), `</extensionElements>`, `</extensionElements><standardLoopCharacteristics loopMaximum="2"><loopCondition>outcome = "b"</loopCondition></standardLoopCharacteristics>`, 1) +
		user("u") + seq("s>t>u>e"), "t=b [t] t=b [u] u= ."},
	{
		"standard loop tested before", se + `<subProcess id="p1"><standardLoopCharacteristics testBefore="true"><loopCondition>amount &lt; 7</loopCondition></standardLoopCharacteristics><startEvent id="s1"/><endEvent id="e1"/>` +
			user("t") + `<scriptTask id="x"><script>{amount: amount + 1}</script></scriptTask>` + seq("s1>t>x>e1") + `</subProcess>` + user("u") + seq("s>p1>u>e"),
		"[t] t= [t] t= [u] u= .",
	},
	{"standard loop not begun", se + `<scriptTask id="x"><standardLoopCharacteristics testBefore="true"><loopCondition>amount > 7</loopCondition></standardLoopCharacteristics><script>{amount: 100}</script></scriptTask>` +
		user("t") + seq("s>x>t>e"), "[t] t= ."},
	{"compensation in reverse order", se + user("a") + user("b") + undo("a") + undo("b") + throw("w", "compensate") + user("t") + seq("s>a>b>w>t>e"), "a= b= [h_b] h_b= [h_a] h_a= [t] t= ."},
	{"compensation of what was completed only", se + `<exclusiveGateway id="g" default="f-g-b"/><exclusiveGateway id="h"/>` + user("a") + user("b") + undo("a") + undo("b") + throw("w", "compensate") +
		seq("s>g", "g>a?amount = 9>h", "g>b>h", "h>w>e"), "b= [h_b] h_b= ."},
	{"compensation of one activity", se + user("a") + user("b") + undo("a") + undo("b") + throw("w", "compensate a") + user("t") + seq("s>a>b>w>t>e"), "a= b= [h_a] h_a= [t] t= ."},
	{"compensation with nothing to do", se + user("a") + throw("w", "compensate") + user("t") + seq("s>a>w>t>e"), "a= [t] t= ."},
	{
		"compensation end of a loop", se + user("a", ab) + undo("a") + `<exclusiveGateway id="x"/>` + endBy("z", "compensate") + seq("s>a>x", `x>a?outcome = "b"`, `x>z?outcome = "a"`) + `<exclusiveGateway id="y"/>` + seq("x>y?false", "y>e"),
		"a=b a=a [h_a] h_a= [h_a] h_a= .",
	},
	{"compensation of a completed sub-process", se + subp("p1", user("a")+user("b")+undo("a")+undo("b")+seq("s_p1>a>b>e_p1")) + throw("w", "compensate") + user("t") + seq("s>p1>w>t>e"), "a= b= [h_b] h_b= [h_a] h_a= [t] t= ."},
	{
		"an interrupted compensation leaves what it has not come to", se + user("a") + user("b") + undo("a") + undo("b") + `<parallelGateway id="g"/><parallelGateway id="h"/>` +
			throw("w", "compensate") + user("u") + seq("s>a>b>g>w>h>e", "g>u>h"),
		"a= b= [h_b u] u<b [b] b= [h_b u] h_b= [h_a u] h_a= [u] u= .",
	},
	{"compensation of an interrupted sub-process is lost", se + subp("p1", user("a")+user("b")+undo("a")+seq("s_p1>a>b>e_p1")) + boundary("x", "p1", "message m") + throw("w", "compensate") + user("t") +
		seq("s>p1>e", "x>w>t>e"), "a= [b] !paid [t] t= ."},
	{"compensation by the error handler of the scope", se + subp("p1", user("a")+undo("a")+user("b", ab)+`<exclusiveGateway id="g"/>`+endBy("z", "error er")+seq("s_p1>a>b>g", `g>e_p1?outcome = "a"`, `g>z?outcome = "b"`)+
		eventSub("v", "error er", throw("w", "compensate")+user("k")+seq("s_v>w>k>e_v"))) + user("u") + seq("s>p1>u>e"), "a= b=b [h_a] h_a= [k] k= [u] u= ."},
	{"no return into a handler", se + user("a") + undo("a") + throw("w", "compensate") + user("t") + seq("s>a>w>t>e"), "a= h_a= [t] !t<h_a t<a [a] a= [h_a] h_a= t= ."},
}

func TestEvents(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		w.services = &helpers{}
		w.deploy("failing", modelWith(`<process id="failing" isExecutable="true">`+se+user("ft")+endBy("z", "error er")+`<exclusiveGateway id="x" default="f-x-z"/>`+seq("s>ft>x>z", "x>e?false")+`</process>`))
		w.deploy("rising", modelWith(`<process id="rising" isExecutable="true">`+se+throw("w", "escalation es")+user("rt")+seq("s>w>rt>e")+`</process>`))
		for _, c := range events {
			t.Run(c.name, func(t *testing.T) { // one after the other: they share the clock
				v := *w
				v.t = t
				v.deploy("main", processWith(c.model))
				v.play(v.start("main"), c.script)
				w.n = v.n
			})
		}
	})
}

func modelWith(inside string) []byte { return model(roots + inside) }

func processWith(inside string) []byte {
	return []byte(strings.Replace(string(process(inside)), `<process `, roots+`<process `, 1))
}

// more does the words of a script that are about events.
func (w *world) more(biz flow.Biz, step string) {
	w.t.Helper()
	switch step[0] {
	case '$':
		w.write(func(tx *store.Tx) error {
			_, err := w.e.Signal(w.t.Context(), tx, person("ann", "clerk"), "", step[1:], biz)
			return err
		})
		w.tick()
	case '#':
		w.write(func(tx *store.Tx) error {
			if _, err := tx.Exec(w.t.Context(), `UPDATE test_case SET amount = `+step[1:]+`, rev = rev + 1 WHERE id = ?`, biz.ID); err != nil {
				return err
			}
			_, err := w.e.Changed(w.t.Context(), tx, person("ann", "clerk"), biz)
			return err
		})
	case '&':
		if got := w.row(biz).Note; got != step[1:] {
			w.t.Fatalf("note %q, want %q", got, step[1:])
		}
	case '*':
		if _, ok := w.work(step[1:], nil); !ok {
			w.t.Fatal("no job is due")
		}
	case '?':
		if got := strings.ReplaceAll(w.stuck(biz), " ", "+"); got != step[1:] {
			w.t.Fatalf("incidents at %q, want %q", got, step[1:])
		}
	case '%':
		for _, in := range w.instances(biz) {
			if in.State == flow.Running && w.count(`SELECT COUNT(*) FROM flow_incident WHERE inst = ? AND closed = 0`, in.ID) > 0 {
				w.must(person("eve", "boss"), flow.Command{Name: step[1:], Instance: in.ID, Reason: "r"})
			}
		}
		w.tick()
	}
}

// stuck gives the nodes with an incident.
func (w *world) stuck(biz flow.Biz) string {
	w.t.Helper()
	var nodes []string
	for _, in := range w.instances(biz) {
		w.read(func(tx *store.Tx) error {
			list, err := w.e.OpenIncidents(w.t.Context(), tx, flow.IncidentQuery{Instance: in.ID})
			for _, i := range list {
				nodes = append(nodes, i.Node)
			}
			return err
		})
	}
	return strings.Join(nodes, " ")
}
