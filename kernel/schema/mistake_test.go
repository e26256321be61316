package schema_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"chengshu/base/fault"
	"chengshu/kernel/schema"
)

// load parses the files of an archive as packs.
func load(a *txtar.Archive) *schema.Draft {
	d := schema.NewDraft()
	for _, f := range a.Files {
		pack, rest, _ := strings.Cut(f.Name, "/")
		switch filepath.Ext(rest) {
		case ".yaml":
			d.ParseType(pack, f.Name, f.Data)
		case ".csv":
			d.ParseCodes(pack, strings.TrimSuffix(filepath.Base(rest), ".csv"), f.Name, f.Data)
		}
	}
	return d
}

// TestMistakes compares the problems of bad packs with the golden files.
func TestMistakes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"mistakes_parse", "mistakes_check"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join("testdata", name+".txtar")
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			a := txtar.Parse(src)
			d := load(a)
			set, err := d.Freeze()
			if set != nil || fault.CodeOf(err) != "pack.invalid" {
				t.Fatalf("got %v, %v", set, err)
			}
			var out strings.Builder
			for _, p := range d.Problems() {
				if p.Pos.File == "" || p.Pos.Line < 1 {
					t.Errorf("without a place: %s", p)
				}
				out.WriteString(p.String() + "\n")
			}
			a.Files[len(a.Files)-1].Data = []byte(out.String())
			got := txtar.Format(a)
			if *update {
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(src), string(got)); diff != "" {
				t.Errorf("(-file +derived)\n%s", diff)
			}
		})
	}
}
