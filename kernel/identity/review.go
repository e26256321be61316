package identity

import (
	"context"
	"time"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// Standing is an account as a review of permissions looks at it (GB/T 22239-2019 §8.1.4.2 c, ASVS 8.1.1): who has an
// account without using it, posts that have ended, or an administrator's power.
type Standing struct {
	Person     string
	Name       string
	Username   string
	Created    time.Time
	Disabled   time.Time // zero while active
	LastSignIn time.Time // zero for never within the six months that sign-ins are kept
	MustChange bool
	Sessions   int  // open now
	Posts      int  // held today
	Ended      int  // posts whose term is over
	Power      bool // some post held today carries an administrator's power
}

// Review lists all accounts by username. It needs one of the three powers: Denied "identity.power".
func (s *Store) Review(ctx context.Context, a Actor) ([]Standing, error) {
	if err := s.Require(a, PowerSystem, PowerSecurity, PowerAudit); err != nil {
		return nil, err
	}
	now, today := s.now().UnixMicro(), s.today()
	var out []Standing
	err := s.opt.DB.Read(ctx, func(tx *store.Tx) error {
		out = nil
		held := map[string][]Post{}
		list, err := posts(ctx, tx, selectPost)
		if err != nil {
			return err
		}
		for _, p := range list {
			held[p.Person] = append(held[p.Person], p)
		}
		rows, err := tx.Query(ctx, `SELECT a.username, a.must_change, p.id, p.name, p.created_at, p.disabled_at,
			COALESCE((SELECT MAX(t.at) FROM identity_attempt t WHERE t.person = p.id AND t.outcome = 'ok'), 0),
			(SELECT COUNT(*) FROM identity_session s WHERE s.person = p.id AND s.expires_at > ? AND (s.idle = 0 OR s.seen_at + s.idle >= ?))
			FROM identity_account a JOIN identity_person p ON p.id = a.person ORDER BY a.username`, now, now)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var st Standing
			var created, disabled, last int64
			if err := rows.Scan(&st.Username, &st.MustChange, &st.Person, &st.Name, &created, &disabled, &last, &st.Sessions); err != nil {
				return err
			}
			st.Created, st.Disabled, st.LastSignIn = instant(created), instant(disabled), instant(last)
			for _, p := range held[st.Person] {
				switch {
				case p.In(today):
					st.Posts++
					st.Power = st.Power || s.powerful(p.Roles)
				case p.ended(today):
					st.Ended++
				}
			}
			out = append(out, st)
		}
		return rows.Err()
	})
	return out, fault.Wrap("review accounts", err)
}
