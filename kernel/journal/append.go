package journal

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
)

const (
	insert = `INSERT INTO journal (id, at, actor, post, on_behalf, via, action, subject, rev, reason, request, body, sm3, sha256, seq)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, `
	// Where writers never overlap the number is taken within the insert, and goes with it when the unit is rolled back.
	insertSerial = insert + `(SELECT COALESCE(MAX(seq), 0) + 1 FROM journal)) RETURNING seq`
	// Where they overlap, only the sequencer can give numbers without gaps and without making commits wait for each other.
	insertParallel = insert + `NULL)`
)

// Append writes one act into the caller's transaction, which is one statement, and gives the entry back with ID, At and, on
// SQLite, Seq. At is never later than the journal's clock. The body is kept in canonical form (RFC 8785).
//
// Errors: Invalid "journal.entry" (no actor or action), "journal.text" (no UTF-8, or a zero character), "journal.body" (no JSON).
func (j *Journal) Append(ctx context.Context, tx *store.Tx, e Entry) (Entry, error) {
	if e.Actor == "" || e.Action == "" {
		return Entry{}, fault.New(fault.Invalid, "journal.entry", "action", e.Action)
	}
	for _, s := range [...]string{e.Actor, e.Post, e.OnBehalf, e.Via, e.Action, e.Subject, e.Reason, e.Request} {
		if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			return Entry{}, fault.New(fault.Invalid, "journal.text", "action", e.Action)
		}
	}
	body, err := canonical(e.Body)
	if err != nil {
		return Entry{}, err
	}
	now := j.clock.Now()
	if e.At.IsZero() || e.At.After(now) {
		e.At = now
	}
	e.At = e.At.Truncate(time.Microsecond).In(clock.Shanghai)
	e.ID, e.Seq, e.Body = j.nextID(now), 0, body
	sm3, sha := hashLeaf(e.Canonical())
	args := [...]any{
		e.ID, e.At.UnixMicro(), e.Actor, e.Post, e.OnBehalf, e.Via, e.Action, e.Subject, e.Rev, e.Reason, e.Request,
		string(body), sm3, sha,
	}
	if tx.Serial() {
		err = tx.QueryRow(ctx, insertSerial, args[:]...).Scan(&e.Seq)
	} else {
		err = tx.Later(ctx, insertParallel, args[:], nil)
	}
	if err != nil {
		return Entry{}, fault.Wrap("append to the journal", err)
	}
	tx.OnCommit(j.signal)
	return e, nil
}

// signal wakes Run, which takes everything that is there, and, where the numbers are given already, the followers.
func (j *Journal) signal() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
	if j.db.Serial() {
		j.news.ring()
	}
}

// writerBits leave 52 bits for microseconds, enough until 2112.
const writerBits = 11

// idAt gives the id of an instant: microseconds since 1970, then the writer's number. Two writers share a number only when
// the one lives on through 2,048 starts of others.
func idAt(micros, writer int64) int64 { return micros<<writerBits | writer&(1<<writerBits-1) }

// nextID gives a new id, greater than all before from this Journal even when the clock stands or goes back.
func (j *Journal) nextID(now time.Time) int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last = max(now.UnixMicro(), j.last+1)
	return idAt(j.last, j.writer)
}
