package demo_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chengshu/app"
	"chengshu/app/demo"
	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/identity"
)

// until is when the histories of the tests end: a Wednesday afternoon.
var until = time.Date(2026, 5, 20, 15, 0, 0, 0, clock.Shanghai)

// only lists one folder of a file system as a source of packs.
type only struct {
	fs.FS
	name string
}

// ReadDir lists the one folder alone at the root.
func (o only) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := fs.ReadDir(o.FS, name)
	if name != "." {
		return list, err
	}
	var out []fs.DirEntry
	for _, e := range list {
		if e.Name() == o.name {
			out = append(out, e)
		}
	}
	return out, err
}

// small opens an app with the little pack of testdata alone.
func small(t *testing.T, dir, url string, c clock.Clock) *app.App {
	t.Helper()
	a, err := app.New(t.Context(), app.Config{
		Dir: dir, Database: url, Clock: c, Cheap: true, Demo: true, Only: []string{}, Packs: []fs.FS{only{os.DirFS("testdata"), "mini"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

func seed(t *testing.T, a *app.App, c *clock.Fake, n int64) *demo.Report {
	t.Helper()
	r, err := demo.Seed(t.Context(), a, demo.Config{Seed: n, Until: until, Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// content are the queries whose rows make a county what it is; ids are random and left out.
var content = []string{
	`SELECT code, name, path, level FROM geo_area ORDER BY code`,
	`SELECT layer, code, name, path FROM geo_grid ORDER BY layer, code`,
	`SELECT path, name, kind FROM identity_org ORDER BY path`,
	`SELECT a.username, p.name, q.org, q.area, q.roles FROM identity_account a JOIN identity_person p ON p.id = a.person
		JOIN identity_post q ON q.person = p.id ORDER BY a.username`,
	`SELECT code, kind, place_lon, place_lat, place_address, place_area, area, org FROM mini_spot ORDER BY code`,
	`SELECT number, state, area, created_at, kind, detail, place_lon, place_lat, inner, note, amount, noted, fixed_at, late,
		spot IS NULL, same_as IS NULL FROM mini_report ORDER BY number`,
	`SELECT h.op, h.node, h.at, h.outcome, h.reason, r.number FROM flow_hist h JOIN flow_inst i ON i.id = h.inst
		JOIN mini_report r ON r.id = i.biz_id ORDER BY r.number, h.seq, h.at, h.node`,
}

// digest hashes what makes the county; counts are for messages.
func digest(t *testing.T, db *store.DB) (sum string, counts []int) {
	t.Helper()
	h := sha256.New()
	for _, query := range content {
		n := 0
		err := db.Read(t.Context(), func(tx *store.Tx) error {
			rows, err := tx.Query(t.Context(), strings.ReplaceAll(query, "inner,", `"inner",`))
			if err != nil {
				return err
			}
			defer func() { _ = rows.Close() }()
			cols, err := rows.Columns()
			if err != nil {
				return err
			}
			for n = 0; rows.Next(); n++ {
				row, dest := make([]any, len(cols)), make([]any, len(cols))
				for i := range row {
					dest[i] = &row[i]
				}
				if err := rows.Scan(dest...); err != nil {
					return err
				}
				_, _ = fmt.Fprintf(h, "%q\n", fmt.Sprint(row...))
			}
			return rows.Err()
		})
		if err != nil {
			t.Fatal(query, err)
		}
		counts = append(counts, n)
	}
	return hex.EncodeToString(h.Sum(nil)), counts
}

func count(t *testing.T, db *store.DB, query string) int {
	t.Helper()
	n := 0
	if err := db.Read(t.Context(), func(tx *store.Tx) error { return tx.QueryRow(t.Context(), query).Scan(&n) }); err != nil {
		t.Fatal(query, err)
	}
	return n
}

func TestSeed(t *testing.T) {
	t.Parallel()
	made := func(n int64) (*store.DB, *app.App, *clock.Fake, *demo.Report) {
		c := clock.NewFake(until)
		a := small(t, t.TempDir(), "", c)
		return a.DB, a, c, seed(t, a, c, n)
	}
	first, a, c, r := made(7)
	sum, counts := digest(t, first)
	again, _, _, _ := made(7)
	other, _, _, _ := made(8)
	if got, gotCounts := digest(t, again); got != sum {
		t.Errorf("the same seed gave another county: %v, want %v", gotCounts, counts)
	}
	if got, _ := digest(t, other); got == sum {
		t.Error("another seed gave the same county")
	}

	entries := count(t, first, `SELECT COUNT(*) FROM journal`)
	if r := seed(t, a, c, 7); r.Matters != 0 {
		t.Errorf("a second seeding made %d cases", r.Matters)
	}
	if got := count(t, first, `SELECT COUNT(*) FROM journal`); got != entries {
		t.Errorf("a second seeding wrote %d entries", got-entries)
	}
	_, err := demo.Seed(t.Context(), a, demo.Config{Seed: 9, Until: until, Clock: c})
	if fault.CodeOf(err) != "demo.seed" {
		t.Errorf("seeding another county over it gave %v", err)
	}
	if r.Skipped > 0 {
		t.Errorf("%d acts were refused: %v", r.Skipped, r.First)
	}
	if !c.Now().Equal(until) {
		t.Errorf("the clock stands at %v", c.Now())
	}
}

func TestSeededLife(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Helper()
		c := clock.NewFake(until)
		a := small(t, t.TempDir(), url, c)
		seed(t, a, c, 1)
		checks := []struct {
			name, query string
			least, most int
		}{
			{"spots", `SELECT COUNT(*) FROM mini_spot WHERE org = '/office/' OR owner_unit = '/office/'`, 31, 31},
			{"reports", `SELECT COUNT(*) FROM mini_report`, 130, 170},
			{"closed", `SELECT COUNT(*) FROM mini_report WHERE state = 'closed'`, 80, 150},
			{"refused", `SELECT COUNT(*) FROM mini_report WHERE state = 'refused'`, 5, 40},
			{"merged with its main one", `SELECT COUNT(*) FROM mini_report r JOIN mini_report m ON m.id = r.same_as WHERE r.state = 'merged' AND m.created_at < r.created_at`, 1, 20},
			{"open", `SELECT COUNT(*) FROM flow_task WHERE state = 'open'`, 5, 60},
			{"late", `SELECT COUNT(*) FROM mini_report WHERE late`, 5, 60},
			{"acted on before", `SELECT COUNT(*) FROM mini_report WHERE noted > 0`, 5, 60},
			{"by visitors, who cannot fill in everything", `SELECT COUNT(*) FROM mini_report WHERE owner = 'anonymous' AND ("inner" IS NOT NULL OR spot IS NOT NULL)`, 0, 0},
			{"by visitors", `SELECT COUNT(*) FROM mini_report WHERE owner = 'anonymous'`, 20, 100},
			{"at a spot", `SELECT COUNT(*) FROM mini_report WHERE spot IS NOT NULL`, 10, 100},
			{"without an area", `SELECT COUNT(*) FROM mini_report WHERE area IS NULL`, 0, 0},
			{"in the future", `SELECT COUNT(*) FROM journal WHERE at > ` + fmt.Sprint(until.UnixMicro()), 0, 0},
			{"timers that should have fired", `SELECT COUNT(*) FROM flow_timer WHERE due_at < ` + fmt.Sprint(until.UnixMicro()), 0, 0},
			{"entries out of order", `SELECT COUNT(*) FROM journal a JOIN journal b ON b.seq = a.seq + 1 WHERE b.at < a.at`, 0, 0},
		}
		for _, x := range checks {
			if got := count(t, a.DB, x.query); got < x.least || got > x.most {
				t.Errorf("%s: got %d, want %d to %d", x.name, got, x.least, x.most)
			}
		}
		officeHours(t, a)
	})
}

// officeHours demands that staff worked only while the office was open.
func officeHours(t *testing.T, a *app.App) {
	t.Helper()
	err := a.DB.Read(t.Context(), func(tx *store.Tx) error {
		rows, err := tx.Query(t.Context(), `SELECT at FROM flow_hist WHERE op = 'complete'`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		n := 0
		for ; rows.Next(); n++ {
			var at int64
			if err := rows.Scan(&at); err != nil {
				return err
			}
			when := time.UnixMicro(at).In(clock.Shanghai)
			if cal := a.CalendarOf(""); !cal.IsOpen(when) && !cal.IsOpen(when.Add(-time.Minute)) {
				t.Errorf("somebody worked at %v", when)
			}
		}
		if n == 0 {
			t.Error("nobody worked")
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestProduct makes a small county of all packs of the product, so that every demo/generate.yaml is held to its types.
func TestProduct(t *testing.T) {
	t.Parallel()
	c := clock.NewFake(until)
	a, err := app.New(t.Context(), app.Config{Dir: t.TempDir(), Clock: c, Cheap: true, Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	r, err := demo.Seed(t.Context(), a, demo.Config{Seed: 1, Until: until, Clock: c, Size: 0.02})
	if err != nil {
		t.Fatal(err)
	}
	if r.Skipped > 0 {
		t.Errorf("%d acts of %d were refused: %v", r.Skipped, r.Acts, r.First)
	}
	if r.Matters == 0 || r.Acts < r.Matters {
		t.Errorf("got %d cases and %d acts", r.Matters, r.Acts)
	}
}

func TestSeedRefusesForeignData(t *testing.T) {
	t.Parallel()
	c := clock.NewFake(until)
	a := small(t, t.TempDir(), "", c)
	ctx := t.Context()
	err := a.DB.Write(ctx, func(tx *store.Tx) error {
		return a.Identity.Seed(ctx, tx, identity.System("test"), func(s *identity.Seed) error {
			_, err := s.EnsurePerson(ctx, identity.NewPerson{Username: "somebody", Name: "Somebody", Password: "x"})
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := demo.Seed(ctx, a, demo.Config{Seed: 1, Until: until, Clock: c}); fault.CodeOf(err) != "demo.foreign" {
		t.Errorf("got %v", err)
	}
}

func TestUnfinishedIsRefused(t *testing.T) {
	t.Parallel()
	c := clock.NewFake(until)
	dir := t.TempDir()
	a := small(t, dir, "sqlite:"+filepath.Join(dir, "x.db"), c)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := demo.Seed(ctx, a, demo.Config{Seed: 1, Until: until, Clock: c, Progress: func(step string, _, _ int) {
		if step == "history" {
			cancel()
		}
	}})
	if err == nil {
		t.Fatal("a seeding whose context ended went through")
	}
	if _, err := demo.Seed(t.Context(), a, demo.Config{Seed: 1, Until: until, Clock: c}); fault.CodeOf(err) != "demo.unfinished" {
		t.Errorf("got %v", err)
	}
}
