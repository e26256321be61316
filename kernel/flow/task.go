package flow

import "time"

// Kinds of tasks.
const (
	KindNode    = "node"    // a user task of the model
	KindConsult = "consult" // an opinion asked for; does not hold the token
	KindCopy    = "copy"    // a copy to know of; does not hold the token
	KindExtend  = "extend"  // approval of a longer limit; does not hold the token

	KindSupervise = "supervise" // an answer to a supervisor; does not hold the token
	KindAppeal    = "appeal"    // decision about a card; does not hold the token
)

// Task is one piece of work for people.
type Task struct {
	ID         string
	Instance   string
	Process    string // definition key
	Node       string
	Kind       string
	Biz        Biz
	Candidates []Candidate
	Assignee   string // person id; empty in the pool
	Owner      string // person it comes back to after delegation
	State      string // Open, Blocked, Done, Cancelled
	Outcome    string
	Reason     string
	Data       string // JSON of what auxiliary tasks carry
	Prev       string // task whose completion led here
	Member     int64  // position in a countersign, 0 outside
	Due, Warn  time.Time
	Red        time.Time
	Created    time.Time
	Claimed    time.Time
	Done       time.Time
	DoneBy     string
	Blocker    string // task of the member added before this one

	token, group   int64
	fresh, dirty   bool
	recand, remade bool // candidates changed; candidates, blocker or dues changed
}
