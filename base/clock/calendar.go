package clock

import (
	"encoding/csv"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"chengshu/base/fault"
)

// Kind says whether a named day is worked.
type Kind uint8

// The kinds of a named day.
const (
	Off  Kind = iota // not worked, whatever its weekday
	Work             // worked, whatever its weekday (调休)
)

// NamedDay is a day that does not follow its weekday.
type NamedDay struct {
	Date Date
	Kind Kind
}

// Override is a local exception to the notices: a county holiday, a stop of work in a typhoon, a day of other hours.
type Override struct {
	Date  Date
	Kind  Kind
	Hours []Span // of a worked day; empty: the usual ones
}

// Period is a time of the year with hours of its own, for instance the summer hours. Both days are included.
type Period struct {
	First, Last Date
	Hours       Hours
}

// Config is what a Calendar is made of.
type Config struct {
	Version   string     // names this state of the data; stored beside every due time
	Days      []NamedDay // of the yearly notices of the State Council; a year is announced when one of its days is off
	Hours     Hours
	Periods   []Period   // a later one wins
	Overrides []Override // win over Days; a later one wins
	Pending   []int      // years whose Days hold already and which nobody has confirmed: not announced
}

// Calendar knows the working days and opening hours of an organisation. It is immutable and safe for concurrent use.
//
// Days inside the table have prefix sums; before and after it the bare week goes on, computed in closed form.
type Calendar struct {
	version        string
	first          Date // of the table
	days           []tableDay
	patterns       []pattern
	open           []int64 // microseconds open on all days of the table before this one; one longer than days
	work           []int32 // worked days before this one; one longer than days
	week           week
	announcedFirst Date // first and last day of the announced years; last < first when there is none
	announcedLast  Date
}

type tableDay struct {
	worked  bool
	pattern uint16
}

type pattern struct {
	spans []Span
	total int64 // microseconds
}

// maxTableYears bounds the table, so that one mistyped year cannot take the memory of the machine.
const maxTableYears = 300

// New builds a calendar. The hours must open on one weekday at least. Faults are Invalid: "clock.hours",
// "clock.hours.none", "clock.period", "clock.range".
func New(cfg Config) (*Calendar, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	c := &Calendar{version: cfg.Version, week: newWeek(cfg.Hours), announcedLast: -1}
	first, last := cfg.bounds()
	if last.Year()-first.Year() > maxTableYears {
		return nil, fault.New(fault.Invalid, "clock.range", "first", first.String(), "last", last.String())
	}
	c.first = first
	c.announce(cfg.Days, cfg.Pending)
	c.fill(cfg, last)
	return c, nil
}

func (cfg Config) check() error {
	if err := cfg.Hours.check(); err != nil {
		return err
	}
	if newWeek(cfg.Hours).openTotal == 0 {
		return fault.New(fault.Invalid, "clock.hours.none")
	}
	for _, p := range cfg.Periods {
		if p.Last < p.First {
			return fault.New(fault.Invalid, "clock.period", "first", p.First.String(), "last", p.Last.String())
		}
		if err := p.Hours.check(); err != nil {
			return err
		}
	}
	for _, o := range cfg.Overrides {
		if err := checkSpans(o.Hours); err != nil {
			return err
		}
	}
	return nil
}

// bounds gives the days the table must cover; last < first when nothing needs one.
func (cfg Config) bounds() (first, last Date) {
	first, last = math.MaxInt32, math.MinInt32
	add := func(d Date) { first, last = min(first, d), max(last, d) }
	for _, d := range cfg.Days {
		add(d.Date)
	}
	for _, o := range cfg.Overrides {
		add(o.Date)
	}
	for _, p := range cfg.Periods {
		add(p.First)
		add(p.Last)
	}
	if last < first {
		return 0, -1
	}
	return first, last
}

func (c *Calendar) announce(days []NamedDay, pending []int) {
	lo, hi := math.MaxInt, math.MinInt
	for _, d := range days {
		if d.Kind == Off && !slices.Contains(pending, d.Date.Year()) {
			lo, hi = min(lo, d.Date.Year()), max(hi, d.Date.Year())
		}
	}
	if hi >= lo {
		c.announcedFirst, c.announcedLast = DateFrom(lo, time.January, 1), DateFrom(hi, time.December, 31)
	}
}

func (c *Calendar) fill(cfg Config, last Date) {
	n := int(last-c.first) + 1
	named := make(map[Date]Kind, len(cfg.Days)+len(cfg.Overrides))
	own := map[Date][]Span{}
	for _, d := range cfg.Days {
		named[d.Date] = d.Kind
	}
	for _, o := range cfg.Overrides {
		named[o.Date] = o.Kind
		own[o.Date] = o.Hours
	}
	c.days, c.open, c.work = make([]tableDay, n), make([]int64, n+1), make([]int32, n+1)
	seen := map[string]uint16{}
	for i := range n {
		date := c.first + Date(i)
		kind, isNamed := named[date]
		worked := weekWorked(date.Weekday())
		if isNamed {
			worked = kind == Work
		}
		var spans []Span
		if worked || !isNamed {
			spans = cfg.hoursOn(date).of(date.Weekday(), worked)
		}
		if len(own[date]) > 0 && worked {
			spans = own[date]
		}
		c.days[i] = tableDay{worked, c.intern(seen, spans)}
		c.open[i+1] = c.open[i] + c.patterns[c.days[i].pattern].total
		c.work[i+1] = c.work[i]
		if worked {
			c.work[i+1]++
		}
	}
}

func (cfg Config) hoursOn(d Date) Hours {
	for _, v := range slices.Backward(cfg.Periods) {
		if p := v; p.First <= d && d <= p.Last {
			return p.Hours
		}
	}
	return cfg.Hours
}

func (c *Calendar) intern(seen map[string]uint16, spans []Span) uint16 {
	var key strings.Builder
	for _, s := range spans {
		key.WriteString(s.String())
	}
	if i, ok := seen[key.String()]; ok {
		return i
	}
	i := uint16(len(c.patterns))
	c.patterns = append(c.patterns, newPattern(spans))
	seen[key.String()] = i
	return i
}

func newPattern(spans []Span) pattern {
	p := pattern{spans: append([]Span(nil), spans...)}
	for _, s := range spans {
		p.total += int64(s.To-s.From) * minuteMicros
	}
	return p
}

// Version names the state of the data the calendar was built from.
func (c *Calendar) Version() string { return c.version }

// Announced gives the first and the last year whose notice is in the calendar, 0 and 0 when there is none.
func (c *Calendar) Announced() (first, last int) {
	if c.announcedLast < c.announcedFirst {
		return 0, 0
	}
	return c.announcedFirst.Year(), c.announcedLast.Year()
}

// ParseDays reads the days of the yearly notices: CSV with the header date,kind (further columns are ignored), kind off
// or work, lines beginning with # are comments. A day named twice is a fault. Faults are Invalid: "clock.days" with line.
func ParseDays(r io.Reader) ([]NamedDay, error) {
	in := csv.NewReader(r)
	in.Comment, in.FieldsPerRecord, in.ReuseRecord, in.TrimLeadingSpace = '#', -1, true, true
	var days []NamedDay
	seen := map[Date]bool{}
	for header := true; ; header = false {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			if header {
				return nil, fault.New(fault.Invalid, "clock.days", "line", 1)
			}
			return days, nil
		}
		if err != nil {
			return nil, fault.New(fault.Invalid, "clock.days", "line", lineOf(err)).With(err)
		}
		line, _ := in.FieldPos(0)
		bad := fault.New(fault.Invalid, "clock.days", "line", line)
		if header {
			if len(row) < 2 || strings.TrimPrefix(row[0], "\ufeff") != "date" || row[1] != "kind" {
				return nil, bad
			}
			continue
		}
		d, ok := parseDay(row)
		if !ok || seen[d.Date] {
			return nil, bad
		}
		seen[d.Date] = true
		days = append(days, d)
	}
}

func lineOf(err error) int {
	if p, ok := errors.AsType[*csv.ParseError](err); ok {
		return p.Line
	}
	return 0
}

func parseDay(row []string) (NamedDay, bool) {
	if len(row) < 2 {
		return NamedDay{}, false
	}
	date, err := ParseDate(row[0])
	if err != nil {
		return NamedDay{}, false
	}
	switch row[1] {
	case "off":
		return NamedDay{date, Off}, true
	case "work":
		return NamedDay{date, Work}, true
	default:
		return NamedDay{}, false
	}
}
