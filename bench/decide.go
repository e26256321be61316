package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"chengshu/base/dmn"
	"chengshu/base/feel"
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

func measureTable(k int) *dmn.Definitions {
	var b strings.Builder
	b.WriteString(`<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="d" name="measure" namespace="urn:bench">`)
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
	m, err := dmn.Parse([]byte(b.String()))
	if err != nil {
		return nil
	}
	return dmn.Compile(decision.Scope(), m)
}

// decide measures fifty tables over 100,000 firms, which is what finding the firms that measures are for comes to. The peer
// is the same rules written in Go.
func (b *bench) decide(ctx context.Context) error {
	const count = 50
	tables := make([]*dmn.Decision, count)
	for k := range tables {
		defs := measureTable(k)
		if defs == nil || defs.Err() != nil {
			return fmt.Errorf("table %d: %v", k, defs)
		}
		tables[k] = defs.Decision("amount")
	}
	kinds := []string{"micro", "small", "medium", "large"}
	firms := make([]firm, b.pick(100_000, 2_000))
	for i := range firms {
		firms[i] = firm{kinds[i%4], int64(i * 7 % 1500), int64(i * 13 % 40_000), i%3 == 0}
	}
	begun, sum := cpu(), int64(0)
	for _, f := range firms {
		env := &feel.Env{Vars: feel.Map{"kind": f.kind, "staff": feel.NumberFromInt(f.staff), "turnover": feel.NumberFromInt(f.turnover), "high": f.high}}
		for _, d := range tables {
			if n, ok := d.Value(env).(feel.Number); ok {
				v, _ := n.Int64()
				sum += v
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
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
	return nil
}
