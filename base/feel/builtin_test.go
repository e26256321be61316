package feel

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// builtinCases has at least one case for every built-in function; TestBuiltinsCovered sees to it.
func builtinCases() map[string][]evalCase {
	return map[string][]evalCase{
		"conversion": conversionCases, "string": stringCases, "list": listCases, "number": numberCases, "time": timeCases,
		"context": contextCases, "range": rangeCases,
	}
}

func TestBuiltins(t *testing.T) {
	t.Parallel()
	for area, cases := range builtinCases() {
		t.Run(area, func(t *testing.T) {
			t.Parallel()
			runCases(t, cases)
		})
	}
}

func TestBuiltinsCovered(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, cases := range builtinCases() {
		for _, c := range cases {
			all.WriteString(c.src + "\n")
		}
	}
	names := slices.Sorted(maps.Keys(builtins().byName))
	for _, n := range names {
		if !strings.Contains(all.String(), n+"(") {
			t.Errorf("built-in %q has no case", n)
		}
	}
	const least = 80 // DMN 1.5 §10.3.4
	if len(names) < least {
		t.Errorf("%d built-ins, want at least %d", len(names), least)
	}
}

var conversionCases = []evalCase{
	{`number("1 000,5", " ", ",")`, "1000.5"},
	{`number("1.000,50", ".", ",")`, "1000.5"},
	{`number("1,000", ",", null)`, "1000"},
	{`number(from: "12.5", grouping separator: null, decimal separator: ".")`, "12.5"},
	{`number("1,0", ",", ",")`, "null"},
	{`number("x")`, "null"},
	{`number("NaN")`, "null"},
	{`number("1e3")`, "1000"},
	{`string(1.50)`, `"1.5"`},
	{`string(null)`, "null"},
	{`string([1, "a", null, {b: "c"}])`, `"[1, \"a\", null, {b: \"c\"}]"`},
	{`string({"a b": 1, "1x": 2})`, `"{a b: 1, \"1x\": 2}"`},
	{`string(@"2026-03-02T09:30:00.5+08:00")`, `"2026-03-02T09:30:00.5+08:00"`},
	{`string(@"PT36H")`, `"P1DT12H"`},
	{`string([1..3))`, `"[1..3)"`},
	{`string(1e30)`, `"1000000000000000000000000000000"`},
	{`string(0.000001)`, `"0.000001"`},
	{`date("2024-02-29")`, "2024-02-29"},
	{`date("2026-02-29")`, "null"},
	{`date(2026, 3, 2)`, "2026-03-02"},
	{`date(day: 2, month: 3, year: 2026)`, "2026-03-02"},
	{`date(created)`, "2026-03-02"},
	{`time("09:30:00@Asia/Shanghai")`, "09:30:00@Asia/Shanghai"},
	{`time("24:00:00")`, "00:00:00"},
	{`time("09:30")`, "null"},
	{`time(9, 30, 1.5, duration("PT8H"))`, "09:30:01.5+08:00"},
	{`time(created)`, "01:00:00Z"},
	{`date and time("2026-03-02T09:30:00")`, "2026-03-02T09:30:00"},
	{`date and time(@"2026-03-02", @"09:30:00Z")`, "2026-03-02T09:30:00Z"},
	{`date and time(2026, 3, 2, 9, 30, 0)`, "2026-03-02T09:30:00"},
	{`date and time(2026, 3, 2, 9, 30, 0, "Asia/Shanghai")`, "2026-03-02T09:30:00@Asia/Shanghai"},
	{`date and time(@"2026-03-02T01:30:00Z", "Asia/Shanghai")`, "2026-03-02T09:30:00@Asia/Shanghai"},
	{`duration("P1Y14M")`, "P2Y2M"},
	{`duration("-PT90M")`, "-PT1H30M"},
	{`duration("P1M1D")`, "null"},
	{`years and months duration(@"2020-02-29", @"2026-02-28")`, "P5Y11M"},
	{`years and months duration(@"2026-03-02", @"2025-03-03")`, "-P11M"},
	{`range("[18..21)")`, "[18..21)"},
	{`range("(..5]")`, "(<= 5)"},
	{`range("[date(\"2026-01-01\")..@\"2026-12-31\"]")`, "[2026-01-01..2026-12-31]"},
	{`range("[5..1]")`, "null"},
	{`range("[a..b]")`, "null"},
}

var stringCases = []evalCase{
	{`substring("城枢数字政府", 3)`, `"数字政府"`},
	{`substring("城枢数字政府", -2, 1)`, `"政"`},
	{`substring("abc", 0)`, "null"},
	{`substring("abc", 2, 99)`, `"bc"`},
	{`string length("😀a")`, "2"},
	{`upper case("aé")`, `"AÉ"`},
	{`lower case("ABC")`, `"abc"`},
	{`substring before("a-b-c", "-")`, `"a"`},
	{`substring after("a-b-c", "-")`, `"b-c"`},
	{`substring after("abc", "x")`, `""`},
	{`contains("城枢", "枢")`, "true"},
	{`starts with("城枢", "枢")`, "false"},
	{`ends with("城枢", "枢")`, "true"},
	{`contains(null, "a")`, "null"},
	{`matches("13800001111", "^1\d{10}$")`, "true"},
	{`matches("a\nb", "a.b")`, "false"},
	{`matches("a\nb", "a.b", "s")`, "true"},
	{`matches("HELLO", "h e l lo", "ix")`, "true"},
	{`matches("a", "(")`, "null"},
	{`matches("a", "a", "z")`, "null"},
	{`replace("abc", "[a-c]", "$0$0")`, `"aabbcc"`},
	{`replace("a.b", "\.", "\$")`, `"a$b"`},
	{`replace("abc", "b", "$")`, "null"},
	{`split("a;b;;c", ";")`, `["a", "b", "", "c"]`},
	{`split("John Doe", "\s")`, `["John", "Doe"]`},
	{`string join(["a", null, "b"], "、", "（", "）")`, `"（a、b）"`},
	{`string join(["a", 1])`, "null"},
	{`string join([])`, `""`},
}

var listCases = []evalCase{
	{`list contains([1, null], null)`, "true"},
	{`list contains(["a"], "b")`, "false"},
	{`count([1, [2]])`, "2"},
	{`count(1, 2, 3)`, "3"},
	{`min([3, 1, 2])`, "1"},
	{`min("b", "a")`, `"a"`},
	{`max(@"2026-01-01", @"2027-01-01")`, "2027-01-01"},
	{`max([])`, "null"},
	{`max([1, "a"])`, "null"},
	{`max([1, null])`, "null"},
	{`all([])`, "true"},
	{`all(true, false, null)`, "false"},
	{`any([])`, "false"},
	{`any([false, null])`, "null"},
	{`any(["x"])`, "null"},
	{`sublist([4, 5, 6], 2)`, "[5, 6]"},
	{`sublist([4, 5, 6], -3, 2)`, "[4, 5]"},
	{`sublist([4, 5, 6], 2, 3)`, "null"},
	{`append([1], 2, null)`, "[1, 2, null]"},
	{`append(1, 2)`, "[1, 2]"},
	{`concatenate([1], [2, 3], 4)`, "[1, 2, 3, 4]"},
	{`insert before([1, 3], 2, 2)`, "[1, 2, 3]"},
	{`insert before([1, 3], 4, 2)`, "null"},
	{`remove([1, 2, 3], -1)`, "[1, 2]"},
	{`list replace([1, 2], 2, 9)`, "[1, 9]"},
	{`list replace([1, 5, 9], function(item, newItem) item > newItem, 4)`, "[1, 4, 4]"},
	{`reverse([1, 2])`, "[2, 1]"},
	{`index of(["a", "b", "a"], "a")`, "[1, 3]"},
	{`union([1, 2], [2, 3])`, "[1, 2, 3]"},
	{`distinct values([1, 1.0, null, null, "a"])`, `[1, null, "a"]`},
	{`duplicate values([1, 2, 1, 2, 3])`, "[1, 2]"},
	{`flatten([[1, [2]], [[[3]]]])`, "[1, 2, 3]"},
	{`sort([3, 1, 2])`, "[1, 2, 3]"},
	{`sort(["b", "a"], function(x, y) x > y)`, `["b", "a"]`},
	{`sort([{a: 2}, {a: 1}], function(x, y) x.a < y.a).a`, "[1, 2]"},
	{`sort([1, 2], function(x) true)`, "null"},
	{`partition([1, 2, 3], 2)`, "[[1, 2], [3]]"},
	{`is empty([])`, "true"},
	{`sum([1, 2.5])`, "3.5"},
	{`sum([])`, "null"},
	{`mean(1, 2, 4.5)`, "2.5"},
	{`product(2, 3, 4)`, "24"},
	{`median([6, 1, 2, 3])`, "2.5"},
	{`stddev(2, 4, 7, 5)`, "2.081665999466132735282297706979931"},
	{`stddev([1])`, "null"},
	{`mode([6, 3, 9, 6, 6, 3, 3])`, "[3, 6]"},
	{`mode([])`, "[]"},
}

var numberCases = []evalCase{
	{`decimal(2.5, 0)`, "2"},
	{`decimal(1/3, 4)`, "0.3333"},
	{`floor(-1.5)`, "-2"},
	{`floor(1.56, 1)`, "1.5"},
	{`ceiling(-1.5)`, "-1"},
	{`ceiling(1.51, 1)`, "1.6"},
	{`round up(5.5, 0)`, "6"},
	{`round up(-1.121, 2)`, "-1.13"},
	{`round down(-5.5, 0)`, "-5"},
	{`round half up(-2.5, 0)`, "-3"},
	{`round half down(2.5, 0)`, "2"},
	{`round half up(1250, -2)`, "1300"},
	{`abs(-7)`, "7"},
	{`abs(@"-P1D")`, "P1D"},
	{`abs(@"-P1M")`, "P1M"},
	{`modulo(-12, 5)`, "3"},
	{`modulo(10.1, -4.5)`, "-3.4"},
	{`modulo(1, 0)`, "null"},
	{`sqrt(16)`, "4"},
	{`sqrt(-1)`, "null"},
	{`log(1)`, "0"},
	{`log(0)`, "null"},
	{`exp(0)`, "1"},
	{`exp(1)`, "2.718281828459045235360287471352662"},
	{`odd(5)`, "true"},
	{`even(-2)`, "true"},
	{`even(2.5)`, "false"},
	{`0.1 + 0.2`, "0.3"},
	{`1 / 3`, "0.3333333333333333333333333333333333"},
	{`1 / 0`, "null"},
	{`2 ** 0.5`, "1.414213562373095048801688724209698"},
	{`-3 ** 2`, "9"},
	{`9223372036854775807 + 1`, "9223372036854775808"},
	{`9223372036854775807 * 9223372036854775807 / 9223372036854775807`, "9223372036854775807"},
	{`1e6144 * 10`, "null"},
	{`-(-9223372036854775807 - 1)`, "9223372036854775808"},
	{`.5 + 0.50`, "1"},
}

var timeCases = []evalCase{
	{`now()`, "2026-03-02T09:30:00+08:00"},
	{`today()`, "2026-03-02"},
	{`day of year(@"2024-12-31")`, "366"},
	{`day of week(@"2026-03-02")`, `"Monday"`},
	{`month of year(today())`, `"March"`},
	{`week of year(@"2027-01-01")`, "53"},
	{`last day of month(@"2024-02-01")`, "29"},
	{`is(@"10:00:00Z", @"11:00:00+01:00")`, "false"},
	{`is(@"10:00:00Z", @"10:00:00Z")`, "true"},
	{`@"10:00:00Z" = @"11:00:00+01:00"`, "true"},
	{`not(true)`, "false"},
	{`not(x)`, "null"},
	{`day.weekday`, "1"},
	{`@"P1Y2M".months`, "2"},
	{`@"P1DT2H3M4.5S".seconds`, "4.5"},
	{`@"09:30:00@Asia/Shanghai".time offset`, "PT8H"},
	{`created.timezone`, "null"},
	{`@"2024-02-29" + @"P1Y"`, "2025-02-28"},
	{`@"2026-01-31" + @"P1M"`, "2026-02-28"},
	{`@"2026-03-01" - @"PT1S"`, "2026-02-28"},
	{`@"2026-03-01" + @"PT0.5S"`, "2026-03-01"},
	{`@"2026-03-02T09:30:00@Asia/Shanghai" - @"2026-03-02T00:30:00Z"`, "PT1H"},
	{`@"2026-03-29T01:30:00@Europe/Berlin" + @"PT1H"`, "2026-03-29T03:30:00@Europe/Berlin"},
	{`@"23:30:00" + @"PT1H"`, "00:30:00"},
	{`@"09:00:00" - @"08:30:00"`, "PT30M"},
	{`@"P1D" / @"PT6H"`, "4"},
	{`@"P1Y" * 1.5`, "P1Y6M"},
	{`@"PT1H" / 3`, "PT20M"},
	{`@"P1D" = @"PT24H"`, "true"},
	{`@"2026-03-02T09:00:00" < created`, "null"},
	{`day instance of date`, "true"},
	{`@"P1D" instance of days and time duration`, "true"},
}

var contextCases = []evalCase{
	{`get value({a: {b: 1}}, ["a", "b"])`, "1"},
	{`get value({a: 1}, "b")`, "null"},
	{`get entries({a: 1, b: 2}).key`, `["a", "b"]`},
	{`context([{key: "a", value: 1}])`, "{a: 1}"},
	{`context([{key: "a", value: 1}, {key: "a", value: 2}])`, "null"},
	{`context put({a: 1}, "b", 2)`, "{a: 1, b: 2}"},
	{`context put({a: {b: 1}}, ["a", "c"], 2)`, "{a: {b: 1, c: 2}}"},
	{`context put({a: 1}, [], 2)`, "null"},
	{`context merge([{a: 1}, {a: 2, b: 3}])`, "{a: 2, b: 3}"},
	{`{a: 1, b: {c: a + 1}}.b.c`, "2"},
	{`{a: function(n: number) n + 1, b: a(2)}.b`, "3"},
	{`{a: 1} = {a: 1.0}`, "true"},
	{`is defined(x)`, "false"},
	{`is defined(person.name)`, "true"},
}

var rangeCases = []evalCase{
	{`before(1, 10)`, "true"},
	{`before([1..5), [5..10])`, "true"},
	{`before(point: 1, range: (1..10])`, "true"},
	{`after([6..8], 5)`, "true"},
	{`meets([1..5], [5..10])`, "true"},
	{`met by([5..10], [1..5))`, "false"},
	{`overlaps([1..5], [3..8])`, "true"},
	{`overlaps before([1..5], [3..8])`, "true"},
	{`overlaps after([3..8], [1..5])`, "true"},
	{`finishes(10, [1..10])`, "true"},
	{`finished by([1..10], (5..10])`, "true"},
	{`includes([1..10], 10)`, "true"},
	{`includes([1..10), [2..10])`, "false"},
	{`during(5, (1..10))`, "true"},
	{`starts(1, [1..5])`, "true"},
	{`started by([1..10], [1..5])`, "true"},
	{`coincides([1..5], [1..5))`, "false"},
	{`coincides(3, 3)`, "true"},
	{`before(1, "a")`, "null"},
	{`includes((> 5), 6)`, "true"},
	{`[1..10].end included`, "true"},
	{`(< 5).end`, "5"},
	{`5 in ]1..5[`, "false"},
	{`5 in [1..5[`, "false"},
	{`5 in (> 4)`, "true"},
	{`5 in (null..10]`, "null"},
}
