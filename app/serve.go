package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"chengshu/base/fault"
)

// Service is how an app is reached while it runs.
type Service struct {
	Listener net.Listener          // of the product
	Metrics  net.Listener          // of /metrics, which has no sign-in; nil for none
	Ready    func() error          // called when requests are taken; a fault of it ends the service
	Beside   func(context.Context) // runs as long; nil for nothing
}

// Listen opens an address, host:port with port 0 for any. An empty address gives nil. Faults: Unavailable "app.listen".
func Listen(ctx context.Context, address string) (net.Listener, error) {
	if address == "" {
		return nil, nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "app.listen", "address", address).With(err)
	}
	return l, nil
}

// grace is how long running requests may take to finish; streams of events are cut then.
const grace = 10 * time.Second

// Serve answers until ctx ends, then takes no new requests, lets the running ones finish and stops the work. It closes the
// listeners.
func (a *App) Serve(ctx context.Context, s Service) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var wg sync.WaitGroup
	var ran error
	wg.Go(func() { ran = a.Run(work) })
	srv := &http.Server{Handler: a.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute}
	failed := make(chan error, 1)
	wg.Go(func() { failed <- srv.Serve(s.Listener) })
	if s.Metrics != nil {
		wg.Go(func() { a.measure(work, s.Metrics) })
	}
	if s.Beside != nil {
		wg.Go(func() { s.Beside(work) })
	}
	err := s.Ready()
	if err == nil {
		select {
		case err = <-failed:
		case <-ctx.Done():
		}
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if e := srv.Shutdown(ending); errors.Is(e, context.DeadlineExceeded) {
		err = errors.Join(err, srv.Close())
	}
	stop()
	wg.Wait()
	return errors.Join(err, ran)
}

// measure serves /metrics until ctx ends.
func (a *App) measure(ctx context.Context, l net.Listener) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.Metrics, promhttp.HandlerOpts{}))
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = srv.Close() })()
	if err := srv.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
		a.log.ErrorContext(ctx, "metrics", "error", err)
	}
}
