package dmn_test

import (
	"fmt"
	"strings"
	"testing"

	"chengshu/base/dmn"
)

// table writes a decision table of one column over n: lines "test => out", further lines "default x", "values x".
func table(attrs, lines string) string {
	var rules, extra strings.Builder
	esc := strings.NewReplacer("&", "&amp;", "<", "&lt;")
	for line := range strings.Lines(lines) {
		line = strings.TrimSpace(line)
		if v, ok := strings.CutPrefix(line, "values "); ok {
			extra.WriteString(`<outputValues><text>` + v + `</text></outputValues>`)
		} else if v, ok := strings.CutPrefix(line, "default "); ok {
			extra.WriteString(`<defaultOutputEntry><text>` + v + `</text></defaultOutputEntry>`)
		} else if test, out, ok := strings.Cut(line, " => "); ok {
			fmt.Fprintf(&rules, `<rule><inputEntry><text>%s</text></inputEntry><outputEntry><text>%s</text></outputEntry></rule>`,
				esc.Replace(test), esc.Replace(out))
		}
	}
	return fmt.Sprintf(`<decisionTable %s><input><inputExpression typeRef="number"><text>n</text></inputExpression></input><output>%s</output>%s</decisionTable>`,
		attrs, extra.String(), rules.String())
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	const overlapping = "values \"C\", \"B\", \"A\"\n< 10 => \"A\"\n< 5 => \"B\"\n< 3 => \"B\"\n= 1 => \"C\""
	for _, c := range []struct {
		name, attrs, lines, n, want string
		open                        bool
	}{
		{"unique", ``, overlapping, `7`, `"A"`, false},
		{"unique twice", `hitPolicy="UNIQUE"`, overlapping, `4`, `null`, false},
		{"unique none", ``, overlapping, `40`, `null`, false},
		{"unique unknown", ``, overlapping, `null`, `null`, true},
		{"unique text", ``, overlapping, `"x"`, `null`, false},
		{"any", `hitPolicy="ANY"`, "< 5 => 1\n< 3 => 1.0", `2`, `1`, false},
		{"any differs", `hitPolicy="ANY"`, overlapping, `2`, `null`, false},
		{"first", `hitPolicy="FIRST"`, overlapping, `1`, `"A"`, false},
		{"first unknown before", `hitPolicy="FIRST"`, "< 5 => 1\n- => 2", `null`, `2`, true},
		{"first unknown after", `hitPolicy="FIRST"`, "- => 2\n< 5 => 1", `null`, `2`, false},
		{"priority", `hitPolicy="PRIORITY"`, overlapping, `1`, `"C"`, false},
		{"priority lower", `hitPolicy="PRIORITY"`, overlapping, `4`, `"B"`, false},
		{"priority unlisted", `hitPolicy="PRIORITY"`, "values 2\n- => 1\n- => 2", `4`, `2`, false},
		{"rule order", `hitPolicy="RULE ORDER"`, overlapping, `1`, `["A", "B", "B", "C"]`, false},
		{"output order", `hitPolicy="OUTPUT ORDER"`, overlapping, `1`, `["C", "B", "B", "A"]`, false},
		{"collect", `hitPolicy="COLLECT"`, overlapping, `4`, `["A", "B"]`, false},
		{"collect none", `hitPolicy="COLLECT"`, overlapping, `40`, `[]`, false},
		{"sum", `hitPolicy="COLLECT" aggregation="SUM"`, "- => 1\n< 5 => 2", `3`, `3`, false},
		{"sum none", `hitPolicy="COLLECT" aggregation="SUM"`, "< 5 => 2", `7`, `null`, false},
		{"min", `hitPolicy="COLLECT" aggregation="MIN"`, "- => 1\n< 5 => 2", `3`, `1`, false},
		{"max", `hitPolicy="COLLECT" aggregation="MAX"`, "- => 1\n< 5 => 2", `3`, `2`, false},
		{"count", `hitPolicy="COLLECT" aggregation="COUNT"`, "- => 1\n< 5 => 1", `3`, `2`, false},
		{"count none", `hitPolicy="COLLECT" aggregation="COUNT"`, "< 5 => 1", `30`, `0`, false},
		{"sum of text", `hitPolicy="COLLECT" aggregation="SUM"`, "- => \"a\"\n< 5 => 2", `3`, `null`, false},
		{"default", ``, "default 9\n< 5 => 1", `30`, `9`, false},
		{"default unknown", ``, "default 9\n< 5 => 1", `null`, `9`, true},
		{"reads input", ``, "? * 2 > 10 => n + 1\nnot(> 5) => n - 1", `6`, `7`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := compile(t, `<inputData id="i_n" name="n"><variable name="n"/></inputData>`+decide("a", table(c.attrs, c.lines), "i_n"))
			res := d.Decision("a").Eval(inputs(t, "n", c.n))
			if got := text(res.Value); got != c.want {
				t.Errorf("got %s, want %s: %v", got, c.want, res.Diagnostics)
			}
			if c.name != "unique text" && res.Undetermined != c.open {
				t.Errorf("undetermined %v, want %v", res.Undetermined, c.open)
			}
		})
	}
}

func TestCompoundOutputs(t *testing.T) {
	t.Parallel()
	rows := `<rule><inputEntry><text>-</text></inputEntry><outputEntry><text>"low"</text></outputEntry><outputEntry><text>1</text></outputEntry></rule>
		<rule><inputEntry><text>> 5</text></inputEntry><outputEntry><text>"high"</text></outputEntry><outputEntry><text>2</text></outputEntry></rule>
		<rule><inputEntry><text>> 7</text></inputEntry><outputEntry><text>"high"</text></outputEntry><outputEntry><text>3</text></outputEntry></rule>`
	logic := func(attrs string) string {
		return `<decisionTable ` + attrs + `><input><inputExpression><text>n</text></inputExpression></input>
			<output name="level" typeRef="string"><outputValues><text>"high", "low"</text></outputValues></output>
			<output name="rank" typeRef="number"><outputValues><text>3, 2, 1</text></outputValues><defaultOutputEntry><text>0</text></defaultOutputEntry></output>` +
			rows + `</decisionTable>`
	}
	for _, c := range []struct{ attrs, n, want string }{
		{`hitPolicy="PRIORITY"`, `8`, `{level: "high", rank: 3}`},
		{`hitPolicy="PRIORITY"`, `6`, `{level: "high", rank: 2}`},
		{`hitPolicy="OUTPUT ORDER"`, `6`, `[{level: "high", rank: 2}, {level: "low", rank: 1}]`},
		{`hitPolicy="COLLECT"`, `6`, `[{level: "low", rank: 1}, {level: "high", rank: 2}]`},
		{`hitPolicy="COLLECT" aggregation="MAX"`, `8`, `{level: "low", rank: 3}`},
		{`hitPolicy="UNIQUE"`, `1`, `{level: "low", rank: 1}`},
	} {
		d := compile(t, input("n", "number")+decide("a", logic(c.attrs), "i_n"))
		if got := text(d.Decision("a").Value(inputs(t, "n", c.n))); got != c.want {
			t.Errorf("%s %s: got %s, want %s", c.attrs, c.n, got, c.want)
		}
	}
}

func TestAllowedInputs(t *testing.T) {
	t.Parallel()
	d := compile(t, input("g", "string")+decide("a", `<decisionTable><input><inputExpression><text>g</text></inputExpression>
		<inputValues><text>"a", "b"</text></inputValues></input><output/>
		<rule><inputEntry><text>-</text></inputEntry><outputEntry><text>1</text></outputEntry></rule></decisionTable>`, "i_g"))
	for in, want := range map[string]string{`"a"`: `1`, `"c"`: `null`, `null`: `1`} {
		if got := text(d.Decision("a").Value(inputs(t, "g", in))); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestAnalyse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, attrs, typ, lines, overlaps, gaps string }{
		{"complete", ``, "number", "< 5 => 1\n>= 5 => 2", ``, ``},
		{"overlap", ``, "number", "<= 5 => 1\n>= 5 => 2", `1+2 5`, ``},
		{"gap", ``, "number", "< 5 => 1\n> 5, 3 => 2", `1+2 3`, `5`},
		{"open gap", ``, "number", "[1..5] => 1\n(7..9) => 2", ``, `< 1, (5..7], >= 9`},
		{"default fills", ``, "number", "default 1\n< 5 => 1", ``, ``},
		{"any agrees", `hitPolicy="ANY"`, "number", "<= 5 => 1\n>= 5 => 1", ``, ``},
		{"any differs", `hitPolicy="ANY"`, "number", "<= 5 => 1\n>= 5 => 2", `1+2 5`, ``},
		{"first hides", `hitPolicy="FIRST"`, "number", "< 9 => 1\n< 5 => 2\n- => 3", `1+2 < 5 hidden`, ``},
		{"collect may", `hitPolicy="COLLECT"`, "number", "< 9 => 1\n- => 2", ``, ``},
		{"words", ``, "string", "\"a\", \"b\" => 1\n\"c\" => 2", ``, `not("a", "b", "c")`},
		{"words but", ``, "string", "not(\"a\") => 1", ``, `"a"`},
		{"boolean", ``, "boolean", "true => 1", ``, `false`},
		{"booleans", ``, "boolean", "true => 1\nfalse => 1", ``, ``},
		{"dates", ``, "date", "< date(\"2026-01-01\") => 1\n> @\"2026-01-01\" => 1", ``, `@"2026-01-01"`},
		{"opaque", ``, "number", "? > 5 => 1\n< 3 => 2", `1+2 -`, ``},
		{"enumeration", ``, "tGrade", "\"A\" => 1", ``, `"B"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tab := strings.Replace(table(c.attrs, c.lines), `typeRef="number"`, `typeRef="`+c.typ+`"`, 1)
			d := compile(t, `<itemDefinition name="tGrade"><typeRef>string</typeRef><allowedValues><text>"A", "B"</text></allowedValues></itemDefinition>`+
				input("n", c.typ)+decide("a", tab, "i_n"))
			reports := d.Analyse()
			if len(reports) != 1 || reports[0].Name != "a" {
				t.Fatalf("got %+v", reports)
			}
			if got := overlapText(reports[0]); got != c.overlaps {
				t.Errorf("overlaps %q, want %q", got, c.overlaps)
			}
			if got := gapText(reports[0]); got != c.gaps {
				t.Errorf("gaps %q, want %q", got, c.gaps)
			}
		})
	}
}

func overlapText(r dmn.Report) string {
	var out []string
	for _, o := range r.Overlaps {
		s := fmt.Sprintf("%d+%d %s", o.Rows[0], o.Rows[1], strings.Join(o.Region, " | "))
		if o.Hidden {
			s += " hidden"
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

func gapText(r dmn.Report) string {
	var out []string
	for _, g := range r.Gaps {
		out = append(out, strings.Join(g.Region, " | "))
	}
	return strings.Join(out, "; ")
}

func TestAnalyseColumns(t *testing.T) {
	t.Parallel()
	row := func(a, b string) string {
		return `<rule><inputEntry><text>` + a + `</text></inputEntry><inputEntry><text>` + b + `</text></inputEntry><outputEntry><text>1</text></outputEntry></rule>`
	}
	d := compile(t, input("a", "number")+input("b", "boolean")+decide("x", `<decisionTable>
		<input><inputExpression typeRef="number"><text>a</text></inputExpression></input>
		<input><inputExpression typeRef="boolean"><text>b</text></inputExpression></input><output/>`+
		row("[0..10]", "true")+row("[5..20]", "-")+`</decisionTable>`, "i_a", "i_b"))
	r := d.Analyse()[0]
	if got, want := overlapText(r), "1+2 [5..10] | true"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := gapText(r), "< 0, > 20 | -; [0..5) | false"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
