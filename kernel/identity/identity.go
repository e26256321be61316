// Package identity holds who acts: organisations, people, posts, accounts and sessions.
//
// A person has posts (organisation × roles × area scope, with a term) and acts in one post at a time. Signing in gives a
// session; a session and a post give the Actor that every command carries. Administration keeps the three powers apart:
// the system administrator makes people and posts, the security administrator grants roles, the auditor reads the
// journal. It does not decide what a role may do; kernel/policy does.
//
// Main types: Store, Actor, Post, Session, Directory.
package identity

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/json"
	"io"
	"io/fs"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/journal"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the tables, for store.Migrate with the scope "identity".
func Migrations() fs.FS { return store.Files(migrations) }

// Roles is what identity asks about the roles that packs declare; *policy.Policy answers.
type Roles interface {
	// Clearance gives the highest field grade of the roles.
	Clearance(roles []string) int
	// Compatible refuses roles that one person may not hold together.
	Compatible(roles []string) error
}

// Journal takes the entries.
type Journal interface {
	Append(ctx context.Context, tx *store.Tx, e journal.Entry) (journal.Entry, error)
}

// Options of New. DB, Clock, Journal, Roles, Power and Secret must be there.
type Options struct {
	DB      *store.DB
	Clock   clock.Clock
	Journal Journal
	Roles   Roles
	// Power tells which of the three administrators' powers a role carries, and whether the role is declared at all.
	Power    func(role string) (power Power, known bool)
	Secret   []byte        // key of the digests of usernames, at least 16 bytes
	Random   io.Reader     // nil: crypto/rand
	Idle     time.Duration // a session unused for so long ends; 0 for 30 minutes
	Absolute time.Duration // a session ends so long after the sign-in; 0 for 12 hours
	Fresh    time.Duration // a cached session is trusted for so long; 0 for 3 seconds, at most 5
	Cost     Cost          // of password hashes; zero for DefaultCost
	Rules    Rules         // of passwords; zero for RulesASVS
}

// Store keeps identities. It is safe for concurrent use.
type Store struct {
	opt     Options
	decoy   string        // hash that no password opens, for accounts that do not exist
	hashing chan struct{} // bounds the memory that hashes take at once
	cache   cache
	reload  sync.Mutex
	dir     atomic.Pointer[Directory]
}

// New gives a store over migrated tables; Refresh fills its directory. The fault is Invalid "identity.options" where
// something needed is missing.
func New(opt Options) (*Store, error) {
	if opt.DB == nil || opt.Clock == nil || opt.Journal == nil || opt.Roles == nil || opt.Power == nil || len(opt.Secret) < 16 {
		return nil, fault.New(fault.Invalid, "identity.options")
	}
	if opt.Random == nil {
		opt.Random = rand.Reader
	}
	if opt.Idle <= 0 {
		opt.Idle = 30 * time.Minute
	}
	if opt.Absolute <= 0 {
		opt.Absolute = 12 * time.Hour
	}
	if opt.Fresh <= 0 {
		opt.Fresh = 3 * time.Second
	}
	opt.Fresh = min(opt.Fresh, 5*time.Second)
	if opt.Cost == (Cost{}) {
		opt.Cost = DefaultCost()
	}
	if opt.Rules == (Rules{}) {
		opt.Rules = RulesASVS()
	}
	s := &Store{opt: opt, hashing: make(chan struct{}, runtime.GOMAXPROCS(0))}
	s.dir.Store(newDirectory(0))
	noPassword, err := s.word(24)
	if err != nil {
		return nil, err
	}
	if s.decoy, err = opt.Cost.hash(opt.Random, noPassword); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Store) now() time.Time { return s.opt.Clock.Now().Truncate(time.Microsecond) }

func (s *Store) today() string { return s.now().In(clock.Shanghai).Format(time.DateOnly) }

func (s *Store) newID() (string, error) {
	id, err := uuid.NewV7FromReader(s.opt.Random)
	if err != nil {
		return "", fault.Wrap("new id", err)
	}
	return id.String(), nil
}

// log appends the entry of an act. body holds ids, paths and roles, never names, numbers or secrets.
func (s *Store) log(ctx context.Context, tx *store.Tx, a Actor, action, subject string, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return fault.Wrap("encode entry", err)
	}
	_, err = s.opt.Journal.Append(ctx, tx, journal.Entry{
		At: s.now(), Actor: a.Person, Post: a.Post, OnBehalf: a.OnBehalf, Via: a.Via,
		Action: action, Subject: subject, Request: a.Request, Body: raw,
	})
	return fault.Wrap("journal "+action, err)
}

// changed raises the version of the directory and reloads this node's after the commit; other nodes see the version when
// they next look at a session.
func (s *Store) changed(ctx context.Context, tx *store.Tx) error {
	if _, err := tx.Exec(ctx, `UPDATE identity_state SET version = version + 1 WHERE id = 1`); err != nil {
		return fault.Wrap("raise version", err)
	}
	// A reload that fails leaves the old version in memory, which the next look at a session notices and repairs.
	tx.OnCommit(func() { _ = s.Refresh(context.WithoutCancel(ctx)) })
	return nil
}

// lock holds a person's row until the end of the transaction, so that two grants cannot pass each other's check.
func (s *Store) lock(ctx context.Context, tx *store.Tx, person string) error {
	n, err := tx.Exec(ctx, `UPDATE identity_person SET changed_at = ? WHERE id = ?`, s.now().UnixMicro(), person)
	if err != nil {
		return fault.Wrap("lock person", err)
	}
	if n == 0 {
		return fault.New(fault.NotFound, "identity.person", "id", person)
	}
	return nil
}

func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).In(clock.Shanghai)
}
