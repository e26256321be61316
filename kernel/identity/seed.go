package identity

import (
	"context"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// Seed makes organisations, people and posts in bulk inside a caller's transaction: demo data and imports. Everything is
// found again by its natural key, so that seeding twice changes nothing. It asks nobody's permission; its caller has.
type Seed struct {
	s      *Store
	tx     *store.Tx
	orgs   map[string]Organisation
	people map[string]string // person id by username
	posts  map[string][]Post // by person
	made   struct{ orgs, people, posts int }
}

// NewPerson is a person with an account to be seeded.
type NewPerson struct {
	Username   string
	Name       string
	Phone      string
	Password   string // stored as given: the rules are not asked
	MustChange bool
	Cost       Cost // zero for the store's
}

// Seed runs fn and records one entry with the numbers of what was new.
func (s *Store) Seed(ctx context.Context, tx *store.Tx, a Actor, fn func(*Seed) error) error {
	d := &Seed{s: s, tx: tx, people: map[string]string{}, posts: map[string][]Post{}}
	if err := d.read(ctx); err != nil {
		return fault.Wrap("read identities", err)
	}
	if err := fn(d); err != nil {
		return err
	}
	if d.made.orgs+d.made.people+d.made.posts == 0 {
		return nil
	}
	body := map[string]any{"orgs": d.made.orgs, "people": d.made.people, "posts": d.made.posts}
	if err := s.log(ctx, tx, a, "identity.seed", "identity/seed", body); err != nil {
		return err
	}
	return s.changed(ctx, tx)
}

func (d *Seed) read(ctx context.Context) error {
	known := newDirectory(0)
	if err := known.readOrgs(ctx, d.tx); err != nil {
		return err
	}
	d.orgs = known.orgs
	rows, err := d.tx.Query(ctx, `SELECT username, person FROM identity_account`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var username, person string
		if err := rows.Scan(&username, &person); err != nil {
			return err
		}
		d.people[username] = person
	}
	if err := rows.Err(); err != nil {
		return err
	}
	list, err := posts(ctx, d.tx, selectPost)
	for _, p := range list {
		d.posts[p.Person] = append(d.posts[p.Person], p)
	}
	return err
}

// EnsureOrg makes or renames an organisation; the natural key is the path. Faults as of Store.SaveOrg.
func (d *Seed) EnsureOrg(ctx context.Context, o Organisation) error {
	if err := o.complete(); err != nil {
		return err
	}
	if d.orgs[o.Path] == o {
		return nil
	}
	if err := d.s.saveOrg(ctx, d.tx, o); err != nil {
		return err
	}
	d.orgs[o.Path] = o
	d.made.orgs++
	return nil
}

// EnsurePerson makes a person with an account, or finds the one with that username and leaves it as it is. It gives the
// person's id.
func (d *Seed) EnsurePerson(ctx context.Context, n NewPerson) (string, error) {
	username, err := checkUsername(n.Username)
	if err != nil {
		return "", err
	}
	if id, ok := d.people[username]; ok {
		return id, nil
	}
	p := Person{Name: n.Name, Phone: n.Phone}
	if err := p.complete(); err != nil {
		return "", err
	}
	if p.ID, err = d.s.newID(); err != nil {
		return "", err
	}
	if n.Cost == (Cost{}) {
		n.Cost = d.s.opt.Cost
	}
	hash, err := n.Cost.hash(d.s.opt.Random, n.Password)
	if err != nil {
		return "", err
	}
	if err := d.s.insertPerson(ctx, d.tx, p, username, hash, n.MustChange); err != nil {
		return "", err
	}
	d.people[username] = p.ID
	d.made.people++
	return p.ID, nil
}

// EnsurePost makes a post with its roles, or finds the one of the same person, organisation, area, roles and first day. It
// gives the post's id. Roles that exclude one another are refused as by Store.Grant.
func (d *Seed) EnsurePost(ctx context.Context, p Post) (string, error) {
	if err := p.complete(); err != nil {
		return "", err
	}
	key := strings.Join(p.Roles, " ")
	for _, q := range d.posts[p.Person] {
		if q.Org == p.Org && q.Area == p.Area && q.From == p.From && strings.Join(q.Roles, " ") == key {
			return q.ID, nil
		}
	}
	if _, ok := d.orgs[p.Org]; !ok {
		return "", fault.New(fault.NotFound, "identity.org", "path", p.Org)
	}
	for _, role := range p.Roles {
		if _, known := d.s.opt.Power(role); !known {
			return "", fault.New(fault.Invalid, "identity.role", "role", role)
		}
	}
	all := append(d.posts[p.Person], p)
	if err := d.s.opt.Roles.Compatible(allRoles(all, d.s.today())); err != nil {
		return "", err
	}
	var err error
	if p.ID, err = d.s.newID(); err != nil {
		return "", err
	}
	if err := insertPost(ctx, d.tx, p); err != nil {
		return "", err
	}
	all[len(all)-1] = p
	d.posts[p.Person] = all
	d.made.posts++
	return p.ID, nil
}
