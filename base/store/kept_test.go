package store_test

import (
	"errors"
	"testing"

	"chengshu/base/store"
	"chengshu/base/store/storetest"
)

// TestKeep holds what a transaction remembers to its life: gone with its savepoint, with nil, and with the transaction.
func TestKeep(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		table(t, db)
		err := db.Write(ctx, func(tx *store.Tx) error {
			tx.Keep("a", 1)
			tx.Keep("b", 2)
			tx.Keep("b", nil)
			if got := tx.Kept("a"); got != 1 {
				t.Errorf("a is %v", got)
			}
			if got := tx.Kept("b"); got != nil {
				t.Errorf("b is %v", got)
			}
			if err := tx.Savepoint(ctx, func() error { tx.Keep("c", 3); return nil }); err != nil {
				return err
			}
			if got := tx.Kept("c"); got != 3 {
				t.Errorf("c is %v", got)
			}
			undo := errors.New("undo")
			if err := tx.Savepoint(ctx, func() error { tx.Keep("d", 4); return undo }); !errors.Is(err, undo) {
				return err
			}
			if tx.Kept("a") != nil || tx.Kept("d") != nil {
				t.Error("something outlived the rollback of a savepoint")
			}
			for i := range 1000 {
				tx.Keep(i, i)
			}
			if tx.Kept(999) != 999 || tx.Kept(0) != nil {
				t.Error("what is kept is not bounded")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Write(ctx, func(tx *store.Tx) error {
			if tx.Kept(999) != nil {
				t.Error("something outlived its transaction")
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	})
}
