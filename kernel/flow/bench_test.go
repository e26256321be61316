package flow_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/flow"
)

// benchModel is a case of seven steps with an exclusive gateway, task clocks and a boundary timer.
func benchModel() []byte {
	inside := se + `<exclusiveGateway id="g" default="f-g-t4"/>` + timerOn("b", "t5", "true", `<timeDuration>P1D</timeDuration>`)
	for i := 1; i <= 7; i++ {
		inside += user(fmt.Sprintf("t%d", i))
	}
	return process(inside + seq("s>t1>t2>t3>g", "g>t4>t5>t6>t7>e", "g>t1?amount gt 99", "b>t6"))
}

// BenchmarkStep measures completions against a raw loop that writes the same rows in the same transactions, in one run.
// The metric "ratio" is raw time over engine time: 1 is the limit, the goal 0.8.
func BenchmarkStep(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		for _, clients := range []int{1, 4, 16} {
			b.Run(fmt.Sprintf("%s/%d", kind, clients), func(b *testing.B) {
				var db *store.DB
				if kind == "sqlite" {
					db = storetest.SQLite(b)
				} else {
					db = storetest.PostgreSQL(b)
				}
				w := newWorld(b, db)
				w.deploy("k", benchModel())
				var engine, raw time.Duration
				for b.Loop() {
					engine += timed(clients, func(client int) { w.engineCase(client) })
					raw += timed(clients, func(client int) { w.rawCase(client) })
				}
				b.ReportMetric(float64(raw)/float64(engine), "ratio")
				b.ReportMetric(float64(8*clients*b.N)/engine.Seconds(), "steps/s")
			})
		}
	}
}

var benchSeq struct {
	sync.Mutex
	n int
}

func nextCase(kind string) flow.Biz {
	benchSeq.Lock()
	defer benchSeq.Unlock()
	benchSeq.n++
	return flow.Biz{Type: "test.case", ID: fmt.Sprintf("%s%d", kind, benchSeq.n), Org: "/county/", Area: "/99/"}
}

func timed(clients int, do func(client int)) time.Duration {
	var wg sync.WaitGroup
	start := time.Now()
	for c := range clients {
		wg.Go(func() { do(c) })
	}
	wg.Wait()
	return time.Since(start)
}

// engineCase starts a case and completes its seven steps.
func (w *world) engineCase(int) {
	ctx, ann := context.Background(), person("ann", "clerk")
	biz := nextCase("e")
	var task string
	if err := w.db.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO test_case (id, state, street, amount, note, rev) VALUES (?, 'new', 's1', 5, '', 1)`, biz.ID); err != nil {
			return err
		}
		r, err := w.e.Start(ctx, tx, ann, "k", biz)
		if err == nil {
			task = r.Opened[0].ID
		}
		return err
	}); err != nil {
		w.t.Error(err)
		return
	}
	for i := range 7 {
		var r flow.Result
		err := w.db.Write(ctx, func(tx *store.Tx) (err error) {
			r, err = w.e.Do(ctx, tx, ann, flow.Command{ID: fmt.Sprintf("%s-%d", biz.ID, i), Name: flow.Complete, Task: task})
			return err
		})
		if err != nil {
			w.t.Error(err)
			return
		}
		if len(r.Opened) > 0 {
			task = r.Opened[0].ID
		}
	}
}

// rawCase writes the rows of engineCase by plain SQL, nothing read and nothing decided.
func (w *world) rawCase(int) {
	ctx := context.Background()
	biz := nextCase("r")
	now := w.clock.Now().UnixMicro()
	for step := range 8 {
		err := w.db.Write(ctx, func(tx *store.Tx) error { return w.rawStep(ctx, tx, biz.ID, step, now) })
		if err != nil {
			w.t.Error(err)
			return
		}
	}
}

func (w *world) rawStep(ctx context.Context, tx *store.Tx, id string, step int, now int64) error {
	run := func(query string, args ...any) func() error {
		return func() error {
			_, err := tx.Exec(ctx, query, args...)
			return err
		}
	}
	w.logs.mu.Lock()
	w.logs.next++
	entry := w.logs.next
	w.logs.mu.Unlock()
	old, next := fmt.Sprintf("%036s", fmt.Sprint(id, step-1)), fmt.Sprintf("%036s", fmt.Sprint(id, step))
	const cand = `[{"kind":"role","ref":"clerk"}]`
	const body = `{"record":{"op":"flow.complete"},"process":[{"instance":"019cac0f-2680-7b6d-8dad-e2a5e46723b6","process":"k","version":1,"op":"complete","node":"t1","task":"019cac0f-2680-7b6d-8dad-e2a5e46723b6","path":["t2"],"state":"running"}]}`
	var work []func() error
	if step == 0 {
		work = append(work,
			run(`INSERT INTO test_case (id, state, street, amount, note, rev) VALUES (?, 'new', 's1', 5, '', 1)`, id),
			run(`INSERT INTO flow_inst (id, def_key, def_version, biz_type, biz_id, org, area, state, vars, rev, seq, slas, pauses, sides, starter, parent, parent_token, started, ended)
				VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`, id, "k", 1, "test.case", id, "/county/", "/99/", "running", "{}", 1, 1, 0, 0, 0, "ann", "", 0, now, 0),
			run(`INSERT INTO flow_token (inst, id, node, stack, state, mi_index, member, prev, outcome, back, child) VALUES (?,?,?,?,?,?,?,?,?,?,?)`,
				id, 1, "t1", "", "live", 0, "", "", "", "", ""),
		)
	} else {
		work = append(work,
			run(`UPDATE flow_inst SET rev = rev + 1, seq = ?, state = ?, vars = ?, slas = ?, pauses = ?, sides = ?, ended = ? WHERE id = ? AND rev = ?`, step, "running", "{}", 0, 0, 0, 0, id, step),
			run(`UPDATE flow_token SET node = ?, stack = ?, state = ?, mi_index = ?, member = ?, prev = ?, outcome = ?, back = ?, child = ? WHERE inst = ? AND id = ?`,
				fmt.Sprint("t", step), "", "live", 0, "", old, "", "", "", id, 1),
			run(`UPDATE flow_task SET assignee = ?, owner = ?, state = ?, outcome = ?, reason = ?, claimed = ?, done = ?, done_by = ? WHERE id = ?`,
				"ann", "", "done", "", "", now, now, "ann", old),
			run(`DELETE FROM flow_task_cand WHERE task IN (?)`, old),
			run(`INSERT INTO flow_cmd (id, at, result) VALUES (?,?,?)`, fmt.Sprint(id, "-", step), now, `{"instance":"019cac0f-2680-7b6d-8dad-e2a5e46723b6","state":"running","rev":3,"entry":7,"opened":[{"id":"019cac0f-2680-7b6d-8dad-e2a5e46723b6","node":"t2"}]}`),
		)
	}
	work = append(work, run(`UPDATE test_case SET state = ?, amount = ?, note = ?, rev = rev + 1 WHERE id = ?`, "at", 5, "", id))
	if step < 7 {
		work = append(work,
			run(`INSERT INTO flow_task (id, inst, token, grp, mi_index, node, kind, biz_type, biz_id, org, area, cand, assignee, owner, state, outcome, reason, data, blocker, prev,
				due_at, warn_at, red_at, created, claimed, done, done_by) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`, next, id, 1, 0, 0, fmt.Sprint("t", step+1),
				"node", "test.case", id, "/county/", "/99/", cand, "", "", "open", "", "", "", "", old, 0, 0, 0, now, 0, 0, ""),
			run(`INSERT INTO flow_task_cand (task, n, kind, ref, org, area) VALUES (?,?,?,?,?,?)`, next, 0, "role", "clerk", "", ""),
		)
	}
	switch step {
	case 4:
		work = append(work, run(`INSERT INTO flow_timer (id, inst, holder, node, kind, due_at, repeat_left) VALUES (?,?,?,?,?,?,?)`, next, id, 1, "b", "node", now, 0))
	case 5:
		work = append(work, run(`DELETE FROM flow_timer WHERE inst = ? AND holder IN (?)`, id, 1))
	case 7:
		work = append(work, run(`DELETE FROM flow_token WHERE inst = ? AND id IN (?)`, id, 1))
	}
	work = append(work,
		run(`INSERT INTO flow_hist (inst, seq, cmd, at, actor, on_behalf, op, node, task, outcome, reason, data, entry) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)`,
			id, step+1, fmt.Sprint(id, "-", step), now, "ann", "", "complete", "t1", old, "", "", `{"path":["t2"]}`, entry),
		run(`INSERT INTO test_journal (id, actor, action, subject, rev, body) VALUES (?,?,?,?,?,?)`, entry, "ann", "flow.complete", "test.case/"+id, step, body),
	)
	for _, do := range work {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}
