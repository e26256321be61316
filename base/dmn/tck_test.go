package dmn_test

import (
	"encoding/xml"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"chengshu/base/dmn"
	"chengshu/base/feel"
)

// Floors of the shared part of the suite; they only rise. What does not pass is listed in testdata/tck_known.txt.
var tckFloor = map[string]int{"2": 100, "3": 2485}

type tckCases struct {
	Model string    `xml:"modelName"`
	Cases []tckCase `xml:"testCase"`
}

type tckCase struct {
	ID        string `xml:"id,attr"`
	Type      string `xml:"type,attr"`
	Invocable string `xml:"invocableName,attr"`
	Inputs    []struct {
		Name      string `xml:"name,attr"`
		Namespace string `xml:"namespace,attr"`
		tckValue
	} `xml:"inputNode"`
	Results []struct {
		Name      string   `xml:"name,attr"`
		Namespace string   `xml:"namespace,attr"`
		Error     bool     `xml:"errorResult,attr"`
		Expected  tckValue `xml:"expected"`
	} `xml:"resultNode"`
}

type tckValue struct {
	Nil        string     `xml:"nil,attr"`
	Value      *tckText   `xml:"value"`
	List       *tckList   `xml:"list"`
	Components []tckField `xml:"component"`
}

type tckText struct {
	Type string `xml:"type,attr"`
	Nil  string `xml:"nil,attr"`
	Text string `xml:",chardata"`
}

type tckList struct {
	Nil   string     `xml:"nil,attr"`
	Items []tckValue `xml:"item"`
}

type tckField struct {
	Name string `xml:"name,attr"`
	tckValue
}

func (v tckValue) value() feel.Value {
	switch {
	case v.List != nil && v.List.Nil != "true":
		out := feel.List{}
		for _, i := range v.List.Items {
			out = append(out, i.value())
		}
		return out
	case len(v.Components) > 0:
		c := feel.NewContext()
		for _, f := range v.Components {
			c = c.With(f.Name, f.value())
		}
		return c
	case v.Value == nil || v.Value.Nil == "true":
		return nil
	}
	s := v.Value.Text
	kind := v.Value.Type[strings.IndexByte(v.Value.Type, ':')+1:]
	if kind != "string" && kind != "" {
		s = strings.TrimSpace(s)
	}
	switch kind {
	case "boolean":
		return s == "true" || s == "1"
	case "decimal", "double", "integer", "int", "long", "float":
		if n, err := feel.ParseNumber(s); err == nil {
			return n
		}
		return nil
	case "date", "time", "dateTime", "duration", "dayTimeDuration", "yearMonthDuration", "dateTimeStamp":
		return temporal(s)
	}
	return s
}

func temporal(s string) feel.Value {
	if d, ok := feel.ParseDate(s); ok {
		return d
	}
	if d, ok := feel.ParseDateTime(s); ok {
		return d
	}
	if t, ok := feel.ParseTime(s); ok {
		return t
	}
	if d, ok := feel.ParseDuration(s); ok {
		return d
	}
	return nil
}

// same compares numbers to the digits that the suite shows.
func same(got, want feel.Value) bool {
	switch w := want.(type) {
	case nil:
		return got == nil
	case feel.Number:
		g, ok := got.(feel.Number)
		return ok && near(g, w)
	case feel.List:
		g, ok := got.(feel.List)
		return ok && slices.EqualFunc(g, w, same)
	case *feel.Context:
		g, ok := got.(*feel.Context)
		if !ok || g.Len() != w.Len() {
			return false
		}
		for _, k := range w.Keys() {
			gv, has := g.Get(k)
			wv, _ := w.Get(k)
			if !has || !same(gv, wv) {
				return false
			}
		}
		return true
	}
	return feel.KindOf(got) == feel.KindOf(want) && (feel.Equal(got, want) || feel.Format(got) == feel.Format(want))
}

// near: the suite's own runners compare numbers to eight places. A fraction that is shown with fewer is exact.
func near(got, want feel.Number) bool {
	if got.Cmp(want) == 0 {
		return true
	}
	const shown = 7
	if _, frac, _ := strings.Cut(want.String(), "."); len(frac) <= shown {
		return false
	}
	x, err := feel.Compile(fmt.Sprintf("abs((%s) - (%s)) <= 1e-8", got, want), nil)
	return err == nil && x.Eval(&feel.Env{}) == true
}

func tckDir(t *testing.T) (dir string, shared bool) {
	t.Helper()
	if dir = os.Getenv("CHENGSHU_TCK"); dir != "" {
		if _, err := os.Stat(dir); err != nil && !filepath.IsAbs(dir) {
			dir = filepath.Join("..", "..", dir) // as seen from the root of the repository
		}
		return dir, false
	}
	root := os.Getenv("CHENGSHU_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	dir = filepath.Join(root, "conformance", "dmn-tck")
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CHENGSHU_CI") == "1" {
			t.Fatalf("DMN TCK: no suite at %s", dir)
		}
		t.Skipf("DMN TCK: SKIPPED, no suite at %s; set CHENGSHU_TCK", dir)
	}
	return dir, true
}

// TestTCK runs every case below a directory of suites: CHENGSHU_TCK, else the shared part. A suite is any folder with
// *-test-*.xml files; its level is in the name of a folder above it.
func TestTCK(t *testing.T) {
	t.Parallel()
	dir, shared := tckDir(t)
	suites := map[string][]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(d.Name(), "-test-") && strings.HasSuffix(d.Name(), ".xml") {
			suites[filepath.Dir(path)] = append(suites[filepath.Dir(path)], path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	known := knownFailures(t)
	passed, total := map[string]int{}, map[string]int{}
	for _, suite := range slices.Sorted(maps.Keys(suites)) {
		level := levelOf(suite)
		p, n := 0, 0
		for _, file := range suites[suite] {
			for _, o := range runFile(t, suite, file) {
				n++
				name := filepath.Base(suite) + "/" + o.id
				switch {
				case len(o.faults) == 0:
					p++
					if shared && known[name] {
						t.Errorf("%s passes and is listed as known failure", name)
					}
				case shared && !known[name]:
					t.Errorf("%s: %s", name, strings.Join(o.faults, "\n\t"))
				default:
					t.Logf("%s: %s", name, strings.Join(o.faults, "\n\t"))
				}
			}
		}
		passed[level], total[level] = passed[level]+p, total[level]+n
		t.Logf("%s: %d of %d", filepath.Base(suite), p, n)
	}
	for _, level := range slices.Sorted(maps.Keys(total)) {
		fmt.Printf("DMN TCK level %s: passed %d of %d\n", level, passed[level], total[level])
		if shared && passed[level] < tckFloor[level] {
			t.Errorf("level %s: passed %d, floor %d", level, passed[level], tckFloor[level])
		}
	}
}

func levelOf(suite string) string {
	for part := range strings.SplitSeq(filepath.ToSlash(suite), "/") {
		if level, ok := strings.CutPrefix(part, "compliance-level-"); ok {
			return level
		}
	}
	return "?"
}

// knownFailures reads "suite/case reason" lines.
func knownFailures(t *testing.T) map[string]bool {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "tck_known.txt"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for line := range strings.Lines(string(raw)) {
		if name, _, ok := strings.Cut(strings.TrimSpace(line), " "); ok && !strings.HasPrefix(name, "#") {
			known[name] = true
		}
	}
	return known
}

type outcome struct {
	id     string
	faults []string
}

func runFile(t *testing.T, suite, file string) []outcome {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var cases tckCases
	if err := xml.Unmarshal(raw, &cases); err != nil {
		t.Errorf("%s: %v", file, err)
		return nil
	}
	defs, err := loadSuite(suite, cases.Model)
	out := make([]outcome, 0, len(cases.Cases))
	for _, c := range cases.Cases {
		o := outcome{id: c.ID}
		if err != nil {
			o.faults = []string{err.Error()}
		} else {
			o.faults = c.run(defs)
		}
		out = append(out, o)
	}
	return out
}

// loadSuite compiles the model; the other models of the folder are there to be imported.
func loadSuite(dir, name string) (*dmn.Definitions, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		name = filepath.Base(dir)
	}
	if !strings.HasSuffix(name, ".dmn") {
		name += ".dmn"
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.dmn"))
	if err != nil {
		return nil, err
	}
	var main *dmn.Model
	var rest []*dmn.Model
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		m, err := dmn.Parse(raw)
		switch {
		case filepath.Base(f) == name && err != nil:
			return nil, err
		case filepath.Base(f) == name:
			main = m
		case err == nil:
			rest = append(rest, m)
		}
	}
	if main == nil {
		return nil, fmt.Errorf("no model %s", name)
	}
	return dmn.Compile(nil, main, rest...), nil
}

func (c *tckCase) run(defs *dmn.Definitions) (faults []string) {
	vars := feel.Map{}
	for _, in := range c.Inputs {
		v := in.value()
		if in.Namespace != "" {
			vars[in.Namespace+"#"+in.Name] = v
		}
		vars[in.Name] = v
	}
	for _, r := range c.Results {
		want := r.Expected.value()
		got, detail := c.eval(defs, r.Namespace, r.Name, vars)
		if r.Error && got == nil {
			continue
		}
		if !same(got, want) {
			faults = append(faults, fmt.Sprintf("%s: got %s, want %s%s", r.Name, show(got), show(want), detail))
		}
	}
	return faults
}

func (c *tckCase) eval(defs *dmn.Definitions, space, name string, vars feel.Map) (v feel.Value, detail string) {
	defer func() {
		if p := recover(); p != nil {
			v, detail = fmt.Sprint("panic: ", p), ""
		}
	}()
	env := &feel.Env{Vars: vars, Now: func() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }}
	var res dmn.Result
	switch c.Type {
	case "decisionService":
		s := defs.Service(c.Invocable)
		if s == nil {
			return "no service " + c.Invocable, ""
		}
		res = s.Eval(env)
		if ctx, ok := res.Value.(*feel.Context); ok && len(s.Outputs()) > 1 {
			if part, ok := ctx.Get(name); ok {
				return part, ""
			}
		}
	case "bkm":
		k := defs.Knowledge(c.Invocable)
		if k == nil {
			return "no knowledge " + c.Invocable, ""
		}
		res = k.Eval(env)
	default:
		d := defs.Decision(name)
		if space != "" && space != defs.Model().Namespace {
			d = defs.Imported(space, name)
		}
		switch s := defs.Service(name); {
		case d != nil:
			res = d.Eval(env)
		case s != nil:
			res = s.Eval(env)
		default:
			return "no decision " + name, ""
		}
	}
	for _, g := range res.Diagnostics {
		detail += fmt.Sprintf("; %s %d:%d %s %v", g.Element, g.Line, g.Pos.Line, g.Code, g.Args)
	}
	return res.Value, detail
}

func show(v feel.Value) string {
	if v == nil {
		return "null"
	}
	return fmt.Sprintf("%T %s", v, feel.Format(v))
}
