package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"chengshu/base/fault"
)

// A batch holds at most this many units, so that the first of them does not wait long for its commit.
const batchLimit = 64

// writer owns the one write connection of SQLite. Units that wait while a commit is being synced go into the next
// transaction together, each in a savepoint of its own: one fsync for all of them.
type writer struct {
	db      *DB
	conn    *sql.Conn
	stmts   *statements
	queue   chan *unit
	done    chan struct{}
	owner   []byte // name of the goroutine, to tell a nested Write
	units   atomic.Int64
	commits atomic.Int64

	mu     sync.RWMutex
	closed bool
}

type unit struct {
	fn     func(*Tx) error
	result chan outcome
	after  []func()
	err    error
	panic  any
}

type outcome struct {
	err   error
	panic any
}

func newWriter(db *DB, conn *sql.Conn) *writer {
	w := &writer{db: db, conn: conn, queue: make(chan *unit, 256), done: make(chan struct{})}
	w.stmts = &statements{conn: conn, byText: map[string]*sql.Stmt{}}
	started := make(chan struct{})
	go w.run(started)
	<-started
	return w
}

func (w *writer) close() {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return
	}
	w.closed = true
	close(w.queue)
	w.mu.Unlock()
	<-w.done
}

func (w *writer) do(ctx context.Context, fn func(*Tx) error) error {
	if bytes.Equal(goroutine(), w.owner) {
		return fault.New(fault.Internal, "store.nested")
	}
	u := &unit{fn: fn, result: make(chan outcome, 1)}
	w.mu.RLock()
	if w.closed {
		w.mu.RUnlock()
		return fault.New(fault.Unavailable, "store.closed")
	}
	select {
	case w.queue <- u:
		w.mu.RUnlock()
	case <-ctx.Done():
		w.mu.RUnlock()
		return fault.New(fault.Unavailable, "store.busy").With(ctx.Err())
	}
	o := <-u.result
	if o.panic != nil {
		panic(o.panic) // the caller's defect, raised where the caller is
	}
	return o.err
}

func (w *writer) run(started chan<- struct{}) {
	w.owner = goroutine()
	close(started)
	defer close(w.done)
	defer func() { w.stmts.close(); _ = w.conn.Close() }()
	for u := range w.queue {
		batch := []*unit{u}
	more:
		for len(batch) < batchLimit {
			select {
			case next, ok := <-w.queue:
				if !ok {
					break more
				}
				batch = append(batch, next)
			default:
				break more
			}
		}
		w.commit(batch)
	}
}

// commit runs the units in one transaction. When the database gives up on the whole transaction, as it does on a full
// disk, the units are run again one by one, so that a large one cannot take small ones with it.
func (w *writer) commit(batch []*unit) {
	if len(batch) > 1 && w.together(batch) {
		w.answer(batch)
		return
	}
	for _, u := range batch {
		u.err, u.panic, u.after = nil, nil, nil
		w.alone(u)
	}
	w.answer(batch)
}

func (w *writer) answer(batch []*unit) {
	for _, u := range batch {
		if u.err == nil && u.panic == nil {
			w.units.Add(1)
			for _, fn := range u.after {
				fn()
			}
		}
		u.result <- outcome{u.err, u.panic}
	}
}

// together gives false when the transaction as a whole was lost.
func (w *writer) together(batch []*unit) bool {
	if w.exec("BEGIN IMMEDIATE") != nil {
		return false
	}
	kept := 0
	for _, u := range batch {
		if w.exec("SAVEPOINT unit") != nil {
			w.rollback()
			return false
		}
		w.call(u)
		if u.err != nil || u.panic != nil {
			if w.exec("ROLLBACK TO SAVEPOINT unit") != nil {
				w.rollback()
				return false
			}
		} else {
			kept++
		}
		if w.exec("RELEASE SAVEPOINT unit") != nil {
			w.rollback()
			return false
		}
	}
	if w.exec("COMMIT") != nil {
		w.rollback()
		return false
	}
	if kept > 0 {
		w.commits.Add(1)
	}
	return true
}

func (w *writer) alone(u *unit) {
	if u.err = w.exec("BEGIN IMMEDIATE"); u.err != nil {
		return
	}
	w.call(u)
	if u.err != nil || u.panic != nil {
		w.rollback()
		return
	}
	if u.err = w.exec("COMMIT"); u.err != nil {
		w.rollback()
		return
	}
	w.commits.Add(1)
}

func (w *writer) call(u *unit) {
	tx := &Tx{db: w.db, q: w.conn, stmts: w.stmts}
	defer func() {
		if p := recover(); p != nil {
			u.panic = fmt.Sprintf("%v\n%s", p, stack())
		}
	}()
	u.err = u.fn(tx)
	u.after = tx.after
}

func (w *writer) exec(query string) error {
	_, err := w.conn.ExecContext(context.Background(), query)
	return w.db.fault(query, err)
}

// rollback may find nothing to roll back: SQLite itself ends the transaction on some errors.
func (w *writer) rollback() { _, _ = w.conn.ExecContext(context.Background(), "ROLLBACK") }

// statements are the prepared statements of the write connection, by text. The texts come from the program and from
// declarations, so their number is bounded; the cap is a guard against a caller that builds texts from input.
type statements struct {
	conn   *sql.Conn
	byText map[string]*sql.Stmt
}

const statementLimit = 2000

func (s *statements) get(ctx context.Context, query string) *sql.Stmt {
	if st := s.byText[query]; st != nil {
		return st
	}
	if len(s.byText) >= statementLimit {
		s.close()
	}
	st, err := s.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil // the plain path runs it again and reports the error
	}
	s.byText[query] = st
	return st
}

func (s *statements) close() {
	for _, st := range s.byText {
		_ = st.Close()
	}
	clear(s.byText)
}

// goroutine gives the header of the current goroutine's stack, "goroutine 18 ", which names it.
func goroutine() []byte {
	var buf [32]byte
	b := buf[:runtime.Stack(buf[:], false)]
	if i := bytes.IndexByte(b, '['); i > 0 {
		b = b[:i]
	}
	return bytes.Clone(b)
}

func stack() []byte {
	buf := make([]byte, 8<<10)
	return buf[:runtime.Stack(buf, false)]
}
