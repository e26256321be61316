package journal_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/journal"
)

// signing opens a journal with keys of its own.
func signing(t *testing.T, db *store.DB) *journal.Journal {
	t.Helper()
	if err := store.Migrate(t.Context(), db, journal.Migrations(), "journal"); err != nil {
		t.Fatal(err)
	}
	keys, err := journal.LoadKeys(filepath.Join(t.TempDir(), "keys.pem"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return withKeys(t, db, keys)
}

func withKeys(t *testing.T, db *store.DB, keys *journal.Keys) *journal.Journal {
	t.Helper()
	j, err := journal.New(t.Context(), journal.Options{DB: db, Clock: clock.NewFake(start), Keys: keys, Origin: "test.example/journal"})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// fill appends n entries about the subjects t/0 to t/4 in one transaction.
func fill(t *testing.T, db *store.DB, j *journal.Journal, n int) {
	t.Helper()
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		for i := range n {
			_, err := j.Append(t.Context(), tx, journal.Entry{
				Actor: fmt.Sprint("p", i%3), Action: []string{"record.create", "record.update", "task.complete"}[i%3],
				Subject: fmt.Sprint("t/", i%5), Rev: int64(i), Body: json.RawMessage(fmt.Sprintf(`{"n":%d}`, i)),
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func sign(t *testing.T, j *journal.Journal) journal.Checkpoint {
	t.Helper()
	c, err := j.Sign(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func read[T any](t *testing.T, db *store.DB, fn func(tx *store.Tx) (T, error)) T {
	t.Helper()
	var out T
	err := db.Read(t.Context(), func(tx *store.Tx) error {
		var err error
		out, err = fn(tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestProof(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		t.Parallel()
		j := signing(t, db)
		fill(t, db, j, 300)
		c := sign(t, j)
		if c.Size != 300 {
			t.Fatalf("checkpoint of %d entries, want 300", c.Size)
		}
		trusted, err := journal.ParseTrust(j.PublicKeys())
		if err != nil {
			t.Fatal(err)
		}
		p := read(t, db, func(tx *store.Tx) (journal.Proof, error) { return j.ProveSubject(t.Context(), tx, "t/3") })
		data, err := json.MarshalIndent(p, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		v, err := journal.VerifyProof(data, trusted)
		if err != nil {
			t.Fatal(err)
		}
		if len(v.Entries) != 60 || len(v.Signers) != 2 {
			t.Errorf("%d entries and %d signers, want 60 and 2", len(v.Entries), len(v.Signers))
		}
		for _, e := range v.Entries {
			if e.Subject != "t/3" || (e.Seq-1)%5 != 3 {
				t.Errorf("entry %d about %q", e.Seq, e.Subject)
			}
		}
		lie := strings.Replace(string(data), `"n": 3`, `"n": 4`, 1)
		if lie == string(data) {
			t.Fatal("nothing to falsify")
		}
		if _, err := journal.VerifyProof([]byte(lie), trusted); fault.CodeOf(err) != "journal.proof.entry" {
			t.Errorf("a false entry gives %v", err)
		}
		other, err := journal.LoadKeys(filepath.Join(t.TempDir(), "other.pem"), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		public, err := other.Public("test.example/journal")
		if err != nil {
			t.Fatal(err)
		}
		strangers, err := journal.ParseTrust(public)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := journal.VerifyProof(data, strangers); fault.CodeOf(err) != "journal.note.signature" {
			t.Errorf("a stranger's key gives %v", err)
		}
	})
}

// Every inclusion and consistency proof of a small log holds, at all sizes around the stored levels.
func TestEveryProof(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	j := signing(t, db)
	trusted := j.Trust()
	old := []journal.Checkpoint{sign(t, j)}
	for _, n := range []int{1, 1, 1, 5, 7, 1, 1, 14, 1, 33, 190, 1, 1, 17} {
		fill(t, db, j, n)
		c := sign(t, j)
		for seq := int64(1); seq <= c.Size; seq++ {
			p := read(t, db, func(tx *store.Tx) (journal.Proof, error) { return j.Prove(t.Context(), tx, seq) })
			data, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := journal.VerifyProof(data, trusted); err != nil {
				t.Fatalf("entry %d of %d: %v", seq, c.Size, err)
			}
		}
		old = append(old, c)
		for _, o := range old {
			p := read(t, db, func(tx *store.Tx) (journal.Consistency, error) { return j.Consistency(t.Context(), tx, o.Size, c.Size) })
			if err := journal.VerifyConsistency(o, c, p); err != nil {
				t.Fatalf("from %d to %d: %v", o.Size, c.Size, err)
			}
		}
	}
}

func TestCheckpointIsReused(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	j := signing(t, db)
	fill(t, db, j, 3)
	first, second := sign(t, j), sign(t, j)
	if first.Note != second.Note {
		t.Errorf("one size was signed twice")
	}
	opened, _, err := j.Trust().Open([]byte(first.Note))
	if err != nil || opened.Size != 3 || !opened.At.Equal(first.At) {
		t.Errorf("opened %+v, %v", opened, err)
	}
}
