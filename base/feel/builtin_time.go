package feel

func (t *table) temporals() {
	t.add("now() -> date and time", func(e *Env, _ []Value) Value {
		if e.Now == nil {
			return e.fail("feel.no-clock")
		}
		return DateTimeOf(e.Now())
	})
	t.add("today() -> date", func(e *Env, _ []Value) Value {
		if e.Now == nil {
			return e.fail("feel.no-clock")
		}
		return DateOf(e.Now())
	})
	days := func(name, result string, f func(d Date) Value) {
		t.add(name+"(date: date) -> "+result, func(_ *Env, a []Value) Value { return f(a[0].(Date)) })
		t.add(name+"(date: date and time) -> "+result, func(_ *Env, a []Value) Value { return f(a[0].(DateTime).Date) })
	}
	days("day of year", "number", func(d Date) Value { return NumberFromInt(int64(d.yearDay())) })
	days("day of week", "string", func(d Date) Value {
		return [...]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}[d.weekday()-1]
	})
	days("month of year", "string", func(d Date) Value {
		return [...]string{
			"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
			"December",
		}[d.Month-1]
	})
	days("week of year", "number", func(d Date) Value { return NumberFromInt(int64(d.week())) })
	days("last day of month", "number", func(d Date) Value { return NumberFromInt(int64(daysIn(d.Year, d.Month))) })
	t.add("is([value1: any?], [value2: any?]) -> boolean", func(_ *Env, a []Value) Value { return identical(a[0], a[1]) })
	t.add("not(negand: any?) -> boolean", func(e *Env, a []Value) Value {
		b, ok := a[0].(bool)
		if !ok {
			return e.fail("feel.type", "want", "boolean", "got", kindOf(a[0]).String())
		}
		return !b
	})
}

// identical is is(): same type and same value, zones included.
func identical(a, b Value) bool {
	switch x := a.(type) {
	case Time:
		y, ok := b.(Time)
		return ok && identicalTimes(x, y)
	case DateTime:
		y, ok := b.(DateTime)
		return ok && x.Date == y.Date && identicalTimes(x.Time, y.Time)
	case List:
		y, ok := b.(List)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !identical(x[i], y[i]) {
				return false
			}
		}
		return true
	}
	return kindOf(a) == kindOf(b) && Equal(a, b)
}

func identicalTimes(x, y Time) bool {
	return x.seconds() == y.seconds() && x.Nano == y.Nano && x.Zone.same(y.Zone)
}

// property is a named part of a value that is no context (DMN 1.5 table 65).
func property(v Value, name string) (Value, bool) {
	num := func(i int) (Value, bool) { return NumberFromInt(int64(i)), true }
	switch x := v.(type) {
	case Date:
		return dayProperty(x, name)
	case DateTime:
		return dateProperty(x.Date, x.Time, name)
	case Time:
		return timeProperty(x, name)
	case Duration:
		s := x.Seconds
		switch name {
		case "days":
			return num(int(s / secondsPerDay))
		case "hours":
			return num(int(s / 3600 % 24))
		case "minutes":
			return num(int(s / 60 % 60))
		case "seconds":
			return Duration{s % 60, x.Nanos}.number(), true
		}
	case Months:
		switch name {
		case "years":
			return num(int(x / 12))
		case "months":
			return num(int(x % 12))
		}
	case Range:
		switch name {
		case "start":
			return x.Low, true
		case "end":
			return x.High, true
		case "start included":
			return x.LowClosed, true
		case "end included":
			return x.HighClosed, true
		}
	}
	return nil, false
}

func dayProperty(d Date, name string) (Value, bool) {
	switch name {
	case "year":
		return NumberFromInt(int64(d.Year)), true
	case "month":
		return NumberFromInt(int64(d.Month)), true
	case "day":
		return NumberFromInt(int64(d.Day)), true
	case "weekday":
		return NumberFromInt(int64(d.weekday())), true
	}
	return nil, false
}

func dateProperty(d Date, t Time, name string) (Value, bool) {
	if v, ok := dayProperty(d, name); ok {
		return v, true
	}
	if name == "time offset" && t.Zone.set {
		return Duration{Seconds: int64(t.Zone.at(d, t))}, true
	}
	return timeProperty(t, name)
}

func timeProperty(t Time, name string) (Value, bool) {
	switch name {
	case "hour":
		return NumberFromInt(int64(t.Hour)), true
	case "minute":
		return NumberFromInt(int64(t.Minute)), true
	case "second":
		return Duration{int64(t.Second), int64(t.Nano)}.number(), true
	case "time offset":
		if t.Zone.set {
			return Duration{Seconds: int64(t.offset())}, true
		}
		return nil, true
	case "timezone":
		if t.Zone.name != "" {
			return t.Zone.name, true
		}
		return nil, true
	}
	return nil, false
}
