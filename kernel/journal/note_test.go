package journal_test

import (
	"crypto/rand"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/journal"
)

// The stock tools of C2SP read our public key and our checkpoint, and pass over the SM2 signature.
func TestStockToolsReadCheckpoint(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	j := signing(t, db)
	fill(t, db, j, 20)
	c := sign(t, j)
	line, _, _ := strings.Cut(j.PublicKeys(), "\n")
	v, err := note.NewVerifier(line)
	if err != nil {
		t.Fatal(err)
	}
	got, rest, n, err := log.ParseCheckpoint([]byte(c.Note), "test.example/journal", v)
	if err != nil {
		t.Fatal(err)
	}
	if got.Size != 20 || string(got.Hash) != string(c.SHA256) || !strings.HasPrefix(string(rest), "sm3 ") {
		t.Errorf("checkpoint %+v with %q", got, rest)
	}
	if len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 1 {
		t.Errorf("%d signatures hold, %d are unknown; want 1 and 1", len(n.Sigs), len(n.UnverifiedSigs))
	}
}

// Each key alone opens a note; a note under another name, or changed, opens by none.
func TestTrustOpen(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	j := signing(t, db)
	c := sign(t, j)
	for line := range strings.Lines(j.PublicKeys()) {
		one, err := journal.ParseTrust("# a comment\n\n" + line + line)
		if err != nil {
			t.Fatal(err)
		}
		opened, signers, err := one.Open([]byte(c.Note))
		if err != nil || len(signers) != 1 || opened.Size != 0 {
			t.Errorf("%d entries by %v, %v", opened.Size, signers, err)
		}
		if _, _, err := one.Open([]byte(strings.Replace(c.Note, "\n0\n", "\n1\n", 1))); fault.CodeOf(err) != "journal.note.signature" {
			t.Errorf("another size: %v", err)
		}
	}
	if _, _, err := (journal.Trust{}).Open([]byte(c.Note)); fault.CodeOf(err) != "journal.note.signature" {
		t.Errorf("nobody's trust: %v", err)
	}
	for _, bad := range []string{"x", "a+00000000+AQ==", strings.Replace(j.PublicKeys(), "test.", "tost.", 1)} {
		if _, err := journal.ParseTrust(bad); fault.CodeOf(err) != "journal.trust" {
			t.Errorf("keys %q: %v", bad, err)
		}
	}
}

func TestUnsigned(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	j, _ := open(t, db)
	e := add(t, db, j, "t/1")
	if _, err := j.Sign(t.Context()); fault.CodeOf(err) != "journal.unsigned" {
		t.Errorf("signed without keys: %v", err)
	}
	_ = db.Read(t.Context(), func(tx *store.Tx) error {
		if _, err := j.Latest(t.Context(), tx); fault.CodeOf(err) != "journal.unsigned" {
			t.Errorf("latest: %v", err)
		}
		if _, err := j.Prove(t.Context(), tx, e.Seq); fault.CodeOf(err) != "journal.unsigned" {
			t.Errorf("proof: %v", err)
		}
		if _, err := j.Prove(t.Context(), tx, 99); fault.CodeOf(err) != "journal.entry" {
			t.Errorf("proof of nothing: %v", err)
		}
		if _, err := j.Consistency(t.Context(), tx, 0, 99); fault.CodeOf(err) != "journal.size" {
			t.Errorf("consistency with the future: %v", err)
		}
		return nil
	})
	if _, err := journal.New(t.Context(), journal.Options{DB: db, Clock: clock.System(), Origin: "a b"}); fault.CodeOf(err) != "journal.origin" {
		t.Errorf("origin with a space: %v", err)
	}
}

// Run signs by itself, after so many entries or after a while, and at its end.
func TestRunSigns(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		t.Parallel()
		j := signing(t, db)
		stop := background(t, j)
		fill(t, db, j, 5)
		stop()
		c := read(t, db, func(tx *store.Tx) (journal.Checkpoint, error) { return j.Latest(t.Context(), tx) })
		if c.Size != 5 {
			t.Errorf("checkpoint of %d entries, want 5", c.Size)
		}
	})
}

// No change of a proof file shows anything else than before.
func FuzzVerifyProof(f *testing.F) {
	db, err := store.Open(f.Context(), storetest.SQLiteURL(f), store.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = db.Close() })
	if err := store.Migrate(f.Context(), db, journal.Migrations(), "journal"); err != nil {
		f.Fatal(err)
	}
	keys, err := journal.LoadKeys(filepath.Join(f.TempDir(), "keys.pem"), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	j, err := journal.New(f.Context(), journal.Options{DB: db, Clock: clock.NewFake(start), Keys: keys})
	if err != nil {
		f.Fatal(err)
	}
	appended := make(map[string]bool)
	err = db.Write(f.Context(), func(tx *store.Tx) error {
		for range 20 {
			e, err := j.Append(f.Context(), tx, journal.Entry{Actor: "p1", Action: "record.create", Subject: "t/1", Body: json.RawMessage(`[1.5,"x"]`)})
			if err != nil {
				return err
			}
			appended[string(e.Canonical())] = true
		}
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	if _, err := j.Sign(f.Context()); err != nil {
		f.Fatal(err)
	}
	err = db.Read(f.Context(), func(tx *store.Tx) error {
		for _, seq := range []int64{1, 7, 20} {
			p, err := j.Prove(f.Context(), tx, seq)
			if err != nil {
				return err
			}
			data, err := json.Marshal(p)
			if err != nil {
				return err
			}
			f.Add(data)
		}
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := journal.VerifyProof(data, j.Trust())
		if err != nil {
			return
		}
		for _, e := range v.Entries {
			if !appended[string(e.Canonical())] {
				t.Errorf("an entry that was never appended holds: %s", e.Canonical())
			}
		}
	})
}
