package identity

import (
	"context"
	"slices"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// StandIn lets a deputy act in the posts of another person for some days (代理). The acts are the deputy's, on behalf of
// the person; the work stays the person's. Posts with an administrator's power cannot be stood in for: the three powers
// would meet in one hand (GB/T 22239-2019 §8.1.5).
type StandIn struct {
	ID     string    `json:"id"`
	Person string    `json:"person"` // stood in for
	Deputy string    `json:"deputy"`
	Post   string    `json:"post"` // the one post of the person meant; empty for all
	First  string    `json:"first"`
	Last   string    `json:"last"` // yyyy-mm-dd, included
	Reason string    `json:"reason"`
	By     string    `json:"by"`    // who appointed
	Ended  time.Time `json:"ended"` // before its last day; zero for not
}

// In tells whether the deputy may act on a day, yyyy-mm-dd.
func (x StandIn) In(day string) bool { return x.Ended.IsZero() && x.First <= day && day <= x.Last }

// Over tells whether it has come to its end before a day.
func (x StandIn) Over(day string) bool { return !x.Ended.IsZero() || x.Last < day }

// maxStandIn bounds the term: who is away for longer than a year is replaced, not stood in for.
const maxStandIn = 366 * 24 * time.Hour

func (x StandIn) check(today string) error {
	bad := func(pointer, code string) error {
		return fault.New(fault.Invalid, "identity.standin").At(pointer, code)
	}
	switch {
	case x.Person == "":
		return bad("/person", "field.required")
	case x.Deputy == "":
		return bad("/deputy", "field.required")
	case x.Deputy == x.Person:
		return bad("/deputy", "field.choice")
	case x.Reason == "":
		return bad("/reason", "field.required")
	}
	first, err := time.Parse(time.DateOnly, x.First)
	if err != nil {
		return bad("/first", "field.date")
	}
	last, err := time.Parse(time.DateOnly, x.Last)
	if err != nil {
		return bad("/last", "field.date")
	}
	if x.Last < x.First {
		return bad("/last", "field.order")
	}
	if x.Last < today || last.Sub(first) > maxStandIn {
		return bad("/last", "field.range")
	}
	return nil
}

// Appoint makes a stand-in: a person for their own posts, or the system power for anybody's. Nobody passes on what they
// only stand in for. Faults: Invalid "identity.standin", Denied "identity.power", NotFound "identity.person" or
// "identity.post", Exists "identity.standin.exists" where the deputy stands in for the same post on one of the days.
func (s *Store) Appoint(ctx context.Context, tx *store.Tx, a Actor, x StandIn) (StandIn, error) {
	if err := x.check(s.today()); err != nil {
		return StandIn{}, err
	}
	if a.Person != x.Person || a.OnBehalf != "" {
		if err := s.Require(a, PowerSystem); err != nil {
			return StandIn{}, err
		}
	}
	if err := s.lock(ctx, tx, x.Person); err != nil {
		return StandIn{}, err
	}
	if err := s.active(ctx, tx, x.Deputy); err != nil {
		return StandIn{}, err
	}
	if err := s.covered(ctx, tx, x); err != nil {
		return StandIn{}, err
	}
	list, err := standIns(ctx, tx, `WHERE person = ? AND deputy = ?`, x.Person, x.Deputy)
	if err != nil {
		return StandIn{}, err
	}
	for _, y := range list {
		if !y.Over(s.today()) && y.First <= x.Last && x.First <= y.Last && (y.Post == x.Post || y.Post == "" || x.Post == "") {
			return StandIn{}, fault.New(fault.Exists, "identity.standin.exists", "first", y.First, "last", y.Last)
		}
	}
	if x.ID, err = s.newID(); err != nil {
		return StandIn{}, err
	}
	x.By, x.Ended = a.Person, time.Time{}
	if _, err := tx.Exec(ctx, `INSERT INTO identity_standin (id, person, deputy, post, first, last, reason, made_by, made_at, ended_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)`, x.ID, x.Person, x.Deputy, x.Post, x.First, x.Last, x.Reason, x.By, s.now().UnixMicro()); err != nil {
		return StandIn{}, fault.Wrap("insert stand-in", err)
	}
	return x, s.standInChanged(ctx, tx, a, "standin.appoint", x)
}

// active demands a person who may sign in.
func (s *Store) active(ctx context.Context, tx *store.Tx, person string) error {
	var disabled int64
	err := tx.QueryRow(ctx, `SELECT disabled_at FROM identity_person WHERE id = ?`, person).Scan(&disabled)
	if store.None(err) || err == nil && disabled != 0 {
		return fault.New(fault.NotFound, "identity.person", "id", person)
	}
	return fault.Wrap("read person", err)
}

// covered demands that there is something to stand in for.
func (s *Store) covered(ctx context.Context, tx *store.Tx, x StandIn) error {
	list, err := postsOf(ctx, tx, x.Person)
	if err != nil {
		return err
	}
	found := false
	for _, p := range list {
		if x.Post != "" && p.ID != x.Post || p.ended(x.First) {
			continue
		}
		found = true
		if !s.powerful(p.Roles) {
			return nil
		}
	}
	if found {
		return fault.New(fault.Denied, "identity.standin.power")
	}
	return fault.New(fault.NotFound, "identity.post", "id", x.Post)
}

// Dismiss ends a stand-in before its last day: the person stood in for, the deputy, or the system power. Faults: NotFound
// "identity.standin.unknown" for one that is not there, is over, or is none of the actor's.
func (s *Store) Dismiss(ctx context.Context, tx *store.Tx, a Actor, id string) error {
	list, err := standIns(ctx, tx, `WHERE id = ?`, id)
	if err != nil {
		return err
	}
	if len(list) == 0 || list[0].Over(s.today()) || a.Person != list[0].Person && a.Person != list[0].Deputy && s.Require(a, PowerSystem) != nil {
		return fault.New(fault.NotFound, "identity.standin.unknown", "id", id)
	}
	if _, err := tx.Exec(ctx, `UPDATE identity_standin SET ended_at = ? WHERE id = ?`, s.now().UnixMicro(), id); err != nil {
		return fault.Wrap("end stand-in", err)
	}
	return s.standInChanged(ctx, tx, a, "standin.dismiss", list[0])
}

func (s *Store) standInChanged(ctx context.Context, tx *store.Tx, a Actor, action string, x StandIn) error {
	body := map[string]any{"deputy": x.Deputy, "post": x.Post, "first": x.First, "last": x.Last, "standin": x.ID}
	if err := s.log(ctx, tx, a, action, "person/"+x.Person, body); err != nil {
		return err
	}
	return s.changed(ctx, tx)
}

// StandIns lists the stand-ins of a person on either side, the newest first, those that are over too. A person sees their
// own; another's need the system power: Denied "identity.power".
func (s *Store) StandIns(ctx context.Context, tx *store.Tx, a Actor, person string) ([]StandIn, error) {
	if a.Person != person {
		if err := s.Require(a, PowerSystem); err != nil {
			return nil, err
		}
	}
	list, err := standIns(ctx, tx, `WHERE person = ? OR deputy = ?`, person, person)
	slices.Reverse(list)
	return list, err
}

// Deputising gives the actors that a person may be today by standing in for others, one for each post.
func (s *Store) Deputising(person string) []Actor {
	d, today := s.Directory(), s.today()
	deputy := d.member(person)
	if deputy == nil || !deputy.Disabled.IsZero() {
		return nil
	}
	var out []Actor
	for _, x := range d.standIns[person] {
		principal := d.member(x.Person)
		if !x.In(today) || principal == nil || !principal.Disabled.IsZero() {
			continue
		}
		for _, p := range principal.Posts {
			if x.Post != "" && p.ID != x.Post || !p.In(today) || s.powerful(p.Roles) {
				continue
			}
			a := s.actor(deputy.Person, p)
			a.OnBehalf = x.Person
			out = append(out, a)
		}
	}
	return out
}

func standIns(ctx context.Context, tx *store.Tx, where string, args ...any) ([]StandIn, error) {
	rows, err := tx.Query(ctx, `SELECT id, person, deputy, post, first, last, reason, made_by, ended_at FROM identity_standin `+where+` ORDER BY first, id`, args...)
	if err != nil {
		return nil, fault.Wrap("read stand-ins", err)
	}
	defer func() { _ = rows.Close() }()
	var out []StandIn
	for rows.Next() {
		var x StandIn
		var ended int64
		if err := rows.Scan(&x.ID, &x.Person, &x.Deputy, &x.Post, &x.First, &x.Last, &x.Reason, &x.By, &ended); err != nil {
			return nil, fault.Wrap("read stand-in", err)
		}
		x.Ended = instant(ended)
		out = append(out, x)
	}
	return out, fault.Wrap("read stand-ins", rows.Err())
}
