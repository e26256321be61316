package flow_test

import (
	"bufio"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"strings"
	"testing"

	"chengshu/base/store/storetest"
	"chengshu/kernel/flow"
)

// crashURL names the database in the environment of the process that is to be killed.
const crashURL = "CHENGSHU_FLOW_CRASH"

var crashModel = process(se + user("t", ab) + user("u") + `<exclusiveGateway id="g"/>` + timerOn("b", "u", "true", `<timeDuration>P9D</timeDuration>`) +
	seq("s>t>u>g", "g>t?amount gt 99", "g>e?amount lt 99", "b>e"))

// A process is killed at random moments of its work. After each kill what is stored agrees: record state and token, task
// and token, history, journal and revision. Nothing is done to recover.
func TestCrash(t *testing.T) {
	if url := os.Getenv(crashURL); url != "" {
		crashWorker(t, url)
		return
	}
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Helper()
		db := storetest.Open(t, url)
		w := newWorld(t, db)
		w.deploy("k", crashModel)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewSource(1))
		for round := range flow.Runs(3, 20) {
			killed(t, url, 5+r.Intn(60))
			v := *w
			v.db = storetest.Open(t, url)
			v.consistent(round)
			if err := v.db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// killed starts the worker and kills it after it has told of so many steps.
func killed(t *testing.T, url string, steps int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestCrash$", "-test.v")
	cmd.Env = append(os.Environ(), crashURL+"="+url)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for lines := bufio.NewScanner(out); lines.Scan() && seen < steps; {
		if strings.HasPrefix(lines.Text(), "step") {
			seen++
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the worker ended by itself")
	}
	if seen < steps {
		t.Fatalf("the worker made %d steps, want %d", seen, steps)
	}
}

// crashWorker begins and completes cases until it is killed.
func crashWorker(t *testing.T, url string) {
	t.Helper()
	w := &world{t: t, db: storetest.Open(t, url)}
	w.adopt()
	ann := person("ann", "clerk")
	for n := range 100_000 {
		biz := flow.Biz{Type: "test.case", ID: fmt.Sprintf("%d-%d", os.Getpid(), n)}
		w.begin("k", biz)
		for range 2 {
			for _, k := range w.open(biz) {
				outcome := ""
				if k.Node == "t" {
					outcome = "a"
				}
				w.must(ann, flow.Command{Name: flow.Complete, Task: k.ID, Outcome: outcome})
				fmt.Fprintln(os.Stdout, "step")
			}
		}
	}
}

// consistent checks what is stored after a kill.
func (w *world) consistent(round int) {
	w.t.Helper()
	for what, query := range map[string]string{
		"records whose state is not their token's": `SELECT COUNT(*) FROM test_case c JOIN flow_inst i ON i.biz_id = c.id JOIN flow_token x ON x.inst = i.id
			WHERE c.state <> ('at-' || x.node)`,
		"tokens without an open task":          `SELECT COUNT(*) FROM flow_token x WHERE NOT EXISTS (SELECT 1 FROM flow_task k WHERE k.inst = x.inst AND k.token = x.id AND k.state = 'open')`,
		"running instances without a token":    `SELECT COUNT(*) FROM flow_inst i WHERE i.state = 'running' AND NOT EXISTS (SELECT 1 FROM flow_token x WHERE x.inst = i.id)`,
		"records without a process":            `SELECT COUNT(*) FROM test_case c WHERE NOT EXISTS (SELECT 1 FROM flow_inst i WHERE i.biz_id = c.id)`,
		"instances whose history has gaps":     `SELECT COUNT(*) FROM flow_inst i WHERE i.rev <> (SELECT COUNT(*) FROM flow_hist h WHERE h.inst = i.id)`,
		"history lines without journal entry":  `SELECT COUNT(*) FROM flow_hist h WHERE NOT EXISTS (SELECT 1 FROM test_journal j WHERE j.id = h.entry)`,
		"journal entries without history line": `SELECT COUNT(*) FROM test_journal j WHERE NOT EXISTS (SELECT 1 FROM flow_hist h WHERE h.entry = j.id)`,
		"timers of nodes left":                 `SELECT COUNT(*) FROM flow_timer m WHERE NOT EXISTS (SELECT 1 FROM flow_token x WHERE x.inst = m.inst AND x.id = m.holder AND x.node = 'u')`,
	} {
		if n := w.count(query); n != 0 {
			w.t.Errorf("kill %d: %d %s", round, n, what)
		}
	}
	if w.count(`SELECT COUNT(*) FROM flow_hist`) == 0 {
		w.t.Errorf("kill %d: nothing was done before it", round)
	}
}
