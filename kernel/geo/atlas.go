package geo

import (
	"context"
	"database/sql"
	"sync/atomic"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
)

// Atlas keeps the present Index and changes it as a whole. It is safe for concurrent use.
type Atlas struct {
	db      *store.DB
	clock   clock.Clock
	current atomic.Pointer[Index]
}

// NewAtlas makes an atlas with an empty index; call Reload before use, after every change, and when a day begins on
// which a date of validity falls.
func NewAtlas(db *store.DB, c clock.Clock) (*Atlas, error) {
	empty, err := NewIndex("", nil, nil, nil)
	if err != nil {
		return nil, err
	}
	a := &Atlas{db: db, clock: c}
	a.current.Store(empty)
	return a, nil
}

// Index gives the present index.
func (a *Atlas) Index() *Index { return a.current.Load() }

// Reload reads the tables as of today and puts the new index in place; the old one stays when that fails.
func (a *Atlas) Reload(ctx context.Context) error {
	x, err := Load(ctx, a.db, clock.DateOf(a.clock.Now()).String())
	if err != nil {
		return err
	}
	a.current.Store(x)
	return nil
}

// Load reads the tables into an index of a day yyyy-mm-dd.
func Load(ctx context.Context, db *store.DB, day string) (*Index, error) {
	var areas []Area
	var grids []Grid
	var links []Link
	err := db.Read(ctx, func(tx *store.Tx) (err error) {
		if areas, err = loadAreas(ctx, tx); err != nil {
			return err
		}
		if grids, err = loadGrids(ctx, tx); err != nil {
			return err
		}
		links, err = loadLinks(ctx, tx)
		return err
	})
	if err != nil {
		return nil, fault.Wrap("load the ground", err)
	}
	return NewIndex(day, areas, grids, links)
}

// each runs a query and scans its rows one by one.
func each(ctx context.Context, tx *store.Tx, query string, scan func(*sql.Rows) error) error {
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // the fault of an early end is in Err
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func loadAreas(ctx context.Context, tx *store.Tx) (out []Area, err error) {
	return out, each(ctx, tx, `SELECT code, parent, name, level, kind, path, lon, lat, shape, synthetic, square_metres,
  valid_from, valid_to FROM geo_area ORDER BY code`, func(rows *sql.Rows) error {
		var a Area
		var lon, lat sql.NullFloat64
		var shape []byte
		err := rows.Scan(&a.Code, &a.Parent, &a.Name, &a.Level, &a.Kind, &a.Path, &lon, &lat, &shape, &a.Synthetic, &a.SquareMetres, &a.ValidFrom, &a.ValidTo)
		if err != nil {
			return err
		}
		a.Point = point(lon, lat)
		if a.Shape, err = decodeShape(shape); err != nil {
			return fault.Wrap("area "+a.Code, err)
		}
		out = append(out, a)
		return nil
	})
}

func loadGrids(ctx context.Context, tx *store.Tx) (out []Grid, err error) {
	return out, each(ctx, tx, `SELECT layer, code, area, name, path, land_use, grade, lon, lat, shape, synthetic,
  square_metres, valid_from, valid_to FROM geo_grid ORDER BY layer, code, valid_from`, func(rows *sql.Rows) error {
		var g Grid
		var lon, lat sql.NullFloat64
		var shape []byte
		err := rows.Scan(&g.Layer, &g.Code, &g.Area, &g.Name, &g.Path, &g.LandUse, &g.Grade, &lon, &lat, &shape, &g.Synthetic, &g.SquareMetres, &g.ValidFrom, &g.ValidTo)
		if err != nil {
			return err
		}
		g.Point = point(lon, lat)
		if g.Shape, err = decodeShape(shape); err != nil {
			return fault.Wrap("grid "+g.Code, err)
		}
		out = append(out, g)
		return nil
	})
}

func loadLinks(ctx context.Context, tx *store.Tx) (out []Link, err error) {
	return out, each(ctx, tx, `SELECT from_layer, from_code, to_layer, to_code, valid_from, valid_to FROM geo_grid_link
  ORDER BY from_layer, from_code, to_layer, to_code, valid_from`, func(rows *sql.Rows) error {
		var l Link
		if err := rows.Scan(&l.FromLayer, &l.From, &l.ToLayer, &l.To, &l.ValidFrom, &l.ValidTo); err != nil {
			return err
		}
		out = append(out, l)
		return nil
	})
}

func point(lon, lat sql.NullFloat64) *orb.Point {
	if !lon.Valid || !lat.Valid {
		return nil
	}
	return &orb.Point{lon.Float64, lat.Float64}
}

func decodeShape(data []byte) (orb.MultiPolygon, error) {
	if len(data) == 0 {
		return nil, nil
	}
	g, err := wkb.Unmarshal(data)
	if err != nil {
		return nil, err
	}
	mp, ok := g.(orb.MultiPolygon)
	if !ok {
		return nil, fault.New(fault.Internal, "geo.shape")
	}
	return mp, nil
}
