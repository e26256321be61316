package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"chengshu/app"
	"chengshu/base/fault"
	"chengshu/kernel/journal"
)

func (c *cli) verify() *cobra.Command {
	var subject, keys string
	cmd := &cobra.Command{
		Use: "verify [PROOF]", Short: "Verify the journal: all of it, one record, or an exported proof without any database",
		Long: "Verify the journal: all of it, with --record one record, or the file of an exported proof without any database.\nExit code 1 and a line for each finding where something is not as it was.",
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
				return c.verifyRecord(cmd, a, subject)
			}
			return c.verifyAll(cmd, a)
		},
	}
	cmd.Flags().StringVar(&keys, "keys", "", "public keys to trust; default keys/journal.pub of the data directory")
	cmd.Flags().StringVar(&subject, "record", "", "verify one record, \"<type>/<id>\"")
	return cmd
}

func (c *cli) verifyRecord(cmd *cobra.Command, a *app.App, subject string) error {
	n, err := a.Evidence(cmd.Context(), subject)
	if err != nil {
		return err
	}
	report, err := a.Journal.VerifySubject(cmd.Context(), subject, c.finding)
	if err != nil {
		return err
	}
	if report.Findings > 0 {
		return fault.New(fault.Conflict, "journal.findings", "count", report.Findings)
	}
	_, err = fmt.Fprintf(c.out, "%s: %d entries verified\n", subject, n)
	return fault.Wrap("print", err)
}

func (c *cli) verifyAll(cmd *cobra.Command, a *app.App) error {
	report, err := a.Journal.Verify(cmd.Context(), c.finding)
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

// finding tells one thing that is not as it was, with the place it is at.
func (c *cli) finding(f journal.Finding) {
	var at []string
	add := func(is bool, format string, args ...any) {
		if is {
			at = append(at, fmt.Sprintf(format, args...))
		}
	}
	add(f.From != 0 && f.To == f.From, "entry %d", f.From)
	add(f.From != f.To, "entries %d to %d", f.From, f.To)
	add(f.ID != 0, "id %d", f.ID)
	add(f.Kind == journal.FindNode, "node %d of level %d", f.Index, f.Level)
	add(f.Size != 0, "checkpoint of size %d", f.Size)
	add(f.Tree != "", "tree %s", f.Tree)
	add(f.Witness, "kept by a witness")
	fmt.Fprintf(c.out, "finding %s: %s (%s)\n", f.Kind, strings.Join(at, ", "), kernelWord("journal.finding."+f.Kind))
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
