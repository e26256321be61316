package app

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/flow"
	"chengshu/kernel/identity"
	"chengshu/kernel/pack"
)

// calendars are the working-time calendars in force: the county's, and those of the organisations with rules of their own.
type calendars struct {
	county *clock.Calendar
	own    map[string]*clock.Calendar // by organisation path
	days   []clock.NamedDay           // of the notices, those of the packs included
	years  map[int]bool               // years imported here; true: confirmed
	types  pack.CalendarTypes
	stamp  string // state of the records they were built from
}

// of gives the calendar of the organisation, or of the nearest one above it that has rules.
func (c *calendars) of(org string) *clock.Calendar {
	for path := org; path != ""; {
		if own := c.own[path]; own != nil {
			return own
		}
		i := strings.LastIndexByte(strings.TrimSuffix(path, "/"), '/')
		if i < 0 {
			break
		}
		path = path[:i+1]
	}
	return c.county
}

// CalendarOf gives the calendar of an organisation, and the county's for "".
func (a *App) CalendarOf(org string) *clock.Calendar { return a.calendars.Load().of(org) }

// rule is one record of the type of calendar rules.
type rule struct {
	id, unit, from, to, kind, hours, source string
}

// Kinds of a rule, and the source of those that come from a notice.
const (
	ruleHours  = "hours"
	ruleOff    = "off"
	ruleNotice = "notice"
)

// lay puts the rule into a configuration: days of a notice among its days, local ones over them.
func (r rule) lay(cfg *clock.Config) error {
	first, err := clock.ParseDate(r.from)
	if err != nil {
		return err
	}
	last := first
	if r.to != "" {
		if last, err = clock.ParseDate(r.to); err != nil {
			return err
		}
	}
	if last < first || last-first > 3660 {
		return fault.New(fault.Invalid, "clock.period", "first", r.from, "last", r.to)
	}
	if r.kind == ruleHours {
		hours, err := pack.ParseHours(r.hours)
		if err != nil {
			return err
		}
		cfg.Periods = append(cfg.Periods, clock.Period{First: first, Last: last, Hours: hours})
		return nil
	}
	kind := clock.Work
	if r.kind == ruleOff {
		kind = clock.Off
	}
	var spans []clock.Span
	if r.hours != "" && kind == clock.Work {
		if spans, err = clock.ParseSpans(strings.ReplaceAll(r.hours, ",", " ")); err != nil {
			return err
		}
	}
	for d := first; d <= last; d++ {
		if r.source == ruleNotice {
			cfg.Days = append(cfg.Days, clock.NamedDay{Date: d, Kind: kind})
		} else {
			cfg.Overrides = append(cfg.Overrides, clock.Override{Date: d, Kind: kind, Hours: spans})
		}
	}
	return nil
}

// loadCalendars builds the calendars anew from packs and records and puts them in force.
func (a *App) loadCalendars(ctx context.Context) error {
	base, types, err := a.Bundle.Load().CalendarConfig()
	if err != nil {
		return err
	}
	next := &calendars{own: map[string]*clock.Calendar{}, years: map[int]bool{}, types: types}
	var rules []rule
	if err := a.DB.Read(ctx, func(tx *store.Tx) error {
		if next.stamp, err = calendarStamp(ctx, tx, types); err != nil {
			return err
		}
		if rules, err = calendarRules(ctx, tx, types.Rules); err != nil {
			return err
		}
		return calendarYears(ctx, tx, types.Years, next.years)
	}); err != nil {
		return err
	}
	for year, confirmed := range next.years {
		if !confirmed {
			base.Pending = append(base.Pending, year)
		}
	}
	slices.Sort(base.Pending)
	units := []string{""}
	for _, r := range rules {
		if !slices.Contains(units, r.unit) {
			units = append(units, r.unit)
		}
	}
	for _, unit := range units {
		c, days, err := a.buildCalendar(ctx, base, rules, unit)
		if err != nil {
			return err
		}
		if unit == "" {
			next.county, next.days = c, days
		} else {
			next.own[unit] = c
		}
	}
	a.calendars.Store(next)
	return nil
}

// buildCalendar builds the calendar of one organisation: its rules win over those of the organisations above it. A rule
// that cannot be read is left out and logged, so that one mistyped line does not stop every clock.
func (a *App) buildCalendar(ctx context.Context, base clock.Config, rules []rule, unit string) (*clock.Calendar, []clock.NamedDay, error) {
	cfg := base
	cfg.Days, cfg.Overrides, cfg.Periods = slices.Clip(base.Days), slices.Clip(base.Overrides), slices.Clip(base.Periods)
	sum := sm3.New()
	fmt.Fprintln(sum, base.Version, base.Hours, base.Pending)
	own := false
	for _, r := range rules {
		if !strings.HasPrefix(unit, r.unit) {
			continue
		}
		trial := cfg
		err := r.lay(&trial)
		if err == nil {
			_, err = clock.New(trial)
		}
		if err != nil {
			a.log.WarnContext(ctx, "calendar rule left out", "record", r.id, "error", err)
			continue
		}
		cfg, own = trial, true
		fmt.Fprintln(sum, r.unit, r.from, r.to, r.kind, r.hours, r.source)
	}
	if own || len(base.Pending) > 0 {
		cfg.Version += "+" + hex.EncodeToString(sum.Sum(nil)[:4])
	}
	c, err := clock.New(cfg)
	return c, cfg.Days, err
}

// calendarStamp tells the state of the records the calendar is built from.
func calendarStamp(ctx context.Context, tx *store.Tx, types pack.CalendarTypes) (string, error) {
	var stamp strings.Builder
	for _, typ := range []string{types.Rules, types.Years} {
		if typ == "" {
			continue
		}
		var n, revs, gone int64
		if err := tx.QueryRow(ctx, `SELECT COUNT(*), COALESCE(SUM(rev), 0), COUNT(deleted_at) FROM `+tableOf(typ)).Scan(&n, &revs, &gone); err != nil {
			return "", fault.Wrap("look at the calendar", err)
		}
		fmt.Fprintf(&stamp, "%d.%d.%d/", n, revs, gone)
	}
	return stamp.String(), nil
}

func tableOf(typ string) string { return strings.ReplaceAll(typ, ".", "_") }

// calendarRules gives the rules in force, those of higher organisations first, each organisation's in the order they came.
func calendarRules(ctx context.Context, tx *store.Tx, typ string) (out []rule, err error) {
	if typ == "" {
		return nil, nil
	}
	err = scan(ctx, tx, `SELECT id, COALESCE(unit, ''), from_day, COALESCE(to_day, ''), kind, COALESCE(hours, ''), source FROM `+
		tableOf(typ)+` WHERE deleted_at IS NULL ORDER BY LENGTH(COALESCE(unit, '')), created_at, id`, func(rows *sql.Rows) error {
		var r rule
		if err := rows.Scan(&r.id, &r.unit, &r.from, &r.to, &r.kind, &r.hours, &r.source); err != nil {
			return err
		}
		out = append(out, r)
		return nil
	})
	return out, err
}

func calendarYears(ctx context.Context, tx *store.Tx, typ string, out map[int]bool) error {
	if typ == "" {
		return nil
	}
	return scan(ctx, tx, `SELECT year, state FROM `+tableOf(typ)+` WHERE deleted_at IS NULL`, func(rows *sql.Rows) error {
		var (
			year  int
			state string
		)
		err := rows.Scan(&year, &state)
		out[year] = out[year] || state == "confirmed"
		return err
	})
}

func scan(ctx context.Context, tx *store.Tx, query string, row func(*sql.Rows) error) error {
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return fault.Wrap("read the calendar", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := row(rows); err != nil {
			return fault.Wrap("read the calendar", err)
		}
	}
	return fault.Wrap("read the calendar", rows.Err())
}

// SyncCalendar looks whether the calendar has changed, here or at another node, puts the change in force and derives the
// dues of all running matters anew. It gives how many matters changed.
func (a *App) SyncCalendar(ctx context.Context) (int, error) {
	types, stamp := a.calendars.Load().types, ""
	if err := a.DB.Read(ctx, func(tx *store.Tx) (err error) {
		stamp, err = calendarStamp(ctx, tx, types)
		return err
	}); err != nil {
		return 0, err
	}
	if stamp == a.calendars.Load().stamp {
		return 0, nil
	}
	return a.Recalculate(ctx)
}

// Recalculate builds the calendars anew and derives the dues of all running matters from them.
func (a *App) Recalculate(ctx context.Context) (int, error) {
	if err := a.loadCalendars(ctx); err != nil {
		return 0, err
	}
	changed, _, err := a.Flow.Reclock(ctx, identity.System("calendar"), 0)
	return changed, err
}

// calendarPoll is how often the records of the calendar are looked at: two small counts.
const calendarPoll = 5 * time.Second

// watchCalendar puts changes of the calendar in force, and at first those that came while nothing ran.
func (a *App) watchCalendar(ctx context.Context) {
	look := a.Recalculate
	tick := time.NewTicker(calendarPoll)
	defer tick.Stop()
	for {
		if n, err := look(ctx); err != nil && ctx.Err() == nil {
			a.log.ErrorContext(ctx, "calendar", "error", err)
		} else if n > 0 {
			a.log.InfoContext(ctx, "calendar changed", "matters", n)
		}
		look = a.SyncCalendar
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// pauseRule finds a reason in the closed list of the packs.
func (a *App) pauseRule(typ, reason string) (flow.PauseRule, bool) {
	p := a.Bundle.Load().Pause(typ, reason)
	if p == nil {
		return flow.PauseRule{}, false
	}
	return flow.PauseRule{Code: p.Code, Basis: p.Basis, Max: p.Max, Notice: p.Notice}, true
}
