package app

import (
	"context"
	"io"
	"slices"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/journal"
	"chengshu/kernel/record"
	"chengshu/kernel/schema"
)

// Notice is a yearly notice of holidays to import.
type Notice struct {
	Name    string // number of the document, kept with every day
	Confirm bool   // the year is confirmed at once and no longer marked 暂定
	Dry     bool   // tell only
}

// Noticed says what an import did.
type Noticed struct {
	Days, Made, Same int   // days of the file; of them new or changed, and as they were
	Years            []int // years the notice is about: those it has a day off in
	Confirmed        bool
	Matters          int // running matters whose dues changed
}

// ImportNotice writes the days of a notice, CSV as clock.ParseDays reads it, as records of the calendar and derives the dues
// of all running matters anew. A second import of the same changes nothing. Faults are Invalid: "clock.days",
// "calendar.notice", "calendar.types".
func (a *App) ImportNotice(ctx context.Context, file io.Reader, n Notice) (Noticed, error) {
	if n.Name == "" {
		return Noticed{}, fault.New(fault.Invalid, "calendar.notice")
	}
	days, err := clock.ParseDays(file)
	if err != nil {
		return Noticed{}, err
	}
	if err := a.loadCalendars(ctx); err != nil {
		return Noticed{}, err
	}
	now := a.calendars.Load()
	if now.types.Rules == "" || now.types.Years == "" {
		return Noticed{}, fault.New(fault.Invalid, "calendar.types")
	}
	known := map[clock.Date]clock.Kind{}
	for _, d := range now.days {
		known[d.Date] = d.Kind
	}
	out := Noticed{Days: len(days)}
	var fresh []clock.NamedDay
	for _, d := range days {
		if year := d.Date.Year(); d.Kind == clock.Off && !slices.Contains(out.Years, year) {
			out.Years = append(out.Years, year)
		}
		if kind, ok := known[d.Date]; ok && kind == d.Kind {
			out.Same++
			continue
		}
		fresh = append(fresh, d)
	}
	out.Made = len(fresh)
	if n.Dry {
		return out, nil
	}
	if err := a.DB.Write(ctx, func(tx *store.Tx) error { return a.writeNotice(ctx, tx, now, n, fresh, &out) }); err != nil {
		return out, err
	}
	out.Matters, err = a.Recalculate(ctx)
	return out, err
}

func (a *App) writeNotice(ctx context.Context, tx *store.Tx, now *calendars, n Notice, days []clock.NamedDay, out *Noticed) error {
	system := identity.System("import")
	perYear := map[int]int{}
	for _, d := range days {
		kind := ruleOff
		if d.Kind == clock.Work {
			kind = "work"
		}
		perYear[d.Date.Year()]++
		if _, err := a.Records.Seed(ctx, tx, system, now.types.Rules, map[string]any{
			"from_day": d.Date.String(), "kind": kind, "source": ruleNotice, "basis": n.Name,
		}); err != nil {
			return err
		}
	}
	first, last := a.CalendarOf("").Announced()
	for _, year := range out.Years {
		confirmed, known := now.years[year]
		if !known && first <= year && year <= last && perYear[year] == 0 {
			continue // a year of the packs
		}
		if !known {
			if _, err := a.Records.Seed(ctx, tx, system, now.types.Years, map[string]any{"year": year, "notice": n.Name, "days": perYear[year]}); err != nil {
				return err
			}
		}
		if n.Confirm && !confirmed {
			if err := a.confirmYear(ctx, tx, system, now.types.Years, year); err != nil {
				return err
			}
			out.Confirmed = true
		}
	}
	return nil
}

// confirmYear does what the command does that a person has in the desk.
func (a *App) confirmYear(ctx context.Context, tx *store.Tx, who identity.Actor, typ string, year int) error {
	var id string
	if err := tx.QueryRow(ctx, `SELECT id FROM `+tableOf(typ)+` WHERE year = ? AND deleted_at IS NULL`, year).Scan(&id); err != nil {
		return fault.Wrap("find year", err)
	}
	now := a.Clock.Now()
	body, rev, err := a.Records.Apply(ctx, tx, who, typ, id, record.Change{
		State: "confirmed", Set: map[string]any{"confirmed_at": schema.FormatTime(now)}, Op: "confirm",
	})
	if err != nil {
		return err
	}
	_, err = a.Journal.Append(ctx, tx, journal.Entry{
		At: now, Actor: who.Person, Via: who.Via, Action: "record.confirm", Subject: typ + "/" + id, Rev: rev, Body: body,
	})
	return err
}
