package flow_test

import (
	"bufio"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/flow"
)

// What the process that is to be killed is told: the database and the seed of its choices.
const (
	wildURL  = "CHENGSHU_FLOW_WILD"
	wildSeed = "CHENGSHU_FLOW_WILD_SEED"
	models   = 10 // random definitions it has
	atWork   = 6  // matters it works on
)

// Random models × random commands × kill -9. A process works on several matters of random definitions, with timers, messages,
// calls of other systems and of other processes, and is killed at random moments. Another goes on with what it finds. In the
// end every matter comes to its end: 0 stuck, 0 double ends, record, process and journal agree.
func TestCrashRandom(t *testing.T) {
	if url := os.Getenv(wildURL); url != "" {
		wildWorker(t, url)
		return
	}
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Helper()
		db := storetest.Open(t, url)
		w := newWorld(t, db)
		w.deploy("child", childOfRandom)
		r := rand.New(rand.NewSource(7))
		for i := range models {
			w.deploy(fmt.Sprintf("m%d", i), flow.RandomModel(r.Int63()))
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		kills := flow.Runs(3, 150)
		for round := range kills {
			wildKilled(t, url, r.Int63(), 10+r.Intn(60), time.Duration(r.Intn(4000))*time.Microsecond)
			w.db = storetest.Open(t, url)
			w.adopt()
			w.sound(round)
			if round < kills-1 {
				if err := w.db.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
		w.clock.Advance(24 * time.Hour) // leases of the dead are over
		ends := 0
		for _, biz := range w.matters() {
			for step := 0; w.running(biz); step++ {
				if step > 400 {
					t.Fatalf("no end in sight at %s", w.nodes(biz))
				}
				if err := w.nudge(r, biz, false); err != nil {
					t.Fatal(err)
				}
			}
			w.clean(biz)
			ends++
		}
		w.sound(kills)
		done := w.count(`SELECT COUNT(*) FROM flow_inst WHERE parent = '' AND ended <> 0`)
		if n := w.count(`SELECT COUNT(*) FROM test_case`); n != done || ends == 0 {
			t.Errorf("%d of %d matters have ended, %d of them after the last kill", done, n, ends)
		}
		t.Logf("%d kills, %d matters, %d of them at work at the last kill, %d steps", kills, done, ends, w.count(`SELECT COUNT(*) FROM flow_hist`))
	})
}

// matters gives what has not ended.
func (w *world) matters() []flow.Biz {
	w.t.Helper()
	var ids string
	w.read(func(tx *store.Tx) error {
		rows, err := tx.Query(w.t.Context(), `SELECT biz_id FROM flow_inst WHERE parent = '' AND ended = 0 ORDER BY id`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids += id + " "
		}
		return rows.Err()
	})
	var out []flow.Biz
	for id := range strings.FieldsSeq(ids) {
		out = append(out, flow.Biz{Type: "test.case", ID: id})
	}
	return out
}

// wildKilled starts the worker and kills it a moment after it has told of so many steps.
func wildKilled(t *testing.T, url string, seed int64, steps int, moment time.Duration) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestCrashRandom$", "-test.v")
	cmd.Env = append(os.Environ(), wildURL+"="+url, wildSeed+"="+strconv.FormatInt(seed, 10))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	seen, said := 0, ""
	for lines := bufio.NewScanner(out); lines.Scan() && seen < steps; {
		if strings.HasPrefix(lines.Text(), "step") {
			seen++
		} else {
			said += lines.Text() + "\n"
		}
	}
	time.Sleep(moment) // into the middle of a step
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || seen < steps {
		t.Fatalf("the worker of seed %d made %d steps of %d and said\n%s", seed, seen, steps, said)
	}
}

// wildWorker works on matters until it is killed.
func wildWorker(t *testing.T, url string) {
	t.Helper()
	seed, err := strconv.ParseInt(os.Getenv(wildSeed), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewSource(seed))
	w := &world{t: t, db: storetest.Open(t, url), steps: []int{0, 9}[r.Intn(2)]}
	w.adopt()
	w.clock.Advance(time.Minute) // leases of who was killed are over
	for n := range 100_000 {
		list := w.matters()
		if len(list) < atWork {
			w.begin(fmt.Sprintf("m%d", r.Intn(models)), flow.Biz{Type: "test.case", ID: fmt.Sprintf("%d-%d", seed, n), Org: "/county/", Area: "/99/"})
		} else if err := w.nudge(r, list[r.Intn(len(list))], r.Intn(3) > 0); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(os.Stdout, "step")
	}
}

// sound checks what is stored after a kill.
func (w *world) sound(round int) {
	w.t.Helper()
	for _, biz := range w.matters() {
		if err := w.agree(biz); err != nil {
			w.t.Errorf("kill %d: %v", round, err)
		}
	}
	for what, query := range map[string]string{
		"running instances without a token": `SELECT COUNT(*) FROM flow_inst i WHERE i.ended = 0 AND NOT EXISTS (SELECT 1 FROM flow_token x WHERE x.inst = i.id)`,
		"ended instances with tokens":       `SELECT COUNT(*) FROM flow_inst i WHERE i.ended <> 0 AND EXISTS (SELECT 1 FROM flow_token x WHERE x.inst = i.id)`,
		"records without a process":         `SELECT COUNT(*) FROM test_case c WHERE NOT EXISTS (SELECT 1 FROM flow_inst i WHERE i.biz_id = c.id)`,
		"instances whose history has gaps":  `SELECT COUNT(*) FROM flow_inst i WHERE i.rev <> (SELECT COUNT(*) FROM flow_hist h WHERE h.inst = i.id)`,
		"history without journal entry":     `SELECT COUNT(*) FROM flow_hist h WHERE NOT EXISTS (SELECT 1 FROM test_journal j WHERE j.id = h.entry)`,
		"journal entries without history":   `SELECT COUNT(*) FROM test_journal j WHERE NOT EXISTS (SELECT 1 FROM flow_hist h WHERE h.entry = j.id)`,
		"records whose last change is not in the journal": `SELECT COUNT(*) FROM test_case c WHERE c.rev > 1 AND NOT EXISTS (SELECT 1 FROM test_journal j
			WHERE j.subject = ('test.case/' || c.id) AND j.rev = c.rev AND j.body LIKE ('%"state":"' || c.state || '"%'))`,
		"records changed outside of a process": `SELECT COUNT(*) FROM test_case c WHERE c.rev <> 1 + (SELECT COUNT(*) FROM test_journal j
			WHERE j.subject = ('test.case/' || c.id) AND j.rev > 0)`,
		"timers of nothing":    `SELECT COUNT(*) FROM flow_timer m WHERE NOT EXISTS (SELECT 1 FROM flow_token x WHERE x.inst = m.inst)`,
		"jobs of no token":     `SELECT COUNT(*) FROM flow_job j WHERE NOT EXISTS (SELECT 1 FROM flow_token x WHERE x.inst = j.inst AND x.id = j.token AND x.node = j.node)`,
		"incidents of nothing": `SELECT COUNT(*) FROM flow_incident f WHERE f.closed = 0 AND NOT EXISTS (SELECT 1 FROM flow_token x WHERE x.inst = f.inst AND x.id = f.token AND x.state = 'failed')`,
		"failed tokens without an incident": `SELECT COUNT(*) FROM flow_token x WHERE x.state = 'failed' AND NOT EXISTS (SELECT 1 FROM flow_incident f
			WHERE f.inst = x.inst AND f.token = x.id AND f.closed = 0)`,
		"called processes whose caller is gone": `SELECT COUNT(*) FROM flow_inst i WHERE i.parent <> '' AND i.ended = 0 AND NOT EXISTS (SELECT 1 FROM flow_token x
			WHERE x.inst = i.parent AND x.id = i.parent_token AND x.child = i.id)`,
	} {
		if n := w.count(query); n != 0 {
			w.t.Errorf("kill %d: %d %s", round, n, what)
		}
	}
}
