package feel

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"
)

// Duration is a days and time duration, as whole seconds and nanoseconds of the same sign.
type Duration struct {
	Seconds int64
	Nanos   int64 // |Nanos| < 1e9
}

// Months is a years and months duration, in months. The two kinds of duration do not compare and do not add.
type Months int64

// DurationOf is a Go duration as a days and time duration.
func DurationOf(d time.Duration) Duration {
	return Duration{Seconds: int64(d / time.Second), Nanos: int64(d % time.Second)}
}

// GoDuration is d as a Go duration; false when longer than about 292 years.
func (d Duration) GoDuration() (time.Duration, bool) {
	if d.Seconds > math.MaxInt64/nanosPerSecond-1 || d.Seconds < -(math.MaxInt64/nanosPerSecond-1) {
		return 0, false
	}
	return time.Duration(d.Seconds)*time.Second + time.Duration(d.Nanos), true
}

const maxSeconds = int64(maxYear) * 366 * secondsPerDay * 2

func newDuration(sec, nano int64) (Duration, bool) {
	sec += nano / nanosPerSecond
	nano %= nanosPerSecond
	if sec > 0 && nano < 0 {
		sec, nano = sec-1, nano+nanosPerSecond
	}
	if sec < 0 && nano > 0 {
		sec, nano = sec+1, nano-nanosPerSecond
	}
	return Duration{sec, nano}, sec <= maxSeconds && sec >= -maxSeconds
}

func (d Duration) neg() Duration { return Duration{-d.Seconds, -d.Nanos} }

func (d Duration) add(o Duration) (Duration, bool) {
	return newDuration(d.Seconds+o.Seconds, d.Nanos+o.Nanos)
}

func (d Duration) cmp(o Duration) int {
	switch {
	case d.Seconds < o.Seconds || d.Seconds == o.Seconds && d.Nanos < o.Nanos:
		return -1
	case d == o:
		return 0
	}
	return 1
}

// number is the duration in seconds.
func (d Duration) number() Number {
	n, _ := NumberFromInt(d.Seconds).add(lowest(d.Nanos, 9))
	return n
}

// durationFrom takes seconds, cut to nanoseconds.
func durationFrom(n Number) (Duration, bool) {
	n, ok := n.round(9, apd.RoundDown)
	if !ok {
		return Duration{}, false
	}
	whole, ok := n.round(0, apd.RoundDown)
	if !ok {
		return Duration{}, false
	}
	frac, ok := n.sub(whole)
	if !ok {
		return Duration{}, false
	}
	nanos, ok := frac.mul(NumberFromInt(nanosPerSecond))
	sec, okS := whole.Int64()
	nano, okN := nanos.Int64()
	if !ok || !okS || !okN || abs64(sec) > maxSeconds {
		return Duration{}, false
	}
	return newDuration(sec, nano)
}

// String is ISO 8601, e.g. "P1DT2H", "-PT0.5S", "PT0S".
func (d Duration) String() string {
	if d.Seconds == 0 && d.Nanos == 0 {
		return "PT0S"
	}
	var b strings.Builder
	s, n := d.Seconds, d.Nanos
	if s < 0 || n < 0 {
		b.WriteByte('-')
		s, n = -s, -n
	}
	b.WriteByte('P')
	part := func(v int64, unit byte) {
		if v != 0 {
			b.WriteString(strconv.FormatInt(v, 10))
			b.WriteByte(unit)
		}
	}
	part(s/secondsPerDay, 'D')
	if s %= secondsPerDay; s != 0 || n != 0 {
		b.WriteByte('T')
		part(s/3600, 'H')
		part(s/60%60, 'M')
		if s %= 60; n != 0 {
			b.WriteString(Duration{s, n}.number().String())
			b.WriteByte('S')
		} else {
			part(s, 'S')
		}
	}
	return b.String()
}

// String is ISO 8601, e.g. "P1Y2M", "P0M".
func (m Months) String() string {
	if m == 0 {
		return "P0M"
	}
	s, v := "P", int64(m)
	if v < 0 {
		s, v = "-P", -v
	}
	if v >= 12 {
		s += strconv.FormatInt(v/12, 10) + "Y"
	}
	if v%12 != 0 {
		s += strconv.FormatInt(v%12, 10) + "M"
	}
	return s
}

// ParseDuration reads either kind of ISO 8601 duration: "P1Y2M" gives Months, "P1DT2H" gives Duration. A mixture such
// as "P1M1D" is no FEEL duration.
func ParseDuration(s string) (Value, bool) {
	body, neg := s, false
	if strings.HasPrefix(body, "-") {
		body, neg = body[1:], true
	}
	if len(body) < 3 || body[0] != 'P' {
		return nil, false
	}
	date, clock, hasTime := strings.Cut(body[1:], "T")
	if hasTime && clock == "" {
		return nil, false
	}
	ym, months, okM := designators(date, "YM")
	if months && okM && !hasTime {
		v := ym[0]*12 + ym[1]
		if neg {
			v = -v
		}
		return Months(v), v <= maxMonths && v >= -maxMonths
	}
	days, _, okD := designators(date, "D")
	nano := int64(0)
	if n := strings.IndexByte(clock, '.'); n >= 0 {
		frac, isSec := strings.CutSuffix(clock[n+1:], "S")
		f, ok := digits((frac + "000000000")[:9])
		if _, all := digits("0" + frac[:min(len(frac), 9)]); !isSec || !ok || !all || frac == "" {
			return nil, false
		}
		nano, clock = int64(f), clock[:n]+"S"
	}
	hms, _, okT := designators(clock, "HMS")
	if !okD || !okT {
		return nil, false
	}
	dur, ok := newDuration(days[0]*secondsPerDay+hms[0]*3600+hms[1]*60+hms[2], nano)
	if neg {
		dur = dur.neg()
	}
	return dur, ok
}

const maxMonths = 12 * maxYear

// designators reads number–unit pairs in the order of units; found tells whether there was one, ok whether nothing else was.
func designators(s, units string) (vals [3]int64, found, ok bool) {
	for i := range len(units) {
		n := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		if n == 0 || n == len(s) || s[n] != units[i] {
			continue
		}
		v, err := strconv.ParseInt(s[:n], 10, 64)
		if err != nil || v > maxSeconds/3600/24 && units[i] != 'S' || v > maxSeconds {
			return vals, found, false
		}
		vals[i], found, s = v, true, s[n+1:]
	}
	return vals, found, s == ""
}
