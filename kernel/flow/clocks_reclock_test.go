package flow_test

import (
	"fmt"
	"math/rand"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chengshu/base/clock"
	"chengshu/base/store"
	"chengshu/kernel/flow"
)

// recalendar puts another calendar in force.
func (w *world) recalendar(version string, off ...clock.Date) (changed, seen int) {
	w.t.Helper()
	w.calendar.Version = version
	for _, d := range off {
		w.calendar.Overrides = append(w.calendar.Overrides, clock.Override{Date: d, Kind: clock.Off})
	}
	w.e = w.engine()
	changed, seen, err := w.e.Reclock(w.t.Context(), boss, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	return changed, seen
}

// A matter that cannot be derived anew is told of and stops no other.
func TestReclockBroken(t *testing.T) {
	each(t, func(w *world) {
		w.deploy("bad", permit())
		w.start("bad")
		w.deploy("k", permit())
		w.clock.Set(at(9, 9))
		good := w.start("k")
		w.write(func(tx *store.Tx) error {
			_, err := tx.Exec(w.t.Context(), `UPDATE flow_def SET xml = ? WHERE def_key = 'bad'`, []byte("<x/>"))
			return err
		})
		w.calendar.Version = "test@2"
		w.calendar.Overrides = append(w.calendar.Overrides, clock.Override{Date: clock.DateFrom(2026, 3, 13), Kind: clock.Off})
		w.e = w.engine()
		changed, _, err := w.e.Reclock(w.t.Context(), boss, 0)
		if err == nil || changed != 1 {
			w.t.Errorf("changed %d, %v, want the good one and a fault of the other", changed, err)
		}
		if s := w.clockOf(good, "tell"); s.Calendar != "test@2" {
			w.t.Errorf("clock %+v, want the new calendar", s)
		}
	})
}

// A notice moves the dues and the timers of the matters it touches, with one journal entry each, and of no other.
func TestReclockNotice(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		w.deploy("k", permit())
		early := w.start("k")
		w.clock.Set(at(9, 9))
		late := w.start("k")
		entries := func(biz flow.Biz) int {
			return w.count(`SELECT COUNT(*) FROM test_journal WHERE subject = ? AND action = 'flow.reclock'`, biz.Subject())
		}
		// 13 March lies behind everything of the first, which is due on the 9th and red from the 12th.
		if changed, seen := w.recalendar("test@2", clock.DateFrom(2026, 3, 13)); changed != 1 || seen != 2 {
			t.Errorf("changed %d of %d, want 1 of 2", changed, seen)
		}
		if entries(early) != 0 || entries(late) != 1 {
			t.Errorf("%d and %d journal entries, want 0 and 1", entries(early), entries(late))
		}
		if k := w.task(late, "receive"); clock.LastDay(k.Due).String() != "2026-03-17" {
			t.Errorf("due %v, want 17 March", k.Due)
		}
		if s := w.clockOf(early, "tell"); s.Calendar != "test@2" || clock.LastDay(s.Due).String() != "2026-03-09" {
			t.Errorf("clock %+v, want the same due by the new calendar", s)
		}
		if changed, seen := w.recalendar("test@2"); changed != 0 || seen != 0 {
			t.Errorf("again: changed %d of %d", changed, seen)
		}
		w.clock.Set(at(17, 23)) // the boundary timer has moved as well
		w.tick()
		if w.nodes(early) != "decide" || w.nodes(late) != "receive" {
			t.Errorf("open %s and %s", w.nodes(early), w.nodes(late))
		}
		w.clock.Set(at(18, 0))
		w.tick()
		if w.nodes(late) != "decide" {
			t.Errorf("open %s, want deemed accepted", w.nodes(late))
		}
	})
}

// Random histories: what the tables hold is what the entries of the history give by replay, at every moment.
func TestStoredIsReplayed(t *testing.T) {
	each(t, func(w *world) {
		w.deploy("k", permit())
		done := map[string]int{}
		for seed := range flow.Runs(12, 300) {
			(&teller{world: w, r: rand.New(rand.NewSource(int64(seed))), calendars: map[string]clock.Config{}, done: done}).run(seed)
		}
		for _, op := range []string{"start", "stop", "extend", "set", "level", "pause", "resume"} {
			if done[op] == 0 {
				w.t.Errorf("no %s in any history: the test does not test it", op)
			}
		}
	})
}

// teller makes a random history of clocks.
type teller struct {
	*world
	r         *rand.Rand
	biz       flow.Biz
	calendars map[string]clock.Config
	log       []string
	done      map[string]int
}

func (p *teller) run(seed int) {
	p.clock.Set(at(2+p.r.Intn(20), 8+p.r.Intn(10)).Add(time.Duration(p.r.Intn(3600e6)) * time.Microsecond))
	p.calendars[p.calendar.Version] = p.calendar
	p.biz = p.start("k")
	p.note(p.biz, p.clock.Now().Add(-time.Duration(p.r.Intn(200))*time.Hour).Format(time.RFC3339))
	for step := range 25 {
		p.act(seed, step)
		p.check()
		if p.instances(p.biz)[0].State != flow.Running {
			return
		}
	}
}

func (p *teller) act(seed, step int) {
	id := p.instances(p.biz)[0].ID
	ann := person("ann", "clerk")
	name, units := []string{"law", "promise", "step", "tell", ""}[p.r.Intn(5)], []string{"workday", "workhour"}
	limit := fmt.Sprintf("%d %s", 1+p.r.Intn(9), units[p.r.Intn(2)])
	var cmd flow.Command
	switch n := p.r.Intn(20); {
	case n < 6:
		p.clock.Advance(time.Duration(p.r.Intn(40*3600e6)) * time.Microsecond)
		p.tick()
		p.log = append(p.log, "to "+p.clock.Now().String())
		return
	case n < 10:
		cmd = flow.Command{Name: flow.Pause, Instance: id, Reason: "hearing", Basis: "law 45"}
		if p.r.Intn(2) == 0 {
			cmd = flow.Command{Name: flow.Pause, Instance: id, Reason: "appraisal", Notice: "n", Limit: limit}
		}
	case n < 14:
		cmd = flow.Command{Name: flow.Resume, Instance: id, Target: []string{"", "hearing", "appraisal"}[p.r.Intn(3)]}
	case n < 16:
		cmd = flow.Command{Name: []string{flow.Extend, flow.Due}[p.r.Intn(2)], Instance: id, SLA: name, Limit: limit, Reason: "x"}
	case n < 18:
		open := p.open(p.biz)
		k := open[p.r.Intn(len(open))]
		cmd = flow.Command{Name: flow.Complete, Task: k.ID}
		if k.Node == "receive" {
			cmd.Outcome = "a"
		} else if p.r.Intn(2) == 0 {
			cmd = flow.Command{Name: flow.Return, Task: k.ID, Target: "receive", Reason: "x"}
		}
		_, err := p.do(ann, cmd)
		p.log = append(p.log, fmt.Sprint(cmd.Name, k.Node, err))
		return
	default:
		version := fmt.Sprintf("s%d-%d", seed, step)
		day := clock.DateOf(p.clock.Now()) + clock.Date(p.r.Intn(20))
		p.recalendar(version, day)
		p.calendars[version] = p.calendar
		p.log = append(p.log, "off "+day.String())
		return
	}
	_, err := p.do(boss, cmd)
	p.log = append(p.log, fmt.Sprint(cmd.Name, cmd.Reason, cmd.SLA, cmd.Limit, err))
}

// check compares every clock with its replay: one that has stopped by the calendar that was in force then.
func (p *teller) check() {
	p.t.Helper()
	in := p.instances(p.biz)[0]
	stored := p.slas(p.biz)
	replays := map[string][]flow.SLA{}
	for i, s := range stored {
		if replays[s.Calendar] == nil {
			var entries []flow.ClockEntry
			p.read(func(tx *store.Tx) error {
				steps, err := p.e.History(p.t.Context(), tx, p.biz)
				for _, h := range steps {
					for _, x := range h.Clocks {
						x.At = h.At
						p.done[x.Op]++
						entries = append(entries, x)
					}
				}
				return err
			})
			cal, err := clock.New(p.calendars[s.Calendar])
			if err != nil {
				p.t.Fatal(err)
			}
			replays[s.Calendar] = flow.Replay(entries, cal, p.clock.Now())
		}
		want := replays[s.Calendar][i]
		want.Instance = in.ID
		if diff := cmp.Diff(want, s); diff != "" {
			p.t.Fatalf("clock %d after %v (-replayed +stored)\n%s", i, p.log, diff)
		}
	}
	var now []flow.SLA
	p.read(func(tx *store.Tx) (err error) {
		now, err = p.e.Replayed(p.t.Context(), tx, in)
		return err
	})
	if len(now) != len(stored) {
		p.t.Fatalf("%d clocks replayed, %d stored", len(now), len(stored))
	}
}
