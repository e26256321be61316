package server

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/record"
)

// filePart is an uploaded file. What goes wrong while it is read is the caller's fault and not ours.
type filePart struct {
	*multipart.Part
	err error
}

// Read reads the content.
func (p *filePart) Read(b []byte) (int, error) {
	n, err := p.Part.Read(b)
	if err != nil && !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		p.err = bodyFault(err)
		err = p.err
	}
	return n, err
}

// part gives the first file of a multipart body, streamed.
func (s *Server) part(r *request) (*filePart, error) {
	r.Body = http.MaxBytesReader(r.w, r.Body, s.opt.Upload+(1<<20))
	m, err := r.MultipartReader()
	if err != nil {
		return nil, fault.New(fault.Invalid, "upload.form").With(err)
	}
	for {
		p, err := m.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, fault.New(fault.Invalid, "upload.form")
		}
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return nil, bodyFault(err)
		}
		if err != nil {
			return nil, fault.New(fault.Invalid, "upload.form").With(err)
		}
		if p.FormName() == "file" && p.FileName() != "" {
			return &filePart{Part: p}, nil
		}
	}
}

// upload stores a file for its uploader. Visitors may upload too, for reports; what no record uses goes after a day.
func (s *Server) upload(r *request) (reply, error) {
	p, err := s.part(r)
	if err != nil {
		return reply{}, err
	}
	ref, err := s.opt.Blobs.Put(r.Context(), p, s.opt.Upload)
	if err != nil {
		return reply{}, err
	}
	var f record.File
	err = s.opt.DB.Write(r.Context(), func(tx *store.Tx) error {
		f, err = s.opt.Records.AddFile(r.Context(), tx, r.actor, record.File{Sum: ref.Sum, Name: p.FileName(), Size: ref.Size, Type: ref.Type})
		return err
	})
	return reply{Status: http.StatusCreated, Body: f}, err
}

// download gives a file the caller may see. Only pictures open in the page; everything else is saved, so that no
// uploaded document runs in our origin.
func (s *Server) download(r *request) (reply, error) {
	var f record.File
	if err := s.read(r, func(ctx context.Context, tx *store.Tx) (err error) {
		f, err = s.opt.Records.File(ctx, tx, r.actor, r.PathValue("id"))
		return err
	}); err != nil {
		return reply{}, err
	}
	content, err := s.opt.Blobs.Get(r.Context(), f.Sum)
	if err != nil {
		return reply{}, err
	}
	disposition := "attachment"
	switch f.Type {
	case "image/jpeg", "image/png", "image/gif", "image/webp":
		disposition = "inline"
	}
	return reply{Stream: func(w http.ResponseWriter) error {
		defer func() { _ = content.Close() }()
		h := w.Header()
		h.Set("Content-Type", f.Type)
		h.Set("Cache-Control", "private, no-cache")
		named := mime.FormatMediaType(disposition, map[string]string{"filename": f.Name})
		if named == "" { // a name that cannot be written must not make a page of the file
			named = "attachment"
		}
		h.Set("Content-Disposition", named)
		h.Set("ETag", `"`+f.Sum+`"`)
		http.ServeContent(w, r.Request, "", s.now(), content)
		return nil
	}}, nil
}
