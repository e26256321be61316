package server_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"chengshu/base/store"
)

func count(t *testing.T, w *world, sql string, args ...any) int {
	t.Helper()
	var n int
	err := w.app.DB.Read(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow(t.Context(), sql, args...).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestIdempotency: the same key gives the same answer and one change; another body under it is refused.
func TestIdempotency(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		chief := w.as(t, "zbz01")
		path := "/api/v1/records/urban.duty"
		before := count(t, w, "SELECT count(*) FROM urban_duty")
		body := map[string]any{"category": "E0102", "unit": "/county/cgj/hwzx/"}
		first := chief.want(t, 201, "POST", path, body, "Idempotency-Key", "k1")
		again := chief.want(t, 201, "POST", path, body, "Idempotency-Key", "k1")
		if !bytes.Equal(first.raw, again.raw) || again.Header.Get("Idempotent-Replayed") != "true" ||
			first.Header.Get("Location") != again.Header.Get("Location") || first.Header.Get("ETag") != again.Header.Get("ETag") {
			t.Errorf("another answer:\n%v %s\n%v %s", first.Header, first.raw, again.Header, again.raw)
		}
		if n := count(t, w, "SELECT count(*) FROM urban_duty"); n != before+1 {
			t.Errorf("%d records made", n-before)
		}
		got := chief.want(t, 422, "POST", path, map[string]any{"category": "E0103", "unit": "/county/cgj/hwzx/"}, "Idempotency-Key", "k1")
		if got.text("code") != "idempotency.other" {
			t.Errorf("code %s", got.raw)
		}
		chief.want(t, 422, "POST", path+"?x=1", body, "Idempotency-Key", "k1")
		chief.want(t, 400, "POST", path, body, "Idempotency-Key", strings.Repeat("k", 201))

		// The key is the caller's own: another person's request under the same key runs.
		w.as(t, "pqy01").want(t, 201, "POST", path, map[string]any{"category": "E0104", "unit": "/county/cgj/hwzx/"}, "Idempotency-Key", "k1")

		// What failed is not remembered: it may be tried again.
		chief.want(t, 409, "POST", path, body, "Idempotency-Key", "k2")
		one := "/api/v1/records/urban.duty/" + first.text("id")
		chief.want(t, 204, "DELETE", one, nil, "If-Match", `"1"`, "Idempotency-Key", "k3")
		gone := chief.want(t, 204, "DELETE", one, nil, "If-Match", `"1"`, "Idempotency-Key", "k3")
		if len(gone.raw) > 0 {
			t.Errorf("204 with %q", gone.raw)
		}

		w.clock.Advance(25 * time.Hour)
		if err := w.app.Server.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := count(t, w, "SELECT count(*) FROM server_request"); n != 0 {
			t.Errorf("%d answers kept after a day", n)
		}
	})
}

// TestIdempotencyRace: the same request many times at once is one change with one answer.
func TestIdempotencyRace(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		acceptor := w.as(t, "slr01")
		visitor := w.visitor()
		for round := range 5 {
			data := w.reportData(fmt.Sprintf("第 %d 处垃圾", round))
			made := parallel(8, func(int) *answer {
				return visitor.do(t, "POST", "/api/v1/records/urban.case", data, "Idempotency-Key", fmt.Sprint("create-", round))
			})
			id := same(t, made, 201).text("id")
			task := acceptor.task(t, id)
			path := fmt.Sprintf("/api/v1/tasks/%s/commands/", task["id"])
			same(t, parallel(8, func(int) *answer {
				return acceptor.do(t, "POST", path+"claim", map[string]any{}, "Idempotency-Key", fmt.Sprint("claim-", round))
			}), 200)
			same(t, parallel(8, func(int) *answer {
				return acceptor.do(t, "POST", path+"complete", map[string]any{"outcome": "accept", "data": map[string]any{"category": "E0102"}},
					"Idempotency-Key", fmt.Sprint("complete-", round))
			}), 200)
			if n := count(t, w, "SELECT count(*) FROM urban_case"); n != round+1 {
				t.Fatalf("%d cases after %d reports", n, round+1)
			}
			if n := count(t, w, "SELECT count(*) FROM journal WHERE subject = ? AND action = 'flow.complete'", "urban.case/"+id); n != 1 {
				t.Fatalf("completed %d times", n)
			}
		}
	})
}

// parallel calls fn n times at once.
func parallel(n int, fn func(i int) *answer) []*answer {
	out := make([]*answer, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			out[i] = fn(i)
		})
	}
	close(start)
	wg.Wait()
	return out
}

// same demands that all answers have the status and one body.
func same(t *testing.T, list []*answer, status int) *answer {
	t.Helper()
	for _, a := range list {
		if a.StatusCode != status || !bytes.Equal(a.raw, list[0].raw) {
			t.Fatalf("got %d %s\nwant %d %s", a.StatusCode, a.raw, status, list[0].raw)
		}
	}
	return list[0]
}

// TestOneWins: of people who complete one task at the same moment exactly one does; every other is told who did.
func TestOneWins(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		second := w.colleague(t, "slr02", "受理员乙", "slr01")
		people := []*client{w.as(t, "slr01"), second}
		names := []string{"受理员甲", "受理员乙"}
		for round := range 10 {
			id := w.report(t, fmt.Sprintf("第 %d 处垃圾", round))
			task := people[0].task(t, id)
			got := parallel(2, func(i int) *answer {
				return people[i].do(t, "POST", fmt.Sprintf("/api/v1/tasks/%s/commands/complete", task["id"]),
					map[string]any{"outcome": "accept", "data": map[string]any{"category": "E0102"}}, "Idempotency-Key", fmt.Sprint(round))
			})
			winner, loser := 0, 1
			if got[1].StatusCode == http.StatusOK {
				winner, loser = 1, 0
			}
			if got[winner].StatusCode != http.StatusOK {
				t.Fatalf("nobody won: %s %s", got[0].raw, got[1].raw)
			}
			if got[loser].StatusCode != http.StatusConflict {
				t.Fatalf("the loser got %d %s", got[loser].StatusCode, got[loser].raw)
			}
			got[loser].mustBeProblem(t)
			if got[loser].text("code") != "task.taken" || !strings.Contains(got[loser].text("detail"), names[winner]) {
				t.Fatalf("the loser is told %s, the winner is %s", got[loser].raw, names[winner])
			}
			if n := count(t, w, "SELECT count(*) FROM journal WHERE subject = ? AND action = 'flow.complete'", "urban.case/"+id); n != 1 {
				t.Fatalf("completed %d times", n)
			}
			record := people[0].want(t, 200, "GET", "/api/v1/records/urban.case/"+id, nil)
			if record.text("state") != "verifying" || record.body["_display"].(map[string]any)["accepted_by"] != names[winner] {
				t.Fatalf("afterwards %s", record.raw)
			}
		}
	})
}
