package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"chengshu/base/fault"
)

// classify turns an error of a database into a fault and leaves everything else, sql.ErrNoRows among it, as it is.
func classify(err error) error {
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		return err
	}
	var f *fault.Error
	if errors.As(err, &f) && f.Code != "internal" { // a caller may have wrapped the raw error of a Scan
		return err
	}
	if le, ok := errors.AsType[*sqlite.Error](err); ok {
		return classifySQLite(le).With(err)
	}
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		return classifyPostgres(pe).With(err)
	}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.Unavailable, "store.busy").With(err)
	case lost(err):
		return fault.New(fault.Unavailable, "store.lost").With(err)
	case errors.Is(err, pgx.ErrTxCommitRollback):
		return fault.New(fault.Internal, "store.aborted").With(err)
	}
	return err
}

func classifySQLite(e *sqlite.Error) *fault.Error {
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		_, at, _ := strings.Cut(e.Error(), "constraint failed: ")
		table, _, _ := strings.Cut(at[strings.LastIndex(at, ": ")+1:], ".")
		return fault.New(fault.Exists, "store.exists", "table", strings.TrimSpace(table))
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return fault.New(fault.Conflict, "store.reference")
	// EDQUOT and EFBIG reach us as write errors, a full disk under the shared-memory file as its size error.
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_TRUNCATE:
		return fault.New(fault.Unavailable, "store.full")
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CONSTRAINT:
		return fault.New(fault.Invalid, "store.constraint")
	case sqlite3.SQLITE_FULL:
		return fault.New(fault.Unavailable, "store.full")
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT:
		return fault.New(fault.Unavailable, "store.busy")
	case sqlite3.SQLITE_READONLY:
		return fault.New(fault.Internal, "store.readonly")
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN:
		return fault.New(fault.Unavailable, "store.io")
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fault.New(fault.Internal, "store.corrupt")
	}
	return fault.New(fault.Internal, "store.sql")
}

func classifyPostgres(e *pgconn.PgError) *fault.Error {
	switch e.Code {
	case "23505", "42P07": // a row, or a table made by another process at the same moment
		return fault.New(fault.Exists, "store.exists", "table", e.TableName)
	case "23503":
		return fault.New(fault.Conflict, "store.reference")
	case "53100":
		return fault.New(fault.Unavailable, "store.full")
	case "40001", "40P01", "55P03", "57014", "53300":
		return fault.New(fault.Unavailable, "store.busy")
	case "25006":
		return fault.New(fault.Internal, "store.readonly")
	}
	switch e.Code[:2] {
	case "22", "23":
		return fault.New(fault.Invalid, "store.constraint")
	case "08", "57":
		return fault.New(fault.Unavailable, "store.lost")
	}
	return fault.New(fault.Internal, "store.sql")
}

// lost tells whether the connection broke.
func lost(err error) bool {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Code != "internal" && !strings.HasPrefix(f.Code, "store.") {
		return false // the function's own verdict, whatever caused it: a request body may end unexpectedly too
	}
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		return strings.HasPrefix(pe.Code, "08") || strings.HasPrefix(pe.Code, "57P")
	}
	var ne net.Error
	var ce *pgconn.ConnectError
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.As(err, &ne) || errors.As(err, &ce) || pgconn.SafeToRetry(err) ||
		strings.Contains(err.Error(), "unexpected EOF") || strings.Contains(err.Error(), "conn closed")
}

// conflicting tells whether the same transaction may well succeed when run again.
func conflicting(err error) bool {
	var pe *pgconn.PgError
	if !errors.As(err, &pe) {
		return false
	}
	switch pe.Code {
	case "40001", "40P01":
		return true
	case "0A000": // a cached plan that a migration on another connection outdated; pgx forgets it on this error
		return strings.Contains(pe.Message, "cached plan")
	}
	return false
}
