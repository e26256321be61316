package flow

import (
	"fmt"
	"strings"
)

// marker writes a random multi-instance marker, or a standard loop.
func (g *modeler) marker() string {
	if g.r.Intn(5) == 0 {
		return `<standardLoopCharacteristics loopMaximum="2"><loopCondition>outcome = "b" and loopCounter > 0</loopCondition></standardLoopCharacteristics>`
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<multiInstanceLoopCharacteristics isSequential="%v">`, g.r.Intn(2) == 0)
	if g.r.Intn(2) == 0 {
		b.WriteString(`<extensionElements><cs:loop collection='["x", "y", "z"]' element="item" output="list" result='item + string(loopCounter)'/></extensionElements>`)
	} else {
		fmt.Fprintf(&b, `<loopCardinality>%d</loopCardinality>`, g.r.Intn(4))
	}
	if g.r.Intn(3) == 0 {
		b.WriteString(`<completionCondition>numberOfCompletedInstances &gt;= 2 and nrOfActiveInstances + nrOfCompletedInstances &lt;= nrOfInstances</completionCondition>`)
	}
	b.WriteString(`</multiInstanceLoopCharacteristics>`)
	return b.String()
}

// put writes a text behind the start tag and the extension elements of an element written before.
func (g *modeler) put(id, text string) {
	s := g.b.String()
	at := strings.Index(s, ` id="`+id+`"`)
	at += strings.Index(s[at:], ">") + 1
	if strings.HasPrefix(s[at:], `<extensionElements>`) {
		at += strings.Index(s[at:], `</extensionElements>`) + len(`</extensionElements>`)
	}
	g.b.Reset()
	g.b.WriteString(s[:at] + text + s[at:])
}

// repeated writes a random activity that is done many times.
func (g *modeler) repeated(depth int) (in, out string) {
	switch g.r.Intn(6) {
	case 0:
		in = g.id("c")
		fmt.Fprintf(&g.b, `<receiveTask id="%s" messageRef="m">%s</receiveTask>`+"\n", in, g.marker())
		return in, in
	case 1:
		in = g.id("c")
		fmt.Fprintf(&g.b, `<task id="%s">%s</task>`+"\n", in, g.marker())
		return in, in
	case 2:
		in = g.task("")
		g.put(in, g.marker())
	default:
		in = g.scopeAround(depth, func(out string) string { return out })
		g.put(in, g.marker())
	}
	switch g.r.Intn(4) {
	case 0:
		x, b := g.id("x"), g.boundary(in, true)
		fmt.Fprintf(&g.b, `<exclusiveGateway id="%s"/>`+"\n", x)
		g.flow(in, x, plainEnd)
		g.flow(b, x, plainEnd)
		return in, x
	case 1:
		b, end := g.boundary(in, false), g.id("e")
		fmt.Fprintf(&g.b, `<endEvent id="%s"/>`+"\n", end)
		a, z := g.block(depth - 2)
		g.flow(b, a, plainEnd)
		g.flow(z, end, plainEnd)
	}
	return in, in
}

// calling writes a call of another system or of another process, sometimes of many, sometimes with an event on it.
func (g *modeler) calling() (in, out string) {
	in = g.id("k")
	marker := ""
	if g.r.Intn(3) == 0 {
		marker = g.marker()
	}
	if g.r.Intn(2) == 0 {
		fmt.Fprintf(&g.b, `<serviceTask id="%s"><extensionElements><cs:service kind="call" name="https://x.test/" data="{n: 1}" result="answer"/></extensionElements>%s</serviceTask>`+"\n", in, marker)
	} else {
		fmt.Fprintf(&g.b, `<callActivity id="%s" calledElement="child">%s</callActivity>`+"\n", in, marker)
	}
	if g.r.Intn(2) == 0 {
		return in, in
	}
	b, x := g.id("b"), g.id("x")
	fmt.Fprintf(&g.b, `<boundaryEvent id="%s" attachedToRef="%s">%s</boundaryEvent><exclusiveGateway id="%s"/>`+"\n", b, in, [...]string{`<errorEventDefinition/>`, happenings[2]}[g.r.Intn(2)], x)
	g.flow(in, x, plainEnd)
	g.flow(b, x, plainEnd)
	return in, x
}
