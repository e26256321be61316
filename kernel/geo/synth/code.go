package synth

import (
	"fmt"
	"maps"
	"slices"

	"github.com/paulmach/orb"

	"chengshu/kernel/geo"
)

// code numbers towns, villages and cells from west to east and north to south, as the standards ask. Streets are
// numbered from 001, towns from 100; communities from 001, villages from 200 (GB/T 10114 and the statistical codes).
func (m *maker) code() {
	towns := members(m.town, len(m.centres))
	villages := members(m.village, len(m.seats))
	m.townCode = make([]string, len(m.centres))
	m.villageCode = make([]string, len(m.seats))
	m.cellCode = make([]string, m.inner)
	street, town := 1, 100
	for _, t := range reading(m.centres) {
		next := &town
		if t < m.cfg.Streets {
			next = &street
		}
		m.townCode[t] = fmt.Sprintf("%s%03d", m.cfg.Code, *next)
		*next++
		places := make([]vec, len(towns[t]))
		for i, v := range towns[t] {
			places[i] = m.middle(villages[v])
		}
		community, village := 1, 200
		for _, i := range reading(places) {
			v := towns[t][i]
			next := &village
			if m.urban(v) {
				next = &community
			}
			m.villageCode[v] = fmt.Sprintf("%s%03d", m.townCode[t], *next)
			*next++
			m.codeCells(m.villageCode[v], villages[v])
		}
	}
}

// urban tells whether a village is a community: all of a street's, and the one of a town's seat.
func (m *maker) urban(v int32) bool { return int(m.town[v]) < m.cfg.Streets || int(v) < len(m.centres) }

func (m *maker) codeCells(village string, cells []int32) {
	places := make([]vec, len(cells))
	for i, c := range cells {
		places[i] = m.points[c]
	}
	for n, i := range reading(places) {
		m.cellCode[cells[i]] = fmt.Sprintf("%s%03d", village, n+1)
	}
}

// name gives every place a name, in the order of the codes.
func (m *maker) name() {
	names := m.cfg.Words.names()
	m.random(5).Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	take := func() string {
		n := names[0]
		names = names[1:]
		return n
	}
	m.townName, m.villageName = make([]string, len(m.townCode)), make([]string, len(m.villageCode))
	for _, t := range byCode(m.townCode) {
		m.townName[t] = take()
	}
	for _, v := range byCode(m.villageCode) {
		m.villageName[v] = take()
	}
	m.spare = names
}

func byCode(codes []string) []int {
	at := make(map[string]int, len(codes))
	for i, c := range codes {
		at[c] = i
	}
	out := make([]int, 0, len(codes))
	for _, c := range slices.Sorted(maps.Keys(at)) {
		out = append(out, at[c])
	}
	return out
}

func (m *maker) fullTownName(t int32) string {
	key := "town"
	if int(t) < m.cfg.Streets {
		key = "street"
	}
	return m.cfg.Words.fill(key, "{name}", m.townName[t])
}

func (m *maker) fullVillageName(v int32) string {
	key := "village"
	if m.urban(v) {
		key = "community"
	}
	return m.cfg.Words.fill(key, "{name}", m.villageName[v])
}

// areas puts the shapes together and builds the index.
func (m *maker) areas() error {
	rings := m.rings()
	shape := func(cells []int32) orb.MultiPolygon {
		part := make([]orb.Ring, 0, len(cells))
		for _, c := range cells {
			part = append(part, rings[c])
		}
		return dissolve(part)
	}
	villages, towns := members(m.village, len(m.seats)), members(m.town, len(m.centres))
	all := make([]int32, m.inner)
	for i := range all {
		all[i] = int32(i)
	}
	if err := m.addArea(m.cfg.Code, m.cfg.Words.County, m.point(m.centres[0]), shape(all)); err != nil {
		return err
	}
	for _, t := range byCode(m.townCode) {
		var cells []int32
		for _, v := range towns[t] {
			cells = append(cells, villages[v]...)
		}
		if err := m.addArea(m.townCode[t], m.fullTownName(int32(t)), m.point(m.centres[t]), shape(cells)); err != nil {
			return err
		}
	}
	for _, v := range byCode(m.villageCode) {
		if err := m.addArea(m.villageCode[v], m.fullVillageName(int32(v)), m.point(m.points[m.seats[v]]), shape(villages[v])); err != nil {
			return err
		}
	}
	slices.SortStableFunc(m.out.Areas, func(a, b geo.Area) int { return compareCodes(a.Code, b.Code) })
	if err := m.grids(shape); err != nil {
		return err
	}
	var err error
	m.index, err = m.out.Index(m.cfg.Day)
	return err
}

func compareCodes(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

func (m *maker) addArea(code, name string, centre orb.Point, shape orb.MultiPolygon) error {
	s, err := geo.NewShape(shape)
	if err != nil {
		return err
	}
	path, err := geo.PathOf(code)
	if err != nil {
		return err
	}
	long := geo.Long(code)
	level, err := geo.LevelOf(long)
	if err != nil {
		return err
	}
	m.out.Areas = append(m.out.Areas, geo.Area{
		Code: long, Parent: geo.ParentOf(long), Name: name, Level: level, Path: path, Point: &centre, Shape: s,
		SquareMetres: geo.SquareMetres(s), ValidFrom: m.cfg.Day,
	})
	return nil
}

// grids makes the three layers: cells; general grids of some four cells of a village; duty beats of some eight cells of
// a village, which a town keeps.
func (m *maker) grids(shape func([]int32) orb.MultiPolygon) error {
	villages := members(m.village, len(m.seats))
	beats := map[string]int{}
	var cells, general, duty []geo.Grid
	for _, v := range byCode(m.villageCode) {
		code, name, town := m.villageCode[v], m.fullVillageName(int32(v)), m.townCode[m.town[v]]
		slices.SortFunc(villages[v], func(a, b int32) int { return compareCodes(m.cellCode[a], m.cellCode[b]) })
		for i, c := range villages[v] {
			g, err := m.grid(geo.Cell, m.cellCode[c], code, m.cfg.Words.fill("cell", "{village}", name, "{n}", number(i+1)), shape([]int32{c}))
			if err != nil {
				return err
			}
			p := m.point(m.points[c])
			g.Point = &p
			cells = append(cells, g)
		}
		for i, part := range m.groups(villages[v], 4) {
			g, err := m.grid(geo.General, fmt.Sprintf("%s%02d", code, i+1), code, m.cfg.Words.fill("general", "{village}", name, "{n}", number(i+1)), shape(part))
			if err != nil {
				return err
			}
			general = append(general, g)
			m.link(g, part)
		}
		for _, part := range m.groups(villages[v], 8) {
			beats[town]++
			n := beats[town]
			g, err := m.grid(geo.Duty, fmt.Sprintf("%sD%03d", town, n), geo.Long(town), m.cfg.Words.fill("duty", "{town}", m.fullTownName(m.town[v]), "{n}", number(n)), shape(part))
			if err != nil {
				return err
			}
			duty = append(duty, g)
			m.link(g, part)
		}
	}
	m.out.Grids = slices.Concat(cells, general, duty)
	return nil
}

func (m *maker) grid(layer geo.Layer, code, area, name string, shape orb.MultiPolygon) (geo.Grid, error) {
	s, err := geo.NewShape(shape)
	if err != nil {
		return geo.Grid{}, err
	}
	path, err := geo.PathOf(area)
	if err != nil {
		return geo.Grid{}, err
	}
	g := geo.Grid{
		Layer: layer, Code: code, Area: geo.Long(area), Name: name, Path: path + code + "/", Shape: s,
		SquareMetres: geo.SquareMetres(s), ValidFrom: m.cfg.Day,
	}
	if p, ok := geo.LabelPoint(s); ok {
		g.Point = &p
	}
	return g, nil
}

func (m *maker) link(g geo.Grid, cells []int32) {
	codes := make([]string, 0, len(cells))
	for _, c := range cells {
		codes = append(codes, m.cellCode[c])
	}
	slices.Sort(codes)
	for _, c := range codes {
		m.out.Links = append(m.out.Links, geo.Link{FromLayer: g.Layer, From: g.Code, ToLayer: geo.Cell, To: c, ValidFrom: m.cfg.Day})
	}
}
