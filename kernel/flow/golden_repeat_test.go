package flow_test

import (
	"strings"
	"testing"

	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/flow"
)

// par and sequ are multi-instance markers: how is a cardinality, or "list|element|output|result"; done a completion condition.
func par(how string, done ...string) string { return many("false", how, done) }

func sequ(how string, done ...string) string { return many("true", how, done) }

func many(seq, how string, done []string) string {
	escape := strings.NewReplacer("<", "&lt;", ">", "&gt;", "'", "&apos;")
	x := `<loopCardinality>` + escape.Replace(how) + `</loopCardinality>`
	if p := strings.Split(escape.Replace(how), "|"); len(p) > 1 {
		x = `<extensionElements><cs:loop collection='` + p[0] + `' element='` + p[1] + `'`
		if len(p) > 2 {
			x += ` output='` + p[2] + `' result='` + p[3] + `'`
		}
		x += `/></extensionElements>`
	}
	if len(done) > 0 {
		x += `<completionCondition>` + escape.Replace(done[0]) + `</completionCondition>`
	}
	return `<multiInstanceLoopCharacteristics isSequential="` + seq + `">` + x + `</multiInstanceLoopCharacteristics>`
}

func script(id, feel string, more ...string) string {
	return `<scriptTask id="` + id + `">` + strings.Join(more, "") + `<script>` + strings.ReplaceAll(feel, "<", "&lt;") + `</script></scriptTask>`
}

// marked puts a marker on a user task, or any element with extension elements.
func marked(elem, marker string) string {
	return strings.Replace(elem, `</extensionElements>`, `</extensionElements>`+marker, 1)
}

const list = `["x", "y", "z"]`

// The scripts say moreover: "&xyz" expects the record's note.
var repeats = []struct{ name, model, script string }{
	{"script for each member", se + script("x", `{note: note + item + string(loopCounter)}`, par(list+"|item")) + user("t") + seq("s>x>t>e"), "[t] &x1y2z3 t= ."},
	{"script one after the other until it is enough", se + script("x", `{note: note + item}`, sequ(list+"|item", "numberOfCompletedInstances = 2")) + user("t") + seq("s>x>t>e"), "[t] &xy t= ."},
	{"service by cardinality", se + `<serviceTask id="x"><extensionElements><cs:service kind="set" set='{amount: amount + loopCounter}'/></extensionElements>` + par("amount") + `</serviceTask><exclusiveGateway id="g" default="f-g-t"/>` +
		user("t") + user("u") + seq("s>x>g>t>e", "g>u?amount = 20>e"), "[u] u= ."},
	{"nobody is nothing to do", se + script("x", `{note: "never"}`, par("[]|item|out|item")) + `<exclusiveGateway id="g" default="f-g-t"/>` + user("t") + user("u") + seq("s>x>g>t>e", "g>u?count(vars.out) = 0>e"), "[u] & u= ."},
	{"user task for each member", se + marked(user("t", ab), par(list+"|item|votes|item + outcome")) + script("x", `{note: string join(vars.votes)}`) + user("u") + seq("s>t>x>u>e"), "[t t t] t=a t=b [t] t=a [u] &xaybza u= ."},
	{"user task one after the other", se + marked(user("t"), sequ(list+"|item")) + user("u") + seq("s>t>u>e"), "[t] t= [t] t= [t] t= [u] u= ."},
	{"enough answers close the others", se + marked(user("t", ab), par("3", `nrOfCompletedInstances >= 2 or outcome = "b" and nrOfActiveInstances = 2`)) +
		user("u") + seq("s>t>u>e"), "[t t t] t=b [u] u= ."},
	{"what did not answer has no result", se + marked(user("t", ab), par(list+"|item|out|item", `nrOfCompletedInstances = 2`)) + script("x", `{note: string(count(vars.out[item = null])) + string(count(vars.out))}`) + user("u") + seq("s>t>x>u>e"), "t=a t=a [u] &13 u= ."},
	{"sub-process in parallel", se + marked(ext(subp("p1", user("t")+user("v")+seq("s_p1>t>v>e_p1"))), par("2")) + user("u") + seq("s>p1>u>e"), "[t t] t= [t v] t= [v v] v= [v] v= [u] u= ."},
	{"sub-process one after the other", se + marked(ext(subp("p1", user("t")+user("v")+seq("s_p1>t>v>e_p1"))), sequ("2")) + user("u") + seq("s>p1>u>e"), "t= v= [t] t= v= [u] u= ."},
	{"a fork in each instance", se + marked(ext(subp("p1", `<parallelGateway id="g"/><parallelGateway id="h"/>`+user("t")+user("v")+seq("s_p1>g", "g>t>h", "g>v>h", "h>e_p1"))), par("2")) + user("u") +
		seq("s>p1>u>e"), "[t t v v] t= v= [t v] t= v= [u] u= ."},
	{"each instance has variables of its own", se + marked(ext(subp("p1", decide("x", "item")+user("t")+seq("s_p1>x>t>e_p1"))), par(list+"|item|out|vars.risk.input")) + script("y", `{note: string join(vars.out) + (if vars.risk = null then "" else "leak")}`) +
		user("u") + seq("s>p1>y>u>e"), "[t t t] t= t= t= [u] &xyz u= ."},
	{"many in many", se + marked(ext(subp("p1", marked(user("t"), par(`["1", "2"]|inner|in|item + inner`))+seq("s_p1>t>e_p1"))), sequ(`["x", "y"]|item|out|string join(vars.in)`)) + script("y", `{note: string join(vars.out)}`) +
		user("u") + seq("s>p1>y>u>e"), "[t t] t= t= [t t] t= t= [u] &x1x2y1y2 u= ."},
	{"called process for each", se + `<callActivity id="c" calledElement="child">` + par(list+"|item") + `</callActivity>` + user("u") + seq("s>c>u>e"), "[ct ct ct] ct= ct= [ct] ct= [u] &xyz u= ."},
	{"called processes end with the block", se + `<callActivity id="c" calledElement="child">` + par(list+"|item", "nrOfCompletedInstances = 1") + `</callActivity>` + user("u") + seq("s>c>u>e"), "[ct ct ct] ct= [u] u= ."},
	{"a message for each", se + `<receiveTask id="c" messageRef="m">` + par("2") + `</receiveTask>` + user("u") + seq("s>c>u>e"), "[] !paid [] !paid [u] u= ."},
	{"a call for each", se + `<serviceTask id="c"><extensionElements><cs:service kind="call" name="https://x.test/" data="item" result="r"/></extensionElements>` + sequ(list+"|item|out|vars.r") + `</serviceTask>` + script("y", `{note: string join(vars.out)}`) +
		user("u") + seq("s>c>y>u>e"), `[] *"a" [] *"b" [] *"c" [u] &abc u= .`},
	{
		"a timer on the whole", se + marked(user("t"), sequ("3")) + user("u") + timerOn("b", "t", "true", `<timeDuration>PT2H</timeDuration>`) + seq("s>t>e", "b>u>e"), "t= +1h [t] t= +1h [u] u= .",
	},
	{
		"a timer beside the whole", se + `<endEvent id="e2"/>` + marked(ext(subp("p1", user("t")+seq("s_p1>t>e_p1"))), par("2")) + user("u") + timerOn("b", "p1", "false", `<timeDuration>PT1H</timeDuration>`) + seq("s>p1>e", "b>u>e2"),
		"[t t] +1h [t t u] +5h t= t= [u] u= .",
	},
	{"a timer on a standard loop runs over its rounds", se + marked(user("t", ab), `<standardLoopCharacteristics><loopCondition>outcome = "b"</loopCondition></standardLoopCharacteristics>`) + user("u") +
		timerOn("b", "t", "true", `<timeDuration>PT2H</timeDuration>`) + seq("s>t>e", "b>u>e"), "t=b +1h [t] t=b +1h [u] u= ."},
	{"an error of one ends all", se + marked(ext(subp("p1", user("t", ab)+`<exclusiveGateway id="x"/>`+endBy("z", "error er")+seq("s_p1>t>x", `x>e_p1?outcome = "a"`, `x>z?outcome = "b"`))), par("3")) + boundary("b", "p1", "error er") + user("u") +
		seq("s>p1>e", "b>u>e"), "[t t t] t=a [t t] t=b [u] u= ."},
	{"an error of a service among many", se + `<serviceTask id="c"><extensionElements><cs:service kind="command" name="explode"/></extensionElements>` + par("3") + `</serviceTask>` + boundary("b", "c", "error er") + user("u") + user("v") +
		seq("s>c>v>e", "b>u>e"), "[u] u= ."},
	{
		"an escalation of each", se + `<endEvent id="e2"/>` + marked(ext(subp("p1", throw("w", "escalation es")+user("t")+seq("s_p1>w>t>e_p1"))), par("2")) + boundary("bn", "p1", "escalation es") + user("u") + seq("s>p1>e", "bn>u>e2"),
		"[t t u u] t= t= u= u= .",
	},
	{"terminate ends its instance only", se + marked(ext(subp("p1", user("t")+`<endEvent id="z"><terminateEventDefinition/></endEvent><exclusiveGateway id="x" default="f-x-z"/>`+seq("s_p1>t>x>z", "x>e_p1?false"))), par("2")) + user("u") + seq("s>p1>u>e"), "t= [t] t= [u] u= ."},
	{"an event of one instance", se + marked(ext(subp("p1", user("t")+eventSub("v1", "timer PT1H", user("k")+seq("s_v1>k>e_v1"))+seq("s_p1>t>e_p1"))), par("2")) + user("u") + seq("s>p1>u>e"), "[t t] t= +1h [k] k= [u] u= ."},
	{
		"an uncaught error of one is an incident", se + marked(ext(subp("p1", user("t")+endBy("z", "error er")+`<exclusiveGateway id="x" default="f-x-z"/>`+seq("s_p1>t>x>z", "x>e_p1?false"))), par("2")) + user("u") + seq("s>p1>u>e"),
		"t= [t] ?z %skip [t] t= ?z %skip [u] u= .",
	},
	{"no number of instances is an incident", se + script("x", `{note: note + "x"}`, par("amount - 7")) + user("t") + seq("s>x>t>e"), "[] ?x %retry ?x #9 %retry [t] &xx t= ."},
	{"return out of the block cancels it", se + user("q") + marked(ext(subp("p1", user("t")+user("v")+seq("s_p1>t>v>e_p1"))), par("2")) + user("u") + seq("s>q>p1>u>e"), "q= t= [t v] v<q [q] q= [t t] t= t= v= v= [u] u= ."},
	{"return inside of one instance", se + marked(ext(subp("p1", user("t")+user("v")+seq("s_p1>t>v>e_p1"))), par("2")) + user("u") + seq("s>p1>u>e"), "t= [t v] v<t [t t] t= t= v= v= [u] u= ."},
	{"return into the block begins it anew", se + marked(ext(subp("p1", user("t")+user("v")+seq("s_p1>t>v>e_p1"))), par("2")) + user("u") + seq("s>p1>u>e"), "t= t= v= v= [u] u<v [t t] t= v= t= v= [u] u= ."},
	{"no way straight back into an instance", se + user("q") + marked(user("t"), sequ("2")) + user("u") + seq("s>q>t>u>e"), "q= t= [t] !t<<q t<q [q] q= [t] t= t= u= ."},
	{"return into a standard loop", se + loop2(subp("p1", user("t")+user("v")+seq("s_p1>t>v>e_p1"))) + user("u") + seq("s>p1>u>e"), "t= v= [t] t= v= [u] u<v [v] v= [t] t= v= [u] u= ."},
	{"a standard loop counts for each instance", se + marked(ext(subp("p1", loop2(user("t"))+seq("s_p1>t>e_p1"))), par("2")) + user("u") + seq("s>p1>u>e"), "[t t] t= [t t] t= [t t] t= t= [u] u= ."},
	{"each instance is compensated by itself", se + marked(ext(subp("p1", user("t")+seq("s_p1>t>e_p1"))), par(list+"|item")) + handler("p1", `{note: note + item}`) + throw("w", "compensate") + user("u") + seq("s>p1>w>u>e"), "t= t= t= [u] &zyx u= ."},
	{"what is inside is compensated by itself", se + marked(ext(subp("p1", script("t", `{amount: amount + 1}`)+handler("t", `{note: note + item}`)+seq("s_p1>t>e_p1"))), par(list+"|item")) + throw("w", "compensate") + user("u") + seq("s>p1>w>u>e"), "[u] &zyx u= ."},
	{"what was not complete is not compensated", se + marked(user("t"), par(list+"|item", "nrOfCompletedInstances = 2")) + handler("t", `{note: note + item}`) + throw("w", "compensate") + user("u") + seq("s>t>w>u>e"), "t= t= [u] &yx u= ."},
}

// ext gives an element without extension elements some, to put a marker behind.
func ext(elem string) string {
	at := strings.Index(elem, ">") + 1
	return elem[:at] + `<extensionElements></extensionElements>` + elem[at:]
}

func loop2(elem string) string {
	if !strings.Contains(elem[:strings.Index(elem, ">")+20], "extensionElements") {
		elem = ext(elem)
	}
	return marked(elem, `<standardLoopCharacteristics loopMaximum="2"/>`)
}

func decide(id, data string) string {
	return `<businessRuleTask id="` + id + `"><extensionElements><cs:service kind="decision" name="risk" data="` + data + `" result="risk"/></extensionElements></businessRuleTask>`
}

// handler is a compensation handler that is a script.
func handler(on, feel string) string {
	return strings.Replace(undo(on), undo(on)[strings.Index(undo(on), `<userTask`):], strings.Replace(script("h_"+on, feel), `<scriptTask `, `<scriptTask isForCompensation="true" `, 1), 1)
}

func TestRepeats(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		w.deploy("child", processWith(se+user("ct")+script("cx", `{note: note + vars.item}`)+seq("s>ct>cx>e")))
		for _, c := range repeats {
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

// What cannot be done is refused at deploy, in words.
func TestRepeatLint(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, marker, want string }{
		{"neither number nor list", `<multiInstanceLoopCharacteristics/>`, "flow.lint.multi"},
		{"number and list", strings.Replace(par(list+"|item"), `</multi`, `<loopCardinality>2</loopCardinality></multi`, 1), "flow.lint.multi"},
		{"member of no list", strings.Replace(par("2"), `<loopC`, `<extensionElements><cs:loop element="item"/></extensionElements><loopC`, 1), "flow.lint.multi.element"},
		{"member with a name of the process", par(list + "|outcome"), "flow.lint.multi.element"},
		{"member with a name of the loop", par(list + "|loopCounter"), "flow.lint.multi.element"},
		{"results without a list", strings.Replace(par(list+"|item|out|item"), ` output='out'`, ``, 1), "flow.lint.multi.output"},
		{"condition of another type", par("2", "nrOfInstances"), "flow.lint.type"},
		{"number of another type", par(`"two"`), "flow.lint.type"},
		{"a name that is not there", par("2", "item = 1"), "flow.lint.feel"},
		{"its own member in the list", par("item|item"), "flow.lint.feel"},
		{"event at an instance's end", strings.Replace(par("2"), ` isSequential`, ` behavior="One" isSequential`, 1), "bpmn.unsupported"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			found, err := flow.Findings(string(process(se + script("x", `{amount: 1}`, c.marker) + seq("s>x>e"))))
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
