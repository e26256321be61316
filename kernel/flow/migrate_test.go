package flow_test

import (
	"testing"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/flow"
)

const fork = `<parallelGateway id="g"/><parallelGateway id="h"/>`

// migrations are played up to a point on the old model, taken over, and played on as if they had begun on the new one.
var migrations = []struct {
	name, from, to string
	ids            map[string]string
	before, after  string
}{
	{
		"a step more behind", se + user("t") + user("u") + seq("s>t>u>e"), se + user("t") + user("u") + user("v") + seq("s>t>u>v>e"), nil,
		"t= [u]", "[u] u= [v] v= .",
	},
	{
		"a step of another name", se + user("t") + user("u") + seq("s>t>u>e"), se + user("x") + user("u") + seq("s>x>u>e"),
		map[string]string{"t": "x"},
		"[t]", "[x] x= [u] u<x [x] x= u= .",
	},
	{
		"boundary timers keep their due, new events are armed", se + user("t") + user("u") + timerOn("b", "t", "true", `<timeDuration>PT2H</timeDuration>`) + seq("s>t>e", "b>u>e"),
		se + user("t") + user("u") + user("v") + timerOn("b9", "t", "true", `<timeDuration>PT9H</timeDuration>`) + boundary("m1", "t", "message m") + seq("s>t>e", "b9>u>e", "m1>v>e"),
		map[string]string{"b": "b9"},
		"+1h [t]", "+1h [u] u= .",
	},
	{
		"a new message boundary", se + user("t") + seq("s>t>e"), se + user("t") + user("v") + boundary("m1", "t", "message m") + seq("s>t>e", "m1>v>e"), nil,
		"[t]", "!paid [v] v= .",
	},
	{
		"an event that is gone", se + user("t") + user("u") + timerOn("b", "t", "true", `<timeDuration>PT2H</timeDuration>`) + seq("s>t>e", "b>u>e"), se + user("t") + seq("s>t>e"), nil,
		"[t]", "+3h [t] t= .",
	},
	{
		"what has happened does not happen again", se + `<endEvent id="e2"/>` + user("t") + user("u") + timerOn("b", "t", "false", `<timeDuration>PT1H</timeDuration>`) + seq("s>t>e", "b>u>e2"),
		se + `<endEvent id="e2"/>` + user("t") + user("u") + user("w") + timerOn("b", "t", "false", `<timeDuration>PT1H</timeDuration>`) + seq("s>t>w>e", "b>u>e2"), nil,
		"+1h [t u]", "+5h [t u] u= t= [w] w= .",
	},
	{
		"in a fork, one at the join", se + fork + user("t") + user("u") + user("v") + seq("s>g", "g>t>h", "g>u>h", "h>v>e"),
		se + fork + user("t") + user("u") + user("x") + user("v") + seq("s>g", "g>t>h", "g>u>x>h", "h>v>e"), nil,
		"t= [u]", "[u] u= [x] x= [v] v= .",
	},
	{
		"in a countersign", se + `<userTask id="t"><extensionElements><cs:task/><cs:countersign mode="all" members='[person("ann"), person("bob")]'/><cs:outcome id="a"/><cs:outcome id="b"/></extensionElements></userTask>` + user("u") + seq("s>t>u>e"),
		se + `<userTask id="t"><extensionElements><cs:task/><cs:countersign mode="any" members='[person("ann"), person("bob")]'/><cs:outcome id="a"/><cs:outcome id="b"/></extensionElements></userTask>` + user("u") + seq("s>t>u>e"), nil,
		"[t t]", "t=a [u] u= .",
	},
	{
		"in a sub-process with a new event sub-process", se + subp("p1", user("t")+seq("s_p1>t>e_p1")) + seq("s>p1>e"),
		se + subp("p1", user("t")+eventSub("v", "message m", user("k")+seq("s_v>k>e_v"))+seq("s_p1>t>e_p1")) + user("u") + seq("s>p1>u>e"), nil,
		"[t]", "!paid [k] k= [u] u= .",
	},
	{
		"at an event gateway", se + `<eventBasedGateway id="g"/>` + catch("c1", "message m") + catch("c2", "timer PT2H") + user("t") + user("u") + seq("s>g", "g>c1>t>e", "g>c2>u>e"),
		se + `<eventBasedGateway id="g"/>` + catch("c1", "message m2") + catch("c2", "timer PT2H") + user("t") + user("u") + user("v") + seq("s>g", "g>c1>t>v>e", "g>c2>u>e"), nil,
		"[]", "!paid [] !asked [t] t= [v] v= .",
	},
	{
		"compensation", se + user("a") + undo("a") + throw("w", "compensate") + user("t") + seq("s>a>t>w>e"),
		se + user("x") + undo("x") + throw("w", "compensate") + user("t") + user("u") + seq("s>x>t>w>u>e"),
		map[string]string{"a": "x"},
		"a= [t]", "t= [h_x] h_x= [u] u= .",
	},
	{
		"one of many", se + marked(ext(subp("p1", user("t")+seq("s_p1>t>e_p1"))), par(list+"|item")) + user("u") + seq("s>p1>u>e"),
		se + marked(ext(subp("p2", user("t")+script("y", `{note: note + item}`)+seq("s_p2>t>y>e_p2"))), par(list+"|item|out|item")) + boundary("b", "p2", "timer PT1H") + user("u") + user("v") + seq("s>p2>u>e", "b>v>e"),
		map[string]string{"p1": "p2", "s_p1": "s_p2", "e_p1": "e_p2"},
		"t= [t t]", "t= &y [t] +1h [v] v= .",
	},
	{
		"one after the other", se + marked(user("t"), sequ("3")) + user("u") + seq("s>t>u>e"), se + marked(user("t"), sequ("3")) + user("v") + seq("s>t>v>e"), nil,
		"t= [t]", "t= [t] t= [v] v= .",
	},
	{
		"a round of a standard loop", se + loop2(user("t")) + user("u") + seq("s>t>u>e"), se + loop2(user("x")) + timerOn("b", "x", "true", `<timeDuration>PT1H</timeDuration>`) + user("u") + user("v") + seq("s>x>u>e", "b>v>e"),
		map[string]string{"t": "x"},
		"t= [t]", "[x] +1h [v] v= .",
	},
	{
		"a call", callingModel(), calling + boundary("b", "c", "error er") + user("t") + user("u") + user("v") + user("w") + seq("s>c>g>t>e", `g>u?note = "high">w>e`, "b>v>e"), nil,
		"[]", `*{"level":"high"} [u] u= [w] w= .`,
	},
}

func (w *world) migrate(mig flow.Migration, biz flow.Biz) error {
	in := w.instances(biz)[0].ID
	return w.db.Write(w.t.Context(), func(tx *store.Tx) error {
		_, err := w.e.Migrate(w.t.Context(), tx, person("eve", "boss"), mig, in, "", "the law has changed")
		return err
	})
}

func TestMigrations(t *testing.T) {
	each(t, func(w *world) {
		for _, c := range migrations {
			w.t.Log(c.name)
			mig := flow.Migration{Key: "main", Map: c.ids}
			mig.From = w.deploy("main", processWith(c.from))
			biz := w.start("main")
			w.play(biz, c.before)
			mig.To = w.deploy("main", processWith(c.to))
			var plan flow.MigrationPlan
			w.read(func(tx *store.Tx) (err error) {
				plan, err = w.e.PlanMigration(w.t.Context(), tx, mig)
				return err
			})
			if plan.Ready == 0 || plan.Ready != plan.Instances {
				w.t.Fatalf("%s: plan %+v", c.name, plan)
			}
			if err := w.migrate(mig, biz); err != nil {
				w.t.Fatalf("%s: %v", c.name, err)
			}
			if got := w.instances(biz)[0].Version; got != mig.To {
				w.t.Fatalf("%s: version %d, want %d", c.name, got, mig.To)
			}
			w.play(biz, c.after)
		}
	})
}

func TestMigrationRefused(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		old := w.deploy("main", processWith(se+fork+user("t")+user("u")+user("v")+seq("s>g", "g>t>h", "g>u>h", "h>v>e")))
		for _, c := range []struct{ name, model, code string }{
			{"type changed", se + fork + `<receiveTask id="t" messageRef="m"/>` + user("u") + user("v") + seq("s>g", "g>t>h", "g>u>h", "h>v>e"), "flow.migrate.type"},
			{"node gone", se + fork + user("x") + user("u") + user("v") + seq("s>g", "g>x>h", "g>u>h", "h>v>e"), "flow.migrate.node"},
			{"no fork any more", se + user("t") + user("u") + user("v") + seq("s>t>u>v>e"), "flow.migrate.block"},
			{"many of one", se + fork + marked(user("t"), par("2")) + user("u") + user("v") + seq("s>g", "g>t>h", "g>u>h", "h>v>e"), "flow.migrate.type"},
			{"two branches in one", se + fork + user("t") + user("u") + user("v") + user("w") + seq("s>g", "g>t>u>h", "g>w>h", "h>v>e"), "flow.migrate.branch"},
		} {
			w.deploy("main", processWith(se+fork+user("t")+user("u")+user("v")+seq("s>g", "g>t>h", "g>u>h", "h>v>e")))
			biz := w.start("main")
			mig := flow.Migration{Key: "main", From: old, To: w.deploy("main", processWith(c.model))}
			var plan flow.MigrationPlan
			w.read(func(tx *store.Tx) (err error) {
				plan, err = w.e.PlanMigration(t.Context(), tx, mig)
				return err
			})
			found := false
			for _, n := range plan.Nodes {
				found = found || n.Blocks[c.code] > 0
			}
			if plan.Ready != 0 || !found {
				t.Errorf("%s: plan %+v, want %s", c.name, plan, c.code)
			}
			if err := w.migrate(mig, biz); fault.CodeOf(err) != c.code || fault.KindOf(err) != fault.Conflict {
				t.Errorf("%s: got %v, want %s", c.name, err, c.code)
			}
			w.play(biz, "[t u] t= u= v= .")
		}
		biz := w.start("main")
		now := w.instances(biz)[0].Version
		for _, c := range []struct {
			code string
			mig  flow.Migration
		}{
			{"flow.migrate.same", flow.Migration{Key: "main", From: now, To: now}},
			{"flow.definition", flow.Migration{Key: "main", From: now, To: 999}},
			{"flow.migrate.node", flow.Migration{Key: "main", From: now, To: old, Map: map[string]string{"nowhere": "t"}}},
			{"flow.migrate.version", flow.Migration{Key: "main", From: old, To: now}},
		} {
			if err := w.migrate(c.mig, biz); fault.CodeOf(err) != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
		}
	})
}

// The history names both versions, and a repeat of the command does nothing.
func TestMigrationHistory(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		mig := flow.Migration{Key: "main", From: w.deploy("main", process(se+user("t")+seq("s>t>e")))}
		biz := w.start("main")
		mig.To = w.deploy("main", process(se+user("t")+user("u")+seq("s>t>u>e")))
		in := w.instances(biz)[0].ID
		for range 2 {
			w.write(func(tx *store.Tx) error {
				_, err := w.e.Migrate(t.Context(), tx, person("eve", "boss"), mig, in, "cmd-1", "r")
				return err
			})
		}
		w.read(func(tx *store.Tx) error {
			list, err := w.e.History(t.Context(), tx, biz)
			if len(list) != 2 || list[1].Op != "migrate" || len(list[1].Notes) != 1 || list[1].Notes[0].Text != "1 → 2" {
				t.Errorf("history %+v", list)
			}
			return err
		})
		err := w.db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := w.e.Migrate(t.Context(), tx, person("ann", "clerk"), mig, in, "", "r")
			return err
		})
		if fault.KindOf(err) != fault.Denied {
			t.Errorf("a clerk's migration gave %v, want denied", err)
		}
	})
}
