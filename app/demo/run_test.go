package demo_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chengshu/app/demo"
	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
)

// served is a demo that runs.
type served struct {
	base     string
	progress *bytes.Buffer
	stop     func() error
}

func options(dir string) demo.Options {
	return demo.Options{
		Listen: "127.0.0.1:0", Dir: dir, Seed: 1, NoSimulate: true, Clock: clock.NewFake(until),
		Only: []string{}, Packs: []fs.FS{only{os.DirFS("testdata"), "mini"}},
	}
}

// start runs a demo until it is ready.
func start(t *testing.T, o demo.Options) *served {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	s := &served{progress: &bytes.Buffer{}}
	done := make(chan error, 1)
	go func() {
		err := demo.Run(ctx, o, in, s.progress)
		_ = in.CloseWithError(fmt.Errorf("ended: %w", err))
		done <- err
	}()
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	var found bool
	if s.base, found = strings.CutPrefix(strings.TrimSpace(line), "ready "); !found {
		t.Errorf("the first line is %q", line)
	}
	rest := make(chan string, 1)
	go func() {
		more, _ := io.ReadAll(lines)
		rest <- string(more)
	}()
	s.stop = func() error {
		cancel()
		err := <-done
		if more := <-rest; more != "" {
			t.Errorf("more than one line: %q", more)
		}
		return err
	}
	return s
}

func get(t *testing.T, url, token string, out any) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if out != nil {
		if err := json.NewDecoder(answer.Body).Decode(out); err != nil {
			t.Fatal(url, err)
		}
	}
	return answer.StatusCode
}

func accounts(t *testing.T, dir string) []demo.Account {
	t.Helper()
	file := filepath.Join(dir, "accounts.json")
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("accounts.json has mode %v", info.Mode())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []demo.Account
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, options(dir))
	if got := get(t, s.base+"/livez", "", nil); got != http.StatusNoContent {
		t.Errorf("livez answers %d", got)
	}
	if !strings.Contains(s.progress.String(), "history") {
		t.Errorf("the progress is %q", s.progress)
	}
	list := accounts(t, dir)
	checkAccounts(t, s.base, list)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}

	o := options(dir)
	o.Quiet, o.Metrics = true, "127.0.0.1:0"
	again := start(t, o)
	said, found := strings.CutPrefix(strings.TrimSpace(again.progress.String()), "metrics ")
	if !found || strings.Contains(said, "\n") {
		t.Fatalf("a quiet second start says %q, want where its metrics are", again.progress)
	}
	if got := get(t, said, "", nil); got != http.StatusOK {
		t.Errorf("the metrics answer %d", got)
	}
	if got := accounts(t, dir); got[0].Token != list[0].Token || len(got) != len(list) {
		t.Error("a second start issued other tokens")
	}
	if got := get(t, again.base+"/api/v1/me", list[0].Token, nil); got != http.StatusOK {
		t.Errorf("an old token gives %d", got)
	}
	if err := again.stop(); err != nil {
		t.Fatal(err)
	}

	o.Seed = 2
	if err := demo.Run(t.Context(), o, io.Discard, io.Discard); fault.CodeOf(err) != "demo.seed" {
		t.Errorf("another seed over it gives %v", err)
	}
}

// checkAccounts demands that every account works by token, and one by password, and that somebody has work.
func checkAccounts(t *testing.T, base string, list []demo.Account) {
	t.Helper()
	if len(list) < 3 || list[0].Username != "clerk01" {
		t.Fatalf("got %d accounts, the first %+v", len(list), list)
	}
	roles, tasks := map[string]bool{}, 0
	for _, a := range list {
		roles[a.Role] = true
		var me struct {
			Person struct{ Name string }
			Roles  []string
			Demo   bool
		}
		if code := get(t, base+"/api/v1/me", a.Token, &me); code != http.StatusOK || me.Person.Name != a.Name || len(me.Roles) != 1 || me.Roles[0] != a.Role || !me.Demo {
			t.Errorf("%s is %d %+v", a.Username, code, me)
		}
		var page struct{ Items []struct{ Type string } }
		if code := get(t, base+"/api/v1/tasks", a.Token, &page); code != http.StatusOK {
			t.Errorf("the tasks of %s: %d", a.Username, code)
		}
		tasks += len(page.Items)
	}
	if tasks == 0 {
		t.Error("nobody has a task")
	}
	for _, role := range []string{"mini.clerk", "mini.worker"} {
		if !roles[role] {
			t.Errorf("nobody is %s", role)
		}
	}
	var offered struct {
		Items []struct{ Username, Password, Role string }
	}
	get(t, base+"/api/v1/demo/accounts", "", &offered)
	if len(offered.Items) != 3 {
		t.Errorf("offered are %+v", offered.Items)
	}
	body := fmt.Sprintf(`{"username": %q, "password": %q}`, offered.Items[0].Username, offered.Items[0].Password)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/api/v1/session", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("signing in with the password gives %d", answer.StatusCode)
	}
}

// TestRunAgainAfterAnInterruption demands that a county that was not finished is made anew.
func TestRunAgainAfterAnInterruption(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	stopper := writer(func(p []byte) {
		if bytes.Contains(p, []byte("history")) {
			cancel()
		}
	})
	if err := demo.Run(ctx, options(dir), io.Discard, stopper); err == nil {
		t.Fatal("an interrupted seeding went through")
	}
	s := start(t, options(dir))
	if !strings.Contains(s.progress.String(), "people") {
		t.Errorf("it went on with %q", s.progress)
	}
	checkAccounts(t, s.base, accounts(t, dir))
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
}

type writer func(p []byte)

// Write hands on what is written.
func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}

func TestRunRefusesATakenPort(t *testing.T) {
	t.Parallel()
	s := start(t, options(t.TempDir()))
	o := options(t.TempDir())
	o.Listen = strings.TrimPrefix(s.base, "http://")
	if err := demo.Run(t.Context(), o, io.Discard, io.Discard); fault.CodeOf(err) != "app.listen" {
		t.Errorf("got %v", err)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
}

// TestSimulator lets simulated people act for a while and demands that what they do is done.
func TestSimulator(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := options(dir)
	s := start(t, o)
	t.Cleanup(func() { _ = s.stop() })
	list := accounts(t, dir)
	db := open(t, filepath.Join(dir, "chengshu.db"))
	for _, x := range []struct {
		planned    bool
		acts, left int
	}{{false, 15, 15}, {true, 80, 60}} {
		before := count(t, db, `SELECT COUNT(*) FROM journal`)
		reports := count(t, db, `SELECT COUNT(*) FROM mini_report`)
		sim := demo.NewTestSimulator(t, s.base, list, x.planned)
		for range x.acts {
			if err := sim.Act(t.Context()); err != nil {
				t.Errorf("planned %v: %v", x.planned, err)
			}
		}
		if got := count(t, db, `SELECT COUNT(*) FROM journal`) - before; got < x.left {
			t.Errorf("planned %v: %d acts left %d entries", x.planned, x.acts, got)
		}
		if got := count(t, db, `SELECT COUNT(*) FROM mini_report`) - reports; x.planned && got == 0 {
			t.Error("nobody reported anything")
		}
	}
}

func open(t *testing.T, file string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+file, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestSimulatorStops(t *testing.T) {
	t.Parallel()
	o := options(t.TempDir())
	o.NoSimulate, o.Rate = false, 6000
	s := start(t, o)
	db := open(t, filepath.Join(o.Dir, "chengshu.db"))
	begun := count(t, db, `SELECT COUNT(*) FROM journal WHERE via = 'api'`)
	for count(t, db, `SELECT COUNT(*) FROM journal WHERE via = 'api'`) < begun+10 {
		time.Sleep(20 * time.Millisecond)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
}
