// Package notify is the inbox: notices to people, written in the transaction of what they tell of, and a hub that wakes
// the screens of those who are looking.
//
// A notice holds a message key and its arguments, no words. A person sees nobody's notices but their own. Whom to tell is
// resolved before, see flow.Candidate and identity.Directory. The package sends no text messages and no mail; what does
// follows the journal.
//
// Main types: Inbox, Notice, Hub.
package notify

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the tables, for store.Migrate with the scope "notify".
func Migrations() fs.FS { return store.Files(migrations) }

// Inbox keeps the notices. It is safe for concurrent use.
type Inbox struct {
	db    *store.DB
	clock clock.Clock
	hub   *Hub
}

// New gives an inbox over migrated tables, with a hub of its own.
func New(db *store.DB, c clock.Clock) *Inbox { return &Inbox{db: db, clock: c, hub: newHub()} }

// Hub gives the hub that wakes screens on this node.
func (b *Inbox) Hub() *Hub { return b.hub }

// Notice is one entry of a person's inbox.
type Notice struct {
	ID      string
	At      time.Time
	Key     string         // message key: "command.reopen"
	Args    map[string]any // arguments of the words
	Subject string         // "urban.case/<id>", may be empty
	Title   string         // of the subject, as it was
	Read    time.Time      // zero while unread
}

// batch is how many notices go into one statement.
const batch = 100

// Send writes a notice to people, each once, and wakes their screens after the commit. ID, At and Read are set here. The
// system and visitors have no inbox and are left out; nobody left is no fault.
func (b *Inbox) Send(ctx context.Context, tx *store.Tx, people []string, n Notice) error {
	people = readers(people)
	if n.Args == nil {
		n.Args = map[string]any{}
	}
	raw, err := json.Marshal(n.Args)
	if err != nil {
		return fault.Wrap("encode notice", err)
	}
	at := b.clock.Now().UnixMicro()
	for part := range slices.Chunk(people, batch) {
		args := make([]any, 0, 7*len(part))
		for _, person := range part {
			id, err := uuid.NewV7()
			if err != nil {
				return fault.Wrap("new id", err)
			}
			args = append(args, id.String(), person, at, n.Key, string(raw), n.Subject, n.Title)
		}
		values := strings.Repeat(", (?, ?, ?, ?, ?, ?, ?, 0)", len(part))[2:]
		if _, err := tx.Exec(ctx, `INSERT INTO notify_notice (id, person, at, key, args, subject, title, read_at) VALUES `+values, args...); err != nil {
			return fault.Wrap("write notices", err)
		}
	}
	tx.OnCommit(func() {
		for _, person := range people {
			b.hub.Publish(person, Event{Kind: Noticed, Subject: n.Subject})
		}
	})
	return nil
}

// readers gives the people who have an inbox, each once, sorted.
func readers(people []string) []string {
	out := slices.DeleteFunc(slices.Clone(people), func(p string) bool {
		return p == "" || p == identity.SystemPerson || p == identity.AnonymousPerson
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// MaxList is the most notices one list holds.
const MaxList = 200

const selectNotice = `SELECT id, at, key, args, subject, title, read_at FROM notify_notice WHERE person = ?`

// List gives a person's notices, or the unread ones, the newest first and at most limit (1 … MaxList, default 50).
func (b *Inbox) List(ctx context.Context, person string, unread bool, limit int) ([]Notice, error) {
	return b.Before(ctx, person, "", unread, limit)
}

// Before lists as List does, going on after the notice with that id; an empty id begins with the newest.
func (b *Inbox) Before(ctx context.Context, person, id string, unread bool, limit int) ([]Notice, error) {
	if limit <= 0 {
		limit = 50
	}
	query, args := selectNotice, []any{person}
	if unread {
		query += ` AND read_at = 0`
	}
	if id != "" {
		query += ` AND id < ?`
		args = append(args, id)
	}
	var out []Notice
	err := b.db.Read(ctx, func(tx *store.Tx) error {
		out = nil
		rows, err := tx.Query(ctx, query+` ORDER BY id DESC LIMIT ?`, append(args, min(limit, MaxList))...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			n, err := scan(rows)
			if err != nil {
				return err
			}
			out = append(out, n)
		}
		return rows.Err()
	})
	return out, fault.Wrap("list notices", err)
}

func scan(rows *sql.Rows) (Notice, error) {
	var n Notice
	var at, read int64
	var raw string
	if err := rows.Scan(&n.ID, &at, &n.Key, &raw, &n.Subject, &n.Title, &read); err != nil {
		return Notice{}, err
	}
	n.At = time.UnixMicro(at).In(clock.Shanghai)
	if read != 0 {
		n.Read = time.UnixMicro(read).In(clock.Shanghai)
	}
	return n, json.Unmarshal([]byte(raw), &n.Args)
}

// Unread counts a person's unread notices.
func (b *Inbox) Unread(ctx context.Context, person string) (int64, error) {
	var n int64
	err := b.db.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(ctx, `SELECT COUNT(*) FROM notify_notice WHERE person = ? AND read_at = 0`, person).Scan(&n)
	})
	return n, fault.Wrap("count notices", err)
}

// MarkRead marks one of the person's notices as read; one read already stays. The fault is NotFound "notice.unknown", also
// for another's notice.
func (b *Inbox) MarkRead(ctx context.Context, person, id string) error {
	return b.mark(ctx, person, func(tx *store.Tx) (int64, error) {
		n, err := tx.Exec(ctx, `UPDATE notify_notice SET read_at = CASE WHEN read_at = 0 THEN ? ELSE read_at END WHERE id = ? AND person = ?`,
			b.clock.Now().UnixMicro(), id, person)
		if err == nil && n == 0 {
			err = fault.New(fault.NotFound, "notice.unknown")
		}
		return n, err
	})
}

// MarkAllRead marks the person's unread notices as read.
func (b *Inbox) MarkAllRead(ctx context.Context, person string) error {
	return b.mark(ctx, person, func(tx *store.Tx) (int64, error) {
		return tx.Exec(ctx, `UPDATE notify_notice SET read_at = ? WHERE person = ? AND read_at = 0`, b.clock.Now().UnixMicro(), person)
	})
}

// mark changes notices and lets the person's other screens know.
func (b *Inbox) mark(ctx context.Context, person string, change func(*store.Tx) (int64, error)) error {
	return fault.Wrap("mark notices", b.db.Write(ctx, func(tx *store.Tx) error {
		n, err := change(tx)
		if n > 0 {
			tx.OnCommit(func() { b.hub.Publish(person, Event{Kind: Noticed}) })
		}
		return err
	}))
}

// Prune deletes notices that were read before an instant.
func (b *Inbox) Prune(ctx context.Context, before time.Time) error {
	return fault.Wrap("prune notices", b.db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM notify_notice WHERE read_at > 0 AND read_at < ?`, before.UnixMicro())
		return err
	}))
}
