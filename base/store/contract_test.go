package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/fstest"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
)

func TestHooks(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		table(t, db)
		ctx := t.Context()
		var got []string
		hook := func(name string) func() { return func() { got = append(got, name) } }
		err := db.Write(ctx, func(tx *store.Tx) error {
			got = nil
			tx.OnCommit(hook("a"))
			_ = tx.Savepoint(ctx, func() error {
				tx.OnCommit(hook("undone"))
				return errors.New("undo")
			})
			if err := tx.Savepoint(ctx, func() error { tx.OnCommit(hook("b")); return nil }); err != nil {
				return err
			}
			tx.OnCommit(func() {
				if err := db.Write(ctx, put(ctx, 2)); err != nil { // a hook may write: its transaction is over
					t.Errorf("write in hook: %v", err)
				}
				got = append(got, "c")
			})
			return insert(ctx, tx, 1, "a")
		})
		if err != nil || !slices.Equal(got, []string{"a", "b", "c"}) {
			t.Errorf("hooks: got %v %v, want a b c", got, err)
		}
		if have := ids(t, db); !slices.Equal(have, []int{1, 2}) {
			t.Errorf("rows: got %v, want [1 2]", have)
		}
	})
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		table(t, db)
		ctx := t.Context()
		err := db.Read(ctx, func(tx *store.Tx) error {
			var before, after int
			if err := tx.QueryRow(ctx, "SELECT count(*) FROM thing").Scan(&before); err != nil {
				return err
			}
			if err := db.Write(ctx, put(ctx, 1)); err != nil {
				return err
			}
			if err := tx.QueryRow(ctx, "SELECT count(*) FROM thing").Scan(&after); err != nil {
				return err
			}
			if before != 0 || after != 0 {
				t.Errorf("snapshot: got %d then %d, want 0 and 0", before, after)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := count(t, db); got != 1 {
			t.Errorf("after: got %d rows, want 1", got)
		}
		err = db.Read(ctx, func(tx *store.Tx) error { return insert(ctx, tx, 9, "z") })
		if fault.CodeOf(err) != "store.readonly" {
			t.Errorf("write in read: got %v, want store.readonly", err)
		}
		err = db.Read(ctx, func(*store.Tx) error { return db.Read(ctx, func(*store.Tx) error { return nil }) })
		if fault.CodeOf(err) != "store.nested" {
			t.Errorf("read in read: got %v, want store.nested", err)
		}
		err = db.Write(ctx, func(*store.Tx) error { return db.Write(ctx, func(*store.Tx) error { return nil }) })
		if fault.CodeOf(err) != "store.nested" {
			t.Errorf("write in write: got %v, want store.nested", err)
		}
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if err := db.Read(ended, func(*store.Tx) error { return nil }); fault.CodeOf(err) != "store.busy" {
			t.Errorf("read with ended context: got %v, want store.busy", err)
		}
	})
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		table(t, db)
		ctx := t.Context()
		var kept *store.Tx
		if err := db.Write(ctx, func(tx *store.Tx) error { kept = tx; return insert(ctx, tx, 1, "a") }); err != nil {
			t.Fatal(err)
		}
		if _, err := kept.Exec(ctx, "DELETE FROM thing"); fault.CodeOf(err) != "store.finished" {
			t.Errorf("after the end: got %v, want store.finished", err)
		}
		for _, query := range []string{"COMMIT", " rollback;", "BEGIN", "\nSAVEPOINT x", "END;"} {
			err := db.Write(ctx, func(tx *store.Tx) error { _, err := tx.Exec(ctx, query); return err })
			if fault.CodeOf(err) != "store.control" {
				t.Errorf("%q: got %v, want store.control", query, err)
			}
		}
		// A dropped error must not commit the half of a unit, whichever way the statement was run.
		for name, bad := range map[string]func(*store.Tx){
			"exec":     func(tx *store.Tx) { _, _ = tx.Exec(ctx, "INSERT INTO thing (id, name) VALUES (1, 'again')") },
			"queryrow": func(tx *store.Tx) { _ = tx.QueryRow(ctx, "SELECT id FROM nothing").Scan(new(int)) },
			"returning": func(tx *store.Tx) {
				_ = tx.QueryRow(ctx, "INSERT INTO thing (id, name) VALUES (1, 'x') RETURNING id").Scan(new(int))
			},
			"query": func(tx *store.Tx) { _, _ = tx.Query(ctx, "SELECT id FROM nothing") }, //nolint:rowserrcheck,sqlclosecheck // there are none
			"later": func(tx *store.Tx) {
				_, _ = tx.Exec(ctx, "no sql")
				_ = tx.QueryRow(ctx, "SELECT id FROM thing").Scan(new(int))
			},
		} {
			err := db.Write(ctx, func(tx *store.Tx) error {
				if err := insert(ctx, tx, 50, name); err != nil {
					return err
				}
				bad(tx)
				return nil
			})
			if err == nil {
				t.Errorf("%s: a failed statement was forgotten", name)
			}
		}
		if have := ids(t, db); !slices.Equal(have, []int{1}) {
			t.Errorf("rows: got %v, want [1]", have)
		}
	})
}

func TestOneTextTwice(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		table(t, db)
		ctx := t.Context()
		// On PostgreSQL a connection has one open result at a time, so portable code collects before it asks again; on
		// SQLite two open results of one text must not share a cursor.
		if db.Dialect() == store.PostgreSQL {
			return
		}
		seen := 0
		err := db.Write(ctx, func(tx *store.Tx) error {
			for id := range 3 {
				if err := insert(ctx, tx, id, string(rune('a'+id))); err != nil {
					return err
				}
			}
			const query = "SELECT id FROM thing WHERE id >= ? ORDER BY id"
			outer, err := tx.Query(ctx, query, 0)
			if err != nil {
				return err
			}
			defer outer.Close()
			for outer.Next() {
				var a, b int
				if err := outer.Scan(&a); err != nil {
					return err
				}
				if err := tx.QueryRow(ctx, query, a).Scan(&b); err != nil || a != b {
					t.Errorf("inner: got %d %v, want %d", b, err, a)
				}
				seen++
			}
			return outer.Err()
		})
		if err != nil || seen != 3 {
			t.Errorf("got %d rows, %v; want 3", seen, err)
		}
	})
}

func TestClose(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		table(t, db)
		for range 2 {
			if err := db.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		}
		if err := db.Write(t.Context(), func(*store.Tx) error { return nil }); fault.CodeOf(err) != "store.closed" {
			t.Errorf("write: got %v, want store.closed", err)
		}
		if err := db.Read(t.Context(), func(*store.Tx) error { return nil }); fault.CodeOf(err) != "store.closed" {
			t.Errorf("read: got %v, want store.closed", err)
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"empty": "", "scheme": "mysql://x", "no file": "sqlite:", "bad": "postgres://%zz"} {
		if _, err := store.Open(t.Context(), url, store.Options{}); fault.CodeOf(err) != "store.url" {
			t.Errorf("%s: got %v, want store.url", name, err)
		}
	}
	if _, err := store.Open(t.Context(), "postgres://nobody@127.0.0.1:1/none?sslmode=disable", store.Options{}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("no server: got %v, want unavailable", err)
	}
	if _, err := store.Open(t.Context(), "sqlite:/proc/none/x.db", store.Options{}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("no directory: got %v, want unavailable", err)
	}
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Helper()
		ctx := t.Context()
		a, b := storetest.Open(t, url), storetest.Open(t, url)
		one := fstest.MapFS{"0001_create_a.sql": file(`CREATE TABLE a (id BIGINT PRIMARY KEY, note TEXT NOT NULL DEFAULT 'a; TEXT -- b'); -- TEXT;
			CREATE INDEX a_note ON a (note);
			INSERT INTO a (id) VALUES (1);`)}
		two := fstest.MapFS{"0001_create_a.sql": one["0001_create_a.sql"], "0002_add_b.sql": file("ALTER TABLE a ADD COLUMN b BLOB")}
		done := make(chan error, 2)
		for _, db := range []*store.DB{a, b} { // two nodes start at once
			go func() { done <- store.Migrate(ctx, db, two, "test") }()
		}
		for range 2 {
			if err := <-done; err != nil {
				t.Fatalf("migrate: %v", err)
			}
		}
		var note string
		var versions int
		if err := a.Read(ctx, func(tx *store.Tx) error {
			if err := tx.QueryRow(ctx, "SELECT count(*) FROM schema_migration WHERE scope = ?", "test").Scan(&versions); err != nil {
				return err
			}
			return tx.QueryRow(ctx, "SELECT note FROM a WHERE b IS NULL").Scan(&note)
		}); err != nil || versions != 2 || note != "a; TEXT -- b" {
			t.Errorf("got %d versions, note %q, %v", versions, note, err)
		}
		for code, fsys := range map[string]fstest.MapFS{
			"store.migration.newer":   one,
			"store.migration.changed": {"0001_create_a.sql": file("CREATE TABLE z (id BIGINT)")},
			"store.migration.order":   {"0002_create_a.sql": file("")},
			"store.migration.name":    {"create.sql": file("")},
		} {
			if err := store.Migrate(ctx, a, fsys, "test"); fault.CodeOf(err) != code {
				t.Errorf("got %v, want %s", err, code)
			}
		}
		// A migration that fails half-way leaves nothing.
		bad := fstest.MapFS{"0001_create_c.sql": file("CREATE TABLE c (id BIGINT); CREATE TABLE c (id BIGINT);")}
		if err := store.Migrate(ctx, a, bad, "other"); err == nil {
			t.Error("bad migration: got nil")
		}
		if err := a.Read(ctx, func(tx *store.Tx) error { return tx.QueryRow(ctx, "SELECT count(*) FROM c").Scan(&versions) }); err == nil {
			t.Error("half a migration stayed")
		}
	})
}

func TestByteOrder(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		table(t, db)
		ctx := t.Context()
		for i, name := range []string{"/a/", "/a/b/", "/a0", "/A/", "é", "z"} {
			if err := db.Write(ctx, func(tx *store.Tx) error { return insert(ctx, tx, i, name) }); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		if err := db.Read(ctx, func(tx *store.Tx) error {
			rows, err := tx.Query(ctx, "SELECT name FROM thing ORDER BY name")
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var s string
				if err := rows.Scan(&s); err != nil {
					return err
				}
				got = append(got, s)
			}
			return rows.Err()
		}); err != nil {
			t.Fatal(err)
		}
		if want := []string{"/A/", "/a/", "/a/b/", "/a0", "z", "é"}; !slices.Equal(got, want) {
			t.Errorf("order: got %q, want %q", got, want)
		}
	})
}
