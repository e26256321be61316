package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"chengshu/app"
	"chengshu/app/demo"
	"chengshu/base/fault"
)

func (c *cli) serve() *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve a county", Args: cobra.NoArgs,
		Long: "Serve a county from its data directory. There are no default accounts: make the first administrators with \"chengshu user bootstrap\".",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg := c.appConfig()
			cfg.Bus = c.get("bus")
			a, err := app.New(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			defer a.Close()
			return c.run(cmd.Context(), a, c.get("listen"), c.get("metrics"))
		},
	}
	flags(cmd.Flags(), "listen", "metrics", "bus", "secure", "passwords")
	return cmd
}

// run serves until the context ends. The addresses are printed, since port 0 takes any.
func (c *cli) run(ctx context.Context, a *app.App, listen, metrics string) error {
	l, err := app.Listen(ctx, listen)
	if err != nil {
		return err
	}
	m, err := app.Listen(ctx, metrics)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	if m != nil {
		fmt.Fprintf(c.err, "metrics http://%s/metrics\n", m.Addr())
	}
	return a.Serve(ctx, app.Service{Listener: l, Metrics: m, Ready: func() error {
		_, err := fmt.Fprintf(c.out, "ready http://%s\n", l.Addr())
		return fault.Wrap("print", err)
	}})
}

func (c *cli) demo() *cobra.Command {
	opt := demo.Options{}
	cmd := &cobra.Command{
		Use: "demo", Short: "Run a synthetic county that lives", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			// The file of the configuration is a real county's: nothing of it is the demo's.
			if c.dir = c.given("data"); c.dir == "" {
				c.dir = filepath.Join("var", "demo")
			}
			c.database, opt.Listen, opt.Metrics = c.given("database"), c.given("listen"), c.given("metrics")
			opt.Dir, opt.Database, opt.Log = c.dir, c.database, c.log()
			return demo.Run(cmd.Context(), opt, c.out, c.err)
		},
	}
	flags(cmd.Flags(), "listen", "metrics")
	cmd.Flags().Int64Var(&opt.Seed, "seed", 1, "seed of the county: the same seed gives the same county")
	cmd.Flags().BoolVar(&opt.Quiet, "quiet", false, "no progress")
	cmd.Flags().BoolVar(&opt.NoSimulate, "no-simulate", false, "nobody acts but you")
	return cmd
}

// given is a value that was given for this run, by flag or environment; empty otherwise.
func (c *cli) given(name string) string {
	if v := c.values[name]; strings.HasPrefix(v.from, "flag ") || strings.HasPrefix(v.from, "environment ") {
		return v.text
	}
	return ""
}
