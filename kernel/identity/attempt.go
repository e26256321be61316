package identity

import (
	"context"
	"encoding/hex"
	"net/netip"
	"time"

	"chengshu/base/fault"
	"chengshu/base/gm"
	"chengshu/base/store"
	"chengshu/kernel/journal"
)

// Throttling (ASVS 6.3.1): within a sliding window the first tries are free; after that every failure doubles the wait
// for the next try. An office shares one address, so an address is given more.
const (
	window      = 30 * time.Minute
	freeAccount = 5
	freeAddress = 30
	longestWait = 15 * time.Minute
)

// keepAttempts is how long attempts are kept for the auditor: the six months of the Cybersecurity Law Art. 21 (3).
const keepAttempts = 184 * 24 * time.Hour

// attempt is a try that has been let through and counts as a failure until it is settled.
type attempt struct {
	id     string
	digest string // of the username
	salt   string
	acc    *Account // nil where there is no such account
	person Person
}

// try lets one attempt at an account through or refuses it with Conflict "signin.throttled" (retry_seconds). The attempt
// is on record before the password is looked at, so that tries at the same time do not slip past the limit together.
func (s *Store) try(ctx context.Context, username string, m Meta) (*attempt, error) {
	id, err := s.newID()
	if err != nil {
		return nil, err
	}
	t := &attempt{id: id, digest: s.digest(username), salt: journal.NewSalt()}
	ip := network(m.IP)
	err = s.opt.DB.Write(ctx, func(tx *store.Tx) error {
		if err := s.gate(ctx, tx, t.digest, ip); err != nil {
			return err
		}
		var err error
		if t.acc, err = account(ctx, tx, "username", username); err != nil {
			return err
		}
		if t.acc != nil {
			t.person.ID = t.acc.Person
			var disabled int64
			if err := tx.QueryRow(ctx, `SELECT name, disabled_at FROM identity_person WHERE id = ?`, t.acc.Person).Scan(&t.person.Name, &disabled); err != nil {
				return fault.Wrap("read person", err)
			}
			t.person.Disabled = instant(disabled)
		}
		_, err = tx.Exec(ctx, `INSERT INTO identity_attempt (id, at, account, person, ip, agent, salt, outcome, counts) VALUES (?, ?, ?, ?, ?, ?, ?, 'open', TRUE)`,
			t.id, s.now().UnixMicro(), t.digest, t.person.ID, ip, clip(m.Agent), t.salt)
		return fault.Wrap("record attempt", err)
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// gate refuses while the account or the address has to wait.
func (s *Store) gate(ctx context.Context, tx *store.Tx, digest, ip string) error {
	if !tx.Serial() { // on SQLite writers never overlap; on PostgreSQL counting and adding must be one step
		for _, key := range []string{"account " + digest, "address " + ip} {
			if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext(?))`, key); err != nil {
				return fault.Wrap("lock attempts", err)
			}
		}
	}
	now := s.now()
	since := now.Add(-window).UnixMicro()
	var n int
	var last int64
	if err := tx.QueryRow(ctx, `SELECT COUNT(*), COALESCE(MAX(at), 0) FROM identity_attempt WHERE account = ? AND counts AND at > ?`, digest, since).Scan(&n, &last); err != nil {
		return fault.Wrap("count attempts", err)
	}
	rest := remaining(n-freeAccount, instant(last), now)
	if ip != "" {
		if err := tx.QueryRow(ctx, `SELECT COUNT(*), COALESCE(MAX(at), 0) FROM identity_attempt WHERE ip = ? AND outcome <> 'ok' AND at > ?`, ip, since).Scan(&n, &last); err != nil {
			return fault.Wrap("count attempts", err)
		}
		rest = max(rest, remaining(n-freeAddress, instant(last), now))
	}
	if rest > 0 {
		return fault.New(fault.Conflict, "signin.throttled", "retry_seconds", int64((rest+time.Second-1)/time.Second))
	}
	return nil
}

// remaining is how long must still be waited after so many failures beyond the free ones, the last at that time.
func remaining(over int, last, now time.Time) time.Duration {
	if over < 0 {
		return 0
	}
	wait := longestWait
	if over < 10 {
		wait = min(wait, time.Second<<over)
	}
	return max(0, last.Add(wait).Sub(now))
}

// succeed settles the attempt and forgives the failures of its account, but not those of its address: a guesser may own
// an account.
func (t *attempt) succeed(ctx context.Context, tx *store.Tx) error {
	if _, err := tx.Exec(ctx, `UPDATE identity_attempt SET outcome = 'ok' WHERE id = ?`, t.id); err != nil {
		return fault.Wrap("settle attempt", err)
	}
	_, err := tx.Exec(ctx, `UPDATE identity_attempt SET counts = FALSE WHERE account = ? AND counts`, t.digest)
	return fault.Wrap("forgive attempts", err)
}

// source is what the journal holds of where an attempt came from; the clear address stands in the attempt's row.
func (t *attempt) source(m Meta) map[string]any {
	return map[string]any{"attempt": t.id, "source": journal.Digest(t.salt, []byte(network(m.IP)))}
}

// refuse records a failed attempt. A name that belongs to nobody enters the journal as keyed digest, because people type
// passwords into the wrong field.
func (s *Store) refuse(ctx context.Context, t *attempt, m Meta) error {
	subject := "account/" + t.digest
	if t.acc != nil {
		subject = "person/" + t.acc.Person
	}
	return s.opt.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE identity_attempt SET outcome = 'refused' WHERE id = ?`, t.id); err != nil {
			return fault.Wrap("settle attempt", err)
		}
		return s.log(ctx, tx, Actor{Person: AnonymousPerson, Via: m.Via, Request: m.Request}, "session.refuse", subject, t.source(m))
	})
}

func (s *Store) digest(username string) string {
	return hex.EncodeToString(gm.MAC(s.opt.Secret, []byte(username))[:16])
}

// network is what tries are counted by: an IPv4 address, or the /64 an IPv6 customer has to himself. Empty where the
// address cannot be read.
func network(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ""
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return ""
	}
	return p.String()
}

// clip bounds what a client says of itself.
func clip(s string) string {
	const most = 200
	runes := []rune(s)
	for i, r := range runes {
		if r < ' ' || r == 0x7f || r == 0xfffd {
			runes[i] = ' '
		}
	}
	return string(runes[:min(len(runes), most)])
}

// Prune deletes sessions that have ended and attempts older than six months. The owner of the store calls it now and then.
func (s *Store) Prune(ctx context.Context) error {
	now := s.now()
	return s.opt.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM identity_session WHERE expires_at < ? OR (idle > 0 AND seen_at + idle < ?)`,
			now.UnixMicro(), now.Add(-seenEvery).UnixMicro()); err != nil {
			return fault.Wrap("prune sessions", err)
		}
		_, err := tx.Exec(ctx, `DELETE FROM identity_attempt WHERE at < ?`, now.Add(-keepAttempts).UnixMicro())
		return fault.Wrap("prune attempts", err)
	})
}
