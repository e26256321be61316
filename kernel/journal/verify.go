package journal

import (
	"cmp"
	"context"
	"slices"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// Kinds of Finding; message keys are "journal.finding." and the kind.
const (
	FindEntry      = "entry"      // the entry is not the one that was hashed
	FindLeaf       = "leaf"       // the kept hash of an entry is another than the entry's, in one tree
	FindGap        = "gap"        // entries are missing in the middle
	FindTail       = "tail"       // entries are missing at the end that were in the trees or under a checkpoint
	FindNode       = "node"       // a kept node is absent, too many, or not that of the entries below it
	FindCheckpoint = "checkpoint" // a checkpoint cannot be read, is not signed, or its row says something else
	FindFork       = "fork"       // the log is not the one that was signed
)

// Finding is one thing that is not as it was.
type Finding struct {
	Kind    string `json:"kind"`
	From    int64  `json:"from,omitempty"`    // first entry concerned
	To      int64  `json:"to,omitempty"`      // last entry concerned
	ID      int64  `json:"id,omitempty"`      // id of the entry, of FindEntry and FindLeaf
	Tree    string `json:"tree,omitempty"`    // "sm3" or "sha256" where it is only one
	Level   int    `json:"level,omitempty"`   // of FindNode
	Index   int64  `json:"index,omitempty"`   // of FindNode
	Size    int64  `json:"size,omitempty"`    // of the checkpoint
	Witness bool   `json:"witness,omitempty"` // the checkpoint is a note that somebody else kept
}

// Report sums up a verification.
type Report struct {
	Entries  int64 `json:"entries"`  // entries looked at
	Signed   int64 `json:"signed"`   // entries under the newest good checkpoint; those after it could be cut off unseen
	Waiting  int64 `json:"waiting"`  // committed entries without a number yet
	Findings int   `json:"findings"` // number of findings
}

// verifyBatch is the number of entries read in one snapshot.
const verifyBatch = 1000

// topLevel is above every tree.
const topLevel = 60

// Verify computes everything anew: each entry against its leaves, the leaves against the nodes, the trees against all
// checkpoints in the database and against the given notes, which somebody else kept. It tells report of each thing that
// is not as it was, and changes nothing. Appending may go on meanwhile. Without Keys and Options.Trust the signatures are
// not looked at.
func (j *Journal) Verify(ctx context.Context, report func(Finding), notes ...[]byte) (Report, error) {
	a := &audit{j: j}
	a.report = func(f Finding) {
		a.sum.Findings++
		report(f)
	}
	if err := a.prepare(ctx, notes); err != nil {
		return a.sum, fault.Wrap("verify the journal", err)
	}
	for {
		b, err := a.read(ctx)
		if err != nil {
			return a.sum, fault.Wrap("verify the journal", err)
		}
		a.take(b)
		if len(b.rows) < verifyBatch {
			break
		}
	}
	a.finish()
	strays, err := a.strayNodes(ctx)
	for _, f := range strays {
		a.report(f)
	}
	return a.sum, fault.Wrap("verify the journal", err)
}

// leafRow is an entry and its kept leaves.
type leafRow struct {
	entry  Entry
	stored pair
}

func readLeaves(ctx context.Context, tx *store.Tx, where string, args ...any) ([]leafRow, error) {
	rows, err := tx.Query(ctx, `SELECT `+columns+`, sm3, sha256 FROM journal WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []leafRow
	for rows.Next() {
		var l leafRow
		if l.entry, err = scanEntry(rows, &l.stored.sm3, &l.stored.sha); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, rows.Err()
}

// check compares the entry with its leaves; the computed leaf comes back.
func (l leafRow) check(report func(Finding)) pair {
	var computed pair
	computed.sm3, computed.sha = hashLeaf(l.entry.Canonical())
	f := Finding{Kind: FindLeaf, From: l.entry.Seq, To: l.entry.Seq, ID: l.entry.ID}
	sm3, sha := slices.Equal(computed.sm3, l.stored.sm3), slices.Equal(computed.sha, l.stored.sha)
	switch {
	case sm3 && sha:
		return computed
	case sha:
		f.Tree = "sm3"
	case sm3:
		f.Tree = "sha256"
	default:
		f.Kind = FindEntry
	}
	report(f)
	return computed
}

// mark is a checkpoint the trees have to meet.
type mark struct {
	Checkpoint
	witness bool
}

// audit is one verification under way.
type audit struct {
	j      *Journal
	report func(Finding)
	sum    Report
	size   int64 // entries that are in the trees or under a checkpoint
	last   int64 // newest number when the verification began
	next   int64 // number of the entry expected next
	marks  []mark
	signed int64 // newest checkpoint met
	tree   shadow
}

// prepare takes the bounds and all checkpoints from one snapshot.
func (a *audit) prepare(ctx context.Context, notes [][]byte) error {
	a.next = 1
	type row struct {
		size, at int64
		note     string
		sum      []byte
	}
	var rows []row
	var s Status
	err := a.j.db.Read(ctx, func(tx *store.Tx) error {
		rows = rows[:0]
		var err error
		if s, err = a.j.Status(ctx, tx); err != nil {
			return err
		}
		found, err := tx.Query(ctx, `SELECT size, at, note, sm3 FROM journal_checkpoint ORDER BY size`)
		if err != nil {
			return err
		}
		defer func() { _ = found.Close() }()
		for found.Next() {
			var r row
			if err := found.Scan(&r.size, &r.at, &r.note, &r.sum); err != nil {
				return err
			}
			rows = append(rows, r)
		}
		return found.Err()
	})
	if err != nil {
		return err
	}
	a.size, a.last, a.sum.Waiting = s.Size, s.Seq, s.Waiting
	for _, r := range rows {
		c, ok := a.open(r.note)
		if !ok || c.Size != r.size || c.At.UnixMicro() != r.at || !slices.Equal(r.sum, sm3Sum([]byte(r.note))) {
			a.report(Finding{Kind: FindCheckpoint, Size: r.size})
			continue
		}
		a.marks = append(a.marks, mark{c, false})
	}
	for _, text := range notes {
		c, ok := a.open(string(text))
		if !ok {
			a.report(Finding{Kind: FindCheckpoint, Witness: true})
			continue
		}
		a.marks = append(a.marks, mark{c, true})
	}
	slices.SortStableFunc(a.marks, func(x, y mark) int { return cmp.Compare(x.Size, y.Size) })
	if n := len(a.marks); n > 0 {
		a.size = max(a.size, a.marks[n-1].Size)
	}
	a.meet() // checkpoints of the empty log
	return nil
}

// open reads a checkpoint of this log.
func (a *audit) open(text string) (Checkpoint, bool) {
	c, err := readNote(text)
	if err == nil && len(a.j.trust.verifiers) > 0 {
		c, _, err = a.j.trust.Open([]byte(text))
	}
	return c, err == nil && c.Origin == a.j.origin
}

// batch is the next entries, in the order of their numbers, and the kept nodes that they complete.
type batch struct {
	rows  []leafRow
	nodes map[place]pair
}

// place names a node.
type place struct {
	level int
	idx   int64
}

func (a *audit) read(ctx context.Context) (batch, error) {
	var b batch
	err := a.j.db.Read(ctx, func(tx *store.Tx) error {
		b = batch{nodes: make(map[place]pair)}
		var err error
		b.rows, err = readLeaves(ctx, tx, `seq >= ? AND seq <= ? ORDER BY seq LIMIT ?`, a.next, a.last, verifyBatch)
		if err != nil || len(b.rows) == 0 {
			return err
		}
		end := min(b.rows[len(b.rows)-1].entry.Seq, a.size)
		if end-a.next > lostLimit {
			return nil
		}
		for level := stride; end>>level > 0; level += stride {
			if err := b.readNodes(ctx, tx, level, (a.next-1)>>level, end>>level); err != nil {
				return err
			}
		}
		return nil
	})
	return b, err
}

func (b batch) readNodes(ctx context.Context, tx *store.Tx, level int, begin, end int64) error {
	rows, err := tx.Query(ctx, `SELECT idx, sm3, sha256 FROM journal_node WHERE level = ? AND idx >= ? AND idx < ?`, level, begin, end)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var idx int64
		var p pair
		if err := rows.Scan(&idx, &p.sm3, &p.sha); err != nil {
			return err
		}
		b.nodes[place{level, idx}] = p
	}
	return rows.Err()
}

// take looks at the entries of a batch.
func (a *audit) take(b batch) {
	for _, l := range b.rows {
		seq := l.entry.Seq
		if seq > a.next {
			a.report(Finding{Kind: FindGap, From: a.next, To: seq - 1})
			a.tree.lost = a.tree.lost || min(seq, a.size)-a.next > lostLimit
			for a.next < seq && a.next <= a.size && !a.tree.lost {
				a.push(b, twin{absent: true})
			}
			a.next = seq
		}
		a.sum.Entries++
		computed := l.check(a.report)
		if seq > a.size || a.tree.lost {
			a.next++
			continue
		}
		a.push(b, twin{stored: l.stored, computed: computed})
	}
}

// push puts a leaf into the shadow of the trees, compares the nodes it completes and the checkpoints of that size.
func (a *audit) push(b batch, leaf twin) {
	a.next++
	a.tree.push(leaf, b.nodes, a.report)
	a.meet()
}

// meet compares the checkpoints of the size reached.
func (a *audit) meet() {
	for len(a.marks) > 0 && a.marks[0].Size < a.next {
		m := a.marks[0]
		a.marks = a.marks[1:]
		want := pair{m.SM3, m.SHA256}
		stored, computed, known := a.tree.roots()
		switch {
		case !known: // entries are missing, which has been said
		case stored.equal(want), computed.equal(want):
			a.signed = m.Size
		default:
			a.report(Finding{Kind: FindFork, From: a.signed + 1, To: m.Size, Size: m.Size, Witness: m.witness})
		}
	}
	a.sum.Signed = a.signed
}

// finish tells of entries that should follow the last one and do not.
func (a *audit) finish() {
	if a.size < a.next {
		return
	}
	f := Finding{Kind: FindTail, From: a.next, To: a.size}
	for _, m := range a.marks {
		f.Size, f.Witness = m.Size, m.witness
	}
	a.report(f)
}

// strayNodes gives the nodes that belong to no tree of this size.
func (a *audit) strayNodes(ctx context.Context) ([]Finding, error) {
	var out []Finding
	err := a.j.db.Read(ctx, func(tx *store.Tx) error {
		out = nil
		s, err := a.j.Status(ctx, tx) // appending may have gone on
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT level, idx FROM journal_node WHERE level % ? <> 0 OR level <= 0 OR level >= ? OR idx < 0
UNION ALL SELECT level, MAX(idx) FROM journal_node WHERE level % ? = 0 AND level > 0 AND level < ? GROUP BY level`,
			stride, topLevel, stride, topLevel)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var level, idx int64
			if err := rows.Scan(&level, &idx); err != nil {
				return err
			}
			regular := level%stride == 0 && level > 0 && level < topLevel && idx >= 0
			if !regular || idx >= s.Size>>level {
				out = append(out, Finding{Kind: FindNode, Level: int(level), Index: idx})
			}
		}
		return rows.Err()
	})
	return out, err
}
