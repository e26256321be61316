package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"chengshu/base/fault"
)

// Tx is one running transaction. It must not be used after the function it was given to returns, nor by two goroutines.
type Tx struct {
	db       *DB
	q        querier
	stmts    *statements // the writer's prepared statements, SQLite only
	readonly bool
	after    []func()
	depth    int
}

// querier is what *sql.Tx and *sql.Conn share.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Dialect tells which database this is.
func (tx *Tx) Dialect() Dialect { return tx.db.dialect }

// Serial tells whether writes never overlap, as on SQLite.
func (tx *Tx) Serial() bool { return tx.db.Serial() }

// OnCommit runs fn after the transaction is durable, in the order given; not at all when it fails.
func (tx *Tx) OnCommit(fn func()) { tx.after = append(tx.after, fn) }

// Exec runs a statement with ? placeholders and gives the number of rows it touched.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	ctx = tx.context(ctx)
	var r sql.Result
	var err error
	if st := tx.prepared(ctx, query, len(args)); st != nil {
		r, err = st.ExecContext(ctx, args...)
	} else {
		r, err = tx.q.ExecContext(ctx, tx.db.rebind(query), args...)
	}
	if err != nil {
		return 0, tx.db.fault("exec", err)
	}
	n, err := r.RowsAffected()
	return n, tx.db.fault("rows affected", err)
}

// Query runs a query with ? placeholders; the caller closes the rows.
func (tx *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx = tx.context(ctx)
	var rows *sql.Rows
	var err error
	if st := tx.prepared(ctx, query, len(args)); st != nil {
		rows, err = st.QueryContext(ctx, args...)
	} else {
		rows, err = tx.q.QueryContext(ctx, tx.db.rebind(query), args...)
	}
	if err != nil {
		return nil, tx.db.fault("query", err)
	}
	return rows, nil
}

// QueryRow runs a query for one row; Scan gives sql.ErrNoRows where there is none.
func (tx *Tx) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	ctx = tx.context(ctx)
	if st := tx.prepared(ctx, query, len(args)); st != nil {
		return st.QueryRowContext(ctx, args...)
	}
	return tx.q.QueryRowContext(ctx, tx.db.rebind(query), args...)
}

// Savepoint runs fn so that its failure undoes only what fn did and the transaction goes on.
func (tx *Tx) Savepoint(ctx context.Context, fn func() error) error {
	tx.depth++
	name := "nested" + strconv.Itoa(tx.depth)
	hooks := len(tx.after)
	defer func() { tx.depth-- }()
	if _, err := tx.Exec(ctx, "SAVEPOINT "+name); err != nil {
		return err
	}
	if err := fn(); err != nil {
		tx.after = tx.after[:hooks]
		for _, s := range []string{"ROLLBACK TO SAVEPOINT ", "RELEASE SAVEPOINT "} {
			if _, e := tx.Exec(ctx, s+name); e != nil {
				return fmt.Errorf("undo after %w: %w", err, e)
			}
		}
		return err
	}
	_, err := tx.Exec(ctx, "RELEASE SAVEPOINT "+name)
	return err
}

// context keeps a write running when its caller goes away: half a unit is never what anybody wants, and the unit is
// short. A read stops.
func (tx *Tx) context(ctx context.Context) context.Context {
	if tx.readonly {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

func (tx *Tx) prepared(ctx context.Context, query string, args int) *sql.Stmt {
	if tx.stmts == nil || args == 0 {
		return nil
	}
	return tx.stmts.get(ctx, query)
}

// rebind turns ? placeholders into $1, $2 … for PostgreSQL, outside of literals, quoted names and comments.
func (db *DB) rebind(query string) string {
	if db.dialect == SQLite || !strings.Contains(query, "?") {
		return query
	}
	if s, ok := db.rebound.Load(query); ok {
		if text, ok := s.(string); ok {
			return text
		}
	}
	text := rebind(query)
	db.rebound.Store(query, text)
	return text
}

func rebind(query string) string {
	var b strings.Builder
	n := 0
	for i := 0; i < len(query); i++ {
		c := query[i]
		switch {
		case c == '\'' || c == '"':
			end := strings.IndexByte(query[i+1:], c)
			if end < 0 {
				b.WriteString(query[i:])
				return b.String()
			}
			b.WriteString(query[i : i+end+2])
			i += end + 1
		case c == '-' && strings.HasPrefix(query[i:], "--"):
			end := strings.IndexByte(query[i:], '\n')
			if end < 0 {
				end = len(query) - i
			}
			b.WriteString(query[i : i+end])
			i += end - 1
		case c == '?':
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// None tells whether err says that a query for one row found none.
func None(err error) bool {
	return err != nil && (err == sql.ErrNoRows || fault.Is(err, fault.NotFound))
} //nolint:errorlint // Row.Scan gives the bare value
