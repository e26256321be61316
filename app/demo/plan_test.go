package demo

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"chengshu/base/fault"
	"chengshu/kernel/pack"
)

// miniWith is the little pack of testdata with another demo/generate.yaml.
func miniWith(t *testing.T, generate string) *pack.Bundle {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS("testdata"), "mini", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile("testdata/" + path)
		files[path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	files["mini/demo/generate.yaml"] = &fstest.MapFile{Data: []byte(generate)}
	b, err := pack.Load(map[string]string{}, nil, files)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestPlanProblems demands that what is wrong in a demo/generate.yaml is named with file and line.
func TestPlanProblems(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       string // "line code"
	}{
		{"unknown section", "grund: {}\n", "1 yaml.unknown"},
		{"unknown key", "ground: {words: words.csv, street: 3}\n", "1 yaml.unknown"},
		{"missing words", "\nground: {words: none.csv}\n", "2 pack.file"},
		{"unknown code table", "parts: {table: mini.kinds, prefix: P}\n", "1 codes.unknown"},
		{"unknown ground source", "orgs:\n  - {each: towns, path: /x/, name: x}\n", "2 demo.source"},
		{"unknown role", "people:\n  - {each: town, username: a, name: b, role: mini.boss}\n", "2 identity.role"},
		{"unknown type", "generate:\n  - type: mini.spots\n    from: part\n", "2 pack.type"},
		{"unknown field", "generate:\n  - type: mini.spot\n    from: part\n    fields:\n      kode: it.code\n", "5 field.unknown"},
		{"broken expression", "generate:\n  - type: mini.spot\n    from: part\n    fields:\n      code: 'it.code +'\n", "5 feel"},
		{"unknown function", "generate:\n  - type: mini.spot\n    from: part\n    where: guess(1)\n", "4 feel"},
		{"unknown name", "generate:\n  - type: mini.spot\n    from: part\n    where: thing.code = 1\n", "4 feel"},
		{"open brace", "generate:\n  - type: mini.spot\n    from: part\n    fields: {code: [\"a {it.code\"]}\n", "4 demo.brace"},
		{"no weight", "generate:\n  - type: mini.spot\n    from: part\n    fields: {code: {a: much}}\n", "4 demo.weight"},
		{"nobody reports", "history:\n  - {type: mini.report, count: 3, at: {address: 1}}\n", "2 demo.history"},
		{"unknown record source", "history:\n  - {type: mini.report, at: {mini.place: 1}, by: {mini.clerk: 1}}\n", "2 pack.type"},
		{"unknown task", "history:\n  - type: mini.report\n    at: {address: 1}\n    by: {mini.clerk: 1}\n    tasks:\n      chek: {}\n", "6 demo.task"},
		{"unknown outcome", "history:\n  - type: mini.report\n    at: {address: 1}\n    by: {mini.clerk: 1}\n    tasks:\n      check: {outcomes: {accepted: 1}}\n", "6 demo.outcome"},
		{"unknown command", "history:\n  - type: mini.report\n    at: {address: 1}\n    by: {mini.clerk: 1}\n    tasks:\n      fix:\n        acts: [{command: nota}]\n", "7 command.unknown"},
		{"hours the wrong way", "history:\n  - type: mini.report\n    at: {address: 1}\n    by: {mini.clerk: 1}\n    tasks:\n      fix: {hours: [3, 1]}\n", "6 demo.hours"},
		{"no list", "people: town\n", "1 yaml.sequence"},
		{"no mapping", "history:\n  - mini.report\n", "2 yaml.mapping"},
	}
	for _, x := range tests {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			b := miniWith(t, x.text)
			_, err := readPlan(b, newLexicon(b.Set, 1, nil))
			var f *fault.Error
			if fault.CodeOf(err) != "pack.invalid" || !asFault(err, &f) {
				t.Fatalf("got %v", err)
			}
			line, code, _ := strings.Cut(x.want, " ")
			var got []string
			for _, p := range f.Fields {
				got = append(got, p.Pointer+" "+p.Code)
				if p.Pointer == "/mini/demo/generate.yaml:"+line && p.Code == code || p.Pointer == "mini/demo/generate.yaml:"+line && p.Code == code {
					return
				}
			}
			t.Errorf("got %v, want %s", got, x.want)
		})
	}
}

func TestPlanReadsAll(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/mini/demo/generate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	b := miniWith(t, string(text))
	p, err := readPlan(b, newLexicon(b.Set, 1, nil))
	if err != nil {
		t.Fatal(err)
	}
	h := p.histories[0]
	switch {
	case p.ground == nil || p.parts == nil || len(p.orgs) != 1 || len(p.people) != 1 || len(p.registers) != 1 || len(p.histories) != 1:
		t.Error("sections are missing")
	case len(h.fields) != 5 || len(h.tasks) != 2 || len(h.tasks["fix"].acts) != 1 || *h.tasks["fix"].Late != 0.2 || h.Twins != 0.05:
		t.Errorf("the history is %+v", h)
	}
}
