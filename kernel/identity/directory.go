package identity

import (
	"context"
	"slices"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/text"
)

// Directory is an immutable snapshot of organisations, people and posts, for names and candidates. A new one takes its
// place when something changes. It holds no phone numbers.
type Directory struct {
	version int64
	orgs    map[string]Organisation
	list    []Organisation // by path
	people  map[string]*Member
	members []*Member // by name
	roles   map[string][]*Member

	standIns map[string][]StandIn // by deputy; those not over when they were read
}

// Member is a person with all posts, held today or not.
type Member struct {
	Person
	Posts []Post

	keys []string // spellings in pinyin
}

func newDirectory(version int64) *Directory {
	return &Directory{version: version, orgs: map[string]Organisation{}, people: map[string]*Member{}, roles: map[string][]*Member{}, standIns: map[string][]StandIn{}}
}

// Directory gives the snapshot in force.
func (s *Store) Directory() *Directory { return s.dir.Load() }

// Refresh reads the directory anew. It is called at start-up; changes made through this store and, on other nodes, the
// next look at a session call it by themselves.
func (s *Store) Refresh(ctx context.Context) error {
	s.reload.Lock()
	defer s.reload.Unlock()
	before := s.dir.Load()
	next := newDirectory(0)
	err := s.opt.DB.Read(ctx, func(tx *store.Tx) error {
		next = newDirectory(0)
		if err := tx.QueryRow(ctx, `SELECT version FROM identity_state WHERE id = 1`).Scan(&next.version); err != nil {
			return err
		}
		if err := next.readOrgs(ctx, tx); err != nil {
			return err
		}
		if err := next.readPeople(ctx, tx, before); err != nil {
			return err
		}
		if err := next.readPosts(ctx, tx); err != nil {
			return err
		}
		return next.readStandIns(ctx, tx, s.today())
	})
	if err != nil {
		return fault.Wrap("read directory", err)
	}
	s.dir.Store(next)
	return nil
}

func (d *Directory) readOrgs(ctx context.Context, tx *store.Tx) error {
	rows, err := tx.Query(ctx, `SELECT path, parent, name, kind FROM identity_org ORDER BY path`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var o Organisation
		if err := rows.Scan(&o.Path, &o.Parent, &o.Name, &o.Kind); err != nil {
			return err
		}
		d.orgs[o.Path] = o
		d.list = append(d.list, o)
	}
	return rows.Err()
}

func (d *Directory) readPeople(ctx context.Context, tx *store.Tx, before *Directory) error {
	rows, err := tx.Query(ctx, `SELECT id, name, disabled_at FROM identity_person ORDER BY name, id`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		m := &Member{}
		var disabled int64
		if err := rows.Scan(&m.ID, &m.Name, &disabled); err != nil {
			return err
		}
		m.Disabled = instant(disabled)
		if old := before.people[m.ID]; old != nil && old.Name == m.Name {
			m.keys = old.keys
		} else {
			m.keys = text.Keys(m.Name)
		}
		d.people[m.ID] = m
		d.members = append(d.members, m)
	}
	return rows.Err()
}

func (d *Directory) readPosts(ctx context.Context, tx *store.Tx) error {
	list, err := posts(ctx, tx, selectPost+` ORDER BY id`)
	if err != nil {
		return err
	}
	for _, p := range list {
		m := d.people[p.Person]
		if m == nil {
			continue
		}
		m.Posts = append(m.Posts, p)
		for _, role := range p.Roles {
			if have := d.roles[role]; len(have) == 0 || have[len(have)-1] != m {
				d.roles[role] = append(have, m)
			}
		}
	}
	return nil
}

func (d *Directory) readStandIns(ctx context.Context, tx *store.Tx, today string) error {
	list, err := standIns(ctx, tx, `WHERE ended_at = 0 AND last >= ?`, today)
	for _, x := range list {
		d.standIns[x.Deputy] = append(d.standIns[x.Deputy], x)
	}
	return err
}

func (d *Directory) member(id string) *Member { return d.people[id] }

// Name gives the name of an "org" (by path) or a "person" (by id), and whether there is one.
func (d *Directory) Name(kind, id string) (string, bool) {
	switch kind {
	case "org":
		o, ok := d.orgs[id]
		return o.Name, ok
	case "person":
		if m := d.people[id]; m != nil {
			return m.Name, true
		}
	}
	return "", false
}

// Org gives an organisation by its path.
func (d *Directory) Org(path string) (Organisation, bool) {
	o, ok := d.orgs[path]
	return o, ok
}

// Orgs lists the organisations by path. The caller does not change the slice.
func (d *Directory) Orgs() []Organisation { return d.list }

// Member gives a person with posts.
func (d *Directory) Member(id string) (*Member, bool) {
	m, ok := d.people[id]
	return m, ok
}

// PeopleFilter selects people. Empty fields select all.
type PeopleFilter struct {
	Text  string // part of the name, or the beginning of its pinyin or initials
	Role  string
	Org   string // path; people with a post there or below
	Area  string // path; people whose scope covers it
	Day   string // yyyy-mm-dd on which the post is held
	Limit int    // 0 for all
}

// People lists the people who may act, by name.
func (d *Directory) People(f PeopleFilter) []*Member {
	var out []*Member
	folded := text.Fold(strings.TrimSpace(f.Text))
	for _, m := range d.members {
		if !m.Disabled.IsZero() || !m.named(f.Text, folded) || !m.fits(f) {
			continue
		}
		out = append(out, m)
		if f.Limit > 0 && len(out) == f.Limit {
			break
		}
	}
	return out
}

func (m *Member) named(part, folded string) bool {
	if folded == "" || strings.Contains(m.Name, strings.TrimSpace(part)) || strings.Contains(text.Fold(m.Name), folded) {
		return true
	}
	for _, k := range m.keys {
		if strings.HasPrefix(k, folded) {
			return true
		}
	}
	return false
}

func (m *Member) fits(f PeopleFilter) bool {
	if f.Role == "" && f.Org == "" && f.Area == "" && f.Day == "" {
		return true
	}
	for _, p := range m.Posts {
		if f.Day != "" && !p.In(f.Day) {
			continue
		}
		if f.Role == "" && strings.HasPrefix(p.Org, f.Org) && (f.Area == "" || Actor{Area: p.Area}.Covers(f.Area)) ||
			f.Role != "" && p.Matches(f.Role, f.Org, f.Area) {
			return true
		}
	}
	return false
}

// PostsWith gives the ids of the people who match a candidate on a day, each once, sorted: they hold the role in a post at
// the organisation or below it whose scope covers the area. Empty org and area fit any post.
func (d *Directory) PostsWith(role, org, area, day string) []string {
	var out []string
	for _, m := range d.roles[role] {
		if m.Disabled.IsZero() && m.fits(PeopleFilter{Role: role, Org: org, Area: area, Day: day}) {
			out = append(out, m.ID)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
