package main

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"chengshu/base/store"
	"chengshu/base/text"
)

// tape is every row that the steps of one case write, as triggers saw them. A raw loop plays it with new ids.
type tape struct {
	steps   [][]change
	ids     []string // made within the case
	entries []int64  // ids of journal entries
	number  string   // of the case
	doc     int64    // its row in the full-text index
	rows    int
	played  int
	tables  map[string]*table
}

// table is what a raw loop knows of a table.
type table struct {
	name     string
	columns  []string
	key      []int
	booleans []bool
}

// change is one row written.
type change struct {
	table    *table
	op       string // i, u, d
	old, new []any
}

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// record takes one case through its steps on a SQLite database whose tables have triggers.
func (b *bench) record(ctx context.Context, name string) (*tape, error) {
	w, err := b.newWorld(ctx, "tape-"+name, "")
	if err != nil {
		return nil, err
	}
	defer w.Close()
	o, err := newOffice(ctx, w)
	if err != nil {
		return nil, err
	}
	if _, err := o.engine(ctx, b, 1, 1); err != nil { // the second case of a series updates it, as all but one do
		return nil, err
	}
	t := &tape{tables: map[string]*table{}}
	if err := t.listen(ctx, w); err != nil {
		return nil, err
	}
	c, err := o.begin(ctx)
	if err == nil {
		err = o.find(ctx, &c)
	}
	if err == nil {
		err = t.take(ctx, w)
	}
	for i := 0; err == nil && i < len(o.acts); i++ {
		if err = o.step(ctx, &c, i); err == nil {
			err = t.take(ctx, w)
		}
	}
	if err != nil {
		return nil, err
	}
	if err := t.index(ctx, w); err != nil {
		return nil, err
	}
	return t, t.collect()
}

// listen puts triggers on every table.
func (t *tape) listen(ctx context.Context, w *world) error {
	return w.DB.Write(ctx, func(tx *store.Tx) error {
		names, err := strings1(ctx, tx, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'search_text%'`)
		if err != nil {
			return err
		}
		width := 0
		for _, n := range names {
			tb, err := describe(ctx, tx, n)
			if err != nil {
				return err
			}
			t.tables[n] = tb
			width = max(width, len(tb.columns))
		}
		cols := make([]string, width)
		for i := range cols {
			cols[i] = "v" + strconv.Itoa(i)
		}
		if err := tx.DDL(ctx, "CREATE TABLE bench_log (n INTEGER PRIMARY KEY, op, tab, "+strings.Join(cols, ", ")+")"); err != nil {
			return err
		}
		for _, n := range names {
			if err := t.trigger(ctx, tx, t.tables[n], cols); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tape) trigger(ctx context.Context, tx *store.Tx, tb *table, cols []string) error {
	log := func(op, side string) string {
		values := make([]string, len(tb.columns))
		for i, c := range tb.columns {
			values[i] = side + `."` + c + `"`
		}
		return "INSERT INTO bench_log (op, tab, " + strings.Join(cols[:len(values)], ", ") + ") VALUES ('" + op + "', '" + tb.name + "', " + strings.Join(values, ", ") + ");"
	}
	for _, x := range []struct{ op, event, body string }{
		{"i", "INSERT", log("i", "NEW")}, {"u", "UPDATE", log("o", "OLD") + log("u", "NEW")}, {"d", "DELETE", log("d", "OLD")},
	} {
		// The store forbids transaction words at the head of a statement only; a trigger's BEGIN stands inside.
		if err := tx.DDL(ctx, "CREATE TRIGGER bench_"+tb.name+"_"+x.op+" AFTER "+x.event+" ON "+tb.name+" BEGIN "+x.body+" END"); err != nil {
			return err
		}
	}
	return nil
}

func describe(ctx context.Context, tx *store.Tx, name string) (*table, error) {
	rows, err := tx.Query(ctx, `SELECT name, type, pk FROM pragma_table_info(?) ORDER BY cid`, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	tb := &table{name: name}
	for rows.Next() {
		var column, typ string
		var pk int
		if err := rows.Scan(&column, &typ, &pk); err != nil {
			return nil, err
		}
		if pk > 0 {
			tb.key = append(tb.key, len(tb.columns))
		}
		tb.columns, tb.booleans = append(tb.columns, column), append(tb.booleans, typ == "BOOLEAN")
	}
	return tb, rows.Err()
}

func strings1(ctx context.Context, tx *store.Tx, query string, args ...any) ([]string, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// take moves what the triggers saw since the last call to the tape, as the rows of one step.
func (t *tape) take(ctx context.Context, w *world) error {
	var step []change
	err := w.DB.Write(ctx, func(tx *store.Tx) error {
		step = nil
		rows, err := tx.Query(ctx, `SELECT * FROM bench_log ORDER BY n`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		names, err := rows.Columns()
		if err != nil {
			return err
		}
		var old []any
		for rows.Next() {
			values, err := scanAny(rows, len(names))
			if err != nil {
				return err
			}
			op, tab := fmt.Sprint(values[1]), fmt.Sprint(values[2])
			tb := t.tables[tab]
			values = values[3 : 3+len(tb.columns)]
			switch op {
			case "o":
				old = values
			case "u":
				step = append(step, change{table: tb, op: op, old: old, new: values})
			case "d":
				step = append(step, change{table: tb, op: op, old: values})
			default:
				step = append(step, change{table: tb, op: op, new: values})
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM bench_log`)
		return err
	})
	t.steps, t.rows = append(t.steps, step), t.rows+len(step)
	return err
}

func scanAny(rows *sql.Rows, n int) ([]any, error) {
	values, dest := make([]any, n), make([]any, n)
	for i := range values {
		dest[i] = &values[i]
	}
	return values, rows.Scan(dest...)
}

// index adds the row of the full-text table, which has no triggers: its tokens are read back from it.
func (t *tape) index(ctx context.Context, w *world) error {
	full := &table{name: "search_text", columns: []string{"rowid", "body", "keys"}, key: []int{0}, booleans: make([]bool, 3)}
	for i, step := range t.steps {
		for _, c := range step {
			if c.table.name != "search_doc" {
				continue
			}
			t.doc, _ = c.new[0].(int64)
			var body, keys []string
			err := w.DB.Write(ctx, func(tx *store.Tx) (err error) {
				if err = tx.DDL(ctx, `CREATE VIRTUAL TABLE temp.bench_terms USING fts5vocab(main, search_text, instance)`); err != nil {
					return err
				}
				if body, err = strings1(ctx, tx, `SELECT term FROM bench_terms WHERE doc = ? AND col = 'body' ORDER BY "offset"`, t.doc); err != nil {
					return err
				}
				keys, err = strings1(ctx, tx, `SELECT term FROM bench_terms WHERE doc = ? AND col = 'keys' ORDER BY "offset"`, t.doc)
				return err
			})
			if err != nil {
				return err
			}
			t.steps[i] = append(t.steps[i], change{table: full, op: "i", new: []any{t.doc, strings.Join(body, " "), strings.Join(keys, " ")}})
			t.rows++
			return nil
		}
	}
	return nil
}

// vector gives the document of PostgreSQL's index out of the tokens of SQLite's.
func vector(body, keys string) string {
	tokens := strings.Fields(body)
	var b strings.Builder
	b.WriteString(text.TSVector(tokens))
	for i, k := range strings.Fields(keys) {
		b.WriteString(" '" + k + "':" + strconv.Itoa(len(tokens)+2*(i+1)))
	}
	return b.String()
}

// collect finds the ids that were made within the case.
func (t *tape) collect() error {
	for _, step := range t.steps {
		for _, c := range step {
			if c.op != "i" {
				continue
			}
			for _, k := range c.table.key {
				switch v := c.new[k].(type) {
				case string:
					if uuidForm.MatchString(v) && !slices.Contains(t.ids, v) {
						t.ids = append(t.ids, v)
					}
				case int64:
					if c.table.name == "journal" {
						t.entries = append(t.entries, v)
					}
				}
			}
			if i := slices.Index(c.table.columns, "number"); i >= 0 && t.number == "" {
				t.number, _ = c.new[i].(string)
			}
		}
	}
	if len(t.entries) < len(t.steps) || t.number == "" {
		return fmt.Errorf("%d steps made %d journal entries, number %q", len(t.steps), len(t.entries), t.number)
	}
	return nil
}

// statement is one prepared statement with its values.
type statement struct {
	sql  string
	args []any
}

// play is a case of its own: the tape with new ids.
type play struct{ steps [][]statement }

// play makes the next one. It is done before the clock runs.
func (t *tape) play(d store.Dialect) *play {
	t.played++
	n := t.played
	pairs := make([]string, 0, 2*(len(t.ids)+len(t.entries)+1))
	for _, id := range t.ids {
		fresh, err := uuid.NewV7()
		if err != nil {
			fresh = uuid.New()
		}
		pairs = append(pairs, id, fresh.String())
	}
	for _, e := range t.entries {
		pairs = append(pairs, strconv.FormatInt(e, 10), strconv.FormatInt(t.entry(e, n), 10))
	}
	width := 5 // of the serial at the end of a number
	pairs = append(pairs, t.number, t.number[:len(t.number)-width]+fmt.Sprintf("%0*d", width, n%100_000))
	p, r := &play{}, strings.NewReplacer(pairs...)
	for _, step := range t.steps {
		var list []statement
		for i := 0; i < len(step); i++ {
			same := i + 1
			for step[i].op == "i" && step[i].table.name != "journal" && same < len(step) && step[same].op == "i" && step[same].table == step[i].table {
				same++
			}
			if s := t.statement(d, step[i:same], r, n); s.sql != "" {
				list = append(list, s.on(d))
			}
			i = same - 1
		}
		p.steps = append(p.steps, list)
	}
	return p
}

// entry gives the journal id of the n-th play: always later than the one before.
func (t *tape) entry(id int64, n int) int64 {
	span := t.entries[len(t.entries)-1] - t.entries[0] + 1<<12
	return id + int64(n+1000)*span // behind the cases that were there
}

func (t *tape) value(c change, i int, v any, r *strings.Replacer, d store.Dialect, n int) any {
	name, column := c.table.name, c.table.columns[i]
	switch v := v.(type) {
	case string:
		return r.Replace(v)
	case int64:
		switch {
		case name == "journal" && column == "id", column == "entry":
			return t.entry(v, n)
		case name == "search_doc" && column == "doc", name == "search_text" && column == "rowid":
			return v + 1_000_000 + int64(n) // behind the cases that were there
		case c.table.booleans[i] && d == store.PostgreSQL:
			return v != 0
		}
	}
	return v
}
