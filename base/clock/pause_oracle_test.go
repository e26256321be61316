package clock_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"chengshu/base/clock"
)

func drawPauses(t *rapid.T, from time.Time) []clock.Pause {
	out := make([]clock.Pause, rapid.IntRange(0, 3).Draw(t, "pauses"))
	for i := range out {
		begin := from.Add(time.Duration(rapid.IntRange(-2*1440, 12*1440).Draw(t, "begin")) * time.Minute)
		out[i] = clock.Pause{From: begin, To: begin.Add(time.Duration(rapid.IntRange(0, 9*1440).Draw(t, "length")) * time.Minute)}
	}
	return out
}

func stands(v time.Time, pauses []clock.Pause) bool {
	for _, p := range pauses {
		if !v.Before(p.From) && v.Before(p.To) {
			return true
		}
	}
	return false
}

// duePaused walks: minutes that run and do not stand, or days for workdays.
func (w walker) duePaused(from time.Time, n int64, unit clock.Unit, pauses []clock.Pause) time.Time {
	if unit == clock.Workday {
		return w.lastDay(from, n, pauses).AddDate(0, 0, 1)
	}
	v := from
	for ran := int64(0); ran < n*minutesOf[unit]; v = v.Add(time.Minute) {
		if (unit != clock.Workhour || w.open(v)) && !stands(v, pauses) {
			ran++
		}
	}
	return v
}

func midnight(v time.Time) time.Time {
	y, m, d := v.In(clock.Shanghai).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, clock.Shanghai)
}

// counted tells whether a day is a day of the limit: worked, and not one of a pause, whose days are those after its first.
func (w walker) counted(day time.Time, pauses []clock.Pause) bool {
	for _, p := range pauses {
		if p.To.After(p.From) && midnight(p.From).Before(day) && !midnight(p.To).Before(day) {
			return false
		}
	}
	return w.worked(day)
}

// lastDay walks days; a pause that runs over the end of the last one takes the end with it.
func (w walker) lastDay(from time.Time, n int64, pauses []clock.Pause) time.Time {
	day := midnight(from)
	for n > 0 {
		if day = day.AddDate(0, 0, 1); w.counted(day, pauses) {
			n--
		}
	}
	for moved := true; moved; {
		moved = false
		for _, p := range pauses {
			for d := midnight(p.To); midnight(p.From).Compare(day) <= 0 && d.After(day); d = d.AddDate(0, 0, -1) {
				if w.worked(d) {
					day, moved = d, true
					break
				}
			}
		}
	}
	return day
}

func TestPausesEqualMinuteWalker(t *testing.T) {
	t.Parallel()
	c, w := sharedCalendar(t), newWalker(sharedDays(t))
	rapid.Check(t, func(t *rapid.T) {
		from := drawFrom(t)
		unit := clock.Unit(rapid.IntRange(0, 6).Draw(t, "unit"))
		n := rapid.Int64Range(1, 9).Draw(t, "n")
		pauses := drawPauses(t, from)
		got, _ := c.DuePaused(from, clock.Of(n, unit), pauses)
		if want := w.duePaused(from, n, unit, pauses); !got.Equal(want) {
			t.Fatalf("%s + %d %s with %v: got %s, want %s", stamp(from), n, unit, pauses, stamp(got), stamp(want))
		}
	})
}

func TestLeftEqualsMinuteWalker(t *testing.T) {
	t.Parallel()
	c, w := sharedCalendar(t), newWalker(sharedDays(t))
	rapid.Check(t, func(t *rapid.T) {
		from := drawFrom(t)
		now := from.Add(time.Duration(rapid.IntRange(0, 14*1440).Draw(t, "later")) * time.Minute)
		unit := clock.Unit(rapid.IntRange(0, 6).Draw(t, "unit"))
		n := rapid.Int64Range(1, 9).Draw(t, "n")
		pauses := drawPauses(t, from)
		used := int64(0)
		if unit == clock.Workday {
			for day := midnight(from).AddDate(0, 0, 1); !day.After(now); day = day.AddDate(0, 0, 1) {
				if w.counted(day, pauses) {
					used += 1000
				}
			}
		} else {
			minutes := int64(0)
			for v := from; v.Before(now); v = v.Add(time.Minute) {
				if (unit != clock.Workhour || w.open(v)) && !stands(v, pauses) {
					minutes++
				}
			}
			used = minutes * 1000 / minutesOf[unit]
		}
		if got := c.Left(from, now, clock.Of(n, unit), pauses); got.N != n*1000-used || got.Unit != unit {
			t.Fatalf("%s to %s, %d %s with %v: got %v, want %d used", stamp(from), stamp(now), n, unit, pauses, got, used)
		}
	})
}

// While a pause runs nothing is used up, whatever the unit.
func TestLeftStandsStill(t *testing.T) {
	t.Parallel()
	c := sharedCalendar(t)
	rapid.Check(t, func(t *rapid.T) {
		from := drawFrom(t)
		unit := clock.Unit(rapid.IntRange(0, 6).Draw(t, "unit"))
		pauses := drawPauses(t, from)
		begin := from.Add(time.Duration(rapid.IntRange(0, 12*1440).Draw(t, "pause")) * time.Minute)
		left := func(days int) clock.Limit {
			now := begin.Add(time.Duration(days) * 7 * time.Hour)
			return c.Left(from, now, clock.Of(9, unit), append([]clock.Pause{{From: begin, To: now}}, pauses...))
		}
		if first, last := left(0), left(rapid.IntRange(1, 60).Draw(t, "hours")); first != last {
			t.Fatalf("left %v when the pause began, %v later", first, last)
		}
	})
}

// Counting back and forth meets on every working day of the table: the working days used up to the end of a day, added
// to the start, end on that day.
func TestUsedIsInverse(t *testing.T) {
	t.Parallel()
	c := sharedCalendar(t)
	first, last := clock.DateFrom(2007, time.January, 1), clock.DateFrom(2026, time.December, 31)
	checked := 0
	for d := first; d <= last; d++ {
		if !c.IsWorkday(d) {
			continue
		}
		for _, back := range []clock.Date{1, 2, 7, 30, 200} {
			from := (d - back).Start().Add(11 * time.Hour)
			used := c.Used(from, d.Start(), clock.Workday)
			if due, _ := c.Due(from, used); clock.LastDay(due) != d {
				t.Errorf("from %s: %v used up to %s, yet due %s", clock.DateOf(from), used, d, clock.LastDay(due))
			}
			checked++
		}
	}
	if checked < 5*4900 {
		t.Errorf("checked %d, want every working day of twenty years", checked)
	}
}
