package dmn_test

import (
	"testing"

	"chengshu/base/feel"
)

func TestBoxed(t *testing.T) {
	t.Parallel()
	lit := literal
	for _, c := range []struct{ name, logic, want string }{
		{"empty literal", `<literalExpression/>`, `null`},
		{"typed literal", `<literalExpression typeRef="string"><text>1</text></literalExpression>`, `null`},
		{"context", `<context><contextEntry><variable name="a b"/>` + lit(`2`) + `</contextEntry><contextEntry><variable name="c"/>` + lit(`a b * n`) + `</contextEntry></context>`, `{a b: 2, c: 6}`},
		{"context result", `<context><contextEntry><variable name="x"/>` + lit(`n`) + `</contextEntry><contextEntry>` + lit(`x + 1`) + `</contextEntry></context>`, `4`},
		{"context shadows", `<context><contextEntry><variable name="n"/>` + lit(`10`) + `</contextEntry><contextEntry>` + lit(`n`) + `</contextEntry></context>`, `10`},
		{"context entry type", `<context><contextEntry><variable name="x" typeRef="string"/>` + lit(`n`) + `</contextEntry></context>`, `{x: null}`},
		{"nested names", `<context><contextEntry><variable name="p"/><context><contextEntry><variable name="full name"/>` + lit(`"x"`) + `</contextEntry></context></contextEntry><contextEntry>` + lit(`p.full name`) + `</contextEntry></context>`, `"x"`},
		{"list", `<list>` + lit(`n`) + `<list>` + lit(`1`) + `</list></list>`, `[3, [1]]`},
		{"relation", `<relation><column name="a"/><column name="b" typeRef="number"/><row>` + lit(`1`) + lit(`2`) + `</row><row>` + lit(`3`) + lit(`"x"`) + `</row></relation>`, `[{a: 1, b: 2}, {a: 3, b: null}]`},
		{"short row", `<relation><column name="a"/><column name="b"/><row>` + lit(`1`) + `</row></relation>`, `[{a: 1, b: null}]`},
		{"then", `<conditional><if>` + lit(`n > 2`) + `</if><then>` + lit(`"y"`) + `</then><else>` + lit(`"z"`) + `</else></conditional>`, `"y"`},
		{"else on null", `<conditional><if>` + lit(`null`) + `</if><then>` + lit(`"y"`) + `</then><else>` + lit(`"z"`) + `</else></conditional>`, `"z"`},
		{"no condition", `<conditional><if>` + lit(`"a"`) + `</if><then>` + lit(`"y"`) + `</then><else>` + lit(`"z"`) + `</else></conditional>`, `null`},
		{"for", `<for iteratorVariable="x"><in>` + lit(`[1, 2]`) + `</in><return>` + lit(`x * n`) + `</return></for>`, `[3, 6]`},
		{"for partial", `<for iteratorVariable="x"><in>` + lit(`[1, 2, 3]`) + `</in><return>` + lit(`x + count(partial)`) + `</return></for>`, `[1, 3, 5]`},
		{"for range", `<for iteratorVariable="x"><in>` + lit(`[2..4)`) + `</in><return>` + lit(`x`) + `</return></for>`, `[2, 3]`},
		{"for null", `<for iteratorVariable="x"><in>` + lit(`null`) + `</in><return>` + lit(`x`) + `</return></for>`, `null`},
		{"some", `<some iteratorVariable="x"><in>` + lit(`[1, 5]`) + `</in><satisfies>` + lit(`x > n`) + `</satisfies></some>`, `true`},
		{"some unknown", `<some iteratorVariable="x"><in>` + lit(`[1, null]`) + `</in><satisfies>` + lit(`x > n`) + `</satisfies></some>`, `null`},
		{"every", `<every iteratorVariable="x"><in>` + lit(`[1, 5]`) + `</in><satisfies>` + lit(`x > n`) + `</satisfies></every>`, `false`},
		{"every of none", `<every iteratorVariable="x"><in>` + lit(`[]`) + `</in><satisfies>` + lit(`false`) + `</satisfies></every>`, `true`},
		{"filter", `<filter><in>` + lit(`[1, 5, 7]`) + `</in><match>` + lit(`item > n`) + `</match></filter>`, `[5, 7]`},
		{"filter fields", `<filter><in>` + lit(`[{a b: 1}, {a b: 5}]`) + `</in><match>` + lit(`a b > n`) + `</match></filter>`, `[{a b: 5}]`},
		{"filter of null", `<filter><in>` + lit(`null`) + `</in><match>` + lit(`true`) + `</match></filter>`, `[]`},
		{"function", `<context><contextEntry><variable name="f"/><functionDefinition><formalParameter name="x" typeRef="number"/>` + lit(`x * n`) + `</functionDefinition></contextEntry><contextEntry>` + lit(`f(4)`) + `</contextEntry></context>`, `12`},
		{"function argument type", `<context><contextEntry><variable name="f"/><functionDefinition><formalParameter name="x" typeRef="number"/>` + lit(`x = null`) + `</functionDefinition></contextEntry><contextEntry>` + lit(`f("a")`) + `</contextEntry></context>`, `null`},
		{"recursion", `<context><contextEntry><variable name="f"/>` + lit(`function(x, f) if x < 2 then 1 else x * f(x - 1, f)`) + `</contextEntry><contextEntry>` + lit(`f(5, f)`) + `</contextEntry></context>`, `120`},
		{"java", `<context><contextEntry><variable name="f"/>` + lit(`function(x) external {java: {class: "a", method signature: "b()"}}`) + `</contextEntry><contextEntry>` + lit(`f(1)`) + `</contextEntry></context>`, `null`},
		{"invocation", `<invocation>` + lit(`function(a, b) a - b`) + `<binding><parameter name="b"/>` + lit(`1`) + `</binding><binding><parameter name="a"/>` + lit(`n`) + `</binding></invocation>`, `2`},
		{"invocation of none", `<invocation>` + lit(`n`) + `</invocation>`, `null`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := compile(t, input("n", "number")+decide("r", c.logic, "i_n"))
			if got := text(d.Decision("r").Value(inputs(t, "n", `3`))); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestItems(t *testing.T) {
	t.Parallel()
	const types = `<itemDefinition name="tTag"><typeRef>string</typeRef><allowedValues><text>"a", "b"</text></allowedValues></itemDefinition>
		<itemDefinition name="tTags" isCollection="true"><typeRef>tTag</typeRef></itemDefinition>
		<itemDefinition name="tSome" isCollection="true"><typeRef>string</typeRef><allowedValues><text>"a", "b"</text></allowedValues></itemDefinition>
		<itemDefinition name="tFew" isCollection="true"><typeRef>number</typeRef><typeConstraint><text>count(?) &lt; 3</text></typeConstraint></itemDefinition>
		<itemDefinition name="tPerson"><itemComponent name="name"><typeRef>string</typeRef></itemComponent><itemComponent name="tag"><typeRef>tTag</typeRef></itemComponent></itemDefinition>
		<itemDefinition name="tNode"><itemComponent name="v"><typeRef>number</typeRef></itemComponent><itemComponent name="next"><typeRef>tNode</typeRef></itemComponent></itemDefinition>
		<itemDefinition name="tSmall"><typeRef>number</typeRef><allowedValues><text>&lt; 10</text></allowedValues></itemDefinition>
		<itemDefinition name="tTiny"><typeRef>tSmall</typeRef><allowedValues><text>&gt; 5</text></allowedValues></itemDefinition>
		<itemDefinition name="tFn"><functionItem outputTypeRef="number"><parameters name="x" typeRef="number"/></functionItem></itemDefinition>`
	for _, c := range []struct{ typ, in, want string }{
		{"tTag", `"a"`, `"a"`},
		{"tTag", `"c"`, `null`},
		{"tTag", `["a"]`, `"a"`},
		{"tTags", `["a", "b"]`, `["a", "b"]`},
		{"tTags", `["a", "c"]`, `null`},
		{"tTags", `"a"`, `["a"]`},
		{"tSome", `["b"]`, `["b"]`},
		{"tSome", `["x"]`, `null`},
		{"tFew", `[1, 2]`, `[1, 2]`},
		{"tFew", `[1, 2, 3]`, `null`},
		{"tPerson", `{name: "x", tag: "a", more: 1}`, `{name: "x", tag: "a", more: 1}`},
		{"tPerson", `{name: "x", tag: "z"}`, `null`},
		{"tPerson", `{name: "x"}`, `null`},
		{"tNode", `{v: 1, next: {v: 2, next: null}}`, `{v: 1, next: {v: 2, next: null}}`},
		{"tNode", `{v: "x", next: null}`, `null`},
		{"tTiny", `7`, `7`},
		{"tTiny", `11`, `null`},
		{"tTiny", `3`, `null`},
		{"number", `@"2026-01-01"`, `null`},
		{"date and time", `@"2026-01-01"`, `2026-01-01T00:00:00Z`},
		{"dayTimeDuration", `@"P1D"`, `P1D`},
		{"list<number>", `[1]`, `[1]`},
		{"list<number>", `["a"]`, `null`},
		{"Any", `[1, "a"]`, `[1, "a"]`},
	} {
		d := compile(t, types+input("v", c.typ)+decide("r", literal(`v`), "i_v"))
		if got := text(d.Decision("r").Value(inputs(t, "v", c.in))); got != c.want {
			t.Errorf("%s of %s: got %s, want %s", c.typ, c.in, got, c.want)
		}
	}
	d := compile(t, types+`<businessKnowledgeModel id="k" name="twice"><encapsulatedLogic><formalParameter name="f" typeRef="tFn"/>`+literal(`f(f(3))`)+`</encapsulatedLogic></businessKnowledgeModel>`+
		decide("ok", literal(`twice(function(x: number) x * 2)`), "k")+decide("bad", literal(`twice(function(x: number) "a")`), "k"))
	if got := text(d.Decision("ok").Value(&feel.Env{})) + text(d.Decision("bad").Value(&feel.Env{})); got != "12null" {
		t.Errorf("function types: got %s", got)
	}
}

const serviceModel = `<inputData id="i_a" name="a"><variable name="a" typeRef="number"/></inputData>
	<inputData id="i_b" name="b"><variable name="b" typeRef="number"/></inputData>`

func TestServices(t *testing.T) {
	t.Parallel()
	body := serviceModel +
		decide("x", literal(`a * 2`), "i_a") + decide("y", literal(`x + b`), "d_x", "i_b") + decide("z", literal(`b`), "i_b") +
		`<decisionService id="s1" name="one"><variable name="one"/><outputDecision href="#d_y"/><encapsulatedDecision href="#d_x"/><inputData href="#i_a"/><inputData href="#i_b"/></decisionService>
		<decisionService id="s2" name="given"><variable name="given"/><outputDecision href="#d_y"/><inputDecision href="#d_x"/><inputData href="#i_b"/></decisionService>
		<decisionService id="s3" name="two"><variable name="two"/><outputDecision href="#d_y"/><outputDecision href="#d_z"/><inputData href="#i_a"/><inputData href="#i_b"/></decisionService>
		<decisionService id="s4" name="closed"><variable name="closed"/><outputDecision href="#d_y"/><inputData href="#i_a"/></decisionService>
		<decisionService id="s5" name="typed"><variable name="typed" typeRef="string"/><outputDecision href="#d_y"/><inputData href="#i_a"/><inputData href="#i_b"/></decisionService>`
	for _, c := range []struct{ call, want string }{
		{`one(1, 10)`, `12`},
		{`one(b: 10, a: 1)`, `12`},
		{`one(1)`, `null`},
		{`one(1, 2, 3)`, `null`},
		{`one(a: 1, c: 2)`, `null`},
		{`one("x", 10)`, `null`},
		{`one([1], 10)`, `12`},
		{`given(10, 5)`, `15`},
		{`given(x: 5, b: 10)`, `15`},
		{`two(1, 10)`, `{y: 12, z: 10}`},
		{`closed(1)`, `null`},
		{`typed(1, 10)`, `null`},
	} {
		d := compile(t, body+decide("r", literal(c.call), "s1", "s2", "s3", "s4", "s5"))
		if got := text(d.Decision("r").Value(inputs(t, "a", `100`, "b", `100`))); got != c.want {
			t.Errorf("%s: got %s, want %s", c.call, got, c.want)
		}
	}
	d := compile(t, body)
	for name, want := range map[string]string{"one": `210`, "given": `107`, "two": `{y: 210, z: 100}`, "closed": `null`} {
		res := d.Service(name).Eval(inputs(t, "a", `55`, "b", `100`, "x", `7`))
		if got := text(res.Value); got != want {
			t.Errorf("%s: got %s, want %s (%v)", name, got, want, res.Diagnostics)
		}
	}
	if d.Service("none") != nil || len(d.Services()) != 5 || d.Service("given").Params()[1] != "x" {
		t.Errorf("services: %v", d.Services())
	}
}

func TestKnowledge(t *testing.T) {
	t.Parallel()
	bkm := func(id, name, head, logic string, needs string) string {
		return `<businessKnowledgeModel id="` + id + `" name="` + name + `"><variable name="` + name + `"/><encapsulatedLogic>` + head + logic + `</encapsulatedLogic>` + needs + `</businessKnowledgeModel>`
	}
	need := func(id string) string {
		return `<knowledgeRequirement><requiredKnowledge href="#` + id + `"/></knowledgeRequirement>`
	}
	const n = `<formalParameter name="n" typeRef="number"/>`
	body := bkm("k1", "fact", n, literal(`if n < 2 then 1 else n * fact(n - 1)`), need("k1")) +
		bkm("k2", "is even", n, literal(`if n = 0 then true else is odd(n - 1)`), need("k3")) +
		bkm("k3", "is odd", n, literal(`if n = 0 then false else is even(n - 1)`), need("k2")) +
		bkm("k4", "adder", n, literal(`function(m: number) n + m`), "") +
		`<businessKnowledgeModel id="k5" name="bare"><variable name="bare"/></businessKnowledgeModel>` +
		bkm("k6", "endless", n, literal(`endless(n + 1)`), need("k6"))
	for _, c := range []struct{ call, want string }{
		{`fact(10)`, `3628800`},
		{`fact(n: 3)`, `6`},
		{`fact("x")`, `null`},
		{`is even(9)`, `false`},
		{`adder(1)(2)`, `3`},
		{`for f in [adder(1), adder(2)] return f(10)`, `[11, 12]`},
		{`bare()`, `null`},
		{`endless(1)`, `null`},
		{`sort([2, 1], function(x, y) fact(x) < fact(y))`, `[1, 2]`},
	} {
		d := compile(t, body+decide("r", literal(c.call), "k1", "k2", "k3", "k4", "k5", "k6"))
		if got := text(d.Decision("r").Eval(&feel.Env{}).Value); got != c.want {
			t.Errorf("%s: got %s, want %s", c.call, got, c.want)
		}
	}
	d := compile(t, body)
	res := d.Knowledge("fact").Eval(inputs(t, "n", `4`))
	if got := text(res.Value); got != "24" || len(res.Trace.Steps) != 4 || res.Trace.Steps[0].Args[0].Name != "n" {
		t.Errorf("got %s, %+v", got, res.Trace)
	}
}
