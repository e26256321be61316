package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"chengshu/app"
	"chengshu/base/fault"
	"chengshu/base/store"
)

func (c *cli) restore() *cobra.Command {
	cmd := &cobra.Command{
		Use: "restore DIR", Short: "Put a backup into an empty data directory after verifying its sums, then verify the journal", Args: cobra.ExactArgs(1),
		Long: "Put a backup into the data directory, which must be empty or not there, and verify the journal. All sums are verified before\nanything is written, and the data directory comes into being as a whole or not at all. A backup of PostgreSQL goes into the\nempty database of --database by pg_restore. A backup without keys needs them in --keys.",
		RunE: func(cmd *cobra.Command, args []string) error {
			keys, err := cmd.Flags().GetString("keys")
			if err != nil {
				return fault.Wrap("restore", err)
			}
			return c.putBack(cmd, args[0], keys)
		},
	}
	cmd.Flags().String("keys", "", "folder of the keys, of a backup without them")
	return cmd
}

func (c *cli) putBack(cmd *cobra.Command, from, keys string) error {
	m, err := readManifest(cmd.Context(), from)
	if err != nil {
		return err
	}
	switch isPostgres := strings.HasPrefix(c.databaseURL(), "postgres"); {
	case isPostgres != (m.Database == "postgres"):
		return fault.New(fault.Invalid, "restore.database", "database", m.Database)
	case !m.Keys && keys == "":
		return fault.New(fault.Invalid, "restore.keys")
	case m.Database == "sqlite" && c.database != "":
		return fault.New(fault.Invalid, "restore.sqlite")
	}
	if err := emptyDir(c.dir); err != nil {
		return err
	}
	part := filepath.Clean(c.dir) + ".restoring"
	if err := emptyDir(part); err != nil {
		return err
	}
	if err := c.fill(cmd, m, from, part, keys); err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	err = os.Remove(c.dir) // it is empty
	if err == nil {
		err = os.Rename(part, c.dir)
	}
	if err != nil {
		return fault.New(fault.Unavailable, "app.dir", "dir", c.dir).With(err)
	}
	_, err = fmt.Fprintf(c.out, "restored %d files of %s into %s\n", len(m.Files), m.At, c.dir)
	return fault.Wrap("print", err)
}

// fill makes the data directory and opens it once: tables are brought up to date and the journal is verified.
func (c *cli) fill(cmd *cobra.Command, m *manifest, from, dir, keys string) error {
	ctx := cmd.Context()
	for _, f := range m.Files {
		if f.Path == dumpFile {
			continue
		}
		if err := copyFile(filepath.Join(from, filepath.FromSlash(f.Path)), filepath.Join(dir, filepath.FromSlash(f.Path))); err != nil {
			return err
		}
	}
	if keys != "" {
		if err := copyFiles(keys, filepath.Join(dir, "keys")); err != nil {
			return err
		}
	}
	cfg := c.appConfig()
	cfg.Dir = dir
	if m.Database == "postgres" {
		if err := c.pour(ctx, filepath.Join(from, dumpFile)); err != nil {
			return err
		}
	}
	a, err := app.New(ctx, cfg)
	if err != nil {
		return err
	}
	defer a.Close()
	return c.verifyAll(cmd, a)
}

// pour fills an empty PostgreSQL database.
func (c *cli) pour(ctx context.Context, dump string) error {
	db, err := store.Open(ctx, c.database, store.Options{})
	if err != nil {
		return err
	}
	tables := 0
	err = db.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(ctx, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = current_schema()").Scan(&tables)
	})
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	if tables > 0 {
		return fault.New(fault.Exists, "restore.tables", "count", tables)
	}
	return postgres(ctx, c.database, "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", "--dbname=", dump)
}

func copyFiles(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return fault.New(fault.NotFound, "app.dir", "dir", from).With(err)
	}
	for _, e := range entries {
		if err := copyFile(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	f, err := os.Open(from)
	if err != nil {
		return fault.New(fault.NotFound, "file.unknown", "id", from).With(err)
	}
	defer func() { _ = f.Close() }()
	return writeNew(to, f)
}

// readManifest reads a backup's manifest and verifies every file against it. Files that it does not list are refused too:
// nothing comes back that nobody has put there.
func readManifest(ctx context.Context, dir string) (*manifest, error) {
	file := filepath.Join(dir, manifestFile)
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.New(fault.NotFound, "restore.manifest", "file", file).With(err)
	}
	m := &manifest{}
	if err := json.Unmarshal(text, m); err != nil || m.Format != manifestFormat {
		return nil, fault.New(fault.Invalid, "restore.manifest", "file", file).With(err)
	}
	bad := fault.New(fault.Conflict, "restore.damaged", "dir", dir)
	listed := map[string]bool{manifestFile: true}
	for _, f := range m.Files {
		if !filepath.IsLocal(filepath.FromSlash(f.Path)) {
			return nil, fault.New(fault.Invalid, "restore.manifest", "file", file)
		}
		listed[f.Path] = true
		size, sum, err := sumOf(ctx, filepath.Join(dir, filepath.FromSlash(f.Path)))
		switch {
		case err != nil:
			bad.At(f.Path, "restore.missing")
		case size != f.Size || sum != f.SM3:
			bad.At(f.Path, "restore.sum")
		}
	}
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err == nil && !listed[filepath.ToSlash(rel)] {
			bad.At(filepath.ToSlash(rel), "restore.unlisted")
		}
		return err
	})
	if err != nil {
		return nil, fault.New(fault.Unavailable, "app.dir", "dir", dir).With(err)
	}
	if len(bad.Fields) > 0 {
		return nil, bad
	}
	return m, nil
}
