package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cschleiden/go-workflows/backend"
	"github.com/cschleiden/go-workflows/backend/history"
	"github.com/cschleiden/go-workflows/backend/monoprocess"
	"github.com/cschleiden/go-workflows/backend/sqlite"
	"github.com/cschleiden/go-workflows/client"
	"github.com/cschleiden/go-workflows/core"
	"github.com/cschleiden/go-workflows/worker"
	"github.com/cschleiden/go-workflows/workflow"
	"github.com/google/uuid"

	"chengshu/base/clock"
)

// foreignModule is the peer's.
const foreignModule = "github.com/cschleiden/go-workflows"

// durable are the settings of both of the peer's files, which are the product's.
const durable = "_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)"

// foreign is go-workflows as its own benchmark sets it up, with a table of matters beside it.
type foreign struct {
	client *client.Client
	stop   func() error

	pool   *sql.DB // of the matters
	like   *sample
	clock  clock.Clock
	insert *sql.Stmt
	update map[string]*sql.Stmt // by step

	waits sync.Map // instance → *wait
}

// wait is what a client hears of its instance.
type wait struct{ examined, finished chan struct{} }

// remark is what somebody says when he completes a step.
type remark struct{ Words, Who string }

// steps of a matter, by the names of their signals.
const (
	examine = "examine"
	approve = "approve"
)

func (b *bench) newForeign(ctx context.Context, name string, like *sample) (*foreign, error) {
	dir := filepath.Join(b.dir, name)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	f := &foreign{like: like, clock: b.clock}
	if err := f.open(ctx, filepath.Join(dir, "matters.db")); err != nil {
		return nil, err
	}
	faults := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	events := monoprocess.NewMonoprocessBackend(&heard{
		Backend: sqlite.NewSqliteBackend(filepath.Join(dir, "events.db")+"?"+durable, sqlite.WithBackendOptions(backend.WithLogger(faults))),
		tell:    f.finished,
	})
	options := worker.DefaultOptions // but an executor stays in memory for every instance that is under way
	options.WorkflowExecutorCacheSize = 1024
	w := worker.New(events, &options)
	working, cancel := context.WithCancel(ctx)
	f.client, f.stop = client.New(events), func() error {
		cancel()
		return errors.Join(w.WaitForCompletion(), events.Close(), f.pool.Close())
	}
	err := errors.Join(w.RegisterWorkflow(f.matter), w.RegisterActivity(f.settle))
	if err == nil {
		err = w.Start(working)
	}
	if err != nil {
		cancel()
		return nil, errors.Join(err, events.Close(), f.pool.Close())
	}
	return f, nil
}

// close waits for the workers.
func (f *foreign) close() error { return f.stop() }

// open makes the table of matters, as the product has it.
func (f *foreign) open(ctx context.Context, file string) (err error) {
	if f.pool, err = sql.Open("sqlite", "file:"+file+"?"+durable); err != nil {
		return err
	}
	f.pool.SetMaxOpenConns(1) // as the peer does with its own
	for _, text := range f.like.ddl {
		if _, err := f.pool.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("%w: %s", err, text)
		}
	}
	prepare := func(text string) *sql.Stmt {
		s, e := f.pool.PrepareContext(ctx, text)
		err = errors.Join(err, e)
		return s
	}
	f.insert = prepare("INSERT INTO " + f.like.table.name + " VALUES (?" + strings.Repeat(", ?", len(f.like.values)-1) + ")")
	f.update = map[string]*sql.Stmt{
		examine: prepare(`UPDATE bench_matter SET rev = rev + 1, state = 'approving', updated_at = ?, updated_by = ?, finding = ?, examined_at = ?, examined_by = ? WHERE id = ?`),
		approve: prepare(`UPDATE bench_matter SET rev = rev + 1, state = 'settled', updated_at = ?, updated_by = ?, ruling = ?, approved_at = ?, approved_by = ? WHERE id = ?`),
	}
	return err
}

// matter is the process.
func (f *foreign) matter(ctx workflow.Context, id string) error {
	for _, step := range []string{examine, approve} {
		said, _ := workflow.NewSignalChannel[remark](ctx, step).Receive(ctx)
		if _, err := workflow.ExecuteActivity[any](ctx, workflow.DefaultActivityOptions, f.settle, id, step, said).Get(ctx); err != nil {
			return err
		}
	}
	return nil
}

// settle is the activity: it changes the row.
func (f *foreign) settle(ctx context.Context, id, step string, said remark) error {
	now := f.clock.Now().UnixMicro()
	if _, err := f.update[step].ExecContext(ctx, now, said.Who, said.Words, now, said.Who, id); err != nil {
		return err
	}
	if w, ok := f.waits.Load(id); ok && step == examine {
		ring(w.(*wait).examined)
	}
	return nil
}

func (f *foreign) finished(id string) {
	if w, ok := f.waits.Load(id); ok {
		ring(w.(*wait).finished)
	}
}

// ring says it once: activities may run again.
func ring(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// heard tells of instances that have ended, so that nobody has to ask the database again and again.
type heard struct {
	backend.Backend
	tell func(instance string)
}

// CompleteWorkflowTask is the backend's.
func (h *heard) CompleteWorkflowTask(
	ctx context.Context, task *backend.WorkflowTask, state core.WorkflowInstanceState,
	executed, activities, timers []*history.Event, events []*history.WorkflowEvent,
) error {
	err := h.Backend.CompleteWorkflowTask(ctx, task, state, executed, activities, timers, events)
	if err == nil && state == core.WorkflowInstanceStateFinished {
		h.tell(task.WorkflowInstance.InstanceID)
	}
	return err
}

// run lets every client take some matters through all their steps. A client that waits goes on when the row shows what it
// said, as the product's clients do; one that does not has all its matters under way at once.
func (f *foreign) run(ctx context.Context, b *bench, clients, count int, waits bool) (took, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	t, err := b.timed(clients, func(int) error {
		ids := make([]string, count)
		for i := range ids {
			ids[i] = uuid.NewString()
			f.waits.Store(ids[i], &wait{make(chan struct{}, 1), make(chan struct{}, 1)})
			defer f.waits.Delete(ids[i])
		}
		if !waits {
			return f.take(ctx, ids)
		}
		for _, id := range ids {
			if err := f.take(ctx, []string{id}); err != nil {
				return err
			}
		}
		return nil
	})
	t.steps = clients * count * 3
	return t, err
}

// take begins all matters, has them examined, has each approved when it is, and waits until they are settled.
func (f *foreign) take(ctx context.Context, ids []string) error {
	for _, id := range ids {
		if err := f.begin(ctx, id); err != nil {
			return err
		}
	}
	for _, id := range ids {
		if err := f.client.SignalWorkflow(ctx, id, examine, remark{"seen on the spot, the cable is cut", id}); err != nil {
			return err
		}
	}
	for _, id := range ids {
		if err := f.await(ctx, id, examine); err != nil {
			return err
		}
		if err := f.client.SignalWorkflow(ctx, id, approve, remark{"to be mended this week", id}); err != nil {
			return err
		}
	}
	for _, id := range ids {
		if err := f.await(ctx, id, approve); err != nil {
			return err
		}
	}
	return nil
}

// begin writes the row and makes the instance.
func (f *foreign) begin(ctx context.Context, id string) error {
	row := slices.Clone(f.like.values)
	for i, name := range f.like.table.columns {
		switch name {
		case "id":
			row[i] = id
		case "number", "title": // unique
			row[i] = "BM" + id
		case "state":
			row[i] = "examining"
		case "finding", "examined_at", "examined_by", "ruling", "approved_at", "approved_by":
			row[i] = nil
		}
	}
	if _, err := f.insert.ExecContext(ctx, row...); err != nil {
		return err
	}
	_, err := f.client.CreateWorkflowInstance(ctx, client.WorkflowInstanceOptions{InstanceID: id}, f.matter, id)
	return err
}

func (f *foreign) await(ctx context.Context, id, step string) error {
	v, _ := f.waits.Load(id)
	w, ok := v.(*wait)
	if !ok {
		return fmt.Errorf("matter %s is not known", id)
	}
	c := w.finished
	if step == examine {
		c = w.examined
	}
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s of matter %s: %w", step, id, ctx.Err())
	}
}

// foreignVersion names the peer with its version.
func foreignVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == foreignModule {
				return "go-workflows " + m.Version
			}
		}
	}
	return "go-workflows"
}
