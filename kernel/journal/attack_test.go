package journal_test

import (
	"crypto/rand"
	"encoding/json"
	"path/filepath"
	"testing"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/journal"
)

// Somebody with the database cuts the end off and makes everything else agree.
func TestTailDropped(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		t.Parallel()
		j := signing(t, db)
		fill(t, db, j, 30)
		sign(t, j)
		fill(t, db, j, 10)
		witness := []byte(sign(t, j).Note)
		execute(t, db, `DELETE FROM journal WHERE seq > 30`)
		if got := verify(t, j); len(got) != 1 || got[0].Kind != journal.FindTail || got[0].From != 31 || got[0].To != 40 {
			t.Errorf("entries gone: %+v", got)
		}
		execute(t, db, `UPDATE journal_head SET size = 30`)
		execute(t, db, `DELETE FROM journal_node WHERE idx >= 1`)
		if got := verify(t, j); len(got) != 1 || got[0].Kind != journal.FindTail || got[0].Size != 40 || got[0].Witness {
			t.Errorf("trees cut too: %+v", got)
		}
		execute(t, db, `DELETE FROM journal_checkpoint WHERE size > 30`)
		got := verify(t, j, witness)
		if len(got) != 1 || got[0].Kind != journal.FindTail || got[0].From != 31 || got[0].To != 40 || !got[0].Witness {
			t.Errorf("a witness's note against the cut log: %+v", got)
		}
		if _, err := j.Sign(t.Context()); fault.CodeOf(err) != "journal.tail" {
			t.Errorf("a process that signed 40 entries signs 30: %v", err)
		}
	})
}

// Somebody with the database and the keys writes another past: the witness's note shows it, and no consistency proof leads
// from there.
func TestFork(t *testing.T) {
	t.Parallel()
	keys, err := journal.LoadKeys(filepath.Join(t.TempDir(), "keys.pem"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		t.Parallel()
		if err := store.Migrate(t.Context(), db, journal.Migrations(), "journal"); err != nil {
			t.Fatal(err)
		}
		honest := withKeys(t, db, keys)
		fill(t, db, honest, 30)
		old := sign(t, honest)
		for _, table := range []string{"journal", "journal_node", "journal_checkpoint"} {
			execute(t, db, `DELETE FROM `+table)
		}
		execute(t, db, `UPDATE journal_head SET size = 0`)
		forged := withKeys(t, db, keys)
		fill(t, db, forged, 40) // other ids: the writer's number differs
		c := sign(t, forged)
		if got := verify(t, forged); len(got) != 0 {
			t.Errorf("the forged log contradicts itself: %+v", got)
		}
		got := verify(t, forged, []byte(old.Note))
		if len(got) != 1 || got[0].Kind != journal.FindFork || got[0].Size != 30 || !got[0].Witness {
			t.Errorf("a witness's note against the forged log: %+v", got)
		}
		p := read(t, db, func(tx *store.Tx) (journal.Consistency, error) {
			return forged.Consistency(t.Context(), tx, old.Size, c.Size)
		})
		if err := journal.VerifyConsistency(old, c, p); fault.CodeOf(err) != "journal.fork" {
			t.Errorf("the fork is consistent: %v", err)
		}
		fill(t, db, honest, 10)
		if _, err := honest.Sign(t.Context()); fault.CodeOf(err) != "journal.fork" {
			t.Errorf("the process that signed the true past signs the fork: %v", err)
		}
	})
}

// Rewriting an entry with its leaves, and the nodes above, ends at the signature.
func TestRewrittenPast(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	j := signing(t, db)
	fill(t, db, j, 40)
	sign(t, j)
	execute(t, db, `UPDATE journal SET actor = 'p9' WHERE seq = 5`)
	e := read(t, db, func(tx *store.Tx) ([]journal.Entry, error) {
		return j.Query(t.Context(), tx, journal.Filter{Actor: "p9"})
	})[0]
	sm3, sha := journal.HashLeaf(e.Canonical())
	execute(t, db, `UPDATE journal SET sm3 = ?, sha256 = ? WHERE seq = 5`, sm3, sha)
	got := verify(t, j)
	if len(got) != 1 || got[0].Kind != journal.FindNode || got[0].From != 1 || got[0].To != 16 {
		t.Fatalf("entry and leaves rewritten: %+v", got)
	}
	// A second log with the same entries gives the nodes to put in.
	execute(t, db, `DELETE FROM journal_node`)
	execute(t, db, `UPDATE journal_head SET size = 0`)
	notes := field(t, db, "journal_checkpoint", "note", "size = 40")
	stranger, _ := reopen(t, db)
	if err := runOnce(t, stranger); err != nil {
		t.Fatal(err)
	}
	got = verify(t, j)
	if len(got) != 1 || got[0].Kind != journal.FindFork || got[0].From != 1 || got[0].To != 40 {
		t.Errorf("everything but the signature rewritten: %+v", got)
	}
	if got := verify(t, j, notes); len(got) != 2 {
		t.Errorf("with the note: %+v", got)
	}
}

// A personal value stands in an entry only as a salted digest: erasing value and salt leaves the log verifiable.
func TestDigestOutlivesDeletion(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	j := signing(t, db)
	execute := func(query string, args ...any) {
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), query, args...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	execute(`CREATE TABLE person (id TEXT PRIMARY KEY, phone TEXT, salt TEXT)`)
	phone, salt := "synthetic-phone", journal.NewSalt()
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Exec(t.Context(), `INSERT INTO person (id, phone, salt) VALUES ('p1', ?, ?)`, phone, salt); err != nil {
			return err
		}
		body, err := json.Marshal(map[string]string{"phone": journal.Digest(salt, []byte(phone))})
		if err != nil {
			return err
		}
		_, err = j.Append(t.Context(), tx, journal.Entry{Actor: "p1", Action: "record.create", Subject: "person/p1", Body: body})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	sign(t, j)
	stored := string(field(t, db, "journal", "body", "seq = 1"))
	if want := `{"phone":"` + journal.Digest(salt, []byte(phone)) + `"}`; stored != want {
		t.Errorf("body %s, want %s", stored, want)
	}
	if journal.Digest(journal.NewSalt(), []byte(phone)) == journal.Digest(salt, []byte(phone)) {
		t.Error("another salt gives the same digest")
	}
	execute(`UPDATE person SET phone = NULL, salt = NULL`)
	if got := verify(t, j); len(got) != 0 {
		t.Errorf("findings after the deletion: %+v", got)
	}
	p := read(t, db, func(tx *store.Tx) (journal.Proof, error) { return j.ProveSubject(t.Context(), tx, "person/p1") })
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := journal.VerifyProof(data, j.Trust()); err != nil {
		t.Errorf("proof after the deletion: %v", err)
	}
}
