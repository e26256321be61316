package clock

import (
	"strconv"
	"strings"

	"chengshu/base/fault"
)

// Unit is what a limit is counted in (GB/T 30428.8 and the practice of 行政许可法).
type Unit uint8

// The units. Workday and Workhour follow the calendar, the others run day and night, holidays included.
const (
	Workday    Unit = iota // 工作日: whole days, the day of the event not counted, ends at 24:00
	Workhour               // 工作时: runs only inside opening hours
	Day                    // 24 hours by the wall clock
	Hour                   // by the wall clock
	Minute                 // by the wall clock
	UrgentHour             // 紧急工作时: an hour by the wall clock
	UrgentDay              // 紧急工作日: 24 hours by the wall clock
)

var unitNames = [...]string{"workday", "workhour", "day", "hour", "minute", "urgenthour", "urgentday"}

// unitMicros is the running time of one unit; a workday has none, it is counted in dates.
var unitMicros = [...]int64{0, 3_600_000_000, dayMicros, 3_600_000_000, 60_000_000, 3_600_000_000, dayMicros}

// String gives the unit's name as ParseUnit reads it.
func (u Unit) String() string {
	if int(u) < len(unitNames) {
		return unitNames[u]
	}
	return "unit(" + strconv.Itoa(int(u)) + ")"
}

// ParseUnit reads workday, workhour, day, hour, minute, urgenthour or urgentday. The fault is Invalid "clock.unit".
func ParseUnit(s string) (Unit, error) {
	for i, name := range unitNames {
		if s == name {
			return Unit(i), nil
		}
	}
	return 0, fault.New(fault.Invalid, "clock.unit", "value", s)
}

// MarshalText writes the name.
func (u Unit) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText reads the name.
func (u *Unit) UnmarshalText(b []byte) error {
	v, err := ParseUnit(string(b))
	if err != nil {
		return err
	}
	*u = v
	return nil
}

// Limit is an amount of time in a unit: N is in thousandths, so {1500, Workhour} is one and a half working hours.
// A part of a working day counts as a whole one, as the law counts days.
type Limit struct {
	N    int64
	Unit Unit
}

// maxThousandths bounds a limit at ten million units, far above any law and far below overflow.
const maxThousandths = int64(10_000_000_000)

// Of makes a limit of n whole units.
func Of(n int64, unit Unit) Limit { return Limit{N: n * 1000, Unit: unit} }

// String gives "1.5 workhour", as ParseLimit reads it.
func (l Limit) String() string {
	n, sign := l.N, ""
	if n < 0 {
		n, sign = -n, "-"
	}
	s := sign + strconv.FormatInt(n/1000, 10)
	if frac := n % 1000; frac != 0 {
		s += "." + strings.TrimRight(strconv.FormatInt(1000+frac, 10)[1:], "0")
	}
	return s + " " + l.Unit.String()
}

// ParseLimit reads "5 workday" or "1.5 workhour": not negative, at most three decimals and ten million units.
// The fault is Invalid "clock.limit".
func ParseLimit(s string) (Limit, error) {
	bad := fault.New(fault.Invalid, "clock.limit", "value", s)
	number, name, ok := strings.Cut(strings.TrimSpace(s), " ")
	if !ok {
		return Limit{}, bad
	}
	unit, err := ParseUnit(strings.TrimSpace(name))
	if err != nil {
		return Limit{}, bad.With(err)
	}
	whole, frac, dotted := strings.Cut(number, ".")
	if !digits(whole) || len(whole) > 8 || dotted && (!digits(frac) || len(frac) > 3) {
		return Limit{}, bad
	}
	n, err := strconv.ParseInt(whole+(frac + "000")[:3], 10, 64)
	if err != nil || n > maxThousandths {
		return Limit{}, bad
	}
	return Limit{N: n, Unit: unit}, nil
}

// MarshalText writes the limit as String does.
func (l Limit) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads what ParseLimit reads.
func (l *Limit) UnmarshalText(b []byte) error {
	v, err := ParseLimit(string(b))
	if err != nil {
		return err
	}
	*l = v
	return nil
}

// clamp keeps a computed limit inside the bounds, so that no sum overflows.
func (l Limit) clamp() int64 { return max(-maxThousandths, min(l.N, maxThousandths)) }

// micros is the running time of the limit; not for workdays.
func (l Limit) micros() int64 {
	if int(l.Unit) >= len(unitMicros) {
		return 0
	}
	n, unit := l.clamp(), unitMicros[l.Unit]
	return n/1000*unit + n%1000*unit/1000
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
