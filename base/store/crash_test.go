package store_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
)

// TestMain lets the test binary run again as the program that is killed or starved.
func TestMain(m *testing.M) {
	if mode := os.Getenv("CHENGSHU_STORE_CHILD"); mode != "" {
		if err := child(context.Background(), mode, os.Getenv("CHENGSHU_STORE_URL")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// pair writes two rows in one unit, so that half a unit would show.
func pair(ctx context.Context, db *store.DB, id int, fill []byte) error {
	return db.Write(ctx, func(tx *store.Tx) error {
		for _, side := range []string{"l", "r"} {
			if _, err := tx.Exec(ctx, "INSERT INTO pair (id, side, data) VALUES (?, ?, ?)", id, side, fill); err != nil {
				return err
			}
		}
		return nil
	})
}

func createPair(ctx context.Context, db *store.DB) error {
	return db.Write(ctx, func(tx *store.Tx) error {
		return tx.DDL(ctx, "CREATE TABLE IF NOT EXISTS pair (id BIGINT NOT NULL, side TEXT NOT NULL, data BLOB, PRIMARY KEY (id, side))")
	})
}

func child(ctx context.Context, mode, url string) error {
	db, err := store.Open(ctx, url, store.Options{})
	if err != nil {
		return err
	}
	if err := createPair(ctx, db); err != nil {
		return err
	}
	switch mode {
	case "forever":
		return forever(ctx, db)
	case "limit":
		return starve(ctx, db, func() (func() error, error) { return limitFile(strings.TrimPrefix(url, "sqlite:")) })
	case "full":
		return starve(ctx, db, func() (func() error, error) { return fillDisk(filepath.Dir(strings.TrimPrefix(url, "sqlite:"))) })
	}
	return fmt.Errorf("no mode %q", mode)
}

// forever writes from eight goroutines and prints each id once it is acknowledged.
func forever(ctx context.Context, db *store.DB) error {
	fail := make(chan error, 8)
	for w := range 8 {
		go func() {
			for i := w; ; i += 8 {
				if err := pair(ctx, db, i, []byte("x")); err != nil {
					fail <- err
					return
				}
				if _, err := os.Stdout.WriteString(strconv.Itoa(i) + "\n"); err != nil {
					fail <- err
					return
				}
			}
		}()
	}
	return <-fail
}

// starve writes until the disk refuses, checks that every refusal is clean, gives the space back and goes on.
func starve(ctx context.Context, db *store.DB, take func() (giveBack func() error, err error)) error {
	if err := pair(ctx, db, 1_000_000, nil); err != nil {
		return err
	}
	giveBack, err := take()
	if err != nil {
		return err
	}
	var mu sync.Mutex
	acked := map[int]bool{1_000_000: true}
	refused := 0
	var wg sync.WaitGroup
	fill := make([]byte, 20_000)
	for w := range 8 {
		wg.Go(func() {
			for i := range 200 {
				id := w*1000 + i
				e := pair(ctx, db, id, fill)
				mu.Lock()
				switch {
				case e == nil:
					acked[id] = true
				case fault.CodeOf(e) == "store.full" && fault.Is(e, fault.Unavailable):
					refused++
				default:
					err = fmt.Errorf("refused as %w", e)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if err != nil {
		return err
	}
	if refused == 0 || len(acked) < 2 {
		return fmt.Errorf("refused %d, done %d: want some of both", refused, len(acked))
	}
	if err := same(ctx, db, acked, true); err != nil {
		return fmt.Errorf("while full: %w", err)
	}
	if err := giveBack(); err != nil {
		return err
	}
	if err := pair(ctx, db, 2_000_000, fill); err != nil {
		return fmt.Errorf("after space came back: %w", err)
	}
	acked[2_000_000] = true
	if err := same(ctx, db, acked, true); err != nil {
		return err
	}
	_, err = fmt.Printf("refused %d done %d\n", refused, len(acked))
	return err
}

func limitFile(path string) (func() error, error) {
	signal.Ignore(syscall.SIGXFSZ)
	info, err := os.Stat(path + "-wal")
	if err != nil {
		return nil, err
	}
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		return nil, err
	}
	low := syscall.Rlimit{Cur: uint64(info.Size()) + 1_500_000, Max: old.Max}
	return func() error { return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old) }, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &low)
}

// fillDisk leaves about a megabyte free on a small file system.
func fillDisk(dir string) (func() error, error) {
	name := filepath.Join(dir, "ballast")
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	block := make([]byte, 64<<10)
	for {
		var st syscall.Statfs_t
		if err := syscall.Statfs(dir, &st); err != nil {
			return nil, err
		}
		if st.Bavail*uint64(st.Bsize) < 1_000_000 {
			return func() error { return os.Remove(name) }, nil
		}
		if _, err := f.Write(block); err != nil {
			return nil, err
		}
	}
}

// same compares what stands in the table with what was acknowledged. Exactly, or with unacknowledged units beside them,
// which a killed program may have committed without telling; never half a unit.
func same(ctx context.Context, db *store.DB, acked map[int]bool, exactly bool) error {
	return db.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(ctx, "SELECT id, count(*) FROM pair GROUP BY id")
		if err != nil {
			return err
		}
		defer rows.Close()
		have := map[int]bool{}
		for rows.Next() {
			var id, n int
			if err := rows.Scan(&id, &n); err != nil {
				return err
			}
			if n != 2 {
				return fmt.Errorf("unit %d: %d of 2 rows", id, n)
			}
			if exactly && !acked[id] {
				return fmt.Errorf("unit %d was refused and is there", id)
			}
			have[id] = true
		}
		for id := range acked {
			if !have[id] {
				return fmt.Errorf("unit %d was acknowledged and is not there", id)
			}
		}
		return rows.Err()
	})
}

func command(t *testing.T, mode, url string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "CHENGSHU_STORE_CHILD="+mode, "CHENGSHU_STORE_URL="+url)
	cmd.Stderr = os.Stderr
	return cmd
}

func TestKilledProcessLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Helper()
		ctx := t.Context()
		acked := map[int]bool{}
		for round := range 3 {
			cmd := command(t, "forever", url)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			for n := 0; n < 100*(round+1) && lines.Scan(); n++ {
				id, err := strconv.Atoi(lines.Text())
				if err != nil {
					t.Fatal(err)
				}
				acked[id] = true
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			rest, _ := io.ReadAll(out) // acknowledged before the kill, read after it
			for line := range strings.Lines(string(rest)) {
				if id, err := strconv.Atoi(strings.TrimSuffix(line, "\n")); err == nil && strings.HasSuffix(line, "\n") {
					acked[id] = true
				}
			}
			_ = cmd.Wait()
			db, err := store.Open(ctx, url, store.Options{})
			if err != nil {
				t.Fatalf("open after kill: %v", err)
			}
			if len(acked) < 100 {
				t.Fatalf("only %d acknowledged", len(acked))
			}
			if err := same(ctx, db, acked, false); err != nil {
				t.Errorf("round %d: %v", round, err)
			}
			if err := db.Write(ctx, func(tx *store.Tx) error { _, err := tx.Exec(ctx, "DELETE FROM pair"); return err }); err != nil {
				t.Errorf("write after kill: %v", err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			clear(acked)
		}
	})
}

func TestDiskFull(t *testing.T) {
	t.Parallel()
	t.Run("limit of file size", func(t *testing.T) {
		t.Parallel()
		if out, err := command(t, "limit", storetest.SQLiteURL(t)).Output(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	t.Run("file system", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
			if os.Getenv("CHENGSHU_CI") == "1" {
				t.Fatalf("the right to mount is required in CI: %v", err)
			}
			t.Skipf("SKIPPED WITHOUT THE RIGHT TO MOUNT: %v", err)
		}
		defer func() {
			if err := syscall.Unmount(dir, 0); err != nil {
				t.Error(err)
			}
		}()
		if out, err := command(t, "full", "sqlite:"+filepath.Join(dir, "test.db")).Output(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
}
