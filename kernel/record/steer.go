package record

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// Row filters are ranges over paths, often several joined by "or". SQLite, which has no histograms, takes the indexes of
// such ranges wherever it can and sorts all they give, which grows with the table; walking the order and leaving out the
// few rows that are not the caller's does not. The walk is worse only where the caller may see almost nothing.
const (
	wideFor    = 10 * time.Minute
	wideFilter = 1_000 // filters remembered
)

// wide remembers which row filters let much through.
type wide struct {
	mu   sync.Mutex
	seen map[string]verdict
}

type verdict struct {
	wide  bool
	until time.Time
}

// steer keeps SQLite from using the indexes of a row filter that lets much through. PostgreSQL knows by itself.
func (s *Store) steer(ctx context.Context, tx *store.Tx, w *selection) error {
	if tx.Dialect() != store.SQLite || w.rows.sql == "TRUE" || w.rows.sql == "FALSE" {
		return nil
	}
	much, err := s.letsThroughMuch(ctx, tx, w)
	if err == nil && much {
		w.where[w.rowsAt] = "CASE WHEN " + w.where[w.rowsAt] + " THEN 1 ELSE 0 END" // no index looks inside
	}
	return err
}

func (s *Store) letsThroughMuch(ctx context.Context, tx *store.Tx, w *selection) (bool, error) {
	key, now := fmt.Sprintf("%s %s %#v", w.t.Name, w.rows.sql, w.rows.args), s.opt.Clock.Now()
	if v, ok := s.wide.get(key); ok && now.Before(v.until) {
		return v.wide, nil
	}
	var all, n int64
	if err := tx.QueryRow(ctx, "SELECT COALESCE(MAX(rowid), 0) FROM "+w.t.Table()).Scan(&all); err != nil {
		return false, fault.Wrap("weigh table", err)
	}
	// Of n among all rows, a page comes after a walk over page·all/n of them, or after n are gathered: equal at this number.
	equal := int64(math.Sqrt(float64(50 * all)))
	query := "SELECT count(*) FROM (SELECT 1 FROM " + w.t.Table() + " WHERE " + w.rows.sql + " LIMIT ?) AS seen"
	if err := tx.QueryRow(ctx, query, append(append([]any{}, w.rows.args...), equal+1)...).Scan(&n); err != nil {
		return false, fault.Wrap("weigh row filter", err)
	}
	s.wide.put(key, verdict{n > equal, now.Add(wideFor)})
	return n > equal, nil
}

func (c *wide) get(key string) (verdict, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.seen[key]
	return v, ok
}

func (c *wide) put(key string, v verdict) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil || len(c.seen) >= wideFilter {
		c.seen = map[string]verdict{}
	}
	c.seen[key] = v
}
