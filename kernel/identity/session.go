package identity

import (
	"context"
	"encoding/hex"
	"slices"
	"time"

	"chengshu/base/fault"
	"chengshu/base/gm"
	"chengshu/base/store"
)

// Session is one sign-in of a person.
type Session struct {
	ID      string        `json:"id"`
	Person  string        `json:"person"`
	Post    string        `json:"post"` // post acted in; empty for none
	Via     string        `json:"via"`
	Agent   string        `json:"agent"`
	IP      string        `json:"ip"`
	Idle    time.Duration `json:"-"` // 0 for no limit
	Created time.Time     `json:"created"`
	Seen    time.Time     `json:"seen"` // last request, to the minute
	Expires time.Time     `json:"expires"`
}

// Life bounds a session.
type Life struct {
	Idle     time.Duration // 0 for no limit
	Absolute time.Duration
}

const (
	tokenSize = 32          // bytes of randomness in a token
	seenEvery = time.Minute // how often the last request of a session is written
)

func tokenDigest(token string) string {
	sum := gm.Sum([]byte(token))
	return hex.EncodeToString(sum[:])
}

// open inserts a session. It gives the posts held today; the session starts in the first.
func (s *Store) open(ctx context.Context, tx *store.Tx, token, person string, m Meta, life Life) (Session, []Post, error) {
	id, err := s.newID()
	if err != nil {
		return Session{}, nil, err
	}
	list, err := postsOf(ctx, tx, person)
	if err != nil {
		return Session{}, nil, err
	}
	today := s.today()
	list = slices.DeleteFunc(list, func(p Post) bool { return !p.In(today) })
	now := s.now()
	e := Session{
		ID: id, Person: person, Via: m.Via, Agent: clip(m.Agent), IP: clip(m.IP), Idle: life.Idle,
		Created: now, Seen: now, Expires: now.Add(life.Absolute),
	}
	if len(list) > 0 {
		e.Post = list[0].ID
	}
	_, err = tx.Exec(ctx, `INSERT INTO identity_session (id, token, person, post, via, agent, ip, idle, created_at, seen_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		e.ID, tokenDigest(token), e.Person, e.Post, e.Via, e.Agent, e.IP, e.Idle.Microseconds(), now.UnixMicro(), now.UnixMicro(), e.Expires.UnixMicro())
	return e, list, fault.Wrap("insert session", err)
}

// Issue opens a session without a password, for the demo's ready-made tokens and for connectors that have authenticated
// the person themselves. The entry names the actor who asked for it. A life without Absolute is Invalid "session.life".
func (s *Store) Issue(ctx context.Context, tx *store.Tx, a Actor, person string, m Meta, life Life) (*SignedIn, error) {
	if life.Absolute <= 0 {
		return nil, fault.New(fault.Invalid, "session.life")
	}
	p := Person{ID: person}
	var disabled int64
	err := tx.QueryRow(ctx, `SELECT name, disabled_at FROM identity_person WHERE id = ?`, person).Scan(&p.Name, &disabled)
	if store.None(err) || err == nil && disabled != 0 {
		return nil, fault.New(fault.NotFound, "identity.person", "id", person)
	}
	if err != nil {
		return nil, fault.Wrap("read person", err)
	}
	token, err := s.word(tokenSize)
	if err != nil {
		return nil, err
	}
	e, list, err := s.open(ctx, tx, token, person, m, life)
	if err != nil {
		return nil, err
	}
	if err := s.log(ctx, tx, a, "session.issue", "session/"+e.ID, map[string]any{"person": person}); err != nil {
		return nil, err
	}
	return &SignedIn{Token: token, Session: e, Person: p, Posts: list}, nil
}

// SwitchPost lets the session act in another post of its person from now on. Faults: Anonymous "session.ended", Denied
// "session.post".
func (s *Store) SwitchPost(ctx context.Context, token, post string) (Actor, error) {
	a, err := s.Authenticate(ctx, token, post)
	if err != nil {
		return Actor{}, err
	}
	err = s.opt.DB.Write(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE identity_session SET post = ? WHERE id = ?`, post, a.Session)
		if err != nil {
			return fault.Wrap("switch post", err)
		}
		if n == 0 {
			return ended()
		}
		tx.OnCommit(func() { s.cache.drop(func(e *cached) bool { return e.ID == a.Session }) })
		return s.log(ctx, tx, a, "session.switch", "session/"+a.Session, map[string]any{"post": post})
	})
	if err != nil {
		return Actor{}, err
	}
	return a, nil
}

// SignOut ends the session of a token (ASVS 7.4.1). A session that has already ended is no fault.
func (s *Store) SignOut(ctx context.Context, token string) error {
	e, err := s.session(ctx, token)
	if fault.Is(err, fault.Anonymous) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.opt.DB.Write(ctx, func(tx *store.Tx) error {
		return s.end(ctx, tx, Actor{Person: e.Person, Post: e.Post, Via: e.Via}, e.Session, "session.end")
	})
}

// Sessions lists a person's open sessions, the newest first (ASVS 7.5.2). A person sees their own; another's need the
// system or the security power: Denied "identity.power".
func (s *Store) Sessions(ctx context.Context, a Actor, person string) ([]Session, error) {
	if a.Person != person {
		if err := s.Require(a, PowerSystem, PowerSecurity); err != nil {
			return nil, err
		}
	}
	var out []Session
	err := s.opt.DB.Read(ctx, func(tx *store.Tx) error {
		out = nil
		rows, err := tx.Query(ctx, selectSession+` WHERE person = ? ORDER BY created_at DESC, id`, person)
		if err != nil {
			return fault.Wrap("list sessions", err)
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			e, err := scanSession(rows)
			if err != nil {
				return err
			}
			if s.alive(&e, e.Seen) {
				out = append(out, e)
			}
		}
		return fault.Wrap("list sessions", rows.Err())
	})
	return out, err
}

// Kill ends a session: one's own, or another's with the system or the security power. Faults: NotFound "session.unknown",
// also where the session is another's and the actor holds no such power.
func (s *Store) Kill(ctx context.Context, a Actor, id string) error {
	return s.opt.DB.Write(ctx, func(tx *store.Tx) error {
		e, err := scanSession(tx.QueryRow(ctx, selectSession+` WHERE id = ?`, id))
		if store.None(err) {
			return fault.New(fault.NotFound, "session.unknown")
		}
		if err != nil {
			return err
		}
		if e.Person != a.Person && s.Require(a, PowerSystem, PowerSecurity) != nil {
			return fault.New(fault.NotFound, "session.unknown")
		}
		return s.end(ctx, tx, a, e, "session.kill")
	})
}

func (s *Store) end(ctx context.Context, tx *store.Tx, a Actor, e Session, action string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM identity_session WHERE id = ?`, e.ID); err != nil {
		return fault.Wrap("end session", err)
	}
	tx.OnCommit(func() { s.cache.drop(func(c *cached) bool { return c.ID == e.ID }) })
	return s.log(ctx, tx, a, action, "session/"+e.ID, map[string]any{"person": e.Person})
}

// endSessions ends a person's sessions but the one to keep and tells how many there were.
func (s *Store) endSessions(ctx context.Context, tx *store.Tx, person, keep string) (int64, error) {
	n, err := tx.Exec(ctx, `DELETE FROM identity_session WHERE person = ? AND id <> ?`, person, keep)
	if err != nil {
		return 0, fault.Wrap("end sessions", err)
	}
	// The kept session's cached form goes as well: whether its person must change the password has changed.
	tx.OnCommit(func() { s.cache.drop(func(c *cached) bool { return c.Person == person }) })
	return n, nil
}

const selectSession = `SELECT id, person, post, via, agent, ip, idle, created_at, seen_at, expires_at FROM identity_session`

// scanner is a row of a query.
type scanner interface{ Scan(dest ...any) error }

func scanSession(row scanner, more ...any) (Session, error) {
	var e Session
	var idle, created, seen, expires int64
	dest := append([]any{&e.ID, &e.Person, &e.Post, &e.Via, &e.Agent, &e.IP, &idle, &created, &seen, &expires}, more...)
	if err := row.Scan(dest...); err != nil {
		if store.None(err) {
			return Session{}, err
		}
		return Session{}, fault.Wrap("read session", err)
	}
	e.Idle = time.Duration(idle) * time.Microsecond
	e.Created, e.Seen, e.Expires = instant(created), instant(seen), instant(expires)
	return e, nil
}

// alive tells whether neither limit has passed (ASVS 7.3.1, 7.3.2).
func (s *Store) alive(e *Session, seen time.Time) bool {
	now := s.now()
	return now.Before(e.Expires) && (e.Idle == 0 || now.Sub(seen) <= e.Idle)
}

func ended() error { return fault.New(fault.Anonymous, "session.ended") }
