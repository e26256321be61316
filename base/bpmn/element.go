package bpmn

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"chengshu/base/fault"
)

// Limits of one model. The largest public reference model has 0.25 MB and 3,700 elements.
const (
	MaxBytes    = 8 << 20
	MaxDepth    = 100
	MaxElements = 200_000
)

// element is one XML element with its resolved namespace. The tree lives only while a model is read.
type element struct {
	space, name string
	attrs       []xml.Attr
	kids        []*element
	chars       []byte // character data directly inside, joined
	line        int
}

// attr gives the value of an attribute without a namespace.
func (e *element) attr(name string) string {
	for _, a := range e.attrs {
		if a.Name.Space == "" && a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// attrIn gives the value of an attribute of a namespace whose URI contains part.
func (e *element) attrIn(part, name string) string {
	for _, a := range e.attrs {
		if a.Name.Local == name && a.Name.Space != "" && strings.Contains(a.Name.Space, part) {
			return a.Value
		}
	}
	return ""
}

// child gives the first BPMN child with that name, or nil.
func (e *element) child(name string) *element {
	for _, k := range e.kids {
		if k.space == Namespace && k.name == name {
			return k
		}
	}
	return nil
}

// text gives the trimmed character data.
func (e *element) text() string { return strings.TrimSpace(string(e.chars)) }

// childText gives the trimmed text of the first BPMN child with that name.
func (e *element) childText(name string) string {
	if k := e.child(name); k != nil {
		return k.text()
	}
	return ""
}

// flag reads a boolean attribute (xsd:boolean).
func (e *element) flag(name string, def bool) bool {
	switch strings.TrimSpace(e.attr(name)) {
	case "true", "1":
		return true
	case "false", "0":
		return false
	}
	return def
}

// parse builds the tree of data and says which encoding it had.
func parse(data []byte) (root *element, encoding string, err error) {
	if len(data) > MaxBytes {
		return nil, "", fault.New(fault.TooLarge, "bpmn.size", "max", MaxBytes)
	}
	body, encoding := unmark(data)
	marked := encoding != ""
	if !marked {
		encoding = "utf-8"
	}
	dec := xml.NewDecoder(bytes.NewReader(body))
	dec.Strict = true
	dec.CharsetReader = func(label string, in io.Reader) (io.Reader, error) {
		if marked { // the mark decides, whatever the declaration says
			return in, nil
		}
		encoding = strings.ToLower(label)
		return decoder(label, in)
	}
	b := builder{dec: dec}
	root, err = b.run()
	return root, encoding, err
}

// unmark strips a byte order mark and turns UTF-16 into UTF-8; encoding is empty where no mark decides it.
func unmark(data []byte) (body []byte, encoding string) {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return data[3:], "utf-8"
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		out, err := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder().Bytes(data)
		if err == nil {
			return out, "utf-16"
		}
	}
	return data, ""
}

func decoder(label string, in io.Reader) (io.Reader, error) {
	plain := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(label))
	switch plain {
	case "utf8", "usascii", "ascii":
		return in, nil
	case "iso88591", "latin1", "88591", "l1":
		return &latin1{in: in}, nil
	case "gb18030", "gbk", "gb2312", "cp936":
		return simplifiedchinese.GB18030.NewDecoder().Reader(in), nil
	}
	return nil, fault.New(fault.Invalid, "bpmn.encoding", "encoding", label)
}

// latin1 turns ISO-8859-1 bytes into UTF-8: every byte is the code point of the same number.
type latin1 struct {
	in   io.Reader
	rest []byte
}

// Read fills p with UTF-8.
func (l *latin1) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		var buf [512]byte
		n, err := l.in.Read(buf[:])
		if n == 0 {
			return 0, err
		}
		for _, c := range buf[:n] {
			l.rest = append(l.rest, string(rune(c))...)
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

type builder struct {
	dec   *xml.Decoder
	root  *element
	stack []*element
	count int
}

func (b *builder) run() (*element, error) {
	for {
		tok, err := b.dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, b.syntax(err)
		}
		if err := b.take(tok); err != nil {
			return nil, err
		}
	}
	if b.root == nil {
		return nil, fault.New(fault.Invalid, "bpmn.empty")
	}
	return b.root, nil
}

func (b *builder) take(tok xml.Token) error {
	switch t := tok.(type) {
	case xml.Directive:
		line, _ := b.dec.InputPos()
		return fault.New(fault.Invalid, "bpmn.doctype", "line", line)
	case xml.StartElement:
		return b.open(t)
	case xml.EndElement:
		b.stack = b.stack[:len(b.stack)-1]
	case xml.CharData:
		if n := len(b.stack); n > 0 {
			b.stack[n-1].chars = append(b.stack[n-1].chars, t...)
		}
	}
	return nil
}

func (b *builder) open(t xml.StartElement) error {
	line, _ := b.dec.InputPos()
	b.count += 1 + len(t.Attr)/8
	if b.count > MaxElements {
		return fault.New(fault.TooLarge, "bpmn.elements", "max", MaxElements)
	}
	if len(b.stack) >= MaxDepth {
		return fault.New(fault.TooLarge, "bpmn.depth", "max", MaxDepth, "line", line)
	}
	e := &element{space: t.Name.Space, name: t.Name.Local, attrs: t.Copy().Attr, line: line}
	if n := len(b.stack); n > 0 {
		b.stack[n-1].kids = append(b.stack[n-1].kids, e)
	} else {
		if b.root != nil {
			return fault.New(fault.Invalid, "bpmn.roots", "line", line)
		}
		b.root = e
	}
	b.stack = append(b.stack, e)
	return nil
}

func (b *builder) syntax(err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	line, col := b.dec.InputPos()
	return fault.New(fault.Invalid, "bpmn.xml", "line", line, "column", col).With(err)
}
