package feel

// intervals are the relations of points and ranges (DMN 1.5 table 78, after Allen). A point is the range [p..p] where a
// relation is defined for points at all.
func (t *table) intervals() {
	type rel = func(e *Env, a, b Range) (bool, bool)
	add := func(name string, f rel, forms ...string) {
		for _, form := range forms {
			t.add(name+form, func(e *Env, a []Value) Value {
				x, y := asRange(a[0]), asRange(a[1])
				v, ok := f(e, x, y)
				if !ok {
					return e.fail("feel.compare", "left", kindOf(x.Low).String(), "right", kindOf(y.Low).String())
				}
				return v
			})
		}
	}
	const (
		pp = "(point1: any, point2: any) -> boolean"
		pr = "(point: any, range: range) -> boolean"
		rp = "(range: range, point: any) -> boolean"
		rr = "(range1: range, range2: range) -> boolean"
	)
	add("before", before, rr, pr, rp, pp)
	add("after", func(e *Env, a, b Range) (bool, bool) { return before(e, b, a) }, rr, rp, pr, pp)
	add("meets", meets, rr)
	add("met by", func(e *Env, a, b Range) (bool, bool) { return meets(e, b, a) }, rr)
	add("overlaps", overlaps, rr)
	add("overlaps before", overlapsBefore, rr)
	add("overlaps after", func(e *Env, a, b Range) (bool, bool) { return overlapsBefore(e, b, a) }, rr)
	add("finishes", finishes, rr, pr)
	add("finished by", func(e *Env, a, b Range) (bool, bool) { return finishes(e, b, a) }, rr, rp)
	add("includes", includes, rr, rp)
	add("during", func(e *Env, a, b Range) (bool, bool) { return includes(e, b, a) }, rr, pr)
	add("starts", starts, rr, pr)
	add("started by", func(e *Env, a, b Range) (bool, bool) { return starts(e, b, a) }, rr, rp)
	add("coincides", coincides, rr, pp)
}

func asRange(v Value) Range {
	if r, ok := v.(Range); ok {
		return r
	}
	return Range{Low: v, High: v, LowClosed: true, HighClosed: true}
}

// lows compares where a and b begin; an absent bound begins before all others.
func lows(e *Env, a, b Range) (c int, ok bool) {
	switch {
	case a.LowAbsent && b.LowAbsent:
		return 0, true
	case a.LowAbsent:
		return -1, true
	case b.LowAbsent:
		return 1, true
	}
	c, ok = order(e, a.Low, b.Low)
	if c == 0 && a.LowClosed != b.LowClosed {
		if a.LowClosed {
			return -1, ok
		}
		return 1, ok
	}
	return c, ok
}

func highs(e *Env, a, b Range) (c int, ok bool) {
	switch {
	case a.HighAbsent && b.HighAbsent:
		return 0, true
	case a.HighAbsent:
		return 1, true
	case b.HighAbsent:
		return -1, true
	}
	c, ok = order(e, a.High, b.High)
	if c == 0 && a.HighClosed != b.HighClosed {
		if a.HighClosed {
			return 1, ok
		}
		return -1, ok
	}
	return c, ok
}

// gap is -1 where a ends before b begins, 0 where they share exactly that point, 1 where they share more.
func gap(e *Env, a, b Range) (c int, ok bool) {
	if a.HighAbsent || b.LowAbsent {
		return 1, true
	}
	c, ok = order(e, a.High, b.Low)
	if c == 0 && (!a.HighClosed || !b.LowClosed) {
		c = -1
	}
	return c, ok
}

func before(e *Env, a, b Range) (bool, bool) {
	c, ok := gap(e, a, b)
	return c < 0, ok
}

func meets(e *Env, a, b Range) (bool, bool) {
	c, ok := gap(e, a, b)
	return c == 0, ok
}

func overlaps(e *Env, a, b Range) (bool, bool) {
	x, ok := gap(e, a, b)
	y, ok2 := gap(e, b, a)
	return x >= 0 && y >= 0, ok && ok2
}

// overlapsBefore: a begins first, they share something, b does not end before a.
func overlapsBefore(e *Env, a, b Range) (bool, bool) {
	l, okL := lows(e, a, b)
	h, okH := highs(e, a, b)
	g, okG := gap(e, a, b)
	return l < 0 && h <= 0 && g >= 0, okL && okH && okG
}

func finishes(e *Env, a, b Range) (bool, bool) {
	l, okL := lows(e, a, b)
	h, okH := highs(e, a, b)
	return h == 0 && l >= 0, okL && okH
}

func starts(e *Env, a, b Range) (bool, bool) {
	l, okL := lows(e, a, b)
	h, okH := highs(e, a, b)
	return l == 0 && h <= 0, okL && okH
}

func includes(e *Env, a, b Range) (bool, bool) {
	l, okL := lows(e, a, b)
	h, okH := highs(e, a, b)
	return l <= 0 && h >= 0, okL && okH
}

func coincides(e *Env, a, b Range) (bool, bool) {
	l, okL := lows(e, a, b)
	h, okH := highs(e, a, b)
	return l == 0 && h == 0, okL && okH
}
