package store_test

import (
	"errors"
	"io"
	"sync"
	"testing"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
)

func TestPostgresRunsAgain(t *testing.T) {
	t.Parallel()
	url := storetest.PostgreSQLURL(t)
	db, other := storetest.Open(t, url), storetest.Open(t, url)
	table(t, db)
	ctx := t.Context()
	for i, c := range []struct {
		name  string
		first func(tx *store.Tx) error // makes the first run fail
	}{
		{"serialization failure", func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")
			return err
		}},
		{"deadlock, error dropped by the caller", func(tx *store.Tx) error {
			_, _ = tx.Exec(ctx, "DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$")
			return nil
		}},
		{"connection lost before the commit", func(tx *store.Tx) error {
			var pid int
			if err := tx.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
				return err
			}
			if err := other.Read(ctx, func(tx *store.Tx) error {
				return tx.QueryRow(ctx, "SELECT pg_terminate_backend(CAST(? AS integer))", pid).Scan(new(bool))
			}); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, "SELECT 1")
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := db.Stats().Retries
			runs := 0
			err := db.Write(ctx, func(tx *store.Tx) error {
				runs++
				if err := insert(ctx, tx, i, c.name); err != nil {
					return err
				}
				if runs == 1 {
					return c.first(tx)
				}
				return nil
			})
			if err != nil || runs != 2 || db.Stats().Retries != before+1 {
				t.Errorf("got %d runs, %d retries, %v; want 2, 1, nil", runs, db.Stats().Retries-before, err)
			}
			if got := count(t, db); got != i+1 {
				t.Errorf("rows: got %d, want %d", got, i+1)
			}
		})
	}
}

func TestPostgresDeadlock(t *testing.T) {
	t.Parallel()
	db := storetest.PostgreSQL(t)
	table(t, db)
	ctx := t.Context()
	for id := range 2 {
		if err := db.Write(ctx, func(tx *store.Tx) error { return insert(ctx, tx, id, string(rune('a'+id))) }); err != nil {
			t.Fatal(err)
		}
	}
	var met sync.WaitGroup
	met.Add(2)
	var wg sync.WaitGroup
	for first := range 2 {
		var once sync.Once
		wg.Go(func() {
			err := db.Write(ctx, func(tx *store.Tx) error {
				for i := range 2 {
					if _, err := tx.Exec(ctx, "UPDATE thing SET x = x + 1 WHERE id = ?", (first+i)%2); err != nil {
						return err
					}
					once.Do(func() { met.Done(); met.Wait() })
				}
				return nil
			})
			if err != nil {
				t.Errorf("writer %d: %v", first, err)
			}
		})
	}
	wg.Wait()
	if db.Stats().Retries == 0 {
		t.Error("no deadlock happened: the test has lost its point")
	}
	var sum float64
	if err := db.Read(ctx, func(tx *store.Tx) error { return tx.QueryRow(ctx, "SELECT sum(x) FROM thing").Scan(&sum) }); err != nil || sum != 7 {
		t.Errorf("sum: got %v %v, want 7", sum, err)
	}
}

func TestPostgresServerRestartsConnections(t *testing.T) {
	t.Parallel()
	url := storetest.PostgreSQLURL(t)
	db, other := storetest.Open(t, url), storetest.Open(t, url)
	table(t, db)
	ctx := t.Context()
	for id := range 3 {
		if err := other.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := db.Write(ctx, put(ctx, id)); err != nil {
			t.Errorf("write %d: %v", id, err)
		}
		if got := count(t, db); got != id+1 {
			t.Errorf("rows: got %d, want %d", got, id+1)
		}
	}
}

func TestPostgresPlanOutdatedByMigration(t *testing.T) {
	t.Parallel()
	url := storetest.PostgreSQLURL(t)
	db, other := storetest.Open(t, url), storetest.Open(t, url)
	table(t, db)
	ctx := t.Context()
	all := func(tx *store.Tx) error {
		rows, err := tx.Query(ctx, "SELECT * FROM thing WHERE id = ?", 1)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			continue
		}
		return rows.Err()
	}
	for range 8 { // every connection of the pool keeps the plan
		if err := errors.Join(db.Read(ctx, all), db.Write(ctx, all)); err != nil {
			t.Fatal(err)
		}
	}
	if err := other.Write(ctx, func(tx *store.Tx) error { return tx.DDL(ctx, "ALTER TABLE thing ADD COLUMN note TEXT") }); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Read(ctx, all), db.Write(ctx, all)); err != nil {
		t.Errorf("after the migration: %v", err)
	}
}

func TestPostgresRefusals(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		table(t, db)
		ctx := t.Context()
		if err := db.Write(ctx, func(tx *store.Tx) error {
			return tx.DDL(ctx, "CREATE TABLE part (id BIGINT PRIMARY KEY, thing BIGINT NOT NULL REFERENCES thing (id), n BIGINT CHECK (n > 0))")
		}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			query string
			code  string
			kind  fault.Kind
		}{
			{"INSERT INTO part (id, thing, n) VALUES (1, 99, 1)", "store.reference", fault.Conflict},
			{"INSERT INTO part (id, n) VALUES (1, 1)", "store.constraint", fault.Invalid},
			{"INSERT INTO part (id, thing, n) VALUES (1, 1, 0)", "store.constraint", fault.Invalid},
			{"INSERT INTO nowhere (id) VALUES (1)", "store.sql", fault.Internal},
		} {
			err := db.Write(ctx, func(tx *store.Tx) error { _, err := tx.Exec(ctx, c.query); return err })
			if fault.CodeOf(err) != c.code || !fault.Is(err, c.kind) {
				t.Errorf("%s: got %v, want %s", c.query, err, c.code)
			}
		}
	})
}

// TestPostgresVerdictIsFinal: a fault of the function's own is never taken for a broken connection, whatever caused it.
func TestPostgresVerdictIsFinal(t *testing.T) {
	t.Parallel()
	db := storetest.PostgreSQL(t)
	runs := 0
	err := db.Write(t.Context(), func(*store.Tx) error {
		runs++
		return fault.New(fault.Invalid, "body.broken").With(io.ErrUnexpectedEOF)
	})
	if runs != 1 || fault.CodeOf(err) != "body.broken" {
		t.Errorf("got %d runs, %v; want 1, body.broken", runs, err)
	}
}
