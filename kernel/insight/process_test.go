package insight_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/flow"
	"chengshu/kernel/identity"
	"chengshu/kernel/insight"
)

// task is a row of flow_task as the recount sees it.
type task struct {
	id, node, inst, biz, state      string
	version, created, claimed, done int64
	due, member                     int64
	returned, town                  bool
}

// processWorld fills the engine's tables with random tasks of records of two towns.
func processWorld(t *testing.T, db *store.DB) (*world, []task) {
	t.Helper()
	w := newWorld(t, db)
	if err := store.Migrate(t.Context(), db, flow.Migrations(), "flow"); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	var out []task
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, clock.Shanghai).UnixMicro()
	const hour = int64(3600_000_000)
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		for i := range 60 {
			rec := w.all[i]
			inst, version := fmt.Sprintf("i%02d", i), int64(1+r.IntN(2))
			if _, err := tx.Exec(t.Context(), `INSERT INTO flow_inst (id, def_key, def_version, biz_type, biz_id, org, area, state, vars, rev, seq, slas, pauses, sides,
				starter, parent, parent_token, started, ended) VALUES (?,?,?,?,?,'','','running','{}',1,1,0,0,0,'p','',0,?,?)`,
				inst, "a.case", version, "a.case", rec.ID(), start, int64(i%3)); err != nil {
				return err
			}
			for k := range 1 + r.IntN(6) {
				x := task{
					id: fmt.Sprintf("t%02d-%d", i, k), node: []string{"a", "b"}[r.IntN(2)], inst: inst, biz: rec.ID(), version: version,
					created: start + r.Int64N(60*24)*hour, member: r.Int64N(2), town: strings.HasPrefix(rec.Area(), town.Area),
				}
				x.state = []string{flow.Open, flow.Blocked, flow.Done, flow.Done, flow.Done, flow.Cancelled}[r.IntN(6)]
				if x.state != flow.Blocked && r.IntN(3) > 0 || x.state == flow.Done {
					x.claimed = x.created + r.Int64N(20)*hour + 1
				}
				if x.state == flow.Done || x.state == flow.Cancelled {
					x.done = max(x.created, x.claimed) + r.Int64N(40)*hour + 7
				}
				if r.IntN(4) > 0 {
					x.due = x.created + r.Int64N(70*24)*hour
				}
				x.returned = x.state == flow.Cancelled && r.IntN(2) == 0
				out = append(out, x)
				if err := insertTask(t, tx, x, k); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return w, out
}

func insertTask(t *testing.T, tx *store.Tx, x task, k int) error {
	t.Helper()
	_, err := tx.Exec(t.Context(), `INSERT INTO flow_task (id, inst, token, grp, mi_index, node, kind, biz_type, biz_id, org, area, cand, assignee, owner, state, outcome,
		reason, data, blocker, prev, due_at, warn_at, red_at, created, claimed, done, done_by) VALUES (?,?,1,0,?,?,'node','a.case',?,'','','[]','','',?,'','','','','',?,0,0,?,?,?,'')`,
		x.id, x.inst, x.member, x.node, x.biz, x.state, x.due, x.created, x.claimed, x.done)
	if err == nil && x.returned {
		_, err = tx.Exec(t.Context(), `INSERT INTO flow_hist (inst, seq, cmd, at, actor, on_behalf, op, node, task, outcome, reason, data, entry)
			VALUES (?,?,'',0,'','','return',?,?,'','','{}',0)`, x.inst, k+1, x.node, x.id)
	}
	return err
}

func took(list []int64) insight.Spread {
	slices.Sort(list)
	s := insight.Spread{N: int64(len(list))}
	at := func(p int) *int64 {
		v := list[(p*len(list)+99)/100-1] / 1e6
		return &v
	}
	if len(list) > 0 {
		s.P50, s.P90 = at(50), at(90)
	}
	return s
}

// recount counts in Go what the statements count, as the caption of each number says it, and the tasks of each number.
func recount(all []task, p insight.Process, seen func(task) bool) ([]insight.Node, map[string][]string) {
	slices.SortFunc(all, func(a, b task) int { return cmp.Or(cmp.Compare(a.created, b.created), cmp.Compare(a.id, b.id)) })
	arrivals := map[string]int{}
	groups := map[[2]string][]task{}
	again := map[string]bool{}
	for _, x := range all {
		key := fmt.Sprint(x.inst, x.node, x.member)
		arrivals[key]++
		again[x.id] = arrivals[key] > 1
		if seen(x) && x.created >= p.From.UnixMicro() && x.created < p.To.UnixMicro() && (p.Version == 0 || p.Version == x.version) {
			k := [2]string{fmt.Sprint(x.version), x.node}
			groups[k] = append(groups[k], x)
		}
	}
	now := p.Now.UnixMicro()
	var out []insight.Node
	cases := map[string][]string{}
	for _, list := range groups {
		n := insight.Node{Version: list[0].version, Node: list[0].node}
		var wait, work, duration []int64
		for _, x := range list {
			if x.claimed > 0 {
				wait = append(wait, x.claimed-x.created)
			}
			if x.state == flow.Done {
				duration = append(duration, x.done-x.created)
				if x.claimed > 0 {
					work = append(work, x.done-x.claimed)
				}
			}
		}
		n.Wait, n.Work, n.Duration = took(wait), took(work), took(duration)
		forecast := int64(0)
		for _, x := range list {
			open := x.state == flow.Open || x.state == flow.Blocked
			count := func(to *int64, measure string, yes bool) {
				if yes {
					*to++
					cases[n.Node+measure] = append(cases[n.Node+measure], x.id)
				}
			}
			count(&n.Entered, "entered", true)
			count(&n.Open, "open", open)
			count(&n.Done, "done", x.state == flow.Done)
			count(&n.Cancelled, "cancelled", x.state == flow.Cancelled)
			count(&n.Returned, "returned", x.returned)
			count(&n.Rework, "rework", again[x.id])
			count(&n.Overdue, "overdue", x.due > 0 && (open && x.due < now || x.state == flow.Done && x.due < x.done))
			count(&forecast, "forecast", open && x.due >= now && n.Duration.N >= insight.MinSample &&
				(now-x.created > *n.Duration.P90*1e6 || x.created+*n.Duration.P50*1e6 > x.due))
		}
		if n.Duration.N >= insight.MinSample {
			n.Forecast = &forecast
		}
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b insight.Node) int {
		return cmp.Or(cmp.Compare(a.Version, b.Version), cmp.Compare(a.Node, b.Node))
	})
	return out, cases
}

// TestProcess: the statements of both databases count what Go counts, for people who see all and people who see a town.
func TestProcess(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w, all := processWorld(t, db)
		day := func(n int) time.Time { return time.Date(2026, 1, 1+n, 0, 0, 0, 0, clock.Shanghai) }
		forecasts := int64(0)
		for _, c := range []struct {
			name    string
			who     identity.Actor
			version int64
			from    int
			to      int
		}{{"all", chief, 0, 0, 100}, {"one version", chief, 2, 0, 100}, {"a month", chief, 0, 10, 40}, {"a town", town, 0, 0, 100}, {"nothing", chief, 0, 90, 91}} {
			p := insight.Process{Key: "a.case", Version: c.version, From: day(c.from), To: day(c.to), Now: day(45)}
			want, cases := recount(all, p, func(x task) bool { return c.who.Person != town.Person || x.town })
			err := db.Read(t.Context(), func(tx *store.Tx) error {
				got, err := p.Nodes(t.Context(), tx, c.who, w.s)
				if err != nil {
					return err
				}
				if diff := gocmp.Diff(want, got); diff != "" {
					t.Errorf("%s: %s", c.name, diff)
				}
				for _, n := range got {
					if n.Forecast != nil {
						forecasts += *n.Forecast
					}
				}
				for _, node := range []string{"a", "b"} {
					for _, m := range insight.Measures() {
						list, err := p.Cases(t.Context(), tx, c.who, w.s, node, m, 1000)
						if err != nil {
							return err
						}
						var ids []string
						for _, x := range list {
							ids = append(ids, x.Task)
						}
						expect := cases[node+m]
						slices.Sort(ids)
						slices.Sort(expect)
						if !slices.Equal(ids, expect) {
							t.Errorf("%s %s %s: got %v, want %v", c.name, node, m, ids, expect)
						}
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if forecasts == 0 {
			t.Error("nothing is forecast: the test looks at nothing")
		}
		processVersions(t, w)
	})
}

func processVersions(t *testing.T, w *world) {
	t.Helper()
	err := w.db.Read(t.Context(), func(tx *store.Tx) error {
		all, err := insight.Versions(t.Context(), tx, chief, w.s, "a.case")
		if err != nil {
			return err
		}
		some, err := insight.Versions(t.Context(), tx, town, w.s, "a.case")
		if err != nil {
			return err
		}
		sum := func(list []insight.Version) (n int64) {
			for _, v := range list {
				n += v.Running + v.Ended
			}
			return n
		}
		if len(all) != 2 || all[0].Number != 2 || sum(all) != 60 || sum(some) >= 60 || sum(some) == 0 {
			t.Errorf("got %v and %v", all, some)
		}
		none, err := insight.Process{Key: "none", From: w.now(), To: w.now(), Now: w.now()}.Nodes(t.Context(), tx, chief, w.s)
		if err != nil || len(none) != 0 {
			t.Errorf("got %v %v", none, err)
		}
		if _, err := (insight.Process{Key: "a.case"}).Cases(t.Context(), tx, chief, w.s, "", "nothing", 1); fault.CodeOf(err) != "insight.measure" {
			t.Errorf("got %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
