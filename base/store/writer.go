package store

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	sqlitedriver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"chengshu/base/fault"
)

// writer owns the one connection that writes. Its goroutine gives each waiting caller its turn inside one transaction and
// commits once for all of them; each function runs on its caller's goroutine, so that a panic or t.Fatal in it ends the
// right one.
type writer struct {
	db    *DB
	dsn   string
	group int
	queue chan *unit
	stop  chan struct{}
	done  chan struct{}

	crowd atomic.Int64 // writes that wait for the goroutine or are served by it
	first atomic.Int64 // 1 while the goroutine has taken a unit and waits for the link
	mu    sync.Mutex   // held by whoever uses the link
	link  *link        // nil after a loss
}

// unit is one call of Write.
type unit struct {
	state atomic.Int32
	turn  chan turn
	back  chan error // what one run of the function gave
	ctx   context.Context
}

// turn is the writer's word to the caller: run the function with tx, or, where tx is nil, be done with err.
type turn struct {
	tx  *Tx
	err error
}

// States of a unit.
const (
	waiting int32 = iota
	taken
	dropped // the caller went away before its turn
)

// errAborted stands for a function that did not return: a panic or runtime.Goexit.
var errAborted = errors.New("function did not return")

func openWriter(ctx context.Context, db *DB, dsn string, group int) (*writer, error) {
	l, err := openLink(ctx, dsn)
	if err != nil {
		return nil, err
	}
	w := &writer{
		db: db, dsn: dsn, group: group, link: l,
		queue: make(chan *unit, 4*group), stop: make(chan struct{}), done: make(chan struct{}),
	}
	go w.loop()
	return w, nil
}

// write queues the function and waits.
func (w *writer) write(ctx context.Context, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return fault.New(fault.Unavailable, "store.busy").With(err)
	}
	if w.crowd.Load() == 0 && w.mu.TryLock() {
		return w.alone(fn)
	}
	w.crowd.Add(1)
	defer w.crowd.Add(-1)
	u := &unit{turn: make(chan turn, 1), back: make(chan error, 1), ctx: context.WithoutCancel(ctx)}
	select {
	case <-w.stop:
		return fault.New(fault.Unavailable, "store.closed")
	default:
	}
	select {
	case w.queue <- u:
	case <-w.stop:
		return fault.New(fault.Unavailable, "store.closed")
	case <-ctx.Done():
		return fault.New(fault.Unavailable, "store.busy").With(ctx.Err())
	}
	var hooks []func()
	cancel, done := ctx.Done(), w.done
	for {
		select {
		case t := <-u.turn:
			if t.tx == nil {
				if t.err == nil {
					for _, hook := range hooks {
						hook()
					}
				}
				return t.err
			}
			u.run(t.tx, fn)
			hooks = t.tx.hooks
			cancel, done = nil, nil
		case <-cancel:
			if u.state.CompareAndSwap(waiting, dropped) {
				return fault.New(fault.Unavailable, "store.busy").With(ctx.Err())
			}
			cancel = nil
		case <-done:
			if u.state.CompareAndSwap(waiting, dropped) {
				return fault.New(fault.Unavailable, "store.closed")
			}
			done = nil
		}
	}
}

// alone serves a single write on its caller's goroutine, where nobody else waits: going to the writer's goroutine and back
// costs more than a short statement. It holds w.mu.
func (w *writer) alone(fn func(*Tx) error) error {
	locked := true
	unlock := func() {
		if locked {
			locked = false
			w.mu.Unlock()
		}
	}
	defer unlock()
	select {
	case <-w.stop:
		return fault.New(fault.Unavailable, "store.closed")
	default:
	}
	ctx := context.Background()
	if err := w.begin(ctx); err != nil {
		return err
	}
	tx := &Tx{q: w.link, dialect: SQLite, keep: true}
	err := errAborted
	defer func() {
		if errors.Is(err, errAborted) { // a panic goes on after this
			tx.finish()
			w.undo(ctx)
		}
	}()
	err = fn(tx)
	tx.finish()
	if err == nil {
		err = tx.failed
	}
	if err != nil {
		w.undo(ctx)
		return err
	}
	if _, err = w.link.ExecContext(ctx, "COMMIT"); err != nil {
		w.undo(ctx)
		return err
	}
	w.db.commits.Add(1)
	w.link.trim()
	unlock() // a hook may write
	for _, hook := range tx.hooks {
		hook()
	}
	return nil
}

// optimize refreshes the statistics of the tables that have changed much since they were last taken.
func (w *writer) optimize(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.open(ctx); err != nil {
		return err
	}
	for _, pragma := range []string{"PRAGMA analysis_limit = 1000", "PRAGMA optimize = 0x10002"} {
		if _, err := w.link.conn.ExecContext(ctx, pragma); err != nil {
			return err
		}
	}
	return nil
}

// undo rolls back; where even that fails the connection goes.
func (w *writer) undo(ctx context.Context) {
	if _, err := w.link.ExecContext(ctx, "ROLLBACK"); err != nil {
		w.drop()
	}
}

// run runs the function once. Where it does not return, the writer is told and its rollback awaited before the panic goes on.
func (u *unit) run(tx *Tx, fn func(*Tx) error) {
	returned := false
	defer func() {
		if !returned {
			u.back <- errAborted
			<-u.turn
		}
	}()
	err := fn(tx)
	returned = true
	u.back <- err
}

func (u *unit) finish(err error) { u.turn <- turn{err: err} }

func (w *writer) close() error {
	close(w.stop)
	<-w.done
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.link == nil {
		return nil
	}
	return w.link.close()
}

func (w *writer) loop() {
	defer close(w.done)
	for {
		select {
		case u := <-w.queue:
			w.serve(u)
		case <-w.stop:
			for {
				select {
				case u := <-w.queue:
					w.serve(u)
				default:
					return
				}
			}
		}
	}
}

// serve commits the unit together with those that wait.
func (w *writer) serve(u *unit) {
	w.first.Store(1)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.first.Store(0)
	if !u.state.CompareAndSwap(waiting, taken) {
		return
	}
	again, alone := w.commit([]*unit{u}, w.group)
	for len(again) > 0 { // each round settles at least one unit
		if alone {
			for _, u := range again {
				more, _ := w.commit([]*unit{u}, 1)
				for len(more) > 0 {
					more, _ = w.commit(more, 1)
				}
			}
			return
		}
		w.db.retries.Add(uint64(len(again)))
		again, alone = w.commit(again, len(again))
	}
}

// next gives the next unit of a group: those given first, then those that wait, up to limit.
func (w *writer) next(todo *[]*unit, count, limit int) *unit {
	if len(*todo) > 0 {
		u := (*todo)[0]
		*todo = (*todo)[1:]
		return u
	}
	for count < limit {
		select {
		case u := <-w.queue:
			if u.state.CompareAndSwap(waiting, taken) {
				return u
			}
		default:
			return nil
		}
	}
	return nil
}

// commit runs units in one transaction. It gives back those to be run again, because a failure of another one took the
// transaction with it or because (alone) the commit was refused for a deferred constraint that only one of them broke.
func (w *writer) commit(todo []*unit, limit int) (again []*unit, alone bool) {
	ctx := context.Background()
	var good []*unit
	open := false
	for count := 0; ; count++ {
		u := w.next(&todo, count, limit)
		if u == nil {
			break
		}
		if !open {
			if err := w.begin(ctx); err != nil {
				u.finish(err)
				continue
			}
			open = true
		}
		err, gone := w.run(ctx, u, len(good) > 0)
		if err == nil {
			good = append(good, u)
			continue
		}
		switch {
		case gone:
			w.drop()
			u.finish(err)
			return append(good, todo...), false
		case len(good) == 0:
			open = false // the only unit so far; it was rolled back whole
		}
		u.finish(err)
	}
	if len(good) == 0 {
		return nil, false
	}
	if _, err := w.link.ExecContext(ctx, "COMMIT"); err != nil {
		if _, e := w.link.ExecContext(ctx, "ROLLBACK"); e != nil {
			w.drop()
		}
		var le *sqlitedriver.Error
		if len(good) > 1 && errors.As(err, &le) && le.Code()&0xff == sqlite3.SQLITE_CONSTRAINT {
			return good, true
		}
		for _, u := range good {
			u.finish(err)
		}
		return nil, false
	}
	w.db.commits.Add(1)
	w.link.trim()
	for _, u := range good {
		u.finish(nil)
	}
	return nil, false
}

// open makes the connection anew where it was lost.
func (w *writer) open(ctx context.Context) (err error) {
	if w.link == nil {
		w.link, err = openLink(ctx, w.dsn)
	}
	return err
}

func (w *writer) begin(ctx context.Context) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	_, err := w.link.ExecContext(ctx, "BEGIN IMMEDIATE") // takes the write lock now, not in the middle
	return err
}

// run gives the unit its turn. The first unit of a transaction needs no savepoint: its failure rolls back everything, which
// is only itself. gone tells that the transaction itself was lost, as SQLite does on a full disk.
func (w *writer) run(ctx context.Context, u *unit, savepoint bool) (err error, gone bool) {
	if savepoint {
		if _, err := w.link.ExecContext(ctx, "SAVEPOINT u"); err != nil {
			return err, true
		}
	}
	tx := &Tx{q: w.link, dialect: SQLite, keep: true}
	u.turn <- turn{tx: tx}
	err = <-u.back
	tx.finish()
	if err == nil {
		err = tx.failed
	}
	if err == nil && savepoint {
		_, err = w.link.ExecContext(ctx, "RELEASE u")
	}
	if err == nil {
		return nil, false
	}
	if !savepoint {
		_, e := w.link.ExecContext(ctx, "ROLLBACK")
		return err, e != nil
	}
	for _, undo := range []string{"ROLLBACK TO u", "RELEASE u"} {
		if _, e := w.link.ExecContext(ctx, undo); e != nil {
			return err, true
		}
	}
	return err, false
}

func (w *writer) drop() {
	if w.link != nil {
		_ = w.link.close()
		w.link = nil
	}
}
