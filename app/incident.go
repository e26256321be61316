package app

import (
	"context"
	"slices"

	"chengshu/base/clock"
	"chengshu/base/store"
	"chengshu/kernel/flow"
	"chengshu/kernel/identity"
	"chengshu/kernel/notify"
	"chengshu/kernel/record"
)

// tellMenders writes a notice of an incident to those who may mend it. Who mends processes need not see records: without the
// right to read one is told its number and not its title.
func (q *noticeQueue) tellMenders(ctx context.Context, e flow.Event) error {
	if e.Biz.Type == "" {
		return q.app.DB.Write(ctx, func(tx *store.Tx) error {
			return q.app.Inbox.Send(ctx, tx, q.app.operators(), notify.Notice{Key: e.Kind, Title: e.Node, Args: map[string]any{"reason": e.Reason, "node": e.Node}})
		})
	}
	return q.app.DB.Write(ctx, func(tx *store.Tx) error {
		r, err := q.app.Records.Load(ctx, tx, e.Biz.Type, e.Biz.ID)
		if err != nil {
			return err
		}
		readers, others, err := q.app.menders(ctx, tx, r)
		if err != nil {
			return err
		}
		number, _ := r.Values["number"].(string)
		for _, x := range []struct {
			title  string
			people []string
		}{{r.Title(), readers}, {number, others}} {
			if err := q.app.Inbox.Send(ctx, tx, x.people, notify.Notice{
				Key: e.Kind, Subject: e.Biz.Subject(), Title: x.title,
				Args: map[string]any{"reason": e.Reason, "node": e.Node, "number": number, "title": x.title},
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

// operators are the people with the system power, who mend processes about no record.
func (a *App) operators() []string {
	day := a.Clock.Now().In(clock.Shanghai).Format("2006-01-02")
	var out []string
	for _, role := range a.Policy.Roles() {
		if identity.Power(role.Power) == identity.PowerSystem {
			out = append(out, a.Identity.Directory().PostsWith(role.Name, "", "", day)...)
		}
	}
	return out
}

// menders gives the people who may mend the process of a record, by whether they may read it: the rule of a command on an
// incident, asked for each of their posts.
func (a *App) menders(ctx context.Context, tx *store.Tx, r *record.Record) (readers, others []string, err error) {
	rights := flow.Rights("flow.incident")
	day := a.Clock.Now().In(clock.Shanghai).Format("2006-01-02")
	asked := map[string]bool{}
	for _, role := range a.Policy.Roles() {
		if !slices.ContainsFunc(rights, func(right string) bool {
			return a.Policy.Any(identity.Actor{Roles: []string{role.Name}}, right, r.Type.Name)
		}) {
			continue
		}
		for _, person := range a.Identity.Directory().PostsWith(role.Name, "", "", day) {
			if asked[person] {
				continue
			}
			asked[person] = true
			posts, err := a.Identity.Posts(ctx, tx, person)
			if err != nil {
				return nil, nil, err
			}
			may := func(actions ...string) bool {
				return slices.ContainsFunc(posts, func(p identity.Actor) bool {
					return slices.ContainsFunc(actions, func(x string) bool { return a.Policy.Allow(p, x, r.Type, r.Values) })
				})
			}
			switch {
			case !may(rights...):
			case may("read"):
				readers = append(readers, person)
			default:
				others = append(others, person)
			}
		}
	}
	return readers, others, nil
}
