package store_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
)

// group holds the writer until the units wait behind it in their order, so that all meet in one
// transaction, and gives what each came to.
func group(t *testing.T, db *store.DB, first func(*store.Tx) error, others ...func(*store.Tx) error) []error {
	t.Helper()
	ctx := t.Context()
	units := append([]func(*store.Tx) error{first}, others...)
	errs := make([]error, len(units))
	held, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var wg sync.WaitGroup
	wg.Go(func() { // keeps the connection, writes nothing, and is rolled back
		_ = db.Write(ctx, func(*store.Tx) error {
			once.Do(func() { close(held) })
			<-release
			return errors.New("gate")
		})
	})
	<-held
	for i, fn := range units {
		wg.Go(func() { errs[i] = db.Write(ctx, fn) })
		for db.Stats().Queue <= i {
			runtime.Gosched()
		}
	}
	close(release)
	wg.Wait()
	return errs
}

func put(ctx context.Context, id int) func(*store.Tx) error {
	return func(tx *store.Tx) error { return insert(ctx, tx, id, fmt.Sprint("n", id)) }
}

func ids(t *testing.T, db *store.DB) []int {
	t.Helper()
	var out []int
	if err := db.Read(t.Context(), func(tx *store.Tx) error {
		out = nil
		rows, err := tx.Query(t.Context(), "SELECT id FROM thing ORDER BY id")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id int
			if err := rows.Scan(&id); err != nil {
				return err
			}
			out = append(out, id)
		}
		return rows.Err()
	}); err != nil {
		t.Fatalf("ids: %v", err)
	}
	return out
}

func TestGroup(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	ctx := t.Context()
	fail := func(id int) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			if err := insert(ctx, tx, id, "x"); err != nil {
				return err
			}
			return boom
		}
	}
	exec := func(query string, args ...any) func(*store.Tx) error {
		return func(tx *store.Tx) error { _, err := tx.Exec(ctx, query, args...); return err }
	}
	for _, c := range []struct {
		name  string
		units []func(*store.Tx) error
		want  []string // codes, "" = done
		ids   []int
		grown uint64 // database commits
	}{
		{"one commit for all", []func(*store.Tx) error{put(ctx, 1), put(ctx, 2), put(ctx, 3)}, []string{"", "", ""}, []int{1, 2, 3}, 1},
		{"a failed one in the middle goes alone", []func(*store.Tx) error{put(ctx, 1), fail(2), put(ctx, 3)}, []string{"", "internal", ""}, []int{1, 3}, 1},
		{"the first fails", []func(*store.Tx) error{fail(1), put(ctx, 2), put(ctx, 3)}, []string{"internal", "", ""}, []int{2, 3}, 1},
		{"all fail", []func(*store.Tx) error{fail(1), fail(2)}, []string{"internal", "internal"}, nil, 0},
		{"unique", []func(*store.Tx) error{put(ctx, 1), put(ctx, 1), put(ctx, 3)}, []string{"", "store.exists", ""}, []int{1, 3}, 1},
		{
			"the database drops the whole transaction", // as it does on a full disk
			[]func(*store.Tx) error{put(ctx, 1), put(ctx, 2), exec("INSERT OR ROLLBACK INTO thing (id, name) VALUES (1, 'q')"), put(ctx, 4)},
			[]string{"", "", "store.exists", ""},
			[]int{1, 2, 4},
			2, // the one that waited behind comes after those run again
		},
		{
			"nothing follows a dropped transaction",
			[]func(*store.Tx) error{put(ctx, 1), func(tx *store.Tx) error {
				_, _ = tx.Exec(ctx, "INSERT OR ROLLBACK INTO thing (id, name) VALUES (1, 'q')")
				_, _ = tx.Exec(ctx, "INSERT INTO thing (id, name) VALUES (77, 'outside any transaction')")
				return nil
			}},
			[]string{"", "store.exists"},
			[]int{1},
			1,
		},
		{
			"a constraint checked at commit",
			[]func(*store.Tx) error{put(ctx, 1), exec("INSERT INTO part (id, thing) VALUES (1, 99)"), exec("INSERT INTO part (id, thing) VALUES (2, 1)")},
			[]string{"", "store.reference", ""},
			[]int{1},
			2,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := storetest.SQLite(t)
			table(t, db)
			if err := db.Write(ctx, func(tx *store.Tx) error {
				return tx.DDL(ctx, "CREATE TABLE part (id BIGINT PRIMARY KEY, thing BIGINT REFERENCES thing (id) DEFERRABLE INITIALLY DEFERRED)")
			}); err != nil {
				t.Fatal(err)
			}
			before := db.Stats().Commits
			got := group(t, db, c.units[0], c.units[1:]...)
			for i, err := range got {
				code := ""
				if err != nil {
					code = fault.CodeOf(err)
				}
				if code != c.want[i] {
					t.Errorf("unit %d: got %v, want code %q", i, err, c.want[i])
				}
			}
			if have := ids(t, db); !slices.Equal(have, c.ids) {
				t.Errorf("rows: got %v, want %v", have, c.ids)
			}
			if grown := db.Stats().Commits - before; grown != c.grown {
				t.Errorf("commits: got %d, want %d", grown, c.grown)
			}
		})
	}
}

func TestGroupRunsInOrder(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	table(t, db)
	ctx := t.Context()
	var order []int // only the unit whose turn it is touches it
	unit := func(id int) func(*store.Tx) error {
		return func(tx *store.Tx) error { order = append(order, id); return insert(ctx, tx, id, fmt.Sprint(id)) }
	}
	var others []func(*store.Tx) error
	want := []int{0}
	for id := 1; id <= 30; id++ {
		others = append(others, unit(id))
		want = append(want, id)
	}
	for i, err := range group(t, db, unit(0), others...) {
		if err != nil {
			t.Errorf("unit %d: %v", i, err)
		}
	}
	if !slices.Equal(order, want) {
		t.Errorf("order: got %v, want %v", order, want)
	}
}

func TestGroupSurvivesPanicAndGoexit(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	table(t, db)
	ctx := t.Context()
	held, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := db.Write(ctx, func(tx *store.Tx) error { close(held); <-release; return insert(ctx, tx, 1, "a") }); err != nil {
			t.Errorf("first: %v", err)
		}
	})
	<-held
	wg.Go(func() {
		defer func() {
			if got := recover(); got != "defect" {
				t.Errorf("panic: got %v, want defect", got)
			}
		}()
		_ = db.Write(ctx, func(tx *store.Tx) error { _ = insert(ctx, tx, 2, "b"); panic("defect") })
	})
	wg.Go(func() {
		_ = db.Write(ctx, func(tx *store.Tx) error { _ = insert(ctx, tx, 3, "c"); runtime.Goexit(); return nil })
		t.Error("Write returned after Goexit")
	})
	for db.Stats().Queue < 2 {
		runtime.Gosched()
	}
	wg.Go(func() {
		if err := db.Write(ctx, put(ctx, 4)); err != nil {
			t.Errorf("last: %v", err)
		}
	})
	close(release)
	wg.Wait()
	if got := ids(t, db); !slices.Equal(got, []int{1, 4}) {
		t.Errorf("rows: got %v, want [1 4]", got)
	}
}

func TestCancelBeforeAndAfterStart(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	table(t, db)
	waiting, cancelWaiting := context.WithCancel(t.Context())
	started, cancelStarted := context.WithCancel(t.Context())
	held, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := db.Write(started, func(tx *store.Tx) error {
			close(held)
			<-release
			cancelStarted()
			return insert(started, tx, 1, "a")
		})
		if err != nil {
			t.Errorf("started: got %v, want it to finish", err)
		}
	})
	<-held
	wg.Go(func() {
		err := db.Write(waiting, func(*store.Tx) error { t.Error("ran though cancelled while waiting"); return nil })
		if fault.CodeOf(err) != "store.busy" || !errors.Is(err, context.Canceled) {
			t.Errorf("waiting: got %v, want store.busy", err)
		}
		close(release) // the cancelled one returns while the writer is still held
	})
	for db.Stats().Queue < 1 {
		runtime.Gosched()
	}
	cancelWaiting()
	wg.Wait()
	if got := ids(t, db); !slices.Equal(got, []int{1}) {
		t.Errorf("rows: got %v, want [1]", got)
	}
	if err := db.Write(waiting, put(t.Context(), 5)); fault.CodeOf(err) != "store.busy" {
		t.Errorf("ended context: got %v, want store.busy", err)
	}
}
