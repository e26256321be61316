package clock

import (
	"strconv"
	"strings"
	"time"

	"chengshu/base/fault"
)

// Span is a stretch of opening time in minutes since 0:00, From included, To not: {510, 720} is 08:30 to 12:00.
type Span struct{ From, To int }

// Hours are the opening hours of a week.
type Hours struct {
	// Week holds the spans of each weekday, Sunday first as in time.Weekday.
	Week [7][]Span
	// Makeup holds the spans of a day that is worked by notice though its weekday has none. Empty: those of Monday.
	Makeup []Span
}

// Weekdays gives hours that are the same from Monday to Friday, with none at the weekend.
func Weekdays(spans ...Span) Hours {
	var h Hours
	for d := time.Monday; d <= time.Friday; d++ {
		h.Week[d] = spans
	}
	return h
}

// ParseSpans reads "08:30-12:00 14:30-17:30", ascending and without overlap; 24:00 is the end of the day. An empty text
// is no span. The fault is Invalid "clock.hours".
func ParseSpans(s string) ([]Span, error) {
	var spans []Span
	for field := range strings.FieldsSeq(s) {
		a, b, ok := strings.Cut(field, "-")
		from, okFrom := minuteOfDay(a)
		to, okTo := minuteOfDay(b)
		if !ok || !okFrom || !okTo {
			return nil, fault.New(fault.Invalid, "clock.hours", "value", field)
		}
		spans = append(spans, Span{from, to})
	}
	if err := checkSpans(spans); err != nil {
		return nil, err
	}
	return spans, nil
}

// String gives 08:30-12:00.
func (s Span) String() string { return hhmm(s.From) + "-" + hhmm(s.To) }

func hhmm(m int) string {
	return strconv.Itoa(100 + m/60)[1:] + ":" + strconv.Itoa(100 + m%60)[1:]
}

func minuteOfDay(s string) (int, bool) {
	if len(s) != 5 || s[2] != ':' || !digits(s[:2]) || !digits(s[3:]) {
		return 0, false
	}
	m := (int(s[0]-'0')*10+int(s[1]-'0'))*60 + int(s[3]-'0')*10 + int(s[4]-'0')
	return m, s[3] < '6' && m <= 1440
}

func checkSpans(spans []Span) error {
	end := 0
	for _, s := range spans {
		if s.From < end || s.To <= s.From || s.To > 1440 {
			return fault.New(fault.Invalid, "clock.hours", "value", s.String())
		}
		end = s.To
	}
	return nil
}

func (h Hours) check() error {
	for _, spans := range h.Week {
		if err := checkSpans(spans); err != nil {
			return err
		}
	}
	return checkSpans(h.Makeup)
}

// of gives the spans of a weekday; worked tells that the day is worked whatever its weekday.
func (h Hours) of(day time.Weekday, worked bool) []Span {
	switch {
	case len(h.Week[day]) > 0 || !worked:
		return h.Week[day]
	case len(h.Makeup) > 0:
		return h.Makeup
	default:
		return h.Week[time.Monday]
	}
}
