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
	"encoding/json"
	"time"
)

// Entry is one act. Append fills ID, Seq (where writers never overlap), At when zero, and the leaves.
type Entry struct {
	ID       int64           // unique, ordered by time: microseconds since 1970 with a counter, see idAt
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
