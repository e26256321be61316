package pack

import (
	"slices"
	"strings"

	"chengshu/base/bpmn"
	"chengshu/base/clock"
	"chengshu/kernel/schema"
)

// Pause is one reason of the closed list of lawful pauses (行政许可法 §45): a row of a code table named pause in any pack,
// with the columns code, name, basis (clause), applies (record types, "*" all, "permit.*" those of a pack), max (longest
// promise, "30 day") and notice (yes where a document must have told the applicant).
type Pause struct {
	Code, Name, Basis string
	Max               clock.Limit // zero: any
	Notice            bool

	applies []string
}

// Applies tells whether matters of a record type may be paused for this reason.
func (p *Pause) Applies(typ string) bool {
	return slices.ContainsFunc(p.applies, func(a string) bool {
		prefix, all := strings.CutSuffix(a, "*")
		return a == typ || all && strings.HasPrefix(typ, prefix)
	})
}

// Pauses gives the reasons for which matters of a record type may be paused, in the order of packs and rows.
func (b *Bundle) Pauses(typ string) []*Pause {
	var out []*Pause
	for _, p := range b.pauses {
		if p.Applies(typ) {
			out = append(out, p)
		}
	}
	return out
}

// Pause finds a reason that applies to a record type; of two packs the later one wins. nil: there is none.
func (b *Bundle) Pause(typ, code string) *Pause {
	for _, p := range slices.Backward(b.Pauses(typ)) {
		if p.Code == code {
			return p
		}
	}
	return nil
}

// pauses reads the tables of pauses.
func (l *loader) pauses() {
	for _, p := range l.bundle.Packs {
		t := l.bundle.Set.Codes(p.Name + ".pause")
		if t == nil {
			continue
		}
		for _, e := range t.Entries {
			one := &Pause{
				Code: e.Code, Name: e.Name, Basis: e.Attrs["basis"], Notice: e.Attrs["notice"] == "yes", applies: strings.Fields(e.Attrs["applies"]),
			}
			if text := e.Attrs["max"]; text != "" {
				limit, err := clock.ParseLimit(text)
				if err != nil {
					l.problems.Add(t.Pos, "pack.pause.max", "code", e.Code, "value", text)
				}
				one.Max = limit
			}
			if one.Basis == "" || len(one.applies) == 0 {
				l.problems.Add(t.Pos, "pack.pause.basis", "code", e.Code)
			}
			l.bundle.pauses = append(l.bundle.pauses, one)
		}
	}
}

// declaredPauses refuses a process that pauses for a reason that is not on the list for its record type.
func (l *loader) declaredPauses(p *Pack) {
	for _, f := range p.Flows {
		m, err := bpmn.Read(f.XML)
		if err != nil || f.Type == "" {
			continue // the process is judged when it is deployed
		}
		for _, process := range m.Processes {
			for _, n := range process.Nodes {
				if x := n.Ext.Clock; x != nil && l.bundle.Pause(f.Type, x.Pause) == nil {
					l.problems.Add(schema.Pos{File: f.File, Line: n.Line}, "pack.pause", "reason", x.Pause, "type", f.Type)
				}
			}
		}
	}
}
