package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
)

// proofFormat names the JSON form of Proof.
const proofFormat = "chengshu-proof/1"

// proofLimit bounds the entries of a proof and, in bytes, the proof that is read.
const (
	proofLimit = 10_000
	proofBytes = 64 << 20
)

// Proof shows without the database that entries stand in a log under a signed checkpoint. Its JSON is the proof file. It
// shows that they are there, not that there are no others.
type Proof struct {
	Format     string      `json:"format"`     // "chengshu-proof/1"
	Checkpoint string      `json:"checkpoint"` // signed note
	Entries    []Inclusion `json:"entries"`
}

// Inclusion is one entry and the neighbours on its way to both roots (RFC 6962 §2.1.1), hashes in base64.
type Inclusion struct {
	Seq    int64           `json:"seq"`   // from 1; the leaf's index is one less
	Entry  json.RawMessage `json:"entry"` // hashed in its canonical form (RFC 8785)
	SM3    [][]byte        `json:"sm3"`
	SHA256 [][]byte        `json:"sha256"`
}

// Prove gives the proof of one entry under the newest checkpoint.
//
// Errors: NotFound "journal.entry"; Unavailable "journal.unsigned" (not yet under a checkpoint, see Sign).
func (j *Journal) Prove(ctx context.Context, tx *store.Tx, seq int64) (Proof, error) {
	entries, err := readEntries(ctx, tx, `SELECT `+columns+` FROM journal WHERE seq = ?`, seq)
	if err != nil {
		return Proof{}, err
	}
	return prove(ctx, tx, entries)
}

// ProveSubject gives the proof of all entries about a subject, for instance "urban.case/17", under the newest checkpoint.
// Errors as of Prove, and TooLarge "journal.proof.many".
func (j *Journal) ProveSubject(ctx context.Context, tx *store.Tx, subject string) (Proof, error) {
	entries, err := readEntries(ctx, tx, `SELECT `+columns+` FROM journal WHERE subject = ? ORDER BY seq LIMIT ?`, subject, proofLimit+1)
	if err != nil {
		return Proof{}, err
	}
	if len(entries) > proofLimit {
		return Proof{}, fault.New(fault.TooLarge, "journal.proof.many", "max", proofLimit)
	}
	return prove(ctx, tx, entries)
}

func prove(ctx context.Context, tx *store.Tx, entries []Entry) (Proof, error) {
	if len(entries) == 0 {
		return Proof{}, fault.New(fault.NotFound, "journal.entry")
	}
	c, found, err := readCheckpoint(ctx, tx, 0, maxSize)
	if err != nil {
		return Proof{}, err
	}
	p := Proof{Format: proofFormat, Checkpoint: c.Note}
	for _, e := range entries {
		if !found || e.Seq == 0 || e.Seq > c.Size {
			return Proof{}, fault.New(fault.Unavailable, "journal.unsigned")
		}
		in, err := include(ctx, tx, e, c.Size)
		if err != nil {
			return Proof{}, err
		}
		p.Entries = append(p.Entries, in)
	}
	return p, nil
}

// include gives the way of an entry to the roots of the first size entries.
func include(ctx context.Context, tx *store.Tx, e Entry, size int64) (Inclusion, error) {
	way, err := proof.Inclusion(uint64(e.Seq-1), uint64(size))
	if err != nil {
		return Inclusion{}, err
	}
	in := Inclusion{Seq: e.Seq, Entry: e.Canonical()}
	in.SM3, in.SHA256, err = readWay(ctx, tx, way)
	return in, err
}

// readWay reads the nodes of a proof in both trees.
func readWay(ctx context.Context, tx *store.Tx, way proof.Nodes) (sm3, sha [][]byte, err error) {
	sm3, sha = make([][]byte, len(way.IDs)), make([][]byte, len(way.IDs))
	for i, id := range way.IDs {
		p, err := readNode(ctx, tx, int(id.Level), int64(id.Index))
		if err != nil {
			return nil, nil, err
		}
		sm3[i], sha[i] = p.sm3, p.sha
	}
	sm3, err = way.Rehash(sm3, sm3Hasher{}.HashChildren)
	if err != nil {
		return nil, nil, err
	}
	sha, err = way.Rehash(sha, rfc6962.DefaultHasher.HashChildren)
	return sm3, sha, err
}

// Verified is what a proof shows.
type Verified struct {
	Checkpoint Checkpoint
	Signers    []string // names with key ids of the trusted signatures that held
	Entries    []Entry
}

// VerifyProof checks a proof file against public keys alone, without a database.
//
// Errors: Invalid "journal.proof" (not such a file); TooLarge "journal.proof.size"; Denied "journal.note.signature",
// "journal.proof.entry" with the number of the entry that is not in the log.
func VerifyProof(data []byte, trusted Trust) (Verified, error) {
	if len(data) > proofBytes {
		return Verified{}, fault.New(fault.TooLarge, "journal.proof.size", "max", proofBytes)
	}
	var p Proof
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil || p.Format != proofFormat || len(p.Entries) == 0 || d.More() {
		return Verified{}, fault.New(fault.Invalid, "journal.proof").With(err)
	}
	c, signers, err := trusted.Open([]byte(p.Checkpoint))
	if err != nil {
		return Verified{}, err
	}
	v := Verified{Checkpoint: c, Signers: signers}
	for _, in := range p.Entries {
		e, err := in.verify(c)
		if err != nil {
			return Verified{}, fault.New(fault.Denied, "journal.proof.entry", "seq", in.Seq).With(err)
		}
		v.Entries = append(v.Entries, e)
	}
	return v, nil
}

func (in Inclusion) verify(c Checkpoint) (Entry, error) {
	form, err := canonical(in.Entry)
	if err != nil {
		return Entry{}, err
	}
	e, err := parseEntry(form)
	if err != nil {
		return Entry{}, err
	}
	if in.Seq < 1 || in.Seq > c.Size {
		return Entry{}, errOutside
	}
	e.Seq = in.Seq
	index, size := uint64(in.Seq-1), uint64(c.Size)
	sm3, sha := hashLeaf(form)
	err = proof.VerifyInclusion(sm3Hasher{}, index, size, sm3, in.SM3, c.SM3)
	if err == nil {
		err = proof.VerifyInclusion(rfc6962.DefaultHasher, index, size, sha, in.SHA256, c.SHA256)
	}
	return e, err
}

var (
	errOutside = errors.New("number outside the checkpoint")
	errForm    = errors.New("not the form of an entry")
)

// parseEntry reads what Canonical writes and nothing else.
func parseEntry(form []byte) (Entry, error) {
	var f struct {
		Action   string          `json:"action"`
		Actor    string          `json:"actor"`
		At       string          `json:"at"`
		Body     json.RawMessage `json:"body"`
		ID       int64           `json:"id,string"`
		OnBehalf string          `json:"on_behalf"`
		Post     string          `json:"post"`
		Reason   string          `json:"reason"`
		Request  string          `json:"request"`
		Rev      int64           `json:"rev"`
		Subject  string          `json:"subject"`
		V        int             `json:"v"`
		Via      string          `json:"via"`
	}
	if err := json.Unmarshal(form, &f); err != nil {
		return Entry{}, err
	}
	at, err := time.ParseInLocation(atForm, f.At, time.UTC)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{
		ID: f.ID, At: at.In(clock.Shanghai), Actor: f.Actor, Post: f.Post, OnBehalf: f.OnBehalf, Via: f.Via, Action: f.Action,
		Subject: f.Subject, Rev: f.Rev, Reason: f.Reason, Request: f.Request, Body: f.Body,
	}
	if !bytes.Equal(e.Canonical(), form) {
		return Entry{}, errForm
	}
	return e, nil
}
