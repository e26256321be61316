package identity

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// Post is what a person is for an organisation: roles within an area scope, for a term.
type Post struct {
	ID     string   `json:"id"`
	Person string   `json:"person"`
	Org    string   `json:"org"`            // organisation path
	Area   string   `json:"area,omitempty"` // area path; "/" is the whole county, empty is none
	Roles  []string `json:"roles"`          // sorted, "urban.collector"
	From   string   `json:"from,omitempty"` // first day, yyyy-mm-dd; empty for always
	To     string   `json:"to,omitempty"`   // last day; empty for open
}

// In tells whether the post is held on a day, yyyy-mm-dd.
func (p Post) In(day string) bool { return (p.From == "" || p.From <= day) && !p.ended(day) }

func (p Post) ended(day string) bool { return p.To != "" && p.To < day }

// Matches tells whether the post is one a candidate rule names: it holds the role, stands in the organisation or below
// it, and its scope covers the area. Empty org and area fit any post.
func (p Post) Matches(role, org, area string) bool {
	a := Actor{Org: p.Org, Area: p.Area, Roles: p.Roles}
	return a.Has(role) && (org == "" || len(p.Org) >= len(org) && p.Org[:len(org)] == org) && (area == "" || a.Covers(area))
}

func (p *Post) complete() error {
	bad := func(pointer, code string) error { return fault.New(fault.Invalid, "identity.post").At(pointer, code) }
	if p.Area != "" && !areaPath.MatchString(p.Area) {
		return bad("/area", "field.pattern")
	}
	for pointer, day := range map[string]string{"/from": p.From, "/to": p.To} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return bad(pointer, "field.date")
		}
	}
	if p.From != "" && p.To != "" && p.To < p.From {
		return bad("/to", "field.order")
	}
	p.Roles = append([]string{}, slices.Compact(slices.Sorted(slices.Values(p.Roles)))...) // never null in JSON
	return nil
}

// within tells whether the post stands at the same place as the other and its term lies inside the other's.
func (p Post) within(q Post) bool {
	return p.Org == q.Org && p.Area == q.Area && p.From >= q.From && (q.To == "" || p.To != "" && p.To <= q.To)
}

// allRoles gives the roles of all posts that have not ended; those that begin later count, for they will overlap.
func allRoles(posts []Post, today string) []string {
	var out []string
	for _, p := range posts {
		if !p.ended(today) {
			out = append(out, p.Roles...)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(out)))
}

// SavePost makes a post (empty ID) or changes its organisation, area and term. Roles come by Grant alone: they stay while
// the term is shortened and fall when the post moves or is prolonged, because they were granted for that place and term.
// It needs the system power. Faults: Denied "identity.power", Invalid "identity.post", NotFound "identity.person",
// "identity.org" or "identity.post".
func (s *Store) SavePost(ctx context.Context, a Actor, p Post) (Post, error) {
	if err := s.Require(a, PowerSystem); err != nil {
		return Post{}, err
	}
	if err := p.complete(); err != nil {
		return Post{}, err
	}
	var id string
	if p.ID == "" {
		var err error
		if id, err = s.newID(); err != nil {
			return Post{}, err
		}
	}
	saved := p
	err := s.opt.DB.Write(ctx, func(tx *store.Tx) error {
		saved = p
		if id != "" {
			saved.ID, saved.Roles = id, []string{}
		} else {
			old, err := post(ctx, tx, p.ID)
			if err != nil {
				return err
			}
			saved.Person, saved.Roles = old.Person, old.Roles
			if !saved.within(old) {
				saved.Roles = []string{}
			}
		}
		if err := s.putPost(ctx, tx, saved, id != ""); err != nil {
			return err
		}
		if err := s.log(ctx, tx, a, "post.save", "post/"+saved.ID, saved); err != nil {
			return err
		}
		return s.changed(ctx, tx)
	})
	if err != nil {
		return Post{}, err
	}
	return saved, nil
}

// Grant sets the roles of a post. It needs the security power; nobody grants to themselves. Roles that the person may not
// hold together with those of any of their posts are refused. Faults: Denied "identity.power", "identity.self" or
// "policy.powers", Invalid "identity.role", NotFound "identity.post".
func (s *Store) Grant(ctx context.Context, a Actor, id string, roles []string) error {
	if err := s.Require(a, PowerSecurity); err != nil {
		return err
	}
	return s.opt.DB.Write(ctx, func(tx *store.Tx) error {
		p, err := post(ctx, tx, id)
		if err != nil {
			return err
		}
		if p.Person == a.Person {
			return fault.New(fault.Denied, "identity.self")
		}
		before := p.Roles
		p.Roles = roles
		if err := p.complete(); err != nil {
			return err
		}
		if err := s.putPost(ctx, tx, p, false); err != nil {
			return err
		}
		body := map[string]any{"person": p.Person, "org": p.Org, "area": p.Area, "before": before, "after": p.Roles}
		if err := s.log(ctx, tx, a, "post.grant", "post/"+id, body); err != nil {
			return err
		}
		return s.changed(ctx, tx)
	})
}

// putPost writes a post after checking its roles against all the person's posts.
func (s *Store) putPost(ctx context.Context, tx *store.Tx, p Post, fresh bool) error {
	for _, role := range p.Roles {
		if _, known := s.opt.Power(role); !known {
			return fault.New(fault.Invalid, "identity.role", "role", role)
		}
	}
	if err := orgExists(ctx, tx, p.Org); err != nil {
		return err
	}
	if err := s.lock(ctx, tx, p.Person); err != nil {
		return err
	}
	posts, err := postsOf(ctx, tx, p.Person)
	if err != nil {
		return err
	}
	posts = append(slices.DeleteFunc(posts, func(q Post) bool { return q.ID == p.ID }), p)
	if err := s.opt.Roles.Compatible(allRoles(posts, s.today())); err != nil {
		return err
	}
	if fresh {
		return insertPost(ctx, tx, p)
	}
	roles, err := json.Marshal(p.Roles)
	if err != nil {
		return fault.Wrap("encode roles", err)
	}
	_, err = tx.Exec(ctx, `UPDATE identity_post SET org = ?, area = ?, roles = ?, valid_from = ?, valid_to = ? WHERE id = ?`,
		p.Org, p.Area, string(roles), p.From, p.To, p.ID)
	return fault.Wrap("update post", err)
}

func insertPost(ctx context.Context, tx *store.Tx, p Post) error {
	roles, err := json.Marshal(p.Roles)
	if err != nil {
		return fault.Wrap("encode roles", err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO identity_post (id, person, org, area, roles, valid_from, valid_to) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		p.ID, p.Person, p.Org, p.Area, string(roles), p.From, p.To)
	return fault.Wrap("insert post", err)
}

const selectPost = `SELECT id, person, org, area, roles, valid_from, valid_to FROM identity_post`

func post(ctx context.Context, tx *store.Tx, id string) (Post, error) {
	posts, err := posts(ctx, tx, selectPost+` WHERE id = ?`, id)
	if err != nil {
		return Post{}, err
	}
	if len(posts) == 0 {
		return Post{}, fault.New(fault.NotFound, "identity.post", "id", id)
	}
	return posts[0], nil
}

func postsOf(ctx context.Context, tx *store.Tx, person string) ([]Post, error) {
	return posts(ctx, tx, selectPost+` WHERE person = ? ORDER BY id`, person)
}

func posts(ctx context.Context, tx *store.Tx, query string, args ...any) ([]Post, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, fault.Wrap("read posts", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Post
	for rows.Next() {
		p, err := scanPost(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, fault.Wrap("read posts", rows.Err())
}

func scanPost(rows *sql.Rows) (Post, error) {
	var p Post
	var roles string
	if err := rows.Scan(&p.ID, &p.Person, &p.Org, &p.Area, &roles, &p.From, &p.To); err != nil {
		return Post{}, fault.Wrap("read post", err)
	}
	return p, fault.Wrap("read roles", json.Unmarshal([]byte(roles), &p.Roles))
}

// Posts gives the actors a person may be today, one for each post held; process engines ask it before a task is handed
// over.
func (s *Store) Posts(ctx context.Context, tx *store.Tx, person string) ([]Actor, error) {
	list, err := postsOf(ctx, tx, person)
	if err != nil {
		return nil, err
	}
	var p Person
	var disabled int64
	err = tx.QueryRow(ctx, `SELECT name, disabled_at FROM identity_person WHERE id = ?`, person).Scan(&p.Name, &disabled)
	if store.None(err) || disabled != 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap("read person", err)
	}
	p.ID = person
	var out []Actor
	for _, q := range list {
		if q.In(s.today()) {
			out = append(out, s.actor(p, q))
		}
	}
	return out, nil
}

// actor is a person in a post.
func (s *Store) actor(p Person, q Post) Actor {
	return Actor{
		Person: p.ID, Name: p.Name, Post: q.ID, Org: q.Org, Area: q.Area, Roles: q.Roles, Clearance: s.opt.Roles.Clearance(q.Roles),
	}
}
