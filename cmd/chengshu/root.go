package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"chengshu/app"
	"chengshu/base/fault"
	"chengshu/kernel/identity"
	"chengshu/server"
)

// cli is what every command shares.
type cli struct {
	out, err io.Writer
	in       io.Reader
	config   string
	values   map[string]value
	dir      string
	database string
	verbose  bool
}

// misuse is a mistake on the command line itself, exit code 2.
type misuse struct{ err error }

// Error says what is wrong.
func (m *misuse) Error() string { return m.err.Error() }

// Unwrap gives the cause.
func (m *misuse) Unwrap() error { return m.err }

func newRoot(in io.Reader, out, errOut io.Writer) *cobra.Command {
	c := &cli{in: in, out: out, err: errOut}
	root := &cobra.Command{
		Use: "chengshu", Short: "Digital-government platform of one county",
		Long: "Chengshu is the digital-government platform of one county: server, demo, tools of pack authors and of the operator.\n\n" +
			"Exit codes: 0 done, 1 failed or something wrong was found, 2 wrong use.",
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return c.configure(cmd) },
	}
	root.SetOut(out)
	root.SetErr(errOut)
	root.PersistentFlags().StringVar(&c.config, "config", "", "file of the configuration; default "+configFile+" where it is there [CHENGSHU_CONFIG]")
	flags(root.PersistentFlags(), "data", "database", "county", "verbose")
	root.AddCommand(c.serve(), c.demo(), c.pack(), c.verify(), c.importCmd(), c.user(), c.explain(), c.backup(), c.restore(), c.configCmd(), c.version())
	for _, cmd := range root.Commands() {
		strict(cmd)
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &misuse{err} })
	return root
}

// strict has every command tell wrong arguments from a failure, and groups of commands refuse a name they do not know.
func strict(cmd *cobra.Command) {
	if cmd.HasSubCommands() && cmd.RunE == nil {
		cmd.Args = cobra.NoArgs
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		names := []string{}
		for _, sub := range cmd.Commands() {
			strict(sub)
			names = append(names, sub.Name())
		}
		cmd.Args = func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &misuse{fmt.Errorf("unknown command %q, there are %s", args[0], strings.Join(names, ", "))}
			}
			return nil
		}
		return
	}
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return &misuse{err}
			}
			return nil
		}
	}
}

// open opens the app of the data directory for a tool.
func (c *cli) open(cmd *cobra.Command) (*app.App, error) {
	return app.New(cmd.Context(), c.appConfig())
}

func (c *cli) appConfig() app.Config {
	rules, err := identity.Preset(c.get("passwords"))
	if err != nil {
		rules = identity.RulesASVS() // configure has refused any other name
	}
	calls := app.Calls{Key: []byte(c.get("callkey"))}
	for host := range strings.SplitSeq(c.get("calls"), ",") {
		if host = strings.TrimSpace(host); host != "" {
			calls.Hosts = append(calls.Hosts, host)
		}
	}
	return app.Config{
		Calls: calls, Dir: c.dir, Database: c.database, County: c.get("county"), Passwords: rules, Secure: c.get("secure") == "true", Log: c.log(),
	}
}

func (c *cli) log() *slog.Logger {
	level := slog.LevelWarn
	if c.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewJSONHandler(c.err, &slog.HandlerOptions{Level: level}))
}

func (c *cli) version() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs, Annotations: map[string]string{unconfigured: "yes"},
		RunE: func(*cobra.Command, []string) error {
			v := "devel"
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						v = s.Value
					}
				}
			}
			_, err := fmt.Fprintln(c.out, "chengshu", v)
			return fault.Wrap("print", err)
		},
	}
}

// exitCode tells the shell what kind of end it was: 0 done, 1 failed, 2 wrong use.
func exitCode(err error) int {
	var m *misuse
	switch {
	case err == nil:
		return 0
	case errors.As(err, &m), strings.HasPrefix(err.Error(), "unknown command"), strings.HasPrefix(err.Error(), "required flag"):
		return 2 // cobra has no type for its own
	}
	return 1
}

// complain writes an error in words: a fault with its fields, a mistake in use with what to do about it.
func complain(w io.Writer, err error) {
	if f, ok := errors.AsType[*fault.Error](err); !ok {
		fmt.Fprintln(w, err)
	} else {
		fmt.Fprintln(w, say(f.Code, f.Args))
		for _, x := range f.Fields {
			fmt.Fprintf(w, "  %s: %s\n", x.Pointer, say(x.Code, x.Args))
		}
		if f.Kind == fault.Internal || f.Err != nil {
			fmt.Fprintln(w, "  cause:", err)
		}
	}
	if exitCode(err) == 2 {
		fmt.Fprintln(w, "see \"chengshu --help\", or --help behind the command")
	}
}

// say gives the words of a code with its arguments.
func say(code string, args map[string]any) string {
	words, err := server.Words()
	if err != nil {
		words = map[string]string{}
	}
	text, ok := words["fault."+code]
	if !ok {
		text = code
	}
	var rest []string
	for name, v := range args {
		if hole := "{" + name + "}"; strings.Contains(text, hole) {
			text = strings.ReplaceAll(text, hole, fmt.Sprint(v))
		} else {
			rest = append(rest, fmt.Sprintf("%s=%v", name, v))
		}
	}
	if ok {
		text += " (" + code + ")"
	}
	slices.Sort(rest)
	return strings.Join(append([]string{text}, rest...), " ")
}

// words gives the words of a fault on one line, for reports.
func words(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err.Error()
	}
	out := []string{say(f.Code, f.Args)}
	for _, x := range f.Fields {
		out = append(out, x.Pointer+": "+say(x.Code, x.Args))
	}
	return strings.Join(out, "; ")
}

// kernelWord gives a word of the kernel's locale.
func kernelWord(key string) string {
	if all, err := server.Words(); err == nil && all[key] != "" {
		return all[key]
	}
	return key
}
