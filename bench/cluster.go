package main

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
	"slices"
	"strconv"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of the peers
)

// cluster is a throw-away PostgreSQL with the settings of production: it syncs, and writes whole pages after a checkpoint.
type cluster struct {
	dir   string
	made  int
	alive io.Closer
	done  chan struct{}
}

// errAbsent says that PostgreSQL is not installed.
var errAbsent = errors.New("PostgreSQL is not installed")

// postgres starts the cluster once.
func (b *bench) postgres() (*cluster, error) {
	if b.pg != nil {
		return b.pg, nil
	}
	c, err := startCluster()
	if err != nil {
		return nil, err
	}
	b.pg = c
	return c, nil
}

func startCluster() (*cluster, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return nil, errAbsent
	}
	slices.Sort(found)
	bin := filepath.Dir(found[len(found)-1])
	dir, err := os.MkdirTemp("", "chengshu-bench-pg-")
	if err != nil {
		return nil, err
	}
	attr := &syscall.SysProcAttr{}
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		if attr.Credential, err = unprivileged(); err != nil {
			return nil, err
		}
		if err := os.Chown(dir, int(attr.Credential.Uid), int(attr.Credential.Gid)); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(dir, "data")
	initdb := exec.CommandContext( //nolint:gosec // a program found on this machine
		context.Background(), filepath.Join(bin, "initdb"), "-D", data, "-U", "bench", "-A", "trust",
		"-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = attr, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	// The shell waits for this process to go (its standard input closes), then stops the server.
	script := `"$1" -D "$2" -k "$3" -c listen_addresses= -c fsync=on -c full_page_writes=on -c synchronous_commit=on \
  -c max_connections=100 -c shared_buffers=512MB -c max_wal_size=4GB >"$3/log" 2>&1 & pid=$!
cat >/dev/null; kill -INT $pid; wait $pid; rm -rf "$3"`
	server := exec.CommandContext( //nolint:gosec // a program found on this machine
		context.Background(), "/bin/sh", "-c", script, "sh", filepath.Join(bin, "postgres"), data, dir)
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
	c := &cluster{dir: dir, alive: alive, done: make(chan struct{})}
	go func() { defer close(c.done); _ = server.Wait() }()
	return c, c.wait()
}

func (c *cluster) url(database string) string {
	return fmt.Sprintf("postgres://bench@/%s?host=%s&sslmode=disable", database, url.QueryEscape(c.dir))
}

func (c *cluster) wait() error {
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
	return fmt.Errorf("PostgreSQL does not answer: %w", err)
}

// database makes a new one and gives its URL.
func (c *cluster) database(ctx context.Context) (string, error) {
	db, err := sql.Open("pgx", c.url("postgres"))
	if err != nil {
		return "", err
	}
	defer func() { _ = db.Close() }()
	c.made++
	name := "bench" + strconv.Itoa(c.made)
	_, err = db.ExecContext(ctx, "CREATE DATABASE "+name)
	return c.url(name), err
}

// stop ends the server and removes its files; a nil cluster has neither.
func (c *cluster) stop() {
	if c == nil {
		return
	}
	_ = c.alive.Close()
	<-c.done
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
