package feel

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chengshu/base/store"
	"chengshu/base/store/storetest"
)

// diffRow is one row as the database and as FEEL see it.
type diffRow struct {
	args []any
	vars Map
}

var (
	diffTexts = []any{nil, "", "a", "b", "ab", "a/b/", "a/b/c/", "A", "城", "城枢", "é", "z\uffff", "\U0010ffff", "a%", "a_"}
	diffInts  = []any{nil, int64(-3), int64(0), int64(1), int64(2), int64(3), int64(9223372036854775807)}
	diffCents = []any{nil, int64(-150), int64(0), int64(100), int64(249), int64(250), int64(251)}
	diffBools = []any{nil, true, false}
	diffDays  = []any{nil, "2026-03-01", "2026-03-02", "2026-03-03", "1999-12-31", "0000-01-01", "9999-12-31"}
	diffTimes = []any{
		nil, int64(1772380800000000), int64(1772380800000001), int64(1772380799999999), int64(0), int64(-1), int64(1772415000000000),
	}
)

// diffRows draws rows from small domains, so that equal and null values meet often. The seed is fixed: the rows are
// the same in every run, the expressions vary.
func diffRows(n int) []diffRow {
	r := rand.New(rand.NewPCG(7, 11))
	pick := func(from []any) any { return from[r.IntN(len(from))] }
	rows := make([]diffRow, n)
	for i := range rows {
		a := []any{
			pick(diffTexts), pick(diffTexts), pick(diffInts), pick(diffInts), pick(diffCents), pick(diffBools), pick(diffDays),
			pick(diffTimes), pick(diffTexts),
		}
		v := Map{"t": a[0], "u": a[1], "n": FromGo(a[2]), "m": FromGo(a[3]), "b": a[5], "user": sqlUser()}
		v["d"], v["day"], v["at"] = nil, nil, nil
		if c, ok := a[4].(int64); ok {
			v["d"] = lowest(c, 2)
		}
		if s, ok := a[6].(string); ok {
			v["day"], _ = ParseDate(s)
		}
		if us, ok := a[7].(int64); ok {
			v["at"] = DateTimeOf(time.UnixMicro(us).UTC())
		}
		v["place"] = NewContext("grid", a[8])
		rows[i] = diffRow{a, v}
	}
	return rows
}

// genCond writes a random condition of the translatable subset.
func genCond(t *rapid.T, depth int) string {
	pick := func(from ...string) string { return rapid.SampledFrom(from).Draw(t, "pick") }
	if depth > 0 {
		sub := func() string { return "(" + genCond(t, depth-1) + ")" }
		switch rapid.IntRange(0, 5).Draw(t, "form") {
		case 0:
			return sub() + " and " + sub()
		case 1:
			return sub() + " or " + sub()
		case 2:
			return "not" + sub()
		case 3:
			return "if " + sub() + " then " + sub() + " else " + sub()
		}
	}
	text := []string{`"a"`, `"b"`, `"城"`, `""`, `null`, `user.name`, `user.none`, `user.n`, `user.area`, `"a\u0000b"`}
	nums := []string{"0", "1", "2.5", "-1.5", "2.499", "1e20", "-1e20", "null", "user.n", "user.half", "user.none", "user.name"}
	days := []string{`@"2026-03-02"`, "today()", `today() + duration("P1D")`, `@"-0001-01-01"`, `@"10000-01-01"`, "null", "user.none", "user.name"}
	times := []string{
		`@"2026-03-02T00:00:00"`, `@"2026-03-01T16:00:00Z"`, "now()", `@"2026-03-01T16:00:00.0000005Z"`, "null", "user.name",
		`@"300000-01-01T00:00:00Z"`, `@"2026-03-02T00:00:00@Asia/Shanghai"`,
	}
	cmpOp := func() string { return pick(" = ", " != ", " < ", " <= ", " > ", " >= ") }
	kinds := []struct {
		cols, vals []string
	}{
		{[]string{"t", "u", "place.grid"}, text},
		{[]string{"n", "m"}, nums},
		{[]string{"d"}, nums},
		{[]string{"day"}, days},
		{[]string{"at"}, times},
	}
	k := kinds[rapid.IntRange(0, len(kinds)-1).Draw(t, "kind")]
	col, val := pick(k.cols...), func() string { return pick(k.vals...) }
	switch rapid.IntRange(0, 11).Draw(t, "leaf") {
	case 0, 1:
		return col + cmpOp() + val()
	case 2:
		return val() + cmpOp() + col
	case 3:
		return col + cmpOp() + pick(k.cols...)
	case 4:
		return col + " between " + val() + " and " + val()
	case 5:
		return col + " in [" + val() + ", " + val() + "]"
	case 6:
		return col + " in " + pick("[", "(") + val() + ".." + val() + pick("]", ")")
	case 7:
		return col + " in (" + pick("", "<", ">=", "!=") + val() + ", " + val() + ")"
	case 8:
		return pick("t", "u") + " in " + pick("user.orgs", "user.some", "user.empty", "user.mixed", "user.none", "user.name")
	case 9:
		return pick("starts with", "contains") + "(t, " + pick(`"a"`, `"城"`, `""`, "user.area", "user.none", `"\u0000"`, "\"\U0010ffff\"") + ")"
	case 10:
		return pick("starts with(user.area, t)", "list contains(user.orgs, t)", "list contains(user.some, u)", "n in user.ranges",
			"2 in [n..m]", "2 in (n..m)", "n in [m..2]", "day in [@\"2026-03-01\"..today()]", "list contains(user.none, t)",
			"1 in <= n", "is defined(d)", "t in (true)", "t in user.flag")
	}
	return pick("b", "not(b)", "b = true", "b != false", "b = null", "user.flag", "user.none", "b = user.flag", "b in (true, null)", "b in [false]")
}

func (c Column) String() string { return c.SQL }

// diffTable fills the table and gives a function that reads, per row in order, the truth of a condition.
func diffTable(t *testing.T, db *store.DB, rows []diffRow) func(where string, args []any) ([]Value, error) {
	t.Helper()
	ctx := t.Context()
	err := db.Write(ctx, func(tx *store.Tx) error {
		collate := ""
		if db.Dialect() == store.PostgreSQL {
			collate = ` COLLATE "C"` // as the migrations have it
		}
		ddl := fmt.Sprintf(`CREATE TABLE diff (id BIGINT PRIMARY KEY, t TEXT%[1]s, u TEXT%[1]s, n BIGINT, m BIGINT, d BIGINT,
			b BOOLEAN, day TEXT%[1]s, at BIGINT, place_grid TEXT%[1]s)`, collate)
		if _, err := tx.Exec(ctx, ddl); err != nil {
			return err
		}
		for i, r := range rows {
			args := append([]any{int64(i)}, r.args...)
			if _, err := tx.Exec(ctx, "INSERT INTO diff VALUES (?,?,?,?,?,?,?,?,?,?)", args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(where string, args []any) ([]Value, error) {
		out := make([]Value, 0, len(rows))
		err := db.Read(context.Background(), func(tx *store.Tx) error {
			out = out[:0]
			rs, err := tx.Query(context.Background(), "SELECT CASE WHEN "+where+" THEN 1 WHEN NOT ("+where+
				") THEN 0 END FROM diff ORDER BY id", append(append([]any{}, args...), args...)...)
			if err != nil {
				return err
			}
			defer rs.Close()
			for rs.Next() {
				var v sql.NullInt64
				if err := rs.Scan(&v); err != nil {
					return err
				}
				if v.Valid {
					out = append(out, v.Int64 == 1)
				} else {
					out = append(out, nil)
				}
			}
			return rs.Err()
		})
		return out, err
	}
}

// TestSQLAgrees: random conditions on random rows give the same rows on the database as in Go, and Exact gives the same
// three values.
func TestSQLAgrees(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		rows := diffRows(80)
		run := diffTable(t, db, rows)
		scope := sqlScope().Lenient()
		rapid.Check(t, func(rt *rapid.T) {
			src := genCond(rt, 2)
			x, err := Compile(src, scope)
			if err != nil {
				rt.Fatalf("%s: %v", src, err)
			}
			f, err := x.SQL(nil, sqlColumn)
			if err != nil {
				if strings.Contains(err.Error(), "part:") {
					rt.Skip(err.Error())
				}
				rt.Fatalf("%s: %v", src, err)
			}
			compareRows(rt, x, f, rows, run)
		})
	})
}

func compareRows(rt *rapid.T, x *Expr, f *Filter, rows []diffRow, run func(string, []any) ([]Value, error)) {
	rt.Helper()
	env := sqlEnv(Map{"user": sqlUser()})
	for _, exact := range []bool{false, true} {
		bind := f.BindEnv
		if exact {
			bind = f.Exact
		}
		where, args, err := bind(env)
		if err != nil {
			rt.Fatalf("%s: %v", x.src, err)
		}
		got, err := run(where, args)
		if err != nil {
			rt.Fatalf("%s\n%s %v: %v", x.src, where, args, err)
		}
		for i, r := range rows {
			want := x.Eval(sqlEnv(r.vars))
			if _, ok := want.(bool); !ok {
				want = nil
			}
			if exact && got[i] != want || (got[i] == true) != (want == true) {
				rt.Fatalf("%s\n%s %v\nrow %v: got %v want %v (exact %v)", x.src, where, args, r.args, got[i], want, exact)
			}
		}
	}
}
