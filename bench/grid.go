package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"

	"chengshu/base/store/storetest"
	"chengshu/kernel/geo"
	"chengshu/kernel/geo/synth"
	"chengshu/packs"
)

// ground is a synthetic county's cells and points strewn over it.
type ground struct {
	cells    []geo.Grid
	points   []orb.Point
	vertices int
}

func newGround(cells, points int) (*ground, error) {
	f, err := packs.All().Open("county/demo/words.csv")
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	words, err := synth.ReadWords(f)
	if err != nil {
		return nil, err
	}
	county, err := synth.Generate(synth.Config{Seed: 1, Villages: min(150, cells/6), Cells: cells, Words: words})
	if err != nil {
		return nil, err
	}
	g := &ground{}
	var box orb.Bound
	for _, c := range county.Grids {
		if c.Layer != geo.Cell {
			continue
		}
		if g.cells = append(g.cells, c); len(g.cells) == 1 {
			box = c.Shape.Bound()
		}
		box = box.Union(c.Shape.Bound())
		for _, p := range c.Shape {
			for _, r := range p {
				g.vertices += len(r)
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a draw that can be repeated
	for range points {
		g.points = append(g.points, orb.Point{box.Min[0] + r.Float64()*(box.Max[0]-box.Min[0]), box.Min[1] + r.Float64()*(box.Max[1]-box.Min[1])})
	}
	return g, nil
}

// digest sums up an assignment, so that two of them can be compared without carrying it over.
type digest struct{ hits, sum int64 }

const digestModulus = 1_000_003

// grid measures the assignment of points to cells against the best plan of PostGIS.
func (b *bench) grid(ctx context.Context) error {
	g, err := newGround(b.pick(5000, 1200), b.pick(1_000_000, 100_000))
	if err != nil {
		return err
	}
	begun := cpu()
	index, err := geo.NewIndex("2026-03-02", nil, g.cells, nil)
	if err != nil {
		return err
	}
	build := cpu() - begun
	at := map[string]int64{}
	for i, c := range g.cells {
		at[c.Code] = int64(i + 1)
	}
	var ours digest
	begun = cpu()
	for i, p := range g.points {
		if found, ok := index.Locate(p[0], p[1], geo.Cell); ok {
			ours.hits++
			ours.sum += int64(i+1) * at[found.Code] % digestModulus
		}
	}
	assign := cpu() - begun
	what := fmt.Sprintf("%d points in %d cells, %d vertices", len(g.points), len(g.cells), g.vertices)
	c, err := b.postgres()
	if errors.Is(err, storetest.ErrAbsent) {
		b.rep.skip("grid", what, err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	url, err := c.Database(ctx)
	if err != nil {
		return err
	}
	theirs, assignPG, buildPG, err := g.postgis(ctx, url)
	if err != nil {
		if strings.Contains(err.Error(), "postgis") {
			b.rep.skip("grid", what, err.Error())
			return nil
		}
		return err
	}
	if ours != theirs {
		return fmt.Errorf("the assignments differ: %v here, %v in PostGIS", ours, theirs)
	}
	b.rep.add(row{
		bench: "grid", what: what, product: (build + assign).Round(time.Millisecond).String(), peer: (buildPG + assignPG).Round(time.Millisecond).String(),
		ratio: float64(build+assign) / float64(buildPG+assignPG), goal: "<= 0.33", met: 3*(build+assign) <= buildPG+assignPG,
		note: fmt.Sprintf("CPU to build and assign, same %d hits; assign alone %s against %s; polygons outer, GiST on points, lateral",
			ours.hits, assign.Round(time.Millisecond), assignPG.Round(time.Millisecond)),
	})
	return nil
}

// postgis assigns by the plan that is best there: every polygon looks for its points in their index.
func (g *ground) postgis(ctx context.Context, url string) (found digest, assign, build time.Duration, err error) {
	db, err := pgx.Connect(ctx, url)
	if err != nil {
		return found, 0, 0, err
	}
	defer func() { _ = db.Close(ctx) }()
	var pid int
	if err := db.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		return found, 0, 0, err
	}
	for _, text := range []string{
		"CREATE EXTENSION postgis", "CREATE TABLE cell (n bigint PRIMARY KEY, geom geometry)",
		"CREATE TABLE place (n bigint, lon double precision, lat double precision)",
		// The best plan and no other; in one process, whose time can be read.
		"SET max_parallel_workers_per_gather = 0", "SET max_parallel_maintenance_workers = 0", "SET jit = off", "SET enable_seqscan = off",
	} {
		if _, err := db.Exec(ctx, text); err != nil {
			return found, 0, 0, err
		}
	}
	if err := g.copyTo(ctx, db); err != nil {
		return found, 0, 0, err
	}
	build, err = spent(pid, func() error {
		_, err := db.Exec(ctx, "CREATE INDEX point_geom ON point USING gist (geom)")
		return err
	})
	if err != nil {
		return found, 0, 0, err
	}
	if _, err := db.Exec(ctx, "VACUUM ANALYZE point"); err != nil {
		return found, 0, 0, err
	}
	assign, err = spent(pid, func() error {
		// OFFSET 0 keeps the planner from turning the two around.
		return db.QueryRow(ctx, `SELECT count(*), COALESCE(sum(x.n * c.n % $1), 0)::bigint FROM cell c
			CROSS JOIN LATERAL (SELECT p.n FROM point p WHERE ST_Contains(c.geom, p.geom) OFFSET 0) x`, digestModulus).Scan(&found.hits, &found.sum)
	})
	return found, assign, build, err
}

func (g *ground) copyTo(ctx context.Context, db *pgx.Conn) error {
	for i, c := range g.cells {
		b, err := wkb.Marshal(c.Shape)
		if err != nil {
			return err
		}
		if _, err := db.Exec(ctx, "INSERT INTO cell VALUES ($1, ST_GeomFromWKB($2, 4326))", i+1, b); err != nil {
			return err
		}
	}
	_, err := db.CopyFrom(ctx, pgx.Identifier{"place"}, []string{"n", "lon", "lat"}, pgx.CopyFromSlice(len(g.points), func(i int) ([]any, error) {
		return []any{int64(i + 1), g.points[i][0], g.points[i][1]}, nil
	}))
	if err != nil {
		return err
	}
	_, err = db.Exec(ctx, "CREATE TABLE point AS SELECT n, ST_SetSRID(ST_MakePoint(lon, lat), 4326) AS geom FROM place")
	return err
}

// spent gives the processor time that another process uses during do.
func spent(pid int, do func() error) (time.Duration, error) {
	before, err := cpuOf(pid)
	if err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		return 0, err
	}
	after, err := cpuOf(pid)
	return after - before, err
}

// cpuOf reads user and system time of a process, which the kernel counts in hundredths of a second.
func cpuOf(pid int) (time.Duration, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, errors.New("short /proc stat")
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond, err
}
