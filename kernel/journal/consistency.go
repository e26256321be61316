package journal

import (
	"context"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// Consistency shows that the log of the size New begins with the log of the size Old (RFC 6962 §2.1.2), hashes in base64.
type Consistency struct {
	Old    int64    `json:"old"`
	New    int64    `json:"new"`
	SM3    [][]byte `json:"sm3"`
	SHA256 [][]byte `json:"sha256"`
}

// Consistency gives the proof between two sizes, which witnesses ask for. Error: Invalid "journal.size".
func (j *Journal) Consistency(ctx context.Context, tx *store.Tx, older, newer int64) (Consistency, error) {
	var size int64
	if err := tx.QueryRow(ctx, `SELECT size FROM journal_head WHERE id = 1`).Scan(&size); err != nil {
		return Consistency{}, err
	}
	if older < 0 || newer < older || newer > size {
		return Consistency{}, fault.New(fault.Invalid, "journal.size", "old", older, "new", newer, "size", size)
	}
	way, err := proof.Consistency(uint64(older), uint64(newer))
	if err != nil {
		return Consistency{}, err
	}
	c := Consistency{Old: older, New: newer}
	c.SM3, c.SHA256, err = readWay(ctx, tx, way)
	return c, err
}

// VerifyConsistency checks that the newer checkpoint continues the older, in both trees. Both must have been opened with
// Trust.Open. Error: Denied "journal.fork".
func VerifyConsistency(older, newer Checkpoint, c Consistency) error {
	fork := fault.New(fault.Denied, "journal.fork", "old", older.Size, "new", newer.Size)
	if older.Origin != newer.Origin || c.Old != older.Size || c.New != newer.Size || c.Old > c.New || c.Old < 0 {
		return fork
	}
	from, to := uint64(c.Old), uint64(c.New)
	if err := proof.VerifyConsistency(sm3Hasher{}, from, to, c.SM3, older.SM3, newer.SM3); err != nil {
		return fork.With(err)
	}
	if err := proof.VerifyConsistency(rfc6962.DefaultHasher, from, to, c.SHA256, older.SHA256, newer.SHA256); err != nil {
		return fork.With(err)
	}
	return nil
}
