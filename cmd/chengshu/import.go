package main

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"chengshu/app"
	"chengshu/app/open311"
	"chengshu/base/fault"
	"chengshu/kernel/geo"
)

func (c *cli) importCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "import", Short: "Import areas, city events and the calendar of a year"}
	cmd.AddCommand(c.importAreas(), c.importOpen311(), c.importCalendar())
	return cmd
}

func (c *cli) importAreas() *cobra.Command {
	var boundary string
	cmd := &cobra.Command{
		Use: "areas FILE.csv", Short: "Import a county's areas; town polygons that are missing are derived and marked synthetic", Args: cobra.ExactArgs(1),
		Long: "Import a county's areas. The file names code, name and optionally longitude, latitude in a header, or has the columns of\nthe adcode tables. With --boundary towns without a polygon get the ground nearest to their centre, marked synthetic.\nA second import of the same changes nothing.",
		RunE: func(cmd *cobra.Command, args []string) error {
			crs, err := geo.ParseCRS(c.get("crs"))
			if err != nil {
				return err
			}
			a, err := c.open(cmd)
			if err != nil {
				return err
			}
			defer a.Close()
			return c.readAreas(cmd, a, args[0], boundary, crs)
		},
	}
	cmd.Flags().StringVar(&boundary, "boundary", "", "GeoJSON of the county's boundary")
	flags(cmd.Flags(), "crs")
	return cmd
}

func (c *cli) readAreas(cmd *cobra.Command, a *app.App, csv, boundary string, crs geo.CRS) error {
	rows, err := os.Open(csv)
	if err != nil {
		return fault.New(fault.NotFound, "file.unknown", "id", csv).With(err)
	}
	defer func() { _ = rows.Close() }()
	var border io.Reader
	if boundary != "" {
		f, err := os.Open(boundary)
		if err != nil {
			return fault.New(fault.NotFound, "file.unknown", "id", boundary).With(err)
		}
		defer func() { _ = f.Close() }()
		border = f
	}
	report, err := geo.ImportAreas(cmd.Context(), a.DB, rows, border, crs)
	if err != nil {
		return err
	}
	if err := a.Atlas.Reload(cmd.Context()); err != nil {
		return err
	}
	c.tellAreas(a.Atlas.Index(), report)
	return nil
}

// tellAreas prints what the import of areas found and did, places by their names.
func (c *cli) tellAreas(index *geo.Index, r geo.Report) {
	name := func(code string) string {
		if area, ok := index.Area(code); ok {
			return area.Name + " " + geo.Short(code)
		}
		return code
	}
	fmt.Fprintf(c.out, "%d rows: %d made, %d changed, %d unchanged, %d refused\n", r.Rows, r.Inserted, r.Updated, r.Unchanged, len(r.Problems))
	for _, level := range []geo.Layer{geo.County, geo.Town, geo.Village} {
		if n := r.Levels[level]; n.Areas > 0 {
			fmt.Fprintf(c.out, "  %s: %d, %d with coordinates\n", kernelWord("layer."+string(level)), n.Areas, n.Located)
		}
	}
	for _, p := range r.Problems {
		fmt.Fprintf(c.out, "refused: line %d, code %q: %s\n", p.Line, p.Code, say(p.Key, nil))
	}
	for _, one := range []struct {
		what  string
		codes []string
	}{
		{"without coordinates", unlocated(index, "")},
		{"shape derived from the centres, synthetic", r.Derived},
		{"without a shape, for want of a centre", r.Shapeless},
		{"centre outside the boundary", r.Outside},
	} {
		if len(one.codes) == 0 {
			continue
		}
		names := make([]string, len(one.codes))
		for i, code := range one.codes {
			names[i] = name(code)
		}
		fmt.Fprintf(c.out, "%s (%d): %s\n", one.what, len(names), strings.Join(names, ", "))
	}
	if r.Inserted+r.Updated == 0 {
		fmt.Fprintln(c.out, "nothing changed")
	}
}

// unlocated lists the areas below a code, at any depth, that have no centre.
func unlocated(index *geo.Index, code string) []string {
	var out []string
	for _, a := range index.Children(code) {
		if a.Point == nil {
			out = append(out, a.Code)
		}
		out = append(out, unlocated(index, a.Code)...)
	}
	return out
}

func (c *cli) importOpen311() *cobra.Command {
	var typ, source string
	var dry, private bool
	cmd := &cobra.Command{
		Use: "open311 FILE|URL", Short: "Import services or service requests of Open311 GeoReport v2, XML or JSON", Args: cobra.ExactArgs(1),
		Long: "Import services or service requests of Open311 GeoReport v2 from a file or an address, XML or JSON.\n\n" +
			"A pack's open311.yaml says how. A service that no category stands for becomes a row of the code table in the site layer of\n" +
			"the data directory. A request becomes a record through the ordinary road, once for a --source and number: a second import\n" +
			"changes only what has changed there. A request closed there is recorded as closed elsewhere; one that is in work here stays so.",
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := c.open(cmd)
			if err != nil {
				return err
			}
			defer a.Close()
			all, err := open311.Mappings(a.Bundle.Load())
			if err != nil {
				return err
			}
			m, err := open311.Choose(all, typ)
			if err != nil {
				return err
			}
			if source == "" {
				source = sourceOf(args[0])
			}
			doc, err := open311.Fetcher{Limits: open311.DefaultLimits(), Private: private}.Open(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			report, err := (&open311.Importer{App: a, Mapping: m, Source: source, Dry: dry}).Import(cmd.Context(), doc)
			if report != nil {
				c.tellOpen311(report, source, dry)
			}
			if err == nil && len(report.Refused) > 0 {
				return fault.New(fault.Conflict, "import.refused", "count", len(report.Refused))
			}
			return err
		},
	}
	cmd.Flags().StringVar(&typ, "type", "", "record type, where several packs have an open311.yaml")
	cmd.Flags().StringVar(&source, "source", "", "name of the other system, within which numbers are unique; default the host, \"open311\" of a file")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "check and tell everything, write nothing")
	cmd.Flags().BoolVar(&private, "allow-private", false, "allow addresses of this machine and of private networks")
	return cmd
}

func sourceOf(from string) string {
	if u, err := url.Parse(from); err == nil && open311.IsURL(from) {
		return u.Hostname()
	}
	return "open311"
}

// tellOpen311 prints what became of each row.
func (c *cli) tellOpen311(r *open311.Report, source string, dry bool) {
	head := source
	if dry {
		head += " (dry run, nothing is written)"
	}
	if n := r.Services; n.Rows > 0 {
		fmt.Fprintf(c.out, "%s: %d services: %d have a category, %d rows made, %d changed, %d same\n", head, n.Rows, r.Mapped, n.Made, n.Changed, n.Same)
	}
	if n := r.Requests; n.Rows > 0 || r.Services.Rows == 0 {
		fmt.Fprintf(c.out, "%s: %d requests: %d made, %d changed, %d same, %d refused; %d closed elsewhere\n", head, n.Rows, n.Made, n.Changed, n.Same, len(r.Refused), n.Closed)
	}
	for _, x := range r.Refused {
		fmt.Fprintf(c.out, "refused: row %d, line %d, %q: %s\n", x.Row, x.Line, x.Number, words(x.Err))
	}
	for _, one := range []struct {
		what string
		list []string
	}{
		{"outside the county, kept", r.Outside},
		{"without a point, kept", r.Placeless},
		{"without a category, to be chosen when they are accepted", r.Uncoded},
		{"closed elsewhere, in work here", r.Busy},
	} {
		if len(one.list) > 0 {
			fmt.Fprintf(c.out, "%s (%d): %s\n", one.what, len(one.list), strings.Join(one.list, ", "))
		}
	}
	if r.File != "" {
		fmt.Fprintf(c.out, "written to %s: restart to use the new rows\n", r.File)
	}
}
