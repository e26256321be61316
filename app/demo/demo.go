// Package demo makes a synthetic county and lets it live: ground, people, registers and a year of cases from a seed, ready
// accounts, and simulated people who act through the public HTTP surface.
//
// What is made stands in the packs (demo/generate.yaml, demo/*.yaml); this package names none of them. The history is not
// painted: records are created and tasks are done by the kernel itself, under a clock that runs through the year. Nothing
// of it is real, and nothing of it belongs into production.
//
// Main types: Options, Config, Account, Simulator.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"chengshu/app"
	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
)

// Options of Run. Zero values have defaults.
type Options struct {
	Listen     string   // default 127.0.0.1:8080
	Metrics    string   // address of /metrics; empty for none
	Dir        string   // default var/demo
	Database   string   // default SQLite in Dir
	Seed       int64    // the same seed gives the same county
	Size       float64  // see Config
	Quiet      bool     // no progress
	NoSimulate bool     // nobody acts but visitors
	Rate       float64  // simulated acts a minute, default 4
	Only       []string // names of the product's packs; nil loads all
	Packs      []fs.FS  // further packs
	Clock      clock.Clock
	Log        *slog.Logger
}

func (o Options) app(c clock.Clock, log *slog.Logger) app.Config {
	return app.Config{Dir: o.Dir, Database: o.Database, Only: o.Only, Packs: o.Packs, Clock: c, Log: log, Demo: true, Cheap: true}
}

func (o Options) withDefaults() Options {
	text := func(v *string, usual string) {
		if *v == "" {
			*v = usual
		}
	}
	text(&o.Listen, "127.0.0.1:8080")
	text(&o.Dir, filepath.Join("var", "demo"))
	text(&o.Database, "sqlite:"+filepath.Join(o.Dir, databaseFile))
	if o.Rate <= 0 {
		o.Rate = 4
	}
	if o.Clock == nil {
		o.Clock = clock.System()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// seedingGC is the heap growth, in percent, between collections while a county is made.
const seedingGC = 400

const databaseFile = "chengshu.db"

// Run makes the county where it is not there yet, and serves it until ctx ends. Progress goes to errOut; "ready http://…"
// to out when it serves. Faults: Unavailable "app.listen", and those of Seed.
func Run(ctx context.Context, opt Options, out, errOut io.Writer) error {
	opt = opt.withDefaults()
	l, err := app.Listen(ctx, opt.Listen)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }() // where it does not come to serving
	m, err := app.Listen(ctx, opt.Metrics)
	if err != nil {
		return err
	}
	if m != nil {
		defer func() { _ = m.Close() }()
		_, _ = fmt.Fprintf(errOut, "metrics http://%s/metrics\n", m.Addr())
	}
	if opt.Quiet {
		errOut = io.Discard
	}
	if err := prepare(ctx, opt, &meter{to: errOut, clock: opt.Clock}); err != nil {
		return err
	}
	a, err := app.New(ctx, opt.app(opt.Clock, opt.Log))
	if err != nil {
		return err
	}
	defer a.Close()
	accounts, err := Accounts(ctx, a, opt.Dir, opt.Seed)
	if err != nil {
		return err
	}
	return serve(ctx, a, opt, l, m, accounts, out)
}

// prepare seeds the database unless the whole county lies in it. What an interrupted seeding left in SQLite files, which
// it has marked as its own, is thrown away.
func prepare(ctx context.Context, opt Options, m *meter) error {
	state, err := peek(ctx, opt)
	if err != nil || state.whole(opt.Seed) {
		return err
	}
	if state.is && state.done == 0 {
		if err := discard(opt); err != nil {
			return err
		}
	}
	fake := clock.NewFake(opt.Clock.Now().AddDate(-2, 0, 0))
	quiet := slog.New(errorsOnly{opt.Log.Handler()})
	a, err := app.New(ctx, opt.app(fake, quiet))
	if err != nil {
		return err
	}
	defer a.Close()
	percent := debug.SetGCPercent(seedingGC) // memory for time, while nobody is served
	defer func() {
		debug.SetGCPercent(percent)
		debug.FreeOSMemory()
	}()
	begun := opt.Clock.Now()
	r, err := Seed(ctx, a, Config{Seed: opt.Seed, Size: opt.Size, Until: begun, Clock: fake, Progress: m.show})
	if err != nil {
		return err
	}
	if r.Skipped > 0 {
		opt.Log.InfoContext(ctx, "acts of the history that were refused", "count", r.Skipped, "first", r.First)
	}
	m.end(r)
	return nil
}

// peek reads the mark before anything else opens the database.
func peek(ctx context.Context, opt Options) (mark, error) {
	if err := os.MkdirAll(opt.Dir, 0o750); err != nil {
		return mark{}, fault.New(fault.Unavailable, "app.dir", "dir", opt.Dir).With(err)
	}
	db, err := store.Open(ctx, opt.Database, store.Options{})
	if err != nil {
		return mark{}, err
	}
	m, err := readMark(ctx, db)
	return m, errors.Join(err, db.Close())
}

// discard removes the SQLite files of an unfinished county.
func discard(opt Options) error {
	file, ok := strings.CutPrefix(opt.Database, "sqlite:")
	if !ok {
		return fault.New(fault.Conflict, "demo.unfinished")
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(file + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fault.New(fault.Unavailable, "app.dir", "dir", opt.Dir).With(err)
		}
	}
	return nil
}

// serve answers until ctx ends, with people who act beside those who look.
func serve(ctx context.Context, a *app.App, opt Options, l, m net.Listener, accounts []Account, out io.Writer) error {
	base := "http://" + l.Addr().String()
	s := app.Service{Listener: l, Metrics: m, Ready: func() error {
		_, err := fmt.Fprintf(out, "ready %s\n", base)
		return fault.Wrap("print", err)
	}}
	if !opt.NoSimulate {
		sim := NewSimulator(a.Bundle.Load(), base, accounts, opt.Seed, functions(a))
		sim.Rate, sim.Log, sim.Clock = opt.Rate, opt.Log, opt.Clock
		s.Beside = sim.Run
	}
	return a.Serve(ctx, s)
}

// errorsOnly keeps the warnings out that a year in seconds must give, such as notices that nobody reads.
type errorsOnly struct{ slog.Handler }

// Enabled tells whether a record is worth keeping.
func (h errorsOnly) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelError && h.Handler.Enabled(ctx, l)
}

// meter shows progress: one line a step, and every few seconds how far a long one has come.
type meter struct {
	to    io.Writer
	clock clock.Clock
	step  string
	last  time.Time
}

func (m *meter) show(step string, done, total int) {
	now := m.clock.Now()
	if step == m.step && now.Sub(m.last) < 2*time.Second {
		return
	}
	m.step, m.last = step, now
	_, _ = fmt.Fprintf(m.to, "demo: %s %d%%\n", step, 100*done/max(1, total))
}

func (m *meter) end(r *Report) {
	_, _ = fmt.Fprintf(m.to, "demo: %d organisations, %d people, %d records, %d cases, %d acts, %d timers\n",
		r.Orgs, r.People, r.Records, r.Matters, r.Acts, r.Timers)
}
