package flow_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"chengshu/base/store"
	"chengshu/base/store/storetest"
)

// TestDrain: after a long stop all that is due fires, of each process in the order of the dues, although many fire at once.
func TestDrain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		t.Parallel()
		w := newWorld(t, db)
		const n, steps = 2, 9
		body, flows := se+user("t"), "s>t>e"
		for i := range steps {
			b := "b" + strconv.Itoa(i)
			body += timerOn(b, "t", "false", `<timeDuration>PT`+strconv.Itoa(steps-i)+`H</timeDuration>`) + script("x"+b, `{note: (if note = null then "" else note) + "`+strconv.Itoa(steps-i)+`"}`) + `<endEvent id="e` + b + `"/>`
			flows += " " + b + ">x" + b + ">e" + b
		}
		w.deploy("k", process(body+seq(strings.Fields(flows)...)))
		for range n {
			w.start("k")
		}
		w.clock.Advance(20 * time.Hour)
		w.e.Drain(t.Context(), func(err error) { t.Error(err) })
		if got := w.count(`SELECT COUNT(*) FROM test_case WHERE note = '123456789'`); got != n {
			t.Errorf("%d of %d processes had their timers in order", got, n)
		}
		if got := w.count(`SELECT COUNT(*) FROM flow_timer`); got != 0 {
			t.Errorf("%d timers left", got)
		}
	})
}
