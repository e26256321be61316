package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"chengshu/app"
	"chengshu/base/fault"
)

func (c *cli) importCalendar() *cobra.Command {
	var n app.Notice
	cmd := &cobra.Command{
		Use: "calendar FILE.csv", Short: "Import the notice of holidays of a year; the dues of all running matters are derived anew", Args: cobra.ExactArgs(1),
		Long: "Import the yearly notice of holidays: CSV with the columns date and kind, which is off or work. The days become records of the\n" +
			"calendar, and every running matter whose dues change gets a journal entry. Without --confirm an administrator confirms\n" +
			"the year in the desk; until then its dues stay marked provisional. A second import of the same changes nothing.",
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := os.Open(args[0])
			if err != nil {
				return fault.New(fault.NotFound, "file.unknown", "id", args[0]).With(err)
			}
			defer func() { _ = file.Close() }()
			a, err := c.open(cmd)
			if err != nil {
				return err
			}
			defer a.Close()
			r, err := a.ImportNotice(cmd.Context(), file, n)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.out, "%d days of %v: %d written, %d as they were\n", r.Days, r.Years, r.Made, r.Same)
			switch {
			case n.Dry:
				fmt.Fprintln(c.out, "dry run, nothing is written")
			case r.Confirmed:
				fmt.Fprintln(c.out, "confirmed")
			}
			fmt.Fprintf(c.out, "%d running matters have other dues now\n", r.Matters)
			return nil
		},
	}
	cmd.Flags().StringVar(&n.Name, "notice", "", "number of the notice, kept with every day; required")
	cmd.Flags().BoolVar(&n.Confirm, "confirm", false, "confirm the year at once")
	cmd.Flags().BoolVar(&n.Dry, "dry-run", false, "tell what would be written, write nothing")
	return cmd
}
