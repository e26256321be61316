package store

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"chengshu/base/fault"
)

// embedded is the engine of an embedded file: one writer goroutine, a pool of readers.
type embedded struct {
	db      *DB
	dsn     string // of readers
	writer  *writer
	readers chan *link // cap = number of readers; nil stands for a connection not yet opened
	closing chan struct{}
	once    sync.Once
	err     error
}

// Page caches in KiB: small, because the file cache of the system already holds the pages and every connection has its own.
const (
	writerCache = 4096
	readerCache = 1024
)

func openSQLite(ctx context.Context, db *DB, path string, o Options) (*embedded, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fault.New(fault.Unavailable, "store.io").With(err)
	}
	// SQLite would take the umask's mode; its -wal and -shm files follow the mode of the file.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "store.io").With(err)
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	e := &embedded{db: db, readers: make(chan *link, o.Readers), closing: make(chan struct{})}
	e.dsn = dsn(path, o, readerCache, "query_only(1)")
	for range o.Readers {
		e.readers <- nil
	}
	pragmas := []string{"journal_size_limit(67108864)"}
	if o.NoCheckpoint {
		pragmas = append(pragmas, "wal_autocheckpoint(0)")
	}
	e.writer, err = openWriter(ctx, db, dsn(path, o, writerCache, pragmas...), o.Group)
	if err != nil {
		return nil, err
	}
	return e, nil
}

// dsn is the address of a connection. busy_timeout comes first: switching to WAL waits for a lock.
func dsn(path string, o Options, cache int, pragmas ...string) string {
	q := url.Values{}
	for _, p := range append([]string{
		"busy_timeout(" + strconv.Itoa(o.BusyMillis) + ")", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
		"cache_size(-" + strconv.Itoa(cache) + ")", "temp_store(MEMORY)",
	}, pragmas...) {
		q.Add("_pragma", p)
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

func (e *embedded) write(ctx context.Context, fn func(*Tx) error) error {
	return e.writer.write(ctx, fn)
}

func (e *embedded) queued() int { return len(e.writer.queue) + int(e.writer.first.Load()) }

func (e *embedded) read(ctx context.Context, fn func(*Tx) error) error {
	var l *link
	if err := ctx.Err(); err != nil {
		return fault.New(fault.Unavailable, "store.busy").With(err)
	}
	select {
	case <-e.closing:
		return fault.New(fault.Unavailable, "store.closed")
	default:
	}
	select {
	case l = <-e.readers:
	case <-ctx.Done():
		return fault.New(fault.Unavailable, "store.busy").With(ctx.Err())
	case <-e.closing:
		return fault.New(fault.Unavailable, "store.closed")
	}
	healthy := false
	defer func() {
		if !healthy && l != nil { // also after a panic: nobody knows what is still open on it
			_ = l.close()
			l = nil
		}
		e.readers <- l
	}()
	var err error
	if l == nil {
		if l, err = openLink(context.WithoutCancel(ctx), e.dsn); err != nil {
			return err
		}
	}
	if _, err = l.ExecContext(context.WithoutCancel(ctx), "BEGIN"); err != nil {
		return err
	}
	tx := &Tx{q: l, dialect: SQLite}
	err = fn(tx)
	tx.finish()
	if err == nil {
		err = tx.failed
	}
	if _, e := l.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); e == nil {
		healthy = true
		l.trim()
	}
	if err == nil {
		for _, hook := range tx.hooks {
			hook()
		}
	}
	return err
}

func (e *embedded) close() error {
	e.once.Do(func() {
		close(e.closing)
		for range cap(e.readers) { // waits for the reads that run
			if l := <-e.readers; l != nil {
				e.err = errors.Join(e.err, l.close())
			}
		}
		e.err = errors.Join(e.err, e.writer.close()) // last: the last connection folds the WAL into the file
	})
	return e.err
}

// optimize lets SQLite look at its tables, a bounded part of each, and the readers begin anew with what it has learnt.
func (e *embedded) optimize(ctx context.Context) error {
	if err := e.writer.optimize(ctx); err != nil {
		return err
	}
	for range cap(e.readers) {
		select {
		case l := <-e.readers:
			if l != nil {
				_ = l.close()
			}
			e.readers <- nil
		case <-e.closing:
			return nil
		default: // the others are at work; they learn it when the statistics change next
		}
	}
	return nil
}
