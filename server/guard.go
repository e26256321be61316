package server

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/web"
)

// headers sets what every answer carries: no sniffing, no framing, no foreign origin.
func (s *Server) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", web.Policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "geolocation=(self), camera=(self), microphone=()")
		if s.opt.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// metrics are rate, errors and duration by route.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(reg *prometheus.Registry) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "chengshu_http_requests_total", Help: "Requests by route and status."}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "chengshu_http_request_seconds", Help: "Duration by route.", Buckets: prometheus.ExponentialBuckets(0.001, 2, 14),
		}, []string{"route"}),
	}
	if reg != nil {
		reg.MustRegister(m.requests, m.seconds)
	}
	return m
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader remembers the status.
func (w *recorder) WriteHeader(code int) {
	w.status = code
	w.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController flush the stream of events.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.now()
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(rec, r)
		route := r.Pattern // set by the mux; bounded, unlike the path
		if route == "" {
			route = "none"
		}
		s.metrics.requests.WithLabelValues(route, strconv.Itoa(rec.status)).Inc()
		s.metrics.seconds.WithLabelValues(route).Observe(s.now().Sub(start).Seconds())
	})
}

// limiter is a token bucket per caller address and a cap on requests under way, so that one noisy neighbour or a slow
// disk cannot take the service from everybody.
type limiter struct {
	clock   clock.Clock
	running chan struct{}
	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	tokens float64
	at     time.Time
}

const (
	burst      = 400.0
	perSecond  = 100.0
	concurrent = 256
)

func newLimiter(c clock.Clock) *limiter {
	return &limiter{clock: c, running: make(chan struct{}, concurrent), buckets: map[string]*bucket{}}
}

func (l *limiter) take(who string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	b := l.buckets[who]
	if b == nil {
		if len(l.buckets) > 10_000 { // full buckets are forgotten: their owners have been quiet
			for k, old := range l.buckets {
				if now.Sub(old.at) > time.Minute {
					delete(l.buckets, k)
				}
			}
		}
		b = &bucket{tokens: burst, at: now}
		l.buckets[who] = b
	}
	b.tokens = min(burst, b.tokens+max(0, now.Sub(b.at).Seconds())*perSecond)
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

func (s *Server) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		r := &request{Request: hr, w: w, trace: traceID(hr)}
		if s.opt.Demo == nil && !s.limits.take(address(hr)) {
			s.problem(r, fault.New(fault.Unavailable, "limit.rate", "retry_seconds", 1))
			return
		}
		if hr.URL.Path == "/api/v1/events" { // streams stay open and cost nothing
			next.ServeHTTP(w, hr)
			return
		}
		select {
		case s.limits.running <- struct{}{}:
			defer func() { <-s.limits.running }()
			next.ServeHTTP(w, hr)
		default:
			s.problem(r, fault.New(fault.Unavailable, "limit.busy", "retry_seconds", 2))
		}
	})
}
