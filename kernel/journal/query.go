package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"chengshu/base/clock"
	"chengshu/base/store"
)

// Filter chooses entries; empty fields do not limit.
type Filter struct {
	Subject string    // "urban.case/17"; one that ends with "/" takes all of the type
	Actor   string    // person id
	Action  string    // "record.create"; one that ends with "." takes all below it
	From    time.Time // at or after
	To      time.Time // before
	After   int64     // id of the last entry of the page before, in the direction of reading
	Newest  bool      // newest first, else oldest first
	Limit   int       // most entries; default 100, at most 1,000
}

const columns = `id, seq, at, actor, post, on_behalf, via, action, subject, rev, reason, request, body`

// Query gives entries in the order of their ids. It looks at the table as it is and proves nothing.
func (j *Journal) Query(ctx context.Context, tx *store.Tx, f Filter) ([]Entry, error) {
	where, args := f.where()
	query := `SELECT ` + columns + ` FROM journal`
	if len(where) > 0 {
		query += ` WHERE ` + strings.Join(where, ` AND `)
	}
	if query += ` ORDER BY id`; f.Newest {
		query += ` DESC`
	}
	limit := min(f.Limit, 1000)
	if limit <= 0 {
		limit = 100
	}
	return readEntries(ctx, tx, query+` LIMIT ?`, append(args, limit)...)
}

func (f Filter) where() (where []string, args []any) {
	add := func(condition string, arg ...any) {
		where = append(where, condition)
		args = append(args, arg...)
	}
	text := func(column, value, wild string) {
		switch {
		case value == "":
		case strings.HasSuffix(value, wild):
			end := value[:len(value)-1] + string(rune(wild[0]+1)) // up to the byte after the separator
			add(column+` >= ? AND `+column+` < ?`, value, end)
		default:
			add(column+` = ?`, value)
		}
	}
	text("subject", f.Subject, "/")
	text("action", f.Action, ".")
	if f.Actor != "" {
		add(`actor = ?`, f.Actor)
	}
	if !f.From.IsZero() {
		// At is never later than the id, so that the walk from the newest can stop.
		add(`at >= ? AND id >= ?`, f.From.UnixMicro(), idAt(f.From.UnixMicro(), 0))
	}
	if !f.To.IsZero() {
		add(`at < ?`, f.To.UnixMicro())
	}
	switch {
	case f.After == 0:
	case f.Newest:
		add(`id < ?`, f.After)
	default:
		add(`id > ?`, f.After)
	}
	return where, args
}

func readEntries(ctx context.Context, tx *store.Tx, query string, args ...any) ([]Entry, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []Entry
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// scanEntry reads the columns and whatever is selected behind them.
func scanEntry(rows *sql.Rows, more ...any) (Entry, error) {
	var e Entry
	var seq sql.NullInt64
	var at int64
	var body string
	to := []any{
		&e.ID, &seq, &at, &e.Actor, &e.Post, &e.OnBehalf, &e.Via, &e.Action, &e.Subject, &e.Rev, &e.Reason, &e.Request, &body,
	}
	if err := rows.Scan(append(to, more...)...); err != nil {
		return Entry{}, err
	}
	e.Seq, e.At, e.Body = seq.Int64, time.UnixMicro(at).In(clock.Shanghai), json.RawMessage(body)
	return e, nil
}

// Status is how far the journal has come.
type Status struct {
	Seq     int64 // newest number given
	Waiting int64 // committed entries without a number
	Size    int64 // entries in the trees
	Signed  int64 // entries under the newest checkpoint
}

// Status tells how far the journal has come.
func (j *Journal) Status(ctx context.Context, tx *store.Tx) (Status, error) {
	var s Status
	err := tx.QueryRow(ctx, `SELECT (SELECT COALESCE(MAX(seq), 0) FROM journal), (SELECT COUNT(*) FROM journal WHERE seq IS NULL),
  (SELECT size FROM journal_head WHERE id = 1), (SELECT COALESCE(MAX(size), 0) FROM journal_checkpoint)`).
		Scan(&s.Seq, &s.Waiting, &s.Size, &s.Signed)
	return s, err
}
