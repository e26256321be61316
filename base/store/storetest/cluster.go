package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Cluster is a throw-away PostgreSQL server. A watcher process stops it and removes its files when this process ends,
// however it ends.
type Cluster struct {
	dir   string // of data, log and socket: no port, so that processes never meet
	next  atomic.Int64
	alive io.Closer // the server's shell ends when this closes; kept so that it does not close earlier
	done  chan struct{}
}

// ErrAbsent says that PostgreSQL is not installed.
var ErrAbsent = errors.New("no initdb in /usr/lib/postgresql or the path; install postgresql")

// theCluster is that of the test process: nothing it holds has to last.
var theCluster = sync.OnceValues(func() (*Cluster, error) {
	return StartCluster("fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=200", "shared_buffers=64MB")
})

// StartCluster starts a server with settings of the form "name=value". Error: ErrAbsent.
func StartCluster(settings ...string) (*Cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "chengshu-pg-")
	if err != nil {
		return nil, err
	}
	attr := &syscall.SysProcAttr{}
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		attr.Credential, err = unprivileged()
		if err != nil {
			return nil, err
		}
		if err := os.Chown(dir, int(attr.Credential.Uid), int(attr.Credential.Gid)); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(dir, "data")
	initdb := exec.CommandContext( //nolint:gosec // a program found on this machine
		context.Background(),
		filepath.Join(bin, "initdb"), "-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = attr, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	// The shell waits for this process to go (its standard input closes), then stops the server.
	script := `bin=$1 data=$2 dir=$3; shift 3
"$bin" -D "$data" -k "$dir" -c listen_addresses= "$@" >"$dir/log" 2>&1 & pid=$!
cat >/dev/null; kill -QUIT $pid; wait $pid; rm -rf "$dir"`
	args := []string{"-c", script, "sh", filepath.Join(bin, "postgres"), data, dir}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	server := exec.CommandContext( //nolint:gosec // it outlives the test that happens to be first
		context.Background(), "/bin/sh", args...)
	serverAttr := *attr
	serverAttr.Setpgid = true
	server.SysProcAttr, server.Dir = &serverAttr, dir
	alive, err := server.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := server.Start(); err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir, alive: alive, done: make(chan struct{})}
	go func() { defer close(c.done); _ = server.Wait() }()
	return c, c.wait()
}

// Stop ends the server and removes its files; a nil cluster has neither.
func (c *Cluster) Stop() {
	if c == nil {
		return
	}
	_ = c.alive.Close()
	<-c.done
}

func (c *Cluster) url(database string) string {
	return fmt.Sprintf("postgres://test@/%s?host=%s&sslmode=disable", database, url.QueryEscape(c.dir))
}

func (c *Cluster) wait() error {
	db, err := sql.Open("pgx", c.url("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	for range 200 {
		if err = db.PingContext(context.Background()); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("postgres does not answer: %w", err)
}

// Database makes a new database and gives its URL.
func (c *Cluster) Database(ctx context.Context) (string, error) {
	db, err := sql.Open("pgx", c.url("postgres"))
	if err != nil {
		return "", err
	}
	defer func() { _ = db.Close() }()
	name := fmt.Sprintf("test%d", c.next.Add(1))
	if _, err := db.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	return c.url(name), nil
}

func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	sort.Strings(found)
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", ErrAbsent
}

func unprivileged() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		if errUID == nil && errGID == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("no unprivileged user to run PostgreSQL as")
}
