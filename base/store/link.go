package store

import (
	"context"
	"database/sql"
	"strings"
)

// linkStatements bounds the prepared statements a connection keeps; over it all are closed at the end of a transaction.
const linkStatements = 256

// link is one SQLite connection with its prepared statements. Preparing costs more than running a short statement, and
// database/sql would prepare each anew.
type link struct {
	pool  *sql.DB
	conn  *sql.Conn
	stmts map[string]*statement
}

// statement is a prepared statement and the rows it last gave: the driver has one cursor for each, so while those rows are
// open the same text must be prepared a second time.
type statement struct {
	stmt *sql.Stmt
	rows *sql.Rows
}

func (s *statement) busy() bool {
	if s.rows == nil {
		return false
	}
	_, err := s.rows.Columns() // fails once the rows are closed
	return err == nil
}

// openLink takes the only connection of a pool of its own, so that closing the link closes the connection.
func openLink(ctx context.Context, dsn string) (*link, error) {
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(1)
	conn, err := pool.Conn(ctx)
	if err != nil {
		_ = pool.Close()
		return nil, err
	}
	return &link{pool: pool, conn: conn, stmts: make(map[string]*statement)}, nil
}

// prepare gives the kept statement, or nil where it is in use.
func (l *link) prepare(ctx context.Context, query string) (*statement, error) {
	s, ok := l.stmts[query]
	if ok {
		if s.busy() {
			return nil, nil //nolint:nilnil // the caller runs the text unprepared
		}
		return s, nil
	}
	// A tail after the statement keeps the driver from holding on to it.
	stmt, err := l.conn.PrepareContext(ctx, strings.TrimRight(query, "; \t\r\n"))
	if err != nil {
		return nil, err
	}
	s = &statement{stmt: stmt}
	l.stmts[query] = s
	return s, nil
}

// ExecContext runs a prepared statement.
func (l *link) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := l.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return l.conn.ExecContext(ctx, query, args...)
	}
	return s.stmt.ExecContext(ctx, args...)
}

// QueryContext runs a prepared statement that gives rows.
func (l *link) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := l.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return l.conn.QueryContext(ctx, query, args...)
	}
	rows, err := s.stmt.QueryContext(ctx, args...)
	s.rows = rows
	return rows, err
}

// QueryRowContext runs a prepared statement that gives a row.
func (l *link) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	s, err := l.prepare(ctx, query)
	if err != nil || s == nil {
		return l.conn.QueryRowContext(ctx, query, args...)
	}
	return s.stmt.QueryRowContext(ctx, args...)
}

// trim keeps the number of prepared statements bounded; call it between transactions.
func (l *link) trim() {
	if len(l.stmts) <= linkStatements {
		return
	}
	for _, s := range l.stmts {
		_ = s.stmt.Close()
	}
	clear(l.stmts)
}

// close drops the connection; what was not committed is rolled back.
func (l *link) close() error {
	for _, s := range l.stmts {
		_ = s.stmt.Close()
	}
	err := l.conn.Close()
	if e := l.pool.Close(); err == nil {
		err = e
	}
	return err
}
