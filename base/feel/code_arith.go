package feel

import "github.com/cockroachdb/apd/v3"

func compileNeg(n *node) code {
	k, pos := compile(n.kids[0]), n.pos
	return func(e *Env, l *local) Value {
		switch v := k(e, l).(type) {
		case nil:
			return nil
		case Number:
			return v.neg()
		case Duration:
			return v.neg()
		case Months:
			return -v
		default:
			e.at = pos
			return e.fail("feel.arithmetic", "operator", "-", "left", "", "right", kindOf(v).String())
		}
	}
}

func compileArith(n *node) code {
	a, b, o, pos := compile(n.kids[0]), compile(n.kids[1]), n.op, n.pos
	return func(e *Env, l *local) Value {
		x, y := a(e, l), b(e, l)
		if x == nil || y == nil {
			return nil
		}
		e.at = pos
		return arith(e, o, x, y)
	}
}

// arith is DMN 1.5 tables 51 to 58. Operands are not null.
func arith(e *Env, o op, x, y Value) Value {
	var v Value
	ok := false
	switch a := x.(type) {
	case Number:
		if o == opPow && !e.spend(powCost(y)) {
			return nil
		}
		v, ok = arithNumber(o, a, y)
	case string:
		if b, isString := y.(string); isString && o == opAdd {
			return e.sized(a + b)
		}
	case Date:
		v, ok = arithDate(e, o, a, y)
	case DateTime:
		v, ok = arithDateTime(e, o, a, y)
	case Time:
		v, ok = arithTime(e, o, a, y)
	case Duration:
		v, ok = arithDuration(e, o, a, y)
	case Months:
		v, ok = arithMonths(e, o, a, y)
	}
	if !ok {
		return e.fail("feel.arithmetic", "operator", opSigns[o], "left", kindOf(x).String(), "right", kindOf(y).String())
	}
	return v
}

func arithNumber(o op, a Number, y Value) (Value, bool) {
	switch b := y.(type) {
	case Number:
		n, ok := calc(o, a, b)
		return n, ok
	case Duration:
		if o == opMul {
			return scaleDuration(b, a)
		}
	case Months:
		if o == opMul {
			return scaleMonths(b, a)
		}
	}
	return nil, false
}

// powCost: a whole power is some multiplications, another one takes logarithms.
func powCost(y Value) int {
	const transcendental = 1000
	if n, ok := y.(Number); ok {
		if _, whole := n.Int64(); whole {
			return 1
		}
	}
	return transcendental
}

func calc(o op, a, b Number) (Number, bool) {
	switch o {
	case opAdd:
		return a.add(b)
	case opSub:
		return a.sub(b)
	case opMul:
		return a.mul(b)
	case opDiv:
		return a.div(b)
	default:
		return a.pow(b)
	}
}

func scaleDuration(d Duration, by Number) (Value, bool) {
	n, ok := d.number().mul(by)
	if !ok {
		return nil, false
	}
	r, ok := durationFrom(n)
	return r, ok
}

func scaleMonths(m Months, by Number) (Value, bool) {
	n, ok := NumberFromInt(int64(m)).mul(by)
	return monthsFrom(n, ok)
}

// monthsFrom cuts to whole months.
func monthsFrom(n Number, ok bool) (Value, bool) {
	if !ok {
		return nil, false
	}
	n, ok = n.round(0, apd.RoundDown)
	i, whole := n.Int64()
	return Months(i), ok && whole && i <= maxMonths && i >= -maxMonths
}

// midnight is the date as a date-time in UTC, as mixed subtraction takes it.
func (d Date) midnight() DateTime { return DateTime{d, Time{Zone: utcZone}} }

func arithDate(e *Env, o op, a Date, y Value) (Value, bool) {
	switch b := y.(type) {
	case Date:
		if o == opSub {
			return Duration{Seconds: (a.days() - b.days()) * secondsPerDay}, true
		}
	case DateTime:
		if o == opSub {
			return between(e, a.midnight(), b)
		}
	case Duration:
		if o == opSub {
			b, o = b.neg(), opAdd
		}
		if o == opAdd {
			day := a.days() + floorDiv(b.Seconds, secondsPerDay)
			if b.Nanos < 0 && b.Seconds%secondsPerDay == 0 {
				day--
			}
			d := dateFromDays(day)
			return d, d.valid()
		}
	case Months:
		if o == opAdd || o == opSub {
			return shiftMonths(a, o, b)
		}
	}
	return nil, false
}

func shiftMonths(d Date, o op, m Months) (Value, bool) {
	if o == opSub {
		m = -m
	}
	r, ok := d.addMonths(int64(m))
	return r, ok
}

// between is a − b. A local date-time and a zoned one have no distance unless the environment has a zone.
func between(e *Env, a, b DateTime) (Value, bool) {
	if a.Zone.set != b.Zone.set {
		if !e.local.set {
			return nil, false
		}
		if !a.Zone.set {
			a.Zone = e.local
		} else {
			b.Zone = e.local
		}
	}
	d, ok := newDuration(a.instant()-b.instant(), int64(a.Nano-b.Nano))
	return d, ok
}

func arithDateTime(e *Env, o op, a DateTime, y Value) (Value, bool) {
	switch b := y.(type) {
	case Date:
		if o == opSub {
			return between(e, a, b.midnight())
		}
	case DateTime:
		if o == opSub {
			return between(e, a, b)
		}
	case Duration:
		if o == opSub {
			b, o = b.neg(), opAdd
		}
		if o == opAdd {
			return a.plus(b)
		}
	case Months:
		if o == opAdd || o == opSub {
			d, ok := shiftMonths(a.Date, o, b)
			if !ok {
				return nil, false
			}
			return DateTime{d.(Date), a.Time}, true
		}
	}
	return nil, false
}

func (d DateTime) plus(b Duration) (Value, bool) {
	sec, nano := d.instant()+b.Seconds, int64(d.Nano)+b.Nanos
	sec += floorDiv(nano, nanosPerSecond)
	nano -= floorDiv(nano, nanosPerSecond) * nanosPerSecond
	r, ok := fromInstant(sec, int(nano), d.Zone)
	return r, ok
}

func arithTime(e *Env, o op, a Time, y Value) (Value, bool) {
	switch b := y.(type) {
	case Time:
		if o != opSub || a.Zone.set != b.Zone.set && !e.local.set {
			return nil, false
		}
		d, ok := newDuration(int64(a.seconds()-a.offset()-b.seconds()+b.offset()), int64(a.Nano-b.Nano))
		return d, ok
	case Duration:
		if o == opSub {
			b, o = b.neg(), opAdd
		}
		if o == opAdd {
			sec, nano := int64(a.seconds())+b.Seconds, int64(a.Nano)+b.Nanos
			sec += floorDiv(nano, nanosPerSecond)
			nano -= floorDiv(nano, nanosPerSecond) * nanosPerSecond
			return timeOfDay(sec-floorDiv(sec, secondsPerDay)*secondsPerDay, int(nano), a.Zone), true
		}
	}
	return nil, false
}

func arithDuration(e *Env, o op, a Duration, y Value) (Value, bool) {
	switch b := y.(type) {
	case Duration:
		switch o {
		case opAdd:
			d, ok := a.add(b)
			return d, ok
		case opSub:
			d, ok := a.add(b.neg())
			return d, ok
		case opDiv:
			n, ok := a.number().div(b.number())
			return n, ok
		default:
			return nil, false
		}
	case Number:
		if o == opMul {
			return scaleDuration(a, b)
		}
		if n, ok := a.number().div(b); ok && o == opDiv {
			d, ok := durationFrom(n)
			return d, ok
		}
	case Date, DateTime, Time:
		if o == opAdd {
			v := arith(e, opAdd, y, a)
			return v, v != nil
		}
	}
	return nil, false
}

func arithMonths(e *Env, o op, a Months, y Value) (Value, bool) {
	switch b := y.(type) {
	case Months:
		switch o {
		case opAdd:
			return monthsFrom(NumberFromInt(int64(a+b)), true)
		case opSub:
			return monthsFrom(NumberFromInt(int64(a-b)), true)
		case opDiv:
			n, ok := NumberFromInt(int64(a)).div(NumberFromInt(int64(b)))
			return n, ok
		default:
			return nil, false
		}
	case Number:
		if o == opMul {
			return scaleMonths(a, b)
		}
		if o == opDiv {
			n, ok := NumberFromInt(int64(a)).div(b)
			return monthsFrom(n, ok)
		}
	case Date, DateTime:
		if o == opAdd {
			v := arith(e, opAdd, y, a)
			return v, v != nil
		}
	}
	return nil, false
}
