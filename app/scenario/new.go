package scenario

import (
	"context"
	"io/fs"
	"strings"

	"gopkg.in/yaml.v3"

	"chengshu/app"
	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/geo"
	"chengshu/kernel/geo/synth"
	"chengshu/kernel/identity"
	"chengshu/kernel/pack"
)

// demoFile is a demo/*.yaml of a pack.
type demoFile struct {
	Orgs []struct {
		Path   string `yaml:"path"`
		Name   string `yaml:"name"`
		Parent string `yaml:"parent"`
		Kind   string `yaml:"kind"`
	} `yaml:"orgs"`
	People  []Person                    `yaml:"people"`
	Records map[string][]map[string]any `yaml:"records"`
}

// NewWorld fills an app, made with the fake clock, with a small synthetic ground, the demo organisations and people of
// its packs and their demo records.
func NewWorld(ctx context.Context, a *app.App, c *clock.Fake) (*World, error) {
	w := &World{App: a, Clock: c, tokens: map[string]string{}}
	if err := w.ground(ctx); err != nil {
		return nil, err
	}
	var files []demoFile
	for _, p := range a.Bundle.Load().Packs {
		more, err := readDemo(p)
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
	if err := w.seedPeople(ctx, files); err != nil {
		return nil, err
	}
	return w, w.seedRecords(ctx, files)
}

// ground makes a little county: two towns of two villages each.
func (w *World) ground(ctx context.Context) error {
	words, err := w.words()
	if err != nil {
		return err
	}
	county, err := synth.Generate(synth.Config{Seed: 1, Streets: 1, Towns: 1, Villages: 4, Cells: 24, Words: words})
	if err != nil {
		return err
	}
	if err := w.App.DB.Write(ctx, func(tx *store.Tx) error { return county.Save(ctx, tx) }); err != nil {
		return err
	}
	return w.App.Atlas.Reload(ctx)
}

// words reads the names of made-up places from the first pack that has them.
func (w *World) words() (synth.Words, error) {
	for _, p := range w.App.Bundle.Load().Packs {
		f, err := p.FS.Open("demo/words.csv")
		if err != nil {
			continue // a pack without names
		}
		words, err := synth.ReadWords(f)
		_ = f.Close()
		return words, err
	}
	return synth.Words{}, fault.New(fault.NotFound, "scenario.words")
}

func readDemo(p *pack.Pack) ([]demoFile, error) {
	var out []demoFile
	for _, name := range p.Demo {
		if strings.HasSuffix(name, "generate.yaml") {
			continue // bulk for the demo county
		}
		text, err := fs.ReadFile(p.FS, name)
		if err != nil {
			return nil, fault.Wrap(p.Name+"/"+name, err)
		}
		var f demoFile
		if err := yaml.Unmarshal(text, &f); err != nil {
			return nil, fault.New(fault.Invalid, "yaml.syntax", "file", p.Name+"/"+name, "detail", err.Error())
		}
		out = append(out, f)
	}
	return out, nil
}

func (w *World) seedPeople(ctx context.Context, files []demoFile) error {
	err := w.App.DB.Write(ctx, func(tx *store.Tx) error {
		return w.App.Identity.Seed(ctx, tx, identity.System("test"), func(seed *identity.Seed) error {
			for _, f := range files {
				for _, o := range f.Orgs {
					if err := seed.EnsureOrg(ctx, identity.Organisation{Path: o.Path, Name: o.Name, Kind: o.Kind}); err != nil {
						return fault.Wrap("organisation "+o.Path, err)
					}
				}
			}
			for _, f := range files {
				for _, p := range f.People {
					p.Area = w.place(p.Area)
					if err := seedPerson(ctx, seed, &p); err != nil {
						return fault.Wrap("person "+p.Username, err)
					}
					w.people = append(w.people, p)
				}
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	return w.App.Identity.Refresh(ctx)
}

func seedPerson(ctx context.Context, seed *identity.Seed, p *Person) error {
	id, err := seed.EnsurePerson(ctx, identity.NewPerson{Username: p.Username, Name: p.Name, Password: "demo-" + p.Username})
	if err != nil {
		return err
	}
	p.id = id
	_, err = seed.EnsurePost(ctx, identity.Post{Person: id, Org: p.Org, Area: p.Area, Roles: []string{p.Role}})
	return err
}

// place turns the symbolic areas of demo files into paths of the generated county: "/" is all of it, "/1/" its first town,
// "/1/2/" that town's second village.
func (w *World) place(area string) string {
	index := w.App.Atlas.Index()
	path := area
	if area == "" || area == "/" {
		return "/"
	}
	code := ""
	if top := index.Children(""); len(top) > 0 {
		code = top[0].Code
	}
	for step := range strings.SplitSeq(strings.Trim(area, "/"), "/") {
		children := index.Children(code)
		n := 0
		for _, r := range step {
			if r < '0' || r > '9' {
				return area
			}
			n = n*10 + int(r-'0')
		}
		if n < 1 || n > len(children) {
			return path
		}
		code, path = children[n-1].Code, children[n-1].Path
	}
	return path
}

// Point gives a point inside the n-th village of the ground, for cases of scenarios.
func (w *World) Point(n int) (lon, lat float64) {
	index := w.App.Atlas.Index()
	for _, county := range index.Children("") {
		for _, town := range index.Children(county.Code) {
			for _, village := range index.Children(town.Code) {
				if n--; n == 0 {
					if p, ok := geo.LabelPoint(index.Shape(geo.Village, village.Code)); ok {
						return p[0], p[1]
					}
				}
			}
		}
	}
	return 0, 0
}

func (w *World) seedRecords(ctx context.Context, files []demoFile) error {
	return w.App.DB.Write(ctx, func(tx *store.Tx) error {
		for _, f := range files {
			for typ, list := range f.Records {
				for i, data := range list {
					if _, err := w.App.Records.Seed(ctx, tx, identity.System("test"), typ, data); err != nil {
						return fault.Wrap(typ+" "+string(rune('0'+i%10)), err)
					}
				}
			}
		}
		return nil
	})
}

// People gives the demo people of the world.
func (w *World) People() []Person { return w.people }
