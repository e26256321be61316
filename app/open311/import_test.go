package open311_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"chengshu/app"
	"chengshu/app/open311"
	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/identity"
	"chengshu/kernel/journal"
	"chengshu/kernel/record"
)

const cases = "urban.case"

// county is an app with nobody in it.
type county struct {
	*testing.T
	*app.App
	dir string
}

func open(t *testing.T, dir, url string) *county {
	t.Helper()
	a, err := app.New(t.Context(), app.Config{
		Dir: dir, Database: url, Cheap: true, Clock: clock.NewFake(time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return &county{t, a, dir}
}

func (c *county) importer() *open311.Importer {
	c.Helper()
	all, err := open311.Mappings(c.Bundle.Load())
	if err != nil {
		c.Fatal(err)
	}
	m, err := open311.Choose(all, "")
	if err != nil {
		c.Fatal(err)
	}
	return &open311.Importer{App: c.App, Mapping: m, Source: "sf"}
}

func (c *county) run(m *open311.Importer, text string) *open311.Report {
	c.Helper()
	d, err := open311.Read("in", strings.NewReader(text), open311.DefaultLimits())
	if err != nil {
		c.Fatal(err)
	}
	r, err := m.Import(c.Context(), d)
	if err != nil {
		c.Fatal(err)
	}
	return r
}

func (c *county) file(name string) string {
	c.Helper()
	text, err := os.ReadFile(filepath.Join(fixtures(c.T), name))
	if err != nil {
		c.Fatal(err)
	}
	return string(text)
}

// seer is somebody who sees all cases.
func seer() identity.Actor {
	return identity.Actor{Person: "p", Roles: []string{"urban.duty_chief"}, Clearance: 3, Org: "/county/", Area: "/"}
}

// cases gives the cases by number of the other system.
func (c *county) cases() map[string]*record.Record {
	c.Helper()
	out := map[string]*record.Record{}
	err := c.DB.Read(c.Context(), func(tx *store.Tx) error {
		page, err := c.Records.List(c.Context(), tx, seer(), record.Query{Type: cases})
		for _, r := range page.Records {
			out[fmt.Sprint(r.Values["external_number"])] = r
		}
		return err
	})
	if err != nil {
		c.Fatal(err)
	}
	return out
}

// entries counts the journal's entries about cases.
func (c *county) entries(subject string) []string {
	c.Helper()
	var out []string
	err := c.DB.Read(c.Context(), func(tx *store.Tx) error {
		list, err := c.Journal.Query(c.Context(), tx, journal.Filter{Subject: subject})
		for _, e := range list {
			out = append(out, e.Actor+" "+e.Via+" "+e.Action)
		}
		return err
	})
	if err != nil {
		c.Fatal(err)
	}
	return out
}

func counts(t *testing.T, got, want open311.Count) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got) %s", diff)
	}
}

// TestRequests takes the public requests in, twice, and follows them.
func TestRequests(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		c := open(t, t.TempDir(), url)
		text := c.file("service_requests.xml")
		dry := c.importer()
		dry.Dry = true
		want := open311.Count{Rows: 2, Made: 2, Closed: 1}
		counts(t, c.run(dry, text).Requests, want)
		if n := len(c.cases()); n != 0 {
			t.Fatalf("a dry run made %d cases", n)
		}
		r := c.run(c.importer(), text)
		counts(t, r.Requests, want)
		if diff := cmp.Diff([]string{"638344", "638349"}, r.Outside); diff != "" || len(r.Refused) > 0 {
			t.Errorf("outside: %s, refused: %v", diff, r.Refused)
		}
		have := c.cases()
		closed, running := have["638344"], have["638349"]
		place, _ := running.Values["place"].(map[string]any)
		for name, got := range map[string][2]any{
			"state":     {running.State(), "accepting"},
			"category":  {running.Values["category"], "E0110"},
			"detail":    {running.Values["detail"], "Sidewalk and Curb Issues"},
			"longitude": {place["lon"], -122.4651145},
			"reported":  {running.Values["external_reported_at"], "2010-04-19T22:37:38+08:00"},
			"ended":     {closed.State(), "closed_elsewhere"},
			"result":    {closed.Values["result"], "closed_elsewhere"},
			"at":        {closed.Values["closed_at"], "2010-04-14T22:37:38+08:00"},
			"reply":     {closed.Values["reply"], "Duplicate request."},
		} {
			if got[0] != got[1] {
				t.Errorf("%s: got %v, want %v", name, got[0], got[1])
			}
		}
		wantEntries := []string{"system import record.create", "system import flow.start", "system import record.close_external", "system import flow.cancel"}
		if diff := cmp.Diff(wantEntries, c.entries(closed.Subject())); diff != "" {
			t.Errorf("entries: %s", diff)
		}
		if closed.Values["handled_at"] != nil || closed.Values["registered_at"] != nil {
			t.Error("work was made up")
		}
		again := c.run(c.importer(), text)
		counts(t, again.Requests, open311.Count{Rows: 2, Same: 2})
		if len(c.cases()) != 2 || len(c.entries(closed.Subject())) != len(wantEntries) {
			t.Error("the second import changed something")
		}
		other := c.importer()
		other.Source = "elsewhere"
		counts(t, c.run(other, text).Requests, want)
	})
}

func request(id, status, note, updated string) string {
	return "<service_requests><request><service_request_id>" + id + "</service_request_id><status>" + status + "</status><status_notes>" + note +
		"</status_notes><description>d</description><address>a</address><updated_datetime>" + updated + "</updated_datetime></request></service_requests>"
}

// TestFollow: a later answer changes what follows the other system, closes what is not in work, and never takes a case out
// of the hands of people; an older answer changes nothing.
func TestFollow(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		c := open(t, t.TempDir(), url)
		first := c.run(c.importer(), request("1", "open", "seen", "2026-01-02T00:00:00Z"))
		counts(t, first.Requests, open311.Count{Rows: 1, Made: 1})
		if diff := cmp.Diff([]string{"1"}, first.Placeless); diff != "" {
			t.Error(diff)
		}
		counts(t, c.run(c.importer(), request("1", "open", "sent out", "2026-01-03T00:00:00Z")).Requests, open311.Count{Rows: 1, Changed: 1})
		counts(t, c.run(c.importer(), request("1", "closed", "old", "2026-01-01T00:00:00Z")).Requests, open311.Count{Rows: 1, Same: 1})
		if got := c.cases()["1"]; got.Values["external_note"] != "sent out" || got.State() != "accepting" {
			t.Errorf("got %v in %s", got.Values["external_note"], got.State())
		}
		counts(t, c.run(c.importer(), request("1", "closed", "done", "2026-01-04T00:00:00Z")).Requests, open311.Count{Rows: 1, Changed: 1, Closed: 1})
		counts(t, c.run(c.importer(), request("1", "closed", "done well", "2026-01-05T00:00:00Z")).Requests, open311.Count{Rows: 1, Changed: 1})
		if got := c.cases()["1"]; got.State() != "closed_elsewhere" || got.Values["external_note"] != "done well" {
			t.Errorf("got %+v", got.Values)
		}
		c.run(c.importer(), request("2", "open", "", "2026-01-02T00:00:00Z"))
		c.inWork("2")
		r := c.run(c.importer(), request("2", "closed", "gone", "2026-01-06T00:00:00Z"))
		counts(t, r.Requests, open311.Count{Rows: 1, Changed: 1})
		if got := c.cases()["2"]; got.State() != "handling" || got.Values["external_status"] != "closed" || len(r.Busy) != 1 {
			t.Errorf("got %s, busy %v", got.State(), r.Busy)
		}
	})
}

// inWork has the process take a case on.
func (c *county) inWork(number string) {
	c.Helper()
	r := c.cases()[number]
	if err := c.DB.Write(c.Context(), func(tx *store.Tx) error {
		_, _, err := c.Records.Apply(c.Context(), tx, identity.System("test"), cases, r.ID(), record.Change{State: "handling", Op: "flow.complete"})
		return err
	}); err != nil {
		c.Fatal(err)
	}
}

// TestRefusals: wrong rows are refused with their reason and leave the others.
func TestRefusals(t *testing.T) {
	t.Parallel()
	c := open(t, t.TempDir(), "")
	r := c.run(c.importer(), `[
{"service_request_id":"1","status":"open","description":"d","lat":"37","long":"x"},
{"service_request_id":"2","status":"done","description":"d"},
{"status":"open","description":"d"},
{"service_request_id":"3","status":"open","description":"d","address":"a"},
{"service_request_id":"3","status":"open","description":"d","address":"a"},
{"service_request_id":"4","status":"open","description":"d"},
{"service_request_id":"\" or true or \"","status":"open","description":"d","address":"a","updated_datetime":"soon"}]`)
	var got []string
	for _, x := range r.Refused {
		got = append(got, fmt.Sprint(x.Row, " ", x.Line, " ", x.Number, " ", fault.CodeOf(x.Err)))
	}
	want := []string{
		"1 2 1 record.invalid", "2 3 2 open311.status", "3 4  open311.request", "5 6 3 open311.duplicate", "6 7 4 record.invalid",
		"7 8 \" or true or \" record.invalid",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	counts(t, r.Requests, open311.Count{Rows: 7, Made: 1})
	for name, refused := range map[string]int{"post_service_request.xml": 1, "request_id_from_token.xml": 1, "service_requests_empty.xml": 0} {
		if r := c.run(c.importer(), c.file(name)); len(r.Refused) != refused || r.Requests.Made != 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestServices: services that nothing stands for become rows of the site layer, and requests find them after a reload.
func TestServices(t *testing.T) {
	t.Parallel()
	c := open(t, t.TempDir(), "")
	text := c.file("services.xml")
	dry := c.importer()
	dry.Dry = true
	first := c.run(dry, text)
	if _, err := os.Stat(filepath.Join(c.dir, "site")); !os.IsNotExist(err) {
		t.Errorf("a dry run wrote: %v", err)
	}
	r := c.run(c.importer(), text)
	if diff := cmp.Diff(first, r, cmpopts.IgnoreFields(open311.Report{}, "File")); diff != "" {
		t.Errorf("a dry run tells something else: %s", diff)
	}
	if r.Services.Made == 0 || r.Mapped == 0 || r.Services.Made+r.Mapped != 36 || r.File == "" {
		t.Errorf("got %+v", r)
	}
	if err := c.Reload(context.Background()); err != nil {
		t.Fatal(err)
	}
	e := c.Bundle.Load().Set.Codes("urban.category").Entry("E21-006")
	if e == nil || e.Name != "Damaged_Tree" || e.Parent != "E21" || !e.Leaf {
		t.Errorf("got %+v", e)
	}
	counts(t, c.run(c.importer(), text).Services, open311.Count{Rows: 36, Same: r.Services.Made})
	c.run(c.importer(), `[{"service_request_id":"1","status":"open","service_code":"006","service_name":"Damaged_Tree","address":"a"}]`)
	if got := c.cases()["1"].Values["category"]; got != "E21-006" {
		t.Errorf("got %v", got)
	}
}

// TestMappings: a later pack's file adds categories; mistakes are named.
func TestMappings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		file := filepath.Join(dir, "site", "near", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("pack.yaml", "pack: near\nneeds: [urban]\n")
	write("open311.yaml", "type: urban.case\ncategories: {Pothole: E0401}\n")
	c := open(t, dir, "")
	m := c.importer().Mapping
	if m.Categories["Pothole"] != "E0401" || m.Categories["Graffiti"] != "E0201" || m.Closed.Command != "close_external" {
		t.Errorf("got %+v", m)
	}
	for text, want := range map[string]string{
		"type: urban.case\ncategories: {x: E9999}\n":       "open311.mapping",
		"type: urban.case\nfields: {nothing: status}\n":    "open311.mapping",
		"type: urban.case\nfields: {detail: nothing}\n":    "feel",
		"type: urban.case\nclosed: {comand: x}\n":          "yaml.unknown",
		"type: urban.case\nclosed: {command: nothing}\n":   "open311.mapping",
		"type: urban.case\nkey: {number: external_note}\n": "open311.mapping",
		"type: urban.nothing\n":                            "pack.type",
	} {
		write("open311.yaml", text)
		_, err := open311.Mappings(c.Bundle.Load())
		var f *fault.Error
		if !asFault(err, &f) || f.Fields[0].Code != want || !strings.Contains(f.Fields[0].Pointer, "open311.yaml:") {
			t.Errorf("%q: got %v", text, err)
		}
	}
	if _, err := open311.Choose(nil, "x.y"); fault.CodeOf(err) != "import.mapping" {
		t.Errorf("got %v", err)
	}
	if _, err := open311.Choose(map[string]*open311.Mapping{"a": nil, "b": nil}, ""); fault.CodeOf(err) != "import.mapping.many" {
		t.Errorf("got %v", err)
	}
	if _, err := open311.Read("x", bytes.NewReader(nil), open311.Limits{}); fault.CodeOf(err) != "open311.xml" {
		t.Errorf("got %v", err)
	}
}
