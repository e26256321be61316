package flow

import (
	"fmt"
	"strings"
)

// roots are what the events of random models refer to.
const eventRoots = `<message id="m" name="paid"/><signal id="sg" name="storm"/><error id="er" name="bad" errorCode="E1"/><escalation id="es" name="up" escalationCode="X1"/>
`

// happenings are event definitions that come from outside.
var happenings = [...]string{
	`<messageEventDefinition messageRef="m"/>`, `<signalEventDefinition signalRef="sg"/>`,
	`<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>`,
	`<conditionalEventDefinition><condition>starter = null</condition></conditionalEventDefinition>`,
}

func (g *modeler) happening() string {
	first := g.r.Intn(len(happenings))
	if g.r.Intn(4) == 0 { // any of two
		return happenings[first] + happenings[(first+1)%len(happenings)]
	}
	return happenings[first]
}

// eventBlock writes a random block of events.
func (g *modeler) eventBlock(depth int) (in, out string) {
	switch g.r.Intn(7) {
	case 0:
		in = g.id("c")
		fmt.Fprintf(&g.b, `<intermediateCatchEvent id="%s">%s</intermediateCatchEvent>`+"\n", in, happenings[g.r.Intn(3)]+[]string{"", "", happenings[3]}[g.r.Intn(3)])
		return in, in
	case 1:
		return g.eventGate(depth)
	case 2:
		return g.failing(depth)
	case 3:
		return g.eventSub(depth)
	case 4:
		return g.compensated(depth)
	case 5:
		in, out = g.id("l"), g.id("l")
		fmt.Fprintf(&g.b, `<intermediateThrowEvent id="%s"><linkEventDefinition name="%s"/></intermediateThrowEvent><intermediateCatchEvent id="%s"><linkEventDefinition name="%s"/></intermediateCatchEvent>`+"\n",
			in, in, out, in)
		return in, out
	default:
		id := g.task(`</extensionElements><standardLoopCharacteristics loopMaximum="2"><loopCondition>outcome = "b"</loopCondition></standardLoopCharacteristics><extensionElements>`)
		s := g.b.String() // the marker stands behind the extension elements
		g.b.Reset()
		g.b.WriteString(strings.Replace(s, `<extensionElements></extensionElements>`, ``, 1))
		return id, id
	}
}

func (g *modeler) eventGate(depth int) (in, out string) {
	in, out = g.id("eg"), g.id("x")
	fmt.Fprintf(&g.b, `<eventBasedGateway id="%s"/><exclusiveGateway id="%s"/>`+"\n", in, out)
	for i := range 2 + g.r.Intn(2) {
		c := g.id("c")
		fmt.Fprintf(&g.b, `<intermediateCatchEvent id="%s">%s</intermediateCatchEvent>`+"\n", c, happenings[i])
		a, b := g.block(depth - 1)
		g.flow(in, c, plainEnd)
		g.flow(c, a, plainEnd)
		g.flow(b, out, plainEnd)
	}
	return in, out
}

// scopeAround writes a sub-process around a block; more stands inside as well.
func (g *modeler) scopeAround(depth int, more func(out string) string) string {
	id, s, e := g.id("p"), g.id("s"), g.id("e")
	fmt.Fprintf(&g.b, `<subProcess id="%s"><startEvent id="%s"/><endEvent id="%s"/>`+"\n", id, s, e)
	a, b := g.block(depth - 1)
	g.flow(s, a, plainEnd)
	g.flow(more(b), e, plainEnd)
	g.b.WriteString("</subProcess>\n")
	return id
}

// failing writes a sub-process that may end in an error or throws an escalation, and what catches it.
func (g *modeler) failing(depth int) (in, out string) {
	kind := "error"
	if g.r.Intn(2) == 0 {
		kind = "escalation"
	}
	id := g.scopeAround(depth, func(out string) string {
		if kind == "escalation" {
			w := g.id("w")
			fmt.Fprintf(&g.b, `<intermediateThrowEvent id="%s"><escalationEventDefinition escalationRef="es"/></intermediateThrowEvent>`, w)
			g.flow(out, w, plainEnd)
			return w
		}
		t, x, y, z := g.task(""), g.id("x"), g.id("x"), g.id("z")
		fmt.Fprintf(&g.b, `<exclusiveGateway id="%s"/><exclusiveGateway id="%s"/><endEvent id="%s"><errorEventDefinition errorRef="er"/></endEvent>`+"\n", x, y, z)
		g.flow(out, t, plainEnd)
		g.flow(t, x, plainEnd)
		g.flow(x, y, cond(`outcome = "a"`))
		g.flow(x, z, cond(`outcome != "a"`))
		return y
	})
	b := g.id("b")
	cancel := kind == "error" || g.r.Intn(2) == 0
	fmt.Fprintf(&g.b, `<boundaryEvent id="%s" attachedToRef="%s" cancelActivity="%v"><%sEventDefinition/></boundaryEvent>`+"\n", b, id, cancel, kind)
	if !cancel {
		end := g.id("e")
		fmt.Fprintf(&g.b, `<endEvent id="%s"/>`+"\n", end)
		a, z := g.block(depth - 2)
		g.flow(b, a, plainEnd)
		g.flow(z, end, plainEnd)
		return id, id
	}
	x := g.id("x")
	fmt.Fprintf(&g.b, `<exclusiveGateway id="%s"/>`+"\n", x)
	g.flow(id, x, plainEnd)
	g.flow(b, x, plainEnd)
	return id, x
}

// eventSub writes a sub-process with an event sub-process inside.
func (g *modeler) eventSub(depth int) (in, out string) {
	id := g.scopeAround(depth, func(out string) string {
		v, s, e := g.id("v"), g.id("s"), g.id("e")
		fmt.Fprintf(&g.b, `<subProcess id="%s" triggeredByEvent="true"><startEvent id="%s" isInterrupting="%v">%s</startEvent><endEvent id="%s"/>`+"\n",
			v, s, g.r.Intn(2) == 0, g.happening(), e)
		a, b := g.block(depth - 2)
		g.flow(s, a, plainEnd)
		g.flow(b, e, plainEnd)
		g.b.WriteString("</subProcess>\n")
		return out
	})
	return id, id
}

// compensated writes activities with handlers and a throw event behind them.
func (g *modeler) compensated(depth int) (in, out string) {
	first, second, w := g.task(""), g.scopeAround(depth, func(out string) string { return out }), g.id("w")
	g.flow(first, second, plainEnd)
	for _, on := range []string{first, second} {
		b, h := g.id("b"), g.task("")
		s := strings.Replace(g.b.String(), `<userTask id="`+h+`"`, `<userTask id="`+h+`" isForCompensation="true"`, 1)
		g.b.Reset()
		g.b.WriteString(s)
		fmt.Fprintf(&g.b, `<boundaryEvent id="%s" attachedToRef="%s"><compensateEventDefinition/></boundaryEvent><association id="%s" sourceRef="%s" targetRef="%s"/>`+"\n",
			b, on, g.id("as"), b, h)
	}
	fmt.Fprintf(&g.b, `<intermediateThrowEvent id="%s"><compensateEventDefinition/></intermediateThrowEvent>`+"\n", w)
	g.flow(second, w, plainEnd)
	return first, w
}
