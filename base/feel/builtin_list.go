package feel

import (
	"slices"
)

func (t *table) lists() {
	t.add("list contains(list: list, element: any?) -> boolean", fnListContains)
	t.add("count(list: list) -> number", func(_ *Env, a []Value) Value { return NumberFromInt(int64(len(a[0].(List)))) })
	t.add("count(c: any?...) -> number", func(_ *Env, a []Value) Value { return NumberFromInt(int64(len(a))) })
	t.add("min(list: list) -> element", func(e *Env, a []Value) Value { return extreme(e, a[0].(List), -1) })
	t.add("min(c: any?...) -> element", func(e *Env, a []Value) Value { return extreme(e, a, -1) })
	t.add("max(list: list) -> element", func(e *Env, a []Value) Value { return extreme(e, a[0].(List), 1) })
	t.add("max(c: any?...) -> element", func(e *Env, a []Value) Value { return extreme(e, a, 1) })
	t.add("all(list: list) -> boolean", func(e *Env, a []Value) Value { return quantify(e, a[0].(List), true) })
	t.add("all(b: any?...) -> boolean", func(e *Env, a []Value) Value { return quantify(e, a, true) })
	t.add("any(list: list) -> boolean", func(e *Env, a []Value) Value { return quantify(e, a[0].(List), false) })
	t.add("any(b: any?...) -> boolean", func(e *Env, a []Value) Value { return quantify(e, a, false) })
	t.add("sublist(list: list, start position: number, [length: number]) -> same", fnSublist)
	t.add("append(list: list, item: any?...) -> list", func(_ *Env, a []Value) Value {
		return slices.Concat(a[0].(List), List(a[1:]))
	})
	t.add("concatenate(list: list...) -> list", fnConcatenate)
	t.add("insert before(list: list, position: number, newItem: any?) -> list", fnInsert)
	t.add("remove(list: list, position: number) -> same", fnRemove)
	t.add("list replace(list: list, position: number, newItem: any?) -> list", fnReplaceAt)
	t.add("list replace(list: list, match: function, newItem: any?) -> list", fnReplaceWhere)
	t.add("reverse(list: list) -> same", fnReverse)
	t.add("index of(list: list, match: any?) -> numbers", fnIndexOf)
	t.add("union(list: list...) -> list", func(e *Env, a []Value) Value {
		all, ok := fnConcatenate(e, a).(List)
		if !ok {
			return nil
		}
		return distinct(e, all)
	})
	t.add("distinct values(list: list) -> same", func(e *Env, a []Value) Value { return distinct(e, a[0].(List)) })
	t.add("duplicate values(list: list) -> same", fnDuplicates)
	t.add("flatten(list: list) -> list", func(e *Env, a []Value) Value { return flatten(e, nil, a[0].(List), 0) })
	t.add("sort(list: list, [precedes: function?]) -> same", fnSort)
	t.add("partition(list: list, size: number) -> list", fnPartition)
	t.add("is empty(list: list) -> boolean", func(_ *Env, a []Value) Value { return len(a[0].(List)) == 0 })
}

// same is "is the same value" for list functions: values that do not compare differ.
func same(e *Env, a, b Value) bool {
	eq, ok := equal(e, a, b)
	return eq && ok
}

func fnListContains(e *Env, a []Value) Value {
	return slices.ContainsFunc(a[0].(List), func(v Value) bool { return same(e, v, a[1]) })
}

// extreme is the largest (dir 1) or smallest (dir -1) element; elements must be of one ordered kind.
func extreme(e *Env, xs List, dir int) Value {
	if len(xs) == 0 {
		return nil
	}
	best := xs[0]
	for i, x := range xs {
		c, ok := order(e, x, best)
		if !ok || i == 0 && x == nil {
			return e.fail("feel.compare", "left", kindOf(x).String(), "right", kindOf(best).String())
		}
		if c == dir {
			best = x
		}
	}
	return best
}

// quantify is all (want true) and any (want false) by Kleene's tables.
func quantify(e *Env, xs List, want bool) Value {
	unknown := false
	for _, x := range xs {
		b, ok := x.(bool)
		switch {
		case !ok && x != nil:
			return e.fail("feel.argument", "want", "boolean", "got", kindOf(x).String())
		case !ok:
			unknown = true
		case b != want:
			return !want
		}
	}
	if unknown {
		return nil
	}
	return want
}

// place0 turns a FEEL position into a Go index; size is the number of valid positions.
func place0(e *Env, v Value, size int) (int, bool) {
	i, ok := v.(Number).Int64()
	if ok && i < 0 {
		i += int64(size) + 1
	}
	if !ok || i < 1 || i > int64(size) {
		e.fail("feel.index", "index", Format(v), "length", size)
		return 0, false
	}
	return int(i) - 1, true
}

func fnSublist(e *Env, a []Value) Value {
	xs := a[0].(List)
	start, ok := place0(e, a[1], len(xs))
	if !ok {
		return nil
	}
	end := len(xs)
	if a[2] != nil {
		n, ok := whole(a[2])
		if !ok || n < 1 || n > int64(len(xs)-start) {
			return e.fail("feel.index", "index", Format(a[2]), "length", len(xs))
		}
		end = start + int(n)
	}
	return slices.Clone(xs[start:end])
}

func fnConcatenate(e *Env, a []Value) Value {
	out := List{}
	for _, l := range a {
		if out = append(out, l.(List)...); len(out) > e.maxList() {
			return e.sized(out)
		}
	}
	return out
}

func fnInsert(e *Env, a []Value) Value {
	xs := a[0].(List)
	i, ok := a[1].(Number).Int64()
	if ok && i < 0 {
		i += int64(len(xs)) + 1
	}
	if !ok || i < 1 || i > int64(len(xs))+1 {
		return e.fail("feel.index", "index", Format(a[1]), "length", len(xs))
	}
	return slices.Insert(slices.Clone(xs), int(i)-1, a[2])
}

func fnRemove(e *Env, a []Value) Value {
	xs := a[0].(List)
	i, ok := place0(e, a[1], len(xs))
	if !ok {
		return nil
	}
	return slices.Delete(slices.Clone(xs), i, i+1)
}

func fnReplaceAt(e *Env, a []Value) Value {
	xs := a[0].(List)
	n, ok := whole(a[1])
	if !ok {
		return e.fail("feel.index", "index", Format(a[1]), "length", len(xs))
	}
	i, ok := place0(e, NumberFromInt(n), len(xs))
	if !ok {
		return nil
	}
	out := slices.Clone(xs)
	out[i] = a[2]
	return out
}

func fnReplaceWhere(e *Env, a []Value) Value {
	f := a[1].(*Function)
	if len(f.Params()) != 2 {
		return e.fail("feel.arguments", "function", "list replace")
	}
	out := slices.Clone(a[0].(List))
	for i, x := range out {
		hit, ok := f.Call(e, []Value{x, a[2]}).(bool)
		if !ok {
			return e.fail("feel.type", "want", "boolean")
		}
		if hit {
			out[i] = a[2]
		}
	}
	return out
}

func fnReverse(_ *Env, a []Value) Value {
	out := slices.Clone(a[0].(List))
	slices.Reverse(out)
	return out
}

func fnIndexOf(e *Env, a []Value) Value {
	out := List{}
	for i, x := range a[0].(List) {
		if same(e, x, a[1]) {
			out = append(out, NumberFromInt(int64(i+1)))
		}
	}
	return out
}

func distinct(e *Env, xs List) Value {
	out := List{}
	for _, x := range xs {
		if !e.spend(len(out)/16 + 1) {
			return nil
		}
		if !slices.ContainsFunc(out, func(v Value) bool { return same(e, v, x) }) {
			out = append(out, x)
		}
	}
	return out
}

func fnDuplicates(e *Env, a []Value) Value {
	xs, out := a[0].(List), List{}
	for i, x := range xs {
		if !e.spend(len(xs)/16 + 1) {
			return nil
		}
		eq := func(v Value) bool { return same(e, v, x) }
		if slices.ContainsFunc(xs[i+1:], eq) && !slices.ContainsFunc(out, eq) {
			out = append(out, x)
		}
	}
	return out
}

func flatten(e *Env, out, xs List, depth int) Value {
	if depth == 0 {
		out = List{}
	}
	for _, x := range xs {
		if l, ok := x.(List); ok && depth < 1000 {
			next, ok := flatten(e, out, l, depth+1).(List)
			if !ok {
				return nil
			}
			out = next
			continue
		}
		if out = append(out, x); len(out) > e.maxList() {
			return e.sized(out)
		}
	}
	return out
}

// fnSort sorts stably. Without a function it takes the natural order of one ordered kind.
func fnSort(e *Env, a []Value) Value {
	out := slices.Clone(a[0].(List))
	bad := false
	if a[1] == nil {
		slices.SortStableFunc(out, func(x, y Value) int {
			c, ok := order(e, x, y)
			bad = bad || !ok
			return c
		})
		if bad {
			return e.fail("feel.compare", "left", "", "right", "")
		}
		return out
	}
	f := a[1].(*Function)
	if n := len(f.Params()); n != 2 {
		return e.fail("feel.arguments", "function", "sort")
	}
	// A merge sort of its own: a precedes function need not be a strict order, and must not confuse the library's.
	sorted := mergeSort(out, func(x, y Value) bool {
		b, ok := f.Call(e, []Value{x, y}).(bool)
		bad = bad || !ok
		return b
	})
	if bad {
		return e.fail("feel.type", "want", "boolean", "got", "")
	}
	return sorted
}

func mergeSort(xs List, before func(x, y Value) bool) List {
	if len(xs) < 2 {
		return xs
	}
	mid := len(xs) / 2
	left, right := mergeSort(xs[:mid], before), mergeSort(xs[mid:], before)
	out := make(List, 0, len(xs))
	for len(left) > 0 && len(right) > 0 {
		if before(right[0], left[0]) {
			out, right = append(out, right[0]), right[1:]
		} else {
			out, left = append(out, left[0]), left[1:]
		}
	}
	return append(append(out, left...), right...)
}

func fnPartition(e *Env, a []Value) Value {
	n, ok := whole(a[1])
	if !ok || n < 1 {
		return e.fail("feel.index", "index", Format(a[1]), "length", 0)
	}
	out := List{}
	for part := range slices.Chunk(a[0].(List), int(min(n, 1<<30))) {
		out = append(out, slices.Clone(part))
	}
	return out
}
