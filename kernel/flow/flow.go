// Package flow runs processes: a token engine whose whole state lies in tables and whose every step happens inside the
// caller's transaction, together with the change of the record and one journal entry.
//
// Definitions are BPMN 2.0 models (base/bpmn), expressions are FEEL (base/feel), limits run by a working-time calendar
// (base/clock). There is nothing to recover after a crash. The package knows no HTTP,
// no words, no department. The rules of free return (§8 of the process standard) stand in move.go, the block structure
// they rest on in block.go.
//
// Main types: Engine, Command, Task, Records.
package flow

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/json"
	"io"
	"io/fs"
	"sync"
	"time"

	"chengshu/base/bpmn"
	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/journal"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the tables of the package, for store.Migrate with scope "flow".
func Migrations() fs.FS { return store.Files(migrations) }

// Change is what a step does to the record.
type Change struct {
	State  *string               // state to set; nil leaves it
	Data   map[string]any        // form input of a person, to be validated by the record declaration
	Form   []bpmn.FormField      // fields Data may hold, and which of them must be filled
	Set    map[string]feel.Value // fields set by the process; not limited to the form
	Rev    int64                 // revision the form was filled against; 0 does not matter
	Op     string                // what is done, for the record's history: "flow.complete"
	Reason string
}

// empty tells whether the change would change nothing.
func (c Change) empty() bool { return c.State == nil && len(c.Data) == 0 && len(c.Set) == 0 }

// Records is what the engine needs of the business records.
type Records interface {
	// Scope declares the names an expression about the type may use.
	Scope(typ string) (*feel.Scope, error)
	// Vars gives the variables of a record as they would be after c, which is validated and not written. An empty c
	// gives them as they are.
	Vars(ctx context.Context, tx *store.Tx, actor identity.Actor, typ, id string, c Change) (feel.Vars, error)
	// Apply writes record and history and gives the new revision and the body for the journal entry, which the engine
	// appends. An empty c writes nothing and is not called.
	Apply(ctx context.Context, tx *store.Tx, actor identity.Actor, typ, id string, c Change) (rev int64, body json.RawMessage, err error)
}

// Journal takes the one entry of a command.
type Journal interface {
	Append(ctx context.Context, tx *store.Tx, e journal.Entry) (journal.Entry, error)
}

// Policy is asked for what candidacy does not settle: "flow.jump", "flow.cancel", "flow.extend", "flow.clock",
// "flow.due", "flow.urge", "flow.start", "flow.suspend", "flow.incident", "flow.migrate",
// "flow.choose", "flow.supervise", "flow.appeal". A Denied fault refuses.
type Policy interface {
	Allow(ctx context.Context, tx *store.Tx, actor identity.Actor, action string, biz Biz) error
}

// People tells in which posts a person may act. It lets the engine refuse to hand a task to somebody who is no candidate.
type People interface {
	Posts(ctx context.Context, tx *store.Tx, person string) ([]identity.Actor, error)
}

// Services runs service tasks of kind notify, command and decision inside the transaction of the step; what leaves the
// database must be queued by it. The value is put into the declared result variable; the error of Raise is thrown into the
// process. Calls to other systems are not among them: they are jobs (Work).
type Services interface {
	Run(ctx context.Context, tx *store.Tx, actor identity.Actor, c Call) (feel.Value, error)
}

// Call is one service task to run.
type Call struct {
	Kind     string // "notify", "command" or "decision"
	Name     string // command or decision
	Message  string // message key of a notice
	To       []Candidate
	Data     feel.Value
	Reason   string // of the act that led here
	Instance string
	Node     string
	Biz      Biz
	Started  time.Time // when the instance began
	// Vars are, for a decision without data, the record's values and the process's as they are at this point of the step.
	Vars feel.Vars
	// Note adds a line to the journal entry and the history of the step.
	Note func(op string, data json.RawMessage)
}

// Event is something people may want to know at once; it is told after the commit.
type Event struct {
	Kind     string // "opened", "cancelled", "warn", "yellow", "red", "urged", "copied", "incident", "overrun"
	Task     string // empty for an instance's clock
	Instance string
	Node     string
	Biz      Biz
	To       []string // persons whose task was touched, where it had an assignee
	Cands    []Candidate
	SLA      string // name of the clock
	Reason   string
}

// Biz names the record a process is about.
type Biz struct {
	Type string `json:"type"` // "urban.case"
	ID   string `json:"id"`
	Org  string `json:"org,omitempty"`  // organisation path
	Area string `json:"area,omitempty"` // area path
}

// Subject is the journal's name of the record.
func (b Biz) Subject() string {
	if b.Type == "" {
		return "flow/" + b.ID // a process about no record
	}
	return b.Type + "/" + b.ID
}

// Options are what an engine is made of. DB, Clock, Calendar, Journal and Records must be there.
type Options struct {
	DB       *store.DB
	Clock    clock.Clock
	Calendar func(org string) *clock.Calendar
	Journal  Journal
	Records  Records
	Policy   Policy                                               // nil: every privileged command is refused
	People   People                                               // nil: a task may be handed to anybody
	Services Services                                             // nil: a service task but "set" is an error of the step
	Notify   func(Event)                                          // nil: nobody is told
	Data     func(context.Context, *store.Tx, identity.Actor) any // feel.Env.Data of every evaluation; nil: none
	Pauses   func(typ, reason string) (PauseRule, bool)           // closed list of lawful pauses; nil: any reason
	Cards    func(context.Context, *store.Tx, Card) error         // takes a card inside the step that draws or withdraws it; nil: none
	Rand     io.Reader                                            // nil: crypto/rand
	Steps    int                                                  // nodes one command may pass, 0 for 1,000
	TTL      time.Duration                                        // of a message nobody waits for, 0 for 30 days
}

// Engine executes definitions. It holds no state but caches: of immutable plans, and of instances by their revision. It is
// safe for concurrent use.
type Engine struct {
	opt     Options
	ids     *minter
	mu      sync.RWMutex
	plans   map[planKey]*plan
	watched map[string]bool // record types with conditional events; nil where not known
	cache   *cache
	wake    chan struct{}
}

type planKey struct {
	key     string
	version int64
}

// New makes an engine. The fault is Invalid "flow.options" where something needed is missing.
func New(opt Options) (*Engine, error) {
	if opt.DB == nil || opt.Clock == nil || opt.Calendar == nil || opt.Journal == nil || opt.Records == nil {
		return nil, fault.New(fault.Invalid, "flow.options")
	}
	if opt.Rand == nil {
		opt.Rand = rand.Reader
	}
	if opt.Steps <= 0 {
		opt.Steps = 1000
	}
	if opt.TTL <= 0 {
		opt.TTL = 30 * 24 * time.Hour
	}
	return &Engine{opt: opt, ids: newMinter(opt.Rand), plans: map[planKey]*plan{}, cache: newCache(), wake: make(chan struct{}, 1)}, nil
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).In(clock.Shanghai)
}
