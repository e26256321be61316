package flow

import (
	"math/rand"
	"testing"

	"chengshu/base/bpmn"
)

// naive is the engine that others have built: a return moves one execution and leaves the rest, a join counts arrivals.
// It is here as proof that the property test can fail.
type naive struct {
	p      *plan
	at     []*node // user tasks where executions wait
	came   map[*node]int
	ended  int
	passed int
}

func (v *naive) enter(n *node, r *rand.Rand) {
	if v.passed++; v.passed > 10_000 {
		return
	}
	if n.closes != "" {
		if v.came[n]++; v.came[n] < len(n.Incoming) {
			return
		}
		v.came[n] = 0
	}
	switch {
	case n.Kind == bpmn.UserTask:
		v.at = append(v.at, n)
	case n.Kind == bpmn.End && n.Scope == nil:
		v.ended++
	case n.Kind == bpmn.End:
		v.enter(v.p.nodes[n.Scope.ID].flows[0].to, r)
	case n.Kind == bpmn.SubProcess:
		v.enter(n.inner, r)
	case n.Kind == bpmn.Exclusive && len(n.flows) > 1:
		v.enter(n.flows[r.Intn(len(n.flows))].to, r)
	default:
		for _, f := range n.flows {
			v.enter(f.to, r)
		}
	}
}

func TestNaiveModelFails(t *testing.T) {
	t.Parallel()
	stuck, double, n := 0, 0, runs(2000, 40_000)
	for seed := range int64(n) {
		r := rand.New(rand.NewSource(seed))
		p := planOf(t, (&modeler{r: r, max: 10}).model())
		v := &naive{p: p, came: map[*node]int{}}
		v.enter(p.start, r)
		done := []*node{}
		for step := 0; len(v.at) > 0 && step < 300; step++ {
			i := r.Intn(len(v.at))
			n := v.at[i]
			v.at = append(v.at[:i], v.at[i+1:]...)
			if step < 40 && len(done) > 0 && r.Intn(3) == 0 {
				v.at = append(v.at, done[r.Intn(len(done))])
				continue
			}
			done = append(done, n)
			v.enter(n.flows[0].to, r)
		}
		switch {
		case v.ended == 0:
			stuck++
		case v.ended > 1:
			double++
		}
	}
	t.Logf("naive model: %d runs, %d stuck, %d ended twice or more", n, stuck, double)
	if stuck == 0 || double == 0 {
		t.Error("the naive model survives: the models and commands are too tame to test anything")
	}
}
