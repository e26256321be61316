// Command bench measures the product in one run against what bounds it: the raw database, the best plan of a peer, a
// budget of time or memory. Every figure is a ratio or stands beside its limit, because absolute numbers are true of one
// machine only. It is a module of its own, so that no peer enters the product's go.mod.
//
// Main types: bench, report.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"

	"chengshu/base/clock"
	"chengshu/base/store/storetest"
)

// bench is one run of the program.
type bench struct {
	quick bool
	root  string // of the product's repository
	dir   string // for databases; removed at the end
	out   io.Writer
	clock clock.Clock
	pg    *storetest.Cluster // started by the first bench that wants it
	rep   report
}

// part is one of the measurements.
type part struct {
	name string
	run  func(*bench, context.Context) error
}

func parts() []part {
	return []part{
		{"feel", (*bench).feel},
		{"decide", (*bench).decide},
		{"grid", (*bench).grid},
		{"step", (*bench).step},
		{"peer", (*bench).peer},
		{"start", (*bench).start},
		{"list", (*bench).list},
		{"clock", (*bench).clockPart},
		{"timers", (*bench).timers},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run measures what the arguments ask for and prints the table. A missed goal is no error: the table says so.
func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	names := make([]string, 0, 8)
	for _, p := range parts() {
		names = append(names, p.name)
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(errOut)
	b := &bench{out: out, clock: clock.System()}
	flags.BoolVar(&b.quick, "quick", false, "small sizes, below a minute: whether it runs, not how fast")
	only := flags.String("only", "", "one of "+strings.Join(names, ", "))
	profile := flags.String("profile", "", "write a CPU profile to this file")
	root := flags.String("root", "..", "the product's repository")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *only != "" && !slices.Contains(names, *only) {
		return fmt.Errorf("no bench %q, there are %s", *only, strings.Join(names, ", "))
	}
	var err error
	if b.root, err = filepath.Abs(*root); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "chengshu-bench-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.dir) }()
	defer func() { b.pg.Stop() }()
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer func() { pprof.StopCPUProfile(); _ = f.Close() }()
	}
	fmt.Fprintf(out, "%s %s/%s, %d processors; w/p: product over peer\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	begun := b.clock.Now()
	var failed error
	for _, p := range parts() {
		if *only != "" && p.name != *only {
			continue
		}
		if err := p.run(b, ctx); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", p.name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	b.rep.write(out)
	fmt.Fprintf(out, "\n%s in all\n", b.clock.Now().Sub(begun).Round(time.Second))
	return failed
}

// since gives the time passed.
func (b *bench) since(t time.Time) time.Duration { return b.clock.Now().Sub(t) }

// pick gives one of two sizes.
func (b *bench) pick(full, quick int) int {
	if b.quick {
		return quick
	}
	return full
}

// cpu gives the processor time this process has used.
func cpu() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
