package journal

import (
	"context"
	"encoding/base64"
	"strings"
	"time"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
)

// Checkpoint is the state of the log at a size, signed: a C2SP tlog-checkpoint in a C2SP signed note. The root of its third
// line is the SHA-256 one; two extension lines, "sm3 <base64>" and "at <RFC 3339>", carry the SM3 root and the log's time.
type Checkpoint struct {
	Origin string    // name of the log
	Size   int64     // entries covered
	SHA256 []byte    // root of the SHA-256 tree
	SM3    []byte    // root of the SM3 tree
	At     time.Time // time of the log's clock, microseconds
	Note   string    // the signed text
}

// maxSize is more than any log holds.
const maxSize = 1 << 62

// atForm is RFC 3339 in UTC with six decimals.
const atForm = "2006-01-02T15:04:05.000000Z"

// text gives the body that is signed.
func (c Checkpoint) text() string {
	head := log.Checkpoint{Origin: c.Origin, Size: uint64(c.Size), Hash: c.SHA256}.Marshal()
	return string(head) + "sm3 " + base64.StdEncoding.EncodeToString(c.SM3) + "\nat " + c.At.UTC().Format(atForm) + "\n"
}

// parseCheckpoint reads a body in exactly the form that text writes, so that no byte of it can be another.
func parseCheckpoint(body string) (Checkpoint, error) {
	bad := func(err error) (Checkpoint, error) {
		return Checkpoint{}, fault.New(fault.Invalid, "journal.note").With(err)
	}
	var head log.Checkpoint
	rest, err := head.Unmarshal([]byte(body))
	if err != nil {
		return bad(err)
	}
	lines := strings.Split(string(rest), "\n")
	if len(lines) < 2 || head.Size > maxSize {
		return bad(nil)
	}
	c := Checkpoint{Origin: head.Origin, Size: int64(head.Size), SHA256: head.Hash}
	if c.SM3, err = base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[0], "sm3 ")); err != nil {
		return bad(err)
	}
	if c.At, err = time.ParseInLocation(atForm, strings.TrimPrefix(lines[1], "at "), time.UTC); err != nil {
		return bad(err)
	}
	c.At = c.At.In(clock.Shanghai)
	if c.text() != body {
		return bad(nil)
	}
	return c, nil
}

// Sign numbers and builds what is committed, signs the log as it then stands, keeps the checkpoint and gives it. Where this
// size has been signed already, that checkpoint is given. It opens transactions of its own.
//
// Errors: Unavailable "journal.unsigned" (the journal was opened without keys).
func (j *Journal) Sign(ctx context.Context) (Checkpoint, error) {
	if j.signers == nil {
		return Checkpoint{}, fault.New(fault.Unavailable, "journal.unsigned")
	}
	if err := j.buildAll(ctx); err != nil {
		return Checkpoint{}, err
	}
	var c Checkpoint
	err := j.db.Write(ctx, func(tx *store.Tx) error {
		f, err := j.edge(ctx, tx)
		if err != nil {
			return err
		}
		if err := j.continues(ctx, tx, f.size); err != nil {
			return err
		}
		var found bool
		if c, found, err = readCheckpoint(ctx, tx, f.size, f.size); err != nil || found {
			return err
		}
		root := f.root()
		c = Checkpoint{
			Origin: j.origin, Size: f.size, SHA256: root.sha, SM3: root.sm3,
			At: j.clock.Now().Truncate(time.Microsecond).In(clock.Shanghai),
		}
		signed, err := note.Sign(&note.Note{Text: c.text()}, j.signers...)
		if err != nil {
			return err
		}
		c.Note = string(signed)
		_, err = tx.Exec(ctx, `INSERT INTO journal_checkpoint (size, at, note, sm3) VALUES (?, ?, ?, ?)`,
			c.Size, c.At.UnixMicro(), c.Note, sm3Sum(signed))
		return err
	})
	if err != nil {
		return Checkpoint{}, fault.Wrap("sign the journal", err)
	}
	j.mu.Lock()
	if c.Size >= j.signed.Size {
		j.signed = c
	}
	j.mu.Unlock()
	return c, nil
}

// continues refuses to sign what does not continue the newest checkpoint in the database and the newest of this process: a
// log must never sign two pasts. Errors: Conflict "journal.tail" (entries are gone), "journal.fork" (they are others).
func (j *Journal) continues(ctx context.Context, tx *store.Tx, size int64) error {
	stored, _, err := readCheckpoint(ctx, tx, 0, maxSize)
	if err != nil && !fault.Is(err, fault.Invalid) { // a note that cannot be read says nothing; Verify names it
		return err
	}
	j.mu.Lock()
	own := j.signed
	j.mu.Unlock()
	for _, c := range []Checkpoint{stored, own} {
		if c.Size > size {
			return fault.New(fault.Conflict, "journal.tail", "size", size, "signed", c.Size)
		}
		if c.Note == "" {
			continue
		}
		f, err := loadFrontier(ctx, tx, c.Size)
		if err != nil {
			return err
		}
		if !f.root().equal(pair{c.SM3, c.SHA256}) {
			return fault.New(fault.Conflict, "journal.fork", "signed", c.Size)
		}
	}
	return nil
}

// Latest gives the newest checkpoint. Error: NotFound "journal.unsigned".
func (j *Journal) Latest(ctx context.Context, tx *store.Tx) (Checkpoint, error) {
	c, found, err := readCheckpoint(ctx, tx, 0, maxSize)
	if err == nil && !found {
		return Checkpoint{}, fault.New(fault.NotFound, "journal.unsigned")
	}
	return c, err
}

// readCheckpoint gives the newest checkpoint of a size in [from, to], without looking at its signatures.
func readCheckpoint(ctx context.Context, tx *store.Tx, from, to int64) (c Checkpoint, found bool, err error) {
	var text string
	err = tx.QueryRow(ctx, `SELECT note FROM journal_checkpoint WHERE size >= ? AND size <= ? ORDER BY size DESC LIMIT 1`, from, to).Scan(&text)
	if store.None(err) {
		return Checkpoint{}, false, nil
	}
	if err != nil {
		return Checkpoint{}, false, err
	}
	c, err = readNote(text)
	return c, err == nil, err
}

// readNote reads a note without looking at its signatures.
func readNote(text string) (Checkpoint, error) {
	body, _, _ := strings.Cut(text, "\n\n")
	c, err := parseCheckpoint(body + "\n")
	c.Note = text
	return c, err
}

// due tells whether the next checkpoint is to be signed: there is something new, and much of it or for long.
func (j *Journal) due() bool {
	if j.signers == nil {
		return false
	}
	now := j.clock.Now()
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.tree == nil || j.tree.size <= j.signed.Size {
		return false
	}
	return j.tree.size-j.signed.Size >= j.signEntries || now.Sub(j.signed.At) >= j.signEvery
}
