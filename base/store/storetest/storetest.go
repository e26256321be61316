// Package storetest runs tests on every database that base/store supports.
//
// SQLite always runs, in a temporary directory. PostgreSQL runs where its binaries are found: a throw-away cluster for
// the test process, a fresh database for each test. Where they are absent the test is skipped loudly, and fails when
// CHENGSHU_CI=1.
//
// Main functions: Each, EachURL, SQLite, PostgreSQL.
package storetest

import (
	"os"
	"path/filepath"
	"testing"

	"chengshu/base/store"
)

// Each runs fn as a sub-test on SQLite and on PostgreSQL.
func Each(t *testing.T, fn func(t *testing.T, db *store.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { fn(t, PostgreSQL(t)) })
}

// EachURL runs fn as a sub-test with the URL of a new SQLite file and of a new PostgreSQL database, for tests that open it
// several times.
func EachURL(t *testing.T, fn func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLiteURL(t)) })
	t.Run("postgres", func(t *testing.T) { fn(t, PostgreSQLURL(t)) })
}

// Open opens a database of the URL and closes it at the end of the test.
func Open(tb testing.TB, url string) *store.DB {
	tb.Helper()
	return open(tb, url)
}

// SQLiteURL names a new file that goes with the test.
func SQLiteURL(tb testing.TB) string {
	tb.Helper()
	return "sqlite:" + filepath.Join(tb.TempDir(), "test.db")
}

// SQLite opens a new SQLite database that goes with the test.
func SQLite(tb testing.TB) *store.DB {
	tb.Helper()
	return open(tb, SQLiteURL(tb))
}

// PostgreSQL opens a new database in the test process's cluster.
func PostgreSQL(tb testing.TB) *store.DB {
	tb.Helper()
	return open(tb, PostgreSQLURL(tb))
}

// PostgreSQLURL creates a new database in the test process's cluster and gives its URL.
func PostgreSQLURL(tb testing.TB) string {
	tb.Helper()
	c, err := theCluster()
	if err != nil {
		if os.Getenv("CHENGSHU_CI") == "1" {
			tb.Fatalf("PostgreSQL is required: %v", err)
		}
		tb.Skipf("SKIPPED WITHOUT POSTGRESQL: %v", err)
	}
	url, err := c.Database(tb.Context())
	if err != nil {
		tb.Fatalf("create database: %v", err)
	}
	return url
}

func open(tb testing.TB, url string) *store.DB {
	tb.Helper()
	db, err := store.Open(tb.Context(), url, store.Options{})
	if err != nil {
		tb.Fatalf("open %s: %v", url, err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return db
}
