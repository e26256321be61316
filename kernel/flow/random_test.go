package flow_test

import (
	"fmt"
	"math/rand"
	"testing"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/flow"
	"chengshu/kernel/identity"
)

// Random models × random commands through the tables. The rules themselves are tried out far more often in memory
// (TestForkGroups); here it is what is stored that must agree after every command.
func TestRandomOnDatabases(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("child", childOfRandom)
		usual, short := w.e, *w
		short.steps = 7
		for seed := range int64(flow.Runs(25, 1500)) {
			r := rand.New(rand.NewSource(seed))
			if w.e = usual; seed%3 == 2 {
				w.e = short.engine()
			}
			key := fmt.Sprintf("m%d", seed)
			w.deploy(key, flow.RandomModel(seed))
			biz := w.start(key)
			if err := w.wander(r, biz); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			w.clean(biz)
		}
	})
}

// childOfRandom is the process that random models call.
var childOfRandom = process(se + `<userTask id="ct"><extensionElements><cs:task candidates='role("r")'/><cs:outcome id="a"/><cs:outcome id="b"/></extensionElements></userTask>` + seq("s>ct>e"))

func (w *world) running(biz flow.Biz) bool { return w.instances(biz)[0].State == flow.Running }

// actorOf gives a person who may do the task.
func actorOf(k *flow.Task) identity.Actor {
	a := person("w", "r")
	if k.Candidates[0].Kind == flow.ByPerson {
		a.Person = k.Candidates[0].Ref
	}
	if k.Assignee != "" {
		a.Person = k.Assignee
	}
	return a
}

func (w *world) wander(r *rand.Rand, biz flow.Biz) error {
	for step := 0; w.running(biz); step++ {
		if step > 400 {
			return fmt.Errorf("no end in sight at %s", w.nodes(biz))
		}
		if err := w.agree(biz); err != nil {
			return fmt.Errorf("step %d: %w", step, err)
		}
		if err := w.nudge(r, biz, step < 30); err != nil {
			return fmt.Errorf("step %d: %w", step, err)
		}
	}
	return nil
}

// nudge does one thing with a matter: any command while wild, else one that leads to its end.
func (w *world) nudge(r *rand.Rand, biz flow.Biz, wild bool) error {
	all := w.open(biz)
	var open []*flow.Task
	for _, k := range all {
		if k.State == flow.Open {
			open = append(open, k)
		}
	}
	if len(open) == 0 || wild && r.Intn(12) == 0 {
		return w.happen(r, biz)
	}
	k := open[r.Intn(len(open))]
	cmd := flow.Command{Name: flow.Complete, Task: k.ID, Outcome: "a", Reason: "r"}
	who := actorOf(k)
	if wild {
		cmd.Outcome = []string{"a", "b"}[r.Intn(2)]
		switch n := r.Intn(11); {
		case n < 2:
			cmd.Name, cmd.Resubmit = flow.Return, []string{"replay", "direct"}[r.Intn(2)]
			cmd.Target = all[r.Intn(len(all))].Node
		case n == 2:
			cmd.Name, cmd.To, cmd.Before = flow.Add, []flow.Candidate{{Kind: flow.ByPerson, Ref: "q"}}, r.Intn(2) == 0
		case n == 3 && k.Prev != "":
			cmd.Name, cmd.Task = flow.Withdraw, k.Prev
			who.Person = "w"
		}
	}
	_, err := w.do(who, cmd)
	if kind := fault.KindOf(err); err != nil && (cmd.Name == flow.Complete || kind != fault.Conflict && kind != fault.Denied && kind != fault.NotFound) {
		return fmt.Errorf("%s: %w", cmd.Name, err)
	}
	return nil
}

// happen lets happen what a matter waits for that is no task.
func (w *world) happen(r *rand.Rand, biz flow.Biz) error {
	if len(w.open(biz)) == 0 && !w.waits(biz) {
		return fmt.Errorf("stuck at %v", w.instances(biz))
	}
	for _, in := range w.instances(biz) {
		if err := w.mend(in.ID); err != nil {
			return err
		}
	}
	w.poke(biz)
	for _, err := range []error{nil, fault.New(fault.Unavailable, "test.down"), flow.Raise("E1"), nil}[r.Intn(4):] {
		if _, ok := w.work(`{"n":2}`, err); !ok {
			break
		}
	}
	return nil
}

// mend tries again what waits for an administrator.
func (w *world) mend(instance string) error {
	var list []flow.Incident
	w.read(func(tx *store.Tx) (err error) {
		list, err = w.e.OpenIncidents(w.t.Context(), tx, flow.IncidentQuery{Instance: instance, Limit: 200})
		return err
	})
	for _, i := range list {
		_, err := w.do(person("eve", "boss"), flow.Command{Name: flow.Retry, Instance: instance, Token: i.Token, Reason: "r"})
		if err != nil && fault.KindOf(err) != fault.Conflict { // one that went with another
			return fmt.Errorf("retry: %w", err)
		}
	}
	return nil
}

// waits tells whether a token waits for an event, a call, or an administrator.
func (w *world) waits(biz flow.Biz) bool {
	return w.count(`SELECT COUNT(*) FROM flow_token x JOIN flow_inst i ON i.id = x.inst WHERE i.biz_id = ? AND (x.state = 'failed'
		OR EXISTS (SELECT 1 FROM flow_sub s WHERE s.inst = x.inst AND s.holder = x.id) OR EXISTS (SELECT 1 FROM flow_job j WHERE j.inst = x.inst AND j.token = x.id)
		OR EXISTS (SELECT 1 FROM flow_timer t WHERE t.inst = x.inst AND t.holder = x.id))`, biz.ID) > 0
}

// poke lets everything happen that random models may wait for.
func (w *world) poke(biz flow.Biz) {
	w.t.Helper()
	w.clock.Advance(time.Hour)
	w.tick()
	if w.running(biz) {
		w.play(biz, "!paid $storm")
	}
}

// agree compares the tokens with the open tasks as they are stored.
func (w *world) agree(biz flow.Biz) error {
	in := w.instances(biz)[0]
	for what, query := range map[string]string{
		"open tasks without a token at their node": `SELECT COUNT(*) FROM flow_task k LEFT JOIN flow_token x ON x.inst = k.inst AND x.id = k.token AND x.node = k.node
			WHERE k.inst = ? AND k.state IN ('open', 'blocked') AND x.id IS NULL`,
		"live tokens without an open task": `SELECT COUNT(*) FROM flow_token x LEFT JOIN flow_task k ON k.inst = x.inst AND k.token = x.id AND k.state IN ('open', 'blocked')
			WHERE x.inst = ? AND x.state = 'live' AND k.id IS NULL AND NOT EXISTS (SELECT 1 FROM flow_sub s WHERE s.inst = x.inst AND s.holder = x.id)
			AND NOT EXISTS (SELECT 1 FROM flow_timer t WHERE t.inst = x.inst AND t.holder = x.id)
			AND NOT EXISTS (SELECT 1 FROM flow_job j WHERE j.inst = x.inst AND j.token = x.id)
			AND NOT EXISTS (SELECT 1 FROM flow_inst i WHERE i.id = x.child AND i.ended = 0)`,
		"blocks without a token": `SELECT COUNT(*) FROM flow_repeat p WHERE p.inst = ? AND NOT EXISTS (SELECT 1 FROM flow_token x WHERE x.inst = p.inst
			AND ('/' || x.stack) LIKE ('%/' || CAST(p.id AS TEXT) || ':%'))`,
		"tokens with two open tasks":    `SELECT COUNT(*) FROM (SELECT token FROM flow_task WHERE inst = ? AND state IN ('open', 'blocked') GROUP BY token HAVING COUNT(*) > 1) AS d`,
		"open tasks without candidates": `SELECT COUNT(*) FROM flow_task k WHERE k.inst = ? AND k.state = 'open' AND NOT EXISTS (SELECT 1 FROM flow_task_cand c WHERE c.task = k.id)`,
		"closed tasks with candidates":  `SELECT COUNT(*) FROM flow_task k WHERE k.inst = ? AND k.state IN ('done', 'cancelled') AND EXISTS (SELECT 1 FROM flow_task_cand c WHERE c.task = k.id)`,
	} {
		if n := w.count(query, in.ID); n != 0 {
			return fmt.Errorf("%d %s", n, what)
		}
	}
	return nil
}
