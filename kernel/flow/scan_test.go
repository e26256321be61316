package flow_test

import (
	"sync"
	"testing"
	"time"

	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/flow"
)

// Three nodes scan the same timers: every one has its effect exactly once.
func TestTimerRace(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Helper()
		w := newWorld(t, storetest.Open(t, url))
		w.deploy("k", process(se+`<endEvent id="e2"/>`+user("t")+user("u")+timerOn("b", "t", "false", `<timeDuration>PT1H</timeDuration>`)+seq("s>t>e", "b>u>e2")))
		const n = 60
		for range n {
			w.start("k")
		}
		w.clock.Advance(time.Hour)
		var wg sync.WaitGroup
		fired := make([]int, 3)
		for i := range fired {
			v := *w
			if i > 0 {
				v.db = w.db
				if !w.db.Serial() { // SQLite has one writing process
					v.db = storetest.Open(t, url)
				}
			}
			v.e = v.engine()
			wg.Go(func() {
				for idle := 0; idle < 3; {
					ok, err := v.e.Tick(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					if !ok {
						idle++
						continue
					}
					fired[i]++
				}
			})
		}
		wg.Wait()
		if sum := fired[0] + fired[1] + fired[2]; sum != n {
			t.Errorf("%v fired, want %d together", fired, n)
		}
		if got := w.count(`SELECT COUNT(*) FROM flow_task WHERE node = 'u'`); got != n {
			t.Errorf("%d effects, want %d", got, n)
		}
		if got := w.count(`SELECT COUNT(*) FROM (SELECT inst FROM flow_task WHERE node = 'u' GROUP BY inst HAVING COUNT(*) > 1) AS d`); got != 0 {
			t.Errorf("%d instances with two effects", got)
		}
	})
}

// A timer that cannot be fired is put off and does not stop the others.
func TestTimerThatFails(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("k", process(se+`<intermediateCatchEvent id="c"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></intermediateCatchEvent>
			`+script("x", `{nowhere: 1}`)+seq("s>c>x>e")))
		w.start("k")
		w.deploy("l", process(se+`<intermediateCatchEvent id="c"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></intermediateCatchEvent>`+user("t")+seq("s>c>t>e")))
		good := w.start("l")
		w.clock.Advance(time.Hour)
		if _, err := w.e.Tick(t.Context()); err == nil {
			t.Error("the broken timer fired")
		}
		w.tick()
		if got := w.nodes(good); got != "t" {
			t.Errorf("the good timer did not fire: %q", got)
		}
		if n := w.count(`SELECT COUNT(*) FROM flow_timer`); n != 1 {
			t.Errorf("%d timers left, want the broken one", n)
		}
	})
}

// Run stops when its context ends and fires what is due meanwhile.
func TestRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t))
	w.deploy("k", process(se+`<intermediateCatchEvent id="c"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></intermediateCatchEvent>`+user("t")+seq("s>c>t>e")))
	biz := w.start("k")
	ctx, stop := contextWithCancel(t)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.e.Run(ctx, time.Millisecond, func(err error) { t.Error(err) })
	}()
	w.clock.Advance(time.Hour)
	for w.nodes(biz) != "t" {
		time.Sleep(time.Millisecond)
	}
	stop()
	<-ended
}

// A definition version is immutable: the same bytes are the same version, running instances stay on theirs.
func TestVersions(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		one, two := process(se+user("t")+user("u")+seq("s>t>u>e")), process(se+user("t")+user("v")+seq("s>t>v>e"))
		if v := w.deploy("k", one); v != 1 {
			t.Fatalf("version %d", v)
		}
		old := w.start("k")
		if v := w.deploy("k", two); v != 2 {
			t.Fatalf("version %d", v)
		}
		young := w.start("k")
		if v := w.deploy("k", one); v != 1 {
			t.Fatalf("the same bytes gave version %d", v)
		}
		third := w.start("k")
		w.e = w.engine() // nothing but the tables is needed to go on
		ann := person("ann", "clerk")
		for biz, want := range map[flow.Biz]string{old: "u", young: "v", third: "u"} {
			w.must(ann, flow.Command{Name: flow.Complete, Task: w.task(biz, "t").ID})
			if got := w.nodes(biz); got != want {
				t.Errorf("%s is at %s, want %s", biz.ID, got, want)
			}
		}
		w.read(func(tx *store.Tx) error {
			xml, v, err := w.e.Definition(t.Context(), tx, "k", 2)
			if string(xml) != string(two) || v != 2 {
				t.Error("the bytes of version 2 are not the ones deployed")
			}
			return err
		})
	})
}
