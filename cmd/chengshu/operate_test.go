package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"chengshu/app"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/identity"
	"chengshu/kernel/journal"
)

// do runs a command in this process.
func do(t *testing.T, in string, args ...string) (out string, err error) {
	t.Helper()
	var o, e bytes.Buffer
	root := newRoot(strings.NewReader(in), &o, &e)
	root.SetArgs(args)
	err = root.ExecuteContext(t.Context())
	return o.String(), err
}

// done runs a command that has to work.
func done(t *testing.T, args ...string) string {
	t.Helper()
	out, err := do(t, "", args...)
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return out
}

// TestAs: as an administrator the commands have that one power, and the journal names the person; without --as it names the
// system and who runs the command.
func TestAs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	made := done(t, "user", "bootstrap", "--data", dir)
	const word = "long enough words 1"
	persons := map[string]string{}
	a, err := app.New(t.Context(), app.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"system", "security"} {
		first := regexp.MustCompile(`\t` + name + `\t(.*)`).FindStringSubmatch(made)[1]
		in, err := a.Identity.SignIn(t.Context(), name, first, identity.Meta{Via: "test"})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Identity.ChangePassword(t.Context(), in.Token, first, word, identity.Meta{Via: "test"}); err != nil {
			t.Fatal(err)
		}
		persons[name] = in.Person.ID
	}
	a.Close()
	as := func(name string, args ...string) (string, error) {
		return do(t, word+"\n", append([]string{"user", "--as", name, "--data", dir}, args...)...)
	}
	if _, err := as("security", "add", "li", "--name", "li"); err == nil || !strings.Contains(err.Error(), "identity.power") {
		t.Errorf("the security administrator makes people: %v", err)
	}
	if _, err := as("system", "add", "li", "--name", "li"); err != nil {
		t.Fatal(err)
	}
	out, err := as("system", "post", "li", "--org", "/county/", "--area", "/", "--role", "urban.handler")
	if err == nil || !strings.Contains(err.Error(), "identity.power") {
		t.Errorf("the system administrator gives roles: %v", err)
	}
	post := regexp.MustCompile(`post (\S+) has been saved without roles`).FindStringSubmatch(out)
	if post == nil {
		t.Fatalf("got %q", out)
	}
	if list := done(t, "user", "list", "--data", dir); strings.Contains(list, "urban.handler") {
		t.Errorf("got %s", list)
	}
	if _, err := as("system", "disable", "li"); err != nil {
		t.Error(err)
	}
	done(t, "user", "enable", "li", "--data", dir)
	got := actors(t, dir)
	for action, want := range map[string]string{"person.create": persons["system"] + " cli", "person.disable": persons["system"] + " cli", "person.enable": "system cli"} {
		if got[action] != want {
			t.Errorf("%s: the journal names %q, want %q", action, got[action], want)
		}
	}
}

// actors gives, by action, who the newest entry names and by which road.
func actors(t *testing.T, dir string) map[string]string {
	t.Helper()
	a, err := app.New(t.Context(), app.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	out := map[string]string{}
	err = a.DB.Read(t.Context(), func(tx *store.Tx) error {
		list, err := a.Journal.Query(t.Context(), tx, journal.Filter{Limit: 1000})
		for _, e := range list {
			out[e.Action] = e.Actor + " " + e.Via
			if e.Via == "cli" && e.Action != "session.end" && !strings.HasPrefix(e.Request, "cli") {
				t.Errorf("%s: request %q does not tell who ran the command", e.Action, e.Request)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestBackupPostgreSQL: a county on PostgreSQL comes back in another database.
func TestBackupPostgreSQL(t *testing.T) {
	t.Parallel()
	from, to := storetest.PostgreSQLURL(t), storetest.PostgreSQLURL(t)
	for _, program := range []string{"pg_dump", "pg_restore"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CHENGSHU_CI") == "1" {
				t.Fatalf("%s is required in CI", program)
			}
			t.Skipf("SKIPPED, NOT PASSED: no %s", program)
		}
	}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	done(t, "user", "bootstrap", "--data", at("a"), "--database", from)
	if out := done(t, "backup", at("copy"), "--data", at("a"), "--database", from); !strings.Contains(out, "postgres") {
		t.Errorf("got %q", out)
	}
	if _, err := do(t, "", "restore", at("copy"), "--data", at("b")); err == nil || !strings.Contains(err.Error(), "restore.database") {
		t.Errorf("into SQLite: %v", err)
	}
	out := done(t, "restore", at("copy"), "--data", at("b"), "--database", to)
	if !strings.Contains(out, "0 findings") {
		t.Errorf("got %q", out)
	}
	if out := done(t, "user", "list", "--data", at("b"), "--database", to); !strings.Contains(out, "3 accounts") {
		t.Errorf("got %q", out)
	}
	if _, err := do(t, "", "restore", at("copy"), "--data", at("c"), "--database", to); err == nil || !strings.Contains(err.Error(), "restore.tables") {
		t.Errorf("into a full database: %v", err)
	}
}

// TestPrograms: without PostgreSQL's programs the refusal names the one that is missing.
func TestPrograms(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := postgres(context.Background(), "postgres://x/y", "pg_dump")
	if err == nil || !strings.Contains(err.Error(), "backup.program") {
		t.Errorf("got %v", err)
	}
}
