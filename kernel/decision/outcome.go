package decision

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"chengshu/base/dmn"
	"chengshu/base/feel"
)

// The verdicts. A decision that grants or refuses gives Yes or No; whoever acts on it needs no other word.
const (
	Yes        = "yes"        // 可
	No         = "no"         // 不可
	Incomplete = "incomplete" // 待补充: facts are missing that might have changed the outcome
	Value      = "value"      // something other than yes or no was found
	None       = "none"       // no rule fitted, or the model could not decide
)

// Rule is one rule that made the outcome.
type Rule struct {
	Table string   `json:"table,omitempty"` // its label, else the decision it stands in
	Row   int      `json:"row"`             // from 1
	Basis []string `json:"basis,omitempty"` // its annotations: the clause of law, the reason
}

// Outcome is a decision with its reasons.
type Outcome struct {
	Edition *Edition
	SHA256  string // of the model; of its and its imports' hashes where it has some
	Name    string // of the decision
	Verdict string
	Value   feel.Value // nil unless the verdict is Yes, No or Value
	Missing []string   // inputs that are missing; named for every verdict, decisive for Incomplete
	Rules   []Rule
	Inputs  []Input // what was read, in the order of the model
	Trace   *dmn.Trace
}

// Input is one input as the decision read it.
type Input struct {
	Name  string
	Value feel.Value
}

// Basis gives the annotations of all rules, each once.
func (o Outcome) Basis() []string {
	var out []string
	for _, r := range o.Rules {
		for _, b := range r.Basis {
			if !slices.Contains(out, b) {
				out = append(out, b)
			}
		}
	}
	return out
}

func decide(d *dmn.Decision, e *Edition, vars feel.Vars, at time.Time) Outcome {
	res := d.Eval(&feel.Env{Vars: vars, Now: func() time.Time { return at }})
	res.Trace.Model.Key, res.Trace.Model.Version = e.Key, e.Version
	o := Outcome{
		Edition: e, SHA256: hash(e.Models), Name: d.Name(), Verdict: verdict(res), Missing: res.Missing, Trace: res.Trace,
	}
	if o.Verdict != Incomplete {
		o.Value = res.Value
	}
	read := map[string]feel.Value{}
	for _, s := range res.Trace.Steps {
		if s.Kind == "input" {
			read[s.Name] = s.Value.Value
		}
		for _, t := range s.Tables {
			o.Rules = append(o.Rules, chosen(s, t)...)
		}
	}
	for _, in := range d.Inputs() {
		if v, ok := read[in.Name]; ok {
			o.Inputs = append(o.Inputs, Input{in.Name, v})
		}
	}
	return o
}

func verdict(res dmn.Result) string {
	switch v := res.Value.(type) {
	case nil:
		if res.Undetermined {
			return Incomplete
		}
		return None
	case bool:
		switch {
		case res.Undetermined:
			return Incomplete
		case v:
			return Yes
		}
		return No
	}
	if res.Undetermined {
		return Incomplete
	}
	return Value
}

// chosen gives the rules that made the result of a table.
func chosen(s *dmn.Step, t *dmn.TableStep) []Rule {
	name := t.Name
	if name == "" || name == t.ID {
		name = s.Name
	}
	var out []Rule
	for _, row := range t.Met {
		if !slices.Contains(t.Chosen, row.Number) {
			continue
		}
		r := Rule{Table: name, Row: row.Number}
		for _, n := range row.Notes {
			if n.Text != "" {
				r.Basis = append(r.Basis, n.Text)
			}
		}
		out = append(out, r)
	}
	return out
}

// hash names an edition by its bytes: the SHA-256 of the model, or of the hashes of model and imports one after the other.
func hash(models []*dmn.Model) string {
	if len(models) == 1 {
		return models[0].SHA256
	}
	h := sha256.New()
	for _, m := range models {
		h.Write([]byte(m.SHA256))
	}
	return hex.EncodeToString(h.Sum(nil))
}
