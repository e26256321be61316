package clock_test

import (
	"testing"
	"time"

	"chengshu/base/clock"
)

func at(tb testing.TB, s string) time.Time {
	tb.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", s, clock.Shanghai)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func stamp(v time.Time) string { return v.Format("2006-01-02 15:04") }

// The measured values: start day not counted, every hour of the start day gives the same.
func TestDueWorkdayCheckValues(t *testing.T) {
	t.Parallel()
	c := sharedCalendar(t)
	tests := []struct {
		start string
		n     int64
		last  string
	}{
		{"2026-02-12", 5, "2026-02-26"},
		{"2026-02-13", 20, "2026-03-19"},
		{"2026-04-30", 5, "2026-05-11"},
		{"2026-09-24", 1, "2026-09-28"},
		{"2026-09-30", 5, "2026-10-13"},
		{"2025-09-30", 20, "2025-11-04"},
		{"2025-12-31", 1, "2026-01-04"},
		{"2024-02-08", 5, "2024-02-21"},
		{"2025-09-26", 20, "2025-10-30"},
		{"2026-02-13", 5, "2026-02-27"},
		{"2026-09-30", 10, "2026-10-20"},
	}
	for _, tt := range tests {
		for _, hour := range []string{" 00:00", " 11:30", " 23:59"} {
			due, provisional := c.Due(at(t, tt.start+hour), clock.Of(tt.n, clock.Workday))
			if got := clock.LastDay(due).String(); got != tt.last || provisional {
				t.Errorf("%s%s + %d: got %s (provisional %v), want %s", tt.start, hour, tt.n, got, provisional, tt.last)
			}
			if h := due.Format("15:04:05.999999"); h != "00:00:00" {
				t.Errorf("%s: due at %s, want 24:00 of the last day", tt.start, h)
			}
		}
	}
}

func TestDue(t *testing.T) {
	t.Parallel()
	c := sharedCalendar(t)
	tests := []struct {
		name, from, limit, want string
		provisional             bool
	}{
		{"workhour inside the morning", "2026-03-02 09:00", "2 workhour", "2026-03-02 11:00", false},
		{"workhour over noon", "2026-03-02 11:00", "2 workhour", "2026-03-02 15:30", false},
		{"workhour ends at the close, not at the next opening", "2026-03-02 11:00", "1 workhour", "2026-03-02 12:00", false},
		{"workhour before opening", "2026-03-02 03:00", "1 workhour", "2026-03-02 09:30", false},
		{"workhour at noon", "2026-03-02 12:30", "1 workhour", "2026-03-02 15:30", false},
		{"workhour after the close of a Friday", "2026-03-06 18:00", "4 workhour", "2026-03-09 15:00", false},
		{"a working day is not 24 hours: 6.5 hours are one office day", "2026-03-02 08:30", "6.5 workhour", "2026-03-02 17:30", false},
		{"workhour over the Spring Festival and its make-up day", "2026-02-13 17:00", "1.5 workhour", "2026-02-14 09:30", false},
		{"workhour on a make-up Sunday", "2026-01-04 09:00", "1 workhour", "2026-01-04 10:00", false},
		{"workhour zero outside hours", "2026-03-02 03:00", "0 workhour", "2026-03-02 08:30", false},
		{"workhour zero inside hours", "2026-03-02 09:10", "0 workhour", "2026-03-02 09:10", false},
		{"half a workday is a whole one", "2026-03-02 09:00", "0.5 workday", "2026-03-04 00:00", false},
		{"zero workdays end with the day", "2026-03-02 09:00", "0 workday", "2026-03-03 00:00", false},
		{"zero workdays from a Saturday end with Monday", "2026-03-07 09:00", "0 workday", "2026-03-10 00:00", false},
		{"one workday from a Saturday", "2026-03-07 09:00", "1 workday", "2026-03-10 00:00", false},
		{"urgent hours run through the holiday", "2026-10-01 20:00", "8 urgenthour", "2026-10-02 04:00", false},
		{"urgent days run through the holiday", "2026-10-01 20:00", "2 urgentday", "2026-10-03 20:00", false},
		{"day", "2026-02-27 20:00", "2 day", "2026-03-01 20:00", false},
		{"hour", "2026-12-31 23:00", "2.5 hour", "2027-01-01 01:30", false},
		{"minute", "2026-02-28 23:59", "2 minute", "2026-03-01 00:01", false},
		{"the last announced day", "2026-12-30 09:00", "1 workday", "2027-01-01 00:00", false},
		{"past it, on weekends only", "2026-12-31 09:00", "1 workday", "2027-01-02 00:00", true},
		{"far past it", "2027-12-30 09:00", "3 workday", "2028-01-05 00:00", true},
		{"workhour past it", "2026-12-31 17:00", "1 workhour", "2027-01-01 09:00", true},
		{"before the first announced year", "2005-09-30 09:00", "1 workday", "2005-10-04 00:00", true},
	}
	for _, tt := range tests {
		limit, err := clock.ParseLimit(tt.limit)
		if err != nil {
			t.Fatal(err)
		}
		due, provisional := c.Due(at(t, tt.from), limit)
		if stamp(due) != tt.want || provisional != tt.provisional {
			t.Errorf("%s: %s + %s: got %s provisional %v, want %s %v", tt.name, tt.from, tt.limit, stamp(due), provisional, tt.want, tt.provisional)
		}
	}
}

func TestUsedAndRemaining(t *testing.T) {
	t.Parallel()
	c := sharedCalendar(t)
	tests := []struct {
		name, from, to string
		unit           clock.Unit
		want           int64
	}{
		{"no time backwards", "2026-03-03 09:00", "2026-03-02 09:00", clock.Hour, 0},
		{"same working day", "2026-03-02 09:00", "2026-03-02 17:00", clock.Workday, 0},
		{"the next working day has begun", "2026-03-02 23:59", "2026-03-03 00:00", clock.Workday, 1000},
		{"over a weekend", "2026-03-06 09:00", "2026-03-09 09:00", clock.Workday, 1000},
		{"over the National Day", "2026-09-30 09:00", "2026-10-13 09:00", clock.Workday, 5000},
		{"hours over noon", "2026-03-02 11:30", "2026-03-02 15:00", clock.Workhour, 1000},
		{"hours over night", "2026-03-02 17:15", "2026-03-03 08:45", clock.Workhour, 500},
		{"wall hours", "2026-03-02 17:15", "2026-03-03 08:45", clock.UrgentHour, 15500},
		{"wall days", "2026-03-02 00:00", "2026-03-03 12:00", clock.UrgentDay, 1500},
		{"minutes", "2026-03-02 00:00", "2026-03-02 00:07", clock.Minute, 7000},
	}
	for _, tt := range tests {
		if got := c.Used(at(t, tt.from), at(t, tt.to), tt.unit); got.N != tt.want || got.Unit != tt.unit {
			t.Errorf("%s: got %v, want %d thousandths", tt.name, got, tt.want)
		}
	}
	left := c.Remaining(at(t, "2026-03-02 09:00"), at(t, "2026-03-10 09:00"), clock.Of(4, clock.Workday))
	if left.N != -2000 {
		t.Errorf("overrun: got %v, want -2 workday", left)
	}
}

func TestDuePaused(t *testing.T) {
	t.Parallel()
	c := sharedCalendar(t)
	from := at(t, "2026-03-02 10:00") // a Monday
	pause := func(a, b string) clock.Pause { return clock.Pause{From: at(t, a), To: at(t, b)} }
	tests := []struct {
		name   string
		limit  clock.Limit
		pauses []clock.Pause
		want   string
	}{
		{"none", clock.Of(5, clock.Workday), nil, "2026-03-10 00:00"},
		{"within one day", clock.Of(5, clock.Workday), []clock.Pause{pause("2026-03-03 09:00", "2026-03-03 17:00")}, "2026-03-10 00:00"},
		{"Tuesday to Thursday", clock.Of(5, clock.Workday), []clock.Pause{pause("2026-03-03 09:00", "2026-03-05 17:00")}, "2026-03-12 00:00"},
		{"overlap counts once", clock.Of(5, clock.Workday), []clock.Pause{pause("2026-03-04 09:00", "2026-03-05 17:00"), pause("2026-03-03 09:00", "2026-03-05 09:00")}, "2026-03-12 00:00"},
		{"over a weekend only", clock.Of(5, clock.Workday), []clock.Pause{pause("2026-03-06 18:00", "2026-03-08 10:00")}, "2026-03-10 00:00"},
		{"before the start", clock.Of(5, clock.Workday), []clock.Pause{pause("2026-02-24 18:00", "2026-02-27 10:00")}, "2026-03-10 00:00"},
		{"after the due", clock.Of(5, clock.Workday), []clock.Pause{pause("2026-03-10 00:00", "2026-03-13 10:00")}, "2026-03-10 00:00"},
		{"a second pause inside the time the first gave", clock.Of(5, clock.Workday), []clock.Pause{pause("2026-03-09 09:00", "2026-03-10 09:00"), pause("2026-03-10 10:00", "2026-03-11 09:00")}, "2026-03-12 00:00"},
		{"working hours", clock.Of(4, clock.Workhour), []clock.Pause{pause("2026-03-02 11:00", "2026-03-02 15:00")}, "2026-03-03 09:00"},
		{"working hours, closed anyway", clock.Of(4, clock.Workhour), []clock.Pause{pause("2026-03-02 12:00", "2026-03-02 14:30")}, "2026-03-02 16:30"},
		{"urgent hours", clock.Of(4, clock.UrgentHour), []clock.Pause{pause("2026-03-02 12:00", "2026-03-02 14:30")}, "2026-03-02 16:30"},
		{"an empty pause", clock.Of(4, clock.Hour), []clock.Pause{pause("2026-03-02 12:00", "2026-03-02 12:00")}, "2026-03-02 14:00"},
	}
	for _, tt := range tests {
		if due, _ := c.DuePaused(from, tt.limit, tt.pauses); stamp(due) != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, stamp(due), tt.want)
		}
	}
}

func TestNextOpening(t *testing.T) {
	t.Parallel()
	c := sharedCalendar(t)
	for from, want := range map[string]string{
		"2026-03-02 08:29": "2026-03-02 08:30",
		"2026-03-02 08:30": "2026-03-02 08:30",
		"2026-03-02 11:59": "2026-03-02 11:59",
		"2026-03-02 12:00": "2026-03-02 14:30",
		"2026-03-02 17:30": "2026-03-03 08:30",
		"2026-09-30 18:00": "2026-10-08 08:30",
		"2019-12-31 18:00": "2020-01-02 08:30",
		"2035-10-05 18:00": "2035-10-08 08:30",
		"1960-01-02 18:00": "1960-01-04 08:30",
	} {
		if got := c.NextOpening(at(t, from)); stamp(got) != want {
			t.Errorf("%s: got %s, want %s", from, stamp(got), want)
		}
	}
}

func BenchmarkDue(b *testing.B) {
	c := sharedCalendar(b)
	from := time.Date(2026, 9, 24, 15, 0, 0, 0, clock.Shanghai)
	for _, limit := range []clock.Limit{clock.Of(20, clock.Workday), clock.Of(15, clock.Workhour), clock.Of(8, clock.UrgentHour)} {
		b.Run(limit.String(), func(b *testing.B) {
			for b.Loop() {
				c.Due(from, limit)
			}
		})
	}
}
