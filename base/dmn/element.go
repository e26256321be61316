package dmn

import (
	"encoding/xml"
	"slices"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/markup"
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
type element = markup.Element

// label is the trimmed name attribute.
func label(e *element) string { return strings.TrimSpace(e.Attr("name")) }

// parse builds the tree of data, of the model namespace alone: diagrams and extensions are passed over.
func parse(data []byte) (*element, error) {
	keep := func(n xml.Name) bool { return known(n.Space) && n.Local != "extensionElements" }
	root, _, err := markup.Read(data, markup.Options{Bytes: MaxBytes, Depth: MaxDepth, Elements: MaxElements, Keep: keep})
	if err != nil {
		return nil, err
	}
	if !known(root.Space) || root.Name != "definitions" {
		return nil, fault.New(fault.Invalid, "dmn.root", "element", root.Name, "namespace", root.Space, "line", root.Line)
	}
	return root, nil
}

func known(space string) bool {
	return slices.ContainsFunc(namespaces[:], func(n string) bool { return space == n || space == strings.TrimSuffix(n, "/") })
}
