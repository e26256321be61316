package pack_test

import (
	"slices"
	"strings"
	"testing"

	"chengshu/base/clock"
	"chengshu/kernel/pack"
)

// law is a pack with pauses, a type and a process that pauses for a reason that is put in.
const law = `-- a/pack.yaml --
pack: a
version: 1.0.0
-- a/records/case.yaml --
record: a.case
flow: case
fields:
  note: {type: text, max: 20}
-- a/codes/pause.csv --
code,name,basis,applies,max,notice
hearing,Hearing,law 45,permit.*,60 day,yes
wait,Wait,rule 3,a.case b.case,,no
any,Any,rule 4,*,5 workday,no
-- a/flows/case.bpmn --
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:cs="urn:chengshu:bpmn" targetNamespace="t" id="d">
<process id="a.case" isExecutable="true"><startEvent id="s"/>
<userTask id="t"><extensionElements><cs:task candidates='person(owner)'/><cs:clock pause="REASON"/></extensionElements></userTask>
<endEvent id="e"/><sequenceFlow id="f1" sourceRef="s" targetRef="t"/><sequenceFlow id="f2" sourceRef="t" targetRef="e"/></process></definitions>
`

func TestPauses(t *testing.T) {
	t.Parallel()
	b := load(t, strings.Replace(law, "REASON", "wait", 1))
	for typ, want := range map[string]string{"a.case": "wait any", "b.case": "wait any", "permit.shop": "hearing any", "c.case": "any"} {
		var got []string
		for _, p := range b.Pauses(typ) {
			got = append(got, p.Code)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", typ, got, want)
		}
	}
	p := b.Pause("permit.shop", "hearing")
	if p == nil || p.Basis != "law 45" || p.Name != "Hearing" || p.Max != clock.Of(60, clock.Day) || !p.Notice {
		t.Errorf("got %+v", p)
	}
	if p := b.Pause("a.case", "hearing"); p != nil {
		t.Errorf("a reason of other types: got %+v", p)
	}
}

func TestPauseMistakes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ src, want string }{
		"not on the list":        {strings.Replace(law, "REASON", "lunch", 1), "pack.pause"},
		"for other types":        {strings.Replace(law, "REASON", "hearing", 1), "pack.pause"},
		"length":                 {strings.NewReplacer("REASON", "wait", "60 day", "60 days").Replace(law), "pack.pause.max"},
		"without a clause":       {strings.NewReplacer("REASON", "wait", "law 45", "").Replace(law), "pack.pause.basis"},
		"applies to nothing":     {strings.NewReplacer("REASON", "wait", "a.case b.case", "").Replace(law), "pack.pause.basis"},
		"nothing may stop it":    {strings.NewReplacer("REASON", "wait", "-- a/codes/pause.csv --", "-- a/codes/other.csv --").Replace(law), "pack.pause"},
		"a reason that is empty": {strings.NewReplacer(`pause="REASON"`, `pause=" "`).Replace(law), "pack.pause"},
	}
	for name, tt := range tests {
		_, err := loaded(tt.src)
		if !slices.ContainsFunc(problems(err), func(p string) bool { return strings.HasSuffix(p, " "+tt.want) }) {
			t.Errorf("%s: got %v, want %s", name, problems(err), tt.want)
		}
	}
}

func TestCalendarConfig(t *testing.T) {
	t.Parallel()
	days := "-- a/calendar.csv --\ndate,kind\n2026-01-01,off\n-- a/calendar.yaml --\n"
	src := strings.Replace(law, "REASON", "wait", 1) + days
	cfg, types, err := load(t, src+"hours: mon-fri 08:00-12:00; sat 09:00-10:00\nrules: a.case\n").CalendarConfig()
	if err != nil || types != (pack.CalendarTypes{Rules: "a.case"}) || len(cfg.Days) != 1 || len(cfg.Hours.Week[6]) != 1 {
		t.Errorf("got %+v, %+v, %v", cfg, types, err)
	}
	for name, tt := range map[string]struct{ text, want string }{
		"unknown key":  {"hour: mon-fri 08:00-12:00\n", "yaml.unknown"},
		"unknown type": {"cards: a.card\n", "pack.type"},
	} {
		_, _, err := load(t, src+tt.text).CalendarConfig()
		if got := problems(err); len(got) != 1 || !strings.HasSuffix(got[0], tt.want) {
			t.Errorf("%s: got %v, want %s", name, got, tt.want)
		}
	}
	if _, _, err := load(t, src+"hours: always\n").CalendarConfig(); err == nil {
		t.Error("hours that are none were taken")
	}
}
