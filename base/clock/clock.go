// Package clock is where time comes from, and how working time is counted.
//
// Everything that needs "now" is handed a Clock; only System reads the machine. A Calendar knows which days are worked
// and when an office is open, and turns a Limit ("5 workday") into an instant and back. It is not a scheduler: nothing
// here waits, and no timer is kept.
//
// Main types: Clock, Fake, Calendar, Limit.
package clock

import (
	"sync"
	"time"
)

// Clock tells the present instant.
type Clock interface {
	// Now gives the present instant in Shanghai time.
	Now() time.Time
}

// Shanghai is the legal time of China as a fixed zone, UTC+8, so that a machine without zone files agrees with one that
// has them. The summer time of 1986 to 1991 is not in it. A constant in all but name: nothing assigns to it.
var Shanghai = time.FixedZone("Asia/Shanghai", 8*3600)

type system struct{}

// System is the machine's clock.
func System() Clock { return system{} }

func (system) Now() time.Time {
	return time.Now().In(Shanghai) //nolint:forbidigo // the one place that asks the machine
}

// Fake is a clock that stands still until it is moved. It is safe for concurrent use.
type Fake struct {
	mu  sync.RWMutex
	now time.Time
}

// NewFake makes a clock that stands at t.
func NewFake(t time.Time) *Fake { return &Fake{now: t.In(Shanghai)} }

// Now gives the instant the clock stands at.
func (f *Fake) Now() time.Time {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.now
}

// Set puts the clock at t, which may be in the past.
func (f *Fake) Set(t time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = t.In(Shanghai)
}

// Advance moves the clock by d and returns the instant it then stands at.
func (f *Fake) Advance(d time.Duration) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
	return f.now
}
