package flow_test

import (
	"strings"
	"testing"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/flow"
)

func user(id string, more ...string) string {
	return `<userTask id="` + id + `"><extensionElements><cs:task candidates='role("clerk")' state="at-` + id + `" recall="true"/>` +
		strings.Join(more, "") + `</extensionElements></userTask>`
}

const ab = `<cs:outcome id="a"/><cs:outcome id="b"/>`

// seq connects nodes in a row: "s>t>e".
func seq(chains ...string) string {
	var b strings.Builder
	for _, c := range chains {
		ids := strings.Split(c, ">")
		for i := 1; i < len(ids); i++ {
			from, to, cond := ids[i-1], ids[i], ""
			if at := strings.Index(from, "?"); at >= 0 {
				from = from[:at]
			}
			if at := strings.Index(to, "?"); at >= 0 {
				cond = `><conditionExpression>` + strings.NewReplacer(" lt ", " &lt; ", " gt ", " &gt; ").Replace(to[at+1:]) + `</conditionExpression></sequenceFlow`
				to = to[:at]
			}
			tail := "/>"
			if cond != "" {
				tail = cond + ">"
			}
			b.WriteString(`<sequenceFlow id="f-` + from + "-" + to + `" sourceRef="` + from + `" targetRef="` + to + `"` + tail)
		}
	}
	return b.String()
}

const se = `<startEvent id="s"/><endEvent id="e"/>`

func timerOn(id, on, cancel, event string) string {
	return `<boundaryEvent id="` + id + `" attachedToRef="` + on + `" cancelActivity="` + cancel + `"><timerEventDefinition>` + event + `</timerEventDefinition></boundaryEvent>`
}

// constructs are one golden model per construct. The script: "t=a" completes task t with outcome a, "[t u]" expects these
// open tasks, "[]" none, "+2h" moves the clock and fires what is due, "!m" publishes message m, "t<u" returns task t to u,
// "t<<u" the same with resubmit direct, "~t" withdraws the last completed task of t, "@st" expects the record's state, "." the end.
var constructs = []struct{ name, model, script string }{
	{"sequence", se + user("t") + user("u") + seq("s>t>u>e"), "[t] @at-t t= [u] @at-u u= [] ."},
	{"plain and manual tasks pass", se + `<task id="x"/><manualTask id="y"/>` + user("t") + seq("s>x>y>t>e"), "[t] t= ."},
	{"script sets the record", se + `<scriptTask id="x" scriptFormat="feel"><script>{amount: amount + 1}</script></scriptTask><exclusiveGateway id="g" default="f-g-t"/>` +
		user("t") + user("u") + seq("s>x>g>t>e", "g>u?amount = 6>e"), "[u] u= ."},
	{"service sets the record", se + `<serviceTask id="x"><extensionElements><cs:service kind="set" set='{note: "n" + street}'/></extensionElements></serviceTask><exclusiveGateway id="g" default="f-g-t"/>` +
		user("t") + user("u") + seq("s>x>g>t>e", `g>u?note = "ns1">e`), "[u] u= ."},
	{"exclusive takes the first true", se + `<exclusiveGateway id="g" default="f-g-v"/>` + user("t") + user("u") + user("v") +
		seq("s>g", "g>t?amount lt 3>e", "g>u?amount lt 9>e", "g>v>e"), "[u] u= ."},
	{"null is not true", se + `<exclusiveGateway id="g" default="f-g-v"/>` + user("t") + user("v") + seq("s>g", `g>t?amount lt null>e`, "g>v>e"), "[v] v= ."},
	{"outcome chooses a flow", se + user("t", ab) + user("u") + `<sequenceFlow id="f1" sourceRef="t" targetRef="u" cs:outcome="a"/><sequenceFlow id="f2" sourceRef="t" targetRef="e" cs:outcome="b"/>` +
		seq("s>t", "u>e"), "t=a [u] u= ."},
	{"outcome asked by a gateway loops", se + user("t", ab) + `<exclusiveGateway id="g"/>` + seq("s>t>g", `g>e?outcome = "a"`, `g>t?outcome = "b"`), "t=b [t] t=b [t] t=a ."},
	{"parallel waits for all", se + `<parallelGateway id="g"/><parallelGateway id="h"/>` + user("t") + user("u") + user("v") + user("w") +
		seq("s>g", "g>t>h", "g>u>v>h", "h>w>e"), "[t u] t= [u] u= [v] v= [w] w= ."},
	{"inclusive joins what was opened", se + `<inclusiveGateway id="g" default="f-g-v"/><inclusiveGateway id="h"/>` + user("t") + user("u") + user("v") + user("w") +
		seq("s>g", "g>t?amount lt 9>h", "g>u?amount lt 6>h", "g>v>h", "h>w>e"), "[t u] t= [u] u= [w] w= ."},
	{"inclusive default", se + `<inclusiveGateway id="g" default="f-g-v"/><inclusiveGateway id="h"/>` + user("t") + user("v") + user("w") +
		seq("s>g", "g>t?amount lt 1>h", "g>v>h", "h>w>e"), "[v] v= [w] w= ."},
	{"terminate ends all", se + `<parallelGateway id="g"/><parallelGateway id="h"/>` + user("t", ab) + user("u") + `<endEvent id="z"><terminateEventDefinition/></endEvent><exclusiveGateway id="x"/>` +
		seq("s>g", "g>t>x", `x>h?outcome = "a"`, `x>z?outcome = "b"`, "g>u>h", "h>e"), "[t u] t=b [] ."},
	{"sub-process", se + `<subProcess id="p1"><startEvent id="s1"/><endEvent id="e1"/>` + user("t") + seq("s1>t>e1") + `</subProcess>` + user("u") + seq("s>p1>u>e"), "[t] t= [u] u= ."},
	{"terminate inside ends the sub-process only", se + `<subProcess id="p1"><startEvent id="s1"/><endEvent id="e1"/><endEvent id="z"><terminateEventDefinition/></endEvent>
		<parallelGateway id="g"/><parallelGateway id="h"/><exclusiveGateway id="x"/>` + user("t", ab) + user("v") +
		seq("s1>g", "g>t>x", `x>h?outcome = "a"`, `x>z?outcome = "b"`, "g>v>h", "h>e1") + `</subProcess>` + user("u") + seq("s>p1>u>e"), "[t v] t=b [u] u= ."},
	{
		"catch timer", se + `<intermediateCatchEvent id="c"><timerEventDefinition><timeDuration>PT2H</timeDuration></timerEventDefinition></intermediateCatchEvent>` + user("t") + seq("s>c>t>e"),
		"[] +1h [] +1h [t] t= .",
	},
	{
		"catch timer in working time", se + `<intermediateCatchEvent id="c"><timerEventDefinition><timeDuration>9 workhour</timeDuration></timerEventDefinition></intermediateCatchEvent>` + user("t") + seq("s>c>t>e"),
		"+24h [] +1h [t] t= .",
	},
	{
		"catch timer by expression", se + `<intermediateCatchEvent id="c"><timerEventDefinition><timeDuration>duration("PT" + string(amount) + "H")</timeDuration></timerEventDefinition></intermediateCatchEvent>` + user("t") + seq("s>c>t>e"),
		"+4h [] +1h [t] t= .",
	},
	{"interrupting boundary timer", se + user("t") + user("u") + timerOn("b", "t", "true", `<timeDuration>PT1H</timeDuration>`) + seq("s>t>e", "b>u>e"), "[t] +1h [u] u= ."},
	{"boundary timer goes with its task", se + user("t") + user("u") + user("v") + timerOn("b", "t", "true", `<timeDuration>PT1H</timeDuration>`) + seq("s>t>v>e", "b>u>e"), "t= [v] +2h [v] v= ."},
	{
		"non-interrupting boundary timer", se + `<endEvent id="e2"/>` + user("t") + user("u") + timerOn("b", "t", "false", `<timeDuration>PT1H</timeDuration>`) + seq("s>t>e", "b>u>e2"),
		"[t] +1h [t u] +5h [t u] t= [u] u= .",
	},
	{
		"repeating boundary timer", se + `<endEvent id="e2"/>` + user("t") + user("u") + timerOn("b", "t", "false", `<timeCycle>R2/PT1H</timeCycle>`) + seq("s>t>e", "b>u>e2"),
		"+1h [t u] +1h [t u u] +9h [t u u] u= u= t= .",
	},
	{"boundary timer on a sub-process", se + `<subProcess id="p1"><startEvent id="s1"/><endEvent id="e1"/>` + user("t") + seq("s1>t>e1") + `</subProcess>` + user("u") +
		timerOn("b", "p1", "true", `<timeDuration>PT1H</timeDuration>`) + seq("s>p1>e", "b>u>e"), "[t] +1h [u] u= ."},
	{"return to the step before", se + user("t") + user("u") + seq("s>t>u>e"), "t= [u] u<t [t] @at-t t= [u] u= ."},
	{"return direct comes straight back", se + user("t") + user("u") + user("v") + seq("s>t>u>v>e"), "t= u= [v] v<<t [t] t= [v] v= ."},
	{"return out of a fork cancels the others", se + `<parallelGateway id="g"/><parallelGateway id="h"/>` + user("t") + user("u") + user("v") +
		seq("s>t>g", "g>u>h", "g>v>h", "h>e"), "t= [u v] u<t [t] t= [u v] u= v= ."},
	{"return into a joined fork opens one branch", se + `<parallelGateway id="g"/><parallelGateway id="h"/>` + user("u") + user("v") + user("w") +
		seq("s>g", "g>u>h", "g>v>h", "h>w>e"), "u= v= [w] w<v [v] v= [w] w= ."},
	{
		"return into a sub-process", se + `<subProcess id="p1"><startEvent id="s1"/><endEvent id="e1"/>` + user("t") + user("u") + seq("s1>t>u>e1") + `</subProcess>` + user("v") + seq("s>p1>v>e"),
		"t= u= [v] v<u [u] u= [v] v= .",
	},
	{"withdraw", se + user("t") + user("u") + seq("s>t>u>e"), "t= [u] ~t [t] @at-t t= [u] u= ."},
	{"withdraw before a fork", se + `<parallelGateway id="g"/><parallelGateway id="h"/>` + user("t") + user("u") + user("v") + seq("s>t>g", "g>u>h", "g>v>h", "h>e"), "t= [u v] ~t [t] t= u= v= ."},
	{"withdraw from a join", se + `<parallelGateway id="g"/><parallelGateway id="h"/>` + user("u") + user("v") + user("w") + seq("s>g", "g>u>h", "g>v>h", "h>w>e"), "u= [v] ~u [u v] v= u= [w] w= ."},
	{"message catch", se + `<intermediateCatchEvent id="c"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>` + user("t") + seq("s>c>t>e"), "[] !paid [t] t= ."},
	{"message comes first", se + user("t") + `<intermediateCatchEvent id="c"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>` + user("u") + seq("s>t>c>u>e"), "!paid [t] t= [u] u= ."},
	{"receive task", se + `<receiveTask id="c" messageRef="m"/>` + user("t") + seq("s>c>t>e"), "!paid [t] t= ."},
	{"message boundary", se + user("t") + user("u") + `<boundaryEvent id="b" attachedToRef="t"><messageEventDefinition messageRef="m"/></boundaryEvent>` + seq("s>t>e", "b>u>e"), "[t] !paid [u] u= ."},
	{
		"message boundary that lets go on", se + `<endEvent id="e2"/>` + user("t") + user("u") + `<boundaryEvent id="b" attachedToRef="t" cancelActivity="false"><messageEventDefinition messageRef="m"/></boundaryEvent>` + seq("s>t>e", "b>u>e2"),
		"!paid [t u] !paid [t u u] u= u= t= .",
	},
	{"throw meets catch in one step", se + `<parallelGateway id="g"/><parallelGateway id="h"/><intermediateCatchEvent id="c"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>
		<intermediateThrowEvent id="w"><messageEventDefinition messageRef="m"/></intermediateThrowEvent>` + user("t") + user("u") + seq("s>g", "g>c>u>h", "g>t>w>h", "h>e"), "[t] t= [u] u= ."},
	{"decision and notice", se + `<businessRuleTask id="x"><extensionElements><cs:service kind="decision" name="risk" data="{amount: amount}" result="risk"/>
		<cs:service kind="set" set="{note: vars.risk.level}"/></extensionElements></businessRuleTask><sendTask id="y" messageRef="m"><extensionElements><cs:service kind="notify" to='role("clerk", "/county/")' message="hello"/></extensionElements></sendTask>
		<exclusiveGateway id="g" default="f-g-t"/>` + user("t") + user("u") + seq("s>x>y>g>t>e", `g>u?note = "high">e`), "[u] u= ."},
	{"same handler is spared the next step", se + user("t") + `<userTask id="u"><extensionElements><cs:task candidates='role("clerk")' skipSame="true"/><cs:outcome id="a"/></extensionElements></userTask>` +
		user("v") + seq("s>t>u>v>e"), "t= [v] v= ."},
	{"nobody is spared what he must fill in", se + user("t") + `<userTask id="u"><extensionElements><cs:task candidates='role("clerk")' skipSame="true" form="note!"/></extensionElements></userTask>` +
		seq("s>t>u>e"), "t= [u]"},
	{"another handler is not spared", se + user("t") + `<userTask id="u"><extensionElements><cs:task candidates='role("chief")' skipSame="true"/></extensionElements></userTask>` +
		seq("s>t>u>e"), "t= [u]"},
	{"call activity", se + `<callActivity id="c" calledElement="child"/>` + user("u") + seq("s>c>u>e"), "[ct] ct= [u] u= ."},
	{"call activity interrupted", se + `<callActivity id="c" calledElement="child"/>` + user("u") + timerOn("b", "c", "true", `<timeDuration>PT1H</timeDuration>`) + seq("s>c>e", "b>u>e"), "[ct] +1h [u] u= ."},
}

const childModel = `<process id="child" isExecutable="true"><startEvent id="cs1"/><endEvent id="ce"/>`

func TestConstructs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		w.deploy("child", model(childModel+user("ct")+seq("cs1>ct>ce")+`</process>`))
		for _, c := range constructs {
			t.Run(c.name, func(t *testing.T) { // one after the other: they share the clock
				v := *w
				v.t = t
				xml := strings.Replace(string(process(c.model)), `<process `, `<message id="m" name="paid"/><process `, 1)
				v.deploy("main", []byte(xml))
				v.play(v.start("main"), c.script)
				w.n = v.n
			})
		}
	})
}

// play runs a script.
func (w *world) play(biz flow.Biz, script string) {
	w.t.Helper()
	clerk := person("ann", "clerk")
	for len(script) > 0 {
		var step string
		if strings.HasPrefix(script, "[") {
			step, script, _ = strings.Cut(script, "]")
			if got, want := w.nodes(biz), step[1:]; got != want {
				w.t.Fatalf("open tasks [%s], want [%s]", got, want)
			}
			script = strings.TrimSpace(script)
			continue
		}
		step, script, _ = strings.Cut(script, " ")
		switch {
		case step == ".":
			for _, in := range w.instances(biz) {
				if in.State == flow.Running || in.Ended.IsZero() || len(in.Nodes) > 0 {
					w.t.Fatalf("instance of %s has not ended: %+v", in.Process, in)
				}
			}
			w.clean(biz)
		case step[0] == '+':
			d, err := time.ParseDuration(step[1:])
			if err != nil {
				w.t.Fatal(err)
			}
			w.clock.Advance(d)
			w.tick()
		case strings.ContainsRune("$#?%*&", rune(step[0])):
			w.more(biz, step)
		case step[0] == '!' && strings.Contains(step, "<"): // a return that is refused
			from, target, _ := strings.Cut(step[1:], "<")
			how := "replay"
			to, direct := strings.CutPrefix(target, "<")
			if direct {
				how = "direct"
			}
			if _, err := w.do(clerk, flow.Command{Name: flow.Return, Task: w.task(biz, from).ID, Target: to, Resubmit: how, Reason: "r"}); fault.KindOf(err) != fault.Conflict {
				w.t.Fatalf("%s gave %v, want a conflict", step, err)
			}
		case step[0] == '!':
			w.write(func(tx *store.Tx) error {
				_, err := w.e.Publish(w.t.Context(), tx, clerk, flow.Message{Name: step[1:], Key: biz.ID})
				return err
			})
		case step[0] == '@':
			if got := w.row(biz).State; got != step[1:] {
				w.t.Fatalf("record state %s, want %s", got, step[1:])
			}
		case step[0] == '~':
			w.must(clerk, flow.Command{Name: flow.Withdraw, Task: w.last(biz, step[1:]).ID})
		case strings.Contains(step, "<"):
			from, to, _ := strings.Cut(step, "<")
			cmd := flow.Command{Name: flow.Return, Task: w.task(biz, from).ID, Target: strings.TrimPrefix(to, "<"), Reason: "r"}
			if strings.HasPrefix(to, "<") {
				cmd.Resubmit = "direct"
			}
			w.must(clerk, cmd)
		default:
			node, outcome, _ := strings.Cut(step, "=")
			w.must(clerk, flow.Command{Name: flow.Complete, Task: w.task(biz, node).ID, Outcome: outcome})
			w.tick() // signals
		}
	}
}

// last gives the task of a node completed last.
func (w *world) last(biz flow.Biz, node string) *flow.Task {
	w.t.Helper()
	var out *flow.Task
	w.read(func(tx *store.Tx) error {
		list, err := w.e.TasksOf(w.t.Context(), tx, biz)
		for _, k := range list {
			if k.Node == node && k.State == flow.Done {
				out = k
			}
		}
		return err
	})
	return out
}

// clean checks that an ended process left nothing that waits, and one journal entry a command.
func (w *world) clean(biz flow.Biz) {
	w.t.Helper()
	for table, query := range map[string]string{
		"token":    `SELECT COUNT(*) FROM flow_token x JOIN flow_inst i ON i.id = x.inst WHERE i.biz_id = ?`,
		"timer":    `SELECT COUNT(*) FROM flow_timer x JOIN flow_inst i ON i.id = x.inst WHERE i.biz_id = ?`,
		"comp":     `SELECT COUNT(*) FROM flow_comp x JOIN flow_inst i ON i.id = x.inst WHERE i.biz_id = ?`,
		"job":      `SELECT COUNT(*) FROM flow_job x JOIN flow_inst i ON i.id = x.inst WHERE i.biz_id = ?`,
		"incident": `SELECT COUNT(*) FROM flow_incident x JOIN flow_inst i ON i.id = x.inst WHERE x.closed = 0 AND i.biz_id = ?`,
		"sub":      `SELECT COUNT(*) FROM flow_sub x JOIN flow_inst i ON i.id = x.inst WHERE i.biz_id = ?`,
		"repeat":   `SELECT COUNT(*) FROM flow_repeat x JOIN flow_inst i ON i.id = x.inst WHERE i.biz_id = ?`,
		"cand":     `SELECT COUNT(*) FROM flow_task_cand x JOIN flow_task k ON k.id = x.task WHERE k.biz_id = ?`,
	} {
		if n := w.count(query, biz.ID); n != 0 {
			w.t.Errorf("%d rows of flow_%s left", n, table)
		}
	}
	entries := w.count(`SELECT COUNT(DISTINCT h.entry) FROM flow_hist h JOIN flow_inst i ON i.id = h.inst WHERE i.biz_id = ?`, biz.ID)
	if n := w.count(`SELECT COUNT(*) FROM test_journal WHERE subject = ?`, biz.Subject()); n != entries || n == 0 {
		w.t.Errorf("%d journal entries, the history knows %d", n, entries)
	}
}

func TestLint(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t))
	for _, c := range []struct{ name, model, want string }{
		{"no join", se + `<parallelGateway id="g"/>` + user("t") + user("u") + seq("s>g", "g>t>e", "g>u>e"), "flow.lint.end"},
		{"join without fork", se + `<exclusiveGateway id="g"/><parallelGateway id="h"/>` + user("t") + user("u") + seq("s>g", "g>t?true>h", "g>u?true>h", "h>e"), "flow.lint.join"},
		{"other kind of join", se + `<parallelGateway id="g"/><inclusiveGateway id="h"/>` + user("t") + user("u") + seq("s>g", "g>t>h", "g>u>h", "h>e"), "flow.lint.join"},
		{"jump out of a branch", se + `<parallelGateway id="g"/><parallelGateway id="h"/><exclusiveGateway id="x"/>` + user("a") + user("t") + user("u") +
			seq("s>a>g", "g>t>x", "x>h?true", "x>a?true", "g>u>h", "h>e"), "flow.lint.block"},
		{"no candidates", se + `<userTask id="t"/>` + seq("s>t>e"), "flow.lint.candidates"},
		{"condition of a wrong type", se + `<exclusiveGateway id="g" default="f-g-u"/>` + user("t") + user("u") + seq("s>g", "g>t?amount + 1>e", "g>u>e"), "flow.lint.type"},
		{"condition on an unknown name", se + `<exclusiveGateway id="g" default="f-g-u"/>` + user("t") + user("u") + seq("s>g", "g>t?unheard = 1>e", "g>u>e"), "flow.lint.feel"},
		{"outcome without flow", se + user("t", ab) + `<sequenceFlow id="f1" sourceRef="t" targetRef="e" cs:outcome="a"/>` + seq("s>t"), "flow.lint.outcome"},
		{"unreachable", se + user("t") + user("u") + seq("s>t>e", "u>e"), "flow.lint.unreachable"},
		{"no way out", se + user("t") + user("u") + `<exclusiveGateway id="g"/>` + seq("s>g", "g>t?true>e", "g>u?false", "u>u2"), "bpmn.flow.end"},
		{"loop for ever", se + `<exclusiveGateway id="g"/>` + user("t") + user("u") + user("v") + seq("s>g", "g>t?true>e", "g>u?false>v", "v>u"), "flow.lint.dead"},
		{"unknown unit", se + user("t", `<cs:sla limit="1" unit="fortnight"/>`) + seq("s>t>e"), "flow.lint.unit"},
		{"unsupported", se + user("t") + `<adHocSubProcess id="x"/>` + seq("s>t>x>e"), "bpmn.unsupported"},
		{"two starts", se + `<startEvent id="s2"/><subProcess id="p1"/>` + user("t") + seq("s>p1>t>e", "s2>t"), "flow.lint.start"},
		{"unknown attribute", se + user("t", `<cs:task candidate="x"/>`) + seq("s>t>e"), "bpmn.ext.attribute"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			found, err := w.e.Check(flow.Source{Key: "k", Type: "test.case", XML: process(c.model)})
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
	err := w.db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := w.e.Deploy(t.Context(), tx, flow.Source{Key: "bad", Type: "test.case", XML: process(se + `<userTask id="t"/>` + seq("s>t>e"))})
		return err
	})
	if fault.CodeOf(err) != "flow.lint" {
		t.Errorf("deploy gave %v, want flow.lint", err)
	}
}
