package feel

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata/ast.json")

const astFile = "testdata/ast.json"

// astCase is one line of the golden file that this package and the web's unit tests share. Temporal values are
// {"@": "2026-03-02"} in inputs and results.
type astCase struct {
	Source string          `json:"source"`
	Tests  bool            `json:"tests,omitempty"` // unary tests of the variable "?"
	Inputs json.RawMessage `json:"inputs"`
	AST    json.RawMessage `json:"ast"`
	Result json.RawMessage `json:"result"`
}

// astNow is the clock of the golden file.
var astNow = time.Date(2026, 3, 2, 9, 30, 0, 0, time.FixedZone("", 8*3600))

func fromGolden(t *testing.T, raw json.RawMessage) Value {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return temporals(FromGo(v))
}

func temporals(v Value) Value {
	switch x := v.(type) {
	case List:
		out := make(List, len(x))
		for i, el := range x {
			out[i] = temporals(el)
		}
		return out
	case *Context:
		if s, ok := x.vals["@"].(string); ok {
			return parseTemporal(s)
		}
		out := NewContext()
		for _, k := range x.keys {
			out.put(k, temporals(x.vals[k]))
		}
		return out
	}
	return v
}

func toGolden(v Value) any {
	switch x := v.(type) {
	case List:
		out := make([]any, len(x))
		for i, el := range x {
			out[i] = toGolden(el)
		}
		return out
	case *Context:
		out := map[string]any{}
		for _, k := range x.keys {
			out[k] = toGolden(x.vals[k])
		}
		return out
	case Number:
		return json.Number(x.String())
	case nil, bool, string:
		return x
	}
	return map[string]any{"@": Format(v)}
}

// scopeOf declares the inputs without types, as a form whose declaration is not at hand.
func scopeOf(inputs *Context) *Scope {
	s := NewScope()
	for _, k := range inputs.keys {
		if k != "?" {
			s.Var(k, AnyType)
		}
	}
	return s
}

func TestAST(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(astFile)
	if err != nil {
		t.Fatal(err)
	}
	var cases []astCase
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		inputs, ok := fromGolden(t, c.Inputs).(*Context)
		if !ok {
			t.Fatalf("%s: inputs are no object", c.Source)
		}
		comp := Compile
		if c.Tests {
			comp = func(src string, s *Scope) (*Expr, error) { return CompileTests(src, AnyType, s) }
		}
		x, err := comp(c.Source, scopeOf(inputs))
		if err != nil {
			t.Fatalf("%s: %v", c.Source, err)
		}
		v := x.Eval(&Env{Vars: inputs, Now: func() time.Time { return astNow }})
		result, err := json.Marshal(toGolden(v))
		if err != nil {
			t.Fatal(err)
		}
		if !*update {
			if d := cmp.Diff(compactJSON(t, c.AST), compactJSON(t, x.AST())); d != "" {
				t.Errorf("%s: tree differs from %s (-want +got), -update rewrites it:\n%s", c.Source, astFile, d)
			}
			if got, want := string(result), compactJSON(t, c.Result); got != want {
				t.Errorf("%s: got %s want %s", c.Source, got, want)
			}
		}
		cases[i].AST, cases[i].Result = x.AST(), result
	}
	if *update {
		writeGolden(t, cases)
	}
}

func compactJSON(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var v any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return string(raw)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// writeGolden writes one case a line, so that a diff shows what changed.
func writeGolden(t *testing.T, cases []astCase) {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("[\n")
	for i, c := range cases {
		var line bytes.Buffer
		enc := json.NewEncoder(&line)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(c); err != nil {
			t.Fatal(err)
		}
		b.WriteString("  ")
		b.Write(bytes.TrimSpace(line.Bytes()))
		if i < len(cases)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("]\n")
	if err := os.WriteFile(astFile, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
