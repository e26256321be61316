package demo

import (
	"context"
	"embed"
	"time"

	"chengshu/app"
	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// version is that of the generator: a county of another version is served as it is.
const version = 1

// Config says what to seed.
type Config struct {
	Seed     int64
	County   string                             // six-digit code, default 990100
	Until    time.Time                          // when the history ends; the clock stands there afterwards
	Clock    *clock.Fake                        // the clock the app was made with
	Size     float64                            // 1 is the whole county, less a smaller one; 0 is 1
	Progress func(step string, done, total int) // nil: nobody looks
}

func (c *Config) size() float64 {
	if c.Size <= 0 || c.Size > 1 {
		return 1
	}
	return c.Size
}

func (c *Config) county() string {
	if c.County == "" {
		return "990100"
	}
	return c.County
}

// Report tells what was made.
type Report struct {
	Orgs, People, Records int
	Matters, Acts, Timers int // records with a process; what people and clocks did to them
	Skipped               int // acts that did not go, as when somebody else was faster
	First                 error
}

// seeder carries a county through the stages of its seeding.
type seeder struct {
	app   *app.App
	cfg   Config
	clock *clock.Fake
	plan  *plan
	words *lexicon
	files map[string]*demoFile
	names []string
	cast  *cast
	out   Report
}

func (s *seeder) progress(step string, done, total int) {
	if s.cfg.Progress != nil {
		s.cfg.Progress(step, done, total)
	}
}

// Seed fills an app, whose work does not run, with a county, its people, its registers and the history of its cases up to
// Until. A database that holds the whole county of this seed already is left as it is. Faults: Conflict "demo.seed" where
// another county lies in it, "demo.foreign" where something else does, "demo.unfinished" where an earlier seeding broke off;
// Invalid "pack.invalid" where a demo/generate.yaml is wrong, with file and line.
func Seed(ctx context.Context, a *app.App, cfg Config) (*Report, error) {
	m, err := readMark(ctx, a.DB)
	if err != nil {
		return nil, err
	}
	switch {
	case m.whole(cfg.Seed):
		return &Report{}, nil
	case m.is && m.seed != cfg.Seed && m.done != 0:
		return nil, fault.New(fault.Conflict, "demo.seed", "have", m.seed, "want", cfg.Seed)
	case m.is:
		return nil, fault.New(fault.Conflict, "demo.unfinished")
	case m.foreign:
		return nil, fault.New(fault.Conflict, "demo.foreign")
	}
	s := &seeder{app: a, cfg: cfg, clock: cfg.Clock}
	bundle := a.Bundle.Load()
	s.words = newLexicon(bundle.Set, cfg.Seed, functions(a))
	if s.plan, err = readPlan(bundle, s.words); err != nil {
		return nil, err
	}
	if s.files, s.names, err = readFiles(bundle); err != nil {
		return nil, err
	}
	s.clock.Set(s.beginning())
	if err := setMark(ctx, a.DB, cfg.Seed, s.clock.Now()); err != nil {
		return nil, err
	}
	for _, stage := range []func(context.Context) error{s.groundwork, s.peopling, s.fileRecords, s.registers, s.histories} {
		if err := stage(ctx); err != nil {
			return nil, err
		}
	}
	s.clock.Set(cfg.Until)
	return &s.out, finishMark(ctx, a.DB, cfg.Until)
}

// beginning is the first morning of the county: a month before the first case.
func (s *seeder) beginning() time.Time {
	days := 30
	for _, h := range s.plan.histories {
		days = max(days, h.Days+30)
	}
	day := clock.DateOf(s.cfg.Until) - clock.Date(days)
	return day.Start().Add(9 * time.Hour)
}

func (s *seeder) groundwork(ctx context.Context) error {
	s.progress("ground", 0, 1)
	county, err := makeGround(s.plan, s.words, s.cfg.county(), s.cfg.Seed, s.cfg.size())
	if err != nil {
		return err
	}
	s.words.learn(county)
	return saveGround(ctx, s.app, county)
}

func (s *seeder) peopling(ctx context.Context) error {
	var err error
	if s.cast, err = casting(s.plan, s.words, s.files, s.names); err != nil {
		return err
	}
	s.out.Orgs, s.out.People = len(s.cast.orgs), len(s.cast.people)
	return s.cast.settle(ctx, s.app, s.cfg.Seed, func(done, total int) { s.progress("people", done, total) })
}

// mark says what lies in a database.
type mark struct {
	is         bool
	foreign    bool // no mark, but entries
	seed, done int64
}

func (m mark) whole(seed int64) bool { return m.is && m.done != 0 && m.seed == seed }

// readMark reads the mark, after making its table.
func readMark(ctx context.Context, db *store.DB) (mark, error) {
	if err := store.Migrate(ctx, db, store.Files(migrations), "demo"); err != nil {
		return mark{}, err
	}
	var m mark
	err := db.Read(ctx, func(tx *store.Tx) error {
		m = mark{}
		err := tx.QueryRow(ctx, `SELECT seed, done FROM demo_mark WHERE id = 1`).Scan(&m.seed, &m.done)
		if err == nil {
			m.is = true
			return nil
		}
		if !store.None(err) {
			return err
		}
		var n int
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM schema_migration WHERE scope = 'record'`).Scan(&n); err != nil || n == 0 {
			return err
		}
		return tx.QueryRow(ctx, `SELECT COUNT(*) > 0 FROM identity_person`).Scan(&m.foreign)
	})
	return m, fault.Wrap("read what lies in the database", err)
}

func setMark(ctx context.Context, db *store.DB, seed int64, at time.Time) error {
	return db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO demo_mark (id, seed, version, started, done) VALUES (1, ?, ?, ?, 0)`, seed, version, at.UnixMicro())
		return fault.Wrap("mark the database", err)
	})
}

func finishMark(ctx context.Context, db *store.DB, at time.Time) error {
	return db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE demo_mark SET done = ? WHERE id = 1`, at.UnixMicro())
		return fault.Wrap("mark the database", err)
	})
}
