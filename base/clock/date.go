package clock

import (
	"time"

	"chengshu/base/fault"
)

// Date is a civil day of Shanghai, counted in days since 1970-01-01.
type Date int32

const (
	dayMicros  = int64(24 * time.Hour / time.Microsecond)
	zoneMicros = int64(8 * time.Hour / time.Microsecond)
)

// DateOf gives the day of t in Shanghai.
func DateOf(t time.Time) Date {
	day, _ := split(t)
	return day
}

// DateFrom makes a day; values outside their range roll over as in time.Date.
func DateFrom(year int, month time.Month, day int) Date {
	return Date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// ParseDate reads yyyy-mm-dd. The fault is Invalid "clock.date".
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fault.New(fault.Invalid, "clock.date", "value", s)
	}
	return Date(floorDiv(t.Unix(), 86400)), nil
}

// LastDay gives the last day of a deadline: for one at 24:00, which is 0:00 of the next day, the day it closes.
func LastDay(due time.Time) Date { return DateOf(due.Add(-time.Microsecond)) }

// Start gives 0:00 of the day in Shanghai.
func (d Date) Start() time.Time { return join(d, 0) }

// String gives yyyy-mm-dd.
func (d Date) String() string { return d.utc().Format(time.DateOnly) }

// Year gives the civil year.
func (d Date) Year() int { return d.utc().Year() }

// Weekday gives the day of the week.
func (d Date) Weekday() time.Weekday { return time.Weekday(floorMod(int64(d)+4, 7)) }

func (d Date) utc() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// split gives the day of t and the microseconds since its 0:00.
func split(t time.Time) (Date, int64) {
	local := t.UnixMicro() + zoneMicros
	day := floorDiv(local, dayMicros)
	return Date(day), local - day*dayMicros
}

func join(d Date, micros int64) time.Time {
	return time.UnixMicro(int64(d)*dayMicros + micros - zoneMicros).In(Shanghai)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }
