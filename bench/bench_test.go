package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestQuick runs every measurement small: none may fail, and each must give a figure or say why it has none. How fast
// anything is decides nothing here.
func TestQuick(t *testing.T) {
	var out, errOut bytes.Buffer
	if err := run(t.Context(), []string{"-quick"}, &out, &errOut); err != nil {
		t.Fatalf("%v\n%s", err, errOut.String())
	}
	for _, p := range parts() {
		if !strings.Contains(out.String(), "\n"+p.name+" ") {
			t.Errorf("no figure of %s in\n%s", p.name, out.String())
		}
	}
	t.Log("\n" + out.String())
}

func TestUnknown(t *testing.T) {
	var out, errOut bytes.Buffer
	if err := run(t.Context(), []string{"-only", "nothing"}, &out, &errOut); err == nil {
		t.Error("a bench that does not exist was run")
	}
}
