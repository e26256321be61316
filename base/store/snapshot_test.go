package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
)

func TestSnapshotIsWholeWhileWritesGoOn(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	ctx, stop := context.WithCancel(t.Context())
	if err := createPair(ctx, db); err != nil {
		t.Fatal(err)
	}
	for id := range 200 {
		if err := pair(ctx, db, id, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for id := 200; ctx.Err() == nil; id++ {
			if err := pair(t.Context(), db, id, []byte("y")); err != nil {
				t.Errorf("write beside a snapshot: %v", err)
				return
			}
		}
	})
	dir := t.TempDir()
	want := map[int]bool{}
	for id := range 200 {
		want[id] = true
	}
	for n := range 3 {
		file := filepath.Join(dir, fmt.Sprint(n))
		if err := db.Snapshot(t.Context(), file); err != nil {
			t.Fatal(err)
		}
		if err := db.Snapshot(t.Context(), file); !fault.Is(err, fault.Exists) {
			t.Errorf("onto a file: got %v, want exists", err)
		}
		copied := storetest.Open(t, "sqlite:"+file)
		if err := same(t.Context(), copied, want, false); err != nil {
			t.Errorf("copy %d: %v", n, err)
		}
		var verdict string
		if err := copied.Read(t.Context(), func(tx *store.Tx) error {
			return tx.QueryRow(t.Context(), "PRAGMA integrity_check").Scan(&verdict)
		}); err != nil || verdict != "ok" {
			t.Errorf("integrity: %s %v", verdict, err)
		}
	}
	stop()
	wg.Wait()
	if err := db.Snapshot(t.Context(), filepath.Join(dir, "none", "x")); !fault.Is(err, fault.Unavailable) {
		t.Errorf("no directory: got %v, want unavailable", err)
	}
}
