package insight

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/store"
	"chengshu/kernel/flow"
	"chengshu/kernel/identity"
	"chengshu/kernel/record"
)

// Process picks the tasks of a process that numbers are about: those that arose in [From, To), of one version of its
// definition or, for 0, of all. Now is the instant that open tasks are measured to.
type Process struct {
	Key      string
	Version  int64
	From, To time.Time
	Now      time.Time
}

// Node holds the numbers of one node of one version. A task is one arrival at a user task, of one member where several
// sign. Durations are of natural time, nights, holidays and legal pauses included.
type Node struct {
	Version   int64
	Node      string
	Entered   int64  // tasks that arose
	Open      int64  // of them still to be done
	Done      int64  // of them completed
	Cancelled int64  // of them taken away: returned, withdrawn, certain without them, the process ended
	Returned  int64  // of them given back
	Rework    int64  // of them second and further arrivals of the same case at the same node
	Overdue   int64  // of them past their limit: when completed, or now
	Forecast  *int64 // of the open ones, not overdue, those that will be by the rule of Forecast; nil under MinSample
	Wait      Spread // from arising to being claimed
	Work      Spread // from being claimed to being completed
	Duration  Spread // from arising to being completed
}

// Spread is how long something took, in whole seconds, by the nearest rank (ISO 3534-1: the value at rank ⌈p·n⌉). P50 and
// P90 are nil where N is 0.
type Spread struct {
	N        int64
	P50, P90 *int64
}

// MinSample is how many completed tasks of a node and version a forecast takes. With at least so many, an open task with a
// limit that has not run out is forecast to be overdue when it has been open longer than nine of ten took (P90), or when
// its limit is nearer than half of them took (it arose + P50 > its limit).
const MinSample = 5

// Measures are the sets of tasks that a number drills down to.
func Measures() []string {
	return []string{"entered", "open", "done", "cancelled", "returned", "rework", "overdue", "forecast"}
}

// visible joins tasks with the row filters of their records: the caller counts what the caller may read.
func visible(ctx context.Context, tx *store.Tx, a identity.Actor, s *record.Store, key string) (string, []any, error) {
	rows, err := tx.Query(ctx, `SELECT DISTINCT biz_type FROM flow_inst WHERE def_key = ?`, key)
	if err != nil {
		return "", nil, fault.Wrap("look at process", err)
	}
	names, err := column(rows)
	if err != nil {
		return "", nil, err
	}
	var parts []string
	var args []any
	for _, name := range names {
		t, err := s.Set().Type(name)
		if fault.Is(err, fault.NotFound) {
			continue // a type no pack has any more is nobody's to read
		}
		if err != nil {
			return "", nil, err
		}
		where, more, err := s.Policy().Filter(a, "read", t)
		if err != nil {
			return "", nil, err
		}
		parts = append(parts, `i.biz_type = ? AND i.biz_id IN (SELECT id FROM `+t.Table()+` WHERE deleted_at IS NULL AND (`+where+`))`)
		args = append(append(args, name), more...)
	}
	if len(parts) == 0 {
		return "1 = 0", nil, nil
	}
	return "(" + strings.Join(parts, " OR ") + ")", args, nil
}

func column(rows *sql.Rows) ([]string, error) {
	defer func() { _ = rows.Close() }() // Err tells what went wrong
	var out []string
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, fault.Wrap("look at process", err)
		}
		out = append(out, v)
	}
	return out, fault.Wrap("look at process", rows.Err())
}

// tasks is the common part of the statements: x holds the tasks, d, w and k the spreads of duration, waiting and work.
func (p Process) tasks(ctx context.Context, tx *store.Tx, a identity.Actor, s *record.Store) (string, []any, error) {
	where, args, err := visible(ctx, tx, a, s, p.Key)
	if err != nil {
		return "", nil, err
	}
	version := ""
	if p.Version > 0 {
		version = ` AND version = ` + strconv.FormatInt(p.Version, 10)
	}
	return `WITH every AS (SELECT i.def_version AS version, t.node, t.inst, t.id, t.biz_type, t.biz_id, t.state, t.created, t.claimed, t.done, t.due_at,
			t.assignee, ROW_NUMBER() OVER (PARTITION BY t.inst, t.node, t.mi_index ORDER BY t.created, t.id) AS arrival
			FROM flow_task t JOIN flow_inst i ON i.id = t.inst WHERE i.def_key = ? AND t.kind = '` + flow.KindNode + `' AND ` + where + `),
		x AS (SELECT every.*, EXISTS (SELECT 1 FROM flow_hist h WHERE h.inst = every.inst AND h.task = every.id AND h.op = '` + flow.Return + `') AS given_back
			FROM every WHERE created >= ` + us(p.From) + ` AND created < ` + us(p.To) + version + `),
		d AS (` + spread(`done - created`, `state = '`+flow.Done+`'`) + `),
		w AS (` + spread(`claimed - created`, `claimed > 0`) + `),
		k AS (` + spread(`done - claimed`, `state = '`+flow.Done+`' AND claimed > 0`) + `)`, append([]any{p.Key}, args...), nil
}

func us(t time.Time) string { return strconv.FormatInt(t.UnixMicro(), 10) }

// spread gives n, p50 and p90 in seconds of what some tasks took, by version and node.
func spread(took, which string) string {
	return `SELECT version, node, n, MAX(CASE WHEN r = (n * 50 + 99) / 100 THEN v END) AS p50, MAX(CASE WHEN r = (n * 90 + 99) / 100 THEN v END) AS p90
		FROM (SELECT version, node, (` + took + `) / 1000000 AS v, ROW_NUMBER() OVER (PARTITION BY version, node ORDER BY ` + took + `) AS r,
			COUNT(*) OVER (PARTITION BY version, node) AS n FROM x WHERE ` + which + `) AS ranked GROUP BY version, node, n`
}

// measure gives the condition of a measure over x joined with d; false where there is no such measure.
func (p Process) measure(name string) (string, bool) {
	const open = `x.state IN ('` + flow.Open + `', '` + flow.Blocked + `')`
	now := us(p.Now)
	c, ok := map[string]string{
		"entered": `TRUE`, "open": open, "done": `x.state = '` + flow.Done + `'`, "cancelled": `x.state = '` + flow.Cancelled + `'`,
		"returned": `x.given_back`, "rework": `x.arrival > 1`,
		"overdue": `x.due_at > 0 AND (` + open + ` AND x.due_at < ` + now + ` OR x.state = '` + flow.Done + `' AND x.due_at < x.done)`,
		"forecast": open + ` AND x.due_at >= ` + now + ` AND d.n >= ` + strconv.Itoa(MinSample) + ` AND (` + now + ` - x.created > d.p90 * 1000000
			OR x.created + d.p50 * 1000000 > x.due_at)`,
	}[name]
	return c, ok
}

// Nodes gives the numbers of a process by version and node, over the records the caller may read.
func (p Process) Nodes(ctx context.Context, tx *store.Tx, a identity.Actor, s *record.Store) ([]Node, error) {
	with, args, err := p.tasks(ctx, tx, a, s)
	if err != nil {
		return nil, err
	}
	var counts []string
	for _, m := range Measures() {
		c, _ := p.measure(m)
		counts = append(counts, `COALESCE(SUM(CASE WHEN `+c+` THEN 1 ELSE 0 END), 0)`)
	}
	rows, err := tx.Query(ctx, with+` SELECT x.version, x.node, `+strings.Join(counts, ", ")+`, MAX(w.n), MAX(w.p50), MAX(w.p90), MAX(k.n), MAX(k.p50), MAX(k.p90),
		MAX(d.n), MAX(d.p50), MAX(d.p90) FROM x LEFT JOIN d ON d.version = x.version AND d.node = x.node LEFT JOIN w ON w.version = x.version AND w.node = x.node
		LEFT JOIN k ON k.version = x.version AND k.node = x.node GROUP BY x.version, x.node ORDER BY x.version, x.node`, args...)
	if err != nil {
		return nil, fault.Wrap("look at process", err)
	}
	defer func() { _ = rows.Close() }() // Err tells what went wrong
	var out []Node
	for rows.Next() {
		var (
			n        Node
			forecast int64
			took     [9]sql.NullInt64
		)
		dest := []any{&n.Version, &n.Node, &n.Entered, &n.Open, &n.Done, &n.Cancelled, &n.Returned, &n.Rework, &n.Overdue, &forecast}
		for i := range took {
			dest = append(dest, &took[i])
		}
		if err := rows.Scan(dest...); err != nil {
			return nil, fault.Wrap("look at process", err)
		}
		n.Wait, n.Work, n.Duration = spreadOf(took[0:3]), spreadOf(took[3:6]), spreadOf(took[6:9])
		if n.Duration.N >= MinSample {
			n.Forecast = &forecast
		}
		out = append(out, n)
	}
	return out, fault.Wrap("look at process", rows.Err())
}

func spreadOf(v []sql.NullInt64) Spread {
	s := Spread{N: v[0].Int64}
	if v[1].Valid {
		s.P50 = &v[1].Int64
	}
	if v[2].Valid {
		s.P90 = &v[2].Int64
	}
	return s
}

// Case is one task that a number counts.
type Case struct {
	Task, Type, Record     string
	Version                int64
	Node, State, Assignee  string
	Created, Claimed, Done time.Time // zero where it is not so
	Due                    time.Time
}

// Cases gives the tasks that a number of a node counts, those that arose first first, at most limit of them. An empty node
// is every node. Fault: Invalid "insight.measure".
func (p Process) Cases(ctx context.Context, tx *store.Tx, a identity.Actor, s *record.Store, node, measure string, limit int) ([]Case, error) {
	cond, ok := p.measure(measure)
	if !ok {
		return nil, fault.New(fault.Invalid, "insight.measure", "measure", measure, "offered", Measures())
	}
	with, args, err := p.tasks(ctx, tx, a, s)
	if err != nil {
		return nil, err
	}
	if node != "" {
		cond, args = `x.node = ? AND (`+cond+`)`, append(args, node)
	}
	rows, err := tx.Query(ctx, with+` SELECT x.id, x.biz_type, x.biz_id, x.version, x.node, x.state, x.assignee, x.created, x.claimed, x.done, x.due_at
		FROM x LEFT JOIN d ON d.version = x.version AND d.node = x.node WHERE `+cond+` ORDER BY x.created, x.id LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, fault.Wrap("look at process", err)
	}
	defer func() { _ = rows.Close() }() // Err tells what went wrong
	var out []Case
	for rows.Next() {
		var (
			c                           Case
			created, claimed, done, due int64
		)
		if err := rows.Scan(&c.Task, &c.Type, &c.Record, &c.Version, &c.Node, &c.State, &c.Assignee, &created, &claimed, &done, &due); err != nil {
			return nil, fault.Wrap("look at process", err)
		}
		c.Created, c.Claimed, c.Done, c.Due = instant(created), instant(claimed), instant(done), instant(due)
		out = append(out, c)
	}
	return out, fault.Wrap("look at process", rows.Err())
}

func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).In(clock.Shanghai)
}

// Version is one version of a process with the instances the caller may see.
type Version struct {
	Number  int64
	Running int64
	Ended   int64
}

// Versions counts the instances of a process by version, the newest first.
func Versions(ctx context.Context, tx *store.Tx, a identity.Actor, s *record.Store, key string) ([]Version, error) {
	where, args, err := visible(ctx, tx, a, s, key)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `SELECT i.def_version, SUM(CASE WHEN i.ended = 0 THEN 1 ELSE 0 END), SUM(CASE WHEN i.ended <> 0 THEN 1 ELSE 0 END)
		FROM flow_inst i WHERE i.def_key = ? AND `+where+` GROUP BY i.def_version ORDER BY i.def_version DESC`, append([]any{key}, args...)...)
	if err != nil {
		return nil, fault.Wrap("look at process", err)
	}
	defer func() { _ = rows.Close() }() // Err tells what went wrong
	var out []Version
	for rows.Next() {
		var v Version
		if err := rows.Scan(&v.Number, &v.Running, &v.Ended); err != nil {
			return nil, fault.Wrap("look at process", err)
		}
		out = append(out, v)
	}
	return out, fault.Wrap("look at process", rows.Err())
}
