package flow

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/journal"
)

// StandIn lets a deputy do another person's tasks for a time (代理).
type StandIn struct {
	ID     string    `json:"id"`
	Person string    `json:"person"`         // stood in for
	Deputy string    `json:"deputy"`         // who does it
	Type   string    `json:"type,omitempty"` // record type; empty for all
	Begins time.Time `json:"begins"`         // from this instant
	Until  time.Time `json:"until"`          // to before this one
	Reason string    `json:"reason"`
	By     string    `json:"by"` // who appointed
}

// Appoint makes a stand-in: a person for himself, or somebody with the permission "flow.standin" about biz. It writes its
// journal entry. The faults are Invalid "flow.standin" where deputy or dates make no sense, and Denied.
func (e *Engine) Appoint(ctx context.Context, tx *store.Tx, actor identity.Actor, x StandIn, biz Biz) (StandIn, error) {
	now := e.opt.Clock.Now()
	if x.Person == "" || x.Deputy == "" || x.Person == x.Deputy || !x.Until.After(x.Begins) || !x.Until.After(now) || x.Reason == "" {
		return StandIn{}, fault.New(fault.Invalid, "flow.standin", "person", x.Person)
	}
	if actor.Person != x.Person || actor.OnBehalf != "" {
		if e.opt.Policy == nil {
			return StandIn{}, fault.New(fault.Denied, "flow.denied", "action", "flow.standin")
		}
		if err := e.opt.Policy.Allow(ctx, tx, actor, "flow.standin", biz); err != nil {
			return StandIn{}, err
		}
	}
	var err error
	if x.ID, err = e.ids.id(now); err != nil {
		return StandIn{}, err
	}
	x.By = actor.Person
	if _, err := tx.Exec(ctx, `INSERT INTO flow_standin (id, person, deputy, typ, begins, until, reason, made_by, made) VALUES (?,?,?,?,?,?,?,?,?)`,
		x.ID, x.Person, x.Deputy, x.Type, micros(x.Begins), micros(x.Until), x.Reason, x.By, micros(now)); err != nil {
		return StandIn{}, fault.Wrap("appoint stand-in", err)
	}
	return x, e.standInEntry(ctx, tx, actor, "appoint", x)
}

// Dismiss ends a stand-in before its time: the person stood in for, the deputy, or who appointed him.
func (e *Engine) Dismiss(ctx context.Context, tx *store.Tx, actor identity.Actor, id string) error {
	list, err := loadStandIns(ctx, tx, `id = ?`, id)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fault.New(fault.NotFound, "flow.standin.unknown", "id", id)
	}
	x := list[0]
	if actor.Person != x.Person && actor.Person != x.Deputy && actor.Person != x.By {
		return fault.New(fault.Denied, "flow.denied", "action", "flow.standin")
	}
	x.Until = e.opt.Clock.Now()
	if _, err := tx.Exec(ctx, `UPDATE flow_standin SET until = ? WHERE id = ?`, micros(x.Until), id); err != nil {
		return fault.Wrap("dismiss stand-in", err)
	}
	return e.standInEntry(ctx, tx, actor, "dismiss", x)
}

func (e *Engine) standInEntry(ctx context.Context, tx *store.Tx, a identity.Actor, what string, x StandIn) error {
	raw, err := json.Marshal(x)
	if err != nil {
		return fault.Wrap("write journal entry", err)
	}
	_, err = e.opt.Journal.Append(ctx, tx, journal.Entry{
		At: e.opt.Clock.Now(), Actor: a.Person, Post: a.Post, OnBehalf: a.OnBehalf, Via: a.Via, Action: "flow.standin." + what,
		Subject: "person/" + x.Person, Reason: x.Reason, Request: a.Request, Body: raw,
	})
	return err
}

// StandIns gives for whom a person may stand in now.
func (e *Engine) StandIns(ctx context.Context, tx *store.Tx, deputy string) ([]StandIn, error) {
	now := micros(e.opt.Clock.Now())
	return loadStandIns(ctx, tx, `deputy = ? AND until > ? AND begins <= ?`, deputy, now, now)
}

// Substitute gives the actor in the posts of the person he stands in for, for records of a type: he acts with their
// reach, and history and journal name both. Denied "flow.standin.none" where he may not today.
func (e *Engine) Substitute(ctx context.Context, tx *store.Tx, actor identity.Actor, principal, typ string) ([]identity.Actor, error) {
	list, err := e.StandIns(ctx, tx, actor.Person)
	if err != nil {
		return nil, err
	}
	for _, x := range list {
		if x.Person != principal || x.Type != "" && x.Type != typ || e.opt.People == nil {
			continue
		}
		posts, err := e.opt.People.Posts(ctx, tx, principal)
		if err != nil {
			return nil, err
		}
		for i := range posts {
			posts[i].Person, posts[i].Name, posts[i].OnBehalf = actor.Person, actor.Name, principal
			posts[i].Via, posts[i].Request = actor.Via, actor.Request
		}
		return posts, nil
	}
	return nil, fault.New(fault.Denied, "flow.standin.none", "person", principal)
}

func loadStandIns(ctx context.Context, tx *store.Tx, where string, args ...any) ([]StandIn, error) {
	return rowsOf(ctx, tx, "load stand-ins", func(rows *sql.Rows) (StandIn, error) {
		var (
			x             StandIn
			begins, until int64
		)
		err := rows.Scan(&x.ID, &x.Person, &x.Deputy, &x.Type, &begins, &until, &x.Reason, &x.By)
		x.Begins, x.Until = instant(begins), instant(until)
		return x, err
	}, `SELECT id, person, deputy, typ, begins, until, reason, made_by FROM flow_standin WHERE `+where+` ORDER BY begins, id`, args...)
}
