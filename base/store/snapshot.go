package store

import (
	"context"
	"os"
	"path/filepath"

	"chengshu/base/fault"
)

// Snapshot writes a whole, compact copy of the SQLite database as it is now into a new file (mode 0600), while reads and
// writes go on; the copy is synced when it returns. A file that is there already is Exists "store.exists", a full disk
// Unavailable "store.full" and leaves nothing. PostgreSQL has pg_basebackup and pg_dump for this: Invalid "store.snapshot".
func (db *DB) Snapshot(ctx context.Context, file string) error {
	e, ok := db.engine.(*embedded)
	if !ok {
		return fault.New(fault.Invalid, "store.snapshot")
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if os.IsExist(err) {
		return fault.New(fault.Exists, "store.exists", "file", filepath.Base(file))
	}
	if err != nil {
		return fault.New(fault.Unavailable, "store.io").With(err)
	}
	defer func() { _ = f.Close() }()
	l, err := openLink(ctx, e.dsn)
	if err != nil {
		_ = os.Remove(file)
		return fault.Wrap("snapshot", classify(err))
	}
	defer func() { _ = l.close() }()
	// SQLite accepts an empty file as the target. It is a read transaction, but the connection must be allowed to write.
	_, err = l.conn.ExecContext(ctx, "PRAGMA query_only = 0")
	if err == nil {
		_, err = l.conn.ExecContext(ctx, "VACUUM INTO ?", file)
	}
	if err == nil {
		err = f.Sync() // VACUUM INTO itself does not
	}
	if err == nil {
		err = syncDir(filepath.Dir(file))
	}
	if err != nil {
		_ = os.Remove(file)
		return fault.Wrap("snapshot", classify(err))
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}
