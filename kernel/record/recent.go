package record

import (
	"context"
	"sync"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/schema"
)

// recentSize bounds the records kept in memory; two generations of half of it each.
const recentSize = 2048

// known names a record as it lies in its table.
type known struct {
	t  *schema.Type
	id string
}

// recent keeps records as they were after a durable transaction. One is used only where the table still has its revision:
// every write raises it, whoever makes it, so a record is right or not used. Losing it costs the queries of its tables.
type recent struct {
	mu       sync.Mutex
	new, old map[known]*Record
}

func (c *recent) get(k known) *Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.new[k]; r != nil {
		return r
	}
	return c.old[k]
}

// put takes a record that nobody changes any more.
func (c *recent) put(k known, r *Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.new == nil || len(c.new) >= recentSize/2 {
		c.old, c.new = c.new, map[known]*Record{}
	}
	c.new[k] = r
}

// load reads one record without asking policy; the caller does. Deleted records are found too.
func (s *Store) load(ctx context.Context, tx *store.Tx, t *schema.Type, id string) (*Record, error) {
	return s.find(ctx, tx, t, id, false)
}

// hold reads one record and keeps others from changing it before the transaction ends. A step of a process looks at its
// record several times; since nobody writes beside it, the table is asked once.
func (s *Store) hold(ctx context.Context, tx *store.Tx, t *schema.Type, id string) (*Record, error) {
	return s.find(ctx, tx, t, id, tx.Writable())
}

func (s *Store) find(ctx context.Context, tx *store.Tx, t *schema.Type, id string, hold bool) (*Record, error) {
	if !storable(id) {
		return nil, notFound(t, id)
	}
	k := known{t, id}
	if r, ok := tx.Kept(k).(*Record); ok {
		return r.clone(), nil
	}
	r, err := s.fetch(ctx, tx, k, hold)
	if err != nil {
		return nil, err
	}
	if hold || tx.Serial() {
		tx.Keep(k, r)
	}
	return r.clone(), nil
}

// fetch reads the revision alone where the record is in memory, and all of it elsewhere.
func (s *Store) fetch(ctx context.Context, tx *store.Tx, k known, hold bool) (*Record, error) {
	lock := ""
	if hold && !tx.Serial() { // PostgreSQL: where writers overlap
		lock = " FOR UPDATE"
	}
	if r := s.recent.get(k); r != nil {
		var rev int64
		err := tx.QueryRow(ctx, "SELECT rev FROM "+k.t.Table()+" WHERE id = ?"+lock, k.id).Scan(&rev)
		if err == nil && rev == r.Rev() {
			return r, nil
		}
		if err != nil && !store.None(err) {
			return nil, fault.Wrap("read revision", err)
		}
	}
	r, err := read(ctx, tx, k.t, k.id, lock)
	if err == nil {
		tx.OnCommit(func() { s.recent.put(k, r) })
	}
	return r, err
}

func read(ctx context.Context, tx *store.Tx, t *schema.Type, id, lock string) (*Record, error) {
	rows, err := tx.Query(ctx, "SELECT "+layoutOf(t).list+" FROM "+t.Table()+" WHERE id = ?"+lock, id)
	if err != nil {
		return nil, err
	}
	found, err := scan(ctx, tx, t, rows)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, notFound(t, id)
	}
	return found[0], nil
}

// written remembers a record that this transaction has just written, in the shape a reader gets it.
func (s *Store) written(tx *store.Tx, r *Record) {
	k, kept := known{r.Type, r.ID()}, r.clone()
	for _, f := range layoutOf(r.Type).rows {
		if list, ok := kept.Values[f.Name].([]any); ok && len(list) == 0 {
			delete(kept.Values, f.Name)
		}
	}
	for name, v := range kept.Values {
		if v == nil {
			delete(kept.Values, name)
		}
	}
	n, _ := tx.Kept(writes{}).(int)
	tx.Keep(writes{}, n+1)
	tx.Keep(k, kept)
	tx.OnCommit(func() { s.recent.put(k, kept) })
}
