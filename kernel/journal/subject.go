package journal

import (
	"context"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// VerifySubject checks the entries about one subject: each against its leaves and against the newest checkpoint, by the
// way to both roots. It cannot see that an entry is missing; Verify can. Report.Signed counts the entries of the subject
// under the checkpoint.
func (j *Journal) VerifySubject(ctx context.Context, subject string, report func(Finding)) (Report, error) {
	var sum Report
	var findings []Finding
	err := j.db.Read(ctx, func(tx *store.Tx) error {
		sum, findings = Report{}, nil
		note := func(f Finding) { findings = append(findings, f) }
		c, found, err := readCheckpoint(ctx, tx, 0, maxSize)
		if err != nil && !fault.Is(err, fault.Invalid) {
			return err
		}
		if found || err != nil {
			if _, ok := (&audit{j: j}).open(c.Note); !ok {
				note(Finding{Kind: FindCheckpoint, Size: c.Size})
				found = false
			}
		}
		rows, err := readLeaves(ctx, tx, `subject = ? ORDER BY id`, subject)
		if err != nil {
			return err
		}
		for _, l := range rows {
			sum.Entries++
			if l.entry.Seq == 0 {
				sum.Waiting++
			}
			before := len(findings)
			if l.check(note); len(findings) > before || !found || l.entry.Seq < 1 || l.entry.Seq > c.Size {
				continue
			}
			sum.Signed++
			if err := j.verifyPlace(ctx, tx, l, c, note); err != nil {
				return err
			}
		}
		return nil
	})
	for _, f := range findings {
		report(f)
	}
	sum.Findings = len(findings)
	return sum, fault.Wrap("verify a subject in the journal", err)
}

// verifyPlace checks that the entry stands where it says under the checkpoint.
func (j *Journal) verifyPlace(ctx context.Context, tx *store.Tx, l leafRow, c Checkpoint, report func(Finding)) error {
	seq := l.entry.Seq
	in, err := include(ctx, tx, l.entry, c.Size)
	if fault.CodeOf(err) == "journal.node" {
		report(Finding{Kind: FindNode, From: seq, To: seq, ID: l.entry.ID})
		return nil
	}
	if err != nil {
		return err
	}
	index, size := uint64(seq-1), uint64(c.Size)
	if proof.VerifyInclusion(sm3Hasher{}, index, size, l.stored.sm3, in.SM3, c.SM3) != nil ||
		proof.VerifyInclusion(rfc6962.DefaultHasher, index, size, l.stored.sha, in.SHA256, c.SHA256) != nil {
		report(Finding{Kind: FindFork, From: seq, To: seq, ID: l.entry.ID, Size: c.Size})
	}
	return nil
}
