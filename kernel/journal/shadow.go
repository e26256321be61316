package journal

// shadow is the trees as a verification sees them: every node as it is kept and as it follows from what lies below, so that
// one wrong byte is said once and not again on each level above it.
type shadow struct {
	size   int64
	levels [][]twin
	lost   bool // too much is missing to go on
}

// twin is a node as kept and as computed.
type twin struct {
	stored   pair
	computed pair
	absent   bool // neither is known
}

// lostLimit bounds the missing entries that are stepped over one by one; a number far off would cost hours.
const lostLimit = 1 << 24

// push adds a leaf and tells of each kept node that does not agree with what it completes.
func (s *shadow) push(leaf twin, nodes map[place]pair, report func(Finding)) {
	s.size++
	for k, t := 0, leaf; ; k++ {
		if k == len(s.levels) {
			s.levels = append(s.levels, nil)
		}
		s.levels[k] = append(s.levels[k], t)
		if len(s.levels[k]) < fan {
			return
		}
		level := (k + 1) * stride
		idx := s.size>>level - 1
		node, found := nodes[place{level, idx}]
		stored, computed, known := rootsOf(s.levels[k])
		s.levels[k] = s.levels[k][:0]
		agree := found && (!known || node.equal(stored) || node.equal(computed))
		if !agree {
			report(Finding{Kind: FindNode, Level: level, Index: idx, From: idx<<level + 1, To: (idx + 1) << level})
		}
		switch {
		case !found && !known:
			t = twin{absent: true}
		case !found:
			t = twin{stored: stored, computed: computed}
		case agree:
			t = twin{stored: node, computed: node}
		default:
			t = twin{stored: node, computed: stored}
		}
	}
}

// rootsOf gives the root over neighbours as kept and as computed, where none is absent.
func rootsOf(nodes []twin) (stored, computed pair, known bool) {
	s, c := make([]pair, len(nodes)), make([]pair, len(nodes))
	same := true
	for i, n := range nodes {
		if n.absent {
			return pair{}, pair{}, false
		}
		s[i], c[i] = n.stored, n.computed
		same = same && n.stored.equal(n.computed)
	}
	stored = rootOf(s)
	if same {
		return stored, stored, true
	}
	return stored, rootOf(c), true
}

// roots gives the roots of the trees as kept and as computed.
func (s *shadow) roots() (stored, computed pair, known bool) {
	if s.lost {
		return pair{}, pair{}, false
	}
	var right []twin
	for _, l := range s.levels {
		if nodes := append(append([]twin(nil), l...), right...); len(nodes) > 0 {
			stored, computed, known := rootsOf(nodes)
			right = []twin{{stored: stored, computed: computed, absent: !known}}
		}
	}
	return rootsOf(right)
}
