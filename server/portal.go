package server

import (
	"bytes"
	"context"
	"embed"
	"net/http"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/identity"
	"chengshu/kernel/record"
	"chengshu/kernel/schema"
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

// formField is one input of a public form.
type formField struct {
	Name, Label, Type, Value, Error string
	Required                        bool
	Options                         []option
	Max                             int
}

type option struct{ Value, Label, Group string }

// reportType gives the type to report: ?type=, else the first one with a process.
func (s *Server) reportType(r *request) (*schema.Type, error) {
	name := r.FormValue("type")
	for _, t := range s.bundle().Set.Types() {
		if s.opt.Policy.Any(r.actor, "create", t.Name) && (t.Name == name || name == "" && t.Flow != "") {
			return t, nil
		}
	}
	return nil, fault.New(fault.NotFound, "type.unknown", "type", name)
}

// publicFields are the fields a member of the public fills in: those declared public.
func (s *Server) publicFields(t *schema.Type, values map[string]string, errs map[string]string) []formField {
	var out []formField
	for _, f := range t.FieldList {
		if !f.Public || !f.Writable() {
			continue
		}
		x := formField{
			Name: f.Name, Label: s.label(t.Name)(f.Name), Type: f.Type, Required: f.Required, Value: values[f.Name], Error: errs[f.Name], Max: f.Max,
		}
		for _, c := range f.Choices {
			x.Options = append(x.Options, option{Value: c, Label: s.word("choice."+t.Name+"."+f.Name+"."+c, nil)})
		}
		if f.Type == "code" {
			x.Options = s.codeOptions(f)
		}
		out = append(out, x)
	}
	return out
}

func (s *Server) codeOptions(f *schema.Field) []option {
	table := s.bundle().Set.Codes(f.Of)
	var out []option
	for _, e := range table.Entries {
		if e.Leaf {
			out = append(out, option{Value: e.Code, Label: e.Name, Group: table.Label(e.Parent)})
		}
	}
	return out
}

func (s *Server) reportForm(r *request) (*view, error) {
	if forms := s.publicTypes(r, "create"); r.FormValue("type") == "" && len(forms) > 1 {
		return &view{Page: "choose", Title: s.word("portal.report", nil), Data: map[string]any{"Forms": forms}}, nil
	}
	t, err := s.reportType(r)
	if err != nil {
		return nil, err
	}
	return s.reportView(t, nil, nil, nil), nil
}

func (s *Server) reportView(t *schema.Type, values, errs map[string]string, p *problem) *view {
	v := &view{Page: "report", Title: s.word("portal.report", nil) + " " + s.word("type."+t.Name, nil), Data: map[string]any{
		"Type": t.Name, "Fields": s.publicFields(t, values, errs), "Areas": s.areaOptions(),
	}}
	if p != nil {
		v.Status, v.Data["Problem"] = p.Status, p
	}
	return v
}

// areaOptions offers villages by town, for people who cannot give a point.
func (s *Server) areaOptions() []option {
	var out []option
	index := s.opt.Atlas.Index()
	for _, county := range index.Children("") {
		for _, town := range index.Children(county.Code) {
			for _, village := range index.Children(town.Code) {
				out = append(out, option{Value: village.Code, Label: village.Name, Group: town.Name})
			}
		}
	}
	return out
}

func (s *Server) reportSend(r *request) (*view, error) {
	r.Body = http.MaxBytesReader(r.w, r.Body, s.opt.Upload*4)
	if err := r.ParseMultipartForm(4 << 20); err != nil {
		if err := r.ParseForm(); err != nil {
			return nil, fault.New(fault.Invalid, "upload.form").With(err)
		}
	}
	t, err := s.reportType(r)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for k := range r.PostForm {
		values[k] = r.PostForm.Get(k)
	}
	data, err := s.reportData(r, t, values)
	if err != nil {
		return nil, err
	}
	var rec *record.Record
	r.actor.Request = r.trace
	err = s.opt.DB.Write(r.Context(), func(tx *store.Tx) (err error) {
		rec, err = s.opt.Records.Create(r.Context(), tx, r.actor, t.Name, data)
		return err
	})
	if err != nil {
		p := s.describe(err, r.trace)
		if p.Status >= http.StatusInternalServerError {
			return nil, err
		}
		errs := map[string]string{}
		for _, e := range p.Errors {
			errs[strings.TrimPrefix(e.Pointer, "/")] = e.Detail
		}
		return s.reportView(t, values, errs, &p), nil
	}
	return &view{Page: "done", Title: s.word("portal.done", nil), Status: http.StatusCreated, Data: map[string]any{"Number": rec.Values["number"]}}, nil
}

// reportData turns form values into record values: places from a point or a village, files from uploads.
func (s *Server) reportData(r *request, t *schema.Type, values map[string]string) (map[string]any, error) {
	data := map[string]any{}
	for _, f := range t.FieldList {
		if !f.Public || !f.Writable() {
			continue
		}
		switch f.Type {
		case "place":
			data[f.Name] = s.reportPlace(f.Name, values)
		case "images", "files":
			ids, err := s.reportFiles(r, f.Name)
			if err != nil {
				return nil, err
			}
			if len(ids) > 0 {
				data[f.Name] = ids
			}
		default:
			if v := values[f.Name]; v != "" {
				data[f.Name] = v
			}
		}
	}
	return data, nil
}

func (s *Server) reportPlace(name string, values map[string]string) any {
	place := map[string]any{"address": values[name+"_address"]}
	if lon, lat := values[name+"_lon"], values[name+"_lat"]; lon != "" && lat != "" {
		place["lon"], place["lat"] = lon, lat
		return place
	}
	code := values[name+"_village"]
	if p, ok := s.villagePoint(code); ok {
		place["lon"], place["lat"] = p[0], p[1]
	} else if a, ok := s.opt.Atlas.Index().Area(code); ok { // most villages have no surveyed border: the area is what is known
		place["area"] = a.Path
	}
	return place
}

func (s *Server) reportFiles(r *request, name string) ([]any, error) {
	if r.MultipartForm == nil {
		return nil, nil
	}
	var ids []any
	for _, h := range r.MultipartForm.File[name] {
		if h.Size == 0 || len(ids) >= 9 {
			continue
		}
		f, err := h.Open()
		if err != nil {
			return nil, fault.New(fault.Invalid, "upload.form").With(err)
		}
		ref, err := s.opt.Blobs.Put(r.Context(), f, s.opt.Upload)
		_ = f.Close()
		if err != nil {
			return nil, err
		}
		var file record.File
		if err := s.opt.DB.Write(r.Context(), func(tx *store.Tx) (err error) {
			file, err = s.opt.Records.AddFile(r.Context(), tx, r.actor, record.File{Sum: ref.Sum, Name: h.Filename, Size: ref.Size, Type: ref.Type})
			return err
		}); err != nil {
			return nil, err
		}
		ids = append(ids, map[string]any{"id": file.ID})
	}
	return ids, nil
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
			lines = append(lines, map[string]string{"At": h.At.Format("2006-01-02 15:04"), "Label": s.stepLabel(shown.Type.FlowKey(), h.Node)})
		}
	}
	v.Data["State"] = s.word("state."+shown.Type.Name+"."+shown.State(), nil)
	v.Data["Kind"], v.Data["Steps"] = s.word("type."+rec.Type.Name, nil), lines
	v.Data["At"] = strings.Replace(text(rec.Values["created_at"]), "T", " ", 1)[:16]
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
				"ID": rec.ID(), "Title": rec.Title(), "At": text(rec.Values["created_at"])[:10], "State": s.word("state."+t.Name+"."+rec.State(), nil),
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
		case !ok:
			word = f.Text(rec.Values[f.Name])
		}
		rows = append(rows, [2]string{s.label(rec.Type.Name)(f.Name), word})
	}
	return rows
}
