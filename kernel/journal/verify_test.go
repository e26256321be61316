package journal_test

import (
	"fmt"
	"slices"
	"testing"

	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/journal"
)

// verify gives the findings in the order they are reported.
func verify(t *testing.T, j *journal.Journal, notes ...[]byte) []journal.Finding {
	t.Helper()
	var out []journal.Finding
	r, err := j.Verify(t.Context(), func(f journal.Finding) { out = append(out, f) }, notes...)
	if err != nil {
		t.Fatal(err)
	}
	if r.Findings != len(out) {
		t.Errorf("report counts %d findings, %d were given", r.Findings, len(out))
	}
	return out
}

func execute(t *testing.T, db *store.DB, query string, args ...any) {
	t.Helper()
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		n, err := tx.Exec(t.Context(), query, args...)
		if err == nil && n == 0 {
			err = fmt.Errorf("%s changed nothing", query)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestVerifyFindsNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		t.Parallel()
		j := signing(t, db)
		var notes [][]byte
		for _, n := range []int{0, 1, 15, 1, 300, 2000, 7} {
			fill(t, db, j, n)
			notes = append(notes, []byte(sign(t, j).Note))
		}
		fill(t, db, j, 3) // not yet under a checkpoint
		if got := verify(t, j, notes...); len(got) != 0 {
			t.Errorf("findings in a sound journal: %+v", got)
		}
	})
}

// field reads a TEXT or BLOB.
func field(t *testing.T, db *store.DB, table, column, where string) []byte {
	t.Helper()
	return read(t, db, func(tx *store.Tx) ([]byte, error) {
		var b []byte
		err := tx.QueryRow(t.Context(), `SELECT `+column+` FROM `+table+` WHERE `+where).Scan(&b)
		return b, err
	})
}

// flips changes every byte of a TEXT or BLOB in turn, asks for the one finding and puts the byte back.
func flips(t *testing.T, db *store.DB, j *journal.Journal, table, column, where string, text bool, named func(journal.Finding) bool) {
	t.Helper()
	old := field(t, db, table, column, where)
	set := func(b []byte) {
		var v any = b
		if text {
			v = string(b)
		}
		execute(t, db, `UPDATE `+table+` SET `+column+` = ? WHERE `+where, v)
	}
	for i := range old {
		b := slices.Clone(old)
		if b[i] ^= 1; text && b[i] >= 0x80 {
			continue // inside a longer character: the database refuses broken text
		}
		set(b)
		if got := verify(t, j); len(got) != 1 || !named(got[0]) {
			t.Errorf("%s.%s byte %d where %s: findings %+v", table, column, i, where, got)
		}
	}
	set(old)
}

func TestVerifyNamesFlippedEntry(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		t.Parallel()
		j := signing(t, db)
		fill(t, db, j, 20)
		sign(t, j)
		fill(t, db, j, 3)
		for _, seq := range []int64{2, 16, 19, 22} { // inside a stored subtree, at its end, at the edge, without a checkpoint
			if !db.Serial() && seq > 20 {
				continue // not numbered before Run
			}
			where := fmt.Sprint("seq = ", seq)
			entry := read(t, db, func(tx *store.Tx) (journal.Entry, error) {
				all, err := j.Query(t.Context(), tx, journal.Filter{})
				return all[seq-1], err
			})
			named := func(f journal.Finding) bool {
				return f.Kind == journal.FindEntry && f.From == seq && f.To == seq && f.ID == entry.ID
			}
			for _, column := range []string{"actor", "action", "subject", "body"} {
				flips(t, db, j, "journal", column, where, true, named)
			}
			for _, column := range []string{"post", "on_behalf", "via", "reason", "request"} { // empty ones become something
				execute(t, db, `UPDATE journal SET `+column+` = 'x' WHERE `+where)
				if got := verify(t, j); len(got) != 1 || !named(got[0]) {
					t.Errorf("%s of %d: findings %+v", column, seq, got)
				}
				execute(t, db, `UPDATE journal SET `+column+` = '' WHERE `+where)
			}
			for _, column := range []string{"at", "rev"} {
				execute(t, db, `UPDATE journal SET `+column+` = `+column+` + 1 WHERE `+where)
				if got := verify(t, j); len(got) != 1 || !named(got[0]) {
					t.Errorf("%s of %d: findings %+v", column, seq, got)
				}
				execute(t, db, `UPDATE journal SET `+column+` = `+column+` - 1 WHERE `+where)
			}
			execute(t, db, `UPDATE journal SET id = id + 1 WHERE `+where)
			if got := verify(t, j); len(got) != 1 || got[0].Kind != journal.FindEntry || got[0].From != seq {
				t.Errorf("id of %d: findings %+v", seq, got)
			}
			execute(t, db, `UPDATE journal SET id = id - 1 WHERE `+where)
			for column, tree := range map[string]string{"sm3": "sm3", "sha256": "sha256"} {
				flips(t, db, j, "journal", column, where, false, func(f journal.Finding) bool {
					return f.Kind == journal.FindLeaf && f.From == seq && f.Tree == tree
				})
			}
		}
		if got := verify(t, j); len(got) != 0 {
			t.Fatalf("findings after all is put back: %+v", got)
		}
	})
}

func TestVerifyNamesFlippedNode(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		t.Parallel()
		j := signing(t, db)
		fill(t, db, j, 16*16*2+40)
		sign(t, j)
		for _, n := range []struct {
			level int
			idx   int64
		}{{4, 0}, {4, 17}, {4, 33}, {8, 1}} {
			named := func(f journal.Finding) bool {
				return f.Kind == journal.FindNode && f.Level == n.level && f.Index == n.idx && f.To == (n.idx+1)<<n.level
			}
			where := fmt.Sprintf("level = %d AND idx = %d", n.level, n.idx)
			for _, column := range []string{"sm3", "sha256"} {
				flips(t, db, j, "journal_node", column, where, false, named)
			}
			sm3, sha := field(t, db, "journal_node", "sm3", where), field(t, db, "journal_node", "sha256", where)
			execute(t, db, `DELETE FROM journal_node WHERE `+where)
			if got := verify(t, j); len(got) != 1 || !named(got[0]) {
				t.Errorf("without the node %d/%d: %+v", n.level, n.idx, got)
			}
			for _, stray := range []struct{ level, idx int64 }{{3, 0}, {4, 900}, {12, 0}, {60, 0}, {4, -1}} {
				execute(t, db, `INSERT INTO journal_node (level, idx, sm3, sha256) VALUES (?, ?, ?, ?)`, stray.level, stray.idx, sm3, sha)
				got := verify(t, j)
				if len(got) != 2 || !named(got[0]) || got[1].Level != int(stray.level) || got[1].Index != stray.idx {
					t.Errorf("node moved to %d/%d: %+v", stray.level, stray.idx, got)
				}
				execute(t, db, `DELETE FROM journal_node WHERE level = ? AND idx = ?`, stray.level, stray.idx)
			}
			execute(t, db, `INSERT INTO journal_node (level, idx, sm3, sha256) VALUES (?, ?, ?, ?)`, n.level, n.idx, sm3, sha)
		}
		if got := verify(t, j); len(got) != 0 {
			t.Fatalf("findings after all is put back: %+v", got)
		}
	})
}

func TestVerifyNamesFlippedCheckpoint(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		t.Parallel()
		j := signing(t, db)
		fill(t, db, j, 20)
		sign(t, j)
		fill(t, db, j, 20)
		sign(t, j)
		named := func(f journal.Finding) bool { return f.Kind == journal.FindCheckpoint && f.Size == 20 }
		flips(t, db, j, "journal_checkpoint", "note", "size = 20", true, named)
		flips(t, db, j, "journal_checkpoint", "sm3", "size = 20", false, named)
		execute(t, db, `UPDATE journal_checkpoint SET at = at + 1 WHERE size = 20`)
		if got := verify(t, j); len(got) != 1 || !named(got[0]) {
			t.Errorf("another time: %+v", got)
		}
		execute(t, db, `UPDATE journal_checkpoint SET at = at - 1, size = 21 WHERE size = 20`)
		if got := verify(t, j); len(got) != 1 || got[0].Kind != journal.FindCheckpoint || got[0].Size != 21 {
			t.Errorf("another size: %+v", got)
		}
	})
}

// Numbers that were moved, exchanged or taken away.
func TestVerifyNamesNumbers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		t.Parallel()
		j := signing(t, db)
		fill(t, db, j, 40)
		sign(t, j)
		execute(t, db, `UPDATE journal SET seq = NULL WHERE seq = 7`)
		if got := verify(t, j); len(got) != 1 || got[0].Kind != journal.FindGap || got[0].From != 7 || got[0].To != 7 {
			t.Errorf("number taken away: %+v", got)
		}
		execute(t, db, `UPDATE journal SET seq = 1000000000000 WHERE seq IS NULL`)
		got := verify(t, j)
		if len(got) != 2 || got[0].From != 7 || got[0].To != 7 || got[1].Kind != journal.FindGap || got[1].From != 41 {
			t.Errorf("number far off: %+v", got)
		}
		execute(t, db, `UPDATE journal SET seq = 7 WHERE seq = 1000000000000`)
		for _, swap := range [][2]int{{5, -1}, {6, 5}, {-1, 6}} {
			execute(t, db, `UPDATE journal SET seq = ? WHERE seq = ?`, swap[1], swap[0])
		}
		if got := verify(t, j); len(got) != 1 || got[0].Kind != journal.FindNode || got[0].From != 1 || got[0].To != 16 {
			t.Errorf("numbers exchanged: %+v", got)
		}
	})
}

func TestVerifySubject(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		t.Parallel()
		j := signing(t, db)
		fill(t, db, j, 40)
		sign(t, j)
		check := func() (journal.Report, []journal.Finding) {
			var out []journal.Finding
			r, err := j.VerifySubject(t.Context(), "t/1", func(f journal.Finding) { out = append(out, f) })
			if err != nil {
				t.Fatal(err)
			}
			return r, out
		}
		if r, got := check(); len(got) != 0 || r.Entries != 8 || r.Signed != 8 {
			t.Errorf("sound: %+v %+v", r, got)
		}
		execute(t, db, `UPDATE journal SET reason = 'x' WHERE seq = 7`)
		if _, got := check(); len(got) != 1 || got[0].Kind != journal.FindEntry || got[0].From != 7 {
			t.Errorf("entry changed: %+v", got)
		}
		execute(t, db, `UPDATE journal SET reason = '' WHERE seq = 7`)
		for _, swap := range [][2]int{{7, -1}, {8, 7}, {-1, 8}} {
			execute(t, db, `UPDATE journal SET seq = ? WHERE seq = ?`, swap[1], swap[0])
		}
		if _, got := check(); len(got) == 0 || got[0].Kind != journal.FindFork {
			t.Errorf("numbers exchanged: %+v", got)
		}
	})
}
