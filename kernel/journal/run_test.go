package journal_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"chengshu/base/clock"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/journal"
)

// TestMain lets the test binary run again as the program that is killed.
func TestMain(m *testing.M) {
	if url := os.Getenv("CHENGSHU_JOURNAL_CHILD"); url != "" {
		if err := child(context.Background(), url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// runOnce lets Run take what is there: a context that has ended makes it finish and return.
func runOnce(t *testing.T, j *journal.Journal) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return j.Run(ctx)
}

// background runs Run until the test ends.
func background(t *testing.T, j *journal.Journal) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- j.Run(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
}

// child appends from eight goroutines and prints each id once it is acknowledged, until it is killed.
func child(ctx context.Context, url string) error {
	db, err := store.Open(ctx, url, store.Options{})
	if err != nil {
		return err
	}
	keys, err := journal.LoadKeys(os.Getenv("CHENGSHU_JOURNAL_KEYS"), rand.Reader)
	if err != nil {
		return err
	}
	j, err := journal.New(ctx, journal.Options{DB: db, Clock: clock.System(), Keys: keys, SignEntries: 50})
	if err != nil {
		return err
	}
	fail := make(chan error, 9)
	go func() { fail <- j.Run(ctx) }()
	for range 8 {
		go func() {
			for {
				var e journal.Entry
				err := db.Write(ctx, func(tx *store.Tx) error {
					var err error
					e, err = j.Append(ctx, tx, journal.Entry{Actor: "p1", Action: "record.create", Subject: "t/1"})
					return err
				})
				if err == nil {
					_, err = os.Stdout.WriteString(strconv.FormatInt(e.ID, 10) + "\n")
				}
				if err != nil {
					fail <- err
					return
				}
			}
		}()
	}
	return <-fail
}

// A kill in the middle of appending leaves no gap and loses nothing that was acknowledged.
func TestKill(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Helper()
		t.Parallel()
		db := storetest.Open(t, url)
		if err := store.Migrate(t.Context(), db, journal.Migrations(), "journal"); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "keys.pem")
		acked := map[int64]bool{}
		for range 3 {
			killChild(t, url, file, 400, acked)
		}
		keys, err := journal.LoadKeys(file, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		j, err := journal.New(t.Context(), journal.Options{DB: db, Clock: clock.System(), Keys: keys})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := j.Sign(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := verify(t, j); len(got) != 0 {
			t.Errorf("findings after the kills: %+v", got)
		}
		gapless(t, db, acked)
	})
}

func killChild(t *testing.T, url, keys string, after int, acked map[int64]bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "CHENGSHU_JOURNAL_CHILD="+url, "CHENGSHU_JOURNAL_KEYS="+keys)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for s := bufio.NewScanner(out); s.Scan(); {
		id, err := strconv.ParseInt(s.Text(), 10, 64)
		if err != nil {
			break // a line cut in the middle by the kill
		}
		acked[id] = true
		if n++; n == after {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || n < after {
		t.Fatalf("the child ended by itself after %d entries: %v", n, err)
	}
}

// gapless checks that all numbers from one on are there and all ids of want among them.
func gapless(t *testing.T, db *store.DB, want map[int64]bool) {
	t.Helper()
	found := read(t, db, func(tx *store.Tx) (map[int64]int64, error) {
		found := map[int64]int64{}
		rows, err := tx.Query(t.Context(), `SELECT id, COALESCE(seq, 0) FROM journal ORDER BY seq`)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		for rows.Next() {
			var id, seq int64
			if err := rows.Scan(&id, &seq); err != nil {
				return nil, err
			}
			found[id] = seq
			if seq != int64(len(found)) {
				return nil, fmt.Errorf("number %d at place %d", seq, len(found))
			}
		}
		return found, rows.Err()
	})
	for id := range want {
		if _, ok := found[id]; !ok {
			t.Errorf("acknowledged entry %d is missing", id)
		}
	}
	if len(found) < len(want) {
		t.Errorf("%d entries, %d were acknowledged", len(found), len(want))
	}
}

// Two processes append and run at once; some units are rolled back.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	url := storetest.PostgreSQLURL(t)
	first, second := storetest.Open(t, url), storetest.Open(t, url)
	a := signing(t, first)
	b, _ := reopen(t, second)
	stopA, stopB := background(t, a), background(t, b)
	refused := errors.New("refused")
	var acked sync.Map
	var count atomic.Int64
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			db, j := first, a
			if w%2 == 1 {
				db, j = second, b
			}
			for i := range 100 {
				var e journal.Entry
				err := db.Write(t.Context(), func(tx *store.Tx) error {
					var err error
					e, err = j.Append(t.Context(), tx, journal.Entry{Actor: "p1", Action: "record.create", Subject: "t/1"})
					if err == nil && i%5 == 0 {
						return refused
					}
					return err
				})
				switch {
				case err == nil:
					acked.Store(e.ID, true)
					count.Add(1)
				case !errors.Is(err, refused):
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	stopB()
	stopA()
	want := map[int64]bool{}
	acked.Range(func(id, _ any) bool { want[id.(int64)] = true; return true })
	gapless(t, first, want)
	if got := count.Load(); got != 640 || len(want) != 640 {
		t.Errorf("%d entries with %d ids, want 640", got, len(want))
	}
	if got := verify(t, a); len(got) != 0 {
		t.Errorf("findings: %+v", got)
	}
	s := read(t, first, func(tx *store.Tx) (journal.Status, error) { return a.Status(t.Context(), tx) })
	if want := (journal.Status{Seq: 640, Size: 640, Signed: 640}); s != want {
		t.Errorf("status %+v, want %+v", s, want)
	}
}

func TestKeyFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys.pem")
	first, err := journal.LoadKeys(file, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	second, err := journal.LoadKeys(file, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a, errA := first.Public("o")
	b, errB := second.Public("o")
	if a != b || errA != nil || errB != nil || strings.Count(a, "\n") != 2 {
		t.Errorf("public keys %q and %q, %v, %v", a, b, errA, errB)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.LoadKeys(file, rand.Reader); err == nil {
		t.Error("a file that others read was taken")
	}
	for _, text := range []string{"", "x", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"} {
		bad := filepath.Join(t.TempDir(), "bad.pem")
		if err := os.WriteFile(bad, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := journal.LoadKeys(bad, rand.Reader); err == nil {
			t.Errorf("%q was taken for keys", text)
		}
	}
}
