package fault_test

import (
	"errors"
	"io"
	"testing"

	"chengshu/base/fault"
)

func TestWrapKeepsKindAndCode(t *testing.T) {
	t.Parallel()
	err := fault.Wrap("outer", fault.Wrap("inner", fault.New(fault.Invalid, "field.long", "max", 20).At("/name", "field.long", "max", 20)))
	if got := fault.KindOf(err); got != fault.Invalid {
		t.Errorf("kind: got %v, want invalid", got)
	}
	if got := fault.CodeOf(err); got != "field.long" {
		t.Errorf("code: got %q, want field.long", got)
	}
	var e *fault.Error
	if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Pointer != "/name" {
		t.Errorf("fields lost: %v", err)
	}
}

func TestUnknownErrorIsInternal(t *testing.T) {
	t.Parallel()
	err := fault.Wrap("read", io.ErrUnexpectedEOF)
	if !fault.Is(err, fault.Internal) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want an internal fault that keeps its cause", err)
	}
	if fault.Wrap("read", nil) != nil {
		t.Error("Wrap(nil) must be nil")
	}
	if fault.Is(nil, fault.Internal) {
		t.Error("a nil error has no kind")
	}
}
