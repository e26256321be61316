package app_test

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"chengshu/app"
	"chengshu/base/clock"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/flow"
	"chengshu/kernel/identity"
)

// broken is a pack whose process ends in errors that nobody catches: two at a time at one node.
const broken = `-- shop/pack.yaml --
pack: shop
version: 1.0.0
needs: [county]
-- shop/roles.yaml --
roles:
  keeper: {grade: 2}
  owner: {grade: 2}
  local: {grade: 2}
  clerk: {grade: 2}
grants:
  - {role: shop.keeper, on: shop.order, do: [admin]}
  - {role: shop.owner, on: shop.order, do: [read, admin]}
  - {role: shop.local, on: shop.order, do: [read, admin], scope: org}
  - {role: shop.clerk, on: shop.order, do: ["*"]}
-- shop/locale/zh-CN.yaml --
field.shop.order:
  what: 内容
-- shop/records/order.yaml --
record: shop.order
number: "A{serial:4}"
title: "{number} {what}"
flow: order
states: [new]
fields:
  what: {type: text, max: 20}
-- shop/flows/order.bpmn --
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:cs="urn:chengshu:bpmn" id="d" targetNamespace="t">
<error id="er" name="bad" errorCode="E1"/><process id="shop.order" isExecutable="true">
<startEvent id="s"/><subProcess id="p"><multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>
<startEvent id="ps"/><exclusiveGateway id="g" default="f2"/><endEvent id="bad"><errorEventDefinition errorRef="er"/></endEvent><endEvent id="good"/>
<sequenceFlow id="f1" sourceRef="ps" targetRef="g"/><sequenceFlow id="f2" sourceRef="g" targetRef="bad"/>
<sequenceFlow id="f3" sourceRef="g" targetRef="good"><conditionExpression>false</conditionExpression></sequenceFlow></subProcess><endEvent id="e"/>
<sequenceFlow id="f4" sourceRef="s" targetRef="p"/><sequenceFlow id="f5" sourceRef="p" targetRef="e"/></process></definitions>
`

// TestIncidentNotices: whoever may mend an incident is told of it once, with the title only where he may read the record; others
// are not told.
func TestIncidentNotices(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Helper()
		ctx := t.Context()
		files, err := txtar.FS(txtar.Parse([]byte(broken)))
		if err != nil {
			t.Fatal(err)
		}
		fake := clock.NewFake(time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai))
		a, err := app.New(ctx, app.Config{Dir: t.TempDir(), Database: url, Clock: fake, Cheap: true, Only: []string{"county"}, Packs: []fs.FS{files}})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		o := &office{t: t, a: a, clock: fake, tokens: map[string]string{}}
		var people []identity.NewPerson
		var posts []identity.Post
		for _, who := range []struct{ name, role, org, to string }{
			{"keeper", "shop.keeper", "/county/", ""},
			{"owner", "shop.owner", "/county/", ""},
			{"near", "shop.local", "/county/", ""},
			{"far", "shop.local", "/elsewhere/", ""},
			{"clerk", "shop.clerk", "/county/", ""},
			{"former", "shop.owner", "/county/", "2001-01-01"},
		} {
			people = append(people, identity.NewPerson{Username: who.name, Name: who.name})
			posts = append(posts, identity.Post{Org: who.org, Area: "/", Roles: []string{who.role}, To: who.to})
		}
		o.seat([]identity.Organisation{{Path: "/county/", Name: "county"}, {Path: "/elsewhere/", Name: "elsewhere"}}, people, posts)
		if err := a.DB.Write(ctx, func(tx *store.Tx) error {
			actor := identity.System("test")
			actor.Org = "/county/"
			r, err := a.Records.Seed(ctx, tx, actor, "shop.order", map[string]any{"what": "bread"})
			if err != nil {
				return err
			}
			_, err = a.Flow.Start(ctx, tx, actor, "shop.order", flow.Biz{Type: "shop.order", ID: r.ID(), Org: "/county/"})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		a.Settle(ctx)
		for i, p := range people {
			var title []string
			list, err := a.Inbox.List(ctx, posts[i].Person, false, 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range list {
				title = append(title, n.Key+" "+n.Title)
			}
			want := map[string]string{"keeper": "incident A0001", "owner": "incident A0001 bread", "near": "incident A0001 bread"}[p.Username]
			if got := strings.Join(title, "; "); got != want {
				t.Errorf("%s was told %q, want %q", p.Username, got, want)
			}
		}
	})
}
