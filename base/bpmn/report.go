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
	Start:    {""},
	End:      {"", "terminate", "message"},
	Catch:    {"timer", "message"},
	Throw:    {"", "message"},
	Boundary: {"timer", "message"},
}

// Unsupported lists what of the process the engine cannot execute: elements outside the subset (code
// bpmn.unsupported), by id and type. An empty list means executable as far as the element types go.
func (p *Process) Unsupported() []Finding {
	var out []Finding
	for _, n := range p.Nodes {
		switch n.Kind {
		case Task, UserTask, ServiceTask, SendTask, ReceiveTask, ScriptTask, ManualTask, RuleTask, CallActivity, SubProcess,
			Exclusive, Parallel, Inclusive:
		case Start, End, Catch, Throw, Boundary:
			out = append(out, n.events()...)
		default:
			out = append(out, n.Find("bpmn.unsupported"))
		}
		if n.Triggered {
			out = append(out, n.Find("bpmn.unsupported", "part", "triggeredByEvent"))
		}
		if n.Compensation {
			out = append(out, n.Find("bpmn.unsupported", "part", "isForCompensation"))
		}
		if n.Loop != nil && (!n.Loop.Multi || n.Kind != UserTask) {
			out = append(out, n.Find("bpmn.unsupported", "part", "loop"))
		}
	}
	return out
}

func (n *Node) events() []Finding {
	typ := ""
	if len(n.Events) > 0 {
		typ = n.Events[0].Type
	}
	if len(n.Events) > 1 {
		return []Finding{n.Find("bpmn.unsupported", "part", "several events")}
	}
	if !slices.Contains(executable[n.Kind], typ) {
		return []Finding{n.Find("bpmn.unsupported", "part", typ+"EventDefinition")}
	}
	return nil
}
