package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"chengshu/app"
	"chengshu/app/scenario"
	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/flow"
	"chengshu/kernel/identity"
)

// calendarOffice is an app of the county pack with some running tasks.
type calendarOffice struct {
	t    *testing.T
	a    *app.App
	fake *clock.Fake
}

func eachCalendar(t *testing.T, fn func(o *calendarOffice)) {
	t.Helper()
	t.Parallel()
	for name, open := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgreSQLURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := clock.NewFake(time.Date(2026, 12, 30, 9, 0, 0, 0, clock.Shanghai))
			a, err := app.New(t.Context(), app.Config{Dir: t.TempDir(), Database: open(t), Clock: fake, Cheap: true, Only: []string{"county"}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(a.Close)
			if _, err := scenario.NewWorld(t.Context(), a, fake); err != nil {
				t.Fatal(err)
			}
			fn(&calendarOffice{t, a, fake})
		})
	}
}

// task makes a running task of an organisation.
func (o *calendarOffice) task(org string) flow.Biz {
	o.t.Helper()
	var biz flow.Biz
	err := o.a.DB.Write(o.t.Context(), func(tx *store.Tx) error {
		who := identity.System("test")
		who.Org = org
		r, err := o.a.Records.Seed(o.t.Context(), tx, who, "county.task", map[string]any{
			"subject": "x", "kind": "visit", "detail": "x", "zone": "/990100/",
		})
		if err != nil {
			return err
		}
		biz = flow.Biz{Type: "county.task", ID: r.ID(), Org: org}
		_, err = o.a.Flow.Start(o.t.Context(), tx, who, "county.task", biz)
		return err
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return biz
}

func (o *calendarOffice) due(biz flow.Biz) string {
	o.t.Helper()
	out := ""
	if err := o.a.DB.Read(o.t.Context(), func(tx *store.Tx) error {
		list, err := o.a.Flow.SLA(o.t.Context(), tx, biz)
		if len(list) == 1 {
			out = clock.LastDay(list[0].Due).String()
			if list[0].Provisional {
				out += " provisional"
			}
		}
		return err
	}); err != nil {
		o.t.Fatal(err)
	}
	return out
}

func (o *calendarOffice) entries(biz flow.Biz) int {
	o.t.Helper()
	n := 0
	if err := o.a.DB.Read(o.t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow(o.t.Context(), `SELECT COUNT(*) FROM flow_hist h JOIN flow_inst i ON i.id = h.inst WHERE i.biz_id = ? AND h.op = 'reclock' AND h.entry > 0`, biz.ID).Scan(&n)
	}); err != nil {
		o.t.Fatal(err)
	}
	return n
}

func (o *calendarOffice) rule(data map[string]any) {
	o.t.Helper()
	data["basis"] = "test"
	if err := o.a.DB.Write(o.t.Context(), func(tx *store.Tx) error {
		_, err := o.a.Records.Seed(o.t.Context(), tx, identity.System("test"), "county.calendar_rule", data)
		return err
	}); err != nil {
		o.t.Fatal(err)
	}
}

const notice2027 = "date,kind\n2027-01-01,off\n2027-01-04,off\n2027-01-09,work\n"

// A notice is imported once: the dues it touches change with one journal entry each, and lose their mark when the year is
// confirmed.
func TestImportNotice(t *testing.T) {
	eachCalendar(t, func(o *calendarOffice) {
		t, ctx := o.t, o.t.Context()
		biz := o.task("/county/")
		want := func(due string, entries int) {
			t.Helper()
			if got := o.due(biz); got != due || o.entries(biz) != entries {
				t.Errorf("due %s with %d entries, want %s with %d", got, o.entries(biz), due, entries)
			}
		}
		want("2027-01-06 provisional", 0)
		if _, err := o.a.ImportNotice(ctx, strings.NewReader(notice2027), app.Notice{}); fault.CodeOf(err) != "calendar.notice" {
			t.Errorf("without a number: %v", err)
		}
		for _, step := range []struct {
			n    app.Notice
			want string
			due  string
		}{
			{app.Notice{Name: "n", Dry: true}, "3 0 [2027] false 0", "2027-01-06 provisional 0"},
			{app.Notice{Name: "n"}, "3 0 [2027] false 1", "2027-01-08 provisional 1"},
			{app.Notice{Name: "n"}, "0 3 [2027] false 0", "2027-01-08 provisional 1"},
			{app.Notice{Name: "n", Confirm: true}, "0 3 [2027] true 1", "2027-01-08 2"},
			{app.Notice{Name: "n", Confirm: true}, "0 3 [2027] false 0", "2027-01-08 2"},
		} {
			r, err := o.a.ImportNotice(ctx, strings.NewReader(notice2027), step.n)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(r.Made, r.Same, r.Years, r.Confirmed, r.Matters); got != step.want {
				t.Errorf("%+v: got %s, want %s", step.n, got, step.want)
			}
			if got := fmt.Sprint(o.due(biz), " ", o.entries(biz)); got != step.due {
				t.Errorf("%+v: %s, want %s", step.n, got, step.due)
			}
		}
		if _, last := o.a.CalendarOf("").Announced(); last != 2027 {
			t.Errorf("announced up to %d, want 2027", last)
		}
	})
}

// An organisation's rules hold for it and those below it, and move their matters alone.
func TestCalendarOfOrganisation(t *testing.T) {
	eachCalendar(t, func(o *calendarOffice) {
		t := o.t
		o.fake.Set(time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai))
		town, below, other := o.task("/county/town01/"), o.task("/county/town01/office/"), o.task("/county/town02/")
		o.rule(map[string]any{"unit": "/county/town01/", "from_day": "2026-03-04", "kind": "off", "source": "local"})
		if n, err := o.a.SyncCalendar(t.Context()); n != 2 || err != nil {
			t.Errorf("%d matters changed, %v; want the two of the town", n, err)
		}
		for biz, want := range map[flow.Biz]string{town: "2026-03-10", below: "2026-03-10", other: "2026-03-09"} {
			if got := o.due(biz); got != want {
				t.Errorf("%s: due %s, want %s", biz.Org, got, want)
			}
		}
		o.rule(map[string]any{"unit": "/county/town02/", "from_day": "2026-01-01", "to_day": "2026-12-31", "kind": "hours", "hours": "mon-fri 08:00-12:00; sat 09:00-11:00", "source": "local"})
		o.rule(map[string]any{"unit": "/county/town02/", "from_day": "2026-03-07", "kind": "work", "hours": "10:00-11:00", "source": "local"})
		o.rule(map[string]any{"from_day": "2026-03-05", "kind": "off", "source": "local"})
		if n, err := o.a.SyncCalendar(t.Context()); n != 3 || err != nil {
			t.Errorf("%d matters changed, %v; want all three", n, err)
		}
		if n, err := o.a.SyncCalendar(t.Context()); n != 0 || err != nil {
			t.Errorf("again: %d matters changed, %v", n, err)
		}
		for biz, want := range map[flow.Biz]string{town: "2026-03-11", other: "2026-03-09"} { // the Saturday worked makes up for the day off
			if got := o.due(biz); got != want {
				t.Errorf("%s: due %s, want %s", biz.Org, got, want)
			}
		}
		cal, day := o.a.CalendarOf("/county/town02/x/"), time.Date(2026, 3, 7, 10, 30, 0, 0, clock.Shanghai)
		if !cal.IsOpen(day) || cal.IsOpen(day.Add(time.Hour)) || cal.IsOpen(day.AddDate(0, 0, -1).Add(5*time.Hour)) || !cal.IsOpen(day.AddDate(0, 0, 7)) {
			t.Error("the opening hours are not those of the rules")
		}
		if o.a.CalendarOf("/county/").IsOpen(day) {
			t.Error("a town's Saturday is open for the county")
		}
		scope := feel.NewScope()
		for _, f := range o.a.Records.Functions(o.a.CalendarOf) {
			scope.Func(f)
		}
		for _, c := range []struct{ src, want string }{
			{`workdays(date("2026-03-02"), date("2026-03-08"))`, "3"},                           // without the 5th
			{`workdays(date("2026-03-02"), date("2026-03-08"), "/county/town01/office/")`, "2"}, // nor the 4th
			{`workdays(date("2026-03-02"), date("2026-03-08"), "/county/town02/")`, "4"},        // with the Saturday
			{`workdays(date("2026-03-02"), date("2026-03-08"), null)`, "3"},
		} {
			x, err := feel.Compile(c.src, scope)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(x.Eval(&feel.Env{})); got != c.want {
				t.Errorf("%s is %s, want %s", c.src, got, c.want)
			}
		}
	})
}
