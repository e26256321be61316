package feel

import (
	"strings"
	"testing"
)

func TestRegex(t *testing.T) {
	t.Parallel()
	runCases(t, []evalCase{
		{`matches("X", "[A-Z-[OI]]")`, "true"},
		{`matches("O", "[A-Z-[OI]]")`, "false"},
		{`matches("x", "[A-Z-[OI]]", "i")`, "true"},
		{`matches("5", "[0-9-[0-4-[2]]]")`, "true"},
		{`matches("2", "[0-9-[0-4-[2]]]")`, "true"},
		{`matches("3", "[0-9-[0-4-[2]]]")`, "false"},
		{`matches("aa", "^(.)\1$")`, "true"},
		{`matches("ab", "^(.)\1$")`, "false"},
		{`matches("aA", "^(.)\1$", "i")`, "true"},
		{`matches("abab", "^(a|b|ab)*\1$")`, "true"},
		{`matches("h", "(.)\2")`, "null"},
		{`matches("h", "(\1)")`, "null"},
		{`matches("城枢", "^\w+$")`, "true"},
		{`matches("城 枢", "^\w+\s\w+$")`, "true"},
		{`matches("１２", "^\d+$")`, "true"},
		{`matches("é", "\p{Lu}")`, "false"},
		{`matches("城", "^\p{IsCJKUnifiedIdeographs}$")`, "true"},
		{`matches("a", "\P{IsBasicLatin}")`, "false"},
		{`matches("a:b", "^\i\c*$")`, "true"},
		{`matches("a", "\b")`, "null"},
		{`matches("a", "(?i)A")`, "null"},
		{`matches("ab", "(?:ab)")`, "true"},
		{`matches("[", "[\[]")`, "true"},
		{`matches("-", "[a-]")`, "true"},
		{`matches("a b", "a[ ]b", "x")`, "true"},
		{`matches("a", "[z-a]")`, "null"},
		{`matches("a", "[a")`, "null"},
		{`matches("", "^$")`, "true"},
		{`replace("aabb", "(.)\1", "<$1>")`, `"<a><b>"`},
		{`replace("a1b2", "(\p{L})(\d)", "$2$1")`, `"1a2b"`},
		{`replace("abc", "(a)|(b)", "[$1$2]")`, `"[a][b]c"`},
		{`replace("ab", "(a)", "$12")`, `"a2b"`},
		{`replace("ab", "a", "$9")`, `"b"`},
		{`replace("ab", "a", "\n")`, "\"\\nb\""},
		{`replace("ab", "a", "x\y")`, "null"},
		{`split("a--b-c", "(-)\1?")`, `["a", "b", "c"]`},
		{`replace("", "x?", "-")`, `"-"`},
	})
}

// TestRegexBudget: a pattern that would backtrack for years ends with the steps of the evaluation.
func TestRegexBudget(t *testing.T) {
	t.Parallel()
	x, err := Compile(`matches("`+strings.Repeat("a", 60)+`b", "^((a+)+)\2\1$")`, nil)
	if err != nil {
		t.Fatal(err)
	}
	env := &Env{Limits: Limits{Steps: 20_000}}
	if v := x.Eval(env); v != nil || len(env.Diagnostics) == 0 || env.Diagnostics[0].Code != "feel.limit" {
		t.Errorf("got %v, diagnostics %v", v, env.Diagnostics)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	cases := []struct{ src, limit string }{
		{`count(for i in 1..1000, j in 1..1000, k in 1..1000 return i)`, "list"},
		{`some i in 1..1000, j in 1..1000, k in 1..1000 satisfies i > 1000`, "steps"},
		{`for i in 1..1e9 return i`, "list"},
		{`(function(f) f(f))(function(f) f(f))`, "depth"},
		{`{s: "0123456789", a: s+s+s+s+s+s+s+s, b: a+a+a+a+a+a+a+a, c: b+b+b+b+b+b+b+b, d: c+c+c+c+c+c+c+c}.d`, "text"},
		{`count(concatenate(for i in 1..900 return i, for i in 1..900 return i))`, "list"},
	}
	for _, c := range cases {
		t.Run(c.src, func(t *testing.T) {
			t.Parallel()
			x, err := Compile(c.src, nil)
			if err != nil {
				t.Fatal(err)
			}
			env := &Env{Limits: Limits{Steps: 20_000, List: 1000, Text: 10_000}}
			if v := x.Eval(env); v != nil {
				t.Errorf("got %v, want null", v)
			}
			if len(env.Diagnostics) == 0 || env.Diagnostics[0].Code != "feel.limit" || env.Diagnostics[0].Args["limit"] != c.limit {
				t.Errorf("diagnostics %v, want the limit %s", env.Diagnostics, c.limit)
			}
		})
	}
	if _, err := Compile(strings.Repeat("(", 300)+"1"+strings.Repeat(")", 300), nil); err == nil {
		t.Error("300 parentheses compiled")
	}
	if _, err := Compile(strings.Repeat(" ", 1<<17), nil); err == nil {
		t.Error("128 KiB compiled")
	}
}
