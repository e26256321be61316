// Package store is the transaction: one embedded SQLite file or one PostgreSQL database behind the same few calls.
//
// Write runs a function in one durable transaction, Read in a read-only snapshot. On SQLite all writers of the process
// share one connection and one fsync (group commit); on PostgreSQL each has a transaction of its own, run again when the
// database asks for it. SQL is written once, with ? placeholders; a dialect difference carries a comment that says why.
// It is not an ORM and knows no table but schema_migration.
//
// Portable types: TEXT (byte order on both), BIGINT, BOOLEAN, BLOB, DOUBLE PRECISION. Instants are UTC microseconds in
// BIGINT, days are TEXT yyyy-mm-dd, decimals are scaled BIGINT, documents are JSON in TEXT.
//
// Main types: DB, Tx, Options, Dialect.
package store

import (
	"context"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"chengshu/base/clock"
	"chengshu/base/fault"
)

// Options tune a DB. The zero value is good.
type Options struct {
	Readers      int         // connections for Read; default 4
	Writers      int         // PostgreSQL: connections for Write; default 16. SQLite has one
	Group        int         // SQLite: most writes sharing one commit; default 128
	BusyMillis   int         // SQLite: wait for another process's lock; default 5000
	NoCheckpoint bool        // SQLite: leave checkpoints of the WAL to a replicator (litestream)
	Clock        clock.Clock // time of migrations; default the machine's
}

// Stats counts since Open.
type Stats struct {
	Writes  uint64 // calls of Write that were committed
	Failed  uint64 // calls of Write that were not
	Commits uint64 // database commits; fewer than Writes where writes were grouped
	Retries uint64 // repeated runs after conflicts, deadlocks, lost connections and lost groups
	Reads   uint64 // calls of Read
	Queue   int    // writes waiting now (SQLite)
}

// engine is what differs between the databases.
type engine interface {
	write(ctx context.Context, fn func(*Tx) error) error
	read(ctx context.Context, fn func(*Tx) error) error
	queued() int
	optimize(ctx context.Context) error
	close() error
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	dialect Dialect
	clock   clock.Clock
	engine  engine
	writing goroutines // those inside the function of a Write
	reading goroutines // those inside the function of a Read

	writes, failed, commits, retries, reads atomic.Uint64
}

// Open opens "sqlite:/dir/file.db" (created where absent, mode 0600) or "postgres://…". A wrong url is Invalid "store.url",
// a database that cannot be reached or opened Unavailable.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	if o.Readers <= 0 {
		o.Readers = 4
	}
	if o.Writers <= 0 {
		o.Writers = 16
	}
	if o.Group <= 0 {
		o.Group = 128
	}
	if o.BusyMillis <= 0 {
		o.BusyMillis = 5000
	}
	if o.Clock == nil {
		o.Clock = clock.System()
	}
	db := &DB{clock: o.Clock}
	var err error
	switch {
	case strings.HasPrefix(url, "sqlite:") && len(url) > len("sqlite:"):
		db.dialect = SQLite
		db.engine, err = openSQLite(ctx, db, strings.TrimPrefix(url, "sqlite:"), o)
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		db.dialect = PostgreSQL
		db.engine, err = openPostgres(ctx, db, url, o)
	default:
		return nil, fault.New(fault.Invalid, "store.url")
	}
	if err != nil {
		return nil, fault.Wrap("open "+db.dialect.String(), classify(err))
	}
	return db, nil
}

// Write runs fn in one transaction and returns when that is durable. fn may run more than once, so it must change nothing
// but the database; Tx.OnCommit is for the rest. A statement that fails outside a Savepoint fails the transaction even
// where fn drops the error, on both databases. A context that ends before fn has started stops it (Unavailable
// "store.busy"); once started it finishes. Write inside fn fails with Internal "store.nested". An error of fn comes back as
// it is, or as a fault where it is the database's: Exists "store.exists" (unique), Conflict "store.reference" (foreign key),
// Invalid "store.constraint", Unavailable "store.full", "store.io", "store.lost", and "store.unknown" where PostgreSQL went
// away during the commit.
func (db *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	id := goroutineID()
	if db.writing.has(id) {
		return fault.New(fault.Internal, "store.nested")
	}
	err := db.engine.write(ctx, func(tx *Tx) error {
		db.writing.enter(id)
		defer db.writing.leave(id)
		return fn(tx)
	})
	if err != nil {
		db.failed.Add(1)
		return classify(err)
	}
	db.writes.Add(1)
	return nil
}

// Optimize refreshes what the planner knows of tables that have changed much. It is short, and for a quiet moment now and
// then; PostgreSQL does it by itself.
func (db *DB) Optimize(ctx context.Context) error { return classify(db.engine.optimize(ctx)) }

// Read runs fn in a read-only snapshot. Changing anything fails with Internal "store.readonly". It does not see what a
// surrounding Write has not yet committed. Read inside Read fails with Internal "store.nested", since a pool of such
// readers would wait for itself. fn may run more than once.
func (db *DB) Read(ctx context.Context, fn func(*Tx) error) error {
	id := goroutineID()
	if db.reading.has(id) {
		return fault.New(fault.Internal, "store.nested")
	}
	db.reads.Add(1)
	return classify(db.engine.read(ctx, func(tx *Tx) error {
		db.reading.enter(id)
		defer db.reading.leave(id)
		return fn(tx)
	}))
}

// Serial tells whether writers never overlap, which holds on SQLite.
func (db *DB) Serial() bool { return db.dialect == SQLite }

// Dialect tells which database this is.
func (db *DB) Dialect() Dialect { return db.dialect }

// Stats gives the counters.
func (db *DB) Stats() Stats {
	return Stats{
		Writes: db.writes.Load(), Failed: db.failed.Load(), Commits: db.commits.Load(), Retries: db.retries.Load(),
		Reads: db.reads.Load(), Queue: db.engine.queued(),
	}
}

// Close finishes the writes that wait, refuses new ones (Unavailable "store.closed") and closes the connections. A second
// Close does nothing.
func (db *DB) Close() error { return classify(db.engine.close()) }

// goroutines is a set of goroutine ids.
type goroutines struct{ m sync.Map }

func (g *goroutines) has(id int64) bool { _, ok := g.m.Load(id); return ok }
func (g *goroutines) enter(id int64)    { g.m.Store(id, struct{}{}) }
func (g *goroutines) leave(id int64)    { g.m.Delete(id) }

// goroutineID reads the id from the head of the goroutine's own stack trace, "goroutine 12 [running]:". It serves only to
// turn a nested Write, which would wait for itself for ever, into an error; fn closes over the caller's context, so a mark
// in the context would not be seen.
func goroutineID() int64 {
	var buf [40]byte
	s := strings.TrimPrefix(string(buf[:runtime.Stack(buf[:], false)]), "goroutine ")
	if i := strings.IndexByte(s, ' '); i > 0 {
		s = s[:i]
	}
	id, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return -1
	}
	return id
}
