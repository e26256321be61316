package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"sort"
	"strings"
	"time"

	"chengshu/base/fault"
)

const migrationTable = `CREATE TABLE IF NOT EXISTS schema_migration (
	scope TEXT NOT NULL, version TEXT NOT NULL, name TEXT NOT NULL, sha TEXT NOT NULL, at BIGINT NOT NULL,
	PRIMARY KEY (scope, version))`

// Migrate brings the tables of one package up to date with the files NNNN_verb_object.sql of fsys, in order, each in one
// transaction. Files are never edited after release: a changed one is refused with "store.migration.changed".
func Migrate(ctx context.Context, db *DB, fsys fs.FS, scope string, now time.Time) error {
	names, err := fs.Glob(fsys, "*.sql")
	if err != nil {
		return fault.Wrap("list migrations", err)
	}
	sort.Strings(names)
	return db.Write(ctx, func(tx *Tx) error {
		if err := tx.DDL(ctx, migrationTable); err != nil {
			return err
		}
		if db.dialect == PostgreSQL { // two nodes may start at once; SQLite has one writer
			if _, err := tx.Exec(ctx, "LOCK TABLE schema_migration"); err != nil {
				return err
			}
		}
		for _, name := range names {
			if err := migrateOne(ctx, tx, fsys, scope, name, now); err != nil {
				return fault.Wrap("migrate "+scope+"/"+name, err)
			}
		}
		return nil
	})
}

func migrateOne(ctx context.Context, tx *Tx, fsys fs.FS, scope, name string, now time.Time) error {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return fault.Wrap("read", err)
	}
	sum := sha256.Sum256(text)
	sha := hex.EncodeToString(sum[:])
	version, _, _ := strings.Cut(name, "_")
	var have string
	err = tx.QueryRow(ctx, "SELECT sha FROM schema_migration WHERE scope = ? AND version = ?", scope, version).Scan(&have)
	if err == nil {
		if have != sha {
			return fault.New(fault.Conflict, "store.migration.changed", "scope", scope, "name", name)
		}
		return nil
	}
	if !None(err) {
		return tx.db.fault("read version", err)
	}
	for _, statement := range statementsOf(string(text)) {
		if err := tx.DDL(ctx, statement); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, "INSERT INTO schema_migration (scope, version, name, sha, at) VALUES (?, ?, ?, ?, ?)",
		scope, version, name, sha, now.UnixMicro())
	return err
}

// statementsOf splits a migration at semicolons that end a line. Comment lines go: they may hold the words of types.
func statementsOf(text string) []string {
	var out []string
	var b strings.Builder
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "--")
		b.WriteString(strings.TrimRight(line, " \t\n") + "\n")
		if strings.HasSuffix(strings.TrimSpace(line), ";") {
			if s := strings.TrimSpace(b.String()); s != ";" {
				out = append(out, strings.TrimSuffix(s, ";"))
			}
			b.Reset()
		}
	}
	if s := strings.TrimSpace(b.String()); s != "" {
		out = append(out, s)
	}
	return out
}
