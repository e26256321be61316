package pack_test

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"chengshu/base/fault"
	"chengshu/kernel/pack"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// source makes a folder of packs of an archive.
func source(src string) fs.FS {
	out := fstest.MapFS{}
	for _, f := range txtar.Parse([]byte(src)).Files {
		out[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	return out
}

func load(t *testing.T, sources ...string) *pack.Bundle {
	t.Helper()
	b, err := loaded(sources...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func loaded(sources ...string) (*pack.Bundle, error) {
	list := make([]fs.FS, len(sources))
	for i, s := range sources {
		list[i] = source(s)
	}
	return pack.Load(map[string]string{"ui.kernel": "of the kernel", "ui.both": "of the kernel"}, nil, list...)
}

// problems lists the faults of a load as "file:line code".
func problems(err error) []string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return nil
	}
	out := []string{}
	for _, x := range f.Fields {
		out = append(out, x.Pointer+" "+x.Code)
	}
	return out
}

func names(b *pack.Bundle) []string {
	var out []string
	for _, p := range b.Packs {
		out = append(out, p.Name)
	}
	return out
}

// TestMistakes compares what is found in bad packs with the golden file: first what cannot even be read, then, with that
// taken away, what does not fit together.
func TestMistakes(t *testing.T) {
	t.Parallel()
	const file = "testdata/mistakes.txtar"
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	a := txtar.Parse(src)
	whole := &txtar.Archive{Files: a.Files[:len(a.Files)-1]}
	_, err = loaded(string(txtar.Format(whole)))
	out := strings.Join(problems(err), "\n") + "\n"
	if fault.CodeOf(err) != "pack.invalid" {
		t.Errorf("got %v", err)
	}
	if got := txtar.Format(&txtar.Archive{Comment: a.Comment, Files: append(whole.Files, txtar.File{Name: "problems", Data: []byte(out)})}); *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(string(src), string(got)); diff != "" {
		t.Errorf("(-file +derived)\n%s", diff)
	}
}

// TestOrder: each pack comes after those it needs, whatever their names; among the free ones the name decides.
func TestOrder(t *testing.T) {
	t.Parallel()
	b := load(t, `
-- a/pack.yaml --
pack: a
needs: [z, m]
-- m/pack.yaml --
pack: m
-- z/pack.yaml --
pack: z
needs: [y]
-- y/pack.yaml --
pack: y
`)
	if diff := cmp.Diff([]string{"y", "z", "m", "a"}, names(b)); diff != "" {
		t.Error(diff)
	}
}

// TestNeeds: a need that is missing or goes in a circle is named where it stands.
func TestNeeds(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		src  string
		want []string
	}{
		"missing": {"-- a/pack.yaml --\npack: a\nversion: 1\nneeds: [b]\n", []string{"a/pack.yaml:3 pack.missing"}},
		"itself":  {"-- a/pack.yaml --\npack: a\nneeds: [a]\n", []string{"a/pack.yaml:2 pack.circle"}},
		"circle":  {"-- a/pack.yaml --\npack: a\nneeds: [b]\n-- b/pack.yaml --\npack: b\nversion: 1\nneeds: [a]\n", []string{"b/pack.yaml:3 pack.circle"}},
		"folder":  {"-- a/pack.yaml --\npack: b\n", []string{"a/pack.yaml:1 pack.name"}},
	} {
		_, err := loaded(tc.src)
		if diff := cmp.Diff(tc.want, problems(err)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

const product = `
-- a/pack.yaml --
pack: a
-- a/records/one.yaml --
record: a.one
states: [open]
fields: {name: {type: text}, kind: {type: choice, choices: [x]}, rows: {type: rows, section: more, fields: {what: {type: text}}}}
checks: [{must: name != "no", code: a.check.name}]
commands: {close: {state: open, input: {why: {type: choice, choices: [y]}}}}
-- a/locale/zh-CN.yaml --
type: {a.one: one of the product}
ui: {both: of the pack}
-- a/roles.yaml --
roles: {clerk: {grade: 3}}
grants: [{role: a.clerk, on: a.one, do: [read]}]
-- a/menu.yaml --
menu: [{id: a.ones, type: a.one}]
`

// TestSources: a later source replaces a pack as a whole, and packs of it may lay over types of earlier ones.
func TestSources(t *testing.T) {
	t.Parallel()
	b := load(t, product)
	if b.Word("type.a.one", nil) != "one of the product" || len(b.Roles) != 1 || b.Roles[0].Name != "a.clerk" || len(b.Grants) != 1 {
		t.Errorf("got %+v %+v", b.Roles, b.Grants)
	}
	if b.Word("ui.both", nil) != "of the pack" || b.Word("ui.kernel", nil) != "of the kernel" {
		t.Error("words of packs come before those of the kernel")
	}
	replaced := load(t, product, "-- a/pack.yaml --\npack: a\nversion: 2\n-- a/records/two.yaml --\nrecord: a.two\nfields: {name: {type: text}}\n")
	if diff := cmp.Diff([]string{"a"}, names(replaced)); diff != "" {
		t.Error(diff)
	}
	if _, err := replaced.Set.Type("a.one"); err == nil || len(replaced.Roles) != 0 || replaced.Has("type.a.one") || replaced.Pack("a").Version != "2" {
		t.Error("something of the replaced pack is left")
	}
	over := load(t, product, "-- site/pack.yaml --\npack: site\nneeds: [a]\n-- site/records/one.yaml --\noverlay: a.one\nfields: {colour: {type: text}}\n-- site/locale/zh-CN.yaml --\ntype: {a.one: one of the site}\n")
	one, err := over.Set.Type("a.one")
	if err != nil || one.Field("colour") == nil || over.Word("type.a.one", nil) != "one of the site" {
		t.Errorf("the overlay: %v %v", one, err)
	}
}

// TestMissing lists exactly the words that the declarations need and the locale lacks.
func TestMissing(t *testing.T) {
	t.Parallel()
	b := load(t, product)
	want := []string{
		"a.check.name", "choice.a.one.kind.x", "choice.a.one.why.y", "command.a.one.close", "field.a.one.kind", "field.a.one.name", "field.a.one.rows", "field.a.one.rows.what",
		"input.a.one.close.why", "menu.a.ones", "pack.a", "role.a.clerk", "section.a.one.more", "state.a.one.open",
	}
	if diff := cmp.Diff(want, b.Missing()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	full := "-- w/pack.yaml --\npack: w\nneeds: [a]\n-- w/locale/zh-CN.yaml --\npack.w: w\n"
	for _, key := range want {
		full += key + ": w\n"
	}
	if got := load(t, product, full).Missing(); len(got) != 0 {
		t.Errorf("still missing: %v", got)
	}
}

// TestWord: arguments are put in once; what somebody typed is not taken for a place to put something.
func TestWord(t *testing.T) {
	t.Parallel()
	b := load(t, "-- a/pack.yaml --\npack: a\n-- a/locale/zh-CN.yaml --\nx: {_: whole, y: '{a} and {b} and {c}'}\n")
	args := map[string]any{"a": "{b}", "b": "{a}", "n": 5}
	if got := b.Word("x.y", args); got != "{b} and {a} and {c}" {
		t.Errorf("got %q", got)
	}
	if b.Word("x", nil) != "whole" || b.Word("gone", args) != "gone" {
		t.Error("a key with children has its own word, an unknown key stays")
	}
	if diff := cmp.Diff(map[string]string{"x.y": "{a} and {b} and {c}"}, b.Words("x.")); diff != "" {
		t.Error(diff)
	}
}
