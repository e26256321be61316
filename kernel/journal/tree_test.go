package journal

import (
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"
	"pgregory.net/rapid"
)

func leafOf(data string) pair {
	var p pair
	p.sm3, p.sha = hashLeaf([]byte(data))
	return p
}

// The check values of both trees over the leaves "a", "b", "c".
func TestRootCheckValues(t *testing.T) {
	t.Parallel()
	cases := []struct{ sm3, sha string }{
		{"1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"c688f41bcd570f9651ccb215058a545f66f52ab4eac2968896e1637af9443d8c", "022a6979e6dab7aa5ae4c3e5e45f7e977112a7e63593820dbec1ec738a24f93c"},
		{"2c537e31416ae684fd8a1552a3bcd5a452274e02a45d67c856405b3a1108ee90", "b137985ff484fb600db93107c77b0365c80d78f5b429ded0fd97361d077999eb"},
		{"2706e4e4d41c1ed9c3fe7f7822bf360a67abcc052cc2c00022c1313ec3ded965", "36642e73c2540ab121e3a6bf9545b0a24982cd830eb13d3cd19de3ce6c021ec1"},
	}
	var f frontier
	for i, c := range cases {
		root := f.root()
		if got := hex.EncodeToString(root.sm3); got != c.sm3 {
			t.Errorf("SM3 root of %d leaves %s, want %s", i, got, c.sm3)
		}
		if got := hex.EncodeToString(root.sha); got != c.sha {
			t.Errorf("SHA-256 root of %d leaves %s, want %s", i, got, c.sha)
		}
		f.push(leafOf(string(rune('a'+i))), func(int, int64, pair) {})
	}
	if got, want := hex.EncodeToString(sm3Sum([]byte("abc"))), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"; got != want {
		t.Errorf("SM3 of abc %s, want %s", got, want)
	}
}

// The frontier, the nodes it tells of and the shadow agree with the reference tree of the library at every size.
func TestFrontierAgreesWithReference(t *testing.T) {
	t.Parallel()
	reference, sm3Reference := testonly.New(rfc6962.DefaultHasher), testonly.New(sm3Hasher{})
	var f frontier
	var s shadow
	nodes := make(map[place]pair)
	for i := range 600 {
		leaf := leafOf(fmt.Sprint(i))
		reference.Append(leaf.sha)
		sm3Reference.Append(leaf.sm3)
		f.push(leaf, func(level int, idx int64, p pair) { nodes[place{level, idx}] = p })
		s.push(twin{stored: leaf, computed: leaf}, nodes, func(f Finding) { t.Errorf("finding %+v", f) })
		want := pair{sm3Reference.Hash(), reference.Hash()}
		if !f.root().equal(want) {
			t.Fatalf("root of %d leaves differs", i+1)
		}
		if stored, computed, known := s.roots(); !known || !stored.equal(want) || !computed.equal(want) {
			t.Fatalf("shadow of %d leaves differs", i+1)
		}
		if !f.clone().root().equal(want) {
			t.Fatalf("clone of %d leaves differs", i+1)
		}
	}
	if want := 600/16 + 600/256; len(nodes) != want {
		t.Errorf("%d nodes are stored, want %d", len(nodes), want)
	}
}

// Proofs over any leaves hold in both trees, and do not hold for another leaf, place or root.
func TestProofProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Uint64Range(1, 700).Draw(t, "size")
		index := rapid.Uint64Range(0, size-1).Draw(t, "index")
		older := rapid.Uint64Range(0, size).Draw(t, "older")
		tree := testonly.New(sm3Hasher{})
		var f, before frontier
		var leaf []byte
		for i := range size {
			p := leafOf(fmt.Sprint(i))
			if i == index {
				leaf = p.sm3
			}
			tree.Append(p.sm3)
			f.push(p, func(int, int64, pair) {})
			if i < older {
				before.push(p, func(int, int64, pair) {})
			}
		}
		root := f.root().sm3
		way, err := tree.InclusionProof(index, size)
		if err != nil {
			t.Fatal(err)
		}
		if err := proof.VerifyInclusion(sm3Hasher{}, index, size, leaf, way, root); err != nil {
			t.Fatalf("inclusion: %v", err)
		}
		wrong := slices.Clone(leaf)
		wrong[rapid.IntRange(0, len(wrong)-1).Draw(t, "byte")] ^= 1
		if proof.VerifyInclusion(sm3Hasher{}, index, size, wrong, way, root) == nil {
			t.Fatal("another leaf holds")
		}
		way, err = tree.ConsistencyProof(older, size)
		if err != nil {
			t.Fatal(err)
		}
		if err := proof.VerifyConsistency(sm3Hasher{}, older, size, way, before.root().sm3, root); err != nil {
			t.Fatalf("consistency: %v", err)
		}
		if older > 0 && proof.VerifyConsistency(sm3Hasher{}, older, size, way, wrong, root) == nil {
			t.Fatal("another past holds")
		}
	})
}

// idAt keeps the order of time, and of writers within a microsecond.
func TestIDProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64Range(0, 1<<52-1).Draw(t, "a"), rapid.Int64Range(0, 1<<52-1).Draw(t, "b")
		v, w := rapid.Int64Range(0, 1<<40).Draw(t, "v"), rapid.Int64Range(0, 1<<40).Draw(t, "w")
		if x, y := idAt(a, v), idAt(b, w); x < 0 || a < b && x >= y || a > b && x <= y {
			t.Fatalf("ids %d and %d of %d and %d", x, y, a, b)
		}
	})
}
