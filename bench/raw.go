package main

import (
	"context"
	"database/sql"
	"path/filepath"
	"sync"

	_ "modernc.org/sqlite" // the driver of the raw loop

	"chengshu/base/store"
)

// rawLoop writes the rows of a tape and does nothing else: it reads nothing and decides nothing.
type rawLoop interface {
	name() string
	extra() bool // informs, is no goal
	dialect() store.Dialect
	step(ctx context.Context, client int, list []statement) error
	close()
}

// rawAlone is one SQLite connection that its clients take in turn, with a durable transaction for each step.
type rawAlone struct {
	mu    sync.Mutex
	pool  *sql.DB
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

func (b *bench) rawSQLite(ctx context.Context, t *tape) (*rawAlone, error) {
	file, err := b.schema(ctx, "raw-alone")
	if err != nil {
		return nil, err
	}
	pool, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"+
		"&_pragma=foreign_keys(1)&_pragma=cache_size(-4096)&_pragma=temp_store(MEMORY)&_pragma=journal_size_limit(67108864)")
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(1)
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	r := &rawAlone{pool: pool, conn: conn, stmts: map[string]*sql.Stmt{}}
	return r, r.warm(ctx, t)
}

// schema makes a database with the tables, indexes and first rows of the product, and closes it.
func (b *bench) schema(ctx context.Context, name string) (string, error) {
	w, err := b.newWorld(ctx, name, "")
	if err != nil {
		return "", err
	}
	defer w.Close()
	o, err := newOffice(ctx, w)
	if err != nil {
		return "", err
	}
	_, err = o.engine(ctx, b, 1, 2)
	return filepath.Join(b.dir, name, "chengshu.db"), err
}

// warm plays one case, so that every statement is prepared.
func (r *rawAlone) warm(ctx context.Context, t *tape) error {
	for _, s := range t.play(store.SQLite).steps {
		if err := r.step(ctx, 0, s); err != nil {
			return err
		}
	}
	return nil
}

func (r *rawAlone) name() string           { return "of one connection" }
func (r *rawAlone) extra() bool            { return false }
func (r *rawAlone) dialect() store.Dialect { return store.SQLite }

func (r *rawAlone) step(ctx context.Context, _ int, list []statement) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, s := range list {
		if err := r.exec(ctx, s.sql, s.args...); err != nil {
			_ = r.exec(ctx, "ROLLBACK")
			return err
		}
	}
	return r.exec(ctx, "COMMIT")
}

func (r *rawAlone) exec(ctx context.Context, query string, args ...any) error {
	s := r.stmts[query]
	if s == nil {
		var err error
		if s, err = r.conn.PrepareContext(ctx, query); err != nil {
			return err
		}
		r.stmts[query] = s
	}
	_, err := s.ExecContext(ctx, args...)
	return err
}

func (r *rawAlone) close() {
	_ = r.conn.Close()
	_ = r.pool.Close()
}

// rawGroup writes through the store, which commits for several clients at once.
type rawGroup struct {
	db   *store.DB
	kind string
	info bool
}

func (b *bench) rawShared(ctx context.Context, _ *tape) (*rawGroup, error) {
	file, err := b.schema(ctx, "raw-shared")
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, "sqlite:"+file, store.Options{})
	return &rawGroup{db: db, kind: "with group commit", info: true}, err
}

func (r *rawGroup) name() string           { return r.kind }
func (r *rawGroup) extra() bool            { return r.info }
func (r *rawGroup) dialect() store.Dialect { return r.db.Dialect() }
func (r *rawGroup) close()                 { _ = r.db.Close() }

func (r *rawGroup) step(ctx context.Context, _ int, list []statement) error {
	return r.db.Write(ctx, func(tx *store.Tx) error {
		for _, s := range list {
			if _, err := tx.Exec(ctx, s.sql, s.args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// rawServer is a pool of PostgreSQL connections, one for each client.
type rawServer struct{ pool *sql.DB }

func (b *bench) rawPostgres(ctx context.Context, _ *tape, _ *office) (*rawServer, error) {
	c, err := b.postgres()
	if err != nil {
		return nil, err
	}
	url, err := c.Database(ctx)
	if err != nil {
		return nil, err
	}
	w, err := b.newWorld(ctx, "raw-server", url)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	o, err := newOffice(ctx, w)
	if err != nil {
		return nil, err
	}
	if _, err := o.engine(ctx, b, 1, 2); err != nil {
		return nil, err
	}
	pool, err := sql.Open("pgx", url)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(16)
	pool.SetMaxIdleConns(16)
	return &rawServer{pool}, nil
}

func (r *rawServer) name() string           { return "of a connection a client" }
func (r *rawServer) extra() bool            { return false }
func (r *rawServer) dialect() store.Dialect { return store.PostgreSQL }
func (r *rawServer) close()                 { _ = r.pool.Close() }

func (r *rawServer) step(ctx context.Context, _ int, list []statement) error {
	tx, err := r.pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for _, s := range list {
		if _, err := tx.ExecContext(ctx, s.sql, s.args...); err != nil {
			return err
		}
	}
	return tx.Commit()
}
