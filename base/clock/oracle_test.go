package clock_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"chengshu/base/clock"
)

// walker is the slow truth: it knows the named days and walks minute by minute.
type walker struct {
	named map[string]clock.Kind
}

func newWalker(days []clock.NamedDay) walker {
	w := walker{map[string]clock.Kind{}}
	for _, d := range days {
		w.named[d.Date.String()] = d.Kind
	}
	return w
}

func (w walker) worked(v time.Time) bool {
	v = v.In(clock.Shanghai)
	if kind, ok := w.named[v.Format(time.DateOnly)]; ok {
		return kind == clock.Work
	}
	return v.Weekday() != time.Saturday && v.Weekday() != time.Sunday
}

func (w walker) open(v time.Time) bool {
	v = v.In(clock.Shanghai)
	m := v.Hour()*60 + v.Minute()
	return (m >= 510 && m < 720 || m >= 870 && m < 1050) && w.worked(v)
}

// due walks minutes until n of them ran; a workday limit runs n days and stops at midnight.
func (w walker) due(from time.Time, n int64, unit clock.Unit) time.Time {
	running := func(time.Time) bool { return true }
	switch unit {
	case clock.Workhour:
		running = w.open
	case clock.Workday:
		running = w.worked
		y, m, d := from.In(clock.Shanghai).Date()
		from = time.Date(y, m, d+1, 0, 0, 0, 0, clock.Shanghai)
	default: // runs day and night
	}
	v := from
	for ran := int64(0); ran < n; v = v.Add(time.Minute) {
		if running(v) {
			ran++
		}
	}
	return v
}

var minutesOf = map[clock.Unit]int64{
	clock.Workday: 1440, clock.Workhour: 60, clock.Day: 1440, clock.Hour: 60, clock.Minute: 1, clock.UrgentHour: 60, clock.UrgentDay: 1440,
}

func drawFrom(t *rapid.T) time.Time {
	// the announced years with two years on either side
	m := rapid.Int64Range(0, 24*366*1440).Draw(t, "minute")
	return time.Date(2005, 1, 1, 0, 0, 0, 0, clock.Shanghai).Add(time.Duration(m) * time.Minute)
}

func TestDueEqualsMinuteWalker(t *testing.T) {
	t.Parallel()
	c, w := sharedCalendar(t), newWalker(sharedDays(t))
	rapid.Check(t, func(t *rapid.T) {
		from := drawFrom(t)
		unit := clock.Unit(rapid.IntRange(0, 6).Draw(t, "unit"))
		n := rapid.Int64Range(1, 9).Draw(t, "n")
		got, _ := c.Due(from, clock.Of(n, unit))
		if want := w.due(from, n*minutesOf[unit], unit); !got.Equal(want) {
			t.Fatalf("%s + %d %s: got %s, want %s", stamp(from), n, unit, stamp(got), stamp(want))
		}
		if unit != clock.Workday && c.Used(from, got, unit).N != n*1000 {
			t.Fatalf("used until due: got %v, want %d", c.Used(from, got, unit), n)
		}
		if left := c.Remaining(from, clock.LastDay(got).Start(), clock.Of(n, unit)); unit == clock.Workday && left.N != 0 {
			t.Fatalf("remaining on the last day: got %v, want 0", left)
		}
	})
}

func TestUsedEqualsMinuteWalker(t *testing.T) {
	t.Parallel()
	c, w := sharedCalendar(t), newWalker(sharedDays(t))
	rapid.Check(t, func(t *rapid.T) {
		from := drawFrom(t)
		to := from.Add(time.Duration(rapid.IntRange(0, 14*1440).Draw(t, "later")) * time.Minute)
		want := int64(0)
		for v := from; v.Before(to); v = v.Add(time.Minute) {
			if w.open(v) {
				want++
			}
		}
		if got := c.Used(from, to, clock.Workhour); got.N != want*1000/60 {
			t.Fatalf("%s to %s: got %v, want %d minutes", stamp(from), stamp(to), got, want)
		}
	})
}

func TestDueIsMonotone(t *testing.T) {
	t.Parallel()
	c := sharedCalendar(t)
	rapid.Check(t, func(t *rapid.T) {
		from := drawFrom(t)
		unit := clock.Unit(rapid.IntRange(0, 6).Draw(t, "unit"))
		n := rapid.Int64Range(0, 400_000).Draw(t, "thousandths")
		due, _ := c.Due(from, clock.Limit{N: n, Unit: unit})
		later := from.Add(time.Duration(rapid.Int64Range(0, int64(40*24*time.Hour)).Draw(t, "later")))
		if d, _ := c.Due(later, clock.Limit{N: n, Unit: unit}); d.Before(due) {
			t.Fatalf("start %v → %v, start %v → %v", from, due, later, d)
		}
		if d, _ := c.Due(from, clock.Limit{N: n + rapid.Int64Range(0, 5000).Draw(t, "more"), Unit: unit}); d.Before(due) {
			t.Fatalf("a longer limit ends earlier: %v, %v", d, due)
		}
		if due.Before(from) {
			t.Fatalf("due %v before start %v", due, from)
		}
	})
}

// A pause of x moves the deadline by exactly x in the same unit; so does storing what remains and starting afresh.
func TestPauseMovesDueByItsLength(t *testing.T) {
	t.Parallel()
	c := sharedCalendar(t)
	rapid.Check(t, func(t *rapid.T) {
		from := drawFrom(t)
		unit := clock.Unit(rapid.IntRange(0, 6).Draw(t, "unit"))
		limit := clock.Of(rapid.Int64Range(1, 60).Draw(t, "n"), unit)
		plain, _ := c.Due(from, limit)
		start := from.Add(time.Duration(rapid.Int64Range(0, int64(plain.Sub(from))/1000-1).Draw(t, "start")) * 1000)
		end := start.Add(time.Duration(rapid.Int64Range(0, int64(30*24*time.Hour)/1000).Draw(t, "length")) * 1000)
		paused, _ := c.DuePaused(from, limit, []clock.Pause{{From: start, To: end}})
		if got, want := c.Used(plain.Add(-time.Microsecond), paused.Add(-time.Microsecond), unit), c.Used(start, end, unit); got.N != want.N {
			t.Fatalf("%s: paused %s to %s = %v, due %s → %s = %v", from, start, end, want, plain, paused, got)
		}
		if unit != clock.Workday || c.Remaining(from, start, limit).N == 0 {
			return
		}
		if again, _ := c.Due(end, c.Remaining(from, start, limit)); !again.Equal(paused) {
			t.Fatalf("re-armed: got %s, want %s", again, paused)
		}
	})
}
