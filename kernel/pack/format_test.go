package pack_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"chengshu/base/fault"
	"chengshu/kernel/pack"
)

const untidy = "\ufeff# head\r\n\n\n\nrecord:   a.b   \n" +
	"fields:\n" +
	"        # of the first\n" +
	"        one: {type: text}   # behind  \n" +
	"        rows:\n" +
	"            type: rows\n" +
	"            fields:\n" +
	"                what: {type: text,\n" +
	"                  max: 5}\n\n\n" +
	"# between\n" +
	"checks:\n" +
	"    - {must: x}\n" +
	"    - must: y\n" +
	"      code: z\n" +
	"    -   - deep\n" +
	"        - er\n" +
	"words:\n" +
	"    text: |\n" +
	"        first  \n" +
	"          second\n" +
	"\n" +
	"        third\n" +
	"    folded: >-\n" +
	"      a\n" +
	"      b\n" +
	"    plain: goes\n" +
	"      on\n" +
	"# end\n\n\n"

const tidy = `# head

record:   a.b
fields:
  # of the first
  one: {type: text}   # behind
  rows:
    type: rows
    fields:
      what: {type: text,
        max: 5}

# between
checks:
  - {must: x}
  - must: y
    code: z
  -   - deep
      - er
words:
  text: |
      first  
        second

      third
  folded: >-
    a
    b
  plain: goes
    on
# end
`

// TestFormatYAML: one form, comments where they belong, what it says unchanged.
func TestFormatYAML(t *testing.T) {
	t.Parallel()
	got, err := pack.FormatYAML("f.yaml", []byte(untidy))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tidy, string(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var a, b any
	if err := yaml.Unmarshal([]byte(untidy), &a); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(got, &b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error(diff)
	}
	again, err := pack.FormatYAML("f.yaml", got)
	if err != nil || string(again) != string(got) {
		t.Errorf("not the same a second time: %v\n%s", err, again)
	}
	if _, err := pack.FormatYAML("f.yaml", []byte("a: [\n")); fault.CodeOf(err) != "pack.invalid" {
		t.Errorf("got %v", err)
	}
}

// TestFormatCSV: quotes where they are needed, comments where they stood.
func TestFormatCSV(t *testing.T) {
	t.Parallel()
	const src = "\ufeff# version: 1  \r\ncode, name ,note\r\n\"a\",\"x\",\r\n# between\n\nb, \"no quote\",\"two\nlines\"\nc,\"with, comma\",\"a \"\"word\"\"\""
	const want = "# version: 1\ncode,name,note\na,x,\n# between\nb,\"\"\"no quote\"\"\",\"two\nlines\"\nc,\"with, comma\",\"a \"\"word\"\"\"\n"
	got, err := pack.FormatCSV("f.csv", []byte(strings.Replace(src, ` "no quote"`, `"""no quote"""`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for name, src := range map[string]string{"a cell like a comment": "\"#1\",x\n", "empty": ""} {
		if got, err := pack.FormatCSV("f.csv", []byte(src)); err != nil || string(got) != src {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for name, src := range map[string]string{"torn": "a,b\n\"c,d\n", "no UTF-8": "a,\xff\n"} {
		if _, err := pack.FormatCSV("f.csv", []byte(src)); fault.CodeOf(err) != "codes.csv" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFormatProduct: the product's packs have the form, and come back to it however they were indented.
func TestFormatProduct(t *testing.T) {
	t.Parallel()
	files := 0
	err := fs.WalkDir(os.DirFS("../../packs"), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join("../../packs", path))
		if err != nil {
			return err
		}
		form := map[string]func(string, []byte) ([]byte, error){".yaml": pack.FormatYAML, ".csv": pack.FormatCSV}[filepath.Ext(path)]
		if form == nil {
			return nil
		}
		files++
		got, err := form(path, text)
		if err != nil || string(got) != string(text) {
			t.Errorf("%s has not the form: %v", path, err)
		}
		if filepath.Ext(path) != ".yaml" || strings.Contains(string(text), "|\n") || strings.Contains(string(text), ">\n") {
			return nil
		}
		if got, err = form(path, []byte(distort(string(text)))); err != nil || string(got) != string(text) {
			t.Errorf("%s does not come back: %v\n%s", path, err, cmp.Diff(string(text), string(got)))
		}
		return nil
	})
	if err != nil || files < 50 {
		t.Errorf("%d files, %v", files, err)
	}
}

// distort leaves spaces, returns and blank lines about, and indents twice as deep, except where entries of sequences hold
// mappings, whose keys stand where the dash lets them.
func distort(text string) string {
	var out strings.Builder
	times := 2
	if regexp.MustCompile(`(?m)^ *- [^{\["]`).MatchString(text) {
		times = 1
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if line == "" {
			out.WriteString("\r\n\r\n")
			continue
		}
		deep := len(line) - len(strings.TrimLeft(line, " "))
		out.WriteString(strings.Repeat(" ", times*deep) + strings.TrimLeft(line, " "))
		if !strings.HasSuffix(line, "\"") {
			out.WriteString("  ")
		}
		out.WriteString("\r\n")
	}
	return out.String()
}
