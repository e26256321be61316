// Package crash_test runs the whole program as a process of its own, drives it over HTTP from several clients, kills it at
// random moments, starves it of disk, or runs two of it on one database, and then looks into the tables: whatever was
// acknowledged is there exactly once, and records, processes, tasks and journal agree.
//
// CHENGSHU_LONG=1 runs a hundred kills instead of three; CHENGSHU_SEED repeats a run.
package crash_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand"
	"net"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"chengshu/app"
	"chengshu/base/clock"
)

// nodeEnv holds, as JSON, what the process that is to be killed shall run.
const nodeEnv = "CHENGSHU_CRASH_NODE"

// nodeConfig is the program's configuration and its clock, which runs fast, so that timers fire between the kills.
type nodeConfig struct {
	Dir      string
	Database string
	Epoch    int64 // wall clock at which the program's clock stood at the beginning, in nanoseconds
	Speed    int64
}

// TestMain lets the test binary run again as the program.
func TestMain(m *testing.M) {
	text := os.Getenv(nodeEnv)
	if text == "" {
		os.Exit(m.Run())
	}
	var cfg nodeConfig
	err := json.Unmarshal([]byte(text), &cfg)
	if err == nil {
		err = runNode(context.Background(), cfg)
	}
	fmt.Fprintln(os.Stderr, "node:", err)
	os.Exit(1)
}

func beginning() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai) }

// fast is a clock that runs some hundred times faster than the wall's, the same in every process of a test.
type fast struct {
	epoch time.Time
	speed int64
}

// Now gives the present instant.
func (f fast) Now() time.Time { return beginning().Add(time.Since(f.epoch) * time.Duration(f.speed)) }

// runNode serves until it is killed, or until the test that started it is gone.
func runNode(ctx context.Context, cfg nodeConfig) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	go func() { // the other end of standard input is held by the test
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(2)
	}()
	a, err := app.New(ctx, app.Config{
		Dir: cfg.Dir, Database: cfg.Database, Cheap: true, Log: log, Clock: fast{time.Unix(0, cfg.Epoch), cfg.Speed},
	})
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fail := make(chan error, 2)
	go func() { fail <- a.Run(ctx) }()
	srv := &http.Server{Handler: a.Handler(), ReadHeaderTimeout: time.Minute}
	go func() { fail <- srv.Serve(l) }()
	if _, err := fmt.Printf("ready http://%s\n", l.Addr()); err != nil {
		return err
	}
	return <-fail
}

// rounds gives the number of kills.
func rounds() int {
	if os.Getenv("CHENGSHU_LONG") == "1" {
		return 100
	}
	return 3
}

// newRandom gives the source of a test's chances; the seed that repeats it is told when the test fails.
func newRandom(t *testing.T) *rand.Rand {
	t.Helper()
	seed := time.Now().UnixNano()
	if s, err := strconv.ParseInt(os.Getenv("CHENGSHU_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("CHENGSHU_SEED=%d", seed)
		}
	})
	return rand.New(rand.NewSource(seed))
}
