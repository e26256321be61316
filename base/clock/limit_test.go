package clock_test

import (
	"testing"

	"chengshu/base/clock"
	"chengshu/base/fault"
)

func TestParseLimit(t *testing.T) {
	t.Parallel()
	good := map[string]clock.Limit{
		"5 workday":           {N: 5000, Unit: clock.Workday},
		"1.5 workhour":        {N: 1500, Unit: clock.Workhour},
		"0.001 minute":        {N: 1, Unit: clock.Minute},
		"2 urgentday":         {N: 2000, Unit: clock.UrgentDay},
		"3 urgenthour":        {N: 3000, Unit: clock.UrgentHour},
		"0 day":               {N: 0, Unit: clock.Day},
		"24.25 hour":          {N: 24250, Unit: clock.Hour},
		"10000000 urgenthour": {N: 10_000_000_000, Unit: clock.UrgentHour},
		"  7   workday  ":     {N: 7000, Unit: clock.Workday},
	}
	for in, want := range good {
		got, err := clock.ParseLimit(in)
		if err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "5", "workday", "-1 workday", "1.2345 hour", "1. hour", ".5 hour", "1e3 hour", "5 week", "99999999 day", "1,5 hour", "１ day"} {
		if got, err := clock.ParseLimit(in); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: got %v, %v, want an invalid fault", in, got, err)
		}
	}
}

func FuzzParseLimit(f *testing.F) {
	for _, s := range []string{"5 workday", "1.5 workhour", "0.001 minute", "x", "1.0 day", "007 hour"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := clock.ParseLimit(s)
		if err != nil {
			return
		}
		again, err := clock.ParseLimit(l.String())
		if err != nil || again != l {
			t.Errorf("%q: %v reads back as %v, %v", s, l, again, err)
		}
	})
}

func TestParseSpans(t *testing.T) {
	t.Parallel()
	got, err := clock.ParseSpans("08:30-12:00 14:30-24:00")
	if err != nil || len(got) != 2 || got[0] != (clock.Span{From: 510, To: 720}) || got[1] != (clock.Span{From: 870, To: 1440}) {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := clock.ParseSpans(""); err != nil || len(got) != 0 {
		t.Errorf("empty: got %v, %v, want no spans", got, err)
	}
	for _, in := range []string{"8:30-12:00", "08:30", "12:00-08:30", "08:30-12:00 11:00-13:00", "08:60-12:00", "08:00-24:01", "08:00-08:00"} {
		if got, err := clock.ParseSpans(in); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: got %v, %v, want an invalid fault", in, got, err)
		}
	}
}
