package flow_test

import (
	"testing"

	"chengshu/kernel/flow"
)

// A process that ends while somebody had stopped its clocks leaves no pause running and no timer behind.
func TestPauseEndsWithProcess(t *testing.T) {
	each(t, func(w *world) {
		w.deploy("k", clocked())
		biz := w.start("k")
		id := w.instances(biz)[0].ID
		w.must(boss, flow.Command{Name: flow.Pause, Instance: id, Reason: "hearing", Basis: "law 45", Limit: "2 workhour"})
		w.must(boss, flow.Command{Name: flow.Cancel, Instance: id, Reason: "mistake"})
		w.clean(biz)
		if n := w.count(`SELECT COUNT(*) FROM flow_timer`); n != 0 {
			w.t.Errorf("%d timers are left", n)
		}
		if n := w.count(`SELECT COUNT(*) FROM flow_clock WHERE stopped = 0`); n != 0 {
			w.t.Errorf("%d pauses go on", n)
		}
	})
}
