// Package app wires the whole program by hand: New builds it from a configuration, Run works until its context ends,
// Close lets go of everything. The same app runs in production, in the demo and in every end-to-end test.
//
// Main types: App, Config.
package app

import (
	"context"
	"crypto/rand"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"chengshu/base/blob"
	"chengshu/base/bus"
	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/decision"
	"chengshu/kernel/flow"
	"chengshu/kernel/geo"
	"chengshu/kernel/identity"
	"chengshu/kernel/journal"
	"chengshu/kernel/notify"
	"chengshu/kernel/pack"
	"chengshu/kernel/policy"
	"chengshu/kernel/record"
	"chengshu/kernel/search"
	"chengshu/packs"
	"chengshu/server"
	"chengshu/web"
)

// Config says what to build. Dir must be there; everything else has a default.
type Config struct {
	Dir      string      // data: database, blobs, keys
	Database string      // default "sqlite:<Dir>/chengshu.db"; "postgres://…" when grown
	County   string      // six-digit code, for business numbers
	Packs    []fs.FS     // further packs and overlays of the county; the site's lie in Dir/site
	Only     []string    // names of the product's packs to load; nil loads all
	Clock    clock.Clock // default the system's
	Log      *slog.Logger
	Demo     bool // accounts for one-click sign-in; never in production
	Secure   bool // cookies over TLS only

	Bus string // where the journal is handed on: EmbeddedBus or "nats://host:4222"; empty is nowhere

	Calls Calls // calls of processes to other systems

	Passwords identity.Rules // default identity.RulesASVS
	Cheap     bool           // cheap password hashes, for demos and tests
}

// App is the wired program.
type App struct {
	cfg Config

	DB       *store.DB
	Clock    clock.Clock
	Bundle   atomic.Pointer[pack.Bundle]
	Policy   *policy.Policy
	Journal  *journal.Journal
	Keys     *journal.Keys
	Records  *record.Store
	Flow     *flow.Engine
	Decision *decision.Store
	Identity *identity.Store
	Atlas    *geo.Atlas
	Inbox    *notify.Inbox
	Blobs    *blob.Store
	Server   *server.Server
	Bus      *bus.Bus // nil where Config.Bus is empty
	Metrics  *prometheus.Registry
	Demo     *server.Demo

	notices   *noticeQueue
	calendars atomic.Pointer[calendars]
	log       *slog.Logger
}

// New builds the app: opens the store, brings tables up to date, loads packs and puts them in force.
func New(ctx context.Context, cfg Config) (*App, error) {
	if cfg.Clock == nil {
		cfg.Clock = clock.System()
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Database == "" {
		cfg.Database = "sqlite:" + filepath.Join(cfg.Dir, "chengshu.db")
	}
	if cfg.County == "" {
		cfg.County = "990100"
	}
	a := &App{cfg: cfg, Clock: cfg.Clock, log: cfg.Log, Metrics: prometheus.NewRegistry()}
	if err := a.open(ctx); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

func (a *App) open(ctx context.Context) error {
	if err := os.MkdirAll(a.cfg.Dir, 0o750); err != nil {
		return fault.New(fault.Unavailable, "app.dir", "dir", a.cfg.Dir).With(err)
	}
	var err error
	if a.DB, err = store.Open(ctx, a.cfg.Database, store.Options{}); err != nil {
		return err
	}
	if err = a.migrate(ctx); err != nil {
		return err
	}
	secret, err := a.secret()
	if err != nil {
		return err
	}
	if a.Blobs, err = blob.Open(filepath.Join(a.cfg.Dir, "blobs"), a.Clock); err != nil {
		return err
	}
	if a.Keys, err = journal.LoadKeys(filepath.Join(a.cfg.Dir, "keys", "journal.pem"), rand.Reader); err != nil {
		return err
	}
	if a.Journal, err = journal.New(ctx, journal.Options{DB: a.DB, Clock: a.Clock, Keys: a.Keys, Log: a.log}); err != nil {
		return err
	}
	// The public keys stand beside the private ones, to be given to whoever verifies.
	if err = os.WriteFile(filepath.Join(a.cfg.Dir, "keys", "journal.pub"), []byte(a.Journal.PublicKeys()), 0o600); err != nil {
		return fault.Wrap("write public keys", err)
	}
	if err = a.openBus(ctx); err != nil {
		return err
	}
	if err = a.kernel(ctx, secret); err != nil {
		return err
	}
	if err = a.Reload(ctx); err != nil {
		return err
	}
	a.serve()
	return nil
}

// migrate brings the fixed tables up to date, each package its own.
func (a *App) migrate(ctx context.Context) error {
	for scope, fsys := range map[string]fs.FS{
		"journal": journal.Migrations(), "record": record.Migrations(), "flow": flow.Migrations(),
		"identity": identity.Migrations(), "decision": decision.Migrations(), "notify": notify.Migrations(), "server": server.Migrations(),
	} {
		if err := store.Migrate(ctx, a.DB, fsys, scope); err != nil {
			return err
		}
	}
	if err := geo.Migrate(ctx, a.DB); err != nil {
		return err
	}
	return search.Migrate(ctx, a.DB)
}

// kernel makes the capabilities and hands each what it needs of the others.
func (a *App) kernel(ctx context.Context, secret []byte) error {
	var err error
	a.Policy = policy.New(a.Clock)
	a.Decision = decision.New(decision.Options{Clock: a.Clock})
	a.Inbox = notify.New(a.DB, a.Clock)
	a.notices = newNoticeQueue(a)
	if a.Atlas, err = geo.NewAtlas(a.DB, a.Clock); err != nil {
		return err
	}
	if a.Identity, err = identity.New(identity.Options{
		DB: a.DB, Clock: a.Clock, Journal: a.Journal, Roles: a.Policy, Power: a.power, Secret: secret, Cost: a.cost(),
		Rules: a.cfg.Passwords,
	}); err != nil {
		return err
	}
	sealing, err := record.LoadKeys(filepath.Join(a.cfg.Dir, "keys", "secrets.json"), rand.Reader)
	if err != nil {
		return err
	}
	a.Records = record.New(record.Options{
		Clock: a.Clock, Policy: a.Policy, Journal: a.Journal, Places: &places{a.Atlas}, Names: &names{a},
		Index: search.New(a.DB.Dialect()), Notify: &teller{a}, County: a.cfg.County, Secret: secret, Keys: sealing,
	})
	bridge := &processes{app: a}
	if a.Flow, err = flow.New(flow.Options{
		DB: a.DB, Clock: a.Clock, Calendar: a.CalendarOf, Journal: a.Journal,
		Records: bridge, Policy: bridge, People: a.Identity, Services: bridge, Notify: a.notices.put, Data: reach,
		Pauses: a.pauseRule, Cards: a.drawCard,
	}); err != nil {
		return err
	}
	a.Records.SetProcess(&starter{a.Flow})
	if err := a.Atlas.Reload(ctx); err != nil {
		return err
	}
	return a.Identity.Refresh(ctx)
}

func (a *App) cost() identity.Cost {
	if a.cfg.Cheap {
		return identity.DemoCost()
	}
	return identity.DefaultCost()
}

func (a *App) power(role string) (identity.Power, bool) {
	r := a.Policy.Role(role)
	if r == nil {
		return "", false
	}
	return identity.Power(r.Power), true
}

// Reload loads the packs, brings the record tables up to date, deploys the processes and swaps everything at once. A
// problem leaves what is in force.
func (a *App) Reload(ctx context.Context) error {
	bundle, err := a.LoadPacks()
	if err != nil {
		return err
	}
	if _, _, err := bundle.CalendarConfig(); err != nil {
		return err
	}
	if err := a.DB.Write(ctx, func(tx *store.Tx) error {
		steps, err := record.Plan(ctx, tx, bundle.Set)
		if err != nil {
			return err
		}
		return record.Apply(ctx, tx, steps)
	}); err != nil {
		return err
	}
	if err := a.Policy.Load(bundle.Set, bundle.Roles, bundle.Grants); err != nil {
		return err
	}
	a.Records.Use(bundle.Set)
	if err := a.Decision.Use(bundle.Decisions); err != nil {
		return err
	}
	a.Bundle.Store(bundle)
	if err := a.loadCalendars(ctx); err != nil {
		return err
	}
	return a.deploy(ctx, bundle)
}

// LoadPacks reads and checks the packs without putting them in force: the product's, the county's, the site's.
func (a *App) LoadPacks() (*pack.Bundle, error) {
	words, err := server.Words()
	if err != nil {
		return nil, err
	}
	sources := append([]fs.FS{packs.Only(a.cfg.Only)}, a.cfg.Packs...)
	sources = append(sources, os.DirFS(a.siteDir()))
	return pack.Load(words, a.functions(), sources...)
}

func (a *App) deploy(ctx context.Context, bundle *pack.Bundle) error {
	return a.DB.Write(ctx, func(tx *store.Tx) error {
		if err := a.Decision.Deploy(ctx, tx, bundle.Decisions); err != nil {
			return err
		}
		for _, p := range bundle.Packs {
			for _, f := range p.Flows {
				if _, err := a.Flow.Deploy(ctx, tx, flow.Source{Key: f.Key, Type: f.Type, Pack: p.Name, XML: f.XML}); err != nil {
					return fault.Wrap("deploy "+f.File, err)
				}
			}
		}
		return nil
	})
}

// serve makes the HTTP surface.
func (a *App) serve() {
	note := ""
	if a.cfg.Demo {
		a.Demo = &server.Demo{}
		note = "demo.map"
	}
	a.Server = server.New(server.Options{
		DB: a.DB, Clock: a.Clock, Bundle: &a.Bundle, Records: a.Records, Flow: a.Flow, Decision: a.Decision, Policy: a.Policy, Journal: a.Journal,
		Identity: a.Identity, Atlas: a.Atlas, Inbox: a.Inbox, Blobs: a.Blobs, Log: a.log, Metrics: a.Metrics,
		Desk: web.New(), Note: note, Demo: a.Demo, Ready: a.Ready, Secure: a.cfg.Secure,
	})
}

// Handler gives the HTTP surface.
func (a *App) Handler() http.Handler { return a.Server }

// Ready tells whether the app can serve: the database answers.
func (a *App) Ready(ctx context.Context) error {
	return a.DB.Read(ctx, func(tx *store.Tx) error {
		var one int
		return fault.Wrap("database", tx.QueryRow(ctx, "SELECT 1").Scan(&one))
	})
}

// Run does the work that nobody asks for over HTTP until ctx ends: timers, journal, notices, forgetting. It waits for all
// of it before it returns.
func (a *App) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() {
		a.Flow.Run(ctx, time.Second, func(err error) { a.log.ErrorContext(ctx, "timer", "error", err) })
	})
	wg.Go(func() {
		a.Flow.RunJobs(ctx, time.Second, newCaller(a.cfg.Calls, a.Clock).call, func(err error) { a.log.ErrorContext(ctx, "job", "error", err) })
	})
	wg.Go(func() {
		if err := a.Journal.Run(ctx); err != nil && ctx.Err() == nil {
			a.log.ErrorContext(ctx, "journal", "error", err)
		}
	})
	if a.Bus != nil {
		wg.Go(func() {
			if err := a.publish(ctx); err != nil && ctx.Err() == nil {
				a.log.ErrorContext(ctx, "bus", "error", err)
			}
		})
	}
	wg.Go(func() { a.notices.run(ctx) })
	wg.Go(func() { a.housekeep(ctx) })
	wg.Go(func() { a.watchCalendar(ctx) })
	if !a.DB.Serial() { // other nodes write notices too
		wg.Go(func() { a.syncInbox(ctx) })
	}
	wg.Wait()
	return nil
}

// syncInbox wakes the pages open here for notices that other nodes wrote.
func (a *App) syncInbox(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := a.Inbox.Sync(ctx); err != nil && ctx.Err() == nil {
				a.log.ErrorContext(ctx, "inbox", "error", err)
			}
		}
	}
}

// housekeep forgets what has had its time, once an hour, and reloads the atlas when a day begins.
func (a *App) housekeep(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	if err := a.DB.Optimize(ctx); err != nil && ctx.Err() == nil {
		a.log.ErrorContext(ctx, "housekeeping", "what", "statistics", "error", err)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for what, fn := range map[string]func(context.Context) error{
			"statistics": a.DB.Optimize, "requests": a.Server.Forget, "attempts": a.Identity.Prune, "files": a.forgetFiles, "atlas": a.Atlas.Reload,
		} {
			if err := fn(ctx); err != nil && ctx.Err() == nil {
				a.log.ErrorContext(ctx, "housekeeping", "what", what, "error", err)
			}
		}
	}
}

// Close lets go of the store. Run must have returned.
func (a *App) Close() {
	a.closeBus()
	if a.DB != nil {
		if err := a.DB.Close(); err != nil {
			a.log.Error("close store", "error", err)
		}
	}
}
