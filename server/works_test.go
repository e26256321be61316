package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/tools/txtar"

	"chengshu/app"
	"chengshu/app/scenario"
	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store/storetest"
	"chengshu/kernel/flow"
)

// works is a pack whose process asks another system between two people, with a limit for the step and one for the matter.
const works = `-- works/pack.yaml --
pack: works
version: 1.0.0
needs: [county]
-- works/roles.yaml --
roles:
  clerk: {grade: 2}
  checker: {grade: 2}
  chief: {grade: 2}
  keeper: {grade: 2}
  warden: {grade: 2}
  other: {grade: 2}
grants:
  - {role: works.clerk, on: works.case, do: [read, create, history]}
  - {role: works.clerk, on: works.note, do: [read, create]}
  - {role: works.checker, on: works.case, do: [read]}
  - {role: works.chief, on: works.case, do: [read, history, supervise]}
  - {role: works.keeper, on: works.case, do: [read, choose]}
  - {role: works.warden, on: works.case, do: [admin], when: 'name = "南桥"'}
-- works/locale/zh-CN.yaml --
field.works.case:
  name: 名称
field.works.note:
  name: 名称
-- works/records/case.yaml --
record: works.case
number: "W{serial:4}"
title: "{name}"
flow: case
states: [handling, checking, closed]
fields:
  name: {type: text, max: 40, required: true}
-- works/records/note.yaml --
record: works.note
number: "N{serial:4}"
title: "{name}"
fields:
  name: {type: text, max: 40}
-- works/demo/people.yaml --
people:
  - {username: cl01, name: 经办员甲, role: works.clerk, org: /county/mzj/, area: /}
  - {username: cl02, name: 经办员乙, role: works.clerk, org: /county/mzj/, area: /}
  - {username: kp01, name: 派单员甲, role: works.keeper, org: /county/mzj/, area: /}
  - {username: ck01, name: 核查员甲, role: works.checker, org: /county/mzj/, area: /}
  - {username: ck02, name: 核查员乙, role: works.checker, org: /county/mzj/, area: /}
  - {username: ch01, name: 主任甲, role: works.chief, org: /county/mzj/, area: /}
  - {username: wd01, name: 管护员甲, role: works.warden, org: /county/mzj/, area: /}
  - {username: ot01, name: 旁人甲, role: works.other, org: /county/mzj/, area: /}
-- works/flows/case.bpmn --
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:cs="urn:chengshu:bpmn" id="d" targetNamespace="t"><process id="works.case" name="工程" isExecutable="true">
<extensionElements><cs:sla limit="20" unit="day" kind="statutory" name="law"/></extensionElements>
<startEvent id="s"/>
<userTask id="handle" name="办理"><extensionElements><cs:task candidates='[role("works.clerk"), role("works.keeper")]' state="handling"/><cs:sla limit="4" unit="hour" name="handle"/></extensionElements></userTask>
<serviceTask id="ask" name="查询欠缴"><extensionElements><cs:service kind="call" name="https://tax.example/debt" data="{name: name}" result="tax"/></extensionElements></serviceTask>
<userTask id="check" name="核查"><extensionElements><cs:task candidates='role("works.checker")' state="checking"/></extensionElements></userTask>
<endEvent id="e"><extensionElements><cs:task state="closed"/></extensionElements></endEvent>
<sequenceFlow id="f1" sourceRef="s" targetRef="handle"/><sequenceFlow id="f2" sourceRef="handle" targetRef="ask"/>
<sequenceFlow id="f3" sourceRef="ask" targetRef="check"/><sequenceFlow id="f4" sourceRef="check" targetRef="e"/></process></definitions>
`

// packWorld is a world of the county and one pack more, and its files, to be changed before a Reload.
func packWorld(t *testing.T, url, pack string) (*world, fstest.MapFS) {
	t.Helper()
	files := fstest.MapFS{}
	for _, f := range txtar.Parse([]byte(pack)).Files {
		files[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	fake := clock.NewFake(time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai))
	a, err := app.New(t.Context(), app.Config{
		Dir: t.TempDir(), Database: url, Clock: fake, Cheap: true, Only: []string{"county"}, Packs: []fs.FS{files},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	w, err := scenario.NewWorld(t.Context(), a, fake)
	if err != nil {
		t.Fatal(err)
	}
	return &world{app: a, clock: fake, places: w}, files
}

// eachWorks runs a test of the works on SQLite and on PostgreSQL.
func eachWorks(t *testing.T, fn func(t *testing.T, w *world, files fstest.MapFS)) {
	t.Helper()
	eachPack(t, works, fn)
}

// eachPack runs a test of a pack on SQLite and on PostgreSQL.
func eachPack(t *testing.T, pack string, fn func(t *testing.T, w *world, files fstest.MapFS)) {
	t.Helper()
	for name, open := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgreSQLURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, files := packWorld(t, open(t), pack)
			fn(t, w, files)
		})
	}
}

// redeploy puts the model of the works in force with texts replaced: old, new, old, new …
func (w *world) redeploy(t *testing.T, files fstest.MapFS, change ...string) {
	t.Helper()
	name := "works/flows/case.bpmn"
	text := strings.NewReplacer(change...).Replace(string(files[name].Data))
	if text == string(files[name].Data) {
		t.Fatalf("nothing of %q is in the model", change)
	}
	files[name] = &fstest.MapFile{Data: []byte(text)}
	if err := w.app.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// build makes a record of the works and gives its id.
func (c *client) build(t *testing.T, name string) string {
	t.Helper()
	return c.want(t, 201, "POST", "/api/v1/records/works.case", map[string]any{"name": name}).text("id")
}

// worksTask gives the caller's first open task on a record of the works.
func (c *client) worksTask(t *testing.T, id string) map[string]any {
	t.Helper()
	got := c.want(t, 200, "GET", "/api/v1/records/works.case/"+id+"/actions", nil)
	list, _ := got.body["tasks"].([]any)
	if len(list) == 0 {
		t.Fatalf("no task on %s: %s", id, got.raw)
	}
	return list[0].(map[string]any)
}

// handle completes the caller's first task on a record of the works.
func (c *client) handle(t *testing.T, id string) {
	t.Helper()
	c.want(t, 200, "POST", fmt.Sprintf("/api/v1/tasks/%s/commands/complete", c.worksTask(t, id)["id"]), map[string]any{})
}

// refuse lets the other system refuse the call that is due.
func (w *world) refuse(t *testing.T) {
	t.Helper()
	worked, err := w.app.Flow.Work(t.Context(), func(context.Context, flow.Job) (json.RawMessage, error) {
		return nil, fault.New(fault.Invalid, "call.refused", "host", "tax.example", "status", 403)
	})
	if err != nil || !worked {
		t.Fatalf("worked %v, %v", worked, err)
	}
}

// answers lets the other system answer the call that is due.
func (w *world) answers(t *testing.T) {
	t.Helper()
	worked, err := w.app.Flow.Work(t.Context(), func(context.Context, flow.Job) (json.RawMessage, error) { return json.RawMessage(`{}`), nil })
	if err != nil || !worked {
		t.Fatalf("worked %v, %v", worked, err)
	}
}

// member gives the list of a member of an object as text, in order.
func member(m map[string]any, list, name string) string {
	out := []string{}
	rows, _ := m[list].([]any)
	for _, x := range rows {
		if row, ok := x.(map[string]any); ok {
			out = append(out, fmt.Sprint(row[name]))
		} else {
			out = append(out, fmt.Sprint(x))
		}
	}
	return strings.Join(out, " ")
}
