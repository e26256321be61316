package clock

import (
	"sort"
	"time"
)

// Due gives the instant at which a limit that begins at from runs out, and whether the answer rests on days no notice
// has announced yet (暂定). Times are exact to the microsecond, in Shanghai.
//
//   - Workday: the day of from is not counted; the deadline is 24:00 of the last working day, that is 0:00 of the day
//     after it (LastDay gives the day to show). A part of a day counts as a whole one. A limit of zero ends with the day
//     of from or, where that is not worked, with the next working day.
//   - Workhour: runs inside opening hours only; begun outside them it starts at the next opening.
//   - The others run by the wall clock.
//
// A negative limit has run out already: due is from.
func (c *Calendar) Due(from time.Time, limit Limit) (due time.Time, provisional bool) {
	day, micros := split(from)
	if limit.N <= 0 && limit.Unit != Workday || limit.N < 0 {
		if limit.N == 0 && limit.Unit == Workhour {
			due = c.NextOpening(from)
			return due, c.provisional(day, DateOf(due))
		}
		return join(day, micros), false
	}
	switch limit.Unit {
	case Workday:
		last := c.findWork(c.workBefore(day+1) + max((limit.clamp()+999)/1000, 0))
		if limit.N == 0 {
			last = c.findWork(c.workBefore(day) + 1)
		}
		return join(last+1, 0), c.provisional(day, last)
	case Workhour:
		due = c.at(c.position(day, micros) + limit.micros())
		return due, c.provisional(day, LastDay(due))
	default:
		return join(day, micros+limit.micros()), false
	}
}

// Pause is a stretch of time that does not count (停钟), From included, To not.
type Pause struct{ From, To time.Time }

// DuePaused is Due with pauses taken out. Overlapping pauses count once; a pause that begins when the limit has already
// run out changes nothing. Working days of a pause are the days after its first up to its last, so that a pause within
// one day costs none and a pause from Monday to Wednesday moves the deadline by two working days.
func (c *Calendar) DuePaused(from time.Time, limit Limit, pauses []Pause) (due time.Time, provisional bool) {
	due, provisional = c.Due(from, limit)
	if limit.N < 0 {
		return due, provisional
	}
	extra := int64(0)
	for _, p := range union(from, pauses) {
		if !p.From.Before(due) {
			break
		}
		extra += c.running(p.From, p.To, limit.Unit)
		due, provisional = c.dueExtra(from, limit, extra)
	}
	return due, provisional
}

// dueExtra is Due for a limit lengthened by extra, which is in days for workdays and in microseconds otherwise.
func (c *Calendar) dueExtra(from time.Time, limit Limit, extra int64) (time.Time, bool) {
	if limit.Unit == Workday {
		return c.Due(from, Limit{N: limit.clamp() + extra*1000, Unit: Workday})
	}
	day, micros := split(from)
	if limit.Unit != Workhour {
		return join(day, micros+limit.micros()+extra), false
	}
	total := limit.micros() + extra
	if total == 0 {
		return c.Due(from, limit)
	}
	due := c.at(c.position(day, micros) + total)
	return due, c.provisional(day, LastDay(due))
}

// Left gives what remains at an instant of a limit that began at from, with the pauses taken out; negative when it is
// overrun. It stands still while a pause runs, that is up to the pause's To.
func (c *Calendar) Left(from, at time.Time, limit Limit, pauses []Pause) Limit {
	paused := int64(0)
	for _, p := range union(from, pauses) {
		if p.To.After(at) {
			p.To = at
		}
		paused += c.running(p.From, p.To, limit.Unit)
	}
	return Limit{N: limit.clamp() - c.amount(c.running(from, at, limit.Unit)-paused, limit.Unit).N, Unit: limit.Unit}
}

// union merges pauses into disjoint ones in order, cut at from.
func union(from time.Time, pauses []Pause) []Pause {
	in := make([]Pause, 0, len(pauses))
	for _, p := range pauses {
		if p.From.Before(from) {
			p.From = from
		}
		if p.To.After(p.From) {
			in = append(in, p)
		}
	}
	sort.Slice(in, func(i, j int) bool { return in[i].From.Before(in[j].From) })
	out := in[:0]
	for _, p := range in {
		if n := len(out); n > 0 && !p.From.After(out[n-1].To) {
			if p.To.After(out[n-1].To) {
				out[n-1].To = p.To
			}
			continue
		}
		out = append(out, p)
	}
	return out
}

// Used gives the time that ran from one instant to another in a unit, rounded down to a thousandth; zero when to is not
// after from. Working days are the worked days after the day of from up to and including the day of to.
func (c *Calendar) Used(from, to time.Time, unit Unit) Limit {
	return c.amount(c.running(from, to, unit), unit)
}

// amount turns what running gives into a limit, rounded down to a thousandth.
func (c *Calendar) amount(run int64, unit Unit) Limit {
	if unit == Workday {
		return Limit{N: run * 1000, Unit: unit}
	}
	if int(unit) >= len(unitMicros) {
		return Limit{Unit: unit}
	}
	size := unitMicros[unit]
	return Limit{N: run/size*1000 + run%size*1000/size, Unit: unit}
}

// Remaining gives what is left of a limit that began at from, at the instant at; negative when it is overrun. On the
// last day of a workday limit it is zero.
func (c *Calendar) Remaining(from, at time.Time, limit Limit) Limit {
	return Limit{N: limit.clamp() - c.Used(from, at, limit.Unit).N, Unit: limit.Unit}
}

// running is the time that ran: days for workdays, microseconds otherwise.
func (c *Calendar) running(from, to time.Time, unit Unit) int64 {
	if !to.After(from) {
		return 0
	}
	a, am := split(from)
	b, bm := split(to)
	switch unit {
	case Workday:
		return c.workBefore(b+1) - c.workBefore(a+1)
	case Workhour:
		return c.position(b, bm) - c.position(a, am)
	default:
		return int64(b-a)*dayMicros + bm - am
	}
}

// IsWorkday tells whether a day is worked.
func (c *Calendar) IsWorkday(d Date) bool {
	if i := int(d - c.first); i >= 0 && i < len(c.days) {
		return c.days[i].worked
	}
	return weekWorked(d.Weekday())
}

// Workdays counts the worked days from first to last, both included.
func (c *Calendar) Workdays(first, last Date) int {
	if last < first {
		return 0
	}
	return int(c.workBefore(last+1) - c.workBefore(first))
}

// IsOpen tells whether t lies inside opening hours.
func (c *Calendar) IsOpen(t time.Time) bool {
	day, micros := split(t)
	for _, s := range c.pattern(day).spans {
		if micros >= int64(s.From)*minuteMicros && micros < int64(s.To)*minuteMicros {
			return true
		}
	}
	return false
}

// NextOpening gives t when it lies inside opening hours, else the next opening.
func (c *Calendar) NextOpening(t time.Time) time.Time {
	if c.IsOpen(t) {
		return t.In(Shanghai)
	}
	day, micros := split(t)
	return c.at(c.position(day, micros) + 1).Add(-time.Microsecond)
}

// OpeningHours gives the spans of a day; the caller may keep them but not change them.
func (c *Calendar) OpeningHours(d Date) []Span { return c.pattern(d).spans }

// Provisional tells whether a day lies outside the announced years.
func (c *Calendar) Provisional(d Date) bool { return c.provisional(d, d) }

func (c *Calendar) provisional(from, to Date) bool {
	return from < c.announcedFirst || to > c.announcedLast
}

func (c *Calendar) pattern(d Date) *pattern {
	if i := int(d - c.first); i >= 0 && i < len(c.days) {
		return &c.patterns[c.days[i].pattern]
	}
	return &c.week.days[d.Weekday()]
}

// position is the opening time in microseconds between a fixed origin and an instant.
func (c *Calendar) position(day Date, micros int64) int64 {
	sum := c.openBefore(day)
	for _, s := range c.pattern(day).spans {
		from, to := int64(s.From)*minuteMicros, int64(s.To)*minuteMicros
		if micros <= from {
			break
		}
		sum += min(micros, to) - from
	}
	return sum
}

// at gives the earliest instant of a position: at the seam of two openings it is the close of the first.
func (c *Calendar) at(position int64) time.Time {
	day := c.findOpen(position)
	rest := position - c.openBefore(day)
	for _, s := range c.pattern(day).spans {
		size := int64(s.To-s.From) * minuteMicros
		if rest <= size {
			return join(day, int64(s.From)*minuteMicros+rest)
		}
		rest -= size
	}
	return join(day+1, 0)
}

func (c *Calendar) end() Date { return c.first + Date(len(c.days)) }

func (c *Calendar) openBefore(d Date) int64 {
	switch n := len(c.days); {
	case d < c.first:
		return c.week.openBefore(d) - c.week.openBefore(c.first)
	case d > c.end():
		return c.open[n] + c.week.openBefore(d) - c.week.openBefore(c.end())
	default:
		return c.open[d-c.first]
	}
}

func (c *Calendar) workBefore(d Date) int64 {
	switch n := len(c.days); {
	case d < c.first:
		return c.week.workBefore(d) - c.week.workBefore(c.first)
	case d > c.end():
		return int64(c.work[n]) + c.week.workBefore(d) - c.week.workBefore(c.end())
	default:
		return int64(c.work[d-c.first])
	}
}

// findOpen gives the first day at whose end the opening time since the origin has reached target.
func (c *Calendar) findOpen(target int64) Date {
	n := len(c.days)
	switch {
	case target <= 0:
		return find(&c.week.open, c.week.openTotal, target+c.week.openBefore(c.first))
	case target > c.open[n]:
		return find(&c.week.open, c.week.openTotal, target-c.open[n]+c.week.openBefore(c.end()))
	default:
		return c.first + Date(sort.Search(n, func(i int) bool { return c.open[i+1] >= target }))
	}
}

// findWork gives the first day at whose end target worked days have passed since the origin.
func (c *Calendar) findWork(target int64) Date {
	n := len(c.days)
	switch {
	case target <= 0:
		return find(&c.week.work, c.week.workTotal, target+c.week.workBefore(c.first))
	case target > int64(c.work[n]):
		return find(&c.week.work, c.week.workTotal, target-int64(c.work[n])+c.week.workBefore(c.end()))
	default:
		return c.first + Date(sort.Search(n, func(i int) bool { return int64(c.work[i+1]) >= target }))
	}
}
