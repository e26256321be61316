package record_test

import (
	"pgregory.net/rapid"

	"chengshu/base/feel"
	"chengshu/kernel/policy"
	"chengshu/kernel/record"
)

// holds tells whether a FEEL condition is true of a record, evaluated in Go for the clerk.
func (w *world) holds(t *rapid.T, r *record.Record, src string) bool {
	if src == "" {
		return true
	}
	x, err := feel.Compile(src, r.Type.Scope())
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	return x.True(&feel.Env{Vars: r.Type.Vars(r.Values, policy.User(clerk)), Now: w.clock.Now})
}
