package store_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	_ "modernc.org/sqlite" // the peer

	"chengshu/base/store"
	"chengshu/base/store/storetest"
)

const benchTable = "CREATE TABLE bench (id BIGINT PRIMARY KEY, name TEXT NOT NULL, at BIGINT NOT NULL)"

// BenchmarkWrite compares one durable transaction through the store, at 1, 4 and 16 clients, with a plain database/sql loop
// on the same settings and one connection (the limit of what ungrouped commits can do).
func BenchmarkWrite(b *testing.B) {
	for _, clients := range []int{1, 4, 16} {
		b.Run(fmt.Sprintf("raw/%d", clients), func(b *testing.B) {
			file := filepath.Join(b.TempDir(), "raw.db")
			db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(60000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			db.SetMaxOpenConns(1)
			if _, err := db.ExecContext(b.Context(), benchTable); err != nil {
				b.Fatal(err)
			}
			share(b, clients, func(id int64) error {
				tx, err := db.BeginTx(b.Context(), nil)
				if err != nil {
					return err
				}
				if _, err := tx.ExecContext(b.Context(), "INSERT INTO bench (id, name, at) VALUES (?, ?, ?)", id, "name", id); err != nil {
					return err
				}
				return tx.Commit()
			})
		})
		b.Run(fmt.Sprintf("store/%d", clients), func(b *testing.B) { benchStore(b, storetest.SQLite(b), clients) })
		b.Run(fmt.Sprintf("postgres/%d", clients), func(b *testing.B) { benchStore(b, storetest.PostgreSQL(b), clients) })
	}
}

func benchStore(b *testing.B, db *store.DB, clients int) {
	b.Helper()
	ctx := b.Context()
	if err := db.Write(ctx, func(tx *store.Tx) error { return tx.DDL(ctx, benchTable) }); err != nil {
		b.Fatal(err)
	}
	before := db.Stats()
	share(b, clients, func(id int64) error {
		return db.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO bench (id, name, at) VALUES (?, ?, ?)", id, "name", id)
			return err
		})
	})
	after := db.Stats()
	b.ReportMetric(float64(after.Writes-before.Writes)/float64(after.Commits-before.Commits), "writes/commit")
}

func share(b *testing.B, clients int, once func(id int64) error) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range clients {
		wg.Go(func() {
			for {
				id := next.Add(1)
				if id > int64(b.N) {
					return
				}
				if err := once(id); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
