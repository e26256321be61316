package journal

import (
	"context"
	"database/sql"
	"slices"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// buildBatch is the most leaves put into the trees in one transaction.
const buildBatch = 512

// tail reads the entries that got numbers and are not yet in the trees.
const tail = `SELECT seq, sm3, sha256 FROM journal WHERE seq > ? ORDER BY seq LIMIT ?`

// sequence gives the next numbers to entries that have none, in the order of their ids; PostgreSQL only. The lock on
// journal_head makes it the one sequencer of all nodes.
const sequence = `WITH waiting AS (SELECT id FROM journal WHERE seq IS NULL ORDER BY id LIMIT ?),
  numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM waiting)
UPDATE journal SET seq = CAST(? AS BIGINT) + numbered.n FROM numbered WHERE journal.id = numbered.id
RETURNING journal.seq, journal.sm3, journal.sha256`

// build puts the next batch of entries into the trees, on PostgreSQL giving them their numbers, and tells how many. The
// size that stands afterwards is that of j.tree.
func (j *Journal) build(ctx context.Context) (int, error) {
	var next *frontier
	count := 0
	err := j.db.Write(ctx, func(tx *store.Tx) error {
		f, err := j.edge(ctx, tx)
		if err != nil {
			return err
		}
		leaves, err := nextLeaves(ctx, tx, f.size)
		if err != nil {
			return err
		}
		next, count = f, len(leaves)
		if count == 0 {
			return nil
		}
		type node struct {
			level int
			idx   int64
			pair  pair
		}
		var nodes []node
		for _, leaf := range leaves {
			f.push(leaf, func(level int, idx int64, p pair) { nodes = append(nodes, node{level, idx, p}) })
		}
		for _, n := range nodes {
			_, err := tx.Exec(ctx, `INSERT INTO journal_node (level, idx, sm3, sha256) VALUES (?, ?, ?, ?)`,
				n.level, n.idx, n.pair.sm3, n.pair.sha)
			if err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `UPDATE journal_head SET size = ? WHERE id = 1`, f.size)
		return err
	})
	if err != nil {
		return 0, fault.Wrap("build the trees of the journal", err)
	}
	j.mu.Lock()
	if j.tree == nil || next.size > j.tree.size {
		j.tree = next
	}
	j.mu.Unlock()
	if count > 0 {
		j.news.ring()
	}
	return count, nil
}

// buildAll puts everything that is committed into the trees.
func (j *Journal) buildAll(ctx context.Context) error {
	for {
		n, err := j.build(ctx)
		if err != nil || n < buildBatch {
			return err
		}
	}
}

// edge locks the head and gives a copy of the trees' right edge, from memory where no other node has built since.
func (j *Journal) edge(ctx context.Context, tx *store.Tx) (*frontier, error) {
	query := `SELECT size FROM journal_head WHERE id = 1`
	if !tx.Serial() {
		query += ` FOR UPDATE` // where writers never overlap the lock is there already
	}
	var size int64
	if err := tx.QueryRow(ctx, query).Scan(&size); err != nil {
		return nil, err
	}
	j.mu.Lock()
	tree := j.tree
	j.mu.Unlock()
	if tree != nil && tree.size == size {
		return tree.clone(), nil
	}
	return loadFrontier(ctx, tx, size)
}

func nextLeaves(ctx context.Context, tx *store.Tx, size int64) ([]pair, error) {
	var rows *sql.Rows
	var err error
	if tx.Serial() {
		rows, err = tx.Query(ctx, tail, size, buildBatch)
	} else {
		rows, err = tx.Query(ctx, sequence, buildBatch, size)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	type leaf struct {
		seq  int64
		pair pair
	}
	var leaves []leaf
	for rows.Next() {
		var l leaf
		if err := rows.Scan(&l.seq, &l.pair.sm3, &l.pair.sha); err != nil {
			return nil, err
		}
		leaves = append(leaves, l)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	slices.SortFunc(leaves, func(a, b leaf) int { return int(a.seq - b.seq) }) // RETURNING keeps no order
	out := make([]pair, len(leaves))
	for i, l := range leaves {
		if want := size + int64(i) + 1; l.seq != want {
			return nil, fault.New(fault.Internal, "journal.gap", "seq", want)
		}
		out[i] = l.pair
	}
	return out, nil
}
