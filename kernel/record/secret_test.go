package record_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/identity"
	"chengshu/kernel/record"
	"chengshu/kernel/schema"
)

// canary is a secret that must stand nowhere in the clear.
const canary = "canary-4711-canary"

func (w *world) unmask(t testing.TB, a identity.Actor, r *record.Record, reason string, fields ...string) (map[string]any, error) {
	t.Helper()
	var out map[string]any
	err := w.do(t, func(tx *store.Tx) (err error) {
		out, err = w.s.Unmask(t.Context(), tx, a, r.Type.Name, r.ID(), fields, reason)
		return err
	})
	return out, err
}

// TestSecret: a secret is shown to nobody, only unmasked with a reason, and stands neither in views, history, journal,
// exports nor anywhere in the files of the database.
func TestSecret(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Helper()
		db := storetest.Open(t, url)
		w := newWorld(t, db)
		r := w.mustCreate(t, clerk, "t.case", values{"kind": "0101", "pin": canary, "detail": "canary free"})
		if _, err := w.update(t, clerk, r, 1, values{"pin": canary + "2", "extra": values{"a": 1}}); err != nil {
			t.Fatal(err)
		}
		if got, err := w.update(t, clerk, r, 2, values{"pin": canary + "2"}); err != nil || got.Rev() != 2 {
			t.Errorf("the same secret again is no change: %v %v", got, err)
		}
		got, err := w.unmask(t, clerk, r, "checking", "pin")
		if err != nil || got["pin"] != canary+"2" {
			t.Errorf("unmask gives %v, %v", got, err)
		}
		_, err = w.unmask(t, clerk, r, " ", "pin")
		wantFault(t, err, fault.Invalid, "record.invalid")
		_, err = w.unmask(t, guest, r, "curious", "pin")
		wantFault(t, err, fault.Denied, "policy.denied")
		if n := w.count(t, "SELECT count(*) FROM journal WHERE action = 'record.unmask' AND reason = 'checking' AND body LIKE '%pin%'"); n != 1 {
			t.Errorf("%d entries of the unmasking", n)
		}
		seen := []any{w.view(t, chief, r), w.history(t, chief, r), exported(t, w, chief)}
		full, err := w.get(t, chief, r)
		if err != nil {
			t.Fatal(err)
		}
		shown := fmt.Sprintf("%v %+v %#v", full.Values["pin"], full.Values["pin"], full.Values["pin"])
		text, err := json.Marshal(append(seen, full.Values, shown))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("canary-4711")) {
			t.Errorf("the secret shows in %s", text)
		}
		for name, query := range map[string]record.Query{
			"filter": {Type: "t.case", Filter: `pin = "` + canary + `2"`}, "sort": {Type: "t.case", Sort: "pin"},
		} {
			if _, err := w.list(t, chief, query); err == nil {
				t.Errorf("a secret can be used as a %s", name)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		searchFiles(t, url)
	})
}

func exported(t *testing.T, w *world, a identity.Actor) *record.Sheet {
	t.Helper()
	var sh *record.Sheet
	if err := w.db.Read(t.Context(), func(tx *store.Tx) (err error) {
		sh, err = w.s.Export(t.Context(), tx, a, record.Query{Type: "t.case"}, func(f string) string { return f }, 100)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return sh
}

// searchFiles looks for the canary, and for a plain text beside it as a proof that it would be found.
func searchFiles(t *testing.T, url string) {
	t.Helper()
	var content []byte
	if file, ok := strings.CutPrefix(url, "sqlite:"); ok {
		files, err := filepath.Glob(file + "*")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			content = append(content, b...)
		}
	} else {
		dump, err := exec.LookPath("pg_dump")
		if err != nil {
			t.Log("SKIPPED: no pg_dump, THE FILES OF POSTGRESQL WERE NOT SEARCHED FOR SECRETS")
			return
		}
		if content, err = exec.CommandContext(t.Context(), dump, url).Output(); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Contains(content, []byte("canary free")) {
		t.Error("the search finds nothing at all")
	}
	if bytes.Contains(content, []byte("canary-4711")) {
		t.Error("the secret stands in the database in the clear")
	}
}

// TestSealedIsBound: sealed bytes moved to another record or field, changed, or without their key do not open; what they
// were is not told.
func TestSealedIsBound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t))
	a := w.mustCreate(t, clerk, "t.person", values{"name": "a", "pin": "one"})
	b := w.mustCreate(t, clerk, "t.person", values{"name": "b", "pin": "two"})
	one, ok := a.Values["pin"].(schema.Sealed)
	if !ok {
		t.Fatalf("not sealed: %T", a.Values["pin"])
	}
	for name, cipher := range map[string]string{
		"moved": one.Cipher, "cut": one.Cipher[:len(one.Cipher)-4], "unknown key": "k9" + one.Cipher[2:], "no key": "one", "no text": "k1:",
	} {
		if err := w.do(t, func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), "UPDATE t_person SET pin = ?, rev = rev + 1 WHERE id = ?", cipher, b.ID())
			return err
		}); err != nil {
			t.Fatal(err)
		}
		_, err := w.unmask(t, clerk, b, "r", "pin")
		if !fault.Is(err, fault.Internal) || fault.CodeOf(err) != "secret.open" || strings.Contains(err.Error(), "one") && name == "moved" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// zeros are no random bytes.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestKeys(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secrets.json")
	if _, err := record.LoadKeys(file, zeros{}); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := record.LoadKeys(file, zeros{}); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(file); err != nil || !cmp.Equal(first, again) {
		t.Error("an existing file was changed")
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = record.LoadKeys(file, zeros{})
	wantFault(t, err, fault.Invalid, "keyfile.mode")
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = record.LoadKeys(file, zeros{})
	wantFault(t, err, fault.Invalid, "secret.key")
	long, short := make([]byte, 16), make([]byte, 8)
	for name, f := range map[string]record.KeyFile{
		"nothing": {}, "short key": {Current: "a", Keys: map[string][]byte{"a": short}, Blind: long},
		"no current": {Current: "b", Keys: map[string][]byte{"a": long}, Blind: long}, "colon": {Current: "a:", Keys: map[string][]byte{"a:": long}, Blind: long},
		"no blind": {Current: "a", Keys: map[string][]byte{"a": long}},
	} {
		_, err := record.NewKeys(f, zeros{})
		if fault.CodeOf(err) != "secret.key" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestKeyChange: values sealed under an old key open after a new one became current, and a store without keys refuses
// secrets instead of storing them.
func TestKeyChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t))
	old := record.KeyFile{Current: "k1", Keys: map[string][]byte{"k1": bytes.Repeat([]byte{1}, 16)}, Blind: make([]byte, 32)}
	both := record.KeyFile{Current: "k2", Keys: map[string][]byte{"k1": old.Keys["k1"], "k2": bytes.Repeat([]byte{2}, 16)}, Blind: old.Blind}
	use := func(f record.KeyFile) {
		k, err := record.NewKeys(f, zeros{})
		if err != nil {
			t.Fatal(err)
		}
		w.s = record.New(record.Options{Clock: w.clock, Policy: w.policy, Journal: w.journal, Keys: k, Secret: []byte("0123456789abcdef")})
		w.s.Use(w.set)
	}
	use(old)
	r := w.mustCreate(t, clerk, "t.person", values{"name": "a", "pin": "one"})
	use(both)
	if got, err := w.unmask(t, clerk, r, "r", "pin"); err != nil || got["pin"] != "one" {
		t.Errorf("after the change of keys: %v, %v", got, err)
	}
	_, err := w.create(t, clerk, "t.person", values{"name": "b", "pin": "one"})
	wantFault(t, err, fault.Exists, "record.exists") // the blind digest does not change with the key
	fresh := w.mustCreate(t, clerk, "t.person", values{"name": "c", "pin": "two"})
	if s, ok := fresh.Values["pin"].(schema.Sealed); !ok || !strings.HasPrefix(s.Cipher, "k2:") {
		t.Errorf("sealed under %v", fresh.Values["pin"])
	}
	w.s = record.New(record.Options{Clock: w.clock, Policy: w.policy, Journal: w.journal})
	w.s.Use(w.set)
	_, err = w.create(t, clerk, "t.person", values{"name": "d", "pin": "three"})
	wantFault(t, err, fault.Unavailable, "secret.none")
}
