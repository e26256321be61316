package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"chengshu/base/fault"
)

func openSQLite(ctx context.Context, path string, opt Options) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fault.New(fault.Unavailable, "store.open", "file", filepath.Base(path)).With(err)
	}
	if opt.Readers == 0 {
		opt.Readers = 4
	}
	db := &DB{dialect: SQLite, log: opt.Log}
	var err error
	if db.write, err = sql.Open("sqlite", dsn(path, false)); err != nil {
		return nil, fault.Wrap("open sqlite", err)
	}
	db.write.SetMaxOpenConns(1)
	if db.read, err = sql.Open("sqlite", dsn(path, true)); err != nil {
		return nil, fault.Wrap("open sqlite", err)
	}
	db.read.SetMaxOpenConns(opt.Readers)
	db.read.SetMaxIdleConns(opt.Readers)
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "store.open", "file", filepath.Base(path)).With(err)
	}
	db.writer = newWriter(db, conn)
	return db, nil
}

// dsn sets synchronous=FULL, so that a commit survives a power cut, and small caches, so that an idle server stays small.
func dsn(path string, readonly bool) string {
	q := url.Values{"_txlock": {"immediate"}}
	pragmas := []string{"busy_timeout(10000)", "foreign_keys(1)", "cache_size(-4096)", "temp_store(2)"}
	if readonly {
		pragmas = append(pragmas, "query_only(1)")
		q.Set("_txlock", "deferred")
	} else {
		pragmas = append(pragmas, "journal_mode(WAL)", "synchronous(FULL)", "wal_autocheckpoint(2000)")
	}
	q["_pragma"] = pragmas
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// fault turns a database error into a fault; nil stays nil, faults stay what they are.
func (db *DB) fault(op string, err error) error {
	if err == nil {
		return nil
	}
	var f *fault.Error
	if errors.As(err, &f) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.New(fault.Unavailable, "store.busy").With(err)
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_CONSTRAINT:
			if lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY {
				return fault.New(fault.Exists, "store.exists").With(err)
			}
		case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR:
			return fault.New(fault.Unavailable, "store.full").With(err)
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT:
			return fault.New(fault.Unavailable, "store.busy").With(err)
		}
	}
	if f := postgresFault(err); f != nil {
		return f
	}
	return fault.Wrap(op, err)
}
