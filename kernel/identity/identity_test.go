package identity_test

import (
	"strings"
	"testing"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/identity"
	"chengshu/kernel/journal"
)

// declared are the roles of the tests: clearance and power.
type declared map[string]struct {
	grade int
	power identity.Power
}

func (d declared) Clearance(roles []string) int {
	grade := 1
	for _, r := range roles {
		grade = max(grade, d[r].grade)
	}
	return grade
}

func (d declared) Compatible(roles []string) error {
	var power identity.Power
	for _, r := range roles {
		if p := d[r].power; p != "" {
			if power != "" && power != p {
				return fault.New(fault.Denied, "policy.powers")
			}
			power = p
		}
	}
	return nil
}

func (d declared) Power(role string) (identity.Power, bool) {
	r, known := d[role]
	return r.power, known
}

func roles() declared {
	return declared{
		"county.system": {2, identity.PowerSystem}, "county.security": {2, identity.PowerSecurity}, "county.audit": {2, identity.PowerAudit},
		"urban.collector": {2, ""}, "urban.acceptor": {3, ""}, "urban.dispatcher": {3, ""},
	}
}

// world is a store with three administrators and one clerk.
type world struct {
	*identity.Store
	db      *store.DB
	clock   *clock.Fake
	journal *journal.Journal
	system  identity.Actor
	guard   identity.Actor // security administrator
	auditor identity.Actor
	clerk   string // person id of slr01
	post    string // the clerk's post
}

var at = time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai)

const secret = "right horse battery"

func meta(ip string) identity.Meta { return identity.Meta{IP: ip, Agent: "test", Via: "web"} }

// newJournal migrates what the tests need and opens the journal.
func newJournal(t *testing.T, db *store.DB, c clock.Clock) *journal.Journal {
	t.Helper()
	must(t, store.Migrate(t.Context(), db, journal.Migrations(), "journal"))
	must(t, store.Migrate(t.Context(), db, identity.Migrations(), "identity"))
	j, err := journal.New(t.Context(), journal.Options{DB: db, Clock: c})
	must(t, err)
	return j
}

// entries gives the journal's entries of an action, all for "".
func entries(t *testing.T, db *store.DB, j *journal.Journal, action string) []journal.Entry {
	t.Helper()
	var out []journal.Entry
	must(t, db.Read(t.Context(), func(tx *store.Tx) error {
		var err error
		out, err = j.Query(t.Context(), tx, journal.Filter{Action: action, Limit: 1000})
		return err
	}))
	return out
}

func newStore(t *testing.T, db *store.DB, c clock.Clock, j identity.Journal, change func(*identity.Options)) *identity.Store {
	t.Helper()
	opt := identity.Options{
		DB: db, Clock: c, Journal: j, Roles: roles(), Power: roles().Power, Secret: []byte("0123456789abcdef"), Cost: identity.DemoCost(),
	}
	if change != nil {
		change(&opt)
	}
	s, err := identity.New(opt)
	must(t, err)
	must(t, s.Refresh(t.Context()))
	return s
}

func newWorld(t *testing.T, db *store.DB, change func(*identity.Options)) *world {
	t.Helper()
	w := &world{db: db, clock: clock.NewFake(at)}
	w.journal = newJournal(t, db, w.clock)
	w.Store = newStore(t, db, w.clock, w.journal, change)
	seed(t, w.Store, db, func(d *identity.Seed) error {
		for path, name := range map[string]string{"/county/": "示例县", "/township/": "东镇"} {
			if err := d.EnsureOrg(t.Context(), identity.Organisation{Path: path, Name: name}); err != nil {
				return err
			}
		}
		if err := d.EnsureOrg(t.Context(), identity.Organisation{Path: "/county/cgzx/", Name: "城管中心", Kind: "bureau"}); err != nil {
			return err
		}
		for username, role := range map[string]string{"sys": "county.system", "sec": "county.security", "aud": "county.audit", "slr01": "urban.acceptor"} {
			person, err := d.EnsurePerson(t.Context(), identity.NewPerson{Username: username, Name: "虚构" + username, Password: secret})
			if err != nil {
				return err
			}
			post, err := d.EnsurePost(t.Context(), identity.Post{Person: person, Org: "/county/cgzx/", Area: "/990100/", Roles: []string{role}})
			if err != nil {
				return err
			}
			a := identity.Actor{Person: person, Post: post, Roles: []string{role}, Via: "web"}
			switch username {
			case "sys":
				w.system = a
			case "sec":
				w.guard = a
			case "aud":
				w.auditor = a
			default:
				w.clerk, w.post = person, post
			}
		}
		return nil
	})
	return w
}

func seed(t *testing.T, s *identity.Store, db *store.DB, fn func(*identity.Seed) error) {
	t.Helper()
	must(t, db.Write(t.Context(), func(tx *store.Tx) error { return s.Seed(t.Context(), tx, identity.System("demo"), fn) }))
}

func (w *world) signIn(t *testing.T, username string) *identity.SignedIn {
	t.Helper()
	in, err := w.SignIn(t.Context(), username, secret, meta("192.0.2.7"))
	must(t, err)
	return in
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// want checks the code of a fault; "" is no fault.
func want(t *testing.T, err error, code string) {
	t.Helper()
	got := ""
	if err != nil {
		got = fault.CodeOf(err)
	}
	if got != code {
		t.Fatalf("got fault %q (%v), want %q", got, err, code)
	}
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		t.Parallel()
		fn(t, newWorld(t, db, nil))
	})
}

func TestASVS_6_3_2_fresh_install_has_no_known_password(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		t.Parallel()
		c := clock.NewFake(at)
		s := newStore(t, db, c, newJournal(t, db, c), nil)
		for _, username := range []string{"admin", "root", "sysadmin"} {
			_, err := s.SignIn(t.Context(), username, username, meta("192.0.2.1"))
			want(t, err, "signin.failed")
		}
		org := identity.Organisation{Path: "/county/", Name: "示例县"}
		admins := []identity.Admin{{"sysadmin", "系统管理员", "county.system"}, {"secadmin", "安全管理员", "county.security"}, {"auditor", "审计管理员", "county.audit"}}
		_, err := s.Bootstrap(t.Context(), identity.System("cli"), org, admins[:2])
		want(t, err, "identity.admins")
		made, err := s.Bootstrap(t.Context(), identity.System("cli"), org, admins)
		must(t, err)
		if len(made) != 3 || len(made[0].Password) < 16 || made[0].Password == made[1].Password {
			t.Errorf("got %d credentials, want three long and different ones", len(made))
		}
		c.Advance(time.Hour)
		in, err := s.SignIn(t.Context(), "SysAdmin", made[0].Password, meta("192.0.2.1"))
		must(t, err)
		if !in.MustChange {
			t.Error("the first password need not be changed")
		}
		_, err = s.Authenticate(t.Context(), in.Token, "")
		want(t, err, "password.must-change")
		want(t, s.ChangePassword(t.Context(), in.Token, made[0].Password, made[0].Password, meta("192.0.2.1")), "password.refused")
		must(t, s.ChangePassword(t.Context(), in.Token, made[0].Password, secret, meta("192.0.2.1")))
		a, err := s.Authenticate(t.Context(), in.Token, "")
		must(t, err)
		must(t, s.Require(a, identity.PowerSystem))
		want(t, s.Require(a, identity.PowerAudit), "identity.power")
		_, err = s.Bootstrap(t.Context(), identity.System("cli"), org, admins)
		want(t, err, "identity.bootstrapped")
	})
}

func TestAuthenticateGivesTheActor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		in := w.signIn(t, " SLR01 ")
		a, err := w.Authenticate(t.Context(), in.Token, "")
		must(t, err)
		if a.Person != w.clerk || a.Post != w.post || a.Org != "/county/cgzx/" || a.Area != "/990100/" || a.Clearance != 3 || a.Via != "web" ||
			a.Session != in.Session.ID || !a.Has("urban.acceptor") || a.Name != "虚构slr01" {
			t.Errorf("got %+v", a)
		}
		for _, token := range []string{"", "x", in.Token + "x", strings.Repeat("a", len(in.Token)), in.Token[1:] + "A"} {
			_, err := w.Authenticate(t.Context(), token, "")
			want(t, err, "session.ended")
		}
	})
}

func TestNothingSecretIsStored(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Helper()
		in := w.signIn(t, "slr01")
		_, err := w.SignIn(t.Context(), "canary-name", "canary-password", meta("198.51.100.99"))
		want(t, err, "signin.failed")
		all := entries(t, w.db, w.journal, "")
		if len(all) != 3 { // seed, sign-in, refusal
			t.Errorf("got %d entries, want 3", len(all))
		}
		for _, e := range all {
			line := strings.Join([]string{e.Actor, e.Subject, e.Action, string(e.Body), e.Reason}, " ")
			for _, canary := range []string{"canary", "198.51.100.99", "192.0.2.7", secret, in.Token, "虚构"} {
				if strings.Contains(line, canary) {
					t.Errorf("entry %s holds %q", line, canary)
				}
			}
		}
		for _, table := range []string{"identity_session", "identity_account", "identity_attempt"} {
			must(t, w.db.Read(t.Context(), func(tx *store.Tx) error {
				rows, err := tx.Query(t.Context(), "SELECT * FROM "+table)
				if err != nil {
					return err
				}
				defer func() { _ = rows.Close() }()
				columns, err := rows.Columns()
				if err != nil {
					return err
				}
				seen := 0
				for rows.Next() {
					values := make([]any, len(columns))
					for i := range values {
						values[i] = new(any)
					}
					if err := rows.Scan(values...); err != nil {
						return err
					}
					seen++
					for _, v := range values {
						text, _ := (*v.(*any)).(string)
						for _, canary := range []string{"canary", secret, in.Token} {
							if strings.Contains(text, canary) {
								t.Errorf("%s holds %q", table, canary)
							}
						}
					}
				}
				if seen == 0 {
					t.Errorf("%s is empty", table)
				}
				return rows.Err()
			}))
		}
	})
}
