package identity

import (
	"context"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// Admin is one of the first administrators.
type Admin struct {
	Username string
	Name     string
	Role     string // a role that carries a power
}

// Credential is an account with its random first password, to be shown once.
type Credential struct {
	Username string
	Password string
	Role     string
}

// Bootstrap makes the first administrators, one for each power, with random passwords that must be changed (ASVS 6.3.2,
// 6.4.1). It works once: where anybody holds a power already it is refused with Conflict "identity.bootstrapped". Other
// faults: Invalid "identity.admins" unless there is exactly one administrator for each power.
func (s *Store) Bootstrap(ctx context.Context, a Actor, org Organisation, admins []Admin) ([]Credential, error) {
	powers := map[Power]bool{}
	for _, one := range admins {
		p, _ := s.opt.Power(one.Role)
		powers[p] = true
	}
	if len(admins) != 3 || !powers[PowerSystem] || !powers[PowerSecurity] || !powers[PowerAudit] {
		return nil, fault.New(fault.Invalid, "identity.admins")
	}
	out := make([]Credential, len(admins))
	for i, one := range admins {
		password, err := s.word(12)
		if err != nil {
			return nil, err
		}
		out[i] = Credential{Username: Username(one.Username), Password: password, Role: one.Role}
	}
	err := s.opt.DB.Write(ctx, func(tx *store.Tx) error {
		// The row of the directory's version is held to the end, so that two bootstraps cannot both find nobody.
		if _, err := tx.Exec(ctx, `UPDATE identity_state SET version = version WHERE id = 1`); err != nil {
			return fault.Wrap("lock identities", err)
		}
		list, err := posts(ctx, tx, selectPost)
		if err != nil {
			return err
		}
		if s.powerful(allRoles(list, s.today())) {
			return fault.New(fault.Conflict, "identity.bootstrapped")
		}
		return s.Seed(ctx, tx, a, func(d *Seed) error { return d.admins(ctx, org, admins, out) })
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (d *Seed) admins(ctx context.Context, org Organisation, admins []Admin, credentials []Credential) error {
	if err := d.EnsureOrg(ctx, org); err != nil {
		return err
	}
	for i, one := range admins {
		if _, taken := d.people[credentials[i].Username]; taken {
			return fault.New(fault.Exists, "identity.username")
		}
		person, err := d.EnsurePerson(ctx, NewPerson{Username: one.Username, Name: one.Name, Password: credentials[i].Password, MustChange: true})
		if err != nil {
			return err
		}
		if _, err := d.EnsurePost(ctx, Post{Person: person, Org: org.Path, Area: "/", Roles: []string{one.Role}}); err != nil {
			return err
		}
	}
	return nil
}
