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
	var subject, keys string
	cmd := &cobra.Command{
		Use: "verify [PROOF]", Short: "Verify the journal: all of it, one record, or an exported proof without any database",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if keys == "" {
					keys = filepath.Join(c.dir, "keys", "journal.pub")
				}
				return c.verifyFile(args[0], keys)
			}
			a, err := c.open(cmd)
			if err != nil {
				return err
			}
			defer a.Close()
			if subject != "" {
				n, err := a.Evidence(cmd.Context(), subject)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(c.out, "%s: %d entries verified\n", subject, n)
				return fault.Wrap("print", err)
			}
			return c.verifyAll(cmd, a)
		},
	}
	cmd.Flags().StringVar(&keys, "keys", "", "public keys to trust; default keys/journal.pub of the data directory")
	cmd.Flags().StringVar(&subject, "record", "", "verify one record, \"<type>/<id>\"")
	return cmd
}

func (c *cli) verifyAll(cmd *cobra.Command, a *app.App) error {
	report, err := a.Journal.Verify(cmd.Context(), func(f journal.Finding) { fmt.Fprintf(c.out, "%+v\n", f) })
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "journal: %d entries, %d under the newest checkpoint, %d waiting, %d findings\n",
		report.Entries, report.Signed, report.Waiting, report.Findings)
	if report.Findings > 0 {
		return fault.New(fault.Conflict, "journal.findings", "count", report.Findings)
	}
	return nil
}

func (c *cli) verifyFile(file, keys string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fault.New(fault.NotFound, "file.unknown", "id", file).With(err)
	}
	public, err := os.ReadFile(keys)
	if err != nil {
		return fault.New(fault.NotFound, "file.unknown", "id", keys).With(err)
	}
	trust, err := journal.ParseTrust(string(public))
	if err != nil {
		return err
	}
	v, err := journal.VerifyProof(text, trust)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "proof verified: %d entries, signed by %v\n", len(v.Entries), v.Signers)
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
	cmd.AddCommand(areas)
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
