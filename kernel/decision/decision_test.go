package decision_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"chengshu/base/clock"
	"chengshu/base/dmn"
	"chengshu/base/fault"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/base/store/storetest"
	"chengshu/kernel/decision"
)

// model is a table that grants from an age and below an income; incomes are compared with limit.
func model(limit int) []byte {
	return fmt.Appendf(nil, `<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="d" name="allowance" namespace="urn:t:%d">
	<inputData id="a" name="age"><variable name="age" typeRef="number"/></inputData>
	<inputData id="i" name="income"><variable name="income" typeRef="number"/></inputData>
	<decision id="g" name="granted"><variable name="granted" typeRef="boolean"/>
	<informationRequirement id="q1"><requiredInput href="#a"/></informationRequirement>
	<informationRequirement id="q2"><requiredInput href="#i"/></informationRequirement>
	<decisionTable id="t" hitPolicy="UNIQUE">
	<input id="t1"><inputExpression id="x1"><text>age</text></inputExpression></input>
	<input id="t2"><inputExpression id="x2"><text>income</text></inputExpression></input>
	<output id="o" typeRef="boolean"/><annotation name="clause"/>
	<rule id="r1"><inputEntry id="e1"><text>&lt; 60</text></inputEntry><inputEntry id="e2"><text>-</text></inputEntry><outputEntry id="e3"><text>false</text></outputEntry><annotationEntry><text>§ 1</text></annotationEntry></rule>
	<rule id="r2"><inputEntry id="e4"><text>&gt;= 60</text></inputEntry><inputEntry id="e5"><text>&lt;= %d</text></inputEntry><outputEntry id="e6"><text>true</text></outputEntry><annotationEntry><text>§ 2</text></annotationEntry></rule>
	<rule id="r3"><inputEntry id="e7"><text>&gt;= 60</text></inputEntry><inputEntry id="e8"><text>&gt; %d</text></inputEntry><outputEntry id="e9"><text>false</text></outputEntry><annotationEntry><text>§ 3</text></annotationEntry></rule>
	</decisionTable></decision></definitions>`, limit, limit, limit)
}

func day(t *testing.T, s string) feel.Date {
	t.Helper()
	d, ok := feel.ParseDate(s)
	if !ok && s != "" {
		t.Fatal(s)
	}
	return d
}

func edition(t *testing.T, version, from, to string, limit int, law bool) *decision.Edition {
	t.Helper()
	m, err := dmn.Parse(model(limit))
	if err != nil {
		t.Fatal(err)
	}
	e := &decision.Edition{
		Key: "t.allowance", Version: version, From: day(t, from), To: day(t, to), Law: law, Of: "t.person",
		Inputs: map[string]string{"age": "years"}, Roles: []string{"t.clerk"}, Models: []*dmn.Model{m},
	}
	e.Compile()
	if err := e.Definitions.Err(); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	s := decision.New(decision.Options{Clock: clock.NewFake(time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai))})
	if err := s.Use([]*decision.Edition{edition(t, "1", "", "", 500, false)}); err != nil {
		t.Fatal(err)
	}
	n := feel.NumberFromInt
	for name, c := range map[string]struct {
		in            feel.Map
		verdict       string
		value         feel.Value
		missing, rows string
	}{
		"granted":                     {feel.Map{"age": n(61), "income": n(400)}, decision.Yes, true, "[]", "[{granted 2 [§ 2]}]"},
		"refused":                     {feel.Map{"age": n(61), "income": n(501)}, decision.No, false, "[]", "[{granted 3 [§ 3]}]"},
		"too young, income no matter": {feel.Map{"age": n(30)}, decision.No, false, "[income]", "[{granted 1 [§ 1]}]"},
		"income is missing":           {feel.Map{"age": n(61)}, decision.Incomplete, nil, "[income]", "[]"},
		"nothing is known":            {feel.Map{}, decision.Incomplete, nil, "[age income]", "[]"},
	} {
		o, err := s.Evaluate("t.allowance", "granted", s.Today(), c.in)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprintf("%s %v %v %v", o.Verdict, o.Value, o.Missing, o.Rules), fmt.Sprintf("%s %v %s %s", c.verdict, c.value, c.missing, c.rows); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	for _, c := range [][2]string{{"t.none", "granted"}, {"t.allowance", "none"}} {
		if _, err := s.Evaluate(c[0], c[1], s.Today(), feel.Map{}); !fault.Is(err, fault.NotFound) {
			t.Errorf("%v: got %v", c, err)
		}
	}
}

// bench is a store over a database.
type bench struct {
	t     *testing.T
	db    *store.DB
	s     *decision.Store
	clock *clock.Fake
}

func (b *bench) deploy(editions ...*decision.Edition) {
	b.t.Helper()
	if err := b.s.Use(editions); err != nil {
		b.t.Fatal(err)
	}
	if err := b.db.Write(b.t.Context(), func(tx *store.Tx) error { return b.s.Deploy(b.t.Context(), tx, editions) }); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) decide(ref string, started time.Time, vars feel.Map) (o decision.Outcome, note string, err error) {
	b.t.Helper()
	r, err := decision.ParseRef(ref)
	if err != nil {
		b.t.Fatal(err)
	}
	err = b.db.Write(b.t.Context(), func(tx *store.Tx) error {
		var raw json.RawMessage
		o, raw, err = b.s.Decide(b.t.Context(), tx, decision.Ask{
			Ref: r, Subject: "t.person/1", Actor: "p1", Instance: "i", Node: "n", Started: started, Vars: vars,
			Personal: func(field string) bool { return field == "income" },
		})
		note = string(raw)
		return err
	})
	return o, note, err
}

func each(t *testing.T, fn func(b *bench)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		if err := store.Migrate(t.Context(), db, decision.Migrations(), "decision"); err != nil {
			t.Fatal(err)
		}
		c := clock.NewFake(time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai))
		fn(&bench{t, db, decision.New(decision.Options{Clock: c}), c})
	})
}

// TestBinding: a running process keeps the edition it began under, whatever the pack holds later.
func TestBinding(t *testing.T) {
	t.Parallel()
	each(t, func(b *bench) {
		t := b.t
		t.Helper()
		in := feel.Map{"years": feel.NumberFromInt(70), "income": feel.NumberFromInt(600)}
		b.deploy(edition(t, "2026", "2026-01-01", "", 500, true))
		began := b.clock.Now()
		want := func(ref string, started time.Time, verdict, version string) {
			t.Helper()
			o, _, err := b.decide(ref, started, in)
			if err != nil || o.Verdict != verdict || o.Edition.Version != version {
				t.Errorf("%s: got %s %+v %v, want %s by %s", ref, o.Verdict, o.Edition, err, verdict, version)
			}
		}
		want("t.allowance/granted", began, decision.No, "2026")
		b.clock.Advance(24 * time.Hour)
		b.deploy(edition(t, "2026", "2026-01-01", "2026-12-31", 700, true), edition(t, "2027", "2027-01-01", "", 900, true)) // corrected, and a new one
		fresh := decision.New(decision.Options{Clock: b.clock})                                                              // another node, or after a restart
		if err := fresh.Use([]*decision.Edition{edition(t, "2026", "2026-01-01", "", 700, true)}); err != nil {
			t.Fatal(err)
		}
		b.s = fresh
		want("t.allowance/granted", began, decision.No, "2026")
		want("t.allowance@start/granted", began, decision.No, "2026")
		want("t.allowance@latest/granted", began, decision.Yes, "2026")
		want("t.allowance@2027/granted", began, decision.Yes, "2027")
		want("t.allowance", b.clock.Now(), decision.Yes, "2026")
		want("t.allowance", time.Date(2026, 1, 5, 0, 0, 0, 0, clock.Shanghai), decision.No, "2026") // before anything was deployed: what came first
		b.deploy()
		want("t.allowance/granted", began, decision.No, "2026") // the pack has gone, the process has not
		for _, ref := range []string{"t.allowance@latest/granted", "t.allowance@1999/granted", "t.allowance@start/none", "t.other/granted"} {
			if _, _, err := b.decide(ref, began, in); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: got %v", ref, err)
			}
		}
	})
}

// TestDeployTwice: what has not changed is not written again.
func TestDeployTwice(t *testing.T) {
	t.Parallel()
	each(t, func(b *bench) {
		t := b.t
		t.Helper()
		for range 3 {
			b.deploy(edition(t, "2026", "2026-01-01", "", 500, true))
			b.clock.Advance(time.Hour)
		}
		b.deploy(edition(t, "2026", "2026-01-01", "", 600, true))
		got := ""
		err := b.db.Read(t.Context(), func(tx *store.Tx) error {
			var all, live, models int
			err := tx.QueryRow(t.Context(), `SELECT COUNT(*), SUM(CASE WHEN retired = 0 THEN 1 ELSE 0 END), (SELECT COUNT(*) FROM decision_model) FROM decision_edition`).Scan(&all, &live, &models)
			got = fmt.Sprint(all, live, models)
			return err
		})
		if err != nil || got != "2 1 2" {
			t.Errorf("got %s %v, want 2 editions, 1 in force, 2 models", got, err)
		}
	})
}

// TestLog: the log holds the values, the journal's note digests of the personal ones.
func TestLog(t *testing.T) {
	t.Parallel()
	each(t, func(b *bench) {
		t := b.t
		t.Helper()
		b.deploy(edition(t, "2026", "2026-01-01", "", 500, true))
		_, note, err := b.decide("t.allowance/granted", b.clock.Now(), feel.Map{"years": feel.NumberFromInt(70), "income": feel.NumberFromInt(432)})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(note, "432") || !strings.Contains(note, `"income":"sm3:`) || !strings.Contains(note, `"age":70`) ||
			!strings.Contains(note, "§ 2") || !strings.Contains(note, edition(t, "", "", "", 500, true).Models[0].SHA256) {
			t.Errorf("got %s", note)
		}
		if _, _, err := b.decide("t.allowance/granted", b.clock.Now(), feel.Map{"years": feel.NumberFromInt(70)}); err != nil {
			t.Fatal(err)
		}
		var list []decision.Entry
		if err := b.db.Read(t.Context(), func(tx *store.Tx) (err error) {
			list, err = b.s.Log(context.Background(), tx, "t.person/1")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if len(list) != 2 || list[0].Body.Verdict != decision.Yes || !list[0].Body.Personal || list[1].Body.Verdict != decision.Incomplete {
			t.Fatalf("got %+v", list)
		}
		if got := fmt.Sprint(list[0].Body.Inputs); got != "[{age years 70} {income income 432}]" {
			t.Errorf("got %s", got)
		}
		if got := fmt.Sprint(list[1].Body.Missing, list[1].Body.Output); got != "[income] <nil>" {
			t.Errorf("got %s", got)
		}
	})
}

func TestRef(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]decision.Ref{
		"a.b":            {Key: "a.b"},
		"a.b/c d":        {Key: "a.b", Decision: "c d"},
		"a.b@start/c":    {Key: "a.b", Binding: decision.Start, Decision: "c"},
		"a.b@2026-1/x/y": {Key: "a.b", Binding: "2026-1", Decision: "x/y"},
	} {
		if got, err := decision.ParseRef(text); got != want || err != nil {
			t.Errorf("%s: got %+v %v", text, got, err)
		}
	}
	for _, text := range []string{"", "/c", "@start/c", "a.b@/c"} {
		if _, err := decision.ParseRef(text); fault.CodeOf(err) != "decision.ref" {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	d := edition(t, "1", "", "", 500, false).Find("granted")
	got, err := decision.Read(d, map[string]any{"age": "61", "income": json.Number("1.50")})
	if err != nil || feel.Format(got["age"]) != "61" || feel.KindOf(got["age"]) != feel.KindNumber {
		t.Errorf("got %v %v", got, err)
	}
	if _, err := decision.Read(d, map[string]any{"ages": 1}); fault.CodeOf(err) != "decision.inputs" {
		t.Errorf("got %v", err)
	}
}
