package main

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"

	"chengshu/base/dmn"
	"chengshu/base/feel"
	"chengshu/base/store"
	"chengshu/kernel/decision"
)

// firm is a made-up firm as a table of measures looks at it.
type firm struct {
	kind            string
	staff, turnover int64
	high            bool
}

// measureRules are the rules of the k-th table: kind, staff, turnover, high technology, and the amount; the same as byHand.
func measureRules(k int) [][]string {
	n := func(format string, v int) string { return fmt.Sprintf(format, v+k) }
	return [][]string{
		{`"micro"`, n("&lt; %d", 10), "-", "-", "1"},
		{`"small"`, n("&lt; %d", 100), n("&lt; %d", 2000), "-", "2"},
		{`"small"`, n("&lt; %d", 100), n("&gt;= %d", 2000), "-", "3"},
		{`"small"`, n("&gt;= %d", 100), "-", "true", "4"},
		{`"medium"`, "-", "-", "true", "5"},
		{`"medium"`, "-", n("&lt; %d", 20000), "false", "6"},
		{`"large"`, n("[300..%d]", 1000), "-", "-", "7"},
		{`"large"`, n("&gt; %d", 1000), "-", "-", "8"},
	}
}

// byHand is what a programmer would have written for the k-th table.
func byHand(k int64, f firm) int64 {
	switch f.kind {
	case "micro":
		if f.staff < 10+k {
			return 1
		}
	case "small":
		switch {
		case f.staff < 100+k && f.turnover < 2000+k:
			return 2
		case f.staff < 100+k:
			return 3
		case f.high:
			return 4
		}
	case "medium":
		switch {
		case f.high:
			return 5
		case f.turnover < 20000+k:
			return 6
		}
	case "large":
		switch {
		case f.staff > 1000+k:
			return 8
		case f.staff >= 300:
			return 7
		}
	}
	return 0
}

func measureModel(k int) (*dmn.Model, error) {
	var b strings.Builder
	b.WriteString(`<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="d" name="measure" namespace="urn:bench` + strconv.Itoa(k) + `">`)
	inputs := [][2]string{{"kind", "string"}, {"staff", "number"}, {"turnover", "number"}, {"high", "boolean"}}
	for _, in := range inputs {
		fmt.Fprintf(&b, `<inputData id="i_%s" name="%s"><variable name="%s" typeRef="%s"/></inputData>`, in[0], in[0], in[0], in[1])
	}
	b.WriteString(`<decision id="g" name="amount"><variable name="amount" typeRef="number"/>`)
	for _, in := range inputs {
		fmt.Fprintf(&b, `<informationRequirement id="q_%s"><requiredInput href="#i_%s"/></informationRequirement>`, in[0], in[0])
	}
	b.WriteString(`<decisionTable id="t" hitPolicy="UNIQUE">`)
	for _, in := range inputs {
		fmt.Fprintf(&b, `<input id="c_%s"><inputExpression id="x_%s"><text>%s</text></inputExpression></input>`, in[0], in[0], in[0])
	}
	b.WriteString(`<output id="o"><defaultOutputEntry id="n"><text>0</text></defaultOutputEntry></output>`)
	for r, cells := range measureRules(k) {
		fmt.Fprintf(&b, `<rule id="r%d">`, r)
		for c, cell := range cells[:len(inputs)] {
			fmt.Fprintf(&b, `<inputEntry id="e%d_%d"><text>%s</text></inputEntry>`, r, c, cell)
		}
		fmt.Fprintf(&b, `<outputEntry id="o%d"><text>%s</text></outputEntry></rule>`, r, cells[len(inputs)])
	}
	b.WriteString(`</decisionTable></decision></definitions>`)
	return dmn.Parse([]byte(b.String()))
}

// measures are fifty tables as a pack brings them, compiled.
func measures() ([]*decision.Edition, error) {
	editions := make([]*decision.Edition, 50)
	for k := range editions {
		m, err := measureModel(k)
		if err != nil {
			return nil, err
		}
		e := &decision.Edition{Key: fmt.Sprintf("bench.measure%d", k), Version: "1", Models: []*dmn.Model{m}}
		e.Compile()
		if err := e.Definitions.Err(); err != nil {
			return nil, err
		}
		editions[k] = e
	}
	return editions, nil
}

// vars gives the facts as the tables read them.
func (f firm) vars() feel.Map {
	return feel.Map{"kind": f.kind, "staff": feel.NumberFromInt(f.staff), "turnover": feel.NumberFromInt(f.turnover), "high": f.high}
}

// total sums up what the tables give to firms.
func total(ctx context.Context, tables []*dmn.Decision, firms []firm) (int64, error) {
	sum := int64(0)
	for _, f := range firms {
		env := &feel.Env{Vars: f.vars()}
		for _, d := range tables {
			if n, ok := d.Value(env).(feel.Number); ok {
				v, _ := n.Int64()
				sum += v
			}
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
	}
	return sum, nil
}

// decide measures fifty tables over 100,000 firms, which is what finding the firms that measures are for comes to. The peer
// is the same rules written in Go.
func (b *bench) decide(ctx context.Context) error {
	editions, err := measures()
	if err != nil {
		return err
	}
	count := len(editions)
	tables := make([]*dmn.Decision, count)
	for k, e := range editions {
		tables[k] = e.Find("amount")
	}
	kinds := []string{"micro", "small", "medium", "large"}
	firms := make([]firm, b.pick(100_000, 2_000))
	for i := range firms {
		firms[i] = firm{kinds[i%4], int64(i * 7 % 1500), int64(i * 13 % 40_000), i%3 == 0}
	}
	begun := cpu()
	sum, err := total(ctx, tables, firms)
	if err != nil {
		return err
	}
	product := cpu() - begun
	begun, want := cpu(), int64(0)
	for range 10 { // so that the clock's tick does not count
		want = 0
		for _, f := range firms {
			for k := range int64(count) {
				want += byHand(k, f)
			}
		}
	}
	peer := (cpu() - begun) / 10
	if sum != want {
		return fmt.Errorf("the tables give %d, the switch %d", sum, want)
	}
	evaluations := time.Duration(len(firms) * count)
	b.rep.add(row{
		bench: "decide", what: fmt.Sprintf("%d firms x %d tables", len(firms), count), product: (product / evaluations).String(),
		peer: fmt.Sprintf("%.1fns", float64(peer)/float64(evaluations)), ratio: float64(product) / float64(max(peer, 1)),
		note: fmt.Sprintf("processor time a table of 8 rules and 4 inputs, without explanation; %.1f s in all; the peer is a switch in Go", product.Seconds()),
	})
	if err := b.decideAll(ctx, tables, firms, want); err != nil {
		return err
	}
	return b.decideOne(ctx, editions, firms[:b.pick(200, 10)])
}

// decideAll measures how long it takes where every processor has its share of the firms.
func (b *bench) decideAll(ctx context.Context, tables []*dmn.Decision, firms []firm, want int64) error {
	shares := runtime.GOMAXPROCS(0)
	sums := make([]int64, shares)
	t, err := b.timed(shares, func(n int) (err error) {
		sums[n], err = total(ctx, tables, firms[n*len(firms)/shares:(n+1)*len(firms)/shares])
		return err
	})
	if err != nil {
		return err
	}
	sum := int64(0)
	for _, s := range sums {
		sum += s
	}
	if sum != want {
		return fmt.Errorf("%d shares give %d, the switch %d", shares, sum, want)
	}
	b.rep.add(row{
		bench: "decide", what: fmt.Sprintf("the same on %d processors", shares), product: t.wall.Round(time.Millisecond).String(),
		note: fmt.Sprintf("until all are decided, %.1f s of processor", t.cpu.Seconds()),
	})
	return nil
}

// decideOne measures one firm as the product decides about it: with the explanation, and with the log that can be shown and
// decided again, all tables in one transaction.
func (b *bench) decideOne(ctx context.Context, editions []*decision.Edition, firms []firm) error {
	w, err := b.newWorld(ctx, "decide", "")
	if err != nil {
		return err
	}
	defer w.Close()
	if err := w.Decision.Use(editions); err != nil {
		return err
	}
	if err := w.DB.Write(ctx, func(tx *store.Tx) error { return w.Decision.Deploy(ctx, tx, editions) }); err != nil {
		return err
	}
	day := w.Decision.Today()
	explained, err := b.timed(1, func(int) error {
		for _, f := range firms {
			for _, e := range editions {
				if _, err := w.Decision.Evaluate(e.Key, "amount", day, f.vars()); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	logged, err := b.timed(1, func(int) error {
		for i, f := range firms {
			if err := w.DB.Write(ctx, func(tx *store.Tx) error { return w.decide(ctx, tx, editions, i, f) }); err != nil {
				return err
			}
		}
		return nil
	})
	explained.steps, logged.steps = len(firms), len(firms)
	if err != nil {
		return err
	}
	b.rep.add(row{
		bench: "decide", what: fmt.Sprintf("one firm x %d tables, explained and logged", len(editions)), product: logged.each().Round(time.Microsecond).String(),
		note: fmt.Sprintf("SQLite, one durable transaction; %d µs of processor, of them %d µs to decide and explain", micros(logged), micros(explained)),
	})
	return nil
}

// decide has all tables decide about the n-th firm, in the log of its record.
func (w *world) decide(ctx context.Context, tx *store.Tx, editions []*decision.Edition, n int, f firm) error {
	for _, e := range editions {
		if _, _, err := w.Decision.Decide(ctx, tx, decision.Ask{
			Ref: decision.Ref{Key: e.Key, Decision: "amount"}, Subject: fmt.Sprintf("bench.firm/%d", n), Actor: "bench", Instance: "x", Node: "x",
			Started: w.fake.Now(), Data: f.vars(), Personal: func(string) bool { return false },
		}); err != nil {
			return err
		}
	}
	return nil
}
