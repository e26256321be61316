package flow

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"chengshu/base/bpmn"
)

func TestTally(t *testing.T) {
	t.Parallel()
	outcomes := []*outcome{{Outcome: bpmn.Outcome{ID: "yes"}}, {Outcome: bpmn.Outcome{ID: "no"}}, {Outcome: bpmn.Outcome{ID: "later"}}}
	for _, c := range []struct {
		mode    string
		percent int
		votes   string
		pending int
		want    string // "" is not certain
	}{
		{"all", 0, "", 3, ""},
		{"all", 0, "no", 2, ""},
		{"all", 0, "yes yes yes", 0, "yes"},
		{"all", 0, "yes no yes", 0, "no"},
		{"all", 0, "later no later yes", 0, "later"},
		{"all", 0, "later no", 0, "no"},
		{"any", 0, "", 3, ""},
		{"any", 0, "yes", 2, "yes"},
		{"any", 0, "later", 2, "later"},
		{"veto", 0, "yes yes", 1, ""},
		{"veto", 0, "yes no", 7, "no"},
		{"veto", 0, "yes yes", 0, "yes"},
		{"percent", 60, "yes", 4, ""},
		{"percent", 60, "yes yes yes", 2, "yes"},
		{"percent", 60, "no no", 3, ""},
		{"percent", 60, "no no later", 2, "no"},
		{"percent", 100, "yes no", 5, "no"},
		{"percent", 1, "yes", 99, "yes"},
		{"percent", 50, "yes no", 0, "yes"},
	} {
		t.Run(fmt.Sprint(c.mode, c.percent, c.votes, c.pending), func(t *testing.T) {
			t.Parallel()
			got, certain := tally(&bpmn.Countersign{Mode: c.mode, Percent: c.percent}, outcomes, strings.Fields(c.votes), c.pending)
			if got != c.want || certain != (c.want != "") {
				t.Errorf("got %q %v, want %q", got, certain, c.want)
			}
		})
	}
}

// Whatever is voted, added and removed, there is exactly one result, and it is what the counted votes say.
func TestCountersignOutcome(t *testing.T) {
	t.Parallel()
	for seed := range int64(runs(1500, 60_000)) {
		r := rand.New(rand.NewSource(seed))
		mode := []string{"all", "any", "percent", "veto"}[r.Intn(4)]
		order := []string{"seq", "par"}[r.Intn(2)]
		g := &modeler{r: r}
		id := g.task(fmt.Sprintf(`<cs:countersign mode="%s" percent="60" order="%s" members='[person("p1"), person("p2"), person("p3"), person("p4")]' allowAdd="true"/>`, mode, order))
		next := g.task("")
		g.b.WriteString(`<startEvent id="start"/><endEvent id="end"/>`)
		g.flow("start", id, plainEnd)
		g.flow(id, next, plainEnd)
		g.flow(next, "end", plainEnd)
		m := newMemory(t, planOf(t, wrap(g.b.String())), seed)
		if err := votingRound(m, r, id); err != nil {
			t.Fatalf("seed %d, %s %s: %v", seed, mode, order, err)
		}
	}
}

func votingRound(m *memory, r *rand.Rand, id string) error {
	for step := 0; m.s.tokens[0].node == id; step++ {
		if step > 200 {
			return fmt.Errorf("no result: %s", m)
		}
		open := m.open()
		if len(open) == 0 {
			return fmt.Errorf("stuck: %s", m)
		}
		k := open[r.Intn(len(open))]
		var err error
		switch r.Intn(6) {
		case 0:
			to := []Candidate{{Kind: ByPerson, Ref: fmt.Sprintf("q%d", step)}}
			err = m.do(Add, k, Command{To: to, Before: r.Intn(2) == 0})
		case 1:
			if len(m.s.tokens) > 1 {
				err = m.do(Remove, k, Command{Reason: "x"})
			}
		default:
			err = m.do(Complete, k, Command{Outcome: []string{"a", "b"}[r.Intn(2)]})
		}
		if err != nil {
			return err
		}
		if err := m.check(); err != nil {
			return err
		}
	}
	var votes []string
	for _, k := range m.s.tasks {
		if k.Node == id && k.State == Done {
			votes = append(votes, k.Outcome)
		}
		if k.Node == id && (k.State == Open || k.State == Blocked) {
			return fmt.Errorf("task of a decided countersign is %s", k.State)
		}
	}
	n := m.p.nodes[id]
	if len(m.s.tokens) != 1 || m.ended != 0 {
		return fmt.Errorf("%d tokens after the decision", len(m.s.tokens))
	}
	got := m.s.tokens[0].outcome
	want, certain := tally(n.Ext.Countersign, n.outcomes, votes, 0)
	if certain && got == want {
		return nil
	}
	// Cut short: those who did not answer count as members, and could not have changed the result.
	for pending := 1; pending < 200; pending++ {
		if want, certain := tally(n.Ext.Countersign, n.outcomes, votes, pending); certain && got == want {
			return nil
		}
	}
	return fmt.Errorf("outcome %q of votes %v", got, votes)
}
