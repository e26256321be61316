package feel

import (
	"slices"
	"strings"

	"chengshu/base/fault"
)

// Dialect is anything that names a database, such as store.Dialect. The SQL of a Filter is the same text for SQLite and
// PostgreSQL, so the dialect is not asked today; it is in the signature because a difference would be decided by it.
type Dialect interface{ String() string }

// ColumnKind says how a column stores its values.
type ColumnKind uint8

// The kinds of column.
const (
	ColumnText     ColumnKind = iota // TEXT, compared by code point (PostgreSQL: COLLATE "C")
	ColumnBool                       // BOOLEAN
	ColumnInt                        // BIGINT
	ColumnScaled                     // BIGINT holding value × 10^Scale
	ColumnDate                       // TEXT yyyy-mm-dd, years 0000 to 9999
	ColumnDateTime                   // BIGINT, microseconds since 1970 UTC
)

var columnFEEL = [...]Kind{KindString, KindBool, KindNumber, KindNumber, KindDate, KindDateTime}

// Column is where a path of the expression lives.
type Column struct {
	SQL   string // the column as written in the statement, e.g. "kind" or "t.kind"
	Kind  ColumnKind
	Scale int  // decimals of ColumnScaled
	List  bool // holds a list: cannot be translated
}

// Filter is an expression as an SQL condition. It is immutable and may be bound by many goroutines at once.
type Filter struct {
	expr   *Expr
	root   cond
	params []string
	clock  bool
}

// cond writes one boolean SQL expression. Where exact is false, only TRUE matters and NULL may stand for FALSE.
type cond func(w *sqlWriter, exact bool)

// sqlWriter collects text and arguments of one binding.
type sqlWriter struct {
	strings.Builder
	args []any
	env  *Env
	err  *fault.Error
}

const (
	sqlNull = "CAST(NULL AS BOOLEAN)"
	maxArgs = 30_000 // SQLite takes 32,766, PostgreSQL 65,535
)

// SQL translates the expression. Columns maps a path ("kind", "place.grid") to its column; parts that touch no column are
// computed by Bind and become arguments. Translatable are and, or, not, if, comparisons of a column with a value or with
// a column of the same kind, between, in, starts with, contains, list contains on a list of values, and boolean columns.
// Everything else is the fault Invalid "feel.sql" with "line", "column" and the sub-expression as "part".
func (x *Expr) SQL(_ Dialect, columns func(path string) (Column, bool)) (*Filter, error) {
	t := &translator{x: x, columns: columns}
	if x.tests {
		return nil, t.refuse(x.root)
	}
	root, err := t.cond(x.root)
	if err != nil {
		return nil, err
	}
	slices.Sort(t.params)
	return &Filter{expr: x, root: root, params: slices.Compact(t.params), clock: t.clock}, nil
}

// Params are the variables that Bind asks for, sorted. A caller that knows which it hands over can check them early.
func (f *Filter) Params() []string { return slices.Clone(f.params) }

// Bind writes the condition for the given values, with "?" placeholders. A row is selected exactly when the expression is
// true for it; where it is not, the condition may be FALSE or NULL. Faults: Invalid "feel.unbound" for a variable that
// vars does not have, "feel.no-clock" for today() without a clock (see BindEnv), TooLarge "feel.list" for a list of more
// than 30,000 values.
func (f *Filter) Bind(vars Vars) (sql string, args []any, err error) {
	return f.bind(&Env{Vars: vars}, false)
}

// BindEnv is Bind with a clock and product data.
func (f *Filter) BindEnv(env *Env) (sql string, args []any, err error) { return f.bind(env, false) }

// Exact is BindEnv with a condition that has the expression's own three values: TRUE, FALSE and NULL. It is for callers
// that negate it or ask whether it is unknown; it makes less use of indexes.
func (f *Filter) Exact(env *Env) (sql string, args []any, err error) { return f.bind(env, true) }

func (f *Filter) bind(env *Env, exact bool) (string, []any, error) {
	if f.clock && env.Now == nil {
		return "", nil, fault.New(fault.Invalid, "feel.no-clock")
	}
	for _, name := range f.params {
		ok := env.Vars != nil
		if ok {
			_, ok = env.Vars.Get(name)
		}
		if !ok {
			return "", nil, fault.New(fault.Invalid, "feel.unbound", "name", name)
		}
	}
	e := *env
	e.expr, e.local, e.parent = f.expr, f.expr.local, nil
	w := &sqlWriter{env: &e}
	f.root(w, exact)
	if w.err != nil {
		return "", nil, w.err
	}
	if len(w.args) > maxArgs {
		return "", nil, fault.New(fault.TooLarge, "feel.list", "max", maxArgs)
	}
	return w.String(), w.args, nil
}

func (w *sqlWriter) put(parts ...string) {
	for _, p := range parts {
		w.WriteString(p)
	}
}

// arg writes a placeholder.
func (w *sqlWriter) arg(v any) {
	w.WriteByte('?')
	w.args = append(w.args, v)
}

// truth writes a constant FEEL boolean.
func (w *sqlWriter) truth(v Value) {
	switch v {
	case true:
		w.put("TRUE")
	case false:
		w.put("FALSE")
	default:
		w.put(sqlNull)
	}
}
