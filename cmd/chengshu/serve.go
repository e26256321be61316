package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"

	"chengshu/app"
	"chengshu/app/demo"
	"chengshu/base/fault"
)

func (c *cli) serve() *cobra.Command {
	var listen, metrics, county string
	var secure bool
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve a county", Args: cobra.NoArgs,
		Long: "Serve a county from its data directory. There are no default accounts: make the first administrators with \"chengshu user bootstrap\".",
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := app.New(cmd.Context(), app.Config{Dir: c.dir, Database: c.database, County: county, Log: c.log(), Secure: secure})
			if err != nil {
				return err
			}
			defer a.Close()
			return c.run(cmd.Context(), a, listen, metrics)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", env("CHENGSHU_LISTEN", "127.0.0.1:8080"), "address to serve on [CHENGSHU_LISTEN]")
	cmd.Flags().StringVar(&metrics, "metrics", env("CHENGSHU_METRICS", ""), "address of /metrics, empty for none [CHENGSHU_METRICS]")
	cmd.Flags().StringVar(&county, "county", env("CHENGSHU_COUNTY", "990100"), "six-digit code of the county [CHENGSHU_COUNTY]")
	cmd.Flags().BoolVar(&secure, "secure", false, "cookies over TLS only")
	return cmd
}

// run serves until the context ends, then refuses new requests, lets the running ones finish and stops the work.
func (c *cli) run(ctx context.Context, a *app.App, listen, metrics string) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return fault.New(fault.Unavailable, "app.listen", "address", listen).With(err)
	}
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- a.Run(work) }()
	srv := &http.Server{Handler: a.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute}
	if metrics != "" {
		go c.metrics(work, a, metrics)
	}
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
	return err
}

func (c *cli) metrics(ctx context.Context, a *app.App, address string) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.Metrics, promhttp.HandlerOpts{}))
	srv := &http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = srv.Close()
	}()
	if err := srv.ListenAndServe(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		c.log().Error("metrics", "error", err)
	}
}

func (c *cli) demo() *cobra.Command {
	opt := demo.Options{}
	cmd := &cobra.Command{
		Use: "demo", Short: "Run a synthetic county that lives", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("data") {
				c.dir = "var/demo"
			}
			opt.Dir, opt.Database, opt.Log = c.dir, c.database, c.log()
			return demo.Run(cmd.Context(), opt, c.out, c.err)
		},
	}
	cmd.Flags().StringVar(&opt.Listen, "listen", "127.0.0.1:8080", "address to serve on")
	cmd.Flags().Int64Var(&opt.Seed, "seed", 1, "seed of the county: the same seed gives the same county")
	cmd.Flags().BoolVar(&opt.Quiet, "quiet", false, "no progress")
	cmd.Flags().BoolVar(&opt.NoSimulate, "no-simulate", false, "nobody acts but you")
	return cmd
}
