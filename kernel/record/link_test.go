package record_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/identity"
	"chengshu/kernel/record"
)

func (w *world) upload(t testing.TB, a identity.Actor, name, typ string) record.File {
	t.Helper()
	var f record.File
	if err := w.do(t, func(tx *store.Tx) (err error) {
		f, err = w.s.AddFile(t.Context(), tx, a, record.File{Sum: "sm3:0", Name: name, Size: 12, Type: typ})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return f
}

func (w *world) file(t testing.TB, a identity.Actor, id string) error {
	t.Helper()
	return w.db.Read(t.Context(), func(tx *store.Tx) error {
		_, err := w.s.File(t.Context(), tx, a, id)
		return err
	})
}

// TestFiles: a record takes its writer's uploads, keeps them to itself, and shows them to whoever sees the field.
func TestFiles(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		photo, paper, row := w.upload(t, clerk, `..\a/"b".jpg`, "image/jpeg"), w.upload(t, clerk, "p.pdf", "application/pdf"), w.upload(t, clerk, "r.pdf", "application/pdf")
		r := w.mustCreate(t, clerk, "t.case", values{
			"kind": "0101", "photos": []any{photo.ID}, "paper": values{"id": paper.ID, "name": "forged.exe", "size": 1, "type": "text/html"},
			"items": []any{values{"what": "x", "paper": row.ID}},
		})
		want := map[string]any{"id": paper.ID, "name": "p.pdf", "size": int64(12), "type": "application/pdf"}
		if diff := cmp.Diff(want, r.Values["paper"]); diff != "" {
			t.Errorf("name, size and type come from the upload: %s", diff)
		}
		got, err := w.get(t, clerk, r)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r.Values, got.Values); diff != "" {
			t.Error(diff)
		}
		for _, id := range []string{photo.ID, paper.ID, row.ID} {
			if err := w.file(t, chief, id); err != nil {
				t.Errorf("%s: a reader of the record sees its files: %v", id, err)
			}
			wantFault(t, w.file(t, nobody, id), fault.NotFound, "file.unknown")
		}
		if _, err := w.update(t, clerk, r, 1, values{"photos": []any{photo.ID}, "cost": "1"}); err != nil {
			t.Errorf("a record keeps its own files: %v", err)
		}
		foreign, mine := w.upload(t, chief, "c.jpg", "image/jpeg"), w.upload(t, clerk, "d.jpg", "image/jpeg")
		for name, tc := range map[string]struct {
			data values
			want []string
		}{
			"of another record":      {values{"kind": "0101", "photos": []any{photo.ID}}, []string{"/photos file.taken"}},
			"uploaded by another":    {values{"kind": "0101", "photos": []any{foreign.ID}}, []string{"/photos file.unknown"}},
			"no picture":             {values{"kind": "0101", "photos": []any{w.upload(t, clerk, "x.jpg", "application/pdf").ID}}, []string{"/photos file.image"}},
			"of another row":         {values{"kind": "0101", "items": []any{values{"what": "y", "paper": row.ID}}}, []string{"/items/0/paper file.taken"}},
			"with some other defect": {values{"kind": "99", "photos": []any{mine.ID}}, []string{"/kind field.code"}},
		} {
			if _, err := w.create(t, clerk, "t.case", tc.data); !cmp.Equal(pointers(err), tc.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := w.file(t, clerk, mine.ID); err != nil {
			t.Errorf("a refused record took the file: %v", err)
		}
		wantFault(t, w.file(t, chief, mine.ID), fault.NotFound, "file.unknown")
		w.clock.Advance(25 * time.Hour)
		var sums []string
		if err := w.do(t, func(tx *store.Tx) (err error) { sums, err = w.s.Orphans(t.Context(), tx); return err }); err != nil {
			t.Fatal(err)
		}
		if len(sums) != 3 {
			t.Errorf("%d uploads nobody used went, want 3", len(sums))
		}
		if err := w.file(t, clerk, row.ID); err != nil {
			t.Errorf("a file of a row was taken for an orphan: %v", err)
		}
	})
}

func TestMaskedFile(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, storetest.SQLite(t), "-- t/records/a.yaml --\nrecord: t.a\nfields: {photo: {type: image, grade: 3}}\n")
	f := w.upload(t, clerk, "a.jpg", "image/jpeg")
	w.mustCreate(t, clerk, "t.a", values{"photo": f.ID})
	if err := w.file(t, clerk, f.ID); err != nil {
		t.Error(err)
	}
	wantFault(t, w.file(t, guest, f.ID), fault.NotFound, "file.unknown")
}

func TestUnique(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		one := w.mustCreate(t, clerk, "t.person", values{"name": "a", "code": "1", "family": "f", "given": "g", "pin": "4711"})
		for _, data := range []values{{"name": "b", "code": "1"}, {"name": "b", "family": "f", "given": "g"}, {"name": "b", "pin": "4711"}} {
			_, err := w.create(t, clerk, "t.person", data)
			wantFault(t, err, fault.Exists, "record.exists")
		}
		w.mustCreate(t, clerk, "t.person", values{"name": "b", "family": "f"})
		w.mustCreate(t, clerk, "t.person", values{"name": "c", "family": "f"}) // empty is not equal to empty
		two := w.mustCreate(t, clerk, "t.person", values{"name": "d", "code": "2"})
		_, err := w.update(t, clerk, two, 1, values{"code": "1"})
		wantFault(t, err, fault.Exists, "record.exists")
		if err := w.do(t, func(tx *store.Tx) error { return w.s.Delete(t.Context(), tx, clerk, "t.person", one.ID(), 1, "") }); err != nil {
			t.Fatal(err)
		}
		w.mustCreate(t, clerk, "t.person", values{"name": "e", "code": "1"}) // deleted records do not count
		err = w.do(t, func(tx *store.Tx) error {
			_, err := w.s.Restore(t.Context(), tx, clerk, "t.person", one.ID(), "")
			return err
		})
		wantFault(t, err, fault.Exists, "record.exists")
	})
}

// TestNumbers: many writers at once, a third of them failing after the number was drawn, leave no gap and draw none twice.
func TestNumbers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld(t, db)
		const writers, each = 6, 12
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				for j := range each {
					err := w.do(t, func(tx *store.Tx) error {
						if _, err := w.s.Create(t.Context(), tx, clerk, "t.case", values{"kind": "0101"}); err != nil {
							return err
						}
						if (i+j)%3 == 0 {
							return fault.New(fault.Conflict, "test.undo")
						}
						return nil
					})
					if err != nil && fault.CodeOf(err) != "test.undo" {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		var got []string
		cursor := ""
		for {
			page, err := w.list(t, clerk, record.Query{Type: "t.case", Sort: "number", Limit: 20, Cursor: cursor})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Records {
				got = append(got, fmt.Sprint(r.Values["number"]))
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		want := make([]string, writers*each*2/3)
		for i := range want {
			want[i] = fmt.Sprintf("99010020260302%04d", i+1)
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		w.clock.Advance(24 * time.Hour)
		if r := w.mustCreate(t, clerk, "t.case", values{"kind": "0101"}); r.Values["number"] != "990100202603030001" {
			t.Errorf("a new day has its own series: %v", r.Values["number"])
		}
		a, b := w.mustCreate(t, clerk, "t.person", values{"name": "a"}), w.mustCreate(t, clerk, "t.person", values{"name": "b"})
		if a.Values["serial"] != "P001" || b.Values["serial"] != "P002" {
			t.Errorf("number fields: %v %v", a.Values["serial"], b.Values["serial"])
		}
	})
}

// TestDisplay: words stand beside codes, people and references, but never the title of a record the reader may not read,
// nor of one behind a masked field.
func TestDisplay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t))
	here := w.mustCreate(t, clerk, "t.case", values{"kind": "0101", "place": values{"lon": 111.5, "lat": 35.0}})
	there := w.mustCreate(t, clerk, "t.case", values{"kind": "0102", "place": values{"lon": 112.5, "lat": 35.0}})
	witness := w.mustCreate(t, clerk, "t.person", values{"name": "Li Si"})
	r := w.mustCreate(t, clerk, "t.case", values{
		"kind": "0101", "place": values{"lon": 111.5, "lat": 35.0}, "parent": there.ID(), "others": []any{here.ID(), there.ID()}, "unit": "/c/a/",
		"worker": "p2", "witness": witness.ID(),
	})
	all := w.view(t, clerk, r)["_display"]
	want := map[string]any{
		"kind": "cover", "parent": there.Title(), "others": here.Title() + "; " + there.Title(), "unit": "bureau a", "worker": "Person Two",
		"witness": "Li Si", "owner": "Person One", "created_by": "Person One", "updated_by": "Person One", "area": "village 1", "org": "bureau a",
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Error(diff)
	}
	some, _ := w.view(t, town, r)["_display"].(map[string]any)
	if some["parent"] != nil || some["others"] != here.Title() {
		t.Errorf("titles of the other town: %v, %v", some["parent"], some["others"])
	}
	low, _ := w.view(t, guest, r)["_display"].(map[string]any)
	if low["witness"] != nil {
		t.Errorf("the title behind a masked reference: %v", low["witness"])
	}
}
