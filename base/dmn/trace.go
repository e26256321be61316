package dmn

import (
	"encoding/json"

	"chengshu/base/feel"
)

// Trace explains one evaluation. It marshals to JSON; values are written as feel.ToGo has them.
type Trace struct {
	Model     ModelRef `json:"model"`
	Name      string   `json:"name"` // of the decision, service or knowledge model
	ID        string   `json:"id,omitempty"`
	Steps     []*Step  `json:"steps"`               // in the order in which they began
	Truncated bool     `json:"truncated,omitempty"` // there were more steps than MaxSteps
	Value     Shown    `json:"value"`

	Undetermined bool         `json:"undetermined,omitempty"`
	Missing      []string     `json:"missing,omitempty"`
	Diagnostics  []Diagnostic `json:"diagnostics,omitempty"`

	open []*Step
}

// ModelRef says exactly which model decided.
type ModelRef struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	SHA256    string `json:"sha256"`
	Key       string `json:"key,omitempty"`     // of the edition, when it came from a shelf
	Version   string `json:"version,omitempty"` // of the edition
}

// MaxSteps bounds the steps of a Trace.
const MaxSteps = 1000

// Step is one input that was read, or one decision, knowledge model or service that was computed.
type Step struct {
	Kind    string       `json:"kind"` // input, decision, knowledge, service
	Name    string       `json:"name"`
	ID      string       `json:"id,omitempty"`
	Depth   int          `json:"depth"` // 0 is the decision asked for
	Sources []Source     `json:"sources,omitempty"`
	Args    []Named      `json:"args,omitempty"`
	Tables  []*TableStep `json:"tables,omitempty"`
	Value   Shown        `json:"value"`
}

// Source is a knowledge source that a decision or knowledge model rests on, such as a law.
type Source struct {
	Name string `json:"name"`
	ID   string `json:"id,omitempty"`
	Type string `json:"type,omitempty"`
	URI  string `json:"uri,omitempty"`
	Text string `json:"text,omitempty"` // description
}

// Named is a value with its name.
type Named struct {
	Name  string `json:"name"`
	Value Shown  `json:"value"`
}

// TableStep is one decision table that was computed.
type TableStep struct {
	Name         string  `json:"name,omitempty"`
	ID           string  `json:"id,omitempty"`
	Policy       string  `json:"policy"`
	Inputs       []Named `json:"inputs"`            // input expressions and their values
	Met          []Row   `json:"met"`               // rules whose tests were all true
	Chosen       []int   `json:"chosen"`            // row numbers of those that made the result
	Unknown      []Row   `json:"unknown,omitempty"` // rules that could neither be met nor be ruled out
	Defaulted    bool    `json:"defaulted,omitempty"`
	Undetermined bool    `json:"undetermined,omitempty"`
}

// Row is one rule of a table.
type Row struct {
	Number int    `json:"number"` // from 1
	ID     string `json:"id,omitempty"`
	Notes  []Note `json:"notes,omitempty"` // annotations, such as the clause of law, and the description
}

// Note is one annotation of a rule; Name is that of its column, "" for the description.
type Note struct {
	Name string `json:"name,omitempty"`
	Text string `json:"text"`
}

// Shown is a FEEL value that marshals to JSON.
type Shown struct{ feel.Value }

// MarshalJSON writes the value as feel.ToGo has it.
func (s Shown) MarshalJSON() ([]byte, error) { return json.Marshal(feel.ToGo(s.Value)) }

func newTrace(n *node) *Trace {
	m := n.unit.model
	return &Trace{
		Model: ModelRef{Name: m.Name, Namespace: m.Namespace, SHA256: m.SHA256}, Name: n.name, ID: n.id, Steps: []*Step{},
	}
}

// close takes over the result. All methods may be called on a nil Trace, which records nothing.
func (t *Trace) close(res *Result) {
	if t == nil {
		return
	}
	t.Value, t.Undetermined, t.Missing, t.Diagnostics = Shown{res.Value}, res.Undetermined, res.Missing, res.Diagnostics
	t.open = nil
}

var kindNames = [...]string{"input", "decision", "knowledge", "service"}

func (t *Trace) begin(s *session, n *node) *Step {
	if t == nil {
		return nil
	}
	step := &Step{Kind: kindNames[n.kind], Name: n.name, ID: n.id, Depth: s.depth, Sources: n.sources}
	if len(t.Steps) < MaxSteps {
		t.Steps = append(t.Steps, step)
	} else {
		t.Truncated = true
	}
	t.open = append(t.open, step)
	return step
}

func (t *Trace) end(step *Step, v feel.Value) {
	if t == nil {
		return
	}
	step.Value = Shown{v}
	t.open = t.open[:len(t.open)-1]
}

func (t *Trace) args(step *Step, names []string, vals []feel.Value) {
	if t == nil {
		return
	}
	for i, n := range names {
		step.Args = append(step.Args, Named{n, Shown{vals[i]}})
	}
}

func (t *Trace) input(s *session, n *node, v feel.Value) {
	if t == nil {
		return
	}
	t.end(t.begin(s, n), v)
}

func (t *Trace) table(tb *table, vals []feel.Value, m *matches, open bool) {
	if t == nil || len(t.open) == 0 {
		return
	}
	s := &TableStep{
		Name: tb.name, ID: tb.el.Attr("id"), Policy: tb.policy.String(), Inputs: []Named{}, Met: tb.rowsOf(m.hits),
		Chosen: rows(m.chosen), Unknown: tb.rowsOf(m.unknown), Defaulted: m.defaulted, Undetermined: open,
	}
	for i, in := range tb.inputs {
		s.Inputs = append(s.Inputs, Named{in.text, Shown{vals[i]}})
	}
	step := t.open[len(t.open)-1]
	if len(step.Tables) < MaxSteps {
		step.Tables = append(step.Tables, s)
	} else {
		t.Truncated = true
	}
}

func (t *table) rowsOf(at []int) []Row {
	out := make([]Row, len(at))
	for i, a := range at {
		out[i] = Row{Number: a + 1, ID: t.rules[a].el.Attr("id"), Notes: t.rules[a].notes}
	}
	return out
}
