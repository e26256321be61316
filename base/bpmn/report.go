package bpmn

import "slices"

// Finding is one thing wrong with, or not executable in, a model.
type Finding struct {
	ID   string         `json:"id"`   // id of the element; empty where it has none
	Type string         `json:"type"` // local name of the element
	Line int            `json:"line"` // in the source
	Code string         `json:"code"` // message key
	Args map[string]any `json:"args,omitempty"`
}

func finding(id, typ string, line int, code string, args ...any) Finding {
	f := Finding{ID: id, Type: typ, Line: line, Code: code}
	for i := 0; i+1 < len(args); i += 2 {
		if key, ok := args[i].(string); ok {
			if f.Args == nil {
				f.Args = map[string]any{}
			}
			f.Args[key] = args[i+1]
		}
	}
	return f
}

// Find makes a finding about a node, for the lint of packages that execute models.
func (n *Node) Find(code string, args ...any) Finding {
	return finding(n.ID, string(n.Kind), n.Line, code, args...)
}

// executable says which event definitions the engine executes at which kind of event; "" is a none event.
// It is the one list of what kernel/flow can do and grows with it.
var executable = map[Kind][]string{
	Start:    {"", "message", "timer", "signal", "conditional"},
	End:      {"", "terminate", "message", "signal", "error", "escalation", "compensate"},
	Catch:    {"timer", "message", "signal", "conditional", "link"},
	Throw:    {"", "message", "signal", "escalation", "link", "compensate"},
	Boundary: {"timer", "message", "signal", "conditional", "error", "escalation", "compensate"},
}

// inEventSub is what may start an event sub-process.
var inEventSub = [...]string{"message", "timer", "signal", "conditional", "error", "escalation"}

// Unsupported lists what of the process the engine cannot execute: elements outside the subset (code
// bpmn.unsupported), by id and type. An empty list means executable as far as the element types go.
func (p *Process) Unsupported() []Finding {
	var out []Finding
	for _, n := range p.Nodes {
		switch n.Kind {
		case Task, UserTask, ServiceTask, SendTask, ReceiveTask, ScriptTask, ManualTask, RuleTask, CallActivity, SubProcess,
			Exclusive, Parallel, Inclusive, EventGateway:
		case Start, End, Catch, Throw, Boundary:
			out = append(out, n.events()...)
		default:
			out = append(out, n.Find("bpmn.unsupported"))
		}
		if n.Instantiate {
			out = append(out, n.Find("bpmn.unsupported", "part", "instantiate"))
		}
		if n.Loop != nil && n.Loop.Behavior != "" && n.Loop.Behavior != "All" {
			out = append(out, n.Find("bpmn.unsupported", "part", "behavior"))
		}
	}
	return out
}

// events judges the event definitions. Several on a catching event mean that any of them lets it happen; a throwing event
// throws one thing.
func (n *Node) events() []Finding {
	able := executable[n.Kind]
	if n.Kind == Start && n.Scope != nil {
		able = []string{""}
		if n.Scope.Triggered {
			able = inEventSub[:]
		}
	}
	types := []string{""}
	if len(n.Events) > 0 {
		types = types[:0]
	}
	for _, e := range n.Events {
		types = append(types, e.Type)
	}
	var out []Finding
	if n.Together {
		out = append(out, n.Find("bpmn.unsupported.together"))
	}
	if several := len(n.Events) > 1; several && (n.Kind == Throw || n.Kind == End) {
		out = append(out, n.Find("bpmn.unsupported.several"))
	} else if several {
		for _, alone := range []string{"link", "compensate"} {
			if slices.Contains(types, alone) {
				out = append(out, n.Find("bpmn.unsupported.alone", "part", alone))
			}
		}
	}
	for _, typ := range types {
		if !slices.Contains(able, typ) {
			out = append(out, n.Find("bpmn.unsupported", "part", typ+"EventDefinition"))
		}
	}
	return out
}
