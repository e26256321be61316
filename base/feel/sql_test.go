package feel

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chengshu/base/fault"
)

// sqlColumns is a small table with one column of each kind and a nullable twin of some.
var sqlColumns = map[string]Column{
	"t": {SQL: "t"}, "u": {SQL: "u"}, "n": {SQL: "n", Kind: ColumnInt}, "m": {SQL: "m", Kind: ColumnInt},
	"d": {SQL: "d", Kind: ColumnScaled, Scale: 2}, "b": {SQL: "b", Kind: ColumnBool},
	"day": {SQL: "day", Kind: ColumnDate}, "at": {SQL: "at", Kind: ColumnDateTime},
	"place.grid": {SQL: "place_grid"}, "tags": {SQL: "tags", List: true},
}

func sqlColumn(path string) (Column, bool) {
	c, ok := sqlColumns[path]
	return c, ok
}

func sqlScope() *Scope {
	return NewScope().Local(time.FixedZone("+08:00", 8*3600)).
		Var("t", StringType).Var("u", StringType).Var("n", NumberType).Var("m", NumberType).Var("d", NumberType).
		Var("b", BoolType).Var("day", DateType).Var("at", DateTimeType).Var("tags", ListOf(StringType)).
		Var("place", ContextOf(Param{Name: "grid", Type: StringType})).
		Var("user", AnyType)
}

func sqlUser() *Context {
	return NewContext("name", "b", "none", nil, "orgs", List{"a", "b", nil}, "some", List{"a", "城"}, "empty", List{},
		"mixed", List{"a", NumberFromInt(2)}, "n", NumberFromInt(2), "half", FromGo(2.5), "flag", true, "area", "a/b/",
		"ranges", List{Range{Low: NumberFromInt(1), High: NumberFromInt(2), LowClosed: true}})
}

func TestSQLText(t *testing.T) {
	t.Parallel()
	cases := []struct {
		src, want string
		args      []any
	}{
		{`t = "x"`, `t = ?`, []any{"x"}},
		{`t = "x" and n > 2`, `(t = ? AND n > ?)`, []any{"x", int64(2)}},
		{`not(t = "x")`, `NOT (t IS NOT DISTINCT FROM ?)`, []any{"x"}},
		{`t != "x"`, `t IS DISTINCT FROM ?`, []any{"x"}},
		{`t = u`, `t IS NOT DISTINCT FROM u`, nil},
		{`t = null`, `t IS NULL`, nil},
		{`null != t`, `t IS NOT NULL`, nil},
		{`3 < n`, `n > ?`, []any{int64(3)}},
		{`n < 2.5`, `n <= ?`, []any{int64(2)}},
		{`n = 2.5`, `FALSE`, nil},
		{`d >= 12.5`, `d >= ?`, []any{int64(1250)}},
		{`d > 1e30`, `d <> d`, nil},
		{`n between 1 and 3`, `(n >= ? AND n <= ?)`, []any{int64(1), int64(3)}},
		{`n in [1..3)`, `(n >= ? AND n < ?)`, []any{int64(1), int64(3)}},
		{`n in (1, > 5)`, `(n = ? OR n > ?)`, []any{int64(1), int64(5)}},
		{`t in ["a", "b"]`, `(t IN (?, ?))`, []any{"a", "b"}},
		{`t in user.orgs`, `(t IS NULL OR t IN (?, ?))`, []any{"a", "b"}},
		{`t in user.some`, `(t IN (?, ?))`, []any{"a", "城"}},
		{`list contains(user.some, t)`, `(t IN (?, ?))`, []any{"a", "城"}},
		{`t in user.empty`, `(FALSE)`, nil},
		{`starts with(t, "a/b")`, `(t >= ? AND t < ?)`, []any{"a/b", "a/c"}},
		{`starts with(t, user.area)`, `(t >= ? AND t < ?)`, []any{"a/b/", "a/b0"}},
		{`starts with(match: t, string: user.area)`, `substr(CAST(? AS TEXT), 1, length(t)) = t`, []any{"a/b/"}},
		{`contains(t, "x")`, `replace(t, ?, '') <> t`, []any{"x"}},
		{`b`, `b`, nil},
		{`b = true and not(b)`, `(b = ? AND NOT (b))`, []any{true}},
		{`day <= today()`, `day <= ?`, []any{"2026-03-02"}},
		{`day > today() - duration("P1M")`, `day > ?`, []any{"2026-02-02"}},
		{`at >= @"2026-03-02T00:00:00"`, `at >= ?`, []any{int64(1772380800000000)}},
		{`at >= @"2026-03-01T16:00:00Z"`, `at >= ?`, []any{int64(1772380800000000)}},
		{`at < now()`, `at < ?`, []any{int64(1772415000000000)}},
		{`is defined(t)`, `t IS NOT NULL`, nil},
		{`place.grid = "g1"`, `place_grid = ?`, []any{"g1"}},
		{`if b then n > 1 else t = "x"`, `CASE WHEN b THEN n > ? ELSE t = ? END`, []any{int64(1), "x"}},
		{`user.flag`, `TRUE`, nil},
		{`user.none > 3 or b`, `(CAST(NULL AS BOOLEAN) OR b)`, nil},
		{`t = user.n`, `CASE WHEN t IS NULL THEN FALSE END`, nil},
		{`2 in [n..m]`, `(n <= ? AND m >= ?)`, []any{int64(2), int64(2)}},
	}
	for _, c := range cases {
		t.Run(c.src, func(t *testing.T) {
			t.Parallel()
			f := mustFilter(t, c.src)
			sql, args, err := f.BindEnv(sqlEnv(Map{"user": sqlUser()}))
			if err != nil {
				t.Fatal(err)
			}
			if sql != c.want {
				t.Errorf("got  %s\nwant %s", sql, c.want)
			}
			if d := cmp.Diff(c.args, args); d != "" {
				t.Error(d)
			}
		})
	}
}

func sqlEnv(vars Vars) *Env {
	return &Env{Vars: vars, Now: func() time.Time {
		return time.Date(2026, 3, 2, 9, 30, 0, 0, time.FixedZone("", 8*3600))
	}}
}

func mustFilter(t interface {
	Helper()
	Fatalf(string, ...any)
}, src string,
) *Filter {
	t.Helper()
	x, err := Compile(src, sqlScope())
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	f, err := x.SQL(nil, sqlColumn)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	return f
}

func TestSQLRefused(t *testing.T) {
	t.Parallel()
	for src, part := range map[string]string{
		`n + 1 > 3`:                           "n + 1",
		`b and upper case(t) = "X"`:           "upper case(t)",
		`list contains(tags, "x")`:            `list contains(tags, "x")`,
		`some x in tags satisfies x = "a"`:    `some x in tags satisfies x = "a"`,
		`matches(t, "a+")`:                    `matches(t, "a+")`,
		`n > d`:                               `n > d`,
		`contains("abc", t)`:                  `contains("abc", t)`,
		`day.year > 2020`:                     `day.year`,
		`t`:                                   `t`,
		`n in (? > 3)`:                        `? > 3`,
		`(if b then n else m) > 3`:            `if b then n else m`,
		`n in [d..3]`:                         `[d..3]`,
		`ends with(t, "x")`:                   `ends with(t, "x")`,
		`count([n]) > 3`:                      `count([n])`,
		`starts with(t, u)`:                   `starts with(t, u)`,
		`[t] = ["a"]`:                         `[t]`,
		`tags = ["a"]`:                        `tags`,
		`(function(x: number) x > n)(3) or b`: `(function(x: number) x > n)(3)`,
	} {
		t.Run(src, func(t *testing.T) {
			t.Parallel()
			x, err := Compile(src, sqlScope())
			if err != nil {
				t.Fatal(err)
			}
			_, err = x.SQL(nil, sqlColumn)
			var f *fault.Error
			if !errors.As(err, &f) || f.Code != "feel.sql" || f.Args["part"] != part {
				t.Errorf("got %v, want feel.sql naming %q", err, part)
			}
		})
	}
}

func TestSQLBindFaults(t *testing.T) {
	t.Parallel()
	big := make(List, maxArgs+1)
	for i := range big {
		big[i] = fmt.Sprint(i)
	}
	cases := []struct {
		src  string
		vars Map
		want string
	}{
		{`t = user.name`, Map{}, "feel.unbound"},
		{`day > today()`, Map{}, "feel.no-clock"},
		{`t in user`, Map{"user": big}, "feel.list"},
		{`t = user`, Map{"user": "\xff"}, "feel.text"},
	}
	for _, c := range cases {
		t.Run(c.src, func(t *testing.T) {
			t.Parallel()
			_, _, err := mustFilter(t, c.src).Bind(c.vars)
			if fault.CodeOf(err) != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
