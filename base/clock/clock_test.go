package clock_test

import (
	"sync"
	"testing"
	"time"

	"chengshu/base/clock"
)

func TestFake(t *testing.T) {
	t.Parallel()
	t0 := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	f := clock.NewFake(t0)
	if got := f.Now().Format(time.RFC3339); got != "2026-03-02T09:00:00+08:00" {
		t.Errorf("Now: got %s, want Shanghai time", got)
	}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() { f.Advance(time.Minute) })
	}
	wg.Wait()
	if got, want := f.Now(), t0.Add(100*time.Minute); !got.Equal(want) {
		t.Errorf("after 100 advances: got %v, want %v", got, want)
	}
	f.Set(t0)
	if !f.Now().Equal(t0) {
		t.Errorf("Set: got %v, want %v", f.Now(), t0)
	}
}

func TestSystemTellsShanghaiTime(t *testing.T) {
	t.Parallel()
	before := time.Now()
	got := clock.System().Now()
	if got.Before(before) || got.After(time.Now()) {
		t.Errorf("got %v, want an instant between the two readings", got)
	}
	if _, offset := got.Zone(); offset != 8*3600 {
		t.Errorf("offset: got %d, want 28800", offset)
	}
}

func TestDate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		at      time.Time
		want    string
		weekday time.Weekday
	}{
		{time.Date(2026, 2, 12, 15, 59, 59, 999_999_999, time.UTC), "2026-02-12", time.Thursday},
		{time.Date(2026, 2, 12, 16, 0, 0, 0, time.UTC), "2026-02-13", time.Friday},
		{time.Date(1969, 12, 31, 15, 59, 0, 0, time.UTC), "1969-12-31", time.Wednesday},
		{time.Date(1949, 10, 1, 7, 0, 0, 0, time.UTC), "1949-10-01", time.Saturday},
	}
	for _, tt := range tests {
		d := clock.DateOf(tt.at)
		if d.String() != tt.want || d.Weekday() != tt.weekday {
			t.Errorf("%v: got %s %s, want %s %s", tt.at, d, d.Weekday(), tt.want, tt.weekday)
		}
		if got := mustDate(t, tt.want); got != d {
			t.Errorf("parse %s: got %d, want %d", tt.want, got, d)
		}
		if s := d.Start(); clock.DateOf(s) != d || clock.DateOf(s.Add(-time.Nanosecond)) != d-1 {
			t.Errorf("%s: start %v is not its first instant", d, s)
		}
	}
}
