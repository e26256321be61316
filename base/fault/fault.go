// Package fault is the one error type of Chengshu.
//
// A fault has a Kind (what sort of trouble), a Code (a message key that a locale file turns into words) and arguments
// for those words. Packages return faults, the server alone maps kinds to HTTP and locale files alone map codes to
// sentences. It is not a logging package: the cause of an Internal fault is logged once, at the edge, and never shown.
//
// Main types: Error, Kind, Field.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind sorts faults by what the caller can do about them.
type Kind uint8

// The kinds. Internal is the zero value, so that an error nobody classified is never shown to a person.
const (
	Internal    Kind = iota // a defect or a broken part; log it, show a trace id
	Invalid                 // the input is wrong; correct it
	NotFound                // no such thing, or not for this caller
	Exists                  // a thing with that name or key is already there
	Conflict                // someone else was faster, or the state does not allow it
	Denied                  // known caller, not permitted
	Anonymous               // sign in first
	TooLarge                // over a limit of size, depth or cost
	Unavailable             // try again later: busy, disk full, a neighbour is down
)

var kindNames = [...]string{"internal", "invalid", "not-found", "exists", "conflict", "denied", "anonymous", "too-large", "unavailable"}

// String gives the kind's name as used in problem documents and metrics.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "internal"
}

// Field is one fault of one field of the input.
type Field struct {
	Pointer string         `json:"pointer"` // JSON pointer into the input, e.g. "/phone" or "/items/2/amount"
	Code    string         `json:"code"`    // message key
	Args    map[string]any `json:"args,omitempty"`
}

// Error is a fault. The zero value is an Internal fault without a cause.
type Error struct {
	Kind   Kind
	Code   string         // message key, e.g. "record.stale"; locale files hold the words
	Args   map[string]any // arguments of the words; never a secret or personal data
	Fields []Field        // faults of single fields of the input
	Op     string         // what was being done, for the log
	Err    error          // the cause, for the log
}

// New makes a fault. Args are key–value pairs: New(Invalid, "field.long", "max", 20).
func New(kind Kind, code string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Args: pairs(args)}
}

// Wrap says what was being done when err happened and keeps its kind and code. Wrap(op, nil) is nil.
func Wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return &Error{Kind: e.Kind, Code: e.Code, Args: e.Args, Fields: e.Fields, Op: op, Err: err}
	}
	return &Error{Kind: Internal, Code: "internal", Op: op, Err: err}
}

// With attaches a cause to the fault and returns it.
func (e *Error) With(cause error) *Error {
	e.Err = cause
	return e
}

// At adds the fault of one field and returns e.
func (e *Error) At(pointer, code string, args ...any) *Error {
	e.Fields = append(e.Fields, Field{Pointer: pointer, Code: code, Args: pairs(args)})
	return e
}

// Error is for logs and tests; people see the words of Code.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op)
		b.WriteString(": ")
	}
	if e.Err != nil && e.Op != "" {
		b.WriteString(e.Err.Error())
		return b.String()
	}
	b.WriteString(e.Kind.String())
	b.WriteString(" ")
	b.WriteString(e.Code)
	if len(e.Args) > 0 {
		fmt.Fprintf(&b, " %v", e.Args)
	}
	for _, f := range e.Fields {
		fmt.Fprintf(&b, " [%s %s %v]", f.Pointer, f.Code, f.Args)
	}
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf gives the kind of err, Internal where it is no fault.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// CodeOf gives the message key of err, "internal" where it is no fault.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return "internal"
}

// Is tells whether err is a fault of that kind. A nil error is of no kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

func pairs(args []any) map[string]any {
	if len(args) == 0 {
		return nil
	}
	m := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		key, ok := args[i].(string)
		if !ok {
			key = fmt.Sprint(args[i])
		}
		m[key] = args[i+1]
	}
	return m
}
