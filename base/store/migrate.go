package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"regexp"
	"sort"
	"strconv"

	"chengshu/base/fault"
)

var migrationName = regexp.MustCompile(`^(\d{4})_[a-z0-9_]+\.sql$`)

// migration is one file of a scope.
type migration struct {
	version int
	name    string
	text    string
	sha     string
}

// Files gives the files that a package embeds from its folder "migrations".
func Files(embedded fs.FS) fs.FS {
	sub, err := fs.Sub(embedded, "migrations")
	if err != nil { // no valid path, which a constant is
		return embedded
	}
	return sub
}

// Migrate brings the tables of a scope up to date with the files NNNN_verb_object.sql at the root of fsys, each in a
// transaction of its own, in order and only forward. A file that changed after it was applied, a gap in the numbers and a
// database newer than the files are Internal faults ("store.migration.changed", ".order", ".newer"). Several processes may
// start at once. The text is SQLite's and PostgreSQL's common subset; Dialect.DDL adapts the column types.
func Migrate(ctx context.Context, db *DB, fsys fs.FS, scope string) error {
	files, err := migrations(fsys)
	if err != nil {
		return fault.Wrap("read migrations of "+scope, err)
	}
	if err := createMigrationTable(ctx, db); err != nil {
		return fault.Wrap("create schema_migration", err)
	}
	for _, m := range files {
		if err := db.Write(ctx, func(tx *Tx) error { return apply(ctx, tx, db, scope, m) }); err != nil {
			return fault.Wrap("migrate "+scope+" "+m.name, err)
		}
	}
	return db.Read(ctx, func(tx *Tx) error {
		var newest int
		err := tx.QueryRow(ctx, `SELECT COALESCE(MAX(version), 0) FROM schema_migration WHERE scope = ?`, scope).Scan(&newest)
		if err == nil && newest > len(files) {
			return fault.New(fault.Internal, "store.migration.newer", "scope", scope, "version", newest)
		}
		return err
	})
}

func migrations(fsys fs.FS) ([]migration, error) {
	names, err := fs.Glob(fsys, "*.sql")
	if err != nil {
		return nil, err
	}
	sort.Strings(names)
	out := make([]migration, 0, len(names))
	for i, name := range names {
		match := migrationName.FindStringSubmatch(name)
		if match == nil {
			return nil, fault.New(fault.Internal, "store.migration.name", "name", name)
		}
		version, err := strconv.Atoi(match[1])
		if err != nil || version != i+1 {
			return nil, fault.New(fault.Internal, "store.migration.order", "name", name)
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		out = append(out, migration{version: version, name: name, text: string(text), sha: hex.EncodeToString(sum[:])})
	}
	return out, nil
}

func createMigrationTable(ctx context.Context, db *DB) error {
	create := func(tx *Tx) error {
		return tx.DDL(ctx, `CREATE TABLE IF NOT EXISTS schema_migration (
			scope TEXT NOT NULL, version BIGINT NOT NULL, name TEXT NOT NULL, sha TEXT NOT NULL, at BIGINT NOT NULL,
			PRIMARY KEY (scope, version))`)
	}
	err := db.Write(ctx, create)
	if fault.Is(err, fault.Exists) {
		err = db.Write(ctx, create) // PostgreSQL: two processes created it at once, and IF NOT EXISTS does not lock
	}
	return err
}

func apply(ctx context.Context, tx *Tx, db *DB, scope string, m migration) error {
	if tx.Dialect() == PostgreSQL { // on SQLite the writer's lock already keeps the others out
		if _, err := tx.Exec(ctx, `LOCK TABLE schema_migration IN EXCLUSIVE MODE`); err != nil {
			return err
		}
	}
	var sha string
	err := tx.QueryRow(ctx, `SELECT sha FROM schema_migration WHERE scope = ? AND version = ?`, scope, m.version).Scan(&sha)
	switch {
	case err == nil && sha != m.sha:
		return fault.New(fault.Internal, "store.migration.changed", "scope", scope, "name", m.name)
	case err == nil:
		return nil
	case !None(err):
		return err
	}
	if err := tx.DDL(ctx, m.text); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO schema_migration (scope, version, name, sha, at) VALUES (?, ?, ?, ?, ?)`,
		scope, m.version, m.name, m.sha, db.clock.Now().UnixMicro())
	return err
}
