// Package markup reads XML that may be hostile into a tree: models that come from anybody's modelling tool. It knows no
// vocabulary and writes nothing.
//
// It refuses document types, and with them every entity but the five of XML itself, and bounds bytes, depth and elements
// before they cost anything. Read gives the root Element; Options bound it and tell what to pass over.
package markup

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"chengshu/base/fault"
)

// Element is one XML element with its resolved namespace.
type Element struct {
	Space, Name string
	Attrs       []xml.Attr
	Kids        []*Element
	Chars       []byte // character data directly inside, joined
	Line        int    // where its start tag ends, from 1
}

// Options bound a document.
type Options struct {
	Bytes    int // of the document as it comes
	Depth    int // of elements in elements
	Elements int // eight attributes count as one more
	// Keep tells which elements are kept; what is not is passed over with all that is in it, but counts. Nil keeps all. The
	// root is always kept.
	Keep func(xml.Name) bool
}

// Read builds the tree of data and tells its encoding: UTF-8, UTF-16 with a byte order mark, ISO 8859-1 or GB 18030. The
// faults tell the line where there is one: TooLarge "markup.size", "markup.depth", "markup.elements"; Invalid "markup.xml",
// "markup.doctype", "markup.encoding", "markup.empty", "markup.roots".
func Read(data []byte, opt Options) (root *Element, encoding string, err error) {
	if len(data) > opt.Bytes {
		return nil, "", fault.New(fault.TooLarge, "markup.size", "max", opt.Bytes)
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
	b := builder{dec: dec, opt: opt}
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
	switch strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "").Replace(label)) {
	case "utf8", "usascii", "ascii":
		return in, nil
	case "iso88591", "latin1", "88591", "l1":
		return charmap.ISO8859_1.NewDecoder().Reader(in), nil
	case "gb18030", "gbk", "gb2312", "cp936":
		return simplifiedchinese.GB18030.NewDecoder().Reader(in), nil
	}
	return nil, fault.New(fault.Invalid, "markup.encoding", "encoding", label)
}

type builder struct {
	dec   *xml.Decoder
	opt   Options
	root  *Element
	stack []*Element
	skip  int // depth inside an element that is passed over
	count int
}

func (b *builder) run() (*Element, error) {
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
		return nil, fault.New(fault.Invalid, "markup.empty")
	}
	return b.root, nil
}

func (b *builder) take(tok xml.Token) error {
	switch t := tok.(type) {
	case xml.Directive:
		line, _ := b.dec.InputPos()
		return fault.New(fault.Invalid, "markup.doctype", "line", line)
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
			b.stack[n-1].Chars = append(b.stack[n-1].Chars, t...)
		}
	}
	return nil
}

func (b *builder) open(t xml.StartElement) error {
	line, _ := b.dec.InputPos()
	b.count += 1 + len(t.Attr)/8
	if b.count > b.opt.Elements {
		return fault.New(fault.TooLarge, "markup.elements", "max", b.opt.Elements)
	}
	n := len(b.stack)
	if n+b.skip >= b.opt.Depth {
		return fault.New(fault.TooLarge, "markup.depth", "max", b.opt.Depth, "line", line)
	}
	if n == 0 && b.root != nil {
		return fault.New(fault.Invalid, "markup.roots", "line", line)
	}
	if b.skip > 0 || n > 0 && b.opt.Keep != nil && !b.opt.Keep(t.Name) {
		b.skip++
		return nil
	}
	e := &Element{Space: t.Name.Space, Name: t.Name.Local, Attrs: t.Copy().Attr, Line: line}
	if n > 0 {
		b.stack[n-1].Kids = append(b.stack[n-1].Kids, e)
	} else {
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
	return fault.New(fault.Invalid, "markup.xml", "line", line, "column", col).With(err)
}
