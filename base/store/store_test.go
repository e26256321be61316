package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
)

func table(t *testing.T, db *store.DB) {
	t.Helper()
	fsys := fstest.MapFS{"0001_create_thing.sql": {Data: []byte("-- a table\nCREATE TABLE thing (id BIGINT PRIMARY KEY, name TEXT NOT NULL, data BLOB, ok BOOLEAN, x DOUBLE PRECISION);\nCREATE UNIQUE INDEX thing_name ON thing (name);\n")}}
	for range 2 { // the second run finds it done
		if err := store.Migrate(t.Context(), db, fsys, "test"); err != nil {
			t.Fatalf("migrate: %v", err)
		}
	}
	fsys["0001_create_thing.sql"].Data = []byte("CREATE TABLE thing (id BIGINT)")
	if err := store.Migrate(t.Context(), db, fsys, "test"); fault.CodeOf(err) != "store.migration.changed" {
		t.Fatalf("edited migration: got %v, want store.migration.changed", err)
	}
}

func count(t *testing.T, db *store.DB) int {
	t.Helper()
	n := 0
	if err := db.Read(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow(t.Context(), "SELECT count(*) FROM thing").Scan(&n)
	}); err != nil {
		t.Fatalf("count: %v", err)
	}
	return n
}

func insert(ctx context.Context, tx *store.Tx, id int, name string) error {
	_, err := tx.Exec(ctx, "INSERT INTO thing (id, name, data, ok, x) VALUES (?, ?, ?, ?, ?)", id, name, []byte{1, 2}, true, 1.5)
	return err
}

func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		ctx := t.Context()
		table(t, db)
		if err := db.Write(ctx, func(tx *store.Tx) error { return insert(ctx, tx, 1, "a") }); err != nil {
			t.Fatalf("insert: %v", err)
		}
		err := db.Write(ctx, func(tx *store.Tx) error { return insert(ctx, tx, 2, "a") })
		if !fault.Is(err, fault.Exists) {
			t.Errorf("same name: got %v, want exists", err)
		}
		boom := errors.New("boom")
		ran := false
		err = db.Write(ctx, func(tx *store.Tx) error {
			tx.OnCommit(func() { ran = true })
			if err := insert(ctx, tx, 3, "c"); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) || ran || count(t, db) != 1 {
			t.Errorf("failed unit: err %v, hook ran %v, rows %d; want boom, false, 1", err, ran, count(t, db))
		}
		err = db.Write(ctx, func(tx *store.Tx) error {
			if err := tx.Savepoint(ctx, func() error {
				if err := insert(ctx, tx, 4, "d"); err != nil {
					return err
				}
				return boom
			}); !errors.Is(err, boom) {
				t.Errorf("savepoint: got %v, want boom", err)
			}
			tx.OnCommit(func() { ran = true })
			return insert(ctx, tx, 5, "e")
		})
		if err != nil || !ran || count(t, db) != 2 {
			t.Errorf("after savepoint: err %v, hook ran %v, rows %d; want nil, true, 2", err, ran, count(t, db))
		}
		err = db.Read(ctx, func(tx *store.Tx) error { return insert(ctx, tx, 9, "z") })
		if err == nil || count(t, db) != 2 {
			t.Errorf("write in read: got %v, want an error and 2 rows", err)
		}
		checkTypes(t, db)
	})
}

func checkTypes(t *testing.T, db *store.DB) {
	t.Helper()
	ctx := t.Context()
	if err := db.Read(ctx, func(tx *store.Tx) error {
		var id, name, data, x any
		var ok bool // SQLite gives an untyped destination the number 1
		if err := tx.QueryRow(ctx, "SELECT id, name, data, ok, x FROM thing WHERE name = ? AND '?' <> name", "a").Scan(&id, &name, &data, &ok, &x); err != nil {
			return err
		}
		if id != int64(1) || name != "a" || !ok || x != 1.5 {
			t.Errorf("types: got %T %T %T %T %T", id, name, data, ok, x)
		}
		err := tx.QueryRow(ctx, "SELECT id FROM thing WHERE name = ?", "none").Scan(&id)
		if !store.None(err) {
			t.Errorf("no row: got %v", err)
		}
		return nil
	}); err != nil {
		t.Errorf("read: %v", err)
	}
}

func TestManyWriters(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		table(t, db)
		ctx := t.Context()
		var wg sync.WaitGroup
		var failed sync.Map
		for w := range 16 {
			wg.Go(func() {
				for i := range 20 {
					id := w*100 + i
					err := db.Write(ctx, func(tx *store.Tx) error {
						if err := insert(ctx, tx, id, time.Duration(id).String()); err != nil {
							return err
						}
						if i%5 == 4 {
							return errors.New("undo")
						}
						return nil
					})
					if (err != nil) != (i%5 == 4) {
						failed.Store(id, err)
					}
				}
			})
		}
		wg.Wait()
		failed.Range(func(k, v any) bool { t.Errorf("unit %v: %v", k, v); return true })
		if got := count(t, db); got != 16*16 {
			t.Errorf("rows: got %d, want %d", got, 16*16)
		}
	})
}

func TestNestedWriteAndPanic(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	table(t, db)
	ctx := t.Context()
	err := db.Write(ctx, func(*store.Tx) error {
		return db.Write(ctx, func(*store.Tx) error { return nil })
	})
	if fault.CodeOf(err) != "store.nested" {
		t.Errorf("nested: got %v, want store.nested", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a panic in a unit must reach its caller")
			}
		}()
		_ = db.Write(ctx, func(tx *store.Tx) error {
			_ = insert(ctx, tx, 1, "a")
			panic("defect")
		})
	}()
	if got := count(t, db); got != 0 {
		t.Errorf("rows after panic: got %d, want 0", got)
	}
	if err := db.Write(ctx, func(tx *store.Tx) error { return insert(ctx, tx, 1, "a") }); err != nil {
		t.Errorf("write after panic: %v", err)
	}
}
