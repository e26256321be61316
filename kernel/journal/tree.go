package journal

import (
	"context"
	"slices"

	"github.com/emmansun/gmsm/sm3"
	"github.com/transparency-dev/merkle/rfc6962"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// sm3Hasher hashes a tree of the shape of RFC 6962 with SM3 (GB/T 32905).
type sm3Hasher struct{}

// Size is the length of a digest in bytes.
func (sm3Hasher) Size() int { return sm3.Size }

// EmptyRoot is the root of no leaves.
func (sm3Hasher) EmptyRoot() []byte { return sm3Sum(nil) }

// HashLeaf gives H(0x00 ‖ leaf).
func (sm3Hasher) HashLeaf(leaf []byte) []byte { return sm3Sum([]byte{leafPrefix}, leaf) }

// HashChildren gives H(0x01 ‖ left ‖ right).
func (sm3Hasher) HashChildren(l, r []byte) []byte { return sm3Sum([]byte{nodePrefix}, l, r) }

func sm3Sum(parts ...[]byte) []byte {
	h := sm3.New()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// pair is the same node in both trees.
type pair struct{ sm3, sha []byte }

func (p pair) equal(q pair) bool { return slices.Equal(p.sm3, q.sm3) && slices.Equal(p.sha, q.sha) }

func join(l, r pair) pair {
	return pair{sm3Hasher{}.HashChildren(l.sm3, r.sm3), rfc6962.DefaultHasher.HashChildren(l.sha, r.sha)}
}

// rootOf gives the root over neighbours of one size, of which the last may be smaller (RFC 6962 §2.1).
func rootOf(nodes []pair) pair {
	switch len(nodes) {
	case 0:
		return pair{sm3Hasher{}.EmptyRoot(), rfc6962.DefaultHasher.EmptyRoot()}
	case 1:
		return nodes[0]
	}
	k := 1
	for k*2 < len(nodes) {
		k *= 2
	}
	return join(rootOf(nodes[:k]), rootOf(nodes[k:]))
}

// Only every fourth level of the trees is stored: one row for fifteen leaves instead of one for each. What lies between is
// made of at most eight neighbours when a proof wants it.
const (
	stride = 4
	fan    = 1 << stride
)

// frontier is the right edge of both trees: at each stored level the complete subtrees that no complete one above holds.
type frontier struct {
	size   int64
	levels [][]pair // levels[k] has fewer than fan roots of fan^k leaves
}

func (f *frontier) clone() *frontier {
	c := &frontier{size: f.size, levels: make([][]pair, len(f.levels))}
	for i, l := range f.levels {
		c.levels[i] = slices.Clone(l)
	}
	return c
}

// push adds a leaf and tells of each node that is complete with it and to be stored.
func (f *frontier) push(leaf pair, emit func(level int, idx int64, p pair)) {
	f.size++
	for k, p := 0, leaf; ; k++ {
		if k == len(f.levels) {
			f.levels = append(f.levels, nil)
		}
		f.levels[k] = append(f.levels[k], p)
		if len(f.levels[k]) < fan {
			return
		}
		p = rootOf(f.levels[k])
		f.levels[k] = f.levels[k][:0]
		level := (k + 1) * stride
		emit(level, f.size>>level-1, p)
	}
}

// root gives the roots of both trees.
func (f *frontier) root() pair {
	var right []pair
	for _, l := range f.levels {
		if nodes := append(slices.Clone(l), right...); len(nodes) > 0 {
			right = []pair{rootOf(nodes)}
		}
	}
	return rootOf(right)
}

// loadFrontier reads the right edge of the trees of the first size leaves.
func loadFrontier(ctx context.Context, tx *store.Tx, size int64) (*frontier, error) {
	f := &frontier{size: size}
	for level := 0; size>>level > 0; level += stride {
		end := size >> level
		nodes, err := readNodes(ctx, tx, level, end&^(fan-1), end)
		if err != nil {
			return nil, err
		}
		f.levels = append(f.levels, nodes)
	}
	return f, nil
}

// readNodes reads the nodes [begin, end) of a stored level; level 0 are the leaves. One that is absent is Internal
// "journal.node".
func readNodes(ctx context.Context, tx *store.Tx, level int, begin, end int64) ([]pair, error) {
	if begin == end {
		return nil, nil
	}
	query, args := `SELECT idx, sm3, sha256 FROM journal_node WHERE level = ? AND idx >= ? AND idx < ? ORDER BY idx`, []any{level, begin, end}
	if level == 0 {
		query, args = `SELECT seq - 1, sm3, sha256 FROM journal WHERE seq > ? AND seq <= ? ORDER BY seq`, []any{begin, end}
	}
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := make([]pair, 0, end-begin)
	for rows.Next() {
		var idx int64
		var p pair
		if err := rows.Scan(&idx, &p.sm3, &p.sha); err != nil {
			return nil, err
		}
		if want := begin + int64(len(out)); idx != want {
			return nil, fault.New(fault.Internal, "journal.node", "level", level, "idx", want)
		}
		out = append(out, p)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if want := begin + int64(len(out)); want != end {
		return nil, fault.New(fault.Internal, "journal.node", "level", level, "idx", want)
	}
	return out, nil
}

// readNode gives any complete node, made of stored ones where its level is not.
func readNode(ctx context.Context, tx *store.Tx, level int, idx int64) (pair, error) {
	stored := level &^ (stride - 1)
	span := int64(1) << (level - stored)
	nodes, err := readNodes(ctx, tx, stored, idx*span, (idx+1)*span)
	if err != nil {
		return pair{}, err
	}
	return rootOf(nodes), nil
}
