package identity

import (
	"context"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// Meta is where a sign-in comes from.
type Meta struct {
	IP      string // client address, as the server trusts it
	Agent   string // what the client says it is
	Via     string // "web", "api", "demo" …
	Request string // trace id
}

// SignedIn is what a sign-in gives. The token is shown once; only its digest is stored.
type SignedIn struct {
	Token      string
	Session    Session
	Person     Person
	Posts      []Post // held today; Session.Post is the first
	MustChange bool   // the session may do nothing but change the password
}

// SignIn opens a session for username and password, always with a new id (ASVS 7.2.4). Whoever the account belongs to,
// and whether it exists, is disabled or has another password, is one answer after the same work: Anonymous
// "signin.failed". Too many tries are Conflict "signin.throttled" with retry_seconds; too many at once Unavailable
// "signin.busy".
func (s *Store) SignIn(ctx context.Context, username, password string, m Meta) (*SignedIn, error) {
	username = Username(username)
	t, err := s.try(ctx, username, m)
	if err != nil {
		return nil, err
	}
	hash := s.decoy
	if t.acc != nil {
		hash = t.acc.hash
	}
	if len(password) > 4*s.opt.Rules.Max {
		password = "" // no account has such a password; do not hash a book
	}
	ok, outdated, err := s.opens(ctx, hash, password)
	if err != nil {
		return nil, err
	}
	if !ok || t.acc == nil || !t.person.Disabled.IsZero() {
		if err := s.refuse(ctx, t, m); err != nil {
			return nil, err
		}
		return nil, fault.New(fault.Anonymous, "signin.failed")
	}
	return s.admit(ctx, t, password, outdated, m)
}

// admit opens the session of a settled attempt and renews a hash made with an earlier cost.
func (s *Store) admit(ctx context.Context, t *attempt, password string, outdated bool, m Meta) (*SignedIn, error) {
	out := &SignedIn{Person: t.person, MustChange: t.acc.MustChange || s.aged(t.acc)}
	var renewed string
	var err error
	if outdated {
		if renewed, err = s.hash(ctx, password); err != nil {
			return nil, err
		}
	}
	if out.Token, err = s.word(tokenSize); err != nil {
		return nil, err
	}
	err = s.opt.DB.Write(ctx, func(tx *store.Tx) error {
		if err := t.succeed(ctx, tx); err != nil {
			return err
		}
		if renewed != "" {
			if _, err := tx.Exec(ctx, `UPDATE identity_account SET hash = ? WHERE person = ? AND hash = ?`, renewed, t.acc.Person, t.acc.hash); err != nil {
				return fault.Wrap("renew hash", err)
			}
		}
		if out.MustChange && !t.acc.MustChange {
			if _, err := tx.Exec(ctx, `UPDATE identity_account SET must_change = TRUE WHERE person = ?`, t.acc.Person); err != nil {
				return fault.Wrap("age password", err)
			}
		}
		var err error
		if out.Session, out.Posts, err = s.open(ctx, tx, out.Token, t.person.ID, m, Life{Idle: s.opt.Idle, Absolute: s.opt.Absolute}); err != nil {
			return err
		}
		a := Actor{Person: t.person.ID, Post: out.Session.Post, Via: m.Via, Request: m.Request}
		return s.log(ctx, tx, a, "session.create", "session/"+out.Session.ID, t.source(m))
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// aged tells whether the rules want the password changed for its age.
func (s *Store) aged(a *Account) bool {
	return s.opt.Rules.Days > 0 && s.now().After(a.Changed.Add(time.Duration(s.opt.Rules.Days)*24*time.Hour))
}
