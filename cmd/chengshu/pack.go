package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"chengshu/app"
	"chengshu/app/open311"
	"chengshu/app/scenario"
	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/pack"
	"chengshu/kernel/record"
)

func (c *cli) pack() *cobra.Command {
	cmd := &cobra.Command{Use: "pack", Short: "Tools of pack authors"}
	cmd.AddCommand(c.packCheck(), c.packPlan(), c.packTest(), c.packNew(), c.packFmt(), c.packCoverage())
	return cmd
}

// scratch opens an app in a temporary directory with the folders of packs on top of the product's.
func (c *cli) scratch(ctx context.Context, args []string, clk clock.Clock) (*app.App, func(), error) {
	dir, err := os.MkdirTemp("", "chengshu-pack-")
	if err != nil {
		return nil, nil, fault.New(fault.Unavailable, "app.dir", "dir", dir).With(err)
	}
	a, err := app.New(ctx, app.Config{Dir: dir, Database: c.database, Packs: folders(args), Clock: clk, Cheap: true, Log: c.log()})
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, nil, err
	}
	return a, func() { a.Close(); _ = os.RemoveAll(dir) }, nil
}

// folders gives a source for each pack folder; a pack of the product's name replaces it.
func folders(args []string) []fs.FS {
	var out []fs.FS
	for _, a := range args {
		out = append(out, oneFolder{os.DirFS(filepath.Dir(filepath.Clean(a))), filepath.Base(filepath.Clean(a))})
	}
	return out
}

type oneFolder struct {
	fs.FS
	name string
}

// Glob lists the one folder's pack alone.
func (o oneFolder) Glob(pattern string) ([]string, error) {
	if pattern == "*/pack.yaml" {
		return fs.Glob(o.FS, o.name+"/pack.yaml")
	}
	return fs.Glob(o.FS, pattern)
}

func (c *cli) packCheck() *cobra.Command {
	return &cobra.Command{
		Use: "check DIR…", Short: "Check packs; every problem names its file and line",
		RunE: func(cmd *cobra.Command, args []string) error {
			a, done, err := c.scratch(cmd.Context(), args, clock.System())
			if err != nil {
				return err
			}
			defer done()
			b := a.Bundle.Load()
			if _, err := open311.Mappings(b); err != nil {
				return err
			}
			missing := b.Missing()
			for _, k := range missing {
				fmt.Fprintln(c.err, "locale/zh-CN.yaml: missing", k)
			}
			for _, d := range b.Doubts() {
				fmt.Fprintf(c.err, "%s: %s (%s)\n", d.Pos, b.Word("fault."+d.Code, d.Args), d.Code)
			}
			fmt.Fprintf(c.out, "%d packs, %d record types, %d decisions, %d roles, %d grants\n",
				len(b.Packs), len(b.Set.Types()), len(b.Decisions), len(b.Roles), len(b.Grants))
			if len(missing) > 0 {
				return fault.New(fault.Invalid, "pack.words", "missing", len(missing))
			}
			return nil
		},
	}
}

func (c *cli) packPlan() *cobra.Command {
	return &cobra.Command{
		Use: "plan DIR…", Short: "Show what packs would change in the database of --data or --database",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			scratch, done, err := c.scratch(ctx, args, clock.System())
			if err != nil {
				return err
			}
			defer done()
			url := c.database
			if url == "" {
				url = "sqlite:" + filepath.Join(c.dir, "chengshu.db")
			}
			db, err := store.Open(ctx, url, store.Options{})
			if err != nil {
				return err
			}
			defer func() { _ = db.Close() }()
			var steps []record.Step
			if err := db.Read(ctx, func(tx *store.Tx) (err error) {
				steps, err = record.Plan(ctx, tx, scratch.Bundle.Load().Set)
				return err
			}); err != nil {
				return err
			}
			for _, s := range steps {
				fmt.Fprintf(c.out, "-- %s, %d rows%s\n%s;\n", s.Type, s.Rows, loss(s), s.SQL)
			}
			fmt.Fprintf(c.out, "-- %d steps\n", len(steps))
			return nil
		},
	}
}

func loss(s record.Step) string {
	if s.Loss == "" {
		return ""
	}
	return ", WOULD LOSE DATA: " + s.Loss
}

func (c *cli) packTest() *cobra.Command {
	return &cobra.Command{
		Use: "test DIR…", Short: "Run the scenarios of packs; without a folder those of the product's packs",
		RunE: func(cmd *cobra.Command, args []string) error {
			bundle, err := c.load(args)
			if err != nil {
				return err
			}
			names := map[string]bool{}
			for _, a := range args {
				names[filepath.Base(filepath.Clean(a))] = true
			}
			passed, failed := 0, 0
			for _, p := range bundle.Packs {
				if len(names) > 0 && !names[p.Name] {
					continue
				}
				for _, file := range p.Tests {
					if err := c.runScenario(cmd.Context(), p, file, args); err != nil {
						failed++
						fmt.Fprintln(c.out, "FAIL", err)
					} else {
						passed++
						fmt.Fprintln(c.out, "ok  ", p.Name+"/"+file)
					}
				}
			}
			fmt.Fprintf(c.out, "scenarios: passed %d of %d\n", passed, passed+failed)
			if failed > 0 {
				return fault.New(fault.Conflict, "pack.scenarios", "failed", failed)
			}
			return nil
		},
	}
}

func (c *cli) load(args []string) (*pack.Bundle, error) {
	a, done, err := c.scratch(context.Background(), args, clock.System())
	if err != nil {
		return nil, err
	}
	defer done()
	return a.Bundle.Load(), nil
}

func (c *cli) runScenario(ctx context.Context, p *pack.Pack, file string, args []string) error {
	text, err := fs.ReadFile(p.FS, file)
	if err != nil {
		return fault.Wrap(file, err)
	}
	script, err := scenario.Parse(p.Name+"/"+file, text)
	if err != nil {
		return err
	}
	fake := clock.NewFake(time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai))
	a, done, err := c.scratch(ctx, args, fake)
	if err != nil {
		return err
	}
	defer done()
	w, err := scenario.NewWorld(ctx, a, fake)
	if err != nil {
		return err
	}
	return scenario.Run(ctx, script, w)
}
