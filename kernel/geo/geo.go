// Package geo is the ground a county stands on: the tree of areas, the grids over it, and what can be asked of a point.
//
// Areas carry the national 12-digit codes; three layers of grids (management cell, duty beat, community governance) lie
// over the same ground with dates of validity and links between them. All of it is held in an immutable Index in memory,
// which answers "which grid is this point in" without the database, always the same way on borders: the lowest code wins.
//
// Coordinates are CGCS2000 longitude and latitude in degrees (EPSG:4490), shown as WGS 84; other systems are converted at
// the edge only. The package draws vector tiles but serves none, and knows nothing of who may see what.
//
// Main types: Area, Grid, Index, Atlas.
package geo

import (
	"context"
	"embed"

	"github.com/paulmach/orb"

	"chengshu/base/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the tables of this package up to date.
func Migrate(ctx context.Context, db *store.DB) error {
	return store.Migrate(ctx, db, store.Files(migrations), "geo")
}

// Layer names a set of polygons over the ground: the areas of one level, or the grids of one kind.
type Layer string

// The layers. The first three are levels of the area tree, the others grids.
const (
	County  Layer = "county"
	Town    Layer = "town"    // 乡镇、街道
	Village Layer = "village" // 村、社区
	Cell    Layer = "cell"    // 单元网格 (GB/T 30428.1)
	Duty    Layer = "duty"    // 责任网格: a collector's beat, a set of cells
	General Layer = "general" // 综治网格, 综合网格 (GB/T 34300): belongs to one community or village
)

// Layers gives all layers from the widest to the narrowest.
func Layers() []Layer { return []Layer{County, Town, Village, General, Duty, Cell} }

// IsGrid tells whether the layer is one of grids.
func (l Layer) IsGrid() bool { return l == Cell || l == Duty || l == General }

// Valid tells whether the layer is known.
func (l Layer) Valid() bool { return l == County || l == Town || l == Village || l.IsGrid() }

// Area is a county, a town or street, or a village or community.
type Area struct {
	Code         string           // national code, 12 digits
	Parent       string           // code of the area above, "" for the county
	Name         string           //
	Level        Layer            // County, Town or Village
	Kind         string           // 城乡分类 code of the National Bureau of Statistics, "" where unknown
	Path         string           // "/990100/990100001/990100001001/"
	Point        *orb.Point       // its centre, nil where unknown
	Shape        orb.MultiPolygon // nil where unknown
	Synthetic    bool             // the shape was derived, not surveyed
	SquareMetres float64          // of the shape
	ValidFrom    string           // first day yyyy-mm-dd, "" since ever
	ValidTo      string           // first day it is no longer valid, "" open
}

// Grid is a grid of one of the three layers.
type Grid struct {
	Layer        Layer            // Cell, Duty or General
	Code         string           // Cell: 15 digits = county 6 + town 3 + village 3 + cell 3
	Area         string           // 12-digit code of the area it belongs to; of Cell and General a village
	Name         string           //
	Path         string           // the area's path and the code, with trailing slash
	LandUse      string           // 用地类别
	Grade        string           // 管理等级
	Point        *orb.Point       // where its label stands
	Shape        orb.MultiPolygon //
	Synthetic    bool             // the shape was derived, not surveyed
	SquareMetres float64          // of the shape
	ValidFrom    string           // 初始时间, yyyy-mm-dd
	ValidTo      string           // 终止日期, the first day it is no longer valid, "" open
}

// Link says that a grid of one layer covers a grid of another: a duty beat its cells.
type Link struct {
	FromLayer Layer
	From      string
	ToLayer   Layer
	To        string
	ValidFrom string
	ValidTo   string
}

// valid tells whether a span of days covers a day.
func valid(from, to, day string) bool { return from <= day && (to == "" || day < to) }
