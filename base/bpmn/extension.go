package bpmn

import (
	"slices"
	"strconv"
	"strings"
)

// The extension attributes of packs, namespace "urn:chengshu:bpmn", written inside <bpmn:extensionElements>:
//
//	element          on                    attributes ("!" must be there; defaults in parentheses)
//	cs:task          any flow node         candidates FEEL · form "a,b!" · show "a,b" · state · skipSame (false) · recall (false) · title
//	cs:outcome       user task, many       id! · reason (false) · form "a,b!" · set FEEL context
//	cs:flow          sequence flow         outcome!          short form: attribute cs:outcome on the sequence flow itself
//	cs:sla           process, task, many   limit! FEEL · unit! · scope task|instance (task; instance on a process) · name (scope)
//	                                       · warn (0.7) · yellow (1) · red (1.5), parts of the limit; 0 is off
//	                                       · kind statutory|promised|step (step; promised of an instance) · basis clause
//	                                       · from FEEL instant it counts from (now)
//	cs:return        process, user task    to! none|previous|starter|any · resubmit replay|direct (replay)
//	cs:countersign   user task             mode! all|any|percent|veto · percent (100) · order seq|par (par) · members! FEEL · allowAdd (false)
//	cs:service       service, send, rule, many   kind! set|notify|command|call|decision|document · set FEEL context · to FEEL · message key
//	                                       · name · data FEEL · result variable (vars.<result> afterwards)
//	cs:clock         any flow node         pause! reason code · basis clause · limit FEEL · unit
//	cs:loop          multi-instance marker collection FEEL list · element variable · output variable (vars.<output> afterwards) · result FEEL
//
// candidates: role(name), role(name, org), roleIn(name, area), roleAt(name, org, area), person(id), or a list of them.
// form: record fields a person writes at this step, "!" = required here; show: fields shown and not written.
// state: record state set when the token enters the node. outcome: the chosen one is the variable `outcome`; its words
// stand in the locale under flow.<process>.<node>.<outcome>; either every outgoing flow of the task names one outcome,
// or one flow leads to a gateway that asks for it. unit: workday workhour urgentday urgenthour day hour minute, or FEEL
// in braces. return on the process holds for all its user tasks; without one nothing can be returned. clock: the clocks
// of the instance stand still while the token is on the node; limit is the promised length of the pause. A limit of scope
// instance on a node starts when a token first enters the node and runs on until the instance ends.
// service kind call: name is the https address of the other system, whose host the configuration must allow; the call is made
// after the commit, and the token waits for the answer. service kind document is refused for now.
// loop stands in the extensionElements of multiInstanceLoopCharacteristics: one instance a member of collection, which its
// expressions read by the name element beside loopCounter (1, 2, …); result is evaluated when an instance is done, and output
// is the list of the results in the order of the members, null for those that a completionCondition made needless.
// An attribute or element of the namespace that is not in this table is a problem of the model, never ignored.
var csTable = map[string]csRule{
	"task":        {attrs: []string{"candidates", "form", "show", "state", "skipSame", "recall", "title"}},
	"outcome":     {must: []string{"id"}, attrs: []string{"reason", "form", "set"}},
	"flow":        {must: []string{"outcome"}},
	"sla":         {must: []string{"limit", "unit"}, attrs: []string{"scope", "name", "warn", "yellow", "red", "kind", "basis", "from"}},
	"return":      {must: []string{"to"}, attrs: []string{"resubmit"}},
	"countersign": {must: []string{"mode", "members"}, attrs: []string{"percent", "order", "allowAdd"}},
	"service":     {must: []string{"kind"}, attrs: []string{"set", "to", "message", "name", "data", "result"}},
	"loop":        {attrs: []string{"collection", "element", "output", "result"}},
	"clock":       {must: []string{"pause"}, attrs: []string{"basis", "limit", "unit"}},
}

type csRule struct{ must, attrs []string }

// Extension is what extensionElements of one element say, in our own words and in those of other vendors.
type Extension struct {
	Task        *TaskExt
	Outcomes    []Outcome
	SLAs        []SLA
	Return      *Return
	Countersign *Countersign
	Services    []Service
	Clock       *Clock
	Foreign     Foreign
}

// TaskExt is cs:task.
type TaskExt struct {
	Candidates string // FEEL
	Form       []FormField
	Show       []string
	State      string
	SkipSame   bool
	Recall     bool
	Title      string // message key
}

// FormField is a record field written by a person at a step.
type FormField struct {
	Name     string
	Required bool
}

// Outcome is cs:outcome.
type Outcome struct {
	ID     string
	Reason bool // a reason must be given
	Form   []FormField
	Set    string // FEEL context of record fields
}

// SLA is cs:sla. The thresholds are thousandths of the limit; 0 is off.
type SLA struct {
	Limit, Unit, Scope, Name string
	Kind                     string // "statutory" 法定, "promised" 承诺, "step" 环节
	Basis                    string // clause of the law
	From                     string // FEEL; empty: when it is started
	Warn, Yellow, Red        int
}

// Return is cs:return.
type Return struct {
	To     string // "none", "previous", "starter", "any"
	Direct bool   // resubmit="direct": completion goes straight back to the returning node
}

// Countersign is cs:countersign.
type Countersign struct {
	Mode       string // "all", "any", "percent", "veto"
	Percent    int
	Sequential bool
	Members    string // FEEL list of candidates
	AllowAdd   bool
}

// Service is cs:service.
type Service struct {
	Kind                                 string // "set", "notify", "command", "call", "decision", "document"
	Set, To, Message, Name, Data, Result string
}

// Clock is cs:clock: a pause with its reason and clause.
type Clock struct {
	Pause, Basis, Limit, Unit string
}

// Foreign is what zeebe:, camunda:, flowable: and activiti: say of a task, as it is written: a plain text, "=" and FEEL
// (zeebe), or "${…}" (the others).
type Foreign struct {
	Assignee, Groups, Users, Form, Due string
}

// extension reads the extension elements of e and the attributes of other vendors on e itself.
func (r *reader) extension(e *element) Extension {
	x := Extension{Foreign: foreignTask(e)}
	for _, k := range extensions(e) {
		if k.Space != CS {
			continue
		}
		if !r.lawful(e, k) {
			continue
		}
		switch k.Name {
		case "task":
			x.Task = r.taskExt(e, k)
		case "outcome":
			o := Outcome{ID: k.Attr("id"), Reason: k.Flag("reason", false), Form: fields(k.Attr("form")), Set: k.Attr("set")}
			x.Outcomes = append(x.Outcomes, o)
		case "sla":
			x.SLAs = append(x.SLAs, r.sla(e, k))
		case "return":
			r.oneOf(e, k, "to", "none", "previous", "starter", "any")
			r.oneOf(e, k, "resubmit", "", "replay", "direct")
			x.Return = &Return{To: k.Attr("to"), Direct: k.Attr("resubmit") == "direct"}
		case "countersign":
			x.Countersign = r.countersign(e, k)
		case "service":
			r.oneOf(e, k, "kind", "set", "notify", "command", "call", "decision", "document")
			x.Services = append(x.Services, Service{
				Kind: k.Attr("kind"), Set: k.Attr("set"), To: k.Attr("to"), Message: k.Attr("message"),
				Name: k.Attr("name"), Data: k.Attr("data"), Result: k.Attr("result"),
			})
		case "loop":
			r.problem(e, "bpmn.ext.element", "element", k.Name) // stands on the marker, not on the activity
		case "clock":
			x.Clock = &Clock{Pause: k.Attr("pause"), Basis: k.Attr("basis"), Limit: k.Attr("limit"), Unit: k.Attr("unit")}
		}
	}
	return x
}

// extensions gives the children of the extension elements of e.
func extensions(e *element) []*element {
	if x := e.Child("extensionElements"); x != nil {
		return x.Kids
	}
	return nil
}

// lawful checks k against the table.
func (r *reader) lawful(e, k *element) bool {
	rule, ok := csTable[k.Name]
	if !ok {
		r.problem(e, "bpmn.ext.element", "element", k.Name)
		return false
	}
	for _, name := range rule.must {
		if strings.TrimSpace(k.Attr(name)) == "" {
			r.problem(e, "bpmn.ext.missing", "element", k.Name, "attribute", name)
		}
	}
	for _, a := range k.Attrs {
		known := slices.Contains(rule.must, a.Name.Local) || slices.Contains(rule.attrs, a.Name.Local)
		if a.Name.Space == "" && a.Name.Local != "xmlns" && !known {
			r.problem(e, "bpmn.ext.attribute", "element", k.Name, "attribute", a.Name.Local)
		}
	}
	return true
}

func (r *reader) oneOf(e, k *element, attr string, words ...string) {
	if !slices.Contains(words, k.Attr(attr)) {
		r.problem(e, "bpmn.ext.value", "element", k.Name, "attribute", attr, "value", k.Attr(attr))
	}
}

func (r *reader) taskExt(e, k *element) *TaskExt {
	for _, attr := range []string{"skipSame", "recall"} {
		r.oneOf(e, k, attr, "", "true", "false")
	}
	t := &TaskExt{
		Candidates: k.Attr("candidates"), Form: fields(k.Attr("form")), State: k.Attr("state"),
		SkipSame: k.Flag("skipSame", false), Recall: k.Flag("recall", false), Title: k.Attr("title"),
	}
	for _, f := range fields(k.Attr("show")) {
		t.Show = append(t.Show, f.Name)
	}
	return t
}

func (r *reader) sla(e, k *element) SLA {
	s := SLA{Limit: k.Attr("limit"), Unit: strings.TrimSpace(k.Attr("unit")), Scope: k.Attr("scope"), Name: k.Attr("name")}
	r.oneOf(e, k, "scope", "", "task", "instance")
	if s.Scope == "" {
		s.Scope = "task"
		if e.Name == "process" {
			s.Scope = "instance"
		}
	}
	if s.Name == "" {
		s.Name = s.Scope
	}
	r.oneOf(e, k, "kind", "", "statutory", "promised", "step")
	s.Kind, s.Basis, s.From = k.Attr("kind"), k.Attr("basis"), k.Attr("from")
	if s.Kind == "" && s.Scope == "instance" {
		s.Kind = "promised"
	} else if s.Kind == "" {
		s.Kind = "step"
	}
	s.Warn, s.Yellow, s.Red = r.part(e, k, "warn", 700), r.part(e, k, "yellow", 1000), r.part(e, k, "red", 1500)
	return s
}

// part reads a part of a limit, "0.7", in thousandths.
func (r *reader) part(e, k *element, attr string, def int) int {
	s := strings.TrimSpace(k.Attr(attr))
	if s == "" {
		return def
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || v < 0 || v > 100 {
		r.problem(e, "bpmn.ext.value", "element", k.Name, "attribute", attr, "value", s)
		return def
	}
	return int(v*1000 + 0.5)
}

func (r *reader) countersign(e, k *element) *Countersign {
	r.oneOf(e, k, "mode", "all", "any", "percent", "veto")
	r.oneOf(e, k, "order", "", "seq", "par")
	c := &Countersign{
		Mode: k.Attr("mode"), Sequential: k.Attr("order") == "seq", Members: k.Attr("members"),
		AllowAdd: k.Flag("allowAdd", false), Percent: 100,
	}
	if s := k.Attr("percent"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 100 {
			r.problem(e, "bpmn.ext.value", "element", k.Name, "attribute", "percent", "value", s)
			n = 100
		}
		c.Percent = n
	}
	return c
}

// fields reads "a, b!".
func fields(list string) []FormField {
	var out []FormField
	for part := range strings.SplitSeq(list, ",") {
		part = strings.TrimSpace(part)
		name, required := strings.CutSuffix(part, "!")
		if name != "" {
			out = append(out, FormField{Name: strings.TrimSpace(name), Required: required})
		}
	}
	return out
}

// flowOutcome reads cs:flow or the attribute cs:outcome of a sequence flow.
func (r *reader) flowOutcome(e *element) string {
	for _, a := range e.Attrs {
		if a.Name.Space == CS && a.Name.Local == "outcome" {
			return a.Value
		}
	}
	for _, k := range extensions(e) {
		if k.Space != CS {
			continue
		}
		if k.Name != "flow" {
			r.problem(e, "bpmn.ext.element", "element", k.Name)
			continue
		}
		if r.lawful(e, k) {
			return k.Attr("outcome")
		}
	}
	return ""
}
