package app_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"chengshu/app"
	"chengshu/base/bus"
	"chengshu/base/store"
	"chengshu/kernel/journal"
)

// TestBus: whoever listens gets every entry of the journal, in its order, those written while nothing ran included.
func TestBus(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	var mu sync.Mutex
	var heard []string
	for round := range 2 {
		a, err := app.New(ctx, app.Config{Dir: dir, Cheap: true, Only: []string{"county"}, Bus: app.EmbeddedBus})
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		if err := a.DB.Write(ctx, func(tx *store.Tx) error {
			for i := range 150 { // more than a batch
				e := journal.Entry{Actor: "system", Action: "test.said", Subject: fmt.Sprintf("test/%d-%d", round, i)}
				if _, err := a.Journal.Append(ctx, tx, e); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		all := read(t, a)
		for _, e := range all {
			want = append(want, string(e.Canonical()))
		}
		run, stop := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() { done <- a.Run(run) }()
		if _, err := a.Bus.Subscribe(ctx, "listener", "journal.>", func(_ context.Context, m bus.Message) error {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, string(m.Data))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
			mu.Lock()
			n := len(heard)
			mu.Unlock()
			if n >= len(want) || time.Now().After(deadline) {
				break
			}
		}
		mu.Lock()
		if !slices.Equal(heard, want) {
			t.Errorf("round %d: heard %d of %d entries, or not in their order", round, len(heard), len(want))
		}
		mu.Unlock()
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		a.Close()
	}
}

// read gives all entries of the journal.
func read(t *testing.T, a *app.App) []journal.Entry {
	t.Helper()
	var out []journal.Entry
	run, stop := context.WithCancel(t.Context())
	defer stop()
	var size int64
	if err := a.DB.Read(run, func(tx *store.Tx) error {
		return tx.QueryRow(run, "SELECT count(*) FROM journal").Scan(&size)
	}); err != nil {
		t.Fatal(err)
	}
	err := a.Journal.Follow(run, fmt.Sprint("test-", size), 0, func(_ context.Context, _ *store.Tx, entries []journal.Entry) error {
		if out = append(out, entries...); int64(len(out)) >= size {
			stop()
		}
		return nil
	})
	if err != nil && run.Err() == nil {
		t.Fatal(err)
	}
	return out
}
