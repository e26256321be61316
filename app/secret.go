package app

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"chengshu/base/fault"
)

// secret gives the key of cursors and digests: 32 random bytes in a file only the owner reads, made on the first start.
// It lies outside the database, so that a copy of the database does not carry it.
func (a *App) secret() ([]byte, error) {
	dir := filepath.Join(a.cfg.Dir, "keys")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.New(fault.Unavailable, "app.dir", "dir", dir).With(err)
	}
	file := filepath.Join(dir, "secret")
	key, err := os.ReadFile(file)
	if err == nil && len(key) == 32 {
		return key, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap("read secret", err)
	}
	key = make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, fault.Wrap("make secret", err)
	}
	return key, fault.Wrap("write secret", os.WriteFile(file, key, 0o600))
}
