package record_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/record"
)

// injections are what attackers put where a name or value is expected.
var injections = []string{
	`' OR '1'='1`, `" OR "1"="1`, `'; DROP TABLE t_case; --`, `"; DROP TABLE t_case; --`, `id) FROM t_case; DELETE FROM t_case; --`, `1 UNION SELECT phone FROM t_case`,
	`number" DESC; DELETE FROM t_case; --`, `(SELECT phone FROM t_case LIMIT 1)`, `id COLLATE NOCASE`, `-id, (SELECT 1)`, `CASE WHEN 1=1 THEN id ELSE number END`, `pg_sleep(5)`, `randomblob(1000000000)`,
	`' || (SELECT sqlite_version()) || '`, `\'; DROP TABLE t_case; --`, `%27%20OR%201=1`, "x\x00y", "' OR 1=1 #", `$1`, `?`, `?1`, `:x`, `@x`, `kind"`, `"kind"`, `kind' --`, `/* */`, `kind/**/`,
	`state = "open" or sleep(5) = 1`, `area:2); DELETE FROM t_case; --`, `created_at:day'); DROP TABLE t_case; --`, `sum:amount) FROM t_case; DELETE FROM t_case; --`, `count(*)`, `sum:id`, `avg:(SELECT 1)`,
	`deleted_at`, `ext`, `__proto__`, `*`, `t_case.phone`, `near_lon`, `pin`, `pin_blind`, `phone`, `idcard`, `nothing`, `place_area`, strings.Repeat("(", 5000), strings.Repeat("not(", 2000) + "true", strings.Repeat("a", 100_000),
}

// TestHostile: whatever stands in a parameter, the answer is a page or a fault of the caller's, never one of ours; nothing is
// written, and no value of grade 3 or 4 shows.
func TestHostile(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		w.fill(t, 6)
		w.mustCreate(t, clerk, "t.case", values{"kind": "0101", "phone": "13800000000", "idcard": "11010519491231002X", "detail": "o'clock"})
		before := w.fingerprint(t)
		low := clerk
		low.Clearance = 2
		for _, s := range injections {
			for name, q := range map[string]record.Query{
				"filter": {Filter: s}, "quoted filter": {Filter: fmt.Sprintf("kind = %q", s)}, "prefix filter": {Filter: fmt.Sprintf("starts with(area, %q)", s)},
				"sort": {Sort: s}, "down": {Sort: "-" + s}, "text": {Text: s}, "cursor": {Cursor: s}, "type": {},
			} {
				if q.Type = "t.case"; name == "type" {
					q.Type = s
				}
				page, err := w.list(t, low, q)
				callersFault(t, name, s, err)
				for _, r := range page.Records {
					if len(page.Records) > 7 || r.Type.Name != "t.case" {
						t.Errorf("%s %.60q gives %d records", name, s, len(page.Records))
					}
				}
			}
			err := db.Read(t.Context(), func(tx *store.Tx) error {
				for name, call := range map[string]func() error{
					"by": func() error {
						_, err := w.s.Aggregate(t.Context(), tx, low, record.Query{Type: "t.case"}, []string{s}, "")
						return err
					},
					"measure": func() error {
						_, err := w.s.Aggregate(t.Context(), tx, low, record.Query{Type: "t.case"}, nil, s)
						return err
					},
					"numerator": func() error {
						_, err := w.s.Ratios(t.Context(), tx, low, record.Query{Type: "t.case"}, nil, "", s, "")
						return err
					},
					"id":      func() error { _, err := w.s.Get(t.Context(), tx, low, "t.case", s); return err },
					"history": func() error { _, err := w.s.History(t.Context(), tx, low, "t.case", s); return err },
					"number":  func() error { _, err := w.s.ByNumber(t.Context(), tx, "t.case", s); return err },
					"file":    func() error { _, err := w.s.File(t.Context(), tx, low, s); return err },
				} {
					callersFault(t, name, s, call())
				}
				return nil
			})
			if err != nil {
				t.Errorf("%q broke the transaction: %v", s, err)
			}
			_, err = w.create(t, low, "t.case", values{"kind": s})
			callersFault(t, "value", s, err)
			if s != "pin" { // a field people may write
				_, err = w.create(t, low, "t.case", values{s: "x", "kind": "0101"})
				callersFault(t, "field name", s, err)
			}
			_, err = w.create(t, low, "t.case", values{"kind": "0101", "parent": s, "unit": s, "others": []any{s}, "paper": s})
			callersFault(t, "links", s, err)
		}
		if after := w.fingerprint(t); before != after {
			t.Errorf("something was written: %s, then %s", before, after)
		}
		// Text that is allowed to hold anything holds it unchanged.
		for _, s := range injections[:24] {
			if strings.ContainsRune(s, 0) {
				continue
			}
			r := w.mustCreate(t, clerk, "t.case", values{"kind": "0101", "detail": s})
			got, err := w.get(t, clerk, r)
			if err != nil || got.Values["detail"] != s {
				t.Errorf("%q came back as %v, %v", s, got.Values["detail"], err)
			}
		}
	})
}

// callersFault refuses faults that say the program or the database is at fault.
func callersFault(t *testing.T, name, input string, err error) {
	t.Helper()
	var f *fault.Error
	switch {
	case err == nil:
	case !errors.As(err, &f), f.Kind == fault.Internal, f.Kind == fault.Unavailable, f.Code == "store.constraint":
		t.Errorf("%s %.60q: %v", name, input, err)
	}
}

// fingerprint sums up what the tables hold.
func (w *world) fingerprint(t *testing.T) string {
	t.Helper()
	var out []string
	for _, table := range []string{"t_case", "t_case_h", "t_case__items", "t_person", "journal", "record_serial", "record_file", "search_doc"} {
		out = append(out, fmt.Sprint(table, " ", w.count(t, "SELECT count(*) FROM "+table)))
	}
	return strings.Join(append(out, fmt.Sprint(w.count(t, "SELECT sum(rev) FROM t_case"))), ", ")
}

func FuzzFilter(f *testing.F) {
	w := newWorld(f, storetest.SQLite(f))
	w.fill(f, 5)
	for _, s := range injections {
		f.Add(s)
	}
	f.Add(`kind in ("0101", "0102") and not(amount between 1 and 3) or created_at > now()`)
	low := clerk
	low.Clearance = 2
	f.Fuzz(func(t *testing.T, src string) {
		_, err := w.list(t, low, record.Query{Type: "t.case", Filter: src})
		callersFault(t, "filter", src, err)
		_, err = w.list(t, low, record.Query{Type: "t.case", Sort: src, Text: src})
		callersFault(t, "sort", src, err)
	})
}

func FuzzCursor(f *testing.F) {
	w := newWorld(f, storetest.SQLite(f))
	w.fill(f, 5)
	key := make([]byte, 16) // another in every process: the seeds of one are no cursors of another
	_, _ = rand.Read(key)
	w.s = record.New(record.Options{Clock: w.clock, Policy: w.policy, Journal: w.journal, Secret: key})
	w.s.Use(w.set)
	page, err := w.list(f, clerk, record.Query{Type: "t.case", Sort: "amount", Limit: 2})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(page.Next)
	f.Add("")
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, cursor string) {
		got, err := w.list(t, clerk, record.Query{Type: "t.case", Sort: "amount", Limit: 2, Cursor: cursor})
		callersFault(t, "cursor", cursor, err)
		if err == nil && cursor != "" && cursor != page.Next && len(got.Records) > 0 {
			t.Errorf("the cursor %q was accepted", cursor)
		}
	})
}
