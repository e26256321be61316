// Package store is the relational database of Chengshu: SQLite inside the process by default, PostgreSQL when it grows.
//
// One SQL text serves both; a dialect difference carries a comment that says why. Writes are durable when Write returns.
// On SQLite one goroutine owns the write connection and commits what is waiting together (group commit); on PostgreSQL
// each Write is a transaction of its own, retried when the database asks for it. It is not an ORM and knows no tables.
//
// Portable types: TEXT (byte order on both), BIGINT, BOOLEAN, BLOB, DOUBLE PRECISION. Instants are UTC microseconds in
// BIGINT, days are TEXT yyyy-mm-dd, decimals are scaled BIGINT, documents are JSON in TEXT.
//
// Main types: DB, Tx, Dialect.
package store

import (
	"context"
	"database/sql"
	"log/slog"
	"strings"
	"sync"

	"chengshu/base/fault"
)

// Dialect names the database behind a DB.
type Dialect uint8

// The dialects.
const (
	SQLite Dialect = iota
	PostgreSQL
)

// String gives the dialect's lower-case name.
func (d Dialect) String() string {
	if d == PostgreSQL {
		return "postgres"
	}
	return "sqlite"
}

// Options of Open.
type Options struct {
	Log     *slog.Logger // default: discard
	Readers int          // connections for reading, default 4 on SQLite; total connections, default 16, on PostgreSQL
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	dialect Dialect
	log     *slog.Logger
	write   *sql.DB
	read    *sql.DB
	writer  *writer // SQLite only
	rebound sync.Map
}

// Open opens "sqlite:<file>" or "postgres://…", creating the SQLite file where there is none.
func Open(ctx context.Context, url string, opt Options) (*DB, error) {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return openSQLite(ctx, path, opt)
	}
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		return openPostgres(ctx, url, opt)
	}
	scheme, _, _ := strings.Cut(url, ":")
	return nil, fault.New(fault.Invalid, "store.url", "scheme", scheme)
}

// Dialect tells which database this is.
func (db *DB) Dialect() Dialect { return db.dialect }

// Serial tells whether writes never overlap, as on SQLite.
func (db *DB) Serial() bool { return db.dialect == SQLite }

// Close finishes the writes that wait and closes the database.
func (db *DB) Close() error {
	if db.writer != nil {
		db.writer.close()
	}
	err := db.write.Close()
	if db.read != db.write {
		if e := db.read.Close(); err == nil {
			err = e
		}
	}
	return fault.Wrap("close store", err)
}

// Write runs fn in a transaction and returns when it is durable. When fn fails, nothing of it stays. fn may run more
// than once, so it must do nothing but use the Tx; what must happen once goes to Tx.OnCommit. Write inside fn is a
// defect and fails at once.
func (db *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return fault.New(fault.Unavailable, "store.busy").With(err)
	}
	if db.writer != nil {
		return db.writer.do(ctx, fn)
	}
	return db.writePostgres(ctx, fn)
}

// Read runs fn on one snapshot of the database; writing in it fails.
func (db *DB) Read(ctx context.Context, fn func(*Tx) error) error {
	opt := &sql.TxOptions{ReadOnly: true}
	if db.dialect == PostgreSQL {
		opt.Isolation = sql.LevelRepeatableRead // PostgreSQL takes a snapshot per statement otherwise; SQLite's is per transaction
	}
	t, err := db.read.BeginTx(ctx, opt)
	if err != nil {
		return db.fault("begin read", err)
	}
	defer func() { _ = t.Rollback() }() // nothing to keep: also when fn panics
	return fn(&Tx{db: db, q: t, readonly: true})
}

// Stats says how much the store is used.
type Stats struct {
	Dialect string
	Writes  int64 // units committed
	Commits int64 // database commits; fewer than Writes when units were grouped
	Queued  int   // units waiting now
	Open    int   // open connections
}

// Stats gives the numbers since Open.
func (db *DB) Stats() Stats {
	s := Stats{Dialect: db.dialect.String(), Open: db.read.Stats().OpenConnections}
	if db.writer != nil {
		s.Writes, s.Commits, s.Queued = db.writer.units.Load(), db.writer.commits.Load(), len(db.writer.queue)
		s.Open++
	}
	return s
}
