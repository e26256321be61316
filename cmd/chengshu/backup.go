package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/gm"
	"chengshu/base/store"
)

const (
	manifestFile   = "manifest.json"
	manifestFormat = "chengshu-backup/1"
	sqliteFile     = "chengshu.db"
	dumpFile       = "database.dump"
)

// manifest lists what a backup holds. It is written last: a folder without one is no backup.
type manifest struct {
	Format   string   `json:"format"`
	At       string   `json:"at"`
	Database string   `json:"database"` // "sqlite" or "postgres"
	Keys     bool     `json:"keys"`
	Files    []copied `json:"files"`
}

// copied is one file of a backup.
type copied struct {
	Path string `json:"path"` // with slashes, below the backup's folder
	Size int64  `json:"size"`
	SM3  string `json:"sm3"`
}

func (c *cli) backup() *cobra.Command {
	var without bool
	cmd := &cobra.Command{
		Use: "backup DIR", Short: "Copy database, files, keys and site layer into a new folder, while the server may be running", Args: cobra.ExactArgs(1),
		Long: "Copy database, files, keys and the site layer into a new folder with a manifest of SM3 sums, while the server may be running.\n\n" +
			"The database is one snapshot; files are copied after it, so that every file it names is there. PostgreSQL is copied by\npg_dump. Who has both the database and the keys can rewrite the journal and sign it: keep the folder accordingly, or copy\nthe keys apart with --without-keys.",
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := c.copyAll(cmd.Context(), args[0], !without)
			if err != nil {
				return err
			}
			var size int64
			for _, f := range m.Files {
				size += f.Size
			}
			_, err = fmt.Fprintf(c.out, "%s: %s, %d files, %d bytes\n", args[0], m.Database, len(m.Files), size)
			return fault.Wrap("print", err)
		},
	}
	cmd.Flags().BoolVar(&without, "without-keys", false, "leave the keys out")
	return cmd
}

// databaseURL is the database in use.
func (c *cli) databaseURL() string {
	if c.database != "" {
		return c.database
	}
	return "sqlite:" + filepath.Join(c.dir, sqliteFile)
}

func (c *cli) copyAll(ctx context.Context, dir string, keys bool) (*manifest, error) {
	if _, err := os.Stat(c.dir); err != nil {
		return nil, fault.New(fault.NotFound, "app.dir", "dir", c.dir).With(err)
	}
	if err := emptyDir(dir); err != nil {
		return nil, err
	}
	m := &manifest{Format: manifestFormat, At: clock.System().Now().In(clock.Shanghai).Format(time.RFC3339), Database: "sqlite", Keys: keys}
	database := sqliteFile
	if strings.HasPrefix(c.databaseURL(), "postgres") {
		m.Database, database = "postgres", dumpFile
	}
	if err := c.copyDatabase(ctx, filepath.Join(dir, database)); err != nil {
		return nil, err
	}
	if err := m.add(ctx, dir, database); err != nil {
		return nil, err
	}
	parts := []string{"blobs", "site"}
	if keys {
		parts = append(parts, "keys")
	}
	for _, part := range parts {
		if err := m.copyTree(ctx, c.dir, dir, part); err != nil {
			return nil, err
		}
	}
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, fault.Wrap("write manifest", err)
	}
	return m, writeNew(filepath.Join(dir, manifestFile), bytes.NewReader(append(text, '\n')))
}

// emptyDir makes a folder, or takes one that is empty: Exists "backup.target" otherwise.
func emptyDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Unavailable, "app.dir", "dir", dir).With(err)
	}
	if len(entries) > 0 {
		return fault.New(fault.Exists, "backup.target", "dir", dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fault.New(fault.Unavailable, "app.dir", "dir", dir).With(err)
	}
	return nil
}

func (c *cli) copyDatabase(ctx context.Context, to string) error {
	if strings.HasPrefix(c.databaseURL(), "postgres") {
		return postgres(ctx, c.databaseURL(), "pg_dump", "--format=custom", "--no-owner", "--file="+to)
	}
	file := strings.TrimPrefix(c.databaseURL(), "sqlite:")
	if _, err := os.Stat(file); err != nil { // opening would make it
		return fault.New(fault.NotFound, "file.unknown", "id", file).With(err)
	}
	db, err := store.Open(ctx, c.databaseURL(), store.Options{})
	if err != nil {
		return err
	}
	return errors.Join(db.Snapshot(ctx, to), db.Close())
}

// postgres runs a program of PostgreSQL on a database. The address goes through the environment: arguments are seen by
// every user of the machine. Faults: Unavailable "backup.program" where it is not installed, "backup.failed".
func postgres(ctx context.Context, address, program string, args ...string) error {
	path, err := exec.LookPath(program)
	if err != nil {
		return fault.New(fault.Unavailable, "backup.program", "program", program)
	}
	u, err := url.Parse(address)
	if err != nil {
		return fault.New(fault.Invalid, "store.url")
	}
	password, _ := u.User.Password()
	env := map[string]string{
		"PGHOST": u.Hostname(), "PGPORT": u.Port(), "PGUSER": u.User.Username(), "PGPASSWORD": password, "PGDATABASE": strings.TrimPrefix(u.Path, "/"),
	}
	for name, variable := range map[string]string{
		"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE",
		"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY",
	} {
		if v := u.Query().Get(name); v != "" {
			env[variable] = v
		}
	}
	if i := slices.Index(args, "--dbname="); i >= 0 { // pg_restore wants the name said
		args[i] += env["PGDATABASE"]
	}
	cmd := exec.CommandContext(ctx, path, args...) //nolint:gosec // one of three programs, named here
	cmd.Env = os.Environ()
	for name, v := range env {
		if v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fault.New(fault.Unavailable, "backup.failed", "program", program, "detail", strings.TrimSpace(string(out))).With(err)
	}
	return nil
}

// copyTree copies a folder of the data directory, if it is there, and lists its files.
func (m *manifest) copyTree(ctx context.Context, from, to, part string) error {
	root, err := os.OpenRoot(filepath.Join(from, part))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.New(fault.Unavailable, "app.dir", "dir", from).With(err)
	}
	defer func() { _ = root.Close() }()
	return fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // an upload that ended meanwhile
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := root.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fault.New(fault.Unavailable, "app.dir", "dir", path).With(err)
		}
		defer func() { _ = f.Close() }()
		if err := writeNew(filepath.Join(to, part, path), f); err != nil {
			return err
		}
		return m.add(ctx, to, part+"/"+filepath.ToSlash(path))
	})
}

// add lists a file of the backup with its sum.
func (m *manifest) add(ctx context.Context, dir, path string) error {
	size, sum, err := sumOf(ctx, filepath.Join(dir, filepath.FromSlash(path)))
	m.Files = append(m.Files, copied{Path: path, Size: size, SM3: sum})
	return err
}

func sumOf(ctx context.Context, file string) (int64, string, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, "", fault.New(fault.NotFound, "file.unknown", "id", file).With(err)
	}
	defer func() { _ = f.Close() }()
	h := gm.NewHash()
	n, err := io.Copy(h, reader{ctx, f})
	if err != nil {
		return 0, "", fault.New(fault.Unavailable, "app.dir", "dir", file).With(err)
	}
	return n, fmt.Sprintf("%x", h.Sum(nil)), nil
}

// reader stops reading when the context ends.
type reader struct {
	ctx context.Context //nolint:containedctx // of one copy, never kept
	r   io.Reader
}

// Read reads unless the context has ended.
func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// writeNew writes a file that is not there yet and syncs it.
func writeNew(file string, r io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fault.New(fault.Unavailable, "app.dir", "dir", filepath.Dir(file)).With(err)
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fault.New(fault.Unavailable, "app.dir", "dir", file).With(err)
	}
	_, err = io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fault.New(fault.Unavailable, "app.dir", "dir", file).With(err)
	}
	return nil
}
