// Package server is the HTTP surface: it decodes, calls the kernel and encodes. One file holds one resource.
//
// It decides nothing: who may do what stands in policy, what a value looks like in schema. It maps kinds of faults to
// status codes and message keys to words, and it is the only package that does either.
//
// Main types: Server, Options.
package server

import (
	"context"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"chengshu/base/blob"
	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/decision"
	"chengshu/kernel/flow"
	"chengshu/kernel/geo"
	"chengshu/kernel/identity"
	"chengshu/kernel/journal"
	"chengshu/kernel/notify"
	"chengshu/kernel/pack"
	"chengshu/kernel/policy"
	"chengshu/kernel/record"
)

// Options are the parts a server serves. All must be there but Demo.
type Options struct {
	DB       *store.DB
	Clock    clock.Clock
	Bundle   *atomic.Pointer[pack.Bundle]
	Records  *record.Store
	Flow     *flow.Engine
	Decision *decision.Store
	Policy   *policy.Policy
	Journal  *journal.Journal
	Identity *identity.Store
	Atlas    *geo.Atlas
	Inbox    *notify.Inbox
	Blobs    *blob.Store
	Log      *slog.Logger
	Metrics  *prometheus.Registry
	Desk     http.Handler // the web build
	Note     string       // message key shown under every page, such as that the map is fictional
	Demo     *Demo        // only in demo mode: accounts for one-click sign-in
	Ready    func(context.Context) error
	Upload   int64 // largest upload in bytes, default 20 MiB
	Secure   bool  // cookies over TLS only
}

// Demo is what a demo tells strangers: accounts with passwords.
type Demo struct {
	Accounts []DemoAccount
}

// DemoAccount is one synthetic account of the demo.
type DemoAccount struct {
	Username string `json:"username"`
	Name     string `json:"name"`
	Role     string `json:"role"`
	Label    string `json:"role_label"`
	Org      string `json:"org_name"`
	Password string `json:"password"`
	Token    string `json:"-"`
}

// Server is the HTTP handler of everything.
type Server struct {
	opt     Options
	mux     *http.ServeMux
	handler http.Handler
	metrics *metrics
	limits  *limiter
	pages   *template.Template
	routed  []string // patterns of the mux, for tests that hold them to the documents
}

// New makes the handler.
func New(opt Options) *Server {
	if opt.Upload == 0 {
		opt.Upload = 20 << 20
	}
	s := &Server{
		opt: opt, mux: http.NewServeMux(), metrics: newMetrics(opt.Metrics), limits: newLimiter(opt.Clock),
		pages: template.Must(template.ParseFS(portalFiles, "portal/*.html")), // embedded: a fault in them is a fault of the build
	}
	s.routes()
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(s.refuse(fault.New(fault.Denied, "request.cross-site")))
	s.handler = s.observe(s.headers(cross.Handler(s.limit(http.HandlerFunc(s.dispatch)))))
	return s
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

func (s *Server) routes() {
	api := func(pattern string, h handler) { s.handle(pattern, s.serve(h)) }
	s.handle("GET /livez", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	api("GET /readyz", s.ready)

	api("POST /api/v1/session", s.signIn)
	api("PUT /api/v1/session", s.switchPost)
	api("DELETE /api/v1/session", s.signOut)
	api("POST /api/v1/password", s.changePassword)
	api("GET /api/v1/me", s.me)
	api("PUT /api/v1/me/preferences/{name}", s.setPreference)
	api("GET /api/v1/sessions", s.sessions)
	api("DELETE /api/v1/sessions/{id}", s.killSession)
	api("GET /api/v1/standins", s.standIns)
	api("POST /api/v1/standins", s.appoint)
	api("DELETE /api/v1/standins/{id}", s.dismiss)
	api("GET /api/v1/demo/accounts", s.demoAccounts)
	api("GET /api/v1/locale/zh-CN", s.locale)

	api("GET /api/v1/types", s.types)
	api("GET /api/v1/types/{type}", s.typeOf)
	api("GET /api/v1/codes/{table}", s.codes)
	api("GET /api/openapi.json", s.openapi)

	api("GET /api/v1/records/{type}", s.listOrVerb)
	api("POST /api/v1/records/{type}", s.createOrVerb)
	api("GET /api/v1/records/{type}/{id}", s.getRecord)
	api("PATCH /api/v1/records/{type}/{id}", s.patchRecord)
	api("DELETE /api/v1/records/{type}/{id}", s.deleteRecord)
	api("GET /api/v1/records/{type}/{id}/history", s.history)
	api("GET /api/v1/records/{type}/{id}/timeline", s.timeline)
	api("GET /api/v1/records/{type}/{id}/tasks", s.recordTasks)
	api("GET /api/v1/records/{type}/{id}/actions", s.actions)
	api("GET /api/v1/records/{type}/{id}/flow", s.recordFlow)
	api("GET /api/v1/records/{type}/{id}/duplicates", s.duplicates)
	api("GET /api/v1/records/{type}/{id}/proof", s.recordProof)
	api("GET /api/v1/records/{type}/{id}/explain", s.explain)
	api("GET /api/v1/records/{type}/{id}/decisions", s.recordDecisions)
	api("POST /api/v1/records/{type}/{id}/commands/{command}", s.command)

	api("POST /api/v1/files", s.upload)
	api("GET /api/v1/files/{id}", s.download)
	api("GET /files/{id}", s.download)

	api("GET /api/v1/inbox", s.inbox)
	api("POST /api/v1/inbox/{id}/read", s.inboxRead)
	api("POST /api/v1/inbox/read-all", s.inboxReadAll)
	s.handle("GET /api/v1/events", http.HandlerFunc(s.events))

	api("GET /api/v1/people", s.people)
	api("GET /api/v1/orgs", s.orgs)
	api("GET /api/v1/areas", s.areas)
	api("GET /api/v1/map", s.mapInfo)
	api("GET /tiles/{layer}/{z}/{x}/{y}", s.tile)
	api("GET /api/v1/indicators", s.indicators)
	api("GET /api/v1/indicators/{id}", s.indicator)

	api("GET /api/v1/decisions", s.decisions)
	api("POST /api/v1/decisions/{key}/{decision}", s.evaluate)

	api("GET /api/v1/journal", s.journal)
	api("GET /api/v1/journal/checkpoint", s.checkpoint)
	api("GET /api/v1/journal/proof", s.journalProof)

	s.work(api)
	s.portal()
	s.handle("/desk/", s.opt.Desk)
	s.handle("/assets/", s.opt.Desk)
}

// work routes the tasks of people and the processes they belong to.
func (s *Server) work(api func(pattern string, h handler)) {
	api("GET /api/v1/tasks", s.tasks)
	api("GET /api/v1/tasks/{id}/return-targets", s.returnTargets)
	api("POST /api/v1/tasks/{id}/commands/{command}", s.taskCommand)
	api("POST /api/v1/tasks:act", s.actOnTasks)

	api("GET /api/v1/records/{type}/{id}/process", s.recordProcess)
	api("POST /api/v1/records/{type}/{id}/process/{command}", s.processCommand)

	api("GET /api/v1/processes", s.processes)
	api("GET /api/v1/processes/{key}/insight", s.processInsight)
	api("GET /api/v1/processes/{key}/cases", s.processCases)
	api("POST /api/v1/processes/{key}/migration:plan", s.planMigration)
	api("POST /api/v1/processes/{key}/migration", s.migrate)
	api("GET /api/v1/incidents", s.incidents)
	api("POST /api/v1/incidents/{id}/commands/{command}", s.incidentCommand)
}

func (s *Server) handle(pattern string, h http.Handler) {
	s.mux.Handle(pattern, h)
	s.routed = append(s.routed, pattern)
}

// dispatch hands the request to its route. What has none, or not for that method, is answered as everything else is: a
// problem to programs, a page to people.
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request) {
	h, pattern := s.mux.Handler(r)
	if pattern != "" {
		s.mux.ServeHTTP(w, r)
		return
	}
	answer := &headerOnly{header: http.Header{}}
	h.ServeHTTP(answer, r)
	f := fault.New(fault.NotFound, "route.unknown")
	if answer.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", answer.header.Get("Allow"))
		f = fault.New(fault.Invalid, "route.method", "method", r.Method, "allow", answer.header.Get("Allow"))
	}
	s.refuse(f).ServeHTTP(w, r)
}

// headerOnly keeps what the mux would have answered without its text.
type headerOnly struct {
	header http.Header
	status int
}

// Header gives the headers.
func (h *headerOnly) Header() http.Header { return h.header }

// Write drops the text.
func (h *headerOnly) Write(p []byte) (int, error) { return len(p), nil }

// WriteHeader keeps the status.
func (h *headerOnly) WriteHeader(code int) { h.status = code }

// refuse answers a request that no handler sees.
func (s *Server) refuse(err error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		r := &request{Request: hr, w: w, trace: traceID(hr)}
		w.Header().Set("Trace-Id", r.trace)
		if strings.HasPrefix(hr.URL.Path, "/api/") || !strings.Contains(hr.Header.Get("Accept"), "text/html") {
			s.problem(r, err)
			return
		}
		s.show(r, s.errorView(r, err))
	})
}

func (s *Server) bundle() *pack.Bundle { return s.opt.Bundle.Load() }

func (s *Server) now() time.Time { return s.opt.Clock.Now() }

func (s *Server) ready(r *request) (reply, error) {
	if s.opt.Ready != nil {
		if err := s.opt.Ready(r.Context()); err != nil {
			return reply{}, err
		}
	}
	return reply{Status: http.StatusNoContent}, nil
}
