package flow_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"chengshu/base/clock"
	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/kernel/flow"
	"chengshu/kernel/identity"
	"chengshu/kernel/journal"
)

// world is an engine on a database with records of one small type, a clock that is moved by hand and synthetic people.
type world struct {
	t     testing.TB
	db    *store.DB
	e     *flow.Engine
	clock *clock.Fake
	logs  *diary
	mu    *sync.Mutex
	told  []flow.Event
	cards []flow.Card
	n     int

	calendar clock.Config
	services flow.Services
	people   flow.People
	steps    int
}

// officeHours are 9 to 17 on working days.
func officeHours() clock.Config {
	return clock.Config{Version: "test@1", Hours: clock.Weekdays(clock.Span{From: 9 * 60, To: 17 * 60})}
}

// cases are the records: state, street, amount, note.
type cases struct{}

func (cases) Scope(string) (*feel.Scope, error) {
	return feel.NewScope().Var("state", feel.StringType).Var("street", feel.StringType).Var("amount", feel.NumberType).
		Var("note", feel.StringType), nil
}

type row struct {
	State, Street, Note string
	Amount, Rev         int64
}

func load(ctx context.Context, tx *store.Tx, id string) (row, error) {
	var r row
	err := tx.QueryRow(ctx, `SELECT state, street, amount, note, rev FROM test_case WHERE id = ?`, id).
		Scan(&r.State, &r.Street, &r.Amount, &r.Note, &r.Rev)
	return r, fault.Wrap("load case", err)
}

func (r *row) apply(c flow.Change) error {
	bad := fault.New(fault.Invalid, "record.invalid")
	if c.Rev != 0 && c.Rev != r.Rev {
		return fault.New(fault.Conflict, "record.stale")
	}
	for k, v := range c.Data {
		allowed := false
		for _, f := range c.Form {
			allowed = allowed || f.Name == k
		}
		if text, ok := v.(string); ok && allowed && k == "note" {
			r.Note = text
		} else if n, ok := v.(int); ok && allowed && k == "amount" {
			r.Amount = int64(n)
		} else {
			bad.At("/"+k, "field.readonly")
		}
	}
	for _, f := range c.Form {
		if f.Required && f.Name == "note" && r.Note == "" {
			bad.At("/note", "field.required")
		}
	}
	for k, v := range c.Set {
		switch k {
		case "amount":
			if n, ok := v.(feel.Number); ok {
				r.Amount, _ = n.Int64()
			}
		case "note":
			r.Note, _ = v.(string)
		default:
			bad.At("/"+k, "field.unknown")
		}
	}
	if c.State != nil {
		r.State = *c.State
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

func (cases) Vars(ctx context.Context, tx *store.Tx, _ identity.Actor, _, id string, c flow.Change) (feel.Vars, error) {
	r, err := load(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	if err := r.apply(c); err != nil {
		return nil, err
	}
	return feel.Map{"state": r.State, "street": r.Street, "amount": feel.NumberFromInt(r.Amount), "note": r.Note}, nil
}

func (cases) Apply(ctx context.Context, tx *store.Tx, _ identity.Actor, _, id string, c flow.Change) (int64, json.RawMessage, error) {
	r, err := load(ctx, tx, id)
	if err != nil {
		return 0, nil, err
	}
	if err := r.apply(c); err != nil {
		return 0, nil, err
	}
	_, err = tx.Exec(ctx, `UPDATE test_case SET state = ?, amount = ?, note = ?, rev = rev + 1 WHERE id = ?`, r.State, r.Amount, r.Note, id)
	return r.Rev + 1, json.RawMessage(`{"op":"` + c.Op + `","state":"` + r.State + `"}`), err
}

// diary is a journal of one table.
type diary struct {
	mu   sync.Mutex
	next int64
}

func (d *diary) Append(ctx context.Context, tx *store.Tx, e journal.Entry) (journal.Entry, error) {
	d.mu.Lock()
	d.next++
	e.ID = d.next
	d.mu.Unlock()
	_, err := tx.Exec(ctx, `INSERT INTO test_journal (id, actor, action, subject, rev, body) VALUES (?,?,?,?,?,?)`,
		e.ID, e.Actor, e.Action, e.Subject, e.Rev, string(e.Body))
	return e, err
}

// helpers notes the services asked for; a decision doubles its input.
type helpers struct {
	mu    sync.Mutex
	calls []flow.Call
}

func (h *helpers) Run(_ context.Context, _ *store.Tx, _ identity.Actor, c flow.Call) (feel.Value, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, c)
	if c.Name == "explode" {
		return nil, flow.Raise("E1")
	}
	if c.Kind == "decision" {
		return feel.NewContext("level", "high", "input", c.Data), nil
	}
	return nil, nil
}

// rules allows the boss everything and others nothing.
type rules struct{}

func (rules) Allow(_ context.Context, _ *store.Tx, a identity.Actor, action string, _ flow.Biz) error {
	if a.Has("boss") {
		return nil
	}
	return fault.New(fault.Denied, "policy.denied", "action", action)
}

const testTables = `CREATE TABLE test_case (id TEXT PRIMARY KEY, state TEXT NOT NULL, street TEXT NOT NULL, amount BIGINT NOT NULL,
	note TEXT NOT NULL, rev BIGINT NOT NULL);
CREATE TABLE test_journal (id BIGINT PRIMARY KEY, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, rev BIGINT NOT NULL, body TEXT NOT NULL);`

func newWorld(tb testing.TB, db *store.DB) *world {
	tb.Helper()
	ctx := tb.Context()
	w := &world{t: tb, db: db, clock: clock.NewFake(time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai)), logs: &diary{}, mu: &sync.Mutex{}, calendar: officeHours(), services: &helpers{}}
	if err := store.Migrate(ctx, db, flow.Migrations(), "flow"); err != nil {
		tb.Fatal(err)
	}
	w.write(func(tx *store.Tx) error {
		for s := range strings.SplitSeq(testTables, ";") {
			if strings.TrimSpace(s) == "" {
				continue
			}
			if _, err := tx.Exec(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
	w.e = w.engine()
	return w
}

// lawful is the closed list of pauses: an appraisal wants a notice and a promise of at most 30 days.
func lawful(_, reason string) (flow.PauseRule, bool) {
	switch reason {
	case "hearing":
		return flow.PauseRule{Code: reason}, true
	case "appraisal":
		return flow.PauseRule{Code: reason, Basis: "law 45", Max: clock.Of(30, clock.Day), Notice: true}, true
	}
	return flow.PauseRule{}, false
}

// engine makes one more engine on the same database, as another node has it.
func (w *world) engine() *flow.Engine {
	w.t.Helper()
	cal, err := clock.New(w.calendar)
	if err != nil {
		w.t.Fatal(err)
	}
	e, err := flow.New(flow.Options{
		DB: w.db, Clock: w.clock, Calendar: func(string) *clock.Calendar { return cal }, Journal: w.logs, Records: cases{}, Policy: rules{},
		Cards: func(_ context.Context, _ *store.Tx, c flow.Card) error {
			w.mu.Lock()
			w.cards = append(w.cards, c)
			w.mu.Unlock()
			return nil
		},
		Pauses: lawful, Services: w.services, People: w.people, Steps: w.steps,
		Notify: func(ev flow.Event) {
			w.mu.Lock()
			w.told = append(w.told, ev)
			w.mu.Unlock()
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

func (w *world) write(fn func(*store.Tx) error) {
	w.t.Helper()
	if err := w.db.Write(w.t.Context(), fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) read(fn func(*store.Tx) error) {
	w.t.Helper()
	if err := w.db.Read(w.t.Context(), fn); err != nil {
		w.t.Fatal(err)
	}
}

func model(inside string) []byte {
	return []byte(`<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:cs="urn:chengshu:bpmn" targetNamespace="t" id="d">
` + inside + `</definitions>`)
}

// process is a model with one process where anything may be returned to.
func process(inside string) []byte {
	return model(`<process id="p" isExecutable="true"><extensionElements><cs:return to="any"/></extensionElements>` + inside + `</process>`)
}

func (w *world) deploy(key string, xml []byte) int64 {
	w.t.Helper()
	var v int64
	w.write(func(tx *store.Tx) (err error) {
		v, err = w.e.Deploy(w.t.Context(), tx, flow.Source{Key: key, Type: "test.case", Pack: "test", XML: xml})
		return err
	})
	return v
}

func person(id string, roles ...string) identity.Actor {
	return identity.Actor{Person: id, Name: id, Org: "/county/", Area: "/99/", Roles: roles, Via: "test"}
}

// start makes a record and begins its process; the record is in street "s1".
func (w *world) start(key string) flow.Biz {
	w.t.Helper()
	w.n++
	biz := flow.Biz{Type: "test.case", ID: fmt.Sprintf("c%d", w.n), Org: "/county/", Area: "/99/"}
	w.begin(key, biz)
	return biz
}

func (w *world) begin(key string, biz flow.Biz) {
	w.t.Helper()
	w.write(func(tx *store.Tx) error {
		if _, err := tx.Exec(w.t.Context(), `INSERT INTO test_case (id, state, street, amount, note, rev) VALUES (?, 'new', 's1', 5, '', 1)`, biz.ID); err != nil {
			return err
		}
		_, err := w.e.Start(w.t.Context(), tx, person("starter", "reporter"), key, biz)
		return err
	})
}

// adopt makes an engine on tables that are there already.
func (w *world) adopt() {
	w.t.Helper()
	w.clock, w.logs, w.mu = clock.NewFake(time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai)), &diary{}, &sync.Mutex{}
	w.calendar, w.services = officeHours(), &helpers{}
	var last int64
	w.read(func(tx *store.Tx) error {
		return tx.QueryRow(w.t.Context(), `SELECT COALESCE(MAX(id), 0), (SELECT COALESCE(MAX(at), 0) FROM flow_hist) FROM test_journal`).Scan(&w.logs.next, &last)
	})
	if at := time.UnixMicro(last); at.After(w.clock.Now()) { // time does not go back
		w.clock = clock.NewFake(at)
	}
	w.e = w.engine()
}

// open gives the open and blocked tasks of a record by node.
func (w *world) open(biz flow.Biz) []*flow.Task {
	w.t.Helper()
	var out []*flow.Task
	w.read(func(tx *store.Tx) error {
		list, err := w.e.TasksOf(w.t.Context(), tx, biz)
		for _, k := range list {
			if k.State == flow.Open || k.State == flow.Blocked {
				out = append(out, k)
			}
		}
		return err
	})
	return out
}

func (w *world) task(biz flow.Biz, node string) *flow.Task {
	w.t.Helper()
	for _, k := range w.open(biz) {
		if k.Node == node && k.State == flow.Open {
			return k
		}
	}
	w.t.Fatalf("no open task at %s, but %s", node, w.nodes(biz))
	return nil
}

func (w *world) nodes(biz flow.Biz) string {
	var names []string
	for _, k := range w.open(biz) {
		names = append(names, k.Node)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func (w *world) do(a identity.Actor, cmd flow.Command) (flow.Result, error) {
	var r flow.Result
	err := w.db.Write(w.t.Context(), func(tx *store.Tx) (err error) {
		r, err = w.e.Do(w.t.Context(), tx, a, cmd)
		return err
	})
	return r, err
}

func (w *world) must(a identity.Actor, cmd flow.Command) flow.Result {
	w.t.Helper()
	r, err := w.do(a, cmd)
	if err != nil {
		w.t.Fatalf("%s: %v", cmd.Name, err)
	}
	return r
}

// tick fires every due timer.
func (w *world) tick() int {
	w.t.Helper()
	for n := 0; ; n++ {
		fired, err := w.e.Tick(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		if !fired {
			return n
		}
	}
}

func (w *world) row(biz flow.Biz) row {
	w.t.Helper()
	var r row
	w.read(func(tx *store.Tx) (err error) {
		r, err = load(w.t.Context(), tx, biz.ID)
		return err
	})
	return r
}

func (w *world) instances(biz flow.Biz) []flow.Instance {
	w.t.Helper()
	var out []flow.Instance
	w.read(func(tx *store.Tx) (err error) {
		out, err = w.e.Instances(w.t.Context(), tx, biz)
		return err
	})
	return out
}

func (w *world) count(query string, args ...any) int {
	w.t.Helper()
	n := 0
	w.read(func(tx *store.Tx) error { return tx.QueryRow(w.t.Context(), query, args...).Scan(&n) })
	return n
}

func contextWithCancel(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithCancel(t.Context())
}
