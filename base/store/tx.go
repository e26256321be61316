package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"chengshu/base/fault"
)

// querier is a connection inside a transaction: *link on SQLite, *sql.Tx on PostgreSQL.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Tx is the transaction handed to the function of Write or Read. It belongs to that call and goroutine: it is not safe for
// concurrent use and refuses everything after the function has returned (Internal "store.finished").
type Tx struct {
	q       querier
	dialect Dialect
	binds   *binds
	keep    bool // finish what was started: the caller's cancellation does not reach the statements
	failed  error
	over    bool
	depth   int
	hooks   []func()
	rows    []*sql.Rows
	kept    map[any]any
	later   []statementLater
}

// statementLater is a statement that waits to be sent together with others.
type statementLater struct {
	query string
	args  []any
	then  func(affected int64, err error) error
}

// pipeline is a querier that sends many statements in one round trip and hears all their results.
type pipeline interface {
	sendAll(ctx context.Context, list []statementLater) error
}

// Later runs a statement whose outcome the caller need not know to go on: at once on SQLite; on PostgreSQL together with
// its neighbours, before the next statement that gives something back and before the commit, so that they cost one round
// trip. then, which may be nil, hears how many rows it changed or why it failed, and its error fails the transaction. An
// error that comes late is that of the statement, Savepoint or Write that waited for it.
func (tx *Tx) Later(ctx context.Context, query string, args []any, then func(affected int64, err error) error) error {
	l := statementLater{tx.binds.text(query), args, then}
	if _, ok := tx.q.(pipeline); ok {
		if err := tx.allowed(query); err != nil {
			return err
		}
		tx.later = append(tx.later, l)
		return nil
	}
	n, err := tx.Exec(ctx, query, args...)
	return l.result(n, err)
}

func (l *statementLater) result(n int64, err error) error {
	if l.then == nil {
		return err
	}
	return l.then(n, err)
}

// flush sends what waits.
func (tx *Tx) flush(ctx context.Context) error {
	if len(tx.later) == 0 || tx.failed != nil {
		return tx.failed
	}
	list := tx.later
	tx.later = nil
	p, _ := tx.q.(pipeline)
	if err := p.sendAll(tx.context(ctx), list); err != nil {
		return tx.fail(err)
	}
	return nil
}

// Exec runs a statement and tells how many rows it changed. Placeholders are ?.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := tx.ready(ctx, query); err != nil {
		return 0, err
	}
	res, err := tx.q.ExecContext(tx.context(ctx), tx.binds.text(query), args...)
	if err != nil {
		return 0, tx.fail(err)
	}
	n, err := res.RowsAffected()
	return n, classify(err)
}

// Query runs a statement that gives rows. Rows left open are closed at the end of the transaction.
func (tx *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := tx.ready(ctx, query); err != nil {
		return nil, err
	}
	rows, err := tx.q.QueryContext(tx.context(ctx), tx.binds.text(query), args...)
	if err != nil {
		return nil, tx.fail(err)
	}
	tx.rows = append(tx.rows, rows)
	return rows, nil
}

// QueryRow runs a statement that gives at most one row. Scan it before the next statement; no row is sql.ErrNoRows, see
// None.
func (tx *Tx) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	if err := tx.ready(ctx, query); err != nil {
		// A Row cannot be made by hand, but one can be had from a context that has ended. The true reason is the
		// transaction's first failure, which Write reports in any case.
		_ = tx.fail(err)
		ended, cancel := context.WithCancel(ctx)
		cancel()
		return tx.q.QueryRowContext(ended, "SELECT 1")
	}
	row := tx.q.QueryRowContext(tx.context(ctx), tx.binds.text(query), args...)
	if err := row.Err(); err != nil {
		_ = tx.fail(err) // the caller sees it from Scan
	}
	return row
}

// DDL runs one or more statements without arguments, as they come from migrations and from declared records, with the
// portable column types turned into the dialect's.
func (tx *Tx) DDL(ctx context.Context, text string) error {
	if err := tx.ready(ctx, text); err != nil {
		return err
	}
	q := tx.q
	if l, ok := q.(*link); ok {
		q = l.conn // a text of several statements cannot be kept prepared
	}
	if _, err := q.ExecContext(tx.context(ctx), tx.dialect.DDL(text)); err != nil {
		return tx.fail(err)
	}
	return nil
}

// None tells whether err says that QueryRow found no row.
func None(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// OnCommit has f run once this transaction is durable, on the caller's goroutine, in the order of registration and before
// Write returns. It does not run after a rollback. No order holds between different transactions.
func (tx *Tx) OnCommit(f func()) { tx.hooks = append(tx.hooks, f) }

// Keep remembers a value for the rest of this transaction, so that a caller need not read again what nobody else can have
// changed: on SQLite nobody writes beside a Write, and a Read is a snapshot. A value of nil forgets. Everything kept is
// forgotten when a savepoint is rolled back.
func (tx *Tx) Keep(key, value any) {
	if value == nil {
		delete(tx.kept, key)
		return
	}
	if tx.kept == nil || len(tx.kept) >= mostKept {
		tx.kept = map[any]any{}
	}
	tx.kept[key] = value
}

// mostKept bounds what one transaction remembers.
const mostKept = 256

// Kept gives what Keep has remembered under a key, nil where it has not.
func (tx *Tx) Kept(key any) any { return tx.kept[key] }

// Savepoint runs fn so that its failure undoes only its own statements; the transaction goes on. The error comes back as a
// fault where it is the database's.
func (tx *Tx) Savepoint(ctx context.Context, fn func() error) error {
	if err := tx.ready(ctx, ""); err != nil {
		return err
	}
	ctx = tx.context(ctx)
	tx.depth++
	name := "s" + strconv.Itoa(tx.depth)
	defer func() { tx.depth-- }()
	if _, err := tx.q.ExecContext(ctx, "SAVEPOINT "+name); err != nil {
		return tx.fail(err)
	}
	hooks := len(tx.hooks)
	err := fn()
	if err == nil {
		err = tx.flush(ctx)
	}
	if err == nil {
		if _, err = tx.q.ExecContext(ctx, "RELEASE SAVEPOINT "+name); err != nil {
			return tx.fail(err)
		}
		return nil
	}
	tx.closeRows()
	tx.hooks, tx.kept, tx.later = tx.hooks[:hooks], nil, nil
	for _, undo := range []string{"ROLLBACK TO SAVEPOINT " + name, "RELEASE SAVEPOINT " + name} {
		if _, e := tx.q.ExecContext(ctx, undo); e != nil {
			tx.failed = classify(err) // the whole transaction is gone with it
			return tx.failed
		}
	}
	tx.failed = nil
	return classify(err)
}

// Dialect tells which database this is.
func (tx *Tx) Dialect() Dialect { return tx.dialect }

// Writable tells whether this is the transaction of a Write.
func (tx *Tx) Writable() bool { return tx.keep }

// Serial tells whether writers never overlap, which holds on SQLite.
func (tx *Tx) Serial() bool { return tx.dialect == SQLite }

// ready sends what waits, so that a statement finds what those before it have done.
func (tx *Tx) ready(ctx context.Context, query string) error {
	if err := tx.allowed(query); err != nil {
		return err
	}
	return tx.flush(ctx)
}

// allowed refuses statements on a finished or failed transaction, and those that would end the transaction behind its back.
func (tx *Tx) allowed(query string) error {
	if tx.over {
		return fault.New(fault.Internal, "store.finished")
	}
	if tx.failed != nil {
		return fault.Wrap("statement after a failed one", tx.failed)
	}
	word := strings.TrimLeft(query, " \t\r\n")
	if i := strings.IndexAny(word, " \t\r\n;"); i >= 0 {
		word = word[:i]
	}
	switch strings.ToUpper(word) {
	case "BEGIN", "COMMIT", "ROLLBACK", "END", "SAVEPOINT", "RELEASE", "START", "ABORT", "ATTACH", "DETACH", "VACUUM":
		return fault.New(fault.Internal, "store.control", "word", word)
	}
	return nil
}

// fail remembers that a statement failed, so that both databases roll back alike: PostgreSQL does so by itself.
func (tx *Tx) fail(err error) error {
	err = classify(err)
	if tx.failed == nil {
		tx.failed = err
	}
	return err
}

func (tx *Tx) context(ctx context.Context) context.Context {
	if tx.keep {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// finish closes what fn left open and lets no further statement through.
func (tx *Tx) finish() {
	tx.over = true
	tx.closeRows()
}

func (tx *Tx) closeRows() {
	for _, r := range tx.rows {
		_ = r.Close()
	}
	tx.rows = tx.rows[:0]
}
