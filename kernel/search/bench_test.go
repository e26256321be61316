package search_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/search"
)

const benchDocs = 50_000

// benchWords are two-character words; texts of 12 to 25 of them hold a given one with a chance of about one in thirty.
func benchWords() []string {
	runes := []rune("井盖路灯损坏缺失东西街道积水垃圾桶满噪声扰民违停车辆树木倒伏电线断裂污水外溢占道经营店铺广告牌匾破旧绿化带护栏松动")
	words := make([]string, 0, 600)
	r := rand.New(rand.NewPCG(1, 2))
	for range 600 {
		words = append(words, string([]rune{runes[r.IntN(len(runes))], runes[r.IntN(len(runes))]}))
	}
	return words
}

func fill(b *testing.B, db *store.DB) {
	b.Helper()
	if err := search.Migrate(b.Context(), db); err != nil {
		b.Fatal(err)
	}
	x, words, r := search.New(db.Dialect()), benchWords(), rand.New(rand.NewPCG(3, 4))
	for start := 0; start < benchDocs; start += 1000 {
		err := db.Write(b.Context(), func(tx *store.Tx) error {
			if start == 0 {
				if err := tx.DDL(b.Context(), `CREATE TABLE doc (id TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL)`); err != nil {
					return err
				}
			}
			for i := start; i < start+1000; i++ {
				id, number := fmt.Sprintf("d%06d", i), fmt.Sprintf("9901002026%08d", i)
				var body strings.Builder
				for range 12 + r.IntN(14) {
					body.WriteString(words[r.IntN(len(words))])
				}
				if _, err := tx.Exec(b.Context(), `INSERT INTO doc (id, body) VALUES (?, ?)`, id, body.String()); err != nil {
					return err
				}
				if err := x.Put(b.Context(), tx, "test.t", id, []string{number, number, body.String()}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	if db.Dialect() == store.PostgreSQL {
		if err := db.Write(b.Context(), func(tx *store.Tx) error { _, err := tx.Exec(b.Context(), `ANALYZE`); return err }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFind compares the index with the scan that needs none, on the newest twenty hits and on all.
func BenchmarkFind(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *store.DB{"sqlite": storetest.SQLite, "postgres": storetest.PostgreSQL} {
		b.Run(name, func(b *testing.B) {
			db := open(b)
			fill(b, db)
			for _, query := range []string{"井盖", "井盖 路灯", "井", "990100202600012345", "井盖缺失东"} {
				sql, args := search.New(db.Dialect()).Clause(db.Dialect(), "test.t", query)
				for _, shape := range []struct{ name, head, tail string }{
					{"count", "SELECT count(*) FROM doc WHERE ", ""}, {"page", "SELECT count(*) FROM (SELECT id FROM doc WHERE ", " ORDER BY id DESC LIMIT 20) x"},
				} {
					b.Run(query+"/"+shape.name+"/index", func(b *testing.B) { count(b, db, shape.head+sql+shape.tail, args...) })
				}
				b.Run(query+"/count/scan", func(b *testing.B) { count(b, db, `SELECT count(*) FROM doc WHERE body LIKE ?`, "%"+query+"%") })
			}
		})
	}
}

func count(b *testing.B, db *store.DB, sql string, args ...any) {
	b.Helper()
	n := 0
	for b.Loop() {
		if err := db.Read(b.Context(), func(tx *store.Tx) error { return tx.QueryRow(b.Context(), sql, args...).Scan(&n) }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n), "hits")
}
