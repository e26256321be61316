package feel

import (
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"
	"unicode/utf8"

	"chengshu/base/fault"
)

// seeds are the sources of the golden file and some that once were trouble.
func seeds(f *testing.F) {
	f.Helper()
	raw, err := os.ReadFile(astFile)
	if err != nil {
		f.Fatal(err)
	}
	var cases []astCase
	if err := json.Unmarshal(raw, &cases); err != nil {
		f.Fatal(err)
	}
	for _, c := range cases {
		f.Add(c.Source)
	}
	for _, s := range []string{
		"[1..3[", "]1..3[", "(((((((((", "for i in 1..1e9 return i", "9 ** 999999", "exp(99999)", "{a:{b:[{c:1}]}}.a.b.c", "1e6144*10",
		"@\"", "\"\\u12", "function(f) f(f)", "(function(f) f(f))(function(f) f(f))", "a instance of function<number>->list<Any>",
		"x[x[x[1]]]", "-----1", "not(not(not(1)))", "? in ?", "in in in", "if if if", "/**/1//", "[1,2,3][item]", "xs[1][",
		"some a in b, c in a satisfies c", "date(99999999999,1,1)", "duration(\"P99999999999Y\")", "@\"-999999999-01-01\" - @\"P1D\"",
		"replace(\"aaaa\", \"a*\", \"$0$0\")", "substring(\"abc\", -9e15)", "list replace([1], -9223372036854775808, 1)",
	} {
		f.Add(s)
	}
}

// FuzzExpression: whatever the source, compiling gives an expression or a fault with a place inside the source, and
// evaluating ends within its budget without a panic.
func FuzzExpression(f *testing.F) {
	seeds(f)
	scope := testScope()
	lenient := testScope().Lenient()
	f.Fuzz(func(t *testing.T, src string) {
		for _, s := range []*Scope{scope, lenient} {
			x, err := Compile(src, s)
			if err != nil {
				checkFault(t, src, err)
				continue
			}
			exercise(x)
		}
		if x, err := CompileTests(src, NumberType, lenient); err == nil {
			exercise(x)
		} else {
			checkFault(t, src, err)
		}
	})
}

func exercise(x *Expr) {
	env := &Env{
		Vars: testVars(), Limits: Limits{Steps: 2000, Depth: 50, List: 500, Text: 4000},
		Now: func() time.Time { return astNow },
	}
	v := x.Eval(env)
	_ = Format(v)
	_ = ToGo(v)
	_ = x.Type().String()
	_ = x.AST()
	columns := func(p string) (Column, bool) {
		if p == "age" || p == "a" {
			return Column{SQL: "c", Kind: ColumnInt}, true
		}
		return Column{SQL: "d"}, p == "kind" || p == "first name"
	}
	if flt, err := x.SQL(nil, columns); err == nil {
		_, _, _ = flt.Exact(env)
	}
}

func checkFault(t *testing.T, src string, err error) {
	t.Helper()
	var fe *fault.Error
	if !errors.As(err, &fe) || fe.Code == "" || fe.Kind == fault.Internal {
		t.Fatalf("%q: %v is no proper fault", src, err)
	}
	line, _ := fe.Args["line"].(int)
	column, _ := fe.Args["column"].(int)
	if line < 1 || column < 1 || column > utf8.RuneCountInString(src)+1 {
		t.Fatalf("%q: fault at %d:%d", src, line, column)
	}
}

// FuzzTemporal: what is read as a date, time or duration prints as something that reads as the same value.
func FuzzTemporal(f *testing.F) {
	for _, s := range []string{
		"2026-03-02", "-0001-12-31", "09:30:00.123456789+08:00", "2026-03-02T24:00:00Z", "2026-03-02T09:30:00@Asia/Shanghai",
		"P1Y2M", "-P3DT4H5M6.7S", "PT0S", "P0M", "10:00:00@Etc/UTC", "P1Y1D", "999999999-12-31T24:00:00",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v := parseTemporal(s)
		if v == nil {
			return
		}
		text := Format(v)
		again := parseTemporal(text)
		if !identical(v, again) {
			t.Fatalf("%q → %v → %q → %v", s, v, text, again)
		}
	})
}
