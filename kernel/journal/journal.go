// Package journal is the append-only account of everything that happened: audit, outbox and evidence in one table.
//
// An entry is written in the transaction of the change it tells of. Entries get a gapless sequence number, stand as
// leaves in two Merkle trees (SM3 and SHA-256), are covered by signed checkpoints, and are read by followers (bus, search,
// indicators, exchange) through durable cursors. It is not a log of the program's doings and holds no personal data in
// clear: callers put salted digests into the body (see Digest).
//
// Main types: Journal, Entry.
package journal

import (
	"context"
	"embed"
	"encoding/json"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the tables of the package, for store.Migrate with scope "journal".
func Migrations() fs.FS { return store.Files(migrations) }

// Entry is one act. Append fills ID, Seq (where writers never overlap), At when zero, and the leaves.
type Entry struct {
	ID       int64           // unique, ordered by time: microseconds since 1970 and the writer's number, see idAt
	Seq      int64           // position in the log, from 1, without gaps; 0 until the entry has been sequenced
	At       time.Time       // when, microsecond precision
	Actor    string          // person id, "system" or "anonymous"
	Post     string          // post the person acted in, empty for citizens and the system
	OnBehalf string          // person stood in for, else empty
	Via      string          // road taken: "api", "web", "timer", …
	Action   string          // what: "record.create", "task.complete", "journal.query"
	Subject  string          // of what: "urban.case/<id>"
	Rev      int64           // revision of the subject after the act, 0 where it has none
	Reason   string          // reason given by the person, where the act asks for one
	Request  string          // command id: Idempotency-Key or trace id
	Body     json.RawMessage // what changed, a JSON value; no personal data in clear
}

// Options make a Journal.
type Options struct {
	DB     *store.DB    // with the tables of Migrations
	Clock  clock.Clock  // time of entries and checkpoints
	Keys   *Keys        // sign checkpoints; nil signs none
	Log    *slog.Logger // trouble of Run and Follow; nil is silent
	Origin string       // name of the log in checkpoints, "chengshu.example.gov.cn/journal"; empty is "chengshu/journal"

	Trust Trust // keys that Verify accepts beside the own ones: earlier keys, an auditor's copy of the public ones

	SignEvery   time.Duration // Run signs new entries after this time, by Clock; default one minute
	SignEntries int64         // and after this many; default 4,096
}

// Journal appends and reads entries. It is safe for concurrent use.
type Journal struct {
	db     *store.DB
	clock  clock.Clock
	log    *slog.Logger
	origin string
	writer int64 // number of this writer in ids

	signers     []note.Signer
	signEvery   time.Duration
	signEntries int64
	trust       Trust
	public      string

	mu     sync.Mutex
	last   int64      // microseconds of the newest id
	tree   *frontier  // as this process last built or saw it; never changed, only replaced
	signed Checkpoint // newest this process signed or saw

	wake chan struct{} // tells Run that something was committed
	news bell          // tells followers that there are new numbers
}

// New opens the journal in a migrated database and takes a writer's number, which is one small write. Errors: Invalid
// "journal.origin" (spaces, plus signs).
func New(ctx context.Context, o Options) (*Journal, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Origin == "" {
		o.Origin = "chengshu/journal"
	}
	if !isName(o.Origin) {
		return nil, fault.New(fault.Invalid, "journal.origin", "origin", o.Origin)
	}
	if o.SignEvery <= 0 {
		o.SignEvery = time.Minute
	}
	if o.SignEntries <= 0 {
		o.SignEntries = 4096
	}
	j := &Journal{
		db: o.DB, clock: o.Clock, log: o.Log, origin: o.Origin, signEvery: o.SignEvery, signEntries: o.SignEntries,
		trust: o.Trust, wake: make(chan struct{}, 1),
	}
	if o.Keys != nil {
		if err := j.useKeys(o.Keys); err != nil {
			return nil, err
		}
	}
	err := o.DB.Write(ctx, func(tx *store.Tx) error {
		err := tx.QueryRow(ctx, `UPDATE journal_head SET writers = writers + 1 WHERE id = 1 RETURNING writers`).Scan(&j.writer)
		if err != nil {
			return err
		}
		j.signed, _, err = readCheckpoint(ctx, tx, 0, maxSize)
		if fault.Is(err, fault.Invalid) {
			return nil // a damaged note is for Verify to name, not a reason to stand still
		}
		return err
	})
	if err != nil {
		return nil, fault.Wrap("open the journal", err)
	}
	return j, nil
}

func (j *Journal) useKeys(k *Keys) error {
	public, err := k.Public(j.origin)
	if err != nil {
		return err
	}
	own, err := ParseTrust(public)
	if err != nil {
		return err
	}
	j.trust, j.public = own.with(j.trust), public
	j.signers, err = k.signers(j.origin)
	return err
}

// Trust gives the public keys of the journal's own Keys and those of Options.Trust.
func (j *Journal) Trust() Trust { return j.trust }

// PublicKeys gives the public halves of the journal's own Keys as Keys.Public writes them, empty without Keys.
func (j *Journal) PublicKeys() string { return j.public }
