package dmn

import (
	"slices"

	"chengshu/base/fault"
	"chengshu/base/feel"
)

// Edition is one version of a decision model with the days on which it is in force. It is a value.
type Edition struct {
	Key         string    // what is decided, the same for all editions
	Version     string    // what distinguishes the editions, e.g. "2026-1"
	From        feel.Date // first day in force; the zero Date means from the beginning
	To          feel.Date // last day in force; the zero Date means until further notice
	Definitions *Definitions
}

// Shelf holds the editions of decision models. It is immutable.
type Shelf struct{ editions map[string][]Edition }

// NewShelf sorts editions by the day they come into force. Faults: Conflict "dmn.edition-overlap" when two editions of
// one key are in force on a day, Invalid "dmn.edition-days" when one ends before it begins.
func NewShelf(editions ...Edition) (*Shelf, error) {
	s := &Shelf{editions: map[string][]Edition{}}
	for _, e := range editions {
		if e.From != (feel.Date{}) && e.To != (feel.Date{}) && days(e.To, e.From) < 0 {
			return nil, fault.New(fault.Invalid, "dmn.edition-days", "key", e.Key, "version", e.Version)
		}
		s.editions[e.Key] = append(s.editions[e.Key], e)
	}
	for key, list := range s.editions {
		slices.SortStableFunc(list, func(a, b Edition) int { return days(a.From, b.From) })
		for i, e := range list[1:] {
			before := list[i]
			if before.To == (feel.Date{}) || e.From == (feel.Date{}) || days(before.To, e.From) >= 0 {
				return nil, fault.New(fault.Conflict, "dmn.edition-overlap", "key", key, "version", before.Version, "other", e.Version)
			}
		}
	}
	return s, nil
}

// days orders dates; the zero Date comes before all.
func days(a, b feel.Date) int {
	switch zero := (feel.Date{}); {
	case a == b:
		return 0
	case a == zero:
		return -1
	case b == zero:
		return 1
	}
	c, _ := feel.Compare(a, b)
	return c
}

// On finds the edition that is in force on a day. Fault: NotFound "dmn.edition" where there is none.
func (s *Shelf) On(key string, day feel.Date) (Edition, error) {
	for _, e := range s.editions[key] {
		if days(e.From, day) <= 0 && (e.To == (feel.Date{}) || days(day, e.To) <= 0) {
			return e, nil
		}
	}
	return Edition{}, fault.New(fault.NotFound, "dmn.edition", "key", key, "day", day.String())
}

// Editions lists the editions of a key, the oldest first.
func (s *Shelf) Editions(key string) []Edition { return slices.Clone(s.editions[key]) }

// Eval computes a decision of the edition and writes key and version into the trace. Fault: NotFound "dmn.decision".
func (e Edition) Eval(decision string, env *feel.Env) (Result, error) {
	d := e.Definitions.Decision(decision)
	if d == nil {
		return Result{}, fault.New(fault.NotFound, "dmn.decision", "name", decision)
	}
	res := d.Eval(env)
	res.Trace.Model.Key, res.Trace.Model.Version = e.Key, e.Version
	return res, nil
}
