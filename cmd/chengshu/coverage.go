package main

import (
	"encoding/csv"
	"fmt"
	"io/fs"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"chengshu/app/scenario"
	"chengshu/base/fault"
	"chengshu/kernel/pack"
	"chengshu/packs"
)

// driven is what a system has.
type driven struct {
	packs     map[string]bool
	scenarios []string
}

// packCoverage prints docs/coverage.md: every system of the product with its pack and the scenarios that drive it.
func (c *cli) packCoverage() *cobra.Command {
	return &cobra.Command{
		Use: "coverage", Short: "Print which systems the packs' scenarios drive", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			bundle, err := c.load(nil)
			if err != nil {
				return err
			}
			systems, err := systems()
			if err != nil {
				return err
			}
			have, err := drivenBy(bundle)
			if err != nil {
				return err
			}
			fmt.Fprint(c.out, "# Coverage\n\nMade by `make generate` from the `plan` lines of the scenarios in packs/*/tests; nothing is claimed that no scenario drives.\n\n"+
				"| system | | packs | scenarios | state |\n|---|---|---|---|---|\n")
			count := 0
			for _, s := range systems {
				d := have[s[0]]
				state := ""
				if len(d.scenarios) > 0 {
					state = "driven"
					count++
				}
				fmt.Fprintf(c.out, "| %s | %s | %s | %s | %s |\n", s[0], s[1], strings.Join(sorted(d.packs), ", "), strings.Join(d.scenarios, " "), state)
			}
			_, err = fmt.Fprintf(c.out, "\n%d of %d systems have scenarios.\n", count, len(systems))
			return fault.Wrap("print", err)
		},
	}
}

// systems lists id and name of every system of the product.
func systems() ([][]string, error) {
	f, err := packs.All().Open("systems.csv")
	if err != nil {
		return nil, fault.Wrap("systems", err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) < 2 {
		return nil, fault.New(fault.Invalid, "codes.csv", "file", "systems.csv").With(err)
	}
	return rows[1:], nil
}

func drivenBy(b *pack.Bundle) (map[string]driven, error) {
	out := map[string]driven{}
	for _, p := range b.Packs {
		for _, file := range p.Tests {
			text, err := fs.ReadFile(p.FS, file)
			if err != nil {
				return nil, fault.Wrap(file, err)
			}
			script, err := scenario.Parse(p.Name+"/"+file, text)
			if err != nil {
				return nil, err
			}
			for _, id := range script.Plans {
				d := out[id]
				if d.packs == nil {
					d.packs = map[string]bool{}
				}
				d.packs[p.Name] = true
				d.scenarios = append(d.scenarios, strings.TrimSuffix(strings.TrimPrefix(file, "tests/"), ".txtar"))
				out[id] = d
			}
		}
	}
	return out, nil
}

func sorted(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for k := range set {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
