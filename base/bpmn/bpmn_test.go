package bpmn_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"chengshu/base/bpmn"
	"chengshu/base/fault"
)

const simple = `<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:cs="urn:chengshu:bpmn" id="d" targetNamespace="t">
 <bpmn:process id="case" name="NAME" isExecutable="true">
  <bpmn:startEvent id="s"/>
  <bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="u"/>
  <bpmn:userTask id="u"/>
  <bpmn:sequenceFlow id="f2" sourceRef="u" targetRef="e"/>
  <bpmn:endEvent id="e"/>
 </bpmn:process>
</bpmn:definitions>`

func read(t *testing.T, src string) *bpmn.Model {
	t.Helper()
	m, err := bpmn.Read([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func codes(list []bpmn.Finding) []string {
	var out []string
	for _, f := range list {
		out = append(out, f.ID+" "+f.Code)
	}
	return out
}

func TestEncoding(t *testing.T) {
	t.Parallel()
	named := strings.Replace(simple, "NAME", "Gebühr", 1)
	latin := strings.Replace(simple, "NAME", "Geb\xfchr", 1)
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(`<?xml version="1.0" encoding="UTF-16"?>` + named)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for _, tt := range []struct{ name, src, encoding string }{
		{"no declaration", named, "utf-8"},
		{"declared", `<?xml version="1.0" encoding="UTF-8"?>` + named, "utf-8"},
		{"odd spelling", `<?xml version="1.0" encoding="Utf8"?>` + named, "utf8"},
		{"mark", "\xef\xbb\xbf" + named, "utf-8"},
		{"mark beats declaration", "\xef\xbb\xbf" + `<?xml version="1.0" encoding="ISO-8859-1"?>` + named, "utf-8"},
		{"latin", `<?xml version="1.0" encoding="ISO-8859-1" standalone="yes"?>` + latin, "iso-8859-1"},
		{"latin alias", `<?xml version="1.0" encoding="latin1"?>` + latin, "latin1"},
		{"utf-16", string(wide), "utf-16"},
		{"gbk", `<?xml version="1.0" encoding="GBK"?>` + strings.Replace(simple, "NAME", "\xa6\xc1", 1), "gbk"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := read(t, tt.src)
			want := "Gebühr"
			if tt.name == "gbk" {
				want = "α"
			}
			if got := m.Main().Name; got != want {
				t.Errorf("name = %q, want %q", got, want)
			}
			if m.Encoding != tt.encoding {
				t.Errorf("encoding = %q, want %q", m.Encoding, tt.encoding)
			}
			if !bytes.Equal(m.Source, []byte(tt.src)) {
				t.Error("source bytes changed")
			}
			if len(m.Problems) > 0 {
				t.Errorf("problems: %v", codes(m.Problems))
			}
		})
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	deep := strings.Replace(simple, `<bpmn:userTask id="u"/>`, strings.Repeat("<x>", 200)+strings.Repeat("</x>", 200), 1)
	wide := strings.Replace(simple, `<bpmn:userTask id="u"/>`, strings.Repeat("<x/>", bpmn.MaxElements), 1)
	for _, tt := range []struct {
		name, src, code string
		kind            fault.Kind
	}{
		{"empty", "", "markup.empty", fault.Invalid},
		{"text", "hello", "markup.empty", fault.Invalid},
		{"doctype", "<!DOCTYPE definitions>" + simple, "markup.doctype", fault.Invalid},
		{"entity", `<!DOCTYPE d [<!ENTITY a "b">]>` + simple, "markup.doctype", fault.Invalid},
		{"unknown entity", strings.Replace(simple, "NAME", "&a;", 1), "markup.xml", fault.Invalid},
		{"cut off", simple[:200], "markup.xml", fault.Invalid},
		{"other root", "<a/>", "bpmn.root", fault.Invalid},
		{"other namespace", `<definitions xmlns="urn:x"/>`, "bpmn.root", fault.Invalid},
		{"two roots", simple + simple, "markup.roots", fault.Invalid},
		{"encoding", `<?xml version="1.0" encoding="EBCDIC"?>` + simple, "markup.encoding", fault.Invalid},
		{"bad utf-8", strings.Replace(simple, "NAME", "\xff", 1), "markup.xml", fault.Invalid},
		{"depth", deep, "markup.depth", fault.TooLarge},
		{"elements", wide, "markup.elements", fault.TooLarge},
		{"size", simple + strings.Repeat(" ", bpmn.MaxBytes), "markup.size", fault.TooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := bpmn.Read([]byte(tt.src))
			if fault.CodeOf(err) != tt.code || fault.KindOf(err) != tt.kind {
				t.Errorf("got %v, want %s %s", err, tt.kind, tt.code)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, old, with string
		want            []string
	}{
		{"none", "", "", nil},
		{"dangling end", `targetRef="e"`, `targetRef="x"`, []string{"f2 bpmn.flow.end"}},
		{"prefixed reference", `targetRef="e"`, `targetRef="t:e"`, nil},
		{"listed", `<bpmn:userTask id="u"/>`, `<bpmn:userTask id="u"><bpmn:incoming>f1</bpmn:incoming></bpmn:userTask>`, nil},
		{"list names a wrong flow", `<bpmn:userTask id="u"/>`, `<bpmn:userTask id="u"><bpmn:incoming>f2</bpmn:incoming></bpmn:userTask>`, []string{"u bpmn.list", "u bpmn.list"}},
		{"id twice", `id="e"`, `id="u"`, []string{"u bpmn.id.twice", "f2 bpmn.flow.scope"}},
		{"default elsewhere", `id="u"`, `id="u" default="f1"`, []string{"u bpmn.default"}},
		{"attached to nothing", `<bpmn:endEvent id="e"/>`, `<bpmn:endEvent id="e"/><bpmn:boundaryEvent id="b" attachedToRef="s"/>`, []string{"b bpmn.attached"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := read(t, strings.Replace(simple, tt.old, tt.with, 1))
			got := codes(m.Problems)
			if tt.name == "id twice" {
				got = got[:1]
				tt.want = tt.want[:1]
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got)\n%s", diff)
			}
		})
	}
}

func TestUnsupported(t *testing.T) {
	t.Parallel()
	src := strings.Replace(simple, `<bpmn:userTask id="u"/>`, `<bpmn:userTask id="u"><bpmn:standardLoopCharacteristics/></bpmn:userTask>
		<bpmn:adHocSubProcess id="a"/><bpmn:transaction id="tr"/><bpmn:complexGateway id="c"/><bpmn:subProcess id="p" triggeredByEvent="true"/>
		<bpmn:boundaryEvent id="b" attachedToRef="u"><bpmn:cancelEventDefinition/></bpmn:boundaryEvent>
		<bpmn:startEvent id="st"><bpmn:escalationEventDefinition/></bpmn:startEvent>
		<bpmn:boundaryEvent id="ok" attachedToRef="u" cancelActivity="false"><bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>`, 1)
	m := read(t, src)
	p := m.Main()
	want := []string{
		"a bpmn.unsupported", "tr bpmn.unsupported", "c bpmn.unsupported", "b bpmn.unsupported", "st bpmn.unsupported",
	}
	if diff := cmp.Diff(want, codes(p.Unsupported())); diff != "" {
		t.Errorf("unsupported (-want +got)\n%s", diff)
	}
	ok := p.Node("ok")
	if ok.Interrupting || ok.Attached != p.Node("u") || ok.Events[0].Duration != "P1D" {
		t.Errorf("boundary timer read wrong: %+v", ok)
	}
}

// What compensation, loops and links need: handlers by association, the loop's condition, the activity referred to.
func TestEventReferences(t *testing.T) {
	t.Parallel()
	src := strings.Replace(simple, `<bpmn:userTask id="u"/>`, `<bpmn:userTask id="u"><bpmn:standardLoopCharacteristics testBefore="true" loopMaximum="3"><bpmn:loopCondition>=again</bpmn:loopCondition></bpmn:standardLoopCharacteristics></bpmn:userTask>
		<bpmn:boundaryEvent id="b" attachedToRef="u"><bpmn:compensateEventDefinition/></bpmn:boundaryEvent><bpmn:scriptTask id="h" isForCompensation="true"/>
		<bpmn:association id="as" sourceRef="b" targetRef="h"/><bpmn:intermediateThrowEvent id="w"><bpmn:compensateEventDefinition activityRef="u"/></bpmn:intermediateThrowEvent>
		<bpmn:eventBasedGateway id="g" eventGatewayType="Parallel"/>`, 1)
	p := read(t, src).Main()
	if got := *p.Node("u").Loop; got != (bpmn.Loop{While: "again", Before: true, Max: 3}) {
		t.Errorf("loop %+v", got)
	}
	for marker, want := range map[string]bpmn.Loop{
		`<bpmn:loopCardinality>=3</bpmn:loopCardinality><bpmn:completionCondition>x</bpmn:completionCondition>`:                                                                                                            {Multi: true, Count: "3", Completion: "x"},
		`<bpmn:extensionElements><cs:loop collection="list" element="one" output="out" result="one.x"/></bpmn:extensionElements>`:                                                                                          {Multi: true, Collection: "list", Element: "one", Output: "out", Result: "one.x"},
		`<bpmn:extensionElements><z:loopCharacteristics xmlns:z="http://camunda.org/schema/zeebe/1.0" inputCollection="=list" inputElement="one" outputCollection="out" outputElement="=one.x"/></bpmn:extensionElements>`: {Multi: true, Collection: "list", Element: "one", Output: "out", Result: "one.x"},
		`<bpmn:loopDataInputRef>list</bpmn:loopDataInputRef><bpmn:inputDataItem name="one"/>`:                                                                                                                              {Multi: true, Collection: "list", Element: "one"},
	} {
		src := strings.Replace(simple, `<bpmn:userTask id="u"/>`, `<bpmn:userTask id="u"><bpmn:multiInstanceLoopCharacteristics>`+marker+`</bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>`, 1)
		if got := *read(t, src).Main().Node("u").Loop; got != want {
			t.Errorf("loop %+v, want %+v", got, want)
		}
	}
	if p.Node("b").Handler != p.Node("h") || p.Node("w").Events[0].Activity != p.Node("u") || !p.Node("g").Instantiate {
		t.Errorf("handler %+v, activity %+v, gateway %+v", p.Node("b").Handler, p.Node("w").Events[0].Activity, p.Node("g"))
	}
}
