package markup

import "strings"

// Attr gives the value of an attribute without a namespace.
func (e *Element) Attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Space == "" && a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// AttrIn gives the value of an attribute of a namespace whose URI contains part.
func (e *Element) AttrIn(part, name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name && a.Name.Space != "" && strings.Contains(a.Name.Space, part) {
			return a.Value
		}
	}
	return ""
}

// Flag reads a boolean attribute (xsd:boolean).
func (e *Element) Flag(name string, def bool) bool {
	switch strings.TrimSpace(e.Attr(name)) {
	case "true", "1":
		return true
	case "false", "0":
		return false
	}
	return def
}

// Child gives the first child of the element's own namespace with that name, or nil.
func (e *Element) Child(name string) *Element {
	for _, k := range e.Kids {
		if k.Space == e.Space && k.Name == name {
			return k
		}
	}
	return nil
}

// All gives the children of the element's own namespace with that name.
func (e *Element) All(name string) []*Element {
	var out []*Element
	for _, k := range e.Kids {
		if k.Space == e.Space && k.Name == name {
			out = append(out, k)
		}
	}
	return out
}

// Text gives the trimmed character data directly inside.
func (e *Element) Text() string { return strings.TrimSpace(string(e.Chars)) }

// ChildText gives the trimmed text of the first child of the element's own namespace with that name.
func (e *Element) ChildText(name string) string {
	if k := e.Child(name); k != nil {
		return k.Text()
	}
	return ""
}
