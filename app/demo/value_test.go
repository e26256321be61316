package demo

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"chengshu/base/fault"
	"chengshu/base/feel"
)

func asFault(err error, to **fault.Error) bool { return errors.As(err, to) }

// TestValue draws each form of a value often and compares how often what came with its weight.
func TestValue(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, yaml string
		want       map[string]float64 // value as printed → share
	}{
		{"feel", `it.a + 1`, map[string]float64{"3": 1}},
		{"text in feel", `'"x"'`, map[string]float64{"x": 1}},
		{"list", `[a, b, "{it.a}{n}"]`, map[string]float64{"a": 1. / 3, "b": 1. / 3, "27": 1. / 3}},
		{"weights", `{a: 3, "b {it.a}": 1}`, map[string]float64{"a": 0.75, "b 2": 0.25}},
		{"nothing and truth", `{null: 1, true: 1}`, map[string]float64{"<nil>": 0.5, "true": 0.5}},
		{"chance", `chance(0.2)`, map[string]float64{"true": 0.2, "false": 0.8}},
		{"pick", `pick([1, 2])`, map[string]float64{"1": 0.5, "2": 0.5}},
		{"pick from nothing", `pick([])`, map[string]float64{"<nil>": 1}},
		{"random", `random(4, 5)`, map[string]float64{"4": 0.5, "5": 0.5}},
		{"code by column", `'code("mini.kind", {parent: "A"})'`, map[string]float64{"A1": 0.5, "A2": 0.5}},
		{"code by beginning", `'code("mini.kind", {code: "P*", weight: 4})'`, map[string]float64{"P0102": 1}},
		{"code of nothing", `'code("mini.kind", {parent: "Z"})'`, map[string]float64{"<nil>": 1}},
		{"find", `'find("thing", {k: 2}).v'`, map[string]float64{"two": 1}},
		{"find nothing", `'find("thing", {k: 9})'`, map[string]float64{"<nil>": 1}},
		{"sample", `'sample("thing").k'`, map[string]float64{"1": 0.5, "2": 0.5}},
	}
	for _, x := range tests {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			b := miniWith(t, "{}")
			w := newLexicon(b.Set, 1, nil)
			w.add("thing", row("k", 1, "v", "one"))
			w.add("thing", row("k", 2, "v", "two"))
			p := &planner{bundle: b, words: w, plan: &plan{}, file: "x.yaml"}
			var n yaml.Node
			if err := yaml.Unmarshal([]byte(x.yaml), &n); err != nil {
				t.Fatal(err)
			}
			v := p.value(n.Content[0])
			if err := p.problems.Fault(); err != nil {
				t.Fatal(err)
			}
			const times = 4000
			got := map[string]float64{}
			for range times {
				env := &feel.Env{Vars: feel.Map{"it": row("a", 2), "n": feel.NumberFromInt(7), "record": nil, "twin": nil, "user": nil}}
				got[fmt.Sprint(v.draw(w.rand, env))] += 1. / times
			}
			for k, share := range got {
				if d := share - x.want[k]; d > 0.04 || d < -0.04 {
					t.Errorf("%q came in %.2f of all, want %.2f", k, share, x.want[k])
				}
			}
			for k := range x.want {
				if got[k] == 0 {
					t.Errorf("%q never came", k)
				}
			}
		})
	}
}

func TestNeeds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		yaml string
		want bool
	}{
		{"record.number", true},
		{"it.number", false},
		{`["{record.number}"]`, true},
		{`[record]`, false},
		{`{"a {it.x}": 1}`, false},
		{"'if record = null then 1 else 2'", true},
	}
	b := miniWith(t, "{}")
	for _, x := range tests {
		p := &planner{bundle: b, words: newLexicon(b.Set, 1, nil), plan: &plan{}}
		var n yaml.Node
		if err := yaml.Unmarshal([]byte(x.yaml), &n); err != nil {
			t.Fatal(err)
		}
		if got := p.value(n.Content[0]).needs("record"); got != x.want {
			t.Errorf("%s: got %v", x.yaml, got)
		}
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	it := row("name", "N", "town", "03", "n", 5)
	tests := []struct{ pattern, want string }{
		{"{name}/{town}", "N/03"}, {"a{n}-{nn}-{nnn}-{nnnn}", "a7-07-007-0007"}, {"{other}", "{other}"}, {"plain", "plain"},
	}
	for _, x := range tests {
		if got := fill(x.pattern, it, 7); got != x.want {
			t.Errorf("%s: got %s, want %s", x.pattern, got, x.want)
		}
	}
	if !unfilled("a{b") || unfilled("ab") {
		t.Error("unfilled braces are not seen")
	}
}

func TestPassword(t *testing.T) {
	t.Parallel()
	a := password(1, "Clerk01")
	if a != password(1, "clerk01") || a == password(2, "clerk01") || a == password(1, "clerk02") || len(a) != 10 || strings.ToLower(a) != a {
		t.Errorf("got %q", a)
	}
}

func TestShare(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		have, want []int
		most       int
	}{
		{"within", []int{100, 200}, []int{100, 200}, 300},
		{"halved", []int{400, 200}, []int{200, 100}, 300},
		{"a few stay a few", []int{4000, 12, 3}, []int{298, 10, 3}, 300},
		{"none", nil, nil, 300},
		{"nothing asked for", []int{0, 600}, []int{0, 300}, 300},
	}
	for _, x := range tests {
		var list []*int
		for i := range x.have {
			list = append(list, &x.have[i])
		}
		share(list, x.most)
		if !slices.Equal(x.have, x.want) {
			t.Errorf("%s: got %v, want %v", x.name, x.have, x.want)
		}
	}
}
