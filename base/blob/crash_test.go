package blob_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"chengshu/base/blob"
	"chengshu/base/clock"
	"chengshu/base/fault"
)

// TestMain lets the test binary run again as the program that is killed or starved.
func TestMain(m *testing.M) {
	dir := os.Getenv("CHENGSHU_BLOB_DIR")
	if dir == "" {
		os.Exit(m.Run())
	}
	run := forever
	if os.Getenv("CHENGSHU_BLOB_MODE") == "full" {
		run = full
	}
	if err := run(context.Background(), dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// forever puts files from four goroutines and prints each sum once it is acknowledged.
func forever(ctx context.Context, dir string) error {
	s, err := blob.Open(dir, clock.System())
	if err != nil {
		return err
	}
	fail := make(chan error, 4)
	for w := range 4 {
		go func() {
			for i := uint64(0); ; i++ {
				content := bytes.Repeat(binary.BigEndian.AppendUint64(nil, i*4+uint64(w)), 1000)
				ref, err := s.Put(ctx, bytes.NewReader(content), 1<<20)
				if err == nil {
					_, err = os.Stdout.WriteString(ref.Sum + "\n")
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

// full puts a file larger than the system lets it write, then one that fits.
func full(ctx context.Context, dir string) error {
	s, err := blob.Open(dir, clock.System())
	if err != nil {
		return err
	}
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 100_000, Max: 100_000}); err != nil {
		return err
	}
	if _, err := s.Put(ctx, bytes.NewReader(make([]byte, 200_000)), 1<<20); fault.CodeOf(err) != "blob.full" {
		return fmt.Errorf("got %w, want blob.full", err)
	}
	_, err = s.Put(ctx, strings.NewReader("fits"), 1<<20)
	return err
}

func command(t *testing.T, mode, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "CHENGSHU_BLOB_DIR="+dir, "CHENGSHU_BLOB_MODE="+mode)
	cmd.Stderr = os.Stderr
	return cmd
}

func TestKilledProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var acked []string
	for range 5 {
		cmd := command(t, "forever", dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 5 + rand.IntN(40); n > 0 && lines.Scan(); n-- {
			acked = append(acked, lines.Text())
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
	}
	s := open(t, dir)
	if len(acked) < 25 {
		t.Fatalf("only %d acknowledged", len(acked))
	}
	for _, sum := range acked {
		if err := s.Verify(t.Context(), sum); err != nil {
			t.Errorf("acknowledged %s: %v", sum, err)
		}
	}
	if err := s.Walk(t.Context(), func(ref blob.Ref) error { return s.Verify(t.Context(), ref.Sum) }); err != nil {
		t.Errorf("a file that is not whole: %v", err)
	}
}

func TestDiskFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, err := command(t, "full", dir).Output(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if n := files(t, dir); n != 1 {
		t.Errorf("files: got %d, want the one that fits", n)
	}
}
