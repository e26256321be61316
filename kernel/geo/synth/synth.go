// Package synth makes up a county: its areas, grids, roads, river, buildings and what stands along the streets, all from
// a seed, for demonstrations and tests. Nothing of it is real, and its code must be one that is not assigned.
//
// Cells come first, as the Voronoi division of jittered points with ragged edges; villages, towns and the county are put
// together from them, so that borders are shared to the last digit and the four levels nest exactly. The same seed and
// configuration give the same county on one processor architecture. Names come from a word table of the caller.
//
// Main types: Config, Words, County.
package synth

import (
	"context"
	"math/rand/v2"

	"github.com/paulmach/orb"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/geo"
)

// Config says what county to make. The zero values of numbers mean the usual demonstration county.
type Config struct {
	Seed     uint64
	Code     string    // 6 digits, not assigned to any real county; default 990100
	Centre   orb.Point // default in an empty desert, so that no real place lies under the fiction
	Radius   float64   // metres, default 18 000
	Streets  int       // 街道 of the county seat, default 3
	Towns    int       // 镇 beside the streets, default 9
	Villages int       // villages and communities, default 150
	Cells    int       // about so many cells, default 1 200
	Parts    int       // 部件, default 6 000; none without Classes
	Day      string    // first day of validity, default 2020-01-01
	Words    Words
	Classes  []Class  // of parts
	Units    []string // codes of the units that own, maintain and supervise parts
}

// Class is a class of parts: major and minor code, four digits, with its share among all (default 1).
type Class struct {
	Code  string
	Share float64
}

// County is what was made up. Order and content depend on nothing but the configuration.
type County struct {
	Areas     []geo.Area // county, towns, villages, in the order of their codes
	Grids     []geo.Grid // cells, general grids, duty beats
	Links     []geo.Link // of duty beats and general grids to their cells
	Roads     []Road
	River     River
	POIs      []POI
	Buildings []Building
	Parts     []Part
	Addresses []Address
}

// Road is a stretch of road with a name.
type Road struct {
	Name  string
	Class string // trunk, local or ring
	Town  string // 12-digit code of a local or ring road's town
	Line  orb.LineString
}

// River runs across the county along borders of cells.
type River struct {
	Name string
	Line orb.LineString
}

// POI is a place people look for. Kind is the key of the word table.
type POI struct {
	Kind, Name string
	Point      orb.Point
	Cell       string
}

// Building stands along a road of a town.
type Building struct {
	Shape  orb.Polygon
	Height float64 // metres
	Cell   string
}

// Part is a thing of the street the city looks after: 16-digit code = county 6 + class 4 + serial 6 (CJ/T 214).
type Part struct {
	Code       string
	Class      string
	Point      orb.Point
	Cell       string
	Owner      string // 权属单位
	Maintainer string // 养护单位
	Supervisor string // 主管部门
}

// Address is a house number on a road.
type Address struct {
	Text  string
	Point orb.Point
	Cell  string
}

func (c Config) withDefaults() Config {
	set := func(v *int, usual int) {
		if *v == 0 {
			*v = usual
		}
	}
	set(&c.Streets, 3)
	set(&c.Towns, 9)
	set(&c.Villages, 150)
	set(&c.Cells, 1200)
	set(&c.Parts, 6000)
	if c.Code == "" {
		c.Code = "990100"
	}
	if c.Centre == (orb.Point{}) {
		c.Centre = orb.Point{102.1, 40.3}
	}
	if c.Radius == 0 {
		c.Radius = 18_000
	}
	if c.Day == "" {
		c.Day = "2020-01-01"
	}
	return c
}

func (c Config) check() error {
	bad := func(what string) error { return fault.New(fault.Invalid, "synth.config", "field", what) }
	level, err := geo.LevelOf(c.Code)
	switch towns := c.Streets + c.Towns; {
	case err != nil || level != geo.County || len(c.Code) != 6:
		return bad("code")
	case geo.CheckPoint(c.Centre) != nil || c.Centre[1] < -70 || c.Centre[1] > 70:
		return bad("centre")
	case c.Radius < 1000 || c.Radius > 100_000:
		return bad("radius")
	case c.Streets < 1 || c.Towns < 0 || towns > 100:
		return bad("towns")
	case c.Villages < towns || c.Villages > 2000:
		return bad("villages")
	case c.Cells < 3*c.Villages || c.Cells > 10_000:
		return bad("cells")
	case c.Parts < 0 || c.Parts > 999_999:
		return bad("parts")
	}
	for _, cl := range c.Classes {
		if len(cl.Code) != 4 || cl.Share < 0 {
			return bad("classes")
		}
	}
	if len(c.Classes) > 0 && len(c.Units) == 0 {
		return bad("units")
	}
	return c.Words.check(c.Streets + c.Towns + c.Villages)
}

// Generate makes the county. Faults: Invalid "synth.config", "synth.words".
func Generate(c Config) (*County, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	m := newMaker(c)
	m.sites()
	m.divide()
	m.regions()
	m.code()
	m.name()
	if err := m.areas(); err != nil {
		return nil, err
	}
	m.river()
	m.roads()
	if err := m.things(); err != nil {
		return nil, err
	}
	return &m.out, nil
}

// Save writes areas, grids and links; what else was made is for the caller's records.
func (c *County) Save(ctx context.Context, tx *store.Tx) error {
	for _, a := range c.Areas {
		if err := geo.SaveArea(ctx, tx, a); err != nil {
			return err
		}
	}
	for _, g := range c.Grids {
		if err := geo.SaveGrid(ctx, tx, g); err != nil {
			return err
		}
	}
	for _, l := range c.Links {
		if err := geo.SaveLink(ctx, tx, l); err != nil {
			return err
		}
	}
	return nil
}

// Index builds the index of the county without a database.
func (c *County) Index(day string) (*geo.Index, error) {
	return geo.NewIndex(day, c.Areas, c.Grids, c.Links)
}

// random gives the source of one stage, so that a change in one stage leaves the others as they are.
func (m *maker) random(stage uint64) *rand.Rand {
	return rand.New(rand.NewPCG(m.cfg.Seed, stage)) //nolint:gosec // a reproducible landscape, no secret
}
