package geo

import (
	"context"
	"strings"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// SaveArea inserts an area or replaces the one of its code. Path, Parent and Level are set from the code, SquareMetres
// from the shape. Faults: Invalid "geo.code", "geo.name", "geo.shape", "geo.point", "geo.date".
func SaveArea(ctx context.Context, tx *store.Tx, a Area) error {
	if err := a.complete(); err != nil {
		return err
	}
	shape, err := encodeShape(a.Shape)
	if err != nil {
		return err
	}
	lon, lat := columns(a.Point)
	_, err = tx.Exec(ctx, `INSERT INTO geo_area
  (code, parent, name, level, kind, path, lon, lat, shape, synthetic, square_metres, valid_from, valid_to)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (code) DO UPDATE SET parent = excluded.parent, name = excluded.name, level = excluded.level,
  kind = excluded.kind, path = excluded.path, lon = excluded.lon, lat = excluded.lat, shape = excluded.shape,
  synthetic = excluded.synthetic, square_metres = excluded.square_metres, valid_from = excluded.valid_from,
  valid_to = excluded.valid_to`,
		a.Code, a.Parent, a.Name, string(a.Level), a.Kind, a.Path, lon, lat, shape, a.Synthetic, a.SquareMetres, a.ValidFrom, a.ValidTo)
	return fault.Wrap("save area "+a.Code, err)
}

// complete sets what follows from the code and the shape.
func (a *Area) complete() error {
	level, err := LevelOf(a.Code)
	if err != nil {
		return err
	}
	if level == Cell || len(a.Code) != 12 {
		return fault.New(fault.Invalid, "geo.code", "code", a.Code)
	}
	if a.Path, err = PathOf(a.Code); err != nil {
		return err
	}
	a.Level, a.Parent = level, ParentOf(a.Code)
	if a.Shape, a.SquareMetres, err = measured(a.Shape); err != nil {
		return err
	}
	return checkCommon(a.Name, a.Point, a.ValidFrom, a.ValidTo)
}

// SaveGrid inserts a grid or replaces the one of its layer, code and first day. The path is set from the area and code,
// SquareMetres from the shape, and a missing Point to one inside. Faults as of SaveArea, and Invalid "geo.layer".
func SaveGrid(ctx context.Context, tx *store.Tx, g Grid) error {
	if err := g.complete(); err != nil {
		return err
	}
	shape, err := encodeShape(g.Shape)
	if err != nil {
		return err
	}
	lon, lat := columns(g.Point)
	_, err = tx.Exec(ctx, `INSERT INTO geo_grid
  (layer, code, valid_from, valid_to, area, name, path, land_use, grade, lon, lat, shape, synthetic, square_metres)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (layer, code, valid_from) DO UPDATE SET valid_to = excluded.valid_to, area = excluded.area,
  name = excluded.name, path = excluded.path, land_use = excluded.land_use, grade = excluded.grade, lon = excluded.lon,
  lat = excluded.lat, shape = excluded.shape, synthetic = excluded.synthetic, square_metres = excluded.square_metres`,
		string(g.Layer), g.Code, g.ValidFrom, g.ValidTo, g.Area, g.Name, g.Path, g.LandUse, g.Grade, lon, lat, shape, g.Synthetic, g.SquareMetres)
	return fault.Wrap("save grid "+g.Code, err)
}

func (g *Grid) complete() error {
	if !g.Layer.IsGrid() {
		return fault.New(fault.Invalid, "geo.layer", "layer", string(g.Layer))
	}
	level, err := LevelOf(g.Area)
	if err != nil || len(g.Area) != 12 || (g.Layer == Cell || g.Layer == General) && level != Village {
		return fault.New(fault.Invalid, "geo.code", "code", g.Area)
	}
	if g.Layer == Cell && (len(g.Code) != 15 || !digits(g.Code) || g.Code[:12] != g.Area) || g.Code == "" || strings.ContainsAny(g.Code, "/%_ ") {
		return fault.New(fault.Invalid, "geo.code", "code", g.Code)
	}
	path, err := PathOf(g.Area)
	if err != nil {
		return err
	}
	g.Path = path + g.Code + "/"
	if g.Shape, g.SquareMetres, err = measured(g.Shape); err != nil {
		return err
	}
	if g.Point == nil && len(g.Shape) > 0 {
		if p, ok := LabelPoint(g.Shape); ok {
			g.Point = &p
		}
	}
	return checkCommon(g.Name, g.Point, g.ValidFrom, g.ValidTo)
}

// SaveLink inserts a link or sets the last day of the one that is there.
func SaveLink(ctx context.Context, tx *store.Tx, l Link) error {
	if !l.FromLayer.IsGrid() || !l.ToLayer.IsGrid() {
		return fault.New(fault.Invalid, "geo.layer", "layer", string(l.FromLayer))
	}
	if l.From == "" || l.To == "" {
		return fault.New(fault.Invalid, "geo.code", "code", l.From)
	}
	if err := checkDates(l.ValidFrom, l.ValidTo); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO geo_grid_link (from_layer, from_code, to_layer, to_code, valid_from, valid_to)
  VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (from_layer, from_code, to_layer, to_code, valid_from) DO UPDATE SET valid_to = excluded.valid_to`,
		string(l.FromLayer), l.From, string(l.ToLayer), l.To, l.ValidFrom, l.ValidTo)
	return fault.Wrap("link grid "+l.From, err)
}

func measured(shape orb.MultiPolygon) (orb.MultiPolygon, float64, error) {
	if len(shape) == 0 {
		return nil, 0, nil
	}
	s, err := NewShape(shape)
	if err != nil {
		return nil, 0, err
	}
	return s, SquareMetres(s), nil
}

func checkCommon(name string, p *orb.Point, from, to string) error {
	if strings.TrimSpace(name) == "" {
		return fault.New(fault.Invalid, "geo.name")
	}
	if p != nil {
		if err := CheckPoint(*p); err != nil {
			return err
		}
	}
	return checkDates(from, to)
}

func checkDates(from, to string) error {
	for _, d := range []string{from, to} {
		if d == "" {
			continue
		}
		if _, err := time.Parse(time.DateOnly, d); err != nil {
			return fault.New(fault.Invalid, "geo.date", "value", d)
		}
	}
	if to != "" && to <= from {
		return fault.New(fault.Invalid, "geo.date", "value", to)
	}
	return nil
}

func columns(p *orb.Point) (lon, lat any) {
	if p == nil {
		return nil, nil
	}
	return p[0], p[1]
}

// encodeShape writes a shape as WKB, nil as no value.
func encodeShape(mp orb.MultiPolygon) (any, error) {
	if len(mp) == 0 {
		return nil, nil
	}
	data, err := wkb.Marshal(mp)
	if err != nil {
		return nil, fault.Wrap("encode a shape", err)
	}
	return data, nil
}
