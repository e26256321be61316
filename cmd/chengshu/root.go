package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/spf13/cobra"

	"chengshu/base/fault"
	"chengshu/server"
)

// cli is what every command shares.
type cli struct {
	out, err io.Writer
	dir      string
	database string
	verbose  bool
}

func newRoot(out, errOut io.Writer) *cobra.Command {
	c := &cli{out: out, err: errOut}
	root := &cobra.Command{
		Use: "chengshu", Short: "Digital-government platform of one county",
		SilenceUsage: true, SilenceErrors: true,
	}
	root.SetOut(out)
	root.SetErr(errOut)
	root.PersistentFlags().StringVar(&c.dir, "data", env("CHENGSHU_DATA", filepath.Join("var", "data")), "data directory [CHENGSHU_DATA]")
	root.PersistentFlags().StringVar(&c.database, "database", os.Getenv("CHENGSHU_DATABASE"), "database URL; default SQLite in the data directory [CHENGSHU_DATABASE]")
	root.PersistentFlags().BoolVar(&c.verbose, "verbose", false, "log everything")
	root.AddCommand(c.serve(), c.demo(), c.pack(), c.verify(), c.importCmd(), c.user(), c.version())
	return root
}

func env(name, standard string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return standard
}

func (c *cli) log() *slog.Logger {
	level := slog.LevelWarn
	if c.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewJSONHandler(c.err, &slog.HandlerOptions{Level: level}))
}

func (c *cli) version() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		v := "devel"
		if info, ok := debug.ReadBuildInfo(); ok {
			for _, s := range info.Settings {
				if s.Key == "vcs.revision" {
					v = s.Value
				}
			}
		}
		_, err := fmt.Fprintln(c.out, "chengshu", v)
		return err
	}}
}

// explain writes a fault in words, with its fields.
func explain(w io.Writer, err error) {
	var f *fault.Error
	if !errors.As(err, &f) {
		return
	}
	words, wordsErr := server.Words()
	if wordsErr != nil {
		words = map[string]string{}
	}
	say := func(code string, args map[string]any) string {
		text := code
		if t, ok := words["fault."+code]; ok {
			text = t + " (" + code + ")"
		}
		if len(args) > 0 {
			text += fmt.Sprintf(" %v", args)
		}
		return text
	}
	fmt.Fprintln(w, say(f.Code, f.Args))
	for _, x := range f.Fields {
		fmt.Fprintf(w, "  %s: %s\n", x.Pointer, say(x.Code, x.Args))
	}
	if f.Kind == fault.Internal || f.Err != nil {
		fmt.Fprintln(w, "  cause:", err)
	}
}
