package record

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/schema"
)

// Step is one statement that brings the database nearer to the declarations.
type Step struct {
	SQL  string // a comment where there is nothing to run
	Type string // record type it serves
	Loss string // why it would lose data, message key; empty for steps that lose nothing
	Rows int64  // rows it touches: of a step that loses data, those that have a value

	notes []note
}

// note is what a column holds once its step has run.
type note struct{ table, column, holds string }

// Plan compares the declarations with the tables there are and gives the missing statements, in order: tables, columns,
// indexes, and values widened in place (whole numbers that become decimals, decimals with more digits). A column that no
// declaration names any more stays with its values. A column that must hold something else is emptied by steps with a
// Loss, unless it has no values. An index no declaration asks for goes; that loses nothing and may be a rule that no
// longer holds. Plan changes nothing.
func Plan(ctx context.Context, tx *store.Tx, set *schema.Set) ([]Step, error) {
	holds, err := readNotes(ctx, tx)
	if err != nil {
		return nil, err
	}
	var steps []Step
	for _, t := range set.Types() {
		p := &planner{ctx: ctx, tx: tx, t: t, holds: holds}
		if err := p.plan(); err != nil {
			return nil, fault.Wrap("plan "+t.Name, err)
		}
		steps = append(steps, p.steps...)
	}
	return steps, nil
}

// Apply runs the steps of a plan. A step that would lose data is refused with the Conflict fault "ddl.loss", and nothing
// is run.
func Apply(ctx context.Context, tx *store.Tx, steps []Step) error {
	for _, st := range steps {
		if st.Loss != "" {
			return fault.New(fault.Conflict, "ddl.loss", "type", st.Type, "step", st.SQL, "why", st.Loss, "rows", st.Rows)
		}
	}
	return ApplyLossy(ctx, tx, steps)
}

// ApplyLossy runs the steps of a plan, those that lose data too. The caller has shown the plan to a person who said yes.
// Programs that are connected to PostgreSQL must be started again afterwards: their prepared statements know the columns
// that were made anew by their old type.
func ApplyLossy(ctx context.Context, tx *store.Tx, steps []Step) error {
	for _, st := range steps {
		if st.SQL != "" && !strings.HasPrefix(st.SQL, "--") {
			if err := tx.DDL(ctx, st.SQL); err != nil {
				return fault.Wrap("apply "+st.Type, err)
			}
		}
		for _, n := range st.notes {
			if _, err := tx.Exec(ctx, `INSERT INTO record_column (tbl, name, holds) VALUES (?, ?, ?)
				ON CONFLICT (tbl, name) DO UPDATE SET holds = excluded.holds`, n.table, n.column, n.holds); err != nil {
				return fault.Wrap("note "+n.table, err)
			}
		}
	}
	return nil
}

// planner plans one type.
type planner struct {
	ctx   context.Context //nolint:containedctx // lives as long as one call of Plan
	tx    *store.Tx
	t     *schema.Type
	holds map[note]string // by table and column
	steps []Step
	reset []string // columns that are made anew: their indexes go first
}

// column is a wanted column with what it holds.
type column struct {
	schema.Column
	holds string
}

func plain(holds string, cols ...schema.Column) []column {
	out := make([]column, len(cols))
	for i, c := range cols {
		out[i] = column{c, holds}
	}
	return out
}

func (p *planner) plan() error {
	t := p.t
	want := plain("text", systemColumns()...)
	for _, f := range t.FieldList {
		want = append(want, fieldColumns(f)...)
	}
	if err := p.table(t.Table(), want, "id"); err != nil {
		return err
	}
	if err := p.indexes(); err != nil {
		return err
	}
	if err := p.table(t.Table()+"_h", plain("text", historyColumns()...), "id", "rev"); err != nil {
		return err
	}
	for _, f := range t.FieldList {
		if f.Type != "rows" {
			continue
		}
		want := plain("text", childColumns(&schema.Field{})...)
		for _, c := range f.Fields {
			want = append(want, fieldColumns(c)...)
		}
		if err := p.table(t.ChildTable(f), want, "parent", "ord"); err != nil {
			return err
		}
	}
	return nil
}

func historyColumns() []schema.Column {
	return []schema.Column{
		{Name: "id", Type: "TEXT"},
		{Name: "rev", Type: "BIGINT"},
		{Name: "op", Type: "TEXT"},
		{Name: "at", Type: "BIGINT"},
		{Name: "by_person", Type: "TEXT"},
		{Name: "reason", Type: "TEXT"},
		{Name: "patch", Type: "TEXT"},
		{Name: "salt", Type: "TEXT"},
	}
}

// fieldColumns gives the columns of a field with what each holds.
func fieldColumns(f *schema.Field) []column {
	typ := f.Type
	if typ == "computed" {
		typ = f.As
	}
	var out []column
	for _, c := range f.Columns() {
		holds := "text"
		switch {
		case c.Type == "DOUBLE PRECISION":
			holds = "number"
		case typ == "place":
		case typ == "date", typ == "period":
			holds = "date"
		case typ == "datetime":
			holds = "instant"
		case typ == "integer", typ == "boolean":
			holds = typ
		case typ == "decimal", typ == "money":
			holds = fmt.Sprintf("scaled:%d", f.Digits())
		case typ == "secret", typ == "file", typ == "files", typ == "refs", typ == "line", typ == "polygon", typ == "json":
			holds = typ
		case typ == "image", typ == "images":
			holds = strings.Replace(typ, "image", "file", 1) // the same document, checked differently
		}
		out = append(out, column{c, holds})
	}
	return out
}

func (p *planner) step(sql string, notes ...note) {
	p.steps = append(p.steps, Step{Type: p.t.Name, SQL: sql, notes: notes})
}

func (p *planner) table(table string, want []column, primary ...string) error {
	have, err := tableColumns(p.ctx, p.tx, table)
	if err != nil {
		return err
	}
	if len(have) == 0 {
		lines := make([]string, 0, len(want)+1)
		notes := make([]note, 0, len(want))
		for _, c := range want {
			null := ""
			if slices.Contains(primary, c.Name) {
				null = " NOT NULL"
			}
			lines = append(lines, "\t"+quote(c.Name)+" "+c.Type+null)
			notes = append(notes, note{table, c.Name, c.holds})
		}
		p.step("CREATE TABLE "+table+" (\n"+strings.Join(append(lines, "\tPRIMARY KEY ("+strings.Join(primary, ", ")+")"), ",\n")+"\n)", notes...)
		return nil
	}
	for _, c := range want {
		is, ok := have[c.Name]
		if !ok {
			p.step("ALTER TABLE "+table+" ADD COLUMN "+quote(c.Name)+" "+c.Type, note{table, c.Name, c.holds})
			continue
		}
		if err := p.change(table, is, c); err != nil {
			return err
		}
	}
	return nil
}

// change plans for a column that is there: nothing, a widening, or its making anew.
func (p *planner) change(table, is string, c column) error {
	was, known := p.holds[note{table: table, column: c.Name}]
	now := note{table, c.Name, c.holds}
	switch {
	case is != c.Type:
		return p.remake(table, c, "ddl.type")
	case !known: // made before notes were taken: what it holds is what was declared
		p.step("-- "+table+"."+c.Name+" holds "+c.holds, now)
		return nil
	case was == c.holds:
		return nil
	case was == "date" && c.holds == "text":
		p.step("-- "+table+"."+c.Name+" holds text, dates are left as they are", now)
		return nil
	}
	from, okFrom := digits(was)
	to, okTo := digits(c.holds)
	if !okFrom || !okTo {
		return p.remake(table, c, "ddl.type")
	}
	return p.rescale(table, c, from, to)
}

// digits gives the digits behind the point of a whole or scaled number.
func digits(holds string) (int, bool) {
	if holds == "integer" {
		return 0, true
	}
	var n int
	_, err := fmt.Sscanf(holds, "scaled:%d", &n)
	return n, err == nil
}

// rescale multiplies the values of a column for more digits, and divides them for fewer, which loses the last ones.
func (p *planner) rescale(table string, c column, from, to int) error {
	factor := int64(1)
	for range max(from, to) - min(from, to) {
		factor *= 10
	}
	name, loss := quote(c.Name), ""
	op, condition, why := "*", fmt.Sprintf("%s NOT BETWEEN %d AND %d", name, -maxUnits/factor, maxUnits/factor), "ddl.overflow"
	if to < from {
		op, condition, why = "/", fmt.Sprintf("%s %% %d <> 0", name, factor), "ddl.scale"
	}
	rows, err := p.count(table, name+" IS NOT NULL")
	if err != nil {
		return err
	}
	losing, err := p.count(table, condition)
	if err != nil {
		return err
	}
	if losing > 0 {
		loss, rows = why, losing
	}
	sql := fmt.Sprintf("UPDATE %s SET %s = %s %s %d WHERE %s IS NOT NULL", table, name, name, op, factor, name)
	if loss == "ddl.overflow" { // beyond what a column holds: emptied
		sql = fmt.Sprintf("UPDATE %s SET %s = CASE WHEN %s THEN NULL ELSE %s * %d END WHERE %s IS NOT NULL", table, name, condition, name, factor, name)
	}
	p.steps = append(p.steps, Step{Type: p.t.Name, SQL: sql, Loss: loss, Rows: rows, notes: []note{{table, c.Name, c.holds}}})
	return nil
}

const maxUnits = 1<<63 - 1

// remake drops a column with its values and adds it anew.
func (p *planner) remake(table string, c column, why string) error {
	rows, err := p.count(table, quote(c.Name)+" IS NOT NULL")
	if err != nil {
		return err
	}
	if rows == 0 {
		why = ""
	}
	if table == p.t.Table() {
		if err := p.dropIndexes(c.Name); err != nil {
			return err
		}
	}
	p.steps = append(p.steps,
		Step{Type: p.t.Name, SQL: "ALTER TABLE " + table + " DROP COLUMN " + quote(c.Name), Loss: why, Rows: rows},
		Step{Type: p.t.Name, SQL: "ALTER TABLE " + table + " ADD COLUMN " + quote(c.Name) + " " + c.Type, notes: []note{{table, c.Name, c.holds}}})
	return nil
}

func (p *planner) count(table, where string) (n int64, err error) {
	err = p.tx.QueryRow(p.ctx, "SELECT count(*) FROM "+table+" WHERE "+where).Scan(&n)
	return n, fault.Wrap("count "+table, err)
}
