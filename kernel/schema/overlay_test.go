package schema_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"chengshu/base/feel"
	"chengshu/kernel/schema"
)

const overlaid = `
-- base/records/thing.yaml --
record: base.thing
title: "{name}"
fields:
  name: {type: text, max: 50, required: false}
  size: {type: integer}
  phone: {type: phone, grade: 3}
  note: {type: text}
-- county/records/thing.yaml --
overlay: base.thing
fields:
  fence: {type: polygon}
  worth: {type: decimal, scale: 1, list: 4}
change:
  name: {required: true, max: 20, list: 1, section: county}
  phone: {grade: 4, mask: hide}
checks:
  - {must: "worth = null or worth >= 0", code: county.check.worth, field: worth}
-- site/records/thing.yaml --
overlay: base.thing
fields:
  colour: {type: choice, choices: [red, green], default: '"red"'}
change:
  name: {max: 10}
  worth: {required: true}
`

func frozen(t *testing.T, archive string) *schema.Set {
	t.Helper()
	set, err := load(txtar.Parse([]byte(archive))).Freeze()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func typeOf(t *testing.T, s *schema.Set, name string) *schema.Type {
	t.Helper()
	typ, err := s.Type(name)
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

// TestOverlay: county and site add fields, which live in ext, and change what they may of those there are.
func TestOverlay(t *testing.T) {
	t.Parallel()
	thing := typeOf(t, frozen(t, overlaid), "base.thing")
	name, phone, worth := thing.Field("name"), thing.Field("phone"), thing.Field("worth")
	if !name.Required || name.Max != 10 || name.List != 1 || name.Section != "county" {
		t.Errorf("name: the later overlay wins, the earlier stays: %+v", name)
	}
	if phone.Grade != 4 || phone.Masked("13800000000") != "***" {
		t.Errorf("phone: got grade %d, mask %v", phone.Grade, phone.Masked("13800000000"))
	}
	if !worth.Ext || !worth.Required || len(worth.Columns()) != 0 {
		t.Errorf("worth lives in ext: %+v", worth)
	}
	if _, ok := thing.SQLColumn("worth"); ok {
		t.Error("a field in ext has no column to filter by")
	}
	if thing.PlaceField() != nil {
		t.Error("a geometry in ext cannot be searched by a map window")
	}
	env := func(v schema.Values) *feel.Env { return &feel.Env{Vars: thing.Vars(v, nil)} }
	values := schema.Values{"name": "x", "worth": "-1.0"}
	thing.Fill(values, env(values))
	if values["colour"] != "red" {
		t.Errorf("default of an added field: %v", values["colour"])
	}
	err := thing.Verify(frozen(t, overlaid), values, env(values), "2026-03-02")
	if got := pointers(err); !cmp.Equal(got, []string{"/worth county.check.worth"}) {
		t.Errorf("check of the overlay: %v", got)
	}
}

// TestRestore: values kept as JSON in ext come back in the form they were written in.
func TestRestore(t *testing.T) {
	t.Parallel()
	thing := typeOf(t, frozen(t, overlaid), "base.thing")
	for name, raw := range map[string]string{
		"worth": `"12.5"`, "size": `9007199254740993`, "colour": `"green"`,
		"fence": `{"type":"Polygon","coordinates":[[[112,35],[113,35],[113,36],[112,35]]]}`,
	} {
		f := thing.Field(name)
		want, bad := f.Parse(decodeValue(t, raw))
		if bad != nil {
			t.Fatalf("%s: %v", name, bad)
		}
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, f.Restore(decodeValue(t, string(b)))); diff != "" {
			t.Errorf("%s (-written +read)\n%s", name, diff)
		}
	}
}
