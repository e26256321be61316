// Package record keeps records: rows of declared types with revision, history, policy and journal.
//
// Every change takes the same road: policy → parse → defaults, computed values and checks → row, history and journal
// entry, all in the caller's transaction. Reads always carry the caller's row filter and mask fields above the caller's
// clearance. It knows no process engine and no HTTP; a Process handed in is started when a type declares one.
//
// Main types: Store, Record, Query, Draft.
package record

import (
	"context"
	"embed"
	"io/fs"
	"maps"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/journal"
	"chengshu/kernel/policy"
	"chengshu/kernel/schema"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the tables that do not depend on declarations.
func Migrations() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return migrations
	}
	return sub
}

// Process is what a record store needs of the process engine.
type Process interface {
	// Start begins the process with that key for a new record.
	Start(ctx context.Context, tx *store.Tx, a identity.Actor, key string, r *Record) error
	// Cancel ends the record's running process, if there is one.
	Cancel(ctx context.Context, tx *store.Tx, a identity.Actor, r *Record, reason string) error
	// Divert lets the record's running process go on at a node, whatever it was at. Conflict "flow.ended" where none runs.
	Divert(ctx context.Context, tx *store.Tx, a identity.Actor, r *Record, node, reason string) error
	// Message hands a named message to the record's process.
	Message(ctx context.Context, tx *store.Tx, a identity.Actor, r *Record, name string) error
	// Changed tells that a record was created, updated or commanded, so that processes that wait for a condition look again.
	// It tells whether one went on, which may have changed the record.
	Changed(ctx context.Context, tx *store.Tx, a identity.Actor, r *Record) (bool, error)
}

// Locator assigns the grid and the area path of a point.
type Locator interface {
	Locate(lon, lat float64) (grid, area string, ok bool)
}

// Directory names organisations, people, areas and the choices of fields, and tells whether they exist.
type Directory interface {
	Name(kind, id string) (name string, known bool) // kind: "org", "person", "area"; "choice" with "<type>.<field>.<value>"
}

// Index is the full-text index.
type Index interface {
	Put(ctx context.Context, tx *store.Tx, typ, id string, texts []string) error
	Remove(ctx context.Context, tx *store.Tx, typ, id string) error
	// Clause gives a SQL condition over the column id that selects the records of a type that match a query.
	Clause(d store.Dialect, typ, query string) (sql string, args []any)
}

// Journal takes the entries.
type Journal interface {
	Append(ctx context.Context, tx *store.Tx, e journal.Entry) (journal.Entry, error)
}

// Notifier tells people about a record.
type Notifier interface {
	Tell(ctx context.Context, tx *store.Tx, a identity.Actor, recipients feel.Value, message string, r *Record) error
}

// Options of New. Process, Places, Names, Index and Notify may be nil.
type Options struct {
	Clock   clock.Clock
	Policy  *policy.Policy
	Journal Journal
	Process Process
	Places  Locator
	Names   Directory
	Index   Index
	Notify  Notifier
	County  string // six-digit code, for numbers
	Secret  []byte // key of cursors, at least 16 bytes
	Keys    *Keys  // keys of secret fields; without them no secret can be written or read
}

// Store keeps the records of every declared type. It is safe for concurrent use.
type Store struct {
	opt Options
	set atomic.Pointer[schema.Set]

	recent recent
	wide   wide
}

// New gives a store without types; Use puts declarations in force.
func New(opt Options) *Store {
	s := &Store{opt: opt}
	empty, err := schema.NewDraft().Freeze()
	if err == nil {
		s.set.Store(empty)
	}
	return s
}

// Use swaps the set of declarations. The tables must have been brought up to date with Plan and Apply before.
func (s *Store) Use(set *schema.Set) { s.set.Store(set) }

// Set gives the declarations in force.
func (s *Store) Set() *schema.Set { return s.set.Load() }

// Policy gives the policy that guards the store.
func (s *Store) Policy() *policy.Policy { return s.opt.Policy }

// SetProcess hands in the process engine; it is called once, while the application is wired, because engine and store
// need each other.
func (s *Store) SetProcess(p Process) { s.opt.Process = p }

// Record is one record with all its values, unmasked. What leaves the server goes through Store.View.
type Record struct {
	Type   *schema.Type
	Values schema.Values // declared fields and system columns in canonical form
}

// ID gives the record's id, a UUIDv7.
func (r *Record) ID() string { return r.text("id") }

// Rev gives the revision, which is also the ETag; it starts at 1.
func (r *Record) Rev() int64 {
	n, _ := r.Values["rev"].(int64)
	return n
}

// State gives the state column.
func (r *Record) State() string { return r.text("state") }

// Area gives the area path.
func (r *Record) Area() string { return r.text("area") }

// Org gives the organisation path.
func (r *Record) Org() string { return r.text("org") }

// Title gives the title.
func (r *Record) Title() string { return r.text("title") }

// Subject is how journal, files and notices name the record: "urban.case/<id>".
func (r *Record) Subject() string { return r.Type.Name + "/" + r.ID() }

func (r *Record) text(name string) string {
	s, _ := r.Values[name].(string)
	return s
}

// clone copies the values, not the documents inside them: canonical values are never changed in place.
func (r *Record) clone() *Record {
	values := make(schema.Values, len(r.Values))
	maps.Copy(values, r.Values)
	return &Record{Type: r.Type, Values: values}
}

func (s *Store) env(ctx context.Context, tx *store.Tx, a identity.Actor, r *Record) *feel.Env {
	return &feel.Env{Data: &Reach{Ctx: ctx, Tx: tx}, Vars: r.Type.Vars(r.Values, policy.User(a)), Now: s.opt.Clock.Now}
}

func (s *Store) now() time.Time { return s.opt.Clock.Now().Truncate(time.Microsecond) }

func (s *Store) today() string { return s.now().In(clock.Shanghai).Format(time.DateOnly) }

func newID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fault.Wrap("new id", err)
	}
	return id.String(), nil
}

// Vars gives the record's values as expressions see them, with the actor as user.
func (r *Record) Vars(a identity.Actor) feel.Vars { return r.Type.Vars(r.Values, policy.User(a)) }
