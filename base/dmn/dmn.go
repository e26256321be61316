// Package dmn is the decision engine of Chengshu: it reads decision models (DMN 1.2 to 1.5, conformance level 3),
// compiles them once and evaluates their decisions any number of times, each time with an explanation that can be shown
// to the person decided upon.
//
// Parse reads the bytes of a model and keeps them; Compile joins a model with those it imports and turns tables and boxed
// expressions into closures over base/feel; Decision.Eval computes a decision and everything it requires. Evaluating
// never fails: what cannot be computed is null, the Result says why. What is unknown is not taken for false: a table
// whose outcome hangs on a missing fact gives an Undetermined result that names the fact.
//
// Analyse looks for overlapping rules and gaps of a decision table, and Shelf keeps editions of a model and picks the
// one that was in force on a day. The package knows nothing of records or users and does no input or output; external
// functions in Java or PMML do not exist here.
//
// Main types: Model, Definitions, Decision, Result.
package dmn

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"chengshu/base/fault"
)

// Model is one parsed model file. It is not changed after Parse and may be compiled many times.
type Model struct {
	ID        string
	Name      string
	Namespace string
	Exporter  string
	Source    []byte // the bytes as they came; never re-serialised
	SHA256    string // of Source, in hex
	Imports   []Import

	root *element
}

// Import is a reference of a model to another one.
type Import struct {
	Name      string // prefix of the imported names; "" imports into the own names
	Namespace string
	Type      string // URI of what is imported; a DMN model or something this engine cannot run
	Line      int
}

// Model tells whether the import is of a decision model.
func (i Import) Model() bool { return i.Type == "" || known(i.Type) }

// Parse reads a model. It fails where the bytes are no DMN XML, hold a document type or break a limit (fault codes
// dmn.*, with line); what is wrong inside a well-formed model stands in Definitions.Problems.
func Parse(data []byte) (*Model, error) {
	root, err := parse(data)
	if err != nil {
		return nil, fault.Wrap("read dmn", err)
	}
	sum := sha256.Sum256(data)
	m := &Model{
		ID: root.Attr("id"), Name: label(root), Namespace: strings.TrimSpace(root.Attr("namespace")),
		Exporter: root.Attr("exporter"), Source: data, SHA256: hex.EncodeToString(sum[:]), root: root,
	}
	for _, e := range root.All("import") {
		m.Imports = append(m.Imports, Import{
			Name: label(e), Namespace: strings.TrimSpace(e.Attr("namespace")),
			Type: strings.TrimSpace(e.Attr("importType")), Line: e.Line,
		})
	}
	return m, nil
}

// Problem is something in a model that cannot be run, or that is doubtful.
type Problem struct {
	Model   string         `json:"model"`             // name of the model
	Element string         `json:"element"`           // id of the element, or its name where it has none
	Line    int            `json:"line"`              // line in the file
	Code    string         `json:"code"`              // message key
	Args    map[string]any `json:"args,omitempty"`    // arguments of the words
	Warning bool           `json:"warning,omitempty"` // doubtful only: it runs
}

func problem(m *Model, e *element, code string, args ...any) Problem {
	f := fault.New(fault.Invalid, code, args...)
	p := Problem{Model: m.Name, Code: code, Args: f.Args}
	if e != nil {
		p.Element, p.Line = cmp.Or(e.Attr("id"), label(e), e.Name), e.Line
	}
	return p
}
