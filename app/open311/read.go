package open311

import (
	"bytes"
	"io"
	"unicode/utf8"

	"chengshu/base/fault"
)

// Document is what one answer of an Open311 server holds: services or service requests.
type Document struct {
	File     string
	Services []Item
	Requests []Item
}

// Item is one service or request: the text of its elements by their names in GeoReport v2, without surrounding space.
// Empty elements are left out.
type Item struct {
	Row    int // from 1
	Line   int
	Values map[string]string
}

// Limits bound what is read; a document over them is refused as a whole.
type Limits struct {
	Bytes    int64
	Depth    int
	Elements int // elements of XML, values of JSON
}

// DefaultLimits hold a city's year of requests.
func DefaultLimits() Limits { return Limits{Bytes: 64 << 20, Depth: 16, Elements: 4_000_000} }

// Read reads a document in XML or JSON, told apart by its first character. A raw HTTP head before it is skipped. file names
// it in faults, which also tell the line: Invalid "open311.encoding", "open311.xml", "open311.json", "open311.doctype" for
// document types and entities, "open311.root" for anything but services and requests; TooLarge "open311.size",
// "open311.depth", "open311.elements"; Conflict "open311.error" with the words of an error that the other server gave.
func Read(file string, r io.Reader, l Limits) (*Document, error) {
	text, err := io.ReadAll(io.LimitReader(r, l.Bytes+1))
	if err != nil {
		return nil, fault.New(fault.Unavailable, "open311.read", "file", file).With(err)
	}
	if int64(len(text)) > l.Bytes {
		return nil, fault.New(fault.TooLarge, "open311.size", "file", file, "max", l.Bytes)
	}
	p := &reader{file: file, limits: l, doc: &Document{File: file}}
	if at := invalidAt(text); at >= 0 {
		return nil, p.fault("open311.encoding", 1+bytes.Count(text[:at], []byte("\n")), "encoding", "")
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	body := bytes.TrimLeft(skipHead(text), " \t\r\n")
	p.before = bytes.Count(text[:len(text)-len(body)], []byte("\n"))
	if len(body) > 0 && (body[0] == '{' || body[0] == '[') {
		err = p.json(body)
	} else {
		err = p.xml(body)
	}
	if err != nil {
		return nil, err
	}
	return p.doc, nil
}

// reader reads one document.
type reader struct {
	file   string
	limits Limits
	before int // lines before the body
	count  int // elements so far
	doc    *Document
}

func (p *reader) fault(code string, line int, args ...any) *fault.Error {
	return fault.New(fault.Invalid, code, append([]any{"file", p.file, "line", line}, args...)...)
}

// enter counts an element at a depth.
func (p *reader) enter(depth, line int) error {
	p.count++
	switch {
	case depth > p.limits.Depth:
		f := p.fault("open311.depth", line, "max", p.limits.Depth)
		f.Kind = fault.TooLarge
		return f
	case p.count > p.limits.Elements:
		f := p.fault("open311.elements", line, "max", p.limits.Elements)
		f.Kind = fault.TooLarge
		return f
	}
	return nil
}

// refused is the error that the other server gave instead of an answer.
func (p *reader) refused(line int, detail string) error {
	f := p.fault("open311.error", line, "detail", detail)
	f.Kind = fault.Conflict
	return f
}

func (p *reader) service(i Item) {
	i.Row = len(p.doc.Services) + 1
	p.doc.Services = append(p.doc.Services, i)
}

func (p *reader) request(i Item) {
	i.Row = len(p.doc.Requests) + 1
	p.doc.Requests = append(p.doc.Requests, i)
}

// skipHead drops the status line and headers of a saved HTTP answer.
func skipHead(text []byte) []byte {
	if !bytes.HasPrefix(text, []byte("HTTP/")) {
		return text
	}
	for _, end := range []string{"\r\n\r\n", "\n\n"} {
		if _, body, found := bytes.Cut(text, []byte(end)); found {
			return body
		}
	}
	return nil
}

// invalidAt gives the place of the first byte that is no UTF-8, or -1.
func invalidAt(text []byte) int {
	if utf8.Valid(text) {
		return -1
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}
