package journal

import (
	"context"
	"sync"
	"time"

	"chengshu/base/store"
)

const (
	poll    = 200 * time.Millisecond // looks for entries of other processes
	gather  = 10 * time.Millisecond  // lets a burst become one batch
	patient = 10 * time.Second       // longest wait after trouble
)

// Run numbers entries (PostgreSQL), builds the trees and signs checkpoints until the context ends; then it finishes what is
// committed and signs it. Every node may run it. Trouble goes to the log and is tried again.
func (j *Journal) Run(ctx context.Context) error {
	wait := poll
	for ctx.Err() == nil {
		if err := j.step(ctx); err != nil && ctx.Err() == nil {
			j.log.ErrorContext(ctx, "journal does not advance", "error", err)
			wait = min(2*wait, patient)
			sleep(ctx, wait)
			continue
		}
		wait = poll
		j.await(ctx)
	}
	last := context.WithoutCancel(ctx)
	if err := j.buildAll(last); err != nil {
		return err
	}
	if j.signers == nil {
		return nil
	}
	_, err := j.Sign(last)
	return err
}

// step does what there is to do now.
func (j *Journal) step(ctx context.Context) error {
	more, err := j.behind(ctx)
	if err != nil {
		return err
	}
	if more {
		if err := j.buildAll(ctx); err != nil {
			return err
		}
	}
	if !j.due() {
		return nil
	}
	_, err = j.Sign(ctx)
	return err
}

// behind tells whether the trees lack committed entries, or this process does not know the trees yet.
func (j *Journal) behind(ctx context.Context) (bool, error) {
	j.mu.Lock()
	known := j.tree
	j.mu.Unlock()
	if known == nil {
		return true, nil
	}
	more := false
	err := j.db.Read(ctx, func(tx *store.Tx) error {
		query := `SELECT COALESCE(MAX(seq), 0) > (SELECT size FROM journal_head WHERE id = 1) FROM journal`
		if !tx.Serial() {
			query = `SELECT EXISTS (SELECT 1 FROM journal WHERE seq IS NULL)`
		}
		return tx.QueryRow(ctx, query).Scan(&more)
	})
	return more, err
}

// await returns after the next commit and a moment for others to follow it, or after a while.
func (j *Journal) await(ctx context.Context) {
	timer := time.NewTimer(poll)
	defer timer.Stop()
	select {
	case <-j.wake:
		sleep(ctx, gather)
	case <-timer.C:
	case <-ctx.Done():
	}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// bell wakes all who wait for it.
type bell struct {
	mu   sync.Mutex
	next chan struct{}
}

// wait gives a channel that the next ring closes.
func (b *bell) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = make(chan struct{})
	}
	return b.next
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil {
		close(b.next)
		b.next = nil
	}
}
