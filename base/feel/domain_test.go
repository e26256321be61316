package feel

import (
	"strings"
	"testing"
)

func TestSpans(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		src, want string
		negated   bool
	}{
		{`-`, "all", false},
		{`5`, "[5..5]", false},
		{`"a", "b"`, `["a".."a"] ["b".."b"]`, false},
		{`not("a")`, `["a".."a"]`, true},
		{`< 5`, "(< 5)", false},
		{`>= 5, -1`, "(>= 5) [-1..-1]", false},
		{`!= 5`, "(< 5) (> 5)", false},
		{`[1..5), 7`, "[1..5) [7..7]", false},
		{`[1, 2]`, "[1..1] [2..2]", false},
		{`true`, "[true..true]", false},
		{`<= date("2026-01-31")`, "(<= 2026-01-31)", false},
		{`> duration("P1D")`, "(> P1D)", false},
		{`null`, "none", false},
		{`? > 3`, "none", false},
		{`x`, "none", false},
		{`[5..1]`, "none", false},
		{`max(1, 2)`, "none", false},
	} {
		t.Run(c.src, func(t *testing.T) {
			t.Parallel()
			x, err := CompileTests(c.src, AnyType, NewScope().Lenient().Var("x", AnyType))
			if err != nil {
				t.Fatal(err)
			}
			spans, negated, ok := x.Spans()
			var got []string
			for _, s := range spans {
				if s.LowAbsent && s.HighAbsent {
					got = append(got, "all")
				} else {
					got = append(got, Format(s))
				}
			}
			if !ok {
				got = []string{"none"}
			}
			if s := strings.Join(got, " "); s != c.want || negated != c.negated {
				t.Errorf("got %s %v, want %s %v", s, negated, c.want, c.negated)
			}
		})
	}
}

func TestCallNamed(t *testing.T) {
	t.Parallel()
	f, ok := must(t, `function(a: number, b) a - b`, nil).Eval(&Env{}).(*Function)
	if !ok {
		t.Fatal("no function")
	}
	for name, c := range map[string]struct {
		names []string
		args  []Value
		want  string
	}{
		"order":   {[]string{"b", "a"}, []Value{NumberFromInt(1), NumberFromInt(3)}, "2"},
		"unknown": {[]string{"b", "c"}, []Value{NumberFromInt(1), NumberFromInt(3)}, ""},
		"missing": {[]string{"a"}, []Value{NumberFromInt(1)}, ""},
		"none":    {nil, nil, ""},
	} {
		if got := Format(f.CallNamed(&Env{}, c.names, c.args)); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// A function value carries the names of the place where it was made.
func TestClosure(t *testing.T) {
	t.Parallel()
	scope := NewScope().Var("n", NumberType)
	made := must(t, `function(x) x * n`, scope).Eval(&Env{Vars: Map{"n": NumberFromInt(10)}})
	call := must(t, `f(2) + n`, scope.Clone().Var("f", AnyType))
	if got := Format(call.Eval(&Env{Vars: Map{"f": made, "n": NumberFromInt(1)}})); got != "21" {
		t.Errorf("got %s, want 21", got)
	}
}

func must(t *testing.T, src string, scope *Scope) *Expr {
	t.Helper()
	x, err := Compile(src, scope)
	if err != nil {
		t.Fatal(err)
	}
	return x
}
