// Package bpmn reads BPMN 2.0 process models into a resolved graph.
//
// The original bytes stay the truth: Model.Source is what was read, and nothing is ever written back. The reader takes
// ISO-8859-1, UTF-8, UTF-16 and GB18030, with or without a declaration, a byte order mark or a namespace prefix; it
// refuses document types and entities and caps size, depth and element count. It says what a model holds that the
// process engine cannot execute, and reads the extension attributes of packs (extension.go) and a few of other
// vendors. It does not execute anything; kernel/flow does.
//
// Main types: Model, Process, Node, Flow.
package bpmn

// Namespaces of the elements read.
const (
	Namespace = "http://www.omg.org/spec/BPMN/20100524/MODEL"
	DI        = "http://www.omg.org/spec/BPMN/20100524/DI"
	CS        = "urn:chengshu:bpmn"

	nsDC = "http://www.omg.org/spec/DD/20100524/DC"
	nsDD = "http://www.omg.org/spec/DD/20100524/DI"
)

// Model is one definitions element: processes, pools, named roots and the diagram.
type Model struct {
	Source    []byte // the bytes as handed in
	Encoding  string // encoding the text was decoded from, lower case: "utf-8", "iso-8859-1", …
	ID        string
	Name      string
	Target    string // targetNamespace
	Exporter  string
	Processes []*Process // in document order
	Pools     []*Pool
	Messages  []*MessageFlow
	Roots     map[string]*Root // messages, signals, errors, escalations, global tasks, by id
	Shapes    []*Shape
	Edges     []*Edge
	Problems  []Finding // references that do not resolve, lists that disagree, ids used twice, bad extensions
}

// Root is a named element of the definitions that events refer to.
type Root struct {
	ID   string
	Kind string // "message", "signal", "error", "escalation", "globalUserTask", …
	Name string
	Code string // errorCode or escalationCode; the correlation key expression of a message
}

// Pool is a participant of a collaboration.
type Pool struct {
	ID, Name string
	Process  *Process // nil for a closed pool
}

// MessageFlow connects pools or nodes of different pools. It has no effect on execution.
type MessageFlow struct {
	ID, Name, From, To string
}

// Process is one process with everything below it.
type Process struct {
	ID, Name   string
	Executable bool
	Nodes      []*Node // at any depth, in document order
	Flows      []*Flow // at any depth, in document order
	Lanes      []*Lane // at any depth
	Ext        Extension
	Line       int

	node map[string]*Node
	flow map[string]*Flow
}

// Node gives the flow node with that id, at any depth, or nil.
func (p *Process) Node(id string) *Node { return p.node[id] }

// Flow gives the sequence flow with that id, at any depth, or nil.
func (p *Process) Flow(id string) *Flow { return p.flow[id] }

// Top gives the nodes of one scope: those directly in the process for nil, else those directly in the sub-process.
func (p *Process) Top(scope *Node) []*Node {
	var out []*Node
	for _, n := range p.Nodes {
		if n.Scope == scope {
			out = append(out, n)
		}
	}
	return out
}

// Lane is a lane of a lane set; Nodes are those it names itself, not those of inner lanes.
type Lane struct {
	ID, Name string
	Parent   *Lane
	Nodes    []*Node
}

// Process gives the process with that id, or nil.
func (m *Model) Process(id string) *Process {
	for _, p := range m.Processes {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// Main gives the one process to execute: the only executable one, or the only one at all; nil where that is undecided.
func (m *Model) Main() *Process {
	var exec []*Process
	for _, p := range m.Processes {
		if p.Executable {
			exec = append(exec, p)
		}
	}
	if len(exec) == 1 {
		return exec[0]
	}
	if len(m.Processes) == 1 {
		return m.Processes[0]
	}
	return nil
}
