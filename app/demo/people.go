package demo

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"gopkg.in/yaml.v3"

	"chengshu/app"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/pack"
)

// person is a demo person of a pack's file, or one made in bulk.
type person struct {
	Username string `yaml:"username"`
	Name     string `yaml:"name"`
	Role     string `yaml:"role"`
	Org      string `yaml:"org"`
	Area     string `yaml:"area"`

	file string // where it stands; empty for bulk
	id   string
}

// cast is everybody of the county and the organisations they belong to.
type cast struct {
	orgs   []identity.Organisation
	people []person
}

// demoFile is a demo/*.yaml of a pack. Its records are read apart, in the order they stand in.
type demoFile struct {
	Orgs []struct {
		Path   string `yaml:"path"`
		Name   string `yaml:"name"`
		Parent string `yaml:"parent"`
		Kind   string `yaml:"kind"`
	} `yaml:"orgs"`
	People  []person  `yaml:"people"`
	Records yaml.Node `yaml:"records"`
}

// readFiles reads the hand-written demo files of all packs.
func readFiles(b *pack.Bundle) (map[string]*demoFile, []string, error) {
	files := map[string]*demoFile{}
	var names []string
	for _, p := range b.Packs {
		for _, name := range p.Demo {
			if name == fileName {
				continue
			}
			text, err := fs.ReadFile(p.FS, name)
			if err != nil {
				return nil, nil, fault.Wrap(name, err)
			}
			file := path.Join(p.Name, name)
			f := &demoFile{}
			if err := yaml.Unmarshal(text, f); err != nil {
				return nil, nil, fault.New(fault.Invalid, "yaml.syntax", "file", file, "detail", err.Error())
			}
			files[file], names = f, append(names, file)
		}
	}
	return files, names, nil
}

// casting gathers organisations and people: those of the files, then those that the plan makes for each item.
func casting(p *plan, w *lexicon, files map[string]*demoFile, names []string) (*cast, error) {
	c := &cast{}
	for _, name := range names {
		for _, o := range files[name].Orgs {
			c.orgs = append(c.orgs, identity.Organisation{Path: o.Path, Name: o.Name, Kind: o.Kind})
		}
	}
	for _, o := range p.orgs {
		for i, it := range w.list(o.Each) {
			org := identity.Organisation{Path: fill(o.Path, it, i+1), Name: fill(o.Name, it, i+1), Kind: o.Kind}
			if unfilled(org.Path + org.Name) {
				return nil, fault.New(fault.Invalid, "demo.pattern", "at", o.pos.String(), "text", org.Path+" "+org.Name)
			}
			c.orgs = append(c.orgs, org)
		}
	}
	for _, name := range names {
		for _, x := range files[name].People {
			x.file, x.Area = name, w.area(x.Area)
			c.people = append(c.people, x)
		}
	}
	for _, q := range p.people {
		n := 0
		for _, it := range w.list(q.Each) {
			for range max(1, q.Count) {
				n++
				x := person{
					Username: fill(q.Username, it, n), Name: fill(q.Name, it, n), Role: q.Role, Org: fill(q.Org, it, n), Area: fill(q.Area, it, n),
				}
				if unfilled(x.Username + x.Name + x.Org + x.Area) {
					return nil, fault.New(fault.Invalid, "demo.pattern", "at", q.pos.String(), "text", x.Username+" "+x.Org+" "+x.Area)
				}
				c.people = append(c.people, x)
			}
		}
	}
	return c, nil
}

// area turns the areas of demo files into paths of the county: "/1/" is its first town, "/1/2/" that town's second
// village; other paths stay.
func (w *lexicon) area(path string) string {
	steps := strings.Split(strings.Trim(path, "/"), "/")
	if path == "" || path == "/" || len(steps[0]) > 3 {
		return path
	}
	var n, m int
	if _, err := fmt.Sscanf(steps[0], "%d", &n); err != nil || n < 1 || n > len(w.list("town")) {
		return path
	}
	town := word(w.list("town")[n-1], "path")
	if len(steps) == 1 {
		return town
	}
	if _, err := fmt.Sscanf(steps[1], "%d", &m); err != nil {
		return town
	}
	for _, v := range w.list("village") {
		if strings.HasPrefix(word(v, "path"), town) {
			if m--; m == 0 {
				return word(v, "path")
			}
		}
	}
	return town
}

// password gives the password of a username: always the same for a seed, and good for nothing but the demonstration.
func password(seed int64, username string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "chengshu demo %d %s", seed, folded(username)))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:10])
}

// settle stores organisations, people and posts.
func (c *cast) settle(ctx context.Context, a *app.App, seed int64, progress func(done, total int)) error {
	err := a.DB.Write(ctx, func(tx *store.Tx) error {
		return a.Identity.Seed(ctx, tx, identity.System("demo"), func(s *identity.Seed) error {
			for _, o := range c.orgs {
				if err := s.EnsureOrg(ctx, o); err != nil {
					return fault.Wrap("organisation "+o.Path, err)
				}
			}
			for i := range c.people {
				if err := c.people[i].settle(ctx, s, seed); err != nil {
					return fault.Wrap("person "+c.people[i].Username, err)
				}
				if i%50 == 0 {
					progress(i, len(c.people))
				}
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	return a.Identity.Refresh(ctx)
}

func (x *person) settle(ctx context.Context, s *identity.Seed, seed int64) error {
	var err error
	x.id, err = s.EnsurePerson(ctx, identity.NewPerson{
		Username: x.Username, Name: x.Name, Password: password(seed, x.Username), Cost: identity.DemoCost(),
	})
	if err != nil {
		return err
	}
	_, err = s.EnsurePost(ctx, identity.Post{Person: x.id, Org: x.Org, Area: x.Area, Roles: []string{x.Role}})
	return err
}
