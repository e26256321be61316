package flow

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"chengshu/base/bpmn"
	"chengshu/base/feel"
)

// modeler writes random block-structured models: sequences of tasks, choices, loops, forks, sub-processes, countersigns,
// boundary timers and the blocks of events of model_event_test.go, repeated activities (model_repeat_test.go), nested.
type modeler struct {
	r     *rand.Rand
	b     strings.Builder
	n     int
	tasks int
	max   int

	outside bool // calls of other systems and other processes, which need a database
}

func (g *modeler) id(kind string) string {
	g.n++
	return fmt.Sprintf("%s%d", kind, g.n)
}

func (g *modeler) flow(from, to, more string) {
	fmt.Fprintf(&g.b, `<sequenceFlow id="%s" sourceRef="%s" targetRef="%s"%s`+"\n", g.id("f"), from, to, more)
}

const plainEnd = `/>`

func cond(feel string) string {
	return `><conditionExpression>` + strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(feel) + `</conditionExpression></sequenceFlow>`
}

// task writes a user task with two outcomes and gives its id.
func (g *modeler) task(ext string) string {
	g.tasks++
	id := g.id("t")
	fmt.Fprintf(&g.b, `<userTask id="%[1]s"><extensionElements><cs:task candidates='role("r")' state="at-%[1]s" recall="true"/><cs:outcome id="a"/><cs:outcome id="b"/>%[2]s</extensionElements></userTask>`+"\n", id, ext)
	return id
}

// block writes a random block and gives its entry and exit node; the exit has no outgoing flow yet.
func (g *modeler) block(depth int) (in, out string) {
	if depth <= 0 || g.tasks >= g.max {
		id := g.task("")
		return id, id
	}
	kinds := 14
	if g.outside {
		kinds = 16
	}
	switch g.r.Intn(kinds) {
	case 14, 15:
		return g.calling()
	case 9, 10, 11:
		return g.eventBlock(depth)
	case 12, 13:
		return g.repeated(depth)
	case 0, 1, 2:
		return g.seq(depth)
	case 3, 4:
		return g.gateway(depth, "parallelGateway")
	case 5:
		return g.gateway(depth, "inclusiveGateway")
	case 6:
		return g.choice(depth)
	case 7:
		return g.sub(depth)
	default:
		modes := []string{"all", "any", "percent", "veto"}
		order := []string{"seq", "par"}
		id := g.task(fmt.Sprintf(`<cs:countersign mode="%s" percent="60" order="%s" members='[person("p1"), person("p2"), person("p3")]' allowAdd="true"/>`,
			modes[g.r.Intn(4)], order[g.r.Intn(2)]))
		return id, id
	}
}

func (g *modeler) seq(depth int) (in, out string) {
	in, out = g.block(depth - 1)
	for range 1 + g.r.Intn(2) {
		a, b := g.block(depth - 1)
		g.flow(out, a, plainEnd)
		out = b
	}
	return in, out
}

func (g *modeler) gateway(depth int, kind string) (in, out string) {
	in, out = g.id("g"), g.id("g")
	branches := 2 + g.r.Intn(2)
	def := ""
	if kind == "inclusiveGateway" {
		def = fmt.Sprintf(` default="d%s"`, in)
	}
	fmt.Fprintf(&g.b, `<%s id="%s"%s/><%s id="%s"/>`+"\n", kind, in, def, kind, out)
	conds := []string{`outcome = "a"`, `outcome = "b"`, `true`}
	for i := range branches {
		a, b := g.block(depth - 1)
		switch {
		case def != "" && i == 0:
			fmt.Fprintf(&g.b, `<sequenceFlow id="d%s" sourceRef="%s" targetRef="%s"/>`+"\n", in, in, a)
		case def != "":
			g.flow(in, a, cond(conds[g.r.Intn(3)]))
		default:
			g.flow(in, a, plainEnd)
		}
		g.flow(b, out, plainEnd)
	}
	return in, out
}

// choice writes a task whose outcome chooses between going on and either another branch or a loop back.
func (g *modeler) choice(depth int) (in, out string) {
	in, out = g.task(""), g.id("x")
	gate := g.id("x")
	fmt.Fprintf(&g.b, `<exclusiveGateway id="%s"/><exclusiveGateway id="%s"/>`+"\n", gate, out)
	g.flow(in, gate, plainEnd)
	a, b := g.block(depth - 1)
	g.flow(gate, a, cond(`outcome = "a"`))
	g.flow(b, out, plainEnd)
	if g.r.Intn(2) == 0 {
		g.flow(gate, in, cond(`outcome != "a"`))
		return in, out
	}
	c, d := g.block(depth - 1)
	g.flow(gate, c, cond(`outcome != "a"`))
	g.flow(d, out, plainEnd)
	return in, out
}

// sub writes an embedded sub-process, sometimes with a boundary timer.
func (g *modeler) sub(depth int) (in, out string) {
	id, s, e := g.id("p"), g.id("s"), g.id("e")
	fmt.Fprintf(&g.b, `<subProcess id="%s"><startEvent id="%s"/><endEvent id="%s"/>`+"\n", id, s, e)
	a, b := g.block(depth - 1)
	g.flow(s, a, plainEnd)
	g.flow(b, e, plainEnd)
	g.b.WriteString("</subProcess>\n")
	switch g.r.Intn(3) {
	case 0: // interrupting: joins the way out
		x, bd := g.id("x"), g.boundary(id, true)
		fmt.Fprintf(&g.b, `<exclusiveGateway id="%s"/>`+"\n", x)
		g.flow(id, x, plainEnd)
		g.flow(bd, x, plainEnd)
		return id, x
	case 1: // non-interrupting: a side path with its own end
		bd, end := g.boundary(id, false), g.id("e")
		fmt.Fprintf(&g.b, `<endEvent id="%s"/>`+"\n", end)
		a, b := g.block(depth - 2)
		g.flow(bd, a, plainEnd)
		g.flow(b, end, plainEnd)
	}
	return id, id
}

func (g *modeler) boundary(on string, interrupting bool) string {
	id := g.id("b")
	fmt.Fprintf(&g.b, `<boundaryEvent id="%s" attachedToRef="%s" cancelActivity="%v"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>`+"\n",
		id, on, interrupting)
	return id
}

// model writes a whole process.
func (g *modeler) model() string {
	a, b := g.block(3)
	g.b.WriteString(`<startEvent id="start"/><endEvent id="end"/>` + "\n")
	g.flow("start", a, plainEnd)
	g.flow(b, "end", plainEnd)
	return wrap(g.b.String())
}

// wrap makes a process definition of its inside. Anything may be returned to.
func wrap(inside string) string {
	return `<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:cs="urn:chengshu:bpmn" targetNamespace="t" id="d">
` + eventRoots + `<process id="p" isExecutable="true"><extensionElements><cs:return to="any"/></extensionElements>
` + inside + `</process></definitions>`
}

// planOf builds the plan of a model and fails on a finding.
func planOf(t *testing.T, xml string) *plan {
	t.Helper()
	p, found := lintOf(t, xml)
	for _, f := range found {
		t.Fatalf("%s %s: %s %v\n%s", f.Type, f.ID, f.Code, f.Args, xml)
	}
	return p
}

func lintOf(t *testing.T, xml string) (*plan, []bpmn.Finding) {
	t.Helper()
	m, err := bpmn.Read([]byte(xml))
	if err != nil {
		t.Fatalf("%v\n%s", err, xml)
	}
	if len(m.Problems) > 0 {
		t.Fatalf("%+v\n%s", m.Problems, xml)
	}
	return build("p", "test.case", m.Main(), feel.NewScope().Var("amount", feel.NumberType).Var("street", feel.StringType), true)
}
