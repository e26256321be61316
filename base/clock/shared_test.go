package clock_test

import (
	"os"
	"path/filepath"
	"testing"

	"chengshu/base/clock"
)

// sharedDays reads the table of the State Council's notices; where it is absent the test says so and is skipped.
func sharedDays(tb testing.TB) []clock.NamedDay {
	tb.Helper()
	root := os.Getenv("CHENGSHU_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	f, err := os.Open(filepath.Join(root, "standards", "tables", "cn_working_days.csv"))
	if err != nil {
		if os.Getenv("CHENGSHU_CI") == "1" {
			tb.Fatalf("the table of working days is required in CI: %v", err)
		}
		tb.Skipf("SKIPPED, NOT PASSED: no table of working days: %v", err)
	}
	defer f.Close()
	days, err := clock.ParseDays(f)
	if err != nil {
		tb.Fatal(err)
	}
	return days
}

var officeSpans = []clock.Span{{From: 8*60 + 30, To: 12 * 60}, {From: 14*60 + 30, To: 17*60 + 30}}

func sharedCalendar(tb testing.TB) *clock.Calendar {
	tb.Helper()
	return mustCalendar(tb, clock.Config{Version: "cn@2026", Days: sharedDays(tb), Hours: clock.Weekdays(officeSpans...)})
}

func mustCalendar(tb testing.TB, cfg clock.Config) *clock.Calendar {
	tb.Helper()
	c, err := clock.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func mustDate(tb testing.TB, s string) clock.Date {
	tb.Helper()
	d, err := clock.ParseDate(s)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}
