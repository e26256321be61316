package bpmn

// Kind is the local name of a flow node's element.
type Kind string

// The kinds of flow nodes.
const (
	Task         Kind = "task"
	UserTask     Kind = "userTask"
	ServiceTask  Kind = "serviceTask"
	SendTask     Kind = "sendTask"
	ReceiveTask  Kind = "receiveTask"
	ScriptTask   Kind = "scriptTask"
	ManualTask   Kind = "manualTask"
	RuleTask     Kind = "businessRuleTask"
	CallActivity Kind = "callActivity"
	SubProcess   Kind = "subProcess"
	Transaction  Kind = "transaction"
	AdHoc        Kind = "adHocSubProcess"

	Exclusive    Kind = "exclusiveGateway"
	Parallel     Kind = "parallelGateway"
	Inclusive    Kind = "inclusiveGateway"
	Complex      Kind = "complexGateway"
	EventGateway Kind = "eventBasedGateway"

	Start    Kind = "startEvent"
	End      Kind = "endEvent"
	Catch    Kind = "intermediateCatchEvent"
	Throw    Kind = "intermediateThrowEvent"
	Implicit Kind = "implicitThrowEvent"
	Boundary Kind = "boundaryEvent"
)

var nodeKinds = map[string]Kind{
	"task": Task, "userTask": UserTask, "serviceTask": ServiceTask, "sendTask": SendTask, "receiveTask": ReceiveTask,
	"scriptTask": ScriptTask, "manualTask": ManualTask, "businessRuleTask": RuleTask, "callActivity": CallActivity,
	"subProcess": SubProcess, "transaction": Transaction, "adHocSubProcess": AdHoc,
	"exclusiveGateway": Exclusive, "parallelGateway": Parallel, "inclusiveGateway": Inclusive,
	"complexGateway": Complex, "eventBasedGateway": EventGateway,
	"startEvent": Start, "endEvent": End, "intermediateCatchEvent": Catch, "intermediateThrowEvent": Throw,
	"implicitThrowEvent": Implicit, "boundaryEvent": Boundary,
}

// Gateway tells whether k is one of the five gateways.
func (k Kind) Gateway() bool {
	return k == Exclusive || k == Parallel || k == Inclusive || k == Complex || k == EventGateway
}

// Activity tells whether k is a task, a sub-process or a call: what a boundary event may be attached to.
func (k Kind) Activity() bool {
	switch k {
	case Task, UserTask, ServiceTask, SendTask, ReceiveTask, ScriptTask, ManualTask, RuleTask, CallActivity:
		return true
	default:
		return k.Container()
	}
}

// Container tells whether k holds nodes of its own.
func (k Kind) Container() bool { return k == SubProcess || k == Transaction || k == AdHoc }

// Node is a task, gateway, event, sub-process or call activity.
type Node struct {
	ID, Name     string
	Kind         Kind
	Process      *Process
	Scope        *Node // the sub-process it lies in; nil directly in the process
	Lane         *Lane // innermost lane naming it; nil without
	Incoming     []*Flow
	Outgoing     []*Flow
	Default      *Flow    // of exclusive and inclusive gateways and activities
	Attached     *Node    // of a boundary event: the activity it sits on
	Boundaries   []*Node  // of an activity: its boundary events, in document order
	Interrupting bool     // boundary: cancelActivity; start of an event sub-process: isInterrupting. True by default
	Triggered    bool     // sub-process started by an event
	Compensation bool     // isForCompensation
	Events       []*Event // event definitions; empty is a none event, several of a catching event mean any of them
	Together     bool     // parallelMultiple: all of several event definitions must happen
	Loop         *Loop    // multi-instance or standard loop; nil without
	Called       string   // call activity: id of the process or global task; rule task: decision id
	Script       string   // script task: text of the script
	Format       string   // script task: scriptFormat
	Message      *Root    // send and receive task: the message; nil without
	Doc          string   // text of the first documentation element
	Handler      *Node    // of a compensation boundary event: the activity its association leads to
	Instantiate  bool     // receive task or event gateway that would start the process, or a gateway of type Parallel
	Ext          Extension
	Shape        *Shape // nil inside a collapsed sub-process and in models without diagram
	Line         int    // line of the start tag in the source
}

// Depth counts the sub-processes around the node.
func (n *Node) Depth() int {
	d := 0
	for s := n.Scope; s != nil; s = s.Scope {
		d++
	}
	return d
}

// Event is one event definition of an event.
type Event struct {
	Type string // "timer", "message", "signal", "error", "escalation", "terminate", "link", "conditional", "compensate", "cancel"
	Ref  *Root  // message, signal, error, escalation; nil without
	Name string // name of the link or of Ref
	// Of a timer, exactly one of:
	Date, Duration, Cycle string
	Condition             string // of a conditional event
	Activity              *Node  // compensate: the one activity to compensate; nil is all of the scope
}

// Flow is a sequence flow.
type Flow struct {
	ID, Name  string
	From, To  *Node
	Condition string // expression text, a leading "=" removed; empty without
	Language  string // language attribute of the expression; empty is the model's
	Outcome   string // cs: outcome that takes this flow
	Scope     *Node
	Edge      *Edge // nil without diagram
	Line      int
}

// Shape is where a diagram draws an element.
type Shape struct {
	Element             string // id drawn; of nodes, lanes, pools, data, text
	X, Y, Width, Height float64
	Expanded            bool
	Horizontal          bool
}

// Edge is how a diagram draws a flow or association.
type Edge struct {
	Element string
	Points  []Point
}

// Point is a point of the diagram plane.
type Point struct{ X, Y float64 }
