package demo

import (
	"os"
	"testing"

	"chengshu/base/clock"
)

// NewTestSimulator makes a simulator over the little pack, with its plan or without one.
func NewTestSimulator(t *testing.T, base string, accounts []Account, planned bool) *Simulator {
	t.Helper()
	text, err := os.ReadFile("testdata/mini/demo/generate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !planned {
		text = []byte("{}")
	}
	s := NewSimulator(miniWith(t, string(text)), base, accounts, 1, nil)
	s.Clock = clock.System()
	return s
}
