package server

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"chengshu/base/clock"
	"chengshu/base/store"
	"chengshu/kernel/flow"
	"chengshu/kernel/identity"
	"chengshu/kernel/notify"
)

// mePosts gives the posts the caller may act in today: one's own, then those stood in for.
func (s *Server) mePosts(r *request) []postView {
	var own, others []identity.Post
	today := s.now().In(clock.Shanghai).Format(time.DateOnly)
	if m, ok := s.opt.Identity.Directory().Member(r.actor.Person); ok {
		own = slices.DeleteFunc(slices.Clone(m.Posts), func(p identity.Post) bool { return !p.In(today) })
	}
	deputising := s.opt.Identity.Deputising(r.actor.Person)
	for _, a := range deputising {
		others = append(others, identity.Post{ID: a.Post, Org: a.Org, Area: a.Area, Roles: a.Roles})
	}
	out := s.postViews(own)
	for i, v := range s.postViews(others) {
		v.For, v.ForName = deputising[i].OnBehalf, s.personName(deputising[i].OnBehalf)
		v.Name = s.word("ui.standing_in", map[string]any{"person": v.ForName, "post": v.Name})
		out = append(out, v)
	}
	return out
}

// standIns lists the stand-ins of the caller, or of another person for the system administrator.
func (s *Server) standIns(r *request) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	items := []map[string]any{}
	err := s.read(r, func(ctx context.Context, tx *store.Tx) error {
		list, err := s.opt.Identity.StandIns(ctx, tx, r.actor, cmp.Or(r.query("person"), r.actor.Person))
		if err != nil {
			return err
		}
		waiting, err := s.waiting(ctx, tx, r)
		if err != nil {
			return err
		}
		for _, x := range list {
			m := s.standInView(r, x)
			if n, ok := waiting[x.Person]; ok && m["side"] == "deputy" && m["state"] == "now" {
				m["waiting"] = n
			}
			items = append(items, m)
		}
		return nil
	})
	return reply{Body: map[string]any{"items": items}}, err
}

// waiting counts the open tasks of those the caller stands in for today, at most 50 a post.
func (s *Server) waiting(ctx context.Context, tx *store.Tx, r *request) (map[string]int, error) {
	out := map[string]int{}
	for _, a := range s.opt.Identity.Deputising(r.actor.Person) {
		page, err := s.opt.Flow.Tasks(ctx, tx, a, flow.Query{Limit: 50})
		if err != nil {
			return nil, err
		}
		out[a.OnBehalf] += len(page.Tasks)
	}
	return out, nil
}

func (s *Server) standInView(r *request, x identity.StandIn) map[string]any {
	today := s.now().In(clock.Shanghai).Format(time.DateOnly)
	state, side := "future", "other"
	switch {
	case x.Over(today):
		state = "over"
	case x.In(today):
		state = "now"
	}
	switch r.actor.Person {
	case x.Person:
		side = "person"
	case x.Deputy:
		side = "deputy"
	}
	m := map[string]any{
		"id": x.ID, "person": x.Person, "person_name": s.personName(x.Person), "deputy": x.Deputy, "deputy_name": s.personName(x.Deputy),
		"post": x.Post, "first": x.First, "last": x.Last, "reason": x.Reason, "by_name": s.personName(x.By), "state": state, "side": side,
		"posts": s.postsStoodIn(x),
	}
	return m
}

// postsStoodIn gives the posts a stand-in covers, in words and by id, so that the desk can go over to one.
func (s *Server) postsStoodIn(x identity.StandIn) []postView {
	var list []identity.Post
	if m, ok := s.opt.Identity.Directory().Member(x.Person); ok {
		list = slices.DeleteFunc(slices.Clone(m.Posts), func(p identity.Post) bool { return x.Post != "" && p.ID != x.Post })
	}
	return s.postViews(list)
}

// appoint makes a stand-in and tells the deputy.
func (s *Server) appoint(r *request) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	return s.act(r, func(ctx context.Context, tx *store.Tx) (reply, error) {
		var in struct {
			Person string `json:"person"`
			Deputy string `json:"deputy"`
			Post   string `json:"post"`
			First  string `json:"first"`
			Last   string `json:"last"`
			Reason string `json:"reason"`
		}
		if err := r.decode(&in); err != nil {
			return reply{}, err
		}
		x, err := s.opt.Identity.Appoint(ctx, tx, r.actor, identity.StandIn{
			Person: cmp.Or(in.Person, r.actor.Person), Deputy: in.Deputy, Post: in.Post, First: in.First, Last: in.Last, Reason: in.Reason,
		})
		if err != nil {
			return reply{}, err
		}
		args := map[string]any{"person": s.personName(x.Person), "first": x.First, "last": x.Last}
		if err := s.opt.Inbox.Send(ctx, tx, []string{x.Deputy}, notify.Notice{Key: "standin.appointed", Args: args}); err != nil {
			return reply{}, err
		}
		return reply{Status: http.StatusCreated, Body: s.standInView(r, x)}, nil
	})
}

// dismiss ends a stand-in before its last day.
func (s *Server) dismiss(r *request) (reply, error) {
	if err := r.signedIn(); err != nil {
		return reply{}, err
	}
	return s.act(r, func(ctx context.Context, tx *store.Tx) (reply, error) {
		return reply{Status: http.StatusNoContent}, s.opt.Identity.Dismiss(ctx, tx, r.actor, r.PathValue("id"))
	})
}
