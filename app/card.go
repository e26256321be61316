package app

import (
	"context"
	"slices"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/flow"
	"chengshu/kernel/identity"
	"chengshu/kernel/journal"
	"chengshu/kernel/record"
	"chengshu/kernel/schema"
)

// drawCard writes a yellow or red card as a record of the type that the packs declare for it and starts its process, in
// the transaction of the step that drew it. A warning is a notice only. A card draws no card.
func (a *App) drawCard(ctx context.Context, tx *store.Tx, c flow.Card) error {
	types := a.calendars.Load().types
	if types.Cards == "" || c.Biz.Type == types.Cards || c.Level == "warn" {
		return nil
	}
	if c.Withdrawn {
		return a.withdrawCard(ctx, tx, types.Cards, c)
	}
	matter, err := a.Records.Load(ctx, tx, c.Biz.Type, c.Biz.ID)
	if err != nil {
		return err
	}
	data := map[string]any{
		"level": c.Level, "subject": c.Biz.Subject(), "matter_number": matter.Values["number"], "matter_title": cut(matter.Title(), 200),
		"step": cut(a.stepName(c), 80), "clock": c.Clock, "kind": c.Kind, "limit": c.Limit.String(), "due_at": schema.FormatTime(c.Due),
		"drawn_at": schema.FormatTime(c.At),
	}
	if c.Task != "" {
		data["task"] = c.Task
	}
	if c.Basis != "" {
		data["basis"] = c.Basis
	}
	if err := a.addressee(ctx, tx, c, data); err != nil {
		return err
	}
	system := identity.System("card")
	r, err := a.Records.Seed(ctx, tx, system, types.Cards, data)
	if err != nil {
		return err
	}
	if key := r.Type.FlowKey(); key != "" {
		_, err = a.Flow.Start(ctx, tx, system, key, bizOf(r))
	}
	return err
}

// withdrawCard takes a card back because an appeal against it was approved: the record goes to the state withdrawn and what is
// still decided about it ends. Who decides must be one who supervises the matter or the card.
func (a *App) withdrawCard(ctx context.Context, tx *store.Tx, typ string, c flow.Card) error {
	id, err := a.cardOf(ctx, tx, typ, c)
	if err != nil || id == "" {
		return err // withdrawn already, by its own process
	}
	drawn, err := a.Records.Load(ctx, tx, typ, id)
	if err != nil {
		return err
	}
	matter, err := a.Records.Load(ctx, tx, c.Biz.Type, c.Biz.ID)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(flow.Rights("flow.appeal"), func(right string) bool {
		return a.Policy.Allow(c.Actor, right, matter.Type, matter.Values)
	}) {
		if err := a.Policy.Require(c.Actor, "supervise", drawn.Type, drawn.Values); err != nil {
			return err
		}
	}
	if err := (&starter{a.Flow}).Cancel(ctx, tx, identity.System("card"), drawn, c.Reason); err != nil {
		return err
	}
	body, rev, err := a.Records.Apply(ctx, tx, c.Actor, typ, id, record.Change{
		State: "withdrawn", Op: "flow.appeal", Reason: c.Reason,
		Set: map[string]any{"ruling": cut(c.Reason, 2000), "decided_at": schema.FormatTime(c.At), "decided_by": c.Actor.Person},
	})
	if err != nil {
		return err
	}
	_, err = a.Journal.Append(ctx, tx, journal.Entry{
		At: c.At, Actor: c.Actor.Person, Post: c.Actor.Post, OnBehalf: c.Actor.OnBehalf, Via: c.Actor.Via, Request: c.Actor.Request,
		Action: "record.withdraw", Subject: drawn.Subject(), Rev: rev, Reason: c.Reason, Body: body,
	})
	return err
}

// cardOf finds the newest card of a clock that still counts; one drawn before cards knew their task may be any task's.
func (a *App) cardOf(ctx context.Context, tx *store.Tx, typ string, c flow.Card) (id string, err error) {
	err = tx.QueryRow(ctx, `SELECT id FROM `+tableOf(typ)+` WHERE subject = ? AND level = ? AND clock = ? AND state <> 'withdrawn'
		AND deleted_at IS NULL AND COALESCE(task, ?) = ? ORDER BY drawn_at DESC, id DESC LIMIT 1`,
		c.Biz.Subject(), c.Level, c.Clock, c.Task, c.Task).Scan(&id)
	if store.None(err) {
		return "", nil
	}
	return id, fault.Wrap("find card", err)
}

// addressee names who has the work: the person with his unit, or the post of those who may take it.
func (a *App) addressee(ctx context.Context, tx *store.Tx, c flow.Card, data map[string]any) error {
	if len(c.To) > 0 {
		data["who"] = c.To[0]
		posts, err := a.Identity.Posts(ctx, tx, c.To[0])
		if err != nil {
			return err
		}
		if len(posts) > 0 && posts[0].Org != "" {
			data["unit"] = posts[0].Org
		}
		return nil
	}
	if len(c.Cands) == 0 {
		return nil
	}
	cand := c.Cands[0]
	if cand.Kind == flow.ByPerson {
		data["who"] = cand.Ref
		return nil
	}
	data["post_role"] = cand.Ref
	if cand.Org != "" {
		data["unit"] = cand.Org
	}
	if cand.Area != "" {
		data["zone"] = cand.Area
	}
	return nil
}

// stepName gives the words of the step: the locale's, else the model's.
func (a *App) stepName(c flow.Card) string {
	b := a.Bundle.Load()
	if key := "flow." + c.Process + "." + c.Node; b.Has(key) {
		return b.Word(key, nil)
	}
	for _, p := range b.Packs {
		for _, f := range p.Flows {
			if f.Key == c.Process {
				return f.NodeName(c.Node)
			}
		}
	}
	return c.Node
}

// cut shortens a text to n characters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}
