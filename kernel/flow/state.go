package flow

import (
	"encoding/json"
	"slices"
)

// States of instances, tokens and tasks.
const (
	Running   = "running"
	Suspended = "suspended"
	Finished  = "finished"
	Cancelled = "cancelled"

	live   = "live"   // at a node that waits
	joined = "join"   // at a join, for its group
	queued = "queued" // member of a sequential countersign whose turn has not come
	failed = "failed" // waits for an administrator: an incident

	Open    = "open"
	Blocked = "blocked" // waits for a member added before it
	Done    = "done"
)

// inst is one process instance as it lies in flow_inst.
type inst struct {
	id, defKey  string
	defVersion  int64
	biz         Biz
	state       string
	vars        map[string]json.RawMessage
	rev, seq    int64
	slas        int64 // open clocks of instance scope; spares a query where there are none
	pauses      int64 // pauses ever made; spares a query where there are none
	sides       int64 // side tasks ever opened; likewise
	starter     string
	parent      string
	parentToken int64
	started     int64
	ended       int64
	fresh       bool // not yet in the table
}

// token is one live token.
type token struct {
	id      int64
	node    string
	stack   stack
	state   string
	index   int64  // position of a countersign member, in steps of 1000
	member  string // JSON candidate of a countersign member whose turn has not come
	prev    string // task completed last on this token
	outcome string // outcome chosen last on this token
	back    string // node to go straight back to (return, direct)
	child   string // instance of a call activity

	fresh, dirty, gone bool
}

// state is a loaded instance with its changes, written in one go at the end of the step.
type state struct {
	inst   *inst
	tokens []*token
	tasks  []*Task // opened or changed in this step, and the open ones once they are needed
	all    bool    // tasks holds every open task of the instance

	dropTimers []int64 // holders whose timers and subscriptions go
	timers     []timer
	subs       []sub
	waits      *waits   // what lies in the tables of timers and subscriptions; nil: not known
	uncand     []string // tasks whose candidate rows go
	slas       []*sla
	slaLoaded  bool
	pauses     []*pauseRow
	pauseRead  bool
	repeats    []*repeat // open blocks of repeated activities; complete once repRead
	repRead    bool
	comps      []*comp // what can be compensated; complete once compRead
	compRead   bool
	jobs       []job   // calls made in this step
	dropJobs   []int64 // tokens whose calls go
	incidents  []incident
	solved     []int64 // tokens whose incidents close
}

func (s *state) next() int64 {
	s.inst.seq++
	return s.inst.seq
}

func (s *state) spawn(node string, st stack) *token {
	t := &token{id: s.next(), node: node, stack: st, state: live, fresh: true}
	s.tokens = append(s.tokens, t)
	return t
}

// alive gives the tokens that are not gone.
func (s *state) alive() []*token {
	out := make([]*token, 0, len(s.tokens))
	for _, t := range s.tokens {
		if !t.gone {
			out = append(out, t)
		}
	}
	return out
}

// members gives the live tokens of a group.
func (s *state) members(group int64) []*token {
	var out []*token
	for _, t := range s.tokens {
		if !t.gone && t.stack.at(group) >= 0 {
			out = append(out, t)
		}
	}
	return out
}

func (s *state) token(id int64) *token {
	for _, t := range s.tokens {
		if t.id == id && !t.gone {
			return t
		}
	}
	return nil
}

func (s *state) drop(t *token) { t.gone = true }

// taskOf gives the open task of a token among those loaded.
func (s *state) taskOf(t *token) *Task {
	for _, k := range s.tasks {
		if k.token == t.id && (k.State == Open || k.State == Blocked) && k.Kind == KindNode {
			return k
		}
	}
	return nil
}

func (s *state) task(id string) *Task {
	for _, k := range s.tasks {
		if k.ID == id {
			return k
		}
	}
	return nil
}

type timer struct {
	id     string
	holder int64
	node   string
	kind   string
	due    int64
	left   int64
	span   string // length in working time, where it has one; then
	since  int64  // when it was set
}

// Kinds of timers.
const (
	timerNode  = "node" // catch event or boundary event
	timerSLA   = "sla"
	timerPause = "pause" // promised length of a pause

	timerSignal = "signal" // a signal that was sent
	timerStart  = "start"  // start event of a definition
)

type sub struct {
	holder int64
	node   string
	kind   string
	name   string
	corr   string
}

// waits are the holders of timers and of subscriptions that lie in the tables, or have lain there: a timer that has fired
// may still be named. It spares the deletes that would find nothing. It is never changed, only replaced.
type waits struct{ timers, subs []int64 }

// after gives the waits as a saved step leaves them.
func (w *waits) after(s *state) *waits {
	if w == nil && !s.inst.fresh {
		return nil
	}
	out := &waits{}
	if w != nil {
		gone := func(holder int64) bool { return slices.Contains(s.dropTimers, holder) }
		out.timers = slices.DeleteFunc(slices.Clone(w.timers), gone)
		out.subs = slices.DeleteFunc(slices.Clone(w.subs), gone)
	}
	for _, t := range s.timers {
		out.timers = append(out.timers, t.holder)
	}
	for _, x := range s.subs {
		out.subs = append(out.subs, x.holder)
	}
	return out
}

// dropped gives those of the holders given up that may have timers, and those that may have subscriptions.
func (s *state) dropped() (timers, subs []int64) {
	if s.waits == nil {
		return s.dropTimers, s.dropTimers
	}
	for _, h := range s.dropTimers {
		if slices.Contains(s.waits.timers, h) {
			timers = append(timers, h)
		}
		if slices.Contains(s.waits.subs, h) {
			subs = append(subs, h)
		}
	}
	return timers, subs
}
