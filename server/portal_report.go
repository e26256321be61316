package server

import (
	"errors"
	"net/http"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/record"
	"chengshu/kernel/schema"
)

// reportPhotos is how many files a member of the public may add to one field.
const reportPhotos = 9

// formField is one input of a public form.
type formField struct {
	Name, Label, Type, Value, Error string
	Required                        bool
	Options                         []option
	Max                             int
	Kept                            []keptFile
	Place                           formPlace
}

type option struct{ Value, Label, Group string }

// keptFile is a picture that came with a form that could not be accepted yet: it need not be sent again.
type keptFile struct{ ID, Name string }

// Value is what the form sends back.
func (k keptFile) Value() string { return k.ID + "/" + k.Name }

// formPlace is a place as it was typed.
type formPlace struct{ Village, Address, Lon, Lat string }

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

// report is a form as somebody filled it in.
type report struct {
	values map[string]string
	kept   map[string][]keptFile
	errs   map[string]string
}

// publicFields are the fields a member of the public fills in: those declared public.
func (s *Server) publicFields(t *schema.Type, in report) []formField {
	var out []formField
	for _, f := range t.FieldList {
		if !f.Public || !f.Writable() {
			continue
		}
		x := formField{
			Name: f.Name, Label: s.label(t.Name)(f.Name), Type: f.Type, Required: f.Required, Value: in.values[f.Name], Error: in.errs[f.Name],
			Max: f.Max, Kept: in.kept[f.Name],
		}
		for _, c := range f.Choices {
			x.Options = append(x.Options, option{Value: c, Label: s.word("choice."+t.Name+"."+f.Name+"."+c, nil)})
		}
		switch f.Type {
		case "code":
			x.Options = s.codeOptions(f)
		case "place":
			x.Place = formPlace{
				Village: in.values[f.Name+"_village"], Address: in.values[f.Name+"_address"], Lon: in.values[f.Name+"_lon"], Lat: in.values[f.Name+"_lat"],
			}
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
	return s.reportView(t, report{}, nil), nil
}

func (s *Server) reportView(t *schema.Type, in report, p *problem) *view {
	v := &view{Page: "report", Title: s.word("portal.report_of", map[string]any{"label": s.word("type."+t.Name, nil)}), Data: map[string]any{
		"Type": t.Name, "Fields": s.publicFields(t, in), "Areas": s.areaOptions(),
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

// readForm reads what a visitor sends: several pictures at most, and without pictures no more than any other body.
func (s *Server) readForm(r *request) error {
	read, limit := r.ParseForm, int64(maxBody)
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		limit = s.opt.Upload * 4
		read = func() error { return r.ParseMultipartForm(4 << 20) }
	}
	r.Body = http.MaxBytesReader(r.w, r.Body, limit)
	err := read()
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return bodyFault(err)
	}
	if err != nil {
		return fault.New(fault.Invalid, "upload.form").With(err)
	}
	return nil
}

func (s *Server) reportSend(r *request) (*view, error) {
	if err := s.readForm(r); err != nil {
		return nil, err
	}
	t, err := s.reportType(r)
	if err != nil {
		return nil, err
	}
	in := report{values: map[string]string{}, kept: map[string][]keptFile{}, errs: map[string]string{}}
	for k := range r.PostForm {
		in.values[k] = r.PostForm.Get(k)
	}
	data, err := s.reportData(r, t, in)
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
		s.reportErrors(t, in, data, &p)
		return s.reportView(t, in, &p), nil
	}
	return &view{Page: "done", Title: s.word("portal.done", nil), Status: http.StatusCreated, Data: map[string]any{"Number": rec.Values["number"]}}, nil
}

// reportErrors puts every error at its input, with the input's label, and adds what is missing besides: nobody should be
// sent back twice.
func (s *Server) reportErrors(t *schema.Type, in report, data map[string]any, p *problem) {
	label := s.label(t.Name)
	var said []problemField
	for _, e := range p.Errors {
		name, _, _ := strings.Cut(trimPointer(e.Pointer), "/")
		switch f := t.Field(name); {
		case f == nil || !f.Public: // no input of this form is to blame
			said = append(said, problemField{Detail: e.Detail})
		case in.errs[name] == "":
			in.errs[name] = e.Detail
		}
	}
	if len(p.Errors) > 0 {
		for _, f := range t.FieldList {
			if f.Public && f.Writable() && f.Required && data[f.Name] == nil && in.errs[f.Name] == "" {
				in.errs[f.Name] = s.word("fault.field.required", nil)
			}
		}
	}
	for _, f := range t.FieldList {
		if wrong := in.errs[f.Name]; wrong != "" {
			pointer := f.Name
			if f.Type == "place" {
				pointer += "_village"
			}
			said = append(said, problemField{Pointer: pointer, Detail: s.word("portal.field_error", map[string]any{"label": label(f.Name), "error": wrong})})
		}
	}
	p.Errors = said
}

// reportData turns form values into record values: places from a point or a village, files from uploads, now or before.
func (s *Server) reportData(r *request, t *schema.Type, in report) (map[string]any, error) {
	data := map[string]any{}
	for _, f := range t.FieldList {
		if !f.Public || !f.Writable() {
			continue
		}
		switch f.Type {
		case "place":
			if place := s.reportPlace(f.Name, in.values); place != nil {
				data[f.Name] = place
			}
		case "images", "files":
			if err := s.reportFiles(r, f.Name, in); err != nil {
				return nil, err
			}
			var ids []any
			for _, k := range in.kept[f.Name] {
				ids = append(ids, map[string]any{"id": k.ID})
			}
			if ids != nil {
				data[f.Name] = ids
			}
		default:
			if v := strings.TrimSpace(in.values[f.Name]); v != "" {
				data[f.Name] = v
			}
		}
	}
	return data, nil
}

// reportPlace gives the place typed into a form, nil when nothing was.
func (s *Server) reportPlace(name string, values map[string]string) map[string]any {
	place := map[string]any{}
	if address := strings.TrimSpace(values[name+"_address"]); address != "" {
		place["address"] = address
	}
	if lon, lat := values[name+"_lon"], values[name+"_lat"]; lon != "" && lat != "" {
		place["lon"], place["lat"] = lon, lat
	} else if p, ok := s.villagePoint(values[name+"_village"]); ok {
		place["lon"], place["lat"] = p[0], p[1]
	} else if a, ok := s.opt.Atlas.Index().Area(values[name+"_village"]); ok { // most villages have no surveyed border: the area is what is known
		place["area"] = a.Path
	}
	if len(place) == 0 {
		return nil
	}
	return place
}

// reportFiles notes the files that an earlier try brought and stores those that came now.
func (s *Server) reportFiles(r *request, name string, in report) error {
	for _, v := range r.PostForm[name+"_kept"] {
		if id, file, ok := strings.Cut(v, "/"); ok && len(in.kept[name]) < reportPhotos {
			in.kept[name] = append(in.kept[name], keptFile{ID: id, Name: file})
		}
	}
	if r.MultipartForm == nil {
		return nil
	}
	for _, h := range r.MultipartForm.File[name] {
		if h.Size == 0 || len(in.kept[name]) >= reportPhotos {
			continue
		}
		f, err := h.Open()
		if err != nil {
			return fault.New(fault.Invalid, "upload.form").With(err)
		}
		ref, err := s.opt.Blobs.Put(r.Context(), f, s.opt.Upload)
		_ = f.Close()
		if err != nil {
			return err
		}
		var file record.File
		if err := s.opt.DB.Write(r.Context(), func(tx *store.Tx) (err error) {
			file, err = s.opt.Records.AddFile(r.Context(), tx, r.actor, record.File{Sum: ref.Sum, Name: h.Filename, Size: ref.Size, Type: ref.Type})
			return err
		}); err != nil {
			return err
		}
		in.kept[name] = append(in.kept[name], keptFile{ID: file.ID, Name: file.Name})
	}
	return nil
}
