package schema_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/kernel/schema"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// codes is the code table of the golden declarations.
const codes = `# version: kinds@1
code,name,parent,valid_from,valid_to,days
01,道路,,,,3
0101,井盖,01,,,2
02,旧类,,2000-01-01,2020-12-31,
`

// TestFieldTypes derives everything from one declaration of each field type and compares it with testdata/field_<type>.txtar:
// the declaration and the values (one JSON value a line) are input, all below each value is derived.
func TestFieldTypes(t *testing.T) {
	t.Parallel()
	for _, typ := range schema.FieldTypes() {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join("testdata", "field_"+typ+".txtar")
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			in := txtar.Parse(src)
			got := txtar.Format(derive(t, in, typ))
			if *update {
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(src), string(got)); diff != "" {
				t.Errorf("%s is not what is derived (-file +derived); go test -update rewrites it\n%s", file, diff)
			}
		})
	}
}

// TestGoldenFilesHaveTypes refuses a golden file of a type that is gone.
func TestGoldenFilesHaveTypes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/field_*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		got = append(got, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(f), "field_"), ".txtar"))
	}
	if diff := cmp.Diff(schema.FieldTypes(), got); diff != "" {
		t.Errorf("types and golden files differ (-types +files):\n%s", diff)
	}
}

// TestWebHasEveryFieldType: each field type has a folder of its name under web/src/fields, and no folder is without one.
func TestWebHasEveryFieldType(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir("../../web/src/fields")
	if errors.Is(err, fs.ErrNotExist) {
		if os.Getenv("CHENGSHU_CI") == "1" {
			t.Fatal("web/src/fields is missing")
		}
		t.Skip("SKIPPED: web/src/fields IS MISSING, FIELD TYPES OF THE WEB ARE NOT COMPARED")
	}
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		if e.IsDir() {
			got = append(got, e.Name())
		}
	}
	if diff := cmp.Diff(schema.FieldTypes(), got); diff != "" {
		t.Errorf("types of the kernel and of the web differ (-kernel +web):\n%s", diff)
	}
}

func part(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

// freeze makes a set of one type "t.thing" with the fields of the declaration, which may refer to it.
func freeze(t *testing.T, fields string) *schema.Type {
	t.Helper()
	d := schema.NewDraft()
	d.ParseCodes("t", "kind", "t/codes/kind.csv", []byte(codes))
	d.ParseType("t", "t/records/thing.yaml", []byte("record: t.thing\nfields:\n"+fields))
	set, err := d.Freeze()
	if err != nil {
		t.Fatal(err)
	}
	typ, err := set.Type("t.thing")
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

// derive writes the golden file anew from its input parts.
func derive(t *testing.T, in *txtar.Archive, typ string) *txtar.Archive {
	t.Helper()
	declaration := part(in, "declaration.yaml")
	thing := freeze(t, indent(declaration))
	f := thing.FieldList[0]
	if f.Type != typ {
		t.Fatalf("the declaration is of type %s", f.Type)
	}
	var columns strings.Builder
	for _, c := range f.Columns() {
		fmt.Fprintf(&columns, "%s %s", c.Name, c.Type)
		if c.Index {
			columns.WriteString(" indexed")
		}
		columns.WriteByte('\n')
	}
	var in2 bytes.Buffer
	for line := range strings.Lines(part(in, "values")) {
		if strings.TrimSpace(line) != "" && line[0] != '\t' {
			in2.WriteString(deriveValue(t, thing, f, strings.TrimSpace(line)))
		}
	}
	return &txtar.Archive{Comment: in.Comment, Files: []txtar.File{
		{Name: "declaration.yaml", Data: []byte(declaration)},
		{Name: "columns", Data: []byte(columns.String())},
		{Name: "schema.json", Data: encode(t, f.JSONSchema())},
		{Name: "describe.json", Data: encode(t, f.Describe())},
		{Name: "feel", Data: []byte(f.FeelType().String() + "\n")},
		{Name: "filter", Data: []byte(filterColumn(thing, f))},
		{Name: "values", Data: in2.Bytes()},
	}}
}

func indent(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString("  " + line)
	}
	return b.String()
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

func filterColumn(thing *schema.Type, f *schema.Field) string {
	var out strings.Builder
	for _, p := range []string{f.Name, f.Name + ".from", f.Name + ".to", f.Name + ".grid", f.Name + ".area", f.Name + ".address", f.Name + ".lon"} {
		if c, ok := thing.SQLColumn(p); ok {
			fmt.Fprintf(&out, "%s: %s\n", p, c.SQL)
		}
	}
	if out.Len() == 0 {
		return "cannot be filtered\n"
	}
	return out.String()
}

// deriveValue parses one JSON value and writes what becomes of it. Whatever the type, the canonical form is read again as
// itself, and comes back from the columns and, where the type has one, from the spreadsheet.
func deriveValue(t *testing.T, thing *schema.Type, f *schema.Field, line string) string {
	t.Helper()
	raw := decodeValue(t, line)
	v, bad := f.Parse(raw)
	if bad != nil {
		return fmt.Sprintf("%s\n\trefused %s %s%s\n", line, bad.Pointer, bad.Code, args(bad))
	}
	if v == nil {
		return line + "\n\tempty\n"
	}
	if f.Type != "secret" {
		again, bad := f.Parse(v)
		if bad != nil || !reflect.DeepEqual(again, v) {
			t.Errorf("%s: the canonical form %#v is read as %#v, %v", line, v, again, bad)
		}
		if again, bad := f.Parse(decodeValue(t, string(compact(t, v)))); bad != nil || !reflect.DeepEqual(again, v) {
			t.Errorf("%s: the canonical form %#v comes back from JSON as %#v, %v", line, v, again, bad)
		}
		if f.Type != "rows" {
			if got := f.Decode(stored(f.Encode(v))); !reflect.DeepEqual(got, v) {
				t.Errorf("%s: %#v comes back from the columns as %#v", line, v, got)
			}
		}
		if again, bad := f.Parse(thing.Assignable(f.Name, f.Value(v))); bad != nil || !reflect.DeepEqual(again, v) {
			t.Errorf("%s: %#v comes back from an expression as %#v, %v", line, v, again, bad)
		}
	}
	sheet := f.Text(v)
	back := "read back"
	if again, bad := f.Parse(f.FromText(sheet)); bad != nil || !reflect.DeepEqual(again, v) {
		back = "not read back"
	}
	columns := f.Encode(v)
	for i, c := range columns {
		columns[i] = string(compact(t, c))
	}
	return fmt.Sprintf("%s\n\tvalue %s\n\tcolumns %v\n\tfeel %s\n\tmask %s\n\tsheet %q %s\n",
		line, compact(t, v), columns, feel.Format(feel.List{f.Value(v)}), compact(t, f.Masked(v)), sheet, back)
}

func args(bad *fault.Field) string {
	keys := make([]string, 0, len(bad.Args))
	for k := range bad.Args {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var out strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&out, " %s=%v", k, bad.Args[k])
	}
	return out.String()
}

// stored gives column values as a database driver gives them.
func stored(columns []any) []any {
	for i, c := range columns {
		if n, ok := c.(int); ok {
			columns[i] = int64(n)
		}
	}
	return columns
}

func decodeValue(t *testing.T, src string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(src))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	return v
}

func compact(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(b.Bytes())
}
