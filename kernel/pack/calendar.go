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

// Calendar builds the working-time calendar from the last pack that has calendar.csv (days of the yearly notices) and
// calendar.yaml (hours: "mon-fri 08:30-12:00,14:30-17:30"). Without one every weekday is worked from 9 to 17.
func (b *Bundle) Calendar() (*clock.Calendar, error) {
	cfg := clock.Config{Version: "none"}
	hours := "mon-fri 09:00-17:00"
	for _, p := range b.Packs {
		days, err := fs.ReadFile(p.FS, "calendar.csv")
		if err != nil {
			continue // a pack without a calendar
		}
		if cfg.Days, err = clock.ParseDays(bytes.NewReader(days)); err != nil {
			return nil, fault.Wrap(p.Name+"/calendar.csv", err)
		}
		sum := sm3.Sum(days)
		cfg.Version = p.Name + "@" + p.Version + "-" + hex.EncodeToString(sum[:4])
		text, err := fs.ReadFile(p.FS, "calendar.yaml")
		if err != nil {
			continue // the hours have a default
		}
		var problems schema.Problems
		root := schema.Document(p.Name+"/calendar.yaml", text, &problems)
		schema.Pairs(root, func(k string, _ int, v *yaml.Node) {
			if k == "hours" {
				hours = v.Value
			}
		})
		if err := problems.Fault(); err != nil {
			return nil, err
		}
	}
	var err error
	if cfg.Hours, err = parseHours(hours); err != nil {
		return nil, err
	}
	return clock.New(cfg)
}

// parseHours reads "mon-fri 08:30-12:00,14:30-17:30; sat 09:00-12:00".
func parseHours(s string) (clock.Hours, error) {
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
