package open311

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// errEncoding is what the XML reader gets for an encoding that is not UTF-8.
var errEncoding = errors.New("encoding")

// xmlWalk is the state of one walk through an XML document.
type xmlWalk struct {
	path  []string // local names from the root
	texts []string // text so far of each open element
	item  *Item
	error []string // texts of an error document
}

func (p *reader) xml(text []byte) error {
	d := xml.NewDecoder(bytes.NewReader(text))
	encoding := ""
	d.CharsetReader = func(label string, _ io.Reader) (io.Reader, error) {
		encoding = label
		return nil, errEncoding
	}
	w := &xmlWalk{}
	begun := false
	for {
		line, _ := d.InputPos()
		line += p.before
		token, err := d.RawToken()
		now, _ := d.InputPos()
		switch {
		case errors.Is(err, io.EOF):
			if !begun || len(w.path) > 0 {
				return p.fault("open311.xml", now+p.before, "detail", "EOF")
			}
			return nil
		case errors.Is(err, errEncoding) || encoding != "":
			return p.fault("open311.encoding", line, "encoding", encoding)
		case err != nil:
			return p.fault("open311.xml", now+p.before, "detail", err.Error())
		}
		switch t := token.(type) {
		case xml.Directive:
			return p.fault("open311.doctype", line)
		case xml.StartElement:
			if begun && len(w.path) == 0 {
				return p.fault("open311.xml", line, "detail", t.Name.Local)
			}
			begun = true
			err = p.open(w, t.Name.Local, line)
		case xml.EndElement:
			err = p.close(w, t.Name.Local, line)
		case xml.CharData:
			if len(w.path) > 0 {
				w.texts[len(w.texts)-1] += string(t)
			} else if strings.TrimSpace(string(t)) != "" {
				err = p.fault("open311.xml", line, "detail", "text")
			}
		}
		if err != nil {
			return err
		}
	}
}

// open takes a start tag. A namespace prefix does not matter, nor do attributes.
func (p *reader) open(w *xmlWalk, name string, line int) error {
	w.path = append(w.path, name)
	w.texts = append(w.texts, "")
	if err := p.enter(len(w.path), line); err != nil {
		return err
	}
	switch len(w.path) {
	case 1:
		switch name {
		case "services", "service_requests", "error", "errors":
		default:
			return p.fault("open311.root", line, "element", name)
		}
	case 2:
		switch w.path[0] + " " + name {
		case "services service", "service_requests request":
			w.item = &Item{Line: line, Values: map[string]string{}}
		}
	}
	return nil
}

// close takes an end tag, which the raw reader has not compared with the start.
func (p *reader) close(w *xmlWalk, name string, line int) error {
	depth := len(w.path)
	if depth == 0 || w.path[depth-1] != name {
		return p.fault("open311.xml", line, "detail", "</"+name+">")
	}
	text := strings.TrimSpace(w.texts[depth-1])
	root := w.path[0]
	w.path, w.texts = w.path[:depth-1], w.texts[:depth-1]
	if root == "error" || root == "errors" {
		if text != "" {
			w.error = append(w.error, text)
		}
		if depth == 1 {
			return p.refused(line, strings.Join(w.error, " "))
		}
		return nil
	}
	switch {
	case depth == 3 && w.item != nil && text != "":
		w.item.Values[name] = text
	case depth == 2 && w.item != nil:
		if root == "services" {
			p.service(*w.item)
		} else {
			p.request(*w.item)
		}
		w.item = nil
	case depth == 1 && text != "":
		return p.fault("open311.xml", line, "detail", fmt.Sprintf("%.40q", text))
	}
	return nil
}
