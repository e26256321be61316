package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"chengshu/app"
	"chengshu/base/store"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"chengshu": main})
}

// TestScripts runs every command as a program.
func TestScripts(t *testing.T) {
	t.Parallel()
	shared, running := sharedDir(t), &servers{stop: map[*testscript.TestScript]func(){}}
	testscript.Run(t, testscript.Params{
		Dir: "testdata", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("SHARED", shared)
			e.Setenv("HOME", e.WorkDir)
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name == "shared" {
				return shared != "", nil
			}
			return false, fmt.Errorf("no condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": exits, "sql": runSQL, "capture": capture, "get": get, "server": running.run, "offer": offer, "flip": flip,
			"record": firstRecord, "proof": proof, "replace": replace,
		},
	})
}

// sharedDir is the folder of test data, empty where there is none. In CI that is a failure.
func sharedDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("CHENGSHU_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "data")); err != nil {
		if os.Getenv("CHENGSHU_CI") == "1" {
			t.Fatalf("no test data at %s", dir)
		}
		t.Logf("SKIPPED in part: no test data at %s; set CHENGSHU_SHARED", dir)
		return ""
	}
	return dir
}

// exits runs a program and wants its exit code: code 2 chengshu nonsense.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N program args…")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		got = -1
		if m := regexp.MustCompile(`exit status (\d+)`).FindStringSubmatch(err.Error()); m != nil {
			_, _ = fmt.Sscan(m[1], &got)
		}
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("exit code %d (%v), want %s", got, err, args[0])
	}
}

// runSQL changes a database behind the program's back: sql FILE STATEMENT.
func runSQL(ts *testscript.TestScript, _ bool, args []string) {
	db, err := store.Open(context.Background(), "sqlite:"+ts.MkAbs(args[0]), store.Options{})
	ts.Check(err)
	ts.Check(db.Write(context.Background(), func(tx *store.Tx) error {
		n, err := tx.Exec(context.Background(), strings.Join(args[1:], " "))
		if err == nil && n == 0 {
			err = fmt.Errorf("no row changed")
		}
		return err
	}))
	ts.Check(db.Close())
}

// capture keeps what a pattern's group finds in the last output: capture NAME PATTERN.
func capture(ts *testscript.TestScript, _ bool, args []string) {
	m := regexp.MustCompile(`(?m)` + args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if m == nil {
		ts.Fatalf("nothing fits %s", args[1])
	}
	ts.Setenv(args[0], m[1])
}

// firstRecord sets a variable to the id of the first row of a table of records: record NAME TABLE.
func firstRecord(ts *testscript.TestScript, _ bool, args []string) {
	db, err := store.Open(context.Background(), "sqlite:"+ts.MkAbs("var/data/chengshu.db"), store.Options{})
	ts.Check(err)
	var id string
	ts.Check(db.Read(context.Background(), func(tx *store.Tx) error {
		return tx.QueryRow(context.Background(), "SELECT id FROM "+args[1]+" ORDER BY created_at LIMIT 1").Scan(&id)
	}))
	ts.Check(db.Close())
	ts.Setenv(args[0], id)
}

// proof exports the proof of a record as the API gives it: proof RECORD FILE.
func proof(ts *testscript.TestScript, _ bool, args []string) {
	a, err := app.New(context.Background(), app.Config{Dir: ts.MkAbs("var/data")})
	ts.Check(err)
	defer a.Close()
	_, err = a.Journal.Sign(context.Background())
	ts.Check(err)
	ts.Check(a.DB.Read(context.Background(), func(tx *store.Tx) error {
		p, err := a.Journal.ProveSubject(context.Background(), tx, args[0])
		if err != nil {
			return err
		}
		text, err := json.Marshal(p)
		if err != nil {
			return err
		}
		return os.WriteFile(ts.MkAbs(args[1]), text, 0o600)
	}))
}

// replace puts another text into a file: replace FILE OLD NEW.
func replace(ts *testscript.TestScript, _ bool, args []string) {
	file := ts.MkAbs(args[0])
	text, err := os.ReadFile(file)
	ts.Check(err)
	next := strings.Replace(string(text), args[1], args[2], 1)
	if next == string(text) {
		ts.Fatalf("%s does not hold %s", args[0], args[1])
	}
	ts.Check(os.WriteFile(file, []byte(next), 0o600))
}

// flip changes one byte of a file.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	file := ts.MkAbs(args[0])
	text, err := os.ReadFile(file)
	ts.Check(err)
	text[len(text)/2] ^= 1
	ts.Check(os.WriteFile(file, text, 0o600))
}

// get wants an answer: get STATUS URL [FILE].
func get(ts *testscript.TestScript, _ bool, args []string) {
	res, err := http.Get(args[1])
	ts.Check(err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	ts.Check(err)
	if fmt.Sprint(res.StatusCode) != args[0] {
		ts.Fatalf("%s: %s %s", args[1], res.Status, body)
	}
	if len(args) > 2 {
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), body, 0o600))
	}
}

// servers are the programs that scripts have running.
type servers struct {
	mu   sync.Mutex
	stop map[*testscript.TestScript]func()
}

// run starts the program, waits for its line "ready URL" and sets URL and METRICS; "server stop" sends SIGTERM and wants
// exit code 0, as does the end of the script.
func (s *servers) run(ts *testscript.TestScript, _ bool, args []string) {
	if args[0] == "stop" {
		s.end(ts)
		return
	}
	path, err := exec.LookPath("chengshu")
	ts.Check(err)
	cmd := exec.Command(path, args...)
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = []string{"PATH=" + ts.Getenv("PATH"), "HOME=" + ts.Getenv("HOME"), "TMPDIR=" + ts.Getenv("TMPDIR")}
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	errOut, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop[ts] = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_, _ = io.Copy(io.Discard, out)
		_, _ = io.Copy(io.Discard, errOut)
		if err := cmd.Wait(); err != nil {
			ts.Fatalf("after SIGTERM: %v", err)
		}
	}
	ts.Defer(func() { s.end(ts) })
	ts.Setenv("URL", find(out, "ready "))
	if slices.Contains(args, "--metrics") {
		ts.Setenv("METRICS", find(errOut, "metrics "))
	}
}

func (s *servers) end(ts *testscript.TestScript) {
	s.mu.Lock()
	stop := s.stop[ts]
	delete(s.stop, ts)
	s.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// find reads lines until one begins with a word, and gives the rest of it.
func find(r io.Reader, word string) string {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), word); ok {
			return rest
		}
	}
	return ""
}

// offer serves the folder of the script at $OFFER.
func offer(ts *testscript.TestScript, _ bool, _ []string) {
	s := httptest.NewServer(http.FileServer(http.Dir(ts.Getenv("WORK"))))
	ts.Setenv("OFFER", s.URL)
	ts.Defer(s.Close)
}
