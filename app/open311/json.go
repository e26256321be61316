package open311

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// jsonWalk reads JSON token by token, so that depth and number of values are bounded before anything is built.
type jsonWalk struct {
	p    *reader
	d    *json.Decoder
	text []byte
	at   int // offset up to which lines are counted
	line int
}

func (p *reader) json(text []byte) error {
	w := &jsonWalk{p: p, d: json.NewDecoder(bytes.NewReader(text)), text: text, line: 1 + p.before}
	w.d.UseNumber()
	v, err := w.value(1)
	if err != nil {
		return err
	}
	if _, err := w.d.Token(); !errors.Is(err, io.EOF) {
		return p.fault("open311.json", w.here(), "detail", "more than one value")
	}
	return p.sort(v)
}

// object is an object of the document and the line it begins on.
type object struct {
	line   int
	values map[string]any
}

// here gives the line the reader stands on.
func (w *jsonWalk) here() int {
	now := min(int(w.d.InputOffset()), len(w.text))
	w.line += bytes.Count(w.text[w.at:now], []byte("\n"))
	w.at = now
	return w.line
}

func (w *jsonWalk) next() (json.Token, error) {
	t, err := w.d.Token()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, w.p.fault("open311.json", w.here(), "detail", err.Error())
	}
	return t, nil
}

func (w *jsonWalk) value(depth int) (any, error) {
	t, err := w.next()
	if err != nil {
		return nil, err
	}
	line := w.here()
	if err := w.p.enter(depth, line); err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('['):
		var list []any
		for w.d.More() {
			v, err := w.value(depth + 1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := w.next()
		return list, err
	case json.Delim('{'):
		o := object{line: line, values: map[string]any{}}
		for w.d.More() {
			key, err := w.next()
			if err != nil {
				return nil, err
			}
			v, err := w.value(depth + 1)
			if err != nil {
				return nil, err
			}
			if name, ok := key.(string); ok {
				o.values[name] = v
			}
		}
		_, err := w.next()
		return o, err
	}
	return t, nil
}

// sort finds out what the document holds. Servers give a bare list, or one under the name of the XML root.
func (p *reader) sort(v any) error {
	if o, ok := v.(object); ok {
		list, wrapped := []any{v}, false
		for _, name := range []string{"services", "service_requests", "requests", "errors"} {
			if inner, is := o.values[name].([]any); is {
				list, wrapped = inner, true
			}
		}
		if !wrapped && o.text("error") != "" {
			return p.refused(o.line, o.text("error"))
		}
		v = list
	}
	list, ok := v.([]any)
	if !ok {
		return p.fault("open311.root", 1+p.before, "element", "JSON")
	}
	for _, one := range list {
		o, ok := one.(object)
		if !ok {
			return p.fault("open311.root", 1+p.before, "element", "JSON")
		}
		i := Item{Line: o.line, Values: map[string]string{}}
		for name := range o.values {
			if text := o.text(name); text != "" {
				i.Values[name] = text
			}
		}
		switch has := i.Values; {
		case has["service_request_id"] != "" || has["status"] != "" || has["token"] != "":
			p.request(i)
		case o.values["attributes"] != nil:
			return p.fault("open311.root", o.line, "element", "service_definition")
		case has["service_code"] != "" || has["service_name"] != "":
			p.service(i)
		case has["description"] != "":
			return p.refused(o.line, strings.TrimSpace(has["code"]+" "+has["description"]))
		default:
			return p.fault("open311.root", o.line, "element", "JSON")
		}
	}
	return nil
}

// text gives a plain value as the XML would have it.
func (o object) text(name string) string {
	switch v := o.values[name].(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	return ""
}
