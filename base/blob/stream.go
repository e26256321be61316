package blob

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"chengshu/base/fault"
)

// source reads until its context ends, and keeps the reader's own error apart from those of writing.
type source struct {
	ctx context.Context //nolint:containedctx // lives as long as one Put
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		s.err = fault.New(fault.Unavailable, "blob.cancelled").With(err)
		return 0, s.err
	}
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// target writes to the file and names its errors.
type target struct{ w io.Writer }

func (t *target) Write(p []byte) (int, error) {
	n, err := t.w.Write(p)
	return n, storage(err)
}

// prefixLength is what sniff looks at.
const prefixLength = 1024

// prefix keeps the first bytes that pass.
type prefix struct{ b []byte }

func (p *prefix) Write(b []byte) (int, error) {
	if room := prefixLength - len(p.b); room > 0 {
		p.b = append(p.b, b[:min(room, len(b))]...)
	}
	return len(b), nil
}

// sniff finds the media type from the first bytes: the browsers' algorithm (WHATWG mimesniff), and the office formats,
// which are ZIP archives to it. Texts and ZIP archives of unknown kind stay what they are.
func sniff(b []byte) string {
	t := http.DetectContentType(b[:min(512, len(b))])
	switch {
	case t == "application/zip":
		return sniffZip(b)
	case bytes.HasPrefix(b, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return "application/x-ole-storage" // the office formats before 2007
	case strings.HasPrefix(t, "text/plain") && bytes.HasPrefix(bytes.TrimLeft(b, "\ufeff \t\r\n"), []byte("<svg")):
		return "image/svg+xml"
	case len(b) > 12 && string(b[4:8]) == "ftyp" && (string(b[8:12]) == "heic" || string(b[8:12]) == "mif1"):
		return "image/heic"
	}
	return t
}

// sniffZip looks at the names of the first entries of the archive.
func sniffZip(b []byte) string {
	for _, c := range []struct{ name, kind string }{
		{"OFD.xml", "application/ofd"}, // GB/T 33190
		{"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		{"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
		{"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
	} {
		if bytes.Contains(b, []byte(c.name)) {
			return c.kind
		}
	}
	// OpenDocument: the first entry is "mimetype", stored, its content the type.
	if _, after, ok := bytes.Cut(b, []byte("mimetypeapplication/vnd.oasis.opendocument.")); ok {
		kind := after
		if i := bytes.IndexFunc(after, func(r rune) bool { return (r < 'a' || r > 'z') && r != '-' }); i >= 0 {
			kind = after[:i]
		}
		return "application/vnd.oasis.opendocument." + string(kind)
	}
	return "application/zip"
}
