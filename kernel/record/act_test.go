package record_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/record"
)

func TestCreate(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		r := w.mustCreate(t, clerk, "t.case", values{
			"kind": "0101", "cost": "12.5", "place": values{"lon": 111.5, "lat": 35.0, "address": "street 1"}, "unit": "/c/a/",
			"reporter": "Zhang San", "extra": values{"a": []any{1.5, "x"}}, "items": []any{values{"what": "one", "kind": "0102"}, values{"what": "two"}},
			"term": values{"from": "2026-01-01"}, "order": 3,
		})
		got, err := w.get(t, clerk, r)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r.Values, got.Values); diff != "" {
			t.Errorf("what was created is not what is read (-created +read)\n%s", diff)
		}
		want := values{
			"number": "990100202603020001", "rev": int64(1), "state": "open", "area": "/9/1/1/", "org": "/c/a/", "owner": "p1", "severity": "normal",
			"half": "6.25", "title": "990100202603020001 cover Z********", "created_at": "2026-03-02T09:00:00+08:00", "created_by": "p1",
		}
		for name, v := range want {
			if !cmp.Equal(got.Values[name], v) {
				t.Errorf("%s: got %v want %v", name, got.Values[name], v)
			}
		}
		place := map[string]any{"lon": 111.5, "lat": 35.0, "address": "street 1", "grid": "g1", "area": "/9/1/1/"}
		if diff := cmp.Diff(place, got.Values["place"]); diff != "" {
			t.Errorf("place: %s", diff)
		}
	})
}

// TestRefusals: what a person sends and must not, each with the field it names.
func TestRefusals(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		for _, tc := range []struct {
			name string
			data values
			want []string
		}{
			{"nothing", values{}, []string{"/kind field.required"}},
			{"unknown field", values{"kind": "0101", "nothing": 1}, []string{"/nothing field.unknown"}},
			{"system columns", values{"kind": "0101", "id": "x", "rev": 7, "owner": "p2", "state": "closed", "area": "/9/"}, []string{"/area field.unknown", "/id field.unknown", "/owner field.unknown", "/rev field.unknown", "/state field.unknown"}},
			{"system field", values{"kind": "0101", "secretly": "x"}, []string{"/secretly field.readonly"}},
			{"computed", values{"kind": "0101", "half": "1"}, []string{"/half field.readonly"}},
			{"code with children", values{"kind": "01"}, []string{"/kind field.code.leaf"}},
			{"code in rows", values{"kind": "0101", "items": []any{values{"what": "x", "kind": "99"}}}, []string{"/items/0/kind field.code"}},
			{"required when", values{"kind": "0101", "severity": "urgent"}, []string{"/reason field.required"}},
			{"check", values{"kind": "0101", "cost": "-1"}, []string{"/cost t.check.cost"}},
			{"unknown ref", values{"kind": "0101", "parent": "nothing"}, []string{"/parent field.ref.unknown"}},
			{"unknown refs", values{"kind": "0101", "others": []any{"a", "b"}}, []string{"/others field.ref.unknown", "/others field.ref.unknown"}},
			{"unknown org and person", values{"kind": "0101", "unit": "/x/", "worker": "p9"}, []string{"/unit field.unknown.org", "/worker field.unknown.person"}},
			{"unknown person in rows", values{"kind": "0101", "items": []any{values{"what": "x", "who": "p9"}}}, []string{"/items/0/who field.unknown.person"}},
			{"unknown file", values{"kind": "0101", "paper": "x", "photos": []any{"y"}, "items": []any{values{"what": "x", "paper": "z"}}}, []string{"/items/0/paper file.unknown", "/paper file.unknown", "/photos file.unknown"}},
		} {
			if _, err := w.create(t, clerk, "t.case", tc.data); !cmp.Equal(pointers(err), tc.want) {
				t.Errorf("%s: got %v", tc.name, err)
			}
		}
		if n := w.count(t, "SELECT count(*) FROM t_case"); n != 0 {
			t.Errorf("%d records were written", n)
		}
		if n := w.count(t, "SELECT count(*) FROM record_serial"); n != 0 {
			t.Errorf("%d numbers were drawn for nothing", n)
		}
		_, err := w.create(t, nobody, "t.case", values{"kind": "0101"})
		wantFault(t, err, fault.Denied, "policy.denied")
		_, err = w.create(t, clerk, "t.nothing", values{})
		wantFault(t, err, fault.NotFound, "type.unknown")
	})
}

// TestGridIsNotGiven: grid and area of a place come from its point; without one the area may be said, the grid never.
func TestGridIsNotGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t))
	for _, place := range []values{
		{"address": "somewhere", "grid": "g2", "area": "/9/1/"},
		{"lon": 111.5, "lat": 35.0, "grid": "g2", "area": "/9/2/"},
		{"lon": 10.0, "lat": 35.0, "grid": "g2", "area": "/9/2/"},
	} {
		r := w.mustCreate(t, clerk, "t.case", values{"kind": "0101", "place": place})
		if r.Area() == "/9/2/" {
			t.Errorf("%v: the area was believed", place)
		}
		if p, _ := r.Values["place"].(map[string]any); p["grid"] == "g2" {
			t.Errorf("%v: the grid was believed", place)
		}
	}
	_, err := w.create(t, clerk, "t.case", values{"kind": "0101", "place": values{"address": "x", "area": "/7/"}})
	if diff := cmp.Diff([]string{"/place field.unknown.area"}, pointers(err)); diff != "" {
		t.Error(diff)
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		r := w.mustCreate(t, clerk, "t.case", values{"kind": "0101", "cost": "10", "detail": "one", "extra": values{"n": 1, "f": 0.5}, "items": []any{values{"what": "a"}}})
		w.clock.Advance(time.Hour)
		next, err := w.update(t, chief, r, 1, values{"cost": "20", "detail": nil, "items": []any{values{"what": "b"}, values{"what": "a"}}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.get(t, clerk, r)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(next.Values, got.Values); diff != "" {
			t.Errorf("(-answered +read)\n%s", diff)
		}
		if got.Rev() != 2 || got.Values["half"] != "10.00" || got.Values["detail"] != nil || got.Values["updated_by"] != "p2" || got.Values["created_by"] != "p1" {
			t.Errorf("got %v", got.Values)
		}
		_, err = w.update(t, chief, r, 1, values{"cost": "30"})
		wantFault(t, err, fault.Conflict, "record.stale")
		// Sending what is already there is no change: no revision, no entry.
		same, err := w.update(t, chief, r, 2, values{"cost": "20.00", "extra": values{"n": 1, "f": 0.5}, "kind": "0101"})
		if err != nil || same.Rev() != 2 {
			t.Errorf("no change made revision %d, %v", same.Rev(), err)
		}
		if n := w.count(t, "SELECT count(*) FROM t_case_h"); n != 2 {
			t.Errorf("history has %d rows", n)
		}
		if n := w.count(t, "SELECT count(*) FROM journal WHERE subject = ?", r.Subject()); n != 2 {
			t.Errorf("journal has %d entries", n)
		}
		_, err = w.update(t, guest, r, 2, values{"cost": "1"})
		wantFault(t, err, fault.Denied, "policy.denied")
		_, err = w.update(t, nobody, r, 2, values{"cost": "1"})
		wantFault(t, err, fault.NotFound, "record.unknown")
	})
}

// TestOutOfReach: nobody changes a record so that it leaves their own scope, and nobody sees one outside it.
func TestOutOfReach(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t))
	mine := w.mustCreate(t, town, "t.case", values{"kind": "0101", "place": values{"lon": 111.5, "lat": 35.0}})
	_, err := w.update(t, town, mine, 1, values{"place": values{"lon": 112.5, "lat": 35.0}})
	wantFault(t, err, fault.Denied, "policy.denied")
	_, err = w.create(t, town, "t.case", values{"kind": "0101", "place": values{"lon": 112.5, "lat": 35.0}})
	wantFault(t, err, fault.Denied, "policy.denied")
	other := w.mustCreate(t, clerk, "t.case", values{"kind": "0101", "place": values{"lon": 112.5, "lat": 35.0}})
	_, err = w.get(t, town, other)
	wantFault(t, err, fault.NotFound, "record.unknown")
	_, err = w.update(t, town, other, 1, values{"cost": "1"})
	wantFault(t, err, fault.NotFound, "record.unknown")
}

func TestDeleteAndRestore(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		r := w.mustCreate(t, clerk, "t.case", values{"kind": "0101", "detail": "manhole cover"})
		remove := func(rev int64) error {
			return w.do(t, func(tx *store.Tx) error { return w.s.Delete(t.Context(), tx, clerk, "t.case", r.ID(), rev, "twice") })
		}
		wantFault(t, remove(7), fault.Conflict, "record.stale")
		if err := remove(1); err != nil {
			t.Fatal(err)
		}
		_, err := w.get(t, clerk, r)
		wantFault(t, err, fault.NotFound, "record.unknown")
		_, err = w.update(t, clerk, r, 2, values{"cost": "1"})
		wantFault(t, err, fault.NotFound, "record.unknown")
		wantFault(t, remove(2), fault.NotFound, "record.unknown")
		for _, q := range []record.Query{{Type: "t.case"}, {Type: "t.case", Text: "manhole"}} {
			if page, err := w.list(t, clerk, q); err != nil || len(page.Records) != 0 {
				t.Errorf("%+v lists %d deleted records, %v", q, len(page.Records), err)
			}
		}
		if page, err := w.list(t, clerk, record.Query{Type: "t.case", Deleted: true}); err != nil || len(page.Records) != 1 {
			t.Errorf("the bin holds %d, %v", len(page.Records), err)
		}
		_, err = w.list(t, guest, record.Query{Type: "t.case", Deleted: true})
		wantFault(t, err, fault.Denied, "policy.denied")
		restore := func() (*record.Record, error) {
			var back *record.Record
			err := w.do(t, func(tx *store.Tx) (err error) {
				back, err = w.s.Restore(t.Context(), tx, clerk, "t.case", r.ID(), "mistake")
				return err
			})
			return back, err
		}
		back, err := restore()
		if err != nil || back.Rev() != 3 {
			t.Fatalf("restored %v, %v", back, err)
		}
		_, err = restore()
		wantFault(t, err, fault.Conflict, "record.present")
		if page, err := w.list(t, clerk, record.Query{Type: "t.case", Text: "manhole"}); err != nil || len(page.Records) != 1 {
			t.Errorf("a restored record is found again: %d, %v", len(page.Records), err)
		}
		var ops []string
		for _, h := range w.history(t, clerk, r) {
			ops = append(ops, h.Op+" "+h.Reason)
		}
		if diff := cmp.Diff([]string{"create ", "delete twice", "restore mistake"}, ops); diff != "" {
			t.Error(diff)
		}
	})
}

// TestHistory: each revision says what changed from what to what, masked above the reader's clearance.
func TestHistory(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		r := w.mustCreate(t, clerk, "t.case", values{"kind": "0101", "phone": "13800000000"})
		if _, err := w.update(t, clerk, r, 1, values{"cost": "5", "phone": "13900000000"}); err != nil {
			t.Fatal(err)
		}
		got := w.history(t, clerk, r)
		want := map[string][2]any{"cost": {nil, "5.00"}, "half": {nil, "2.50"}, "phone": {"13800000000", "13900000000"}}
		if diff := cmp.Diff(want, got[1].Fields); diff != "" {
			t.Error(diff)
		}
		if got[1].Rev != 2 || got[1].By != "p1" || got[1].ByName != "Person One" || got[1].At != "2026-03-02T09:00:00+08:00" {
			t.Errorf("got %+v", got[1])
		}
		low := town
		low.Clearance, low.Area = 2, "/9/"
		masked := w.history(t, low, r)
		if diff := cmp.Diff([2]any{"138****0000", "139****0000"}, masked[1].Fields["phone"]); diff != "" {
			t.Error(diff)
		}
		// The journal has digests of personal values and the rest in the clear.
		if n := w.count(t, "SELECT count(*) FROM journal WHERE body LIKE '%13800000000%' OR body LIKE '%13900000000%'"); n != 0 {
			t.Error("a telephone number stands in the journal")
		}
		if n := w.count(t, "SELECT count(*) FROM journal WHERE body LIKE '%5.00%' AND body LIKE '%sm3:%'"); n != 1 {
			t.Error("the journal lacks the change or its digest")
		}
	})
}

func TestCommands(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		r := w.mustCreate(t, clerk, "t.case", values{"kind": "0101"})
		run := func(name string, data values, reason string) (*record.Record, error) {
			var out *record.Record
			err := w.do(t, func(tx *store.Tx) (err error) {
				out, err = w.s.Command(t.Context(), tx, clerk, "t.case", r.ID(), name, data, reason)
				return err
			})
			return out, err
		}
		_, err := run("nothing", nil, "")
		wantFault(t, err, fault.NotFound, "command.unknown")
		_, err = run("finish", nil, "done")
		wantFault(t, err, fault.Conflict, "command.state")
		_, err = run("start", values{"other": 1}, "")
		if diff := cmp.Diff([]string{"/other field.unknown", "/who field.required"}, pointers(err)); diff != "" {
			t.Error(diff)
		}
		_, err = run("start", values{"who": "p9"}, "")
		if diff := cmp.Diff([]string{"/worker field.unknown.person"}, pointers(err)); diff != "" {
			t.Error(diff)
		}
		got, err := run("start", values{"who": "p2"}, "")
		if err != nil {
			t.Fatal(err)
		}
		if got.State() != "doing" || got.Values["worker"] != "p2" || got.Values["cost"] != "3.33" || got.Values["half"] != "1.67" && got.Values["half"] != "1.66" || got.Values["seen"] != "2026-03-02T09:00:00+08:00" {
			t.Errorf("got %v", got.Values)
		}
		_, err = run("finish", nil, " ")
		if diff := cmp.Diff([]string{"/reason field.required"}, pointers(err)); diff != "" {
			t.Error(diff)
		}
		if _, err = run("finish", values{"phone": "13800000000"}, "done"); err != nil {
			t.Fatal(err)
		}
		if n := w.count(t, "SELECT count(*) FROM journal WHERE action = 'record.finish' AND reason = 'done'"); n != 1 {
			t.Errorf("%d entries", n)
		}
	})
}

// TestProcessChange: what a process writes is checked like what people write, and a preview writes nothing at all.
func TestProcessChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t))
	r := w.mustCreate(t, clerk, "t.case", values{"kind": "0101"})
	file := w.upload(t, clerk, "a.jpg", "image/jpeg")
	change := record.Change{State: "doing", Data: values{"photos": []any{file.ID}}, Allowed: []string{"photos"}, Set: values{"secretly": "x"}, Op: "flow.complete", Rev: 1}
	if err := w.db.Read(t.Context(), func(tx *store.Tx) error {
		p, err := w.s.Preview(t.Context(), tx, clerk, "t.case", r.ID(), change)
		if err == nil && (p.State() != "doing" || p.Values["secretly"] != "x") {
			t.Errorf("preview: %v", p.Values)
		}
		return err
	}); err != nil {
		t.Fatalf("a preview needs no more than reading: %v", err)
	}
	apply := func(c record.Change) error {
		return w.do(t, func(tx *store.Tx) error {
			_, _, err := w.s.Apply(t.Context(), tx, clerk, "t.case", r.ID(), c)
			return err
		})
	}
	for name, tc := range map[string]struct {
		change record.Change
		want   []string
	}{
		"a field the form lacks": {record.Change{Data: values{"cost": "1"}, Allowed: []string{"photos"}}, []string{"/cost field.readonly"}},
		"no form at all":         {record.Change{Data: values{"cost": "1"}}, []string{"/cost field.readonly"}},
		"a system field":         {record.Change{Data: values{"secretly": "1"}, Allowed: []string{"secretly"}}, []string{"/secretly field.readonly"}},
		"a field left empty":     {record.Change{Needed: []string{"detail"}}, []string{"/detail field.required"}},
		"a broken check":         {record.Change{Set: values{"cost": "-1"}}, []string{"/cost t.check.cost"}},
	} {
		if err := apply(tc.change); !cmp.Equal(pointers(err), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	wantFault(t, apply(record.Change{State: "doing", Rev: 9}), fault.Conflict, "record.stale")
	if err := apply(change); err != nil {
		t.Fatal(err)
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		at := func(lon float64, detail string) *record.Record {
			return w.mustCreate(t, clerk, "t.case", values{"kind": "0101", "detail": detail, "place": values{"lon": lon, "lat": 35.0}})
		}
		a, b, c := at(111.5, "the cover is gone"), at(111.5001, "the cover is gone"), at(111.5005, "something else")
		at(111.6, "the cover is gone") // far away
		lamp := w.mustCreate(t, clerk, "t.case", values{"kind": "0102", "place": values{"lon": 111.5, "lat": 35.0}})
		suspects := func(who *record.Record) []string {
			var out []string
			if err := w.db.Read(t.Context(), func(tx *store.Tx) error {
				list, err := w.s.Duplicates(t.Context(), tx, clerk, "t.case", who.ID())
				for _, d := range list {
					out = append(out, d.Record.ID())
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return out
		}
		if diff := cmp.Diff([]string{b.ID(), c.ID()}, suspects(a)); diff != "" {
			t.Errorf("nearest and most alike first (-want +got)\n%s", diff)
		}
		if got := suspects(lamp); len(got) != 0 {
			t.Errorf("another kind is no duplicate: %v", got)
		}
		merge := func(one, into *record.Record) error {
			return w.do(t, func(tx *store.Tx) error {
				_, err := w.s.Merge(t.Context(), tx, clerk, "t.case", one.ID(), into.ID(), "same")
				return err
			})
		}
		wantFault(t, merge(a, a), fault.Conflict, "record.merged")
		if err := merge(c, b); err != nil {
			t.Fatal(err)
		}
		if err := merge(b, a); err != nil {
			t.Fatal(err)
		}
		wantFault(t, merge(b, a), fault.Conflict, "record.merged")
		wantFault(t, merge(a, b), fault.Conflict, "record.merged")
		for _, r := range []*record.Record{b, c} {
			got, err := w.get(t, clerk, r)
			if err != nil || got.Values["merged_into"] != a.ID() || got.State() != "merged" {
				t.Errorf("chains stay flat: %v %v", got.Values, err)
			}
		}
	})
}
