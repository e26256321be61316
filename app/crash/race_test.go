package crash_test

import (
	"fmt"
	"math/rand"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"chengshu/base/store/storetest"
)

// race is two nodes on one database and people who are there at the same moment.
type race struct {
	*driver
	urls []string
}

// TestTwoNodesAtOnce: what people do at the same moment on two nodes of one database.
func TestTwoNodesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.PostgreSQLURL(t))
	c := newCluster(t, w.cfg, 2)
	x := &race{driver: newDriver(t, w, c)}
	x.urls, _ = c.up()
	for range 10 {
		x.oneTakes()
		x.oneKey()
		x.everybodyAdds()
	}
	x.numbers()
	x.timers(newRandom(t))
	x.http.CloseIdleConnections()
	x.inspect(t.Context(), true)
	for i := range x.urls {
		c.kill(i)
	}
}

// at sends ops at the same moment, to the nodes in turn.
func (x *race) at(ops []*op) []answer {
	x.t.Helper()
	out := make([]answer, len(ops))
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i, o := range ops {
		wg.Go(func() {
			<-start
			a, err := x.once(x.urls[i%len(x.urls)], o)
			if err != nil {
				x.t.Error(err)
			}
			out[i] = a
		})
	}
	close(start)
	wg.Wait()
	for i, o := range ops {
		if o.got = out[i]; i == 0 || o != ops[i-1] {
			x.keep(o)
		}
	}
	return out
}

// report makes a case on one node and gives its path.
func (x *race) report() string {
	x.t.Helper()
	o := x.news("create", x.w.of("urban.collector")[0].token, http.MethodPost, "/api/v1/records/urban.case", map[string]any{
		"category": "E0102", "detail": "垃圾", "place": map[string]any{"address": "演示街1号", "area": "/990100/990100001/"},
	})
	a := x.at([]*op{o})[0]
	if a.status != http.StatusCreated {
		x.t.Fatalf("create: %d %s", a.status, a.raw)
	}
	return a.location
}

// oneTakes: two people complete one task; one is told who was faster.
func (x *race) oneTakes() {
	x.t.Helper()
	path := x.report()
	people := x.w.of("urban.acceptor")
	var ops []*op
	for i, p := range people { // each node shows the task at once, whichever took the report
		a, err := x.once(x.urls[i], &op{token: p.token, method: http.MethodGet, path: path + "/actions"})
		tasks := a.items("tasks")
		if err != nil || len(tasks) != 1 {
			x.t.Fatalf("node %d offers %d %s: %v", i, a.status, a.raw, err)
		}
		ops = append(ops, x.news("task.complete", p.token, http.MethodPost, fmt.Sprintf("/api/v1/tasks/%s/commands/complete", tasks[0]["id"]),
			map[string]any{"outcome": "accept", "data": map[string]any{"category": "E0102"}}))
	}
	got := x.at(ops)
	won := 0
	if got[1].ok() {
		won = 1
	}
	lost := got[1-won].object()
	if detail := fmt.Sprint(lost["detail"]); !got[won].ok() || got[1-won].status != http.StatusConflict || lost["code"] != "task.taken" || !strings.Contains(detail, people[won].name) {
		x.t.Errorf("got %d and %d %s, want that %s was faster", got[won].status, got[1-won].status, got[1-won].raw, people[won].name)
	}
}

// oneKey: one request under one key, sent to both nodes several times, is one change with one answer.
func (x *race) oneKey() {
	x.t.Helper()
	path := x.report()
	o := x.news("command.add_reporter", x.w.of("urban.acceptor")[0].token, http.MethodPost, path+"/commands/add_reporter",
		map[string]any{"data": map[string]any{"source": "hotline", "words": "又有人反映"}})
	got := x.at([]*op{o, o, o, o})
	for _, a := range got {
		if !a.same(got[0]) || !a.ok() {
			x.t.Errorf("one key: got %d %s and %d %s", got[0].status, got[0].raw, a.status, a.raw)
		}
	}
}

// everybodyAdds: who names no revision is not refused because somebody else was there too. No caller is lost.
func (x *race) everybodyAdds() {
	x.t.Helper()
	path := x.report()
	people := x.w.of("urban.acceptor")
	var ops []*op
	for i := range 6 {
		ops = append(ops, x.news("command.add_reporter", people[i%2].token, http.MethodPost, path+"/commands/add_reporter",
			map[string]any{"data": map[string]any{"source": "hotline", "words": fmt.Sprint("来电", i)}}))
	}
	for _, a := range x.at(ops) {
		if !a.ok() {
			x.t.Errorf("add_reporter: %d %s", a.status, a.raw)
		}
	}
	a, err := x.once(x.urls[0], &op{token: people[0].token, method: http.MethodGet, path: path})
	if got := a.object()["reported"]; err != nil || got != float64(7) {
		x.t.Errorf("reported %v times, want 7: %v", got, err)
	}
}

// numbers: many reports at once get each a number of its own.
func (x *race) numbers() {
	x.t.Helper()
	var ops []*op
	for i := range 24 {
		ops = append(ops, x.news("create", "", http.MethodPost, "/api/v1/records/urban.case", map[string]any{
			"category": "E0103", "detail": fmt.Sprint("垃圾", i), "place": map[string]any{"address": "演示街1号", "area": "/990100/990100001/"},
		}))
	}
	seen := map[string]bool{}
	for _, a := range x.at(ops) {
		n := fmt.Sprint(a.object()["number"])
		if a.status != http.StatusCreated || seen[n] {
			x.t.Errorf("create: %d %s", a.status, a.raw)
		}
		seen[n] = true
	}
}

// timers fall due while people work on the same cases; none is put off for that, which the node would complain of.
func (x *race) timers(r *rand.Rand) {
	x.t.Helper()
	chief := x.w.of("urban.duty_chief")[0]
	var paths []string
	for range 60 {
		paths = append(paths, x.report())
	}
	late := func() bool {
		a, err := x.once(x.urls[0], &op{token: chief.token, method: http.MethodGet, path: "/api/v1/records/urban.case:aggregate?filter=" +
			url.QueryEscape(`accept_late = false and state = "accepting" and category = "E0102"`)})
		if err != nil || !a.ok() {
			x.t.Fatalf("%d %s %v", a.status, a.raw, err)
		}
		left := a.items("items")
		return len(left) == 0 || left[0]["value"] == float64(0)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 8 {
		mine := rand.New(rand.NewSource(r.Int63()))
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					path := paths[mine.Intn(len(paths))] + "/commands/urge"
					if a := x.act(mine, x.news("command.urge", chief.token, http.MethodPost, path, map[string]any{"reason": "尽快"})); !a.ok() {
						x.t.Errorf("urge: %d %s", a.status, a.raw)
					}
				}
			}
		})
	}
	for deadline := time.Now().Add(4 * time.Minute); !late(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			x.t.Error("the limits have passed and nobody noted it")
			break
		}
	}
	close(stop)
	wg.Wait()
}
