package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"chengshu/base/fault"
)

// unconfigured marks commands that work whatever the configuration says.
const unconfigured = "unconfigured"

// configPath gives the file of the configuration, and whether somebody named it, so that it must be there.
func (c *cli) configPath() (string, bool) {
	if c.config != "" {
		return c.config, true
	}
	if v := os.Getenv("CHENGSHU_CONFIG"); v != "" {
		return v, true
	}
	return configFile, false
}

// configure gives every command its settings before it runs.
func (c *cli) configure(cmd *cobra.Command) error {
	for p := cmd; p != nil; p = p.Parent() {
		if p.Annotations[unconfigured] != "" || p.Name() == "completion" || p.Name() == "help" || strings.HasPrefix(p.Name(), "__complete") {
			return nil
		}
	}
	file, need := c.configPath()
	values, problems := settings(cmd, file, need)
	if len(problems) > 0 {
		f := configFault(file, problems)
		if slices.ContainsFunc(problems, func(p fault.Field) bool { return strings.HasPrefix(p.Pointer, "--") }) {
			return &misuse{err: f}
		}
		return f
	}
	c.use(values)
	return nil
}

func configFault(file string, problems []fault.Field) *fault.Error {
	f := fault.New(fault.Invalid, "config.invalid", "file", file, "count", len(problems))
	f.Fields = problems
	return f
}

func (c *cli) use(values map[string]value) {
	c.values = values
	c.dir, c.database, c.verbose = values["data"].text, values["database"].text, values["verbose"].text == "true"
}

// get gives the value of a key.
func (c *cli) get(name string) string { return c.values[name].text }

func (c *cli) configCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "config", Short: "Check and show the configuration", Annotations: map[string]string{unconfigured: "yes"},
		Long: "The configuration is one YAML file, " + configFile + " in the working directory or the file that --config or CHENGSHU_CONFIG names.\n" +
			"Every key of it is an environment variable and a flag too: a flag goes before the environment, the environment before\nthe file, the file before the default.\n\n" + keyTable(),
	}
	check := &cobra.Command{
		Use: "check [FILE]", Short: "Check the configuration; every problem names its file and line", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, need := c.configPath()
			if len(args) == 1 {
				file, need = args[0], true
			}
			if _, problems := settings(cmd, file, need); len(problems) > 0 {
				return configFault(file, problems)
			}
			written, _ := readConfig(file, need)
			_, err := fmt.Fprintf(c.out, "%s: good, %d keys\n", file, len(written))
			return fault.Wrap("print", err)
		},
	}
	show := &cobra.Command{
		Use: "show", Short: "Print the values in force and where each comes from; passwords are masked", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			file, need := c.configPath()
			values, problems := settings(cmd, file, need)
			for _, k := range keys() {
				v := values[k.name]
				text := k.masked(v.text)
				if !k.truth {
					text = strconv.Quote(text)
				}
				fmt.Fprintf(c.out, "%-44s # %s\n", k.name+": "+text, v.from)
			}
			if len(problems) > 0 {
				return configFault(file, problems)
			}
			return nil
		},
	}
	for _, sub := range []*cobra.Command{check, show} {
		flags(sub.Flags(), "listen", "metrics", "secure", "crs", "passwords")
	}
	cmd.AddCommand(check, show)
	return cmd
}

// keyTable lists the keys for --help.
func keyTable() string {
	var out strings.Builder
	for _, k := range keys() {
		standard := ""
		if k.standard != "" {
			standard = " (default " + k.standard + ")"
		}
		fmt.Fprintf(&out, "  %-10s %-20s %s%s\n", k.name, k.env(), k.help, standard)
	}
	return out.String()
}
