package pack

import (
	"bytes"
	"encoding/hex"
	"io/fs"
	"strings"

	"github.com/emmansun/gmsm/sm3"
	"gopkg.in/yaml.v3"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/kernel/schema"
)

// CalendarTypes are the record types that keep what people say of the calendar; empty where no pack declares them.
type CalendarTypes struct {
	Rules string // exceptions and opening hours: unit, from_day, to_day, kind off, work or hours, hours, source notice or local
	Years string // years whose notice was imported: year; state confirmed
	Cards string // supervision cards: what flow.Card says
}

// CalendarConfig gives the county's calendar of the last pack that has calendar.csv (days of the yearly notices) and
// calendar.yaml (hours: "mon-fri 08:30-12:00,14:30-17:30", and rules, years, cards: record types). Without one every
// weekday is worked from 9 to 17.
func (b *Bundle) CalendarConfig() (clock.Config, CalendarTypes, error) {
	cfg, types := clock.Config{Version: "none"}, CalendarTypes{}
	hours := "mon-fri 09:00-17:00"
	for _, p := range b.Packs {
		days, err := fs.ReadFile(p.FS, "calendar.csv")
		if err != nil {
			continue // a pack without a calendar
		}
		if cfg.Days, err = clock.ParseDays(bytes.NewReader(days)); err != nil {
			return cfg, types, fault.Wrap(p.Name+"/calendar.csv", err)
		}
		sum := sm3.Sum(days)
		cfg.Version = p.Name + "@" + p.Version + "-" + hex.EncodeToString(sum[:4])
		text, err := fs.ReadFile(p.FS, "calendar.yaml")
		if err != nil {
			continue // the hours have a default
		}
		if err := b.calendarKeys(p.Name+"/calendar.yaml", text, &hours, &types); err != nil {
			return cfg, types, err
		}
	}
	var err error
	cfg.Hours, err = ParseHours(hours)
	return cfg, types, err
}

func (b *Bundle) calendarKeys(file string, text []byte, hours *string, types *CalendarTypes) error {
	var problems schema.Problems
	keys := map[string]*string{"hours": hours, "rules": &types.Rules, "years": &types.Years, "cards": &types.Cards}
	schema.Pairs(schema.Document(file, text, &problems), func(k string, line int, v *yaml.Node) {
		at := schema.Pos{File: file, Line: line}
		to := keys[k]
		if to == nil {
			problems.Add(at, "yaml.unknown", "key", k, "near", "hours")
			return
		}
		*to = v.Value
		if k == "hours" {
			return
		}
		if _, err := b.Set.Type(v.Value); err != nil {
			problems.Add(at, "pack.type", "type", v.Value)
		}
	})
	return problems.Fault()
}

// Calendar builds the county's calendar of CalendarConfig.
func (b *Bundle) Calendar() (*clock.Calendar, error) {
	cfg, _, err := b.CalendarConfig()
	if err != nil {
		return nil, err
	}
	return clock.New(cfg)
}

// ParseHours reads "mon-fri 08:30-12:00,14:30-17:30; sat 09:00-12:00". Faults are Invalid "clock.hours".
func ParseHours(s string) (clock.Hours, error) {
	names := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	at := func(name string) int {
		for i, n := range names {
			if n == strings.TrimSpace(name) {
				return i
			}
		}
		return -1
	}
	var out clock.Hours
	for part := range strings.SplitSeq(s, ";") {
		days, spans, _ := strings.Cut(strings.TrimSpace(part), " ")
		from, to, isRange := strings.Cut(days, "-")
		if !isRange {
			to = from
		}
		first, last := at(from), at(to)
		if first < 0 || last < first {
			return out, fault.New(fault.Invalid, "clock.hours", "hours", s)
		}
		parsed, err := clock.ParseSpans(strings.ReplaceAll(spans, ",", " "))
		if err != nil {
			return out, fault.Wrap("opening hours", err)
		}
		for d := first; d <= last; d++ {
			out.Week[d] = parsed
		}
	}
	return out, nil
}
