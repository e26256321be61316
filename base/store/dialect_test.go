package store

import (
	"strings"
	"testing"
)

func TestRebind(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"plain", "a = ? AND b = ?", "a = $1 AND b = $2"},
		{"literal", "a = '?' AND b = ?", "a = '?' AND b = $1"},
		{"doubled quote", "a = 'it''s ?' AND b = ?", "a = 'it''s ?' AND b = $1"},
		{"identifier", `"a?" = ?`, `"a?" = $1`},
		{"line comment", "-- what?\na = ?", "-- what?\na = $1"},
		{"block comment", "/* ? /* ? */ ? */ ?", "/* ? /* ? */ ? */ $1"},
		{"escape string", `E'\'?' || ?`, `E'\'?' || $1`},
		{"backslash in plain string", `'\' || ?`, `'\' || $1`},
		{"name ending in e", `name'?' ?`, `name'?' $1`},
		{"dollar quote", "$$ ? $$ ?", "$$ ? $$ $1"},
		{"tagged dollar quote", "$t$ ? $$ $t$ ?", "$t$ ? $$ $t$ $1"},
		{"open literal", "'? ", "'? "},
		{"ten", strings.Repeat("?,", 10), "$1,$2,$3,$4,$5,$6,$7,$8,$9,$10,"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var b binds
			for range 2 { // the second comes from memory
				if got := b.text(c.in); got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
			}
		})
	}
	var none *binds
	if got := none.text("?"); got != "?" {
		t.Errorf("sqlite: got %q, want ?", got)
	}
}

func TestDDL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"types", "CREATE TABLE a (x TEXT, y BLOB NOT NULL, z BIGINT)", `CREATE TABLE a (x TEXT COLLATE "C", y BYTEA NOT NULL, z BIGINT)`},
		{"names", "CREATE TABLE a (CONTEXT BIGINT, TEXTS TEXT)", `CREATE TABLE a (CONTEXT BIGINT, TEXTS TEXT COLLATE "C")`},
		{"default and comment", "ALTER TABLE a ADD COLUMN x TEXT DEFAULT ' TEXT' -- TEXT", `ALTER TABLE a ADD COLUMN x TEXT COLLATE "C" DEFAULT ' TEXT' -- TEXT`},
		{"cast elsewhere", "CREATE TABLE a (x TEXT); UPDATE a SET x = CAST(1 AS TEXT)", `CREATE TABLE a (x TEXT COLLATE "C"); UPDATE a SET x = CAST(1 AS TEXT)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := PostgreSQL.DDL(c.in); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if got := SQLite.DDL(c.in); got != c.in {
				t.Errorf("sqlite: got %s", got)
			}
		})
	}
}

func FuzzRebind(f *testing.F) {
	f.Add("a = ? -- ?\n 'b' /* ? */ $x$ ? $x$")
	f.Add("E'\\")
	f.Fuzz(func(t *testing.T, query string) {
		out := rebind(query)
		if strings.Count(query, "?") == 0 && out != query {
			t.Errorf("changed a text without placeholders: %q → %q", query, out)
		}
		if strings.Count(out, "?") > strings.Count(query, "?") || len(out) < len(query) {
			t.Errorf("%q → %q", query, out)
		}
		_ = PostgreSQL.DDL(query)
	})
}
