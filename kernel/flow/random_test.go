package flow_test

import (
	"fmt"
	"math/rand"
	"testing"
	"time"

	"chengshu/base/fault"
	"chengshu/kernel/flow"
	"chengshu/kernel/identity"
)

// Random models × random commands through the tables. The rules themselves are tried out far more often in memory
// (TestForkGroups); here it is what is stored that must agree after every command.
func TestRandomOnDatabases(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		for seed := range int64(flow.Runs(25, 1500)) {
			r := rand.New(rand.NewSource(seed))
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
		if step > 300 {
			return fmt.Errorf("no end in sight at %s", w.nodes(biz))
		}
		if err := w.agree(biz); err != nil {
			return fmt.Errorf("step %d: %w", step, err)
		}
		all := w.open(biz)
		var open []*flow.Task
		for _, k := range all {
			if k.State == flow.Open {
				open = append(open, k)
			}
		}
		if len(open) == 0 && w.waits(biz) {
			w.poke(biz)
			continue
		}
		if len(open) == 0 {
			return fmt.Errorf("stuck at %s", w.nodes(biz))
		}
		k := open[r.Intn(len(open))]
		cmd := flow.Command{Name: flow.Complete, Task: k.ID, Outcome: "a", Reason: "r"}
		who := actorOf(k)
		if step < 30 {
			cmd.Outcome = []string{"a", "b"}[r.Intn(2)]
			switch n := r.Intn(12); {
			case n < 2:
				cmd.Name, cmd.Target, cmd.Resubmit = flow.Return, "", []string{"replay", "direct"}[r.Intn(2)]
				cmd.Target = all[r.Intn(len(all))].Node
			case n == 2:
				cmd.Name, cmd.To, cmd.Before = flow.Add, []flow.Candidate{{Kind: flow.ByPerson, Ref: "q"}}, r.Intn(2) == 0
			case n == 3 && k.Prev != "":
				cmd.Name, cmd.Task = flow.Withdraw, k.Prev
				who.Person = "w"
			case n == 4:
				w.poke(biz)
				continue
			}
		}
		_, err := w.do(who, cmd)
		if kind := fault.KindOf(err); err != nil && (cmd.Name == flow.Complete || kind != fault.Conflict && kind != fault.Denied && kind != fault.NotFound) {
			return fmt.Errorf("%s: %w", cmd.Name, err)
		}
	}
	return nil
}

// waits tells whether a token waits for an event.
func (w *world) waits(biz flow.Biz) bool {
	in := w.instances(biz)[0].ID
	return w.count(`SELECT COUNT(*) FROM flow_token x WHERE x.inst = ? AND (EXISTS (SELECT 1 FROM flow_sub s WHERE s.inst = x.inst AND s.holder = x.id)
		OR EXISTS (SELECT 1 FROM flow_timer t WHERE t.inst = x.inst AND t.holder = x.id))`, in) > 0
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
			AND NOT EXISTS (SELECT 1 FROM flow_timer t WHERE t.inst = x.inst AND t.holder = x.id)`,
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
