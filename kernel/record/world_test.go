package record_test

import (
	"crypto/rand"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/journal"
	"chengshu/kernel/policy"
	"chengshu/kernel/record"
	"chengshu/kernel/schema"
	"chengshu/kernel/search"
)

// testPack is a small pack with everything a record can have.
const testPack = `
-- t/codes/kind.csv --
code,name,parent
01,road,
0101,cover,01
0102,lamp,01
-- t/records/case.yaml --
record: t.case
number: "{county}{date:yyyyMMdd}{serial:4}"
title: "{number} {kind} {reporter}"
states: [open, doing, closed]
area: place
org: unit
sort: -created_at
index: [kind+state]
duplicates: {place: place, within: 100, days: 7, same: [kind], text: detail, into: merged_into}
fields:
  kind: {type: code, of: t.kind, leaf: true, required: true, filter: true}
  detail: {type: longtext, max: 500, search: true}
  place: {type: place}
  photos: {type: images, max: 3}
  paper: {type: file}
  severity: {type: choice, choices: [normal, urgent], default: '"normal"', filter: true}
  reason: {type: text, required_when: severity = "urgent"}
  cost: {type: money}
  amount: {type: integer}
  share: {type: decimal, scale: 4}
  half: {type: computed, as: money, compute: cost / 2}
  done: {type: boolean}
  due: {type: date}
  seen: {type: datetime}
  term: {type: period}
  unit: {type: org}
  worker: {type: person}
  reporter: {type: text, max: 50, grade: 3, mask: name, search: true}
  phone: {type: phone, grade: 3}
  idcard: {type: idcard, grade: 4}
  near: {type: place, grade: 3}
  witness: {type: ref, of: t.person, grade: 3}
  pin: {type: secret}
  parent: {type: ref, of: t.case}
  others: {type: refs, of: t.case}
  merged_into: {type: ref, of: t.case}
  secretly: {type: longtext, grade: 4, set: system}
  extra: {type: json}
  order: {type: integer}
  items:
    type: rows
    fields:
      what: {type: text, required: true}
      kind: {type: code, of: t.kind}
      paper: {type: file}
      who: {type: person}
checks:
  - {must: "cost = null or cost >= 0", code: t.check.cost, field: cost}
commands:
  start:
    when: state = "open"
    state: doing
    input: {who: {type: person, required: true}, note: {type: text}}
    set: {worker: input.who, seen: now(), cost: 10 / 3}
  finish:
    when: state = "doing"
    reason: true
    form: [detail, phone]
    state: closed
-- t/records/person.yaml --
record: t.person
title: "{name}"
unique: [code, pin, family+given]
fields:
  name: {type: text, required: true, list: 1, search: true, grade: 1}
  code: {type: text}
  family: {type: text}
  given: {type: text}
  pin: {type: secret}
  serial: {type: number, format: "P{serial:3}"}
  home: {type: area}
  fence: {type: polygon}
`

// world is a store on one database with fakes for what lies outside the package and real parts for the rest.
type world struct {
	db      *store.DB
	s       *record.Store
	clock   *clock.Fake
	journal *journal.Journal
	policy  *policy.Policy
	set     *schema.Set
}

// names knows a few organisations, people and areas.
type names struct{}

func (names) Name(kind, id string) (string, bool) {
	known := map[string]string{
		"org /c/": "county", "org /c/a/": "bureau a", "org /c/b/": "bureau b", "person p1": "Person One", "person p2": "Person Two",
		"area /9/": "county", "area /9/1/": "town 1", "area /9/2/": "town 2", "area /9/1/1/": "village 1",
	}
	n, ok := known[kind+" "+id]
	return n, ok
}

// places puts a point into the town of its whole degree of longitude.
type places struct{}

func (places) Locate(lon, _ float64) (grid, area string, ok bool) {
	switch int(lon) {
	case 111:
		return "g1", "/9/1/1/", true
	case 112:
		return "g2", "/9/2/", true
	}
	return "", "", false
}

func parsePack(t testing.TB, archive string) *schema.Set {
	t.Helper()
	set, err := draft(archive).Freeze()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func draft(archive string) *schema.Draft {
	d := schema.NewDraft()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		pack, _, _ := strings.Cut(f.Name, "/")
		if base := filepath.Base(f.Name); strings.HasSuffix(base, ".csv") {
			d.ParseCodes(pack, strings.TrimSuffix(base, ".csv"), f.Name, f.Data)
		} else {
			d.ParseType(pack, f.Name, f.Data)
		}
	}
	return d
}

func newWorld(t testing.TB, db *store.DB) *world {
	t.Helper()
	return newWorldOf(t, db, testPack)
}

func newWorldOf(t testing.TB, db *store.DB, archive string) *world {
	t.Helper()
	ctx := t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(store.Migrate(ctx, db, journal.Migrations(), "journal"))
	check(store.Migrate(ctx, db, record.Migrations(), "record"))
	check(search.Migrate(ctx, db))
	w := &world{db: db, clock: clock.NewFake(time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai)), set: parsePack(t, archive)}
	var err error
	w.journal, err = journal.New(ctx, journal.Options{DB: db, Clock: w.clock})
	check(err)
	w.policy = policy.New(w.clock)
	keys, err := record.LoadKeys(filepath.Join(t.TempDir(), "secrets.json"), rand.Reader)
	check(err)
	w.s = record.New(record.Options{
		Clock: w.clock, Policy: w.policy, Journal: w.journal, Places: places{}, Names: names{}, Index: search.New(db.Dialect()),
		County: "990100", Secret: []byte("0123456789abcdef"), Keys: keys,
	})
	check(w.apply(t, w.set))
	w.s.Use(w.set)
	check(w.policy.Load(w.set, []*policy.Role{
		{Name: "t.clerk", Grade: 3}, {Name: "t.town", Grade: 3}, {Name: "t.guest", Grade: 1}, {Name: "t.writer", Grade: 2},
	}, w.grants()))
	return w
}

func (w *world) grants() []*policy.Grant {
	return []*policy.Grant{
		{Role: "t.clerk", On: "*", Do: []string{"*"}},
		{Role: "t.town", On: "*", Do: []string{"*"}, Scope: "area"},
		{Role: "t.guest", On: "*", Do: []string{"read", "create"}},
		{Role: "t.writer", On: "*", Do: []string{"create"}},
	}
}

// apply brings the tables to a set of declarations.
func (w *world) apply(t testing.TB, set *schema.Set) error {
	t.Helper()
	return w.db.Write(t.Context(), func(tx *store.Tx) error {
		steps, err := record.Plan(t.Context(), tx, set)
		if err != nil {
			return err
		}
		return record.Apply(t.Context(), tx, steps)
	})
}

var (
	clerk  = identity.Actor{Person: "p1", Org: "/c/", Area: "/9/", Roles: []string{"t.clerk"}, Clearance: 3, Via: "test"}
	chief  = identity.Actor{Person: "p2", Org: "/c/", Area: "/9/", Roles: []string{"t.clerk"}, Clearance: 4, Via: "test"}
	town   = identity.Actor{Person: "p3", Org: "/c/a/", Area: "/9/1/", Roles: []string{"t.town"}, Clearance: 3, Via: "test"}
	guest  = identity.Actor{Person: "p4", Org: "/c/b/", Area: "/9/2/", Roles: []string{"t.guest"}, Clearance: 1, Via: "test"}
	nobody = identity.Actor{Person: "p6", Via: "test", Clearance: 4}
)

type values = map[string]any

// do runs fn in a transaction.
func (w *world) do(t testing.TB, fn func(tx *store.Tx) error) error {
	t.Helper()
	return w.db.Write(t.Context(), fn)
}

func (w *world) create(t testing.TB, a identity.Actor, typ string, data values) (*record.Record, error) {
	t.Helper()
	var r *record.Record
	err := w.do(t, func(tx *store.Tx) (err error) {
		r, err = w.s.Create(t.Context(), tx, a, typ, data)
		return err
	})
	w.remembered(t, r, err)
	return r, err
}

// remembered checks that what the store keeps in memory of a record is what lies in the tables.
func (w *world) remembered(t testing.TB, r *record.Record, err error) {
	t.Helper()
	if err != nil {
		return
	}
	var kept, read *record.Record
	for _, to := range []**record.Record{&kept, &read} {
		if err := w.db.Read(t.Context(), func(tx *store.Tx) (err error) {
			*to, err = w.s.Load(t.Context(), tx, r.Type.Name, r.ID())
			return err
		}); err != nil {
			t.Fatal(err)
		}
		w.s.Forget()
	}
	if !reflect.DeepEqual(kept.Values, read.Values) {
		t.Errorf("kept %#v\nread %#v", kept.Values, read.Values)
	}
}

func (w *world) mustCreate(t testing.TB, a identity.Actor, typ string, data values) *record.Record {
	t.Helper()
	r, err := w.create(t, a, typ, data)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) update(t testing.TB, a identity.Actor, r *record.Record, rev int64, data values) (*record.Record, error) {
	t.Helper()
	var out *record.Record
	err := w.do(t, func(tx *store.Tx) (err error) {
		out, err = w.s.Update(t.Context(), tx, a, r.Type.Name, r.ID(), rev, data, "")
		return err
	})
	w.remembered(t, out, err)
	return out, err
}

func (w *world) get(t testing.TB, a identity.Actor, r *record.Record) (*record.Record, error) {
	t.Helper()
	var out *record.Record
	err := w.db.Read(t.Context(), func(tx *store.Tx) (err error) {
		out, err = w.s.Get(t.Context(), tx, a, r.Type.Name, r.ID())
		return err
	})
	return out, err
}

func (w *world) view(t testing.TB, a identity.Actor, r *record.Record) values {
	t.Helper()
	var out []map[string]any
	err := w.db.Read(t.Context(), func(tx *store.Tx) error {
		got, err := w.s.Get(t.Context(), tx, a, r.Type.Name, r.ID())
		if err != nil {
			return err
		}
		out, err = w.s.View(t.Context(), tx, a, []*record.Record{got}, nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

func (w *world) history(t testing.TB, a identity.Actor, r *record.Record) []record.Revision {
	t.Helper()
	var out []record.Revision
	err := w.db.Read(t.Context(), func(tx *store.Tx) (err error) {
		out, err = w.s.History(t.Context(), tx, a, r.Type.Name, r.ID())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (w *world) list(t testing.TB, a identity.Actor, q record.Query) (record.Page, error) {
	t.Helper()
	var page record.Page
	err := w.db.Read(t.Context(), func(tx *store.Tx) (err error) {
		page, err = w.s.List(t.Context(), tx, a, q)
		return err
	})
	return page, err
}

// count reads one number.
func (w *world) count(t testing.TB, query string, args ...any) (n int64) {
	t.Helper()
	if err := w.db.Read(t.Context(), func(tx *store.Tx) error { return tx.QueryRow(t.Context(), query, args...).Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

// pointers lists the field faults of an error as "pointer code", sorted.
func pointers(err error) []string {
	var e *fault.Error
	if !errors.As(err, &e) {
		return nil
	}
	out := []string{}
	for _, f := range e.Fields {
		out = append(out, f.Pointer+" "+f.Code)
	}
	slices.Sort(out)
	return out
}

func wantFault(t testing.TB, err error, kind fault.Kind, code string) {
	t.Helper()
	if !fault.Is(err, kind) || fault.CodeOf(err) != code {
		t.Errorf("got %v, want %s %s", err, kind, code)
	}
}
