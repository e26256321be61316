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
func Open(t testing.TB, url string) *store.DB {
	t.Helper()
	return open(t, url)
}

// SQLiteURL names a new file that goes with the test.
func SQLiteURL(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "test.db")
}

// SQLite opens a new SQLite database that goes with the test.
func SQLite(t testing.TB) *store.DB {
	t.Helper()
	return open(t, SQLiteURL(t))
}

// PostgreSQL opens a new database in the test process's cluster.
func PostgreSQL(t testing.TB) *store.DB {
	t.Helper()
	return open(t, PostgreSQLURL(t))
}

// PostgreSQLURL creates a new database in the test process's cluster and gives its URL.
func PostgreSQLURL(t testing.TB) string {
	t.Helper()
	c, err := theCluster()
	if err != nil {
		if os.Getenv("CHENGSHU_CI") == "1" {
			t.Fatalf("PostgreSQL is required: %v", err)
		}
		t.Skipf("SKIPPED WITHOUT POSTGRESQL: %v", err)
	}
	url, err := c.database(t.Context())
	if err != nil {
		t.Fatalf("create database: %v", err)
	}
	return url
}

func open(t testing.TB, url string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatalf("open %s: %v", url, err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}
