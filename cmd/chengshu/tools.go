package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"chengshu/app"
	"chengshu/base/fault"
	"chengshu/kernel/geo"
	"chengshu/kernel/journal"
)

// open opens the app of --data for a tool.
func (c *cli) open(cmd *cobra.Command) (*app.App, error) {
	return app.New(cmd.Context(), app.Config{Dir: c.dir, Database: c.database, Log: c.log()})
}

func (c *cli) verify() *cobra.Command {
	var subject string
	cmd := &cobra.Command{
		Use: "verify [PROOF]", Short: "Verify the journal: all of it, one record, or an exported proof without any database",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return c.verifyFile(args[0])
			}
			a, err := c.open(cmd)
			if err != nil {
				return err
			}
			defer a.Close()
			if subject != "" {
				proofs, err := a.Journal.ProveSubject(cmd.Context(), subject)
				if err != nil {
					return err
				}
				if err := a.VerifyProofs(proofs); err != nil {
					return err
				}
				_, err = fmt.Fprintf(c.out, "%s: %d entries verified\n", subject, len(proofs))
				return fault.Wrap("print", err)
			}
			return c.verifyAll(cmd, a)
		},
	}
	cmd.Flags().StringVar(&subject, "record", "", "verify one record, \"<type>/<id>\"")
	return cmd
}

func (c *cli) verifyAll(cmd *cobra.Command, a *app.App) error {
	found := 0
	err := a.Journal.Verify(cmd.Context(), func(f journal.Finding) {
		found++
		fmt.Fprintln(c.out, f)
	})
	if err != nil {
		return err
	}
	if found > 0 {
		return fault.New(fault.Conflict, "journal.findings", "count", found)
	}
	_, err = fmt.Fprintln(c.out, "journal verified")
	return fault.Wrap("print", err)
}

func (c *cli) verifyFile(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fault.New(fault.NotFound, "file.unknown", "id", file).With(err)
	}
	keys, err := journal.LoadKeys(filepath.Join(c.dir, "keys", "journal.json"), rand.Reader)
	if err != nil {
		return err
	}
	if err := app.VerifyFile(text, keys); err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.out, "proof verified")
	return fault.Wrap("print", err)
}

func (c *cli) importCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "import", Short: "Import areas and city events"}
	var boundary, crs string
	areas := &cobra.Command{
		Use: "areas FILE.csv", Short: "Import a county's areas; town polygons that are missing are derived and marked synthetic", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := c.open(cmd)
			if err != nil {
				return err
			}
			defer a.Close()
			return c.importAreas(cmd, a, args[0], boundary, crs)
		},
	}
	areas.Flags().StringVar(&boundary, "boundary", "", "GeoJSON of the county's boundary")
	areas.Flags().StringVar(&crs, "crs", "cgcs2000", "coordinates of both files: cgcs2000, gcj02, bd09")
	cmd.AddCommand(areas, c.importOpen311())
	return cmd
}

func (c *cli) importAreas(cmd *cobra.Command, a *app.App, csv, boundary, crsName string) error {
	crs, err := geo.ParseCRS(crsName)
	if err != nil {
		return err
	}
	rows, err := os.Open(csv)
	if err != nil {
		return fault.New(fault.NotFound, "file.unknown", "id", csv).With(err)
	}
	defer func() { _ = rows.Close() }()
	shape, err := os.Open(boundary)
	if err != nil {
		return fault.New(fault.NotFound, "file.unknown", "id", boundary).With(err)
	}
	defer func() { _ = shape.Close() }()
	report, err := geo.ImportAreas(cmd.Context(), a.DB, rows, shape, crs)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "%+v\n", report)
	return fault.Wrap("print", err)
}

func (c *cli) user() *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "Accounts"}
	cmd.AddCommand(&cobra.Command{
		Use: "bootstrap", Short: "Make the three first administrators with random passwords, shown once", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := c.open(cmd)
			if err != nil {
				return err
			}
			defer a.Close()
			made, err := a.Bootstrap(cmd.Context())
			if err != nil {
				return err
			}
			for _, m := range made {
				fmt.Fprintf(c.out, "%s\t%s\t%s\n", m.Role, m.Username, m.Password)
			}
			return nil
		},
	})
	return cmd
}

