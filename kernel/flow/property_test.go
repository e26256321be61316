package flow

import (
	"fmt"
	"math/rand"
	"os"
	"slices"
	"strings"
	"testing"

	"chengshu/base/bpmn"
	"chengshu/base/fault"
)

// runs gives how many random runs to make: many with CHENGSHU_LONG=1.
func runs(short, long int) int {
	if os.Getenv("CHENGSHU_LONG") == "1" {
		return long
	}
	return short
}

// Random models × random commands. After every command tokens and open tasks agree; after a last stretch without
// returns the instance has ended exactly once: 0 stuck, 0 double ends.
func TestForkGroups(t *testing.T) {
	t.Parallel()
	n := runs(3000, 120_000)
	done, passed := map[string]int{}, map[string]int{}
	for seed := range int64(n) {
		r := rand.New(rand.NewSource(seed))
		g := &modeler{r: r, max: 10}
		xml := g.model()
		p := planOf(t, xml)
		m := newMemory(t, p, seed)
		if err := m.wander(r, done); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, xml)
		}
		for what, n := range m.passed {
			passed[what] += n
		}
	}
	t.Logf("%d runs, 0 stuck, 0 double ends; %v", n, done)
	t.Logf("%v", passed)
	for _, what := range []string{
		"boundaryEvent timer", "boundaryEvent error", "boundaryEvent escalation", "startEvent message", "startEvent signal", "startEvent timer", "startEvent conditional",
		"intermediateCatchEvent link", "intermediateCatchEvent signal", "eventBasedGateway ", "endEvent error", "intermediateThrowEvent compensate", "handler", "subProcess many", "userTask many", "receiveTask many",
	} {
		if passed[what] == 0 {
			t.Errorf("no token ever came to %q: the test does not test it", what)
		}
	}
	for _, op := range []string{Complete, Return, "direct", Withdraw, Jump, Add, Remove, "timer", "event", Retry} {
		if done[op] == 0 {
			t.Errorf("%s never succeeded: the test does not test it", op)
		}
	}
}

// wander does random commands, then finishes the instance.
func (m *memory) wander(r *rand.Rand, done map[string]int) error {
	if err := m.check(); err != nil {
		return err
	}
	for range 5 + r.Intn(40) {
		if m.ended > 0 {
			break
		}
		op, err := m.random(r)
		switch {
		case err == nil:
			done[op]++
		case fault.KindOf(err) != fault.Conflict && fault.KindOf(err) != fault.Denied:
			return fmt.Errorf("%s: %w", op, err)
		}
		if err := m.check(); err != nil {
			return fmt.Errorf("after %s: %w", op, err)
		}
	}
	for step := 0; m.ended == 0; step++ {
		open := m.open()
		if len(open) == 0 {
			if on, err := m.goOn(); err != nil || !on {
				return fmt.Errorf("stuck: %s %w", m, err)
			}
			if err := m.check(); err != nil {
				return fmt.Errorf("going on: %w", err)
			}
			continue
		}
		if step > 500 {
			return fmt.Errorf("no end in sight: %s", m)
		}
		if err := m.do(Complete, open[r.Intn(len(open))], Command{Outcome: "a"}); err != nil {
			return err
		}
		if err := m.check(); err != nil {
			return fmt.Errorf("finishing: %w", err)
		}
	}
	if m.ended != 1 {
		return fmt.Errorf("ended %d times", m.ended)
	}
	return nil
}

func (m *memory) random(r *rand.Rand) (string, error) {
	open := m.open()
	if len(open) == 0 {
		_, err := m.goOn()
		return "event", err
	}
	k := open[r.Intn(len(open))]
	all := m.s.tasks[r.Intn(len(m.s.tasks))]
	outcome := []string{"a", "b"}[r.Intn(2)]
	switch n := r.Intn(24); {
	case n >= 22:
		if ok, err := m.retry(); !ok || err != nil {
			return "none", err
		}
		return Retry, nil
	case n >= 20:
		if len(m.subs) == 0 {
			return "none", nil
		}
		return "event", m.happen(m.subs[r.Intn(len(m.subs))])
	case n < 9:
		return Complete, m.do(Complete, k, Command{Outcome: outcome})
	case n < 12:
		return Return, m.do(Return, k, Command{Target: all.Node, Reason: "x", Resubmit: "replay"})
	case n < 14:
		return "direct", m.do(Return, k, Command{Target: all.Node, Reason: "x", Resubmit: "direct"})
	case n < 16:
		return Withdraw, m.do(Withdraw, all, Command{})
	case n == 16:
		tok := m.s.tokens[r.Intn(len(m.s.tokens))]
		cmd := Command{Name: Jump, Token: tok.id, Target: all.Node, Reason: "x"}
		return Jump, m.act(worker, cmd, (*machine).jump)
	case n == 17:
		to := []Candidate{{Kind: ByPerson, Ref: fmt.Sprintf("q%d", r.Intn(100))}}
		return Add, m.do(Add, k, Command{To: to, Before: r.Intn(2) == 0})
	case n == 18:
		return Remove, m.do(Remove, all, Command{Reason: "x"})
	default:
		if len(m.timers) == 0 {
			return "none", nil
		}
		return "timer", m.fire(m.timers[r.Intn(len(m.timers))])
	}
}

// check tests the invariants between commands.
func (m *memory) check() error {
	if m.ended > 1 {
		return fmt.Errorf("double end")
	}
	tasks := map[int64]*Task{}
	for _, k := range m.s.tasks {
		if k.State != Open && k.State != Blocked {
			continue
		}
		if tasks[k.token] != nil {
			return fmt.Errorf("token %d has two tasks: %s", k.token, m)
		}
		tasks[k.token] = k
	}
	moving := 0
	for _, t := range m.s.tokens {
		n, k := m.p.nodes[t.node], tasks[t.id]
		delete(tasks, t.id)
		switch t.state {
		case live:
			if waiting := n.Kind == bpmn.Catch || n.Kind == bpmn.EventGateway || n.Kind == bpmn.ReceiveTask; waiting && k == nil {
				if !m.held(t.id) {
					return fmt.Errorf("token %d waits at %s for nothing: %s", t.id, t.node, m)
				}
				moving++
				break
			}
			if n.Kind != bpmn.UserTask || k == nil || k.Node != t.node {
				return fmt.Errorf("token %d rests at %s without a task: %s", t.id, t.node, m)
			}
			if k.State == Open {
				moving++
			}
		case failed:
			moving++
		case joined:
			if n.closes == "" || t.stack.top().block != n.closes || k != nil {
				return fmt.Errorf("token %d waits wrongly at %s: %s", t.id, t.node, m)
			}
		case queued:
			if !n.multi() || k != nil {
				return fmt.Errorf("token %d is queued at %s: %s", t.id, t.node, m)
			}
		}
		if err := m.placed(t, n); err != nil {
			return err
		}
	}
	if len(tasks) > 0 {
		return fmt.Errorf("%d open tasks without a token: %s", len(tasks), m)
	}
	if m.ended == 0 && moving == 0 {
		return fmt.Errorf("stuck: %s", m)
	}
	if m.ended > 0 && len(m.s.tokens) > 0 {
		return fmt.Errorf("ended with tokens left: %s", m)
	}
	for _, r := range m.s.repeats {
		if m.ended == 0 && len(m.s.members(r.id)) == 0 {
			return fmt.Errorf("block %d of %s is open and empty: %s", r.id, r.node, m)
		}
	}
	return m.doubled()
}

// held tells whether a timer or subscription of a token is set.
func (m *memory) held(token int64) bool {
	return slices.ContainsFunc(m.subs, func(s sub) bool { return s.holder == token }) ||
		slices.ContainsFunc(m.timers, func(t timer) bool { return t.holder == token })
}

// placed checks that the stack of a token is the static position of its node.
func (m *memory) placed(t *token, n *node) error {
	want := n.path
	if t.state == joined || n.inHandler() || t.state == failed && n.closes != "" { // a handler lies where compensation was thrown
		return nil
	}
	got := t.stack
	if n.multi() && t.state != failed {
		if got.top().block != n.ID {
			return fmt.Errorf("member token %d outside of its group: %s", t.id, m)
		}
		got = got[:len(got)-1]
	}
	if inBody(t, n) {
		got = got[:len(got)-1]
	}
	for _, f := range t.stack {
		if f.body() && m.s.repeat(f.group) == nil {
			return fmt.Errorf("token %d is in a block that is closed: %s", t.id, m)
		}
	}
	if len(got) != len(want) {
		return fmt.Errorf("token %d at %s has %d blocks around it, want %d: %s", t.id, n.ID, len(got), len(want), m)
	}
	for i := range want {
		if !got[i].fits(want[i]) {
			return fmt.Errorf("token %d at %s lies in %v, want %v", t.id, n.ID, got[i], want[i])
		}
	}
	return nil
}

// doubled checks that no two tokens are in the same place: every pair parts in a fork, a countersign or a side path.
func (m *memory) doubled() error {
	for i, a := range m.s.tokens {
		for _, b := range m.s.tokens[i+1:] {
			k := 0
			for k < len(a.stack) && k < len(b.stack) && a.stack[k] == b.stack[k] {
				k++
			}
			parted := false
			switch {
			case k < len(a.stack) && k < len(b.stack):
				x, y := a.stack[k], b.stack[k]
				parted = x.group == y.group && x.branch != y.branch || m.sideway(x.block) || m.sideway(y.block)
			case k < len(a.stack):
				parted = m.sideway(a.stack[k].block)
			case k < len(b.stack):
				parted = m.sideway(b.stack[k].block)
			default:
				parted = k > 0 && m.p.nodes[a.stack[k-1].block].multi() && a.index != b.index
			}
			if !parted {
				return fmt.Errorf("tokens %d and %d are one too many: %s", a.id, b.id, m)
			}
		}
	}
	return nil
}

func (m *memory) sideway(block string) bool {
	n := m.p.nodes[block]
	return n.Attached != nil || n.Triggered
}

func (m *memory) String() string {
	var b strings.Builder
	for _, t := range m.s.tokens {
		fmt.Fprintf(&b, "[%d %s %s %s]", t.id, t.node, t.state, t.stack)
	}
	for _, k := range m.s.tasks {
		if k.State == Open || k.State == Blocked {
			fmt.Fprintf(&b, " %s@%s", k.State, k.Node)
		}
	}
	return b.String()
}
