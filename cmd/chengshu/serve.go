package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
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

// run serves until the context ends, then refuses new requests, lets the running ones finish and stops the work.
func (c *cli) run(ctx context.Context, a *app.App, listen, metrics string) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return fault.New(fault.Unavailable, "app.listen", "address", listen).With(err)
	}
	var m net.Listener
	if metrics != "" {
		if m, err = new(net.ListenConfig).Listen(ctx, "tcp", metrics); err != nil {
			return errors.Join(fault.New(fault.Unavailable, "app.listen", "address", metrics).With(err), l.Close())
		}
	}
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- a.Run(work) }()
	srv := &http.Server{Handler: a.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute}
	measured := make(chan struct{})
	go func() {
		defer close(measured)
		if m != nil {
			c.metrics(work, a, m)
		}
	}()
	if _, err := fmt.Fprintf(c.out, "ready http://%s\n", l.Addr()); err != nil {
		stopWork()
		return fault.Wrap("print", err)
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err = <-failed:
	case <-ctx.Done():
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		err = srv.Shutdown(grace)
		if errors.Is(err, context.DeadlineExceeded) { // open event streams
			err = srv.Close()
		}
		cancel()
	}
	stopWork()
	if e := <-done; err == nil || errors.Is(err, http.ErrServerClosed) {
		err = e
	}
	<-measured
	return err
}

// metrics serves /metrics until the context ends. Its address is printed, since port 0 takes any.
func (c *cli) metrics(ctx context.Context, a *app.App, l net.Listener) {
	fmt.Fprintf(c.err, "metrics http://%s/metrics\n", l.Addr())
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.Metrics, promhttp.HandlerOpts{}))
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
		c.log().Error("metrics", "error", err)
	}
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
