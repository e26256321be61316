package bpmn

import (
	"cmp"
	"strconv"
	"strings"
)

// Loop is a loop marker: the standard loop, or multi-instance.
type Loop struct {
	Multi      bool // multi-instance, else the standard loop
	Sequential bool
	Count      string // loopCardinality: how many instances
	Collection string // expression of the list, one instance a member
	Element    string // variable of one member; empty for none
	Output     string // variable that gets the list of results; empty for none
	Result     string // expression of the result of one instance
	Completion string // completionCondition
	Behavior   string // when an instance that ends throws an event; "All", never, by default
	// Of the standard loop: the activity is done again while While is true, Max times at most (0 is without bound).
	While  string
	Before bool // testBefore: asked before the first time as well
	Max    int
}

// loop reads the loop marker of e. What our own extension element cs:loop does not say is taken from the words of other
// vendors, then from those of BPMN.
func (r *reader) loop(e *element) *Loop {
	if s := e.child("standardLoopCharacteristics"); s != nil {
		count, err := strconv.Atoi(strings.TrimSpace(s.attr("loopMaximum")))
		if err != nil {
			count = 0
		}
		return &Loop{While: plain(s.childText("loopCondition")), Before: s.flag("testBefore", false), Max: count}
	}
	m := e.child("multiInstanceLoopCharacteristics")
	if m == nil {
		return nil
	}
	own := &element{}
	for _, k := range extensions(m) {
		if k.space != CS {
			continue
		}
		if k.name != "loop" {
			r.problem(e, "bpmn.ext.element", "element", k.name)
		} else if r.lawful(e, k) {
			own = k
		}
	}
	item := m.child("inputDataItem")
	if item == nil {
		item = &element{}
	}
	const vendor = "loopCharacteristics"
	return &Loop{
		Multi: true, Sequential: m.flag("isSequential", false), Count: plain(m.childText("loopCardinality")),
		Collection: cmp.Or(own.attr("collection"), foreign(m, vendor, "inputCollection", "collection"), m.childText("loopDataInputRef")),
		Element:    cmp.Or(own.attr("element"), foreign(m, vendor, "inputElement", "elementVariable"), item.attr("name")),
		Output:     cmp.Or(own.attr("output"), foreign(m, vendor, "outputCollection"), m.childText("loopDataOutputRef")),
		Result:     cmp.Or(own.attr("result"), foreign(m, vendor, "outputElement")),
		Completion: plain(m.childText("completionCondition")),
		Behavior:   m.attr("behavior"),
	}
}
