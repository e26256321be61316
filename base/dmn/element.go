package dmn

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"

	"chengshu/base/fault"
)

// Limits of one model.
const (
	MaxBytes    = 8 << 20
	MaxDepth    = 100
	MaxElements = 400_000
)

// The model namespaces of DMN 1.2 to 1.6; all spell the parts that are executed alike.
var namespaces = [...]string{
	"https://www.omg.org/spec/DMN/20240513/MODEL/",
	"https://www.omg.org/spec/DMN/20230324/MODEL/",
	"https://www.omg.org/spec/DMN/20211108/MODEL/",
	"https://www.omg.org/spec/DMN/20191111/MODEL/",
	"http://www.omg.org/spec/DMN/20180521/MODEL/",
}

// element is one XML element of the model namespace. The tree lives only while a model is read and compiled.
type element struct {
	name  string
	attrs []xml.Attr
	kids  []*element
	chars []byte // character data directly inside, joined
	line  int
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

// label is the trimmed name attribute.
func (e *element) label() string { return strings.TrimSpace(e.attr("name")) }

// child gives the first child with that name, or nil.
func (e *element) child(name string) *element {
	for _, k := range e.kids {
		if k.name == name {
			return k
		}
	}
	return nil
}

// all gives the children with that name.
func (e *element) all(name string) []*element {
	var out []*element
	for _, k := range e.kids {
		if k.name == name {
			out = append(out, k)
		}
	}
	return out
}

// text gives the trimmed text of the child with that name.
func (e *element) text(name string) string {
	if k := e.child(name); k != nil {
		return strings.TrimSpace(string(k.chars))
	}
	return ""
}

// parse builds the tree of data, of the model namespace alone: diagrams and extensions are passed over.
func parse(data []byte) (*element, error) {
	if len(data) > MaxBytes {
		return nil, fault.New(fault.TooLarge, "dmn.size", "max", MaxBytes)
	}
	dec := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	dec.Strict = true
	dec.CharsetReader = decoder
	b := builder{dec: dec}
	for {
		tok, err := dec.Token()
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
		return nil, fault.New(fault.Invalid, "dmn.root")
	}
	return b.root, nil
}

func decoder(label string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "").Replace(label)) {
	case "utf8", "usascii", "ascii":
		return in, nil
	case "iso88591", "latin1":
		return charmap.ISO8859_1.NewDecoder().Reader(in), nil
	case "gb18030", "gbk", "gb2312":
		return simplifiedchinese.GB18030.NewDecoder().Reader(in), nil
	}
	return nil, fault.New(fault.Invalid, "dmn.encoding", "encoding", label)
}

type builder struct {
	dec   *xml.Decoder
	root  *element
	stack []*element
	skip  int // depth inside an element that is passed over
	count int
}

func (b *builder) take(tok xml.Token) error {
	switch t := tok.(type) {
	case xml.Directive:
		line, _ := b.dec.InputPos()
		return fault.New(fault.Invalid, "dmn.doctype", "line", line)
	case xml.StartElement:
		return b.open(t)
	case xml.EndElement:
		if b.skip > 0 {
			b.skip--
		} else {
			b.stack = b.stack[:len(b.stack)-1]
		}
	case xml.CharData:
		if n := len(b.stack); n > 0 && b.skip == 0 {
			b.stack[n-1].chars = append(b.stack[n-1].chars, t...)
		}
	}
	return nil
}

func (b *builder) open(t xml.StartElement) error {
	line, _ := b.dec.InputPos()
	b.count += 1 + len(t.Attr)/8
	if b.count > MaxElements {
		return fault.New(fault.TooLarge, "dmn.elements", "max", MaxElements)
	}
	if len(b.stack)+b.skip >= MaxDepth {
		return fault.New(fault.TooLarge, "dmn.depth", "max", MaxDepth, "line", line)
	}
	n := len(b.stack)
	if n == 0 && (b.root != nil || !known(t.Name.Space) || t.Name.Local != "definitions") {
		return fault.New(fault.Invalid, "dmn.root", "element", t.Name.Local, "namespace", t.Name.Space, "line", line)
	}
	if b.skip > 0 || !known(t.Name.Space) || t.Name.Local == "extensionElements" {
		b.skip++
		return nil
	}
	e := &element{name: t.Name.Local, attrs: t.Copy().Attr, line: line}
	if n > 0 {
		b.stack[n-1].kids = append(b.stack[n-1].kids, e)
	} else {
		b.root = e
	}
	b.stack = append(b.stack, e)
	return nil
}

func known(space string) bool {
	for _, n := range namespaces {
		if space == n || space == strings.TrimSuffix(n, "/") {
			return true
		}
	}
	return false
}

func (b *builder) syntax(err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	line, col := b.dec.InputPos()
	return fault.New(fault.Invalid, "dmn.xml", "line", line, "column", col).With(err)
}
