package geo

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"chengshu/base/fault"
	"chengshu/base/store"
)

// Report says honestly what an import found and did.
type Report struct {
	Rows      int                  `json:"rows"`      // rows read, the refused ones included
	Levels    map[Layer]LevelCount `json:"levels"`    // rows taken
	Derived   []string             `json:"derived"`   // codes whose shape was guessed from centres (synthetic)
	Shapeless []string             `json:"shapeless"` // towns that got no shape, for want of a centre
	Outside   []string             `json:"outside"`   // codes whose centre lies outside the county's border
	Problems  []Problem            `json:"problems"`  // rows refused
	Inserted  int                  `json:"inserted"`
	Updated   int                  `json:"updated"`
	Unchanged int                  `json:"unchanged"`
}

// LevelCount counts the areas of a level and those among them with coordinates.
type LevelCount struct {
	Areas   int `json:"areas"`
	Located int `json:"located"`
}

// Problem is a row that was refused.
type Problem struct {
	Line int    `json:"line"`
	Code string `json:"code"` // the area's, as written
	Key  string `json:"key"`  // message key
}

// ImportAreas reads a county's areas and, where given, its border, and saves them; a second import of the same changes
// nothing. The areas are CSV: with a header naming code, name and optionally longitude, latitude, ur_code; without one
// in the twenty columns of the adcode tables. The border is a GeoJSON polygon, or nil. Town shapes are derived from the
// town centres inside the border and marked synthetic; a surveyed shape that is there already is kept, and so are dates
// of validity. Villages get no shapes, for most have no coordinates. Faults: Invalid "geo.areas", "geo.json".
func ImportAreas(ctx context.Context, db *store.DB, areas, boundary io.Reader, crs CRS) (Report, error) {
	var report Report
	found, err := readAreas(areas, crs, &report)
	if err != nil {
		return Report{}, err
	}
	if boundary != nil {
		if err := drawAreas(found, boundary, crs, &report); err != nil {
			return Report{}, err
		}
	}
	for _, a := range found {
		n := report.count(a.Level)
		if n.Areas++; a.Point != nil {
			n.Located++
		}
		report.Levels[a.Level] = n
	}
	err = db.Write(ctx, func(tx *store.Tx) error {
		report.Inserted, report.Updated, report.Unchanged = 0, 0, 0
		return saveImport(ctx, tx, found, &report)
	})
	return report, fault.Wrap("import areas", err)
}

func (r *Report) count(l Layer) LevelCount {
	if r.Levels == nil {
		r.Levels = map[Layer]LevelCount{}
	}
	return r.Levels[l]
}

// columnsOf the adcode tables, which have no header.
var adcodeColumns = [...]string{
	"code", "parent", "name", "level", "rank", "adcode", "post_code", "area_code", "ur_code", "municipality", "virtual",
	"dummy", "longitude", "latitude",
}

// readAreas reads the rows; those it cannot take go to the report.
func readAreas(r io.Reader, crs CRS, report *Report) ([]Area, error) {
	in := csv.NewReader(r)
	in.FieldsPerRecord, in.ReuseRecord = -1, true
	column := map[string]int{}
	for i, name := range adcodeColumns {
		column[name] = i
	}
	seen := map[string]bool{}
	var out []Area
	for first := true; ; first = false {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fault.New(fault.Invalid, "geo.areas").With(err)
		}
		if first && !digits(strings.TrimPrefix(row[0], "\ufeff")) {
			if column = header(row); len(column) == 0 {
				return nil, fault.New(fault.Invalid, "geo.areas", "line", 1)
			}
			continue
		}
		report.Rows++
		line, _ := in.FieldPos(0)
		a, key := readArea(row, column, crs)
		if key == "" && seen[a.Code] {
			key = "geo.twice"
		}
		if key != "" {
			report.Problems = append(report.Problems, Problem{line, a.Code, key})
			continue
		}
		seen[a.Code] = true
		out = append(out, a)
	}
	return orphans(out, seen, report)
}

// header names the columns; nil when code or name is missing.
func header(row []string) map[string]int {
	column := map[string]int{}
	for i, name := range row {
		name = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))
		switch name {
		case "lon", "lng":
			name = "longitude"
		case "lat":
			name = "latitude"
		}
		column[name] = i
	}
	for _, need := range []string{"code", "name"} {
		if _, ok := column[need]; !ok {
			return nil
		}
	}
	return column
}

// readArea reads one row; a message key tells why it cannot be taken.
func readArea(row []string, column map[string]int, crs CRS) (Area, string) {
	cell := func(name string) string {
		if i, ok := column[name]; ok && i < len(row) {
			return strings.TrimSpace(strings.TrimPrefix(row[i], "\ufeff"))
		}
		return ""
	}
	a := Area{Code: cell("code"), Name: cell("name"), Kind: cell("ur_code")}
	if digits(a.Code) && len(a.Code) < 12 {
		a.Code = Long(a.Code)
	}
	if lon, lat := cell("longitude"), cell("latitude"); lon != "" && lat != "" {
		x, errX := strconv.ParseFloat(lon, 64)
		y, errY := strconv.ParseFloat(lat, 64)
		if errX != nil || errY != nil {
			return a, "geo.point"
		}
		p := roundPoint(crs.ToCGCS2000(orb.Point{x, y}))
		a.Point = &p
	}
	if err := a.complete(); err != nil {
		return a, fault.CodeOf(err)
	}
	return a, ""
}

// orphans refuses areas whose parent is not in the file; counties stand alone.
func orphans(in []Area, seen map[string]bool, report *Report) ([]Area, error) {
	out := in[:0]
	for _, a := range in {
		if a.Parent != "" && !seen[a.Parent] {
			report.Problems = append(report.Problems, Problem{0, a.Code, "geo.orphan"})
			continue
		}
		out = append(out, a)
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Invalid, "geo.areas")
	}
	return out, nil
}

// drawAreas gives the county its border and the towns the ground nearest to their centres.
func drawAreas(areas []Area, boundary io.Reader, crs CRS, report *Report) error {
	data, err := io.ReadAll(boundary)
	if err != nil {
		return fault.Wrap("read the border", err)
	}
	g, err := ParseGeometry(data, crs)
	if err != nil {
		return err
	}
	border, err := NewShape(g)
	if err != nil {
		return err
	}
	border = roundShape(border)
	var towns []*Area
	var centres []orb.Point
	for i := range areas {
		a := &areas[i]
		if a.Point != nil && !Contains(border, *a.Point) {
			report.Outside = append(report.Outside, a.Code)
		}
		switch {
		case a.Level == County:
			a.Shape, a.SquareMetres = border, SquareMetres(border)
		case a.Level == Town && a.Point != nil:
			towns, centres = append(towns, a), append(centres, *a.Point)
		case a.Level == Town:
			report.Shapeless = append(report.Shapeless, a.Code)
		}
	}
	for i, shape := range Voronoi(centres, border) {
		if len(shape) == 0 {
			report.Shapeless = append(report.Shapeless, towns[i].Code)
			continue
		}
		towns[i].Shape, towns[i].Synthetic, towns[i].SquareMetres = shape, true, SquareMetres(shape)
		report.Derived = append(report.Derived, towns[i].Code)
	}
	return nil
}

func saveImport(ctx context.Context, tx *store.Tx, areas []Area, report *Report) error {
	before, err := loadAreas(ctx, tx)
	if err != nil {
		return err
	}
	old := make(map[string]Area, len(before))
	for _, a := range before {
		old[a.Code] = a
	}
	areas = slices.Clone(areas)
	slices.SortFunc(areas, func(a, b Area) int { return cmp.Compare(a.Code, b.Code) })
	for _, a := range areas {
		was, there := old[a.Code]
		if there {
			a = a.over(was)
		}
		if err := a.complete(); err != nil {
			return err
		}
		switch {
		case !there:
			report.Inserted++
		case reflect.DeepEqual(a, was):
			report.Unchanged++
			continue
		default:
			report.Updated++
		}
		if err := SaveArea(ctx, tx, a); err != nil {
			return err
		}
	}
	return nil
}

// over keeps of the old area what an import knows less about.
func (a Area) over(was Area) Area {
	a.ValidFrom, a.ValidTo = was.ValidFrom, was.ValidTo
	if len(was.Shape) > 0 && (len(a.Shape) == 0 || a.Synthetic && !was.Synthetic) {
		a.Shape, a.Synthetic = was.Shape, was.Synthetic
	}
	if a.Point == nil {
		a.Point = was.Point
	}
	if a.Kind == "" {
		a.Kind = was.Kind
	}
	return a
}
