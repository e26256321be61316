package record_test

import (
	"fmt"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/record"
	"chengshu/kernel/schema"
)

func (w *world) plan(t testing.TB, set *schema.Set) []record.Step {
	t.Helper()
	var steps []record.Step
	if err := w.db.Read(t.Context(), func(tx *store.Tx) (err error) {
		steps, err = record.Plan(t.Context(), tx, set)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return steps
}

// statements gives the SQL of steps with what they lose, for comparison.
func statements(steps []record.Step) []string {
	out := []string{}
	for _, s := range steps {
		line := s.SQL
		if s.Loss != "" {
			line += fmt.Sprintf(" LOSES %s OF %d", s.Loss, s.Rows)
		}
		out = append(out, line)
	}
	return out
}

func one(fields string, more ...string) string {
	return "-- t/records/a.yaml --\nrecord: t.a\n" + strings.Join(more, "\n") + "\nfields: {" + fields + "}\n"
}

// planCase is a change of a declaration and what it makes of a table that has a record.
type planCase struct {
	name, before, after string
	data                values
	want                []string
	read                any // value of x afterwards, where the plan loses nothing
}

func additivePlans() []planCase {
	return []planCase{
		{"nothing", one("x: {type: text}"), one("x: {type: text, max: 9, required: true, list: 1}"), values{"x": "v"}, nil, "v"},
		{"a longer text", one("x: {type: text, max: 9}"), one("x: {type: text, max: 900}"), values{"x": "v"}, nil, "v"},
		{"text to long text", one("x: {type: text}"), one("x: {type: longtext}"), values{"x": "v"}, nil, "v"},
		{"text to choice", one("x: {type: text}"), one("x: {type: choice, choices: [v]}"), values{"x": "v"}, nil, "v"},
		{"a new field", one("x: {type: text}"), one("x: {type: text}, y: {type: integer}"), values{"x": "v"}, []string{`ALTER TABLE t_a ADD COLUMN "y" BIGINT`}, "v"},
		{"a new filter", one("x: {type: text}"), one("x: {type: text, filter: true}"), values{"x": "v"}, []string{`CREATE INDEX t_a_c_x ON t_a ("x", "created_at")`}, "v"},
		{"no filter any more", one("x: {type: text, filter: true}"), one("x: {type: text}"), values{"x": "v"}, []string{`DROP INDEX t_a_c_x`}, "v"},
		{"unique", one("x: {type: text}"), one("x: {type: text}", "unique: [x]"), values{"x": "v"}, []string{`CREATE UNIQUE INDEX t_a_u_x ON t_a ("x") WHERE deleted_at IS NULL`}, "v"},
		{"no longer unique", one("x: {type: text}", "unique: [x]"), one("x: {type: text}"), values{"x": "v"}, []string{`DROP INDEX t_a_u_x`}, "v"},
		{"retired", one("x: {type: text}, y: {type: text}"), one("x: {type: text}"), values{"x": "v", "y": "w"}, nil, "v"},
		{
			"a child table", one("x: {type: text}"), one("x: {type: text}, r: {type: rows, fields: {a: {type: text}}}"),
			values{"x": "v"},
			[]string{"CREATE TABLE t_a__r (\n\t\"parent\" TEXT NOT NULL,\n\t\"ord\" BIGINT NOT NULL,\n\t\"a\" TEXT,\n\tPRIMARY KEY (parent, ord)\n)"},
			"v",
		},
		{
			"integer to decimal", one("x: {type: integer}"), one("x: {type: decimal, scale: 2}"),
			values{"x": 7},
			[]string{`UPDATE t_a SET "x" = "x" * 100 WHERE "x" IS NOT NULL`},
			"7.00",
		},
		{
			"more digits", one("x: {type: money}"), one("x: {type: decimal, scale: 4}"),
			values{"x": "-7.25"},
			[]string{`UPDATE t_a SET "x" = "x" * 100 WHERE "x" IS NOT NULL`},
			"-7.2500",
		},
		{
			"fewer digits that were all zero", one("x: {type: decimal, scale: 4}"), one("x: {type: money}"),
			values{"x": "7.25"},
			[]string{`UPDATE t_a SET "x" = "x" / 100 WHERE "x" IS NOT NULL`},
			"7.25",
		},
	}
}

// changingPlans are changes of what a column holds.
func changingPlans() []planCase {
	return []planCase{
		{
			"fewer digits", one("x: {type: decimal, scale: 4}"), one("x: {type: money}"),
			values{"x": "7.2501"},
			[]string{`UPDATE t_a SET "x" = "x" / 100 WHERE "x" IS NOT NULL LOSES ddl.scale OF 1`},
			nil,
		},
		{
			"too large for more digits", one("x: {type: integer}"), one("x: {type: money}"),
			values{"x": 92233720368547759},
			[]string{`UPDATE t_a SET "x" = CASE WHEN "x" NOT BETWEEN -92233720368547758 AND 92233720368547758 THEN NULL ELSE "x" * 100 END WHERE "x" IS NOT NULL LOSES ddl.overflow OF 1`},
			nil,
		},
		{"date to text", one("x: {type: date}"), one("x: {type: text}"), values{"x": "2026-03-02"}, []string{"-- t_a.x holds text, dates are left as they are"}, "2026-03-02"},
		{
			"text to date", one("x: {type: text}"), one("x: {type: date}"),
			values{"x": "2026-03-02"},
			[]string{`ALTER TABLE t_a DROP COLUMN "x" LOSES ddl.type OF 1`, `ALTER TABLE t_a ADD COLUMN "x" TEXT`},
			nil,
		},
		{
			"text to integer, no values", one("x: {type: text}"), one("x: {type: integer}"),
			values{},
			[]string{`ALTER TABLE t_a DROP COLUMN "x"`, `ALTER TABLE t_a ADD COLUMN "x" BIGINT`},
			nil,
		},
		{
			"instants are no numbers", one("x: {type: datetime}"), one("x: {type: integer}"),
			values{"x": "2026-03-02 09:00"},
			[]string{`ALTER TABLE t_a DROP COLUMN "x" LOSES ddl.type OF 1`, `ALTER TABLE t_a ADD COLUMN "x" BIGINT`},
			nil,
		},
		{
			"indexes go with the column", one("x: {type: text, filter: true}, y: {type: text}", "index: [y+x]", "unique: [x]"),
			one("x: {type: integer, filter: true}, y: {type: text}", "index: [y+x]", "unique: [x]"),
			values{"x": "1"},
			[]string{
				"DROP INDEX t_a_c_x", "DROP INDEX t_a_i_y_x", "DROP INDEX t_a_u_x", `ALTER TABLE t_a DROP COLUMN "x" LOSES ddl.type OF 1`,
				`ALTER TABLE t_a ADD COLUMN "x" BIGINT`, `CREATE INDEX t_a_c_x ON t_a ("x")`, `CREATE INDEX t_a_i_y_x ON t_a ("y", "x")`,
				`CREATE UNIQUE INDEX t_a_u_x ON t_a ("x") WHERE deleted_at IS NULL`,
			},
			nil,
		},
		{
			"a secret is no text", one("x: {type: text}"), one("x: {type: secret}"),
			values{"x": "plain"},
			[]string{`ALTER TABLE t_a DROP COLUMN "x" LOSES ddl.type OF 1`, `ALTER TABLE t_a ADD COLUMN "x" TEXT`, `ALTER TABLE t_a ADD COLUMN "x_blind" TEXT`, `CREATE INDEX t_a_c_x_blind ON t_a ("x_blind", "created_at")`},
			nil,
		},
	}
}

// TestPlan: what each change of a declaration makes of a table that has records.
func TestPlan(t *testing.T) {
	t.Parallel()
	for _, tc := range append(additivePlans(), changingPlans()...) {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOf(t, storetest.SQLite(t), tc.before)
			r := w.mustCreate(t, clerk, "t.a", tc.data)
			next := parsePack(t, tc.after)
			steps := w.plan(t, next)
			if tc.want == nil {
				tc.want = []string{}
			}
			if diff := cmp.Diff(tc.want, statements(steps)); diff != "" {
				t.Fatalf("(-want +got)\n%s", diff)
			}
			if strings.Contains(strings.Join(tc.want, ""), "LOSES") {
				wantFault(t, w.apply(t, next), fault.Conflict, "ddl.loss")
				if diff := cmp.Diff(tc.want, statements(w.plan(t, next))); diff != "" {
					t.Errorf("a refused plan did something: %s", diff)
				}
				if got, err := w.get(t, clerk, r); err != nil || got.Values["x"] == nil {
					t.Errorf("a refused plan lost the value: %v %v", got, err)
				}
				return
			}
			if err := w.apply(t, next); err != nil {
				t.Fatal(err)
			}
			w.s.Use(next)
			if got, err := w.get(t, clerk, r); err != nil || got.Values["x"] != tc.read {
				t.Errorf("got %v, %v", got.Values["x"], err)
			}
			if again := statements(w.plan(t, next)); len(again) != 0 {
				t.Errorf("a second plan: %v", again)
			}
		})
	}
}

// TestPlanOfOldDatabase: a database from before the notes of what columns hold is taken as it was declared then.
func TestPlanOfOldDatabase(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorldOf(t, db, one("x: {type: money}"))
		r := w.mustCreate(t, clerk, "t.a", values{"x": "7.25"})
		if err := w.do(t, func(tx *store.Tx) error { return tx.DDL(t.Context(), "DROP TABLE record_column") }); err != nil {
			t.Fatal(err)
		}
		if steps := w.plan(t, w.set); len(steps) == 0 {
			t.Error("notes are to be taken")
		}
		if err := w.do(t, func(tx *store.Tx) error {
			return tx.DDL(t.Context(), "CREATE TABLE record_column (tbl TEXT NOT NULL, name TEXT NOT NULL, holds TEXT NOT NULL, PRIMARY KEY (tbl, name))")
		}); err != nil {
			t.Fatal(err)
		}
		if err := w.apply(t, w.set); err != nil {
			t.Fatal(err)
		}
		if again := statements(w.plan(t, w.set)); len(again) != 0 {
			t.Errorf("a second plan: %v", again)
		}
		if got, err := w.get(t, clerk, r); err != nil || got.Values["x"] != "7.25" {
			t.Errorf("got %v, %v", got.Values, err)
		}
	})
}

// TestLongNames: PostgreSQL cuts names at 63 bytes; long ones stay apart and are found again.
func TestLongNames(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		long := strings.Repeat("a", 38)
		noun := strings.Repeat("n", 40)
		archive := fmt.Sprintf("-- t/records/a.yaml --\nrecord: t.%s\nindex: [%[2]sx+%[2]sy]\nfields: {%[2]sx: {type: text, filter: true}, %[2]sy: {type: text, filter: true}}\n", noun, long)
		w := newWorldOf(t, db, archive)
		if again := statements(w.plan(t, w.set)); len(again) != 0 {
			t.Errorf("a second plan: %v", again)
		}
	})
}

// columnsOf reads a table's columns from the database itself.
func (w *world) columnsOf(t testing.TB, table string) []string {
	t.Helper()
	query := "SELECT name || ' ' || type FROM pragma_table_info(?)"
	if w.db.Dialect() == store.PostgreSQL {
		query = "SELECT column_name || ' ' || upper(data_type) FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = ?"
	}
	var out []string
	if err := w.db.Read(t.Context(), func(tx *store.Tx) error {
		rows, err := tx.Query(t.Context(), query, table)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var c string
			if err := rows.Scan(&c); err != nil {
				return err
			}
			out = append(out, c)
		}
		return rows.Err()
	}); err != nil {
		t.Fatal(err)
	}
	sort.Strings(out)
	return out
}
