package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"chengshu/base/fault"
)

func openPostgres(ctx context.Context, url string, opt Options) (*DB, error) {
	if opt.Readers == 0 {
		opt.Readers = 16
	}
	db := &DB{dialect: PostgreSQL, log: opt.Log}
	var err error
	if db.write, err = sql.Open("pgx", url); err != nil {
		return nil, fault.New(fault.Invalid, "store.url", "scheme", "postgres").With(err)
	}
	db.read = db.write
	db.write.SetMaxOpenConns(opt.Readers)
	db.write.SetMaxIdleConns(opt.Readers)
	if err := db.write.PingContext(ctx); err != nil {
		return nil, fault.New(fault.Unavailable, "store.open", "file", "postgres").With(err)
	}
	return db, nil
}

// A transaction that the database rolled back for another's sake is run again at most this often.
const retries = 20

func (db *DB) writePostgres(ctx context.Context, fn func(*Tx) error) error {
	var err error
	for try := range retries {
		var again bool
		again, err = db.tryPostgres(ctx, fn)
		if err == nil || !again {
			return err
		}
		select {
		case <-ctx.Done():
			return fault.New(fault.Unavailable, "store.busy").With(err)
		case <-time.After(time.Duration(1+try*try) * time.Millisecond):
		}
	}
	return fault.New(fault.Unavailable, "store.busy").With(err)
}

func (db *DB) tryPostgres(ctx context.Context, fn func(*Tx) error) (again bool, err error) {
	t, err := db.write.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return false, db.fault("begin", err)
	}
	defer func() { _ = t.Rollback() }() // no effect after a commit; needed when fn fails or panics
	tx := &Tx{db: db, q: t}
	if err := fn(tx); err != nil {
		return wantsRetry(err), err
	}
	if err := t.Commit(); err != nil {
		return wantsRetry(err), db.fault("commit", err)
	}
	for _, fn := range tx.after {
		fn()
	}
	return false, nil
}

// wantsRetry tells serialization failures and deadlocks, after which nothing of the transaction stays. A connection lost
// during commit is not among them: it may have committed.
func wantsRetry(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

func postgresFault(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch {
		case pg.Code == "23505":
			return fault.New(fault.Exists, "store.exists").With(err)
		case strings.HasPrefix(pg.Code, "53"):
			return fault.New(fault.Unavailable, "store.full").With(err)
		case pg.Code == "40001", pg.Code == "40P01", strings.HasPrefix(pg.Code, "57"), strings.HasPrefix(pg.Code, "08"):
			return fault.New(fault.Unavailable, "store.busy").With(err)
		}
		return nil
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		return fault.New(fault.Unavailable, "store.busy").With(err)
	}
	return nil
}

// ddl rewrites the portable types of a migration for PostgreSQL: TEXT gets byte order, BLOB is called BYTEA.
func (db *DB) ddl(text string) string {
	if db.dialect == SQLite {
		return text
	}
	return strings.NewReplacer(" TEXT", ` TEXT COLLATE "C"`, " BLOB", " BYTEA").Replace(text)
}

// DDL runs a statement that defines tables or indexes, written with the portable types.
func (tx *Tx) DDL(ctx context.Context, text string) error {
	if _, err := tx.q.ExecContext(ctx, tx.db.ddl(text)); err != nil {
		return fault.Wrap("ddl", fmt.Errorf("%s: %w", firstLine(text), err))
	}
	if tx.stmts != nil {
		tx.stmts.close() // prepared statements may not survive a change of their table
	}
	return nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
