package server

import (
	"bytes"
	"context"
	"embed"
	"net/http"
	"strings"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/record"
)

//go:embed portal/*.html portal/*.css
var portalFiles embed.FS

// The portal is what the public sees: server-made HTML that works without JavaScript. Which types are reported and
// published there is a matter of grants: a type that "anonymous" may create has a form, one it may read has a list.
func (s *Server) portal() {
	s.handle("GET /portal.css", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		css, err := portalFiles.ReadFile("portal/portal.css")
		if err != nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(css)
	}))
	s.handle("GET /{$}", s.page(s.home))
	s.handle("GET /report", s.page(s.reportForm))
	s.handle("POST /report", s.page(s.reportSend))
	s.handle("GET /track", s.page(s.track))
	s.handle("GET /public/{type}", s.page(s.publicList))
	s.handle("GET /public/{type}/{id}", s.page(s.publicOne))
}

// view is what a page shows.
type view struct {
	Page   string
	Title  string
	Status int
	Note   string
	Data   map[string]any
	server *Server
}

// W gives words, in templates {{.W "key"}}.
func (v *view) W(key string) string { return v.server.word("portal."+key, nil) }

func (s *Server) page(h func(r *request) (*view, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		r := &request{Request: hr, w: w, trace: traceID(hr), actor: identity.Anonymous("public")}
		w.Header().Set("Trace-Id", r.trace)
		v, err := h(r)
		if err != nil {
			v = s.errorView(r, err)
		}
		s.show(r, v)
	})
}

// show writes a page.
func (s *Server) show(r *request, v *view) {
	v.server, v.Note = s, s.note()
	if v.Status == 0 {
		v.Status = http.StatusOK
	}
	var b bytes.Buffer
	if err := s.pages.ExecuteTemplate(&b, "page.html", v); err != nil {
		s.problem(r, fault.Wrap("page "+v.Page, err))
		return
	}
	r.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	r.w.Header().Set("Cache-Control", "no-store")
	r.w.WriteHeader(v.Status)
	_, _ = r.w.Write(b.Bytes()) // the client may have gone
}

func (s *Server) errorView(r *request, err error) *view {
	p := s.describe(err, r.trace)
	if p.Status >= http.StatusInternalServerError {
		s.opt.Log.ErrorContext(r.Context(), "page failed", "trace", r.trace, "path", r.URL.Path, "error", err)
	}
	return &view{Page: "error", Title: p.Title, Status: p.Status, Data: map[string]any{"Problem": p}}
}

func (s *Server) home(r *request) (*view, error) {
	return &view{Page: "home", Title: s.word("portal.home", nil), Data: map[string]any{"Forms": s.publicTypes(r, "create"), "Lists": s.publicTypes(r, "read")}}, nil
}

// publicTypes lists the types the public may report or read.
func (s *Server) publicTypes(r *request, action string) []map[string]string {
	var out []map[string]string
	for _, t := range s.bundle().Set.Types() {
		if s.opt.Policy.Any(r.actor, action, t.Name) {
			out = append(out, map[string]string{"Type": t.Name, "Label": s.word("type."+t.Name, nil)})
		}
	}
	return out
}

// track shows the state of a report to whoever knows its number, and nothing that names anybody.
func (s *Server) track(r *request) (*view, error) {
	number := strings.TrimSpace(r.query("number"))
	v := &view{Page: "track", Title: s.word("portal.track", nil), Data: map[string]any{"Number": number}}
	if number == "" {
		return v, nil
	}
	err := s.read(r, func(ctx context.Context, tx *store.Tx) error {
		for _, t := range s.bundle().Set.Types() {
			if t.NumberFormat == nil || !s.opt.Policy.Any(r.actor, "create", t.Name) {
				continue
			}
			rec, err := s.opt.Records.ByNumber(ctx, tx, t.Name, number)
			if fault.Is(err, fault.NotFound) {
				continue
			}
			if err != nil {
				return err
			}
			return s.trackRecord(ctx, tx, rec, v)
		}
		v.Status, v.Data["Unknown"] = http.StatusNotFound, true
		return nil
	})
	return v, err
}

func (s *Server) trackRecord(ctx context.Context, tx *store.Tx, rec *record.Record, v *view) error {
	shown := rec
	if d := rec.Type.Duplicates; d != nil { // a merged report shows the state of the one it was merged into
		if into, ok := rec.Values[d.Into].(string); ok {
			parent, err := s.opt.Records.Load(ctx, tx, rec.Type.Name, into)
			if err != nil {
				return err
			}
			shown = parent
			v.Data["Merged"] = parent.Values["number"]
		}
	}
	steps, err := s.opt.Flow.History(ctx, tx, biz(shown))
	if err != nil {
		return err
	}
	var lines []map[string]string
	for _, h := range steps {
		if h.Op == "complete" || h.Op == "start" {
			lines = append(lines, map[string]string{"At": s.moment(h.At), "Label": s.stepLabel(shown.Type.FlowKey(), h.Node)})
		}
	}
	v.Data["State"] = s.word("state."+shown.Type.Name+"."+shown.State(), nil)
	v.Data["Kind"], v.Data["Steps"] = s.word("type."+rec.Type.Name, nil), lines
	v.Data["At"] = s.readable("datetime", text(rec.Values["created_at"]))
	if f := rec.Type.Field("reply"); f != nil && f.Grade <= 2 {
		v.Data["Reply"] = shown.Values["reply"]
	}
	return nil
}

// publicList shows the records of a type that visitors may read.
func (s *Server) publicList(r *request) (*view, error) {
	t, err := s.bundle().Set.Type(r.PathValue("type"))
	if err != nil {
		return nil, err
	}
	v := &view{Page: "list", Title: s.word("type."+t.Name, nil), Data: map[string]any{"Type": t.Name, "Q": r.query("q")}}
	err = s.read(r, func(ctx context.Context, tx *store.Tx) error {
		page, err := s.opt.Records.List(ctx, tx, r.actor, record.Query{Type: t.Name, Text: r.query("q"), Cursor: r.query("cursor"), Limit: 20})
		if err != nil {
			return err
		}
		var items []map[string]string
		for _, rec := range page.Records {
			items = append(items, map[string]string{
				"ID": rec.ID(), "Title": rec.Title(), "At": s.readable("date", text(rec.Values["created_at"])), "State": s.word("state."+t.Name+"."+rec.State(), nil),
			})
		}
		v.Data["Items"], v.Data["Next"] = items, page.Next
		return nil
	})
	return v, err
}

// publicOne shows one record with the fields a visitor sees unmasked.
func (s *Server) publicOne(r *request) (*view, error) {
	v := &view{Page: "one"}
	err := s.read(r, func(ctx context.Context, tx *store.Tx) error {
		rec, err := s.opt.Records.Get(ctx, tx, r.actor, r.PathValue("type"), r.PathValue("id"))
		if err != nil {
			return err
		}
		v.Title = rec.Title()
		v.Data = map[string]any{"Rows": s.publicRows(ctx, tx, r, rec), "Type": rec.Type.Name, "Label": s.word("type."+rec.Type.Name, nil)}
		return nil
	})
	return v, err
}

func (s *Server) publicRows(ctx context.Context, tx *store.Tx, r *request, rec *record.Record) [][2]string {
	views, err := s.opt.Records.View(ctx, tx, r.actor, []*record.Record{rec}, nil)
	if err != nil {
		return nil
	}
	display, _ := views[0]["_display"].(map[string]any)
	var rows [][2]string
	for _, f := range rec.Type.FieldList {
		if f.Grade > r.actor.Clearance || rec.Values[f.Name] == nil || f.Type == "rows" {
			continue
		}
		word, ok := display[f.Name].(string)
		switch {
		case f.Type == "choice":
			word = s.word("choice."+rec.Type.Name+"."+f.Name+"."+text(rec.Values[f.Name]), nil)
		case f.Type == "date" || f.Type == "datetime":
			word = s.readable(f.Type, text(rec.Values[f.Name]))
		case !ok:
			word = f.Text(rec.Values[f.Name])
		}
		rows = append(rows, [2]string{s.label(rec.Type.Name)(f.Name), word})
	}
	return rows
}

// moment writes an instant as the county reads it.
func (s *Server) moment(t time.Time) string {
	t = t.In(clock.Shanghai)
	return s.word("portal.instant", map[string]any{"y": t.Year(), "m": int(t.Month()), "d": t.Day(), "t": t.Format("15:04")})
}

// readable writes a stored date, or an instant as a date or a moment, as the county reads it; what is neither stays.
func (s *Server) readable(as, value string) string {
	t, err := time.Parse(time.RFC3339, value)
	if err != nil {
		if t, err = time.ParseInLocation(time.DateOnly, value, clock.Shanghai); err != nil {
			return value
		}
		as = "date"
	}
	if as != "date" {
		return s.moment(t)
	}
	t = t.In(clock.Shanghai)
	return s.word("portal.day", map[string]any{"y": t.Year(), "m": int(t.Month()), "d": t.Day()})
}
