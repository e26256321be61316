package clock_test

import (
	"strings"
	"testing"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
)

func TestParseDays(t *testing.T) {
	t.Parallel()
	got, err := clock.ParseDays(strings.NewReader("\ufeff# a comment\ndate,kind,note\n2026-01-01,off,x\n2026-01-04,work\n"))
	if err == nil {
		t.Errorf("a mark before a comment is not a header: got %v", got)
	}
	got, err = clock.ParseDays(strings.NewReader("# a comment\n\ufeffdate,kind,note\n2026-01-01,off,x\n2026-01-04,work\n"))
	if err != nil || len(got) != 2 || got[0].Kind != clock.Off || got[1].Kind != clock.Work || got[1].Date.String() != "2026-01-04" {
		t.Errorf("got %v, %v", got, err)
	}
	bad := map[string]string{
		"empty":     "",
		"no header": "2026-01-01,off\n",
		"bad date":  "date,kind\n2026-02-30,off\n",
		"bad kind":  "date,kind\n2026-02-03,rest\n",
		"twice":     "date,kind\n2026-01-01,off\n2026-01-01,work\n",
		"one cell":  "date,kind\n2026-01-01\n",
	}
	for name, in := range bad {
		if got, err := clock.ParseDays(strings.NewReader(in)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, %v, want an invalid fault", name, got, err)
		}
	}
}

func FuzzParseDays(f *testing.F) {
	f.Add("date,kind\n2026-01-01,off\n2026-01-04,work\n")
	f.Add("date,kind\n\"")
	f.Fuzz(func(t *testing.T, s string) {
		days, err := clock.ParseDays(strings.NewReader(s))
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("got %v, want an invalid fault", err)
		}
		seen := map[clock.Date]bool{}
		for _, d := range days {
			if seen[d.Date] {
				t.Errorf("%s twice", d.Date)
			}
			seen[d.Date] = true
		}
	})
}

// Every day of the table's years against the rule stated in its head, and the number of working days of each year.
func TestEveryDayOfTheNotices(t *testing.T) {
	t.Parallel()
	days := sharedDays(t)
	c := sharedCalendar(t)
	named, off, work := map[string]clock.Kind{}, 0, 0
	for _, d := range days {
		named[d.Date.String()] = d.Kind
		if d.Kind == clock.Off {
			off++
		} else {
			work++
		}
	}
	if off != 545 || work != 133 {
		t.Errorf("named days: got %d off and %d worked, want 545 and 133", off, work)
	}
	perYear, checked := map[int]int{}, 0
	for at := time.Date(2007, 1, 1, 12, 0, 0, 0, clock.Shanghai); at.Year() <= 2026; at = at.AddDate(0, 0, 1) {
		want := at.Weekday() >= time.Monday && at.Weekday() <= time.Friday
		if kind, ok := named[at.Format(time.DateOnly)]; ok {
			want = kind == clock.Work
		}
		if got := c.IsWorkday(clock.DateOf(at)); got != want {
			t.Errorf("%s: got worked %v, want %v", at.Format(time.DateOnly), got, want)
		}
		if got := c.IsOpen(at.Add(-time.Hour)); got != want {
			t.Errorf("%s 11:00: got open %v, want %v", at.Format(time.DateOnly), got, want)
		}
		if want {
			perYear[at.Year()]++
		}
		checked++
	}
	if checked != 7305 {
		t.Errorf("checked %d days, want 7305", checked)
	}
	for year, want := range map[int]int{2024: 251, 2025: 248, 2026: 248} {
		if got := c.Workdays(clock.DateFrom(year, 1, 1), clock.DateFrom(year, 12, 31)); got != want || perYear[year] != want {
			t.Errorf("%d: got %d working days, counted %d, want %d", year, got, perYear[year], want)
		}
	}
	if first, last := c.Announced(); first != 2007 || last != 2026 {
		t.Errorf("announced: got %d to %d, want 2007 to 2026", first, last)
	}
}

func TestOverridesAndPeriods(t *testing.T) {
	t.Parallel()
	summer := clock.Weekdays(clock.Span{From: 8 * 60, To: 12 * 60}, clock.Span{From: 15 * 60, To: 18 * 60})
	hours := clock.Weekdays(officeSpans...)
	hours.Week[time.Saturday] = []clock.Span{{From: 9 * 60, To: 11 * 60}}
	hours.Makeup = []clock.Span{{From: 10 * 60, To: 11 * 60}}
	c := mustCalendar(t, clock.Config{
		Version: "v",
		Days: []clock.NamedDay{
			{Date: mustDate(t, "2026-10-01"), Kind: clock.Off},
			{Date: mustDate(t, "2026-09-20"), Kind: clock.Work}, // a Sunday
			{Date: mustDate(t, "2026-10-10"), Kind: clock.Work}, // a Saturday, which has hours of its own
			{Date: mustDate(t, "2026-10-03"), Kind: clock.Off},  // a Saturday
		},
		Hours:   hours,
		Periods: []clock.Period{{First: mustDate(t, "2026-06-01"), Last: mustDate(t, "2026-08-31"), Hours: summer}},
		Overrides: []clock.Override{
			{Date: mustDate(t, "2026-07-07"), Kind: clock.Off},
			{Date: mustDate(t, "2026-10-01"), Kind: clock.Work, Hours: []clock.Span{{From: 0, To: 1440}}},
		},
	})
	tests := []struct {
		date   string
		worked bool
		hours  string
	}{
		{"2026-05-29", true, "08:30-12:00 14:30-17:30"},
		{"2026-06-01", true, "08:00-12:00 15:00-18:00"},
		{"2026-06-06", false, ""}, // Saturday of the summer hours
		{"2026-07-07", false, ""},
		{"2026-08-31", true, "08:00-12:00 15:00-18:00"},
		{"2026-09-01", true, "08:30-12:00 14:30-17:30"},
		{"2026-09-05", false, "09:00-11:00"}, // open on a Saturday, yet no working day
		{"2026-09-20", true, "10:00-11:00"},
		{"2026-10-01", true, "00:00-24:00"},
		{"2026-10-03", false, ""},
		{"2026-10-10", true, "09:00-11:00"},
		{"2031-10-01", true, "08:30-12:00 14:30-17:30"},
		{"1999-10-01", true, "08:30-12:00 14:30-17:30"},
	}
	for _, tt := range tests {
		d := mustDate(t, tt.date)
		var parts []string
		for _, s := range c.OpeningHours(d) {
			parts = append(parts, s.String())
		}
		if got := strings.Join(parts, " "); got != tt.hours || c.IsWorkday(d) != tt.worked {
			t.Errorf("%s: got worked %v %q, want %v %q", tt.date, c.IsWorkday(d), got, tt.worked, tt.hours)
		}
	}
	if c.Version() != "v" {
		t.Errorf("version: got %q", c.Version())
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	day := mustDate(t, "2026-01-01")
	tests := map[string]struct {
		cfg  clock.Config
		code string
	}{
		"no hours":        {clock.Config{}, "clock.hours.none"},
		"overlap":         {clock.Config{Hours: clock.Weekdays(clock.Span{From: 1, To: 9}, clock.Span{From: 8, To: 10})}, "clock.hours"},
		"backward period": {clock.Config{Hours: clock.Weekdays(officeSpans...), Periods: []clock.Period{{First: day, Last: day - 1}}}, "clock.period"},
		"mistyped year":   {clock.Config{Hours: clock.Weekdays(officeSpans...), Overrides: []clock.Override{{Date: day}, {Date: day + 400*366}}}, "clock.range"},
		"override hours":  {clock.Config{Hours: clock.Weekdays(officeSpans...), Overrides: []clock.Override{{Date: day, Hours: []clock.Span{{From: 5, To: 5}}}}}, "clock.hours"},
	}
	for name, tt := range tests {
		if _, err := clock.New(tt.cfg); fault.CodeOf(err) != tt.code || !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want %s", name, err, tt.code)
		}
	}
}
