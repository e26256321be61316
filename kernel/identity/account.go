package identity

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/text"
)

// Account is a person's name for signing in and the hash of the password.
type Account struct {
	Username   string // case-folded
	Person     string
	MustChange bool // nothing but a change of the password is allowed
	Changed    time.Time

	hash string
	past []string // earlier hashes, newest first
}

// Username gives the form in which usernames are compared: NFKC, lower case, without surrounding space.
func Username(s string) string { return text.Fold(strings.TrimSpace(s)) }

func checkUsername(s string) (string, error) {
	s = Username(s)
	if n := len([]rune(s)); n < 2 || n > 64 || strings.ContainsAny(s, " \t\r\n/\\\"'<>") {
		return "", fault.New(fault.Invalid, "identity.username").At("/username", "field.pattern")
	}
	return s, nil
}

const selectAccount = `SELECT username, person, hash, past, must_change, changed_at FROM identity_account WHERE `

// account reads an account; nil where there is none.
func account(ctx context.Context, tx *store.Tx, where, value string) (*Account, error) {
	var a Account
	var past string
	var changed int64
	err := tx.QueryRow(ctx, selectAccount+where+` = ?`, value).Scan(&a.Username, &a.Person, &a.hash, &past, &a.MustChange, &changed)
	if store.None(err) {
		return nil, nil //nolint:nilnil // absence is an answer here, and the caller must not tell it on
	}
	if err != nil {
		return nil, fault.Wrap("read account", err)
	}
	if err := json.Unmarshal([]byte(past), &a.past); err != nil {
		return nil, fault.Wrap("read earlier passwords", err)
	}
	a.Changed = instant(changed)
	return &a, nil
}

// Account gives a person's account. The fault is NotFound "identity.person" where there is none.
func (s *Store) Account(ctx context.Context, person string) (Account, error) {
	var out Account
	err := s.opt.DB.Read(ctx, func(tx *store.Tx) error {
		a, err := account(ctx, tx, "person", person)
		if err == nil && a == nil {
			err = fault.New(fault.NotFound, "identity.person", "id", person)
		}
		if err == nil {
			out = *a
		}
		return err
	})
	return out, err
}

// ChangePassword replaces the password of the session's person, who must give the present one, and ends the person's
// other sessions (ASVS 7.4.3). It works for sessions that may do nothing else. Faults: Anonymous "session.ended", Conflict
// "signin.throttled" (the present password is guessed at no faster here than at the sign-in), Denied "password.wrong",
// Invalid "password.refused".
func (s *Store) ChangePassword(ctx context.Context, token, old, next string, m Meta) error {
	e, err := s.session(ctx, token)
	if err != nil {
		return err
	}
	acc, err := s.Account(ctx, e.Person)
	if err != nil {
		return err
	}
	try, err := s.try(ctx, acc.Username, m)
	if err != nil {
		return err
	}
	ok, _, err := s.opens(ctx, acc.hash, old)
	if err != nil {
		return err
	}
	if !ok {
		if err := s.refuse(ctx, try, m); err != nil {
			return err
		}
		return fault.New(fault.Denied, "password.wrong")
	}
	if err := s.allowed(ctx, acc, old, next); err != nil {
		return err
	}
	hash, err := s.hash(ctx, next)
	if err != nil {
		return err
	}
	return s.opt.DB.Write(ctx, func(tx *store.Tx) error {
		if err := try.succeed(ctx, tx); err != nil {
			return err
		}
		if err := s.setPassword(ctx, tx, acc, hash, false); err != nil {
			return err
		}
		n, err := s.endSessions(ctx, tx, acc.Person, e.ID)
		if err != nil {
			return err
		}
		return s.log(ctx, tx, Actor{Person: acc.Person, Post: e.Post, Via: m.Via}, "account.password", "person/"+acc.Person, map[string]any{"sessions": n})
	})
}

// allowed checks a new password against the rules and the earlier ones.
func (s *Store) allowed(ctx context.Context, acc Account, old, next string) error {
	if err := s.opt.Rules.Check(acc.Username, next); err != nil {
		return err
	}
	reused := func() error { return fault.New(fault.Invalid, "password.refused").At("/password", "password.past") }
	if next == old {
		return reused()
	}
	for i := 0; i < len(acc.past) && i < s.opt.Rules.Past; i++ {
		same, _, err := s.opens(ctx, acc.past[i], next)
		if err != nil {
			return err
		}
		if same {
			return reused()
		}
	}
	return nil
}

// setPassword writes a hash and remembers the one before; a hash that changed in the meantime is a Conflict.
func (s *Store) setPassword(ctx context.Context, tx *store.Tx, acc Account, hash string, mustChange bool) error {
	past := append([]string{acc.hash}, acc.past...)
	past = past[:min(len(past), s.opt.Rules.Past)]
	raw, err := json.Marshal(past)
	if err != nil {
		return fault.Wrap("write earlier passwords", err)
	}
	n, err := tx.Exec(ctx, `UPDATE identity_account SET hash = ?, past = ?, must_change = ?, changed_at = ? WHERE person = ? AND hash = ?`,
		hash, string(raw), mustChange, s.now().UnixMicro(), acc.Person, acc.hash)
	if err != nil {
		return fault.Wrap("write password", err)
	}
	if n == 0 {
		return fault.New(fault.Conflict, "password.changed")
	}
	return nil
}

// ResetPassword gives a person a new random password, to be changed at the next sign-in, and ends their sessions. It
// needs the system power. The password of an administrator is reset by the system alone, from the command line: who could
// reset it here would hold the other's power as well. Faults: Denied "identity.power" or "identity.admin", NotFound
// "identity.person".
func (s *Store) ResetPassword(ctx context.Context, a Actor, person string) (string, error) {
	if err := s.Require(a, PowerSystem); err != nil {
		return "", err
	}
	acc, err := s.Account(ctx, person)
	if err != nil {
		return "", err
	}
	password, err := s.word(12)
	if err != nil {
		return "", err
	}
	hash, err := s.hash(ctx, password)
	if err != nil {
		return "", err
	}
	err = s.opt.DB.Write(ctx, func(tx *store.Tx) error {
		if err := s.lock(ctx, tx, person); err != nil {
			return err
		}
		posts, err := postsOf(ctx, tx, person)
		if err != nil {
			return err
		}
		if a.Person != SystemPerson && s.powerful(allRoles(posts, s.today())) {
			return fault.New(fault.Denied, "identity.admin")
		}
		if err := s.setPassword(ctx, tx, acc, hash, true); err != nil {
			return err
		}
		n, err := s.endSessions(ctx, tx, person, "")
		if err != nil {
			return err
		}
		return s.log(ctx, tx, a, "account.reset", "person/"+person, map[string]any{"sessions": n})
	})
	if err != nil {
		return "", err
	}
	return password, nil
}
