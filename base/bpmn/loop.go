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
	if s := e.Child("standardLoopCharacteristics"); s != nil {
		count, err := strconv.Atoi(strings.TrimSpace(s.Attr("loopMaximum")))
		if err != nil {
			count = 0
		}
		return &Loop{While: plain(s.ChildText("loopCondition")), Before: s.Flag("testBefore", false), Max: count}
	}
	m := e.Child("multiInstanceLoopCharacteristics")
	if m == nil {
		return nil
	}
	own := &element{}
	for _, k := range extensions(m) {
		if k.Space != CS {
			continue
		}
		if k.Name != "loop" {
			r.problem(e, "bpmn.ext.element", "element", k.Name)
		} else if r.lawful(e, k) {
			own = k
		}
	}
	item := m.Child("inputDataItem")
	if item == nil {
		item = &element{}
	}
	const vendor = "loopCharacteristics"
	return &Loop{
		Multi: true, Sequential: m.Flag("isSequential", false), Count: plain(m.ChildText("loopCardinality")),
		Collection: cmp.Or(own.Attr("collection"), foreign(m, vendor, "inputCollection", "collection"), m.ChildText("loopDataInputRef")),
		Element:    cmp.Or(own.Attr("element"), foreign(m, vendor, "inputElement", "elementVariable"), item.Attr("name")),
		Output:     cmp.Or(own.Attr("output"), foreign(m, vendor, "outputCollection"), m.ChildText("loopDataOutputRef")),
		Result:     cmp.Or(own.Attr("result"), foreign(m, vendor, "outputElement")),
		Completion: plain(m.ChildText("completionCondition")),
		Behavior:   m.Attr("behavior"),
	}
}
