package dmn_test

import (
	"testing"

	"chengshu/base/dmn"
	"chengshu/base/fault"
	"chengshu/base/feel"
)

func day(t *testing.T, s string) feel.Date {
	t.Helper()
	if s == "" {
		return feel.Date{}
	}
	d, ok := feel.ParseDate(s)
	if !ok {
		t.Fatal(s)
	}
	return d
}

func TestShelf(t *testing.T) {
	t.Parallel()
	edition := func(version, from, to, src string) dmn.Edition {
		return dmn.Edition{Key: "fee", Version: version, From: day(t, from), To: day(t, to), Definitions: compile(t, decide("fee", literal(src)))}
	}
	shelf, err := dmn.NewShelf(edition("3", "2026-07-01", "", `30`), edition("1", "", "2025-12-31", `10`), edition("2", "2026-01-01", "2026-03-31", `20`))
	if err != nil {
		t.Fatal(err)
	}
	for on, want := range map[string]string{
		"1999-01-01": "1", "2025-12-31": "1", "2026-01-01": "2", "2026-03-31": "2", "2026-04-01": "", "2026-07-01": "3", "2099-01-01": "3",
	} {
		e, err := shelf.On("fee", day(t, on))
		if e.Version != want || (err == nil) != (want != "") {
			t.Errorf("%s: got %q %v, want %q", on, e.Version, err, want)
		}
	}
	if _, err := shelf.On("other", day(t, "2026-01-01")); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
	e, _ := shelf.On("fee", day(t, "2026-02-01"))
	res, err := e.Eval("fee", &feel.Env{})
	if err != nil || text(res.Value) != "20" || res.Trace.Model.Key != "fee" || res.Trace.Model.Version != "2" {
		t.Errorf("got %+v %v", res, err)
	}
	if _, err := e.Eval("none", &feel.Env{}); fault.CodeOf(err) != "dmn.decision" {
		t.Errorf("got %v", err)
	}
	if got := shelf.Editions("fee"); len(got) != 3 || got[0].Version != "1" {
		t.Errorf("got %v", got)
	}
}

func TestShelfFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		days [2][2]string
		code string
	}{
		"touch":    {[2][2]string{{"2026-01-01", "2026-06-30"}, {"2026-06-30", ""}}, "dmn.edition-overlap"},
		"both":     {[2][2]string{{"", ""}, {"2026-06-30", ""}}, "dmn.edition-overlap"},
		"same":     {[2][2]string{{"", "2026-01-01"}, {"", "2027-01-01"}}, "dmn.edition-overlap"},
		"backward": {[2][2]string{{"2026-06-30", "2026-01-01"}, {"2027-01-01", ""}}, "dmn.edition-days"},
		"fine":     {[2][2]string{{"2026-01-01", "2026-06-30"}, {"2026-07-01", ""}}, "internal"},
	} {
		var list []dmn.Edition
		for i, d := range c.days {
			list = append(list, dmn.Edition{Key: "k", Version: string(rune('1' + i)), From: day(t, d[0]), To: day(t, d[1])})
		}
		_, err := dmn.NewShelf(list...)
		if fault.CodeOf(err) != c.code || (err == nil) != (name == "fine") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
