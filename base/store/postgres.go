package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"chengshu/base/fault"
)

// server is the engine of a PostgreSQL database. Reads have connections of their own, so that a Read inside a Write never
// waits for a connection that its own Write holds.
type server struct {
	db     *DB
	writes *sql.DB
	reads  *sql.DB
	binds  binds
	closed atomic.Bool
	once   sync.Once
	err    error
}

// attempts bounds the runs of one Write or Read that meets conflicts.
const attempts = 10

func openPostgres(ctx context.Context, db *DB, url string, o Options) (*server, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fault.New(fault.Invalid, "store.url") // the cause would show the password
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "chengshu"
	}
	cfg.RuntimeParams["timezone"] = "UTC"
	e := &server{db: db, writes: stdlib.OpenDB(*cfg), reads: stdlib.OpenDB(*cfg)}
	for pool, n := range map[*sql.DB]int{e.writes: o.Writers, e.reads: o.Readers} {
		pool.SetMaxOpenConns(n)
		pool.SetMaxIdleConns(n)
		pool.SetConnMaxIdleTime(5 * time.Minute)
	}
	if err := e.writes.PingContext(ctx); err != nil {
		_ = e.close()
		return nil, fault.New(fault.Unavailable, "store.lost").With(err)
	}
	return e, nil
}

func (e *server) queued() int { return 0 }

func (e *server) optimize(context.Context) error { return nil } // autovacuum does

func (e *server) write(ctx context.Context, fn func(*Tx) error) error {
	if e.closed.Load() {
		return fault.New(fault.Unavailable, "store.closed")
	}
	var tx *Tx
	err := e.retry(ctx, func() (err error, safe bool) {
		tx, err, safe = e.try(ctx, e.writes, nil, fn)
		return err, safe
	})
	if err != nil {
		return err
	}
	e.db.commits.Add(1)
	for _, hook := range tx.hooks {
		hook()
	}
	return nil
}

func (e *server) read(ctx context.Context, fn func(*Tx) error) error {
	if e.closed.Load() {
		return fault.New(fault.Unavailable, "store.closed")
	}
	o := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	var tx *Tx
	err := e.retry(ctx, func() (err error, safe bool) {
		tx, err, _ = e.try(ctx, e.reads, o, fn)
		return err, true
	})
	if err != nil {
		return err
	}
	for _, hook := range tx.hooks {
		hook()
	}
	return nil
}

// retry runs once again after a conflict, and after a lost connection where nothing can have been committed.
func (e *server) retry(ctx context.Context, once func() (err error, safe bool)) error {
	for n := 1; ; n++ {
		err, safe := once()
		if err == nil {
			return nil
		}
		again := conflicting(err) || safe && n < 4 && lost(err)
		if !again || n >= attempts || ctx.Err() != nil {
			return err
		}
		e.db.retries.Add(1)
		timer := time.NewTimer(time.Duration(n*n) * time.Millisecond)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// try runs fn in one transaction. safe tells that the commit was never sent.
func (e *server) try(ctx context.Context, pool *sql.DB, o *sql.TxOptions, fn func(*Tx) error) (tx *Tx, err error, safe bool) {
	conn, err := pool.Conn(ctx) // waiting for a connection ends with the context; what has started does not
	if err != nil {
		return nil, err, true
	}
	defer func() { _ = conn.Close() }()
	keep := o == nil
	run := ctx
	if keep {
		run = context.WithoutCancel(ctx)
	}
	q, err := conn.BeginTx(run, o)
	if err != nil {
		return nil, err, true
	}
	defer func() { _ = q.Rollback() }() // without effect after a commit; also after a panic in fn
	t := &Tx{q: &serverTx{q, conn}, dialect: PostgreSQL, binds: &e.binds, keep: keep}
	defer t.finish()
	err = fn(t)
	if err == nil {
		err = t.flush(run)
	}
	t.finish()
	if err != nil {
		return nil, err, true
	}
	if err = q.Commit(); err != nil {
		if lost(err) && keep {
			// The server may have committed before the connection broke; running fn again could do the work twice.
			return nil, fault.New(fault.Unavailable, "store.unknown").With(err), false
		}
		return nil, err, false
	}
	return t, nil, false
}

// serverTx is a transaction with the connection it runs on, which alone can send statements without waiting for each.
type serverTx struct {
	*sql.Tx
	conn *sql.Conn
}

// sendAll sends the statements and reads their results in order; the first failure is that of them all.
func (q *serverTx) sendAll(ctx context.Context, list []statementLater) error {
	return q.conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return fault.New(fault.Internal, "store.sql")
		}
		batch := &pgx.Batch{}
		for _, l := range list {
			batch.Queue(l.query, l.args...)
		}
		results := c.Conn().SendBatch(ctx, batch)
		var failed error
		for _, l := range list {
			done, err := results.Exec()
			if err != nil {
				err = classify(err)
			}
			if failed = l.result(done.RowsAffected(), err); failed != nil {
				break
			}
			if err != nil { // then has swallowed it, the transaction cannot
				failed = err
				break
			}
		}
		if err := results.Close(); failed == nil {
			failed = err
		}
		return failed
	})
}

func (e *server) close() error {
	e.once.Do(func() {
		e.closed.Store(true)
		e.err = errors.Join(e.writes.Close(), e.reads.Close())
	})
	return e.err
}
