package feel

import (
	"strings"
)

func (t *table) conversions() {
	t.add("number(from: string, [grouping separator: string?], [decimal separator: string?]) -> number", fnNumber)
	t.add("number(from: number) -> number", func(_ *Env, a []Value) Value { return a[0] })
	t.add("string(from: any) -> string", func(_ *Env, a []Value) Value { return Format(a[0]) })
	t.add("date(from: string) -> date", fnDate)
	t.add("date(from: date and time) -> date", fnDateOf)
	t.add("date(from: date) -> date", func(_ *Env, a []Value) Value { return a[0] })
	t.add("date(year: number, month: number, day: number) -> date", fnDateParts)
	t.add("time(from: string) -> time", fnTime)
	t.add("time(from: time) -> time", func(_ *Env, a []Value) Value { return a[0] })
	t.add("time(from: date and time) -> time", func(_ *Env, a []Value) Value { return a[0].(DateTime).Time })
	t.add("time(hour: number, minute: number, second: number, [offset: days and time duration?]) -> time", fnTimeParts)
	t.add("date and time(from: string) -> date and time", fnDateTime)
	t.add("date and time(from: date and time) -> date and time", func(_ *Env, a []Value) Value { return a[0] })
	t.add("date and time(date: date, time: time) -> date and time", fnDateAndTime)
	t.add("date and time(date: date and time, time: time) -> date and time", func(_ *Env, a []Value) Value {
		return DateTime{a[0].(DateTime).Date, a[1].(Time)}
	})
	t.add("date and time(date: date and time, timezone: string) -> date and time", fnDateTimeZone)
	t.add("date and time(year: number, month: number, day: number, hour: number, minute: number, second: number)"+
		" -> date and time", fnDateTimeParts)
	t.add("date and time(year: number, month: number, day: number, hour: number, minute: number, second: number,"+
		" offset: days and time duration) -> date and time", fnDateTimeParts)
	t.add("date and time(year: number, month: number, day: number, hour: number, minute: number, second: number,"+
		" timezone: string) -> date and time", fnDateTimeParts)
	t.add("duration(from: string) -> any", fnDuration)
	t.add("duration(from: days and time duration) -> days and time duration", func(_ *Env, a []Value) Value { return a[0] })
	t.add("duration(from: years and months duration) -> years and months duration", func(_ *Env, a []Value) Value { return a[0] })
	t.add("years and months duration(from: date, to: date) -> years and months duration", fnMonthsBetween)
	t.add("years and months duration(from: date and time, to: date and time) -> years and months duration", fnMonthsBetween)
	t.add("years and months duration(from: date, to: date and time) -> years and months duration", fnMonthsBetween)
	t.add("years and months duration(from: date and time, to: date) -> years and months duration", fnMonthsBetween)
	t.add("range(from: string) -> range", fnRange)
}

// fnNumber: the grouping separator is space, comma, period or null; the decimal separator period, comma or null.
func fnNumber(e *Env, a []Value) Value {
	s := a[0].(string)
	group, _ := a[1].(string)
	dec, _ := a[2].(string)
	if !strings.Contains(" ,.", group) || len(group) > 1 || len(dec) > 1 || !strings.Contains(".,", dec) ||
		group != "" && group == dec {
		return e.fail("feel.number", "text", clip(s))
	}
	if group != "" {
		s = strings.ReplaceAll(s, group, "")
	}
	if dec != "" && dec != "." {
		if strings.Contains(s, ".") {
			return e.fail("feel.number", "text", clip(s))
		}
		s = strings.ReplaceAll(s, dec, ".")
	}
	n, err := ParseNumber(s)
	if err != nil {
		return e.fail("feel.number", "text", clip(s))
	}
	return n
}

func fnDate(e *Env, a []Value) Value {
	if d, ok := ParseDate(a[0].(string)); ok {
		return d
	}
	return e.fail("feel.temporal", "text", clip(a[0].(string)))
}

func fnDateOf(_ *Env, a []Value) Value { return a[0].(DateTime).Date }

// ints gives whole numbers; a part with decimals is cut off.
func ints(a []Value) ([]int, bool) {
	out := make([]int, len(a))
	for i, v := range a {
		n, ok := v.(Number)
		if !ok {
			return nil, false
		}
		x, ok := n.Int64()
		if !ok || x > maxYear || x < -maxYear {
			return nil, false
		}
		out[i] = int(x)
	}
	return out, true
}

func fnDateParts(e *Env, a []Value) Value {
	if p, ok := ints(a); ok {
		if d, ok := NewDate(p[0], p[1], p[2]); ok {
			return d
		}
	}
	return e.fail("feel.temporal", "text", "")
}

func fnTime(e *Env, a []Value) Value {
	if t, ok := ParseTime(a[0].(string)); ok {
		return t
	}
	return e.fail("feel.temporal", "text", clip(a[0].(string)))
}

// clock makes a time of day from hour, minute and second, the last with decimals.
func clock(h, m, s Value) (Time, bool) {
	p, ok := ints([]Value{h, m})
	sec, isNum := s.(Number)
	if !ok || !isNum {
		return Time{}, false
	}
	d, ok := durationFrom(sec)
	if !ok || p[0] < 0 || p[0] > 23 || p[1] < 0 || p[1] > 59 || d.Seconds < 0 || d.Nanos < 0 || d.Seconds > 59 {
		return Time{}, false
	}
	return Time{Hour: p[0], Minute: p[1], Second: int(d.Seconds), Nano: int(d.Nanos)}, true
}

func offsetOf(v Value) (Zone, bool) {
	switch x := v.(type) {
	case nil:
		return Zone{}, true
	case Duration:
		return OffsetZone(int(x.Seconds)), x.Nanos == 0 && abs64(x.Seconds) <= 18*3600
	case string:
		z, ok := parseZone(x)
		if !ok {
			z, ok = parseZone("@" + x)
		}
		return z, ok
	}
	return Zone{}, false
}

func fnTimeParts(e *Env, a []Value) Value {
	t, ok := clock(a[0], a[1], a[2])
	z, okZ := offsetOf(a[3])
	if !ok || !okZ {
		return e.fail("feel.temporal", "text", "")
	}
	t.Zone = z
	return t
}

func fnDateTime(e *Env, a []Value) Value {
	s := a[0].(string)
	if d, ok := ParseDateTime(s); ok {
		return d
	}
	if d, ok := ParseDate(s); ok {
		return DateTime{Date: d}
	}
	return e.fail("feel.temporal", "text", clip(s))
}

func fnDateAndTime(_ *Env, a []Value) Value { return DateTime{a[0].(Date), a[1].(Time)} }

func fnDateTimeZone(e *Env, a []Value) Value {
	d := a[0].(DateTime)
	z, ok := offsetOf(a[1])
	if !ok {
		return e.fail("feel.temporal", "text", clip(a[1].(string)))
	}
	if !d.Zone.set {
		d.Zone = z
		return d
	}
	if r, ok := fromInstant(d.instant(), d.Nano, z); ok {
		return r
	}
	return e.fail("feel.temporal", "text", "")
}

func fnDateTimeParts(e *Env, a []Value) Value {
	p, ok := ints(a[:3])
	t, okT := clock(a[3], a[4], a[5])
	if !ok || !okT {
		return e.fail("feel.temporal", "text", "")
	}
	d, ok := NewDate(p[0], p[1], p[2])
	if len(a) > 6 {
		z, okZ := offsetOf(a[6])
		t.Zone = z
		ok = ok && okZ
	}
	if !ok {
		return e.fail("feel.temporal", "text", "")
	}
	return DateTime{d, t}
}

func fnDuration(e *Env, a []Value) Value {
	if d, ok := ParseDuration(a[0].(string)); ok {
		return d
	}
	return e.fail("feel.temporal", "text", clip(a[0].(string)))
}

// fnMonthsBetween counts whole months between the days (DMN 1.5 table 73); times of day do not matter.
func fnMonthsBetween(_ *Env, a []Value) Value {
	from, to := dateTimeOf(a[0]), dateTimeOf(a[1])
	months := int64(to.Year-from.Year)*12 + int64(to.Month-from.Month)
	switch {
	case months > 0 && to.Day < from.Day:
		months--
	case months < 0 && to.Day > from.Day:
		months++
	}
	return Months(months)
}

func dateTimeOf(v Value) DateTime {
	switch x := v.(type) {
	case Date:
		return DateTime{Date: x}
	case DateTime:
		return x
	}
	return DateTime{}
}

// fnRange reads "[1..10)", "(< 5)" is not among its forms (DMN 1.5 table 73). Bounds are literals.
func fnRange(e *Env, a []Value) Value {
	s := strings.TrimSpace(a[0].(string))
	bad := func() Value { return e.fail("feel.range", "got", clip(s)) }
	if len(s) < 4 || !strings.Contains("[](", s[:1]) || !strings.Contains("])[", s[len(s)-1:]) {
		return bad()
	}
	low, high, ok := cutRange(s[1 : len(s)-1])
	if !ok {
		return bad()
	}
	r := Range{LowClosed: s[0] == '[', HighClosed: s[len(s)-1] == ']'}
	r.LowAbsent, r.HighAbsent = low == "", high == ""
	var okL, okH bool
	r.Low, okL = literal(low)
	r.High, okH = literal(high)
	if !okL || !okH || r.LowAbsent && (r.LowClosed || r.HighAbsent) || r.HighAbsent && r.HighClosed {
		return bad()
	}
	if r.LowAbsent || r.HighAbsent {
		return r
	}
	if r.Low == nil || r.High == nil {
		return bad()
	}
	return checkRange(e, r)
}

// cutRange finds ".." outside quotes.
func cutRange(s string) (low, high string, ok bool) {
	quoted := false
	for i := 0; i+1 < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case !quoted && s[i:i+2] == "..":
			return strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+2:]), true
		}
	}
	return "", "", false
}

// literal reads a bound: a number, a string, @"…" or one of the conversion functions on a string.
func literal(s string) (Value, bool) {
	if s == "" || s == "null" {
		return nil, true
	}
	fn, arg := "", s
	if n := strings.IndexByte(s, '('); n > 0 && strings.HasSuffix(s, ")") {
		fn, arg = strings.TrimSpace(s[:n]), strings.TrimSpace(s[n+1:len(s)-1])
	} else if strings.HasPrefix(s, "@") {
		fn, arg = "@", s[1:]
	}
	if strings.HasPrefix(arg, `"`) {
		p := &parser{src: arg}
		text, ok := p.quoted()
		if !ok || p.pos != len(arg) {
			return nil, false
		}
		switch fn {
		case "":
			return text, true
		case "@", "date", "time", "date and time", "duration":
			v := parseTemporal(text)
			k := kindOf(v).String()
			return v, v != nil && (fn == "@" || fn == k || fn == "duration" && strings.HasSuffix(k, "duration"))
		}
		return nil, false
	}
	n, err := ParseNumber(arg)
	return n, err == nil && fn == ""
}
