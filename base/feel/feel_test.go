package feel

import (
	"errors"
	"testing"
	"time"

	"chengshu/base/fault"
)

// testScope is a small office: a case with Chinese and spaced names, a caller and a list of records.
func testScope() *Scope {
	person := ContextOf(
		Param{Name: "name", Type: StringType}, Param{Name: "age", Type: NumberType},
		Param{Name: "date of birth", Type: DateType},
	)
	return NewScope().
		Var("age", NumberType).Var("kind", StringType).Var("申请人年龄", NumberType).Var("面积（亩）", NumberType).
		Var("first name", StringType).Var("a-b", NumberType).Var("a", NumberType).Var("b", NumberType).
		Var("terms and conditions", BoolType).Var("days in week", NumberType).Var("x", AnyType).
		Var("person", person).Var("people", ListOf(person)).Var("created", DateTimeType).Var("day", DateType).
		Var("user", ContextOf(Param{Name: "orgs", Type: ListOf(StringType)}, Param{Name: "area", Type: StringType})).
		Func(Func{
			Name: "role", Result: BoolType,
			Params: []Param{{Name: "name", Type: StringType}, {Name: "org", Type: StringType, Optional: true}},
			Call: func(e *Env, args []Value) (Value, error) {
				if args[0] == "boom" {
					return nil, fault.New(fault.Unavailable, "test.boom")
				}
				return args[0] == e.Data && args[1] == nil, nil
			},
		})
}

func testVars() Map {
	born, _ := ParseDate("1960-05-01")
	p := NewContext("name", "甲", "age", NumberFromInt(66), "date of birth", born)
	q := NewContext("name", "乙", "age", NumberFromInt(30), "date of birth", nil)
	day, _ := ParseDate("2026-03-02")
	return Map{
		"age": NumberFromInt(65), "kind": "b", "申请人年龄": NumberFromInt(60), "面积（亩）": FromGo(3.5),
		"first name": "Ada", "a-b": NumberFromInt(100), "a": NumberFromInt(7), "b": NumberFromInt(2),
		"terms and conditions": true, "days in week": NumberFromInt(7), "x": nil,
		"person": p, "people": List{p, q}, "day": day,
		"created": DateTimeOf(time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)),
		"user":    NewContext("orgs", List{"o1", "o2"}, "area", "a/b/"),
	}
}

type evalCase struct{ src, want string }

// runCases compares the printed result; "null" for null, strings quoted as in FEEL.
func runCases(t *testing.T, cases []evalCase) {
	t.Helper()
	scope := testScope()
	for _, c := range cases {
		t.Run(c.src, func(t *testing.T) {
			t.Parallel()
			x, err := Compile(c.src, scope)
			if err != nil {
				t.Fatalf("compile: %v", err)
			}
			env := &Env{Vars: testVars(), Data: "审核员", Now: func() time.Time {
				return time.Date(2026, 3, 2, 9, 30, 0, 0, time.FixedZone("", 8*3600))
			}}
			v := x.Eval(env)
			if got := literalText(v); got != c.want {
				t.Errorf("got %s, want %s; diagnostics %v", got, c.want, env.Diagnostics)
			}
			if again := literalText(x.Eval(env)); again != c.want {
				t.Errorf("second evaluation: got %s, want %s", again, c.want)
			}
		})
	}
}

func literalText(v Value) string {
	switch x := v.(type) {
	case nil:
		return "null"
	case string:
		return quote(x)
	}
	return Format(v)
}

func TestNames(t *testing.T) {
	t.Parallel()
	runCases(t, []evalCase{
		{`age >= 60 and kind in ["a","b"]`, "true"},
		{`申请人年龄 >= 60`, "true"},
		{`面积（亩） * 2`, "7"},
		{`first name`, `"Ada"`},
		{`first   name + "!"`, `"Ada!"`},
		{`a-b`, "100"},
		{`a - b`, "100"},
		{`(a)-b`, "5"},
		{`a+b`, "9"},
		{`terms and conditions and age > 3`, "true"},
		{`days in week in [7]`, "true"},
		{`person.date of birth.year`, "1960"},
		{`people.age`, "[66, 30]"},
		{`people[age > 60].name`, `["甲"]`},
		{`people[item.age > 60][1].name`, `"甲"`},
		{`people[date of birth = null].name`, `["乙"]`},
		{`people[age > a-b]`, "[]"},
		{`{"first x": 1, y z: first x + 1}.y z`, "2"},
		{`string length("数字政府")`, "4"},
		{`role("审核员")`, "true"},
		{`role(name: "审核员", org: "x")`, "false"},
		{`role("boom")`, "null"},
		{`[{a: 1}, {a: 2}][a = 2]`, "[{a: 2}]"},
		{`for p in people return p.name`, `["甲", "乙"]`},
		{`function(first x: number) first x + 1`, "function "},
		{`(function(n: number, m: number) n - m)(m: 1, n: 5)`, "4"},
	})
}

func TestNull(t *testing.T) {
	t.Parallel()
	runCases(t, []evalCase{
		{`x > 3`, "null"},
		{`x = null`, "true"},
		{`x != null`, "false"},
		{`1 = null`, "false"},
		{`x = 3`, "false"},
		{`x != 3`, "true"},
		{`x > 3 and false`, "false"},
		{`x > 3 or true`, "true"},
		{`x > 3 or false`, "null"},
		{`not(x > 3)`, "null"},
		{`x between 1 and 2`, "null"},
		{`if x > 3 then 1 else 2`, "2"},
		{`x.y.z`, "null"},
		{`x[1]`, "null"},
		{`x[item > 1]`, "[]"},
		{`x in [1, 2]`, "false"},
		{`x in [1, null]`, "true"},
		{`x in [1..3]`, "null"},
		{`x + 1`, "null"},
		{`some i in [1, 2] satisfies i > x`, "null"},
		{`every i in [] satisfies false`, "true"},
	})
}

func TestCompileFaults(t *testing.T) {
	t.Parallel()
	cases := []struct {
		src, code string
		line, col int
		nearest   string
	}{
		{`agee > 3`, "feel.unknown", 1, 1, "age"},
		{"age > 3 and\n  kynd = 1", "feel.unknown", 2, 3, "kind"},
		{`person.nam`, "feel.unknown-field", 1, 8, "name"},
		{`age > "3"`, "feel.compare", 1, 1, ""},
		{`kind + 1`, "feel.arithmetic", 1, 1, ""},
		{`if age then 1 else 2`, "feel.type", 1, 4, ""},
		{`age and true`, "feel.type", 1, 1, ""},
		{`1 +`, "feel.syntax", 1, 4, ""},
		{`(1`, "feel.expected", 1, 3, ""},
		{`1 2`, "feel.syntax", 1, 3, ""},
		{`"open`, "feel.string", 1, 1, ""},
		{`@"2026-13-01"`, "feel.temporal", 1, 1, ""},
		{`substring(1, 2)`, "feel.arguments", 1, 1, ""},
		{`role()`, "feel.arguments", 1, 1, ""},
		{`role(1)`, "feel.argument", 1, 6, ""},
		{`"a"(1)`, "feel.no-function", 1, 1, ""},
		{`{a: 1, a: 2}`, "feel.duplicate", 1, 11, ""},
		{`? > 3`, "feel.no-input", 1, 1, ""},
		{`1 instance of nothing`, "feel.unknown-type", 1, 15, ""},
		{`age in ["a"]`, "feel.compare", 1, 8, ""},
		{`{abc: 1}.abd`, "feel.unknown-field", 1, 10, "abc"},
		{`/* open`, "feel.syntax", 1, 1, ""},
		{``, "feel.syntax", 1, 1, ""},
	}
	for _, c := range cases {
		t.Run(c.src, func(t *testing.T) {
			t.Parallel()
			_, err := Compile(c.src, testScope())
			var f *fault.Error
			if !errors.As(err, &f) {
				t.Fatalf("got %v, want a fault", err)
			}
			if f.Code != c.code || f.Args["line"] != c.line || f.Args["column"] != c.col || f.Kind != fault.Invalid {
				t.Errorf("got %v, want %s at %d:%d", f, c.code, c.line, c.col)
			}
			if near, _ := f.Args["nearest"].(string); near != c.nearest {
				t.Errorf("nearest %q, want %q", near, c.nearest)
			}
		})
	}
}

func TestDiagnostics(t *testing.T) {
	t.Parallel()
	x, err := Compile("1 +\n  number(kind)", testScope())
	if err != nil {
		t.Fatal(err)
	}
	env := &Env{Vars: testVars()}
	if v := x.Eval(env); v != nil {
		t.Fatalf("got %v, want null", v)
	}
	if len(env.Diagnostics) != 1 || env.Diagnostics[0].Code != "feel.number" || env.Diagnostics[0].Pos != (Pos{2, 3}) {
		t.Errorf("diagnostics %v", env.Diagnostics)
	}
}

func TestUnaryTests(t *testing.T) {
	t.Parallel()
	cases := []struct {
		src   string
		typ   Type
		input any
		want  Value
	}{
		{"-", NumberType, 1, true},
		{"< 60", NumberType, 59, true},
		{"< 60", NumberType, nil, nil},
		{"[1..5), 7", NumberType, 5, false},
		{"[1..5), 7", NumberType, 7, true},
		{`not("a", "b")`, StringType, "c", true},
		{`not("a", "b")`, StringType, "b", false},
		{`"a"`, StringType, "a", true},
		{`? > 3 and ? < age`, NumberType, 10, true},
		{`contains(?, "x")`, StringType, "axb", true},
		{`age > 100`, NumberType, 10, false},
		{`age > 10`, NumberType, 10, true},
		{`true`, BoolType, false, false},
		{`null`, AnyType, nil, true},
		{`not(null)`, AnyType, 1, true},
		{`["a", "b"]`, StringType, "b", true},
		{`not(? = 1) or ? = 1`, NumberType, 1, true},
		{`-5`, NumberType, -5, true},
		{`>= 1, null`, NumberType, nil, true},
		{`list contains(?, 2)`, ListOf(NumberType), []int{1, 2}, true},
	}
	for _, c := range cases {
		t.Run(c.src, func(t *testing.T) {
			t.Parallel()
			x, err := CompileTests(c.src, c.typ, testScope())
			if err != nil {
				t.Fatal(err)
			}
			vars := testVars()
			if got := x.Test(&Env{Vars: vars}, FromGo(c.input)); got != c.want {
				t.Errorf("Test: got %v, want %v", got, c.want)
			}
			vars["?"] = FromGo(c.input)
			if got := x.Eval(&Env{Vars: vars}); got != c.want {
				t.Errorf("Eval: got %v, want %v", got, c.want)
			}
		})
	}
}

func TestParseType(t *testing.T) {
	t.Parallel()
	scope := NewScope().Type("tCase", ContextOf(Param{Name: "a", Type: NumberType}))
	for src, want := range map[string]string{
		"number": "number", "list< date and time >": "list<date and time>", "dateTime": "date and time", "tCase": "tCase",
		"context<a b: string, c: list<tCase>>": "context<a b: string, c: list<tCase>>",
		"function<number, Any> -> string":      "function<number, Any>->string", "range<date>": "range<date>",
	} {
		got, err := ParseType(src, scope)
		if err != nil || got.String() != want {
			t.Errorf("%s: got %s, %v; want %s", src, got, err, want)
		}
	}
	for _, src := range []string{"", "numbr", "list<", "list<number> x"} {
		if got, err := ParseType(src, scope); err == nil {
			t.Errorf("%s: got %s, want a fault", src, got)
		}
	}
}

// TestShadow: a field may have the name of a built-in function.
func TestShadow(t *testing.T) {
	t.Parallel()
	scope := NewScope().Var("number", StringType).Var("date", DateType)
	x, err := Compile(`number = "7" and number(number) = 7 and date > date("2026-01-01")`, scope)
	if err != nil {
		t.Fatal(err)
	}
	day, _ := ParseDate("2026-03-02")
	if !x.True(&Env{Vars: Map{"number": "7", "date": day}}) {
		t.Error("not true")
	}
	scope.Func(Func{Name: "contains"})
	if _, err := Compile("1", scope); fault.CodeOf(err) != "feel.reserved" {
		t.Errorf("a product function took a standard name: %v", err)
	}
}

func BenchmarkSimpleCondition(b *testing.B) {
	x, err := Compile(`age >= 60 and kind in ["a","b"]`, testScope())
	if err != nil {
		b.Fatal(err)
	}
	env := &Env{Vars: testVars()}
	b.ReportAllocs()
	for b.Loop() {
		if !x.True(env) {
			b.Fatal("not true")
		}
	}
}
