package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
)

// TestLater: statements that wait are done in their order, before whatever asks, and their failure is that of the
// transaction on both databases.
func TestLater(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		table(t, db)
		add := func(tx *store.Tx, id int, then func(int64, error) error) error {
			return tx.Later(ctx, "INSERT INTO thing (id, name) VALUES (?, ?)", []any{id, fmt.Sprint("n", id)}, then)
		}
		lost := fault.New(fault.Conflict, "test.lost")
		none := func(n int64, err error) error {
			if err == nil && n == 0 {
				return lost
			}
			return err
		}
		for _, c := range []struct {
			name string
			do   func(tx *store.Tx) error
			code string
			ids  []int
		}{
			{"at commit", func(tx *store.Tx) error { return errors.Join(add(tx, 1, nil), add(tx, 2, none)) }, "", []int{1, 2}},
			{"before a query", func(tx *store.Tx) error {
				if err := add(tx, 3, nil); err != nil {
					return err
				}
				var n int
				if err := tx.QueryRow(ctx, "SELECT count(*) FROM thing").Scan(&n); err != nil {
					return err
				}
				if n != 3 {
					return fault.New(fault.Internal, "test.count", "n", n)
				}
				_, err := tx.Exec(ctx, "DELETE FROM thing WHERE id = 1")
				return err
			}, "", []int{2, 3}},
			{"nobody there", func(tx *store.Tx) error {
				return errors.Join(add(tx, 8, nil), tx.Later(ctx, "UPDATE thing SET name = 'x' WHERE id = ?", []any{99}, none))
			}, "test.lost", []int{2, 3}},
			{"twice", func(tx *store.Tx) error { return errors.Join(add(tx, 9, nil), add(tx, 2, nil)) }, "store.exists", []int{2, 3}},
			{"told in other words", func(tx *store.Tx) error {
				return add(tx, 2, func(_ int64, err error) error { return fault.New(fault.Exists, "test.twice").With(err) })
			}, "test.twice", []int{2, 3}},
			{"a savepoint takes its own along", func(tx *store.Tx) error {
				if err := add(tx, 4, nil); err != nil {
					return err
				}
				if err := tx.Savepoint(ctx, func() error { return errors.Join(add(tx, 5, nil), add(tx, 2, nil)) }); fault.CodeOf(err) != "store.exists" {
					return fault.New(fault.Internal, "test.savepoint").With(err)
				}
				return add(tx, 6, nil)
			}, "", []int{2, 3, 4, 6}},
			{"nothing of a failed function", func(tx *store.Tx) error { return errors.Join(add(tx, 7, nil), lost) }, "test.lost", []int{2, 3, 4, 6}},
		} {
			err := db.Write(ctx, c.do)
			code := ""
			if err != nil {
				code = fault.CodeOf(err)
			}
			if got := ids(t, db); code != c.code || !slices.Equal(got, c.ids) {
				t.Errorf("%s: got %q %v, want %q %v (%v)", c.name, code, got, c.code, c.ids, err)
			}
		}
	})
}
