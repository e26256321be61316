package journal

import (
	"context"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
)

const followPoll = time.Second // looks for what other processes numbered

// Follow hands all entries, in the order of their numbers and from the first, to fn in batches of at most batch (default
// 100) until the context ends. fn works in the transaction that moves the cursor of that name: what it writes there happens
// once, what it does outside may happen again. When fn fails the same batch comes again, after a growing while, and the
// fault goes to the log. Of several processes following under one name one works at a time.
func (j *Journal) Follow(ctx context.Context, name string, batch int, fn func(ctx context.Context, tx *store.Tx, entries []Entry) error) error {
	if batch <= 0 {
		batch = 100
	}
	pause := gather
	for ctx.Err() == nil {
		news := j.news.wait() // before looking, so that nothing is missed
		n, err := j.feed(ctx, name, batch, fn)
		switch {
		case err != nil && ctx.Err() == nil:
			j.log.ErrorContext(ctx, "journal follower fails", "follower", name, "error", err)
			pause = min(2*pause, patient)
			sleep(ctx, pause)
			continue
		case n == 0:
			timer := time.NewTimer(followPoll)
			select {
			case <-news:
				sleep(ctx, gather)
			case <-timer.C:
			case <-ctx.Done():
			}
			timer.Stop()
		}
		pause = gather
	}
	return nil
}

// feed hands over one batch and tells its length.
func (j *Journal) feed(ctx context.Context, name string, batch int, fn func(context.Context, *store.Tx, []Entry) error) (int, error) {
	more := false
	err := j.db.Read(ctx, func(tx *store.Tx) error { // most often there is nothing, which need not wait for writers
		return tx.QueryRow(ctx, `SELECT COALESCE((SELECT MAX(seq) FROM journal), 0) > COALESCE((SELECT seq FROM journal_cursor WHERE name = ?), 0)`,
			name).Scan(&more)
	})
	if err != nil || !more {
		return 0, err
	}
	count := 0
	err = j.db.Write(ctx, func(tx *store.Tx) error {
		seq, err := lockCursor(ctx, tx, name)
		if err != nil {
			return err
		}
		entries, err := readEntries(ctx, tx, `SELECT `+columns+` FROM journal WHERE seq > ? ORDER BY seq LIMIT ?`, seq, batch)
		count = len(entries)
		if err != nil || count == 0 {
			return err
		}
		if err := fn(ctx, tx, entries); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE journal_cursor SET seq = ? WHERE name = ?`, entries[count-1].Seq, name)
		return err
	})
	if err != nil {
		return 0, fault.Wrap("follow the journal", err)
	}
	return count, nil
}

// lockCursor gives the place of a follower, which no other process then moves.
func lockCursor(ctx context.Context, tx *store.Tx, name string) (int64, error) {
	_, err := tx.Exec(ctx, `INSERT INTO journal_cursor (name, seq) VALUES (?, 0) ON CONFLICT (name) DO NOTHING`, name)
	if err != nil {
		return 0, err
	}
	query := `SELECT seq FROM journal_cursor WHERE name = ?`
	if !tx.Serial() {
		query += ` FOR UPDATE`
	}
	var seq int64
	err = tx.QueryRow(ctx, query, name).Scan(&seq)
	return seq, err
}

// MoveCursor has a follower go on after the number: 0 to read everything again, the newest to skip what was.
func (j *Journal) MoveCursor(ctx context.Context, tx *store.Tx, name string, seq int64) error {
	if _, err := lockCursor(ctx, tx, name); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE journal_cursor SET seq = ? WHERE name = ?`, seq, name)
	return err
}

// Lag is how far a follower is behind.
type Lag struct {
	Name   string
	Seq    int64 // last entry handed over
	Behind int64 // entries after it
}

// Lag tells of all followers, by name.
func (j *Journal) Lag(ctx context.Context, tx *store.Tx) ([]Lag, error) {
	rows, err := tx.Query(ctx, `SELECT name, seq, (SELECT COALESCE(MAX(seq), 0) FROM journal) - seq FROM journal_cursor ORDER BY name`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []Lag
	for rows.Next() {
		var l Lag
		if err := rows.Scan(&l.Name, &l.Seq, &l.Behind); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, rows.Err()
}
