package app

import (
	"context"

	"chengshu/base/store"
	"chengshu/kernel/flow"
	"chengshu/kernel/notify"
)

// noticeQueue turns what the process engine tells after a commit into inbox notices and wakes pages. Tasks themselves
// stand in the worklist, so that a notice lost in a crash loses no work.
type noticeQueue struct {
	app    *App
	events chan flow.Event
}

func newNoticeQueue(a *App) *noticeQueue {
	return &noticeQueue{app: a, events: make(chan flow.Event, 1024)}
}

// put never blocks the commit that calls it.
func (q *noticeQueue) put(e flow.Event) {
	select {
	case q.events <- e:
	default:
		q.app.log.Warn("notice dropped", "kind", e.Kind, "task", e.Task)
	}
}

func (q *noticeQueue) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-q.events:
			if err := q.tell(ctx, e); err != nil && ctx.Err() == nil {
				q.app.log.ErrorContext(ctx, "notice", "kind", e.Kind, "error", err)
			}
		}
	}
}

// tell wakes the pages of everybody who may take a new task, and writes notices of everything else to those it touches.
func (q *noticeQueue) tell(ctx context.Context, e flow.Event) error {
	if e.Kind == "incident" {
		return q.tellMenders(ctx, e)
	}
	people := append(append([]string{}, e.To...), q.app.people(e.Cands)...)
	if e.Kind == "opened" && len(e.To) == 0 {
		for _, p := range people {
			q.app.Inbox.Hub().Publish(p, notify.Event{Kind: notify.Tasked, Type: e.Biz.Type, ID: e.Biz.ID})
		}
		return nil
	}
	if len(people) == 0 || e.Biz.Type == "" {
		return nil
	}
	return q.app.DB.Write(ctx, func(tx *store.Tx) error {
		r, err := q.app.Records.Load(ctx, tx, e.Biz.Type, e.Biz.ID)
		if err != nil {
			return err
		}
		return q.app.Inbox.Send(ctx, tx, people, notify.Notice{
			Key: e.Kind, Subject: e.Biz.Subject(), Title: r.Title(),
			Args: map[string]any{"reason": e.Reason, "number": r.Values["number"], "title": r.Title()},
		})
	})
}

// Settle tells everything that waits to be told now; tests use it in place of Run.
func (a *App) Settle(ctx context.Context) {
	for {
		select {
		case e := <-a.notices.events:
			if err := a.notices.tell(ctx, e); err != nil {
				a.log.ErrorContext(ctx, "notice", "kind", e.Kind, "error", err)
			}
		default:
			return
		}
	}
}
