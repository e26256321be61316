package text

import "slices"

// Range is a stretch of a text in bytes, Start included, End not.
type Range struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// Highlight gives the parts of a text that a query found, in order and without overlap, whether or not all phrases of
// the query matched. The rule is the index's own, see Match.
func Highlight(s, query string) []Range {
	var out []Range
	us := units(s)
	for _, q := range terms(query) {
		for i := 0; i+len(q) <= len(us); i++ {
			if end, ok := matchAt(us[i:], q); ok {
				out = append(out, Range{us[i].start, end})
			}
		}
	}
	return merge(out)
}

// Match tells whether a text would be found by a query: what the index and the phrases of Query do, in memory. Marks of
// punctuation between words are not compared. A query without letters or digits matches.
func Match(s, query string) bool {
	us := units(s)
	for _, q := range terms(query) {
		if !contains(us, q) {
			return false
		}
	}
	return true
}

func contains(us, q []unit) bool {
	for i := 0; i+len(q) <= len(us); i++ {
		if _, ok := matchAt(us[i:], q); ok {
			return true
		}
	}
	return false
}

// matchAt tells whether the units begin with the query, and where the match ends; the last word may be a prefix.
func matchAt(us, q []unit) (end int, ok bool) {
	for i, want := range q {
		got := us[i]
		if i > 0 && got.joined != want.joined {
			return 0, false
		}
		if i == len(q)-1 && len(want.text) < len(got.text) {
			got.text = got.text[:len(want.text)]
		}
		if !slices.Equal(got.text, want.text) {
			return 0, false
		}
	}
	last := len(q) - 1
	return us[last].ends[len(q[last].text)-1], true
}

func merge(in []Range) []Range {
	slices.SortFunc(in, func(a, b Range) int { return a.Start - b.Start })
	out := in[:0]
	for _, r := range in {
		if n := len(out); n > 0 && r.Start <= out[n-1].End {
			out[n-1].End = max(out[n-1].End, r.End)
			continue
		}
		out = append(out, r)
	}
	return out
}
