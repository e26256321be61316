package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"chengshu/base/fault"
	"chengshu/kernel/pack"
)

// packFmt brings YAML and CSV of packs into one form.
func (c *cli) packFmt() *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use: "fmt DIR…", Short: "Bring the YAML and CSV files of packs into one form; comments stay", Args: cobra.MinimumNArgs(1),
		Long: "Bring the YAML and CSV files of packs into one form. What they say does not change, and comments stay.\n" +
			"YAML: two spaces a level, no trailing space, at most one blank line. CSV: quotes only where needed, no space around cells.\n" +
			"Both: UTF-8 without a mark, line feeds, one at the end. --check changes nothing and exits with 1 where something would.",
		RunE: func(_ *cobra.Command, args []string) error {
			changed := 0
			for _, dir := range args {
				n, err := c.format(dir, check)
				if err != nil {
					return err
				}
				changed += n
			}
			if check && changed > 0 {
				return fault.New(fault.Conflict, "pack.format", "count", changed)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "change nothing, only name the files that would change")
	return cmd
}

func (c *cli) format(dir string, check bool) (changed int, err error) {
	if _, err := os.Stat(filepath.Join(dir, "pack.yaml")); err != nil {
		return 0, fault.New(fault.NotFound, "file.unknown", "id", filepath.Join(dir, "pack.yaml")).With(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, fault.New(fault.Unavailable, "app.dir", "dir", dir).With(err)
	}
	defer func() { _ = root.Close() }()
	err = fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		var form func(string, []byte) ([]byte, error)
		switch filepath.Ext(path) {
		case ".yaml":
			form = pack.FormatYAML
		case ".csv":
			form = pack.FormatCSV
		default:
			return nil
		}
		old, err := root.ReadFile(path)
		if err != nil {
			return fault.New(fault.Unavailable, "app.dir", "dir", path).With(err)
		}
		name := filepath.Join(dir, path)
		text, err := form(name, old)
		if err != nil || string(text) == string(old) {
			return err
		}
		changed++
		fmt.Fprintln(c.out, name)
		if check {
			return nil
		}
		return fault.Wrap("write "+name, root.WriteFile(path, text, 0o600)) // a file that is there keeps its mode
	})
	return changed, err
}
