package crash_test

import (
	"context"
	"crypto/rand"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"chengshu/base/blob"
	"chengshu/base/clock"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/journal"
)

// TestKilled: the program is killed at random moments while six clients work. Nothing that was acknowledged is lost, nothing
// is done twice, and nothing needs to be repaired.
func TestKilled(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Helper()
		killRounds(t, url, 1)
	})
}

// TestTwoNodesKilled: the same with two nodes on one database, of which now one and now the other is killed.
func TestTwoNodesKilled(t *testing.T) {
	t.Parallel()
	killRounds(t, storetest.PostgreSQLURL(t), 2)
}

func killRounds(t *testing.T, url string, nodes int) {
	t.Helper()
	r := newRandom(t)
	w := newWorld(t, url)
	c := newCluster(t, w.cfg, nodes)
	d := newDriver(t, w, c)
	d.run(6, r)
	for round := range rounds() {
		d.work(20 + r.Intn(80))
		time.Sleep(time.Duration(r.Intn(20)) * time.Millisecond)
		i := r.Intn(nodes)
		c.kill(i)
		d.inspect(t.Context(), false)
		if r.Intn(4) == 0 {
			c.stillborn(time.Duration(r.Intn(400)) * time.Millisecond)
		}
		c.start(i)
		d.sample(r, 20)
		if t.Failed() {
			t.Logf("kill %d", round+1)
			break
		}
	}
	d.halt()
	d.sample(r, 200)
	d.contents()
	d.inspect(t.Context(), true)
	for i := range nodes {
		c.kill(i)
	}
	t.Logf("%d kills, %d acknowledged, %d refused\n%s", rounds(), len(d.acked), len(d.refused), d.summary())
}

// inspect opens the database beside the nodes, or after they are gone, and compares.
func (d *driver) inspect(ctx context.Context, all bool) {
	d.t.Helper()
	d.mu.Lock()
	acked, refused := slices.Clone(d.acked), maps.Clone(d.refused)
	d.mu.Unlock()
	db, err := store.Open(ctx, d.w.cfg.Database, store.Options{})
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			d.t.Error(err)
		}
	}()
	if err := db.Read(ctx, func(tx *store.Tx) error {
		agree(ctx, d.t, tx)
		d.exactlyOnce(ctx, tx, acked, refused, all)
		return nil
	}); err != nil {
		d.t.Error(err)
	}
	d.verify(ctx, db, all)
	d.whole(ctx, db)
}

// whole: every file that the tables know is there, and is what it was.
func (d *driver) whole(ctx context.Context, db *store.DB) {
	d.t.Helper()
	blobs, err := blob.Open(filepath.Join(d.w.cfg.Dir, "blobs"), clock.System())
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() {
		if err := blobs.Close(); err != nil {
			d.t.Error(err)
		}
	}()
	var sums []string
	if err := db.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(ctx, `SELECT DISTINCT sum FROM record_file`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var sum string
			if err := rows.Scan(&sum); err != nil {
				return err
			}
			sums = append(sums, sum)
		}
		return rows.Err()
	}); err != nil {
		d.t.Fatal(err)
	}
	for _, sum := range sums {
		if err := blobs.Verify(ctx, sum); err != nil {
			d.t.Error(err)
		}
	}
}

// verify recomputes the journal.
func (d *driver) verify(ctx context.Context, db *store.DB, all bool) {
	d.t.Helper()
	keys, err := journal.LoadKeys(filepath.Join(d.w.cfg.Dir, "keys", "journal.pem"), rand.Reader)
	if err != nil {
		d.t.Fatal(err)
	}
	j, err := journal.New(ctx, journal.Options{DB: db, Clock: clock.System(), Keys: keys})
	if err != nil {
		d.t.Fatal(err)
	}
	for until := time.Now().Add(2 * time.Minute); all; time.Sleep(50 * time.Millisecond) {
		if _, err := j.Sign(ctx); err != nil {
			d.t.Fatal(err)
		}
		// Numbers are given once no transaction of the server, of other databases too, can still be older.
		var waiting int
		if err := db.Read(ctx, func(tx *store.Tx) error {
			return tx.QueryRow(ctx, "SELECT count(*) FROM journal WHERE seq IS NULL").Scan(&waiting)
		}); err != nil {
			d.t.Fatal(err)
		}
		if waiting == 0 || time.Now().After(until) {
			break
		}
	}
	sum, err := j.Verify(ctx, func(f journal.Finding) { d.t.Errorf("journal: %+v", f) })
	if err != nil || sum.Findings != 0 || sum.Entries == 0 || all && sum.Waiting != 0 {
		d.t.Errorf("journal: %+v, %v", sum, err)
	}
}
